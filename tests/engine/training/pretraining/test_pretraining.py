"""Laws of self-distillation without labels: views, plot-wise masks, teacher, losses, and a whole pre-training."""

from __future__ import annotations

import json
import math
from dataclasses import replace

import geopandas as gpd
import numpy as np
import pytest
import shapely
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file
from scipy.ndimage import binary_erosion
from torch import nn

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.networks.base import DataSizes
from crop_classifier_plugin.engine.networks.cropsts import CropSts, CropStsConfig
from crop_classifier_plugin.engine.series.cube.preprocess import z_scores
from crop_classifier_plugin.engine.training.loop.task import Position
from crop_classifier_plugin.engine.training.model_folder.encoder_folder import read_facts
from crop_classifier_plugin.engine.training.model_folder.initial_weights import (
    load_initial_weights,
    read_initial_weights,
)
from crop_classifier_plugin.engine.training.pretraining import dino
from crop_classifier_plugin.engine.training.pretraining import probe as probe_room
from crop_classifier_plugin.engine.training.pretraining import recipe as recipe_room
from crop_classifier_plugin.engine.training.pretraining.feature_alignment import Alignment, open_teacher
from crop_classifier_plugin.engine.training.pretraining.job import pretrain
from crop_classifier_plugin.engine.training.pretraining.parcel_masking import plot_mask
from crop_classifier_plugin.engine.training.pretraining.probe import VOID, probe, token_classes
from crop_classifier_plugin.engine.training.pretraining.sequences import Sequence_, even_dates
from crop_classifier_plugin.engine.training.pretraining.task import DinoTask, ViewBatch
from crop_classifier_plugin.engine.training.pretraining.views import (
    Viewer,
    blurred,
    changed,
    rules,
    solarised,
)
from crop_classifier_plugin.shared.cards.parts import Statistics
from crop_classifier_plugin.shared.errors import (
    BadInput,
    BadModel,
    CancelledKept,
    LabelsUnusable,
)
from crop_classifier_plugin.shared.jobs.pretrain import PretrainJob, ProbeJob
from crop_classifier_plugin.shared.jobs.sources import SceneSource, Series
from kits.training.pretraining import TINY, with_optim
from kits.training.toy import LEGEND

torch.set_num_threads(1)
CONFIG = CropStsConfig(
    DataSizes(3, 3, 1), patch=4, grid=4, width=16, depth=2, heads=2, taps=(1, 1, 2, 2), pixel_heads=2
)


def a_sequence(rng, bands=3, dates=3, side=24, gaps=0.0):
    image = rng.uniform(100, 4000, (dates, bands, side, side)).astype(np.float32)
    image[np.broadcast_to(rng.random((dates, 1, side, side)) < gaps, image.shape)] = np.nan
    plots = np.kron(np.arange(1, 10).reshape(3, 3), np.ones((8, 8), int)).astype(np.int32)
    return Sequence_(image, np.array([90, 150, 210]), plots)


def task_of(config=CONFIG, recipe=TINY, align=None):
    return DinoTask(config, recipe, align, 1.0)


def step(task, batches, at=2):
    """One step of the loop over parts of a batch, the tenth of a hundred an epoch; the losses. `at`: the epoch."""
    position = Position(at, 0, 10, 10)
    task.schedule(position)
    task.optimizer.zero_grad()
    task.start_step()
    found = [task.losses_of(batch) for batch in batches]
    torch.stack([losses["loss"] for losses in found]).mean().backward()
    task.before_step(position)
    task.optimizer.step()
    return found


def a_batch(seed, count=2, rgb=(0, 1, 2)):
    rng = np.random.default_rng(seed)
    stats = Statistics((2000.0,) * 3, (1000.0,) * 3)
    viewer = Viewer(stats, rules(TINY.views.large, TINY.views.small), rgb)
    drawn = [a_sequence(rng) for _ in range(count)]
    doy = torch.from_numpy(np.stack([s.doy for s in drawn]))
    return ViewBatch([viewer.views(s, rng) for s in drawn], doy, torch.device("cpu"))


# --- plot-wise masks -------------------------------------------------------------------------------------------------


