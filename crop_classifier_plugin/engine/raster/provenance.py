"""What is made of simulated scenes says so too."""

from __future__ import annotations

SIMULATED_TAG = "SIMULATED"  # what the season simulator writes into every file


def marks(simulated: bool) -> dict[str, str]:
    """The tags that a raster must carry; `simulated`: whether one that it is made of is marked as such."""
    return {SIMULATED_TAG: "yes"} if simulated else {}
