"""A picture holds each pixel's colour, by the PNG specification's own words."""

from __future__ import annotations

import struct
import zlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.reporting.png import png, png_uri

COLOUR = st.tuples(*[st.integers(0, 255)] * 3)


def decoded(data: bytes) -> np.ndarray:
    """(H, W, 3) of a PNG file of colour type 3 without filters or interlacing (W3C PNG specification, section 11)."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks: dict[bytes, bytes] = {}
    at = 8
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack(">I", data[at + 8 + size : at + 12 + size]) == (zlib.crc32(kind + body),)
        chunks[kind] = chunks.get(kind, b"") + body
        at += 12 + size
    width, height, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [8, 3, 0, 0, 0]
    rows = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not rows[:, 0].any(), "a filter"
    return np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)[rows[:, 1:]]


@given(st.lists(COLOUR, min_size=1, max_size=256), st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1))
def test_each_pixel_has_its_colour(palette: list[tuple[int, int, int]], height: int, width: int, seed: int) -> None:
    positions = np.random.default_rng(seed).integers(0, len(palette), (height, width)).astype(np.uint8)
    found = decoded(png(positions, palette))
    np.testing.assert_array_equal(found, np.array(palette, np.uint8)[positions])


def test_a_page_takes_it_as_a_data_uri() -> None:
    assert png_uri(np.zeros((2, 2), np.uint8), [(1, 2, 3)]).startswith("data:image/png;base64,iVBORw0KGgo")
