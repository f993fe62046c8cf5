"""The review table on disk: read once, answered row by row, each answer one transaction with its history.

The file's journal stays as it is: QGIS reads GeoPackages without locks, and loses one that turns to write-ahead logging
under its eyes.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ...shared.errors import BadInput
from ...shared.review_table import ACCEPTED, ANSWERED, FIELDS, HISTORY, LAYER, OPEN, RELABELLED

_WAIT = 2.0  # s that another program may hold the file
_ANSWER = ("status", "review_class", "review_name", "note", "photo", "reviewer", "reviewed_at", "blind")
# The names in these statements are the contract's own; whatever comes from a file or a person is a parameter.
_ROWS = f'SELECT fid, {", ".join(FIELDS)} FROM "{LAYER}" ORDER BY priority DESC, fid'  # nosec B608
_SET = f'UPDATE "{LAYER}" SET {{}} WHERE fid = ?'  # nosec B608
_KEEP = f'INSERT INTO "{HISTORY}" (uid, field, old, new, reviewer, at) VALUES (?, ?, ?, ?, ?, ?)'  # nosec B608
_LAST = f'SELECT uid, at FROM "{HISTORY}" WHERE reviewer = ? ORDER BY rowid DESC LIMIT 1'  # nosec B608
_OF_LAST = f'SELECT rowid AS number, field, old FROM "{HISTORY}" WHERE uid = ? AND at = ? AND reviewer = ?'  # nosec B608
_FORGET = f'DELETE FROM "{HISTORY}" WHERE rowid = ?'  # nosec B608
_OF_GEOMETRY = ("ST_IsEmpty", "ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY")  # that the triggers of the index name


@dataclass(frozen=True)
class Answer:
    """What a look gave. `name` only with the state relabelled; None = what stands there stays."""

    status: str
    name: str = ""
    note: Optional[str] = None
    photo: Optional[str] = None
    blind: bool = False


class ReviewFile:
    """The units of a review, those of most priority first. Raises BadInput in a sentence for what cannot be used."""

    def __init__(self, path: str, reviewer: str) -> None:
        self.path, self.reviewer = path, reviewer
        with self._open() as file:
            self.units = self._read(file)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A transaction: all of it is kept, or nothing."""
        if not Path(self.path).is_file():
            raise BadInput(f"The review {self.path} is gone: make the list again, or give the file back.")
        try:
            with closing(sqlite3.connect(self.path, timeout=_WAIT)) as file:
                file.row_factory = sqlite3.Row
                for name in _OF_GEOMETRY:  # geometries do not change here, but SQLite wants to know the names
                    file.create_function(name, 1, lambda _: 0)
                with file:
                    yield file
        except sqlite3.OperationalError as error:
            raise BadInput(
                f"The answer could not be written to {self.path} ({error}): close other programs that hold it, and see "
                "that it can be written."
            ) from None
        except sqlite3.DatabaseError as error:
            raise BadInput(f"The review {self.path} cannot be read ({error}): choose another file.") from None

    def _read(self, file: sqlite3.Connection) -> list[dict[str, Any]]:
        there = {row["name"] for row in file.execute(f'PRAGMA table_info("{LAYER}")')}
        missing = [name for name in FIELDS if name not in there]
        if missing:
            raise BadInput(f"The review {self.path} has no field {missing[0]!r}: make the list again.")
        return [dict(row) for row in file.execute(_ROWS)]

    # --- answers -----------------------------------------------------------------------------------------------------

    def answer(self, number: int, answer: Answer) -> None:
        """Keeps an answer to the unit of this number, and in the history what changed by it."""
        unit = self.units[number]
        name = unit["map_name"] if answer.status == ACCEPTED else answer.name if answer.status == RELABELLED else None
        new = {
            "status": answer.status,
            "review_class": unit["map_class"] if answer.status == ACCEPTED else None,
            "review_name": name,
            "note": unit["note"] if answer.note is None else answer.note,
            "photo": unit["photo"] if answer.photo is None else answer.photo,
            "reviewer": self.reviewer,
            "reviewed_at": _now(),
            "blind": int(answer.blind),
        }
        self._write(number, new)

    def annotate(self, number: int, **texts: str) -> None:
        """Keeps a note or a photo; the state stays."""
        self._write(number, {name: self.units[number][name] for name in _ANSWER} | texts)

    def _write(self, number: int, new: dict[str, Any]) -> None:
        unit, at = self.units[number], new["reviewed_at"] or _now()
        with self._open() as file:
            for name in _ANSWER:
                if new[name] != unit[name]:
                    file.execute(
                        _KEEP,
                        (unit["uid"], name, _text(unit[name]), _text(new[name]), self.reviewer, at),
                    )
            self._update(file, unit["fid"], new)
        unit.update(new)

    def _update(self, file: sqlite3.Connection, fid: int, new: dict[str, Any]) -> None:
        found = file.execute(_SET.format(", ".join(f"{name} = ?" for name in new)), (*new.values(), fid))
        if found.rowcount != 1:
            raise BadInput(f"A unit of the review {self.path} is gone: open the review again.")

    def undo(self) -> Optional[int]:
        """Takes the newest answer of this reviewer back; the number of its unit, None where there is none."""
        with self._open() as file:
            last = file.execute(_LAST, (self.reviewer,)).fetchone()
            if last is None:
                return None
            rows = file.execute(_OF_LAST, (last["uid"], last["at"], self.reviewer)).fetchall()
            number = next(n for n, unit in enumerate(self.units) if unit["uid"] == last["uid"])
            old = {row["field"]: _value(row["field"], row["old"]) for row in rows if row["field"] in _ANSWER}
            self._update(file, self.units[number]["fid"], old)
            file.executemany(_FORGET, [(row["number"],) for row in rows])
        self.units[number].update(old)
        return number

    # --- how far it is -----------------------------------------------------------------------------------------------

    def first_open(self, after: int = -1) -> Optional[int]:
        """The number of the next unit without an answer behind another, else of the first; None where all are done."""
        waiting = [n for n, unit in enumerate(self.units) if unit["status"] == OPEN]
        return next((n for n in waiting if n > after), next(iter(waiting), None))

    def states(self) -> Counter[str]:
        """How many units each state has."""
        return Counter(unit["status"] for unit in self.units)

    def agreement(self) -> tuple[int, int, float, float]:
        """Units whose map was right, answered units, and the hectares of both."""
        answered = [unit for unit in self.units if unit["status"] in ANSWERED]
        right = [u for u in answered if u["status"] == ACCEPTED or u["review_name"] == u["map_name"]]
        areas = [sum(unit["area_ha"] or 0.0 for unit in units) for units in (right, answered)]
        return len(right), len(answered), areas[0], areas[1]

    @property
    def is_sample(self) -> bool:
        """Whether areas can be estimated from its answers."""
        return any(unit["stratum"] for unit in self.units)


