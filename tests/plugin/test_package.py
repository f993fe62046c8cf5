"""The plugin as users get it: from the zip into an empty profile, or linked from a checkout."""

import hashlib
import json
import os
import re
import subprocess
import sys
import zipfile

import pytest

from crop_classifier_plugin.shared.engine_packages import locks
from kits.paths import REPOSITORY
from kits.plugin.ids import SHOWN


def run(*command, **variables):
    done = subprocess.run(
        list(map(str, command)), capture_output=True, text=True, timeout=120, env={**os.environ, **variables}
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def algorithms_of(home):
    """What qgis_process offers in the default profile below `home`."""
    printed = run("qgis_process", "list", QGIS_CUSTOM_CONFIG_PATH=str(home))
    return sorted(line.split()[0].split(":")[1] for line in printed.splitlines() if "cropclassifier:" in line)


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    path = tmp_path_factory.mktemp("dist") / "plugin.zip"
    run(sys.executable, REPOSITORY / "tools" / "package.py", path)
    return path


def test_zip_holds_the_plugin_and_nothing_else(archive):
    names = zipfile.ZipFile(archive).namelist()
    assert all(name.startswith("crop_classifier_plugin/") for name in names)
    inside = {name.split("/", 1)[1] for name in names}
    assert {"__init__.py", "metadata.txt", "LICENSE", "resources/engine/requirements.txt"} <= inside
    assert {f"models/{p.parent.name}/{p.name}" for p in REPOSITORY.glob("models/*/model.*")} <= inside
    assert not [name for name in names if "tests/" in name or "__pycache__" in name or "/." in name]
    assert archive.stat().st_size < 25e6  # what plugins.qgis.org takes


def test_zip_is_the_same_from_the_same_files(archive, tmp_path):
    run(sys.executable, REPOSITORY / "tools" / "package.py", tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == archive.read_bytes()


def test_bill_of_materials_lies_beside_the_zip_and_tells_every_file_and_package(archive):
    """The fields that CycloneDX 1.6 requires, each file of the zip, each package of every lock file."""
    bill = json.loads(archive.with_suffix(".cdx.json").read_text())
    assert (bill["bomFormat"], bill["specVersion"], bill["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", bill["serialNumber"])
    product = bill["metadata"]["component"]
    assert product["hashes"][0]["content"] == hashlib.sha256(archive.read_bytes()).hexdigest()
    assert product["licenses"] == [{"license": {"id": "GPL-3.0-or-later"}}]
    references = [product["bom-ref"], *(each["bom-ref"] for each in bill["components"])]
    assert len(set(references)) == len(references)
    for each in bill["components"]:
        assert each["type"] in ("library", "file", "machine-learning-model")
        assert each["name"]
        assert all(re.fullmatch("[0-9a-f]{64}", one["content"]) and one["alg"] == "SHA-256" for one in each["hashes"])
    told = {each["name"]: each["hashes"][0]["content"] for each in bill["components"] if each["type"] != "library"}
    with zipfile.ZipFile(archive) as whole:
        assert told == {name: hashlib.sha256(whole.read(name)).hexdigest() for name in whole.namelist()}
    packages = {(e["name"], e["version"]): e for e in bill["components"] if e["type"] == "library"}
    read = [each for lock in (REPOSITORY / "resources/engine/locks").glob("*.txt") for each in locks.read(lock)]
    assert set(packages) == {(each.name, each.version) for each in read}
    assert all(set(each.hashes) <= {h["content"] for h in packages[each.name, each.version]["hashes"]} for each in read)
    assert {e["scope"] for e in packages.values()} == {"required", "optional"}
    assert set(bill["dependencies"][0]["dependsOn"]) == {e["purl"] for e in packages.values()}


def test_zip_installs_into_an_empty_profile_and_loads(archive, tmp_path):
    plugins = tmp_path / "profiles" / "default" / "python" / "plugins"
    plugins.mkdir(parents=True)
    zipfile.ZipFile(archive).extractall(plugins)
    run("qgis_process", "plugins", "enable", "crop_classifier_plugin", QGIS_CUSTOM_CONFIG_PATH=str(tmp_path))
    assert algorithms_of(tmp_path) == SHOWN
    shown = run("qgis_process", "help", "cropclassifier:classify_lrtacf_net", QGIS_CUSTOM_CONFIG_PATH=str(tmp_path))
    assert "Turns the dated scenes" in shown  # resources are found inside the plugin


def test_installed_plugin_without_an_engine_says_how_to_get_one(archive, tmp_path):
    plugins = tmp_path / "profiles" / "default" / "python" / "plugins"
    plugins.mkdir(parents=True)
    zipfile.ZipFile(archive).extractall(plugins)
    run("qgis_process", "plugins", "enable", "crop_classifier_plugin", QGIS_CUSTOM_CONFIG_PATH=str(tmp_path))
    without = {k: v for k, v in os.environ.items() if k != "CROP_CLASSIFIER_PYTHON"}
    done = subprocess.run(
        ["qgis_process", "run", "cropclassifier:simulate_season", "--", f"FOLDER={tmp_path}/season"],
        capture_output=True,
        text=True,
        timeout=120,
        env={**without, "QGIS_CUSTOM_CONFIG_PATH": str(tmp_path)},
    )
    assert done.returncode == 1
    assert "The engine is not installed" in done.stderr + done.stdout
    assert "Traceback" not in done.stderr + done.stdout
    assert not list((tmp_path / "season").glob("*"))


def test_link_is_seen_by_qgis_process_and_can_be_repeated(tmp_path):
    profile = tmp_path / "profiles" / "default"
    settings = profile / "QGIS" / "QGIS3.ini"
    settings.parent.mkdir(parents=True)
    settings.write_text("[core]\nx=1\n\n[PythonPlugins]\nother=true\ncrop_classifier_plugin=false\n\n[qgis]\ny=2\n")
    link = (sys.executable, REPOSITORY / "tools" / "link.py", "--profile", profile)
    assert "Linked" in run(*link)
    assert "Already linked" in run(*link)
    assert settings.read_text().splitlines() == [
        "[core]",
        "x=1",
        "",
        "[PythonPlugins]",
        "crop_classifier_plugin=true",
        "other=true",
        "",
        "[qgis]",
        "y=2",
    ]
    assert algorithms_of(tmp_path) == SHOWN


def test_link_sets_an_installed_copy_aside(tmp_path):
    installed = tmp_path / "python" / "plugins" / "crop_classifier_plugin"
    installed.mkdir(parents=True)
    (installed / "mine.py").write_text("# edited by the user")
    assert "set aside" in run(sys.executable, REPOSITORY / "tools" / "link.py", "--profile", tmp_path)
    assert (tmp_path / "python" / "crop_classifier_plugin.replaced" / "mine.py").is_file()
    assert (installed / "metadata.txt").resolve() == REPOSITORY / "metadata.txt"
