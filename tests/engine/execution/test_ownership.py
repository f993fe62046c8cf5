"""No input, and no file that is not this program's own, is ever replaced; a run's own files are, by the next one."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from crop_classifier_plugin.engine.cli.main import cli
from crop_classifier_plugin.engine.execution import ownership
from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.engine.execution.ownership import digest
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.shared.errors import BadInput, OutputNotWritable
from kits import diagnosis
from kits.program import classify as classify_job
from kits.program import contents, make_place, untouched
from kits.rasters import write_raster


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = make_place(tmp_path)
    (place / "map.tif").unlink()
    return place


def test_a_run_replaces_what_the_run_before_left_and_lists_it(place: Path) -> None:
    job = classify_job(place)
    classify(job, Silent())
    record = json.loads((place / "map.run.json").read_text())
    beside = {"map.tif", "map.qml", "map.tif.aux.xml"}
    assert set(record["files"]) == beside | {"new/confidence.tif", "new/confidence.qml"}
    assert all(record["files"][name] == digest(place / name) for name in beside)
    before = contents(place)
    classify(job, Silent())
    assert contents(place).keys() == before.keys()


@pytest.mark.parametrize("side", ["map.qml", "map.run.json"])
@pytest.mark.parametrize("own", [False, True])
def test_what_belongs_to_another_layer_is_refused_before_any_work(place: Path, side: str, own: bool) -> None:
    """`season.gpkg` has its style in `season.qml`; so does a user's own style of a map that a run left."""
    if own:
        classify(classify_job(place), Silent())
        (place / side).write_text("{}" if side.endswith("json") else "a style that was worked on")
    else:
        (place / side).write_text("of another layer")
    with untouched(place), pytest.raises(OutputNotWritable, match=f"{side}.*that no run of this program left so"):
        classify(classify_job(place), Silent())


def test_statistics_that_qgis_adds_beside_a_raster_are_no_hindrance(place: Path) -> None:
    classify(classify_job(place), Silent())
    (place / "map.tif.aux.xml").write_text("<PAMDataset><!-- statistics --></PAMDataset>")
    classify(classify_job(place), Silent())
    assert "CategoryNames" in (place / "map.tif.aux.xml").read_text()


def test_files_of_a_folder_of_outputs_are_told_from_others(tmp_path: Path) -> None:
    crop_map = write_raster(tmp_path / "m.tif", np.ones((1, 40, 40), np.uint8), nodata=0)
    job = diagnosis.job(tmp_path, crop_map, crop_map)
    diagnosis.run(tmp_path, crop_map, crop_map)
    layer = next(Path(job.folder).glob("diagnosis_*.tif"))
    diagnosis.run(tmp_path, crop_map, crop_map)
    layer.write_text("somebody else's")
    with untouched(tmp_path), pytest.raises(OutputNotWritable, match=layer.name):
        diagnosis.run(tmp_path, crop_map, crop_map)


@pytest.mark.parametrize("spelling", [str, lambda path: os.path.join(os.path.dirname(path), ".", "accuracy.csv")])
def test_a_table_of_classes_is_not_replaced_by_the_report(tmp_path: Path, spelling: type[str]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    write_raster(tmp_path / "m.tif", np.ones((1, 40, 40), np.uint8), nodata=0)
    (out / "accuracy.csv").write_text("reference,class\n1,class 1\n")
    words = ["diagnose", "--map", f"{tmp_path}/m.tif", "--reference", f"{tmp_path}/m.tif", "--out", str(out)]
    with untouched(tmp_path):
        done = CliRunner().invoke(cli, [*words, "--mapping", spelling(str(out / "accuracy.csv"))])
    assert done.exit_code == 1
    assert "would replace an input" in done.stderr


def test_files_named_anywhere_in_a_job_are_inputs(place: Path) -> None:
    job = classify_job(place)
    scene = Path(job.optical.scenes[0].path)
    link = place / "link.tif"
    link.symlink_to(scene)
    hard = place / "hard.tif"
    os.link(scene, hard)
    for output in (scene, link, hard):
        with untouched(place), pytest.raises(BadInput, match="would replace an input"):
            classify(classify_job(place, class_map=str(output)), Silent())


@pytest.mark.parametrize("text", ["", "[]", "{", '{"files": 3}', '{"files": {"map.qml": 3}}', "[" * 100_000, "\xff"])
def test_a_record_that_says_nothing_vouches_for_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "map.run.json").write_text(text, encoding="latin-1")
    (tmp_path / "map.qml").write_text("style")
    with pytest.raises(OutputNotWritable), Outputs() as out:
        out.path(tmp_path / "map.qml")


@settings(max_examples=30, deadline=None)
@given(size=st.integers(0, 300), at=st.integers(0, 299), whole=st.integers(0, 300))
def test_files_that_differ_at_their_ends_or_in_size_have_other_digests(
    tmp_path_factory: pytest.TempPathFactory, size: int, at: int, whole: int
) -> None:
    path = tmp_path_factory.mktemp("d") / "x"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ownership, "_WHOLE", max(whole, 200))
        patch.setattr(ownership, "_END", 100)
        path.write_bytes(bytes(size))
        first = digest(path)
        path.write_bytes(bytes(size + 1))
        assert digest(path) != first
        if at < size and (size <= max(whole, 200) or at < 100 or at >= size - 100):
            changed = bytearray(size)
            changed[at] = 1
            path.write_bytes(changed)
            assert digest(path) != first


def test_a_set_left_on_the_way_has_its_record_and_is_the_runs_own_to_the_end(tmp_path: Path) -> None:
    """As after an epoch: the record of the way and that of the end list the same, and the next run may replace all."""
    records = []
    for name in ("way", "end"):
        with Outputs() as outputs:
            outputs.write_text(tmp_path / "model.txt", "learnt")
            outputs.write_record(tmp_path / "model.run.json", {"told": name})
        records.append(json.loads((tmp_path / "model.run.json").read_text(encoding="utf-8")))
    assert [record["told"] for record in records] == ["way", "end"]
    assert records[0]["files"] == records[1]["files"] == {"model.txt": digest(tmp_path / "model.txt")}
