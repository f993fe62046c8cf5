"""Pictures in a report: PNG files of few colours, by GDAL."""

from __future__ import annotations

import base64
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import NotGeoreferencedWarning
from rasterio.io import MemoryFile

from .colours import RGB


def png(positions: NDArray[np.uint8], palette: Sequence[RGB]) -> bytes:
    """(H, W) positions in a palette of at most 256 colours as a PNG file."""
    height, width = positions.shape
    with MemoryFile() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # a picture lies nowhere
        with file.open(driver="PNG", width=width, height=height, count=1, dtype="uint8", ZLEVEL=6) as picture:
            picture.write(positions, 1)
            picture.write_colormap(1, dict(enumerate(palette)))
        data: bytes = file.read()
    return data


def rgb_png(values: NDArray[np.uint8]) -> bytes:
    """(3, H, W) red, green and blue as a PNG file."""
    _, height, width = values.shape
    with MemoryFile() as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with file.open(driver="PNG", width=width, height=height, count=3, dtype="uint8") as picture:
            picture.write(values)
        data: bytes = file.read()
    return data


def png_uri(positions: NDArray[np.uint8], palette: Sequence[RGB]) -> str:
    """The same as a data URI, for a page without outside files."""
    return "data:image/png;base64," + base64.b64encode(png(positions, palette)).decode("ascii")
