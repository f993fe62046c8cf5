"""The scenes as a table: CSV (which is a table of dates), GeoPackage (their footprints), or STAC items (JSON)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas
import shapely
from shapely.errors import GEOSException

from ...shared.errors import TooLarge
from ...shared.texts.bounded import bounded_json
from ..execution.outputs import Outputs
from ..reporting.csv_table import CsvTable
from ..vector.geopackage import write_layer
from .assets import Wanted
from .catalogue import Found
from .network import shown

_GONE = ("proj:shape", "proj:transform", "proj:bbox", "proj:geometry", "proj:centroid")  # of what is cut out
COLUMNS = ("layer", "date", "id", "collection", "platform", "cloud_cover", "time", "bands")


def write_table(path: str, scenes: Sequence[Found], files: Sequence[Wanted], outputs: Outputs) -> None:
    """`files`: those that were downloaded, of which CSV has a row each; without them it has a row a scene."""
    suffix = Path(path).suffix.lower()
    if suffix == ".csv":
        outputs.write_text(path, _csv(scenes, files))
    elif suffix == ".gpkg":
        _write_footprints(outputs.path(path), scenes, files)
    else:
        outputs.write_text(path, collection_text([scene.item.to_dict(transform_hrefs=False) for scene in scenes]))


def _csv(scenes: Sequence[Found], files: Sequence[Wanted]) -> str:
    table = CsvTable()
    table.writerow(COLUMNS)
    for scene in scenes:
        own = [file for file in files if file.scene is scene]
        for layer, bands in [(file.name, file.bands) for file in own] or [(scene.name, ())]:
            row = _row(scene, layer, bands)
            table.writerow([row[name] for name in COLUMNS])
    return table.text


def _row(scene: Found, layer: str, bands: Sequence[str]) -> dict[str, Any]:
    moment = scene.item.datetime or scene.item.common_metadata.start_datetime
    return {
        "layer": layer,
        "date": scene.date.isoformat(),
        "id": scene.item.id,
        "collection": scene.item.collection_id or "",
        "platform": str(scene.item.properties.get("platform", "")),
        "cloud_cover": scene.cloud,
        "time": moment.isoformat() if moment else "",
        "bands": " ".join(filter(None, bands)),
    }


def _write_footprints(path: str, scenes: Sequence[Found], files: Sequence[Wanted]) -> None:
    rows: list[dict[str, Any]] = []
    shapes: list[shapely.Geometry] = []
    for scene in scenes:
        bands = dict.fromkeys(band for file in files if file.scene is scene for band in file.bands)
        rows.append(_row(scene, scene.name, list(bands)))
        shapes.append(_footprint(scene))
    table = geopandas.GeoDataFrame(rows, geometry=shapes, crs="EPSG:4326")
    write_layer(path, "scenes", table)


def _footprint(scene: Found) -> shapely.Geometry:
    """The item's outline; its bounding box where that is none; empty where it has neither."""
    try:
        return shapely.geometry.shape(scene.item.geometry or {})
    except (GEOSException, ValueError, KeyError, TypeError, AttributeError):
        box = scene.item.bbox
        if not box or len(box) not in (4, 6):
            return shapely.Polygon()
        half = len(box) // 2
        return shapely.box(box[0], box[1], box[half], box[half + 1])


def local_item(scene: Found, files: Sequence[Wanted]) -> dict[str, Any]:
    """The item of downloaded files: their assets alone, beside it; nothing in it leads to the network."""
    item = scene.item.to_dict(include_self_link=False, transform_hrefs=False)
    assets = {}
    for file in files:
        kept = {k: v for k, v in item["assets"][file.key].items() if k not in (*_GONE, "alternate", "file:size")}
        kept.pop("file:checksum", None)
        assets[file.key] = {**kept, "href": f"./{file.name}", "source": shown(file.href)}
    item["properties"] = {k: v for k, v in item["properties"].items() if k not in _GONE}
    return {**item, "assets": assets, "links": []}


def collection_text(items: Sequence[dict[str, Any]]) -> str:
    return json.dumps({"type": "FeatureCollection", "features": list(items)}, indent=1, ensure_ascii=False) + "\n"


def merged(path: Path, items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The items of an earlier run whose files are still there, and these over them."""
    try:
        earlier = bounded_json(path)["features"]
        known = {(i.get("collection"), i["id"]): i for i in earlier if _has_files(i, path.parent)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, TooLarge):
        known = {}
    for item in items:
        before = known.get((item.get("collection"), item["id"]), {})
        assets = {**before.get("assets", {}), **item["assets"]}
        known[item.get("collection"), item["id"]] = {**item, "assets": assets}
    return list(known.values())


def _has_files(item: dict[str, Any], folder: Path) -> bool:
    return all((folder / asset["href"]).is_file() for asset in item["assets"].values())
