"""ONNX Runtime: CUDA where there is one, else CPU; it says which, and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import onnxruntime as ort

from ....shared.cards.card import Card
from ....shared.errors import BadModel, DeviceMissing, OutOfMemory
from ..base import Feeds, Prediction
from ..checks import (
    ContractViolation,
    check_attention,
    check_declared,
    check_result,
)
from .file_guard import read_weights


class OnnxRuntime:
    """A model.onnx in memory. The file is untrusted: it may not name other files, and what it gives is checked."""

    def __init__(self, weights: Path, wanted: str = "auto", card: Card | None = None) -> None:
        """Raises BadModel where the file is no network, or (given its card) not the one that the card describes."""
        providers, self.device, self.why = choose_device(wanted, ort.get_available_providers())
        self._name = str(weights)
        self._classes = len(card.legend) if card else None
        data = read_weights(weights)
        try:
            self._session = ort.InferenceSession(data, session_options(), providers=providers)
            check_declared(self._session.get_inputs(), self._session.get_outputs(), card)
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own errors share no public base class
            raise self._explain(error, "loading the network") from None
        self._settle(wanted)
        self._inputs = {i.name for i in self._session.get_inputs()}

    def _settle(self, wanted: str) -> None:
        """ONNX Runtime falls back to the CPU with a mere warning: the log must say what really runs."""
        active = self._session.get_providers()
        if self.device == "cuda" and "CUDAExecutionProvider" not in active:
            if wanted == "cuda":
                raise DeviceMissing(
                    "cuda", "ONNX Runtime could not start CUDA: check the driver and the CUDA libraries"
                )
            self.device, self.why = "cpu", "CUDA is offered but could not be started; check the GPU driver"

    @property
    def attends(self) -> bool:
        """Whether the network tells how much it heeds each date."""
        return any(output.name == "attention" for output in self._session.get_outputs())

    def run(self, feeds: Feeds, attention: bool = False) -> Prediction:
        """As base.Runtime.run. Raises BadModel where the network gives something else than it should."""
        taken = {name: values for name, values in feeds.items() if name in self._inputs}
        batch = next(values.shape for name, values in taken.items() if name.startswith("x"))
        try:
            result, *more = self._session.run(["probability", *(["attention"] if attention else [])], taken)
            return Prediction(check_result(result, batch, self._classes), *(check_attention(m, batch) for m in more))
        except Exception as error:  # noqa: BLE001 - ONNX Runtime's own errors share no public base class
            raise self._explain(error, "running the network") from None

    def _explain(self, error: Exception, doing: str) -> Exception:
        text = "" if isinstance(error, ContractViolation) else str(error).lower()
        if isinstance(error, MemoryError) or "alloc" in text or "out of memory" in text:
            return OutOfMemory(doing)
        return BadModel(self._name, _first_line(error))

    def versions(self) -> dict[str, Any]:
        return {"onnxruntime": ort.__version__, "providers": self._session.get_providers()}


def choose_device(wanted: str, available: list[str]) -> tuple[list[str], str, str]:
    """ONNX Runtime's providers to ask for, the device's name, and why it was taken."""
    gpu = "CUDAExecutionProvider" in available
    if wanted == "cpu":
        return ["CPUExecutionProvider"], "cpu", "the CPU was asked for"
    if gpu:
        return ["CUDAExecutionProvider", "CPUExecutionProvider"], "cuda", "ONNX Runtime offers CUDA"
    if wanted == "cuda":
        raise DeviceMissing("cuda", "this ONNX Runtime has no CUDA support; install onnxruntime-gpu in the engine")
    return ["CPUExecutionProvider"], "cpu", "this ONNX Runtime has no CUDA support"


def session_options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.add_session_config_entry("session.load_model_format", "ONNX")  # the format that was looked through
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return options


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
