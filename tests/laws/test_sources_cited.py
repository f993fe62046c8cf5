"""A source that code or a page cites can be opened: the page is in the repository, and it has the section."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.networks.complexity import list_networks
from kits.paths import REPOSITORY

PACKAGE = REPOSITORY / "crop_classifier_plugin"
FOLDERS = ("crop_classifier_plugin", "tests", "benchmarks", "tools", "docs", "models", "resources")
KINDS = {".py", ".md", ".j2", ".css", ".html", ".toml", ".txt", ".sh", ".ui"}
LINE_END = re.compile(r"\s*\n[ \t]*(?:#+[ \t]*)?")  # with what opens the next line of a comment
NUMBERS = r"\d+(?:\.\d+)*(?:(?:, (?:and )?| and | to )\d+(?:\.\d+)*)*"
CITATION = re.compile(rf"(docs/[\w./-]*\w\.md)(?:,? sections? ({NUMBERS}))?")
LINK = re.compile(r"\]\((?![a-z]+:|#)([^)#\s]+)")
LINK_SECTION = re.compile(rf"\]\(([\w./-]+\.md)\),? sections? ({NUMBERS})")
CODE = re.compile(r"`((?:algorithms|bridge|engine|gui|shared)/[\w./-]*)`")


def sources() -> list[Path]:
    nested = [path for folder in FOLDERS for path in (REPOSITORY / folder).rglob("*")]
    return sorted(p for p in (*REPOSITORY.iterdir(), *nested) if p.suffix in KINDS and p.is_file())


def pages() -> list[Path]:
    return [path for path in sources() if path.suffix == ".md" and "help" not in path.parts]


def flat(text: str) -> str:
    return LINE_END.sub(" ", text)


def citations(text: str) -> Iterator[tuple[str, str]]:
    """Pages that `text` cites by their path from the repository's root, and a section of each; "" = the whole page."""
    for page, numbers in CITATION.findall(flat(text)):
        for number in re.findall(r"[\d.]+", numbers) or [""]:
            yield page, number


def sections(page: Path) -> list[str]:
    """Numbers of a page's headings, as 3 and 3.2."""
    return re.findall(r"^#{2,} (\d+(?:\.\d+)*)\.? ", page.read_text(encoding="utf-8"), re.MULTILINE)


def label(path: Path) -> str:
    return str(path.relative_to(REPOSITORY))


def test_what_is_cited_is_there() -> None:
    missing = []
    for path in sources():
        for cited, number in citations(path.read_text(encoding="utf-8")):
            page = REPOSITORY / cited
            if not page.is_file() or (number and number not in sections(page)):
                missing.append(f"{label(path)} cites {cited} {number}")
    assert not missing


@pytest.mark.parametrize("page", pages(), ids=label)
def test_links_of_a_page_lead_somewhere(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert [link for link in LINK.findall(text) if not (page.parent / link).exists()] == []
    for link, numbers in LINK_SECTION.findall(flat(text)):
        assert set(re.findall(r"[\d.]+", numbers)) <= set(sections(page.parent / link)), link


@pytest.mark.parametrize("page", [page for page in pages() if page.parent.name == "papers"], ids=label)
def test_code_that_a_paper_s_page_names_is_there(page: Path) -> None:
    named = CODE.findall(page.read_text(encoding="utf-8"))
    assert [path for path in named if not (PACKAGE / path).exists()] == []


def test_parameters_of_every_network_stand_on_a_paper_s_page() -> None:
    told = "".join(page.read_text(encoding="utf-8") for page in pages() if page.parent.name == "papers")
    counted = [row for row in list_networks() if row.parameters]
    assert [row for row in counted if f"{row.parameters:,}" not in told] == []


@pytest.mark.parametrize("page", pages(), ids=label)
def test_sections_are_numbered_once(page: Path) -> None:
    numbers = sections(page)
    assert len(set(numbers)) == len(numbers)


def test_a_citation_may_go_on_in_the_next_line_of_a_comment() -> None:
    text = "# as docs/papers/methods.md,\n    # sections 1.1, 2.2 and 4. More in docs/papers/README.md."
    found = [("docs/papers/methods.md", number) for number in ("1.1", "2.2", "4")]
    assert list(citations(text)) == [*found, ("docs/papers/README.md", "")]
