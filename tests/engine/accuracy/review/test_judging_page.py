"""The page on judging a map: its table of the review's fields is the contract, its steps and commands exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import click
import pytest

from crop_classifier_plugin.engine.cli.main import cli
from crop_classifier_plugin.shared.review_table import FIELDS, STATES, UNITS
from kits.paths import REPOSITORY

PAGE = (REPOSITORY / "docs/how-to/judge_a_map.md").read_text(encoding="utf-8")
TYPES = {"text": str, "whole": int, "decimal": float}
ACCURACY = sorted((REPOSITORY / "crop_classifier_plugin/algorithms/accuracy").glob("[!_]*.py"))


def test_the_table_of_fields_is_the_contract() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \|$", PAGE, re.MULTILINE)
    assert [(name, TYPES[kind]) for name, kind, _ in rows] == list(FIELDS.items())
    meanings = {name: meaning for name, _, meaning in rows}
    assert tuple(re.findall(r"`(\w+)`", meanings["status"])) == STATES
    assert tuple(re.findall(r"`(\w+)`", meanings["unit"])) == UNITS


@pytest.mark.parametrize("path", ACCURACY, ids=lambda path: path.stem)
def test_every_algorithm_of_accuracy_has_its_step(path: Path) -> None:
    texts = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Assign)]
    (title,) = [node.value.value for node in texts if ast.unparse(node.targets[0]) == "TITLE"]
    assert f"**{title}**" in PAGE
    assert f"`{path.stem.replace('_', '-')}`" in PAGE


@pytest.mark.parametrize(
    "line", re.findall(r"^    crop-classifier (.+)$", PAGE, re.MULTILINE), ids=lambda line: line.split()[0]
)
def test_commands_have_the_options_that_are_given(line: str) -> None:
    name, *words = line.split()
    known = {option for each in cli.commands[name].params if isinstance(each, click.Option) for option in each.opts}
    assert {word for word in words if word.startswith("--")} <= known
