"""Which files of a scene are wanted, and where they lie. Items are not trusted: only addresses of the web are files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urljoin, urlsplit

import pystac

from ...shared.errors import BadInput
from ..execution.reporter import Reporter
from ..products.metadata.stac_items import asset_bands
from .catalogue import UNSAFE, Found
from .network import host_of

_MANY = 10  # names in a sentence
_CLIPPED = (".tif", ".tiff")
_WHOLE = (*_CLIPPED, ".jp2", ".nc", ".hdf", ".h5")


@dataclass(frozen=True)
class Wanted:
    """A file to fetch: its address as the catalogue has it, and what it will be called."""

    scene: Found
    key: str
    href: str
    bands: tuple[str, ...]
    name: str

    @property
    def asset(self) -> pystac.Asset:
        return self.scene.item.assets[self.key]

    @property
    def size(self) -> int | None:
        """Bytes, where the catalogue tells them."""
        told = self.asset.extra_fields.get("file:size")
        return told if isinstance(told, int) and told > 0 else None


def wanted_files(scenes: Sequence[Found], bands: Sequence[str], whole: bool, reporter: Reporter) -> list[Wanted]:
    """The files of all scenes, each band once. What is no file of the web is refused and told.

    Raises BadInput where no scene has a file of the bands.
    """
    found = [_of_scene(scene, bands, whole) for scene in scenes]
    files, refused = ([each for part in parts for each in part] for parts in zip(*found))
    if refused:
        reporter.log(
            f"Left out, for they name no file of the web that can be read: {listed(refused)}.",
            "warning",
        )
    if not files:
        seen = dict.fromkeys(key for scene in scenes for key in scene.item.assets)
        raise BadInput(
            f"No scene has a file of {', '.join(bands) or 'a known band'} that can be downloaded (assets: "
            f"{listed(seen) or 'none'}): name bands or assets that it has"
            f"{'' if whole else ', or download whole files'}."
        )
    _tell_lacking(scenes, files, reporter)
    return files


def tell_hosts(scenes: Sequence[Found], reporter: Reporter) -> None:
    """On which hosts the scenes' files lie, to be allowed if they are to be fetched."""
    hosts = dict.fromkeys(host_of(asset.href) for scene in scenes for asset in scene.item.assets.values())
    reporter.log(f"The scenes' files lie on {listed(filter(None, hosts)) or 'no host of the web'}.")


def _of_scene(scene: Found, bands: Sequence[str], whole: bool) -> tuple[list[Wanted], list[str]]:
    """One file a band, of two of one band a GeoTIFF before others; and what has none but a refused one."""
    asked, chosen = {band.casefold() for band in bands}, dict[tuple[str, ...], Wanted]()
    refused: dict[tuple[str, ...], str] = {}
    for key, asset in scene.item.assets.items():
        names = _bands(key, scene)
        if not any(names) or (asked and not asked & {key.casefold(), *(name.casefold() for name in names)}):
            continue
        href = _address(asset.href, scene.item)
        suffix = PurePosixPath(urlsplit(href).path).suffix.lower() if href else ""
        if suffix not in (_WHOLE if whole else _CLIPPED):
            refused.setdefault(names, f"{scene.name} {key} ({_kind(asset.href)})")
            continue
        part = names[0] if len(names) == 1 and names[0] else UNSAFE.sub("_", key)
        file = Wanted(scene, key, href, names, f"{scene.name}_{part}{suffix}")
        if names not in chosen or (suffix in _CLIPPED and not chosen[names].name.endswith(_CLIPPED)):
            chosen[names] = file
    return list(chosen.values()), [text for names, text in refused.items() if names not in chosen]


def _bands(key: str, scene: Found) -> tuple[str, ...]:
    """The canonical bands of an asset; () where it tells them in no way that STAC knows."""
    try:
        return tuple(asset_bands(key, scene.item.assets[key], scene.item))
    except BadInput:
        return ()


def _address(href: str, item: pystac.Item) -> str:
    """The address of a file; relative ones are of the item's own. "" for a path, file:, /vsi... and other protocols."""
    if host_of(href):
        return href
    own = item.get_self_href() or ""
    try:
        relative = not urlsplit(href).scheme and not href.startswith(("/", "\\"))
        return urljoin(own, href) if relative and host_of(own) else ""
    except ValueError:
        return ""


def _kind(href: str) -> str:
    if href.startswith("/vsi"):
        return href.split("/")[1]
    try:
        scheme = urlsplit(href).scheme
    except ValueError:
        return "no address"
    return f"{scheme}:" if scheme and not host_of(href) else PurePosixPath(urlsplit(href).path).suffix or "a path"


def listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - _MANY} more" if len(every) > _MANY else ""
    return ", ".join(every[:_MANY]) + more


def _tell_lacking(scenes: Sequence[Found], files: Sequence[Wanted], reporter: Reporter) -> None:
    """Which scenes have fewer of the bands than others."""
    every = {band for file in files for band in file.bands if band}
    has: dict[str, set[str]] = {scene.name: set() for scene in scenes}
    for file in files:
        has[file.scene.name] |= set(file.bands)
    lacking = [f"{name} ({', '.join(sorted(every - own))})" for name, own in has.items() if every - own]
    if lacking:
        reporter.log(f"Scenes that lack bands which others have: {listed(lacking)}.", "warning")
