"""The model card: what a model takes, gives, was trained on. A STAC Item with the Machine Learning Model extension.

Standard library only: QGIS lists models with it, the engine refuses a wrong series with it before it loads a weight.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Optional

from ..errors import BadInput, BadModel, ModelAltered
from ..legend import Legend
from . import stac

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.onnx"
MAX_CARD = 5_000_000  # bytes (choice: a card of 1000 classes has some 200 000)
MAX_WEIGHTS = 1 << 31  # bytes; what a protobuf message, hence an ONNX file, may have at most
MAX_TILE_VALUES = 1 << 30  # input and output of one tile, 4 GiB as float32 (choice)
RADAR_UNITS = ("decibel", "power")
REDUCTIONS = ("clearest", "median", "mean")
_ONE_SERIES = ({"x", "doy", "valid"}, {"x_s2", "doy", "valid_s2"}, {"x_s1", "doy", "valid_s1"})
_TWO_SERIES = {"x_s2", "x_s1", "doy", "valid_s2", "valid_s1"}


@dataclass(frozen=True)
class DayWindow:
    """A stretch of the season in days of year, counted from 1 January of the season's year.

    Days below 1 or above 365 lie in the year before or after, so a season may cross the new year.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not -366 <= self.first <= self.last <= 731:
            raise BadInput(f"The window of days {self.first}..{self.last} is not in order: correct the card.")


@dataclass(frozen=True)
class Radar:
    """The second series that a model takes, on the dates of the first; mean and std a band, in the card's unit."""

    bands: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]


