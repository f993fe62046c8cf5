"""A small picture of the agreement layer, for the report."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Sequence

import numpy as np
import rasterio
from numpy.typing import NDArray
from rasterio.enums import Resampling

from ..raster.sidecars import RGB
from .layers import AGREEMENT, NODATA

LONGEST = 800  # px, of the picture's longer side
NOT_COMPARED: RGB = (222, 229, 224)


def agreement_picture(path: str) -> str:
    """The layer at `path` as a data URI, at most LONGEST px wide and high.

    Every so many pixels one is shown: the commonest of each group would flatter a good map and blacken a bad one.
    """
    with rasterio.open(path) as file:
        shrink = max(1.0, max(file.shape) / LONGEST)
        shape = tuple(max(1, round(side / shrink)) for side in file.shape)
        values = file.read(1, out_shape=shape, resampling=Resampling.nearest)
    positions = np.where(values == NODATA, len(AGREEMENT), values).astype(np.uint8)
    picture = png(positions, [*(row.rgb for row in AGREEMENT), NOT_COMPARED])
    return "data:image/png;base64," + base64.b64encode(picture).decode("ascii")


def png(positions: NDArray[np.uint8], palette: Sequence[RGB]) -> bytes:
    """(H, W) positions in a palette as a PNG file (W3C PNG specification, colour type 3)."""
    height, width = positions.shape
    rows = np.pad(positions, ((0, 0), (1, 0)))  # each row starts with its filter, 0 = none
    parts = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
        (b"PLTE", bytes(channel for rgb in palette for channel in rgb)),
        (b"IDAT", zlib.compress(rows.tobytes(), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
