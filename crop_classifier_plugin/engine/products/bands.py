"""Band names: matched by name, never by position. Canonical names are Sentinel-2's, with VV, VH, indices and masks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath

from ..raster.band_ref import split_name
from .spec import INDICES as INDICES
from .spec import OPTICAL as OPTICAL
from .spec import RADAR as RADAR
from .spec import masks
from .vocabulary import COLOURS, FAMILIES, UNSURE, Vocabulary, fold, tokens_of, vocabulary_of

_MOST_WORDS = 4  # of one name
# Words that stand beside a band's name in names of files and bands, and name no place (choice).
_BESIDE = {
    "band", "bands", "boa", "toa", "sr", "surface", "reflectance", "clip", "clipped", "crop", "cropped", "subset",
    "masked", "median", "mean", "mosaic", "composite", "stack", "image", "raster", "scene", "layer", "cog", "tif",
    "final", "merged", "warped", "reprojected", "resampled", "utm", "epsg", "float", "scaled", "nm", "um", "m",
    "px", "sentinel", "landsat", "hls", "oli", "etm", "tm", "msi",
}  # fmt: skip


@dataclass(frozen=True)
class Hit:
    """A name of a band in a text."""

    band: str  # canonical; "" = none of ours; UNSURE
    folded: str
    first: int  # which of the text's words it begins with
    last: int
    written: str = ""  # the words themselves, with _ between them


def is_mask(band: str) -> bool:
    """Whether a band is a product's mask."""
    return any(band == mask.band for mask in masks().values())


def text_of(path: str) -> str:
    """The part of a path that may name a band: the file's name, or that of the raster inside the file."""
    file, inside = split_name(path)
    return inside.replace(":", "/").rpartition("/")[2] if inside else PurePath(file).stem


def name_of(text: str, vocabulary: Vocabulary | None = None) -> str | None:
    """The canonical band that a description or file name speaks of; None when it names none, several, or UNSURE."""
    found = readings(text, vocabulary)
    return found[0] if len(found) == 1 and found[0] != UNSURE else None


def readings(text: str, vocabulary: Vocabulary | None = None) -> tuple[str, ...]:
    """Every band that the text may mean; () = none. Several: it names several, and none is to be taken."""
    hits = names_in(text, vocabulary)
    place = _last_of_a_place(tokens_of(text), hits)
    counted = [hit for hit in hits if hit.folded not in COLOURS or hit.first > place]
    return tuple(sorted(_narrowed(counted) - {""}))


def names_in(text: str, vocabulary: Vocabulary | None = None) -> tuple[Hit, ...]:
    """The names of bands in a text, the longest first where one holds another: narrow NIR is no NIR."""
    return tuple(_hits(tokens_of(text), vocabulary or vocabulary_of(None)))


def _hits(words: list[str], vocabulary: Vocabulary) -> Iterator[Hit]:
    at = 0
    while at < len(words):
        left = len(words) - at
        for size in ([left] if not at else []) + list(range(min(_MOST_WORDS, left), 0, -1)):
            part = words[at : at + size]
            band = vocabulary.meaning(part, size == len(words))
            if band is not None:
                yield Hit(band, fold("".join(part)), at, at + size - 1, "_".join(part))
                break
        else:
            size = 1
        at += size


def _last_of_a_place(words: list[str], hits: tuple[Hit, ...]) -> int:
    """Which word is the last that may belong to a place's name, -1 = none: a colour before it does, as in Red River."""
    named = {i for hit in hits for i in range(hit.first, hit.last + 1)}
    others = (i for i, word in enumerate(words) if word.isalpha() and word.casefold() not in _BESIDE)
    return max((i for i in others if i not in named), default=-1)


def _narrowed(hits: list[Hit]) -> set[str]:
    """Their bands; a word for several bands gives way to the number of one of them."""
    found = {hit.band for hit in hits}
    for hit in hits:
        if found & FAMILIES.get(hit.folded, frozenset()) - {hit.band}:
            found.discard(hit.band)
    return found
