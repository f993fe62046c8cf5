"""ONNX Runtime: CUDA where there is one, else CPU; it says which, and why."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ..errors import BadModel, DeviceMissing, OutOfMemory
from .base import Float

# ONNX Runtime's own errors share no public base class.
_ERRORS: tuple[type[Exception], ...] = (
    RuntimeError,
    *(
        e
        for e in vars(ort.capi.onnxruntime_pybind11_state).values()
        if isinstance(e, type) and issubclass(e, Exception)
    ),
)


class OnnxRuntime:
    """A model.onnx in memory. The file is untrusted: it is read from bytes, so it can name no other file."""

    def __init__(self, weights: Path, wanted: str = "auto") -> None:
        providers, self.device, self.why = choose_device(wanted, ort.get_available_providers())
        try:
            self._session = ort.InferenceSession(weights.read_bytes(), _session_options(), providers=providers)
        except _ERRORS as error:
            raise BadModel(str(weights), _first_line(error)) from None
        self._settle(wanted)
        self._inputs = {i.name for i in self._session.get_inputs()}
        self._output = _probability_name(self._session, weights)

    def _settle(self, wanted: str) -> None:
        """ONNX Runtime falls back to the CPU with a mere warning: the log must say what really runs."""
        active = self._session.get_providers()
        if self.device == "cuda" and "CUDAExecutionProvider" not in active:
            if wanted == "cuda":
                raise DeviceMissing(
                    "cuda", "ONNX Runtime could not start CUDA: check the driver and the CUDA libraries"
                )
            self.device, self.why = "cpu", "CUDA is offered but could not be started; check the GPU driver"

    def run(self, x: Float, doy: NDArray[np.int64], valid: Float) -> Float:
        """x (B,T,C,H,W), doy (B,T), valid (B,T) -> probability (B,K,H,W)."""
        feeds = {k: v for k, v in (("x", x), ("doy", doy), ("valid", valid)) if k in self._inputs}
        try:
            (probability,) = self._session.run([self._output], feeds)
        except _ERRORS as error:
            raise self._explain(error) from None
        result: Float = probability
        return result

    def _explain(self, error: Exception) -> Exception:
        text = str(error)
        if "alloc" in text.lower() or "out of memory" in text.lower():
            return OutOfMemory("running the network")
        return BadModel("model.onnx", _first_line(error))

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


def _session_options() -> ort.SessionOptions:
    options = ort.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    return options


def _probability_name(session: ort.InferenceSession, weights: Path) -> str:
    names = [o.name for o in session.get_outputs()]
    if "probability" not in names:
        raise BadModel(str(weights), f"it has no output named probability, only {', '.join(names)}")
    return "probability"


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
