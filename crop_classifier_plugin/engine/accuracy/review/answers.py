"""An answered review table: which unit has which class now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray

from ....shared.errors import BadInput
from ....shared.legend import CropClass, Legend
from ....shared.review_table import ACCEPTED, ANSWERED, FIELDS, LAYER, RELABELLED, STATES, VERSION, VERSION_TAG
from ....shared.texts.names import clean
from ...access.vectors import read_features, read_info
from ...reporting.colours import colour_of
from ...reporting.sentences import listed
from ...vector.broken import BROKEN, moving


@dataclass(frozen=True, eq=False)
class Answers:
    """The rows of a review table, with the class that each answered one has now."""

    frame: geopandas.GeoDataFrame  # all rows
    final: list[str | None]  # (n,) the class after the review; None = not answered
    legend: Legend  # of the map, and behind it the classes that only the review knows
    added: tuple[str, ...]  # these

    @property
    def answered(self) -> NDArray[np.bool_]:
        """(n,) whether each was answered."""
        return np.array([name is not None for name in self.final], bool)

    @property
    def relabelled(self) -> NDArray[np.bool_]:
        """(n,) whether each was given another class than the map's."""
        return self.answered & (self.frame["status"] == RELABELLED).to_numpy()


def read_answers(path: str, legend: Legend) -> Answers:
    """Raises BadInput in a sentence for what is no review table, or has states or answers that cannot be meant."""
    frame = _read(path)
    states = sorted(set(frame["status"].dropna().astype(str)) - set(STATES))
    if states:
        raise BadInput(f"The review {path} has the state {listed(states)}: use {', '.join(STATES)}.")
    unnamed = frame[(frame["status"] == RELABELLED) & frame["review_name"].fillna("").astype(str).str.strip().eq("")]
    if len(unnamed):
        raise BadInput(
            f"{len(unnamed):,} units of the review {path} are relabelled without a class "
            f"(as {unnamed['uid'].iloc[0]}): fill in review_name, or set them open."
        )
    known = frame["status"].isin(ANSWERED)
    said = frame["review_name"].where(frame["status"] != ACCEPTED, frame["map_name"])
    names = [clean(str(name)).strip() if answered else None for name, answered in zip(said, known)]
    if not any(names):
        raise BadInput(f"No unit of the review {path} has an answer: look at them first.")
    whole, added = extended(legend, [name for name in names if name])
    final = [None if name is None else _in(whole, name).name for name in names]
    return Answers(frame, final, whole, added)


def _read(path: str) -> geopandas.GeoDataFrame:
    try:
        info = read_info(path, layer=LAYER)
        frame = read_features(path, layer=LAYER)
    except BROKEN as error:
        raise BadInput(f"Cannot read the review {path} ({error}): choose a file with the layer {LAYER}.") from None
    version = (info["layer_metadata"] or {}).get(VERSION_TAG, VERSION)
    missing = [name for name in FIELDS if name not in frame]
    if missing or version != VERSION:
        why = f"it has no field {missing[0]!r}" if missing else f"it is of version {version}, not {VERSION}"
        raise BadInput(f"The review {path} cannot be read ({why}): make the list again.")
    return frame


def extended(legend: Legend, names: list[str]) -> tuple[Legend, tuple[str, ...]]:
    """The legend with classes behind it that it does not name."""
    classes, added = list(legend), []
    for name in names:
        if Legend(tuple(classes)).find(name) is None:
            code = max(crop.code for crop in classes) + 1
            classes.append(CropClass(code, name, colour_of(name, classes)))
            added.append(name)
    return Legend(tuple(classes)), tuple(added)


def _in(legend: Legend, name: str) -> CropClass:
    found = legend.find(name)
    assert found is not None  # extended has added it
    return found


def shapes_on(frame: geopandas.GeoDataFrame, crs: Any) -> NDArray[Any]:
    """The units' geometries in another coordinate system, valid."""
    with moving("the review"):
        moved: NDArray[Any] = frame.geometry.to_crs(crs.to_wkt()).to_numpy()
    return np.asarray(shapely.make_valid(moved))
