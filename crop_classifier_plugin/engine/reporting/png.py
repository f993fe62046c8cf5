"""Pictures in a report: PNG files of few colours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .colours import RGB


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
