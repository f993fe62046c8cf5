"""Laws of choosing classes: what is left out or merged is told, and what contradicts itself is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.shared.class_choice import ClassChoice, read_merges, read_names
from crop_classifier_plugin.shared.errors import BadInput

NAMES = st.sampled_from(["Winter barley", "Barley", "Rye", "Hedge"])


@given(st.lists(NAMES, unique=True, min_size=1), st.sampled_from(["Grain", "Other"]))
def test_merges_are_read_as_they_are_written(names: list[str], into: str) -> None:
    assert read_merges([f"{' + '.join(names)} = {into}"]) == tuple((name, into) for name in names)
    assert read_merges([";\n".join(f" {name}={into} " for name in names)]) == tuple((name, into) for name in names)


def test_a_class_that_is_merged_into_itself_is_left_as_it_is() -> None:
    assert read_merges(["Winter barley + Barley = Barley"]) == (("Winter barley", "Barley"),)
    assert read_names("Hedge, Fallow;Road\n Wood ") == ("Hedge", "Fallow", "Road", "Wood")


@pytest.mark.parametrize("text", ["Rye", "= Rye", "Rye + = Grain", "Rye ="])
def test_what_is_no_merge_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="write it as Winter barley"):
        read_merges([text])


WRONG = {
    "share": ({"min_share": 1.0}, "no share"),
    "rare alone": ({"rare": "Other"}, "give min_share"),
    "two targets": ({"merge": (("Rye", "Grain"), ("RYE", "Other"))}, "into two others"),
    "chain": ({"merge": (("Rye", "Grain"), ("Grain", "Other"))}, "merged itself"),
    "both": ({"merge": (("Rye", "Grain"),), "exclude": ("rye",)}, "one of them is left out"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_contradicts_itself_is_refused(case: str) -> None:
    facts, words = WRONG[case]
    with pytest.raises(BadInput, match=words):
        ClassChoice(**facts)


def test_it_is_told_in_words_and_cut_after_ten() -> None:
    choice = ClassChoice(tuple(f"c{i}" for i in range(12)), read_merges(["a + b = c"]), 0.053, "Other")
    assert choice.told().startswith("without c0, c1,")
    assert "c9 and 2 more; a and b as c; classes below 5.3 % as Other" in choice.told()
    assert ClassChoice().told() == ""
