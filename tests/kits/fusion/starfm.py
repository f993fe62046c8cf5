"""STARFM on whole images in memory."""

from __future__ import annotations

import numpy as np

from crop_classifier_plugin.engine.fusion.starfm.starfm import Pair, Settings, predict


def fast(pairs, target, options: Settings) -> np.ndarray:
    def wide(image):
        return np.pad(image, options.halo, constant_values=np.nan)

    known = [Pair(wide(fine), wide(coarse), float(np.nanstd(fine))) for fine, coarse in pairs]
    return predict(known, wide(target), options)
