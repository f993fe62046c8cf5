"""Classes with codes, names and colours. Standard library only: QGIS and the engine both import this."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import BadInput
from .texts.bounded import bounded_json
from .texts.names import check_name, clean

_COLOUR = re.compile(r"#[0-9a-f]{6}")
_GAPS = re.compile(
    r"(?:[\s_]|-(?!\d)|(?<=[^\W_])-)+"
)  # a hyphen between words is a space, one before a number is a minus
_HYPHENS = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212"), "-")
_UNSEEN = dict.fromkeys(
    map(ord, "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff")
)  # soft hyphen, joiners, byte order mark


@dataclass(frozen=True)
class CropClass:
    """One class of a map. `aliases` are other names and codes under which reference data know it.

    Code 0 is for maps of others whose no data is another value: see Legend.refuse_zero.
    """

    code: int
    name: str
    colour: str  # "#rrggbb"
    aliases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.code <= 65534:
            raise BadInput(f"The class code {self.code} of {self.name!r} is outside 0..65534: give it another code.")
        if not self.name.strip():
            raise BadInput(f"The class with code {self.code} has no name: give it one.")
        for name in (self.name, *self.aliases):
            check_name(f"The name of the class with code {self.code}", name)
        if not _COLOUR.fullmatch(self.colour):
            raise BadInput(f"The colour {self.colour!r} of class {self.name!r} is not of the form #rrggbb: correct it.")

    @property
    def rgb(self) -> tuple[int, int, int]:
        """Red, green and blue, 0 to 255."""
        return int(self.colour[1:3], 16), int(self.colour[3:5], 16), int(self.colour[5:7], 16)

    @property
    def owns_its_code(self) -> bool:
        """Whether reference data may know it by its code: what they call 0 had to take another in maps."""
        return "0" not in self.aliases

    def answers_to(self, label: str) -> bool:
        """Whether reference data mean this class by `label` (its name or an alias; case and spaces aside)."""
        return plain(label) in {plain(self.name), *map(plain, self.aliases)}


@lru_cache(maxsize=1 << 17)
def plain(text: str) -> str:
    """A label without what people vary or cannot see: case, spaces, underscores, hyphens, the width of digits and
    letters, control characters, and whether an accent is a character of its own (macOS writes names so)."""
    seen = _folded(
        _folded(clean(text)).translate(_UNSEEN).translate(_HYPHENS)
    )  # what is unseen may stand before an accent
    return _GAPS.sub(" ", seen).strip() or seen.strip()


def _folded(text: str) -> str:
    """Compatibility caseless form (Unicode Standard, D146)."""
    once = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold()).casefold()
    return unicodedata.normalize("NFKC", once)


def one_spelling(labels: Iterable[str]) -> dict[str, str]:
    """From each label to the spelling, the first by the alphabet, that stands for all of its name."""
    first: dict[str, str] = {}
    return {label: first.setdefault(plain(label), label) for label in sorted(set(labels))}


def is_number(text: str) -> bool:
    """Whether a name is a whole number, as where a field of crop codes gave the classes their names."""
    return plain(text).lstrip("+-").isdecimal()


@dataclass(frozen=True)
class Legend:
    """The classes of a map, by code."""

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
        """The codes, in the order of the classes."""
        return tuple(c.code for c in self.classes)

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the classes."""
        return tuple(c.name for c in self.classes)

    def find(self, label: str) -> CropClass | None:
        """The class that reference data call `label`: a name wins over an alias, an alias over a code.

        Codes are not asked where a class has a number for its name: there the label 2 is a class called 2, or none.
        """
        found = self.named(label)
        if found or any(is_number(name) for name in self.names) or any(c.answers_to(label) for c in self.classes):
            return found
        text = plain(label)
        return next((c for c in self.classes if text == str(c.code) and c.owns_its_code), None)

    def named(self, label: str) -> CropClass | None:
        """The class whose name is `label`, else the only one with that alias: one of two classes says nothing."""
        text = plain(label)
        by_name = next((c for c in self.classes if plain(c.name) == text), None)
        by_alias = [c for c in self.classes if c.answers_to(label)]
        return by_name or (by_alias[0] if len(by_alias) == 1 else None)

    def refuse_zero(self) -> None:
        """Raises BadInput for the code 0, which is no data in every map that is written here."""
        zero = next((c.name for c in self.classes if c.code == 0), None)
        if zero is not None:
            raise BadInput(f"The class {zero!r} has the code 0, which means no data in maps: give it another code.")

    def to_dict(self) -> list[dict[str, Any]]:
        """As JSON knows it."""
        return [
            {"code": c.code, "name": c.name, "colour": c.colour, **({"aliases": list(c.aliases)} if c.aliases else {})}
            for c in self.classes
        ]

    @classmethod
    def from_dict(cls, rows: Iterable[dict[str, Any]]) -> Legend:
        """From what to_dict gives. Raises BadInput."""
        try:
            legend = cls(tuple(_class_of(row) for row in rows))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise BadInput(f"The legend cannot be read ({error!r}): each class needs code, name and colour.") from None
        legend.refuse_zero()
        return legend

    @classmethod
    def load(cls, path: str | Path) -> Legend:
        """The legend in a JSON file. Raises BadInput."""
        try:
            data = bounded_json(path)
        except (OSError, ValueError) as error:
            raise BadInput(f"The legend file {path} cannot be read ({error}): choose a JSON file of classes.") from None
        return cls.from_dict(data.get("classes", ()) if isinstance(data, dict) else data)


def _class_of(row: dict[str, Any]) -> CropClass:
    aliases = row.get("aliases", ())
    if isinstance(aliases, str):
        raise TypeError(f"the aliases {aliases!r} are no list")
    return CropClass(int(row["code"]), str(row["name"]), str(row["colour"]).lower(), tuple(map(str, aliases)))
