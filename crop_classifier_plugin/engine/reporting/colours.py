"""Colours of classes that have none of their own."""

from __future__ import annotations

import colorsys

RGB = tuple[int, int, int]


def distinct_colour(index: int) -> RGB:
    """A colour far from its neighbours': hues by the golden angle (choice)."""
    red, green, blue = colorsys.hls_to_rgb((0.12 + index * 0.618034) % 1, 0.45 + 0.12 * (index % 3), 0.6)
    return round(255 * red), round(255 * green), round(255 * blue)
