"""From what a user names to single rasters: folders, products, archives, HDF files and STAC items are opened up."""

from __future__ import annotations

import os
import tarfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

import rasterio
from rasterio.errors import NotGeoreferencedWarning, RasterioError

from ...shared.errors import BadInput, BadRaster, DriverMissing
from ...shared.jobs.sources import SceneSource
from ..execution.reporter import Reporter
from . import bands, dates
from .band_names import speaks_of_band
from .sentinel2_safe import METADATA

SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".img", ".hdf", ".nc")
_MANY = (".hdf", ".h5", ".he5", ".nc")  # may hold several rasters
_ARCHIVES = {".zip": "/vsizip/", ".tar": "/vsitar/"}
_STAC = (".json", ".geojson")


@dataclass(frozen=True)
class Raster:
    """One raster of a series, and what is known of it beside its own header; "" and None = nothing."""

    source: SceneSource
    named: bool  # by the user, not found in a folder
    bands: tuple[str, ...] = ()  # canonical names, one a band
    codings: tuple[tuple[float, float] | None, ...] = ()  # scale and offset, one a band; None = not told
    crs: str = ""  # for a file that has none itself
    hint: str = ""  # what tells the product beside the path: the STAC item's id


def rasters(sources: Sequence[SceneSource], reporter: Reporter) -> Iterator[Raster]:
    """Every raster that the sources stand for, each once."""
    seen: set[str] = set()
    for source in sources:
        for each in _opened(source, reporter):
            if each.source.path not in seen:
                seen.add(each.source.path)
                yield each


def _opened(source: SceneSource, reporter: Reporter) -> Iterable[Raster]:
    path = Path(source.path)
    if path.name == METADATA and path.is_file():
        path = path.parent
    if path.is_dir():
        found = list(_in_folder(path, reporter))
        if not found:
            raise BadInput(_no_raster(path))
        return (each for p in found for each in _inside(replace(source, path=p, name=""), False))
    if path.suffix.lower() in _ARCHIVES:
        found = _in_archive(source.path)
        if not found:
            raise BadInput(f"The archive {path} holds no raster ({', '.join(SUFFIXES)}): choose another one.")
        return (each for p in found for each in _inside(replace(source, path=p, name=""), False))
    if path.suffix.lower() in _STAC:
        from .stac_items import read_items  # only who gives one needs pystac

        return (Raster(*fields) for fields in read_items(source))
    return _inside(source, True)


def _inside(source: SceneSource, named: bool) -> list[Raster]:
    """The raster itself, or those that an HDF or netCDF file holds and whose bands are known by name."""
    path = source.path
    if Path(path).suffix.lower() not in _MANY or not os.path.exists(path):
        return [Raster(source, named)]
    return [Raster(replace(source, path=p), named) for p in _subdatasets(path)] or [Raster(source, named)]


def _subdatasets(path: str) -> list[str]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # the file as a whole lies nowhere
            with rasterio.open(path) as file:
                subdatasets = {} if file.count else file.tags(ns="SUBDATASETS")
                parts = [name for key, name in subdatasets.items() if key.endswith("_NAME")]
    except RasterioError as error:
        with rasterio.Env() as env:
            if Path(path).suffix.lower() == ".hdf" and "HDF4" not in env.drivers():
                raise DriverMissing(path, "HDF4") from None
        raise BadRaster(path, str(error)) from None
    named = [p for p in parts if speaks_of_band(p)]
    if parts and not named:
        raise BadInput(f"None of the {len(parts)} rasters in {path} has a name that is known: give one of them.")
    return named


# --- folders ---------------------------------------------------------------------------------------------------------


def _in_folder(folder: Path, reporter: Reporter) -> Iterator[str]:
    """The rasters in a folder; of its sub-folders, what belongs to a product that is known by name."""
    packed = folder.suffix.upper() == ".SAFE"
    if not packed:
        yield from (str(p) for p in sorted(folder.iterdir()) if _is_raster(p))
    deeper: list[str] = []
    for parent, inner, names in os.walk(folder):
        reporter.check()
        inner[:] = sorted(name for name in inner if not name.startswith("."))
        for name in sorted(names):
            path = Path(parent) / name
            if path.suffix.lower() in _ARCHIVES and dates.of_product(name):
                deeper += _in_archive(str(path))
            elif Path(parent) != folder and _is_raster(path) and _of_product(path, folder):
                deeper.append(str(path))
    yield from _without_safe_extras(deeper)


def _of_product(path: Path, folder: Path) -> bool:
    """Whether a file in a sub-folder belongs to a product and is one of its bands."""
    parts = (folder.name, *path.relative_to(folder).parts)
    readable = speaks_of_band(str(path)) or path.suffix.lower() in _MANY
    return bool(readable) and any(dates.of_product(part) for part in parts)


def _without_safe_extras(paths: Iterable[str]) -> list[str]:
    """Of packed products only the images, each band in its finest copy; everything else as it is."""
    kept: dict[tuple[str, ...], str] = {}
    for path in paths:
        pure = PurePath(path)
        upper = [part.upper() for part in pure.parts]
        inside = next((i for i, part in enumerate(upper) if part.endswith(".SAFE")), None)
        if inside is None:
            kept[(path,)] = path
            continue
        band = bands.name_of(bands.text_of(path))
        if band and ("IMG_DATA" in upper or "MEASUREMENT" in upper):
            key = (*pure.parts[: inside + 1], band, pure.name.split("_")[0])
            if key not in kept or _metres(path) < _metres(kept[key]):
                kept[key] = path
    return list(kept.values())


def _metres(path: str) -> float:
    """The pixel size that a name as T31UFS_20190516T105031_B04_10m.jp2 tells."""
    last = PurePath(path).stem.rsplit("_", 1)[-1].rstrip("m")
    return float(last) if last.isdigit() else float("inf")


def _in_archive(path: str) -> list[str]:
    """The rasters in a zip or tar file, as GDAL names them."""
    suffix = Path(path).suffix.lower()
    try:
        if suffix == ".zip":
            with zipfile.ZipFile(path) as archive:
                names = archive.namelist()
        else:
            with tarfile.open(path) as tar:
                names = tar.getnames()
    except (OSError, zipfile.BadZipFile, tarfile.TarError) as error:
        raise BadRaster(path, str(error)) from None
    root = _ARCHIVES[suffix] + str(Path(path).absolute())
    return _without_safe_extras(f"{root}/{name}" for name in sorted(names) if _is_raster(Path(name)))


def _is_raster(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _no_raster(folder: Path) -> str:
    inner = [p for p in sorted(folder.iterdir()) if p.is_dir() and any(_is_raster(q) for q in p.glob("*"))]
    if inner:
        return f"The rasters of {folder} lie in its sub-folders: name those instead ({', '.join(map(str, inner))})."
    return f"The folder {folder} holds no raster ({', '.join(SUFFIXES)}): choose another one."
