"""Addresses of files, signed: by a token of the provider's, by a command of the user's, or not at all."""

from __future__ import annotations

import shlex
import subprocess
import threading

from ...shared.errors import BadInput, NetworkFailed
from ...shared.jobs.search_scenes import NetworkAccess
from .network import Network, shown

_COMMAND_SECONDS = 60


class Signer:
    """Signs addresses as the user wishes. Safe across threads."""

    def __init__(self, access: NetworkAccess, network: Network) -> None:
        self._access, self._network = access, network
        self._tokens: dict[str, str] = {}
        self._lock = threading.Lock()

    def signed(self, href: str, collection: str) -> str:
        """The address to read a file of a collection from."""
        if self._access.sign_command:
            return self._by_command(href)
        token = self._token(collection) if self._access.token else ""
        return f"{href}{'&' if '?' in href else '?'}{token}" if token else href

    def forget(self) -> None:
        """Tokens run out: the next address is signed by a new one."""
        with self._lock:
            self._tokens.clear()

    def _token(self, collection: str) -> str:
        with self._lock:
            if collection not in self._tokens:
                url = self._access.token.replace("{collection}", collection)
                answer = self._network.get_json(url)
                token = answer.get("token") if isinstance(answer, dict) else None
                if not isinstance(token, str) or not token:
                    raise NetworkFailed(shown(url), "it answers no token", "check the address of the token")
                self._tokens[collection] = token.lstrip("?")
            return self._tokens[collection]

    def _by_command(self, href: str) -> str:
        words = shlex.split(self._access.sign_command)
        try:
            done = subprocess.run(
                words, input=f"{href}\n", capture_output=True, text=True, timeout=_COMMAND_SECONDS, check=True
            )
        except (OSError, subprocess.SubprocessError, IndexError) as error:
            kind = type(error).__name__
            raise BadInput(f"The command that signs addresses failed ({kind}): {self._access.sign_command}.") from None
        lines = done.stdout.split()
        if len(lines) != 1:
            raise BadInput(f"The command that signs addresses wrote {len(lines)} lines for one address: one is needed.")
        return lines[0]
