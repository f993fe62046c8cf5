"""The model card: what a model takes, gives, was trained on. A STAC Item with the Machine Learning Model extension.

Standard library only: QGIS lists models with it, the engine refuses a wrong series with it before it loads a weight.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .errors import BadInput, BadModel, ModelAltered
from .legend import CropClass, Legend

CARD_FILE = "model.json"
WEIGHTS_FILE = "model.onnx"
_EXTENSIONS = [
    "https://stac-extensions.github.io/mlm/v1.6.0/schema.json",
    "https://stac-extensions.github.io/classification/v2.0.0/schema.json",
    "https://stac-extensions.github.io/raster/v2.0.0/schema.json",
]


@dataclass(frozen=True)
class Window:
    """A stretch of the season in days of year, counted from 1 January of the season's year.

    Days below 1 or above 365 lie in the year before or after, so a season may cross the new year.
    """

    first: int
    last: int

    def __post_init__(self) -> None:
        if not -366 <= self.first <= self.last <= 731:
            raise BadInput(f"The window of days {self.first}..{self.last} is not in order: correct the card.")


@dataclass(frozen=True)
class Card:
    """Everything a model.json says. Values are surface reflectance x `scale` before normalisation."""

    name: str
    title: str
    network: str
    settings: dict[str, Any]
    bands: tuple[str, ...]
    windows: tuple[Window, ...]  # one a date the model takes, in order
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

    def __post_init__(self) -> None:
        for what, size in (("mean", len(self.mean)), ("std", len(self.std))):
            if size != len(self.bands):
                raise BadInput(f"the card has {size} values of {what} for {len(self.bands)} bands")
        if not self.windows or not self.bands:
            raise BadInput("the card names no bands or no dates")
        if not all(0 < v < math.inf for v in (*self.std, self.scale, self.pixel_size, self.multiple, self.tile)):
            raise BadInput("the card has a std, scale, pixel size, tile or multiple that is not positive")
        if not all(map(math.isfinite, (*self.mean, self.pixel_tolerance))):
            raise BadInput("the card has a mean or pixel tolerance that is no number")
        if self.tile % self.multiple or self.overlap % self.multiple or not 0 <= self.overlap <= self.tile // 2:
            raise BadInput(
                f"the card's tile {self.tile} and overlap {self.overlap} are no multiples of {self.multiple}, "
                "or the overlap is more than half a tile"
            )

    @property
    def dates(self) -> int:
        """How many dates the model takes."""
        return len(self.windows)

    def describe_windows(self) -> str:
        """The season in words: '3 dates (day of year 95-135, 150-195, 210-260)'."""
        spans = ", ".join(f"{w.first}-{w.last}" for w in self.windows)
        return f"{len(self.windows)} dates (day of year {spans})"

    # --- reading -----------------------------------------------------------------------------------------------------

    @classmethod
    def load(cls, folder: str | Path) -> Card:
        """The card in a model's folder. Raises BadModel when it is none."""
        path = Path(folder) / CARD_FILE
        try:
            return cls.from_stac(json.loads(path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            raise BadModel(str(folder), f"it has no {CARD_FILE}") from None
        except BadInput as error:
            raise BadModel(str(folder), error.sentence.rstrip(".")) from None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
            raise BadModel(str(folder), f"its {CARD_FILE} is not a model card: {error!r}") from None

    @classmethod
    def from_stac(cls, item: dict[str, Any]) -> Card:
        p = item["properties"]
        taken, given = p["mlm:input"][0], p["mlm:output"][0]
        own = p["crop:model"]
        return cls(
            name=item["id"],
            title=p.get("title", item["id"]),
            network=p["mlm:architecture"],
            settings=dict(p.get("mlm:hyperparameters", {})),
            bands=tuple(b["name"] if isinstance(b, dict) else str(b) for b in taken["bands"]),
            windows=tuple(Window(int(a), int(b)) for a, b in own["windows"]),
            mean=tuple(float(v["mean"]) for v in taken["value_scaling"]),
            std=tuple(float(v["stddev"]) for v in taken["value_scaling"]),
            legend=_legend(given["classification:classes"], own.get("aliases", {})),
            sha256=str(own["sha256"]),
            tile=int(own["tile"]),
            overlap=int(own["overlap"]),
            receptive_radius=int(own.get("receptive_radius", 0)),
            multiple=int(own["multiple"]),
            pixel_size=float(own["pixel_size"]),
            pixel_tolerance=float(own["pixel_tolerance"]),
            scale=float(own["scale"]),
            nodata=float(own["nodata"]),
            parameters=int(p.get("mlm:total_parameters", 0)),
            file_size=int(p.get("file:size", 0)),
            simulated=bool(own["simulated"]),
            training_data=str(own.get("training_data", "")),
            region=str(own.get("region", "")),
            season=str(own.get("season", "")),
            bbox=tuple(float(v) for v in item["bbox"]),  # type: ignore[arg-type]
            start=str(p.get("start_datetime", "")),
            end=str(p.get("end_datetime", "")),
            accuracy=tuple(dict(a) for a in own.get("accuracy", ())),
            limits=str(own.get("limits", "")),
            licence=str(p.get("license", "")),
            citation=str(own.get("citation", "")),
            framework_version=str(p.get("mlm:framework_version", "")),
            extra=dict(own.get("extra", {})),
        )

    def check_weights(self, folder: str | Path) -> Path:
        """The path of the weights, once their sha256 is the card's."""
        path = Path(folder) / WEIGHTS_FILE
        if not path.is_file():
            raise BadModel(str(folder), f"it has no {WEIGHTS_FILE}")
        found = sha256_of(path)
        if found != self.sha256:
            raise ModelAltered(str(path), self.sha256, found)
        return path

    # --- writing -----------------------------------------------------------------------------------------------------

    def to_stac(self) -> dict[str, Any]:
        """The card as a STAC Item dictionary."""
        west, south, east, north = self.bbox
        ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
        return {
            "type": "Feature",
            "stac_version": "1.1.0",
            "stac_extensions": _EXTENSIONS,
            "id": self.name,
            "bbox": list(self.bbox),
            "geometry": {"type": "Polygon", "coordinates": [ring]},
            "properties": self._properties(),
            "links": [],
            "assets": {
                "model": {
                    "href": f"./{WEIGHTS_FILE}",
                    "type": "application/octet-stream; application=onnx",
                    "title": "ONNX weights",
                    "roles": ["mlm:model", "mlm:weights"],
                    "mlm:artifact_type": "onnx",
                    "bands": self._bands(),  # STAC 1.1 allows them in the properties only when an asset has some
                }
            },
        }

    def _bands(self) -> list[dict[str, Any]]:
        facts = {"raster:spatial_resolution": self.pixel_size, "raster:scale": 1 / self.scale}
        return [{"name": band, **facts} for band in self.bands]

    def _properties(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "description": self.training_data or self.title,
            "datetime": None,
            "start_datetime": self.start,
            "end_datetime": self.end,
            "license": self.licence,
            "bands": self._bands(),  # what the input's band names refer to
            "mlm:name": self.name,
            "mlm:architecture": self.network,
            "mlm:tasks": ["semantic-segmentation"],
            "mlm:framework": "ONNX",
            **({"mlm:framework_version": self.framework_version} if self.framework_version else {}),
            "mlm:pretrained": True,
            "mlm:pretrained_source": self.training_data,
            "mlm:total_parameters": self.parameters,
            "mlm:accelerator": "cuda",
            "mlm:accelerator_constrained": False,
            **({"mlm:hyperparameters": self.settings} if self.settings else {}),
            "file:size": self.file_size,
            "mlm:input": [self._input()],
            "mlm:output": [self._output()],
            "crop:model": self._own(),
        }

    def _input(self) -> dict[str, Any]:
        return {
            "name": "x",
            "bands": list(self.bands),
            "input": {
                "shape": [-1, self.dates, len(self.bands), self.tile, self.tile],
                "dim_order": ["batch", "time", "bands", "height", "width"],
                "data_type": "float32",
            },
            "value_scaling": [{"type": "z-score", "mean": m, "stddev": s} for m, s in zip(self.mean, self.std)],
            "pre_processing_function": None,
        }

    def _output(self) -> dict[str, Any]:
        return {
            "name": "logits",
            "tasks": ["semantic-segmentation"],
            "bands": [],
            "result": {
                "shape": [-1, len(self.legend), self.tile, self.tile],
                "dim_order": ["batch", "class", "height", "width"],
                "data_type": "float32",
            },
            "classification:classes": [
                {
                    "value": c.code,
                    "name": _identifier(c.name),
                    "description": c.name,
                    "color_hint": c.colour[1:].upper(),
                }
                for c in self.legend
            ],
            "post_processing_function": None,
        }

    def _own(self) -> dict[str, Any]:
        return {
            "windows": [[w.first, w.last] for w in self.windows],
            "tile": self.tile,
            "overlap": self.overlap,
            "receptive_radius": self.receptive_radius,
            "multiple": self.multiple,
            "pixel_size": self.pixel_size,
            "pixel_tolerance": self.pixel_tolerance,
            "scale": self.scale,
            "unit": f"surface reflectance x {self.scale:g}",
            "nodata": self.nodata,
            "sha256": self.sha256,
            "simulated": self.simulated,
            "training_data": self.training_data,
            "region": self.region,
            "season": self.season,
            "accuracy": list(self.accuracy),
            "limits": self.limits,
            "citation": self.citation,
            "aliases": {str(c.code): list(c.aliases) for c in self.legend if c.aliases},
            "extra": self.extra,
        }

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
        }


def _identifier(name: str) -> str:
    """A class name as the classification extension wants it: letters, digits, - and _."""
    kept = "".join(ch if ch.isascii() and (ch.isalnum() or ch in "-_") else "_" for ch in name)
    return kept or "class"


def _legend(rows: list[dict[str, Any]], aliases: dict[str, list[str]]) -> Legend:
    return Legend(
        tuple(
            CropClass(
                code=int(row["value"]),
                name=str(row.get("title") or row.get("description") or row["name"]),
                colour="#" + str(row["color_hint"]).lower(),
                aliases=tuple(aliases.get(str(row["value"]), ())),
            )
            for row in rows
        )
    )


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
