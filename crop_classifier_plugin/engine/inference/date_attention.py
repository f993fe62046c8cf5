"""How much a network heeds each date, by class: a table and a page with curves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...shared.cards.card import Card
from ...shared.networks import NETWORKS
from ..execution.outputs import Outputs
from ..reporting.charts import Axis, Drawing, Margins
from ..reporting.colours import recoloured
from ..reporting.csv_table import CsvTable
from ..reporting.templates import decimal, template
from ..series.cube.model_series import ModelSeries
from .tile_pipeline import FinishedBlock

WIDTH, HEIGHT = 640, 260  # of the curves' field, in the units of the drawing
_ANY = "What the network gives as its attention to each date, 0 to 1."


class Attention:
    """Sums of attention over the mapped pixels of each class, each pixel with the weights of the cell it lies in."""

    def __init__(self, card: Card) -> None:
        self._tile, self._cell = card.tiling.tile, 0
        self._sum = np.zeros((len(card.legend), card.dates))
        self.pixels = np.zeros(len(card.legend), np.int64)  # (K,) mapped pixels of each class

    def write(self, block: FinishedBlock, valid: NDArray[np.bool_]) -> None:
        """Adds one finished window; `valid` (H, W) is where the map has a value."""
        best = block.probability.argmax(axis=0)[valid]
        self.pixels += np.bincount(best, minlength=len(self.pixels))
        for date, weights in enumerate(block.attention):
            self._sum[:, date] += np.bincount(best, weights[valid], minlength=len(self.pixels))
        self._cell = max(self._cell, block.cell)

    @property
    def means(self) -> NDArray[np.float64]:
        """(K, T); NaN for a class that was not mapped."""
        count = np.where(self.pixels > 0, self.pixels, np.nan)
        found: NDArray[np.float64] = self._sum / count[:, None]
        return found

    @property
    def per_tile(self) -> bool:
        """Whether the network tells one weight a date for a whole tile, not for the positions in it."""
        return self._cell >= self._tile

    @property
    def weights_of(self) -> str:
        """What of the image one weight is of."""
        if self.per_tile:
            return "whole tile"
        return f"cell of {self._cell} px" if self._cell > 1 else "pixel" if self._cell else ""


def write_attention(
    found: Attention, card: Card, series: ModelSeries, paths: Mapping[str, str], outputs: Outputs
) -> None:
    """The CSV at paths["attention"] and the page at paths["attention_plot"], where they are asked for."""
    if "attention" in paths:
        outputs.write_text(paths["attention"], to_csv(found, card, series))
    if "attention_plot" in paths:
        outputs.write_text(paths["attention_plot"], to_html(found, card, series))


def to_csv(found: Attention, card: Card, series: ModelSeries) -> str:
    """One row a class and date; `scenes` tells whether the date had any, `weights_of` what shares one weight."""
    table = CsvTable()
    table.writerow(["code", "class", "pixels", "date", "scenes", "attention", "weights_of"])
    for crop, pixels, means in zip(card.legend, found.pixels, found.means):
        for day, present, mean in zip(series.dates, series.present, means):
            value = "" if np.isnan(mean) else f"{mean:.6f}"
            table.writerow([crop.code, crop.name, pixels, day, "yes" if present else "no", value, found.weights_of])
    return table.text


def to_html(found: Attention, card: Card, series: ModelSeries) -> str:
    """One page without scripts or outside files."""
    rows: list[dict[str, Any]] = [
        {"name": crop.name, "colour": crop.colour, "pixels": int(pixels), "values": [float(v) for v in means]}
        for crop, pixels, means in zip(recoloured(card.legend), found.pixels, found.means)
        if pixels
    ]
    dates = [{"text": d.isoformat(), "present": bool(p)} for d, p in zip(series.dates, series.present)]
    page = template("attention.html.j2", Path(__file__).parent)
    row = NETWORKS.get(card.network)
    meaning = row.attention if row and row.attention else _ANY
    meaning += row.attention_by_place if row and not found.per_tile else ""
    return page.render(
        title=card.title,
        simulated=card.training.simulated,
        meaning=meaning,
        per_tile=found.per_tile,
        weights_of=found.weights_of,
        rows=rows,
        dates=dates,
        curves=_curves(rows, series.dates),
    )


def _curves(rows: Sequence[dict[str, Any]], dates: Sequence[dt.date]) -> Drawing:
    """A line a class over the dates."""
    top = max((value for row in rows for value in row["values"]), default=0.0) or 1.0
    up, first = Axis(0, top, HEIGHT, upright=True), dates[0].toordinal()
    across = Axis(first, max(dates[-1].toordinal(), first + 1), WIDTH)
    positions = [across(day.toordinal()) for day in dates]
    drawing = Drawing(WIDTH, HEIGHT, Margins(55, 15, 20, 80), "Attention to each date, by class")
    drawing.grid(up.ticks())
    for row in rows:
        points = [(x, up(value)) for x, value in zip(positions, row["values"])]
        titles = [f"{row['name']}, {day}: {decimal(value)}" for day, value in zip(dates, row["values"])]
        drawing.curve(points, titles, row["name"], row["colour"])
    for x, day in zip(positions, dates):
        turned = f"translate({x + 4:g},{HEIGHT + 12}) rotate(-60)"
        drawing.add("text", day.isoformat(), transform=turned, text_anchor="end")
    return drawing
