"""SSIM beside another implementation's figures."""

from __future__ import annotations

import numpy as np
import pytest

from crop_classifier_plugin.engine.fusion.evaluation.metrics import ssim_map


# scikit-image 0.26.0: structural_similarity(truth, estimate, data_range=..., gaussian_weights=True, sigma=1.5,
# use_sample_covariance=False, full=True)[1][5:-5, 5:-5]; mean and least value
@pytest.mark.parametrize(
    ("data_range", "mean", "least"),
    [(1.0, 0.8086955662876587, 0.4391683302447925), (255.0, 0.9999776265832494, 0.9998984077883438)],
)
def test_ssim_is_that_of_scikit_image(data_range: float, mean: float, least: float) -> None:
    y, x = np.mgrid[0:40, 0:50]
    truth = 0.5 + 0.3 * np.sin(x / 5.0) * np.cos(y / 7.0)
    estimate = truth + 0.05 * np.sin(x * y / 11.0)
    found = ssim_map(truth, estimate, data_range)
    assert found.shape == (30, 40)
    assert found.mean() == pytest.approx(mean, abs=1e-12)
    assert found.min() == pytest.approx(least, abs=1e-12)
