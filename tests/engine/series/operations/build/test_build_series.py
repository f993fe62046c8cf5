"""A built series: read back it is what it was built of, and its table tells of what."""

from __future__ import annotations

import csv
import datetime as dt
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from rasterio.warp import Resampling, reproject

from crop_classifier_plugin.engine.cli.options import read_dates
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.dated_style import ranges
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.cube.stack import Stack
from crop_classifier_plugin.engine.series.operations.build.job import build_series
from crop_classifier_plugin.engine.series.operations.build.scene_table import empty_months, gaps
from crop_classifier_plugin.shared.errors import (
    BadInput,
    NoOverlap,
)
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.sources import Extent
from kits.rasters import write_raster
from kits.series.downloads import DAYS, built, series_of, write_downloads


def whole(stack: Stack) -> np.ndarray:
    with stack:
        return stack.read(Window(0, 0, stack.grid.height, stack.grid.width))


def warnings_of(reporter: Silent) -> list[str]:
    return [text for level, text in reporter.lines if level == "warning"]


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


# --- what is written -------------------------------------------------------------------------------------------------


def test_a_built_series_read_back_is_the_same_series(tmp_path: Path) -> None:
    series = series_of(write_downloads(tmp_path / "in"))
    path, _ = built(tmp_path / "s.tif", series, bands=("B08", "B04", "B11"))
    one, other = (open_series(s, Silent(), ("B08", "B04", "B11")) for s in (series, series_of(path)))
    assert one.dates == other.dates
    assert one.grid == other.grid
    source, back = whole(one), whole(other)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(source))
    np.testing.assert_array_equal(back[:, :2], source[:, :2])  # 10 m: not resampled
    np.testing.assert_allclose(back[:, 2], source[:, 2], atol=0.501)  # stored as whole numbers
    assert np.isnan(source).any()
    with rasterio.open(path) as file:
        days = [f"{d[:4]}-{d[4:6]}-{d[6:]}" for d in DAYS]
        assert file.descriptions == tuple(f"{d} {b}" for d in days for b in ("B08", "B04", "B11"))
        assert [file.tags(i)["DATE"] for i in file.indexes] == [d for d in days for _ in range(3)]
        assert set(file.scales) == {1e-4}


@pytest.mark.parametrize(("bands", "low"), [(("VV", "VH"), 0.01), (("NDVI",), -0.2)])
def test_radar_and_indices_keep_their_values(tmp_path: Path, bands: tuple[str, ...], low: float) -> None:
    rng = np.random.default_rng(4)
    values = rng.uniform(low, 0.9, (2, len(bands), 30, 30)).astype(np.float32)
    values[0, :, 3, 3] = np.nan
    for day, array in zip(DAYS, values):
        write_raster(tmp_path / "in" / f"x_{day}.tif", array, names=bands, nodata=np.nan)
    path, _ = built(tmp_path / "s.tif", series_of(tmp_path / "in"))
    np.testing.assert_array_equal(whole(open_series(series_of(path), Silent(), bands)), values)


def test_the_file_is_laid_out_for_the_cloud(tmp_path: Path) -> None:
    """Headers first, all overviews' pixels after; tests/plugin asks GDAL too."""
    rng = np.random.default_rng(2)
    values = rng.integers(1, 5000, (2, 700, 640)).astype(np.uint16)
    for day in DAYS[:2]:
        write_raster(tmp_path / "in" / f"S2_{day}.tif", values, names=("B04", "B08"))
    path, _ = built(tmp_path / "s.tif", series_of(tmp_path / "in"))
    with rasterio.open(path) as file:
        assert file.overviews(1) == [2]
        assert file.interleaving.name == "band"
        assert file.block_shapes == [(256, 256)] * 4
        first, over = (int(file.get_tag_item("BLOCK_OFFSET_0_0", "TIFF", bidx=1, ovr=ovr)) for ovr in (None, 0))
        np.testing.assert_array_equal(file.read(1), values[0])
    assert over < first
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "s.qml", "s.run.json", "s.tif", "s_dates.csv"]


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_tells_of_every_band_and_is_a_table_of_dates(tmp_path: Path) -> None:
    folder = write_downloads(tmp_path / "in")
    built(tmp_path / "s.tif", series_of(folder))
    rows = rows_of(tmp_path / "s_dates.csv")
    assert len(rows) == 3 * 4
    assert {(r["name"], r["role"], r["pixel_m"]) for r in rows} == {
        ("B04", "value", "10"), ("B08", "value", "10"), ("B11", "value", rows[2]["pixel_m"]),
        ("SCL", "mask", rows[2]["pixel_m"]),
    }  # fmt: skip
    assert {r["sensor"] for r in rows} == {"Sentinel-2"}
    cube = whole(open_series(series_of(folder), Silent(), ("B04", "B08", "B11")))
    shares = dict(zip(DAYS, (~np.isnan(cube).any(axis=1)).mean(axis=(1, 2))))
    for row in rows:
        assert float(row["clear_share"]) == pytest.approx(shares[row["date"].replace("-", "")], abs=1e-4)
    for old in sorted(folder.iterdir()):
        old.rename(folder / old.name.replace("2024", "xx"))  # no date is left in the names
    text = (tmp_path / "s_dates.csv").read_text().replace("_2024", "_xx")
    (tmp_path / "corrected.csv").write_text(text)
    dated = series_of(folder, dates=tuple(read_dates(str(tmp_path / "corrected.csv"))))
    again = whole(open_series(dated, Silent(), ("B04", "B08", "B11")))
    np.testing.assert_array_equal(again, cube)


