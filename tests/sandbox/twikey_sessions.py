"""Logging in to the sandbox's Twikey, and how often one may call (reference 1.3-1.6, 1.12)."""

import hashlib
import hmac
import struct

from tests.sandbox.twikey_books import Books
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.wire import Request, Response

FORM = "application/x-www-form-urlencoded"
_SALT = b"own"


def otp(private_key: str, seconds: float) -> int:
    """The one-time password of a private key (hex) at an instant (reference 1.4)."""
    secret = _SALT + bytes.fromhex(private_key)
    digest = hmac.new(secret, struct.pack(">Q", int(seconds) // 30), hashlib.sha256).digest()
    offset = digest[19] & 0x0F
    (number,) = struct.unpack(">I", digest[offset : offset + 4])
    return int((number & 0x7FFFFFFF) % 100_000_000)


class Sessions:
    """Tokens, and the windows of whatever is limited."""

    def __init__(self, books: Books, rules: Switches) -> None:
        self.books = books
        self.rules = rules

    def login(self, request: Request) -> Response:
        """POST on the base address: a token in header and body, or a refusal, or an empty 429."""
        wait = self._login_wait()
        if wait is not None:
            return _too_many(wait)
        form = form_of(request)
        key = form.get("apiToken", "")
        if not self._right(key, form.get("otp", "")):
            return Refusal("err_no_login", status=self.rules.login_failure_status).response()
        tokens = self.books.state.tokens
        if self.rules.login_ends_older:
            self.expire(key)
        token = self.books.mint("token")
        tokens[token] = {"key": key, "born": self.books.seconds()}
        self.books.state.logins += 1
        headers = {"Authorization": token, "X-MERCHANT-ID": str(self.rules.merchant)}
        return Response(200, headers, {"Authorization": token})

    def logout(self, request: Request) -> Response | None:
        """GET on the base address: the token is dead; None when it was no token."""
        if self.key_of(request) is None:
            return None
        del self.books.state.tokens[request.headers.get("Authorization")]
        return Response(204)

    def key_of(self, request: Request) -> str | None:
        """The API key behind a bare, living token."""
        session = self.books.state.tokens.get(request.headers.get("Authorization", ""))
        if session is None:
            return None
        if self.books.seconds() - session["born"] >= self.rules.token_seconds:
            return None
        return str(session["key"])

    def expire(self, key: str | None = None) -> int:
        """End the sessions of a key, or all; returns how many."""
        tokens = self.books.state.tokens
        ended = [token for token, session in tokens.items() if key in (None, session["key"])]
        for token in ended:
            del tokens[token]
        return len(ended)

    def turn_away(self, name: str, limit: int | None) -> Response | None:
        """Count a call against a limit per minute; an empty 429 when there was one too many."""
        if limit is None:
            return None
        now = self.books.seconds()
        times = [moment for moment in self.books.state.calls.get(name, []) if moment > now - 60]
        self.books.state.calls[name] = times
        if len(times) >= limit:
            return _too_many(times[0] + 60 - now if times else 60)
        times.append(now)
        return None

    def left(self, name: str, limit: int) -> str:
        """The value of X-Rate-Limit-Remaining."""
        return str(max(0, limit - len(self.books.state.calls.get(name, []))))

    def _login_wait(self) -> float | None:
        """Note an attempt; seconds to wait when there were too many, refused ones counted."""
        now, window = self.books.seconds(), self.rules.login_window
        state = self.books.state
        state.login_times = [moment for moment in state.login_times if moment > now - window]
        state.login_times.append(now)
        limit = self.rules.login_limit
        if limit is None or len(state.login_times) <= limit:
            return None
        if self.rules.login_retry_after is not None:
            return float(self.rules.login_retry_after)
        return float(state.login_times[-limit] + window - now if limit else window)

    def _right(self, key: str, code: str) -> bool:
        if key not in self.rules.keys:
            return False
        private_key = self.rules.keys[key]
        if private_key is None:
            return True
        now = self.books.seconds()
        right = {otp(private_key, now), otp(private_key, now - 30)}
        return code.isascii() and code.isdigit() and int(code) in right


def _too_many(seconds: float) -> Response:
    return Response(429, {"X-Rate-Limit-Retry-After-Seconds": str(max(1, -int(-seconds // 1)))})


def form_of(request: Request) -> dict[str, str]:
    """The fields of a form body; any other kind of body has none."""
    return request.form() if request.content_type == FORM else {}
