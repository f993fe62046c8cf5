"""Circles of imports in the package, and tests that import from tests."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from .measure import Measure
from .source import PACKAGE, Module, Source

Graph = Mapping[str, set[str]]


def measure_circles(source: Source) -> Iterator[Measure]:
    """Groups of modules that import each other: at any time, and with what is imported for types only."""
    loaded = circles(graph(source, for_types=False))
    yield Measure("circles", "circles of imports", len(loaded), tuple(map(_told, loaded)), "circles")
    typed = [c for c in circles(graph(source, for_types=True)) if c not in loaded]
    yield Measure(
        "type_circles", "  more by TYPE_CHECKING imports", len(typed), tuple(map(_told, typed)), "type_circles"
    )


def _told(circle: frozenset[str]) -> str:
    return f"{len(circle)} " + " <-> ".join(name.removeprefix(f"{PACKAGE}.") for name in sorted(circle))


def graph(source: Source, for_types: bool) -> Graph:
    """Which module of the package imports which, inside functions too; `for_types`: under TYPE_CHECKING too.

    `from . import x` leads to the module x where there is one, otherwise to the package that gives x.
    """
    known = {m.name for m in source.package}
    return {m.name: {t for node in _imports(m, for_types) for t in _targets(m, node, known)} for m in source.package}


def _imports(module: Module, for_types: bool) -> Iterator[ast.Import | ast.ImportFrom]:
    guards = [node for node in module.nodes if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)]
    guarded = {id(each) for guard in guards for top in guard.body for each in ast.walk(top)}
    for node in module.nodes:
        if isinstance(node, (ast.Import, ast.ImportFrom)) and (for_types or id(node) not in guarded):
            yield node


def _targets(module: Module, node: ast.Import | ast.ImportFrom, known: set[str]) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name in known)
        return
    anchor = module.anchor(node)
    for alias in node.names:
        submodule = f"{anchor}.{alias.name}"
        target = submodule if submodule in known else anchor
        if target in known and target != module.name:
            yield target


def circles(imports: Graph) -> list[frozenset[str]]:
    """The strongly connected groups of more than one module, the largest first."""
    reached = {name: _reached(imports, name) for name in imports}
    groups = {
        frozenset({name, *(other for other in there if name in reached[other])}) for name, there in reached.items()
    }
    return sorted((group for group in groups if len(group) > 1), key=lambda group: (-len(group), sorted(group)))


def _reached(imports: Graph, start: str) -> set[str]:
    found: set[str] = set()
    waiting = [start]
    while waiting:
        new = imports[waiting.pop()] - found
        found |= new
        waiting.extend(new)
    return found


# --- tests -----------------------------------------------------------------------------------------------------------


def measure_test_imports(source: Source) -> Iterator[Measure]:
    """Statements that import from another test module or from conftest: shared helpers belong in a package."""
    imports = [(m, node) for m in source.under("tests") for node in _imports(m, for_types=True)]
    found = [(m, node, name) for m, node in imports for name in _imported(node)]
    for key, title, kind in (
        ("test_module_imports", "test modules", "test_"),
        ("conftest_imports", "conftest", "conftest"),
    ):
        places = tuple(f"{m.at(node)} {name}" for m, node, name in found if name.startswith(kind))
        yield Measure(key, f"tests that import from {title}", len(places), places)


def _imported(node: ast.Import | ast.ImportFrom) -> list[str]:
    """The last names of the modules that a statement imports, or may import."""
    named = [alias.name.rpartition(".")[2] for alias in node.names]
    if isinstance(node, ast.Import):
        return named
    module = (node.module or "").rpartition(".")[2]
    return [module] if module.startswith(("test_", "conftest")) else named
