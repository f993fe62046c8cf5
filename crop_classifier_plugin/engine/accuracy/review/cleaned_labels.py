"""Labels for the next training: the answered units, and all units with what is best known of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np

from ....shared.legend import Legend
from ....shared.review_table import VISIT
from ....shared.texts.names import clean
from ...raster.provenance import SIMULATED_TAG
from ...vector.geopackage import write_layer
from ...vector.layer_styles import VectorStyle, add_styles, by_class, qml_text
from .answers import Answers, extended

LABELS = "labels"
ANSWER, DECLARED = "answer", "declaration"  # where a label comes from


@dataclass(frozen=True, eq=False)
class Cleaned:
    """n units of a review, each with the class to learn and where that comes from; "" = nothing is known."""

    names: list[str]
    origins: list[str]
    legend: Legend

    @property
    def known(self) -> Any:
        """(n,) whether a unit has a class."""
        return np.array([bool(name) for name in self.names], bool)


def cleaned(answers: Answers) -> Cleaned:
    """The answer where there is one, else what was declared; but nothing for a unit that waits for a visit (choice:
    whoever looked at it doubts it)."""
    names, origins = [], []
    rows = zip(answers.final, answers.frame["declared_name"].fillna(""), answers.frame["status"])
    for answer, declared, status in rows:
        told = "" if status == VISIT else clean(str(declared)).strip()
        names.append(answer or told)
        origins.append(ANSWER if answer else DECLARED if told else "")
    legend = extended(answers.legend, [name for name in names if name])[0]
    found = [legend.find(name) if name else None for name in names]
    return Cleaned([crop.name if crop else "" for crop in found], origins, legend)


def write_labels(path: str, answers: Answers, simulated: bool) -> None:
    """The answered units with their class."""
    names = [name for name in answers.final if name is not None]
    _write(path, answers.frame[answers.answered], {"crop": names}, answers.legend, simulated)


def write_cleaned(path: str, answers: Answers, simulated: bool) -> str:
    """All units with a class; returns what to say of them."""
    found = cleaned(answers)
    kept = found.known
    columns = {name: [v for v, k in zip(values, kept) if k] for name, values in _columns(found)}
    _write(path, answers.frame[kept], columns, found.legend, simulated)
    answered, declared = columns["origin"].count(ANSWER), columns["origin"].count(DECLARED)
    left = len(kept) - answered - declared
    out = f"; {left:,} of which nothing is known, or which wait for a visit, are left out" if left else ""
    return f"Cleaned labels: {answered:,} units as answered, {declared:,} as declared{out}."


def _columns(found: Cleaned) -> tuple[tuple[str, list[str]], ...]:
    return ("crop", found.names), ("origin", found.origins)


def _write(
    path: str, frame: geopandas.GeoDataFrame, columns: dict[str, list[str]], legend: Legend, simulated: bool
) -> None:
    """A layer of labels in the colours of the legend."""
    table = {"uid": frame["uid"], **columns, "status": frame["status"], "reviewer": frame["reviewer"]}
    labels = geopandas.GeoDataFrame(table, geometry=frame.geometry, crs=frame.crs)
    write_layer(path, LABELS, labels, {SIMULATED_TAG: "yes"} if simulated else None)
    if set(labels.geom_type) <= {"Polygon", "MultiPolygon"}:
        colours = {crop.name: crop.rgb for crop in legend}
        add_styles(path, LABELS, (VectorStyle("Crop", qml_text(by_class("crop", colours, "no class"))),))
