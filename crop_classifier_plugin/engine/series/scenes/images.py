"""The images that one day is made of: tiles beside each other, and acquisitions that lie over each other.

An image is what one acquisition has of one place: its bands, and its own mask. Where images overlap, each pixel is
taken from the first of them in which it is clear (cube/stack).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePath

from ...products.bands import is_mask, names_in
from ...products.encodings import Version, processing_of
from ...products.vocabulary import tokens_of
from ...raster.band_ref import BandRef, file_of, short_name

_SAME_PLACE = 0.5  # of the smaller footprint: files that share more are of one place (choice)
_INSIDE = 0.99  # of the coarser file: what a finer one covers so far is not read from it (choice)
_RESOLUTION = re.compile(r"^[rR]?\d{1,4}m$")
_KINDS = {"SR", "ST", "BOA", "MASK"}  # what a name says beside its band
Refs = tuple[BandRef, ...]


@dataclass(frozen=True)
class Image:
    """The bands of one acquisition at one place, and the mask files that are asked of it, in the order of asking."""

    refs: Refs
    masks: Refs = ()

    @property
    def name(self) -> str:
        """Of its first file with a band."""
        return short_name(next((ref for ref in self.refs if ref.band), self.refs[0]).path)

    def of(self, bands: Sequence[str]) -> list[BandRef]:
        return [ref for band in bands for ref in self.refs if ref.band == band]


def by_file(refs: Iterable[BandRef]) -> list[list[BandRef]]:
    """The references grouped by their file (and no-data value), so that each file is read once a window."""
    groups: dict[tuple[str, str], list[BandRef]] = {}
    for ref in refs:
        groups.setdefault((ref.path, str(ref.nodata)), []).append(ref)
    return list(groups.values())


# --- which files of a day count --------------------------------------------------------------------------------------


def usable_refs(refs: Iterable[BandRef]) -> tuple[Refs, list[str]]:
    """What is read of a day's files, in an order that does not hang on the order in which they were given; and of
    products that were processed again, "the older one (the newer one)".

    Of one band in two resolutions by the same sensor the finer is read.
    """
    newest, replaced = _newest(sorted(refs, key=lambda ref: (ref.path, ref.index)))
    kept: list[BandRef] = []
    for ref in sorted(newest, key=lambda ref: ref.pixel):
        if not any(ref.band and k.band == ref.band and _finer_copy(k, ref) for k in kept):
            kept.append(ref)
    return tuple(sorted(kept, key=lambda ref: (ref.path, ref.index))), replaced


def _newest(refs: Sequence[BandRef]) -> tuple[list[BandRef], list[str]]:
    """The files without those of products that are there in a newer version."""
    versions: dict[str, dict[Version, str]] = {}
    for ref in refs:
        if known := processing_of(ref.path):
            versions.setdefault(known[0], {}).setdefault(known[1], ref.path)
    kept = [ref for ref in refs if not (known := processing_of(ref.path)) or known[1] == max(versions[known[0]])]
    told = [f"{old} ({max(each.items())[1]})" for each in versions.values() for _, old in sorted(each.items())[:-1]]
    return kept, told


def _finer_copy(fine: BandRef, coarse: BandRef) -> bool:
    """Whether `coarse` adds nothing to `fine`: the same sensor's, of larger pixels, and not of more ground."""
    if fine.pixel > coarse.pixel / 1.01 or fine.origin.sensor != coarse.origin.sensor:
        return False
    return _shared(coarse, fine) > _INSIDE * _extent(coarse.bounds)


# --- which files belong together -------------------------------------------------------------------------------------


