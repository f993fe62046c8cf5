"""STAC items tell bands, dates and units."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.series.scenes.scene import read_scenes
from crop_classifier_plugin.shared.errors import (
    BadInput,
)
from crop_classifier_plugin.shared.jobs.sources import SceneSource
from kits.products import (
    KEYS,
    SIZE,
    check,
    fields,
    pack,
    read,
)
from kits.rasters import write_raster


def item(assets: dict[str, dict[str, object]], **properties: object) -> dict[str, object]:
    return {
        "type": "Feature", "stac_version": "1.0.0", "id": "S2A_31UFS_20190516_0_L2A", "geometry": None, "links": [],
        "properties": {"datetime": "2019-05-16T10:50:31Z", **properties}, "assets": assets,
    }  # fmt: skip


def write_item(place: Path, values: dict[str, np.ndarray], key: Callable[[str], str], **more: object) -> Path:
    """Files whose names tell nothing: only the item does."""
    assets: dict[str, dict[str, object]] = {}
    for number, (band, array) in enumerate(values.items()):
        write_raster(place / f"file_{number}.tif", pack(array, 2e-4, -0.1), nodata=0)
        told = {"eo:bands": [{"name": key(band)}], "raster:bands": [{"scale": 2e-4, "offset": -0.1}]}
        assets[key(band)] = {"href": f"./file_{number}.tif", "type": "image/tiff; profile=cloud-optimized", **told}
    assets["thumbnail"] = {"href": "https://example.org/t.jpg", "type": "image/jpeg", "roles": ["thumbnail"]}
    place.joinpath("item.json").write_text(json.dumps(item(assets, **more)))
    return place / "item.json"


@pytest.mark.parametrize("key", [lambda b: b, lambda b: KEYS[b]])
@pytest.mark.parametrize("many", [False, True])
def test_a_stac_item_tells_bands_dates_and_units(tmp_path: Path, key: Callable[[str], str], many: bool) -> None:
    values = {band: np.rint(array / 2e-4) * 2e-4 for band, array in fields(("B02", "B04", "B8A")).items()}
    path = write_item(tmp_path, values, key)
    if many:
        features = {"type": "FeatureCollection", "features": [json.loads(path.read_text())]}
        path = tmp_path / "items.json"
        path.write_text(json.dumps(features))
    check(path, values, np.zeros((SIZE, SIZE), bool))


def test_an_offset_that_the_pixels_have_no_more_is_not_taken_twice(tmp_path: Path) -> None:
    values = {"B04": np.full((SIZE, SIZE), 0.2)}
    path = write_item(tmp_path, values, str, **{"earthsearch:boa_offset_applied": True})
    found, _ = read(path, ("B04",))
    assert found == pytest.approx(0.3)  # (0.2 + 0.1) packed, read without the offset


def test_the_items_coordinate_system_serves_files_without_one(tmp_path: Path) -> None:
    path = write_item(tmp_path, {"B04": np.full((SIZE, SIZE), 0.2)}, str, **{"proj:epsg": 32631})
    place = tmp_path / "file_0.tif"
    with rasterio.open(place) as file:
        array, profile = file.read(), file.profile | {"crs": None}
    with rasterio.open(place, "w", **profile) as file:
        file.write(array)
    assert read_scenes([SceneSource(str(path))], Silent())[0].refs[0].crs.to_epsg() == 32631


@pytest.mark.parametrize(
    ("href", "words"),
    [("https://example.org/B04.tif", "on the network"), ("s3://bucket/B04.tif", "on the network"),
     ("/vsicurl/https://example.org/B04.tif", "on the network"), ("./gone.tif", "does not exist")],
)  # fmt: skip
def test_stac_assets_elsewhere_get_their_sentence(tmp_path: Path, href: str, words: str) -> None:
    path = tmp_path / "item.json"
    path.write_text(json.dumps(item({"B04": {"href": href, "type": "image/tiff"}})))
    with pytest.raises(BadInput, match=words):
        read_scenes([SceneSource(str(path))], Silent())


@pytest.mark.parametrize("text", ["no json", "{}", '{"type": "FeatureCollection", "features": []}', "[1]"])
def test_what_is_no_stac_item_gets_its_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "item.json"
    path.write_text(text)
    with pytest.raises(BadInput, match=r"item\.json"):
        read_scenes([SceneSource(str(path))], Silent())


# --- the offset of the processing baseline ---------------------------------------------------------------------------


def baseline_item(place: Path, baseline: object, dtype: str = "uint16", **more: object) -> Path:
    """As the Planetary Computer hands items out: no scale, no offset, no baseline in any name; raw values 2500."""
    write_raster(place / "T31UFS_20190516T105031_B04_10m.tif", np.full((1, SIZE, SIZE), 2500, dtype), nodata=0)
    asset = {"href": "./T31UFS_20190516T105031_B04_10m.tif", "type": "image/tiff", "eo:bands": [{"name": "B04"}]}
    path = place / "item.json"
    properties = {"s2:processing_baseline": baseline, **more}
    text = item({"B04": {**asset, **properties.pop("asset", {})}}, **properties)  # type: ignore[dict-item]
    path.write_text(json.dumps(text | {"id": "S2A_MSIL2A_20190516T105031_R051_T31UFS_20190516T190000"}))
    return path


@pytest.mark.parametrize(
    ("baseline", "value"),
    [("02.11", 0.25), ("03.01", 0.25), ("04.00", 0.15), ("05.00", 0.15), ("05.10", 0.15), ("99.99", 0.25), ("?", 0.25)],
)
def test_the_baseline_of_an_item_tells_the_offset_whatever_the_day(tmp_path: Path, baseline: str, value: float) -> None:
    assert read(baseline_item(tmp_path, baseline), ("B04",))[0] == pytest.approx(value)


def test_what_an_item_says_of_the_offset_itself_goes_before_its_baseline(tmp_path: Path) -> None:
    applied = baseline_item(tmp_path / "a", "05.00", **{"earthsearch:boa_offset_applied": True})
    assert read(applied, ("B04",))[0] == pytest.approx(0.25)
    told = baseline_item(tmp_path / "b", "05.00", asset={"raster:bands": [{"scale": 1e-4, "offset": -0.05}]})
    assert read(told, ("B04",))[0] == pytest.approx(0.2)
    scale_alone = baseline_item(tmp_path / "d", "05.00", asset={"raster:bands": [{"scale": 1e-4}]})
    assert read(scale_alone, ("B04",))[0] == pytest.approx(0.15)
    version = {"processing:version": "05.10", "constellation": "sentinel-2"}
    assert read(baseline_item(tmp_path / "c", None, **version), ("B04",))[0] == pytest.approx(0.15)


def test_an_item_that_has_applied_the_offset_is_believed_whatever_its_files_are_called(tmp_path: Path) -> None:
    name = "S2A_MSIL2A_20190516T105031_N0500_R051_T31UFS_20210101T190000_B04.tif"
    write_raster(tmp_path / name, np.full((1, SIZE, SIZE), 2500, np.uint16), nodata=0)
    asset = {"href": f"./{name}", "type": "image/tiff", "eo:bands": [{"name": "B04"}]}
    asset["raster:bands"] = [{"scale": 1e-4, "offset": -0.1}]
    path = tmp_path / "item.json"
    path.write_text(json.dumps(item({"B04": asset}, **{"earthsearch:boa_offset_applied": True})))
    assert read(path, ("B04",))[0] == pytest.approx(0.25)


def test_the_same_band_in_jpeg_2000_beside_the_cog_is_passed_over(tmp_path: Path) -> None:
    path = write_item(tmp_path, {"B04": np.full((SIZE, SIZE), 0.2)}, lambda band: "red")
    text = json.loads(path.read_text())
    text["assets"]["red-jp2"] = {"href": "s3://bucket/B04.jp2", "type": "image/jp2"}
    path.write_text(json.dumps(text))
    assert read(path, ("B04",))[0] == pytest.approx(0.2)
