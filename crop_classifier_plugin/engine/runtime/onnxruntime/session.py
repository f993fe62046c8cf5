"""ONNX Runtime, on the processor or by CUDA."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from ....shared.devices import CPU, CUDA
from ....shared.errors import BadModel, DeviceMissing, OutOfMemory
from ..base import Declared, Feeds
from ..devices import Device, Offer
from .file_guard import read_weights

_PROVIDERS = {CPU: ["CPUExecutionProvider"], CUDA: ["CUDAExecutionProvider", "CPUExecutionProvider"]}


class OnnxSession:
    """A model.onnx in memory. The file is untrusted: it may not name other files."""

    def __init__(self, weights: Path, device: Device, name: str) -> None:
        """As base.Session."""
        self.device, self._name = device, name
        data = read_weights(weights)
        providers = _PROVIDERS[device.name]
        try:
            self._session = ort.InferenceSession(data, _options(), providers=providers)
            self.inputs: Sequence[Declared] = self._session.get_inputs()
            self.outputs: Sequence[Declared] = self._session.get_outputs()
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own errors share no public base class
            raise self._explain(error, "loading the network") from None
        if providers[0] not in self._session.get_providers():  # it falls back to the CPU with a mere warning
            raise DeviceMissing(
                device.name, "ONNX Runtime could not start CUDA: check the driver and the CUDA libraries"
            )

    @staticmethod
    def offer(device: str) -> Offer:
        if _PROVIDERS[device][0] in ort.get_available_providers():
            return Offer(True, "ONNX Runtime offers CUDA")
        return Offer(False, "this ONNX Runtime has no CUDA support", "install onnxruntime-gpu in the engine")

    def run(self, names: Sequence[str], feeds: Feeds) -> list[Any]:
        try:
            results: list[Any] = self._session.run(list(names), dict(feeds))
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own errors share no public base class
            raise self._explain(error, "running the network") from None
        return results

    def _explain(self, error: Exception, doing: str) -> Exception:
        text = str(error).strip()
        if isinstance(error, MemoryError) or "alloc" in text.lower() or "out of memory" in text.lower():
            return OutOfMemory(doing)
        return BadModel(self._name, text.splitlines()[0] if text else type(error).__name__)

    def versions(self) -> dict[str, Any]:
        return {"onnxruntime": ort.__version__, "providers": self._session.get_providers()}


def _options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.load_model_format", "ONNX")  # the format that was looked through
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return options
