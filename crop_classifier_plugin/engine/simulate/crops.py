"""The crops of the simulated landscape: legend, season, spectra and radar behaviour of each.

The season follows the double logistic of Beck et al. (2006, Remote Sensing of Environment 100:321-334, eq. 3), here for
the leaf area index. Every number in this file is a choice, not a measurement, kept inside what is known:
- peak leaf area: closed crops reach about 4 (Koerner 2013, Strasburger's Plant Sciences, ch. 12); the crop model LPJmL
  prescribes 1 to 7, for maize up to 5;
- harvest: winter barley first, from early July, then soft wheat, grain maize from late September on (the order and time
  of FranceAgriMer's weekly crop reports); rapeseed, beet, potato and soybean in the usual order of north-west Europe.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...shared.legend import CropClass, Legend

BANDS_10M = ("B02", "B03", "B04", "B08")
BANDS_20M = ("B05", "B06", "B07", "B8A", "B11", "B12")
BANDS = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")  # the order of every spectrum here

LEGEND = Legend(
    (
        CropClass(1, "Winter wheat", "#c0843c", ("winter common soft wheat", "soft wheat", "wheat")),
        CropClass(2, "Winter barley", "#e4067e", ("barley",)),
        CropClass(3, "Rapeseed", "#ccfc00", ("winter rapeseed", "oilseed rape", "canola")),
        CropClass(4, "Maize", "#eac00c", ("corn", "grain maize", "silage maize")),
        CropClass(5, "Sugar beet", "#a800e4", ("sugarbeet", "beet")),
        CropClass(6, "Potato", "#6c2400", ("potatoes",)),
        CropClass(7, "Grassland", "#7ed290", ("grass", "meadow", "pasture")),
        CropClass(8, "Soybean", "#2a7200", ("soy", "soya", "soybeans")),
    )
)


@dataclass(frozen=True)
class Season:
    """Double logistic of the green leaf area index (m2 m-2); days of year are means over parcels."""

    winter: float  # LAI before spring growth
    peak: float
    start: float  # day of fastest growth
    start_rate: float  # 1/day
    end: float  # day of fastest yellowing
    end_rate: float
    harvest: float  # day; from then on stubble, then soil. 400 = never
    catch_crop: float = 0.0  # share of parcels sown with a catch crop after harvest
    bloom: float = 0.0  # day of full yellow bloom; 0 = none to be seen from above
    cuts: tuple[float, ...] = ()  # days of mowing


@dataclass(frozen=True)
class Backscatter:
    """Water cloud model (Attema and Ulaby 1978, Radio Science 13), VV and VH: volume term (dB) and attenuation."""

    vv: float
    vh: float
    depth_vv: float
    depth_vh: float


@dataclass(frozen=True)
class Cover:
    """One kind of land cover. `code` is its class in the truth, 0 where it is no crop."""

    name: str
    code: int
    share: float  # of the parcels
    leaf: tuple[float, ...]  # reflectance (0..1) of a closed green canopy, in the order of BANDS
    season: Season
    radar: Backscatter


_CEREAL = (0.026, 0.052, 0.026, 0.086, 0.280, 0.365, 0.395, 0.415, 0.182, 0.086)

CROPS = (
    Cover("Winter wheat", 1, 0.20, _CEREAL,
          Season(0.7, 5.0, 98, 0.085, 181, 0.150, 212, catch_crop=0.4), Backscatter(-13.0, -20.0, 0.30, 0.18)),
    Cover("Winter barley", 2, 0.12, (0.028, 0.056, 0.029, 0.092, 0.288, 0.370, 0.400, 0.420, 0.188, 0.091),
          Season(0.9, 4.7, 91, 0.085, 168, 0.150, 195, catch_crop=0.5), Backscatter(-12.5, -19.0, 0.28, 0.20)),
    Cover("Rapeseed", 3, 0.11, (0.029, 0.062, 0.031, 0.100, 0.300, 0.395, 0.430, 0.445, 0.195, 0.098),
          Season(1.2, 4.6, 86, 0.080, 174, 0.120, 200, catch_crop=0.3, bloom=119),
          Backscatter(-10.0, -14.5, 0.30, 0.35)),
    Cover("Maize", 4, 0.16, (0.026, 0.055, 0.029, 0.088, 0.255, 0.345, 0.385, 0.405, 0.172, 0.076),
          Season(0.05, 4.4, 168, 0.120, 258, 0.090, 272), Backscatter(-9.8, -15.5, 0.22, 0.28)),
    Cover("Sugar beet", 5, 0.11, (0.026, 0.058, 0.028, 0.093, 0.315, 0.440, 0.485, 0.500, 0.164, 0.066),
          Season(0.05, 4.4, 149, 0.110, 300, 0.050, 288), Backscatter(-9.0, -14.0, 0.28, 0.38)),
    Cover("Potato", 6, 0.10, (0.029, 0.067, 0.034, 0.106, 0.310, 0.415, 0.458, 0.476, 0.202, 0.092),
          Season(0.05, 4.3, 156, 0.130, 234, 0.110, 260), Backscatter(-8.8, -14.2, 0.28, 0.36)),
    Cover("Grassland", 7, 0.13, (0.030, 0.064, 0.037, 0.102, 0.270, 0.355, 0.385, 0.405, 0.208, 0.108),
          Season(1.8, 3.9, 95, 0.070, 310, 0.040, 400, cuts=(142, 192, 244)), Backscatter(-11.5, -17.5, 0.25, 0.30)),
    Cover("Soybean", 8, 0.07, (0.024, 0.062, 0.026, 0.096, 0.335, 0.470, 0.525, 0.540, 0.186, 0.076),
          Season(0.05, 4.8, 175, 0.120, 251, 0.130, 269), Backscatter(-9.5, -15.0, 0.26, 0.34)),
)  # fmt: skip

_GREEN_VERGE = (0.045, 0.068, 0.052, 0.105, 0.225, 0.275, 0.300, 0.315, 0.215, 0.130)
_ALWAYS = Season(20, 20, 100, 0.1, 300, 0.1, 400)  # a cover without seasons: its "leaf" is all that is seen

VERGE = Cover("Roads and verges", 0, 0.0, _GREEN_VERGE,
              Season(2.0, 3.0, 95, 0.07, 310, 0.04, 400), Backscatter(-11.0, -17.0, 0.25, 0.30))  # fmt: skip
WOODS = Cover("Woodland", 0, 0.0, (0.020, 0.037, 0.022, 0.062, 0.195, 0.262, 0.290, 0.305, 0.130, 0.058),
              Season(2.6, 5.5, 112, 0.15, 292, 0.12, 400), Backscatter(-9.5, -14.5, 0.50, 0.60))  # fmt: skip
TOWN = Cover("Settlement", 0, 0.0, (0.105, 0.120, 0.130, 0.145, 0.175, 0.190, 0.200, 0.210, 0.225, 0.190),
             _ALWAYS, Backscatter(-4.0, -11.5, 0.50, 0.50))  # fmt: skip
WATER = Cover("Water", 0, 0.0, (0.045, 0.042, 0.026, 0.022, 0.016, 0.015, 0.013, 0.012, 0.008, 0.006),
              _ALWAYS, Backscatter(-19.5, -26.0, 0.50, 0.50))  # fmt: skip

COVERS = (VERGE, *CROPS, WOODS, TOWN, WATER)  # a cover's index is its `kind`; a crop's kind is its class code
KIND = {cover.name: kind for kind, cover in enumerate(COVERS)}

# Spectra that all crops share, in the order of BANDS.
DRY_SOIL = np.array([0.085, 0.115, 0.150, 0.175, 0.195, 0.210, 0.225, 0.240, 0.330, 0.285], np.float32)
WET_SHARE = np.array([0.58, 0.58, 0.58, 0.58, 0.58, 0.58, 0.58, 0.58, 0.52, 0.46], np.float32)  # wet soil / dry soil
STRAW = np.array([0.075, 0.115, 0.160, 0.195, 0.225, 0.245, 0.270, 0.290, 0.340, 0.240], np.float32)
BLOSSOM = np.array([0.036, 0.150, 0.125, 0.190, 0.330, 0.415, 0.450, 0.465, 0.220, 0.120], np.float32)


def table(kinds: NDArray[np.intp], values: tuple[float, ...]) -> NDArray[np.float32]:
    """One number a parcel, from one number a cover."""
    return np.asarray(values, np.float32)[kinds]
