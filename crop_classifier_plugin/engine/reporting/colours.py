"""One crop, one colour: by its name, from the user's own legend or the project's table of crops."""

from __future__ import annotations

import colorsys
import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import count

from ... import assets
from ...shared.legend import CropClass, Legend

RGB = tuple[int, int, int]
VARIABLE = "CROP_CLASSIFIER_LEGEND"  # environment: a legend of the user's own, whose colours win everywhere
_CROPS = "crops"  # the project's table; its first twelve are the default palette that everybody can tell apart


@dataclass(frozen=True)
class Uncoloured:
    """A class on its way into a legend."""

    names: tuple[str, ...]  # its name, then its aliases
    rgb: RGB | None = None  # that its file gives it


@lru_cache(maxsize=4096)
def distinct_colour(index: int) -> RGB:
    """The colours of the table of crops in their order; then hues by the golden angle (choice)."""
    crops = _table(assets.legend(_CROPS)).classes
    if index < len(crops):
        return crops[index].rgb
    red, green, blue = colorsys.hls_to_rgb((0.12 + index * 0.618034) % 1, 0.45 + 0.12 * (index % 3), 0.6)
    return round(255 * red), round(255 * green), round(255 * blue)


def colours_of(classes: Sequence[Uncoloured], taken: Collection[str] = ()) -> list[str]:
    """A colour a class: the user's, else its file's, else its crop's; no other class has it that its file did not give
    it to. `taken`: of classes that stand in the legend already."""
    own = [_named(_own(), each.names) or (_hex(each.rgb) if each.rgb else None) for each in classes]
    used = {*taken, *filter(None, own)}
    found = [colour or _free(_named(_table(assets.legend(_CROPS)), c.names), used) for colour, c in zip(own, classes)]
    free = (each for each in map(_hex, map(distinct_colour, count())) if each not in used)
    return [colour or next(free) for colour in found]


def colour_of(name: str, legend: Collection[CropClass]) -> str:
    """Of a class that comes into a legend."""
    return colours_of((Uncoloured((name,)),), {crop.colour for crop in legend})[0]


def recoloured(legend: Legend) -> Legend:
    """With the colours that the user's own legend gives its classes."""
    own = _own()
    colours = [_named(own, (crop.name, *crop.aliases)) or crop.colour for crop in legend]
    return Legend(tuple(replace(crop, colour=colour) for crop, colour in zip(legend, colours)))


def _own() -> Legend | None:
    """The user's legend. Raises BadInput for one that cannot be read."""
    path = os.environ.get(VARIABLE, "")
    return _table(path) if path else None


@lru_cache(maxsize=8)
def _table(path: str) -> Legend:
    return Legend.load(path)


def _named(legend: Legend | None, names: Sequence[str]) -> str | None:
    """The colour of the first of these names that the legend knows."""
    if legend is None:
        return None
    crop = next(filter(None, map(legend.named, names)), None)
    return crop.colour if crop else None


def _free(colour: str | None, used: set[str]) -> str | None:
    """The colour, which from now on is used; None where it was before."""
    if colour is None or colour in used:
        return None
    used.add(colour)
    return colour


def _hex(rgb: RGB) -> str:
    return "#{:02x}{:02x}{:02x}".format(*rgb)
