"""One authenticated call to Twikey, and what its answer means (API reference 1.6, 1.9, 1.10).

A read gives its answer back. A write has exactly three outcomes: it returns (done), it raises
``CallRefused`` (a documented refusal: nothing happened), or it raises ``OutcomeUnknown``. Anything
that is not certainly one of the first two is the third.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from typing import Any

from connectors.errors import (
    CallRefused,
    KeyRefused,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    ServiceUnavailable,
    Trouble,
    UnexpectedAnswer,
)
from connectors.http import Answer, Http, NotSent
from connectors.twikey.answers import TwikeyInvoice
from connectors.twikey.pace import TwikeyPace
from connectors.twikey.parse import Fault, fault_of, invoice, json_in
from connectors.twikey.session import Session, TwikeySession, root_of

JSON = {"Content-Type": "application/json"}
NOT_FOUND = frozenset({"err_not_found"})
NOT_PERMITTED = frozenset({"err_not_authorised", "err_not_authorized", "err_billing_overdrawn"})
SERVER_TROUBLE = "error_system"
MOST_SENDS = 3  # with the token we have, with another process's, with our own new one


class NothingSaid(OutcomeUnknown):
    """A write was answered with a bare 404 or with nothing: perhaps there is no such thing."""

    def __init__(self, sentence: str, status: int) -> None:
        self.status = status
        super().__init__(sentence)


class Calls:
    """Sends reads and writes with the session's token; renews it once when it is refused."""

    def __init__(self, http: Http, session: TwikeySession) -> None:
        self._http = http
        self._session = session
        self._root = root_of(http)
        self.count = 0

    def merchant(self) -> str | None:
        """Return Twikey's number of the account behind the key; logs in where needed."""
        session, _ = self._session_or_not_sent(None)
        return session.merchant_id

    def read(
        self,
        path: str,
        *,
        what: str,
        params: list[tuple[str, str]] | None = None,
        headers: dict[str, str] | None = None,
        budgeted: bool = False,
    ) -> Answer:
        """Return the answer to a GET; ``budgeted`` for the rate-limited endpoints (1.12).

        Raises ``NotPermitted``, ``KeyRefused`` and what ``Http.send`` raises for reads.
        """
        pace = self._http.pace
        with pace.budgeted() if budgeted and isinstance(pace, TwikeyPace) else nullcontext():
            answer = self._send(
                "GET", path, repeatable=True, what=what, params=params, headers=headers or {}
            )
        fault = fault_of(answer)
        _halt_if_not_permitted(fault, what)
        if fault is None and answer.status == 403:
            raise NotPermitted(f"Twikey does not permit {what}")
        return answer

    def write(
        self, method: str, path: str, *, what: str, repeatable: bool, **request: Any
    ) -> Answer:
        """Return the 2xx answer of a write that holds no fault.

        Raises ``CallRefused`` or ``OutcomeUnknown``; ``NotSent``, ``Throttled``, ``KeyRefused`` and
        ``NotPermitted`` mean that nothing happened and that nothing else will work either.
        """
        answer = self._send(method, path, what=what, repeatable=repeatable, **request)
        fault = fault_of(answer)
        _halt_if_not_permitted(fault, what)
        if fault is not None and fault.code != SERVER_TROUBLE:
            raise refused(answer, fault, what)
        if fault is not None or answer.status >= 300 or "ApiError" in answer.headers:
            why = f"Twikey answered {answer.status} to {what} without saying why"
            raise NothingSaid(why, 404) if answer.status == 404 else OutcomeUnknown(why)
        return answer

    def _send(self, method: str, path: str, *, what: str, **request: Any) -> Answer:
        """Send with a token; when it is refused, get another one and send again (reference 1.6)."""
        headers = {"Accept-Language": "en", **request.pop("headers", {})}
        session, new = self._session_or_not_sent(None)
        for _ in range(MOST_SENDS):
            headers["Authorization"] = session.token
            answer = self._exchange(
                method, self._root + path, what=what, headers=headers, **request
            )
            if not _session_is_gone(answer):
                return answer
            if new:
                break
            session, new = self._session_or_not_sent(session.token)
        fault = fault_of(answer)
        if fault is not None and fault.code == "err_no_login":
            raise KeyRefused(f"Twikey answered {fault.code} to {what} right after a login")
        raise NotPermitted(f"Twikey answered {answer.status} to {what} right after a login")

    def _session_or_not_sent(self, refused_token: str | None) -> tuple[Session, bool]:
        """Return a session; a login that fails means that the call itself was never sent."""
        try:
            if refused_token is None:
                return self._session.current()
            return self._session.renew(refused_token)
        except ServiceUnavailable as trouble:
            raise NotSent(str(trouble)) from trouble

    def _exchange(self, method: str, path: str, *, what: str, **request: Any) -> Answer:
        """Send once; a write that left and was not answered may have happened."""
        try:
            self.count += 1
            return self._http.send(method, path, what=what, **request)
        except NotSent:
            raise
        except (ServiceUnavailable, UnexpectedAnswer) as trouble:
            if method == "GET":
                raise
            raise OutcomeUnknown(str(trouble)) from trouble


