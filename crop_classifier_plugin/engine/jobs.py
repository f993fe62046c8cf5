"""Jobs: what QGIS or a terminal asks of the engine, as JSON. Standard library only: both sides import this."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, ClassVar

from .errors import BadInput
from .jobs_build import BuildSeriesJob as BuildSeriesJob
from .jobs_classify import ClassifyJob as ClassifyJob
from .jobs_classify import read_months as read_months
from .jobs_fusion import COMBINATIONS as COMBINATIONS
from .jobs_fusion import GAIN_SPLITS as GAIN_SPLITS
from .jobs_fusion import SPREADS as SPREADS
from .jobs_fusion import CropGainJob as CropGainJob
from .jobs_fusion import EvaluateFusionJob as EvaluateFusionJob
from .jobs_fusion import FuseStarfmJob as FuseStarfmJob
from .jobs_fusion import Prediction as Prediction
from .jobs_json import build
from .jobs_parts import DEVICES as DEVICES
from .jobs_parts import MASKS as MASKS
from .jobs_parts import DateEntry as DateEntry
from .jobs_parts import Extent as Extent
from .jobs_parts import SceneSource as SceneSource
from .jobs_parts import Series as Series
from .jobs_parts import read_settings as read_settings
from .jobs_parts import read_windows as read_windows
from .jobs_pretraining import EARLIER_PRETRAINING as EARLIER_PRETRAINING
from .jobs_pretraining import RECIPES as RECIPES
from .jobs_pretraining import PretrainJob as PretrainJob
from .jobs_pretraining import ProbeJob as ProbeJob
from .jobs_series import ALIGN_RULES as ALIGN_RULES
from .jobs_series import ALIGNED_DAYS as ALIGNED_DAYS
from .jobs_series import COMPOSITES as COMPOSITES
from .jobs_series import EMPTY as EMPTY
from .jobs_series import FILLERS as FILLERS
from .jobs_series import INDICES as INDICES
from .jobs_series import PERIODS as PERIODS
from .jobs_series import STRATEGIES as STRATEGIES
from .jobs_series import AlignSeriesJob as AlignSeriesJob
from .jobs_series import CompositeJob as CompositeJob
from .jobs_series import FillGapsJob as FillGapsJob
from .jobs_series import IndexJob as IndexJob
from .jobs_series import PhenologyJob as PhenologyJob
from .jobs_training import EARLIER as EARLIER
from .jobs_training import FOREST as FOREST
from .jobs_training import LOSSES as LOSSES
from .jobs_training import OPTIMIZERS as OPTIMIZERS
from .jobs_training import PRECISIONS as PRECISIONS
from .jobs_training import SIDES as SIDES
from .jobs_training import SPLITS as SPLITS
from .jobs_training import TRAINABLE as TRAINABLE
from .jobs_training import LabelledSeries as LabelledSeries
from .jobs_training import TrainJob as TrainJob
from .jobs_tsstfn import FORECASTS as FORECASTS
from .jobs_tsstfn import FUSION_LOSSES as FUSION_LOSSES
from .jobs_tsstfn import FUSION_SPLITS as FUSION_SPLITS
from .jobs_tsstfn import FuseTsstfnJob as FuseTsstfnJob
from .jobs_tsstfn import TrainTsstfnJob as TrainTsstfnJob


@dataclass(frozen=True)
class DiagnoseJob:
    """Crop map + reference (class raster, or polygons with a class field) -> TP/FP/FN layers, agreement, accuracy."""

    kind: ClassVar[str] = "diagnose"
    class_map: str
    reference: str  # raster, or vector file
    folder: str  # per-class layers go here, as diagnosis_<code>_<name>.tif
    agreement: str
    report_html: str
    report_json: str
    report_csv: str
    reference_layer: str = ""  # layer inside a vector file; "" = the first
    class_field: str = ""  # polygons only
    mapping: tuple[tuple[str, str], ...] = ()  # (reference value, map class), over the legend's own names and aliases
    map_crs: str = ""  # authority id or WKT that the user gave the map; "" = the file's own
    reference_crs: str = ""  # the same of the reference

    def __post_init__(self) -> None:
        if not self.class_map or not self.reference:
            raise BadInput("A crop map and a reference are needed: choose both.")


@dataclass(frozen=True)
class SimulateJob:
    """A seeded season: Sentinel-2 (10 and 20 m, SCL), Sentinel-1, MODIS NDVI, truth raster and parcels in `folder`."""

    kind: ClassVar[str] = "simulate"
    folder: str
    width: int = 512  # in 10 m pixels; a multiple of 2
    height: int = 512
    year: int = 2024
    seed: int = 1
    dates: tuple[str, ...] = ()  # Sentinel-2 ISO dates; () = every `revisit_days` from March to October
    revisit_days: int = 10
    cloud_share: float = 0.33  # mean share of pixels under cloud or shadow a date
    crs: str = "EPSG:32631"
    xmin: float = 500000.0
    ymax: float = 5650000.0
    sentinel1: bool = True
    modis: bool = True


JOBS = {
    job.kind: job
    for job in (
        AlignSeriesJob,
        BuildSeriesJob,
        ClassifyJob,
        CompositeJob,
        CropGainJob,
        DiagnoseJob,
        EvaluateFusionJob,
        FillGapsJob,
        FuseStarfmJob,
        FuseTsstfnJob,
        IndexJob,
        PretrainJob,
        ProbeJob,
        PhenologyJob,
        SimulateJob,
        TrainJob,
        TrainTsstfnJob,
    )
}


def dump(job: Any) -> str:
    """The job as JSON text."""
    return json.dumps({"kind": job.kind, **asdict(job)}, indent=1)


def load(path: str | Path) -> Any:
    """The job in a JSON file. Raises BadInput with a sentence when it is none."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadInput(f"The job file {path} cannot be read ({error}): give a job in JSON.") from None
    return parse(data)


def parse(data: Any) -> Any:
    """A job from its dictionary; checks the kind, the field names and the types."""
    kind = data.get("kind") if isinstance(data, dict) else None
    if not isinstance(kind, str) or kind not in JOBS:
        raise BadInput(f"The job kind {kind!r} is unknown: use one of {', '.join(sorted(JOBS))}.")
    return build(JOBS[kind], {key: value for key, value in data.items() if key != "kind"})
