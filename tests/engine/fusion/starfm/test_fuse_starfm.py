"""The fuse_starfm job: from files to a file, equal to the whole images at once; and one sentence for bad input."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.fusion.starfm import job as fusing
from crop_classifier_plugin.engine.fusion.starfm.starfm import Settings
from crop_classifier_plugin.engine.raster.grid import Window
from crop_classifier_plugin.engine.series.cube.open_series import open_series
from crop_classifier_plugin.shared.errors import BadInput, Cancelled, CropClassifierError
from crop_classifier_plugin.shared.jobs.fusion import FuseStarfmJob, image_pairs
from crop_classifier_plugin.shared.jobs.sources import Extent, SceneSource, Series
from kits.fusion.starfm import fast
from kits.rasters import write_raster
from kits.training.jobs import with_parts

FINE, COARSE = "LC_20240601_NDVI.tif", "MOD_20240601_NDVI.tif"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Fine images of 1 June and 20 July at 10 m; coarse ones at 50 m of these days and of 1 and 10 July."""
    rng = np.random.default_rng(2)
    fields = np.kron(rng.uniform(0.2, 0.8, (6, 7)), np.ones((50, 50)))[None].astype(np.float32)
    for day, gain in (("20240601", 1.0), ("20240701", 1.1), ("20240710", 1.1), ("20240720", 1.15)):
        image = (fields * gain + rng.normal(0, 0.01, fields.shape)).astype(np.float32)
        image[0, 4, 4] = np.nan
        if day in ("20240601", "20240720"):
            write_raster(tmp_path / "fine" / f"LC_{day}_NDVI.tif", image, names=["NDVI"], nodata=np.nan)
        coarse = image.reshape(60, 5, 70, 5).mean((1, 3))[None]
        coarse = np.where(np.isnan(coarse), 0.5, coarse).astype(np.float32)
        write_raster(tmp_path / "coarse" / f"MOD_{day}_NDVI.tif", coarse, names=["NDVI"], pixel=50.0)
    return tmp_path


def job(place: Path, **changes: Any) -> FuseStarfmJob:
    given = {
        "fine": (SceneSource(str(place / "fine")),),
        "coarse": (SceneSource(str(place / "coarse")),),
        "output": str(place / "fused.tif"),
        "target": "2024-07-01",
        "window": 9,
    }
    images = {
        name: (given | changes)[name] for name in ("fine", "coarse", "dates", "extent") if name in given | changes
    }
    others = {name: value for name, value in (given | changes).items() if name not in images}
    return with_parts(FuseStarfmJob(*image_pairs(**images), others.pop("output")), **others)


@pytest.mark.parametrize("pairs", [1, 2])
def test_job_equals_the_whole_images_at_once(place: Path, pairs: int) -> None:
    """Windows, halo and resampling make no seam; the file tells its date and is a series again."""
    result = fusing.fuse(job(place, pairs=pairs), Silent())
    assert result["base_dates"] == {1: ["2024-07-20"], 2: ["2024-06-01", "2024-07-20"]}[pairs]
    with rasterio.open(place / "fused.tif") as file:
        assert file.descriptions == ("NDVI 2024-07-01",)
        assert file.tags()["METHOD"] == "STARFM"
        assert file.tags()["DATE"] == "2024-07-01"
        made, grid = file.read(1), (file.height, file.width)
    assert grid == (300, 350)
    days = [*result["base_dates"], "2024-07-01"]

    def read(folder: str, day: str) -> np.ndarray:
        path = next((place / folder).glob(f"*{day.replace('-', '')}*"))
        with (
            rasterio.open(path) as file,
            rasterio.vrt.WarpedVRT(
                file,
                crs=file.crs,
                transform=Affine(10, 0, 500000, 0, -10, 5650000),
                width=350,
                height=300,
                resampling=rasterio.enums.Resampling.bilinear if folder == "coarse" else 0,
                tolerance=1e-9,
            ) as warped,
        ):
            return warped.read(1).astype(np.float64)

    pairs_read = [(read("fine", day), read("coarse", day)) for day in days[:-1]]
    expected = fast(pairs_read, read("coarse", days[-1]), Settings(window=9))
    np.testing.assert_allclose(made, expected, atol=1e-6)
    assert np.isnan(made[4, 4])
    with open_series(Series((SceneSource(str(place / "fused.tif")),)), Silent()) as again:
        assert [str(day) for day in again.dates] == ["2024-07-01"]
        np.testing.assert_array_equal(again.read(Window(0, 0, 300, 350))[0, 0], made)


def test_extent_takes_a_part_and_target_may_be_left_out(place: Path) -> None:
    (place / "coarse" / "MOD_20240710_NDVI.tif").unlink()
    fusing.fuse(job(place, spread="window"), Silent())
    part = job(
        place,
        spread="window",
        output=str(place / "part.tif"),
        target="",
        extent=Extent(500500, 5648000, 501500, 5649000, ""),
    )
    fusing.fuse(part, Silent())
    with rasterio.open(place / "part.tif") as file, rasterio.open(place / "fused.tif") as whole:
        assert file.shape == (100, 100)
        inner = slice(4, -4)  # nearer to the edge the window sees less
        found = file.read(1)[inner, inner]
        np.testing.assert_allclose(found, whole.read(1)[104:196, 54:146], atol=1e-6)