def inner_edges(plots):
    """The pixels of each parcel that touch another parcel or none."""
    edge = np.zeros(plots.shape, bool)
    for number in np.unique(plots[plots > 0]):
        own = plots == number
        edge |= own & ~binary_erosion(own, border_value=1)
    return edge


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10_000), count=st.integers(1, 30), ratio=st.floats(0, 1))
def test_masks_hide_the_share_of_the_parcels_and_nothing_else(seed, count, ratio):
    rng = np.random.default_rng(seed)
    centres = rng.integers(0, 40, (count, 2))
    rows, cols = np.indices((40, 40))
    plots = np.argmin([(rows - r) ** 2 + (cols - c) ** 2 for r, c in centres], axis=0) + 1
    plots[rng.random((40, 40)) < 0.1] = 0
    mask = plot_mask(plots * 1000, rng, ratio)
    assert not mask[plots == 0].any()
    assert abs(mask.sum() - ratio * (plots > 0).sum()) <= 0.5


def test_half_is_hidden_and_the_boundary_stays_on_parcels_of_pastis_size():
    """docs/papers/cropsts.md, section 3.6: 13 x 15 px parcels keep 95 % of their 1-px boundary."""
    plots = np.kron(np.arange(1, 65).reshape(8, 8), np.ones((13, 15), int))
    mask = plot_mask(plots, np.random.default_rng(0))
    edge = inner_edges(plots)
    assert mask.mean() == pytest.approx(0.5, abs=0.01)
    assert 1 - mask[edge].mean() >= 0.95


def test_no_parcel_no_mask():
    assert not plot_mask(np.zeros((8, 8), int), np.random.default_rng(0)).any()


# --- views -----------------------------------------------------------------------------------------------------------


def test_eight_views_share_their_dates_crop_and_light_over_time():
    """A sequence that does not change over time gives views that do not, whatever the crop and the light."""
    rng = np.random.default_rng(3)
    sequence = a_sequence(rng)
    still = replace(sequence, image=np.repeat(sequence.image[:1], 3, axis=0))
    stats = Statistics((2000.0,) * 3, (1000.0,) * 3)
    views = Viewer(stats, rules(16, 8), ()).views(still, rng)
    assert [v.x.shape for v in views] == [(3, 3, 16, 16)] * 2 + [(3, 3, 8, 8)] * 6
    for view in views:
        torch.testing.assert_close(view.x[0], view.x[1])
        torch.testing.assert_close(view.x[0], view.x[2])
    batch = a_batch(0)
    assert len(batch.x) == 8
    assert batch.doy.tolist() == [[90, 150, 210]] * 2  # one for all views


def test_missing_pixels_are_zero_and_missing_dates_have_no_share():
    rng = np.random.default_rng(0)
    sequence = a_sequence(rng)
    sequence.image[1] = np.nan
    stats = Statistics((2000.0,) * 3, (1000.0,) * 3)
    for view in Viewer(stats, rules(16, 8), ()).views(sequence, rng):
        assert view.valid.tolist() == [1, 0, 1]
        assert not view.x[1].any()
        assert torch.isfinite(view.x).all()


def test_the_blur_keeps_the_mean_and_smooths():
    x = torch.rand(2, 3, 20, 20)
    for sigma in (0.1, 1.0, 2.0):
        torch.testing.assert_close(blurred(torch.full_like(x, 7.0), sigma), torch.full_like(x, 7.0))
    assert blurred(x, 2.0).std() < 0.3 * x.std()
    torch.testing.assert_close(blurred(x, 0.1), x, atol=1e-3, rtol=0)


def test_solarising_mirrors_the_upper_half():
    x = torch.tensor([0.0, 1, 2, 3, 4]).reshape(1, 1, 1, 5)
    assert solarised(x).flatten().tolist() == [0, 1, 2, 1, 0]


def test_light_changes_a_band_by_one_line():
    """Brightness, contrast and gain together are one linear function a band, the same on all dates."""
    rule = replace(rules(16, 8)[0], blur=0.0)
    x = torch.rand(4, 3, 8, 8) * 1000
    y = changed(x, rule, np.random.default_rng(1))
    for band in range(3):
        a, b = x[:, band].flatten(), y[:, band].flatten()
        design = torch.stack([a, torch.ones_like(a)], dim=1)
        fit = design @ torch.linalg.lstsq(design, b[:, None]).solution
        torch.testing.assert_close(fit[:, 0], b, atol=0.1, rtol=1e-4)


