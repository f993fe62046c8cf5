"""Legends: unique classes that reference data find by name, alias or code."""

import json
import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.legend import CropClass, Legend, is_number, one_spelling, plain
from crop_classifier_plugin.shared.texts.names import clean

colours = st.integers(0, 0xFFFFFF).map("#{:06x}".format)
words = st.text(min_size=1, max_size=12).map(clean).filter(lambda t: t.strip())
classes = st.builds(CropClass, st.integers(1, 65534), words, colours, st.lists(words, max_size=2).map(tuple))
legends = st.lists(
    classes, min_size=1, max_size=6, unique_by=(lambda c: c.code, lambda c: plain(c.name))
).map(lambda found: Legend(tuple(found)))  # fmt: skip


@given(legends)
def test_a_legend_survives_json(legend):
    assert Legend.from_dict(json.loads(json.dumps(legend.to_dict()))) == legend


@given(legends, st.data())
def test_a_class_is_found_by_its_name_however_it_is_written(legend, data):
    crop = data.draw(st.sampled_from(legend.classes))
    ascii_only = crop.name.isascii()  # outside ASCII upper case is not always undone by casefold (dotless i)
    for label in (crop.name, f"  {crop.name}\t", crop.name.upper() if ascii_only else crop.name):
        assert legend.find(label) == crop


@given(legends)
def test_a_code_is_found_unless_it_is_another_classes_word_or_names_are_numbers(legend):
    for crop in legend:
        found = legend.find(str(crop.code))
        shared = sum(other.answers_to(str(crop.code)) for other in legend) > 1  # an alias of two classes
        if any(is_number(name) for name in legend.names) or not crop.owns_its_code or shared:
            assert found is None or found.answers_to(str(crop.code))
        else:
            assert found == crop or found.answers_to(str(crop.code))


def test_a_name_wins_over_an_alias_and_an_alias_over_a_code():
    classes = (CropClass(1, "oats", "#000000"), CropClass(2, "maize", "#000001", ("3", "rye")))
    legend = Legend((*classes, CropClass(3, "rye", "#000002")))
    assert [legend.find(label).code for label in ("1", "2", "3", "Rye", "\uff11")] == [1, 2, 2, 3, 1]
    assert legend.find("barley") is None
    assert legend.find("") is None


def test_an_alias_of_two_classes_is_neither_and_no_code():
    classes = (CropClass(1, "oats", "#000000", ("3", "cereal")), CropClass(2, "rye", "#000001", ("Cereal", "3")))
    legend = Legend((*classes, CropClass(3, "maize", "#000002")))
    assert [legend.find(label) for label in ("cereal", "3")] == [None, None]
    assert legend.find("oats").code == 1


@given(st.lists(st.integers(1, 40), min_size=1, max_size=9, unique=True), st.integers(0, 41))
def test_a_number_is_never_taken_for_the_code_that_a_class_called_by_a_number_has(names, label):
    """As a training numbers the crop codes 1, 3, 5: the label 2 is no class, not the second one."""
    legend = Legend(tuple(CropClass(i + 1, str(name), "#000000") for i, name in enumerate(names)))
    found = legend.find(str(label))
    assert (found.name if found else None) == (str(label) if label in names else None)


# --- how names are written -------------------------------------------------------------------------------------------

forms = st.sampled_from(("NFC", "NFD", "NFKC", "NFKD"))


@given(st.text(max_size=20), forms)
def test_what_looks_the_same_is_the_same(text, form):
    once = plain(text)
    assert plain(once) == once
    assert plain(unicodedata.normalize(form, text)) == once
    assert plain(f" \t{text.casefold()}\u00a0\n") == once


@given(st.text("abc123\u00ef\u00e9", min_size=1, max_size=8), st.text("abc\u00ef\u00e9", min_size=1, max_size=8))
def test_spaces_hyphens_underscores_case_and_widths_are_all_one(first, second):
    wide = "".join(chr(ord(ch) + 0xFEE0) if "!" <= ch <= "~" else ch for ch in first)
    written = {f"{a}{gap}{b}" for a in (first, first.upper(), wide) for b in (second, second.title())
               for gap in (" ", "_", "-", "  ", " - ", "\u00a0", "\u2011", "\u2013")}  # fmt: skip
    assert {plain(each) for each in written} == {plain(f"{first} {second}")}
    assert plain(f"{first}\u00ad{second}") == plain(f"\ufeff{first}\u200b{second}") == plain(first + second)


