"""A file on a server as GDAL reads it: only the bytes that are asked for travel, in blocks that are kept a while."""

from __future__ import annotations

import io
from collections import OrderedDict

from ...shared.errors import CropClassifierError, NetworkFailed
from .network import Network, shown

BLOCK = 1 << 17  # bytes (choice: a compressed tile of 512 px is two or three of them)
_KEPT = 64  # blocks, 8 MiB


class RemoteBytes:
    """The bytes of a file on a server."""

    def __init__(self, network: Network, url: str) -> None:
        """Raises NetworkFailed where the server gives no parts of files."""
        self._network, self._url = network, url
        self.failure: CropClassifierError | None = None  # what GDAL cannot hand on
        first = network.read_part(url, 0, BLOCK)
        self.size, self._tag = first.total, first.tag
        self._blocks: OrderedDict[int, bytes] = OrderedDict({0: first.content})

    def read(self, at: int, size: int) -> bytes:
        """At most `size` bytes from `at` on."""
        wanted = min(size, self.size - at)
        if wanted <= 0:
            return b""
        first, last = at // BLOCK, (at + wanted - 1) // BLOCK
        held = self._fetch(first, last)
        return held[at - first * BLOCK : at - first * BLOCK + wanted]

    def _fetch(self, first: int, last: int) -> bytes:
        """The blocks from first to last, of which those that lack come in one request."""
        lacking = [n for n in range(first, last + 1) if n not in self._blocks]
        fresh: dict[int, bytes] = {}
        if lacking:
            begin = lacking[0]
            part = self._network.read_part(self._url, begin * BLOCK, (lacking[-1] + 1) * BLOCK)
            if (part.total, part.tag) != (self.size, self._tag):
                raise NetworkFailed(shown(self._url), "the file was changed meanwhile")
            fresh = {begin + n // BLOCK: part.content[n : n + BLOCK] for n in range(0, len(part.content), BLOCK)}
        found = [fresh[n] if n in fresh else self._blocks[n] for n in range(first, last + 1)]
        self._blocks |= fresh
        while len(self._blocks) > _KEPT:
            self._blocks.popitem(last=False)
        return b"".join(found)


class RangedFile(io.RawIOBase):
    """RemoteBytes as a file that is open for reading. An error is kept in them: GDAL sees a file that ends."""

    def __init__(self, remote: RemoteBytes) -> None:
        super().__init__()
        self._remote, self._at = remote, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._remote.size}[whence]
        return self._at

    def read(self, size: int | None = -1) -> bytes:
        wanted = self._remote.size - self._at if size is None or size < 0 else size
        try:
            content = self._remote.read(self._at, wanted) if self._remote.failure is None else b""
        except CropClassifierError as error:
            self._remote.failure = error
            content = b""
        self._at += len(content)
        return content
