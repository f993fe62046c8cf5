"""The review table in a GeoPackage, as shared/review_table.py has it."""

from __future__ import annotations

import hashlib
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from ....shared.errors import LabelsUnusable
from ....shared.review_table import (
    FIELDS,
    HISTORY,
    LAYER,
    OPEN,
    STRATA,
    STRATA_FIELDS,
    VERSION,
    VERSION_TAG,
)
from ...access.vectors import list_layers, read_table
from ...vector.broken import BROKEN
from ...vector.geopackage import add_layer, write_layer

_EMPTY: dict[type, Any] = {str: None, int: pd.NA, float: np.nan}
_DTYPES: dict[type, str] = {str: "object", int: "Int64", float: "float64"}
HISTORY_FIELDS = {"uid": str, "field": str, "old": str, "new": str, "reviewer": str, "at": str}


def review_frame(columns: dict[str, Any], geometry: NDArray[Any], crs: Any) -> geopandas.GeoDataFrame:
    """All fields of the contract in their order; those that `columns` lacks are empty, the state is open."""
    n = len(geometry)
    given = {"status": OPEN, "blind": 0} | columns
    made = {name: _column(given.get(name), kind, n) for name, kind in FIELDS.items()}
    return geopandas.GeoDataFrame(made, geometry=geometry, crs=crs)


def _column(values: Any, kind: type, n: int) -> pd.Series:
    filled = [_EMPTY[kind]] * n if values is None else [values] * n if np.isscalar(values) else values
    return pd.Series(filled, dtype=_DTYPES[kind])


def uid_of(shapes: NDArray[Any]) -> list[str]:
    """(n,) a stable id of each geometry."""
    return [hashlib.sha256(wkb).hexdigest()[:16] for wkb in shapely.to_wkb(shapely.normalize(shapes))]


def write_review(path: str, frame: geopandas.GeoDataFrame, strata: pd.DataFrame | None = None) -> None:
    """A GeoPackage with the table, its strata where it is a sample, and an empty history."""
    write_layer(path, LAYER, frame, {VERSION_TAG: VERSION})
    if strata is not None:
        add_layer(path, STRATA, strata)
    history = pd.DataFrame({name: pd.Series([], dtype=_DTYPES[kind]) for name, kind in HISTORY_FIELDS.items()})
    add_layer(path, HISTORY, history)


def strata_frame(names: list[str], units: Any, hectares: Any, sampled: Any) -> pd.DataFrame:
    """What a sample was drawn from."""
    return pd.DataFrame(dict(zip(STRATA_FIELDS, (names, units, hectares, sampled))))


def read_strata(path: str) -> pd.DataFrame | None:
    """The strata table of a sample; None where the file has none. Raises LabelsUnusable for one that is broken."""
    try:
        names = [str(name) for name, _ in list_layers(path)]
        if STRATA not in names:
            return None
        frame = read_table(path, layer=STRATA)
    except BROKEN as error:
        raise LabelsUnusable(f"Cannot read the sample {path} ({error}): choose another file.") from None
    missing = [name for name in STRATA_FIELDS if name not in frame]
    if missing:
        raise LabelsUnusable(f"The table {STRATA} of {path} has no column {missing[0]!r}: draw the sample again.")
    return pd.DataFrame(frame)
