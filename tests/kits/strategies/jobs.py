"""Any job at all."""

from __future__ import annotations

import dataclasses
import typing
from functools import cache

from hypothesis import reject
from hypothesis import strategies as st

from crop_classifier_plugin.shared.cards.parts import LEVELS
from crop_classifier_plugin.shared.choices import (
    ALIGN_RULES,
    ALIGNED_DAYS,
    ALLOCATIONS,
    CLEANINGS,
    COMBINATIONS,
    COMPOSITES,
    EMPTY,
    FILLERS,
    FORECASTS,
    FUSION_LOSSES,
    FUSION_SPLITS,
    GAIN_SPLITS,
    GAINS,
    LOSSES,
    MASKS,
    OPTIMIZERS,
    PERIODS,
    PRECISIONS,
    PRESETS,
    RECIPES,
    RESUME,
    SAMPLINGS,
    SCHEDULES,
    SIDES,
    SPREADS,
    STRATEGIES,
)
from crop_classifier_plugin.shared.devices import DEVICES
from crop_classifier_plugin.shared.errors import BadInput
from crop_classifier_plugin.shared.jobs.accuracy import DeclaredParcels
from crop_classifier_plugin.shared.jobs.compare_maps import ClassMap
from crop_classifier_plugin.shared.jobs.job_values import MOST_NUMBER, MOST_WHOLE
from crop_classifier_plugin.shared.jobs.sources import Extent, Series
from crop_classifier_plugin.shared.networks import trainable


