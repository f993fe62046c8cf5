"""One door to a runtime, one rule for devices; a further runtime is one file and one row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import onnxruntime
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crop_classifier_plugin.engine.runtime import open as door
from crop_classifier_plugin.engine.runtime.devices import Device, Offer, choose_device
from crop_classifier_plugin.engine.runtime.onnxruntime import session
from crop_classifier_plugin.engine.runtime.onnxruntime.session import OnnxSession
from crop_classifier_plugin.shared.devices import DEVICES, TRAINING_DEVICES, DeviceRow
from crop_classifier_plugin.shared.errors import DeviceMissing
from kits.paths import REPOSITORY

ENGINE = REPOSITORY / "crop_classifier_plugin/engine"
GPU = ["CUDAExecutionProvider", "CPUExecutionProvider"]


@pytest.mark.parametrize(
    ("words", "places"),
    [
        ("InferenceSession(", {"runtime/onnxruntime/session.py"}),
        ("import onnxruntime", {"runtime/onnxruntime/session.py"}),
        ("cuda.is_available()", {"training/loop/accelerator.py", "training/loop/micro_batches.py"}),
        ("DeviceMissing(", {"runtime/onnxruntime/session.py", "runtime/devices.py"}),
    ],
)
def test_one_place_makes_sessions_and_one_asks_for_devices(words: str, places: set[str]) -> None:
    found = {str(path.relative_to(ENGINE)) for path in ENGINE.rglob("*.py") if words in path.read_text()}
    assert found == places


offers = st.dictionaries(st.sampled_from(["cuda", "npu", "tpu"]), st.builds(Offer, st.booleans(), st.text(min_size=1)))


@given(offers)
def test_auto_takes_the_first_that_is_usable_and_always_says_why(found: dict[str, Offer]) -> None:
    usable = [name for name, offer in found.items() if offer.usable]
    chosen = choose_device("auto", found)
    assert chosen.name == (usable[0] if usable else "cpu")
    assert chosen.why or not found
    assert choose_device("cpu", found) == Device("cpu", "the CPU was asked for")


@given(offers)
def test_what_is_asked_for_is_used_or_an_error(found: dict[str, Offer]) -> None:
    for name, offer in found.items():
        if offer.usable:
            assert choose_device(name, found) == Device(name, offer.why)
            continue
        with pytest.raises(DeviceMissing):
            choose_device(name, found)


# --- ONNX Runtime ----------------------------------------------------------------------------------------------------


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    from onnx import TensorProto, helper

    x, y = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in "xy")
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [x], [y])
    model = helper.make_model(graph, ir_version=10, opset_imports=[helper.make_opsetid("", 18)])
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    return tmp_path / "model.onnx"


def test_asking_for_a_gpu_that_is_not_there_is_an_error(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: GPU[1:])
    with pytest.raises(DeviceMissing, match="no CUDA support; install onnxruntime-gpu"):
        door.open_session(weights, "cuda")
    assert door.open_session(weights).device == Device("cpu", "this ONNX Runtime has no CUDA support")


def test_a_gpu_that_does_not_start_is_an_error_or_the_processor(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    """ONNX Runtime falls back to the CPU with a mere warning: the log must say what really runs."""
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: GPU)
    monkeypatch.setitem(session._PROVIDERS, "cuda", GPU)
    real = onnxruntime.InferenceSession
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *a, providers: real(*a, providers=GPU[1:]))
    with pytest.raises(DeviceMissing, match="could not start CUDA"):
        door.open_session(weights, "cuda")
    told = door.open_session(weights).device
    assert told.name == "cpu"
    assert "could not start CUDA" in told.why


# --- a further runtime -----------------------------------------------------------------------------------------------


class FakeSession(OnnxSession):
    """A runtime of another device, here ONNX Runtime under another name."""

    def __init__(self, weights: Path, device: Device, name: str) -> None:
        super().__init__(weights, Device("cpu", ""), name)
        self.device = device

    @staticmethod
    def offer(device: str) -> Offer:
        return Offer(True, "the fake is always there")


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    module: Any = ModuleType("crop_classifier_plugin.engine.runtime.fake")
    module.FakeSession = FakeSession
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setitem(DEVICES, "npu", DeviceRow("Fake NPU", "fake:FakeSession"))


@pytest.mark.parametrize("wanted", ["npu", "auto"])
@pytest.mark.usefixtures("fake")
def test_one_row_makes_a_runtime_known(monkeypatch: pytest.MonkeyPatch, weights: Path, wanted: str) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: GPU[1:])
    opened = door.open_session(weights, wanted)
    assert isinstance(opened, FakeSession)
    assert opened.device == Device("npu", "the fake is always there")
    assert "npu" not in TRAINING_DEVICES


def test_a_runtime_that_is_not_installed_is_passed_over(monkeypatch: pytest.MonkeyPatch, weights: Path) -> None:
    monkeypatch.setitem(DEVICES, "npu", DeviceRow("Fake NPU", "absent:AbsentSession"))
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: GPU[1:])
    assert door.open_session(weights).device.name == "cpu"
    with pytest.raises(DeviceMissing, match=r"^The device npu cannot be used .*is not installed; install it in"):
        door.open_session(weights, "npu")


ROW = "from crop_classifier_plugin.shared.devices import DEVICES, DeviceRow; DEVICES['npu'] = DeviceRow('Fake NPU');"


@pytest.mark.parametrize(
    ("command", "known"), [("classify", True), ("fuse-tsstfn", True), ("train", False), ("pretrain-cropsts", False)]
)
def test_one_row_makes_a_choice_of_the_command_line(command: str, known: bool) -> None:
    program = f"{ROW} from crop_classifier_plugin.engine.cli.main import cli; cli(['{command}', '--help'])"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=REPOSITORY).stdout
    assert "--device [auto|cpu|cuda" in told
    assert ("|npu]" in told) == known
