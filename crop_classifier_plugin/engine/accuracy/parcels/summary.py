"""One row a parcel: what grows there by the map, how sure it is, and whether that is what was declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ....shared.cards.calibration import ParcelCalibration
from ....shared.legend import Legend
from ...labels.matching import Label, Matcher
from ..calibration.scaling import parcel_confidence
from ..doubt import entropy_of
from .parcel_layer import ParcelLayer

Floats = NDArray[np.float64]

AGREES, DISAGREES, UNKNOWN = "yes", "no", "not known"
FIELDS = {  # name -> what it says
    "uid": "id of the parcel",
    "map_class": "code of the crop that most of the parcel has",
    "map_name": "the same by name",
    "map_share": "share of the mapped part that has it, 0 to 1",
    "map_prob": "chance that it is right, 0 to 1: calibrated where the model's card tells how, else mean_prob",
    "mean_prob": "mean probability of it over the pixels, 0 to 1",
    "second_name": "the next crop: by probability where that is known, else by share",
    "second_prob": "mean probability of it; without probabilities, its share",
    "entropy": "of the mean probabilities: 0 = sure, 1 = nothing known",
    "margin": "mean probability of the crop less that of the next",
    "pixels": "mapped pixels, parts of pixels included",
    "mapped_share": "share of the parcel that the map covers, 0 to 1",
    "valid_dates": "mean number of usable dates",
    "area_ha": "hectares on the ellipsoid",
    "declared_name": "what was declared, in the map's word where it has one",
    "agreement": "whether map and declaration agree",
}


@dataclass(frozen=True, eq=False)
class Measured:
    """P parcels of K classes, as the rasters have them."""

    coverage: Floats  # (P, K) pixels of each class
    probabilities: Floats | None  # (P, K) mean of each class; None = not asked for
    valid_dates: Floats | None  # (P,)
    hectares: Floats  # (P,)
    pixel_hectares: Floats  # (P,) of a pixel where the parcel lies
    calibration: ParcelCalibration | None = None  # what a mean probability says of a parcel

    @property
    def pixels(self) -> Floats:
        """(P,) mapped pixels."""
        total: Floats = self.coverage.sum(axis=1)
        return total

    @property
    def best(self) -> NDArray[np.int64]:
        """(P,) position of the class with the largest share; -1 where the map has none."""
        return np.where(self.pixels > 0, self.coverage.argmax(axis=1), -1)


def summary_table(layer: ParcelLayer, measured: Measured, legend: Legend, matcher: Matcher) -> geopandas.GeoDataFrame:
    """The user's own fields, then FIELDS; those of the user that are called so get `_before` behind their name."""
    names, codes = np.array(legend.names, object), np.array(legend.codes)
    best, pixels = measured.best, measured.pixels
    known = best >= 0
    declared, agreement = _agreement(layer, best, legend, matcher)
    columns: dict[str, Any] = {
        "uid": layer.uids,
        "map_class": pd.arrays.IntegerArray(codes[best].astype(np.int64), ~known),
        "map_name": _named(known, names[best]),
        "map_share": _where(known, _at(measured.coverage, best) / np.maximum(pixels, 1e-12)),
        **_doubt(measured, best, names),
        "pixels": pixels,
        "mapped_share": np.clip(pixels * measured.pixel_hectares / np.maximum(measured.hectares, 1e-12), 0, 1),
        "valid_dates": np.nan if measured.valid_dates is None else measured.valid_dates,
        "area_ha": measured.hectares,
        "declared_name": declared,
        "agreement": agreement,
    }
    own = layer.frame.drop(columns=layer.frame.geometry.name)
    own = own.rename(columns={name: f"{name}_before" for name in own.columns if name.lower() in FIELDS})
    table = own.assign(**columns)
    return geopandas.GeoDataFrame(table, geometry=layer.frame.geometry.to_numpy(), crs=layer.frame.crs)


def _doubt(measured: Measured, best: NDArray[np.int64], names: NDArray[Any]) -> dict[str, Any]:
    """Probability of the crop, the next crop, entropy and margin."""
    weights = measured.coverage if measured.probabilities is None else np.nan_to_num(measured.probabilities)
    known = best >= 0
    others = weights.copy()
    others[np.arange(len(best))[known], best[known]] = -1
    second = others.argmax(axis=1)
    there = known & (_at(others, second) > 0)
    told: dict[str, Any] = {"second_name": _named(there, names[second])}
    if measured.probabilities is None:
        shares = _at(others, second) / np.maximum(measured.pixels, 1e-12)
        nothing = np.full(len(best), np.nan)
        return {
            "map_prob": nothing,
            "mean_prob": nothing,
            **told,
            "second_prob": _where(there, shares),
            "entropy": nothing,
            "margin": nothing,
        }
    first, next_one = _at(measured.probabilities, best), _at(measured.probabilities, second)
    return {
        "map_prob": _where(known, parcel_confidence(first, measured.calibration)),
        "mean_prob": _where(known, first),
        **told,
        "second_prob": _where(there, next_one),
        "entropy": _where(known, entropy_of(measured.probabilities.T)),
        "margin": _where(known, first - np.where(there, next_one, 0)),
    }


def _agreement(
    layer: ParcelLayer, best: NDArray[np.int64], legend: Legend, matcher: Matcher
) -> tuple[NDArray[Any], NDArray[np.str_]]:
    """What was declared, by the map's name where it has one; and whether the map says so."""
    which, texts = pd.factorize(np.array(layer.declared, object))
    found = [matcher.position(Label(text)) for text in texts]
    names = [text if place is None else legend.classes[place].name for text, place in zip(texts, found)]
    places = np.array([*(-2 if place is None else place for place in found), -2], np.int64)[which]
    agreement = np.where((which < 0) | (best < 0), UNKNOWN, np.where(places == best, AGREES, DISAGREES))
    return np.array([*names, None], object)[which], agreement


def _at(values: Floats, places: NDArray[np.int64]) -> Floats:
    """(P,) from (P, K); the last where a place is -1, which _where puts out of sight."""
    chosen: Floats = values[np.arange(len(places)), places]
    return chosen


def _named(known: NDArray[np.bool_], names: NDArray[Any]) -> NDArray[Any]:
    named: NDArray[Any] = np.where(known, names, np.array(None, object))
    return named


def _where(known: NDArray[np.bool_], values: NDArray[np.floating]) -> Floats:
    return np.where(known, values, np.nan).astype(np.float64)
