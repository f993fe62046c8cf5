"""Items of rasters of several bands, as a catalogue would have them. Standard library only: QGIS's tests use it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

EVERYWHERE = [-180.0, -90.0, 180.0, 90.0]


def item_of(name: str, day: str, address: str, bands: Sequence[str]) -> dict[str, Any]:
    """The item `name` of a day (ISO), whose one file lies at `address`."""
    ring = [[-180, -90], [180, -90], [180, 90], [-180, 90], [-180, -90]]
    asset = {
        "href": address,
        "type": "image/tiff; application=geotiff",
        "roles": ["data"],
        "eo:bands": [{"name": band} for band in bands],
    }
    return {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": name,
        "collection": "own",
        "geometry": {"type": "Polygon", "coordinates": [ring]},
        "bbox": EVERYWHERE,
        "properties": {"datetime": f"{day}T10:00:00Z"},
        "links": [],
        "assets": {"data": asset},
    }
