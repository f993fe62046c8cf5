"""From what a user names to single rasters: folders, products, archives, cubes (HDF, netCDF, Zarr) and STAC items are
opened up."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePath

from ...shared.errors import BadInput
from ...shared.jobs.sources import SceneSource
from ..access.archives import member_names
from ..execution.reporter import Reporter
from ..reporting.sentences import listed
from . import bands, dates
from .band_names import speaks_of_band, without_superseded
from .cubes import CUBES, is_zarr, rasters_in
from .date_table import DateTable
from .metadata.sentinel2_safe import METADATA

SUFFIXES = (".tif", ".tiff", ".vrt", ".jp2", ".img", *CUBES)
_ARCHIVES = {".zip": "/vsizip/", ".tar": "/vsitar/"}
_STAC = (".json", ".geojson")
_BESIDE = ("preview", "previews", "thumbnail", "thumbnails", "quicklook", "quicklooks", "qi", "auxiliary", "aux_data")
ITEMS = "search_scenes.json"  # in a folder that search_scenes filled: the items of its files
_DEEPEST = 10  # folders in folders: year, tile and the six of a SAFE product are eight (choice)
_MOST_FILES = 200_000  # of a folder and all that lies in it (choice)


@dataclass(frozen=True)
class Raster:
    """One raster of a series, and what is known of it beside its own header; "" and None = nothing."""

    source: SceneSource
    named: bool  # by the user, not found in a folder
    bands: tuple[str, ...] = ()  # canonical names, one a band
    codings: tuple[tuple[float, float] | None, ...] = ()  # scale and offset, one a band; None = not told
    crs: str = ""  # for a file that has none itself
    hint: str = ""  # what tells the product beside the path: the STAC item's id
    baseline: str = ""  # of the processing, where its offset is still in the pixels
    root: str = ""  # the folder that the user named, for a raster found in it


def rasters(sources: Sequence[SceneSource], reporter: Reporter, table: DateTable) -> Iterator[Raster]:
    """Every raster that the sources stand for, each once."""
    seen: set[str] = set()
    for source in sources:
        for each in _opened(source, reporter, table):
            path = each.source.path
            place = os.path.realpath(path) if os.path.exists(path) else path
            if place not in seen:
                seen.add(place)
                yield each


def _opened(source: SceneSource, reporter: Reporter, table: DateTable) -> Iterable[Raster]:
    path = Path(source.path)
    if path.name in METADATA and path.is_file():
        path = path.parent
    if (path / ITEMS).is_file():
        path = path / ITEMS
    if path.is_dir() and not is_zarr(path):
        found = list(_in_folder(path, reporter))
        if not found:
            raise BadInput(_no_raster(path, reporter))
        return _found(found, str(path), source, reporter, table)
    if path.suffix.lower() in _ARCHIVES:
        found = _in_archive(source.path)
        if not found:
            raise BadInput(f"The archive {path} holds no raster ({', '.join(SUFFIXES)}): choose another one.")
        return _found(found, "", source, reporter, table)
    if path.suffix.lower() in _STAC:
        from .metadata.stac_items import read_items  # only who gives one needs pystac

        return (
            part for fields in read_items(replace(source, path=str(path))) for part in _parts(Raster(*fields), table)
        )
    return [Raster(replace(source, path=p), True) for p in rasters_in(source.path, table)]


def _parts(raster: Raster, table: DateTable) -> list[Raster]:
    """An asset of a STAC item, or the rasters in it, whose bands are their own."""
    paths = rasters_in(raster.source.path, table)
    if paths == [raster.source.path]:
        return [raster]
    return [replace(raster, source=replace(raster.source, path=p), bands=(), codings=()) for p in paths]


def _found(
    paths: Sequence[str], root: str, source: SceneSource, reporter: Reporter, table: DateTable
) -> Iterator[Raster]:
    """The rasters of files that were found; a cube without a known one is left out, unless it is the only file."""
    for path in paths:
        try:
            inside = rasters_in(path, table)
        except BadInput as error:
            if len(paths) == 1:
                raise
            reporter.log(f"{path} is left out: {error.sentence}", "warning")
            continue
        yield from (Raster(replace(source, path=p, name=""), False, root=root) for p in inside)


# --- folders ---------------------------------------------------------------------------------------------------------


def _in_folder(folder: Path, reporter: Reporter) -> Iterator[str]:
    """The rasters in a folder; of its sub-folders, what belongs to a product that is known by name, and what lies in a
    folder that tells a date."""
    packed = folder.suffix.upper() == ".SAFE"
    if not packed:
        yield from without_superseded([str(p) for p in sorted(folder.iterdir()) if _is_raster(p)])
    deeper: list[str] = []
    passed: dict[str, None] = {}  # folders whose rasters are not read
    for path in _below(folder, reporter):
        if path.suffix.lower() in _ARCHIVES and dates.of_product(path.name):
            deeper += _in_archive(str(path))
        elif path.parent != folder and _is_raster(path):
            if _belongs(path, folder):
                deeper.append(str(path))
            elif not _in_product(path, folder):
                passed[str(path.parent)] = None
    if passed:
        reporter.log(f"Not read, as neither a product's name nor a date is in that of the folder: {listed(passed)}.")
    yield from without_superseded(_without_safe_extras(deeper))


def _below(folder: Path, reporter: Reporter) -> Iterator[Path]:
    """Every file in a folder and its sub-folders, and every Zarr cube, which is a folder itself."""
    count = 0
    for parent, inner, names in os.walk(folder):
        reporter.check()
        here = Path(parent)
        cubes = [name for name in sorted(inner) if is_zarr(here / name)]
        deep = len(here.parts) - len(folder.parts) >= _DEEPEST
        left = (*cubes, *(name for name in inner if name.startswith(".") or name.lower() in _BESIDE))
        inner[:] = [] if deep else sorted(name for name in inner if name not in left)
        count += len(names)
        if count > _MOST_FILES:
            raise BadInput(f"The folder {folder} holds more than {_MOST_FILES:,} files: choose one further in.")
        yield from (here / name for name in (*cubes, *sorted(names)))


def _belongs(path: Path, folder: Path) -> bool:
    """Whether a file in a sub-folder is a band of a product, or lies in a folder that tells its date.

    The date of `folder` itself counts for files named after a band: it may be that of a whole project.
    """
    if _in_product(path, folder):
        return _names_band(path)
    below = str(path.relative_to(folder))
    return bool(dates.in_folders(below, ".") or (_names_band(path) and dates.in_folders(str(path), str(folder))))


def _in_product(path: Path, folder: Path) -> bool:
    """Whether the name of a file, or of a folder around it up to `folder`, is that of a product."""
    return any(dates.of_product(part) for part in (folder.name, *path.relative_to(folder).parts))


def _names_band(path: Path) -> bool:
    return speaks_of_band(str(path)) or path.suffix.lower() in CUBES


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
    return float(last) if last.isdecimal() else float("inf")


def _in_archive(path: str) -> list[str]:
    """The rasters in a zip or tar file, as GDAL names them."""
    suffix, names = Path(path).suffix.lower(), member_names(Path(path))
    root = _ARCHIVES[suffix] + str(Path(path).absolute())
    return _without_safe_extras(f"{root}/{name}" for name in sorted(names) if _is_raster(Path(name)))


def _is_raster(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and not path.name.startswith(".")


def _no_raster(folder: Path, reporter: Reporter) -> str:
    inner = dict.fromkeys(str(path.parent) for path in _below(folder, reporter) if _is_raster(path))
    if inner:
        return (
            f"The rasters of {folder} lie in sub-folders without a date in their names: name those instead "
            f"({listed(inner)})."
        )
    return (
        f"The folder {folder} holds no raster ({', '.join(SUFFIXES)}; its folders were looked into {_DEEPEST} folders "
        "deep): choose another one."
    )
