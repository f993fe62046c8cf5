"""A page of results is what the maker makes of its data, and says every figure of it; that of public reports names
tests that exist."""

from __future__ import annotations

import ast
import json
import re
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.lib.compare import changed, figures
from benchmarks.lib.pages import as_json, page, table
from crop_classifier_plugin.engine.experiments.results import Column, Results, Table, Text, spread
from kits.paths import REPOSITORY

RESULTS = REPOSITORY / "benchmarks" / "results"
NUMBER = st.floats(-1e6, 1e6)
WORD = st.text(string.ascii_letters, min_size=1, max_size=12)
CELL = st.one_of(st.none(), WORD, NUMBER, st.integers(-(10**9), 10**9))


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_a_page_is_what_the_maker_makes_of_its_data(file: Path) -> None:
    made = page(json.loads(file.read_text(encoding="utf-8")))
    assert file.with_suffix(".md").read_text(encoding="utf-8") == made, "make it again: python -m benchmarks.lib.pages"


def test_every_page_has_its_data() -> None:
    assert {file.stem for file in RESULTS.glob("*.md")} == {file.stem for file in RESULTS.glob("*.json")}


@pytest.mark.parametrize("file", sorted(RESULTS.glob("*.json")), ids=lambda file: file.stem)
def test_whatever_measured_is_in_the_repository(file: Path) -> None:
    assert (REPOSITORY / json.loads(file.read_text(encoding="utf-8"))["by"]).is_file()


@given(st.data(), st.integers(1, 5))
def test_a_table_tells_every_cell_in_its_place(data: st.DataObject, width: int) -> None:
    rows = data.draw(st.lists(st.tuples(*[CELL] * width), max_size=5))
    made = Table("t", tuple(Column(f"c{i}", "{:.17g}") for i in range(width)), tuple(rows))
    told = [[cell.strip() for cell in line[1:-1].split("|")] for line in table(made.data()).splitlines()]
    assert told[0] == [column.title for column in made.columns]
    for row, cells in zip(rows, told[2:], strict=True):
        for value, cell in zip(row, cells, strict=True):
            assert cell == (value or "") if value is None or isinstance(value, str) else float(cell) == value


def test_a_row_of_another_width_is_refused() -> None:
    with pytest.raises(ValueError, match="2 cells"):
        Table("t", (Column("a"), Column("b")), ((1,),))


@given(st.lists(NUMBER, min_size=1, max_size=9))
def test_a_spread_holds_its_middle(values: list[float]) -> None:
    for middle in ("mean", "median"):
        found = spread(values, middle)
        assert found["low"] - 1e-6 <= found[middle] <= found["high"] + 1e-6
        assert (found["low"], found["high"]) == (min(values), max(values))


NESTED = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBER, st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=30,
)


@given(NESTED)
def test_data_is_read_as_it_was_written(value: Any) -> None:
    assert json.loads(as_json(value)) == value


@given(st.lists(WORD, min_size=1, max_size=60), st.floats(0, 1e6))
def test_a_text_keeps_its_words_and_says_its_facts(words: list[str], fact: float) -> None:
    results = Results("T", "b.py", (Text(f"{' '.join(words)} {{fact:.17g}}"),), {"fact": fact})
    told = page(results.data()).partition("\n\n")[2].partition("\n\n")[2].split()
    assert told[:-1] == words
    assert float(told[-1]) == fact


@given(st.lists(NUMBER.filter(bool), min_size=2, max_size=6), st.integers(0, 5))
def test_a_comparison_finds_what_changed_and_nothing_else(values: list[float], place: int) -> None:
    columns = (Column("who"), *(Column("figure") for _ in values))
    later = [value * (2 if i == place % len(values) else 1) for i, value in enumerate(values)]
    old, new = (
        dict(figures(Results("T", "b.py", (Table("t", columns, (("one", *row),)),)).data())) for row in (values, later)
    )
    found = list(changed(old, new, 0.05))
    assert [(before, after) for _, before, after in found] == [
        (values[place % len(values)], later[place % len(values)])
    ]


# --- the page of public reports --------------------------------------------------------------------------------------

CASES = json.loads((RESULTS / "public_cases.json").read_text(encoding="utf-8"))
(CASE_TABLE,) = (part for part in CASES["parts"] if "table" in part)
CASE_ROWS = [
    dict(zip((column["title"] for column in CASE_TABLE["columns"]), row, strict=True)) for row in CASE_TABLE["rows"]
]


@pytest.mark.parametrize("row", CASE_ROWS, ids=lambda row: row["what users' data have"])
def test_every_case_is_held_by_tests_that_exist(row: dict[str, str]) -> None:
    named = re.findall(r"`(tests/[^`]+\.py)::(test_[^`]+)`", row["held by"])
    assert len(named) == row["held by"].count("::") > 0
    for path, name in named:
        found = ast.parse((REPOSITORY / path).read_text(encoding="utf-8")).body
        assert name in [node.name for node in found if isinstance(node, ast.FunctionDef)]


@pytest.mark.parametrize("row", CASE_ROWS, ids=lambda row: row["what users' data have"])
def test_every_case_is_whole(row: dict[str, str]) -> None:
    assert all(row.values())
    assert row["verdict"] in ("right", "told")
    assert not [cell for cell in row.values() if "|" in cell]


def test_the_page_counts_its_own_rows() -> None:
    told = sum(row["verdict"] == "told" for row in CASE_ROWS)
    assert CASES["facts"] == {"cases": len(CASE_ROWS), "right": len(CASE_ROWS) - told, "told": told}
