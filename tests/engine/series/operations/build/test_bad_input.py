"""Bad input to the building of a series: one sentence, and nothing left behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.operations.build.job import build_series
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BandTwice,
    CropClassifierError,
    DateMissing,
    UnitUnclear,
)
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from kits.rasters import write_raster
from kits.series.downloads import DAYS, built, series_of, write_downloads


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"crs": "EPSG:4326", "resolution": 10.0}, "degrees, and a resolution of 10 degrees is 1110 km"),
        ({"crs": "EPSG:32631", "resolution": 0.0001}, "looks like degrees"),
        ({"crs": "EPSG:nowhere"}, "EPSG:nowhere.* is unknown"),
        ({"resolution": 0.01}, "smaller extent"),
        ({"bands": ("B04", "VV")}, "both surface reflectance and backscatter"),
        ({"bands": ("B05",)}, "No scene has the band B05"),
        ({"reference": "gone.tif"}, "gone.tif"),
    ],
)
def test_what_cannot_be_meant_gets_one_sentence(tmp_path: Path, options: dict[str, object], words: str) -> None:
    series = series_of(write_downloads(tmp_path / "in"))
    if options.get("resolution") == 0.01:
        options["resolution"] = 0.012
        wide = Affine(100_000, 0, 0, 0, -100_000, 5_650_000)
        for path in (tmp_path / "in").iterdir():
            with rasterio.open(path, "r+") as file:
                file.transform = wide
    with pytest.raises(CropClassifierError, match=words):
        built(tmp_path / "s.tif", series, **options)
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


@pytest.mark.parametrize(
    "options", [{}, {"output": "a.tif", "resolution": -1.0}, {"vrt": "a.vrt", "resolution": 20.0},
                {"output": "a.tif", "reference": "b.tif", "crs": "EPSG:4326"}],
)  # fmt: skip
def test_jobs_that_make_no_sense_are_refused(options: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        BuildSeriesJob(series=series_of(Path("x.tif")), **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "vrt", "words"),
    [("a.png", "", "not a GeoTIFF"), ("", "a.txt", "not a VRT"), ("a.tif", "a.vrt", "share their style")],
)
def test_outputs_have_names_of_their_own(tmp_path: Path, output: str, vrt: str, words: str) -> None:
    series = series_of(write_downloads(tmp_path / "in"))
    names = {k: str(tmp_path / v) for k, v in (("output", output), ("vrt", vrt)) if v}
    with pytest.raises(BadInput, match=words):
        build_series(BuildSeriesJob(series=series, **names), Silent())


def test_bad_scenes_leave_no_file(tmp_path: Path) -> None:
    folder = write_downloads(tmp_path / "in")
    bad: list[tuple[Path, type[Exception], str]] = []
    nameless = write_raster(tmp_path / "x" / "nameless.tif", np.full((1, 8, 8), 900, np.uint16), names=("B04",))
    twin = write_raster(tmp_path / "x" / f"copy_{DAYS[0]}.tif", np.full((2, 8, 8), 900, np.uint16), names=("B04",) * 2)
    odd = write_raster(tmp_path / "x" / "odd_20240501.tif", np.full((3, 44, 60), 0.2, np.float32),
                       names=("B04", "B08", "B11"))  # fmt: skip
    bad += [(twin, BandTwice, "all named B04"), (odd, UnitUnclear, "0-1")]
    for path, error, words in bad:
        with pytest.raises(error, match=words):
            built(tmp_path / "s.tif", series_of(folder, path))
        assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "x"]
    with pytest.raises(DateMissing, match="nameless"):
        built(tmp_path / "s.tif", series_of(nameless))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "x"]


def test_all_dates_clouded_are_named(tmp_path: Path) -> None:
    folder = write_downloads(tmp_path / "in")
    for day in DAYS:
        write_raster(folder / f"S2_SCL_{day}.tif", np.full((1, 22, 30), 9, np.uint8), names=("SCL",), pixel=20.0)
    with pytest.raises(BadInput, match="2024-04-10, 2024-04-25, 2024-07-20"):
        built(tmp_path / "s.tif", series_of(folder))
    assert [p.name for p in tmp_path.iterdir()] == ["in"]


def test_an_input_is_never_replaced(tmp_path: Path) -> None:
    folder = write_downloads(tmp_path / "in")
    path = folder / f"S2_10m_{DAYS[0]}.tif"
    before = path.read_bytes()
    with pytest.raises(BadInput, match="would replace an input"):
        built(path, series_of(folder))
    assert path.read_bytes() == before


def test_amplitude_is_refused(tmp_path: Path) -> None:
    name = "S1A_IW_20240516T055021_DVP_RTC10_G_gauned_5B3E_VV.tif"
    write_raster(tmp_path / "in" / name, np.full((1, 8, 8), 0.3, np.float32))
    with pytest.raises(BadInput, match="amplitude"):
        built(tmp_path / "s.tif", series_of(tmp_path / "in"))


def test_numbers_that_are_no_backscatter_are_refused(tmp_path: Path) -> None:
    """As SNAP's or a GRD's amplitudes of 16 bits; a few bright pixels are towns."""
    bright = np.full((1, 8, 8), 0.1, np.float32)
    bright[:, 0, :4] = 500
    write_raster(tmp_path / "in" / "S1A_IW_20240516_VV.tif", bright)
    built(tmp_path / "s.tif", series_of(tmp_path / "in"))
    write_raster(tmp_path / "in" / "S1A_IW_20240528_VV.tif", np.full((1, 8, 8), 120, np.uint16))
    with pytest.raises(BadInput, match=r"2024-05-28 is around 120, .*calibrate"):
        built(tmp_path / "s.tif", series_of(tmp_path / "in"))
