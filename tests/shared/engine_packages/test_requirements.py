"""The lists of what the engine needs are read as pip reads them."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement as Theirs
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from crop_classifier_plugin.shared.engine_packages import requirements
from crop_classifier_plugin.shared.engine_packages.requirements import Requirement
from kits.paths import REPOSITORY

VERSIONS = st.lists(st.integers(0, 30), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))
CLAUSES = st.lists(st.tuples(st.sampled_from(["==", ">=", "<=", ">", "<", "!="]), VERSIONS), min_size=1, max_size=3)


@given(version=VERSIONS, clauses=CLAUSES, local=st.sampled_from(["", "+cpu"]))
def test_ranges_hold_what_pip_lets_in(version: str, clauses: list[tuple[str, str]], local: str) -> None:
    text = ",".join(sign + bound for sign, bound in clauses)
    assert Requirement("a", text).holds(version + local) == (Version(version) in SpecifierSet(text))


def test_every_line_of_every_list_is_read() -> None:
    for file in (REPOSITORY / "resources" / "engine").glob("requirements*.txt"):
        lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
        read = requirements.read([file])
        assert [each.name for each in read] == [Theirs(line).name for line in lines]
        assert [SpecifierSet(each.versions) for each in read] == [Theirs(line).specifier for line in lines]
        assert requirements.unmet(read, {}) == [f"{each.name} {each.versions}" for each in read]


def test_an_empty_list_needs_nothing(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_text("# Nothing.\n\n-r other.txt\n")
    assert requirements.read([tmp_path / "list.txt"]) == []
