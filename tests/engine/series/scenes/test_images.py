"""Images of one day: which files belong together, and each pixel from the first image in which it is clear."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.warp import transform_bounds

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.products.encodings import processing_of
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.engine.series.scenes.scene import Scene, read_scenes
from crop_classifier_plugin.shared.errors import UnitUnclear
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.rasters import write_raster
from kits.series.partial_scenes import BANDS, HEIGHT, WIDTH, Field, Picture, place

L30, S30 = "HLS.L30.T31UFS.2019111T103031.v2.0", "HLS.S30.T31UFS.2019111T105031.v2.0"


def images_of(folder: Path) -> list[list[str]]:
    """The files of each image of the only day."""
    (scene,) = read_scenes([SceneSource(str(folder))], Silent())
    return [sorted({Path(ref.path).name for ref in image}) for image in scene.images]


def write(folder: Path, name: str, band: str = "", value: int = 500, size: int = 20, **profile: object) -> Path:
    names = {"names": [band]} if band else {}
    return write_raster(folder / name, np.full((1, size, size), value, np.int16), **names, **profile)


def read(folder: Path, bands: tuple[str, ...], reporter: Silent | None = None) -> np.ndarray:
    """(C, H, W) of the only day."""
    with open_series(Series((SceneSource(str(folder)),)), reporter or Silent(), bands) as stack:
        assert len(stack.dates) == 1
        return stack.read(Window(0, 0, stack.grid.height, stack.grid.width))[0]


def test_files_of_two_sensors_of_one_tile_and_day_are_two_images(tmp_path: Path) -> None:
    for name, bands in ((L30, ("B03", "B04", "B05", "Fmask")), (S30, ("B03", "B04", "B05", "B8A", "Fmask"))):
        for band in bands:
            write(tmp_path, f"{name}.{band}.tif", pixel=30.0)
    found = images_of(tmp_path)
    assert [{name.split(".")[1] for name in image} for image in found] == [{"L30"}, {"S30"}]


def test_bands_in_files_and_folders_of_their_own_are_one_image(tmp_path: Path) -> None:
    write(tmp_path, "a/S2_10m_20240425.tif", "B04")
    write(tmp_path, "a/S2_20m_20240425.tif", "B8A", size=10, pixel=20.0)
    write(tmp_path, "a/cloud_of_20240425.tif", "SCL", value=4)
    assert len(images_of(tmp_path / "a")) == 2  # the mask is named otherwise: it is asked of every image
    for band in ("B02", "B03", "B04"):
        write(tmp_path, f"b/{band}_of_april_20240425.tif")
    assert len(images_of(tmp_path / "b")) == 1
    for tile in ("T31UFS", "T31UGS"):
        for band in ("B04", "B8A"):
            lies = Affine(10, 0, 500_000 if tile == "T31UFS" else 500_150, 0, -10, 5_650_000)
            write(tmp_path, f"c/{tile}_20240425T105031_{band}_10m.tif", transform=lies)
    assert [len(image) for image in images_of(tmp_path / "c")] == [2, 2]


def test_bands_of_which_one_comes_in_tiles_are_read_wherever_they_are(tmp_path: Path) -> None:
    """B04 as two tiles, B08 and the mask as one file of both."""
    write(tmp_path, "west_B04_20240425.tif", value=700)
    write(tmp_path, "east_B04_20240425.tif", value=800, transform=place(0, 20))
    write_raster(tmp_path / "B08_20240425.tif", np.full((1, 20, 40), 900, np.int16))
    mask = np.full((1, 20, 40), 4, np.uint8)
    mask[0, 3] = 9
    write_raster(tmp_path / "SCL_20240425.tif", mask)
    found = read(tmp_path, ("B04", "B08"))
    clear = np.arange(20) != 3
    assert np.isnan(found[:, 3]).all()
    np.testing.assert_array_equal(found[0, clear], np.repeat([[700, 800]], 20, axis=1).repeat(19, axis=0))
    assert (found[1, clear] == 900).all()


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 99), st.integers(100, 199))
def test_where_two_images_lie_over_each_other_the_first_clear_one_counts(first: int, second: int) -> None:
    """Each by its own mask; first comes the image of most clear ground; their names and order do not matter."""
    pictures = [Picture(0, (0, 0, HEIGHT, WIDTH), seed) for seed in (first, second)]
    better = sorted(pictures, key=lambda p: p.cloud.sum())
    expected = Field(tuple(better)).cube()[0]
    with tempfile.TemporaryDirectory() as folder:
        for order, names in enumerate(("ab", "ba")):
            place_ = Path(folder) / str(order)
            for picture, name in zip(pictures, names):
                picture.write(place_, name)
            reporter = Silent()
            found = read(place_, BANDS, reporter)
            if pictures[0].cloud.sum() != pictures[1].cloud.sum():
                np.testing.assert_array_equal(found, expected)
            np.testing.assert_array_equal(np.isnan(found[0]), pictures[0].cloud & pictures[1].cloud)
            assert any("lie over each other" in text for _, text in reporter.lines)


def test_an_image_without_its_mask_does_not_borrow_that_of_the_image_over_it(tmp_path: Path) -> None:
    for name, value in ((L30, 600), (S30, 700)):
        write(tmp_path, f"{name}.B04.tif", value=value, pixel=30.0)
    cloud = np.zeros((1, 20, 20), np.uint8)
    cloud[0, :5] = 2
    write_raster(tmp_path / f"{S30}.Fmask.tif", cloud, pixel=30.0)
    reporter = Silent()
    with open_series(Series((SceneSource(str(tmp_path)),)), reporter, ("B04",)) as stack:
        found = stack.read(Window(0, 0, 20, 20))[0, 0]
    assert np.isnan(found[:5]).all()
    np.testing.assert_allclose(found[5:], 700, rtol=1e-6)


def test_finer_images_are_looked_at_first(tmp_path: Path) -> None:
    """Sentinel-2 over a corner of a Landsat scene of the same day."""
    write(tmp_path, "S2A_31UFS_20240425_0_L2A_B04.tif", "B04", value=700, size=30)
    landsat = "LC08_L2SP_199024_20240425_20240501_02_T1"
    raw = round((0.06 + 0.2) / 2.75e-5)
    write_raster(tmp_path / f"{landsat}_SR_B4.TIF", np.full((1, 20, 20), raw, np.uint16), nodata=0, pixel=30.0)
    found = read(tmp_path, ("B04",))[0]
    assert found.shape == (60, 60)
    assert (found[:30, :30] == 700).all()
    np.testing.assert_allclose(found[40:, 40:], 600, atol=0.2)


@pytest.mark.parametrize("west", [(32631, 32632, 681_000, 5_600_000), (32760, 32701, 811_000, 7_900_000)])
def test_tiles_of_neighbouring_zones_cover_what_either_covers(tmp_path: Path, west: tuple[int, int, int, int]) -> None:
    """One surface that rises eastwards, seen by both zones' tiles: also where they meet at 180 degrees."""
    zone, other, x, y = west
    box = transform_bounds(f"EPSG:{zone}", f"EPSG:{other}", x, y - 400, x + 400, y)
    write(tmp_path, "T31UGR_20190421T105031_B04_10m.tif", size=40, crs=f"EPSG:{zone}",
          transform=Affine(10, 0, x, 0, -10, y))  # fmt: skip
    east, north = round(box[0], -1) + 100, round(box[3], -1)
    write(tmp_path, "T32ULA_20190421T105031_B04_10m.tif", size=40, crs=f"EPSG:{other}",
          transform=Affine(10, 0, east, 0, -10, north))  # fmt: skip
    found = read(tmp_path, ("B04",))[0]
    assert max(found.shape) < 60
    assert set(np.unique(found[~np.isnan(found)])) == {500.0}
    assert (~np.isnan(found)).sum() > 1.1 * 40 * 40


