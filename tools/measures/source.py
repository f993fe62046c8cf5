"""The Python files of a checkout or of one of its revisions, parsed; names looked up through imports."""

from __future__ import annotations

import ast
import io
import os
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

PACKAGE = "crop_classifier_plugin"
MADE = ("build", "dist", "demo")  # what the Makefile's targets leave, beside hidden folders and environments
Def = ast.FunctionDef | ast.AsyncFunctionDef


class SourceError(Exception):
    """A checkout or a revision that cannot be read, in a sentence."""


@dataclass(frozen=True)
class Module:
    """One file: its path from the root of the checkout and its parsed text."""

    path: PurePosixPath
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """`a.b` for `a/b.py` and for `a/b/__init__.py`."""
        return ".".join(self.path.parent.parts if self.is_package else self.path.with_suffix("").parts)

    @property
    def is_package(self) -> bool:
        return self.path.name == "__init__.py"

    @property
    def lines(self) -> int:
        return len(self.text.splitlines())

    def at(self, node: ast.stmt | ast.excepthandler) -> str:
        """Where a node stands: `a/b.py:12`."""
        return f"{self.path}:{node.lineno}"

    def anchor(self, node: ast.ImportFrom) -> str:
        """The module that `from ... import` names, dots resolved: `a.b` for `from .b` in `a/c.py`."""
        parts = self.name.split(".")
        above = node.level - 1 if self.is_package else node.level
        start = parts[: len(parts) - above] if node.level else []
        return ".".join([*start, *filter(None, [node.module])])

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def names(self) -> dict[str, str]:
        """What each imported name stands for: `{"Card": "crop_classifier_plugin.shared.cards.card.Card"}`."""
        found: dict[str, str] = {}
        for node in self.nodes:
            if isinstance(node, ast.ImportFrom):
                found |= {a.asname or a.name: f"{self.anchor(node)}.{a.name}" for a in node.names}
            elif isinstance(node, ast.Import):
                found |= {
                    a.asname or a.name.split(".")[0]: a.name if a.asname else a.name.split(".")[0] for a in node.names
                }
        return found


@dataclass(frozen=True)
class Function:
    """A function or method. `owner` is the class that it stands in, `public` that no name on the way is private."""

    module: Module
    node: Def
    owner: ast.ClassDef | None
    nested: bool
    public: bool

    @property
    def title(self) -> str:
        return f"{self.owner.name}.{self.node.name}" if self.owner else self.node.name

    @property
    def place(self) -> str:
        return f"{self.module.at(self.node)} {self.title}"

    @property
    def lines(self) -> int:
        """From `def` to the last line: decorators are not counted, the docstring is."""
        return (self.node.end_lineno or self.node.lineno) - self.node.lineno + 1

    @property
    def parameters(self) -> list[ast.arg]:
        """All of them, `*args` and `**kwargs` too, without `self` and `cls`."""
        of = self.node.args
        named = [*of.posonlyargs, *of.args]
        bound = self.owner is not None and "staticmethod" not in decorators(self.node)
        stars = [star for star in (of.vararg, of.kwarg) if star]
        return [*named[1 if bound else 0 :], *of.kwonlyargs, *stars]


