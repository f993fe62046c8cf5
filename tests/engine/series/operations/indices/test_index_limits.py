"""Index values are those that the formula can give, and whatever the index job writes its next step reads."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import rasterio
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.operations.composite.job import composite
from crop_classifier_plugin.engine.series.operations.gap_filling.job import fill_gaps
from crop_classifier_plugin.engine.series.operations.indices.formulas import compute
from crop_classifier_plugin.engine.series.operations.indices.job import compute_indices
from crop_classifier_plugin.engine.series.operations.phenology.job import phenology
from crop_classifier_plugin.shared.choices import INDICES
from crop_classifier_plugin.shared.jobs.series import CompositeJob, FillGapsJob, IndexJob, PhenologyJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster

OPTICAL = ("B02", "B03", "B04", "B05", "B08", "B11")
LIMITS = {"EVI2": (-2.5 / 3.4, 1.25), "RVI": (0, 4), "VHVV": (0, np.inf)}  # the others: -1 and 1
FEW = (Phase.explicit, Phase.reuse, Phase.generate)  # rasters are slow to shrink


@pytest.mark.parametrize("name", [n for n in INDICES if n not in ("RVI", "VHVV")])
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_reflectance_from_0_to_1_stays_within_the_limits_but_next_to_the_pole(name: str, seed: int) -> None:
    """Of a normalised difference, SAVI and EVI2 nothing is lost; of EVI only where clouds are, bright in blue."""
    cube = np.random.default_rng(seed).uniform(0.001, 1, (2, len(OPTICAL), 9, 9)).astype(np.float32)
    land = cube.copy()
    land[:, 0] = land[:, 2] / 2
    land[:, 4] = np.minimum(land[:, 4], land[:, 2] + 0.4)
    low, high = LIMITS.get(name, (-1, 1))
    for given_cube, whole in ((cube, name != "EVI"), (land, name != "EVI")):
        made = compute(name, given_cube, OPTICAL)
        seen = made[~np.isnan(made)]
        assert seen.size == made.size or not whole
        assert (seen >= low - 1e-6).all()
        assert (seen <= high + 1e-6).all()


def reflectance(seed: int, dates: int) -> np.ndarray:
    """(T, C, H, W) of land, water below 0 after correction, cloud above 1."""
    rng = np.random.default_rng(seed)
    cube = rng.uniform(0.01, 0.5, (dates, len(OPTICAL), 8, 8))
    cube[:, :, :2] = rng.normal(0, 0.01, cube[:, :, :2].shape)
    cube[:, :, 2] = rng.uniform(0.7, 1.6, cube[:, :, 2].shape)
    return np.rint(cube * 10_000).astype(np.int16)


def series_of(path: Path) -> Series:
    return Series((SceneSource(str(path)),))


@pytest.mark.parametrize("name", INDICES)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=3, deadline=None, phases=FEW)
def test_every_next_step_takes_what_the_index_job_writes(name: str, seed: int) -> None:
    days = [dt.date(2019, 4, 1) + dt.timedelta(20 * k) for k in range(9)]
    radar = name in ("RVI", "VHVV")
    power = np.random.default_rng(seed).normal(0.05, 0.05, (len(days), 2, 8, 8)).astype(np.float32)
    cube = np.abs(power) if radar else reflectance(seed, len(days))
    with TemporaryDirectory() as temporary:
        folder, made = Path(temporary), Path(temporary) / "index.tif"
        for day, array in zip(days, cube):
            names = ("VV", "VH") if radar else OPTICAL
            write_raster(folder / "in" / f"S_{day:%Y%m%d}.tif", array, names=names, nodata=None if radar else -32768)
        compute_indices(IndexJob(series_of(folder / "in"), str(made), (name,)), Silent())
        reporter = Silent()
        with rasterio.open(made) as file, open_series(series_of(made), reporter) as stack:
            np.testing.assert_array_equal(stack.read(Window(0, 0, 8, 8))[:, 0], file.read())
        assert not [text for level, text in reporter.lines if level == "warning"]
        composite(CompositeJob(series_of(made), stack=str(folder / "c.tif"), empty="skip"), Silent())
        fill_gaps(FillGapsJob(series_of(made), str(folder / "f.tif")), Silent())
        phenology(PhenologyJob(series_of(made), str(folder / "p.tif"), index=name, min_dates=3), Silent())


def test_what_is_out_of_range_is_counted_in_log_and_record(tmp_path: Path) -> None:
    array = np.full((2, 40, 40), 300, np.int16)
    array[1] = 3000
    array[0, :10], array[1, :10] = -80, 60
    write_raster(tmp_path / "in" / "S2_20190421.tif", array, names=("B04", "B08"))
    reporter = Silent()
    result = compute_indices(IndexJob(series_of(tmp_path / "in"), str(tmp_path / "i.tif")), reporter)
    with rasterio.open(tmp_path / "i.tif") as file:
        made = file.read(1)
    assert np.isnan(made[:10]).all()
    np.testing.assert_allclose(made[10:], 2700 / 3300, rtol=1e-5)
    assert result["out_of_range"] == {"NDVI": 0.25}
    assert any("NDVI: 25.00% of the values are outside -1 to 1" in text for _, text in reporter.lines)


@given(seed=st.integers(0, 2**32 - 1), hazy=st.integers(0, 15))
@settings(max_examples=10, deadline=None, phases=FEW)
def test_a_bright_pixel_does_not_move_the_peak_of_evi(seed: int, hazy: int) -> None:
    """Clouds are about as bright in blue, red and near infrared, which is where EVI's pole lies."""
    rng = np.random.default_rng(seed)
    days = [dt.date(2019, 3, 1) + dt.timedelta(16 * k) for k in range(16)]
    with TemporaryDirectory() as temporary:
        folder = Path(temporary) / "in"
        for number, day in enumerate(days):
            green = np.exp(-(((day - dt.date(2019, 6, 21)).days / 45) ** 2))
            land = np.array([0.06 - 0.03 * green, 0.12 - 0.08 * green, 0.20 + 0.25 * green])
            cube = np.tile(np.rint(land * 10_000)[:, None, None], (1, 6, 6))
            if number == hazy:
                blue = rng.uniform(0.6, 1, (3, 6))
                cube[:, :3] = np.rint(10_000 * blue * np.stack([1 + 0 * blue, *rng.uniform(0.9, 1, (2, 3, 6))]))
            write_raster(folder / f"S2_{day:%Y%m%d}.tif", cube.astype(np.uint16), names=("B02", "B04", "B08"))
        phenology(PhenologyJob(series_of(folder), f"{temporary}/p.tif", index="EVI"), Silent())
        with rasterio.open(f"{temporary}/p.tif") as file:
            peak = file.read(2)
    reach = 33 if abs(hazy - 7) <= 2 else 6  # a cloud's low value beside the peak dents the curve there, of any index
    assert np.abs(peak - 172).max() <= reach
