"""The proxy of QGIS's settings for pip: handed over in variables, never on a command line, never shown."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from qgis.core import QgsNetworkAccessManager
from qgis.PyQt.QtNetwork import QNetworkProxy

HIDDEN = "***"


def variables() -> dict[str, str]:
    """HTTP_PROXY and the like of the proxy that QGIS is set to; {} where it has none of its own.

    A SOCKS proxy is not among them: the pip that comes with Python does not speak with one.
    """
    manager = QgsNetworkAccessManager.instance()
    proxy = manager.fallbackProxy()
    if proxy.type() not in (QNetworkProxy.ProxyType.HttpProxy, QNetworkProxy.ProxyType.HttpCachingProxy):
        return {}
    if not proxy.hostName():
        return {}
    who = quote(proxy.user(), safe="")
    secret = f":{quote(proxy.password(), safe='')}" if proxy.password() else ""
    address = f"http://{f'{who}{secret}@' if who else ''}{proxy.hostName()}:{proxy.port() or 8080}"
    past = ",".join(filter(None, (_host(each) for each in manager.noProxyList())))
    return {
        **dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), address),
        **({"NO_PROXY": past, "no_proxy": past} if past else {}),
    }


def mask(text: str, handed_over: Mapping[str, str]) -> str:
    """The text without user, password and address of the proxy that was handed over."""
    for value in {value for value in handed_over.values() if "://" in value}:
        parts = urlsplit(value)
        for secret in (parts.netloc, parts.netloc.rpartition("@")[0], parts.password):
            for form in (secret or "", unquote(secret or "")):
                text = text.replace(form, HIDDEN) if form else text
    return text


def _host(address: str) -> str:
    return urlsplit(address).hostname or address.strip("/ ")
