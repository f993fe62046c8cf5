"""The one way to the network: allowed hosts only, redirects too; patient, and broken off when the user cancels."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests

from ...shared.errors import AccessRefused, HostNotAllowed, NetworkFailed, NotThere
from ...shared.jobs.search_scenes import NetworkAccess
from ...shared.texts.bounded import parsed_json

CHUNK = 1 << 16  # bytes between two looks at whether the user cancels
MOST_TEXT = 64 << 20  # bytes of a page of a catalogue (choice)
_REDIRECTS = 5
_LONGEST_WAIT = 30.0  # s that a server may ask for (choice)
_LATER = (408, 425, 429, 500, 502, 503, 504)  # statuses that may be better later
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Part:
    """Bytes of a file, from `start`; `total` bytes are all of it; `tag` tells one version of the file from others."""

    content: bytes
    start: int
    total: int
    tag: str


class _Later(Exception):
    """What may go better another time: why, and after how many seconds at least."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.reason, self.wait = reason, wait


def shown(url: str) -> str:
    """An address without what may be secret in it: user, password, query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def host_of(url: str) -> str:
    """The host of an http or https address; "" for anything else: file:, /vsi..., a path, another protocol."""
    try:
        parts = urlsplit(url)
        return (parts.hostname or "") if parts.scheme in ("http", "https") else ""
    except ValueError:
        return ""


class Network:
    """What a job may read. Safe across threads."""

    def __init__(self, access: NetworkAccess, api: str, check: Callable[[], None]) -> None:
        """`check` raises Cancelled when the user wants the job to stop."""
        given = {host.strip().lower() for host in access.hosts} | {host_of(api)}
        self._hosts = given | ({host_of(access.token)} if access.token else set())
        self._access, self._check, self._own = access, check, threading.local()

    def allows(self, url: str) -> bool:
        """Whether the host of an address was given."""
        host = host_of(url)
        below = {f"*.{host.split('.', n)[-1]}" for n in range(1, host.count(".") + 1)}
        return bool(host) and bool(self._hosts & {host, *below})

    def get_json(self, url: str) -> Any:
        """What an address answers. Raises NetworkFailed, HostNotAllowed."""
        return _decoded(url, self.read_text(url, "GET"))

    def read_text(
        self, url: str, method: str, body: Mapping[str, Any] | None = None, headers: Mapping[str, str] | None = None
    ) -> str:
        """A page of a catalogue."""

        def read() -> str:
            with self._answer(method, url, headers or {}, body) as answer:
                content = b"".join(self._chunks(answer, MOST_TEXT))
            return content.decode("utf-8", errors="replace")

        return self._patiently(url, read)

    def read_part(self, url: str, start: int, stop: int) -> Part:
        """The bytes from `start` to `stop`, or to the file's end. Raises NetworkFailed."""

        def read() -> Part:
            with self._answer("GET", url, {"Range": f"bytes={start}-{stop - 1}"}) as answer:
                total = _total(answer, start, url)
                wanted = min(stop, total) - start
                content = b"".join(self._chunks(answer, wanted))
            if len(content) < wanted:
                raise _Later(f"{len(content)} of {wanted} bytes came")
            return Part(content, start, total, _tag(answer))

        return self._patiently(url, read)

    @contextmanager
    def stream(self, url: str, start: int) -> Iterator[tuple[int, int | None, str, Iterator[bytes]]]:
        """A file from byte `start` on: where it really begins, its size if that is told, its version, its bytes."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._answer("GET", url, headers) as answer:
            if answer.status_code == 206:
                yield start, _total(answer, start, url), _tag(answer), self._chunks(answer)
            else:
                size = answer.headers.get("Content-Length", "")
                yield 0, int(size) if size.isdecimal() else None, _tag(answer), self._chunks(answer)

    def patiently(self, url: str, read: Callable[[], _Read]) -> _Read:
        """`read` as often as it may be tried; what it raises for a broken connection is tried again."""
        return self._patiently(url, read)

    def _patiently(self, url: str, read: Callable[[], _Read]) -> _Read:
        for attempt in range(1, self._access.attempts + 1):
            self._check()
            try:
                return read()
            except _Later as later:
                reason, wait = later.reason, later.wait
            except (requests.RequestException, OSError) as error:
                reason, wait = _why(error), 0.0
            if attempt < self._access.attempts:
                self._sleep(min(max(wait, 0.25 * 2**attempt), _LONGEST_WAIT))
        raise NetworkFailed(shown(url), f"{reason}, {self._access.attempts} attempts")

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self._check()
            time.sleep(0.05)

    @contextmanager
    def _answer(
        self, method: str, url: str, headers: Mapping[str, str], body: Mapping[str, Any] | None = None
    ) -> Iterator[requests.Response]:
        """The answer of a server, redirects followed as far as their hosts are allowed."""
        for _ in range(_REDIRECTS):
            if not self.allows(url):
                raise HostNotAllowed(shown(url) if host_of(url) else f"The address {url[:80]!r}", [host_of(url) or "?"])
            answer = self._session.request(
                method,
                url,
                headers={"Accept-Encoding": "identity", **headers},
                json=body,
                stream=True,
                timeout=(min(10.0, self._access.timeout), self._access.timeout),
                allow_redirects=False,
            )
            with answer:
                if not answer.is_redirect:
                    _check_status(answer, url)
                    yield answer
                    return
                url = urljoin(url, answer.headers["Location"])
        raise NetworkFailed(shown(url), "it leads from one address to the next", "check the address")

    @property
    def _session(self) -> requests.Session:
        if not hasattr(self._own, "session"):
            self._own.session = requests.Session()
            self._own.session.headers["User-Agent"] = "crop-classifier"
        session: requests.Session = self._own.session
        return session

    def _chunks(self, answer: requests.Response, most: int | None = None) -> Iterator[bytes]:
        size = 0
        for chunk in answer.iter_content(CHUNK):
            self._check()
            size += len(chunk)
            if most is not None and size > most:
                raise NetworkFailed(shown(answer.url), f"it sends more than {most} bytes", "check the address")
            yield chunk


def _check_status(answer: requests.Response, url: str) -> None:
    status = answer.status_code
    if 200 <= status < 300:
        return
    reason = f"{status} {answer.reason or ''}".strip()
    if status in _LATER:
        wait = answer.headers.get("Retry-After", "")
        raise _Later(reason, float(wait) if wait.isdecimal() else 0.0)
    if status in (401, 403):
        raise AccessRefused(
            shown(url),
            reason,
            "it wants addresses signed: give a token, or a command that signs (--token, --sign-command)",
        )
    if status in (404, 410):
        raise NotThere(shown(url), reason, "check the address")
    raise NetworkFailed(shown(url), reason, f"check the request; it says {_first_words(answer)!r}")


def _first_words(answer: requests.Response) -> str:
    return next(answer.iter_content(300), b"").decode("utf-8", errors="replace").strip()


def _total(answer: requests.Response, start: int, url: str) -> int:
    """The size of the file that a part is of."""
    told = answer.headers.get("Content-Range", "").removeprefix("bytes ")
    span, _, total = told.partition("/")
    if answer.status_code != 206 or span.partition("-")[0] != str(start) or not total.isdecimal():
        raise NetworkFailed(
            shown(url), "the server gives no parts of files", "download whole files (--whole; 'Whole files' in QGIS)"
        )
    return int(total)


def _tag(answer: requests.Response) -> str:
    return answer.headers.get("ETag") or answer.headers.get("Last-Modified") or ""


def _why(error: Exception) -> str:
    """One word or two: messages of libraries hold whole addresses."""
    kinds = {
        requests.ConnectTimeout: "it does not answer in time",
        requests.ReadTimeout: "it does not answer in time",
        requests.exceptions.SSLError: "its certificate is not trusted",
        requests.exceptions.ChunkedEncodingError: "the connection broke off",
        requests.ConnectionError: "no connection",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), type(error).__name__)


def _decoded(url: str, text: str) -> Any:
    try:
        return parsed_json(text, shown(url))
    except ValueError:
        raise NetworkFailed(shown(url), "it answers no JSON", "check the address") from None
