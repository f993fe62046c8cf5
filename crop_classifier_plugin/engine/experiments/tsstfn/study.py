"""TSSTFN against STARFM and what one has without fusion.

Accuracy: simulated places (SEEDS) of two years with the dates of TSSTFN's paper. The first year is learnt from, in the
second July and August are hidden from the fine sensor. Real images: landsat_modis_2016, learnt on the left half, used
on the right half. Memory: peak of a process of its own that runs the whole job, at two sizes. All through the jobs.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import rasterio

from ....shared.jobs.fusion import EvaluateFusionJob, FuseStarfmJob
from ....shared.jobs.series import AlignSeriesJob, IndexJob
from ....shared.jobs.simulate import SimulateJob
from ....shared.jobs.sources import Extent, SceneSource, Series
from ....shared.jobs.tsstfn import FuseTsstfnJob, TrainTsstfnJob
from ...execution.reporter import Silent
from ...fusion.evaluation.job import evaluate
from ...fusion.starfm.job import fuse as fuse_starfm
from ...fusion.tsstfn.job import fuse as fuse_tsstfn
from ...series.operations.alignment.job import align_series
from ...series.operations.indices.job import compute_indices
from ...simulate.job import simulate
from ...training.tsstfn.job import train
from ..starfm import study as starfm

HERE = Path(__file__).resolve()
TITLE = "TSSTFN on a simulated season"
SEEDS, SIDE, EPOCHS, BATCH, WORKERS = (1, 2, 3), 256, 20, 2, 4
LEARNT, USED = 2020, 2021
DAYS = {  # of clear fine images: the paper's, but for the targets, which are days of the simulated MODIS
    LEARNT: "04-18 04-28 05-06 05-08 05-18 05-28 07-07 07-12 07-15 08-19 09-10",
    USED: "04-21 05-16 05-21 06-02 06-12 06-22 06-25 07-28 08-29",
}
TARGETS = ("2021-07-28", "2021-08-29")
METHODS = ("TSSTFN, strategy B", "TSSTFN, strategy B, in sequence", "TSSTFN, strategy A", "STARFM")
REFERENCES = ("last fine image (25 June)", "coarse image, resampled")
RUNS = ((1024, 768), (3071, 2294))  # width, height


def kept(cache: Path, name: str, work: Callable[..., Any], *given: object) -> Any:
    """What `work` returns, or returned before."""
    path = cache / f"{name}.json"
    if not path.exists():
        path.write_text(json.dumps(work(*given)))
    return json.loads(path.read_text())


def sources(*paths: object) -> tuple[SceneSource, ...]:
    return tuple(SceneSource(str(path)) for path in paths)


# --- a hidden July and August ----------------------------------------------------------------------------------------


def simulated(found: list[dict]) -> list[str]:
    lines = [
        "## A simulated season with a hidden July and August",
        "",
        f"{len(SEEDS)} places of {SIDE} x {SIDE} px of 10 m, each with its own fields, seen in {LEARNT} and {USED} on "
        "the days of the paper",
        "(simulated; base images without clouds; MODIS of 250 m every 16 days, interpolated to the base days). TSSTFN",
        f"learns {LEARNT} with seven base pairs ({EPOCHS} epochs, batch {BATCH}; one model for both targets) and never "
        f"sees {USED}. STARFM: 25 June,",
        "window 61. Medians over the places (least to largest) against the hidden image; SSIM with L = 2.",
    ]
    for target in TARGETS:
        lines += ["", f"### {target}", "", "| | RMSE | bias | SSIM |", "|---|---|---|---|"]
        lines += [_row(name, [each[f"{target} {name}"] for each in found]) for name in (*METHODS, *REFERENCES)]
    seconds = statistics.median(each["seconds B"] for each in found)
    return [*lines, "", *_verdict(found), f"A training took {seconds:.0f} s of one core (median)."]


def _row(name: str, figures: list[dict[str, float]]) -> str:
    cells = []
    for key in ("rmse", "bias", "ssim"):
        values = [each[key] for each in figures]
        sign = "+" if key == "bias" else ""
        low, middle, high = min(values), statistics.median(values), max(values)
        cells.append(f"{middle:{sign}.3f} ({low:{sign}.3f} to {high:{sign}.3f})")
    return f"| {name} | {' | '.join(cells)} |"


def _verdict(found: list[dict]) -> list[str]:
    cases = [(each, target) for each in found for target in TARGETS]

    def better(one: str, other: str) -> str:
        held = sum(each[f"{target} {one}"]["rmse"] < each[f"{target} {other}"]["rmse"] for each, target in cases)
        return f"{held} of {len(cases)}"

    return [
        f"By RMSE, TSSTFN (B) is better than STARFM in {better(METHODS[0], 'STARFM')} cases (places x targets), STARFM "
        f"than the last fine image in {better('STARFM', REFERENCES[0])},",
        f"TSSTFN (B) than the coarse image in {better(METHODS[0], REFERENCES[1])}, STARFM than the coarse image in "
        f"{better('STARFM', REFERENCES[1])}; TSSTFN (B) than TSSTFN (A) in {better(METHODS[0], METHODS[2])}.",
    ]


def place(seed: int) -> dict:
    """Figures by target and method of one simulated place."""
    with tempfile.TemporaryDirectory() as name:
        folder, found = Path(name), {}
        _years(folder, seed)
        for strategy in "BA":
            found[f"seconds {strategy}"] = _strategy(folder, strategy, seed)
            made = _forecast(folder, strategy, "individual")
            _score(folder, made, f"TSSTFN, strategy {strategy}", found)
        _score(folder, _forecast(folder, "B", "sequential"), "TSSTFN, strategy B, in sequence", found)
        for target in TARGETS:
            made = str(folder / "starfm.tif")
            images = _used(folder, "B", target)
            fuse_starfm(FuseStarfmJob(*images, made, target=target), Silent())
            _score(folder, made, "STARFM", found, (target,))
    return found


def _years(folder: Path, seed: int) -> None:
    """Simulates both years and their NDVI."""
    for year, days in DAYS.items():
        dates = tuple(f"{year}-{day}" for day in days.split())
        area = {"width": SIDE, "height": SIDE, "cloud_share": 0, "sentinel1": False}
        simulate(SimulateJob(str(folder / str(year)), year=year, seed=seed, dates=dates, **area), Silent())
        scenes = Series(sources(*sorted((folder / str(year)).glob("S2_10m*"))), mask="none")
        compute_indices(IndexJob(scenes, str(folder / f"{year}.tif")), Silent())


def train_shipped_tsstfn(model: str, folder: Path) -> None:
    """The model that ships: strategy B on the first place."""
    folder.mkdir(parents=True, exist_ok=True)
    _years(folder, SEEDS[0])
    _strategy(folder, "B", SEEDS[0], Path(model))


def _strategy(folder: Path, strategy: str, seed: int, model: Path | None = None) -> float:
    """Aligns both years and trains; seconds of processor time of the training."""
    own = folder / strategy
    own.mkdir()
    fine = [Series(sources(folder / f"{year}.tif"), mask="none") for year in DAYS]
    outputs = [str(own / f"fine{year}.tif") for year in DAYS]
    limits = {"training_before": f"{LEARNT}-08-01", "prediction_before": f"{USED}-07-01", "target": TARGETS[-1]}
    named = {"training_target": f"{LEARNT}-08-19"} if strategy == "A" else {}
    align_series(
        AlignSeriesJob(*fine, outputs[0], str(own / "t.csv"), outputs[1], strategy=strategy, **limits, **named),
        Silent(),
    )
    for year, count in ((LEARNT, 8), (USED, 7)):
        coarse = Series(sources(*sorted((folder / str(year)).glob("MOD*"))), mask="none")
        like = Series(sources(own / f"fine{year}.tif"), mask="none")
        made = str(own / f"coarse{year}.tif")
        align_series(AlignSeriesJob(coarse, like, made, str(own / "c.csv"), strategy="B", count=count), Silent())
    started = time.process_time()
    images = sources(own / f"fine{LEARNT}.tif"), sources(own / f"coarse{LEARNT}.tif")
    learning = {"epochs": EPOCHS, "batch": BATCH, "seed": seed, "strategy": strategy, "title": TITLE}
    train(TrainTsstfnJob(*images, str(model or own / "model"), **learning), Silent())
    return time.process_time() - started


def _used(folder: Path, strategy: str, *targets: str) -> tuple[tuple[SceneSource, ...], tuple[SceneSource, ...]]:
    own = folder / strategy
    blurred = [folder / str(USED) / f"MOD13Q1_{day.replace('-', '')}_NDVI.tif" for day in targets]
    return sources(own / f"fine{USED}.tif"), sources(own / f"coarse{USED}.tif", *blurred)


def _forecast(folder: Path, strategy: str, forecast: str) -> str:
    made = str(folder / f"{strategy}_{forecast}.tif")
    images = _used(folder, strategy, *TARGETS)
    fuse_tsstfn(FuseTsstfnJob(*images, str(folder / strategy / "model"), made, TARGETS, forecast), Silent())
    return made


def _score(folder: Path, made: str, name: str, found: dict, targets: tuple[str, ...] = TARGETS) -> None:
    """Puts the figures of a fused image, and of the two references, into `found`."""
    for target in targets:
        one = folder / "one.tif"
        with rasterio.open(made) as file:
            band = [text.split()[1] for text in file.descriptions].index(target) + 1
            profile = file.profile | {"count": 1}
            with rasterio.open(one, "w", **profile) as single:
                single.write(file.read(band), 1)
                single.set_band_description(1, f"NDVI {target}")
        (coarse,) = _used(folder, "B", target)[1][1:]
        last = folder / "B" / f"fine{USED}.tif"
        images = (*sources(one, folder / f"{USED}.tif", last), coarse)
        figures = evaluated(folder, images)
        found |= {f"{target} {label}": each for label, each in zip((name, *REFERENCES), figures)}


def evaluated(folder: Path, images: tuple[SceneSource, ...], extent: Extent | None = None) -> list[dict]:
    reports = {f"report_{kind}": str(folder / f"r.{kind}") for kind in ("html", "json", "csv")}
    evaluate(EvaluateFusionJob(*images, **reports, extent=extent), Silent())
    return json.loads((folder / "r.json").read_text())["images"]


# --- real images -----------------------------------------------------------------------------------------------------


def real(data: Path) -> list[str]:
    lines = [
        "## Real Landsat-8 and MODIS images of 2016",
        "",
        "landsat_modis_2016 has two days (7 and 30 August): no year to learn from. So this asks less: one base pair,",
        "learnt on the left half (222 x 444 px of 30 m), used on the right half; NDVI, one training each.",
        "",
        "| direction | TSSTFN | STARFM | last fine image | coarse image, resampled |",
        "|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        starfm.write_real(folder, data / starfm.NAME)
        for base, target in (("220", "243"), ("243", "220")):
            cells = " | ".join(f"{each['rmse']:.4f} ({each['bias']:+.4f})" for each in _halves(folder, base, target))
            lines.append(f"| {base} -> {target} | {cells} |")
    return [
        *lines,
        "",
        "RMSE (bias) against the real Landsat image on the right half. Between these days MODIS hardly sees the change",
        "that Landsat sees (benchmarks/fusion.md), so that no fusion can gain much over the last fine image.",
    ]


def _halves(folder: Path, base: str, target: str) -> list[dict]:
    def images(kind: str, *days: str) -> tuple[SceneSource, ...]:
        return sources(*(folder / f"{kind}_NDVI_{starfm.DAYS[day]}.tif" for day in days))

    with rasterio.open(images("fine", base)[0].path) as file:
        x0, y0, x1, y1 = file.bounds
    middle = (x0 + x1) / 2
    left, right = Extent(x0, y0, middle, y1, ""), Extent(middle, y0, x1, y1, "")
    iso = {day: f"{text[:4]}-{text[4:6]}-{text[6:]}" for day, text in starfm.DAYS.items()}
    # A base date lies before its target: where the target is the earlier image, the days are exchanged.
    both = [_renamed(folder, images(kind, base, target), base) for kind in ("fine", "coarse")]
    model, fused = str(folder / f"model{base}"), str(folder / f"tsstfn{base}.tif")
    learning = {"pairs": 1, "epochs": EPOCHS, "batch": BATCH, "extent": left}
    train(TrainTsstfnJob(*both, model, **learning), Silent())
    last = "2016-08-31"
    fuse_tsstfn(FuseTsstfnJob(both[0][:1], both[1], model, fused, (last,), extent=right), Silent())
    first = evaluated(folder, (SceneSource(fused), both[0][1], both[0][0], both[1][1]), right)
    other = str(folder / f"starfm{base}.tif")
    fuse_starfm(
        FuseStarfmJob(images("fine", base), images("coarse", base, target), other, target=iso[target]), Silent()
    )
    references = (*images("fine", target), *images("fine", base), *images("coarse", target))
    return [first[0], *evaluated(folder, (SceneSource(other), *references), right)]


def _renamed(folder: Path, images: tuple[SceneSource, ...], base: str) -> tuple[SceneSource, ...]:
    """The base image as of 1 August and the target's as of 31 August."""
    found = []
    for source, day in zip(images, ("20160801", "20160831")):
        path = folder / f"from{base}" / f"{Path(source.path).stem[:-9]}_{day}.tif"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(Path(source.path).read_bytes())
        found.append(path)
    return sources(*found)


