"""TSSTFN on a pair of real Landsat and MODIS images: learnt on the left half, used on the right half."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from ....shared.jobs.fusion import FuseStarfmJob, image_pairs
from ....shared.jobs.sources import Extent, SceneSource
from ....shared.jobs.tsstfn import FuseTsstfnJob, FusionModelInputs, FusionOptim, TrainTsstfnJob
from ...access.rasters import open_raster
from ...execution.reporter import Silent
from ...execution.scratch import scratch_folder
from ...fusion.starfm.job import fuse as fuse_starfm
from ...fusion.tsstfn.job import fuse as fuse_tsstfn
from ...training.tsstfn.job import train
from ..starfm.real_images import DAYS, DIRECTIONS, image, write_real
from ..starfm.study import evaluated
from .simulated_place import BATCH, EPOCHS

Figures = list[dict[str, Any]]  # of TSSTFN, STARFM, the last fine image and the coarse image
Images = tuple[SceneSource, SceneSource]  # of the base day and the target's


def real(data: Path, work: Path) -> dict[str, Figures]:
    """Figures on the right half, by direction; copies of the images are written into `work` meanwhile."""
    with scratch_folder(work) as folder:
        write_real(data, folder)
        return {f"{base} -> {target}": _direction(folder, base, target) for base, target in DIRECTIONS}


def _direction(folder: Path, base: str, target: str) -> Figures:
    left, right = _halves(image(folder, "fine", "NDVI", base).path)
    fine, coarse = (_renamed(folder, sensor, base, target) for sensor in ("fine", "coarse"))
    model, fused = str(folder / f"model{base}"), str(folder / f"tsstfn{base}.tif")
    optim = FusionOptim(epochs=EPOCHS, batch=BATCH)
    pairs = image_pairs(fine, coarse, extent=left)
    train(TrainTsstfnJob(*pairs, model, model_inputs=FusionModelInputs(pairs=1), optim=optim), Silent())
    pairs = image_pairs(fine[:1], coarse, extent=right)
    fuse_tsstfn(FuseTsstfnJob(*pairs, model, fused, ("2016-08-31",)), Silent())
    ours = evaluated(folder, SceneSource(fused), fine[1], fine[:1], coarse[1], right)["images"]
    return [ours[0], *_starfm(folder, base, target, right)]


def _halves(path: str) -> tuple[Extent, Extent]:
    with open_raster(path) as file:
        x0, y0, x1, y1 = file.bounds
    whole, middle = Extent(x0, y0, x1, y1, ""), (x0 + x1) / 2
    return replace(whole, xmax=middle), replace(whole, xmin=middle)


def _starfm(folder: Path, base: str, target: str, extent: Extent) -> Figures:
    """Figures of STARFM and of the two references."""
    fine, coarse = (
        (image(folder, sensor, "NDVI", base), image(folder, sensor, "NDVI", target)) for sensor in ("fine", "coarse")
    )
    made, day = str(folder / f"starfm{base}.tif"), DAYS[target]
    iso = f"{day[:4]}-{day[4:6]}-{day[6:]}"
    fuse_starfm(FuseStarfmJob(*image_pairs(fine[:1], coarse), made, target=iso), Silent())
    figures: Figures = evaluated(folder, SceneSource(made), fine[1], fine[:1], coarse[1], extent)["images"]
    return figures


def _renamed(folder: Path, sensor: str, base: str, target: str) -> Images:
    """The base image as of 1 August and the target's as of 31 August.

    A base date lies before its target: where the target is the earlier image, the days are exchanged.
    """
    first, last = (
        _copy(Path(image(folder, sensor, "NDVI", day).path), folder / f"from{base}", named)
        for day, named in ((base, "20160801"), (target, "20160831"))
    )
    return first, last


def _copy(path: Path, folder: Path, day: str) -> SceneSource:
    made = folder / f"{path.stem[:-9]}_{day}.tif"
    folder.mkdir(exist_ok=True)
    made.write_bytes(path.read_bytes())
    return SceneSource(str(made))
