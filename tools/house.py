"""How this checkout is built: files a folder, lengths, parameters, docstrings, circles of imports ...

`house.py` prints a table, `--against REVISION` puts another state beside it, `--worst 20` names more places a row,
`--json FILE` leaves all figures and places, `--check` exits 1 where a hard limit is broken.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from measures.measure import Measure, Rule
from measures.overview import measure
from measures.source import SourceError, of_folder, of_revision

RULES = {  # the most that is allowed; hard ones fail --check
    "folder_files": Rule(12, hard=True),  # but the folders of measures.files.ALL_THE_SAME_KIND; __init__ not counted
    "package_file_lines": Rule(300, hard=True),
    "test_file_lines": Rule(300, hard=False),
    "function_lines": Rule(40, hard=True),
    "test_function_lines": Rule(40, hard=False),
    "process_algorithm_lines": Rule(25, hard=False),
    "parameters": Rule(6, hard=False),
    "types_of_a_name": Rule(3, hard=False),
    "dataclass_fields": Rule(12, hard=True),
    "circles": Rule(0, hard=True),
    "type_circles": Rule(0, hard=True),
}
ROOT = Path(__file__).resolve().parents[1]


def broken(measures: Sequence[Measure]) -> list[Measure]:
    """The rows that break a hard limit."""
    return [each for each in measures if each.rule and RULES[each.rule].hard and each.value]


# --- what is printed -------------------------------------------------------------------------------------------------


def table(now: Sequence[Measure], before: Sequence[Measure], heads: tuple[str, str]) -> Iterator[str]:
    """One line a measure: title, before (where there is one), now, and a mark where a limit is broken."""
    width = max(len(each.title) for each in now) + 2
    columns = [max(10, len(head) + 2) for head in heads if head]
    yield " " * width + "".join(f"{head:>{column}}" for head, column in zip(filter(None, heads), columns, strict=True))
    earlier = {each.key: each for each in before}
    for each in now:
        figures = [earlier[each.key], each] if before else [each]
        cells = "".join(f"{figure(one):>{column}}" for one, column in zip(figures, columns, strict=True))
        yield f"{each.title:<{width}}{cells}{mark(each)}"


def figure(each: Measure) -> str:
    return "-" if each.value is None else f"{each.value:g}{' ' + each.unit if each.unit else ''}"


def mark(each: Measure) -> str:
    if not each.rule or not each.value:
        return ""
    return "  !! hard limit" if RULES[each.rule].hard else "  !"


def places(measures: Sequence[Measure], most: int) -> Iterator[str]:
    """The worst of each measure."""
    for each in (each for each in measures if each.items and most):
        yield f"\n{each.title.strip()}:"
        yield from (f"  {item}" for item in each.items[:most])
        if len(each.items) > most:
            yield f"  ... and {len(each.items) - most} more"


def as_json(states: dict[str, Sequence[Measure]]) -> str:
    return json.dumps({name: {m.key: asdict(m) for m in found} for name, found in states.items()}, indent=1) + "\n"


# --- the program -----------------------------------------------------------------------------------------------------


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout (default: this one)")
    parser.add_argument("--against", metavar="REVISION", help="a commit, branch or tag to compare with")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write figures and places there")
    parser.add_argument("--worst", type=int, default=5, metavar="N", help="places named a row (default 5)")
    parser.add_argument("--check", action="store_true", help="exit 1 where a hard limit is broken")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    asked = arguments(given)
    try:
        now = measure(of_folder(asked.root), RULES)
        before = measure(of_revision(asked.root, asked.against), RULES) if asked.against else []
    except SourceError as error:
        print(error, file=sys.stderr)
        return 2
    heads = (asked.against or "", "now")
    print("\n".join([*table(now, before, heads), *places(now, asked.worst)]))
    if asked.json:
        asked.json.write_text(as_json({asked.against: before, "now": now} if before else {"now": now}), "utf-8")
    return told_broken(now) if asked.check else 0


def told_broken(now: Sequence[Measure]) -> int:
    for each in broken(now):
        print(f"Over the limit: {each.value:g} {each.title.strip()}", file=sys.stderr)
    return 1 if broken(now) else 0


if __name__ == "__main__":
    sys.exit(main())
