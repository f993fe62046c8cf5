"""What is measured: a number with its title, the limit that it counts offenders of, and the worst of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Rule:
    """The most that is allowed; `hard`: `--check` fails where it is broken."""

    most: int
    hard: bool


Rules = Mapping[str, Rule]


@dataclass(frozen=True)
class Measure:
    """One row of the table. Where `rule` is named, `value` counts what breaks it. `items`: the worst first."""

    key: str
    title: str
    value: float | None  # None: there is nothing to measure
    items: tuple[str, ...] = ()
    rule: str = ""
    unit: str = ""


def over(key: str, title: str, rules: Rules, sizes: Iterable[tuple[int, str]]) -> Measure:
    """How many (size, place) are larger than the rule of this key allows; `title` has a `{}` for the limit."""
    most = rules[key].most
    worst = sorted((pair for pair in sizes if pair[0] > most), key=lambda pair: (-pair[0], pair[1]))
    return Measure(key, title.format(most), len(worst), tuple(f"{size} {place}" for size, place in worst), key)
