"""Which classes of labels are used, and which count as one. Standard library only: QGIS and the engine both import
this."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Optional

from .errors import BadInput
from .legend import plain

_MOST_NAMED = 10  # classes in a sentence


@dataclass(frozen=True)
class ClassChoice:
    """Names are matched as legends match them: case, spaces and hyphens aside."""

    exclude: tuple[str, ...] = ()  # classes that are no labels
    merge: tuple[tuple[str, str], ...] = ()  # (class as the labels call it, class that it counts as)
    min_share: float = 0.0  # of the labelled area that is used; classes that have less are rare
    rare: str = ""  # what rare classes count as; "" = they are no labels

    def __post_init__(self) -> None:
        if not 0 <= self.min_share < 1:
            raise BadInput(f"min_share={self.min_share} is no share of the labels: give a number from 0 to below 1.")
        if self.rare and not self.min_share:
            raise BadInput(f"No share says which classes count as {self.rare!r}: give min_share.")
        targets = self._targets
        if len(targets) < len({(plain(name), plain(into)) for name, into in self.merge}):
            raise BadInput("A class is merged into two others: merge it into one.")
        for name, into in self.merge:
            if self._is_excluded(name) or self._is_excluded(into):
                raise BadInput(f"{name!r} is merged into {into!r}, and one of them is left out: do one of both.")
            if plain(targets.get(plain(into), into)) != plain(into):
                raise BadInput(f"{name!r} is merged into {into!r}, which is merged itself: name the last class.")

    @property
    def is_all(self) -> bool:
        """Whether every class stays what it is."""
        return not (self.exclude or self.merge or self.min_share)

    @property
    def names(self) -> tuple[str, ...]:
        """Of the classes that are left out or merged, as the user gave them."""
        return (*self.exclude, *(name for name, _ in self.merge))

    def renamed(self, *said: str) -> Optional[str]:
        """What the class counts as that labels call by any of these words; the first of them where nothing is said of
        it, None where it is left out."""
        if any(map(self._is_excluded, said)):
            return None
        targets = self._targets
        return next((targets[plain(word)] for word in said if plain(word) in targets), said[0])

    def told(self) -> str:
        """In words, as "without Hedge; Winter barley as Barley"; "" for every class."""
        parts = [f"without {_listed(self.exclude)}"] if self.exclude else []
        into: dict[str, list[str]] = {}
        for name, target in self.merge:
            into.setdefault(target, []).append(name)
        parts += [f"{_listed(names)} as {target}" for target, names in into.items()]
        if self.min_share:
            parts.append(f"classes below {100 * self.min_share:g} % {f'as {self.rare}' if self.rare else 'left out'}")
        return "; ".join(parts)

    @property
    def _targets(self) -> dict[str, str]:
        return {plain(name): into for name, into in self.merge}

    def _is_excluded(self, word: str) -> bool:
        return plain(word) in map(plain, self.exclude)


def _listed(names: Sequence[str]) -> str:
    """As "a, b and c", cut after ten."""
    if len(names) > _MOST_NAMED:
        return f"{', '.join(names[:_MOST_NAMED])} and {len(names) - _MOST_NAMED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def read_merges(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Merges from texts such as "Winter barley + Barley = Barley", parted by semicolons or lines. Raises BadInput."""
    found: list[tuple[str, str]] = []
    for text in texts:
        for part in filter(None, (p.strip() for p in text.replace("\n", ";").split(";"))):
            left, equals, into = part.rpartition("=")
            names = [name.strip() for name in left.split(" + ")]
            if not (equals and into.strip() and all(names)):
                raise BadInput(f"The merge {part!r} cannot be read: write it as Winter barley + Barley = Barley.")
            found += [(name, into.strip()) for name in names if plain(name) != plain(into)]
    return tuple(dict.fromkeys(found))


def read_names(text: str) -> tuple[str, ...]:
    """Names parted by commas, semicolons or lines."""
    return tuple(filter(None, (name.strip() for name in text.replace("\n", ";").replace(",", ";").split(";"))))