def test_the_table_alone_writes_no_pixel(tmp_path: Path) -> None:
    series = series_of(write_downloads(tmp_path / "in"))
    done = build_series(BuildSeriesJob(series=series, table=str(tmp_path / "t.csv")), Silent())
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in", "t.csv", "t.run.json"]
    assert len(rows_of(Path(str(done["table"])))) == 12


def test_the_log_has_a_line_a_date_and_tells_what_is_odd(tmp_path: Path) -> None:
    folder = write_downloads(tmp_path / "in")
    write_raster(folder / "S2_SCL_20240425.tif", np.full((1, 22, 30), 9, np.uint8), names=("SCL",), pixel=20.0)
    _, reporter = built(tmp_path / "s.tif", series_of(folder))
    told = [text for _, text in reporter.lines]
    assert sum(text.startswith("2024-") for text in told) == 3
    warned = " | ".join(warnings_of(reporter))
    for words in ("86 days, from 2024-04-25 to 2024-07-20", "2024-05, 2024-06", "Without a clear pixel: 2024-04-25"):
        assert words in warned
    table = next(i for i, text in enumerate(told) if text.startswith("2024-04-10"))
    assert table < next(i for i, text in enumerate(told) if text.startswith("Without"))


days_lists = st.lists(st.dates(dt.date(2018, 1, 1), dt.date(2020, 12, 31)), min_size=1, max_size=20, unique=True)


@given(days_lists, st.integers(0, 90))
def test_gaps_are_the_empty_times(days: list[dt.date], longest: int) -> None:
    days.sort()
    found = gaps(days, longest)
    for first, last in found:
        assert (last - first).days > longest
        assert not any(first < day < last for day in days)
    spread = sum((last - first).days for first, last in pairwise(days) if (last - first).days > longest)
    assert sum((last - first).days for first, last in found) == (spread if longest else 0)


@given(days_lists)
def test_months_are_either_filled_or_told(days: list[dt.date]) -> None:
    days.sort()
    filled = {f"{day:%Y-%m}" for day in days}
    every = {f"{days[0] + dt.timedelta(n):%Y-%m}" for n in range((days[-1] - days[0]).days + 1)}
    assert set(empty_months(days)) == every - filled


@given(days_lists, st.integers(1, 4))
def test_every_day_shows_the_newest_picture(days: list[dt.date], bands: int) -> None:
    """Whatever the order of the bands: one date is shown on each day from the first to the last."""
    per_band = [day for day in days for _ in range(bands)]
    spans = ranges(per_band)
    assert [first for first, _ in spans] == per_band
    for n in range((max(days) - min(days)).days + 1):
        day = min(days) + dt.timedelta(n)
        shown = {first for first, after in spans if first <= day < after}
        assert shown == {max(d for d in days if d <= day)}


# --- the grid --------------------------------------------------------------------------------------------------------


