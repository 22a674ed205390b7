"""Which addresses of a service are acceptable: https anywhere, plain http on this machine only."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


def check_address(name: str, url: str) -> str:
    """Return ``url`` without trailing slash.

    Raises ``ValueError`` unless it is https, or plain http on a loopback address.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.username or parts.password:
        raise ValueError(f"{name} must not carry a user name or password")
    if parts.scheme == "https" and host:
        return url.rstrip("/")
    if parts.scheme == "http" and _is_loopback(host):
        return url.rstrip("/")
    raise ValueError(f"{name} must start with https:// (plain http is for loopback addresses only)")


def is_loopback_address(url: str) -> bool:
    """Tell whether an address of the settings leads to this machine: a sandbox."""
    return _is_loopback(urlsplit(url).hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
