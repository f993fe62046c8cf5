"""The user's table of dates: what its rows tell of a band of a layer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePath
from re import Pattern

from ...shared.errors import BadInput
from ...shared.jobs.sources import DateEntry
from ..raster.band_ref import split_name
from . import bands, dates


@dataclass(frozen=True)
class Told:
    """What the table tells of a band; None and "" = nothing."""

    date: dt.date | None = None
    name: str = ""  # canonical
    crs: str = ""


@dataclass(frozen=True)
class _Row:
    layer: str  # as it was written
    band: int
    told: Told


class DateTable:
    """Rows by the layer they name. What a row says of a layer goes before what a wildcard says, and what it says of a
    band before what it says of all bands. Raises BadInput where two such rows disagree."""

    def __init__(self, entries: Iterable[DateEntry]) -> None:
        self._named: dict[str, list[_Row]] = {}
        self._wild: dict[str, tuple[Pattern[str], list[_Row]]] = {}
        self._unmatched: dict[str, str] = {}
        for entry in entries:
            self._add(entry)
        self._rows = lru_cache(maxsize=1024)(self._matching)

    def _add(self, entry: DateEntry) -> None:
        key = _key(entry.layer)
        row = _Row(entry.layer, entry.band, _told(entry))
        self._unmatched[key] = entry.layer
        if "*" in key or "?" in key:
            rows = self._wild.setdefault(key, (_pattern(key), []))[1]
        else:
            rows = self._named.setdefault(key, [])
        rows.append(row)
        _one([r for r in rows if r.band == row.band], f"band {row.band} of {row.layer}" if row.band else row.layer)

    def find(self, names: Sequence[str], band: int) -> Told:
        """What is told of a band of the layer that is known under any of `names` (name, path)."""
        named, wild = self._rows(tuple(names))
        levels = [[row for row in rows if row.band == number] for rows in (named, wild) for number in (band, 0)]
        found = [_one(level, f"band {band} of {names[0]}") for level in levels if level]
        return Told(
            next((each.date for each in found if each.date), None),
            next((each.name for each in found if each.name), ""),
            next((each.crs for each in found if each.crs), ""),
        )

    def check_bands(self, names: Sequence[str], count: int) -> None:
        """Raises BadInput where a row names a band beyond the `count` that the layer has."""
        for rows in self._rows(tuple(names)):
            beyond = next((row for row in rows if row.band > count), None)
            if beyond:
                raise BadInput(
                    f"The table of dates names band {beyond.band} of {beyond.layer}, but {names[-1]} has {count} "
                    f"band{'s' if count > 1 else ''}: correct the row."
                )

    def names_bands(self, names: Sequence[str]) -> bool:
        """Whether a row names a band of this layer."""
        return any(row.told.name for rows in self._rows(tuple(names)) for row in rows)

    def _matching(self, names: tuple[str, ...]) -> tuple[list[_Row], list[_Row]]:
        """The rows of the layer itself, and those of wildcards."""
        keys = list(dict.fromkeys(key for name in names for key in _keys(name)))
        wild = [key for key, (pattern, _) in self._wild.items() if any(pattern.fullmatch(k) for k in keys)]
        for key in (*keys, *wild):
            self._unmatched.pop(key, None)
        named = [row for key in keys for row in self._named.get(key, ())]
        return named, [row for key in wild for row in self._wild[key][1]]

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The layers of the rows that nothing has been found under so far."""
        return tuple(self._unmatched.values())


def _told(entry: DateEntry) -> Told:
    name = bands.name_of(entry.name) if entry.name else ""
    if name is None:
        raise BadInput(
            f"The table of dates names a band of {entry.layer} {entry.name!r}, which is no band that is known: write "
            "Sentinel-2's name of it, as B04, or VV, VH, an index (NDVI) or a mask (SCL)."
        )
    return Told(dates.parse(entry.date, entry.layer) if entry.date else None, name, entry.crs)


def _one(rows: Sequence[_Row], what: str) -> Told:
    """What the rows tell together. Raises BadInput where they disagree."""
    layers = " and ".join(dict.fromkeys(row.layer for row in rows))
    days = dict.fromkeys(row.told.date for row in rows if row.told.date)
    names = dict.fromkeys(row.told.name for row in rows if row.told.name)
    systems = dict.fromkeys(row.told.crs for row in rows if row.told.crs)
    for found in (days, names, systems):
        if len(found) > 1:
            both = " and ".join(str(each) for each in list(found)[:2])
            by = f" (rows {layers})" if layers not in what else ""
            raise BadInput(f"The table of dates gives {what} both {both}{by}: keep one of the rows.")
    return Told(next(iter(days), None), next(iter(names), ""), next(iter(systems), ""))


def _keys(name: str) -> Iterator[str]:
    """What a row may call it: its name or path, the file's name with and without its ending, and the raster in it."""
    file, inside = split_name(name)
    short = PurePath(file)
    yield from (_key(each) for each in (name, file, short.name, short.stem))
    if inside:
        yield from (_key(f"{each}:{inside}") for each in (file, short.name, short.stem))


def _pattern(key: str) -> Pattern[str]:
    return re.compile(re.escape(key).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


def _key(text: str) -> str:
    return text.strip().casefold()
