"""One feature, one stem: a job's kind names its entry point, command, algorithm, help page and icon."""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.cli.main import cli
from crop_classifier_plugin.shared.jobs import registry
from kits.paths import REPOSITORY

PACKAGE = REPOSITORY / "crop_classifier_plugin"
SEVERAL = ("classify", "train")  # kinds with an algorithm for each network
NO_JOB = {"about_engine", "setup_engine"}  # what QGIS does by itself


def _named(path: Path) -> list[str]:
    """The NAMEs of the algorithms in a file."""
    classes = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.ClassDef)]
    rows = [row for each in classes for row in each.body if isinstance(row, ast.Assign)]
    named = [row.value.value for row in rows if ast.unparse(row.targets[0]) == "NAME" and _is_text(row.value)]
    return [str(name) for name in named if name]


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


ALGORITHMS = {path: names for path in sorted((PACKAGE / "algorithms").glob("*/*.py")) if (names := _named(path))}
STEMS = {path.stem for path in ALGORITHMS}


def _stems_of(kind: str) -> set[str]:
    own = {stem for stem in STEMS if stem == kind}
    return own or {stem for stem in STEMS if kind in SEVERAL and stem.startswith(f"{kind}_")}


@pytest.mark.parametrize("kind", registry.JOBS)
def test_a_kind_has_its_entry_point_and_its_command(kind: str) -> None:
    module, _, function = registry.JOBS[kind].entry.partition(":")
    assert callable(getattr(importlib.import_module(f"crop_classifier_plugin.engine.{module}"), function))
    assert kind.replace("_", "-") in cli.commands


@pytest.mark.parametrize("kind", registry.JOBS)
def test_a_kind_has_its_algorithm(kind: str) -> None:
    assert _stems_of(kind)


@pytest.mark.parametrize("path", ALGORITHMS, ids=lambda path: path.stem)
def test_an_algorithm_is_called_as_its_file_help_and_icon(path: Path) -> None:
    assert ALGORITHMS[path] == [path.stem]
    assert (REPOSITORY / f"resources/help/{path.stem}.md").is_file()
    assert (REPOSITORY / f"resources/icons/{path.stem}.svg").is_file()


def test_every_algorithm_belongs_to_a_kind() -> None:
    assert set().union(*map(_stems_of, registry.JOBS)) == STEMS - NO_JOB


def test_no_help_page_and_no_icon_is_left_over() -> None:
    assert {path.stem for path in (REPOSITORY / "resources/help").glob("*.md")} == STEMS
    assert {path.stem for path in (REPOSITORY / "resources/icons").glob("*.svg")} - {"crop_classifier"} == STEMS
