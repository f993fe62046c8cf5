"""Local STAC items as scenes: which of their assets are bands, and what the items say of dates, units and places."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

import pystac
from pystac.errors import STACError, STACTypeError

from ....shared.errors import BadInput
from ....shared.jobs.sources import SceneSource
from .. import bands
from ..cubes import CUBES
from ..encodings import product_of, sensor_of
from ..spec import specs
from ..vocabulary import Vocabulary, vocabulary_of

RasterFields = tuple[SceneSource, bool, tuple[str, ...], tuple[tuple[float, float] | None, ...], str, str, str]
# Element 84's catalogue gives baseline 04.00's offset beside pixels from which it says to have taken it already.
_OFFSET_GONE = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")


def read_items(source: SceneSource) -> Iterator[RasterFields]:
    """The assets with known bands of an item or an item collection, and cubes, whose variables name their bands: as the
    fields of discovery.Raster."""
    path = Path(source.path)
    found = False
    for item in _items(path):
        for key, asset in item.assets.items():
            if key.removesuffix("-jp2") in set(item.assets) - {key}:  # the same band once more
                continue
            names = asset_bands(key, asset, item)
            if any(names) or _is_cube(asset):
                found = True
                local = SceneSource(_local(asset.href, item, path), "", _dates(item))
                yield (
                    local,
                    True,
                    names,
                    _codings(item, asset, names),
                    asset_crs(item, asset),
                    _hint(item),
                    _baseline(item),
                )
    if not found:
        raise BadInput(f"No asset of the STAC items in {path} is a band that is known: give items of another product.")


def _items(path: Path) -> list[pystac.Item]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        many = data.get("type") == "FeatureCollection"
        items = list(pystac.ItemCollection.from_dict(data)) if many else [pystac.Item.from_dict(data)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, STACError, STACTypeError) as error:
        raise BadInput(f"{path} is no STAC item or item collection ({error}): give one, or a raster.") from None
    if not items:
        raise BadInput(f"The STAC item collection {path} is empty: give one with items.")
    return items


def _local(href: str, item: pystac.Item, path: Path) -> str:
    """The file of an asset; a relative one lies beside the JSON file. Raises for one on the network."""
    parsed = urlparse(href)
    if parsed.scheme == "file":
        return unquote(parsed.path)
    if len(parsed.scheme) > 1 or href.startswith(("/vsicurl", "/vsis3", "/vsiaz", "/vsigs")):  # one letter: a drive
        raise BadInput(
            f"The asset {href} of the STAC item {item.id} is on the network: download it, and let the item name the "
            "file."
        )
    local = path.parent / unquote(href) if not href.startswith("/vsi") else Path(href)
    if not href.startswith("/vsi") and not local.exists():
        raise BadInput(f"The asset {local} of the STAC item {item.id} does not exist: download it beside the item.")
    return str(local)


def asset_bands(key: str, asset: pystac.Asset, item: pystac.Item) -> tuple[str, ...]:
    """The canonical bands of an asset ("" = unknown); () where it is no data: thumbnails, metadata, other sizes."""
    roles = set(asset.roles or ("data",))
    if roles & {"thumbnail", "overview", "metadata", "visual"} or not _is_raster(asset):
        return ()
    known = vocabulary_of(product_of(Path(asset.href).name, _hint(item)))
    entries = _bands(asset)
    named = [_first((e.get("name"), e.get("eo:common_name"), e.get("common_name")), known) for e in entries]
    if any(named) and (len(named) == 1 or key.casefold() not in ("visual", "preview")):
        return tuple(named)
    return (_first((key, bands.text_of(asset.href)), known),) * max(1, len(entries))


def _first(texts: tuple[str | None, ...], known: Vocabulary) -> str:
    return next((hit for text in texts if text and (hit := bands.name_of(text, known))), "")


def _is_cube(asset: pystac.Asset) -> bool:
    return _suffix(asset) in CUBES and "data" in (asset.roles or ("data",))


def _suffix(asset: pystac.Asset) -> str:
    return Path(urlparse(asset.href).path).suffix.lower()


def _is_raster(asset: pystac.Asset) -> bool:
    kind = (asset.media_type or "").lower()
    if kind:
        return any(word in kind for word in ("tiff", "jp2", "netcdf", "hdf", "zarr"))
    return _suffix(asset) in (".tif", ".tiff", ".jp2", ".vrt", *CUBES)


def _bands(asset: pystac.Asset) -> list[Mapping[str, Any]]:
    """What the asset says of each band: STAC 1.1's `bands`, or `eo:bands` beside `raster:bands` before it."""
    fields = asset.extra_fields
    if fields.get("bands"):
        return list(fields["bands"])
    eo, raster = fields.get("eo:bands") or [], fields.get("raster:bands") or []
    size = max(len(eo), len(raster))
    return [{**(eo[i] if i < len(eo) else {}), **(raster[i] if i < len(raster) else {})} for i in range(size)]


def _codings(item: pystac.Item, asset: pystac.Asset, names: tuple[str, ...]) -> tuple[tuple[float, float] | None, ...]:
    entries, fields = _bands(asset) or [{}], asset.extra_fields
    untold = [_untold_offset(item, name) for name in names]
    return tuple(_coding({**fields, **entry}, _offset_gone(item), own) for entry, own in zip(entries, untold))


def _untold_offset(item: pystac.Item, band: str) -> float:
    """The offset of a band whose item tells a scale alone: that of its baseline."""
    rules = (spec.offset for spec in specs() if spec.offset and band in bands.OPTICAL)
    codings = (rule.coding_of(_baseline(item)) for rule in rules)
    return next((coding.offset for coding in codings if coding), 0.0)


def _offset_gone(item: pystac.Item) -> bool:
    return any(item.properties.get(name) is True for name in _OFFSET_GONE)


def _hint(item: pystac.Item) -> str:
    """What names of the item tell its product."""
    return " ".join(filter(None, (item.id, item.collection_id, item.properties.get("s2:product_uri"))))


def _baseline(item: pystac.Item) -> str:
    """The processing baseline of a Sentinel-2 item, as 04.00; "" where none is told, or its offset is taken already."""
    rules = [spec.offset for spec in specs() if spec.offset]
    told = (str(item.properties[name]) for rule in rules for name in rule.items if item.properties.get(name))
    names = (str(item.properties.get("constellation", "")).capitalize(), sensor_of("", _hint(item)))
    sentinel_2 = any(name.startswith("Sentinel-2") for name in names)
    return "" if _offset_gone(item) or not sentinel_2 else next(told, "")


def _coding(entry: Mapping[str, Any], offset_gone: bool, untold: float) -> tuple[float, float] | None:
    scale = entry.get("raster:scale", entry.get("scale"))
    offset = entry.get("raster:offset", entry.get("offset"))
    if scale is None and offset is None:
        return None
    told = untold if offset is None else float(offset)
    return float(1 if scale is None else scale), 0.0 if offset_gone else told


def _dates(item: pystac.Item) -> tuple[str, ...]:
    moment = item.datetime or item.common_metadata.start_datetime
    return (moment.date().isoformat(),) if moment else ()


def asset_crs(item: pystac.Item, asset: pystac.Asset) -> str:
    """The CRS that the item tells for files that have none themselves."""
    fields = {**item.properties, **asset.extra_fields}
    code, number = fields.get("proj:code"), fields.get("proj:epsg")
    return str(code) if code else (f"EPSG:{number}" if number else "")
