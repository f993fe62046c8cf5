"""The table that a review, a sample and a field visit fill in: its fields, their types and the states of a row.

A stable contract: layer `review` of a GeoPackage, beside it `strata` (of a sample) and `history` (of every answer).
Standard library only: QGIS and the engine both read it.
"""

from __future__ import annotations

LAYER = "review"
STRATA = "strata"
HISTORY = "history"
VERSION = "1"  # in the layer's metadata; a table of another version is told of, never guessed at
VERSION_TAG = "CROP_CLASSIFIER_REVIEW"

OPEN, ACCEPTED, RELABELLED, VISIT, SKIPPED = STATES = ("open", "accepted", "relabelled", "visit", "skipped")
ANSWERED = (ACCEPTED, RELABELLED)
UNITS = ("parcel", "blob", "point")

FIELDS = {  # name -> type of its values; in the order of the table
    "uid": str,  # stable id: of the user's parcel, else a hash of the geometry
    "unit": str,  # one of UNITS
    "map_class": int,
    "map_name": str,
    "map_share": float,
    "map_prob": float,
    "second_name": str,
    "second_prob": float,
    "entropy": float,
    "margin": float,
    "declared_name": str,
    "priority": float,
    "stratum": str,
    "inclusion_prob": float,
    "weight": float,
    "area_ha": float,
    "status": str,  # one of STATES
    "review_class": int,
    "review_name": str,
    "note": str,
    "photo": str,
    "reviewer": str,
    "reviewed_at": str,  # ISO, UTC
    "blind": int,  # 1: the map's class was hidden until the answer
    "base_sha256": str,  # of the map
}
STRATA_FIELDS = {"stratum": str, "units": int, "hectares": float, "sampled": int}
