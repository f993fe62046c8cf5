"""The measures of tools/house.py: a clean tree has nothing to show, and whatever is planted in one is found."""

from __future__ import annotations

import importlib
import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

P = "crop_classifier_plugin"
CLEAN = {
    f"{P}/__init__.py": "",
    f"{P}/plugin.py": '''
        class Plugin:
            """What QGIS starts."""

            def initGui(self) -> None:
                pass

            def unload(self) -> None:
                pass
        ''',
    f"{P}/algorithms/__init__.py": "",
    f"{P}/algorithms/common.py": '''
        from qgis.core import QgsProcessingAlgorithm

        class Common(QgsProcessingAlgorithm):
            """What the algorithms share."""

            def inputs(self) -> list[str]:
                """The names of the inputs."""
                return []

            def displayName(self) -> str:
                return "Common"
        ''',
    f"{P}/algorithms/classify.py": '''
        from .common import Common

        class Classify(Common):
            """Classifies."""

            def name(self) -> str:
                return "classify"

            def inputs(self) -> list[str]:
                return ["series"]
        ''',
    f"{P}/engine/__init__.py": "from .one import Job as Job",
    f"{P}/engine/one.py": '''
        from dataclasses import dataclass

        @dataclass(frozen=True)
        class Job:
            """What is to be done."""

            path: str
        ''',
    f"{P}/engine/two.py": '''
        from __future__ import annotations
        from . import Job, one

        def told(job: Job | None, other: one.Job) -> str:
            """The path."""
            try:
                return job.path if job else other.path
            except ValueError as error:
                raise RuntimeError("No path.") from error
        ''',
    "tests/kits/series.py": "NAMES = ('a',)",
    "tests/engine/test_one.py": "from kits.series import NAMES\n\ndef test_one():\n    assert NAMES",
}
SHARES = ("docs_engine", "docs_qgis")
COUNTS = {  # of offenders: a clean tree has none
    *("folder_files", "package_file_lines", "test_file_lines", "function_lines", "test_function_lines"),
    *("process_algorithm_lines", "parameters", "types_of_a_name", "dataclass_fields", "not_annotated"),
    *("circles", "type_circles", "broad_excepts", "swallowing_excepts"),
    *("test_module_imports", "conftest_imports", "class_names", "module_names"),
}


def of_engine(three: str, four: str = "") -> dict[str, str]:
    return {f"{P}/engine/three.py": three} | ({f"{P}/engine/four.py": four} if four else {})


def of_tests(three: str) -> dict[str, str]:
    return {"tests/engine/test_three.py": three}


def long(head: str, lines: int) -> str:
    indent = " " * (len(head) - len(head.lstrip()) + 4)
    return "\n".join([head, *(f"{indent}x{i} = {i}" for i in range(lines - 1))])


def typed(name: str, *types: str) -> str:
    return "\n".join(f"def _f{i}({name}: {kind}) -> None: ..." for i, kind in enumerate(types))