def not_found(answer: Answer) -> bool:
    """Tell whether a read found nothing: 404, ``err_not_found``, or an empty 200 (10-19)."""
    fault = fault_of(answer)
    if fault is not None:
        return fault.code in NOT_FOUND
    return answer.status == 404 or (answer.status == 200 and not answer.body.strip())


def json_of(answer: Answer, what: str) -> Any:
    """Return the JSON of a read's 200; raises ``CallRefused`` or ``UnexpectedAnswer``."""
    fault = fault_of(answer)
    if fault is not None:
        raise refused(answer, fault, what)
    try:
        if answer.status == 200:
            return json_in(answer)
    except ValueError:
        pass
    raise UnexpectedAnswer(f"Twikey answered {answer.status} to {what}: {answer.excerpt()!r}")


def refused(answer: Answer, fault: Fault, what: str) -> CallRefused:
    """Return the error for a documented refusal."""
    return CallRefused(
        f"Twikey refused {what}: {fault}", status=answer.status, code=fault.code, extra=fault.extra
    )


@contextmanager
def not_found_is_said(what: str) -> Iterator[None]:
    """Turn the refusal of an unknown id into ``NotFound``: a code, or a bare 404 (10-19)."""
    try:
        yield
    except NothingSaid as silence:
        if silence.status == 404:
            raise NotFound(f"Twikey found nothing for {what}") from silence
        raise
    except CallRefused as refusal:
        if refusal.code in ("err_not_found", "err_debtor_not_found"):
            raise NotFound(f"Twikey found nothing for {what}") from refusal
        raise


@contextmanager
def gone_is_said(calls: Calls, path: str, what: str) -> Iterator[None]:
    """Do the same for a write to an invoice, of which a look can tell whether it is there.

    A bare 404, or an empty answer, is believed only when the invoice cannot be read either.
    """
    with not_found_is_said(what):
        try:
            yield
        except NothingSaid as silence:
            gone = False
            with suppress(Trouble):
                gone = not_found(calls.read(path, what=what, budgeted=True))
            why = str(silence)
            raise (NothingSaid(why, 404) if gone else OutcomeUnknown(why)) from silence


def written_invoice(answer: Answer, what: str) -> TwikeyInvoice:
    """Return the invoice that a write answered with; without one the outcome is unknown."""
    try:
        return invoice(json_in(answer), warning=answer.headers.get("X-Warning"))
    except ValueError:
        why = f"Twikey answered {answer.status} to {what}, but with no invoice"
        raise _no_result(answer, why) from None


def require_no_content(answer: Answer, what: str) -> None:
    """Accept the documented 204, and a 2xx with JSON; anything else leaves the outcome unknown."""
    if answer.status == 204:
        return
    try:
        answer.json()
    except ValueError:
        why = f"Twikey answered {answer.status} to {what} with no result"
        raise _no_result(answer, why) from None


def _no_result(answer: Answer, why: str) -> OutcomeUnknown:
    return OutcomeUnknown(why) if answer.body.strip() else NothingSaid(why, answer.status)


def _session_is_gone(answer: Answer) -> bool:
    """Tell a session that ended from a key that lacks a right, which no login can cure."""
    fault = fault_of(answer)
    if fault is None:
        return answer.status == 401
    if fault.code in NOT_PERMITTED:
        return False
    return answer.status == 401 or fault.code == "err_no_login"


def _halt_if_not_permitted(fault: Fault | None, what: str) -> None:
    if fault is not None and fault.code in NOT_PERMITTED:
        raise NotPermitted(f"Twikey does not permit {what}: {fault}")
