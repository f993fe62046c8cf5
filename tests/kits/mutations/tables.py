"""CSV tables made wrong: of dates, mappings, merges, points."""

from __future__ import annotations

import csv
import io
import random

from .values import TEXTS

_SEPARATORS = (",", ";", "\t", "|")


def mutated(table: str, rng: random.Random) -> str:
    """The text of the table with one to three changes of cells, rows, columns, quotes or separators."""
    rows = [list(row) for row in csv.reader(io.StringIO(table))]
    for _ in range(rng.randint(1, 3)):
        _change(rows, rng)
    text = _written(rows, rng)
    kind = rng.randrange(12)
    if kind == 0:
        return text[: rng.randrange(len(text) + 1)]
    if kind == 1:
        place = rng.randrange(len(text) + 1)
        return text[:place] + rng.choice(('"', "\x00", "\r", "\n", "\ufeff", "'")) + text[place:]
    return text


def mutated_bytes(table: str, rng: random.Random) -> bytes:
    """As mutated, in an encoding that may be another than is thought."""
    text = mutated(table, rng)
    encoding = rng.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252", "latin-1"))
    return text.encode(encoding, errors="surrogatepass" if encoding.startswith("utf") else "replace")


def _change(rows: list[list[str]], rng: random.Random) -> None:
    if not rows:
        rows.append([rng.choice(TEXTS)])
        return
    row = rng.choice(rows)
    kind = rng.randrange(8)
    if kind < 3 and row:
        row[rng.randrange(len(row))] = rng.choice(TEXTS)
    elif kind == 3:
        row.append(rng.choice(("", rng.choice(TEXTS))))
    elif kind == 4 and row:
        row.pop()
    elif kind == 5:
        rows.insert(rng.randrange(len(rows) + 1), list(row))
    elif kind == 6:
        rows.remove(row)
    else:
        for each in rows:
            each.reverse()


def _written(rows: list[list[str]], rng: random.Random) -> str:
    text = io.StringIO()
    separator = rng.choice(_SEPARATORS) if rng.random() < 0.2 else ","
    csv.writer(text, delimiter=separator, lineterminator=rng.choice(("\n", "\r\n"))).writerows(rows)
    return text.getvalue()
