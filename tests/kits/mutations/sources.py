"""What the engine reads, made wrong: each of SOURCES writes one mutated file into a folder of `make_place` and gives
back how it is read."""

from __future__ import annotations

import json
import random
import shutil
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import geopandas
import numpy as np
import pyogrio
import rasterio
import shapely

from crop_classifier_plugin.engine.accuracy.diagnosis.findings.hectares import read_estimate
from crop_classifier_plugin.engine.accuracy.diagnosis.findings.map_record import map_record
from crop_classifier_plugin.engine.accuracy.review.answers import read_answers
from crop_classifier_plugin.engine.cli.options import read_dates, read_table
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.class_map import opened
from crop_classifier_plugin.engine.labels.class_names import legend_of
from crop_classifier_plugin.engine.labels.class_values import ClassValues
from crop_classifier_plugin.engine.products.date_table import DateTable
from crop_classifier_plugin.engine.raster.sidecars import pam, rows_of
from crop_classifier_plugin.engine.raster.writer import LEGEND_TAG
from crop_classifier_plugin.engine.series.cube.common_grid import common_grid
from crop_classifier_plugin.engine.series.scenes.read_series import read_series
from crop_classifier_plugin.engine.splits.split_file import SplitUnusable, read_split
from crop_classifier_plugin.engine.vector.area import area_extent
from crop_classifier_plugin.engine.vector.labelled_shapes import read_labelled_shapes
from crop_classifier_plugin.shared.cards.parts import InputSpec
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from crop_classifier_plugin.shared.legend import CropClass, Legend
from crop_classifier_plugin.shared.review_table import FIELDS
from kits.catalogue.items import item_of
from kits.mutations import blobs, documents, markup, rasters, tables
from kits.products import metadata
from kits.rasters import BANDS, write_raster, write_season

Reading = Callable[[], Any]
Source = Callable[[Path, random.Random], Reading]
LEGEND = Legend((CropClass(1, "Maize", "#ffd400", ("Corn",)), CropClass(2, "Wheat", "#aa5500")))
DATES = "layer,date,band,name,crs\nS2_20240425,2024-04-25,1,B04,EPSG:32631\nS2_*,2024-06-20,,,\n"
VRT = b"""<VRTDataset rasterXSize="32" rasterYSize="24"><SRS>EPSG:32631</SRS>
<GeoTransform>500000, 10, 0, 5650000, 0, -10</GeoTransform><VRTRasterBand dataType="UInt16" band="1">
<Description>B04</Description><NoDataValue>0</NoDataValue><SimpleSource>
<SourceFilename relativeToVRT="1">S2_20240620.tif</SourceFilename><SourceBand>3</SourceBand>
<SrcRect xOff="0" yOff="0" xSize="32" ySize="24"/><DstRect xOff="0" yOff="0" xSize="32" ySize="24"/>
</SimpleSource></VRTRasterBand></VRTDataset>"""
SPLIT = {
    "rule": {"held_out": 0.3, "validation": 0.15, "side": "east", "seed": 1, "unit": "parcel"},
    "places": [
        {
            "crs": "EPSG:32631",
            "simulated": True,
            "dates": ["2024-04-25"],
            **{part: [[500000.0, 5650000.0, 0]] for part in ("train", "validation", "held_out")},
            "outlines": {"train": ["POLYGON ((0 0, 10 0, 10 10, 0 0))"]},
        }
    ],
}


def make_place(folder: Path) -> Path:
    """The files that are made wrong."""
    write_season(folder, 24, 32)
    boxes = [shapely.box(5e5 + x, 5.6499e6, 5e5 + x + 80, 5.65e6) for x in (0, 100)]
    shapes = geopandas.GeoDataFrame({"crop": ["Maize", "Wheat"]}, geometry=boxes, crs="EPSG:32631")
    shapes.to_file(folder / "valid.gpkg")
    shapes.to_file(folder / "valid.shp")
    (folder / "valid.geojson").write_text(shapes.to_crs(4326).to_json())
    write_raster(folder / "classes.tif", np.tile(np.arange(3, dtype=np.uint8), (1, 8, 8)), nodata=0)
    return folder


def _series(path: Path) -> None:
    """As far as a job reads it before it looks at pixels."""
    found = read_series(Series((SceneSource(str(path)),), mask="none"), Silent())
    bands = [band for scene in found.scenes for band in scene.bands]
    if bands:
        common_grid(found.scenes, InputSpec("model", (bands[0],)))


