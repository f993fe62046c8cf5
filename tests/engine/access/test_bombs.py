"""Small files that would grow without end are refused, or read, within bounded memory and time."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import rasterio
import shapely

from crop_classifier_plugin.engine.access import archives
from crop_classifier_plugin.engine.access.wkb import flat
from crop_classifier_plugin.shared.errors import TooLarge
from crop_classifier_plugin.shared.texts import bounded
from kits.hostile.place import NAME, fields
from kits.hostile.rasters import stac_item
from kits.models import write_model
from kits.program import environment, posix
from kits.rasters import write_raster

_MEMORY = 4 << 30  # bytes of addresses: what the libraries map counts too (measured: 2.3 GiB for a small series)
_SECONDS = 60
VALUES = np.full((1, 16, 16), 900, np.uint16)
DEEP = 100_000


def engine(*command: object) -> subprocess.CompletedProcess[str]:
    """The program in a process that may not take more memory."""
    return subprocess.run(
        [sys.executable, "-m", "crop_classifier_plugin.engine", *map(str, command)],
        capture_output=True,
        text=True,
        env=environment(),
        timeout=_SECONDS,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY)),
    )


def build(source: Path) -> subprocess.CompletedProcess[str]:
    return engine("build-series", "--series", source, "--mask", "none", "--out", source.parent / "out" / "o.tif")


def refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    assert done.returncode == 1, done
    assert "Traceback" not in done.stderr
    assert "nobody foresaw" not in done.stderr
    assert done.stderr.count("Error: ") == 1
    for word in words:
        assert word in done.stderr, done.stderr


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_raster(tmp_path / f"{NAME}.tif", VALUES, nodata=0)


@posix
def test_a_products_metadata_in_a_zip_file(tmp_path: Path) -> None:
    """1 GB of spaces take 1 MB in the archive."""
    product = "S2A_MSIL2A_20240425T105031_N0510_R051_T31UFS_20240425T140000.SAFE"
    image = write_raster(tmp_path / "x.jp2", VALUES, driver="JP2OpenJPEG", nodata=None)
    with zipfile.ZipFile(tmp_path / "p.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as zipped:
        zipped.write(image, f"{product}/GRANULE/L2A/IMG_DATA/R10m/T31UFS_20240425T105031_B04_10m.jp2")
        with zipped.open(f"{product}/MTD_MSIL2A.xml", "w", force_zip64=True) as file:
            for _ in range(1024):
                file.write(b" " * (1 << 20))
    refused(build(tmp_path / "p.zip"), "has more than 16.8 MB")


@pytest.mark.parametrize("ending", [".zip", ".tar"])
def test_an_archive_of_very_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(archives, "_MOST_NAMES", 5)
    path = tmp_path / f"p{ending}"
    if ending == ".zip":
        _zip_of(path, 6)
    else:
        with tarfile.open(path, "w") as tar:
            for number in range(6):
                tar.addfile(tarfile.TarInfo(f"{number}.tif"))
    with pytest.raises(TooLarge, match="more than 5 files"):
        archives.member_names(path)


def _zip_of(path: Path, count: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(count):
            archive.writestr(f"{number}.tif", b"")


def test_a_zip_file_whose_list_is_endless(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "_MOST_LIST", 500)
    _zip_of(tmp_path / "p.zip", 20)
    with pytest.raises(TooLarge, match="lists more than"):
        archives.member_names(tmp_path / "p.zip")


@posix
@pytest.mark.parametrize("ending", [".vrt", ".tif.aux.xml"])
def test_xml_without_end(tmp_path: Path, scene: Path, ending: str) -> None:
    with open(tmp_path / f"{NAME}{ending}", "wb") as file:
        file.write(b"<VRTDataset>" if ending == ".vrt" else b"<PAMDataset>")
        file.truncate(3 << 30)  # it takes no space on the disk
    refused(build(scene if ending != ".vrt" else tmp_path / f"{NAME}{ending}"), "has more than 67.1 MB")


@posix
def test_xml_in_xml_without_end(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.vrt"
    path.write_text("<VRTDataset>" + "<Metadata>" * 100_000 + "</Metadata>" * 100_000 + "</VRTDataset>")
    refused(build(path), "depth beyond")


def _brackets(path: Path) -> None:
    path.write_text("[" * DEEP + "]" * DEEP)


def _spaces(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(5 << 30)


def _pipe(path: Path) -> None:
    os.mkfifo(path)


BOMBS = {"brackets": _brackets, "5 GB": _spaces, "a pipe": _pipe}


@posix
@pytest.mark.parametrize(
    ("kind", "name"),
    [*((kind, name) for kind in ("job", "item", "dates") for name in BOMBS), ("legend", "brackets"),
     ("model", "a pipe"), ("model", "brackets"), ("labels", "a pipe")],
)  # fmt: skip
def test_texts_without_end(tmp_path: Path, scene: Path, kind: str, name: str) -> None:
    names = {"item": "x.json", "dates": "x.csv", "labels": "x.geojson"}
    path = tmp_path / names.get(kind, "x.json")
    if kind == "model":
        write_model(tmp_path / "model")
        path = tmp_path / "model" / "model.json"
        path.unlink()
    BOMBS[name](path)
    out, series = tmp_path / "out" / "o.tif", ("--series", scene, "--mask", "none")
    commands = {
        "job": ("run", path),
        "item": ("build-series", "--series", path, "--mask", "none", "--out", out),
        "legend": (
            "train",
            *series,
            "--labels",
            scene,
            "--legend",
            path,
            "--network",
            "forest",
            "--out",
            tmp_path / "m",
        ),
        "dates": ("build-series", *series, "--dates", path, "--out", out),
        "model": ("classify", *series, "--model", tmp_path / "model", "--out", out),
        "labels": ("diagnose", "--map", scene, "--reference", path, "--field", "crop", "--out", tmp_path / "d"),
    }
    done = engine(*commands[kind])
    if kind == "job":
        assert done.returncode == 1, done
        assert json.loads(done.stdout)["event"] == "error"
    else:
        refused(done)


@posix
def test_outlines_in_outlines_of_a_split_file(tmp_path: Path) -> None:
    from crop_classifier_plugin.engine.splits.split_file import SplitUnusable, read_split

    deep = "GEOMETRYCOLLECTION (" * DEEP + "POINT (0 0)" + ")" * DEEP
    place = {"outlines": {"train": [deep], "held_out": [deep], "test": [deep]}, "crs": "EPSG:32631"}
    (tmp_path / "split.json").write_text(json.dumps({"places": [place]}))
    with pytest.raises(SplitUnusable):
        read_split(tmp_path / "split.json", False)


def _wkb(shape: shapely.Geometry, **options: object) -> bytes:
    return bytes(shapely.to_wkb(shape, **options))


def test_well_known_binary_in_itself() -> None:
    """What GEOS would call itself for."""
    inner = _wkb(shapely.MultiPoint([(1, 2)]))
    for _ in range(3):
        inner = b"\x01" + (7).to_bytes(4, "little") + (1).to_bytes(4, "little") + inner
    assert flat(inner) is None
    many = b"\x01" + (6).to_bytes(4, "little") + (1).to_bytes(4, "little")
    assert flat(many * DEEP) is None


@pytest.mark.parametrize("flavor", ["iso", "extended"])
@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("deep", [2, 3])
def test_honest_well_known_binary_stays(flavor: str, order: int, deep: int) -> None:
    third = (3.0,) if deep == 3 else ()
    ring = [(0.0, 0.0, *third), (1.0, 0.0, *third), (1.0, 1.0, *third)]
    polygon = shapely.Polygon(ring)
    shapes = [shapely.Point(ring[0]), shapely.LineString(ring), polygon, shapely.MultiPoint(ring),
              shapely.MultiLineString([ring, ring]), shapely.MultiPolygon([polygon, polygon])]  # fmt: skip
    for shape in (*shapes, *(shapely.set_srid(shape, 4326) for shape in shapes)):
        told = _wkb(shape, flavor=flavor, byte_order=order, include_srid=flavor == "extended")
        assert flat(told) == told
        assert flat(told[:-1]) in (None, told[:-1])  # GEOS tells that it ends too early


def test_a_raster_that_claims_more_than_there_can_be(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.tif"
    profile = {"width": 2**31 - 1, "height": 2**31 - 1, "count": 1, "dtype": "uint8", "crs": "EPSG:32631"}
    sparse = {"tiled": True, "blockxsize": 2**19, "blockysize": 2**19, "SPARSE_OK": True, "BIGTIFF": "YES"}
    place = rasterio.transform.from_origin(500000, 5650000, 0.001, 0.001)
    with rasterio.open(path, "w", driver="GTiff", transform=place, compress="deflate", **profile, **sparse):
        pass
    refused(build(path))


@posix
def test_very_many_bands(tmp_path: Path) -> None:
    path = tmp_path / f"{NAME}.vrt"
    bands = "".join(f'<VRTRasterBand dataType="UInt16" band="{n}"/>' for n in range(1, 65_536))
    place = "<SRS>EPSG:32631</SRS><GeoTransform>500000, 10, 0, 5650000, 0, -10</GeoTransform>"
    path.write_text(f'<VRTDataset rasterXSize="16" rasterYSize="16">{place}{bands}</VRTDataset>')
    refused(build(path))


@posix
def test_a_parcel_of_very_many_corners(tmp_path: Path) -> None:
    angles = np.linspace(0, 2 * np.pi, 2_000_010)[:-1]
    disc = shapely.Polygon(np.column_stack([500080 + 60 * np.cos(angles), 5649920 + 60 * np.sin(angles)]))
    fields().assign(geometry=[disc, shapely.box(500000, 5649840, 500160, 5650000)]).to_file(
        tmp_path / "x.gpkg", driver="GPKG"
    )
    classes = write_raster(tmp_path / "map.tif", np.ones((1, 16, 16), np.uint8), nodata=0)
    command = ("diagnose", "--map", classes, "--reference", tmp_path / "x.gpkg", "--field", "crop")
    refused(engine(*command, "--out", tmp_path / "d"), "corners")


def test_an_item_of_very_many_assets_is_a_matter_of_its_size(tmp_path: Path, scene: Path) -> None:
    item = json.loads(stac_item(tmp_path, f"./{scene.name}").read_text())
    item["properties"]["note"] = "x" * bounded.MOST
    (tmp_path / "item.json").write_text(json.dumps(item))
    with pytest.raises(TooLarge, match=r"has more than 67\.1 MB"):
        bounded.bounded_json(tmp_path / "item.json")


@pytest.mark.parametrize(
    ("text", "depth"),
    [("[[]]", 2), ('{"a": "[[[["}', 1), (r'["\"[["]', 1), ('"[[[', 0), ("", 0), ("POLYGON ((0 0))", 2), ("]]]", 0)],
)
def test_depth_counts_brackets_outside_of_texts(text: str, depth: int) -> None:
    assert bounded.depth_of(text) == depth
