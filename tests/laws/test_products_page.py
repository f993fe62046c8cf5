"""The page of products, and the masks that users choose, are what the tables of the sensors say."""

from __future__ import annotations

import json
import re

import pytest

from crop_classifier_plugin.engine.products.spec import ProductSpec, masks, specs
from crop_classifier_plugin.shared.choices import MASKS
from tools import products_page

AGAIN = "make it again: python -m tools.products_page"


def test_the_page_is_made_of_the_tables() -> None:
    assert products_page.PAGE.read_text(encoding="utf-8") == products_page.page(specs()), AGAIN


@pytest.mark.parametrize("spec", specs(), ids=lambda spec: spec.title)
def test_the_page_says_each_name_level_and_fill(spec: ProductSpec) -> None:
    told = re.sub(r"\s+", " ", products_page.PAGE.read_text(encoding="utf-8"))
    part = told.partition(f"## {spec.title} ")[2].partition(" ## ")[0]
    for product in spec.products:
        own = part.partition(f"**{product.title}**")[2].partition("**")[0]
        assert product.level in own
        assert all(f"`{name}`" in own for name in product.bands)
        assert all(f"no data {row.coding.nodata:g}" in own for row in product.codings if row.coding.nodata is not None)
    assert all(f"Mask `{mask.band}`" in part for mask in spec.masks)


def test_the_masks_to_choose_are_those_of_the_tables() -> None:
    before = products_page.MASKS.read_text(encoding="utf-8")
    assert products_page.as_json(products_page.masks(specs(), json.loads(before))) == before, AGAIN
    own = {mask.name: mask.title for mask in masks().values() if mask.title}
    assert {name: MASKS[name] for name in own} == own
    assert all(any(name.startswith(choice) for choice in own) for name in masks()), "a mask that nobody can ask for"


def test_choices_keep_the_numbers_that_saved_models_of_qgis_hold() -> None:
    assert tuple(MASKS)[:7] == ("auto", "none", "scl", "fmask", "qa_pixel", "layer", "modis")
