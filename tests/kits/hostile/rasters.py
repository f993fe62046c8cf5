"""Rasters that lead elsewhere."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import h5py
import numpy as np

from kits.rasters import write_raster

from . import targets
from .place import ADDRESS, NAME, Hostile, Place, series

_HEAD = (
    '<VRTDataset rasterXSize="16" rasterYSize="16"{more}><SRS>EPSG:32631</SRS>'
    "<GeoTransform>500000, 10, 0, 5650000, 0, -10</GeoTransform>{body}</VRTDataset>"
)
_SOURCES = ("SimpleSource", "ComplexSource", "AveragedSource", "KernelFilteredSource")
_ENDINGS = (".vrt", ".tif", ".jp2", ".img")
_GRID_CRS = (
    'PROJCS["x",GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.257223563],EXTENSION["PROJ4_GRIDS","{grid}"]],'
    'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",3],PARAMETER["scale_factor",0.9996],'
    'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
)


def vrt(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """Of any name, over any source, handed over in any way."""
    handed = str(rng.choice(["file", "folder", "stac", "zip"]))
    wanted = targets.addresses() + (targets.files(place, folder) if handed != "file" else targets.devious(place))
    name = str(rng.choice(wanted))
    source, ending = str(rng.choice(_SOURCES)), str(rng.choice(_ENDINGS))
    beside = int(not name.startswith("/"))
    text = f'<SourceFilename relativeToVRT="{beside}">{escape(name)}</SourceFilename><SourceBand>1</SourceBand>'
    path = folder / f"{NAME}{ending}"
    path.write_text(_HEAD.format(more="", body=_around(f"<{source}>{text}</{source}>", name, rng)))
    return _handed(f"vrt-{source}-{handed}-{name[:60]}", path, handed)


def _around(source: str, name: str, rng: np.random.Generator) -> str:
    """The source in a band, as its overview, its mask, or what is warped or sharpened."""
    band = '<VRTRasterBand dataType="UInt16" band="1"{more}>{body}</VRTRasterBand>'
    inner = f"<SourceFilename>{escape(name)}</SourceFilename><SourceBand>1</SourceBand>"
    forms = (
        band.format(more="", body=source),
        band.format(more="", body=source),
        band.format(more="", body=f"<Overview>{inner}</Overview>{source}"),
        f"<MaskBand>{band.format(more='', body=source)}</MaskBand>{band.format(more='', body='')}",
        band.format(more="", body="") + f"<GDALWarpOptions><SourceDataset>{escape(name)}</SourceDataset>"
        "</GDALWarpOptions>",
        band.format(more="", body="") + f"<PansharpeningOptions><PanchroBand>{inner}</PanchroBand>"
        "</PansharpeningOptions>",
        band.format(
            more=' subClass="VRTDerivedRasterBand"', body=f"<PixelFunctionType>sum</PixelFunctionType>{source}"
        ),
    )
    return forms[int(rng.integers(len(forms)))]


def _handed(name: str, path: Path, handed: str) -> Hostile:
    """A raster itself, in its folder, as an asset of a STAC item, or in an archive."""
    if handed == "folder":
        return series(name, path.parent)
    if handed == "stac":
        return series(name, stac_item(path.parent, f"./{path.name}"))
    if handed == "zip":
        archive = path.parent / "scenes.zip"
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.write(path, path.name)
        path.unlink()
        return series(name, archive)
    return series(name, path)


def stac_item(folder: Path, href: str, **properties: object) -> Path:
    """An item with one asset."""
    asset = {"href": href, "type": "image/tiff", "eo:bands": [{"name": "B04"}]}
    item = {
        "type": "Feature", "stac_version": "1.0.0", "id": "S2A_31UFS_20240425_0_L2A", "geometry": None, "links": [],
        "properties": {"datetime": "2024-04-25T10:50:31Z", **properties}, "assets": {"B04": asset},
    }  # fmt: skip
    (folder / "item.json").write_text(json.dumps(item))
    return folder / "item.json"


def raw_vrt(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A band of the bytes of any file."""
    wanted = [str(place.secret / "plain.txt"), f"/vsicurl/{ADDRESS}/x.raw", "../../../secrets/plain.txt"]
    name, handed = str(rng.choice(wanted)), str(rng.choice(["file", "folder", "stac", "zip"]))
    body = (
        '<VRTRasterBand dataType="UInt16" band="1" subClass="VRTRawRasterBand"><SourceFilename relativetoVRT="0">'
        f"{name}</SourceFilename><ImageOffset>0</ImageOffset><PixelOffset>2</PixelOffset><LineOffset>32</LineOffset>"
        "</VRTRasterBand>"
    )
    path = folder / f"{NAME}{rng.choice(_ENDINGS)}"
    path.write_text(_HEAD.format(more="", body=body))
    return _handed(f"raw-vrt-{handed}-{name}", path, handed)


