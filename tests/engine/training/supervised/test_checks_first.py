"""What is refused before the series is read, and where a training puts what it reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from crop_classifier_plugin.engine.accuracy.confusion import Confusion
from crop_classifier_plugin.engine.execution.outputs import Outputs
from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.registry import configure
from crop_classifier_plugin.engine.training.pretraining.probe import mean_iou
from crop_classifier_plugin.engine.training.supervised import job as fit
from crop_classifier_plugin.engine.training.supervised.job_defaults import resolve_job
from crop_classifier_plugin.shared.errors import BadInput, DeviceMissing
from kits.training.toy import job_of


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        ({"device": "cuda"}, DeviceMissing, "no CUDA device"),
        ({"precision": "16-mixed"}, BadInput, "needs a graphics card"),
        ({"device": "cpu", "devices": 3}, BadInput, "3 devices cannot share a batch of 4 patches"),
        ({"frozen": ("spine",)}, BadInput, "has no part 'spine' to freeze"),
        (
            {"settings": (("widths", "60000,60000"), ("cfma_blocks", "1"))},
            BadInput,
            r"network of [\d,]+ parameters cannot be trained",
        ),
        ({"settings": (("widths", "8,99999999"),)}, BadInput, "setting widths of the network is above 65536"),
    ],
)
def test_what_cannot_be_trained_is_told_before_the_series_is_read(toy, tmp_path, monkeypatch, change, error, said):
    def never(*given):
        raise AssertionError("the series was read")

    monkeypatch.setattr(fit, "gather", never)
    with pytest.raises(error, match=said):
        fit.train(job_of(toy, tmp_path / "m", **change), Silent())


def test_patch_0_is_the_papers_and_maps_have_tiles_of_that_size(toy, tmp_path):
    job, _ = resolve_job(job_of(toy, tmp_path / "m", patch=0, recipe="paper"), Silent())
    assert (job.optim.patch, job.model_inputs.tile) == (224, 224)
    other = job_of(toy, tmp_path / "m", network="unet_convlstm", patch=0, settings=(), recipe="paper")
    job, _ = resolve_job(other, Silent())
    assert (job.optim.patch, job.model_inputs.tile) == (32, 32)
    job, _ = resolve_job(job_of(toy, tmp_path / "m", patch=48), Silent())
    assert (job.optim.patch, job.model_inputs.tile) == (48, 32)


def test_settings_below_the_limit_are_taken():
    assert configure("unet", {"widths": "8,65536"}, 2, 1, 2).widths == (8, 65536)


# --- the place for pixels --------------------------------------------------------------------------------------------


def test_scratch_beside_the_model_goes_with_the_job_and_spares_what_others_keep(tmp_path):
    near = tmp_path / "m.training"
    with Outputs() as outputs:
        folder = outputs.scratch(near)
        assert near in folder.parents
        (folder / "image").write_bytes(b"x")
    assert not near.exists()
    near.mkdir()
    (near / "state.ckpt").write_bytes(b"x")
    with Outputs() as outputs:
        outputs.scratch(near)
    assert [p.name for p in near.iterdir()] == ["state.ckpt"]


def test_training_reads_into_a_folder_beside_the_model(toy, tmp_path, monkeypatch):
    seen = []

    def gather(job, legend, place, reporter, margin, headers):
        seen.append(Path(place))
        raise KeyError

    monkeypatch.setattr(fit, "gather", gather)
    with pytest.raises(KeyError):
        fit.train(job_of(toy, tmp_path / "m"), Silent())
    assert tmp_path / "m.training" in seen[0].parents
    assert not (tmp_path / "m.training").exists()


# --- the probe's rule ------------------------------------------------------------------------------------------------


def test_a_class_that_is_only_predicted_counts_as_nothing():
    confusion = Confusion(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 0]]))
    assert mean_iou(confusion) == pytest.approx((3 / 4 + 0) / 2)
    assert np.isnan(mean_iou(Confusion(np.zeros((2, 2), np.int64))))
