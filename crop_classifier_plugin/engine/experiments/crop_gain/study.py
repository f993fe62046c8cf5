"""What fused images add to a crop map.

The question of TSSTFN's paper on a simulated place of two years, with the paper's base dates: July and August of the
second year are hidden from the fine sensor and forecast by TSSTFN (learnt on the first year, strategies A to E) and
by STARFM; the hidden images themselves are the best that a forecast could be. Whole parcels are held out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ....shared.jobs.fusion import CropGainJob, FuseStarfmJob, Prediction
from ....shared.jobs.series import AlignSeriesJob, IndexJob
from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import LabelSource, SceneSource, Series
from ....shared.jobs.tsstfn import FuseTsstfnJob, TrainTsstfnJob
from ...execution.reporter import Silent
from ...fusion.starfm.job import fuse as fuse_starfm
from ...fusion.tsstfn.job import fuse as fuse_tsstfn
from ...series.operations.alignment.job import align_series
from ...series.operations.indices.job import compute_indices
from ...simulate.job import simulate
from ...training.tsstfn.job import train
from .job import crop_gain

SEED, SIDE, EPOCHS, BATCH, SPLITS, PIXELS = 1, 320, 20, 2, 3, 2_000
LEARNT, USED = 2020, 2021
DAYS = {  # of clear fine images: the paper's, but for the targets, which are days of the simulated MODIS
    LEARNT: "04-18 04-28 05-06 05-08 05-18 05-28 07-07 07-12 07-15 08-19 09-10",
    USED: "04-21 05-16 05-21 06-02 06-12 06-22 06-25 07-28 08-29",
}
TARGETS = ("2021-07-28", "2021-08-29")
EARLY_ENDS = "2021-07-01"
STRATEGIES = ("A", "B", "C", "D", "E")


def study(folder: Path) -> dict[str, Any]:
    """The crop gain job's report on all forecasts."""
    for year, days in DAYS.items():
        season(folder, year, days)
    forecasts = {f"TSSTFN, strategy {s}": tsstfn(folder, s) for s in STRATEGIES}
    forecasts["STARFM"] = starfm(folder)
    forecasts["hidden images"] = [hidden(folder, day) for day in TARGETS]
    return gain(folder, forecasts)


def sources(*paths: object) -> tuple[SceneSource, ...]:
    return tuple(SceneSource(str(path)) for path in paths)


def season(folder: Path, year: int, days: str) -> None:
    """NDVI of all clear fine images of a year as <year>.tif; MODIS, truth and parcels in the folder of the year."""
    dates = tuple(f"{year}-{day}" for day in days.split())
    area = {"width": SIDE, "height": SIDE, "cloud_share": 0, "sentinel1": False}
    simulate(SimulateJob(str(folder / str(year)), year=year, seed=SEED, dates=dates, **area), Silent())
    scenes = Series(sources(*sorted((folder / str(year)).glob("S2_10m*"))), mask="none")
    compute_indices(IndexJob(scenes, str(folder / f"{year}.tif")), Silent())


def modis(folder: Path, *days: str) -> list[Path]:
    return [folder / str(USED) / f"MOD13Q1_{day.replace('-', '')}_NDVI.tif" for day in days]


def hidden(folder: Path, day: str) -> Path:
    """The NDVI of one hidden fine image."""
    scene = folder / str(USED) / f"S2_10m_{day.replace('-', '')}.tif"
    made = folder / f"hidden_{day}.tif"
    compute_indices(IndexJob(Series(sources(scene), mask="none"), str(made)), Silent())
    return made


def aligned(folder: Path, strategy: str) -> dict[str, Path]:
    """Fine and coarse images of both years on the days of a strategy."""
    own = folder / strategy
    own.mkdir(exist_ok=True)
    made = {f"{kind}{year}": own / f"{kind}{year}.tif" for kind in ("fine", "coarse") for year in DAYS}
    fine = [Series(sources(folder / f"{year}.tif"), mask="none") for year in DAYS]
    limits = {"training_before": f"{LEARNT}-08-01", "prediction_before": EARLY_ENDS, "target": TARGETS[-1]}
    named = {"training_target": f"{LEARNT}-08-19"} if strategy == "A" else {}
    outputs = [str(made[f"fine{year}"]) for year in DAYS]
    align_series(
        AlignSeriesJob(*fine, outputs[0], str(own / "t.csv"), outputs[1], strategy=strategy, **limits, **named),
        Silent(),
    )
    for year, count in ((LEARNT, 8), (USED, 7)):
        coarse = Series(sources(*sorted((folder / str(year)).glob("MOD*"))), mask="none")
        like = Series(sources(made[f"fine{year}"]), mask="none")
        to = str(made[f"coarse{year}"])
        align_series(AlignSeriesJob(coarse, like, to, str(own / "c.csv"), strategy="B", count=count), Silent())
    return made


