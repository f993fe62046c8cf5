"""What STARFM did on the real images, as results."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from statistics import median

from ..results import Cell, Column, Heading, Results, Table, Text
from .between import Between
from .study import Agreement, Case

_RMSE = "{rmse:.4f} ({bias:+.4f})", "**{rmse:.4f}** ({bias:+.4f})"
_ABOUT = (
    "444 x 444 px of 30 m, 7 August (day 220) and 30 August (day 243). RMSE (bias) against the real Landsat image of "
    "the target's day. Landsat is at the top of the atmosphere, MODIS at the surface: the bare MODIS image pays for "
    "that with its bias."
)
_WHY = (
    "Why: between these two days MODIS does not see the change that Landsat sees. Mean change from day 220 to 243, and "
    "the correlation of the two sensors' change over pixels, as they are and as means of 510 m (17 px):"
)


_BETWEEN = (
    "640 x 640 m of Flanders, Sentinel-2 NDVI of 10 m, April to October 2019. Each clear date is hidden, and made "
    "again of the clear dates one, two or three before and after it. The coarse images are means of the fine ones, of "
    "the same day: the best coarse sensor there can be, so that STARFM can gain no more than this. Median RMSE; "
    "interpolated: the fine images before and after, linear in time, which needs no coarse image."
)
_PAIRS = (("one", "one_pair"), ("two", "two_pairs"))
_SPANS = (("at most 30 days", 0, 30), ("31 to 60 days", 31, 60), ("more than 60 days", 61, 10_000))


def results(cases: Sequence[Case], agreements: Sequence[Agreement], hidden: Sequence[Between], by: str) -> Results:
    rows = [_row(case) for case in cases]
    won = sum(bool(row[2].get("best")) for row in rows if isinstance(row[2], dict))
    parts = (
        Text("All parameters at their defaults (window 61 px, one pair)."),
        Heading("Real Landsat-8 and MODIS images of 2016"),
        Text(_ABOUT),
        _accuracy(rows),
        Text("STARFM has the least RMSE in {won} of {cases} cases (bold: the least of a row)."),
        Text(_WHY),
        _agreement(agreements),
        Text("A method that adds the coarse change to the fine image can hardly gain from such days."),
        Heading("Between two fine images"),
        Text(_BETWEEN),
        _between(hidden),
        Text(
            "Over all {hidden} cases: interpolated {interpolated:.4f}, STARFM of two pairs {two:.4f}, of one {one:.4f}."
        ),
    )
    medians = {name: _median(hidden, key) for name, key in (("interpolated", "interpolated"), *_PAIRS)}
    return Results("STARFM", by, parts, {"won": won, "cases": len(rows), "hidden": len(hidden), **medians})


def _row(case: Case) -> tuple[Cell, ...]:
    least = min(image["rmse"] for image in case.images)
    cells = [{"rmse": i["rmse"], "bias": i["bias"], "best": i["rmse"] == least} for i in case.images]
    fused, last, coarse = (image["ssim"] for image in case.images)
    similar = {"fused": fused, "last": last, "coarse": coarse}
    return f"{case.base} -> {case.target}", case.band, *cells, similar, case.data_range


def _accuracy(rows: Sequence[tuple[Cell, ...]]) -> Table:
    columns = (
        Column("direction"),
        Column("band"),
        Column("STARFM", *_RMSE),
        Column("last fine image", *_RMSE),
        Column("coarse image, resampled", *_RMSE),
        Column("SSIM, in this order", "{fused:.3f} / {last:.3f} / {coarse:.3f}"),
        Column("L", "{:.3g}"),
    )
    return Table("real images", columns, tuple(rows))


def _agreement(agreements: Sequence[Agreement]) -> Table:
    columns = (
        Column("band"),
        Column("Landsat", "{:+.4f}"),
        Column("MODIS", "{:+.4f}"),
        Column("correlation, 30 m", "{:+.2f}"),
        Column("correlation, 510 m", "{:+.2f}"),
    )
    return Table("change seen", columns, tuple((a.band, a.fine, a.coarse, a.near, a.far) for a in agreements))


def _median(hidden: Sequence[Between], key: str) -> float:
    return median(getattr(each, key) for each in hidden) if hidden else math.nan


def _between(hidden: Sequence[Between]) -> Table:
    columns = (
        Column("coarse pixel"),
        Column("from the image before to the one after"),
        Column("cases"),
        *(Column(name, "{:.4f}") for name in ("interpolated", "STARFM, two pairs", "STARFM, one pair")),
        *(Column(name, "{:.4f}") for name in ("nearest fine image", "coarse image, resampled")),
        Column("STARFM (two pairs) better than interpolated"),
    )
    keys = ("interpolated", "two_pairs", "one_pair", "nearest", "coarse")
    rows: list[tuple[Cell, ...]] = []
    for cell, (name, least, most) in product(sorted({each.cell for each in hidden}), _SPANS):
        own = [each for each in hidden if each.cell == cell and least <= each.days <= most]
        won = sum(each.two_pairs < each.interpolated for each in own)
        rows.append((f"{cell:.0f} m", name, len(own), *(_median(own, key) for key in keys), won))
    return Table("between two fine images", columns, tuple(rows))
