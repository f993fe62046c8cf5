"""Random numbers that belong to a place: the same pixel gets the same number whichever block asks for it.

Every number is a hash of (key, row, column), so any window can be computed alone. The mixing function is the public
domain `lowbias32` of C. Wellons' hash prospector. Rows and columns count 10 m pixels from the upper left corner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from ..raster.grid import Window

Floats = NDArray[np.float32]
Bits = NDArray[np.uint32]

_MEAN_BYTES, _STD_BYTES = 510.0, 147.8  # of the sum of four uniform bytes
_SPLINE_STD = 0.479  # of cubic B-spline interpolated unit noise in two dimensions: 151 / 315


def floats(values: Any) -> Floats:
    """`values` as float32, without a copy where they are."""
    return np.asarray(values, np.float32)


def key(*parts: object) -> int:
    """A 32-bit stream number for a seed and names; the same on every machine."""
    digest = hashlib.blake2b("/".join(map(str, parts)).encode(), digest_size=4).digest()
    return int.from_bytes(digest, "little")


def mix(values: Bits) -> Bits:
    """A bijection of 32-bit words whose output bits look independent."""
    x = values ^ (values >> np.uint32(16))
    x *= np.uint32(0x7FEB352D)
    x ^= x >> np.uint32(15)
    x *= np.uint32(0x846CA68B)
    x ^= x >> np.uint32(16)
    return np.asarray(x, np.uint32)


def bits(window: Window, stream: int) -> Bits:
    """(H, W) uint32: one word a pixel; rows and columns may be negative."""
    rows = np.arange(window.row, window.row + window.height, dtype=np.int64).astype(np.uint32)
    cols = np.arange(window.col, window.col + window.width, dtype=np.int64).astype(np.uint32)
    lines = mix(rows ^ np.uint32(stream))
    return mix(lines[:, None] + cols[None, :] * np.uint32(0x9E3779B1))


def uniform(words: Bits) -> NDArray[np.float64]:
    """Words as numbers inside (0, 1)."""
    return (words.astype(np.float64) + 0.5) / 4294967296.0


def normal(words: Bits) -> Floats:
    """Words as standard normal numbers within 2.6 standard deviations (no parcel is absurd)."""
    return floats(np.clip(ndtri(uniform(words)), -2.6, 2.6))


def quick_normal(words: Bits) -> Floats:
    """Words as nearly normal numbers, fast: the standardised sum of their four bytes."""
    total = np.zeros(words.shape, np.uint32)
    for shift in (0, 8, 16, 24):
        total += (words >> np.uint32(shift)) & np.uint32(255)
    return floats((total.astype(np.float32) - np.float32(_MEAN_BYTES)) * np.float32(1 / _STD_BYTES))


def speckle(window: Window, stream: int, looks: int) -> Floats:
    """(H, W) float32: gamma noise of mean 1 and variance 1 / looks, as the mean of `looks` exponential numbers."""
    base = bits(window, stream)
    product = np.ones(base.shape, np.float64)
    for look in range(looks):
        product *= uniform(mix(base ^ np.uint32(key("look", look))))
    return floats(-np.log(product) / looks)


def smooth(window: Window, stream: int, wavelength: float) -> Floats:
    """(H, W) float32, about N(0, 1): a cubic B-spline through random nodes `wavelength` pixels apart."""
    first_row, rows, row_weights = _taps(window.row, window.height, wavelength)
    first_col, cols, col_weights = _taps(window.col, window.width, wavelength)
    nodes = normal(bits(Window(first_row, first_col, int(rows[-1]) + 4, int(cols[-1]) + 4), stream))
    across = sum_taps([nodes[:, cols + k] * col_weights[k] for k in range(4)])
    down = sum_taps([across[rows + k] * row_weights[k][:, None] for k in range(4)])
    return floats(down * np.float32(1 / _SPLINE_STD))


def smooth_at(x: NDArray[np.float64], y: NDArray[np.float64], stream: int, wavelength: float) -> NDArray[np.float64]:
    """The same field as `smooth` at points (columns `x`, rows `y`, in pixels) that lie in one neighbourhood."""
    col, col_weights = _split(x / wavelength)
    row, row_weights = _split(y / wavelength)
    first_row, first_col = int(row.min()), int(col.min())
    row, col = row - first_row, col - first_col
    nodes = normal(bits(Window(first_row, first_col, int(row.max()) + 4, int(col.max()) + 4), stream))
    total = np.zeros(x.shape)
    for i in range(4):
        for j in range(4):
            total += nodes[row + i, col + j] * row_weights[i] * col_weights[j]
    return total / _SPLINE_STD


def fractal(window: Window, stream: int, wavelengths: Sequence[float], persistence: float) -> Floats:
    """(H, W) float32, about N(0, 1): the sum of smooth fields, each weaker than the one before."""
    weights = persistence ** np.arange(len(wavelengths))
    weights /= np.sqrt(np.sum(weights**2))
    layers = [
        smooth(window, key(stream, "octave", i), length) * np.float32(weights[i])
        for i, length in enumerate(wavelengths)
    ]
    return sum_taps(layers)


def sum_taps(layers: Sequence[Floats]) -> Floats:
    """The sum in the order given: a BLAS product would round differently from block to block."""
    total = layers[0]
    for layer in layers[1:]:
        total = total + layer
    return total


def _taps(first: int, count: int, wavelength: float) -> tuple[int, NDArray[np.int64], list[Floats]]:
    """First node, node index of each pixel from there, and the four spline weights of each pixel's centre."""
    node, weights = _split((np.arange(first, first + count, dtype=np.float64) + 0.5) / wavelength)
    return int(node[0]), node - node[0], [floats(w) for w in weights]


def _split(position: NDArray[np.float64]) -> tuple[NDArray[np.int64], list[NDArray[np.float64]]]:
    """Index of the first of four nodes around each position, and the uniform cubic B-spline's weights of the four."""
    whole = np.floor(position)
    f = position - whole
    weights = [(1 - f) ** 3, 3 * f**3 - 6 * f**2 + 4, -3 * f**3 + 3 * f**2 + 3 * f + 1, f**3]
    return whole.astype(np.int64) - 1, [w / 6 for w in weights]
