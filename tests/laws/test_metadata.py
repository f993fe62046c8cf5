"""metadata.txt holds what the plugin repository of QGIS demands of an upload, in the checkout and in the zip."""

import configparser
import re
import runpy

import pytest

from kits.paths import REPOSITORY

ADDRESSES = ("homepage", "repository", "tracker")
BOOLEANS = ("experimental", "deprecated", "server")
DEMANDED = ("name", "description", "about", "version", "qgisMinimumVersion", "author", "email", *ADDRESSES)
SHOWN = ("changelog", "tags", "category", "icon", "license", "qgisMaximumVersion", "hasProcessingProvider", *BOOLEANS)
PLACEHOLDER = re.compile(r"\.example\b|example\.(com|org)|localhost|TODO|^http://(bugs|repo|homepage)$", re.IGNORECASE)


def read(text):
    """As QGIS and its repository read it: a lone percent sign is an error there."""
    parser = configparser.ConfigParser()
    parser.optionxform = str
    parser.read_string(text)
    return dict(parser.items("general"))


@pytest.fixture(scope="module")
def packed():
    return read(runpy.run_path(str(REPOSITORY / "tools" / "package.py"))["with_changelog"]().decode())


@pytest.fixture(scope="module")
def metadata():
    return read((REPOSITORY / "metadata.txt").read_text(encoding="utf-8"))


@pytest.mark.parametrize("field", DEMANDED + SHOWN)
def test_every_field_is_filled_and_none_with_a_placeholder(metadata, packed, field):
    for fields in (metadata, packed):
        assert fields[field].strip()
        assert not PLACEHOLDER.search(fields[field])


def test_fields_have_the_form_that_the_repository_takes(metadata):
    for field in ADDRESSES:
        assert re.fullmatch(r"https://[\w.-]+\.\w+/\S+", metadata[field])
    assert re.fullmatch(r"[\w.+-]+@[\w-]+(\.[\w-]+)+", metadata["email"])
    assert {metadata[field] for field in BOOLEANS} <= {"True", "False"}
    assert (REPOSITORY / metadata["icon"]).is_file()
    assert metadata["version"] == re.search(r'^version = "(.*)"', (REPOSITORY / "pyproject.toml").read_text(), re.M)[1]


def test_zip_tells_the_newest_changes_and_nothing_else_differs(metadata, packed):
    assert packed["changelog"] != metadata["changelog"]
    assert {k: v for k, v in packed.items() if k != "changelog"} == {
        k: v for k, v in metadata.items() if k != "changelog"
    }
    changes = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8").split("\n## ")[1]
    assert len(packed["changelog"].split()) == len([word for word in changes.split() if word.strip("#")])