def test_bands_of_reflectance_keep_their_unit(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    for name, day in (("f", "20240601"), ("c", "20240601"), ("c", "20240611")):
        array = rng.integers(300, 3000, (1, 20, 20)).astype(np.uint16)
        write_raster(tmp_path / name / f"X_{day}.tif", array, names=["B04"], nodata=0)
    fine, coarse = ((SceneSource(str(tmp_path / name)),) for name in "fc")
    fusing.fuse(job(tmp_path, fine=fine, coarse=coarse, target="", band="B04"), Silent())
    with rasterio.open(tmp_path / "fused.tif") as file:
        assert file.dtypes == ("int16",)
        assert file.scales == (1e-4,)
        assert 0 < file.read(1).mean() < 6000


def shift(path: Path, dx: float) -> None:
    with rasterio.open(path, "r+") as file:
        file.transform = Affine.translation(dx, 0) @ file.transform


def spoil(place: Path, what: str) -> dict[str, Any]:
    """Makes the images bad in one way; what is to be asked for then."""
    fine, coarse = place / "fine", place / "coarse"
    if what == "apart":
        for path in coarse.iterdir():
            shift(path, 1e5)
    elif what == "values":
        with rasterio.open(fine / "LC_20240720_NDVI.tif", "r+") as file:
            file.write(file.read() * 10_000)
    elif what == "undated":
        return {"fine": (SceneSource(str((fine / "LC_20240601_NDVI.tif").rename(fine / "june.tif"))),)}
    elif what == "one pair":
        (fine / "LC_20240601_NDVI.tif").unlink()
        return {"pairs": 2}
    elif what == "no pair":
        (coarse / "MOD_20240720_NDVI.tif").unlink()
        (coarse / "MOD_20240601_NDVI.tif").unlink()
    elif what == "swapped":
        return {"fine": job(place).coarse.scenes, "coarse": job(place).fine.scenes, "target": "2024-07-20", "pairs": 1}
    elif what == "empty":
        with rasterio.open(fine / "LC_20240720_NDVI.tif", "r+") as file:
            file.write(np.full((1, 300, 350), np.nan, np.float32))
    return {}


@pytest.mark.parametrize(
    ("what", "changes", "says"),
    [
        ("apart", {}, "do not overlap"),
        ("values", {}, "NDVI lies within -1 and 1"),
        ("undated", {}, "No acquisition date for june.tif"),
        ("one pair", {}, "STARFM needs 2 base pairs"),
        (
            "no pair",
            {},
            "STARFM needs 1 base pair (a fine and a coarse image of one day) beside the target, there",
        ),
        ("swapped", {}, "exchange them"),
        ("empty", {}, "has no clear pixel"),
        ("", {"target": "July"}, "The date 'July' of the target cannot be read"),
        ("", {"target": "2024-07-02"}, "No coarse image is of the target 2024-07-02"),
        ("", {"target": ""}, "coarse dates without a fine image: 2024-07-01, 2024-07-10"),
        ("", {"band": "B04"}, "No fine image has the band B04 (found: NDVI)"),
        ("", {"band": "green"}, "green"),
        ("", {"output": "fused.png"}, "not a GeoTIFF"),
    ],
)
def test_bad_input_is_one_sentence_and_leaves_nothing(place: Path, what: str, changes: dict, says: str) -> None:
    changed = job(place, **(spoil(place, what) | changes))
    with pytest.raises(CropClassifierError) as caught:
        fusing.fuse(changed, Silent())
    assert says in caught.value.sentence
    assert sorted(p.name for p in place.iterdir()) == ["coarse", "fine"]


@pytest.mark.parametrize(
    "changes",
    [
        {"pairs": 3},
        {"window": 60},
        {"window": 1},
        {"classes": 0},
        {"sigma_fine": -1.0},
        {"log_scale": 0.0},
        {"fine": ()},
    ],
)
def test_impossible_parameters_are_refused(place: Path, changes: dict) -> None:
    with pytest.raises(BadInput):
        job(place, **changes)


class Impatient(Silent):
    """Cancels at the first tile that is fused."""

    def progress(self, fraction: float, message: str, done: int = 0, total: int = 0) -> None:
        if message == "Fusing":
            self.stop.set()
        super().progress(fraction, message, done, total)


def test_a_cancelled_run_leaves_nothing(place: Path) -> None:
    with pytest.raises(Cancelled):
        fusing.fuse(job(place), Impatient())
    assert sorted(p.name for p in place.iterdir()) == ["coarse", "fine"]


def test_a_file_of_one_unnamed_band_will_do_and_simulated_stays_simulated(place: Path) -> None:
    for path in (place / "coarse").iterdir():
        with rasterio.open(path, "r+") as file:
            file.set_band_description(1, "")
            file.update_tags(SIMULATED="yes")
        path.rename(path.with_name(path.name.replace("_NDVI", "")))
    fusing.fuse(job(place), Silent())
    with rasterio.open(place / "fused.tif") as file:
        assert file.tags()["SIMULATED"] == "yes"


def test_an_input_is_never_overwritten(place: Path) -> None:
    named = (SceneSource(str(place / "fine" / FINE)),)
    with pytest.raises(BadInput, match="would replace an input"):
        fusing.fuse(job(place, fine=named, output=str(place / "fine" / FINE)), Silent())
