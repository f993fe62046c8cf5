"""STARFM on real images, in both directions, through the jobs; and whether the two sensors saw the same change."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from ....shared.jobs.fusion import EvaluateFusionJob, FuseStarfmJob, image_pairs
from ....shared.jobs.sources import Extent, SceneSource
from ...access.rasters import open_raster
from ...execution.reporter import Silent
from ...fusion.evaluation.job import evaluate
from ...fusion.starfm.job import fuse
from .real_images import BANDS, DAYS, DIRECTIONS, image, write_real


@dataclass(frozen=True)
class Case:
    """`images`: figures of the fused image, the other fine image and the coarse image, as the evaluation tells them."""

    base: str
    target: str
    band: str
    images: tuple[dict[str, Any], ...]
    data_range: float  # L of SSIM


@dataclass(frozen=True)
class Agreement:
    """Mean change of a band from the first to the second day, and how the sensors' changes correlate over pixels."""

    band: str
    fine: float
    coarse: float
    near: float  # as the pixels are
    far: float  # of means over 17 px


def study(data: Path, folder: Path) -> tuple[list[Case], list[Agreement]]:
    write_real(data, folder)
    cases = [_case(folder, band, *days) for days in DIRECTIONS for band in BANDS]
    return cases, [_agreement(folder, band) for band in BANDS]


def _case(folder: Path, band: str, base: str, target: str) -> Case:
    fused = str(folder / f"fused_{band}_{base}.tif")
    coarse = image(folder, "coarse", band, base), image(folder, "coarse", band, target)
    pairs = image_pairs((image(folder, "fine", band, base),), coarse)
    fuse(FuseStarfmJob(*pairs, fused, band=band), Silent())
    truth, last = image(folder, "fine", band, target), image(folder, "fine", band, base)
    report = evaluated(folder, SceneSource(fused), truth, (last,), coarse[1], band=band)
    return Case(base, target, band, tuple(report["images"]), report["ssim"]["data_range"])


def evaluated(
    folder: Path,
    fused: SceneSource,
    truth: SceneSource,
    fine: tuple[SceneSource, ...],
    coarse: SceneSource,
    extent: Extent | None = None,
    band: str = "NDVI",
) -> dict[str, Any]:
    """The report on a fused image."""
    html, document, table = (str(folder / f"r.{kind}") for kind in ("html", "json", "csv"))
    evaluate(EvaluateFusionJob(fused, truth, fine, coarse, html, document, table, band, extent=extent), Silent())
    report: dict[str, Any] = json.loads(Path(document).read_text(encoding="utf-8"))
    return report


def _agreement(folder: Path, band: str) -> Agreement:
    """Whether the coarse sensor saw the change that the fine one saw: what every fusion lives on."""
    fine, coarse = (_change(folder, sensor, band) for sensor in ("fine", "coarse"))
    near = np.corrcoef(fine.ravel(), coarse.ravel())[0, 1]
    far = np.corrcoef(uniform_filter(fine, 17).ravel(), uniform_filter(coarse, 17).ravel())[0, 1]
    return Agreement(band, float(fine.mean()), float(coarse.mean()), float(near), float(far))


def _change(folder: Path, sensor: str, band: str) -> NDArray[np.float64]:
    """(H,W) later minus earlier image."""
    read = []
    for day in DAYS:
        with open_raster(image(folder, sensor, band, day).path) as file:
            read.append(file.read(1))
    return np.asarray(read[1] - read[0], np.float64)
