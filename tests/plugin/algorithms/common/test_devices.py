"""The choice of a device is read from the one table of devices."""

from __future__ import annotations

import pytest

from crop_classifier_plugin.shared.devices import DEVICES, TRAINING_DEVICES, DeviceRow


@pytest.mark.parametrize("name", ["classify_lrtacf_net", "fuse_tsstfn"])
def test_one_row_makes_a_choice_in_qgis(provider, monkeypatch, name):
    monkeypatch.setitem(DEVICES, "npu", DeviceRow("Fake NPU"))
    algorithm = provider.algorithm(name).create()
    assert algorithm.parameterDefinition("DEVICE").options() == [row.title for row in DEVICES.values()]
    assert algorithm.parameterDefinition("DEVICE").options()[-1] == "Fake NPU"


@pytest.mark.parametrize("name", ["train_lrtacf_net", "train_tsstfn", "pretrain_cropsts"])
def test_a_training_offers_what_pytorch_trains_on(provider, monkeypatch, name):
    monkeypatch.setitem(DEVICES, "npu", DeviceRow("Fake NPU"))
    algorithm = provider.algorithm(name).create()
    assert algorithm.parameterDefinition("DEVICE").options() == [row.title for row in TRAINING_DEVICES.values()]
