"""Files of scenes into a folder, several at once; each has a temporary name until it is whole; what is there stays."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ...shared.errors import AccessRefused, BadInput, HostNotAllowed, NotThere
from ...shared.jobs.search_scenes import SearchScenesJob
from ..execution.outputs import translate
from ..execution.reporter import Reporter
from ..products.metadata.stac_items import asset_crs
from . import whole_file
from .assets import Wanted
from .clip import bytes_of, clip, is_clipped, remote_raster, source_tag, window_over
from .network import Network, host_of
from .signing import Signer

FETCHED, THERE, OUTSIDE, GONE = "fetched", "there", "outside", "gone"  # what became of a file
_SPARE = 1.05  # times what is needed that the disk must have (choice)
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Download:
    """Where files come from and where they go."""

    job: SearchScenesJob
    network: Network
    signer: Signer

    @property
    def folder(self) -> Path:
        return Path(self.job.folder).absolute()

    def path(self, file: Wanted) -> Path:
        """Where a file will lie."""
        return self.folder / file.name

    def is_there(self, file: Wanted) -> bool:
        """Whether an earlier run has fetched it."""
        if self.job.whole:
            return whole_file.is_whole(self.path(file), file)
        return is_clipped(self.path(file), source_tag(file, self.job.extent))

    def fetch(self, file: Wanted) -> str:
        """Fetches one file; what became of it."""
        if self.is_there(file):
            return THERE
        try:
            try:
                return self._fetch(file)
            except AccessRefused:  # a token has run out
                self.signer.forget()
                return self._fetch(file)
        except NotThere:
            return GONE

    def _fetch(self, file: Wanted) -> str:
        final = self.path(file)
        part = final.with_name(f".{final.stem}.part{final.suffix}")
        url = self._signed(file)
        if self.job.whole:
            whole_file.fetch(file, url, part, self.network)
        else:
            with remote_raster(file, url, self.network) as dataset:
                found = window_over(dataset, self.job.extent, asset_crs(file.scene.item, file.asset))
                if found is None:
                    return OUTSIDE
                clip(dataset, *found, part, source_tag(file, self.job.extent))
        try:
            os.replace(part, final)
        except OSError as error:
            raise translate(error, str(final)) from None
        return FETCHED

    def _signed(self, file: Wanted) -> str:
        return self.signer.signed(file.href, file.scene.item.collection_id or "")

    def size(self, file: Wanted) -> int:
        """The most bytes that a file will take on disk; what the catalogue does not tell is asked of the server."""
        url = self._signed(file)
        if self.job.whole:
            return file.size or self.network.read_part(url, 0, 1).total
        with remote_raster(file, url, self.network) as dataset:
            found = window_over(dataset, self.job.extent, asset_crs(file.scene.item, file.asset))
            return bytes_of(dataset, found[1]) if found else 0


def check_hosts(files: Sequence[Wanted], network: Network) -> None:
    """Raises HostNotAllowed where files lie on a host that was not given."""
    strange = dict.fromkeys(host_of(file.href) for file in files if not network.allows(file.href))
    if strange:
        raise HostNotAllowed("A part of the scenes' files", strange)


def check_disk(download: Download, files: Sequence[Wanted], reporter: Reporter) -> None:
    """Looks at the files of one scene, and whether the disk has room for those of all. Raises BadInput."""
    lacking = [file for file in files if not download.is_there(file)]
    if not lacking:
        return
    first = [file for file in lacking if file.scene is lacking[0].scene]
    told = sum(file.size or 0 for file in lacking)
    if download.job.whole and all(file.size for file in lacking):
        needed = told
    else:
        sizes = attended([_sizing(download, file) for file in first], download.job.access.at_once, reporter)
        needed = round(sum(sizes) * len(lacking) / len(first))
    free = shutil.disk_usage(download.folder).free
    reporter.log(
        f"{len(lacking)} files are to be fetched, at most {_amount(needed)}; the disk has {_amount(free)} free."
    )
    if free < needed * _SPARE:
        raise BadInput(
            f"The download needs up to {_amount(needed)}, the disk of {download.folder} has {_amount(free)} free: "
            "choose a smaller place, fewer bands or scenes, or another disk."
        )


def _sizing(download: Download, file: Wanted) -> Callable[[], int]:
    def size() -> int:
        try:
            return download.size(file)
        except NotThere:
            return 0

    return size


def fetch_all(download: Download, files: Sequence[Wanted], outcome: dict[str, str], reporter: Reporter) -> None:
    """Fills `outcome`: what became of each file, by name. Raises at the first failure."""

    def task(file: Wanted) -> Callable[[], tuple[str, str]]:
        return lambda: (file.name, download.fetch(file))

    for name, what in attended([task(file) for file in files], download.job.access.at_once, reporter):
        outcome[name] = what
        reporter.progress(len(outcome) / len(files), "Fetching", len(outcome), len(files))


def attended(tasks: Sequence[Callable[[], _Made]], at_once: int, reporter: Reporter) -> Iterator[_Made]:
    """What the tasks give, as it comes; a cancel is heeded though servers do not answer."""
    waiting = iter(tasks)
    pool = ThreadPoolExecutor(at_once, thread_name_prefix="fetch")
    running: set[Future[_Made]] = set()
    try:
        while True:
            while len(running) < at_once and (task := next(waiting, None)) is not None:
                running.add(pool.submit(task))
            if not running:
                return
            done, running = wait(running, timeout=0.1, return_when=FIRST_COMPLETED)
            reporter.check()
            for each in done:
                yield each.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _amount(size: int) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if size < 1024:
            return f"{size:,.0f} {unit}"
        size //= 1024
    return f"{size:,.0f} GiB"
