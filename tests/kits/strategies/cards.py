"""Any model card, part by part, for laws that hold for every one."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from crop_classifier_plugin.shared.cards.card import Card
from crop_classifier_plugin.shared.cards.parts import (
    LEVELS,
    RADAR_UNITS,
    REDUCTIONS,
    DateSpec,
    DayWindow,
    InputSpec,
    RadarSpec,
    Statistics,
    Terms,
    TilingSpec,
    TrainingFacts,
    WeightsFacts,
)
from crop_classifier_plugin.shared.legend import CropClass, Legend, plain
from crop_classifier_plugin.shared.texts.names import clean

words = st.text(min_size=1, max_size=12).map(clean).filter(lambda text: text.strip())
_short = st.text(max_size=9).map(clean)
_keys = st.from_regex(r"[0-9a-zA-Z_.-]{1,6}", fullmatch=True)
_names = st.from_regex(r"[a-zA-Z][a-zA-Z0-9_. \-]{1,8}[a-zA-Z0-9]", fullmatch=True)
_plain_json = st.dictionaries(_keys, st.integers() | _short | st.booleans(), max_size=3)
_colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
_classes = st.builds(CropClass, st.integers(1, 65534), words, _colours, st.lists(words, max_size=2).map(tuple))
legends = st.lists(
    _classes, min_size=1, max_size=4, unique_by=(lambda c: c.code, lambda c: plain(c.name))
).map(lambda found: Legend(tuple(found)))  # fmt: skip
windows = st.tuples(st.integers(-366, 731), st.integers(-366, 731)).map(lambda days: DayWindow(*sorted(days)))
ONE_SERIES = [("x",), ("x", "doy"), ("x", "doy", "valid"), ("x_s2", "valid_s2"), ("x_s1", "valid_s1")]
TWO_SERIES = [("x_s2", "x_s1", "valid_s2", "valid_s1"), ("x_s2", "x_s1")]


@st.composite
def date_specs(draw: st.DrawFn) -> DateSpec:
    spans = tuple(draw(st.lists(windows, min_size=1, max_size=3)))
    return DateSpec(spans, draw(st.sampled_from(REDUCTIONS)), draw(st.integers(0, len(spans))), draw(st.booleans()))


@st.composite
def input_specs(draw: st.DrawFn) -> InputSpec:
    """Of one series, or of two whose bands have different names."""
    bands = draw(st.lists(words, min_size=1, max_size=6, unique=True).map(tuple))
    first = draw(st.integers(math.ceil(len(bands) / 2), len(bands)))
    return InputSpec(
        model=draw(words),
        bands=bands[:first],
        dates=draw(date_specs()),
        radar=RadarSpec(bands[first:], draw(st.sampled_from(RADAR_UNITS)), draw(st.integers(0, 183))),
        pixel_size=draw(st.floats(0.01, 1e5)),
        pixel_tolerance=draw(st.floats(0, 10)),
        scale=draw(st.floats(1e-6, 1e9)),
        level=draw(st.sampled_from(LEVELS)),
        nodata=draw(st.floats(-1e9, 1e9)),
        tensors=draw(st.sampled_from(TWO_SERIES if bands[first:] else ONE_SERIES)),
    )


@st.composite
def tiling_specs(draw: st.DrawFn) -> TilingSpec:
    multiple = draw(st.sampled_from([1, 8, 32]))
    overlap = multiple * draw(st.integers(0, 3))
    return TilingSpec(2 * overlap + multiple * draw(st.integers(1, 4)), overlap, multiple, draw(st.integers(0, 500)))


_boxes = st.tuples(st.floats(-180, 0), st.floats(-90, 0), st.floats(0, 180), st.floats(0, 90))
_start, _end = (st.just(f"{year}-10-01T00:00:00Z") for year in (2018, 2019))
_seasons = st.lists(st.tuples(st.dates(), st.dates()).map(sorted).map(tuple), max_size=3).map(tuple)
_sensors, _places = (st.lists(each, max_size=3).map(tuple) for each in (words, _boxes))
training_facts = st.builds(
    TrainingFacts,
    words,
    _short,
    _short,
    _boxes,
    _start,
    _end,
    st.booleans(),
    _seasons,
    _sensors,
    _sensors,
    _places,
    words,
)
weights_facts = st.builds(
    WeightsFacts,
    st.text("0123456789abcdef", min_size=64, max_size=64),
    st.integers(0, 10**9),
    st.integers(0, 10**9),
    st.sampled_from(["", "1.23.2"]),
)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    inputs = draw(input_specs())
    numbers = st.tuples(*[st.floats(1e-6, 1e6)] * len(inputs.all_bands))
    return Card(
        name=draw(_names),
        network=draw(words),
        settings=draw(_plain_json),
        inputs=inputs,
        statistics=Statistics(draw(numbers), draw(numbers)),
        legend=draw(legends),
        weights=draw(weights_facts),
        tiling=draw(tiling_specs()),
        training=draw(training_facts),
        terms=Terms(draw(_short), "CC-BY-4.0", draw(_short)),
        accuracy=tuple(draw(st.lists(_plain_json, max_size=2))),
        extra=draw(_plain_json),
    )
