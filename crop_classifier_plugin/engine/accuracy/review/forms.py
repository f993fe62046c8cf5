"""How the review table looks and is filled in: lists of states and crops to choose from, units coloured by state."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from ....shared.legend import Legend
from ....shared.review_table import ACCEPTED, FIELDS, OPEN, RELABELLED, SKIPPED, VISIT
from ...vector.layer_styles import VectorStyle, by_class, qml_text

_STATES = {
    OPEN: ("open", (255, 255, 191)),
    ACCEPTED: ("the map is right", (26, 152, 80)),
    RELABELLED: ("another crop", (215, 48, 39)),
    VISIT: ("needs a visit", (117, 112, 179)),
    SKIPPED: ("skipped", (150, 150, 150)),
}
_WRITTEN = {"status", "review_class", "review_name", "note", "photo", "reviewer", "reviewed_at"}
_GROUPS = {  # of the form -> its fields, and what these are called there; the other fields stand under _MORE
    "Answer": {
        "status": "State",
        "review_name": "Crop that grows here",
        "note": "Note",
        "photo": "Photo",
        "reviewer": "Who looked",
        "reviewed_at": "When",
    },
    "What is known": {
        "map_name": "Crop in the map",
        "map_share": "Share of the unit",
        "map_prob": "Probability of that crop",
        "second_name": "Next crop",
        "second_prob": "Probability of the next crop",
        "declared_name": "Declared, or reference",
        "area_ha": "Hectares",
    },
}
_MORE = "More"


def review_style(legend: Legend, polygons: bool) -> VectorStyle:
    """Symbols by state, and the form."""
    colours = {state: rgb for state, (_, rgb) in _STATES.items()}
    words = {state: text for state, (text, _) in _STATES.items()}
    root = by_class("status", colours, "no state", words, points=not polygons)
    root.set("styleCategories", "Symbology|Fields|Forms")
    fields = ET.SubElement(root, "fieldConfiguration")
    for name in FIELDS:
        _widget(ET.SubElement(fields, "field", name=name, configurationFlags="None"), name, legend)
    editable, aliases = ET.SubElement(root, "editable"), ET.SubElement(root, "aliases")
    for name in FIELDS:
        ET.SubElement(editable, "field", name=name, editable=str(int(name in _WRITTEN)))
    for named in _GROUPS.values():
        for name, title in named.items():
            ET.SubElement(aliases, "alias", field=name, name=title)
    _lay_out(root)
    return VectorStyle("Review", qml_text(root), "Units by state, with a form to answer in")


def _lay_out(root: ET.Element) -> None:
    """The answer first, below it what it rests on, and the rest folded."""
    ET.SubElement(root, "editorlayout").text = "tablayout"
    form = ET.SubElement(root, "attributeEditorForm")
    placed = {name for named in _GROUPS.values() for name in named}
    groups = {title: list(named) for title, named in _GROUPS.items()}
    for title, names in (groups | {_MORE: [name for name in FIELDS if name not in placed]}).items():
        told = {"name": title, "type": "GroupBox", "groupBox": "1", "showLabel": "1", "columnCount": "1"}
        box = ET.SubElement(form, "attributeEditorContainer", told | {"collapsed": str(int(title == _MORE))})
        for name in names:
            ET.SubElement(box, "attributeEditorField", name=name, index=str(list(FIELDS).index(name)), showLabel="1")


def _widget(field: ET.Element, name: str, legend: Legend) -> None:
    if name == "status":
        _value_map(field, {words: state for state, (words, _) in _STATES.items()})
    elif name == "review_name":
        _value_map(field, {crop.name: crop.name for crop in legend})
    elif name == "photo":
        kinds = {"DocumentViewer": ("int", "1"), "RelativeStorage": ("int", "1"), "StorageMode": ("int", "0")}
        _edit(field, "ExternalResource", kinds)
    elif FIELDS[name] is float:
        shown = {"AllowNull": ("bool", "true"), "Precision": ("int", "3"), "Style": ("QString", "SpinBox")}
        _edit(field, "Range", shown)
    else:
        _edit(field, "TextEdit", {"IsMultiline": ("bool", "true" if name == "note" else "false")})


def _edit(field: ET.Element, kind: str, options: Mapping[str, tuple[str, str]]) -> ET.Element:
    config = ET.SubElement(ET.SubElement(field, "editWidget", type=kind), "config")
    holder = ET.SubElement(config, "Option", type="Map")
    for name, (of, value) in options.items():
        ET.SubElement(holder, "Option", {"type": of, "name": name, "value": value})
    return holder


def _value_map(field: ET.Element, choices: Mapping[str, str]) -> None:
    """`choices`: what is shown -> what is written."""
    rows = ET.SubElement(_edit(field, "ValueMap", {}), "Option", type="List", name="map")
    for shown, value in choices.items():
        row = ET.SubElement(rows, "Option", type="Map")
        ET.SubElement(row, "Option", {"type": "QString", "name": shown, "value": value})
