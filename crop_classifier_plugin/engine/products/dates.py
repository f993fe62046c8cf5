"""Acquisition dates: where they are written and how they are read."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from ...shared.errors import BadInput, DateAmbiguous, DateUnreadable
from ...shared.jobs.sources import DateEntry
from .spec import specs

_YMD = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_.]?)(\d{2})\2(\d{2})(?!\d)")
_YEAR_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{3})(?!\d)")
_ISO = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")


def parse(text: str, layer: str) -> dt.date:
    """A date as a person or a table writes it: YYYY-MM-DD (a time may follow), YYYYMMDD or YYYYDDD."""
    found = in_text(text)
    if len(found) != 1:
        raise DateUnreadable(layer, text)
    return found[0]


def span(first: str, last: str) -> tuple[dt.date, dt.date] | None:
    """The days from `first` to `last`; an end left open reaches as far as the calendar. None where both are open."""
    if not (first or last):
        return None
    begin = parse(first, "the first day") if first else dt.date.min
    return begin, parse(last, "the last day") if last else dt.date.max


def in_text(text: str) -> tuple[dt.date, ...]:
    """Every date in a text, in order of appearance, each once."""
    hits = [(m.start(), _ymd(m[1], m[3], m[4])) for m in _YMD.finditer(text)]
    hits += [(m.start(), _year_day(m[1], m[2])) for m in _YEAR_DAY.finditer(text)]
    return tuple(dict.fromkeys(day for _, day in sorted(hits, key=lambda h: h[0]) if day))


def in_name(name: str) -> dt.date | None:
    """The acquisition date in a file or layer name, None when it has none. Raises DateAmbiguous."""
    published = of_product(name)
    if published:
        return published
    found = in_text(name)
    if len(found) > 1:
        raise DateAmbiguous(name, [d.isoformat() for d in found])
    return found[0] if found else None


def of_product(name: str) -> dt.date | None:
    """The acquisition date in a name that a product's publisher gave; None for any other name."""
    forms = (form for spec in specs() for form in spec.dates)
    match = next((m for form in forms if (m := form.search(name))), None)
    found = in_text(match.group(match.lastgroup or 0)) if match else ()
    return found[0] if found else None


def in_folder(name: str) -> dt.date | None:
    """The date in a folder's name, None when it has none or several: a folder may be named after a whole season."""
    try:
        return in_name(name)
    except DateAmbiguous:
        return None


def in_description(text: str) -> dt.date | None:
    """An ISO date in a band's description or metadata."""
    match = _ISO.search(text)
    found = in_text(match.group()) if match else ()
    return found[0] if found else None


def _ymd(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _year_day(year: str, day: str) -> dt.date | None:
    number = int(day)
    last = 366 if int(year) % 4 == 0 and (int(year) % 100 or int(year) % 400 == 0) else 365
    return dt.date(int(year), 1, 1) + dt.timedelta(number - 1) if 1 <= number <= last else None


class DateTable:
    """The user's table of dates: rows of layer (name, file name or path), date, and optionally band number."""

    def __init__(self, entries: Iterable[DateEntry]) -> None:
        self._dates: dict[tuple[str, int], dt.date] = {}
        self._unmatched: dict[str, str] = {}
        for entry in entries:
            key = (_key(entry.layer), entry.band)
            day = parse(entry.date, entry.layer)
            self._unmatched[key[0]] = entry.layer
            if self._dates.setdefault(key, day) != day:
                raise BadInput(
                    f"The table of dates gives {entry.layer} both {self._dates[key]} and {day}: keep one of the rows."
                )

    def find(self, names: Sequence[str], band: int) -> dt.date | None:
        """The date of a band (or of the whole layer) known under any of `names`."""
        keys = [k for n in names for k in (_key(n), _key(PurePath(n).name), _key(PurePath(n).stem))]
        for key in keys:
            self._unmatched.pop(key, None)
        hits = [self._dates[k, b] for b in (band, 0) for k in keys if (k, b) in self._dates]
        return hits[0] if hits else None

    @property
    def unmatched(self) -> tuple[str, ...]:
        """The layers of the rows that nothing has been found under so far."""
        return tuple(self._unmatched.values())


def _key(text: str) -> str:
    return text.strip().casefold()
