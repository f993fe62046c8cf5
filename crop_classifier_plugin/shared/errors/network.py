"""What can be wrong with what is fetched from the network. Standard library only: both sides import this."""

from __future__ import annotations

from collections.abc import Iterable

from .base import CropClassifierError


class HostNotAllowed(CropClassifierError):
    """An address that nobody gave."""

    code = "host-not-allowed"

    def __init__(self, what: str, hosts: Iterable[str]) -> None:
        named = sorted(set(hosts))
        more = f" and {len(named) - 10} more" if len(named) > 10 else ""
        told = ", ".join(named[:10]) + more
        super().__init__(
            f"{what} lies on {told}, which was not given: allow the host (--host; 'Hosts' in QGIS) if you trust it."
        )


class NetworkFailed(CropClassifierError):
    """A server that does not answer, or not as it should. Its address is told without what is secret in it."""

    code = "network-failed"

    def __init__(self, address: str, reason: str, advice: str = "run it again, it goes on where it stopped") -> None:
        super().__init__(f"{address} could not be read ({reason}): {advice}.")


class NotThere(NetworkFailed):
    """A file that its catalogue names and its server does not have."""

    code = "not-there"


class AccessRefused(NetworkFailed):
    """A file that its server gives to others only."""

    code = "access-refused"
