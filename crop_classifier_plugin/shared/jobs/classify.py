"""The classify job. Standard library only: both sides import it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Optional

from ..devices import DEVICES
from ..errors import BadInput
from .base import Job
from .sources import Series, one_of

_MONTHS = re.compile(r"(\d{4})-(\d{2})(?:\s*(?:to|\.\.)\s*(\d{4})-(\d{2}))?")
_MOST = 120  # months in one run


@dataclass(frozen=True)
class ClassifyOutputs:
    """Where the crop map goes, and what goes with it; "" = not asked for.

    With `folder` in place of `class_map`: one crop_map_2020-03.tif a target month in it; the other files' names get the
    month too.
    """

    class_map: str = ""
    folder: str = ""
    confidence: str = ""
    probabilities: str = ""
    entropy: str = ""  # of the probabilities: 0 = sure, 1 = nothing known
    margin: str = ""  # the highest probability less the next
    valid_dates: str = ""  # how many dates are usable
    attention: str = ""  # CSV: how much the network heeds each date, by class
    attention_plot: str = ""  # the same as an HTML page

    def __post_init__(self) -> None:
        if bool(self.class_map) == bool(self.folder):
            raise BadInput("Name either a crop map or a folder for one map a month: one of the two, not both.")


@dataclass(frozen=True)
class ClassifyJob(Job):
    """Series + model -> crop map (and, on request, confidence, probabilities, number of valid dates, attention)."""

    kind: ClassVar[str] = "classify"
    entry: ClassVar[str] = "inference.job:classify"
    writes_rasters = tuple(
        f"written.{name}" for name in ("class_map", "confidence", "probabilities", "entropy", "margin", "valid_dates")
    )
    writes_files = ("written.attention", "written.attention_plot")
    writes_folders = ("written.folder",)
    reads = ("optical", "radar", "area", "model", "candidates")
    optical: Optional[Series]  # the scenes: the first, or only, series; of radar for models of radar alone
    model: str  # folder with model.onnx and model.json; "" = that of the candidates which fits the series
    written: ClassifyOutputs
    radar: Optional[Series] = None  # the second series, for models of two
    months: tuple[str, ...] = ()  # 2020-03: what a monthly model maps; () = the latest month it can
    area: str = ""  # vector file whose polygons limit the map
    device: str = "auto"
    candidates: tuple[str, ...] = ()  # model folders to choose from where none is named
    fill: bool = False  # what the scene of a date does not show clear comes from the other scenes of its window

    def __post_init__(self) -> None:
        one_of("device", self.device, DEVICES)
        if not (self.model or self.candidates):
            raise BadInput("No model was given: choose one of those that are offered, or a model folder.")
        if not (self.optical or self.radar):
            raise BadInput("No raster was given: choose the dated scenes of the season.")
        if len(set(self.months)) < len(self.months):
            raise BadInput(f"A month is named twice in {', '.join(self.months)}: name each once.")
        if len(self.months) > 1 and not self.written.folder:
            raise BadInput("Several months make several maps: name a folder for them in place of the crop map.")


def read_months(text: str) -> tuple[str, ...]:
    """Months from text such as "2020-03, 2020-06 to 2021-01"; "" gives none."""
    months: list[str] = []
    for part in filter(None, (p.strip() for p in text.replace(";", ",").split(","))):
        found = _MONTHS.fullmatch(part)
        numbers = [int(n) for n in found.groups() if n] if found else []
        if not numbers or not all(1 <= n <= 12 for n in numbers[1::2]):
            raise BadInput(f"The months {part!r} cannot be read: write 2020-03, or 2020-03 to 2021-02.")
        first, last = numbers[0] * 12 + numbers[1] - 1, numbers[-2] * 12 + numbers[-1] - 1
        if not first <= last < first + _MOST:
            raise BadInput(f"The months {part!r} are not in order, or more than {_MOST}: correct them.")
        months += [f"{n // 12}-{n % 12 + 1:02}" for n in range(first, last + 1)]
    return tuple(months)
