"""Acquisition dates as they are written in names, descriptions, metadata and folders: one parser for all of them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from pathlib import PurePath

from ...shared.errors import DateAmbiguous, DateUnreadable
from .spec import specs

_YMD = re.compile(r"(?<!\d)((?:19|20)\d{2})([-_.]?)(\d{2})\2(\d{2})(?!\d)")
_MOMENT = re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?(?!\d)")
_YEAR_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{3})(?!\d)")
_ISO = re.compile(r"(?<!\d)\d{4}-\d{2}-\d{2}(?!\d)")
_ONLY_A_DATE = re.compile(r"[\d._T:-]+Z?")
_OF_A_DAY = re.compile(r"date|time|acqui|sensing|start", re.IGNORECASE)
_A_PART = re.compile(r"r?\d{1,3}m|\d{1,2}", re.IGNORECASE)  # of a scene: a resolution, or a number
_NOT_OF_A_DAY = re.compile(r"process|creat|modif|updat|gener|produc|publish|end|stop|statistics", re.IGNORECASE)
_OUTER = 8  # folders around a file that are asked: 2019/4/21/0/R10m and a little more (choice)


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
    hits += [(m.start(), _ymd(m[1], m[2], m[3])) for m in _MOMENT.finditer(text)]
    hits += [(m.start(), _year_day(m[1], m[2])) for m in _YEAR_DAY.finditer(text)]
    return tuple(dict.fromkeys(day for _, day in sorted(hits, key=lambda h: h[0]) if day))


def in_name(name: str, label: str = "") -> dt.date | None:
    """The acquisition date in the name of a file, layer or band, None when it has none.

    Raises DateAmbiguous, about `label`, where it has several and no publisher's rule says which one counts.
    """
    published = of_product(name)
    if published:
        return published
    found = in_text(name)
    if len(found) > 1:
        raise DateAmbiguous(label or name, [d.isoformat() for d in found])
    return found[0] if found else None


def of_product(name: str) -> dt.date | None:
    """The acquisition date in a name that a product's publisher gave; None for any other name."""
    forms = (form for spec in specs() for form in spec.dates)
    match = next((m for form in forms if (m := form.search(name))), None)
    found = in_text(match.group(match.lastgroup or 0)) if match else ()
    return found[0] if found else None


def in_metadata(key: str, text: str) -> dt.date | None:
    """The date in a band's metadata: ISO, and in every form where the key speaks of a date, but not of processing."""
    if _NOT_OF_A_DAY.search(key):
        return None
    iso = _ISO.search(text)
    found = in_text(iso.group() if iso else text if _OF_A_DAY.search(key) else "")
    return found[0] if found else None


def in_folders(path: str, root: str = "") -> dt.date | None:
    """The date that the folders around a file tell, the nearest that tells one; None where none does.

    A date anywhere in its name counts for the innermost folder (resolutions as R10m left out) and for those in `root`,
    which the user named, with `root` itself. Of those farther out, a name that is a date as a whole (2019-04-21), three
    folders that make one (2019/4/21), and the name of a product.
    """
    outer = list(PurePath(path).parents)[:_OUTER]
    parts = next((i for i, folder in enumerate(outer) if not _A_PART.fullmatch(folder.name)), 0)
    inner = len(PurePath(path).parents) - len(PurePath(root).parents) if root else parts + 1
    for number, folder in enumerate(outer):
        anywhere = number < inner or _ONLY_A_DATE.fullmatch(folder.name)
        found = of_product(folder.name) or _split([p.name for p in outer[number : number + 3]])
        found = found or (_single(folder.name) if anywhere else None)
        if found:
            return found
    return None


def _single(name: str) -> dt.date | None:
    """None also for a name of several dates: a folder may be named after a whole season."""
    found = in_text(name)
    return found[0] if len(found) == 1 else None


def _split(names: Sequence[str]) -> dt.date | None:
    """The date of folders as 2019/4/21 or 2019/111, the innermost first."""
    day, month, year = (*names, "", "", "")[:3]
    if re.fullmatch(r"(19|20)\d{2}", year) and re.fullmatch(r"\d{1,2}", month) and re.fullmatch(r"\d{1,2}", day):
        return _ymd(year, month, day)
    if re.fullmatch(r"(19|20)\d{2}", month) and re.fullmatch(r"\d{3}", day):
        return _year_day(month, day)
    return None


def _ymd(year: str, month: str, day: str) -> dt.date | None:
    try:
        return dt.date(int(year), int(month), int(day))
    except ValueError:
        return None


def _year_day(year: str, day: str) -> dt.date | None:
    number = int(day)
    last = 366 if int(year) % 4 == 0 and (int(year) % 100 or int(year) % 400 == 0) else 365
    return dt.date(int(year), 1, 1) + dt.timedelta(number - 1) if 1 <= number <= last else None
