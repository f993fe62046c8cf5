"""s2cloudless: a gradient-boosted forest over the ten bands of a pixel, then a mean and a margin around it.

Zupanc (2017), "Improving cloud detection with machine learning", Sentinel Hub blog; package s2cloudless 1.7, whose
trees (a text file of LightGBM) are read. The package itself would bring OpenCV and a client of a web service.
"""

from __future__ import annotations

from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from .....shared.errors import CloudsMissing
from ...scenes.quantity import Float

BANDS = ("B01", "B02", "B04", "B05", "B08", "B8A", "B09", "B10", "B11", "B12")  # in the order of the trees' features
HALO = 2  # px around a window that its mask hangs on
_TREES = "s2cloudless/models/pixel_s2_cloud_detector_lightGBM_v0.1.txt"
_DISK = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.float32)  # of 1 px, as the package's defaults have it


class CloudDetector:
    """The trees, read once."""

    def __init__(self) -> None:
        """Raises CloudsMissing where s2cloudless or LightGBM is not installed."""
        try:
            from lightgbm import Booster
        except (ImportError, OSError):  # LightGBM needs a library for threads (libgomp) of the system
            raise CloudsMissing("lightgbm") from None
        self._trees: Any = Booster(model_file=str(trees()))

    def probability(self, cube: Float) -> Float:
        """(10, H, W) top-of-atmosphere reflectance 0-1 of BANDS -> (H, W) probability of cloud; NaN = no data."""
        seen = ~np.isnan(cube).any(axis=0)
        found = np.full(seen.shape, np.nan, np.float32)
        if seen.any():
            found[seen] = self._trees.predict(np.ascontiguousarray(cube[:, seen].T))
        return found


def trees() -> Path:
    """The file of the trees. Raises CloudsMissing."""
    try:
        path = Path(str(metadata.distribution("s2cloudless").locate_file(_TREES)))
    except metadata.PackageNotFoundError:
        raise CloudsMissing("s2cloudless") from None
    if not path.is_file():
        raise CloudsMissing("s2cloudless")
    return path


def mask_of(probability: Float, threshold: float) -> NDArray[np.bool_]:
    """(H, W) probabilities, NaN = no data -> (H, W): cloud. No data counts as clear around it."""
    mean = ndimage.correlate(np.nan_to_num(probability, nan=0.0), _DISK / _DISK.sum(), mode="reflect")
    return np.asarray(ndimage.binary_dilation(mean > threshold, _DISK > 0))
