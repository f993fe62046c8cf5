"""The classes that labels name, where no legend is given."""

from __future__ import annotations

from collections import Counter

from ..accuracy.names import distinct_colour
from ..legend import CropClass, Legend, plain

_PALETTE = (
    "#e3b505",
    "#4f9d4e",
    "#c8553d",
    "#7b4b94",
    "#3f88c5",
    "#f2845c",
    "#9bc53d",
    "#8c5e3c",
    "#e377c2",
    "#2ca9a1",
)


def legend_of(labels: Counter[str]) -> Legend:
    """One class a label, in the order of their names (numbers by size); spellings that differ in case are one."""
    names: dict[str, str] = {}
    for label in sorted(labels, key=lambda text: (not text.isdigit(), int(text) if text.isdigit() else 0, plain(text))):
        names.setdefault(plain(label), label)
    return Legend(tuple(CropClass(i + 1, name, _colour(i)) for i, name in enumerate(names.values())))


def _colour(index: int) -> str:
    if index < len(_PALETTE):
        return _PALETTE[index]
    red, green, blue = distinct_colour(index)
    return f"#{red:02x}{green:02x}{blue:02x}"
