"""What a reference calls its values, and which class of a legend is meant by it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...shared.errors import BadInput
from ...shared.legend import Legend, plain
from ..reporting.sentences import listed


@dataclass(frozen=True)
class Label:
    """What the reference calls something: its value as text, and the name that its file gives the value."""

    text: str
    name: str = ""
    aliases: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.text} ({self.name})" if self.name else self.text


class Matcher:
    """From a reference's label to a position in the map's legend.

    The job's own mapping wins, by value or by name. Then the name that the reference gives its value, or its aliases,
    then the value as an alias in the map's legend.
    A bare number is taken for the map's code only where neither side has another word for it: 3 may be wheat here and
    maize there, and where classes are called by numbers of their own it is a name (Legend.find).
    """

    def __init__(self, legend: Legend, mapping: Sequence[tuple[str, str]]) -> None:
        self._legend = legend
        self._mapping: dict[str, int] = {}
        for label, name in mapping:
            target = self._target(label, name)
            if self._mapping.setdefault(plain(label), target) != target:
                raise BadInput(f"The mapping gives {label!r} two classes: give it one.")

    def position(self, label: Label) -> int | None:
        """Of the class that `label` means; None when it is outside the legend."""
        for said in (label.text, label.name):
            if said and plain(said) in self._mapping:
                return self._mapping[plain(said)]
        if not label.name:
            found = self._legend.find(label.text)
        else:
            words = (label.name, *label.aliases, label.text)
            found = next(filter(None, map(self._legend.named, words)), None)
        return None if found is None else self._legend.classes.index(found)

    def _target(self, label: str, name: str) -> int:
        found = self._legend.find(name)
        if found is None:
            raise BadInput(
                f"The mapping takes {label!r} to {name!r}, which the map does not have: "
                f"use one of its classes ({listed(self._legend.names)})."
            )
        return self._legend.classes.index(found)