FIELDS = "\n".join(f"    f{i}: int" for i in range(12))
IN_CLASS = "class _A:\n    if True:\n"
TYPES_ONLY = "import typing\n\nif typing.TYPE_CHECKING:\n    from .three import b"
PLANTS: list[tuple[str, dict[str, str]]] = [
    ("folder_files", {f"{P}/gui/part{i}.py": "" for i in range(13)}),
    ("folder_files", {f"tests/more/test_part{i}.py": "" for i in range(13)}),
    ("package_file_lines", of_engine("\n" * 301)),
    ("test_file_lines", of_tests("\n" * 301)),
    ("function_lines", of_engine(long("def _f() -> None:", 41))),
    ("function_lines", of_engine(IN_CLASS + long("        async def f(self) -> None:", 41))),
    ("test_function_lines", of_tests(long("def test_f():", 41))),
    ("process_algorithm_lines", of_engine(IN_CLASS + long("        def processAlgorithm(self) -> None:", 26))),
    ("parameters", of_engine("def _f(a: T, b: T, /, c: T, *d: T, e: T, f: T, **g: T) -> None: ...")),
    ("parameters", of_engine("class _A:\n    def f(self, a: T, b: T, c: T, d: T, e: T, f: T, g: T) -> None: ...")),
    ("types_of_a_name", of_engine(typed("x", "int", "str", "'list[int] | None'", "dict[str, int]"))),
    ("dataclass_fields", of_engine(f"import dataclasses as d\n\n@d.dataclass\nclass _A:\n    a: int\n{FIELDS}")),
    ("dataclass_fields", of_engine(f"from . import Job\n\n@dataclass\nclass _A(Job):\n{FIELDS}")),
    ("not_annotated", of_engine("def _f(a) -> None: ...")),
    ("not_annotated", of_engine("class _A:\n    def f(self): ...")),
    ("circles", of_engine("from . import four", f"import {P}.engine.three")),
    ("circles", of_engine("from .four import a", "def _f() -> None:\n    from ..engine.three import b")),
    ("type_circles", of_engine("from .four import a", TYPES_ONLY)),
    ("broad_excepts", of_engine("try:\n    pass\nexcept:\n    raise")),
    ("broad_excepts", of_engine("try:\n    pass\nexcept Exception:\n    raise")),
    ("broad_excepts", of_engine("try:\n    pass\nexcept BaseException as error:\n    raise error")),
    ("broad_excepts", of_engine("try:\n    pass\nexcept (ValueError, Exception):\n    raise")),
    ("swallowing_excepts", of_engine("try:\n    pass\nexcept Exception:\n    pass")),
    ("test_module_imports", of_tests("from test_one import NAMES")),
    ("test_module_imports", of_tests("from . import test_one")),
    ("conftest_imports", {"tests/kits/three.py": "from tests.engine.conftest import NAMES"}),
    ("class_names", of_engine('class Job:\n    """Another."""')),
    ("module_names", {f"{P}/gui/two.py": ""}),
]
ALLOWED = [  # as much as may be, or what only looks like an offence
    of_engine(long("def _f() -> None:", 40)),
    of_engine("class _A:\n    def f(self, a: T, b: T, c: T, d: T, e: T, f: T) -> None: ..."),
    of_engine(f"@dataclass\nclass _A:\n    a: ClassVar[int] = 0\n{FIELDS}"),
    of_engine(typed("x", "int", "int | None", "'int'", "Optional[int]", "str", "dt.date", "datetime.date")),
    of_engine("class _A:\n    def __init__(self, a: int): ..."),
    of_engine("class _Job: ..."),
    of_engine("from . import Job"),  # the package gives Job, and does not import three
]
SILENT = [
    ("docs_engine", "def f() -> None: ..."),
    ("docs_engine", "class A: ..."),
    ("docs_engine", 'class A:\n    """Known."""\n    def forward(self) -> None: ...'),
    ("docs_qgis", "def f() -> None: ..."),
    ("docs_qgis", "from ..algorithms.common import Common\n\nclass A(Common): ..."),
    ("docs_qgis", 'class A:\n    """Not of Qt."""\n    def name(self) -> str: ...'),
]


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> Any:
    """The program as a module."""
    monkeypatch.syspath_prepend(str(pytestconfig.rootpath / "tools"))
    yield importlib.import_module("house")
    for name in [name for name in sys.modules if name == "house" or name.partition(".")[0] == "measures"]:
        del sys.modules[name]


def laid(root: Path, *trees: dict[str, str]) -> Path:
    """A checkout of these files, their texts shifted to the left."""
    for path, text in (item for tree in trees for item in tree.items()):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(textwrap.dedent(text))
    return root


def measured(house: Any, root: Path) -> dict[str, Any]:
    return {each.key: each for each in house.measure(house.of_folder(root), house.RULES)}


def test_a_clean_tree_passes(house, tmp_path, capsys):
    found = measured(house, laid(tmp_path, CLEAN))
    assert {key: found[key].items for key in COUNTS if found[key].value} == {}
    assert {key: found[key].items for key in SHARES if found[key].value != 100} == {}
    assert house.main(["--root", str(tmp_path), "--check"]) == 0
    assert "!" not in capsys.readouterr().out


@pytest.mark.parametrize(("key", "plant"), PLANTS)
def test_what_is_planted_is_found_and_nothing_else(house, tmp_path, key, plant):
    found = measured(house, laid(tmp_path, CLEAN, plant))
    parts = {"swallowing_excepts": {"broad_excepts"}}  # each of these is one of those as well
    assert {k for k in COUNTS if found[k].value} == {key, *parts.get(key, ())}
    assert found[key].value == len(found[key].items) == 1
    hard = found[key].rule and house.RULES[found[key].rule].hard
    assert house.main(["--root", str(tmp_path), "--check"]) == (1 if hard else 0)


