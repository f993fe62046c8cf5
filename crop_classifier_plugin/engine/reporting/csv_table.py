"""The one door by which tables are written as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence

from ...shared.texts.cells import safe_cell


class CsvTable:
    """Rows under one another, as text. No spreadsheet takes a cell for a formula."""

    def __init__(self) -> None:
        self._text = io.StringIO()
        self._rows = csv.writer(self._text, lineterminator="\n")

    def writerow(self, cells: Iterable[object]) -> None:
        self._rows.writerow([safe_cell(_lines(cell)) for cell in cells])

    def writerows(self, rows: Iterable[Iterable[object]]) -> None:
        for row in rows:
            self.writerow(row)

    @property
    def text(self) -> str:
        """All that was written."""
        return self._text.getvalue()


def _lines(cell: object) -> object:
    """A text with line breaks that csv puts in quotes, whichever they were."""
    return cell.replace("\r\n", "\n").replace("\r", "\n") if isinstance(cell, str) else cell


def csv_text(columns: Sequence[str], rows: Iterable[Mapping[str, object]], empty: str = "") -> str:
    """A table with a head; `empty`: what stands where a row has no such entry."""
    table = CsvTable()
    table.writerow(columns)
    table.writerows([row.get(name, empty) for name in columns] for row in rows)
    return table.text
