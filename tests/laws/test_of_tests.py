"""Laws of the tests themselves: helpers come from tests/kits, and files and folders stay small enough to read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from kits.paths import REPOSITORY

TESTS = REPOSITORY / "tests"
FILES = sorted(TESTS.rglob("*.py"))
FOLDERS = sorted({path.parent for path in FILES})


def name_of(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def imported(path: Path) -> Iterator[str]:
    """Every name of a module that a file imports, or may import from a package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (f"{node.module or ''}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_nothing_is_imported_from_a_test_or_a_conftest(path: Path) -> None:
    modules = {other.stem for other in FILES if other.stem.startswith("test_") or other.stem == "conftest"}
    assert not [name for name in imported(path) if not name.startswith("crop_") and modules & set(name.split("."))]


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_no_file_is_longer_than_300_lines_and_no_function_than_40(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 300
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert not [n.name for n in functions if n.end_lineno - n.lineno >= 40]


@pytest.mark.parametrize("folder", FOLDERS, ids=name_of)
def test_no_folder_holds_more_than_12_files(folder: Path) -> None:
    assert len([path for path in folder.glob("*.py") if path.name != "__init__.py"]) <= 12 or folder.name == "networks"


def test_every_helper_lies_in_a_kit_and_every_conftest_holds_fixtures_alone() -> None:
    """A plain function of a conftest could be used by no test, and one in a folder of tests by no other folder."""
    for path in FILES:
        if path.name == "conftest.py":
            functions = [n for n in ast.parse(path.read_text()).body if isinstance(n, ast.FunctionDef)]
            assert all(
                any("fixture" in ast.unparse(d) for d in n.decorator_list) or n.name.startswith("pytest_")
                for n in functions
            )
        else:
            assert path.name.startswith("test_") or TESTS / "kits" in path.parents, name_of(path)
