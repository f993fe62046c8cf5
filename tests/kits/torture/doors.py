"""The doors by which files of others come in: a job, which of its files is made wrong, and how."""

from __future__ import annotations

import hashlib
import json
import os
import random
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import geopandas

from kits.catalogue.items import item_of
from kits.mutations import blobs, documents, markup, rasters, tables
from kits.products import metadata
from kits.rasters import BANDS, write_raster
from kits.torture.cases import CROPS, MAP, PARCELS, PROBABLE, REPORTS

Change = Callable[[bytes, random.Random], bytes]
SAFE = "safe/S2A_MSIL2A_20190516T105031_N0400_R051_T31UFS_20190517T134256.SAFE"
IMAGES = f"{SAFE}/GRANULE/L2A_T31UFS_A020349_20190516T105030/IMG_DATA/R10m"
BUILT = {"output": ">built.tif"}


@dataclass(frozen=True)
class Door:
    """`case` with `changes`, of which `file` is made wrong by `change`; `seal`: the card that knows the file's hash."""

    name: str
    case: str
    file: str
    change: Change
    changes: dict[str, Any] = field(default_factory=dict)
    seal: str = ""


def text(data: bytes, rng: random.Random) -> bytes:
    return documents.mutated_text(json.loads(data), rng).encode("utf-8", "surrogatepass")


def table(data: bytes, rng: random.Random) -> bytes:
    return tables.mutated_bytes(data.decode("utf-8"), rng)


def header(data: bytes, rng: random.Random) -> bytes:
    """A raster whose header says something else."""
    with tempfile.TemporaryDirectory() as folder:
        whole, wrong = Path(folder) / "a.tif", Path(folder) / "b.tif"
        whole.write_bytes(data)
        rasters.mutated(whole, wrong, rng)
        return wrong.read_bytes()


def _labels(path: str) -> dict[str, Any]:
    return {"reference": {"path": path, "class_field": "crop"}}


def _of_parcels(path: str) -> dict[str, Any]:
    return {"parcels": PARCELS | {"path": path}}


SHAPEFILE = tuple(
    Door(f"shapefile .{end}", "diagnose", f"parcels.{end}", blobs.mutated, _labels("<parcels.shp"))
    for end in ("shp", "dbf", "shx", "prj", "cpg")
)
TIFFS = tuple(
    door
    for case, file in (
        ("classify", "season/S2_20240620.tif"),
        ("build_series", "clouded/s2/S2_20230611.tif"),
        ("composite", "clouded/s2/S2_20230611.tif"),
        ("phenology", "clouded/s2/S2_20230611.tif"),
        ("fill_gaps", "clouded/s2/S2_20230504.tif"),
        ("describe_series", "season/S2_20240620.tif"),
        ("diagnose", "made/classify/map.tif"),
        ("clean_map", "made/classify/p.tif"),
        ("parcel_summary", "made/classify/map.tif"),
        ("compare_maps", "made/clean_map/cleaned.tif"),
        ("fuse_starfm", "fusion/coarse2021/MOD_20210820_NDVI.tif"),
        ("cloud_masks", "l1c/S2A_MSIL1C_20190421T105031_N0207_R051_T31UFS_20190421T130000.tif"),
    )
    for door in (
        Door(f"{case}: header of a raster", case, file, header),
        Door(f"{case}: bytes of a raster", case, file, blobs.mutated_head),
    )
)
MODELS = (
    Door("card", "classify", "network/model.json", text),
    Door("card of a forest", "classify: forest", "made/train/model.json", text),
    Door("ONNX", "classify", "network/model.onnx", blobs.mutated, seal="network/model.json"),
    Door("ONNX of a forest", "classify: forest", "made/train/model.onnx", blobs.mutated, seal="made/train/model.json"),
    Door("fusion card", "fuse_tsstfn", "made/train_tsstfn/fusion.json", text),
    Door(
        "ONNX of a fusion",
        "fuse_tsstfn",
        "made/train_tsstfn/model.onnx",
        blobs.mutated,
        seal="made/train_tsstfn/fusion.json",
    ),
    Door("encoder's facts", "probe", "made/pretrain_cropsts/encoder.json", text),
    Door(
        "safetensors",
        "probe",
        "made/pretrain_cropsts/encoder.safetensors",
        blobs.mutated_head,
        seal="made/pretrain_cropsts/encoder.json",
    ),
    Door("card described", "describe_series", "network/model.json", text),
)
TABLES = (
    Door("legend", "train", "toy/legend.json", text),
    Door("table of dates", "build-series --series <season --dates <dates.csv --out >built.tif", "dates.csv", table),
    Door(
        "table of classes",
        "diagnose --map <made/classify/map.tif --reference <parcels.gpkg --field crop --mapping <mapping.csv --out >",
        "mapping.csv",
        table,
    ),
    Door("table of points", "diagnose", "points.csv", table, _labels("<points.csv")),
    Door("GeoJSON", "diagnose", "parcels.geojson", text, _labels("<parcels.geojson")),
    Door("GeoJSON of parcels", "parcel_summary", "parcels.geojson", text, _of_parcels("<parcels.geojson")),
    Door("GeoPackage", "diagnose", "parcels.gpkg", blobs.mutated),
    Door("GeoPackage, its head", "check_declarations", "parcels.gpkg", blobs.mutated_head),
    Door("GeoPackage of labels", "train", "toy/parcels.gpkg", blobs.mutated),
    Door("review", "apply_review", "review.gpkg", blobs.mutated),
    Door("sample", "area_estimate", "sample.gpkg", blobs.mutated),
    *SHAPEFILE,
)
BESIDE = (
    Door("attribute table of a map", "diagnose", "made/classify/map.tif.aux.xml", markup.mutated),
    Door("attribute table of a cleaned map", "map_change", "made/clean_map/cleaned.tif.aux.xml", markup.mutated),
    Door("run record of a map", "diagnose", "made/classify/map.run.json", text),
    Door("STAC item", "build_series", "stac/item.json", text, {"series": {"scenes": ["<stac/item.json"]}, **BUILT}),
    Door(
        "SAFE's metadata", "build_series", f"{SAFE}/MTD_MSIL2A.xml", markup.mutated, {"series": {"scenes": ["<safe/*"]}}
    ),
    Door("job", "", "", text),
)
DOORS = (*MODELS, *TABLES, *BESIDE, *TIFFS)
JOBS = {"diagnose": {"class_map": MAP, "reference": CROPS}, "parcel_summary": {"maps": PROBABLE}, **REPORTS}


