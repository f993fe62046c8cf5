"""The classes that labels name: the legend where none is given, and whether there are parcels enough of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from ...shared.errors import LabelsUnusable
from ...shared.legend import CropClass, Legend, plain
from ..execution.reporter import Reporter
from ..reporting.colours import Uncoloured, colours_of
from ..reporting.sentences import listed
from .class_names import MOST_CODE


def legend_of(labels: Counter[str]) -> Legend:
    """One class a label, in the order of their names (numbers by size); spellings of one name are one.

    Numbers are their own codes where all labels are such; else the codes count from 1.
    """
    names: dict[str, str] = {}
    for label in sorted(labels, key=_order):
        names.setdefault(plain(label), label)
    colours = colours_of([Uncoloured((name,)) for name in names.values()])
    return Legend(tuple(map(CropClass, _codes(names), names.values(), colours)))


def _order(label: str) -> tuple[bool, int, str]:
    text = plain(label)
    return not text.isdecimal(), int(text) if text.isdecimal() else 0, text


def _codes(names: Collection[str]) -> Sequence[int]:
    numbers = [int(name) for name in names if name.isdecimal()]
    kept = len(set(numbers)) == len(names) and all(1 <= number <= MOST_CODE for number in numbers)
    return numbers if kept else range(1, len(names) + 1)


def one_legend(rasters: Sequence[tuple[str, Legend, Collection[int]]]) -> Legend:
    """Of class rasters of the same labels: path, legend, and the codes that the raster does not name itself.

    A code that one of them names has that name in all. Raises LabelsUnusable where two name it differently.
    """
    classes: dict[int, CropClass] = {}
    named: dict[int, str] = {}
    for path, legend, unnamed in rasters:
        for crop in legend:
            known = classes.setdefault(crop.code, crop)
            if crop.code in unnamed:
                continue
            if crop.code in named and plain(known.name) != plain(crop.name):
                raise LabelsUnusable(
                    f"The code {crop.code} is {known.name} in {named[crop.code]} and {crop.name} in {path}: give all "
                    "rasters the same codes, or a legend."
                )
            classes[crop.code] = crop
            named[crop.code] = path
    return Legend(tuple(classes[code] for code in sorted(classes)))


def without_zero(legend: Legend, reporter: Reporter) -> Legend:
    """The legend of a model that learns the classes of `legend`: 0, which is no data in its maps, takes a free code and
    stays its alias."""
    zero = next((crop for crop in legend if not crop.code), None)
    if zero is None:
        return legend
    code = next(c for c in range(max(legend.codes) + 1, 0, -1) if c <= MOST_CODE and c not in legend.codes)
    reporter.log(f"The class {zero.name} gets the code {code} in the model's maps, where 0 means no data.")
    moved = replace(zero, code=code, aliases=(*zero.aliases, "0"))
    others = (crop for crop in legend if crop is not zero)
    return Legend(tuple(sorted((*others, moved), key=lambda crop: crop.code)))


def check_parcels(labels: Counter[str], legend: Legend, least: int) -> None:
    """`labels`: polygons a label. Raises LabelsUnusable where the legend knows none, or a class has too few."""
    counts: Counter[str] = Counter()
    for label, number in labels.items():
        crop = legend.find(label)
        counts[crop.name if crop else ""] += number
    del counts[""]
    if not counts:
        raise LabelsUnusable(f"No label is in the legend (labels: {listed(sorted(labels))}): choose another legend.")
    _refuse_rare(counts, least, "")


def check_regions(counts: Sequence[int], legend: Legend, least: int) -> None:
    """`counts` (K,): connected regions of each class of a class raster; a class that it lacks is not asked for."""
    found = Counter({name: count for name, count in zip(legend.names, counts) if count})
    _refuse_rare(found, least, "; a connected region of a class is a parcel")


def _refuse_rare(counts: Counter[str], least: int, remark: str) -> None:
    """Raises LabelsUnusable for classes with fewer parcels."""
    few = [f"{name} has {number}" for name, number in counts.items() if number < least]
    if few:
        raise LabelsUnusable(
            f"Too few parcels on the series ({listed(few)}, at least {least} are asked for{remark}): label more "
            "parcels, leave the class out, or ask for fewer."
        )
