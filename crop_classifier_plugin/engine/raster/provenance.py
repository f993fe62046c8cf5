"""What a raster is made of, said in its tags: what is made of simulated scenes, or of level 1, says so too."""

from __future__ import annotations

SIMULATED_TAG = "SIMULATED"  # what the season simulator writes into every file
APPLICABILITY_TAG = "APPLICABILITY"  # in a crop map: what spoke against the model on this series, in sentences
PARCEL_TAG = "PARCEL_CONFIDENCE"  # in class probabilities: the model's ParcelCalibration, as JSON
LEVEL_TAG = "PROCESSING_LEVEL"  # one of products.spec.LEVELS


def marks(simulated: bool, level: str = "") -> dict[str, str]:
    """The tags that a raster must carry; `simulated`: whether one that it is made of is marked as such; `level`: of
    their processing, "" where it is not known."""
    return ({SIMULATED_TAG: "yes"} if simulated else {}) | ({LEVEL_TAG: level} if level else {})
