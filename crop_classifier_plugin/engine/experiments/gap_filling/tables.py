"""How well gaps were filled, as results."""

from __future__ import annotations

from ..results import Column, Results, Table, Text
from .study import Found

_ABOUT = (
    "RMSE of NDVI on hidden clear observations. Real Sentinel-2 NDVI of 2015-2017: {dates} days, {clouded:.0%} of the "
    "values clouded or invalid by the real cloud masks. What is best here was found on every second column of pixels; "
    "all figures are those of the columns between, which are their neighbours: they compare the methods and promise "
    "nothing elsewhere."
)


def results(found: Found, by: str) -> Results:
    columns = Column("method"), *(Column(f"{name}, n = {n:,}", "{:.4f}") for name, n in found.tested.items())
    table = Table("RMSE", columns, tuple((name, *figures) for name, figures in found.rmse.items()))
    facts = {"dates": found.dates, "clouded": found.clouded}
    return Results("Filling gaps", by, (Text(_ABOUT), table), facts)
