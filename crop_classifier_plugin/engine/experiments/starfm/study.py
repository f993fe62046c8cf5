"""STARFM: accuracy on real images, speed, memory.

Accuracy: Landsat-8 and MODIS of days 220 and 243 of 2016 (landsat_modis_2016: 444 x 444 px of 30 m, no georeference,
so a made-up one is written), both directions, through the jobs. Speed: against the same method as a plain loop over
pixels, on crops. Memory: peak of a process of its own that runs the whole job, at two sizes.
"""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from scipy.ndimage import uniform_filter

from ....shared.jobs.fusion import EvaluateFusionJob, FuseStarfmJob
from ....shared.jobs.sources import SceneSource
from ...execution.reporter import Silent
from ...fusion.evaluation.job import evaluate
from ...fusion.starfm.job import fuse
from ...fusion.starfm.starfm import Pair, Settings, predict

HERE = Path(__file__).resolve()
NAME = "landsat_modis_2016"
DAYS = {"220": "20160807", "243": "20160830"}
BANDS = ("NDVI", "B03", "B04", "B08", "B11")
POSITIONS = {"B04": 0, "B11": 1, "B08": 2, "B03": 3}  # of the files, told by their spectral signature
RUNS = ((768, 768, 61), (3071, 2294, 61), (4608, 4608, 5), (9216, 9216, 5))  # width, height, window
REPEATS, SIDE, PLAIN_SIDE = 5, 96, 6


# --- accuracy --------------------------------------------------------------------------------------------------------


def accuracy(data: Path) -> list[str]:
    lines = [
        "## Real Landsat-8 and MODIS images of 2016",
        "",
        "444 x 444 px of 30 m, 7 August (day 220) and 30 August (day 243). RMSE (bias) against the real Landsat image",
        "of the target's day. Landsat is at the top of the atmosphere, MODIS at the surface: the bare MODIS image pays",
        "for that with its bias.",
        "",
        "| direction | band | STARFM | last fine image | coarse image, resampled | SSIM, in this order | L |",
        "|---|---|---|---|---|---|---|",
    ]
    won, rows = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        write_real(Path(folder), data / NAME)
        for base, target in (("220", "243"), ("243", "220")):
            for band in BANDS:
                report = _evaluated(Path(folder), band, base, target)
                images, length = report["images"], report["ssim"]["data_range"]
                best = min(image["rmse"] for image in images)
                cells = [
                    f"{'**' if i['rmse'] == best else ''}{i['rmse']:.4f}{'**' if i['rmse'] == best else ''} "
                    f"({i['bias']:+.4f})"
                    for i in images
                ]
                similar = " / ".join(f"{image['ssim']:.3f}" for image in images)
                lines.append(f"| {base} -> {target} | {band} | {' | '.join(cells)} | {similar} | {length:.3g} |")
                won, rows = won + (images[0]["rmse"] == best), rows + 1
        agreement = _agreement(Path(folder))
    return [*lines, "", f"STARFM has the least RMSE in {won} of {rows} cases (bold: the least of a row).", *agreement]


def _agreement(folder: Path) -> list[str]:
    """Whether the coarse sensor saw the change that the fine one saw: what every fusion lives on."""
    lines = [
        "",
        "Why: between these two days MODIS does not see the change that Landsat sees. Mean change from day 220 to 243,",
        "and the correlation of the two sensors' change over pixels, as they are and as means of 510 m (17 px):",
        "",
        "| band | Landsat | MODIS | correlation, 30 m | correlation, 510 m |",
        "|---|---|---|---|---|",
    ]
    for band in BANDS:
        changes = []
        for name in ("fine", "coarse"):
            before, after = (rasterio.open(folder / f"{name}_{band}_{DAYS[day]}.tif").read(1) for day in DAYS)
            changes.append((after - before).astype(np.float64))
        means = [uniform_filter(change, 17) for change in changes]
        near, far = (np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in (changes, means))
        lines.append(f"| {band} | {changes[0].mean():+.4f} | {changes[1].mean():+.4f} | {near:+.2f} | {far:+.2f} |")
    return [*lines, "", "A method that adds the coarse change to the fine image can hardly gain from such days."]


