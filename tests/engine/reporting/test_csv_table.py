"""Laws of tables as CSV: no spreadsheet runs a cell, numbers stay numbers, and our own readers read back what was
written."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.cli.options import read_dates, read_table
from crop_classifier_plugin.engine.reporting.csv_table import CsvTable, csv_text
from crop_classifier_plugin.shared.texts.cells import plain_cell, safe_cell
from crop_classifier_plugin.shared.texts.names import clean
from kits.paths import REPOSITORY

STARTS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
TEXTS = st.text(st.characters(codec="utf-8") | st.sampled_from(STARTS + "'\",;0.eE "), max_size=12)
NAMES = TEXTS.map(lambda text: clean(text).strip()).filter(bool)


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return text.strip()[-1:].isdigit() or text.strip().endswith(".")


@given(TEXTS)
def test_a_cell_comes_back_and_runs_nowhere(text: str) -> None:
    table = CsvTable()
    table.writerow(["a", text])
    written = next(csv.reader(io.StringIO(table.text, newline="")))[1]
    assert plain_cell(written) == text.replace("\r\n", "\n").replace("\r", "\n")
    assert written[:1] not in STARTS or not written or is_number(written)


@given(st.integers() | st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_stay_numbers_also_as_text(number: float) -> None:
    assert safe_cell(number) is number
    for told in (str(number), f"{number:.6f}", f"{number:.3e}", f"{number:+g}"):
        assert safe_cell(told) == told


@pytest.mark.parametrize("text", ["=1+1", "-1+1", "+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1", "\r=1", "-", "-inf", "'=1"])
def test_what_a_spreadsheet_could_run_gets_an_apostrophe(text: str) -> None:
    assert safe_cell(text) == f"'{text}"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=4))
def test_a_table_of_names_is_read_as_it_was_written(tmp_path: Path, pairs: list[tuple[str, str]]) -> None:
    path = tmp_path / "mapping.csv"
    rows = [{"reference": reference, "class": name} for reference, name in pairs]
    path.write_text(csv_text(["reference", "class"], rows), encoding="utf-8", newline="")
    assert [(row["reference"], row["class"]) for row in read_table(str(path), ("reference", "class"))] == pairs


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.lists(NAMES, min_size=1, max_size=4))
def test_a_table_of_dates_is_read_as_it_was_written(tmp_path: Path, layers: list[str]) -> None:
    path = tmp_path / "dates.csv"
    rows = [{"layer": layer, "date": "2024-06-29"} for layer in layers]
    path.write_text(csv_text(["layer", "date"], rows), encoding="utf-8", newline="")
    assert [entry.layer for entry in read_dates(str(path))] == layers


def test_there_is_no_other_door() -> None:
    package = REPOSITORY / "crop_classifier_plugin"
    writers = [
        path for path in package.rglob("*.py") if "csv.writer(" in path.read_text() or "DictWriter" in path.read_text()
    ]
    assert [path.name for path in writers] == ["csv_table.py"]
