"""What TSSTFN did, as results."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence

from ..results import Cell, Column, Heading, Results, Table, Text, spread
from .real_halves import Figures
from .simulated_place import BATCH, EPOCHS, LEARNT, TARGETS, USED
from .study import METHODS, REFERENCES, SEEDS, SIDE, Found

_SPREAD = "{median:.3f} ({low:.3f} to {high:.3f})"
_SIMULATED = (
    f"{len(SEEDS)} places of {SIDE} x {SIDE} px of 10 m, each with its own fields, seen in {LEARNT} and {USED} on the "
    "days of the paper (simulated; base images without clouds; MODIS of 250 m every 16 days, interpolated to the base "
    f"days). TSSTFN learns {LEARNT} with seven base pairs ({EPOCHS} epochs, batch {BATCH}; one model for both targets) "
    f"and never sees {USED}. STARFM: 25 June, window 61. Medians over the places (least to largest) against the hidden "
    "image; SSIM with L = 2."
)
_REAL = (
    "landsat_modis_2016 has two days (7 and 30 August): no year to learn from. So this asks less: one base pair, "
    "learnt on the left half (222 x 444 px of 30 m), used on the right half; NDVI, one training each."
)
_WHY = (
    "RMSE (bias) against the real Landsat image on the right half. Between these days MODIS hardly sees the change "
    "that Landsat sees (starfm.md), so that no fusion can gain much over the last fine image."
)
_VERDICT = (
    "By RMSE, TSSTFN (B) is better than STARFM in {tsstfn_starfm} of {cases} cases (places x targets), STARFM than the "
    "last fine image in {starfm_last} of {cases}, TSSTFN (B) than the coarse image in {tsstfn_coarse} of {cases}, "
    "STARFM than the coarse image in {starfm_coarse} of {cases}; TSSTFN (B) than TSSTFN (A) in {b_a} of {cases}. A "
    "training took {seconds:.0f} s of one core (median)."
)


def results(found: Sequence[Found], halves: Mapping[str, Figures], by: str) -> Results:
    parts = (
        Text("The small network (preset `small`), on a processor."),
        Heading("A simulated season with a hidden July and August"),
        Text(_SIMULATED),
        *(part for target in TARGETS for part in (Heading(target, 3), _target(target, found))),
        Text(_VERDICT),
        Heading("Real Landsat-8 and MODIS images of 2016"),
        Text(_REAL),
        _real(halves),
        Text(_WHY),
    )
    return Results("TSSTFN", by, parts, _facts(found))


def _target(target: str, found: Sequence[Found]) -> Table:
    signed = _SPREAD.replace(":.3f", ":+.3f")
    columns = Column(""), Column("RMSE", _SPREAD), Column("bias", signed), Column("SSIM", _SPREAD)
    rows: list[tuple[Cell, ...]] = []
    for name in (*METHODS, *REFERENCES):
        figures = [each[f"{target} {name}"] for each in found]
        rows.append((name, *(spread([f[key] for f in figures], "median") for key in ("rmse", "bias", "ssim"))))
    return Table(target, columns, tuple(rows))


def _facts(found: Sequence[Found]) -> dict[str, float | int]:
    b, a, starfm, last, coarse = METHODS[0], METHODS[2], METHODS[3], *REFERENCES
    rivals = {
        "tsstfn_starfm": (b, starfm),
        "starfm_last": (starfm, last),
        "tsstfn_coarse": (b, coarse),
        "starfm_coarse": (starfm, coarse),
        "b_a": (b, a),
    }
    counts = {fact: _better(found, *pair) for fact, pair in rivals.items()}
    seconds = statistics.median(each["seconds B"] for each in found)
    return {**counts, "cases": len(found) * len(TARGETS), "seconds": seconds}


def _better(found: Sequence[Found], one: str, other: str) -> int:
    """In how many cases (places x targets) one method has the lesser RMSE."""
    return sum(each[f"{t} {one}"]["rmse"] < each[f"{t} {other}"]["rmse"] for each in found for t in TARGETS)


def _real(halves: Mapping[str, Figures]) -> Table:
    titles = ("TSSTFN", "STARFM", REFERENCES[0].partition(" (")[0], REFERENCES[1])
    columns = Column("direction"), *(Column(title, "{rmse:.4f} ({bias:+.4f})") for title in titles)
    rows: list[tuple[Cell, ...]] = []
    for direction, figures in halves.items():
        rows.append((direction, *({"rmse": f["rmse"], "bias": f["bias"]} for f in figures)))
    return Table("right half", columns, tuple(rows))
