"""An area estimate beside a diagnosis: hectares of the crops with their intervals, from a sample that was looked at."""

from __future__ import annotations

import math
from typing import Any

from .....shared.errors import BadInput
from .....shared.legend import plain
from .....shared.texts.bounded import bounded_json

Estimate = dict[str, float | None]


def read_estimate(path: str) -> dict[str, Estimate]:
    """Hectares and half of the 95 % interval of each class, by its plain name. Raises BadInput for no area estimate."""
    try:
        read = bounded_json(path)
        return {plain(str(row["name"])): _estimate(row["area_ha"]) for row in read["classes"]}
    except OSError as error:
        raise BadInput(f"The area estimate {path} cannot be read ({error}): choose another file.") from None
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            f"{path} is no area estimate ({error!r}): choose the JSON report of Estimate areas for this map."
        ) from None


def _estimate(told: Any) -> Estimate:
    return {key: _number(told[key]) for key in ("value", "half_width")}


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is no number of hectares")
    return number