def write_real(folder: Path, data: Path) -> None:
    for day, date in DAYS.items():
        fine = rasterio.open(data / f"L_2016_{day}.tif").read() * 2e-5 - 0.1
        coarse = rasterio.open(data / f"M_2016_{day}-bilinear.tif").read() * 1e-4
        for name, cube in (("fine", fine), ("coarse", coarse)):
            bands = {band: cube[position] for band, position in POSITIONS.items()}
            bands["NDVI"] = (bands["B08"] - bands["B04"]) / (bands["B08"] + bands["B04"])
            for band, values in bands.items():
                write(folder / f"{name}_{band}_{date}.tif", values, band, 30)


def write(path: Path, values: np.ndarray, band: str, pixel: float) -> None:
    profile = {"driver": "GTiff", "count": 1, "height": values.shape[0], "width": values.shape[1], "tiled": True}
    place = {"crs": "EPSG:32631", "transform": Affine(pixel, 0, 500000, 0, -pixel, 5650000), "nodata": np.nan}
    with rasterio.open(path, "w", dtype="float32", **profile, **place) as file:
        file.write(values.astype(np.float32), 1)
        file.set_band_description(1, band)
        file.units = ("" if band == "NDVI" else "reflectance",)


def _evaluated(folder: Path, band: str, base: str, target: str) -> dict:
    def source(name: str, day: str) -> SceneSource:
        return SceneSource(str(folder / f"{name}_{band}_{DAYS[day]}.tif"))

    fused = str(folder / f"fused_{band}_{base}.tif")
    coarse = (source("coarse", base), source("coarse", target))
    fuse(FuseStarfmJob((source("fine", base),), coarse, fused, band=band), Silent())
    reports = {f"report_{kind}": str(folder / f"r.{kind}") for kind in ("html", "json", "csv")}
    images = (SceneSource(fused), source("fine", target), source("fine", base), source("coarse", target))
    evaluate(EvaluateFusionJob(*images, **reports, band=band), Silent())
    return json.loads((folder / "r.json").read_text())


# --- speed -----------------------------------------------------------------------------------------------------------