@pytest.mark.parametrize("plant", ALLOWED)
def test_what_is_allowed_is_not_counted(house, tmp_path, plant):
    found = measured(house, laid(tmp_path, CLEAN, plant))
    assert {key: found[key].items for key in COUNTS if found[key].value} == {}


@pytest.mark.parametrize(("key", "text"), SILENT)
def test_a_public_thing_without_docstring_is_found(house, tmp_path, key, text):
    path = f"{P}/{'engine' if key == 'docs_engine' else 'gui'}/three.py"
    found = measured(house, laid(tmp_path, CLEAN, {path: text}))
    assert [place.partition(":")[0] for place in found[key].items] == [path]
    assert all(found[other].value == 100 for other in SHARES if other != key)


def test_folders_of_one_kind_may_be_long(house, tmp_path):
    kinds = ("engine/networks", "engine/simulate", "shared/jobs")
    plants = {f"{P}/{kind}/{kind[-4:]}{i}.py": "" for kind in kinds for i in range(20)}
    assert measured(house, laid(tmp_path, CLEAN, plants))["folder_files"].value == 0


@pytest.mark.parametrize("folder", [".venv/lib", "build", "dist", "demo", "env/lib", "engine/__pycache__"])
def test_what_was_made_is_not_measured(house, tmp_path, folder):
    made = {f"{folder}/part{i}.py": "not Python" for i in range(20)}
    laid(tmp_path, CLEAN, made, {"env/pyvenv.cfg": ""})
    assert measured(house, tmp_path)["folder_files"].value == 0


@pytest.mark.parametrize(("text", "said"), [("def f(:", "three.py cannot be read as Python"), (None, "is no checkout")])
def test_what_cannot_be_read_is_told(house, tmp_path, capsys, text, said):
    laid(tmp_path, CLEAN | {f"{P}/engine/three.py": text} if text else {})
    assert house.main(["--root", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


# --- circles ---------------------------------------------------------------------------------------------------------


@given(st.data())
def test_one_way_back_closes_one_circle(pytestconfig, data):
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(pytestconfig.rootpath / "tools"))
        circles = importlib.import_module("measures.imports").circles
    size = data.draw(st.integers(2, 8))
    pairs = [(i, j) for i in range(size) for j in range(i + 1, size)]
    edges = data.draw(st.sets(st.sampled_from(pairs))) | {(i, i + 1) for i in range(size - 1)}
    forward = {str(i): {str(b) for a, b in edges if a == i} for i in range(size)}
    assert circles(forward) == []
    first, last = data.draw(st.sampled_from(pairs))
    back = forward | {str(last): forward[str(last)] | {str(first)}}
    assert circles(back) == [frozenset(map(str, range(first, last + 1)))]


# --- another revision ------------------------------------------------------------------------------------------------


def committed(root: Path) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@b")
    for command in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "Clean")):
        subprocess.run(["git", "-C", str(root), *command], check=True, capture_output=True)


def test_a_revision_measures_as_its_files_did(house, tmp_path, capsys):
    root, report = laid(tmp_path / "checkout", CLEAN), tmp_path / "report.json"
    committed(root)
    before = house.measure(house.of_folder(root), house.RULES)
    laid(root, {f"{P}/engine/three.py": long("def _f() -> None:", 41)})
    assert house.main(["--root", str(root), "--against", "HEAD", "--json", str(report)]) == 0
    told = json.loads(report.read_text())
    assert told["HEAD"] == json.loads(house.as_json({"HEAD": before}))["HEAD"]
    assert (told["HEAD"]["longest"]["value"], told["now"]["longest"]["value"]) == (6, 41)
    row = next(line for line in capsys.readouterr().out.splitlines() if line.startswith("functions over 40"))
    assert row.split()[-5:] == ["0", "1", "!!", "hard", "limit"]


def test_a_revision_that_is_not_there_is_told(house, tmp_path, capsys):
    committed(laid(tmp_path, CLEAN))
    assert house.main(["--root", str(tmp_path), "--against", "nowhere"]) == 2
    assert "'nowhere'" in capsys.readouterr().err