@cache
def values(hint):
    """Any value of a type that a job uses."""
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return st.none() | values(args[0])
    if origin is tuple and args[1:] == (Ellipsis,):
        return st.lists(values(args[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values, args))
    if dataclasses.is_dataclass(hint):
        return built(hint)
    plain = {
        str: st.text(st.characters(codec="utf-8", exclude_characters="\x00")),
        bool: st.booleans(),
        int: st.integers(-MOST_WHOLE, MOST_WHOLE),
        float: st.floats(-MOST_NUMBER, MOST_NUMBER),
    }
    return plain[hint]


CHOICES = {
    "device": tuple(DEVICES),
    "mask": MASKS,
    "held_side": SIDES,
    "optimizer": OPTIMIZERS,
    "loss": LOSSES,
    "recipe": RECIPES,
    "schedule": SCHEDULES,
    "precision": PRECISIONS,
    "resume": RESUME,
    "period": PERIODS,
    "method": COMPOSITES,
    "empty": EMPTY,
}


OWN_CHOICES = {
    ("compare_maps", "maps"): ((ClassMap("a.tif"), ClassMap("b.tif", "EPSG:32631")),),
    ("DeclaredParcels", "path"): ("p.gpkg",),
    ("DeclaredParcels", "declared_field"): ("crop",),
    ("MapRasters", "class_map"): ("m.tif",),
    ("MapRasters", "probabilities"): ("p.tif",),
    ("Cleaning", "method"): CLEANINGS,
    ("Cleaning", "size"): (3, 9),
    ("Cleaning", "least_hectares"): (0.1, 2.5),
    ("FieldMask", "not_fields"): (("town",),),
    ("FieldMask", "land_cover"): ("cover.tif",),
    ("clean_map", "parcels"): (DeclaredParcels("p.gpkg"),),
    ("CompareLimits", "boundary"): (0, 3, 100),
    ("ErrorLayers", "confidence"): ("c.tif",),
    ("sample_design", "sample"): ("s.gpkg",),
    ("sample_design", "size"): (0, 300),
    ("sample_design", "standard_error"): (0.01, 0.2),
    ("sample_design", "expected"): (0.5, 0.9),
    ("sample_design", "allocation"): ALLOCATIONS,
    ("sample_design", "least"): (2, 50),
    ("area_estimate", "sampling"): SAMPLINGS,
    ("parcel_summary", "summary"): ("s.gpkg",),
    ("check_declarations", "checked"): ("c.gpkg",),
    ("check_declarations", "false_alarms"): (0.01, 0.2),
    ("review_list", "review"): ("r.gpkg",),
    ("review_list", "gain"): GAINS,
    ("review_list", "most"): (0, 20),
    ("review_list", "declared_right"): (0.5, 0.9),
    ("review_list", "parcels"): (DeclaredParcels("p.gpkg"),),
    ("review_list", "reference"): (None,),
    ("apply_review", "labels"): ("l.gpkg",),
    ("apply_review", "cleaned_labels"): ("", "c.gpkg"),
    ("fill_gaps", "method"): FILLERS,
    ("GainSplit", "method"): GAIN_SPLITS,
    ("StarfmSpec", "spread"): SPREADS,
    ("StarfmSpec", "combination"): COMBINATIONS,
    ("fuse_starfm", "pairs"): (1, 2),
    ("StarfmSpec", "window"): (3, 61, 255),
    ("NetworkSpec", "name"): tuple(trainable()),
    ("build_series", "reference"): ("",),  # it goes without the CRS and the resolution; so does a VRT
    ("build_series", "vrt"): ("",),
    ("fuse_tsstfn", "forecast"): FORECASTS,
    ("fuse_tsstfn", "next_model"): ("",),
    ("FusionOptim", "loss"): FUSION_LOSSES,
    ("FusionSplit", "method"): FUSION_SPLITS,
    ("pretrain_cropsts", "preset"): PRESETS,
    ("SplitSpec", "method"): ("side", "block", "parcel"),
    ("ModelInputs", "level"): ("", *LEVELS),
    ("ModelInputs", "reduce"): ("", "clearest", "median", "mean"),
    ("ModelInputs", "radar_unit"): ("decibel", "power"),
    ("AugmentationSpec", "optical_dropout"): (None, (0.1, 0.3)),
    ("AugmentationSpec", "radar_dropout"): (None, 0.0, 0.5),
    ("LabelSource", "month_fields"): ((),),  # as the legend: only a training takes them, and of all its labels alike
    ("LabelSource", "legend"): ("",),
    ("LabelSource", "month_rasters"): ((),),
    ("ClassChoice", "exclude"): (("hedge",),),
    ("ClassChoice", "merge"): ((("rye", "grain"), ("oats", "grain")),),
    ("ClassChoice", "min_share"): (0.053,),
    ("ClassChoice", "rare"): ("other",),
    ("search_scenes", "api"): ("https://stac.example/v1",),
    ("search_scenes", "first"): ("2023-04-01",),
    ("search_scenes", "last"): ("2023-09-30",),
    ("search_scenes", "table"): ("t.csv", "t.gpkg", "t.json"),
    ("search_scenes", "max_cloud"): (0.0, 30.0, 100.0),
    ("search_scenes", "collections"): (("c",), ("c", "d")),
    ("search_scenes", "most"): (1, 500),
    ("NetworkAccess", "token"): ("", "https://stac.example/token/{collection}"),
    ("NetworkAccess", "sign_command"): ("",),
    ("NetworkAccess", "timeout"): (0.5, 30.0),
    ("NetworkAccess", "attempts"): (1, 5),
    ("NetworkAccess", "at_once"): (1, 4, 32),
    ("SeasonRule", "min_amplitude"): (0.05, 0.3),
    ("SeasonRule", "seasons"): (1, 2, 6),
    ("phenology", "min_dates"): (3, 6),
    ("phenology", "year"): (0, 2023),
    ("probe", "support"): (0.1, 0.5),
    ("align_series", "strategy"): STRATEGIES,
    ("align_series", "days"): ALIGNED_DAYS,
    ("align_series", "rule"): ALIGN_RULES,
}


POSITIVE = (
    "seed",
    "samples_per_class",
    "pixel_size",
    "weight",
    "draws",
    "neighbours",
    "sequences",
    "block",
    "test_pixels",
    "pixels",
    "leaf",
    "depth",
    "trees",
    "seeds",
    "classes",
    "count",
    "data_range",
    "distance",
    "least_amplitude",
    "least_dates",
    "log_scale",
    "sigma_coarse",
    "sigma_fine",
    "window",
    "order",
    "overlap",
    "pairs",
    "smoothness",
    "max_gap",
    "epochs",
    "patch",
    "batch",
    "steps",
    "jitter",
    "minutes",
    "learning_rate",
    "patience",
    "resolution",
    "tile",
    "days",
    "year",
)


SHARES = ("held_out", "validation", "start_share", "end_share")


@st.composite
def built(draw, cls):
    """Any valid instance of `cls`; what its checks refuse is drawn again."""
    drawn = {name: draw(strategy) for name, strategy in fields(cls).items()}
    if cls is Extent:
        drawn |= {"xmin": -drawn["xmax"], "ymin": -drawn["ymax"]}
    if cls is Series:  # mask layers go with the mask of that name, and it with them
        drawn["mask"] = "layer" if drawn["mask_layers"] else "auto" if drawn["mask"] == "layer" else drawn["mask"]
    try:
        return cls(**drawn)
    except BadInput:
        reject()


@cache
def fields(cls):
    """What each field of a class is drawn from."""
    hints = typing.get_type_hints(cls)
    return {field.name: _field(cls, field, hints[field.name]) for field in dataclasses.fields(cls)}


def _field(cls, field, hint):
    choices = OWN_CHOICES.get((getattr(cls, "kind", cls.__name__), field.name), CHOICES.get(field.name))
    if choices:
        return st.sampled_from(list(choices))
    if field.name in POSITIVE:
        return values(hint).map(lambda number: abs(number) // 2 + 1)
    if field.name in SHARES:
        return st.floats(0, 0.49)
    needed = field.default is dataclasses.MISSING and hint not in (int, float)
    return values(hint).filter(bool) if needed else values(hint)
