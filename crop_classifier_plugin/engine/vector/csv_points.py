"""Points in a table: a CSV file with columns of longitude and latitude, or of x and y in a CRS that the user gives."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import geopandas
import numpy as np
import shapely

from ...shared.errors import LabelsUnusable
from ...shared.texts.bounded import open_file, open_text
from ...shared.texts.cells import plain_cell
from ..raster.band_ref import Bounds
from ..reporting.sentences import listed

_SUFFIXES = (".csv", ".tsv", ".txt")
_DEGREES = "EPSG:4326"  # of columns that are called longitude and latitude
_LONGITUDE, _LATITUDE = ("lon", "longitude", "long", "lng"), ("lat", "latitude")
_PAIRS = (  # names of the columns, in any case, and their CRS; "" = the user says it
    (_LONGITUDE, _LATITUDE, _DEGREES),
    (("x", "easting", "xcoord", "x_coord", "point_x"), ("y", "northing", "ycoord", "y_coord", "point_y"), ""),
)
_MOST = 1 << 30  # bytes of a table (choice: ten million points)
_LONGEST = 100_000  # letters of a first line (choice)
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")


@dataclass(frozen=True)
class _Axes:
    """The columns of the coordinates."""

    x: int
    y: int
    crs: str


def is_table(path: str) -> bool:
    return Path(path).suffix.lower() in _SUFFIXES


def holds_points(path: str) -> bool:
    """Whether it is a table with columns of coordinates."""
    if not (is_table(path) and Path(path).is_file()):
        return False
    with _opened(path) as file:
        return _axes(_cells(_line(file))) is not None


@contextmanager
def _opened(path: str) -> Iterator[IO[str]]:
    """Raises LabelsUnusable, also for what turns out to be no text or no table while it is read."""
    try:
        with open_text(path, _encoding(path), _MOST) as file:
            yield file
    except (OSError, UnicodeError, csv.Error) as error:
        raise LabelsUnusable(f"The table {path} cannot be read ({error}): save it as a CSV file.") from None


def _line(file: IO[str]) -> str:
    """The head of the table. Raises csv.Error for one without an end."""
    line = file.readline(_LONGEST)
    if len(line) == _LONGEST:
        raise csv.Error(f"its first line has more than {_LONGEST:,} letters")
    return line


@dataclass(frozen=True, eq=False)
class CsvPoints:
    """The whole table; rows without coordinates are empty points."""

    path: str
    fields: tuple[str, ...]
    crs: str
    encoding: str
    rows: Sequence[Sequence[str]] = field(repr=False)
    points: np.ndarray = field(repr=False)  # (N,) shapely points
    name: str = "table"
    kind: str = "Point"
    simulated: bool = False

    @property
    def count(self) -> int:
        return len(self.rows)

    @classmethod
    def open(cls, path: str) -> CsvPoints:
        """Raises LabelsUnusable."""
        encoding = _encoding(path)
        with _opened(path) as file:
            header = _line(file)
            names, axes = _cells(header), _axes(_cells(header))
            if axes is None:
                raise LabelsUnusable(f"The table {path} has no columns lon and lat, or x and y: name them so.")
            rows = list(_rows(path, names, csv.reader(file, delimiter=_delimiter(header))))
        points = np.empty(len(rows), object)
        points[:] = [_point(path, number, row, names, axes) for number, row in rows]
        return cls(path, tuple(names), axes.crs, encoding, [row for _, row in rows], points)

    def read(self, name: str, box: Bounds | None) -> geopandas.GeoDataFrame:
        """The points in the box."""
        column = self.fields.index(name)
        texts = [plain_cell(row[column]) or None for row in self.rows]
        frame = geopandas.GeoDataFrame({name: texts}, geometry=self.points, crs=self.crs or None)
        return frame if box is None else frame[shapely.intersects(self.points, shapely.box(*box))]


def _encoding(path: str) -> str:
    """UTF-8 with or without a byte order mark, else what older spreadsheets write."""
    with open_file(path) as file:
        start = file.read(2)
    if start in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    try:
        with open_text(path, "utf-8-sig", _MOST) as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _delimiter(header: str) -> str:
    return max(",;\t|", key=header.count)


def _cells(header: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([header.strip("\r\n")], delimiter=_delimiter(header)), [])]


def _axes(names: Sequence[str]) -> _Axes | None:
    plain = [name.lower() for name in names]
    for xs, ys, crs in _PAIRS:
        x, y = (next((plain.index(name) for name in some if name in plain), None) for some in (xs, ys))
        if x is not None and y is not None:
            return _Axes(x, y, crs)
    return None


def _rows(path: str, names: Sequence[str], read: Iterable[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Each row that holds something, with its line; empty cells beyond the columns are what a spreadsheet leaves."""
    for number, found in enumerate(read, start=2):
        row = [cell.strip() for cell in found]
        more = [cell for cell in row[len(names) :] if cell]
        if more:
            raise LabelsUnusable(
                f"Line {number} of {path} has more values than the table has columns ({listed(names)}): write numbers "
                "with a decimal point, and texts with commas in quotes."
            )
        if any(row):
            yield number, (row + [""] * len(names))[: len(names)]


def _point(path: str, number: int, row: Sequence[str], names: Sequence[str], axes: _Axes) -> shapely.Point:
    if not (row[axes.x] and row[axes.y]):
        return shapely.Point()
    x, y = (_number(path, number, names[column], row[column]) for column in (axes.x, axes.y))
    if axes.crs == _DEGREES and not (abs(x) <= 180 and abs(y) <= 90):
        raise LabelsUnusable(
            f"Line {number} of {path} has {names[axes.x]} {x:g} and {names[axes.y]} {y:g}, which are no degrees: call "
            "the columns x and y and give the CRS, or correct them."
        )
    return shapely.Point(x, y)


def _number(path: str, number: int, name: str, text: str) -> float:
    if _DECIMAL_COMMA.fullmatch(text):
        raise LabelsUnusable(
            f"Line {number} of {path} has the {name} {text!r} with a decimal comma: write it as "
            f"{text.replace(',', '.')}."
        )
    try:
        return float(text)
    except ValueError:
        raise LabelsUnusable(f"Line {number} of {path} has the {name} {text!r}, which is no number.") from None