@dataclass(frozen=True)
class Card:
    """Everything a model.json says. Before normalisation, values are surface reflectance x `scale`, or backscatter in
    `radar_unit` (power is at most 1).

    `reduce`: how the scenes in a window of days become one date: the clearest scene, or each pixel's median or mean of
    all of them; radar is averaged in linear power, of the window, or with "clearest" of the `radar_days` around the
    first series' scene. `least_dates` 0: every window must have a scene, and a pixel needs all of them; n > 0: windows
    may be empty, and a pixel is mapped where at least n dates are usable in either series. `monthly`: the windows are
    the calendar months up to a target month; of a model that does not read the day of the year, the last of `windows`
    lies in the only month that it can name crops in.
    """

    name: str
    title: str
    network: str
    settings: dict[str, Any]
    bands: tuple[str, ...]
    windows: tuple[DayWindow, ...]  # one a date the model takes, in order
    mean: tuple[float, ...]  # a band, in reflectance x scale
    std: tuple[float, ...]
    legend: Legend
    sha256: str
    tile: int = 128  # px
    overlap: int = 32  # px between neighbouring tiles
    receptive_radius: int = 0  # px a value may travel; 0 = unknown or the whole tile
    multiple: int = 32  # tile sides and strides are multiples of this
    pixel_size: float = 10.0  # m
    pixel_tolerance: float = 0.5  # share of pixel_size by which a series may differ
    scale: float = 10000.0
    nodata: float = 0.0  # raw value that means no data where a file declares none
    parameters: int = 0
    file_size: int = 0
    simulated: bool = False
    training_data: str = ""
    region: str = ""
    season: str = ""
    bbox: tuple[float, float, float, float] = (-180.0, -90.0, 180.0, 90.0)  # lon/lat of the training area
    start: str = ""  # ISO date-times of the training series
    end: str = ""
    accuracy: tuple[dict[str, Any], ...] = ()  # {"metric", "value", "on"}
    limits: str = ""  # what it is not good for
    licence: str = ""
    citation: str = ""
    framework_version: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[str, ...] = ("x",)  # of the network's file: x, doy, valid, or x_s2, x_s1, valid_s2, valid_s1
    radar: Optional[Radar] = None
    radar_unit: str = "decibel"  # one of RADAR_UNITS; of VV and VH in either series, whatever unit the files have
    radar_days: int = 6  # with reduce="clearest": radar scenes up to so many days from a date are averaged
    reduce: str = "clearest"  # one of REDUCTIONS
    least_dates: int = 0
    monthly: bool = False

    def __post_init__(self) -> None:
        _check_bands(self.bands, self.mean, self.std)
        if self.radar:
            _check_bands(self.radar.bands, self.radar.mean, self.radar.std)
        self._check_bounds()
        if len(set(self.all_bands)) < len(self.all_bands):
            raise BadInput(f"the card names a band more than once: {', '.join(self.all_bands)}")
        self._check_inputs()
        if math.isinf(self.nodata):  # not-a-number is the no data of some float rasters
            raise BadInput("the card has an infinite no-data value")
        if self.tile % self.multiple or self.overlap % self.multiple or not 0 <= self.overlap <= self.tile // 2:
            raise BadInput(
                f"the card's tile {self.tile} and overlap {self.overlap} are no multiples of {self.multiple}, "
                "or the overlap is more than half a tile"
            )

    def _check_inputs(self) -> None:
        """The inputs are ones that the engine can make of this card's series."""
        given, allowed = set(self.inputs), [_TWO_SERIES] if self.radar else _ONE_SERIES
        images = {"x_s2", "x_s1"} if self.radar else {name for name in given if name.startswith("x")}
        fits = len(given) == len(self.inputs) and any(given <= names for names in allowed)
        if not (images and images <= given and fits):
            series = "two series" if self.radar else "one series"
            raise BadInput(f"the card's inputs {', '.join(self.inputs) or 'none'} do not fit a model of {series}")
        for what, value, known in (("reduce", self.reduce, REDUCTIONS), ("radar_unit", self.radar_unit, RADAR_UNITS)):
            if value not in known:
                raise BadInput(f"the card's {what} is {value!r}, which is none of {', '.join(known)}")

    def _check_bounds(self) -> None:
        """A card is read before it is trusted: what it says must not take all memory, nor lead to a division by 0."""
        for what, value, least, most in (
            ("number of bands", len(self.all_bands), 1, 64),
            ("number of dates", len(self.windows), 1, 64),
            ("number of classes", len(self.legend), 1, 1000),
            ("tile", self.tile, 1, 4096),
            ("multiple", self.multiple, 1, 4096),
            ("receptive radius", self.receptive_radius, 0, math.inf),
            ("pixel size", self.pixel_size, 0.01, 1e5),
            ("pixel tolerance", self.pixel_tolerance, 0, 10),
            ("scale", self.scale, 1e-6, 1e9),
            ("radar_days", self.radar_days, 0, 183),
            ("least_dates", self.least_dates, 0, len(self.windows)),
        ):
            if not least <= value <= most:  # so written, not-a-number fails too
                raise BadInput(f"the card's {what} is {value}, which is outside {least:g}..{most:g}")
        values = (len(self.all_bands) * self.dates + len(self.legend)) * self.tile**2
        if values > MAX_TILE_VALUES:
            raise BadInput(f"one tile of the card takes {values} values in memory, more than {MAX_TILE_VALUES}")

    @property
    def dates(self) -> int:
        """How many dates the model takes."""
        return len(self.windows)

    @property
    def all_bands(self) -> tuple[str, ...]:
        """The bands of both series, the radar series' last."""
        return (*self.bands, *(self.radar.bands if self.radar else ()))

    def describe_windows(self) -> str:
        """The season in words: '3 dates (day of year 95-135, 150-195, 210-260)'."""
        if self.monthly:
            return f"{len(self.windows)} months up to the one that is mapped"
        spans = ", ".join(f"{w.first}-{w.last}" for w in self.windows)
        return f"{len(self.windows)} dates (day of year {spans})"

    # --- reading -----------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, folder: str | Path) -> Card:
        """The card in a model's folder. Raises BadModel when it is none."""
        path = Path(folder) / CARD_FILE
        try:
            return cls.from_stac(json.loads(_read_text(path)))
        except FileNotFoundError:
            raise BadModel(str(folder), f"it has no {CARD_FILE}") from None
        except BadInput as error:
            raise BadModel(str(folder), error.sentence.rstrip(".")) from None
        except RecursionError:
            raise BadModel(str(folder), f"its {CARD_FILE} is not a model card: it nests too deep") from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise BadModel(str(folder), f"its {CARD_FILE} is not a model card: {error!r}") from None

    @classmethod
    def from_stac(cls, item: dict[str, Any]) -> Card:
        """The card in a STAC Item dictionary."""
        facts = stac.read(item)
        windows = tuple(DayWindow(*days) for days in facts.pop("windows"))
        radar = facts.pop("radar")
        return cls(windows=windows, radar=Radar(**radar) if radar else None, **facts)

    def check_weights(self, folder: str | Path) -> Path:
        """The path of the weights, once their sha256 is the card's."""
        path = Path(folder) / WEIGHTS_FILE
        if not path.is_file():
            raise BadModel(str(folder), f"it has no {WEIGHTS_FILE}")
        if path.stat().st_size > MAX_WEIGHTS:
            raise BadModel(str(folder), f"its {WEIGHTS_FILE} has more than the {MAX_WEIGHTS >> 30} GiB of an ONNX file")
        found = sha256_of(path)
        if found != self.sha256:
            raise ModelAltered(str(path), self.sha256, found)
        return path

    # --- writing -----------------------------------------------------------------------------------------------------

    def to_stac(self) -> dict[str, Any]:
        """The card as a STAC Item dictionary."""
        return stac.write(self, WEIGHTS_FILE)

    def save(self, folder: str | Path) -> None:
        text = json.dumps(self.to_stac(), indent=1, ensure_ascii=False)
        (Path(folder) / CARD_FILE).write_text(text + "\n", encoding="utf-8")

    def deepness_metadata(self) -> dict[str, str]:
        """The same facts under the keys that the Deepness plugin reads, for the ONNX file's metadata."""
        return {
            "model_type": json.dumps("Segmentor"),
            "class_names": json.dumps(dict(enumerate(self.legend.names))),
            "resolution": json.dumps(self.pixel_size * 100),
            "tile_size": json.dumps(self.tile),
            "tiles_overlap": json.dumps(round(100 * self.overlap / self.tile)),
            "standardization_mean": json.dumps(list(self.mean)),
            "standardization_std": json.dumps(list(self.std)),
            "crop_bands": json.dumps(list(self.bands)),
            "crop_windows": json.dumps([[w.first, w.last] for w in self.windows]),
            "crop_scale": json.dumps(self.scale),
            **{f"crop_{name}": json.dumps(value) for name, value in self.series_facts().items()},
            **({"crop_inputs": json.dumps(list(self.inputs))} if self.inputs != ("x",) else {}),
            **({"crop_radar": json.dumps(asdict(self.radar))} if self.radar else {}),
        }

    def series_facts(self) -> dict[str, Any]:
        """How scenes become dates, where that is not the usual way: most cards have none of these entries."""
        usual = {f.name: f.default for f in fields(self)}
        names = ("radar_unit", "radar_days", "reduce", "least_dates", "monthly")
        return {name: value for name in names if (value := getattr(self, name)) != usual[name]}


def _check_bands(bands: tuple[str, ...], mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    for what, values in (("mean", mean), ("std", std)):
        if len(values) != len(bands):
            raise BadInput(f"the card has {len(values)} values of {what} for {len(bands)} bands")
    if not all(0 < v < math.inf for v in std) or not all(map(math.isfinite, mean)):
        raise BadInput("the card has a mean that is no number, or a std that is not positive")


def _read_text(path: Path) -> str:
    """A card's text; no more of the file is read than a card may have, whatever size it claims."""
    with open(path, "rb") as file:
        data = file.read(MAX_CARD + 1)
    if len(data) > MAX_CARD:
        raise BadInput(f"its {CARD_FILE} has more than {MAX_CARD // 1_000_000} MB")
    return data.decode("utf-8")


def sha256_of(path: str | Path) -> str:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


def list_models(folders: list[Path]) -> list[Path]:
    """Folders below `folders` that hold a model card, by name."""
    found = [p.parent for folder in folders if folder.is_dir() for p in folder.glob(f"*/{CARD_FILE}")]
    return sorted(found, key=lambda p: p.name)
