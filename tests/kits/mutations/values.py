"""Values that stand where another was expected."""

from __future__ import annotations

import math
import random
from typing import Any

LONG = 5000  # letters
DEEP = 300  # lists in lists: within what a parser takes that calls itself

TEXTS = (
    "",
    " ",
    "0",
    "-0.5",
    "\u00b2\u0665",
    "http://[",
    "\x00",
    "a\x00b",
    "\ud800",
    "x\udcffy",
    "\u202egnp.exe",
    "\x0b\x1b[31m",
    "\ufffe",
    "=1+1",
    "-1",
    "+1",
    "@SUM(A1)",
    "\t=1",
    "nan",
    "inf",
    "1e999",
    "../../etc/passwd",
    "/dev/zero",
    "/vsicurl/http://127.0.0.1:9/x.tif",
    "http://127.0.0.1:9/",
    "EPSG:99999999",
    "EPSG:4326",
    "9999-99-99",
    "0000-01-01",
    "<b>&amp;</b>",
    "%00",
    "{}",
    "[]",
    "None",
    "n" * 260,
    "n" * LONG,
    "*" * 60,
    "\u00e4" * 200,
    "\U0001f33d",
    "2024-06-29T00:00:00Z",
)
NUMBERS: tuple[Any, ...] = (
    0,
    -1,
    1,
    2,
    255,
    65535,
    2**31,
    2**63,
    2**64,
    10**30,
    -(10**30),
    0.0,
    -0.0,
    0.5,
    1e-300,
    1e300,
    -1e300,
    math.nan,
    math.inf,
    -math.inf,
)


def odd_value(rng: random.Random) -> Any:
    """A value of any type that JSON has, mostly none that makes sense."""
    kind = rng.randrange(8)
    if kind < 3:
        return rng.choice(TEXTS)
    if kind < 6:
        return rng.choice(NUMBERS)
    return rng.choice([None, True, False, [], {}, [None], [[]], {"": None}, [{}], {"a": {"b": []}}, nested(rng)])


def nested(rng: random.Random) -> Any:
    """Lists or objects in one another."""
    value: Any = 1
    for _ in range(rng.choice((3, 70, DEEP))):
        value = [value] if rng.random() < 0.5 else {"a": value}
    return value
