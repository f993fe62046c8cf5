"""Laws of names over all of Unicode: what is clean can be written as XML, shown in a line, and found again."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from defusedxml import ElementTree as safe
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.legend import CropClass, plain
from crop_classifier_plugin.shared.texts.names import check_document, clean

# Every character there is, halves of pairs included, and those more often that programs stumble over
ODD = "\x00\x01\t\n\r\x0b\x1b\x7f\x85\u2028\u202e\u2066\u200f\ud800\udfff\ufdd0\ufffe\uffff\U0001ffff=+-@;\"'<>&]]>"
TEXTS = st.text(st.characters() | st.sampled_from(ODD) | st.characters(categories=("Cs", "Cc", "Cf", "Cn")))


@given(TEXTS)
def test_a_cleaned_name_stays_clean_and_means_the_same(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert plain(clean(text)) == plain(text)


@given(TEXTS)
def test_a_cleaned_name_comes_back_from_xml_as_text_and_as_attribute(text: str) -> None:
    element = ET.Element("a", label=clean(text))
    element.text = clean(text)
    read = safe.fromstring(ET.tostring(element))
    assert (read.text or "", read.get("label")) == (clean(text), clean(text))


@given(TEXTS)
def test_a_class_has_a_clean_name_or_none_at_all(text: str) -> None:
    """And a name that ends in a sentence can be printed."""
    if clean(text) == text and text.strip():
        assert CropClass(1, text, "#ffffff").name == text
        return
    with pytest.raises(BadInput) as found:
        CropClass(1, text, "#ffffff")
    assert not set(found.value.sentence) & set("\x00\x1b\u202e\n\ud800")


@pytest.mark.parametrize("document", [{"a": ["b\x00"]}, {"\u202ea": 1}, [[["\ud800"]]], "\x1b[31m"])
def test_a_document_holds_no_such_character_at_any_depth(document: object) -> None:
    with pytest.raises(BadInput):
        check_document(document)


def test_a_document_may_hold_lines() -> None:
    check_document({"description": "two\nlines\tof text\r\n"})
