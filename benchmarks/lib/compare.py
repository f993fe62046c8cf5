"""What changed between two results: `python -m benchmarks.lib.compare OLD.json NEW.json [--from 0.05]`.

Prints the cells that both have and that differ by more than a share of the older value.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Key = tuple[str, ...]  # table, row, column and name within the cell; a column's number where its title is not alone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--from", dest="least", type=float, default=0.05, help="share of the older value")
    given = parser.parse_args()
    old, new = (dict(figures(json.loads(file.read_text(encoding="utf-8")))) for file in (given.old, given.new))
    for key, before, after in changed(old, new, given.least):
        ratio = f", {after / before:.2f} times" if before else ""
        print(f"{', '.join(filter(None, key))}: {before:g} -> {after:g}{ratio}")


def changed(old: Mapping[Key, float], new: Mapping[Key, float], least: float) -> Iterator[tuple[Key, float, float]]:
    for key, before in old.items():
        if key in new and abs(new[key] - before) > least * abs(before):
            yield key, before, new[key]


def figures(results: Mapping[str, Any]) -> Iterator[tuple[Key, float]]:
    """Every number of the tables."""
    for part in results["parts"]:
        titles = [column["title"] for column in part.get("columns", ())]
        heads = [f"{title} {i}" if titles.count(title) > 1 else title for i, title in enumerate(titles)]
        for row in part.get("rows", ()):
            who = " ".join(cell for cell in row if isinstance(cell, str))
            for head, value in zip(heads, row, strict=True):
                for name, figure in (value if isinstance(value, dict) else {"": value}).items():
                    if isinstance(figure, int | float) and not isinstance(figure, bool):
                        yield (part["table"], who, head, name), float(figure)


if __name__ == "__main__":
    main()