def test_another_resolution_and_crs_are_gdals_own_warp(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    smooth = (np.add.outer(np.arange(60) * 30, np.arange(60) * 20) + 500).astype(np.uint16)
    for day in DAYS[:2]:
        write_raster(folder / f"S2_{day}.tif", smooth[None], names=("B04",), nodata=0)
    for crs, resolution in (("EPSG:32631", 20.0), ("EPSG:3035", 0.0), ("EPSG:4326", 0.0001)):
        path, _ = built(tmp_path / f"{crs[5:]}.tif", series_of(folder), crs=crs, resolution=resolution)
        with rasterio.open(path) as file, rasterio.open(folder / f"S2_{DAYS[0]}.tif") as source:
            assert file.crs.to_string() == crs
            assert not resolution or file.res == pytest.approx((resolution, resolution))
            assert file.transform.c / file.res[0] == pytest.approx(round(file.transform.c / file.res[0]), abs=1e-6)
            wanted = np.zeros(file.shape, np.float32)
            reproject(
                source.read(1).astype(np.float32), wanted, src_transform=source.transform, src_crs=source.crs,
                src_nodata=0, dst_transform=file.transform, dst_crs=file.crs, resampling=Resampling.bilinear,
                tolerance=1e-9,
            )  # fmt: skip
            inner = (slice(4, -4), slice(4, -4))
            known = (wanted[inner] > 0) & (file.read(1)[inner] != file.nodata)
            assert known.mean() > 0.8
            np.testing.assert_allclose(file.read(1)[inner][known], wanted[inner][known], atol=1)


def test_the_reference_layers_grid_is_taken_pixel_by_pixel(tmp_path: Path) -> None:
    folder = write_downloads(tmp_path / "in")
    place = Affine(15, 0, 500_050, 0, -15, 5_650_040)
    reference = write_raster(tmp_path / "reference.tif", np.ones((1, 40, 30), np.uint8), transform=place)
    path, _ = built(tmp_path / "s.tif", series_of(folder), reference=str(reference))
    with rasterio.open(path) as file:
        assert (file.transform, file.shape) == (place, (40, 30))
        assert (file.read(1)[:2] == file.nodata).all()  # the series begins 40 m further south
    cut = series_of(folder, extent=Extent(500_065, 5_649_800, 500_200, 5_649_890, "EPSG:32631"))
    path, _ = built(tmp_path / "cut.tif", cut, reference=str(reference))
    with rasterio.open(path) as file:
        assert (file.transform.c - 500_050) % 15 == 0
        assert file.width in (9, 10)
    far = write_raster(tmp_path / "far.tif", np.ones((1, 4, 3), np.uint8), transform=Affine(10, 0, 0, 0, -10, 0))
    with pytest.raises(NoOverlap, match="reference"):
        built(tmp_path / "s.tif", series_of(folder), reference=str(far))


# --- light series ----------------------------------------------------------------------------------------------------


def test_a_vrt_shows_the_files_as_they_are(tmp_path: Path) -> None:
    """Tiles joined, scales kept also where only the name tells them, and no cloud mask."""
    rng = np.random.default_rng(6)
    name = "LC08_L2SP_{}_20240425_20240430_02_T1_SR_B4.TIF"
    for tile, x in (("199024", 500_000), ("199025", 500_600)):
        stored = rng.integers(7500, 20_000, (1, 25, 25)).astype(np.uint16)
        stored[0, :3] = 0
        place = {"transform": Affine(30, 0, x, 0, -30, 5_650_000), "nodata": 0}
        write_raster(tmp_path / "in" / name.format(tile), stored, **place)
        qa = np.full((1, 25, 25), 22_280, np.uint16)
        write_raster(tmp_path / "in" / name.format(tile).replace("SR_B4", "QA_PIXEL"), qa, **place)
    series = series_of(tmp_path / "in")
    reporter = Silent()
    job = BuildSeriesJob(series=series, vrt=str(tmp_path / "s.vrt"))
    build_series(job, reporter)
    bare = whole(open_series(series_of(tmp_path / "in", mask="none"), Silent(), ("B04",)))
    seen = whole(open_series(series_of(tmp_path / "s.vrt"), Silent(), ("B04",)))
    np.testing.assert_array_equal(np.isnan(seen), np.isnan(bare))
    np.testing.assert_allclose(seen, bare, rtol=1e-6)
    assert any("mask (QA_PIXEL) is not applied" in text for text in warnings_of(reporter))


def test_a_vrt_of_several_grids_is_refused(tmp_path: Path) -> None:
    series = series_of(write_downloads(tmp_path / "in"))
    with pytest.raises(BadInput, match=r"another grid.*GeoTIFF"):
        build_series(BuildSeriesJob(series=series, vrt=str(tmp_path / "s.vrt")), Silent())
    build_series(BuildSeriesJob(series=series, vrt=str(tmp_path / "s.vrt"), bands=("B04", "B08")), Silent())
    assert not (tmp_path / "s.tif").exists()