def python_vrt(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A band computed by a program in the file."""
    code = f"open({str(place.secret / 'plain.txt')!r}).read()\ndef f(a, out, *rest, **more): out[:] = 1"
    own = write_raster(folder / "own" / "x.tif", np.ones((1, 16, 16), np.uint16))
    body = (
        '<VRTRasterBand dataType="UInt16" band="1" subClass="VRTDerivedRasterBand"><PixelFunctionType>f'
        "</PixelFunctionType><PixelFunctionLanguage>Python</PixelFunctionLanguage><PixelFunctionCode>"
        f"<![CDATA[{code}]]></PixelFunctionCode><SimpleSource><SourceFilename>{own}</SourceFilename>"
        "<SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
    )
    path = folder / f"{NAME}.vrt"
    path.write_text(_HEAD.format(more="", body=body))
    return _handed("python-vrt", path, str(rng.choice(["file", "folder"])))


def chained_vrt(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A VRT over a VRT, over what it wants."""
    inner = str(rng.choice(targets.addresses() + targets.devious(place)))
    band = '<VRTRasterBand dataType="UInt16" band="1"><SimpleSource><SourceFilename relativeToVRT="{beside}">{name}'
    band += "</SourceFilename><SourceBand>1</SourceBand></SimpleSource></VRTRasterBand>"
    (folder / "inner.dat").write_text(_HEAD.format(more="", body=band.format(beside=0, name=escape(inner))))
    path = folder / f"{NAME}.vrt"
    path.write_text(_HEAD.format(more="", body=band.format(beside=1, name="inner.dat")))
    return _handed(f"chained-vrt-{inner[:60]}", path, str(rng.choice(["file", "stac"])))


def description(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """Text that one of GDAL's drivers takes for the description of a raster elsewhere."""
    secret, url = place.secret / f"{NAME}.tif", f"/vsicurl/{ADDRESS}/x.tif"
    aim = str(rng.choice([str(secret), url]))
    texts = (
        targets.wms(f"{ADDRESS}/tiles"),
        f"<GDAL_WMTS><GetCapabilitiesUrl>{ADDRESS}/wmts</GetCapabilitiesUrl></GDAL_WMTS>",
        f"<WCS_GDAL><ServiceURL>{ADDRESS}/wcs?</ServiceURL><CoverageName>x</CoverageName></WCS_GDAL>",
        f"<GDALTileIndexDataset><IndexDataset>{place.secret / 'parcels.gpkg'}</IndexDataset></GDALTileIndexDataset>",
        f"<MRF_META><CachedSource><Source>{aim}</Source></CachedSource><Raster><Size x='16' y='16'/>"
        f"<DataFile>{place.secret / 'plain.txt'}</DataFile></Raster></MRF_META>",
        'DatasetHeader Begin\n\tVersion = "7.0"\n\tDataSetName = "../../../secrets/plain.txt"\n\tRasterInfo Begin\n'
        "\t\tCellType = Unsigned16BitInteger\n\t\tNrOfLines = 16\n\t\tNrOfCellsPerLine = 16\n\t\tNrOfBands = 1\n"
        "\tRasterInfo End\nDatasetHeader End\n",
        "Object = IsisCube\n  Object = Core\n    ^Core = ../../../secrets/plain.txt\n    Format = BandSequential\n"
        "    Group = Dimensions\n      Samples = 16\n      Lines = 16\n      Bands = 1\n    End_Group\n"
        "    Group = Pixels\n      Type = SignedWord\n    End_Group\n  End_Object\nEnd_Object\nEnd\n",
        f"<Dimap_Document><Metadata_Id><METADATA_FORMAT>DIMAP</METADATA_FORMAT></Metadata_Id><Data_Access><Data_File>"
        f'<DATA_FILE_PATH href="{aim}"/></Data_File></Data_Access></Dimap_Document>',
        json.dumps({".zgroup": '{"zarr_format":2}', "B04/.zarray": "{}", "B04/0.0": [str(secret), 0, 512]}),
        json.dumps({"type": "Feature", "stac_version": "1.0.0", "stac_extensions": ["tiled-assets"], "assets": {},
                    "asset_templates": {"B04": {"href": aim}}}),
    )  # fmt: skip
    number = int(rng.integers(len(texts)))
    path = folder / f"{NAME}{rng.choice(['.tif', '.img', '.jp2', '.nc', '.h5', '.vrt', '.json'])}"
    path.write_text(texts[number])
    handed = "file" if path.suffix == ".json" else str(rng.choice(["file", "folder", "stac", "zip"]))
    return _handed(f"description-{number}-{path.suffix}-{handed}", path, handed)


def side_file(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """An honest GeoTIFF, and beside it what GDAL looks into by itself."""
    path = write_raster(folder / f"{NAME}.tif", np.full((1, 16, 16), 900, np.uint16), nodata=0)
    aim = str(rng.choice([*targets.addresses(), *targets.files(place, folder)]))
    over = f'<PAMDataset><Metadata domain="OVERVIEWS"><MDI key="OVERVIEW_FILE">{escape(aim)}</MDI></Metadata>'
    grid = _GRID_CRS.format(grid=str(rng.choice([str(place.secret / "grid.gsb"), f"/vsicurl/{ADDRESS}/x.gsb"])))
    bound = f'"{place.secret / "grid.gsb"}"'
    kind = str(rng.choice(["overviews", "ovr", "msk", "crs", "crs2"]))
    if kind == "overviews":
        Path(f"{path}.aux.xml").write_text(f"{over}</PAMDataset>")
    elif kind in ("ovr", "msk"):
        band = f"<SimpleSource><SourceFilename>{escape(aim)}</SourceFilename></SimpleSource>"
        text = f'<VRTRasterBand dataType="UInt16" band="1">{band}</VRTRasterBand>'
        Path(f"{path}.{kind}").write_text(_HEAD.format(more="", body=text).replace('"16"', '"8"'))
    else:
        ways = [grid, f"+init={place.secret}/plain.txt:1", f"{ADDRESS}/crs", str(place.secret / "plain.txt")]
        grid = str(rng.choice(ways))
        text = grid if kind == "crs" else f"BOUNDCRS[SOURCECRS[{grid}],PARAMETERFILE[x,{bound}]]"
        Path(f"{path}.aux.xml").write_text(f"<PAMDataset><SRS>{escape(text)}</SRS></PAMDataset>")
    more = ("--crs", "EPSG:3035", "--resolution", "20") if rng.integers(2) else ()
    return series(f"side-{kind}-{aim[:60]}", path, *more)


def hdf(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """HDF5 whose numbers lie elsewhere."""
    kind, path = (
        str(rng.choice(["external", "link", "virtual", "srid"])),
        folder / f"S2_20240425{rng.choice(['.h5', '.nc'])}",
    )
    secret = place.secret / "plain.txt"
    with h5py.File(path, "w") as file:
        if kind == "external":
            file.create_dataset("B04", (16, 16), "<u2", external=[(str(secret), 0, 512)])
        elif kind == "srid":
            file.create_dataset("B04", data=np.full((16, 16), 900, "<u2"))
            file["B04"].attrs["srid"] = file["B04"].attrs["spatial_ref"] = f"+init={secret}:1"
        elif kind == "link":
            file["B04"] = h5py.ExternalLink(str(place.secret / "x.h5"), "/B04")
        else:
            layout = h5py.VirtualLayout((16, 16), "<u2")
            layout[:] = h5py.VirtualSource(str(place.secret / "x.h5"), "B04", (16, 16))
            file.create_virtual_dataset("B04", layout)
    return _handed(f"hdf-{kind}", path, str(rng.choice(["file", "folder", "stac"])))


def zarr(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A Zarr cube whose list of arrays names folders above it."""
    cube = folder / f"S2_20240425_{rng.integers(100)}.zarr"
    cube.mkdir()
    array = {"zarr_format": 2, "shape": [16, 16], "chunks": [16, 16], "dtype": "<u2", "compressor": None,
             "fill_value": 0, "order": "C", "filters": None}  # fmt: skip
    names = ("../../../../secrets/B04", "../../../../secrets", f"{place.secret}/B04")
    name = str(rng.choice(names))
    if rng.integers(2):
        name = "B04"
        (cube / name).mkdir()
        (cube / name / "0.0").write_bytes(bytes(512))
    crs = {str(rng.choice(["url", "wkt", "projjson"])): f"+init={place.secret}/plain.txt:1"}
    listed = {
        ".zgroup": {"zarr_format": 2},
        f"{name}/.zarray": array,
        f"{name}/.zattrs": {"long_name": "B04", "_CRS": crs},
    }
    (cube / ".zmetadata").write_text(json.dumps({"zarr_consolidated_format": 1, "metadata": listed}))
    (cube / ".zgroup").write_text('{"zarr_format": 2}')
    return series(f"zarr-{name}", cube)


def stac(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """An item whose asset, or whose coordinate system, lies elsewhere."""
    ways = [*targets.addresses(), *targets.files(place, folder), *(f"file://{name}" for name in targets.addresses())]
    href = str(rng.choice(ways))
    if rng.integers(4) == 0:
        shutil.copyfile(place.secret / f"{NAME}.tif", folder / "bare.tif")
        code = str(rng.choice([f"{ADDRESS}/crs", str(place.secret / "plain.txt"), f"+init={place.secret}/plain.txt:1",
                               f"+proj=utm +zone=31 +nadgrids={place.secret}/grid.gsb"]))  # fmt: skip
        _without_crs(folder / "bare.tif")
        return series(f"stac-crs-{code}", stac_item(folder, "./bare.tif", **{"proj:code": code}))
    return series(f"stac-{href[:70]}", stac_item(folder, href))


def _without_crs(path: Path) -> None:
    write_raster(path, np.full((1, 16, 16), 900, np.uint16), nodata=0, crs=None)


RASTERS = (vrt, vrt, vrt, raw_vrt, python_vrt, chained_vrt, description, description, side_file, side_file, hdf, zarr,
           stac, stac)  # fmt: skip
