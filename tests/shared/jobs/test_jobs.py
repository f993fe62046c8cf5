"""Jobs: what one side writes the other reads; everything else is told in one sentence."""

import dataclasses
import json
import typing
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from crop_classifier_plugin.shared.choices import (
    ALIGN_RULES,
    ALIGNED_DAYS,
    COMBINATIONS,
    COMPOSITES,
    EARLIER,
    EMPTY,
    FILLERS,
    FORECASTS,
    FUSION_LOSSES,
    FUSION_SPLITS,
    GAIN_SPLITS,
    LOSSES,
    MASKS,
    OPTIMIZERS,
    PERIODS,
    PRECISIONS,
    PRESETS,
    SIDES,
    SPREADS,
    STRATEGIES,
)
from crop_classifier_plugin.shared.devices import DEVICES
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs import registry
from crop_classifier_plugin.shared.jobs.sources import Extent, LabelledSeries, LabelSource, SceneSource, Series
from crop_classifier_plugin.shared.jobs.train import TrainJob
from crop_classifier_plugin.shared.networks import trainable

PAIR = {"fine": {"scenes": [{"path": "f.tif"}]}, "coarse": {"scenes": [{"path": "c.tif"}]}}
LEAST = {
    "classify": {"optical": {"scenes": [{"path": "a.tif"}]}, "model": "m", "written": {"class_map": "c.tif"}},
    "align_series": {
        "training": {"scenes": [{"path": "a.tif"}]},
        "prediction": {"scenes": [{"path": "b.tif"}]},
        "training_output": "o.tif",
        "table": "t.csv",
    },
    "fuse_starfm": {**PAIR, "output": "o.tif"},
    "crop_gain": {
        "early": {"scenes": [{"path": "a.tif"}]},
        "predictions": [{"source": {"path": "p.tif"}}],
        "labels": {"path": "l.gpkg"},
        **{f"report_{kind}": f"r.{kind}" for kind in ("html", "json", "csv")},
    },
    "fuse_tsstfn": {**PAIR, "model": "m", "output": "o.tif"},
    "train_tsstfn": {**PAIR, "model": "m"},
    "evaluate_fusion": {
        **{name: {"path": f"{name}.tif"} for name in ("fused", "truth", "last_fine", "coarse")},
        **{f"report_{kind}": f"r.{kind}" for kind in ("html", "json", "csv")},
    },
    "build_series": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "index": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "phenology": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "fill_gaps": {"series": {"scenes": [{"path": "a.tif"}]}, "output": "o.tif"},
    "composite": {"series": {"scenes": [{"path": "a.tif"}]}, "folder": "d"},
    "diagnose": {
        "reference": {"path": "x"},
        **dict.fromkeys(("class_map", "folder", "agreement", "report_html", "report_json", "report_csv"), "x"),
    },
    "pretrain_cropsts": {"series": [{"scenes": [{"path": "a.tif"}]}], "folder": "d"},
    "probe": {
        "encoder": "e",
        "series": {"scenes": [{"path": "a.tif"}]},
        "labels": "l",
        "class_field": "f",
        "report_json": "r.json",
    },
    "simulate_season": {"folder": "d"},
    "train": {
        "data": [{"series": {"scenes": [{"path": "a.tif"}]}, "labels": {"path": "l", "class_field": "f"}}],
        "model": "m",
        "model_inputs": {"windows": [[1, 9]]},
    },
}
KINDS = sorted(LEAST)
REQUIRED = {
    kind: {f.name for f in dataclasses.fields(cls) if f.default is dataclasses.MISSING}
    for kind, cls in registry.JOBS.items()
}


def test_every_job_stands_here():
    assert set(LEAST) == set(registry.JOBS)


