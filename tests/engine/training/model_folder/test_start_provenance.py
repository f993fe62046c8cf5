"""What the model that a training started from has learnt from is not asked in its test."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.splits.assignment import PriorAssignments, assign_training
from crop_classifier_plugin.engine.splits.parcel_overlap import (
    LEARNT,
    AssignedParcels,
    ParcelIndex,
    WeightsProvenance,
    describe_limits,
)
from crop_classifier_plugin.engine.splits.split import (
    HELD_OUT,
    TRAIN,
    SplitRule,
    split,
)
from crop_classifier_plugin.engine.splits.split_file import read_split
from crop_classifier_plugin.engine.training.data.split_file import split_json
from crop_classifier_plugin.engine.training.model_folder.weights_provenance import read_provenance
from crop_classifier_plugin.engine.training.supervised.job import train
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.engine.training.supervised.load_data import gather
from crop_classifier_plugin.shared.cards.files import load_card
from kits.models import write_model
from kits.training.jobs import changed
from kits.training.places import GRID, RULE, boxes, gathered, parcels_of, pixels
from kits.training.two_series import job_of


def past_of(*grounds: AssignedParcels, known: bool = True) -> WeightsProvenance:
    return WeightsProvenance("before", "started from before", grounds, known)


@settings(max_examples=60, deadline=None)
@given(first=boxes, second=boxes, kept=st.integers(0, 12), seed=st.integers(0, 99), asked=st.sampled_from([0.0, 0.4]))
def test_nothing_that_the_start_learnt_from_is_held_out(first, second, kept, seed, asked) -> None:
    own, now = parcels_of(first), parcels_of(first[:kept] + second)
    before = assign_training(RULE, PriorAssignments(), "first", own, GRID, Silent())
    known = PriorAssignments((), past_of(AssignedParcels(own.ground, before.split.parts, GRID.crs)))
    rule = SplitRule(asked, 0.2, "auto", seed, "parcel")
    found = assign_training(rule, known, "second", now, GRID, Silent())
    assert not (np.isin(pixels(before, own), LEARNT) & (pixels(found, now) == HELD_OUT)).any()
    overlap = shapely.area(shapely.intersection(now.ground[:, None], own.ground[None]))
    overlaps = overlap > 0.0101 * np.minimum(now.areas[:, None], own.areas[None])
    new = ~(overlap > 0.949 * np.maximum(now.areas[:, None], own.areas[None])).any(axis=1)
    seen = overlaps[:, np.isin(before.split.parts, LEARNT)].any(axis=1) & new
    assert not (found.split.parts[seen] == HELD_OUT).any()
    held = (overlap > 0.951 * np.maximum(now.areas[:, None], own.areas[None]))[:, before.split.parts == HELD_OUT]
    alone = (overlap > 0).sum(axis=1) == 1
    assert (found.split.parts[held.any(axis=1) & alone] == HELD_OUT).all() or not asked
    usual = split(now, rule).parts
    free = ~(overlap > 0).any(axis=1)
    np.testing.assert_array_equal(found.split.parts[free], usual[free])


def model_of(folder: Path, text: str | None, **card) -> str:
    write_model(folder, **({"simulated": False, "training_data": "fields"} | card))
    if text is not None:
        (folder / "split.json").write_text(text)
    return str(folder)


def test_another_seed_does_not_test_on_what_the_start_learnt_from(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, split="parcel", validation=0.2)
    first = gathered(tmp_path, job)
    start = model_of(tmp_path / "a", split_json(job, first))
    parts = []
    for seed, way in ((2, "parcel"), (3, "side")):
        reporter, (again, legend) = Silent(), resolve_job(changed(job, seed=seed, split=way), Silent())
        (tmp_path / str(seed)).mkdir()
        material = gather(changed(again, start=start), legend, tmp_path / str(seed), reporter, 32)
        (season,) = material.train
        parts.append(season.split.parts)
        before = first.train[0]
        assert not (np.isin(before.part, LEARNT) & (season.part == HELD_OUT)).any()
        np.testing.assert_array_equal(season.split.parts == HELD_OUT, before.split.parts == HELD_OUT)
        assert any(level == "warning" and "learnt from them" in text for level, text in reporter.lines)
        told = split_json(changed(again, start=start), material)
        # a third model knows what the first learnt from, though the second may have had other labels
        (tmp_path / f"b{seed}").mkdir()
        (tmp_path / f"b{seed}" / "split.json").write_text(told)
        found = read_split(tmp_path / f"b{seed}" / "split.json", False)
        assert found.whole
        learnt_first = sum(int(np.isin(g.parts, LEARNT).sum()) for g in found.grounds[1:])
        assert learnt_first == int(np.isin(before.split.parts, LEARNT).sum())
        assert "started from a, trained on fields" in material.past.told


def test_a_start_that_learnt_from_everything_leaves_nothing_to_test_on(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path, held_out=0.0, validation=0.0)
    start = model_of(tmp_path / "a", split_json(job, gathered(tmp_path, job)))
    again, legend = resolve_job(changed(job, held_out=0.3), Silent())
    (tmp_path / "again").mkdir()
    reporter = Silent()
    material = gather(changed(again, start=start), legend, tmp_path / "again", reporter, 32)
    assert (material.train[0].part == TRAIN).all()
    assert any(level == "warning" and "No parcel is left to test on" in text for level, text in reporter.lines)


def test_parcels_are_read_as_they_were_written(place: Path, tmp_path: Path) -> None:
    material = gathered(tmp_path, job_of(place, tmp_path, split="parcel", validation=0.2))
    (season,) = material.train
    model_of(tmp_path / "a", split_json(job_of(place, tmp_path), material))
    for old in (False, True):
        if old:  # as files were before they had a CRS and outlines
            facts = json.loads((tmp_path / "a" / "split.json").read_text())
            for here in facts["places"]:
                del here["outlines"], here["crs"]
            (tmp_path / "a" / "split.json").write_text(json.dumps(facts))
        (ground,) = read_split(tmp_path / "a" / "split.json", False).grounds
        touched = ParcelIndex((ground,), season.grid, False).touched(season.parcels)
        np.testing.assert_array_equal(touched.argmax(axis=1), season.split.parts)
        assert (touched.sum(axis=1) == 1).all()
    reporter = Silent()
    assert read_provenance(str(tmp_path / "a"), reporter).known
    assert any("names no CRS" in text for _, text in reporter.lines)


_json = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.just("POLYGON((0 0,1 1,0 0))"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["train", "crs", "outlines"]), inner),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(facts=_json, whole=st.booleans())
@example(facts={"train": [[1, 2, 0]], "crs": "nowhere"}, whole=True)
@example(facts={"outlines": {"train": ["POLYGON((0 0,1 1"]}}, whole=True)
@example(facts={"outlines": {"train": [7]}}, whole=True)
@example(facts={"train": [["x", 2, 0]]}, whole=True)
@example(facts={"train": [[1e400, 2, 0]]}, whole=True)
@example(facts={"train": 7}, whole=False)
def test_a_split_file_of_another_shape_is_left_aside_with_a_sentence(facts, whole, tmp_path: Path) -> None:
    text = json.dumps({"places": [facts]} if whole else facts)
    reporter = Silent()
    past = read_provenance(model_of(tmp_path / "a", text), reporter)
    ParcelIndex(past.grounds, GRID, False).touched(parcels_of([shapely.box(5e5, 5.599e6, 5e5 + 100, 5.5991e6)]))
    if not past.known:
        assert not past.grounds
        (line,) = reporter.lines
        assert line[0] == "warning"
        assert "is not known" in line[1]
        assert "is not known" in describe_limits(past)


def test_a_start_without_a_split_file_is_said(tmp_path: Path) -> None:
    reporter = Silent()
    past = read_provenance(model_of(tmp_path / "a", None, training_data="fields of Friesland"), reporter)
    assert not past.known
    assert past.told == "started from a, trained on fields of Friesland"
    assert "split.json of a is missing" in reporter.lines[0][1]


@pytest.mark.filterwarnings("default")
def test_the_card_and_report_say_what_the_model_started_from(place: Path, tmp_path: Path) -> None:
    job = job_of(place, tmp_path / "a", split="parcel")
    train(job, Silent())
    (tmp_path / "a" / "split.json").unlink()
    train(
        changed(job, model=str(tmp_path / "b"), start=str(tmp_path / "a"), seed=2, training_data="my fields"), Silent()
    )
    card = load_card(tmp_path / "b")
    assert card.training.training_data.startswith("my fields; started from a, trained on 64 labelled parcels")
    assert "is not known" in card.terms.limits
    page = (tmp_path / "b" / "training.html").read_text()
    assert "started from a" in page
    assert "Nothing that the model it started from is known to have learnt from was held out." in page
    assert json.loads((tmp_path / "b" / "split.json").read_text())["rule"]["start_known"] is False
    reporter = Silent()
    assert not read_provenance(str(tmp_path / "b"), reporter).known
    assert "started from a model of unknown parcels" in reporter.lines[0][1]