@given(st.integers(1, 100), st.data())
def test_dates_are_even_sorted_and_distinct(total, data):
    count = data.draw(st.integers(1, total))
    picked = even_dates(range(total), count)
    assert list(picked) == sorted(set(picked))
    assert len(picked) == count
    if count > 1:
        assert (picked[0], picked[-1]) == (0, total - 1)
        assert max(np.diff(picked)) - min(np.diff(picked)) <= 1


# --- the loss and the teacher ----------------------------------------------------------------------------------------


def test_the_loss_is_the_mean_of_fourteen_pairs():
    rng = torch.Generator().manual_seed(0)
    student = [torch.randn(3, 5, generator=rng) for _ in range(8)]
    teacher = [torch.randn(3, 5, generator=rng) for _ in range(2)]
    centre = torch.randn(5, generator=rng)
    pairs = []
    for i, t in enumerate(teacher):
        p = torch.softmax((t - centre) / 0.04, dim=1)
        pairs += [F.cross_entropy(s / 0.1, p) for j, s in enumerate(student) if j != i]
    assert len(pairs) == 14
    torch.testing.assert_close(dino.distillation(student, teacher, centre), torch.stack(pairs).mean())


def test_the_teacher_is_the_moving_average_of_the_student():
    torch.manual_seed(0)
    made = task_of()
    before = [p.clone() for p in made.teacher.parameters()]
    step(made, [a_batch(0), a_batch(1)])
    for old, now in zip(before, made.teacher.parameters()):
        torch.testing.assert_close(old, now)  # no gradient ever moves it
    made.after_step(Position(0, 0, 10, 1))
    for old, slow, fast in zip(before, made.teacher.parameters(), made.student.parameters()):
        torch.testing.assert_close(slow, 0.9 * old + 0.1 * fast)
    assert dino.cosine(0.996, 1.0, 9, 10) == 1.0


def test_the_teacher_sees_everything_where_the_student_is_blind(monkeypatch):
    torch.manual_seed(0)
    made = task_of()
    batch, seen = a_batch(0), {"teacher": [], "student": []}
    for name in seen:
        network = getattr(made, name)
        network.register_forward_pre_hook(lambda module, given, name=name: seen[name].append(given[0].clone()))
    step(made, [batch])
    for i in (0, 1):
        assert 0.4 < batch.hidden[i].float().mean() < 0.6
        torch.testing.assert_close(seen["teacher"][i], batch.x[i])
        hidden = batch.hidden[i][:, None, None].expand_as(batch.x[i])
        assert not seen["student"][i][hidden].any()
        torch.testing.assert_close(seen["student"][i][~hidden], batch.x[i][~hidden])
    for i in range(2, 8):
        torch.testing.assert_close(seen["student"][i], batch.x[i])
    assert len(seen["teacher"]) == 2


def test_the_last_layer_waits_in_the_first_epoch():
    torch.manual_seed(0)
    made = task_of()
    last, first = made.student.head.last.clone(), made.student.head.mlp[0].weight.clone()
    step(made, [a_batch(0)], at=0)
    torch.testing.assert_close(made.student.head.last, last)
    assert (made.student.head.mlp[0].weight != first).any()


def test_parts_of_a_batch_give_the_whole_batch_s_gradient():
    """Accumulated gradients and centre are those of one large batch (without the chance of dropped paths)."""
    grads, centres = [], []
    for parts in (1, 2):
        torch.manual_seed(0)
        made = task_of()
        dino.drop_paths(made.student.encoder, 0.0)
        whole = a_batch(0, count=2)
        step(made, [whole] if parts == 1 else [one_of(whole, i) for i in range(2)])
        made.after_step(Position(0, 0, 10, 1))
        grads.append(made.student.encoder.embed.weight.grad.clone())
        centres.append(made.centre.clone())
    torch.testing.assert_close(*grads, atol=1e-5, rtol=1e-3)
    torch.testing.assert_close(*centres)


