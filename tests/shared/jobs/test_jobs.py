"""Jobs: what one side writes the other reads; everything else is told in one sentence."""

import dataclasses
import json
import typing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.sources import LabelledSeries, LabelSource, SceneSource, Series
from crop_classifier_plugin.shared.jobs.train import TrainJob
from kits.strategies.jobs import built
from kits.strategies.least_jobs import LEAST

KINDS = sorted(LEAST)
REQUIRED = {
    kind: {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    for kind, cls in registry.JOBS.items()
}


def test_every_job_stands_here():
    assert set(LEAST) == set(registry.JOBS)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, suppress_health_check=list(HealthCheck), deadline=None)
@given(data=st.data())
def test_a_job_survives_json(kind, data):
    job = data.draw(built(registry.JOBS[kind]))
    assert registry.parse(json.loads(registry.dump(job))) == job


@pytest.mark.parametrize("kind", KINDS)
def test_defaults_fill_what_is_left_out(kind, tmp_path):
    path = tmp_path / "job.json"
    path.write_text(json.dumps({"kind": kind, **LEAST[kind]}))
    job = registry.load(path)
    assert job.kind == kind
    assert registry.parse(json.loads(registry.dump(job))) == job


def test_labels_by_month_and_their_legend_survive_json():
    labels = LabelSource("l.gpkg", month_fields=(("2020-01", "crop"), ("2020-02", "crop 2")), legend="legend.json")
    series = LabelledSeries(Series((SceneSource("a.tif"),)), labels)
    job = TrainJob((series, series), "m", validation_series=(series,))
    assert registry.parse(json.loads(registry.dump(job))) == job
    assert (job.legend, job.labels.months, job.labels.fields) == (
        "legend.json",
        ("2020-01", "2020-02"),
        ("crop", "crop 2"),
    )


@pytest.mark.parametrize("wrong", [{"legend": "another.json"}, {"month_fields": (("2020-03", "crop"),)}])
def test_all_labels_of_a_training_are_of_one_legend_and_of_the_same_months(wrong):
    labels, scenes = (
        LabelSource("l.gpkg", month_fields=(("2020-01", "crop"),), legend="legend.json"),
        (SceneSource("a"),),
    )
    first, other = (LabelledSeries(Series(scenes), each) for each in (labels, replace(labels, **wrong)))
    for more in ({"data": (first, other)}, {"validation_series": (other,)}, {"test_series": (other,)}):
        with pytest.raises(BadInput, match=r"one, name that|of the same months"):
            TrainJob(**{"data": (first,), "model": "m", **more})


def test_parsing_leaves_its_argument_alone():
    data = {"kind": "simulate_season", "folder": "d"}
    registry.parse(data)
    assert data == {"kind": "simulate_season", "folder": "d"}


def sentence(data):
    with pytest.raises(BadInput) as error:
        registry.parse(data)
    text = error.value.sentence
    assert "\n" not in text
    assert text.endswith(".")
    assert "__init__" not in text
    return text


@pytest.mark.parametrize("kind", [None, 3, [], {}, "", "bake"])
def test_unknown_kinds(kind):
    assert repr(kind) in sentence({"kind": kind})


@pytest.mark.parametrize("data", [None, [], "classify", 3, [{"kind": "simulate_season"}]])
def test_what_is_no_object(data):
    assert "kind" in sentence(data)


@pytest.mark.parametrize("kind", KINDS)
def test_unknown_and_missing_entries_are_named(kind):
    assert "'flavour'" in sentence({"kind": kind, **LEAST[kind], "flavour": 1})
    for name in LEAST[kind]:
        if name not in REQUIRED[kind]:
            continue
        assert repr(name) in sentence({"kind": kind, **{k: v for k, v in LEAST[kind].items() if k != name}})


@pytest.mark.parametrize("kind", KINDS)
@given(wrong=st.sampled_from([None, 3, 2.5, True, "text", [1], [None], ["ab"], {"a": 1}, [[1, 2, 3]]]), data=st.data())
def test_a_wrong_type_is_told_with_its_entry(kind, wrong, data):
    cls = registry.JOBS[kind]
    hints = typing.get_type_hints(cls)
    name = data.draw(st.sampled_from([f.name for f in dataclasses.fields(cls)]))
    if fits(hints[name], wrong):
        return
    text = sentence({"kind": kind, **LEAST[kind], name: wrong})
    assert name in text or "is expected" in text or "unknown entry" in text


def fits(hint, value):
    """Whether JSON's `value` is of the type, by a second road: the type's own words."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return value is None or fits(args[0], value)
    if origin is tuple:
        endless = args[1:] == (Ellipsis,)
        return isinstance(value, list) and (
            all(fits(args[0], v) for v in value) if endless else [*map(fits, args, value)] == [True] * len(value)
        )
    if dataclasses.is_dataclass(hint):
        return False
    return type(value) is hint or (hint is float and type(value) is int)


@pytest.mark.parametrize(
    "entry", [{"device": "tpu"}, {"optical": {"scenes": [{"path": "a"}], "mask": "clouds"}}, {"optical": None}]
)
def test_choices_are_checked(entry):
    sentence({"kind": "classify", **LEAST["classify"], **entry})


def test_an_empty_extent_is_refused():
    extent = {"xmin": 1, "xmax": 1, "ymin": 0, "ymax": 2, "crs": "EPSG:4326"}
    assert "empty" in sentence(
        {"kind": "composite", "folder": "d", "series": {"scenes": [{"path": "a.tif"}], "extent": extent}}
    )


def test_a_number_too_large_for_a_float_is_refused():
    extent = {"xmin": 0, "xmax": 10**400, "ymin": 0, "ymax": 2, "crs": ""}
    assert "xmax" in sentence(
        {"kind": "composite", "folder": "d", "series": {"scenes": [{"path": "a.tif"}], "extent": extent}}
    )


@pytest.mark.parametrize("text", ["", "{", "[1, 2", "\xff\xfe", '{"kind": "simulate_season"'])
def test_files_that_are_no_json(tmp_path, text):
    path = tmp_path / "job.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput, match=r"job\.json"):
        registry.load(path)
    with pytest.raises(BadInput, match=r"gone\.json"):
        registry.load(tmp_path / "gone.json")
