"""A model is made for the pixel size of the series it was trained on, whatever that is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.classification import classify_job
from kits.rasters import BANDS, write_raster
from kits.training.parcels import NORTH, WEST, job_of, parcels


@pytest.mark.parametrize(("pixel", "degrees"), [(30.0, False), (0.0005, True)])
def test_the_pixel_size_of_a_model_is_that_of_its_series(tmp_path: Path, pixel: float, degrees: bool) -> None:
    frame = parcels().scale(pixel / 10, pixel / 10, origin=(WEST, NORTH))
    place = Affine(pixel, 0, WEST, 0, -pixel, NORTH)
    crs = "EPSG:32631"
    if degrees:
        place, crs = Affine(pixel, 0, 3.0, 0, -pixel, 51.0), "EPSG:4326"
        frame = parcels().affine_transform(
            [pixel / 10, 0, 0, pixel / 10, 3 - WEST * pixel / 10, 51 - NORTH * pixel / 10]
        )
        frame = frame.set_crs(crs, allow_override=True)
    labelled = parcels().set_geometry(frame)
    labelled.to_file(tmp_path / "parcels.gpkg")
    rng = np.random.default_rng(1)
    for day in ("20240424", "20240623"):
        bands = rng.integers(800, 3000, (6, 64, 64)).astype(np.uint16)
        write_raster(tmp_path / "season" / f"S2_{day}.tif", bands, names=BANDS, nodata=0, transform=place, crs=crs)
    job = job_of(tmp_path, tmp_path / "model", epochs=1)
    completed, _ = resolve_job(job, Silent())
    wanted = np.sqrt(pixel**2 * 111_200 * 70_000) if degrees else pixel
    assert completed.model_inputs.pixel_size == pytest.approx(wanted, rel=0.05)
    train(job, Silent())
    assert load_card(tmp_path / "model").inputs.pixel_size == completed.model_inputs.pixel_size
    scenes = tuple(SceneSource(str(p)) for p in sorted((tmp_path / "season").glob("*.tif")))
    classify(classify_job(scenes, str(tmp_path / "model"), str(tmp_path / "map.tif"), mask="none"), Silent())
    assert (tmp_path / "map.tif").exists()
