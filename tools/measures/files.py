"""Files a folder, lines a file, and names that occur twice."""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from .measure import Measure, Rules, over
from .source import Module, Source

ALL_THE_SAME_KIND = ("networks", "simulate", "shared/jobs", "products/sensors")  # these folders may be longer


def measure_files(source: Source, rules: Rules) -> Iterator[Measure]:
    """Folders of the whole checkout; lines of the package and of the tests apart."""
    yield Measure("package_files", "Python files of the package", len(source.package))
    yield Measure("test_files", "Python files of the tests", len(source.under("tests")))
    yield from _folders(source.modules, rules)
    yield _lines("package_file_lines", "files of the package", source.package, rules)
    yield _lines("test_file_lines", "files of the tests", source.under("tests"), rules)


def _folders(modules: Iterable[Module], rules: Rules) -> Iterator[Measure]:
    counts = Counter(m.path.parent for m in modules if not m.is_package)
    sizes = [(count, str(folder)) for folder, count in counts.items() if not same_kind(folder)]
    largest = max(sizes, default=(0, ""))
    excepted = tuple(f"{count} {folder}" for folder, count in counts.most_common() if same_kind(folder))
    yield Measure("largest_folder", "files in the largest folder", largest[0], (largest[1],) if largest[1] else ())
    yield over("folder_files", "folders of more than {} files", rules, sizes)
    yield Measure("same_kind_folders", "  folders that may be longer (all the same kind)", len(excepted), excepted)


def same_kind(folder: PurePosixPath) -> bool:
    """Whether a folder is one of those that hold one kind of thing, or its mirror in the tests."""
    return any(folder.parts[-len(end.split("/")) :] == tuple(end.split("/")) for end in ALL_THE_SAME_KIND)


def _lines(key: str, of: str, modules: Iterable[Module], rules: Rules) -> Measure:
    return over(key, f"{of} over {{}} lines", rules, ((m.lines, str(m.path)) for m in modules))


def measure_names(source: Source) -> Iterator[Measure]:
    """Public classes and modules of the package that share their name with another."""
    classes = ((node.name, m) for m in source.package for node in m.tree.body if isinstance(node, ast.ClassDef))
    yield _twice("class_names", "class names in several modules", (c for c in classes if not c[0].startswith("_")))
    modules = ((m.path.stem, m) for m in source.package if not m.is_package)
    yield _twice("module_names", "module names in several folders", modules)


def _twice(key: str, title: str, named: Iterable[tuple[str, Module]]) -> Measure:
    places: dict[str, list[str]] = defaultdict(list)
    for name, module in named:
        places[name].append(str(module.path))
    shared = sorted(((-len(where), name) for name, where in places.items() if len(where) > 1))
    return Measure(key, title, len(shared), tuple(f"{-n} {name}: {', '.join(places[name])}" for n, name in shared))
