"""What a card says of its training is measured: where labels lie, on which days, by which sensors, and if simulated."""

from __future__ import annotations

from itertools import permutations
from pathlib import Path

import geopandas as gpd
import pytest
import rasterio
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.model_folder.training_facts import around, joined, training_facts
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.shared.cards.applicability import MOST_KM, reach
from crop_classifier_plugin.shared.cards.parts import Box, TrainingFacts
from kits.training.toy import LEGEND, job_of, write_toy

_boxes = st.tuples(st.floats(-170, 160), st.floats(-70, 60), st.floats(0, 5), st.floats(0, 5)).map(
    lambda v: (v[0], v[1], v[0] + v[2], v[1] + v[3])
)


def facts_of(toy: Path, place: Path) -> TrainingFacts:
    job, _ = resolve_job(job_of(toy, place / "m"), Silent())
    folder = place / "cubes"
    folder.mkdir()
    return training_facts(job.card, job.data, gather(job, LEGEND, folder, Silent(), 64), ("B04", "B8A"))


def test_the_place_is_where_the_labels_lie_not_where_the_scenes_do(tmp_path: Path) -> None:
    toy = write_toy(tmp_path)
    whole = facts_of(toy, tmp_path)
    west, south, east, north = whole.bbox
    parcels = gpd.read_file(toy / "parcels.gpkg")
    parcels[parcels.centroid.x < 5e5 + 480].to_file(toy / "parcels.gpkg")
    (tmp_path / "again").mkdir()
    half = facts_of(toy, tmp_path / "again")
    assert half.bbox[:2] == pytest.approx((west, south), abs=1e-4)
    assert half.bbox[2] == pytest.approx((west + east) / 2, abs=1e-4)
    assert half.bbox[3] == pytest.approx(north, abs=1e-4)
    assert half.places == (half.bbox,)


def test_scenes_that_say_they_are_simulated_make_a_simulated_model(tmp_path: Path) -> None:
    toy = write_toy(tmp_path)
    with rasterio.open(toy / "S2_20240623.tif", "r+") as file:
        file.update_tags(SIMULATED="yes")
    assert facts_of(toy, tmp_path).simulated


@given(st.lists(_boxes, min_size=1, max_size=6))
def test_places_hold_every_box_and_none_reaches_into_another(boxes: list[Box]) -> None:
    places = joined(boxes)
    for west, south, east, north in boxes:
        assert any(w <= west <= east <= e and s <= south <= north <= n for w, s, e, n in places)
    assert all(reach(a, (b,)) > MOST_KM for a, b in permutations(places, 2))


@given(st.lists(_boxes, min_size=1, max_size=6))
def test_the_box_of_all_is_no_larger_than_it_must_be(boxes: list[Box]) -> None:
    west, south, east, north = zip(*boxes)
    assert around(boxes) == (min(west), min(south), max(east), max(north))


def test_a_box_across_180_goes_around_the_world_beside_others() -> None:
    assert around([(179.0, 1.0, -179.0, 2.0)]) == (179.0, 1.0, -179.0, 2.0)
    assert around([(179.0, 1.0, -179.0, 2.0), (0.0, 3.0, 1.0, 4.0)]) == (-180.0, 1.0, 180.0, 4.0)
