"""What the user named is opened, in all the ways that users name things."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import h5py
import numpy as np
import pytest
import rasterio
from affine import Affine

from crop_classifier_plugin.engine.access.crs import checked_text, crs_of_text
from crop_classifier_plugin.engine.access.rasters import open_raster
from crop_classifier_plugin.engine.access.references import reference_of
from crop_classifier_plugin.engine.access.vectors import list_layers
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.vector.area import Area
from crop_classifier_plugin.shared.errors import BadInput, SourceRefused
from crop_classifier_plugin.shared.jobs.build_series import BuildSeriesJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.hostile.place import NAME, fields
from kits.program import environment, run
from kits.rasters import write_raster

VALUES = np.arange(256, dtype=np.uint16).reshape(1, 16, 16) + 1


@pytest.fixture
def scene(tmp_path: Path) -> Path:
    return write_raster(tmp_path / "scenes" / f"{NAME}.tif", VALUES, nodata=0)


def mosaic(path: Path, source: str, beside: int = 0) -> Path:
    """A VRT as gdalbuildvrt writes it."""
    root = ET.Element("VRTDataset", rasterXSize="16", rasterYSize="16")
    ET.SubElement(root, "SRS", dataAxisToSRSAxisMapping="1,2").text = "EPSG:32631"
    ET.SubElement(root, "GeoTransform").text = "500000, 10, 0, 5650000, 0, -10"
    band = ET.SubElement(root, "VRTRasterBand", dataType="UInt16", band="1", blockXSize="128", blockYSize="128")
    ET.SubElement(band, "NoDataValue").text = "0"
    inner = ET.SubElement(band, "ComplexSource")
    ET.SubElement(inner, "SourceFilename", relativeToVRT=str(beside)).text = source
    ET.SubElement(inner, "SourceBand").text = "1"
    ET.SubElement(inner, "SourceProperties", RasterXSize="16", RasterYSize="16", DataType="UInt16")
    for name in ("SrcRect", "DstRect"):
        ET.SubElement(inner, name, xOff="0", yOff="0", xSize="16", ySize="16")
    ET.SubElement(inner, "NODATA").text = "0"
    path.parent.mkdir(parents=True, exist_ok=True)
    ET.ElementTree(root).write(path)
    return path


def build(*sources: object, out: Path) -> subprocess.CompletedProcess[str]:
    """The scenes as one raster, by the program itself."""
    engine = [sys.executable, "-m", "crop_classifier_plugin.engine", "build-series", "--mask", "none"]
    given = [text for source in sources for text in ("--series", str(source))]
    return subprocess.run([*engine, *given, "--out", str(out)], capture_output=True, text=True, env=environment())


def values(path: Path) -> np.ndarray:
    with rasterio.open(path) as file:
        return np.asarray(file.read(1)).round(4)


def test_a_mosaic_that_is_named_may_show_scenes_elsewhere(tmp_path: Path, scene: Path) -> None:
    done = build(mosaic(tmp_path / "mosaics" / f"{NAME}.vrt", str(scene)), out=tmp_path / "o.tif")
    assert done.returncode == 0, done.stderr
    assert build(scene, out=tmp_path / "own.tif").returncode == 0
    np.testing.assert_array_equal(values(tmp_path / "o.tif"), values(tmp_path / "own.tif"))


def test_a_mosaic_that_is_found_shows_scenes_of_its_folder_alone(tmp_path: Path, scene: Path) -> None:
    folder = mosaic(tmp_path / "mosaics" / f"{NAME}.vrt", str(scene)).parent
    done = build(folder, out=tmp_path / "o.tif")
    assert done.returncode == 1
    assert f"it refers to {scene}, outside its folder" in done.stderr
    write_raster(folder / "parts" / "x.tif", VALUES, nodata=0)
    mosaic(folder / f"{NAME}.vrt", "parts/x.tif", beside=1)
    assert build(folder, out=tmp_path / "o.tif").returncode == 0


def test_both_folders_named_let_the_mosaic_reach_its_scenes(tmp_path: Path, scene: Path) -> None:
    folder = mosaic(tmp_path / "mosaics" / f"{NAME}.vrt", str(scene)).parent
    other = write_raster(tmp_path / "scenes" / "S2_20240620_B04.tif", VALUES, nodata=0)
    done = build(folder, scene, other, out=tmp_path / "o.tif")
    assert done.returncode == 0, done.stderr


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The address of a folder, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *rest: Any) -> None:
            super().__init__(*rest, directory=str(folder))

        def log_message(self, format: str, *args: Any) -> None:
            asked.append(self.path)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize("prefix", ["", "/vsicurl/"])
def test_an_address_that_the_user_named_is_read(tmp_path: Path, scene: Path, prefix: str) -> None:
    with served(scene.parent) as (address, asked):
        done = build(f"{prefix}{address}/{scene.name}", out=tmp_path / "o.tif")
    assert done.returncode == 0, done.stderr
    assert f"/{scene.name}" in asked


def test_beside_an_address_that_was_named_no_other_is_read(tmp_path: Path, scene: Path) -> None:
    with served(scene.parent) as (address, asked):
        wanted = f"/vsicurl/{address}/other.tif"
        vrt = mosaic(tmp_path / "S2_20240620_B04.vrt", wanted)
        done = build(f"/vsicurl/{address}/{scene.name}", vrt, out=tmp_path / "o.tif")
    assert done.returncode == 1
    assert "it leads to the network" in done.stderr
    assert not any("other" in each for each in asked)


def test_a_vrt_of_addresses_that_the_layer_shows_is_read(tmp_path: Path, scene: Path) -> None:
    """As the plugin hands a VRT layer over: with the addresses in it."""
    with served(scene.parent) as (address, _):
        wanted = f"/vsicurl/{address}/{scene.name}"
        vrt = mosaic(tmp_path / "mosaics" / f"{NAME}.vrt", wanted)
        assert "it leads to the network" in build(vrt, out=tmp_path / "o.tif").stderr
        source = SceneSource(str(vrt), addresses=(wanted,))
        place = tmp_path / "place"
        place.mkdir()
        done = run(BuildSeriesJob(Series((source,), mask="none"), str(place / "o.tif")), place)
    assert done.returncode == 0, done.stdout
    assert build(scene, out=tmp_path / "own.tif").returncode == 0
    np.testing.assert_array_equal(values(place / "o.tif"), values(tmp_path / "own.tif"))


def test_hdf5_that_keeps_its_numbers_is_opened(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "x.h5", "w") as file:
        file["group/B04"] = VALUES[0]
        file["again"] = h5py.SoftLink("/group/B04")
        file["group/loop"] = file["group"]  # a hard link onto itself
    with open_raster(tmp_path / "x.h5") as dataset:
        assert dataset.count or dataset.subdatasets


def test_an_archive_with_a_vrt_that_leads_out_is_refused(tmp_path: Path, scene: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.write(mosaic(tmp_path / "x.vrt", str(scene)), "x.tif")
    outer = mosaic(tmp_path / "outer.vrt", f"/vsizip/{tmp_path}/a.zip/x.tif")
    with pytest.raises(SourceRefused, match="a VRT in the archive"):
        open_raster(outer)


@pytest.mark.parametrize(
    ("text", "file", "member"),
    [
        ("/a/b.tif", "/a/b.tif", ""),
        ('NETCDF:"/a/b.nc":ndvi', "/a/b.nc", ""),
        ("NETCDF:/a/b.nc:ndvi", "/a/b.nc", ""),
        ('HDF5:"/a/b.h5"://x/y', "/a/b.h5", ""),
        ("GTIFF_DIR:2:/a/b.tif", "/a/b.tif", ""),
        ("vrt:///a/b.tif?bands=1", "/a/b.tif", ""),
    ],
)
def test_names_lead_to_files(text: str, file: str, member: str) -> None:
    found = reference_of(text)
    assert (found.file, found.member, found.why) == (file, member, "")


def test_names_in_archives_lead_to_the_archive(tmp_path: Path) -> None:
    import zipfile

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr("b/c.tif", b"")
    for text in (f"/vsizip/{tmp_path}/a.zip/b/c.tif", f"/vsizip/{{{tmp_path}/a.zip}}/b/c.tif"):
        assert reference_of(text) == reference_of(f"/vsizip/{tmp_path}/a.zip/b/c.tif")
        assert reference_of(text).file == str(tmp_path / "a.zip")
        assert reference_of(text).member == "b/c.tif"


@pytest.mark.parametrize(
    "text",
    ["EPSG:32631", "OGC:CRS84", "+proj=utm +zone=31 +datum=WGS84", "+init=epsg:32631", "WGS84", "ESRI:102001",
     rasterio.crs.CRS.from_epsg(2154).to_wkt(), "http://www.opengis.net/def/crs/OGC/1.3/CRS84"],
)  # fmt: skip
def test_coordinate_systems_as_users_write_them(text: str) -> None:
    assert crs_of_text(text) == rasterio.crs.CRS.from_user_input(text)


@pytest.mark.parametrize(
    "text",
    ["http://127.0.0.1:9/crs", "https://epsg.io/32631.wkt", __file__, f"+init={__file__}:1", "[" * 100_000,
     "PROJCS[" * 100_000, "+proj=utm +zone=31 +nadgrids=/etc/grid.gsb", "+proj=tinshift +file=/etc/x.json"],
)  # fmt: skip
def test_coordinate_systems_that_are_addresses_or_files(text: str) -> None:
    with pytest.raises(rasterio.errors.CRSError):
        checked_text(text)


def test_a_json_that_tells_words_like_init_in_its_properties_is_read(tmp_path: Path) -> None:
    """Only what PROJ would read as a file is refused."""
    frame = fields().assign(note=["initial = 3; \u00e4", "+31 6 init"])
    frame.to_file(tmp_path / "x.geojson", driver="GeoJSON")
    assert len(list_layers(str(tmp_path / "x.geojson"))) == 1


def test_an_area_in_a_system_without_a_way_to_the_map_is_one_sentence(tmp_path: Path) -> None:
    """A .prj that is no text of any CRS, as a hostile one may be."""
    path = tmp_path / "parcels.shp"
    fields().to_file(path)
    (tmp_path / "parcels.prj").write_text('LOCAL_CS["site grid",UNIT["metre",1]]')
    grid = Grid(rasterio.crs.CRS.from_epsg(32631), Affine(10, 0, 500000, 0, -10, 5650000), 16, 16)
    with pytest.raises(BadInput, match="There is no way from the CRS of"):
        Area.read(str(path), grid)
