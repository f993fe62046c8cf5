"""The lists of what the engine needs, and whether versions lie within their ranges.

As far as these lists go: names, and versions with ==, ===, >=, >, <=, < and !=, parted by commas.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

_LINE = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^]]*\])?\s*([^;#]*)")
_CLAUSE = re.compile(r"(===|==|>=|<=|!=|>|<)\s*([0-9][^\s,]*)")
_OPERATORS = {
    "==": operator.eq,
    "===": operator.eq,
    ">=": operator.ge,
    "<=": operator.le,
    "!=": operator.ne,
    ">": operator.gt,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Requirement:
    """A distribution and the range of its versions, as `>=1.26,<3`."""

    name: str
    versions: str

    def holds(self, version: str) -> bool:
        """Whether a version lies within the range. Local parts (+cpu) and pre-releases' letters do not count."""
        return bool(version) and all(
            _OPERATORS[sign](_order(version, bound), 0) for sign, bound in _CLAUSE.findall(self.versions)
        )


def read(files: Iterable[Path]) -> list[Requirement]:
    """The requirements in these files."""
    lines = (line.strip() for file in files for line in file.read_text(encoding="utf-8").splitlines())
    found = (_LINE.match(line) for line in lines if line and not line.startswith(("#", "-")))
    return [Requirement(each.group(1), each.group(2).replace(" ", "")) for each in found if each]


def unmet(requirements: Iterable[Requirement], versions: Mapping[str, str]) -> list[str]:
    """'numpy >=1.26,<3 (has 1.24)' of each that these versions do not meet."""
    return [
        f"{each.name} {each.versions}{f' (has {has})' if has else ''}".replace("  ", " ")
        for each in requirements
        for has in [versions.get(each.name, "")]
        if not each.holds(has)
    ]


def _order(version: str, bound: str) -> int:
    """-1, 0 or 1: before the bound, the same, after it."""
    for ours, theirs in zip_longest(_numbers(version), _numbers(bound), fillvalue=0):
        if ours != theirs:
            return -1 if ours < theirs else 1
    return 0


def _numbers(version: str) -> list[int]:
    start = re.match(r"\d+(\.\d+)*", version.partition("+")[0])
    return [int(part) for part in start.group().split(".")] if start else []
