"""Processing's own background task carries a run, with a real event loop, as the algorithm dialog does it."""

import pytest
from qgis.core import (
    QgsProcessingOutputLayerDefinition,
    QgsProject,
    QgsTask,
)

from kits.plugin.qgis import Recorder, Run


def test_qgis_stays_alive_and_the_task_shows_progress(provider, fake, context, feedback, tmp_path):
    fake("slow")
    run = Run({"FOLDER": str(tmp_path)}, context, feedback)
    assert run.ok, feedback.errors
    assert run.results["TRUTH"] == f"{tmp_path}/truth.tif"
    assert run.ticks > 40, "the event loop stood still"
    assert len(run.seen) > 20
    assert run.seen == sorted(run.seen)
    assert feedback.texts[-1].startswith("Simulating: ")
    assert feedback.texts[-1].endswith(" left")


def test_cancelled_task_is_gone_within_two_seconds(provider, fake, context, tmp_path):
    fake("endless")
    feedback = Recorder()
    run = Run({"FOLDER": str(tmp_path)}, context, feedback, cancel_after=0.8)
    assert run.ok is False
    assert run.ended - run.cancelled < 2
    assert [p.name for p in tmp_path.glob(".*")] == [".truth.1.part.tif"]
    assert run.task.status() == QgsTask.TaskStatus.Terminated


@pytest.mark.parametrize("part", ["refuse", "killed"])
def test_failed_task_tells_its_sentence_once(provider, fake, context, feedback, tmp_path, part):
    fake(part)
    run = Run({"FOLDER": str(tmp_path)}, context, feedback)
    assert run.ok is False
    said = {"refuse": "A and B do not overlap", "killed": "killed by SIGKILL"}[part]
    assert [said in error for error in feedback.errors] == [True]


def opened(path):
    """An output with 'open after running' ticked."""
    return QgsProcessingOutputLayerDefinition(str(path), QgsProject.instance())


def test_results_of_a_background_run_are_opened_with_names_and_groups(
    provider, crop_map, season, card, context, tmp_path
):
    """What a run in another thread registers for loading must survive its way back to the main thread."""
    asked = {"OUTPUT": opened(tmp_path / "map.tif"), "CONFIDENCE": opened("TEMPORARY_OUTPUT")}
    inputs = {"INPUT": season["SCENES"], "MODEL": card.name}
    run = Run(inputs | asked, context, Recorder(), algorithm="classify_lrtacf_net")
    assert run.ok
    shown = context.layersToLoadOnCompletion()
    assert {path: details.name for path, details in shown.items()} == {
        run.results["OUTPUT"]: "Crop map",
        run.results["CONFIDENCE"]: "Confidence",
    }
    assert all(details.groupName.startswith(card.title) for details in shown.values())
    assert all(details.postProcessor() for details in shown.values())


def test_classes_of_a_background_diagnosis_are_opened(provider, crop_map, season, context, tmp_path):
    reports = dict.fromkeys(("REPORT_HTML", "REPORT_JSON", "REPORT_CSV"), "TEMPORARY_OUTPUT")
    asked = {"AGREEMENT": opened(tmp_path / "agreement.tif"), "FOLDER": str(tmp_path / "classes"), **reports}
    inputs = {"MAP": crop_map, "REFERENCE": season["TRUTH"]}
    run = Run(inputs | asked, context, Recorder(), algorithm="diagnose")
    assert run.ok
    assert set(context.layersToLoadOnCompletion()) == {*run.results["CLASS_LAYERS"], run.results["AGREEMENT"]}
