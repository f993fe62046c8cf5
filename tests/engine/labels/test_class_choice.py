"""Laws of classes left out and merged: as if the labels had been written so, in every kind of labels and job."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st
from rasterio.crs import CRS

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.labels.class_choice import chosen_legend, without_rare
from crop_classifier_plugin.engine.labels.class_map import CropMap, opened
from crop_classifier_plugin.engine.labels.constants import NO_DATA
from crop_classifier_plugin.engine.labels.legend_from_labels import legend_of
from crop_classifier_plugin.engine.labels.open_labels import open_labels
from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.writer import LEGEND_TAG
from crop_classifier_plugin.shared.class_choice import ClassChoice
from crop_classifier_plugin.shared.errors import BadInput, LabelsUnusable
from crop_classifier_plugin.shared.jobs.sources import LabelSource
from crop_classifier_plugin.shared.legend import CropClass, Legend
from kits.rasters import write_raster

NAMES = ("Barley", "Hedge", "Maize", "Rye", "Winter barley")
LEGEND = Legend(tuple(CropClass(code, name, "#000000") for code, name in enumerate(NAMES, start=11)))
SIDE = 8
GRID = Grid(CRS.from_epsg(32631), Affine(10, 0, 500_000, 0, -10, 5_650_000), SIDE, SIDE)
WHOLE = Window(0, 0, SIDE, SIDE)
choices = st.builds(
    lambda out, merged, into: ClassChoice(
        tuple(sorted(out)), tuple((name, into) for name in sorted(merged - out - {into}) if into not in out)
    ),
    st.sets(st.sampled_from(NAMES), max_size=2),
    st.sets(st.sampled_from(NAMES), max_size=3),
    st.sampled_from(["Barley", "Grain"]),
)


def expected(choice: ClassChoice, name: str) -> str:
    """What a label counts as; "" where it is left out. Without the code's own words."""
    if name in choice.exclude:
        return ""
    return dict(choice.merge).get(name, name)


def drawn_codes(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(10, 16, (SIDE, SIDE)).astype(np.uint8)  # 10 is no data


def name_of(code: int) -> str:
    return NAMES[code - 11] if code > 10 else ""


def write_polygons(codes: np.ndarray, path: Path) -> LabelSource:
    rows = [(name_of(codes[r, c]), r, c) for r, c in np.ndindex(*codes.shape) if codes[r, c] > 10]
    shapes = [
        shapely.box(500_000 + 10 * c, 5_649_990 - 10 * r, 500_010 + 10 * c, 5_650_000 - 10 * r) for _, r, c in rows
    ]
    gpd.GeoDataFrame({"crop": [name for name, _, _ in rows]}, geometry=shapes, crs=GRID.crs).to_file(path)
    return LabelSource(str(path), class_field="crop")


def write_codes(codes: np.ndarray, path: Path) -> LabelSource:
    write_raster(path, codes[None], nodata=10)
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(**{LEGEND_TAG: json.dumps(LEGEND.to_dict())})
    return LabelSource(str(path))


@settings(max_examples=25, deadline=None)
@given(choices, st.integers(0, 99), st.booleans())
def test_labels_read_as_if_they_had_been_written_so(choice: ClassChoice, seed: int, raster: bool) -> None:
    codes = drawn_codes(seed)
    with TemporaryDirectory() as folder:
        write = write_codes if raster else write_polygons
        source = write(codes, Path(folder) / ("l.tif" if raster else "l.gpkg"))
        source = replace(source, choice=choice)
        with open_labels(source, GRID, "map.tif") as labels:
            found = labels.read(WHOLE)
            names = [label.name or label.text for label in labels.labels]
            assert any(choice.told() in note for note in labels.notes) or choice.is_all
    assert len(set(names)) == len(names)
    read = [[names[place] if place != NO_DATA else "" for place in row] for row in found.tolist()]
    assert read == [[expected(choice, name_of(code)) for code in row] for row in codes]


@settings(max_examples=60, deadline=None)
@given(choices)
def test_a_legend_keeps_codes_and_knows_its_parts_by_name_and_code(choice: ClassChoice) -> None:
    if {*choice.exclude} >= set(NAMES):
        return
    legend = chosen_legend(LEGEND, choice)
    left = {expected(choice, name) for name in NAMES} - {""}
    assert set(legend.names) == left
    for code, name in enumerate(NAMES, start=11):
        for found in (legend.find(name), legend.find(str(code)), legend.named(name)):
            assert (found.name if found else "") == expected(choice, name)
    assert set(legend.codes) <= set(LEGEND.codes)
    plain = Legend(legend.classes)  # as a card keeps it
    merged = {name for name in NAMES if expected(choice, name)}
    assert all(plain.find(name).name == expected(choice, name) for name in merged)


@settings(max_examples=20, deadline=None)
@given(choices, st.integers(0, 99))
def test_a_map_is_merged_and_keeps_what_is_left_out(choice: ClassChoice, seed: int) -> None:
    codes = drawn_codes(seed)
    with TemporaryDirectory() as folder:
        source = write_codes(codes, Path(folder) / "map.tif")
        with opened(source.path) as dataset:
            crop_map = CropMap(source.path, dataset, Silent())
            crop_map.merge(choice)
            found = crop_map.read(WHOLE)
    names = dict(choice.merge)
    read = [[crop_map.legend.names[place] if place >= 0 else "" for place in row] for row in found.tolist()]
    assert read == [[names.get(name_of(code), name_of(code)) for code in row] for row in codes]


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 100), min_size=1),
    choices,
    st.floats(0.01, 0.4),
    st.sampled_from(["", "Other"]),
)
def test_rare_classes_are_those_below_the_share_of_what_is_used(
    weights: dict[str, int], choice: ClassChoice, share: float, rare: str
) -> None:
    asked = ClassChoice(choice.exclude, choice.merge, share, rare)
    totals = Counter()
    for name, weight in weights.items():
        if expected(choice, name):
            totals[expected(choice, name)] += weight
    few = {name for name, total in totals.items() if total < share * sum(totals.values())}
    found, note = without_rare(asked, weights)
    for name in weights:
        now = expected(choice, name)
        now = rare if now in few else now
        assert (found.renamed(name) or "") == now
    assert bool(note) == bool(few)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.sampled_from(("BARLEY", "hedge", "maize", "Rye")), min_size=1), st.sampled_from(["", "Other", "Rye"]))
