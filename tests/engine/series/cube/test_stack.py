"""From rasters to a stack: grouping, grids, masks, units, and the choice of scenes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from rasterio.warp import Resampling, calculate_default_transform, reproject
from scipy.ndimage import map_coordinates

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.cards.parts import DayWindow as Days
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadRaster,
    BandMissing,
    BandTwice,
    CrsMissing,
    DateMissing,
    MaskMissing,
    NoOverlap,
    TooFewDates,
    UnitUnclear,
)
from crop_classifier_plugin.shared.jobs.sources import DateEntry, Extent, SceneSource
from kits.rasters import BANDS, write_raster, write_season
from kits.stacks import WINDOWS, everything, need, open_model_series, stack_of


def test_a_stack_holds_what_the_files_hold(season: list[Path]) -> None:
    with stack_of(season[0].parent) as stack:
        cube = everything(stack)
        for t, path in enumerate(season):
            with rasterio.open(path) as file:
                raw = file.read().astype(np.float32)
            raw[raw == 0] = np.nan
            np.testing.assert_array_equal(cube[t], raw)
        part = stack.read(Window(3, 11, 20, 33))
        np.testing.assert_array_equal(part, cube[:, :, 3:23, 11:44])


def test_click_order_does_not_matter(season: list[Path]) -> None:
    sources = [SceneSource(str(p)) for p in season]
    stacks = [open_model_series(order, need(), Silent()) for order in (sources, sources[::-1])]
    assert stacks[0].dates == stacks[1].dates == tuple(sorted(stacks[0].dates))
    np.testing.assert_array_equal(everything(stacks[0]), everything(stacks[1]))
    for stack in stacks:
        stack.close()


def test_one_stack_for_all_dates_by_band_descriptions_or_table(tmp_path: Path, season: list[Path]) -> None:
    cubes = []
    for path in season:
        with rasterio.open(path) as file:
            cubes.append(file.read())
    names = [f"{b} {d}" for d in ("2024-04-25", "2024-06-20", "2024-08-15") for b in BANDS]
    write_raster(tmp_path / "described" / "all.tif", np.concatenate(cubes), names=names, nodata=0)
    write_raster(tmp_path / "tabled" / "all.tif", np.concatenate(cubes), names=BANDS * 3, nodata=0)
    table = [
        DateEntry("all", d, 6 * i + b)
        for i, d in enumerate(("2024-04-25", "2024-06-20", "2024-08-15"))
        for b in range(1, 7)
    ]
    with stack_of(season[0].parent) as apart, stack_of(tmp_path / "described") as described:
        np.testing.assert_array_equal(everything(apart), everything(described))
        with stack_of(tmp_path / "tabled", dates=table) as tabled:
            np.testing.assert_array_equal(everything(apart), everything(tabled))


def test_vrt_and_zip_paths_are_read(tmp_path: Path, season: list[Path]) -> None:
    import zipfile

    archive = tmp_path / "season.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in season:
            file.write(path, path.name)
    zipped = [SceneSource(f"/vsizip/{archive}/{p.name}") for p in season]
    with open_model_series(zipped, need(), Silent()) as stack, stack_of(season[0].parent) as plain:
        np.testing.assert_array_equal(everything(stack), everything(plain))


def test_20_m_bands_are_bilinear_on_the_10_m_grid(tmp_path: Path) -> None:
    """Against scipy's own interpolation, away from the edges."""
    rng = np.random.default_rng(3)
    fine = rng.integers(200, 5000, (3, 40, 60)).astype(np.uint16)
    coarse = rng.integers(200, 5000, (3, 20, 30)).astype(np.uint16)
    for day in ("20240425", "20240620", "20240815"):
        write_raster(tmp_path / "s" / f"S2_10m_{day}.tif", fine, names=BANDS[:3], nodata=0)
        write_raster(tmp_path / "s" / f"S2_20m_{day}.tif", coarse, names=BANDS[3:], nodata=0, pixel=20.0)
    with stack_of(tmp_path / "s") as stack:
        cube = everything(stack)
        np.testing.assert_array_equal(cube[0, :3], fine)
        rows, cols = np.mgrid[0:40, 0:60]
        expected = map_coordinates(
            coarse[0].astype(float), [(rows + 0.5) / 2 - 0.5, (cols + 0.5) / 2 - 0.5], order=1, mode="nearest"
        )
        np.testing.assert_allclose(cube[0, 3, 2:-2, 2:-2], expected[2:-2, 2:-2], atol=0.01)
        np.testing.assert_allclose(stack.read(Window(5, 9, 11, 13)), cube[:, :, 5:16, 9:22], atol=1e-3)