def _labels(path: Path) -> None:
    read_labelled_shapes(str(path), "", "crop", rasterio.crs.CRS.from_epsg(32631))


def _classes(path: Path) -> None:
    with opened(str(path)) as file:
        legend_of([1, 2], ClassValues(str(path), file).names)


def _split(path: Path) -> None:
    try:
        read_split(path, simulated=False)
    except SplitUnusable as error:  # the caller's sentence begins with the file
        raise BadInput(f"{path} {error}") from None


def _items() -> list[Any]:
    """An item before STAC 1.1, one of it, and both together."""
    old = item_of("S2A_31UFS_20240425_0_L2A", "2024-04-25", "S2_20240425.tif", BANDS)
    told = {"constellation": "sentinel-2", "s2:processing_baseline": "04.00", "eo:cloud_cover": 3.5}
    old["properties"] |= {**told, "proj:epsg": 32631, "s2:product_uri": "S2A_MSIL2A_20240425T105031_N0400.SAFE"}
    old["assets"]["data"]["raster:bands"] = [{"scale": 1e-4, "offset": -0.1, "nodata": 0} for _ in BANDS]
    new = item_of("S2A_31UFS_20240620_0_L2A", "2024-06-20", "S2_20240620.tif", ())
    new |= {"stac_version": "1.1.0"}
    new["properties"] |= {**told, "proj:code": "EPSG:32631"}
    new["assets"]["data"]["bands"] = [{"name": b, "raster:scale": 1e-4, "raster:offset": -0.1} for b in BANDS]
    return [old, new, {"type": "FeatureCollection", "features": [old, new]}]


# --- sources ---------------------------------------------------------------------------------------------------------


def _written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text)
    return path


def stac_item(place: Path, rng: random.Random) -> Reading:
    path = _written(place / "item.json", documents.mutated_text(rng.choice(_items()), rng))
    return lambda: _series(path)


def safe_metadata(place: Path, rng: random.Random) -> Reading:
    """Each in a folder of its own: what the metadata tell is remembered."""
    root = place / f"S2A_MSIL2A_20190516T105031_N0400_R051_T31UFS_{rng.randrange(10**8):08}T134256.SAFE"
    image = root / "GRANULE" / "L2A" / "IMG_DATA" / "R10m" / "T31UFS_20190516T105031_B04_10m.tif"
    write_raster(image, np.full((1, 8, 8), 3000, np.uint16))
    _written(root / "MTD_MSIL2A.xml", markup.mutated(metadata(-1000).encode(), rng))
    return lambda: _series(root)


def raster_header(place: Path, rng: random.Random) -> Reading:
    path = place / "header" / "S2_20240425.tif"
    path.parent.mkdir(exist_ok=True)
    rasters.mutated(place / "S2_20240425.tif", path, rng)
    return lambda: _series(path)


def raster_bytes(place: Path, rng: random.Random) -> Reading:
    path = place / "bytes" / "S2_20240425.tif"
    path.parent.mkdir(exist_ok=True)
    _written(path, blobs.mutated_head((place / "S2_20240425.tif").read_bytes(), rng, 600))
    return lambda: _series(path)


def table_of_dates(place: Path, rng: random.Random) -> Reading:
    path = _written(place / "dates.csv", tables.mutated_bytes(DATES, rng))
    return lambda: DateTable(read_dates(str(path)))


def table_of_classes(place: Path, rng: random.Random) -> Reading:
    path = _written(place / "classes.csv", tables.mutated_bytes("reference,class\nMais,Maize\nCorn,Maize\n", rng))
    return lambda: read_table(str(path), ("reference", "class"))


def table_of_points(place: Path, rng: random.Random) -> Reading:
    text = "lon,lat,crop\n3.0,51.0,Maize\n3.001,51.001,Wheat\n"
    path = _written(place / "points.csv", tables.mutated_bytes(text, rng))
    return lambda: _labels(path)


def geopackage(place: Path, rng: random.Random) -> Reading:
    change = rng.choice((blobs.mutated, blobs.mutated_head))
    path = _written(place / "labels.gpkg", change((place / "valid.gpkg").read_bytes(), rng))
    return lambda: rng.choice((_labels, lambda file: area_extent(str(file))))(path)


def geojson(place: Path, rng: random.Random) -> Reading:
    text = documents.mutated_text(json.loads((place / "valid.geojson").read_text()), rng)
    path = _written(place / "labels.geojson", text)
    return lambda: rng.choice((_labels, lambda file: area_extent(str(file))))(path)


