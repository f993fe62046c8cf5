"""Which pixels of a scene not to use: cloud, shadow, snow, saturation, as each product's mask says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import MaskMissing
from .scenes import BandRef, Scene

Bad = Callable[[NDArray[Any]], NDArray[np.bool_]]

# Sen2Cor scene classification: no data, saturated, cloud shadow, cloud (medium, high), cirrus, snow.
SCL_BAD = (0, 1, 3, 8, 9, 10, 11)
_FMASK_BITS = 0b00011110  # HLS v2 Fmask: cloud, adjacent to cloud, shadow, snow; 255 = fill
_QA_PIXEL_BITS = 0b00111111  # Landsat Collection 2 QA_PIXEL: fill, dilated cloud, cirrus, cloud, shadow, snow


def _scl(values: NDArray[Any]) -> NDArray[np.bool_]:
    return np.isin(values, SCL_BAD)


def _fmask(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = ((values.astype(np.uint8) & _FMASK_BITS) > 0) | (values == 255)
    return bad


def _qa_pixel(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = (values.astype(np.uint16) & _QA_PIXEL_BITS) > 0
    return bad


def _layer(values: NDArray[Any]) -> NDArray[np.bool_]:
    bad: NDArray[np.bool_] = values != 0
    return bad


_PRODUCTS: dict[str, tuple[str, Bad]] = {
    "scl": ("SCL", _scl),
    "fmask": ("Fmask", _fmask),
    "qa_pixel": ("QA_PIXEL", _qa_pixel),
}


@dataclass(frozen=True)
class Mask:
    """The mask of one scene: where to read it, and which of its values are bad. Without references: nothing is bad."""

    name: str
    refs: tuple[BandRef, ...] = ()
    bad: Bad = _layer


def mask_of(scene: Scene, source: str, layers: tuple[Scene, ...], undated: tuple[BandRef, ...]) -> Mask:
    """The mask that `source` (one of jobs.MASKS) gives for a scene. Raises MaskMissing when asked for by name."""
    if source == "none":
        return Mask("none")
    if source == "layer":
        dated = next((s.refs for s in layers if s.date == scene.date), undated)
        if not dated:
            raise MaskMissing("layer", scene.date.isoformat())
        return Mask("layer", dated, _layer)
    wanted = _PRODUCTS if source == "auto" else {source: _PRODUCTS[source]}
    for band, bad in wanted.values():
        if scene.of(band):
            return Mask(band, scene.of(band), bad)
    if source == "auto":
        return Mask("none")
    raise MaskMissing(_PRODUCTS[source][0], scene.date.isoformat())
