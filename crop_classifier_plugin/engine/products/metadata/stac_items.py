"""Local STAC items as scenes: which of their assets are bands, and what the items say of dates, units and places."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlparse

import pystac
from pystac.errors import STACError, STACTypeError

from ....shared.errors import BadInput, SourceRefused
from ....shared.jobs.sources import SceneSource
from ....shared.texts.bounded import bounded_json
from ...access.named import is_remote, may_reach
from ...access.references import reference_of
from .. import bands
from ..cubes import CUBES
from ..encodings import product_of, sensor_of
from ..spec import specs
from ..vocabulary import Vocabulary, vocabulary_of
from .stac_entries import StacAsset, StacBand, StacItem, read_asset, read_item

RasterFields = tuple[SceneSource, bool, tuple[str, ...], tuple[tuple[float, float] | None, ...], str, str, str]


def read_items(source: SceneSource) -> Iterator[RasterFields]:
    """The assets with known bands of an item or an item collection, and cubes, whose variables name their bands: as the
    fields of discovery.Raster."""
    path = Path(source.path)
    found = False
    for item in _items(path):
        told = _told(item)
        assets = {key: read_asset(item, asset) for key, asset in item.assets.items()}
        for key, asset in assets.items():
            if key.removesuffix("-jp2") in set(assets) - {key}:  # the same band once more
                continue
            names = _bands_of(key, asset, told)
            if any(names) or _is_cube(asset):
                found = True
                _check_address(asset.href, told)
                local = SceneSource(_local(asset.href, item, path), "", (told.date,) if told.date else ())
                codings = _codings(told, asset, names)
                yield local, True, names, codings, asset.crs, told.hint, _baseline(told)
    if not found:
        raise BadInput(f"No asset of the STAC items in {path} is a band that is known: give items of another product.")


def _items(path: Path) -> list[pystac.Item]:
    try:
        data = bounded_json(path)
        many = data.get("type") == "FeatureCollection"
        items = list(pystac.ItemCollection.from_dict(data)) if many else [pystac.Item.from_dict(data)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, STACError, STACTypeError) as error:
        raise BadInput(f"{path} is no STAC item or item collection ({error}): give one, or a raster.") from None
    if not items:
        raise BadInput(f"The STAC item collection {path} is empty: give one with items.")
    return items


def _check_address(href: str, item: StacItem) -> None:
    try:
        urlparse(href)
    except ValueError as error:
        raise BadInput(
            f"The asset {href} of the STAC item {item.id} has no address that can be read ({error})."
        ) from None


def _local(href: str, item: pystac.Item, path: Path) -> str:
    """The file of an asset, beside the JSON file or in a folder that the user named. Raises SourceRefused for others,
    and for one on the network."""
    parsed, what = urlparse(href), f"The asset {href} of the STAC item {item.id}"
    text = unquote(parsed.path) if parsed.scheme == "file" else unquote(href)
    strange = (len(parsed.scheme) > 1 and parsed.scheme != "file") or parsed.netloc not in ("", "localhost")
    if strange or is_remote(text):  # a scheme of one letter is a drive
        raise SourceRefused(what, "it is on the network", "download it, and let the item name the file")
    found = reference_of(text if text.startswith("/vsi") else os.path.abspath(path.parent / text))
    if found.why:
        raise SourceRefused(what, found.why, "let the item name the file")
    if not os.path.exists(found.file):
        raise BadInput(
            f"The asset {found.file} of the STAC item {item.id} does not exist: download it beside the item."
        )
    if not may_reach(path.absolute(), Path(found.file)):
        raise SourceRefused(
            what, "it lies outside the item's folder", "put it beside the item, name its folder too, or name the file"
        )
    return text if found.member else found.file


def asset_bands(key: str, asset: pystac.Asset, item: pystac.Item) -> tuple[str, ...]:
    """The canonical bands of an asset ("" = unknown); () where it is no data: thumbnails, metadata, other sizes.

    Raises BadInput for an item that cannot be read.
    """
    return _bands_of(key, read_asset(item, asset), _told(item))


def asset_crs(item: pystac.Item, asset: pystac.Asset) -> str:
    """The CRS that the item tells for files that have none themselves. Raises BadInput."""
    return read_asset(item, asset).crs


def _told(item: pystac.Item) -> StacItem:
    return read_item(item, [name for spec in specs() if spec.offset for name in spec.offset.items])


def _bands_of(key: str, asset: StacAsset, item: StacItem) -> tuple[str, ...]:
    if set(asset.roles) & {"thumbnail", "overview", "metadata", "visual"} or not _is_raster(asset):
        return ()
    known = vocabulary_of(product_of(Path(asset.href).name, item.hint))
    named = tuple(_first(band.names, known) for band in asset.bands)
    if any(named) and (len(named) == 1 or key.casefold() not in ("visual", "preview")):
        return named
    return (_first((key, bands.text_of(asset.href)), known),) * max(1, len(named))


def _first(texts: tuple[str, ...], known: Vocabulary) -> str:
    return next((hit for text in texts if text and (hit := bands.name_of(text, known))), "")


def _is_cube(asset: StacAsset) -> bool:
    return _suffix(asset) in CUBES and "data" in asset.roles


def _suffix(asset: StacAsset) -> str:
    try:
        return Path(urlparse(asset.href).path).suffix.lower()
    except ValueError:  # an address that is none
        return ""


def _is_raster(asset: StacAsset) -> bool:
    kind = asset.media_type.lower()
    if kind:
        return any(word in kind for word in ("tiff", "jp2", "netcdf", "hdf", "zarr"))
    return _suffix(asset) in (".tif", ".tiff", ".jp2", ".vrt", *CUBES)


def _codings(item: StacItem, asset: StacAsset, names: tuple[str, ...]) -> tuple[tuple[float, float] | None, ...]:
    untold = [_untold_offset(item, name) for name in names]
    return tuple(_coding(band, item.offset_gone, own) for band, own in zip(asset.bands or [asset.whole], untold))


def _untold_offset(item: StacItem, band: str) -> float:
    """The offset of a band whose item tells a scale alone: that of its baseline."""
    rules = (spec.offset for spec in specs() if spec.offset and band in bands.OPTICAL)
    codings = (rule.coding_of(_baseline(item)) for rule in rules)
    return next((coding.offset for coding in codings if coding), 0.0)


def _baseline(item: StacItem) -> str:
    """The processing baseline of a Sentinel-2 item, as 04.00; "" where none is told, or its offset is taken already."""
    names = (item.constellation.capitalize(), sensor_of("", item.hint))
    sentinel_2 = any(name.startswith("Sentinel-2") for name in names)
    return "" if item.offset_gone or not sentinel_2 else next(iter(item.baselines), "")


def _coding(band: StacBand, offset_gone: bool, untold: float) -> tuple[float, float] | None:
    if band.scale is None and band.offset is None:
        return None
    told = untold if band.offset is None else band.offset
    return 1.0 if band.scale is None else band.scale, 0.0 if offset_gone else told
