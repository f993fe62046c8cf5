"""What an experiment or a benchmark found, as data: figures in tables, sentences that name figures, headings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np

Cell: TypeAlias = float | int | str | Mapping[str, float | str | bool] | None


@dataclass(frozen=True)
class Column:
    """`form` tells a cell as str.format does: "{:.3f}", or with names where a cell holds several figures."""

    title: str
    form: str = "{}"
    best: str = ""  # the form of a cell whose "best" is true; "" = the same


@dataclass(frozen=True)
class Table:
    """Cells that are text stand as they are, None is an empty one. The first column names the rows."""

    name: str  # by which a later run's table is found
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    bold: tuple[str, ...] = ()  # rows that stand out

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"The rows of the table {self.name!r} are not all of {len(self.columns)} cells.")

    def data(self) -> dict[str, Any]:
        columns = [{k: v for k, v in vars(column).items() if k != "best" or v} for column in self.columns]
        bold = {"bold": list(self.bold)} if self.bold else {}
        return {"table": self.name, "columns": columns, **bold, "rows": [list(row) for row in self.rows]}


@dataclass(frozen=True)
class Heading:
    title: str
    level: int = 2

    def data(self) -> dict[str, Any]:
        return {"heading": self.title, "level": self.level}


@dataclass(frozen=True)
class Text:
    """A paragraph. "{name}" stands for a fact of the results, "{name:.1f}" formats it."""

    text: str

    def data(self) -> dict[str, Any]:
        return {"text": self.text}


Part: TypeAlias = Table | Heading | Text


@dataclass(frozen=True)
class Results:
    title: str
    by: str  # what measured them, as a path of the repository
    parts: tuple[Part, ...]
    facts: Mapping[str, float | int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuses a sentence that names a fact which is not there: better now than when the page is made."""
        for part in self.parts:
            if isinstance(part, Text):
                try:
                    part.text.format(**self.facts)
                except KeyError as error:
                    raise ValueError(f"The results {self.title!r} have no fact {error}: {part.text}") from error

    def data(self) -> dict[str, Any]:
        """As JSON knows it."""
        parts = [part.data() for part in self.parts]
        return {"title": self.title, "by": self.by, "facts": dict(self.facts), "parts": parts}


def spread(values: Sequence[float], middle: str = "mean") -> dict[str, float]:
    """Mean or median, least and largest of at least one value."""
    centre = np.median(values) if middle == "median" else np.mean(values)
    return {middle: float(centre), "low": float(np.min(values)), "high": float(np.max(values))}
