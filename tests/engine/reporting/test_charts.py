"""Drawings of reports: places on an axis, and SVG that holds what it was told."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.reporting.charts import Axis, Drawing, Margins

VALUES = st.floats(-1e4, 1e4, allow_nan=False)


def parsed(drawing: Drawing) -> ET.Element:
    return ET.fromstring(drawing.__html__())


@given(VALUES, st.floats(0.01, 1e4), st.integers(10, 1000), st.floats(0, 1))
def test_an_axis_runs_from_its_lowest_to_its_highest_value(low: float, span: float, length: int, share: float) -> None:
    across, up = Axis(low, low + span, length), Axis(low, low + span, length, upright=True)
    assert (across(across.low), up(up.low)) == (0, length)
    assert (across(across.high), up(up.high)) == (length, 0)
    value = low + share * span
    assert across(value) + up(value) == pytest.approx(length, abs=0.11)  # both are rounded to tenths
    assert [place for place, _ in up.ticks()] == pytest.approx([length * (1 - i / 4) for i in range(5)], abs=0.06)


@given(st.text(st.characters(min_codepoint=32, exclude_categories=["Cs", "Cc"])))
def test_any_name_is_told_and_none_becomes_markup(name: str) -> None:
    drawing = Drawing(100, 50, Margins(1, 2, 3, 4), name)
    drawing.add("text", name, title=name)
    root = parsed(drawing)
    assert root.get("aria-label") == name
    assert (root[0].text or "", root[0].findtext("title") or "") == (name, name)


def test_a_template_takes_a_drawing_as_it_is() -> None:
    page = jinja2.Environment(autoescape=True).from_string("<p>{{ drawing }}</p>")
    drawing = Drawing(100, 50, Margins(10, 20, 30, 40), "Curves")
    drawing.grid([(0, "1.00"), (50, "0.00")])
    drawing.curve([(0, 50), (100, 0.5)], ["a", "b"], "maize", "#ffd400")
    drawing.whisker(20, 10, 30)
    root = ET.fromstring(page.render(drawing=drawing))[0]
    assert root.get("viewBox") == "-10 -20 140 110"
    assert [element.tag for element in root] == ["line", "text", "line", "text", "polyline", "circle", "circle", "path"]
    line = {"points": "0,50 100,0.5", "fill": "none", "class": "curve", "stroke": "#ffd400"}
    assert root.find("polyline").attrib == line
    assert [circle.findtext("title") for circle in root.findall("circle")] == ["a", "b"]
