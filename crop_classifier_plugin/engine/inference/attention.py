"""How much a network heeds each date, by class: a table and a page with curves."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..accuracy.report import template
from ..card import Card
from ..outputs import Outputs
from ..raster.grid import Grid, Window
from ..raster.tiles import Tiling
from ..runtime.base import Float
from ..series.feed import Feed
from .area import Area
from .pipeline import Tile, least

WIDTH, HEIGHT = 640, 260  # of the curves' field, in the units of the drawing
MEANINGS = {  # what a weight is, by network; the words of the networks' attend()
    "attention_3dcnn": "The temporal attention of the network, 0 to 1 for each date on its own.",
    "lrtacf_net": "The attention at the lowest resolution, averaged over heads and places; the dates share 1.",
    "cropsts": "The attention of L-TAE, averaged over heads, places and levels; the dates share 1.",
}
_ANY = "What the network gives as its attention to each date, 0 to 1."


class Attention:
    """Sums of attention over the mapped pixels of each class.

    A network tells one weight a date for a whole tile: a class's mean is over its pixels, each with the weights of the
    tiles it was blended from.
    """

    def __init__(self, card: Card, grid: Grid, part: Window, area: Area | None) -> None:
        self._grid, self._part, self._area, self._least = grid, part, area, least(card)
        tiling = Tiling.for_network(card.tile, card.overlap, card.receptive_radius)
        self._weights = tiling.weights()
        self._whole = _total(tiling, grid.height), _total(tiling, grid.width)
        self._sum = np.zeros((len(card.legend), card.dates))
        self._pixels = np.zeros(len(card.legend))

    def __call__(self, tile: Tile, probability: Float, attention: Float, cols: tuple[int, int]) -> None:
        """Adds a tile: probability (K,size,size), attention (T,); its pixels count in the columns [first, end)."""
        size = self._weights.shape[0]
        top, bottom = max(tile.row, self._part.row), min(tile.row + size, self._part.row + self._part.height)
        left, right = max(tile.col, cols[0]), min(tile.col + size, cols[1])
        if top >= bottom or left >= right:
            return
        here = slice(top - tile.row, bottom - tile.row), slice(left - tile.col, right - tile.col)
        enough = tile.seen.sum(axis=0)[here] >= self._least
        whole = np.outer(self._whole[0][top:bottom], self._whole[1][left:right])
        weight = np.where(enough, self._weights[here] / whole, 0)
        if self._area:
            weight = weight * self._area.inside(self._grid.sub(Window(top, left, bottom - top, right - left)))
        best = probability.argmax(axis=0)[here]
        pixels = np.bincount(best.ravel(), weights=weight.ravel(), minlength=len(self._pixels))
        self._pixels += pixels
        self._sum += pixels[:, None] * attention[None, :]

    @property
    def pixels(self) -> NDArray[np.int64]:
        """(K,) mapped pixels of each class."""
        return np.rint(self._pixels).astype(np.int64)

    @property
    def means(self) -> NDArray[np.float64]:
        """(K, T); NaN for a class that was not mapped."""
        count = np.where(self.pixels > 0, self._pixels, np.nan)
        found: NDArray[np.float64] = self._sum / count[:, None]
        return found


def _total(tiling: Tiling, length: int) -> Float:
    """(length,): the sum of all tiles' ramps along an axis, which is not 1 at the raster's edges."""
    total = np.zeros(length, np.float32)
    for start in tiling.starts(length):
        first, end = max(start, 0), min(start + tiling.size, length)
        total[first:end] += tiling.ramp()[first - start : end - start]
    return total


def write_attention(found: Attention, card: Card, feed: Feed, paths: Mapping[str, str], outputs: Outputs) -> None:
    """The CSV at paths["attention"] and the page at paths["attention_plot"], where they are asked for."""
    if "attention" in paths:
        outputs.write_text(paths["attention"], to_csv(found, card, feed))
    if "attention_plot" in paths:
        outputs.write_text(paths["attention_plot"], to_html(found, card, feed))


def to_csv(found: Attention, card: Card, feed: Feed) -> str:
    """One row a class and date; `scenes` tells whether the date had any."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["code", "class", "pixels", "date", "scenes", "attention"])
    for crop, pixels, means in zip(card.legend, found.pixels, found.means):
        for day, present, mean in zip(feed.dates, feed.present, means):
            value = "" if np.isnan(mean) else f"{mean:.6f}"
            table.writerow([crop.code, crop.name, pixels, day, "yes" if present else "no", value])
    return text.getvalue()


def to_html(found: Attention, card: Card, feed: Feed) -> str:
    """One page without scripts or outside files."""
    means = found.means
    top = float(np.nanmax(means, initial=0.0)) or 1.0
    first, last = feed.dates[0].toordinal(), feed.dates[-1].toordinal()
    across = [round(WIDTH * (d.toordinal() - first) / max(last - first, 1), 1) for d in feed.dates]

    def height(value: float) -> float:
        return round(HEIGHT * (1 - value / top), 1)

    rows: list[dict[str, Any]] = []
    for crop, pixels, row in zip(card.legend, found.pixels, means):
        if pixels:
            points = [(x, height(v)) for x, v in zip(across, row)]
            line = " ".join(f"{x:g},{y:g}" for x, y in points)
            values = [float(v) for v in row]
            facts = {"name": crop.name, "colour": crop.colour, "pixels": int(pixels), "values": values}
            rows.append(facts | {"line": line, "points": points})
    dates = [{"text": d.isoformat(), "x": x, "present": bool(p)} for d, x, p in zip(feed.dates, across, feed.present)]
    ticks = [(height(top * i / 4), f"{top * i / 4:.2f}") for i in range(5)]
    page = template("attention.html.j2", Path(__file__).parent)
    meaning = MEANINGS.get(card.network, _ANY)
    return page.render(
        title=card.title,
        simulated=card.simulated,
        meaning=meaning,
        rows=rows,
        dates=dates,
        ticks=ticks,
        width=WIDTH,
        height=HEIGHT,
    )
