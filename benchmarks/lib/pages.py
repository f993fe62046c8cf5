"""The maker of pages: results as JSON -> Markdown. `python -m benchmarks.lib.pages` makes every page again."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.lib.places import RESULTS

WIDTH = 120


def page(results: Mapping[str, Any]) -> str:
    """The page of results as `Results.data` gives them, with the machine and the day where these are known."""
    blocks = [f"# {results['title']}", *wrapped(_origin(results))]
    blocks += [block for part in results["parts"] for block in _part(part, results["facts"])]
    return "\n\n".join(blocks) + "\n"


def _origin(results: Mapping[str, Any]) -> str:
    told = [f"By `{results['by']}`"]
    if results.get("day"):
        told.append(f" on {results['day']}")
    if results.get("machine"):
        told.append(f", on {results['machine']}")
    return "".join(told) + "."


def _part(part: Mapping[str, Any], facts: Mapping[str, Any]) -> Iterator[str]:
    if "heading" in part:
        yield f"{'#' * part['level']} {part['heading']}"
    elif "text" in part:
        yield from wrapped(part["text"].format(**facts))
    else:
        yield table(part)


def wrapped(text: str) -> Iterator[str]:
    """A paragraph, or the points of a list, in lines of at most WIDTH characters where words allow it."""
    indent = "  " if text.startswith("* ") else ""
    yield textwrap.fill(text, WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)


def table(part: Mapping[str, Any]) -> str:
    columns = part["columns"]
    lines = [_line([column["title"] for column in columns]), f"|{'---|' * len(columns)}"]
    for row in part["rows"]:
        cells = [cell(value, column) for value, column in zip(row, columns, strict=True)]
        bold = row[0] in part.get("bold", ())
        lines.append(_line([f"**{told}**" if bold and told else told for told in cells]))
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def cell(value: Any, column: Mapping[str, str]) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    if isinstance(value, dict):
        form = column["best"] if value.get("best") else column["form"]
        return form.format(**value)
    return column["form"].format(value)


# --- JSON ------------------------------------------------------------------------------------------------------------


def as_json(value: Any, indent: str = "", used: int = 0) -> str:
    """JSON in which whatever fits into a line stands in one: a row of a table, most of all."""
    told = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, dict | list) or len(indent) + used + len(told) < WIDTH or not value:
        return told
    deeper = indent + " "
    if isinstance(value, dict):
        named = [(json.dumps(key, ensure_ascii=False) + ": ", item) for key, item in value.items()]
    else:
        named = [("", item) for item in value]
    lines = [deeper + name + as_json(item, deeper, len(name)) for name, item in named]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([first, ",\n".join(lines), indent + last])


def make(file: Path) -> str:
    """Writes the page of a JSON file beside it."""
    told = page(json.loads(file.read_text(encoding="utf-8")))
    file.with_suffix(".md").write_text(told, encoding="utf-8")
    return told


def main() -> None:
    for file in sorted(RESULTS.glob("*.json")):
        make(file)


if __name__ == "__main__":
    main()
