"""Which band each band of a file is: by its description, by the file's name, or in a published product's order."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path, PurePath

from ...shared.errors import BandAmbiguous
from .bands import Hit, names_in, readings, text_of
from .encodings import product_of
from .spec import Product
from .vocabulary import UNSURE, Vocabulary, is_code, tables_with, vocabulary_of

STAC_ITEM = "STAC item"  # where names stand that no file tells
_MANY = 10  # what a sentence lists
_LANDSAT_MASKS = frozenset({"QA_PIXEL", "pixel_qa"})
_RED_EDGE = frozenset({"b5", "b6", "b7"})  # of Sentinel-2; Landsat 8/9's near and short-wave infrared
_ONLY_SENTINEL_2 = frozenset({"b8", "b8a", "b9", "b11", "b12"})
_NUMBER = re.compile(r"(?<![A-Za-z0-9])((?:sr)?_?b(?:and)?_?)0?\d{1,2}a?(?![A-Za-z0-9])", re.IGNORECASE)


@dataclass(frozen=True)
class NamedBand:
    """A band of a file and where its name comes from."""

    band: str = ""  # canonical; "" = none is known
    written: str = ""  # the words that name it, or the text that names several
    where: str = "file name"  # where they stand
    several: tuple[str, ...] = ()  # the bands that the text names, where it names several and none is taken


def speaks_of_band(path: str) -> bool:
    """Whether the name of a file, or of a raster inside one, names a band or several, or is a product's stack."""
    product = product_of(path)
    return bool(product and product.order) or bool(readings(text_of(path), vocabulary_of(product)))


def without_superseded(paths: Sequence[str]) -> list[str]:
    """The files without those that the product has in a better form beside them."""
    there = set(paths)
    return [path for path in paths if _better(path) not in there]


def _better(path: str) -> str:
    """The file that is taken instead; "" where the product has none."""
    product = product_of(path)
    left, taken = product.instead if product else ("", "")
    folder, name = os.path.split(path)
    return os.path.join(folder, name.replace(left, taken)) if left and left in name else ""


def band_of(path: str) -> str:
    """The canonical band that the name of a file tells; "" for none."""
    found = readings(text_of(path), vocabulary_of(product_of(path)))
    return found[0] if len(found) == 1 and found[0] != UNSURE else ""


def bands_of(
    path: str, descriptions: Sequence[str | None], hint: str = "", distinct_days: bool = False
) -> list[NamedBand]:
    """Of each band of a file with these descriptions. A file's name speaks of one band: of all bands only where each
    is of another day (`distinct_days`). Raises BandAmbiguous where the names are those of two sensors.
    """
    texts = [text or "" for text in descriptions]
    product = product_of(path, hint)
    if not any(readings(text, vocabulary_of(product)) for text in texts):
        if product and product.order and len(texts) == len(product.order):
            return [
                NamedBand(product.bands[name], f"band {i} {name}", "published order")
                for i, name in enumerate(product.order, 1)
            ]
        if len(texts) > 1 and not distinct_days:
            return [NamedBand()] * len(texts)
        alone = text_of(path)
        return [_named(alone, _told(path, [alone, *_beside(path)], product))] * len(texts)
    vocabulary = _told(path, texts, product)
    return [replace(_named(text, vocabulary), where="band descriptions") for text in texts]


def _named(text: str, vocabulary: Vocabulary) -> NamedBand:
    found = readings(text, vocabulary)
    if len(found) > 1:
        return NamedBand("", text, several=found)
    written = (hit.written for hit in reversed(names_in(text, vocabulary)) if hit.band in found)
    return NamedBand(found[0], next(written)) if found else NamedBand()


def _told(path: str, texts: Sequence[str], product: Product | None) -> Vocabulary:
    """What names mean in a file: as its product says, else as all its names together leave no doubt of."""
    vocabulary = vocabulary_of(product)
    if product and product.bands:
        return vocabulary
    hits = [hit for text in texts for hit in names_in(text, vocabulary)]
    if any(hit.band == UNSURE for hit in hits):
        fitting = tables_with(frozenset(hit.folded for hit in hits if _of_tables(hit)))
        if len(fitting) != 1:
            raise _ambiguous(path, texts, [row.title for row in fitting])
        return vocabulary_of(fitting[0])
    if _may_be_landsat(hits, texts):
        raise _ambiguous(path, texts, ["Sentinel-2", "Landsat 8/9", "HLS L30"])
    if any(hit.folded == "broadnir" for hit in hits):  # beside it, as FORCE names them, the other one is the narrow
        return Vocabulary({**vocabulary.names, "nir": "B8A"}, vocabulary.apart)
    return vocabulary


def _of_tables(hit: Hit) -> bool:
    """Whether a name is one that products give, and none of everyone's."""
    return hit.band == UNSURE or (len(tables_with(frozenset({hit.folded}))) > 0 and not is_code(hit.folded))


def _may_be_landsat(hits: Sequence[Hit], texts: Sequence[str]) -> bool:
    """Whether numbers of bands, which are Sentinel-2's where nothing else is known, are as well those of Landsat."""
    codes = {hit.folded for hit in hits if is_code(hit.folded)}
    masks = {hit.band for hit in hits}
    if masks & _LANDSAT_MASKS:
        return bool(codes)
    padded = any(re.search(r"b0\d", text, re.IGNORECASE) for text in texts) and "Fmask" not in masks
    return codes >= _RED_EDGE and not codes & _ONLY_SENTINEL_2 and "SCL" not in masks and not padded


def _ambiguous(path: str, texts: Sequence[str], readings: Sequence[str]) -> BandAmbiguous:
    names = list(dict.fromkeys(text for text in texts if text))
    return BandAmbiguous(path, names[:_MANY], readings[:_MANY])


def _beside(path: str) -> list[str]:
    """The names of the files in the same folder that differ from this one in the number of their band only."""
    pure = PurePath(path)
    folder = str(pure.parent)
    changed = os.stat(folder).st_mtime_ns if os.path.isdir(folder) else 0
    return _numbered(folder, pure.suffix, changed).get(_NUMBER.sub(r"\1#", pure.stem), [])


@lru_cache(maxsize=64)
def _numbered(folder: str, suffix: str, changed: int) -> dict[str, list[str]]:
    """By their names without the number; `changed`: when the folder was, 0 = there is none."""
    found: dict[str, list[str]] = {}
    if changed:
        for name in sorted(os.listdir(folder)):
            stem = Path(name).stem
            if Path(name).suffix == suffix and _NUMBER.search(stem):
                found.setdefault(_NUMBER.sub(r"\1#", stem), []).append(stem)
    return found