# --- memory ----------------------------------------------------------------------------------------------------------


def memory() -> list[str]:
    lines = [
        "## Memory and time of the whole fusion",
        "",
        "The program as a terminal calls it, with seven base pairs; NDVI of 10 m, MODIS of 250 m, tiles of 64 px that",
        "share 10 px. Images larger than GDAL's block cache, 128 MiB at most, have filled it: so the second one has.",
        "Seconds are of a machine that was busy with other work as well.",
        "",
        "| image | seconds | peak memory (MiB) |",
        "|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_pairs(folder, 256, 256)
        run(folder, "train-tsstfn", "--fine", "fine", "--coarse", "coarse", "--out", "model", "--epochs", "1")
        for width, height in RUNS:
            write_pairs(folder, height, width)
            run(
                folder,
                "fuse-tsstfn",
                "--fine",
                "fine",
                "--coarse",
                "coarse",
                "--model",
                "model",
                "--out",
                "f.tif",
                *LAST,
            )
            record = json.loads((folder / "f.run.json").read_text())
            lines.append(f"| {width:,} x {height:,} px | {record['seconds']:.0f} | {record['peak_memory_mib']:.0f} |")
    return lines


LAST = ("--target", "2024-08-01")
BASES = [f"202406{day:02}" for day in range(1, 8)]


def write_pairs(folder: Path, height: int, width: int) -> None:
    rng = np.random.default_rng(0)
    for kind, pixel in (("fine", 10), ("coarse", 250)):
        (folder / kind).mkdir(exist_ok=True)
        shape = (-(-height * 10 // pixel), -(-width * 10 // pixel))
        for day in (*BASES, "20240801"):
            image = rng.uniform(0, 1, shape).astype(np.float32)
            starfm.write(folder / kind / f"{kind}_{day}.tif", image, "NDVI", pixel)


def run(folder: Path, *words: str) -> None:
    variables = os.environ | {"PYTHONPATH": str(HERE.parents[4])}
    command = [sys.executable, "-m", "crop_classifier_plugin.engine", *words]
    subprocess.run(command, cwd=folder, env=variables, check=True, capture_output=True)
