"""What is read of a STAC item, each entry with its type: items come from anyone."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pystac

from ....shared.errors import BadInput
from ....shared.texts.names import check_name

# Element 84's catalogue gives baseline 04.00's offset beside pixels from which it says to have taken it already.
_OFFSET_GONE = ("earthsearch:boa_offset_applied", "sentinel:boa_offset_applied")
_NAMES = ("name", "eo:common_name", "common_name")


@dataclass(frozen=True)
class StacBand:
    """What an asset says of one of its bands; None = nothing."""

    names: tuple[str, ...] = ()
    scale: float | None = None
    offset: float | None = None


@dataclass(frozen=True)
class StacAsset:
    """One file of an item."""

    href: str
    media_type: str  # "" = not told
    roles: tuple[str, ...]
    bands: tuple[StacBand, ...]  # () = it names none
    whole: StacBand  # what it says of all of its bands
    crs: str  # authority id; "" = not told


@dataclass(frozen=True)
class StacItem:
    """One scene."""

    id: str
    hint: str  # what names of it tell its product
    constellation: str
    date: str  # ISO; "" = not told
    offset_gone: bool  # whether the offset that it tells is taken already
    baselines: tuple[str, ...]  # what it tells under the names that were asked for


def read_item(item: pystac.Item, baselines: Sequence[str]) -> StacItem:
    """`baselines`: names of properties that may tell a processing baseline. Raises BadInput for what is none."""
    of = _Entries(item.id, item.properties)
    names = (_Entries(item.id, vars(item)).text("id"), str(item.collection_id or ""), of.text("s2:product_uri"))
    moment = item.datetime or item.common_metadata.start_datetime
    return StacItem(
        id=names[0],
        hint=" ".join(filter(None, names)),
        constellation=of.text("constellation"),
        date=moment.date().isoformat() if moment else "",
        offset_gone=any(item.properties.get(name) is True for name in _OFFSET_GONE),
        baselines=tuple(filter(None, (of.text(name, (str, int, float)) for name in baselines))),
    )


def read_asset(item: pystac.Item, asset: pystac.Asset) -> StacAsset:
    """Raises BadInput for an entry of another type."""
    fields = asset.extra_fields
    of = _Entries(item.id, {"href": asset.href, "type": asset.media_type, "roles": asset.roles})
    either = _Entries(item.id, {**item.properties, **fields})
    code, number = either.text("proj:code"), either.text("proj:epsg", (str, int))
    return StacAsset(
        href=of.text("href"),
        media_type=of.text("type"),
        roles=of.texts("roles") or ("data",),
        bands=tuple(_band(item.id, {**fields, **entry}, entry) for entry in _of_bands(_Entries(item.id, fields))),
        whole=_band(item.id, fields, {}),
        crs=code or (f"EPSG:{number}" if number else ""),
    )


def _of_bands(fields: _Entries) -> list[Mapping[str, Any]]:
    """What the asset says of each band: STAC 1.1's `bands`, or `eo:bands` beside `raster:bands` before it."""
    told = fields.objects("bands")
    if told:
        return told
    eo, raster = fields.objects("eo:bands"), fields.objects("raster:bands")
    size = max(len(eo), len(raster))
    return [{**(eo[i] if i < len(eo) else {}), **(raster[i] if i < len(raster) else {})} for i in range(size)]


def _band(item: str, fields: Mapping[str, Any], own: Mapping[str, Any]) -> StacBand:
    """`fields`: of the band and behind it of its asset; `own`: of the band alone, whose names count."""
    of, named = _Entries(item, fields), _Entries(item, own)
    return StacBand(
        names=tuple(filter(None, (named.text(name) for name in _NAMES))),
        scale=of.number("raster:scale", "scale"),
        offset=of.number("raster:offset", "offset"),
    )


class _Entries:
    """Entries of an object of the item `item`, taken out with their types. Each raises BadInput for another type."""

    def __init__(self, item: object, values: Any) -> None:
        self._item = str(item)[:80]
        self._values = values if isinstance(values, Mapping) else self._refuse("properties", values, "object")

    def text(self, name: str, types: tuple[type, ...] = (str,)) -> str:
        """ "" where it is not told."""
        value = self._values.get(name)
        if value is None:
            return ""
        if isinstance(value, bool) or not isinstance(value, types):
            self._refuse(name, value, "text")
        check_name(f"The entry {name} of the STAC item {self._item!r}:", str(value))
        return str(value)

    def texts(self, name: str) -> tuple[str, ...]:
        values = self._list(name)
        return tuple(value if isinstance(value, str) else self._refuse(name, value, "text") for value in values)

    def objects(self, name: str) -> list[Mapping[str, Any]]:
        values = self._list(name)
        return [value if isinstance(value, Mapping) else self._refuse(name, value, "object") for value in values]

    def number(self, *names: str) -> float | None:
        """The first that is told; None where none is. Text of a number counts."""
        for name in names:
            value = self._values.get(name)
            if value is None:
                continue
            try:
                number = float(value) if not isinstance(value, bool) else math.nan
            except (TypeError, ValueError, OverflowError):
                number = math.nan
            return number if math.isfinite(number) else self._refuse(name, value, "number")
        return None

    def _list(self, name: str) -> Sequence[Any]:
        value = self._values.get(name)
        if value is None:
            return ()
        return value if isinstance(value, (list, tuple)) else self._refuse(name, value, "list")

    def _refuse(self, name: str, value: object, wanted: str) -> Any:
        raise BadInput(
            f"The entry {name} of the STAC item {self._item!r} is {str(value)[:60]!r}, no {wanted}: correct it, or "
            "leave the item out."
        )
