"""What STARFM did on the real images, as results."""

from __future__ import annotations

from collections.abc import Sequence

from ..results import Cell, Column, Heading, Results, Table, Text
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


def results(cases: Sequence[Case], agreements: Sequence[Agreement], by: str) -> Results:
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
    )
    return Results("STARFM", by, parts, {"won": won, "cases": len(rows)})


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
