"""Law of class names over all of Unicode: whatever a legend accepts is well-formed, and comes back, in every file that
carries names: QGIS styles, GDAL's side files, styles in GeoPackages, pages."""

from __future__ import annotations

import html
import re
from pathlib import Path

from defusedxml import ElementTree as ET
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.accuracy.review.forms import review_style
from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.engine.labels.class_names import described
from crop_classifier_plugin.engine.raster.sidecars import rows_of, write_class_sidecars
from crop_classifier_plugin.engine.reporting.templates import template
from crop_classifier_plugin.engine.vector.layer_styles import by_class, qml_text
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.legend import CropClass, Legend

ODD = "\x00\x01\t\n\r\x0b\x1b\x7f\x85\u2028\u202e\u2066\u200f\ud800\udfff\ufdd0\ufffe\uffff\U0001ffff=+-@;\"'<>&]]>"
NAMES = st.text(st.characters() | st.sampled_from(ODD) | st.characters(categories=("Cs", "Cc", "Cf", "Cn")), min_size=1)


class Bare:
    """A raster that says nothing of its classes itself."""

    def tags(self) -> dict[str, str]:
        return {}

    def colormap(self, band: int) -> dict[int, tuple[int, int, int, int]]:
        raise ValueError


def legend_of(name: str) -> Legend | None:
    """None for a name that no class can have."""
    try:
        return Legend((CropClass(1, name, "#ffd400"), CropClass(2, f"{name} 2", "#aa5500")))
    except BadInput:
        return None


@settings(suppress_health_check=list(HealthCheck), deadline=None)
@given(NAMES)
def test_the_files_beside_a_map_hold_every_name(tmp_path: Path, name: str) -> None:
    legend = legend_of(name)
    if not legend:
        return
    with Outputs() as outputs:
        write_class_sidecars(outputs, tmp_path / "map.tif", rows_of(legend))
    labels = [entry.get("label") for entry in ET.parse(tmp_path / "map.qml").iter("paletteEntry")]
    assert labels == [name, f"{name} 2"]
    found, _ = described(str(tmp_path / "map.tif"), Bare())
    assert [found[code].name for code in (1, 2) if code in found] == [each for each in legend.names if each.strip()]


@given(NAMES)
def test_the_styles_in_a_geopackage_hold_every_name(name: str) -> None:
    legend = legend_of(name)
    if not legend:
        return
    style = by_class("crop", {crop.name: crop.rgb for crop in legend}, "other")
    for text in (qml_text(style), review_style(legend, polygons=True).qml):
        said = {value for element in ET.fromstring(text).iter() for value in element.attrib.values()}
        assert {name, f"{name} 2"} <= said


@given(NAMES)
def test_a_page_shows_every_name_as_text(tmp_path_factory, name: str) -> None:
    legend = legend_of(name)
    if not legend:
        return
    folder = tmp_path_factory.getbasetemp()
    (folder / "p.html.j2").write_text('<td title="{{ d }}">{{ d }}</td>', encoding="utf-8")
    page = template("p.html.j2", folder).render(d=name)
    shown = re.fullmatch(r'<td title="(.*)">(.*)</td>', page, re.DOTALL)
    assert shown
    assert [html.unescape(part) for part in shown.groups()] == [name, name]
    assert not set('<>"') & set(shown[1])
