"""The peak memory of a run is the program's own."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from crop_classifier_plugin.engine.execution.run_record import peak_memory_mib
from kits.paths import REPOSITORY

TELL = "from crop_classifier_plugin.engine.execution.run_record import peak_memory_mib; print(peak_memory_mib())"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system tells no better")
def test_the_peak_of_a_program_leaves_out_what_its_starter_held() -> None:
    held = np.ones(400 * 2**20, np.uint8)  # a window of QGIS, say
    told = subprocess.run((sys.executable, "-c", TELL), cwd=REPOSITORY, capture_output=True, text=True, check=True)
    assert held.nbytes / 2**20 < (peak_memory_mib() or 0)
    assert 5 < float(told.stdout) < 250


def test_the_peak_grows_with_what_is_held() -> None:
    before = peak_memory_mib() or 0
    held = np.ones(int(before + 100) * 2**20, np.uint8)
    assert (peak_memory_mib() or 0) > held.nbytes / 2**20