def values(hint):
    """Any value of a type that a job uses."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return st.none() | values(args[0])
    if origin is tuple and args[1:] == (Ellipsis,):
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, args))
    if dataclasses.is_dataclass(hint):
        return built(hint)
    plain = {str: st.text(), bool: st.booleans(), int: st.integers(), float: st.floats(allow_nan=False)}
    return plain[hint]


CHOICES = {
    "device": tuple(DEVICES),
    "mask": MASKS,
    "held_side": SIDES,
    "optimizer": OPTIMIZERS,
    "loss": LOSSES,
    "precision": PRECISIONS,
    "resume": EARLIER,
    "period": PERIODS,
    "method": COMPOSITES,
    "empty": EMPTY,
}
OWN_CHOICES = {
    ("fill_gaps", "method"): FILLERS,
    ("GainSplit", "method"): GAIN_SPLITS,
    ("StarfmSpec", "spread"): SPREADS,
    ("StarfmSpec", "combination"): COMBINATIONS,
    ("fuse_starfm", "pairs"): (1, 2),
    ("StarfmSpec", "window"): (3, 61, 255),
    ("NetworkSpec", "name"): tuple(trainable()),
    ("build_series", "reference"): ("",),  # it goes without the CRS and the resolution; so does a VRT
    ("build_series", "vrt"): ("",),
    ("fuse_tsstfn", "forecast"): FORECASTS,
    ("fuse_tsstfn", "next_model"): ("",),
    ("train_tsstfn", "loss"): FUSION_LOSSES,
    ("train_tsstfn", "split"): FUSION_SPLITS,
    ("pretrain_cropsts", "preset"): PRESETS,
    ("SplitSpec", "method"): ("side", "block", "parcel"),
    ("ModelInputs", "reduce"): ("", "clearest", "median", "mean"),
    ("ModelInputs", "radar_unit"): ("decibel", "power"),
    ("OptimSpec", "optical_dropout"): (None, (0.1, 0.3)),
    ("OptimSpec", "radar_dropout"): (None, 0.0, 0.5),
    ("LabelSource", "month_fields"): ((),),  # as the legend: only a training takes them, and of all its labels alike
    ("LabelSource", "legend"): ("",),
    ("probe", "support"): (0.1, 0.5),
    ("align_series", "strategy"): STRATEGIES,
    ("align_series", "days"): ALIGNED_DAYS,
    ("align_series", "rule"): ALIGN_RULES,
}
POSITIVE = (
    "samples_per_class",
    "pixel_size",
    "align_weight",
    "draws",
    "neighbours",
    "sequences",
    "block",
    "test_pixels",
    "pixels",
    "leaf",
    "depth",
    "trees",
    "seeds",
    "classes",
    "count",
    "data_range",
    "distance",
    "least_amplitude",
    "least_dates",
    "log_scale",
    "sigma_coarse",
    "sigma_fine",
    "window",
    "order",
    "overlap",
    "pairs",
    "smoothness",
    "max_gap",
    "epochs",
    "patch",
    "batch",
    "steps",
    "jitter",
    "learning_rate",
    "patience",
    "resolution",
    "tile",
    "days",
    "year",
)
SHARES = ("held_out", "validation", "start_share", "end_share")


@st.composite
def built(draw, cls):
    """Any valid instance of `cls`; what its checks refuse is drawn again."""
    hints = typing.get_type_hints(cls)
    drawn = {}
    for field in dataclasses.fields(cls):
        strategy = values(hints[field.name])
        choices = OWN_CHOICES.get((getattr(cls, "kind", cls.__name__), field.name), CHOICES.get(field.name))
        if choices:
            strategy = st.sampled_from(list(choices))
        elif field.name in POSITIVE:
            strategy = strategy.map(lambda number: abs(number) + 1)
        elif field.name in SHARES:
            strategy = st.floats(0, 0.49)
        elif field.default is dataclasses.MISSING and hints[field.name] not in (int, float):
            strategy = strategy.filter(bool)
        drawn[field.name] = draw(strategy)
    if cls is Extent:
        drawn |= {"xmin": -drawn["xmax"], "ymin": -drawn["ymax"]}
    try:
        return cls(**drawn)
    except BadInput:
        reject()


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
