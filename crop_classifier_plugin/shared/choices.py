"""What can be chosen where: the job's value -> how QGIS and the reports call it. Standard library only.

Everything reads these tables: what a job accepts, the choices of the command line and of the algorithms, the words of
the reports. A further choice is one row, at the end of its table: QGIS keeps choices by their number.
"""

from __future__ import annotations

import json
from pathlib import Path

# --- series -----------------------------------------------------------------------------------------------------------

# Of the sensors' tables (engine/products), which tools/products_page.py writes here: both sides read them.
_SENSORS: dict[str, str] = json.loads(Path(__file__).with_name("sensor_masks.json").read_text(encoding="utf-8"))
MASKS = {
    "auto": "Automatic",
    "none": "None",
    **{name: _SENSORS[name] for name in ("scl", "fmask", "qa_pixel")},
    "layer": "The mask layers",
    **{name: title for name, title in _SENSORS.items() if name not in ("scl", "fmask", "qa_pixel")},
}
PERIODS = {"month": "Months", "dekad": "Dekads (1-10, 11-20, 21-end)", "days": "Runs of some days"}
COMPOSITES = {
    "median": "Median",
    "max_ndvi": "Highest NDVI",
    "medoid": "Medoid",
    "mean": "Mean (radar: in linear power)",
}
EMPTY = {"nodata": "Fill with no data", "skip": "Leave out"}  # what becomes of a period without a scene
FILLERS = {"linear": "Linear in time", "savgol": "Savitzky-Golay", "whittaker": "Whittaker"}
INDICES = ("NDVI", "EVI", "EVI2", "NDWI", "NDMI", "SAVI", "NDRE", "LSWI", "RVI", "VHVV")  # are called so everywhere
STRATEGIES = {  # of TSSTFN's paper, to bring the dates of two years together
    "A": "A: each year's own last dates",
    "B": "B: training interpolated to the prediction dates",
    "C": "C: both interpolated to the union, up to the last prediction date",
    "D": "D: training's nearest images at the prediction dates",
    "E": "E: both years' nearest images at the union of dates",
    "custom": "Own rule",
}
ALIGNED_DAYS = {  # of an own rule
    "prediction": "The prediction year's",
    "training": "The training year's",
    "union": "The union",
    "early_union": "The early union",
    "own": "Each year's own",
}
ALIGN_RULES = {"linear": "Linear in time", "nearest": "Nearest image"}

# --- fusion -----------------------------------------------------------------------------------------------------------

SPREADS = {"image": "The whole image", "window": "The window"}  # where STARFM's standard deviation is taken
COMBINATIONS = {"product": "Product: S T D", "logarithm": "Logarithm: ln(S B + 1) ln(T B + 1) D"}
FORECASTS = {
    "individual": "Individual: each target from observed images",
    "sequential": "Sequential: a forecast helps to make the next",
}
FUSION_LOSSES = {"mse": "Squared error (the paper)", "l1": "Absolute error", "huber": "Huber"}
FUSION_SPLITS = {"blocks": "Blocks that share nothing", "random": "Tiles at random (the paper; leaks)"}
GAIN_SPLITS = {
    "parcel": "Whole parcels held out",
    "block": "Whole blocks held out",
    "pixel": "Random pixels held out (leaks: figures are too high)",
}

# --- training ---------------------------------------------------------------------------------------------------------

RECIPES = {"default": "Learns on your machine, in the minutes below", "paper": "As in the network's paper"}
LOSSES = {
    "auto": "As the recipe says",
    "bce_iou": "Cross-entropy + IoU, weighted (LRTACF-Net)",
    "tversky": "Tversky (LRTACF-Net's baseline)",
    "focal": "Focal (UnetConvLSTM)",
    "cross_entropy": "Cross-entropy (CropSTS)",
    "root_cross_entropy": "Cross-entropy, weighted (Attention-3DCNN)",
}
OPTIMIZERS = {"auto": "As the recipe says", "sam": "SAM", "adamw": "AdamW", "adam": "Adam"}
SCHEDULES = {  # of the learning rate
    "auto": "As the recipe says",
    "one_cycle": "One cycle: up, and down to nothing",
    "constant": "Constant",
    "cosine": "Cosine (Attention-3DCNN)",
    "polynomial": "Polynomial (LRTACF-Net)",
    "steps": "Steps (CropSTS)",
}
PRECISIONS = {
    "auto": "Automatic",  # 32 bit on the processor, mixed on a graphics card
    "32": "32 bit",
    "16-mixed": "16 bit, mixed (graphics card)",
    "bf16-mixed": "bfloat16, mixed",
}
RESUME = {  # what becomes of a training of this model that was broken off
    "continue": "Go on after its last epoch",
    "finish": "Learn no more: make its best epoch the model",
    "restart": "Throw it away",
}
SPLITS = {
    "side": "A straight cut across the area",
    "block": "Squares, at random",
    "parcel": "Parcels, at random",
}
SIDES = {  # where the held-out parcels lie, with a straight cut
    "auto": "Where most classes stay on both sides",
    "north": "North",
    "northeast": "Northeast",
    "east": "East",
    "southeast": "Southeast",
    "south": "South",
    "southwest": "Southwest",
    "west": "West",
    "northwest": "Northwest",
}
PRESETS = {"small": "Small (two processor cores, minutes)", "paper": "As in the paper (graphics card)"}  # of networks

# --- accuracy ---------------------------------------------------------------------------------------------------------

ALLOCATIONS = {  # of a sample among the classes of a map
    "proportional": "By area",
    "equal": "Equal",
    "optimal": "By area and expected errors (Neyman)",
}
SAMPLINGS = {  # how a sample was drawn
    "stratified": "At random within each stratum",
    "random": "At random, or on a lattice, over the whole area",
}
GAINS = {  # what a review is ordered by
    "hectares": "Hectares that a look is likely to change",
    "units": "Units that a look is likely to change",
}
CLEANINGS = {
    "sieve": "Small regions take their neighbours' class",
    "majority": "Each pixel takes the commonest class around it",
    "parcels": "Each parcel takes its commonest class",
    "bayes": "Probabilities are smoothed (Bayes)",
    "none": "Only what is no field is taken away",
}

# --- catalogues -------------------------------------------------------------------------------------------------------

TOKENS = {  # services that sign addresses of files, by name
    "planetary-computer": "https://planetarycomputer.microsoft.com/api/sas/v1/token/{collection}",
}