def test_a_rare_class_takes_along_what_is_merged_into_it(said: set[str], rare: str) -> None:
    """Whether these labels have all of its parts, and however they write them."""
    weights = {name: 1.0 if name in ("BARLEY", "hedge") else 100.0 for name in (*said, "Maize")}
    found, _ = without_rare(ClassChoice(merge=(("Hedge", "Barley"),), min_share=0.1, rare=rare), weights)
    few = bool(said & {"BARLEY", "hedge"})
    for name in ("Hedge", "Barley") if few and "BARLEY" in said else ("Hedge",):
        assert (found.renamed(name) or "") == (rare if few else "Barley")
    assert found.renamed("Maize") == "Maize"


@pytest.mark.parametrize("kind", ["legend", "polygons", "raster"])
def test_a_name_that_nobody_has_is_refused_with_a_list_cut_after_ten(tmp_path: Path, kind: str) -> None:
    choice = ClassChoice(exclude=("Heather",))
    with pytest.raises(BadInput, match=r"no class 'Heather' to leave out or merge: name some of theirs \(.*Barley"):
        _choose(kind, tmp_path, choice)
    many = legend_of(Counter(f"class {i}" for i in range(30)))
    with pytest.raises(BadInput, match="and 20 more"):
        chosen_legend(many, choice)


def _choose(kind: str, folder: Path, choice: ClassChoice) -> None:
    if kind == "legend":
        chosen_legend(LEGEND, choice)
        return
    codes = np.arange(11, 16, dtype=np.uint8).repeat(13)[:64].reshape(8, 8)
    source = write_codes(codes, folder / "l.tif") if kind == "raster" else write_polygons(codes, folder / "l.gpkg")
    with open_labels(replace(source, choice=choice), GRID, "m.tif"):
        pass


def test_nothing_left_is_one_sentence() -> None:
    with pytest.raises(LabelsUnusable, match="No class is left of Barley"):
        chosen_legend(LEGEND, ClassChoice(exclude=NAMES))
