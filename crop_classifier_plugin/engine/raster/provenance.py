"""What is made of simulated scenes says so too."""

from __future__ import annotations

from collections.abc import Iterable

import rasterio

SIMULATED_TAG = "SIMULATED"  # what the season simulator writes into every file


def simulated(paths: Iterable[str]) -> bool:
    """Whether one of these rasters is marked as simulated."""
    for path in sorted(paths):
        with rasterio.open(path) as file:
            if SIMULATED_TAG in file.tags():
                return True
    return False


def marks(paths: Iterable[str]) -> dict[str, str]:
    """The tags that a raster made of these must carry."""
    return {SIMULATED_TAG: "yes"} if simulated(paths) else {}