@dataclass(frozen=True)
class Source:
    """All modules of one state of the project."""

    modules: tuple[Module, ...]

    @property
    def package(self) -> tuple[Module, ...]:
        return self.under(PACKAGE)

    def under(self, top: str) -> tuple[Module, ...]:
        return tuple(m for m in self.modules if m.path.parts[0] == top)

    @cached_property
    def by_name(self) -> dict[str, Module]:
        return {m.name: m for m in self.modules}

    @cached_property
    def classes(self) -> dict[str, tuple[Module, ast.ClassDef]]:
        """Every class by its full dotted name."""
        return {
            f"{m.name}.{node.name}": (m, node)
            for m in self.modules
            for node in m.nodes
            if isinstance(node, ast.ClassDef)
        }

    def full_name(self, module: Module, expression: ast.expr) -> str:
        """The dotted name that an expression such as `card.Card` stands for, followed through re-exports."""
        dotted = ast.unparse(expression.value if isinstance(expression, ast.Subscript) else expression)
        first, _, rest = dotted.partition(".")
        own = f"{module.name}.{dotted}"
        target = own if own in self.classes else ".".join(filter(None, [module.names.get(first, first), rest]))
        return self._followed(target)

    def _followed(self, target: str, steps: int = 8) -> str:
        head, _, last = target.rpartition(".")
        module = self.by_name.get(head)
        if steps == 0 or target in self.classes or module is None or last not in module.names:
            return target
        return self._followed(module.names[last], steps - 1)

    def bases(self, full: str) -> Iterator[str]:
        """The full names of the classes above `full`, the nearest first; those of other packages end the way."""
        seen, waiting = {full}, [full]
        while waiting:
            module, node = self.classes[waiting.pop(0)]
            for base in (self.full_name(module, each) for each in node.bases):
                if base not in seen:
                    seen.add(base)
                    yield base
                    if base in self.classes:
                        waiting.append(base)


def decorators(node: Def | ast.ClassDef) -> set[str]:
    """The last names of what decorates it: `{"dataclass"}` for `@dataclasses.dataclass(frozen=True)`."""
    plain = (each.func if isinstance(each, ast.Call) else each for each in node.decorator_list)
    return {ast.unparse(each).rpartition(".")[2] for each in plain}


def functions(modules: Iterable[Module]) -> list[Function]:
    """Every function, nested ones too."""
    return [found for module in modules for found in _functions(module, module.tree, None, False, True)]


def _functions(
    module: Module, within: ast.AST, owner: ast.ClassDef | None, nested: bool, public: bool
) -> Iterator[Function]:
    for node in ast.iter_child_nodes(within):
        if isinstance(node, Def):
            shown = public and not nested and not node.name.startswith("_")
            yield Function(module, node, owner, nested, shown)
            yield from _functions(module, node, None, True, public)
        elif isinstance(node, ast.ClassDef):
            yield from _functions(module, node, node, nested, public and not node.name.startswith("_"))
        else:
            yield from _functions(module, node, owner, nested, public)


# --- where the text comes from ---------------------------------------------------------------------------------------


def of_folder(root: Path) -> Source:
    """The files as they lie in a checkout, committed or not."""
    if not (root / PACKAGE).is_dir():
        raise SourceError(f"{root} is no checkout of this project: it has no folder {PACKAGE}.")
    return parsed({PurePosixPath(path.relative_to(root).as_posix()): path.read_text("utf-8") for path in _files(root)})


def _files(root: Path) -> Iterator[Path]:
    for folder, below, names in os.walk(root):
        here = Path(folder)
        left_out = {"__pycache__", *(MADE if here == root else ())}
        below[:] = [b for b in below if not (b.startswith(".") or b in left_out or (here / b / "pyvenv.cfg").exists())]
        yield from (here / name for name in names if name.endswith(".py"))


def of_revision(root: Path, revision: str) -> Source:
    """The files of a commit, branch or tag, through `git archive`; the checkout stays as it is."""
    made = subprocess.run(
        ["git", "-C", str(root), "archive", "--format=tar", revision], capture_output=True, check=False
    )
    if made.returncode:
        raise SourceError(f"git gives no files of {revision!r}: {made.stderr.decode(errors='replace').strip()}")
    with tarfile.open(fileobj=io.BytesIO(made.stdout)) as archive:
        files = [member for member in archive if member.isfile() and member.name.endswith(".py")]
        return parsed({PurePosixPath(f.name): _text(archive, f) for f in files})


def _text(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    stream = archive.extractfile(member)
    return stream.read().decode("utf-8") if stream else ""


def parsed(texts: Mapping[PurePosixPath, str]) -> Source:
    return Source(tuple(Module(path, text, _tree(path, text)) for path, text in sorted(texts.items())))


def _tree(path: PurePosixPath, text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise SourceError(f"{path} cannot be read as Python: {error}. Mend it and measure again.") from error
