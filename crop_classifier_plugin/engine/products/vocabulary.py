"""What names of bands mean: as the publishers of products write them, and as people do."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from .spec import INDICES, OPTICAL, RADAR, Product, ProductSpec, specs

UNSURE = "?"  # what a name means that products of several sensors give to different bands
COLOURS = frozenset({"red", "green", "blue", "coastal", "yellow"})  # are words of places, too
_CODE = re.compile(r"b\d{1,2}a?")
_WORDS = {  # STAC common names, and what people write; "" = a band that has none of our names
    "coastal": "B01", "coastal aerosol": "B01", "blue": "B02", "green": "B03", "red": "B04",
    "red edge": "", "red edge 1": "B05", "red edge 2": "B06", "red edge 3": "B07",
    "red edge 071": "B05", "red edge 075": "B06", "red edge 078": "B07",
    "nir": "B08", "broad nir": "B08", "nir broad": "B08", "near infrared": "B08",
    "nir 08": "B8A", "narrow nir": "B8A", "nir narrow": "B8A", "nir 09": "B09", "water vapour": "B09",
    "swir 1": "B11", "swir 16": "B11", "swir 2": "B12", "swir 22": "B12", "mir": "B12",
    "coastal blue": "", "green i": "", "yellow": "",
}  # fmt: skip
# A word for several bands goes with each of their numbers: B8A (NIR).
FAMILIES: Mapping[str, frozenset[str]] = MappingProxyType(
    {"nir": frozenset({"B08", "B8A"}), "nearinfrared": frozenset({"B08", "B8A"}), "rededge": frozenset(OPTICAL[4:7])}
)


def fold(name: str) -> str:
    """The name without case, signs and the zeros before its numbers: SR_B05 -> srb5."""
    return re.sub(r"(?<=[a-z])0+(?=\d)", "", re.sub(r"[\W_]+", "", name).casefold())


def tokens_of(text: str) -> list[str]:
    """The words and numbers of a text; letters and digits that stand together stay so."""
    return [token for token in re.split(r"[\W_]+", text) if token]


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Folded names of bands and what they mean: a canonical band, "" = none of ours, or UNSURE."""

    names: Mapping[str, str]
    apart: frozenset[str]  # names that are written in several words

    def meaning(self, words: list[str], whole: bool) -> str | None:
        """What some neighbouring words mean together; `whole`: they are the whole text. None = no band."""
        folded = fold("".join(words))
        return self.names.get(folded) if whole or len(words) == 1 or folded in self.apart else None


def _vocabulary(*tables: Mapping[str, str]) -> Vocabulary:
    """Later tables go before earlier ones."""
    names = {fold(name): band for table in tables for name, band in table.items()}
    apart = frozenset(fold(name) for table in tables for name in table if len(tokens_of(name)) > 1)
    return Vocabulary(names, apart | frozenset(fold(word) for word in _WORDS))


def vocabulary_of(product: Product | None) -> Vocabulary:
    """What names mean in the files of a product, or in a file of which nothing is known: there as in Sentinel-2's."""
    return _vocabulary_of(specs(), product)


@lru_cache(maxsize=256)
def _vocabulary_of(known: tuple[ProductSpec, ...], product: Product | None) -> Vocabulary:
    masks = {mask.band: mask.band for spec in known for mask in spec.masks}
    aliases = {alias: band for spec in known for alias, band in spec.aliases.items()}
    always = {name: name for name in (*RADAR, *INDICES)} | masks | aliases
    if product is None or not product.bands:
        return _vocabulary(_published(known), _WORDS, {band: band for band in OPTICAL}, always)
    narrow = {} if "B08" in product.bands.values() else {"nir": "B8A", "near infrared": "B8A"}
    return _vocabulary(_WORDS, narrow, always, product.bands)


def _published(known: tuple[ProductSpec, ...]) -> dict[str, str]:
    """The names of several words that products give their bands; UNSURE where not all mean the same."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, band in (row for spec in known for product in spec.products for row in product.bands.items()):
        if len(tokens_of(name)) > 1:
            found[name].add(band)
    return {name: bands.pop() if len(bands) == 1 else UNSURE for name, bands in found.items()}


def tables_with(names: frozenset[str]) -> list[Product]:
    """The products that know all of these folded names; of those that mean the same by them, one."""
    distinct: dict[tuple[str | None, ...], Product] = {}
    for product in (product for spec in specs() for product in spec.products):
        known = {fold(name): band for name, band in product.bands.items()}
        if names <= set(known):
            distinct.setdefault(tuple(known[name] for name in sorted(names)), product)
    return list(distinct.values())


def is_code(folded: str) -> bool:
    """Whether a name is a number of a band, as B8A or B4."""
    return bool(_CODE.fullmatch(folded))