def test_another_crs_equals_gdal_warping_the_whole(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    smooth = np.add.outer(np.arange(80) * 20, np.arange(80) * 15) + 1000
    for day in ("20240425", "20240815"):
        write_raster(tmp_path / "s" / f"S2_{day}.tif", np.stack([smooth] * 6).astype(np.uint16), names=BANDS, nodata=0)
    with rasterio.open(tmp_path / "s" / "S2_20240425.tif") as file:
        other, width, height = calculate_default_transform(file.crs, "EPSG:3857", 80, 80, *file.bounds, resolution=16)
    array = rng.integers(900, 1100, (6, height, width)).astype(np.uint16)
    path = write_raster(
        tmp_path / "s" / "S2_20240620.tif", array, names=BANDS, nodata=0, crs="EPSG:3857", transform=other
    )
    with stack_of(tmp_path / "s") as stack:
        assert stack.grid.crs.to_epsg() == 32631
        found = everything(stack)[1, 0]
        expected = np.full(found.shape, np.nan, np.float32)
        with rasterio.open(path) as file:
            reproject(
                file.read(1).astype(np.float32), expected, src_transform=file.transform, src_crs=file.crs,
                src_nodata=0, dst_transform=stack.grid.transform, dst_crs=stack.grid.crs, dst_nodata=np.nan,
                resampling=Resampling.bilinear, tolerance=1e-9,
            )  # fmt: skip
        inner = (slice(3, -3), slice(3, -3))
        np.testing.assert_allclose(found[inner], expected[inner], atol=0.5)
        halves = [stack.read(Window(0, c, stack.grid.height, 20))[1, 0] for c in (0, 20)]
        np.testing.assert_allclose(np.hstack(halves), found[:, :40], atol=1e-3)


def test_tiles_of_one_date_are_one_scene(tmp_path: Path, season: list[Path]) -> None:
    for path in season:
        with rasterio.open(path) as file:
            array = file.read()
        for side, cols in (("west", slice(0, 40)), ("east", slice(38, 70))):
            place = Affine(10, 0, 500000 + 10 * cols.start, 0, -10, 5650000)
            name = f"{path.stem}_{side}.tif"
            write_raster(tmp_path / "t" / name, array[:, :, cols], names=BANDS, nodata=0, transform=place)
    with stack_of(tmp_path / "t") as tiles, stack_of(season[0].parent) as wholes:
        assert tiles.grid == wholes.grid
        np.testing.assert_array_equal(everything(tiles), everything(wholes))


def test_masks_leave_no_bad_pixel(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    scl = rng.integers(0, 12, (1, 20, 30)).astype(np.uint8)
    for day in ("20240425", "20240620", "20240815"):
        array = rng.integers(200, 5000, (6, 40, 60)).astype(np.uint16)
        write_raster(tmp_path / "s" / f"S2_{day}.tif", array, names=BANDS)
        write_raster(tmp_path / "s" / f"S2_{day}_SCL.tif", scl, names=["SCL"], pixel=20.0)
    with stack_of(tmp_path / "s") as stack, stack_of(tmp_path / "s", mask="none") as unmasked:
        bad = np.isin(np.kron(scl[0], np.ones((2, 2), int)), (0, 1, 3, 8, 9, 10, 11))
        for t in range(3):
            np.testing.assert_array_equal(np.isnan(everything(stack)[t]).any(axis=0), bad)
        assert not np.isnan(everything(unmasked)).any()
    with pytest.raises(MaskMissing, match="Fmask"):
        stack_of(tmp_path / "s", mask="fmask")


BIT_MASKS = [
    ("fmask", "Fmask", [2, 4, 8, 16, 255], [0, 1, 32, 64]),
    ("qa_pixel", "QA_PIXEL", [1, 2, 4, 8, 16, 32], [64, 21824]),
    ("qa_pixel", "pixel_qa", [1, 8, 16, 32, 480, 834], [64, 66, 68, 322, 324]),  # of Landsat's Collection 1
    ("fmask", "oa_fmask", [0, 2, 3, 4], [1, 5]),
    ("qai", "QAI", [1, 2, 4, 6, 8, 16, 512], [0, 32, 64, 256]),
    ("udm2", "UDM2", [0, 2], [1]),
    ("mg2", "MG2", [2, 4, 8], [0, 1, 16]),
]


@pytest.mark.parametrize(("mask", "name", "bad", "good"), BIT_MASKS)
def test_bit_masks(tmp_path: Path, mask: str, name: str, bad: list[int], good: list[int]) -> None:
    values = np.array([bad + good], np.uint16)[None].repeat(2, axis=1)
    for day in ("20240425", "20240620", "20240815"):
        write_raster(tmp_path / "s" / f"{day}.tif", np.full((6, 2, values.shape[2]), 900, np.uint16), names=BANDS)
        write_raster(tmp_path / "s" / f"{day}_mask.tif", values, names=[name])
    with stack_of(tmp_path / "s", mask=mask) as stack:
        found = np.isnan(everything(stack)).any(axis=(0, 1))
        np.testing.assert_array_equal(found[0], [True] * len(bad) + [False] * len(good))


def test_a_users_mask_layer_serves_every_date(tmp_path: Path, season: list[Path]) -> None:
    mask = np.zeros((1, 50, 70), np.uint8)
    mask[0, 20:30, 30:60] = 1
    path = write_raster(tmp_path / "mask.tif", mask)
    with stack_of(season[0].parent, mask="layer", mask_layers=[SceneSource(str(path))]) as stack:
        assert np.isnan(everything(stack)[:, :, 20:30, 30:60]).all()
        assert not np.isnan(everything(stack)[0][:, :20]).any()


def test_units_come_from_metadata_or_are_refused(tmp_path: Path) -> None:
    write_season(tmp_path / "raw")
    for path in sorted((tmp_path / "raw").iterdir()):
        with rasterio.open(path) as file:
            array = file.read().astype(np.float32) / 10000
        write_raster(tmp_path / "sure" / path.name, array, names=BANDS, nodata=0)
        with rasterio.open(tmp_path / "sure" / path.name, "r+") as file:
            file.update_tags(UNITS="surface reflectance")
        write_raster(tmp_path / "unsure" / path.name, array, names=BANDS, nodata=0)
        packed = (array * 20000).astype(np.uint16)
        write_raster(tmp_path / "scaled" / path.name, packed, names=BANDS, nodata=0, scale=1 / 20000)
        write_raster(tmp_path / "large" / path.name, packed * 3, names=BANDS, nodata=0)
    with (
        stack_of(tmp_path / "raw") as raw,
        stack_of(tmp_path / "sure") as sure,
        stack_of(tmp_path / "scaled") as scaled,
    ):
        np.testing.assert_allclose(everything(sure), everything(raw), rtol=1e-5)
        np.testing.assert_allclose(everything(scaled), everything(raw), atol=1)
    with pytest.raises(UnitUnclear, match="reflectance 0-1"):
        stack_of(tmp_path / "unsure")
    with pytest.raises(UnitUnclear, match="too large"):
        stack_of(tmp_path / "large")


def test_the_extent_cuts_on_the_same_lattice(season: list[Path]) -> None:
    extent = Extent(500100.0, 5649700.0, 500400.0, 5649900.0, "EPSG:32631")
    with stack_of(season[0].parent) as whole, stack_of(season[0].parent, extent=extent) as part:
        assert (part.grid.width, part.grid.height) == (30, 20)
        np.testing.assert_array_equal(everything(part), everything(whole)[:, :, 10:30, 10:40])
    with pytest.raises(NoOverlap):
        stack_of(season[0].parent, extent=Extent(0, 0, 1, 1, "EPSG:4326"))


def test_finer_data_are_brought_to_the_models_pixel_size_and_coarser_refused(season: list[Path]) -> None:
    with stack_of(season[0].parent, need(pixel_size=30.0)) as stack:
        assert stack.grid.pixel == (30.0, 30.0)
    with pytest.raises(BadInput, match="pixels of 10 m"):
        stack_of(season[0].parent, need(pixel_size=3.0))


def test_the_clearest_scene_of_a_window_is_taken(tmp_path: Path, season: list[Path]) -> None:
    clouded = np.full((6, 50, 70), 3000, np.uint16)
    clouded[:, :, :40] = 0
    write_raster(season[0].parent / "S2_20240424.tif", clouded, names=BANDS, nodata=0)
    with stack_of(season[0].parent) as stack:
        assert stack.dates[0] == dt.date(2024, 4, 25)
        assert any("1 other scenes" in note for note in stack.notes)


def test_one_season_is_taken_never_a_mixture(tmp_path: Path) -> None:
    write_season(tmp_path / "s")
    for path in list((tmp_path / "s").iterdir()):
        if "20240815" not in path.name:
            path.rename(path.with_name(path.name.replace("2024", "2023")))
    with pytest.raises(TooFewDates, match="one season"):
        stack_of(tmp_path / "s")


def test_bad_series_get_their_sentences(tmp_path: Path, season: list[Path]) -> None:
    folder = season[0].parent
    array = np.full((6, 50, 70), 900, np.uint16)
    with pytest.raises(DateMissing, match="nodate"):
        read_scenes([SceneSource(str(write_raster(tmp_path / "a" / "nodate.tif", array, names=BANDS)))], Silent())
    with pytest.raises(CrsMissing, match="20240425"):
        read_scenes([SceneSource(str(write_raster(tmp_path / "b" / "20240425.tif", array, crs=None)))], Silent())
    twin = write_raster(tmp_path / "c" / "copy_20240425.tif", array, names=(*BANDS[:5], "B02"))
    with pytest.raises(BandTwice, match=r"bands 1, 6 of .*copy_20240425.* all named B02"):
        read_scenes([SceneSource(str(folder)), SceneSource(str(twin))], Silent())
    with pytest.raises(BandMissing, match="B05"):
        stack_of(folder, need(bands=(*BANDS, "B05")))
    with pytest.raises(TooFewDates, match="1 November"):
        stack_of(folder, need(windows=(*WINDOWS, Days(305, 330))))
    far = write_raster(
        tmp_path / "d" / "S2_20240620.tif", array, names=BANDS, transform=Affine(10, 0, 700000, 0, -10, 5650000)
    )
    with pytest.raises(NoOverlap, match="2024"):
        open_model_series([SceneSource(str(p)) for p in (season[0], far, season[2])], need(), Silent())


def test_a_truncated_file_is_named(tmp_path: Path, season: list[Path]) -> None:
    data = season[1].read_bytes()
    season[1].write_bytes(data[: len(data) // 2])
    with pytest.raises(BadRaster, match="S2_20240620"):
        stack_of(season[0].parent)
    season[1].write_bytes(b"no tiff")
    with pytest.raises(BadRaster, match="S2_20240620"):
        stack_of(season[0].parent)


def test_flanders_gives_the_10_m_grid(flanders: Path) -> None:
    sources = [SceneSource(str(flanders / name)) for name in ("S2_10m", "S2_20m")]
    with open_model_series(sources, need(), Silent()) as stack, rasterio.open(flanders / "crop_type.tif") as truth:
        assert stack.grid.transform == truth.transform
        assert (stack.grid.height, stack.grid.width) == truth.shape
        for t, day in enumerate(stack.dates):
            with rasterio.open(flanders / "S2_10m" / f"S2_10m_{day:%Y%m%d}.tif") as file:
                blue = file.read(1)
            with rasterio.open(flanders / "S2_20m" / f"S2_20m_{day:%Y%m%d}.tif") as file:
                scl = np.kron(file.read(7), np.ones((2, 2), int))
            gone = (blue == 0) | np.isin(scl, (0, 1, 3, 8, 9, 10, 11))
            found = everything(stack)[t, 0]
            np.testing.assert_array_equal(np.isnan(found), gone)
            np.testing.assert_array_equal(found[~gone], blue[~gone])
