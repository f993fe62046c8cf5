"""Jobs about fusing fine and coarse images. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Optional

from ..choices import COMBINATIONS, GAIN_SPLITS, SPREADS
from ..errors import BadInput
from ..forest import MAX_PIXELS, ForestSize
from .base import Job
from .sources import (
    DateEntry,
    Extent,
    LabelSource,
    SceneSource,
    Series,
    one_of,
)

_PAPER_FOREST = ForestSize()


def image_pairs(
    fine: tuple[SceneSource, ...],
    coarse: tuple[SceneSource, ...],
    dates: tuple[DateEntry, ...] = (),
    extent: Optional[Extent] = None,
) -> tuple[Series, Series]:
    """Fine and coarse images as a user gives them at once: the dates and the extent are of both."""
    if not fine or not coarse:
        raise BadInput("Fine and coarse images are both needed: choose the base dates' and the target's.")
    return Series(fine, dates, extent=extent), Series(coarse, dates, extent=extent)


@dataclass(frozen=True)
class StarfmSpec:
    """Which neighbours STARFM takes, and what each counts."""

    window: int = 61  # px of the fine image, odd
    classes: int = 4
    distance: float = 0.0  # px at which a neighbour counts half; 0 = half the window
    sigma_fine: float = 0.03  # uncertainty of the values, in their unit
    sigma_coarse: float = 0.03
    temporal_filter: bool = True
    spread: str = "image"  # one of SPREADS: where the standard deviation of the fine image is taken
    combination: str = "product"  # one of COMBINATIONS: S T D, or ln(S B + 1) ln(T B + 1) D
    log_scale: float = 10_000.0  # B

    def __post_init__(self) -> None:
        one_of("spread", self.spread, SPREADS)
        one_of("combination", self.combination, COMBINATIONS)
        if not 3 <= self.window <= 255 or self.window % 2 == 0:
            raise BadInput(f"The window of {self.window} px cannot be used: choose an odd number from 3 to 255.")
        if not (self.classes >= 1 and self.log_scale > 0):
            raise BadInput("The number of classes is at least 1 and the logarithm's scale above 0.")
        if not min(self.distance, self.sigma_fine, self.sigma_coarse) >= 0:
            raise BadInput("The distance and the uncertainties are at least 0: correct the negative one.")


@dataclass(frozen=True)
class FuseStarfmJob(Job):
    """Fine images + coarse images of their days and of a target day -> the fine image of the target day."""

    kind: ClassVar[str] = "fuse_starfm"
    entry: ClassVar[str] = "fusion.starfm.job:fuse"
    writes_rasters = ("output",)
    reads = ("fine", "coarse")
    fine: Series  # its extent is that of the output
    coarse: Series
    output: str
    target: str = ""  # ISO date of a coarse image; "" = the only coarse date without a fine image
    pairs: int = 1  # base pairs: 1 or 2, the nearest to the target's day
    band: str = "NDVI"
    cubic: bool = False  # coarse images come to the fine grid cubically, not bilinearly
    starfm: StarfmSpec = StarfmSpec()

    def __post_init__(self) -> None:
        if not self.output:
            raise BadInput("No output was named: say where the fused image goes.")
        if self.pairs not in (1, 2):
            raise BadInput(f"STARFM takes one or two base pairs, not {self.pairs}: choose 1 or 2.")


@dataclass(frozen=True)
class EvaluateFusionJob(Job):
    """Fused image + the real fine image of its day -> RMSE, bias, SSIM, scatter; beside what needs no fusion."""

    kind: ClassVar[str] = "evaluate_fusion"
    entry: ClassVar[str] = "fusion.evaluation.job:evaluate"
    writes_files = ("report_html", "report_json", "report_csv")
    reads = ("fused", "truth", "fine", "coarse")
    fused: SceneSource
    truth: SceneSource  # the real fine image of the fused image's day, which the fusion did not see
    fine: tuple[SceneSource, ...]  # fine images of other days: the nearest, and those before and after interpolated
    coarse: SceneSource  # the coarse image of the fused image's day
    report_html: str
    report_json: str
    report_csv: str
    band: str = "NDVI"
    dates: tuple[DateEntry, ...] = ()
    extent: Optional[Extent] = None
    cubic: bool = False  # as in FuseStarfmJob: the reference "coarse image resampled"
    data_range: float = 0.0  # L of SSIM; 0 = 2 for a normalised index, else the range of the real image

    def __post_init__(self) -> None:
        if not (self.report_html and self.report_json and self.report_csv):
            raise BadInput("No output was named: say where the three reports go.")
        if not self.fine:
            raise BadInput("No fine image of another day was given: choose the one before the fused day, or more.")
        if not self.data_range >= 0:
            raise BadInput(f"A data range of {self.data_range} is none: give one above 0, or 0 for the usual one.")


@dataclass(frozen=True)
class Prediction:
    """Predicted images of one strategy: one raster of one date, or of several."""

    source: SceneSource
    strategy: str = ""  # "" = what stands before the date in the layer's name

    def paths(self) -> tuple[str, ...]:
        """The files that are read."""
        return self.source.paths()


@dataclass(frozen=True)
class GainSplit:
    """Which labelled pixels are learnt from, and which are tested on."""

    method: str = "parcel"  # one of GAIN_SPLITS: what is held out as a whole; pixel leaks
    block: int = 64  # px, side of the blocks of method="block"
    held_out: float = 0.3  # share of the labelled pixels
    pixels: int = MAX_PIXELS  # most that are learnt from, a class
    test_pixels: int = 100_000  # most that are tested on, drawn at random from all that are held out

    def __post_init__(self) -> None:
        one_of("split", self.method, GAIN_SPLITS)
        if not 0 < self.held_out < 1:
            raise BadInput(f"The held-out share of {self.held_out} leaves nothing to learn from, or nothing to test.")
        if min(self.pixels, self.test_pixels) < 1 or self.block < 4:
            raise BadInput("Numbers of pixels are at least 1 and a block at least 4 pixels: correct the smaller one.")


@dataclass(frozen=True)
class CropGainJob(Job):
    """Early season + predicted images + labels -> what each prediction adds to a crop map: table and bar chart."""

    kind: ClassVar[str] = "crop_gain"
    entry: ClassVar[str] = "experiments.crop_gain.job:crop_gain"
    writes_files = ("report_html", "report_json", "report_csv")
    reads = ("early", "predictions", "labels")
    early: Series
    predictions: tuple[Prediction, ...]
    labels: LabelSource
    report_html: str
    report_json: str
    report_csv: str
    before: str = ""  # ISO date: the early season's dates are earlier; "" = the first predicted date
    index: str = "NDVI"
    split: GainSplit = GainSplit()
    forest: ForestSize = _PAPER_FOREST
    seeds: int = 5  # splits and forests
    seed: int = 1  # of the first

    def __post_init__(self) -> None:
        if not self.predictions:
            raise BadInput("No predicted image was given: choose the outputs of a fusion.")
        self.labels.check_one_class("file of labels")
        if not (self.report_html and self.report_json and self.report_csv):
            raise BadInput("No output was named: say where the three reports go.")
        if self.seeds < 1:
            raise BadInput(f"{self.seeds} seeds are none: give at least 1.")
