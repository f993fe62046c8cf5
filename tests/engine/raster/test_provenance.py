"""What any job makes of simulated scenes says so, and what it makes of real ones does not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio

from crop_classifier_plugin.engine.execution.dispatch import execute
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.series import AlignSeriesJob, CompositeJob, FillGapsJob, IndexJob, PhenologyJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

DAYS = ("20240301", "20240401", "20240501", "20240601", "20240701", "20240801", "20240901", "20241001")
LEVELS = (0.1, 0.2, 0.4, 0.7, 0.8, 0.5, 0.2, 0.1)  # NDVI
JOBS: dict[str, Callable[[Series, str], Any]] = {
    "composite": lambda series, made: CompositeJob(series, stack=made),
    "fill_gaps": lambda series, made: FillGapsJob(series, made),
    "index": lambda series, made: IndexJob(series, made),
    "phenology": lambda series, made: PhenologyJob(series, made),
    "build_series": lambda series, made: BuildSeriesJob(series, made),
    "align_series": lambda series, made: AlignSeriesJob(series, series, made, made.replace(".tif", ".csv"), count=2),
}


@pytest.mark.parametrize("simulated", [True, False])
@pytest.mark.parametrize("name", JOBS)
def test_the_mark_goes_with_the_pixels(tmp_path: Path, name: str, simulated: bool) -> None:
    for day, level in zip(DAYS, LEVELS):
        bands = np.stack([np.full((20, 20), 1000 * (1 - level)), np.full((20, 20), 1000 * (1 + level))])
        path = write_raster(tmp_path / "s" / f"S2_{day}.tif", bands.astype(np.uint16), names=("B04", "B08"), nodata=0)
        if simulated and day == DAYS[3]:  # one is enough
            with rasterio.open(path, "r+") as file:
                file.update_tags(SIMULATED="yes")
    scenes = tuple(SceneSource(str(path)) for path in sorted((tmp_path / "s").glob("*.tif")))
    made = tmp_path / "made.tif"
    assert execute(JOBS[name](Series(scenes, mask="none"), str(made)), as_json=True) == 0
    with rasterio.open(made) as file:
        assert ("SIMULATED" in file.tags()) == simulated
