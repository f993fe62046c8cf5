"""STARFM's speed beside plain loops, time and peak memory of the whole job: `python -m benchmarks.speed.fuse_starfm`.

Each whole job runs in a process of its own, as a terminal calls it.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.lib.measure import Cost, median_seconds, recorded
from benchmarks.lib.results import write
from benchmarks.speed.starfm_loops import by_neighbour, by_window
from crop_classifier_plugin.engine.experiments.results import Column, Heading, Part, Results, Table, Text
from crop_classifier_plugin.engine.experiments.starfm.real_images import write_band
from crop_classifier_plugin.engine.fusion.starfm.starfm import Pair, Settings, predict

RUNS = ((768, 768, 61), (3071, 2294, 61), (4608, 4608, 5), (9216, 9216, 5))  # width, height, window
SIDE, PLAIN_SIDE = 96, 6
LOOPS = {"plain loop over pixels and neighbours": by_neighbour, "loop over pixels, numpy inside": by_window}
MEMORY = (
    "The program as a terminal calls it. GDAL's block cache, 128 MiB at most, is full from some ten million pixels on: "
    "the last two rows, with a small window to save time, are beyond that."
)


def main() -> None:
    used = memory(RUNS)  # first, while this process is small
    parts = (*speed(repeats=5), Heading("Memory and time of the whole job"), Text(MEMORY), used)
    write("fuse_starfm", Results("STARFM: speed and memory", "benchmarks/speed/fuse_starfm.py", parts))


# --- beside loops ----------------------------------------------------------------------------------------------------


def speed(repeats: int) -> Iterator[Part]:
    yield Heading("Speed")
    yield Text(
        f"Processor microseconds a pixel, medians of {repeats} runs, one thread, on {SIDE} x {SIDE} px (loops: "
        f"{PLAIN_SIDE} x {PLAIN_SIDE} px). All three give the same values to 1e-6."
    )
    rows = [(name, 1e6 * seconds) for name, seconds in per_pixel(repeats)]
    columns = Column("method"), Column("µs a pixel", "{:,.1f}"), Column("times as long", "{:,.1f}")
    yield Table("speed of STARFM", columns, tuple((name, each, each / rows[0][1]) for name, each in rows))


def per_pixel(repeats: int) -> Iterator[tuple[str, float]]:
    """Seconds a pixel of this program and of each loop, whose values are checked."""
    settings = Settings()
    margin = 2 * settings.halo
    fine, coarse, target = scene(SIDE + margin, SIDE + margin)
    spread = float(fine.std())
    ours = median_seconds(lambda: predict([Pair(fine, coarse, spread)], target, settings), repeats)
    yield "this program", ours / SIDE**2
    f, c, t = (image[: PLAIN_SIDE + margin, : PLAIN_SIDE + margin] for image in (fine, coarse, target))
    expected = predict([Pair(f, c, spread)], t, settings)
    for name, loop in LOOPS.items():
        np.testing.assert_allclose(loop(f, c, t, spread, settings), expected, atol=1e-6)
        theirs = median_seconds(partial(loop, f, c, t, spread, settings), repeats)
        yield name, theirs / PLAIN_SIDE**2


def scene(height: int, width: int, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Fine and coarse NDVI of a base day and the coarse one of another: fields of 20 px under cells of 25 px."""
    rng = np.random.default_rng(seed)

    def blocks(side: int) -> NDArray[Any]:
        small = rng.uniform(0.1, 0.9, (-(-height // side), -(-width // side)))
        return np.kron(small, np.ones((side, side)))[:height, :width]

    fine, coarse = blocks(20) + rng.normal(0, 0.02, (height, width)), blocks(25)
    return fine, coarse, coarse + 0.2 * blocks(25)


# --- the whole job ---------------------------------------------------------------------------------------------------


def memory(runs: Iterable[tuple[int, int, int]]) -> Table:
    rows = []
    for width, height, window in runs:
        cost = whole_job(width, height, window)
        rows.append((f"{width:,} x {height:,} px", window, cost.seconds, cost.busy, cost.peak))
    columns = (
        Column("image"),
        Column("window"),
        Column("seconds", "{:.1f}"),
        Column("processor seconds", "{:.1f}"),
        Column("peak memory (MiB)", "{:.0f}"),
    )
    return Table("fuse-starfm", columns, tuple(rows))


def whole_job(width: int, height: int, window: int) -> Cost:
    """Of fusing images of this size, in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        with multiprocessing.get_context("spawn").Pool(1) as pool:  # a program's peak counts what its parent held
            pool.apply(write_scene, (folder, height, width))
        fine, coarse = ("--fine", "fine_20240601.tif"), ("--coarse", "coarse_20240601.tif")
        target, options = ("--coarse", "coarse_20240701.tif"), ("--out", "fused.tif", "--window", str(window))
        return recorded(Path(folder), "fused.tif", "fuse-starfm", *fine, *coarse, *target, *options)


def write_scene(folder: str, height: int, width: int) -> None:
    fine, coarse, target = scene(height, width)
    write_band(Path(folder) / "fine_20240601.tif", fine, "NDVI", 10)
    write_band(Path(folder) / "coarse_20240601.tif", coarse[12::25, 12::25], "NDVI", 250)
    write_band(Path(folder) / "coarse_20240701.tif", target[12::25, 12::25], "NDVI", 250)


if __name__ == "__main__":
    main()
