"""Lengths, parameters and annotations of functions; fields of dataclasses; broad excepts."""

from __future__ import annotations

import ast
import math
import re
import statistics
from collections import defaultdict
from collections.abc import Iterator, Sequence

from .measure import Measure, Rules, over
from .source import PACKAGE, Function, Module, Source, decorators, functions

BROAD = ("Exception", "BaseException")
MODULE_BEFORE = re.compile(r"\b[A-Za-z_]\w*\.(?=[A-Za-z_])")


def measure_functions(source: Source, rules: Rules) -> Iterator[Measure]:
    """Of the package; the tests' lengths apart."""
    of_package = functions(source.package)
    yield from _lengths("", "", of_package, rules)
    yield from _lengths("test_", "tests: ", functions(source.under("tests")), rules)
    started = [each for each in of_package if each.node.name == "processAlgorithm"]
    yield over("process_algorithm_lines", "processAlgorithm over {} lines", rules, map(_length, started))
    yield over("parameters", "functions of more than {} parameters", rules, map(_width, of_package))
    bare = tuple(each.place for each in of_package if not annotated(each))
    yield Measure("not_annotated", "functions without all annotations", len(bare), bare)
    yield _types_of_names(of_package, rules)


def _lengths(key: str, title: str, found: Sequence[Function], rules: Rules) -> Iterator[Measure]:
    lines = sorted(each.lines for each in found)
    yield Measure(f"{key}functions", f"{title}functions", len(lines))
    yield Measure(f"{key}median_lines", f"{title}  median lines", statistics.median(lines) if lines else None)
    yield Measure(
        f"{key}p95_lines", f"{title}  95 % have at most", lines[math.ceil(0.95 * len(lines)) - 1] if lines else None
    )
    yield Measure(f"{key}longest", f"{title}  lines of the longest", lines[-1] if lines else None)
    yield over(f"{key}function_lines", f"{title}functions over {{}} lines", rules, map(_length, found))


def _length(function: Function) -> tuple[int, str]:
    return function.lines, function.place


def _width(function: Function) -> tuple[int, str]:
    command = " (a command: one an option)" if "command" in decorators(function.node) else ""
    return len(function.parameters), function.place + command


def annotated(function: Function) -> bool:
    """Every parameter but `self` and `cls`, and the return value; `__init__` with parameters returns nothing anyway."""
    started = function.node.name == "__init__" and bool(function.parameters)
    return (started or function.node.returns is not None) and all(each.annotation for each in function.parameters)


# --- one name, one type ----------------------------------------------------------------------------------------------


def _types_of_names(found: Sequence[Function], rules: Rules) -> Measure:
    types: dict[str, set[str]] = defaultdict(set)
    for each in found:
        for parameter in each.parameters:
            if parameter.annotation:
                types[parameter.arg].add(plain_type(parameter.annotation))
    sizes = [(len(kinds), f"{name}: {', '.join(sorted(kinds))}") for name, kinds in types.items()]
    return over("types_of_a_name", "parameter names of more than {} types", rules, sizes)


def plain_type(annotation: ast.expr) -> str:
    """Without quotes, None and the modules' names: `Optional["Card"]` and `cards.Card | None` are both `Card`."""
    if isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        return plain_type(ast.parse(annotation.value, mode="eval").body)
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value).endswith("Optional"):
        return plain_type(annotation.slice)
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        sides = (plain_type(annotation.left), plain_type(annotation.right))
        return " | ".join(sorted(side for side in sides if side != "None"))
    return MODULE_BEFORE.sub("", ast.unparse(annotation))


# --- dataclasses and excepts -----------------------------------------------------------------------------------------


def measure_dataclasses(source: Source, rules: Rules) -> Iterator[Measure]:
    """Fields, inherited ones too."""
    found = [full for full, (_, node) in source.classes.items() if "dataclass" in decorators(node)]
    sizes = [(len(fields(source, full)), full) for full in found if full.startswith(f"{PACKAGE}.")]
    yield Measure("largest_dataclass", "fields of the largest dataclass", max((n for n, _ in sizes), default=None))
    yield over("dataclass_fields", "dataclasses of more than {} fields", rules, sizes)


def fields(source: Source, full: str) -> set[str]:
    """The names of a dataclass's fields and of those that it inherits from dataclasses of the project."""
    above = [base for base in source.bases(full) if base in source.classes]
    nodes = [source.classes[each][1] for each in (full, *above)]
    return {name for node in nodes if "dataclass" in decorators(node) for name in _own_fields(node)}


def _own_fields(node: ast.ClassDef) -> Iterator[str]:
    for each in node.body:
        if not isinstance(each, ast.AnnAssign) or "ClassVar" in ast.unparse(each.annotation):
            continue
        if isinstance(each.target, ast.Name):
            yield each.target.id


def measure_excepts(source: Source) -> Iterator[Measure]:
    """`except:`, `except Exception:` and `except BaseException:`, those that raise again apart."""
    found = [
        (m, node) for m in source.package for node in m.nodes if isinstance(node, ast.ExceptHandler) and broad(node)
    ]
    yield Measure("broad_excepts", "broad excepts", len(found), _places(found))
    kept = [(m, node) for m, node in found if not any(isinstance(each, ast.Raise) for each in ast.walk(node))]
    yield Measure("swallowing_excepts", "  of them raise nothing", len(kept), _places(kept))


def broad(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(kind is None or ast.unparse(kind).rpartition(".")[2] in BROAD for kind in kinds)


def _places(found: Sequence[tuple[Module, ast.ExceptHandler]]) -> tuple[str, ...]:
    return tuple(m.at(node) for m, node in found)
