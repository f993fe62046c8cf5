"""A small picture of the agreement layer, for the report."""

from __future__ import annotations

import numpy as np
from rasterio.enums import Resampling

from ...access.rasters import open_raster
from ...reporting.colours import RGB
from ...reporting.png import png_uri
from .error_layers import AGREEMENT, NODATA

LONGEST = 800  # px, of the picture's longer side
NOT_COMPARED: RGB = (222, 229, 224)


def agreement_picture(path: str) -> str:
    """The layer at `path` as a data URI, at most LONGEST px wide and high.

    Every so many pixels one is shown: the commonest of each group would flatter a good map and blacken a bad one.
    """
    with open_raster(path) as file:
        shrink = max(1.0, max(file.shape) / LONGEST)
        shape = tuple(max(1, round(side / shrink)) for side in file.shape)
        values = file.read(1, out_shape=shape, resampling=Resampling.nearest)
    positions = np.where(values == NODATA, len(AGREEMENT), values).astype(np.uint8)
    return png_uri(positions, [*(row.rgb for row in AGREEMENT), NOT_COMPARED])
