"""Laws of the random forest: its ONNX file is scikit-learn's forest, and it learns what a season holds."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import onnxruntime as ort
import pytest
import rasterio
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from crop_classifier_plugin.engine.execution.reporter import Silent
from crop_classifier_plugin.engine.inference.job import classify
from crop_classifier_plugin.engine.networks.base import DataSizes
from crop_classifier_plugin.engine.networks.random_forest import RandomForestConfig
from crop_classifier_plugin.engine.raster.grid import Grid
from crop_classifier_plugin.engine.raster.neighbourhood import neighbours
from crop_classifier_plugin.engine.series.cube.input_normalisation import z_scores
from crop_classifier_plugin.engine.splits.split import TRAIN
from crop_classifier_plugin.engine.training.data.band_statistics import statistics
from crop_classifier_plugin.engine.training.forest.fit import samples
from crop_classifier_plugin.engine.training.forest.forest_onnx import predict, to_onnx
from crop_classifier_plugin.engine.training.supervised.job import gather, train
from crop_classifier_plugin.engine.vector.polygons import rasterize_polygons
from crop_classifier_plugin.shared.cards.files import checked_weights, load_card
from crop_classifier_plugin.shared.errors import BadInput, Cancelled
from kits.classification import classify_job
from kits.training.toy import LEGEND, job_of


def a_forest(rng, present, features, levels):
    """On few distinct values, so that thresholds fall between them and ties are common."""
    y = np.concatenate([present, rng.choice(present, 200 - len(present))])
    x = (rng.integers(0, levels, (200, features)) / np.float32(3)).astype(np.float32)
    x[:, 0] += y.astype(np.float32)
    return RandomForestClassifier(7, max_depth=9, random_state=0).fit(x, y)


def run(model, x):
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(["logits", "probability"], {"x": x})


@settings(max_examples=25, deadline=None)
@given(data=st.data(), seed=st.integers(0, 2**31 - 1))
def test_the_file_gives_scikit_learn_s_probabilities_on_any_shape(data, seed):
    """Also where classes of the legend were never learnt, and where one or two classes are all there are."""
    rng = np.random.default_rng(seed)
    dates, bands, classes = (data.draw(st.integers(1, most)) for most in (3, 3, 5))
    present = np.array(sorted(data.draw(st.sets(st.integers(0, classes - 1), min_size=1))))
    forest = a_forest(rng, present, 9 * dates * bands, data.draw(st.sampled_from([2, 7, 1000])))
    model = to_onnx(forest, dates, bands, classes)
    for _ in range(2):
        batch, high, wide = (data.draw(st.integers(1, 6)) for _ in range(3))
        x = (rng.integers(0, 7, (batch, dates, bands, high, wide)) / np.float32(3)).astype(np.float32)
        logits, probability = run(model, x)
        assert probability.shape == (batch, classes, high, wide)
        np.testing.assert_allclose(probability, predict(forest, x, classes), atol=1e-5)
        np.testing.assert_allclose(logits, np.log(np.maximum(probability, 1e-7)), atol=1e-5)
        absent = np.setdiff1d(np.arange(classes), present)
        assert (probability[:, absent] == 0).all()


def test_a_value_at_a_threshold_falls_on_scikit_learn_s_side():
    """Thresholds lie in the middle of two float32 neighbours, which float32 cannot tell."""
    low = np.float32(4.1)
    high = np.nextafter(low, np.float32(5))
    rows = np.repeat(np.array([[low], [high]], np.float32), 9, axis=1)
    forest = RandomForestClassifier(5, bootstrap=False, random_state=0).fit(rows, [0, 1])
    x = np.array([low, high], np.float32).reshape(2, 1, 1, 1, 1)
    _, probability = run(to_onnx(forest, 1, 1, 2), x)
    assert probability[..., 0, 0].tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("name", ["trees", "depth", "leaf", "pixels"])
def test_settings_below_one_are_refused(name):
    with pytest.raises(BadInput, match=name):
        RandomForestConfig.parse({name: "0"}, 1, 1, 2)


# --- a whole training ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def grown(toy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("forest") / "model"
    job = job_of(toy, folder, network="random_forest", settings=(("preset", "small"), ("trees", "20")))
    return folder, train(job, Silent())


def test_training_learns_the_toy_season_and_leaves_a_whole_folder(grown):
    folder, result = grown
    assert {row["metric"]: row["value"] for row in result["accuracy"]}["mean F1"] > 0.95
    card = load_card(folder)
    assert checked_weights(folder, card.weights.sha256)
    assert (card.network, card.weights.parameters, card.tiling.receptive_radius) == ("random_forest", 0, 1)
    assert "Confusion matrix" in (folder / "training.html").read_text()
    assert "How it learnt" not in (folder / "training.html").read_text()  # a forest has no epochs
    assert len((folder / "training.csv").read_text().splitlines()) == 1


def test_the_folder_classifies_as_any_other(toy, grown, tmp_path):
    folder, _ = grown
    scenes = job_of(toy, folder).data[0].series.scenes
    classify(classify_job(scenes, str(folder), str(tmp_path / "map.tif"), mask="none"), Silent())
    with rasterio.open(tmp_path / "map.tif") as found:
        crop = found.read(1)
    parcels = gpd.read_file(toy / "parcels.gpkg")
    truth = rasterize_polygons(
        [(shape, int(code) // 10) for shape, code in zip(parcels.geometry, parcels["code"])], grid_of(toy)
    )
    assert (crop[:10, :10] == 0).all()  # the cloudy corner is no crop
    known = crop > 0
    assert (crop == truth)[known].mean() > 0.97


def grid_of(toy):
    with rasterio.open(sorted(toy.glob("S2_*.tif"))[0]) as first:
        return Grid(first.crs, first.transform, first.height, first.width)


def test_the_same_seed_gives_the_same_file(toy, grown, tmp_path):
    again = train(
        job_of(toy, tmp_path / "again", network="random_forest", settings=(("preset", "small"), ("trees", "20"))),
        Silent(),
    )
    assert again["sha256"] == grown[1]["sha256"]


def test_training_and_the_file_see_the_same_neighbourhoods(toy, tmp_path):
    """Every training pixel's features, cut from blocks, are those of the whole image; at most `pixels` a class."""
    job = job_of(toy, tmp_path / "m", network="random_forest")
    (tmp_path / "scratch").mkdir()
    seasons = gather(job, LEGEND, tmp_path / "scratch", Silent(), 32).train
    stats = statistics(seasons)
    config = RandomForestConfig(DataSizes(2, 3, 2), pixels=300)
    x, y = samples(config, seasons, stats, 1, Silent())
    assert np.bincount(y).tolist() == [300, 300]
    whole = neighbours(z_scores(np.asarray(seasons[0].image), stats))
    rows = {row.tobytes(): (r, c) for (r, c), row in ((rc, whole[:, rc[0], rc[1]]) for rc in np.ndindex(96, 96))}
    for row, cls in zip(x, y):
        r, c = rows[row.tobytes()]
        assert (seasons[0].part[r, c], seasons[0].target[r, c]) == (TRAIN, cls)


def test_cancel_leaves_nothing(toy, tmp_path):
    class Impatient(Silent):
        def progress(self, fraction, message, done=0, total=0):
            if message.startswith("Growing"):
                self.stop.set()
            super().progress(fraction, message, done, total)

    with pytest.raises(Cancelled):
        train(job_of(toy, tmp_path / "m", network="random_forest", settings=()), Impatient())
    assert not list((tmp_path / "m").glob("*"))
