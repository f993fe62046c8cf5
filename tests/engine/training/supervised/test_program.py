"""A training in a terminal: the command, one sentence for what cannot be done, what is not installed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.cards.files import load_card
from crop_classifier_plugin.shared.cards.parts import DayWindow
from crop_classifier_plugin.shared.jobs.registry import dump
from crop_classifier_plugin.shared.legend import Legend
from kits.paths import REPOSITORY
from kits.program import ENGINE, environment, events, refusal, run
from kits.training.parcels import CROPS, job_of, write_place

pytestmark = pytest.mark.timeout(120)


def test_the_command_trains(place: Path, tmp_path: Path) -> None:
    line = (
        "train --series season --labels parcels.gpkg --field crop --epochs 1 --batch 4 --optimizer adamw "
        f"--setting widths=4,8 --setting heads=2 --setting cfma_blocks=1 --windows 100-130,160-190 --out {tmp_path}/m"
    )
    done = call(place, line)
    assert done.returncode == 0, done.stderr
    assert f"report: {tmp_path}/m/training.html" in done.stdout
    assert load_card(tmp_path / "m").inputs.dates.windows == (DayWindow(100, 130), DayWindow(160, 190))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_place(tmp_path_factory.mktemp("place"))


def call(place: Path, line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*ENGINE, *line.split()], capture_output=True, text=True, env=environment(), cwd=place, check=False
    )


def test_the_program_ends_with_one_sentence(place: Path, tmp_path: Path) -> None:
    done = run(job_of(place, tmp_path / "m", class_field="kind"), tmp_path / "x")
    assert "no field 'kind'" in refusal(done)
    line = f"train --series season --labels parcels.gpkg --field crop --out {tmp_path} --setting widths"
    assert "NAME=VALUE" in call(place, line).stderr


@pytest.mark.parametrize(
    ("package", "network", "said"),
    [
        ("torch", "lrtacf_net", "lacks torch, which training needs"),
        ("skl2onnx", "random_forest", "lacks skl2onnx, which training needs"),
        ("skl2onnx", "lrtacf_net", "No label is in the legend"),  # a network has no use for it
    ],
)
def test_what_is_not_installed_is_missed_only_where_it_is_needed(
    place: Path, tmp_path: Path, package: str, network: str, said: str
) -> None:
    rice = tmp_path / "legend.json"
    rice.write_text(json.dumps([{"code": 1, "name": "Rice", "colour": "#112233"}]))
    job = job_of(place, tmp_path / "m", network=network, settings=(), legend=str(rice))
    (tmp_path / "job.json").write_text(dump(job))
    code = (
        f"import sys; sys.modules['{package}'] = None; sys.argv = ['engine', 'run', sys.argv[1]]; "
        "from crop_classifier_plugin.engine.cli.main import main; main()"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "job.json")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment(), cwd=REPOSITORY, check=False)
    assert said in refusal(done)
    if "lacks" in said:
        assert "'Set up the engine'" in refusal(done)
        assert "'Also what training needs'" in refusal(done)
        assert events(done)[-1]["code"] == "training-missing"


def test_a_legend_of_the_users_own_is_kept(place: Path, tmp_path: Path) -> None:
    own = [{"code": 10 * i, "name": name, "colour": f"#{i:06x}"} for i, name in enumerate(CROPS, start=1)]
    (tmp_path / "legend.json").write_text(json.dumps(own))
    job = job_of(place, tmp_path / "m", legend=str(tmp_path / "legend.json"))
    assert resolve_job(job, Silent())[1] == Legend.from_dict(own)
