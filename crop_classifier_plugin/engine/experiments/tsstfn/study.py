"""TSSTFN beside STARFM and what one has without fusion, on simulated places with a hidden July and August."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import rasterio

from ...access.rasters import open_raster
from ...execution.scratch import scratch_folder
from ..starfm.study import evaluated
from .simulated_place import TARGETS, USED, SimulatedPlace, sources

SEEDS, SIDE = (1, 2, 3), 256
METHODS = ("TSSTFN, strategy B", "TSSTFN, strategy B, in sequence", "TSSTFN, strategy A", "STARFM")
REFERENCES = ("last fine image (25 June)", "coarse image, resampled")
Found = dict[str, Any]  # figures by "target method", and seconds a strategy


def simulated(seed: int, work: Path) -> Found:
    """Figures by target and method of one simulated place, which is written into `work` meanwhile."""
    with scratch_folder(work) as folder:
        place, found = SimulatedPlace(folder, seed, SIDE).write(), Found()
        for strategy in "BA":
            place.align(strategy)
            found[f"seconds {strategy}"] = place.train(strategy)
            found |= _scores(place, place.predict(strategy), f"TSSTFN, strategy {strategy}")
        found |= _scores(place, place.predict("B", "sequential"), "TSSTFN, strategy B, in sequence")
        for target in TARGETS:
            found |= _scores(place, place.starfm(target), "STARFM", (target,))
    return found


def _scores(place: SimulatedPlace, made: Path, name: str, targets: tuple[str, ...] = TARGETS) -> Found:
    """The figures of a fused image, and of the two references."""
    found = Found()
    for target in targets:
        one = _band_of(made, target, place.folder / "one.tif")
        last, (coarse,) = place.fine("B", USED), place.modis(target)
        fused, truth, before, blurred = sources(one, place.ndvi(USED), last, coarse)
        figures = evaluated(place.folder, fused, truth, (before,), blurred)["images"]
        found |= {f"{target} {label}": each for label, each in zip((name, *REFERENCES), figures)}
    return found


def _band_of(made: Path, target: str, one: Path) -> Path:
    """Writes the band of one target day alone."""
    with open_raster(made) as file:
        band = [text.split()[1] for text in file.descriptions].index(target) + 1
        with rasterio.open(one, "w", **(file.profile | {"count": 1})) as single:
            single.write(file.read(band), 1)
            single.set_band_description(1, f"NDVI {target}")
    return one