@given(st.integers(-99, 99), st.integers(-99, 99))
def test_numbers_stay_apart(one, other):
    assert (plain(str(one)) == plain(str(other))) == (one == other)
    assert (plain(f"class {one}") == plain(f"class {other}")) == (one == other)
    assert is_number(str(one))


def test_a_name_in_two_forms_is_one_class():
    legend = Legend((CropClass(1, "Ma\u00efs", "#000000"),))
    assert legend.find("mai\u0308s").code == 1
    with pytest.raises(BadInput, match="more than once"):
        Legend((*legend, CropClass(2, "Mai\u0308s", "#000000")))


def test_code_0_is_a_class_of_maps_that_others_made_but_not_of_a_model():
    legend = Legend((CropClass(0, "other land", "#000000"), CropClass(1, "crop", "#000000")))
    assert legend.find("0").name == "other land"
    with pytest.raises(BadInput, match=r"other land.*no data"):
        legend.refuse_zero()
    with pytest.raises(BadInput, match="other land"):
        Legend.from_dict(legend.to_dict())


def test_a_long_legend_is_checked_in_no_time():
    """All codes there are: a comparison of each with each took more than a minute."""
    whole = [CropClass(code, f"class {code}", "#000000") for code in range(1, 65535)]
    start = time.process_time()
    Legend(tuple(whole))
    with pytest.raises(BadInput, match="the name class 7 more"):
        Legend((*whole[:-1], CropClass(65534, "Class_7", "#000000")))
    assert time.process_time() - start < 10


@given(colours)
def test_a_colour_is_three_bytes(colour):
    assert "#{:02x}{:02x}{:02x}".format(*CropClass(1, "a", colour).rgb) == colour


GOOD = {"code": 1, "name": "maize", "colour": "#ffd400"}
BAD = [
    [GOOD | {"code": 0}],
    [GOOD | {"code": 65535}],
    [GOOD | {"code": "one"}],
    [GOOD | {"code": None}],
    [GOOD | {"code": float("inf")}],
    [GOOD | {"name": "  "}],
    [GOOD | {"colour": "yellow"}],
    [GOOD | {"colour": "#ffd400\n"}],
    [GOOD | {"aliases": "corn"}],
    [GOOD | {"aliases": 3}],
    [{"code": 1, "name": "maize"}],
    [GOOD, GOOD],
    [GOOD, GOOD | {"code": 2, "name": "MAIZE "}],
    ["maize"],
    "maize",
    [],
    None,
    3,
]


@pytest.mark.parametrize("rows", BAD)
def test_what_is_no_legend_gets_a_sentence(rows):
    with pytest.raises(BadInput, match=r"\.$"):
        Legend.from_dict(rows)


@pytest.mark.parametrize("data", [[GOOD], {"classes": [GOOD], "title": "crops"}])
def test_a_file_holds_the_classes_alone_or_under_their_key(tmp_path, data):
    path = tmp_path / "legend.json"
    path.write_text(json.dumps(data))
    assert Legend.load(path).names == ("maize",)


@pytest.mark.parametrize("text", ["", "{", "{}", "3", '{"classes": 3}', "\xff"])
def test_a_file_that_is_no_legend(tmp_path, text):
    path = tmp_path / "legend.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(BadInput):
        Legend.load(path)
    with pytest.raises(BadInput, match=r"gone\.json"):
        Legend.load(tmp_path / "gone.json")


@given(
    st.lists(st.sampled_from(("Ma\u00efs", "mai\u0308s", "MA\u00cfS ", "rye", "Rye", "oats")), max_size=9), st.randoms()
)
def test_one_spelling_stands_for_each_name_whatever_the_order(labels, random):
    spelling = one_spelling(labels)
    random.shuffle(labels)
    assert one_spelling(labels) == spelling
    assert set(spelling) == set(labels)
    assert len(set(spelling.values())) == len({plain(label) for label in labels})
    assert all(plain(label) == plain(stands) for label, stands in spelling.items())