def make_doors(place: Path) -> None:
    """What the doors need beside the place itself."""
    parcels = geopandas.read_file(place / "parcels.gpkg")
    parcels.to_crs(4326).to_file(place / "parcels.geojson", driver="GeoJSON")
    parcels.to_file(place / "parcels.shp")
    points = parcels.to_crs(32631).representative_point()
    rows = [f"{point.x},{point.y},{crop}" for point, crop in zip(points.to_crs(4326), parcels["crop"])]
    (place / "points.csv").write_text("\n".join(["lon,lat,crop", *rows]) + "\n")
    days = ("2024-04-25", "2024-06-20", "2024-08-15")
    dated = [f"S2_{day.replace('-', '')},{day},0,," for day in days]
    (place / "dates.csv").write_text("\n".join(["layer,date,band,name,crs", *dated]) + "\n")
    (place / "mapping.csv").write_text("reference,class\nmaize,maize\ngrassland,winter wheat\n")
    (place / "stac").mkdir()
    shutil.copy(place / "season" / "S2_20240425.tif", place / "stac")
    item = item_of("S2A_31UFS_20240425_0_L2A", days[0], "S2_20240425.tif", BANDS)
    item["assets"]["data"]["raster:bands"] = [{"scale": 1e-4, "offset": -0.1, "nodata": 0} for _ in BANDS]
    (place / "stac" / "item.json").write_text(json.dumps(item))
    for band in ("B04", "B08"):
        values = _numbers()
        write_raster(
            place / IMAGES / f"T31UFS_20190516T105031_{band}_10m.jp2", values, driver="JP2OpenJPEG", QUALITY="100"
        )
    (place / SAFE / "MTD_MSIL2A.xml").write_text(metadata(-1000))


def _numbers() -> Any:
    import numpy as np

    return np.random.default_rng(4).integers(1500, 6000, (1, 24, 24)).astype(np.uint16)


def with_fault(door: Door, place: Path, copy: Path, rng: random.Random) -> None:
    """A copy of the place in which the door's file is made wrong; all the others are the same files."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(place, copy, copy_function=os.link)
    if not door.file:
        return
    wrong = door.change((place / door.file).read_bytes(), rng)
    _replace(copy / door.file, wrong)
    if door.seal:
        old, new = (hashlib.sha256(data).hexdigest() for data in ((place / door.file).read_bytes(), wrong))
        _replace(copy / door.seal, (place / door.seal).read_bytes().replace(old.encode(), new.encode()))


def _replace(path: Path, data: bytes) -> None:
    path.unlink()
    path.write_bytes(data)