def one_of(batch, i):
    part = ViewBatch.__new__(ViewBatch)
    for name in ("x", "valid", "hidden", "rgb"):
        setattr(part, name, [value[i : i + 1] for value in getattr(batch, name)])
    part.doy = batch.doy[i : i + 1]
    return part


def test_schedules_of_the_paper():  # docs/papers/cropsts.md, section 4.1
    rates = [dino.learning_rate_at(5e-4, step, 100, 10) for step in range(100)]
    assert rates[0] == pytest.approx(5e-5)
    assert rates[9] == rates[10] == max(rates) == 5e-4
    assert rates[-1] == pytest.approx(1e-6)
    assert all(np.diff(rates[10:]) <= 0)
    decay = [dino.cosine(0.04, 0.4, step, 100) for step in range(100)]
    assert (decay[0], decay[-1]) == (pytest.approx(0.04), pytest.approx(0.4))


def test_drop_paths_rise_linearly_and_only_in_training():
    made = task_of(replace(CONFIG, depth=3, taps=(1, 2, 3, 3)))
    assert [b.drop_path for b in made.student.encoder.blocks] == pytest.approx([0, 0.05, 0.1])
    assert [b.drop_path for b in made.teacher.encoder.blocks] == [0, 0, 0]
    block = made.student.encoder.blocks[2]
    block.drop_path = 0.5
    change = torch.ones(4000, 1, 1, 1)
    kept = block._kept(change)
    assert set(kept.unique().tolist()) == {0.0, 2.0}
    assert kept.mean() == pytest.approx(1, abs=0.1)
    torch.testing.assert_close(block.eval()._kept(change), change)


# --- alignment -------------------------------------------------------------------------------------------------------


class Photographs(nn.Module):
    """A small random vision transformer's stand-in: patches of 56 px to tokens, a class token first."""

    def __init__(self, extra=1):
        super().__init__()
        self.embed, self.extra = nn.Conv2d(3, 12, 56, 56), extra

    def forward(self, image):
        tokens = self.embed(image).flatten(2).transpose(1, 2)
        return torch.cat([tokens[:, : self.extra], tokens], dim=1)


def teacher_file(folder, module, name="teacher.onnx"):
    torch.manual_seed(1)
    path = folder / name
    torch.onnx.export(module, (torch.zeros(1, 3, 224, 224),), path, dynamo=False, opset_version=17)
    return str(path)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_alignment_with_a_frozen_teacher_falls(tmp_path):
    teacher = open_teacher(teacher_file(tmp_path, Photographs()))
    assert teacher.width == 12
    assert teacher(torch.rand(2, 3, 16, 16) * 3000).shape == (2, 12, 4, 4)
    torch.manual_seed(0)
    made = task_of(recipe=with_optim(TINY, learning_rate=2.0), align=Alignment(teacher, CONFIG.width))
    batch = a_batch(0)
    losses = [step(made, [batch])[0]["alignment"].item() for _ in range(12)]
    assert 0 < losses[-1] < 0.8 * losses[0] < 4


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_file_that_is_no_teacher_is_refused_by_a_sentence(tmp_path):
    text = tmp_path / "teacher.onnx"
    text.write_text("not a network")
    with pytest.raises(BadModel, match="no ONNX file"):
        open_teacher(str(text))
    with pytest.raises(BadModel, match="no such file"):
        open_teacher(str(tmp_path / "absent.onnx"))
    pickled = tmp_path / "dino.pth"
    pickled.write_bytes(b"")
    with pytest.raises(BadModel, match=r"an \.onnx file"):
        open_teacher(str(pickled))
    with pytest.raises(BadModel, match="none of its outputs"):
        open_teacher(teacher_file(tmp_path, Photographs(extra=3), "odd.onnx"))
    torch.onnx.export(nn.Linear(4, 4), (torch.zeros(1, 4),), tmp_path / "flat.onnx", dynamo=False)
    with pytest.raises(BadModel, match=r"takes one input \(B,3,H,W\)"):
        open_teacher(str(tmp_path / "flat.onnx"))


# --- a whole pre-training --------------------------------------------------------------------------------------------


@pytest.fixture
def tiny(monkeypatch):
    monkeypatch.setitem(recipe_room.RECIPES, "small", TINY)


