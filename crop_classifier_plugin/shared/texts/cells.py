"""Cells of CSV tables: written so that no spreadsheet takes a text for a formula, and read back as they were. Standard
library only: QGIS and the engine both import this."""

from __future__ import annotations

import re

# What spreadsheets compute or hand to other programs: OWASP, "CSV Injection"; the wide forms count in East Asian ones.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", re.ASCII)


def safe_cell(value: object) -> object:
    """The value; a text that a spreadsheet would run gets an apostrophe before it. Numbers stay numbers."""
    return f"'{value}" if isinstance(value, str) and _runs(value) else value


def plain_cell(text: str) -> str:
    """What `safe_cell` was given, of text that was read."""
    return text[1:] if text[:1] == "'" and _runs(text[1:]) else text


def _runs(text: str) -> bool:
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)
