"""Peak memory of jobs by the size of their rasters: small images laid side by side, runs as a terminal starts them."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import rasterio
import rasterio.features
import shapely
from affine import Affine

from crop_classifier_plugin.engine.raster.grid import Grid, Window
from crop_classifier_plugin.engine.raster.writer import RasterSpec, RasterWriter
from crop_classifier_plugin.shared.jobs import registry
from kits.models import LEGEND
from kits.program import ENGINE, environment
from kits.torture.cases import INPUTS, job_of

Size = tuple[int, int]  # width, height
SIDES: tuple[Size, ...] = ((1000, 1000), (4000, 4000), (12000, 12000))
WIDE: tuple[Size, ...] = ((1000, 1000), (4000, 4000), (12000, 1000))  # where a pixel takes long
STRIPS: tuple[Size, ...] = ((1000, 256), (4000, 256), (12000, 256))  # where a network looks at each
NETWORKS = ("lrtacf_net", "unet", "unet_plusplus", "attention_3dcnn", "cropsts", "convstar", "unet_3d")
FIELD = 40  # px, side of a parcel
LIMIT = 1200.0  # s of a run


@dataclass(frozen=True)
class Peak:
    """Of one run; `mib` None = it failed, and `said` tells how."""

    what: str
    size: str
    seconds: float
    mib: float | None
    said: str = ""


def tiled(source: Path, target: Path, size: Size) -> Path:
    """The raster laid side by side until it has the size, in its own bands and metadata."""
    with rasterio.open(source) as file:
        small, profile, names = file.read(), dict(file.profile), file.descriptions
    width, height = size
    profile |= {"width": width, "height": height, "tiled": True, "blockxsize": 256, "blockysize": 256}
    profile |= {"compress": None, "BIGTIFF": "IF_SAFER"}
    target.parent.mkdir(parents=True, exist_ok=True)
    rows = small.shape[1] * max(1, 256 // small.shape[1])
    wide = np.tile(small, (1, rows // small.shape[1], -(-width // small.shape[2])))[:, :, :width]
    with rasterio.open(target, "w", **profile) as file:
        for top in range(0, height, rows):
            part = wide[:, : min(rows, height - top)]
            file.write(part, window=((top, top + part.shape[1]), (0, width)))
        for band, name in enumerate(names, start=1):
            file.set_band_description(band, name or "")
    return target


def series(place: Path, pattern: str, folder: Path, size: Size) -> dict[str, Any]:
    """The scenes of a pattern, tiled."""
    found = [tiled(path, folder / path.name, size) for path in sorted(place.glob(pattern))]
    return {"scenes": [{"path": str(path)} for path in found]}


def write_map(path: Path, size: Size, seed: int) -> str:
    """A crop map of fields, a third of them without a class."""
    width, height = size
    rng = np.random.default_rng(seed)
    grid = Grid(rasterio.CRS.from_epsg(32631), Affine(10, 0, 5e5, 0, -10, 5.65e6), height, width)
    path.parent.mkdir(parents=True, exist_ok=True)
    with RasterWriter(str(path), grid, RasterSpec.classes(LEGEND, "crop")) as writer:
        for top in range(0, height, 10 * FIELD):
            rows = min(10 * FIELD, height - top)
            fields = rng.integers(0, 4, (10, -(-width // FIELD))).astype(np.uint8)
            writer.write(np.kron(fields, np.ones((FIELD, FIELD), np.uint8))[:rows, :width], Window(top, 0, rows, width))
    return str(path)


def write_parcels(path: Path, size: Size) -> str:
    rows, columns = (each.ravel() for each in np.indices((size[1] // FIELD, size[0] // FIELD)))
    side = 10 * FIELD
    x, y = 5e5 + side * columns, 5.65e6 - side * rows
    boxes = shapely.box(x + 15, y - side + 15, x + side - 15, y - 15)
    crops = np.array(LEGEND.names)[(rows + columns) % 3]
    frame = geopandas.GeoDataFrame({"nr": np.arange(len(boxes)), "crop": crops}, geometry=boxes, crs="EPSG:32631")
    frame.to_file(path)
    return str(path)


# --- what is measured ------------------------------------------------------------------------------------------------

Facts = dict[str, Any]
Make = Callable[[Path, Path, Size], Facts]  # place, folder of this size -> entries of the job


def _of_series(pattern: str, **more: Any) -> Make:
    return lambda place, folder, size: {"series": series(place, pattern, folder / "s", size), **more}


def _of_map(**more: Any) -> Make:
    def make(place: Path, folder: Path, size: Size) -> Facts:
        write_map(folder / "map.tif", size, 1)
        write_map(folder / "other.tif", size, 2)
        write_parcels(folder / "parcels.gpkg", size)
        return json.loads(json.dumps(more).replace("HERE", str(folder)))  # type: ignore[no-any-return]

    return make


MAP, PARCELS = {"class_map": "HERE/map.tif"}, {"path": "HERE/parcels.gpkg", "declared_field": "crop", "id_field": "nr"}
REFERENCE = {"path": "HERE/parcels.gpkg", "class_field": "crop"}
MADE: dict[str, tuple[tuple[Size, ...], Make]] = {
    "composite": (WIDE, _of_series("clouded/s2/*")),
    "build_series": (WIDE, _of_series("clouded/s2/*")),
    "index": (WIDE, _of_series("clouded/s2/*")),
    "fill_gaps": (WIDE, _of_series("clouded/s2/*")),
    "phenology": (WIDE, _of_series("clouded/s2/*")),
    "diagnose": (SIDES, _of_map(**MAP, reference=REFERENCE)),
    "clean_map": (SIDES, _of_map(maps=MAP, reference=REFERENCE)),
    "compare_maps": (SIDES, _of_map(maps=[{"path": "HERE/map.tif"}, {"path": "HERE/other.tif"}], reference=REFERENCE)),
    "map_change": (SIDES, _of_map(before={"path": "HERE/map.tif"}, after={"path": "HERE/other.tif"})),
    "parcel_summary": (SIDES, _of_map(maps=MAP, parcels=PARCELS)),
    "check_declarations": (SIDES, _of_map(maps=MAP, parcels=PARCELS)),
    "review_list": (SIDES, _of_map(maps=MAP, parcels=PARCELS)),
    "sample_design": (SIDES, _of_map(**MAP)),
}


def _trained(name: str) -> Make:
    """Labels as a class raster: what was simulated for the toy season, tiled."""

    def make(place: Path, folder: Path, size: Size) -> Facts:
        scenes = series(place, "toy/S2_*.tif", folder / "s", size) | {"mask": "none"}
        labels = {"path": str(tiled(place / "toy_classes.tif", folder / "labels.tif", size))}
        return {
            "data": [{"series": scenes, "labels": labels}],
            "model_inputs": INPUTS,
            "network": {"name": name, "settings": [["preset", "small"]]},
            "optim": {"epochs": 1, "steps": 2, "patch": 32, "batch": 2} if name != "random_forest" else {},
        }

    return make


def _classified(name: str) -> Make:
    def make(place: Path, folder: Path, size: Size) -> Facts:
        scenes = series(place, "toy/S2_*.tif", folder / "s", size) | {"mask": "none"}
        return {"optical": scenes, "model": str(place / "models" / name)}

    return make


def memory(place: Path, work: Path, chosen: tuple[str, ...]) -> Iterator[Peak]:
    """The peaks of the chosen jobs, one after the other; of all where none is chosen."""
    _write_classes(place)
    todo = {name: (name, *made) for name, made in MADE.items()}
    todo |= {f"train {name}": ("train", WIDE, _trained(name)) for name in ("lrtacf_net", "random_forest")}
    todo |= {f"classify {name}": ("classify", STRIPS, _classified(name)) for name in (*NETWORKS, "random_forest")}
    for what, (case, sizes, make) in todo.items():
        if chosen and what not in chosen:
            continue
        if case == "classify":
            _learn(place, what.partition(" ")[2], work / "learn")
        for size in sizes:
            folder = work / f"{what.replace(' ', '_')}_{size[0]}_{size[1]}"
            yield _peak(what, case, size, make(place, folder, size), place, folder)


def _peak(what: str, case: str, size: Size, facts: Facts, place: Path, folder: Path) -> Peak:
    out = folder / "out"
    job = job_of(case, place, out, **facts)
    told = f"{size[0]:,} x {size[1]:,}"
    try:
        return Peak(what, told, *_run(job, out))
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return Peak(what, told, 0.0, None, str(error)[-300:])
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(job: Any, out: Path) -> tuple[float, float]:
    """Seconds and MiB, as the run record has them."""
    path = out.parent / "job.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(registry.dump(job), encoding="utf-8")
    words = [*ENGINE, "run", str(path)]
    done = subprocess.run(words, capture_output=True, text=True, env=environment(), timeout=LIMIT, check=False)
    if done.returncode:
        raise RuntimeError(done.stdout[-300:] + done.stderr[-300:])
    record = json.loads(next(out.rglob("*.run.json")).read_text(encoding="utf-8"))
    return float(record["seconds"]), float(record["peak_memory_mib"])


def _learn(place: Path, name: str, work: Path) -> None:
    """A model of the network, hardly trained."""
    if not (place / "models" / name).exists():
        facts = _trained(name)(place, work / name, (192, 192))
        _run(job_of("train", place, place / "models" / name, **facts), place / "models" / name)


def _write_classes(place: Path) -> None:
    """The parcels of the toy season as a class raster."""
    with rasterio.open(next(place.glob("toy/S2_*.tif"))) as file:
        profile = {**file.profile, "count": 1, "dtype": "uint8", "nodata": 0}
        parcels = geopandas.read_file(place / "toy" / "parcels.gpkg")
        shapes = zip(parcels.geometry, parcels["code"].astype(int) // 10)
        values = rasterio.features.rasterize(shapes, file.shape, transform=file.transform, dtype="uint8")
    with rasterio.open(place / "toy_classes.tif", "w", **profile) as file:
        file.write(values, 1)
