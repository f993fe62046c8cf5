"""Months in names of fields, files and bands. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

import re

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAY = r"(?:\W?_?(?:0[1-9]|[12]\d|3[01]))?"  # a whole date is of its month
_NUMBERED = re.compile(rf"(?<!\d)((?:19|20)\d\d)\W?_?(0[1-9]|1[0-2]){_DAY}(?!\d)")
_NAMED = re.compile(rf"({'|'.join(_MONTHS)})[a-z]*\W?_?(\d{{4}})(?!\d)", re.IGNORECASE)


def month_of(name: str) -> str:
    """YYYY-MM of a name such as Oct_2019, october2019, 2019_10, labels_201910 or 2019-10-15; "" where it has none."""
    numbered, named = _NUMBERED.search(name), _NAMED.search(name)
    if numbered:
        return f"{numbered[1]}-{numbered[2]}"
    return f"{named[2]}-{_MONTHS.index(named[1].lower()) + 1:02d}" if named else ""
