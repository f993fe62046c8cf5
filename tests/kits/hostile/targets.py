"""Names of what a hostile file wants GDAL to open: addresses, and files that nobody named."""

from __future__ import annotations

import os
from pathlib import Path

from .place import ADDRESS, NAME, Place


def addresses() -> list[str]:
    """By every way of GDAL onto the network."""
    host = ADDRESS.partition("//")[2]
    url = f"{ADDRESS}/{NAME}.tif"
    return [
        url,
        f"/vsicurl/{url}",
        f"/vsicurl_streaming/{url}",
        f"/vsicurl?use_head=no&url={url}",
        f"/vsicurl?proxy={host}&url={url}",
        f"/vsizip//vsicurl/{ADDRESS}/a.zip/{NAME}.tif",
        f"/vsizip/{{/vsicurl/{ADDRESS}/a.zip}}/{NAME}.tif",
        f"/vsitar//vsicurl/{ADDRESS}/a.tar/{NAME}.tif",
        f"/vsigzip//vsicurl/{url}.gz",
        f"/vsisubfile/0,/vsicurl/{url}",
        f"/vsicached?file=/vsicurl/{url}",
        f"/vsisparse//vsicurl/{ADDRESS}/sparse.xml",
        *_by_drivers(url),
    ]


def _by_drivers(url: str) -> list[str]:
    """Other stores than web servers, and names that are a driver's."""
    return [
        "/vsis3/bucket/x.tif",
        "/vsis3_streaming/bucket/x.tif",
        "/vsigs/bucket/x.tif",
        "/vsiaz/bucket/x.tif",
        "/vsiadls/bucket/x.tif",
        "/vsioss/bucket/x.tif",
        "/vsiswift/bucket/x.tif",
        f"/vsiwebhdfs/{ADDRESS}/x.tif",
        f"NETCDF:{ADDRESS}/x.nc:B04",
        f'HDF5:"/vsicurl/{ADDRESS}/x.h5"://B04',
        f'ZARR:"/vsicurl/{ADDRESS}/x.zarr":/B04',
        f"vrt:///vsicurl/{url}?bands=1",
        f"DERIVED_SUBDATASET:LOGAMPLITUDE:/vsicurl/{url}",
        f"WMS:{ADDRESS}/wms?layers=x",
        f"WMTS:{ADDRESS}/wmts",
        f"WCS:{ADDRESS}/wcs",
        f"GTIFF_DIR:1:/vsicurl/{url}",
        f"GPKG:/vsicurl/{ADDRESS}/x.gpkg:t",
        f"/vsikerchunk_json_ref/{{/vsicurl/{ADDRESS}/x.json}}",
        f"STACTA:/vsicurl/{ADDRESS}/x.json",
        wms(f"{ADDRESS}/tiles"),
        f"<VRTDataset rasterXSize='16' rasterYSize='16'><VRTRasterBand dataType='UInt16' band='1'><SimpleSource>"
        f"<SourceFilename>/vsicurl/{url}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
    ]


def files(place: Place, folder: Path) -> list[str]:
    """By every way of GDAL to another file: absolute, relative to `folder`, through handlers and drivers."""
    secret = place.secret / f"{NAME}.tif"
    return [
        str(secret),
        os.path.relpath(secret, folder),
        f"./x/../{os.path.relpath(secret, folder)}",
        *devious(place),
    ]


def devious(place: Place) -> list[str]:
    """The ways that no honest file needs."""
    secret = place.secret / f"{NAME}.tif"
    return [
        f"file://{secret}",
        f"vrt://{secret}?bands=1&outsize=8,8",
        f"DERIVED_SUBDATASET:LOGAMPLITUDE:{secret}",
        f"/vsisubfile/0_1000,{secret}",
        f"/vsisubfile/0,{place.secret / 'plain.txt'}",
        f"/vsicached?file={secret}",
        f"/vsicrypt/key=DONT_USE_IN_PROD,file={secret}",
        f"<VRTDataset rasterXSize='16' rasterYSize='16'><VRTRasterBand dataType='UInt16' band='1'><SimpleSource>"
        f"<SourceFilename>{secret}</SourceFilename></SimpleSource></VRTRasterBand></VRTDataset>",
    ]


def wms(server: str) -> str:
    """A description by which GDAL fetches tiles."""
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{server}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>'
        "<UpperLeftX>500000</UpperLeftX><UpperLeftY>5650000</UpperLeftY><LowerRightX>500160</LowerRightX>"
        "<LowerRightY>5649840</LowerRightY><SizeX>16</SizeX><SizeY>16</SizeY><TileLevel>0</TileLevel></DataWindow>"
        "<Projection>EPSG:32631</Projection><BandsCount>1</BandsCount><BlockSizeX>16</BlockSizeX>"
        "<BlockSizeY>16</BlockSizeY><Cache/></GDAL_WMS>"
    )
