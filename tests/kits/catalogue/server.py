"""A STAC API and its files on this machine, with the faults that servers have."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass
class Catalogue:
    """Items and files; what was asked of it; and how it fails."""

    files: Path  # served under /files/
    items: list[dict[str, Any]] = field(default_factory=list)
    page: int = 3  # items
    faults: dict[str, list[str]] = field(default_factory=dict)  # path -> what happens at the next requests of it
    always: dict[str, str] = field(default_factory=dict)  # path -> what happens at each
    token: str = ""  # that files need, if any
    answer_all: bool = False  # whatever is searched
    endless: bool = False  # every page leads to the next one
    asked: list[tuple[str, str, str]] = field(default_factory=list)  # method, path, range
    bodies: list[dict[str, Any]] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)  # bytes by path
    address: str = ""

    def next_fault(self, path: str) -> str:
        return self.faults[path].pop(0) if self.faults.get(path) else self.always.get(path, "")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    catalogue: Catalogue

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._begin("POST")
        if self._failed():
            return
        self.catalogue.bodies.append(body)
        west, south, east, north = body["bbox"]
        first, last = (day[:10] for day in body["datetime"].split("/"))
        found = [
            item
            for item in self.catalogue.items
            if self.catalogue.answer_all
            or (
                item["collection"] in body["collections"]
                and first <= item["properties"]["datetime"][:10] <= last
                and item["bbox"][0] < east
                and item["bbox"][2] > west
                and item["bbox"][1] < north
                and item["bbox"][3] > south
            )
        ]
        start = int(body.get("token", 0))
        stop = start + min(self.catalogue.page, body["limit"])
        links = []
        if self.catalogue.endless:
            start, stop = 0, 1
        if stop < len(found):
            more = {"rel": "next", "href": f"{self.catalogue.address}/search", "method": "POST", "merge": True}
            links = [{**more, "body": {"token": str(stop)}}]
        self._json({"type": "FeatureCollection", "features": found[start:stop], "links": links})

    def do_GET(self) -> None:
        self._begin("GET")
        parts = urlsplit(self.path)
        if parts.path.startswith("/token/"):
            self._json({"token": f"sig={self.catalogue.token}", "msft:expiry": "2099-01-01T00:00:00Z"})
            return
        if self._failed():
            return
        if self.catalogue.token and parse_qs(parts.query).get("sig") != [self.catalogue.token]:
            self._status(403)
            return
        path = self.catalogue.files / parts.path.removeprefix("/files/")
        if not path.is_file():
            self._status(404)
            return
        self._file(path.read_bytes(), parts.path)

    def _begin(self, method: str) -> None:
        path = urlsplit(self.path).path
        self.catalogue.asked.append((method, path, self.headers.get("Range", "")))
        self._fault = self.catalogue.next_fault(path)

    def _failed(self) -> bool:
        """Whether this request fails, as was asked of the catalogue."""
        kind, _, rest = self._fault.partition(" ")
        if kind.isdigit():
            self._status(int(kind), rest)
        elif kind == "hang":
            time.sleep(float(rest))
            self.close_connection = True
        return kind.isdigit() or kind == "hang"

    def _status(self, status: int, location: str = "") -> None:
        self.send_response(status)
        if location:
            self.send_header("Location", location)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _json(self, document: Any) -> None:
        content = json.dumps(document).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _file(self, content: bytes, path: str) -> None:
        asked, size = self.headers.get("Range", "").removeprefix("bytes="), len(content)
        start, stop = 0, size
        if asked and self._fault != "no-ranges":
            first, _, last = asked.partition("-")
            start, stop = int(first), min(int(last) + 1 if last else size, size)
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{stop - 1}/{size}")
        else:
            self.send_response(200)
        self.send_header("ETag", f'"{hash(content)}"')
        self.send_header("Content-Length", str(stop - start))
        self.end_headers()
        part = content[start:stop]
        if self._fault == "truncate":
            part = part[: len(part) // 2]
            self.close_connection = True
        elif self._fault.startswith("slow"):
            pause = float(self._fault.split()[1])
            for at in range(0, len(part), 1 << 14):
                self.wfile.write(part[at : at + (1 << 14)])
                self.catalogue.sent[path] += 1 << 14
                time.sleep(pause)
            return
        self.wfile.write(part)
        self.catalogue.sent[path] += len(part)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away in the middle is what is tested."""


@contextmanager
def served(catalogue: Catalogue) -> Iterator[Catalogue]:
    """The catalogue at an address of this machine."""
    handler = type("Handler", (_Handler,), {"catalogue": catalogue})
    server = _Server(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    catalogue.address = f"http://127.0.0.1:{server.server_port}"
    try:
        yield catalogue
    finally:
        server.shutdown()
        server.server_close()