def names_beside_a_raster(place: Path, rng: random.Random) -> Reading:
    _written(place / "classes.tif.aux.xml", markup.mutated(ET.tostring(pam(rows_of(LEGEND), "no data")), rng))
    return lambda: _classes(place / "classes.tif")


def legend_in_a_raster(place: Path, rng: random.Random) -> Reading:
    text = documents.mutated_text(LEGEND.to_dict(), rng).replace("\x00", "")
    path = place / "legend.tif"
    write_raster(path, np.ones((1, 8, 8), np.uint8))
    with rasterio.open(path, "r+") as file:
        file.update_tags(**{LEGEND_TAG: text})
    return lambda: _classes(path)


def split_file(place: Path, rng: random.Random) -> Reading:
    path = _written(place / "split.json", documents.mutated_text(SPLIT, rng))
    return lambda: _split(path)


def envi_header(place: Path, rng: random.Random) -> Reading:
    path = place / "envi" / "S2_20240425.img"
    shutil.rmtree(path.parent, ignore_errors=True)
    write_raster(path, np.full((2, 8, 8), 3000, np.uint16), names=("B04", "B08"), driver="ENVI")
    head = path.with_suffix(".hdr")
    _written(head, blobs.mutated(head.read_bytes(), rng))
    return lambda: rng.choice((_series, _classes))(path)


def virtual_raster(place: Path, rng: random.Random) -> Reading:
    path = _written(place / "S2_20240620.vrt", markup.mutated(VRT, rng))
    return lambda: _series(path)


def archive(place: Path, rng: random.Random) -> Reading:
    path = place / "S2_20240815.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.write(place / "S2_20240815.tif", "S2_20240815.tif")
    _written(path, blobs.mutated(path.read_bytes(), rng))
    return lambda: _series(path)


def shapefile(place: Path, rng: random.Random) -> Reading:
    part = place / f"valid.{rng.choice(('shp', 'shx', 'dbf', 'prj', 'cpg'))}"
    for each in place.glob("valid.*"):
        if each.suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            change = each == part
            data = blobs.mutated(each.read_bytes(), rng) if change else each.read_bytes()
            _written(place / f"shape{each.suffix}", data)
    return lambda: _labels(place / "shape.shp")


def run_record(place: Path, rng: random.Random) -> Reading:
    told = {"model": "m", "title": "M", "seconds": 3.5, "dates": ["2024-04-25"], "scenes": [{}], "no_data": {"a": [1]}}
    _written(place / "map.run.json", documents.mutated_text(told, rng))
    return lambda: map_record(str(place / "map.tif"))


def area_estimate(place: Path, rng: random.Random) -> Reading:
    told = {"classes": [{"name": "Maize", "area_ha": {"value": 3.0, "half_width": 0.5}}]}
    path = _written(place / "areas.json", documents.mutated_text(told, rng))
    return lambda: read_estimate(str(path))


def review_table(place: Path, rng: random.Random) -> Reading:
    """Cells of other types, columns gone, states that are none."""
    texts = {name: "Maize" for name, kind in FIELDS.items() if kind is str}
    row = {**dict.fromkeys(FIELDS, 1), **texts, "status": "relabelled", "review_name": "Wheat"}
    table = {name: [value, value] for name, value in documents.mutated_values(row, rng).items()}
    if rng.random() < 0.3:
        del table[rng.choice(list(table))]
    shapes = geopandas.points_from_xy([5e5, 5e5 + 50], [5.6499e6, 5.6499e6])
    path = place / "review.gpkg"
    path.unlink(missing_ok=True)
    with suppress(OverflowError, UnicodeError, ValueError, pyogrio.errors.FieldError, pyogrio.errors.FeatureError):
        frame = geopandas.GeoDataFrame(table, geometry=shapes, crs="EPSG:32631")
        frame.to_file(path, layer="review")  # what no table can hold is not tried
    return lambda: read_answers(str(path), LEGEND)


SOURCES: tuple[Source, ...] = (
    *(stac_item, safe_metadata, raster_header, raster_bytes, table_of_dates, table_of_classes, table_of_points),
    *(geopackage, geojson, names_beside_a_raster, legend_in_a_raster, split_file),
    *(envi_header, virtual_raster, archive, shapefile, run_record, area_estimate, review_table),
)
