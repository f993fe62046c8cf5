"""The share of public things that say what they are."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from .measure import Measure
from .source import Def, Function, Module, Source, decorators, functions

SIDES = {"engine": "engine", "shared": "shared"}  # folder -> side; the rest is loaded by QGIS
CAMEL = re.compile(r"[a-z]+[a-z0-9]*[A-Z]\w*")  # the project's own names have underscores, Qt's have capitals
SHORT = {"id", "name", "icon", "group", "flags", "tags", "tr", "unload", "run", "finished", "event"}  # Qt's, one word
Public = ast.ClassDef | Def


def measure_docs(source: Source) -> Iterator[Measure]:
    """Classes, functions and methods without underscore.

    Not counted: what overrides Qt or QGIS, and one-statement overrides of the project's own classes. A longer
    override has the docstring of what it overrides. The last row counts every public function by its own docstring.
    """
    for key, title in (("engine", "engine side"), ("shared", "both sides (shared)"), ("qgis", "QGIS side")):
        things = [each for m in source.package if side(m) == key for each in _things(source, m)]
        yield _share(f"docs_{key}", f"docstrings, {title}", things)
    of_qgis = functions(m for m in source.package if side(m) == "qgis")
    raw = [(each.place, _told(each.node)) for each in of_qgis if each.public]
    yield _share("docs_qgis_raw", "  with all overrides, none inherited", raw)


def _share(key: str, title: str, things: Sequence[tuple[str, bool]]) -> Measure:
    missing = tuple(place for place, told in things if not told)
    share = round(100 * (1 - len(missing) / len(things)), 1) if things else None
    return Measure(key, title, share, missing, unit="%")


def side(module: Module) -> str:
    return SIDES.get(module.path.parts[1], "qgis")


def _things(source: Source, module: Module) -> Iterator[tuple[str, bool]]:
    """Each public thing of a module: its place, and whether it has a docstring."""
    for node in module.tree.body:
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield f"{module.at(node)} {node.name}", _told(node)
    for function in functions([module]):
        if function.public and "overload" not in decorators(function.node) and not qt_override(source, function):
            above = overridden(source, function)
            if not above or len(function.node.body) > 1:
                told = _told(function.node) or any(map(_told, above))
                yield function.place, told


def _told(node: Public) -> bool:
    return bool(ast.get_docstring(node))


def qt_override(source: Source, function: Function) -> bool:
    """Whether Qt or QGIS gave the name, so that their manual tells what it does."""
    if side(function.module) != "qgis":
        return False
    return bool(CAMEL.fullmatch(function.node.name)) or (function.node.name in SHORT and of_qt(source, function))


def of_qt(source: Source, function: Function) -> bool:
    """Whether the class is Qt's or QGIS's child, or the plugin that QGIS itself starts."""
    if function.owner is None:
        return False
    started = any(isinstance(each, Def) and each.name == "initGui" for each in function.owner.body)
    above = source.bases(f"{function.module.name}.{function.owner.name}")
    return started or any(base.rpartition(".")[2].startswith("Q") for base in above if base not in source.classes)


def overridden(source: Source, function: Function) -> list[Def]:
    """The methods of the same name in the project's classes above."""
    if function.owner is None:
        return []
    above = [b for b in source.bases(f"{function.module.name}.{function.owner.name}") if b in source.classes]
    bodies = [each for base in above for each in source.classes[base][1].body]
    return [each for each in bodies if isinstance(each, Def) and each.name == function.node.name]