def test_a_file_that_is_named_twice_is_read_once(tmp_path: Path) -> None:
    path = write(tmp_path, "S2_20240425.tif", "B04")
    (tmp_path / "deeper").mkdir()
    again = tmp_path / "deeper" / ".." / path.name
    (scene,) = read_scenes([SceneSource(str(path)), SceneSource(str(again)), SceneSource(str(tmp_path))], Silent())
    assert len(scene.refs) == 1


VERSIONS = [
    ("S2A_MSIL2A_20190516T105031_N0212_R051_T31UFS_20190516T134256", "N0212", "N0500"),
    ("LC08_L2SP_199024_20190516_20190601_02_T1", "20190601", "20200828"),
    ("HLS.S30.T31UFS.2019136T105031.v1.5", "v1.5", "v2.0"),
    ("MOD09GA.A2019136.h18v03.006.2019138000000", "006.2019138000000", "061.2020100000000"),
]


@pytest.mark.parametrize(("name", "old", "new"), VERSIONS)
def test_of_a_product_processed_again_the_newer_is_read_and_the_older_named(
    tmp_path: Path, name: str, old: str, new: str
) -> None:
    newer = name.replace(old, new)
    for each, value in ((name, 600), (newer, 700)):
        write(tmp_path, f"{each}_B04_{'20190516' if 'MOD' in name else ''}.tif".replace("_.", "."), "B04", value=value)
    reporter = Silent()
    scenes = read_scenes([SceneSource(str(tmp_path))], reporter)
    assert [newer in ref.path for scene in scenes for ref in scene.refs] == [True]
    (told,) = [text for _, text in reporter.lines if "newer version" in text]
    assert told.index(name) < told.index(newer)


def test_parts_of_one_pass_are_no_versions() -> None:
    first = "S2A_MSIL2A_20190516T105031_N0500_R051_T31UFS_20190516T134256.SAFE/B04.jp2"
    second = first.replace("T134256", "T150000")
    assert processing_of(first) == processing_of(second)
    assert processing_of("somewhere/2019/B04.tif") is None


def test_scenes_without_files_have_no_image() -> None:
    assert Scene(Picture(0, (0, 0, 1, 1), 0).date, ()).images == ()


def test_each_image_of_a_day_is_judged_by_its_own_unit(tmp_path: Path) -> None:
    """An image of another unit that fills the gaps of a good one does not hide behind it."""
    for day in ("20240405", "20240425", "20240505"):
        write(tmp_path, f"S2A_31UFS_{day}_0_L2A_B04.tif", "B04", value=700)
    fraction = np.full((1, 20, 60), 0.07, np.float32)
    write_raster(tmp_path / "other_20240425.tif", fraction, names=["B04"])
    with pytest.raises(UnitUnclear, match=r"other_20240425.*0-1"):
        read(tmp_path, ("B04",))