def group_images(refs: Sequence[BandRef]) -> tuple[Refs, ...]:
    """Files of one name (bands and resolution left out) and place belong together; what is named otherwise joins an
    image of its place that lacks its bands. A band is in an image once. The finer image comes first."""
    by_name: dict[str, list[list[BandRef]]] = {}
    for unit in by_file(refs):
        of_name = by_name.setdefault(_key(unit[0].path), [])
        if not _join(unit, of_name):
            of_name.append(unit)
    named = [group for groups in by_name.values() for group in groups]
    images: list[list[BandRef]] = []
    masks = [group for group in named if all(is_mask(ref.band) for ref in group)]
    for group in sorted((g for g in named if g not in masks), key=lambda g: (-len(g), g[0].path)):
        if not _join(group, images):
            images.append(group)
    images.sort(key=lambda image: (fineness(image), image[0].path))
    return tuple(tuple(group) for group in (*images, *masks))


def fineness(refs: Iterable[BandRef]) -> float:
    """The finest pixel in metres, so rounded that tiles of one sensor are alike."""
    return float(f"{min(ref.pixel for ref in refs):.1g}")


def _join(unit: list[BandRef], groups: list[list[BandRef]]) -> bool:
    """Adds the unit to the group of its place that has none of its bands; of several, the one named most alike."""
    own = {ref.band for ref in unit}
    fitting = [g for g in groups if not own & {ref.band for ref in g} and same_place(g[0], unit[0])]
    if fitting:
        max(fitting, key=lambda g: _alike(g[0].path, unit[0].path)).extend(unit)
    return bool(fitting)


def _alike(a: str, b: str) -> int:
    """How many letters two paths begin with alike."""
    return next((n for n, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def _key(path: str) -> str:
    """What a file's name tells beside its band and its resolution; of a name that tells nothing else, its folder's."""
    names = PurePath(file_of(path)).with_suffix("").parts
    for name in reversed(names):
        of_bands = {n for hit in names_in(name) for n in range(hit.first, hit.last + 1)}
        words = [word for n, word in enumerate(tokens_of(name)) if n not in of_bands]
        tokens = [word for word in words if word.upper() not in _KINDS and not _RESOLUTION.match(word)]
        if tokens:
            return "_".join(tokens).casefold()
    return ""


def masked_images(images: Sequence[Refs], masks: Refs) -> tuple[Image, ...]:
    """The images with the mask files that are asked of each: its own, those that belong to no image, and those of
    images beside it (never of one that lies over it: what is clear in one may be cloud in the other)."""
    where = {(ref.path, ref.index) for ref in masks}
    values = [image for image in images if not all(is_mask(ref.band) for ref in image)]
    inside = {(r.path, r.index) for image in values for r in image} & where
    loose = [m for m in masks if (m.path, m.index) not in inside]

    def own(image: Refs) -> list[BandRef]:
        return [m for m in masks if any((r.path, r.index) == (m.path, m.index) for r in image)]

    return tuple(
        Image(image, (*own(image), *loose, *(m for o in values if not _over(image, o) for m in own(o))))
        for image in values
    )


def _over(image: Refs, other: Refs) -> bool:
    """Whether two images are different views of one place (or one and the same)."""
    return image == other or any(a.band and a.band == b.band and same_place(a, b) for a in image for b in other)


def lie_over_each_other(images: Sequence[Image]) -> bool:
    """Whether any two of them show the same place."""
    return any(_over(a.refs, b.refs) for n, a in enumerate(images) for b in images[:n])


# --- ground that files share -----------------------------------------------------------------------------------------


def same_place(a: BandRef, b: BandRef) -> bool:
    """Whether more than half of the smaller footprint is the other's too (bounding boxes)."""
    x0, y0, x1, y1 = b.bounds_in(a.crs)
    smaller = min(_extent(a.bounds), (x1 - x0) * (y1 - y0))
    return bool(smaller) and _shared(a, b) > _SAME_PLACE * smaller


def _shared(a: BandRef, b: BandRef) -> float:
    """The ground that two files share, in the square of the unit of the first's CRS (bounding boxes)."""
    ax0, ay0, ax1, ay1 = a.bounds
    bx0, by0, bx1, by1 = b.bounds_in(a.crs)
    return max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))


def _extent(box: tuple[float, float, float, float]) -> float:
    return (box[2] - box[0]) * (box[3] - box[1])
