"""What the user named: the files, folders and addresses of the jobs that run in this process."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from .gdal_lock import allow_network

_NETWORK = re.compile(
    r"/vsi(curl|s3|gs|az|adls|oss|swift|webhdfs|hdfs)|^[a-z][a-z0-9+.-]+://(?<!vrt://)(?<!file://)(?<!zip://)", re.I
)
_named: set[str] = set()


def name_sources(paths: Iterable[str]) -> None:
    """Notes what a job reads; the network is opened where an address is among it."""
    given = [path for path in paths if path]
    _named.update(_key(path) for path in given)
    addresses = [path for path in given if is_remote(path)]
    if addresses:
        allow_network(addresses)


def is_remote(text: str) -> bool:
    """Whether GDAL would look for it on the network."""
    return bool(_NETWORK.search(text))


def is_named(text: str) -> bool:
    return _key(text) in _named


def may_reach(file: Path, target: Path) -> bool:
    """Whether a file may refer to another: it is named, or it lies in the folder of the first, or in one that the user
    named and that holds both, or beside the file that he named. Links count as lying where they are."""
    if is_named(str(target)):
        return True
    homes = [file.parent, *(home for home in _homes() if file.is_relative_to(home))]
    return any(target.is_relative_to(home) for home in homes)


def _homes() -> list[Path]:
    """The folders that were named, and those of the files that were."""
    local = [Path(path) for path in _named if os.path.isabs(path) and not path.startswith("/vsi")]
    return [path if path.is_dir() else path.parent for path in local]


def _key(path: str) -> str:
    return os.path.abspath(path) if os.path.exists(path) else path
