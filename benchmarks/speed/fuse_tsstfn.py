"""Time and peak memory of the whole fusion by TSSTFN, at two sizes: `python -m benchmarks.speed.fuse_tsstfn`.

Each runs in a process of its own, as a terminal calls it.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from benchmarks.lib.measure import engine, recorded
from benchmarks.lib.places import places
from benchmarks.lib.results import write
from crop_classifier_plugin.engine.experiments.results import Column, Results, Table, Text
from crop_classifier_plugin.engine.experiments.starfm.real_images import write_band

RUNS = ((1024, 768), (3071, 2294))  # width, height
BASES = [f"202406{day:02}" for day in range(1, 8)]
ABOUT = (
    "The program as a terminal calls it, with seven base pairs; NDVI of 10 m, MODIS of 250 m, tiles of 64 px that "
    "share 10 px. Images larger than GDAL's block cache, 128 MiB at most, have filled it: so the second one has."
)
IMAGES = ("--fine", "fine", "--coarse", "coarse")


def main() -> None:
    results = Results("TSSTFN: time and memory", "benchmarks/speed/fuse_tsstfn.py", (Text(ABOUT), memory(RUNS)))
    write("fuse_tsstfn", results, ("onnxruntime",))


def memory(runs: Iterable[tuple[int, int]]) -> Table:
    rows = []
    with places() as here:
        write_pairs(here.work, 256, 256)
        engine(here.work, "train-tsstfn", *IMAGES, "--out", "model", "--epochs", "1")
        for width, height in runs:
            write_pairs(here.work, height, width)
            options = ("--model", "model", "--out", "f.tif", "--target", "2024-08-01")
            cost = recorded(here.work, "f.tif", "fuse-tsstfn", *IMAGES, *options)
            rows.append((f"{width:,} x {height:,} px", cost.seconds, cost.busy, cost.peak))
    columns = (
        Column("image"),
        Column("seconds", "{:.0f}"),
        Column("processor seconds", "{:.0f}"),
        Column("peak memory (MiB)", "{:.0f}"),
    )
    return Table("fuse-tsstfn", columns, tuple(rows))


def write_pairs(folder: Path, height: int, width: int) -> None:
    rng = np.random.default_rng(0)
    for kind, pixel in (("fine", 10), ("coarse", 250)):
        (folder / kind).mkdir(exist_ok=True)
        shape = (-(-height * 10 // pixel), -(-width * 10 // pixel))
        for day in (*BASES, "20240801"):
            image = rng.uniform(0, 1, shape).astype(np.float32)
            write_band(folder / kind / f"{kind}_{day}.tif", image, "NDVI", pixel)


if __name__ == "__main__":
    main()