# --- two reviewers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Merged:
    """What came of another reviewer's file."""

    taken: int  # answers to units that were open here
    same: int
    conflicts: tuple[tuple[str, str, str], ...]  # uid, what stands here, what stands there; ours stay


def merge(ours: ReviewFile, theirs: ReviewFile) -> Merged:
    """Takes over the answers of another file of the same map; where both answered, ours stay and the unit is told.

    Raises BadInput for a file of another map.
    """
    if {u["base_sha256"] for u in ours.units} != {u["base_sha256"] for u in theirs.units}:
        raise BadInput(f"{theirs.path} is the review of another map than {ours.path}: choose one of the same map.")
    places = {unit["uid"]: number for number, unit in enumerate(ours.units)}
    taken, same, conflicts = 0, 0, []
    for other in theirs.units:
        number = places.get(other["uid"])
        if number is None or other["status"] == OPEN:
            continue
        mine = ours.units[number]
        if mine["status"] == OPEN:
            ours._write(number, {name: other[name] for name in _ANSWER})
            taken += 1
        elif told(mine) == told(other):
            same += 1
        else:
            conflicts.append((str(mine["uid"]), told(mine), told(other)))
    return Merged(taken, same, tuple(conflicts))


def told(unit: dict[str, Any]) -> str:
    """An answer in words: the crop that grows there, or the state."""
    return str(unit["review_name"] if unit["status"] in ANSWERED and unit["review_name"] else unit["status"])


def _now() -> str:
    return dt.datetime.now(dt.timezone.utc).isoformat(timespec="microseconds")


def _text(value: Any) -> Optional[str]:
    return None if value is None else str(value)


def _value(field: str, text: Optional[str]) -> Any:
    return None if text is None else FIELDS[field](text)
