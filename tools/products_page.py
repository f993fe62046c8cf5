"""Writes docs/products.md and the masks that users choose by name, both from the tables of the sensors.

`python -m tools.products_page`, in the engine's environment, after a change in engine/products/sensors.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path

from crop_classifier_plugin.engine.products.spec import INDICES, OPTICAL, Coding, MaskSpec, Product, ProductSpec, specs

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "products.md"
MASKS = ROOT / "crop_classifier_plugin" / "shared" / "sensor_masks.json"
WIDTH = 120
INTRODUCTION = """
What is read of each product by its names alone, before any of its pixels: date, bands, scale and offset, no data,
mask, level. Made by `python -m tools.products_page` from the tables in
`crop_classifier_plugin/engine/products/sensors/`. Other files are read as well: by band descriptions, by their own
scale and offset, by a [table of dates](how-to/tell_dates.md).

What a file, its metadata or a STAC item says of scale, offset and no data goes before the table. Bands have
Sentinel-2's names: each band of another sensor is called after the one of about the same wavelength. Names are found
whatever their case and signs. Names that several sensors give to different bands are refused where no name tells the
sensor.
"""
LEVELS = """
**Surface reflectance** is what models are trained on. **Top-of-atmosphere reflectance** (level 1) is refused by them; a
model can be trained on it, says so in its card, and refuses the other. Composites, indices and the like take it with a
warning, and say it in their files. **Calibrated numbers** (level 1 of Landsat, radiance of Planet) are no reflectance
and are refused everywhere, unless the file declares the factors that make them so.
"""


def page(known: tuple[ProductSpec, ...]) -> str:
    """The page of these sensors, by rank."""
    blocks = ["# Products", *_paragraphs(INTRODUCTION), "## Levels", *_paragraphs(LEVELS)]
    for spec in known:
        blocks += _sensor(spec)
    return "\n\n".join(blocks) + "\n"


def _paragraphs(text: str) -> list[str]:
    return [_filled(" ".join(part.split()), "") for part in text.split("\n\n")]


def _sensor(spec: ProductSpec) -> Iterator[str]:
    yield f"## {spec.title}"
    for product in spec.products:
        yield f"**{product.title}**" + (f": {product.level}" if product.level else "")
        yield "\n".join(_filled(fact, "* ") for fact in _facts(product))
    if spec.offset:
        yield from _paragraphs(
            f"From processing baseline {spec.offset.since / 100:05.2f} on the numbers hold an offset of 1000: it is "
            "taken from the product's metadata or its STAC item, and asked for where nothing tells it."
        )
    for mask in spec.masks:
        yield from _paragraphs(_mask(mask))


def _facts(product: Product) -> Iterator[str]:
    if product.examples:
        yield f"as `{'`, `'.join(_short(example) for example in product.examples)}`"
    if product.bands:
        yield f"bands: {_bands(product.bands)}"
    for row in product.codings:
        kinds = (("reflectance", OPTICAL), ("indices", INDICES))
        yield f"{' and '.join(kind for kind, of in kinds if set(of) & set(row.bands))}: {_coding(row.coding)}"
    if product.order:
        yield f"a file of {len(product.order)} bands that does not name them has them in this order"
    if product.instead[0]:
        yield f"`{product.instead[1]}` is taken where `{product.instead[0]}` lies beside it"


def _short(example: str) -> str:
    """The file's name, with its folder where the file is called after its band alone."""
    path = Path(example)
    return path.name if path.stem != "{band}" else f"{path.parent.name}/{path.name}"


def _filled(text: str, start: str) -> str:
    indent = " " * len(start)
    return textwrap.fill(
        text, WIDTH, initial_indent=start, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )


def _bands(names: Mapping[str, str]) -> str:
    told = [f"`{name}`" if name == band else f"`{name}` = {band or 'not read'}" for name, band in names.items()]
    return ", ".join(told)


def _coding(coding: Coding) -> str:
    offset = f" {coding.offset:+g}" if coding.offset else ""
    fill = f", no data {coding.nodata:g}" if coding.nodata is not None else ""
    return f"number x {coding.scale:g}{offset}{fill}"


def _mask(mask: MaskSpec) -> str:
    bits = [str(bit) for bit in range(16) if mask.bad_bits >> bit & 1]
    told = [f"bits {', '.join(bits)} set"] if bits else []
    told += [f"values {', '.join(map(str, mask.bad_values))}"] if mask.bad_values else []
    told += [f"all values but {', '.join(map(str, mask.good_values))}"] if mask.good_values else []
    choice = f" (`--mask {mask.name}`)" if mask.title else ""
    return f"Mask `{mask.band}`{choice}: not used are {' and '.join(told)}; {mask.fill} is fill."


def masks(known: tuple[ProductSpec, ...], before: Mapping[str, str]) -> dict[str, str]:
    """The choices by name, those of before in their place: QGIS keeps choices by their number."""
    titles = {mask.name: mask.title for spec in known for mask in spec.masks if mask.title}
    return {name: titles[name] for name in (*before, *titles) if name in titles}


def as_json(choices: Mapping[str, str]) -> str:
    return json.dumps(choices, indent=1) + "\n"


def main() -> None:
    PAGE.write_text(page(specs()), encoding="utf-8")
    MASKS.write_text(as_json(masks(specs(), json.loads(MASKS.read_text(encoding="utf-8")))), encoding="utf-8")


if __name__ == "__main__":
    main()