def scene(height: int, width: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Fine and coarse NDVI of a base day and the coarse one of another: fields of 20 px under cells of 25 px."""
    rng = np.random.default_rng(seed)

    def blocks(side: int) -> np.ndarray:
        small = rng.uniform(0.1, 0.9, (-(-height // side), -(-width // side)))
        return np.kron(small, np.ones((side, side)))[:height, :width]

    fine, coarse = blocks(20) + rng.normal(0, 0.02, (height, width)), blocks(25)
    return fine, coarse, coarse + 0.2 * blocks(25)


def speed() -> list[str]:
    settings = Settings()
    margin = 2 * settings.halo
    images = scene(SIDE + margin, SIDE + margin)
    spread = float(images[0].std())
    small = [image[: PLAIN_SIDE + margin, : PLAIN_SIDE + margin] for image in images]
    ours = median(lambda: predict([Pair(*images[:2], spread)], images[2], settings)) / SIDE**2
    rows = [("this program", ours)]
    loops = {"plain loop over pixels and neighbours": by_neighbour, "loop over pixels, numpy inside": by_window}
    for name, loop in loops.items():
        made = loop(*small, spread, settings)
        np.testing.assert_allclose(made, predict([Pair(*small[:2], spread)], small[2], settings), atol=1e-6)
        rows.append((name, median(lambda loop=loop: loop(*small, spread, settings)) / PLAIN_SIDE**2))
    return [
        "## Speed",
        "",
        f"Microseconds a pixel, medians of {REPEATS} runs, one thread, on {SIDE} x {SIDE} px (loops: {PLAIN_SIDE} x "
        f"{PLAIN_SIDE} px).",
        "All three give the same values to 1e-6.",
        "",
        "| method | µs a pixel | times as long |",
        "|---|---|---|",
        *(f"| {name} | {1e6 * seconds:,.1f} | {seconds / ours:,.1f} |" for name, seconds in rows),
    ]


def median(work: Callable[[], object]) -> float:
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def by_window(
    fine: np.ndarray, coarse: np.ndarray, target: np.ndarray, spread: float, settings: Settings
) -> np.ndarray:
    """A Python loop over the pixels, numpy for each pixel's window."""
    h = settings.halo
    out = np.empty((fine.shape[0] - 2 * h, fine.shape[1] - 2 * h))
    dy, dx = np.mgrid[-h : h + 1, -h : h + 1]
    distance = 1 + np.hypot(dy, dx) / settings.half_distance
    noise = math.hypot(settings.sigma_fine, settings.sigma_coarse), math.sqrt(2) * settings.sigma_coarse
    for row, col in np.ndindex(out.shape):
        f, c, t = (image[row : row + 2 * h + 1, col : col + 2 * h + 1] for image in (fine, coarse, target))
        s, u = np.abs(f - c), np.abs(c - t)
        kept = (np.abs(f - f[h, h]) <= 2 * spread / settings.classes) & (s < s[h, h] + noise[0])
        kept &= u < u[h, h] + noise[1]
        weight = kept / ((s + 1e-4) * (u + 1e-4) * distance)
        out[row, col] = (weight * (f + t - c)).sum() / weight.sum()
    return out


def by_neighbour(
    fine: np.ndarray, coarse: np.ndarray, target: np.ndarray, spread: float, settings: Settings
) -> np.ndarray:
    """Python loops over the pixels and over each pixel's neighbours."""
    h = settings.halo
    f, c, t = (image.tolist() for image in (fine, coarse, target))
    noise = math.hypot(settings.sigma_fine, settings.sigma_coarse), math.sqrt(2) * settings.sigma_coarse
    out = np.empty((fine.shape[0] - 2 * h, fine.shape[1] - 2 * h))
    for row, col in np.ndindex(out.shape):
        p, q = row + h, col + h
        most_s, most_t = abs(f[p][q] - c[p][q]) + noise[0], abs(c[p][q] - t[p][q]) + noise[1]
        above = below = 0.0
        for i in range(p - h, p + h + 1):
            for j in range(q - h, q + h + 1):
                s, u = abs(f[i][j] - c[i][j]), abs(c[i][j] - t[i][j])
                if abs(f[i][j] - f[p][q]) <= 2 * spread / settings.classes and s < most_s and u < most_t:
                    d = 1 + math.hypot(i - p, j - q) / settings.half_distance
                    weight = 1 / ((s + 1e-4) * (u + 1e-4) * d)
                    above += weight * (f[i][j] + t[i][j] - c[i][j])
                    below += weight
        out[row, col] = above / below
    return out


# --- memory ----------------------------------------------------------------------------------------------------------


def memory() -> list[str]:
    lines = [
        "## Memory and time of the whole job",
        "",
        "The program as a terminal calls it. GDAL's block cache, 128 MiB at most, is full from some ten million pixels",
        "on: the last two rows, with a small window to save time, are beyond that.",
        "",
        "| image | window | seconds | peak memory (MiB) |",
        "|---|---|---|---|",
    ]
    for width, height, window in RUNS:
        seconds, peak = whole_job(width, height, window)
        lines.append(f"| {width:,} x {height:,} px | {window} | {seconds:.1f} | {peak:.0f} |")
    return lines


def whole_job(width: int, height: int, window: int) -> tuple[float, float]:
    """Seconds and peak MiB of fusing images of this size, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a program's peak counts what its parent held
            pool.apply(write_scene, (folder, height, width))
        images = ["--fine", "fine_20240601.tif", "--coarse", "coarse_20240601.tif", "--coarse", "coarse_20240701.tif"]
        command = [sys.executable, "-m", "crop_classifier_plugin.engine", "fuse-starfm", *images]
        variables = os.environ | {"PYTHONPATH": str(HERE.parents[4])}
        options = ["--out", "fused.tif", "--window", str(window)]
        subprocess.run([*command, *options], cwd=folder, env=variables, check=True, capture_output=True)
        record = json.loads((Path(folder) / "fused.run.json").read_text())
    return record["seconds"], record["peak_memory_mib"]


def write_scene(folder: str, height: int, width: int) -> None:
    fine, coarse, target = scene(height, width)
    write(Path(folder) / "fine_20240601.tif", fine, "NDVI", 10)
    write(Path(folder) / "coarse_20240601.tif", coarse[12::25, 12::25], "NDVI", 250)
    write(Path(folder) / "coarse_20240701.tif", target[12::25, 12::25], "NDVI", 250)
