"""How a model's probabilities are made to mean what they say. Standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

from ..errors import BadInput


@dataclass(frozen=True)
class Calibration:
    """Temperature scaling: Guo et al. (2017), ICML. Classes stay as they are, only their probabilities change."""

    temperature: float = 1.0  # above 1 the model was too sure, below 1 not sure enough
    error_before: Optional[float] = (
        None  # expected calibration error on the pixels that it was fitted on; None = unknown
    )
    error_after: Optional[float] = None
    pixels: int = 0  # that it was fitted on, of parcels that were not learnt from

    def __post_init__(self) -> None:
        if not 0.01 <= self.temperature <= 100:  # so written, not-a-number fails too
            raise BadInput(f"the card's temperature is {self.temperature}, which is outside 0.01..100")

    def to_dict(self) -> dict[str, Any]:
        """As JSON knows it; {} of a model that was never calibrated."""
        if self == Calibration():
            return {}
        errors = {"error_before": self.error_before, "error_after": self.error_after}
        return {"temperature": self.temperature, **errors, "pixels": self.pixels}

    @classmethod
    def from_dict(cls, given: dict[str, Any]) -> Calibration:
        """From what to_dict gives. Raises BadInput, and what a dictionary that is none leads to."""
        before, after = (given.get(name) for name in ("error_before", "error_after"))
        return cls(
            float(given.get("temperature", 1.0)),
            None if before is None else float(before),
            None if after is None else float(after),
            int(given.get("pixels", 0)),
        )
