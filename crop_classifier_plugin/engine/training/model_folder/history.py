"""training.csv: the losses of each epoch."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, fields

from ..loop.module import EpochLog


def history_csv(history: Sequence[EpochLog]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=[f.name for f in fields(EpochLog)], lineterminator="\n")
    writer.writeheader()
    writer.writerows(asdict(log) for log in history)
    return text.getvalue()