def tsstfn(folder: Path, strategy: str) -> list[Path]:
    made, model = aligned(folder, strategy), str(folder / strategy / "model")
    images = sources(made[f"fine{LEARNT}"]), sources(made[f"coarse{LEARNT}"])
    train(TrainTsstfnJob(*images, model, epochs=EPOCHS, batch=BATCH, seed=SEED, strategy=strategy), Silent())
    output = folder / f"tsstfn_{strategy}.tif"
    blurred = sources(made[f"coarse{USED}"], *modis(folder, *TARGETS))
    fuse_tsstfn(FuseTsstfnJob(sources(made[f"fine{USED}"]), blurred, model, str(output), TARGETS), Silent())
    return [output]


def starfm(folder: Path) -> list[Path]:
    made, outputs = aligned(folder, "B"), [folder / f"starfm_{day}.tif" for day in TARGETS]
    for day, output in zip(TARGETS, outputs):
        blurred = sources(made[f"coarse{USED}"], *modis(folder, day))
        fuse_starfm(FuseStarfmJob(sources(made[f"fine{USED}"]), blurred, str(output), target=day), Silent())
    return outputs


def gain(folder: Path, forecasts: dict[str, list[Path]]) -> dict:
    predictions = tuple(Prediction(*sources(path), name) for name, paths in forecasts.items() for path in paths)
    job = CropGainJob(
        early=Series(sources(folder / f"{USED}.tif"), mask="none"),
        predictions=predictions,
        labels=LabelSource(str(folder / str(USED) / "parcels.gpkg"), class_field="crop_name"),
        before=EARLY_ENDS,
        seeds=SPLITS,
        pixels=PIXELS,
        **{f"report_{kind}": str(folder / f"gain.{kind}") for kind in ("html", "json", "csv")},
    )
    crop_gain(job, Silent())
    return json.loads((folder / "gain.json").read_text())


def report(document: dict, seconds: float) -> str:
    early, *rows = document["rows"]
    strategies = list(dict.fromkeys(row["strategy"] for row in rows))
    days = sorted({tuple(row["dates"]) for row in rows}, key=lambda d: (len(d), d))
    cells = {(row["strategy"], tuple(row["dates"])): row for row in rows}
    lines = [
        "# Crop gain",
        "",
        "By `benchmarks/crop_gain.py`, one run.",
        "",
        f"A simulated place of {SIDE} x {SIDE} px of 10 m, {LEARNT} and {USED}, on the days of TSSTFN's paper (base "
        "images without clouds;",
        f"MODIS of 250 m every 16 days). TSSTFN (preset small, {EPOCHS} epochs, {BATCH} tiles a step) learns {LEARNT} "
        f"and never sees July or August of {USED};",
        "STARFM has the pair of 25 June. Random forest as in the paper (40 trees, depth 25, leaves of 20, 3 x 3 px), "
        f"at most {PIXELS:,} pixels a class;",
        f"kappa on the pixels of held-out parcels, mean ± standard deviation of {SPLITS} splits, and the gain over the "
        "early season, split by split.",
        "Simulated crops: the order says something, the figures nothing about real fields.",
        "",
        f"Early season ({len(document['early_dates'])} dates to 25 June): **{both(early['kappa'])}**",
        "",
        f"| early season and | {' | '.join(strategies)} |",
        f"|---|{'---|' * len(strategies)}",
    ]
    for day in days:
        told = [cells[strategy, day] for strategy in strategies]
        lines.append(
            f"| {' and '.join(day)} | "
            + " | ".join(f"{both(r['kappa'])} ({r['gain']['mean']:+.3f})" for r in told)
            + " |"
        )
    below = [row["name"] for row in rows if row["gain"]["mean"] < 0]
    verdict = f"Below the early season: {'; '.join(below)}." if below else "Every line is at or above the early season."
    tested = ", ".join(f"{n:,}" for n in document["pixels"]["tested"])
    lines += ["", f"{verdict} Tested pixels a split: {tested}. The whole run took {seconds / 60:.0f} minutes.", ""]
    return "\n".join(lines)


def both(told: dict) -> str:
    return f"{told['mean']:.3f} ± {told['sd']:.3f}"
