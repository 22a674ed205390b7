"""What a broken connection means, and how it is said: its own text may quote addresses and data."""

from __future__ import annotations


def never_left(error: BaseException) -> bool:
    """Tell whether a connection error came before the first byte of the request."""
    if any(kind.__name__ == "ConnectTimeout" for kind in type(error).__mro__):
        return True
    reason = _reason(error)
    return type(reason).__name__ in {
        "NewConnectionError",
        "NameResolutionError",
        "ConnectTimeoutError",
    } or "CERTIFICATE_VERIFY_FAILED" in str(reason)


def _reason(error: BaseException) -> object:
    """Return what urllib3 says behind an error of requests; a proxy's trouble is unwrapped."""
    reason = getattr(error.args[0], "reason", None) if error.args else None
    return getattr(reason, "original_error", reason)


def in_words(error: BaseException) -> str:
    """Name a transport error without its text, which may quote addresses and data."""
    names = {type(error).__name__, type(_reason(error)).__name__}
    for name, words in (
        ("ConnectTimeout", "no connection in time"),
        ("NameResolutionError", "its name is not known"),
        ("NewConnectionError", "the connection was refused"),
        ("SSLError", "its certificate or TLS connection is not valid"),
        ("ReadTimeout", "timed out"),
        ("ReadTimeoutError", "timed out"),
        ("ConnectionError", "the connection broke"),
    ):
        if name in names:
            return words
    return "the answer broke off"
