"""Classes with codes, names and colours. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BadInput

_COLOUR = re.compile(r"#[0-9a-f]{6}")


@dataclass(frozen=True)
class CropClass:
    """One class of a map. `aliases` are other names and codes under which reference data know it."""

    code: int
    name: str
    colour: str  # "#rrggbb"
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 1 <= self.code <= 65534:
            raise BadInput(f"The class code {self.code} of {self.name!r} is outside 1..65534: give it another code.")
        if not self.name.strip():
            raise BadInput(f"The class with code {self.code} has no name: give it one.")
        if not _COLOUR.fullmatch(self.colour):
            raise BadInput(f"The colour {self.colour!r} of class {self.name!r} is not of the form #rrggbb: correct it.")

    @property
    def rgb(self) -> tuple[int, int, int]:
        return int(self.colour[1:3], 16), int(self.colour[3:5], 16), int(self.colour[5:7], 16)

    def answers_to(self, label: str) -> bool:
        """Whether reference data mean this class by `label` (its name or an alias; case and spaces aside)."""
        return plain(label) in {plain(self.name), *map(plain, self.aliases)}


def plain(text: str) -> str:
    """A label without what people vary: case, spaces, underscores, hyphens."""
    return re.sub(r"[\s_\-]+", " ", text.strip().casefold())


@dataclass(frozen=True)
class Legend:
    """The classes of a map, by code. Code 0 is reserved for no data."""

    classes: tuple[CropClass, ...]

    def __post_init__(self) -> None:
        names = [plain(c.name) for c in self.classes]  # as references are matched: Maize and maize are one
        for what, values in (("code", [str(c.code) for c in self.classes]), ("name", names)):
            twice = [v for v, times in Counter(values).items() if times > 1]
            if twice:
                raise BadInput(f"The legend has the {what} {', '.join(sorted(twice))} more than once: make it unique.")
        if not self.classes:
            raise BadInput("The legend has no classes: give it at least one.")

    def __iter__(self) -> Iterator[CropClass]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def codes(self) -> tuple[int, ...]:
        return tuple(c.code for c in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(c.name for c in self.classes)

    def find(self, label: str) -> CropClass | None:
        """The class that reference data call `label`: a name wins over an alias, an alias over a code."""
        text = label.strip()
        by_code = [c for c in self.classes if text == str(c.code)]
        by_name = [c for c in self.classes if plain(c.name) == plain(text)]
        by_alias = [c for c in self.classes if c.answers_to(text)]
        return next(iter(by_name or by_alias or by_code), None)

    def to_dict(self) -> list[dict[str, Any]]:
        return [
            {"code": c.code, "name": c.name, "colour": c.colour, **({"aliases": list(c.aliases)} if c.aliases else {})}
            for c in self.classes
        ]

    @classmethod
    def from_dict(cls, rows: Iterable[dict[str, Any]]) -> Legend:
        try:
            return cls(tuple(_class_of(row) for row in rows))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadInput(f"The legend cannot be read ({error!r}): each class needs code, name and colour.") from None

    @classmethod
    def load(cls, path: str | Path) -> Legend:
        try:
            data = json.loads(Path(path).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BadInput(f"The legend file {path} cannot be read ({error}): choose a JSON file of classes.") from None
        return cls.from_dict(data.get("classes", ()) if isinstance(data, dict) else data)


def _class_of(row: dict[str, Any]) -> CropClass:
    aliases = row.get("aliases", ())
    if isinstance(aliases, str):
        raise TypeError(f"the aliases {aliases!r} are no list")
    return CropClass(int(row["code"]), str(row["name"]), str(row["colour"]).lower(), tuple(map(str, aliases)))
