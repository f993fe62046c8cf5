"""A STAC API asked for the scenes of a place and a season. What it answers is not trusted."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pystac
from pystac.errors import STACError, STACTypeError
from pystac_client.item_search import ItemSearch
from pystac_client.stac_api_io import StacApiIO
from rasterio.warp import transform_bounds

from ...shared.errors import BadInput, NetworkFailed
from ...shared.jobs.search_scenes import SearchScenesJob
from ...shared.jobs.sources import Extent
from ..execution.reporter import Reporter
from ..products import dates
from ..raster.grid import crs_of
from .network import Network, shown

_PAGE = 100  # items a request
UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_NAME = 120


@dataclass(frozen=True)
class Found:
    """A scene of the catalogue; `name` is its id, fit for a file's name."""

    item: pystac.Item
    name: str
    date: dt.date

    @property
    def cloud(self) -> float | None:
        """Percent, None where the catalogue does not tell it."""
        told = self.item.properties.get("eo:cloud_cover")
        return float(told) if isinstance(told, (int, float)) else None


class _GuardedIO(StacApiIO):
    """pystac-client's way to the catalogue, over allowed hosts only, and never to a file."""

    def __init__(self, network: Network) -> None:
        super().__init__(max_retries=None)
        self._network = network

    def request(
        self,
        href: str,
        method: str | None = None,
        headers: dict[str, str] | None = None,
        parameters: dict[str, Any] | None = None,
    ) -> str:
        """POST alone has a body; what GET asks is in the address of a next page."""
        verb = (method or "GET").upper()
        return self._network.read_text(href, verb, parameters if verb == "POST" else None)

    def read_text(self, source: pystac.link.HREF, *args: Any, **kwargs: Any) -> str:
        """A link's page. Links come from the catalogue: only allowed addresses are read, by `request`."""
        if isinstance(source, pystac.Link):
            return super().read_text(source, *args, **kwargs)
        return self.request(str(source), *args, **kwargs)


def search(job: SearchScenesJob, network: Network, reporter: Reporter) -> list[Found]:
    """The scenes by date. Raises BadInput for none and for too many, NetworkFailed, HostNotAllowed."""
    days = dates.parse(job.first, "the first day"), dates.parse(job.last, "the last day")
    if days[0] > days[1]:
        raise BadInput(f"The season ends on {days[1]}, before it begins on {days[0]}: exchange them.")
    found: dict[str, Found] = {}
    for count, data in enumerate(_pages(job, days, network)):
        reporter.check()
        if count > 2 * job.most + _PAGE:
            raise NetworkFailed(shown(job.api), "its pages tell the same items again and again", "report it to it")
        scene = _scene(data, job.api)
        found.setdefault(f"{scene.item.collection_id} {scene.item.id}", scene)
        if len(found) > job.most:
            raise BadInput(f"More than {job.most} scenes match: narrow the season or the place, or raise the most.")
    clear = [scene for scene in found.values() if scene.cloud is None or scene.cloud <= job.max_cloud]
    if not clear:
        raise BadInput(
            f"The catalogue {shown(job.api)} has {len(found)} scenes of {', '.join(job.collections)} from {days[0]} to "
            f"{days[1]} over the place, none with at most {job.max_cloud:g} % cloud: widen one of these."
        )
    unknown = sum(scene.cloud is None for scene in clear)
    reporter.log(f"{len(clear)} of {len(found)} scenes have at most {job.max_cloud:g} % cloud.")
    if unknown and job.max_cloud < 100:
        reporter.log(f"{unknown} scenes do not tell their cloud cover and are kept.", "warning")
    return _distinct(sorted(clear, key=lambda scene: (scene.date, scene.name)))


def _pages(job: SearchScenesJob, days: tuple[dt.date, dt.date], network: Network) -> Iterator[dict[str, Any]]:
    base = job.api.rstrip("/")
    query = ItemSearch(
        base if base.endswith("/search") else f"{base}/search",
        method="POST",
        stac_io=_GuardedIO(network),
        collections=list(job.collections),
        bbox=bbox_of(job.extent),
        datetime=f"{days[0]}T00:00:00Z/{days[1]}T23:59:59Z",
        limit=min(_PAGE, job.most),
        max_items=None,
    )
    try:
        yield from query.items_as_dicts()
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, STACError) as error:
        raise NetworkFailed(shown(job.api), f"it answers as no STAC API does: {error}", "check the address") from None


def bbox_of(extent: Extent) -> list[float]:
    """West, south, east and north in degrees; west is east of east over the antimeridian, as in GeoJSON."""
    crs = crs_of("the extent", None, extent.crs)
    bounds = transform_bounds(crs, "EPSG:4326", extent.xmin, extent.ymin, extent.xmax, extent.ymax, densify_pts=21)
    return [round(float(value), 8) for value in bounds]


def _scene(data: dict[str, Any], api: str) -> Found:
    try:
        item = pystac.Item.from_dict(data, preserve_dict=False)
        moment = item.datetime or item.common_metadata.start_datetime
    except (ValueError, KeyError, TypeError, AttributeError, STACError, STACTypeError) as error:
        raise NetworkFailed(shown(api), f"an item of it is none: {error}", "report it to the catalogue") from None
    if moment is None:
        raise NetworkFailed(shown(api), f"the item {item.id} has no date", "report it to the catalogue")
    name = UNSAFE.sub("_", str(item.id)).strip("._")[:_LONGEST_NAME] or "scene"
    return Found(item, name, moment.date())


def _distinct(scenes: list[Found]) -> list[Found]:
    """Ids that are one as file names get numbers."""
    seen: dict[str, int] = {}
    named = []
    for scene in scenes:
        count = seen[scene.name.casefold()] = seen.get(scene.name.casefold(), 0) + 1
        named.append(scene if count == 1 else replace(scene, name=f"{scene.name}-{count}"))
    return named
