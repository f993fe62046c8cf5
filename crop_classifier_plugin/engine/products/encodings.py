"""What the names in a file's path tell of its product: acquisition, sensor, scale, no data, and the unit of radar."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain
from pathlib import PurePath

from ..raster.band_ref import file_of, split_name
from .bands import is_mask
from .spec import OPTICAL, Coding, Product, ProductSpec, specs

_FAR, _NEAR = 7, 3  # how many names of a path, from its end, tell the product; a name that people give counts nearby

# The groups `a..` together name the acquisition, the groups `v..` its version, the most telling first. Two Sentinel-2
# products of one baseline are parts of one pass, not versions: the last time in their name tells them apart.
_PROCESSED = (
    re.compile(r"(?P<a1>S2[A-D]_MSIL\w{2}_\d{8}T\d{6})_N(?P<v1>\d{4})(?P<a2>_R\d{3}_T\w{5})"),
    re.compile(r"(?P<a1>L[COTE]\d{2}_L\w{3}_\d{6}_\d{8})_(?P<v2>\d{8})_(?P<v1>\d{2})_"),
    re.compile(r"(?P<a1>HLS\.[LS]30\.T\w{5}\.\d{7}T\d{6})\.v(?P<v1>\d+)\.(?P<v2>\d+)"),
    re.compile(r"(?P<a1>M[OCY]D\w+\.A\d{7}\.h\d{2}v\d{2})\.(?P<v1>\d{3})\.(?P<v2>\d{13})"),
)

Version = tuple[int, ...]


def product_of(path: str, hint: str = "") -> Product | None:
    """The product that a file is of; `hint`: what else is known of its name, as a layer's or a STAC item's."""
    return _product_of(specs(), path, hint)


@lru_cache(maxsize=4096)
def _product_of(known: tuple[ProductSpec, ...], path: str, hint: str) -> Product | None:
    file, inside = split_name(path)
    names = [*filter(None, (inside,)), *reversed(PurePath(file).parts[-_FAR:]), hint]
    near = [*names[: min(_NEAR, len(names) - 1)], hint]
    published = (row for name in names for row in _rows(known, name, False))
    called = (row for name in near for row in _rows(known, name, True))
    return next(chain(published, called), None)


def _rows(known: tuple[ProductSpec, ...], name: str, loose: bool) -> Iterator[Product]:
    rows = (row for spec in known for row in spec.products if row.loose is loose)
    return (row for row in rows if row.names.search(name))


def coding_of(path: str, band: str, hint: str = "", baseline: str = "") -> Coding | None:
    """How the numbers of this band are meant, as far as the names in its path tell; None where they do not.

    `baseline`: of the processing, as a STAC item tells it.
    """
    if not band or is_mask(band):
        return None
    for spec in specs():
        found = spec.coding_in_file(path, band) if spec.coding_in_file else None
        if found:
            return Coding(*found)
    shifted = (spec.offset.coding_of(baseline) for spec in specs() if spec.offset and band in OPTICAL)
    return next(filter(None, shifted), None) or _by_name(path, band, hint)


def _by_name(path: str, band: str, hint: str) -> Coding | None:
    product = product_of(path, hint)
    # the file, or the folder of a product whose files are named by band: what was made of one lies elsewhere
    names = (*PurePath(file_of(path)).parts[-2:], hint)
    if product is None or not any(product.names.search(name) for name in names):
        return None
    return next((row.coding for row in product.codings if band in row.bands), None)


def level_of(path: str, hint: str = "") -> str:
    """One of LEVELS, as the product's name tells; "" where it does not."""
    product = product_of(path, hint)
    return product.level if product else ""


def sensor_of(path: str, hint: str = "") -> str:
    """As `Sentinel-2A`, `HLS S30`, `Landsat 8`, `MODIS MOD13Q1`; "" where no name in the path tells."""
    around = f"{hint}|{_names(path)}"
    file, inside = split_name(path)
    for name in (inside, PurePath(file).name, around):
        for spec in specs():
            found = _sensor(spec, name)
            if found:  # T31UFS tells Sentinel-2, and the folder around it which of them
                exact = _sensor(spec, around)
                return exact if exact.startswith(found) else found
    return ""


def _sensor(spec: ProductSpec, name: str) -> str:
    """What the first of the sensor's forms says that a name has; "" for none."""
    hits = ((form.search(name), sensor) for form, sensor in spec.sensors)
    return next((sensor.format(*(g.upper() for g in hit.groups())) for hit, sensor in hits if hit), "")


def radar_unit_of(path: str) -> str:
    """power, dB or amplitude, as the name of a radar product tells; "" where it does not."""
    name = PurePath(file_of(path)).name
    return next((unit for spec in specs() if spec.radar_unit and (unit := spec.radar_unit(name))), "")


def _names(path: str) -> str:
    """The file's own name and those of the folders (or archives) around it, nearest first."""
    return "|".join(reversed(PurePath(file_of(path)).parts[-_FAR:]))


def processing_of(path: str) -> tuple[str, Version] | None:
    """The acquisition that a product's name in the path tells, and its version; None where no name is known."""
    for name in reversed(PurePath(path).parts[-_FAR:]):
        for form in _PROCESSED:
            found = form.search(name)
            if found:
                groups = sorted(found.groupdict().items())
                acquisition = "".join(text for key, text in groups if key.startswith("a"))
                return acquisition, tuple(int(text) for key, text in groups if key.startswith("v"))
    return None