def series_of(toy):
    return Series(tuple(SceneSource(str(p)) for p in sorted(toy.glob("S2_*.tif"))), mask="none")


def job_of(toy, folder, **other):
    small = (("grid", "4"), ("width", "16"), ("depth", "2"), ("heads", "2"), ("taps", "1,1,2,2"), ("pixel_heads", "2"))
    values = {"series": (series_of(toy),), "folder": str(folder), "bands": ("B04", "B8A"), "settings": small}
    return PretrainJob(**(values | other))


def test_pre_training_leaves_an_encoder_that_a_network_starts_from(toy, tmp_path, tiny):
    folder = tmp_path / "encoder"
    result = pretrain(job_of(toy, folder, parcels=str(toy / "parcels.gpkg")), Silent())
    assert sorted(p.name for p in folder.iterdir()) == ["encoder.json", "encoder.safetensors", "pretraining.csv"]
    facts = read_facts(folder)
    assert (facts.bands, facts.count, facts.settings["width"]) == (("B04", "B8A"), 3, 16)
    assert facts.learning["masks"]
    assert len((folder / "pretraining.csv").read_text().splitlines()) == 3
    assert math.isfinite(result["loss"])
    start = read_initial_weights(str(folder))
    assert (start.bands, start.statistics.mean, start.settings) == (facts.bands, facts.mean, facts.settings)
    network = CropSts(facts.config(classes=2))
    load_initial_weights(network, start, LEGEND, Silent())
    for name, value in load_file(folder / "encoder.safetensors").items():
        torch.testing.assert_close(network.encoder.state_dict()[name], value)
    again = tmp_path / "again"
    pretrain(job_of(toy, again, parcels=str(toy / "parcels.gpkg")), Silent())
    assert read_facts(again).sha256 == facts.sha256  # the same seed


def test_the_loss_falls_on_the_toy_season(toy, tmp_path, monkeypatch):
    """Against the start: the loss of a student that says the same of everything is log K."""
    longer = replace(with_optim(TINY, epochs=5, batch=4), min_steps=8, at_once=4)
    monkeypatch.setitem(recipe_room.RECIPES, "small", longer)
    pretrain(job_of(toy, tmp_path / "e"), Silent())
    rows = (tmp_path / "e" / "pretraining.csv").read_text().splitlines()
    losses = [float(row.split(",")[1]) for row in rows[1:]]
    assert losses[-1] < losses[0]
    assert losses[-1] < math.log(TINY.head.outputs)


def test_an_encoder_of_another_shape_or_other_bytes_is_refused(toy, tmp_path, tiny):
    folder = tmp_path / "encoder"
    pretrain(job_of(toy, folder, epochs=1), Silent())
    facts = read_facts(folder)
    other = CropSts(replace(facts.config(classes=2), width=32))
    with pytest.raises(BadModel, match="has the shape"):
        load_initial_weights(other, read_initial_weights(str(folder)), LEGEND, Silent())
    (folder / "encoder.safetensors").write_bytes(b"x" * 100)
    with pytest.raises(BadModel, match="is not the file"):
        read_initial_weights(str(folder))
    (folder / "encoder.json").write_text("{}")
    with pytest.raises(BadModel, match="does not describe an encoder"):
        read_initial_weights(str(folder))
    with pytest.raises(BadModel, match=r"no encoder\.json"):
        read_facts(tmp_path)


def test_cancel_keeps_the_last_epoch(toy, tmp_path, tiny):
    class Impatient(Silent):
        def progress(self, fraction, message, done=0, total=0):
            if message.endswith("epoch 2"):
                self.stop.set()
            super().progress(fraction, message, done, total)

    with pytest.raises(CancelledKept, match="after epoch 1 was kept"):
        pretrain(job_of(toy, tmp_path / "e"), Impatient())
    assert read_facts(tmp_path / "e").learning["epochs_done"] == 1


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"bands": ("VV", "VH")}, BadInput, "reflectance"),
        ({"settings": (("patch", "12"),)}, BadInput, "whole number of patches"),
        ({"teacher": "/nowhere.onnx"}, BadInput, "the bands lack B03, B02"),
        ({"parcels": "/nowhere.gpkg"}, LabelsUnusable, "cannot be read"),
    ],
)
def test_a_job_that_cannot_be_done_is_one_sentence(toy, tmp_path, tiny, change, error, words):
    with pytest.raises(error, match=words):
        pretrain(job_of(toy, tmp_path / "e", **change), Silent())
    assert not list((tmp_path / "e").glob("*"))


