"""The job that looks for scenes in a catalogue. Standard library only: both sides import it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urlsplit

from ..errors import BadInput
from .base import Job
from .sources import Extent

TABLES = (".csv", ".gpkg", ".json", ".geojson")  # what the table may be


@dataclass(frozen=True)
class NetworkAccess:
    """Which hosts may be read, and how patiently. Nothing else of the program reads from the network."""

    hosts: tuple[str, ...] = ()  # of files, beside the catalogue's own; *.example.org: those below it
    token: str = ""  # address that answers {"token": ...}, {collection} in it; what is appended to the files' addresses
    sign_command: str = ""  # program that reads addresses, a line each, and writes them signed
    timeout: float = 30.0  # seconds without an answer
    attempts: int = 5  # for what a server may do better later
    at_once: int = 4  # files

    def __post_init__(self) -> None:
        if not (self.timeout > 0 and self.attempts >= 1 and 1 <= self.at_once <= 32):
            raise BadInput("The timeout is above 0, the attempts at least 1, the files at once 1 to 32: correct them.")
        if self.token and self.sign_command:
            raise BadInput("Files are signed by a token or by a command: give one of them.")
        if self.token:
            check_address("address of the token", self.token)


def check_address(what: str, address: str) -> None:
    """Refuses what is no http or https address."""
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise BadInput(f"The {what} {address!r} is no address: write it as https://host/path.")


_USUAL = NetworkAccess()


@dataclass(frozen=True)
class SearchScenesJob(Job):
    """STAC API, place and season -> table of the scenes; and the part of them over the place, in a folder."""

    kind: ClassVar[str] = "search_scenes"
    entry: ClassVar[str] = "acquisition.job:search_scenes"
    writes_files = ("table",)
    writes_folders = ("folder",)
    api: str  # address of the STAC API, with or without /search
    collections: tuple[str, ...]
    extent: Extent
    first: str  # ISO dates
    last: str
    table: str = ""  # one of TABLES: rows of dates, footprints, or STAC items
    folder: str = ""  # where files are downloaded to; "" = none are
    max_cloud: float = 100.0  # percent; scenes that do not tell theirs stay
    bands: tuple[str, ...] = ()  # canonical names or keys of assets; () = every band that is known
    whole: bool = False  # files as they are, not only what lies over the extent
    most: int = 500  # scenes; more are refused
    access: NetworkAccess = _USUAL

    def __post_init__(self) -> None:
        check_address("address of the catalogue", self.api)
        if not self.collections:
            raise BadInput("No collection was named: say which of the catalogue's is searched, as sentinel-2-l2a.")
        if not (self.table or self.folder):
            raise BadInput("No output was named: give a table of the scenes, a folder for their files, or both.")
        if self.table and not self.table.lower().endswith(TABLES):
            raise BadInput(f"The table {self.table} is of no kind that is written: end it in {', '.join(TABLES)}.")
        if not (self.first and self.last):
            raise BadInput("The season is not given: say its first and its last day.")
        if not (0 <= self.max_cloud <= 100 and self.most >= 1):
            raise BadInput("The cloud cover is 0 to 100 percent and the most scenes at least 1: correct them.")
