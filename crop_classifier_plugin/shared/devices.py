"""What a job can be asked to run on. Each row says how QGIS calls it and which runtime of the engine serves it.

A further runtime is one file in engine/runtime and one row here, at the end: QGIS keeps choices by their number.
"""

from __future__ import annotations

from dataclasses import dataclass

AUTO, CPU, CUDA = "auto", "cpu", "cuda"
_ONNX = "onnxruntime.session:OnnxSession"


@dataclass(frozen=True)
class DeviceRow:
    """A device: how QGIS calls it, and what serves it."""

    title: str
    runtime: str = (
        ""  # "module:class" in engine/runtime; "" = the first of the other rows that works, else the processor
    )
    trains: bool = False  # whether PyTorch trains on it


DEVICES = {
    AUTO: DeviceRow("Automatic", trains=True),
    CPU: DeviceRow("Processor", _ONNX, trains=True),
    CUDA: DeviceRow("NVIDIA GPU (CUDA)", _ONNX, trains=True),
}
TRAINING_DEVICES = {name: row for name, row in DEVICES.items() if row.trains}