def test_the_inputs_are_never_overwritten(toy, tmp_path, tiny):
    pretrain(job_of(toy, tmp_path / "e", epochs=1), Silent())
    before = (tmp_path / "e" / "encoder.json").read_bytes()
    with pytest.raises(BadInput, match="would replace an input"):
        probe(replace(probe_of(toy, tmp_path), report_json=str(tmp_path / "e" / "encoder.json")), Silent())
    teacher = str(tmp_path / "e" / "encoder.safetensors")
    with pytest.raises(BadInput, match="would replace an input"):
        pretrain(job_of(toy, tmp_path / "e", teacher=teacher), Silent())
    assert (tmp_path / "e" / "encoder.json").read_bytes() == before
    assert len(list((tmp_path / "e").iterdir())) == 3


def test_parcels_elsewhere_are_one_sentence(toy, tmp_path, tiny):
    far = tmp_path / "far.gpkg"
    gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 10, 10)], crs="EPSG:32631").to_file(far)
    with pytest.raises(LabelsUnusable, match="lies on the series"):
        pretrain(job_of(toy, tmp_path / "e", parcels=str(far)), Silent())


# --- the probe -------------------------------------------------------------------------------------------------------


def test_tokens_take_the_majority_and_leave_the_mixed_and_unlabelled():
    truth = np.full((8, 8), VOID)
    truth[:4, :4] = 1
    truth[:2, 4:] = 0  # half of the token is just enough
    truth[4:, :1] = 2  # a quarter is not
    assert token_classes(truth, 4).tolist() == [1, 0, VOID, VOID]


def probe_of(toy, tmp_path):
    return ProbeJob(
        str(tmp_path / "e"),
        series_of(toy),
        str(toy / "parcels.gpkg"),
        "code",
        str(tmp_path / "probe.json"),
        str(tmp_path / "probe.csv"),
        draws=3,
        support=0.4,
        neighbours=5,
    )


def test_a_probe_of_features_that_know_the_crop_is_right(toy, tmp_path, tiny, monkeypatch):
    """The near infrared of spring in each token, row by row: features and labels must lie on the same tokens."""

    def spring(encoder, sequence, side, stats):
        plane = z_scores(sequence.image, stats)[0, 1, :side, :side]
        return plane.reshape(side // 4, 4, side // 4, 4).mean(axis=(1, 3)).reshape(-1, 1)

    pretrain(job_of(toy, tmp_path / "e", epochs=1), Silent())
    monkeypatch.setattr(probe_room, "_features", spring)
    results = probe(replace(probe_of(toy, tmp_path), neighbours=3), Silent())["results"]
    for row in results:
        assert row["accuracy"] > (0.95 if row["probe"] == "linear" else 0.9)
        assert row["mean_iou"] > 0.8


def test_the_report_gives_both_encoders_both_probes_and_every_draw(toy, tmp_path, tiny):
    pretrain(job_of(toy, tmp_path / "e"), Silent())
    probe(probe_of(toy, tmp_path), Silent())
    report = json.loads((tmp_path / "probe.json").read_text())
    assert report["classes"] == ["10", "20"]
    assert [(r["encoder"], r["probe"]) for r in report["results"]] == [
        (e, p) for e in ("pre-trained", "untrained") for p in ("knn", "linear")
    ]
    assert all(0 < row["accuracy"] < 1 and 0 < row["mean_iou"] < 1 for row in report["results"])
    assert len((tmp_path / "probe.csv").read_text().splitlines()) == 1 + 2 * 2 * 3
    draws = [s["accuracy"] for s in report["scores"] if (s["encoder"], s["probe"]) == ("pre-trained", "linear")]
    row = report["results"][1]
    assert row["accuracy"] == pytest.approx(np.mean(draws), abs=1e-4)
    assert row["accuracy_sd"] == pytest.approx(np.std(draws, ddof=1), abs=1e-4)
