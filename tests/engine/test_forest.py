"""Laws of the random forest: its ONNX file is scikit-learn's forest, and it learns what a season holds."""

from __future__ import annotations

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestClassifier

from crop_classifier_plugin.engine.errors import BadInput
from crop_classifier_plugin.engine.networks.random_forest import RandomForestConfig
from crop_classifier_plugin.engine.training.forest_onnx import predict, to_onnx


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
