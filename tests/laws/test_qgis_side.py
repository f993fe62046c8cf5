"""Laws that import contracts cannot state: every import of the QGIS side is known, and its syntax is Python 3.9."""

import ast
import sys

import pytest

from kits.paths import REPOSITORY

PACKAGE = REPOSITORY / "crop_classifier_plugin"
SHARED = set((PACKAGE / "shared").rglob("*.py"))
OUTSIDE = {path for path in PACKAGE.rglob("*.py") if PACKAGE / "engine" not in path.parents} - SHARED


def names(path):
    return str(path.relative_to(PACKAGE))


@pytest.mark.parametrize("path", sorted(OUTSIDE | SHARED), ids=names)
def test_syntax_is_python_39(path):
    ast.parse(path.read_text(), feature_version=(3, 9))


@pytest.mark.parametrize("path", sorted(OUTSIDE | SHARED), ids=names)
def test_only_qgis_and_the_standard_library(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            imported = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            imported = [node.module]
        else:
            continue
        known = sys.stdlib_module_names | ({"qgis", "processing"} if path in OUTSIDE else set())
        assert {name.split(".")[0] for name in imported} <= known
