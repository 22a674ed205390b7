"""How Teamleader is called: headers, token, and what each refusal means (reference 1.2, 1.6).

Only a refusal that the API itself wrote counts as one. For a write, anything else after the request
left is ``OutcomeUnknown``; for a read it is ``UnexpectedAnswer`` and the run stops.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from connectors.errors import (
    CallRefused,
    Disconnected,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    Trouble,
    UnexpectedAnswer,
)
from connectors.http import Answer, Http
from connectors.teamleader.auth import Access
from connectors.teamleader.listing import SIZE, Asked, steady
from connectors.teamleader.pace import server_date
from connectors.teamleader.parse import Rows, complaint, page, single

log = logging.getLogger(__name__)

API_VERSION = "2023-09-26"  # the newest published one (API reference 1.4)
DONE, UNAUTHORIZED = 204, 401
REFUSALS = (400, 403, 404, 422)  # the documented ones; after these nothing happened

Body = Mapping[str, object]


class Calls:
    """Calls of one account; keeps what the answers' headers tell."""

    def __init__(self, http: Http, access: Access) -> None:
        self._http = http
        self._access = access
        self.count = 0
        self.server_date: datetime | None = None
        self.api_version_seen: str | None = None
        self.limit_seen: str | None = None

    def one(self, method: str, body: Body, shape: str) -> Any:
        """Return the one record that ``method`` answers with."""
        return single(self._ask(method, body), shape, method)

    def every(self, method: str, body: Body, shape: str) -> list[Any]:
        """Return all records of a list that pages; rows that cannot be used are left out."""
        found = steady(method, lambda number: self._page(method, body, number, shape))
        return [record for rows in found for record in usable(method, rows)]

    def unpaged(self, method: str, body: Body, shape: str) -> list[Any]:
        """Return all records of a list that has no pages (API reference 2.1)."""
        return usable(method, page(self._ask(method, body), shape, method))

    def listed(
        self, asked: Asked, shape: str, ids: Sequence[str] | None, extra: Body
    ) -> Iterator[Rows[Any]]:
        """Yield what was asked, every row checked against it.

        With ``ids``, in hundreds: one request each, since their number bounds the answer; no ids,
        no request. Without, page by page to the end.
        """
        if ids is not None:
            for some in _hundreds(ids):
                one = replace(asked, ids=some)
                yield self._checked(one, 1, shape, extra)
            return
        yield from steady(asked.method, lambda number: self._checked(asked, number, shape, extra))

    def write(self, method: str, body: Body) -> None:
        """Send a write once; 204 is the only answer that means done."""
        answer = self._send(method, body, repeatable=False)
        if answer.status == DONE:
            return
        said = complaint(answer.shown().body)
        if said is None or answer.status not in REFUSALS:
            raise OutcomeUnknown(
                f"Teamleader answered {answer.status} to {method} in a way that is not documented"
            )
        raise _refusal(answer.status, method, body, said)

    def _checked(self, asked: Asked, number: int, shape: str, extra: Body) -> Rows[Any]:
        question = {**extra, "filter": {**asked.filter(), **_filter(extra)}}
        found = self._page(asked.method, question, number, shape)
        for row in found.rows:
            asked.check(row)
        return found

    def _page(self, method: str, body: Body, number: int, shape: str) -> Rows[Any]:
        question = {**body, "page": {"size": SIZE, "number": number}}
        if not question.get("filter"):
            question.pop("filter", None)
        return page(self._ask(method, question), shape, method)

    def _ask(self, method: str, body: Body) -> Answer:
        """Return the 200 of a read, or raise what its refusal means."""
        answer = self._send(method, body, repeatable=True)
        if answer.status < 400:
            return answer
        said = complaint(answer.shown().body)
        if said is None and (answer.body.strip() or answer.status != 403):
            raise UnexpectedAnswer(
                f"Teamleader answered {answer.status} to {method}: {answer.excerpt()}"
            )
        raise _refusal(answer.status, method, body, said or "")

    def _send(self, method: str, body: Body, *, repeatable: bool) -> Answer:
        """Send with the newest token; once more with another one after a 401, which did nothing."""
        token = self._access.token()
        answer = self._post(method, body, token, repeatable=repeatable)
        if answer.status != UNAUTHORIZED:
            return answer
        token = self._access.refused(token)
        answer = self._post(method, body, token, repeatable=repeatable)
        if answer.status == UNAUTHORIZED:
            raise Disconnected(f"Teamleader refuses {method} even with a renewed access")
        return answer

    def _post(self, method: str, body: Body, token: str, *, repeatable: bool) -> Answer:
        headers = {
            "Authorization": f"Bearer {token}",
            "Content-Type": "application/json",
            "X-Api-Version": API_VERSION,
        }
        self.count += 1
        answer = self._http.send(
            "POST",
            f"/{method}",
            repeatable=repeatable,
            headers=headers,
            body=json.dumps(body, separators=(",", ":")).encode(),
            what=method,
        )
        self.server_date = self.server_date or server_date(answer.headers)
        self.api_version_seen = answer.headers.get("x-api-version", self.api_version_seen)
        self.limit_seen = answer.headers.get("x-ratelimit-limit", self.limit_seen)
        return answer


def usable(method: str, rows: Rows[Any]) -> list[Any]:
    """Return the records of a page; the others are named in the log and asked for singly later."""
    for bad in rows.broken:
        log.warning("%s listed %s, which cannot be used: %s", method, bad.id, bad.problem)
    return rows.rows


def _refusal(status: int, method: str, body: Body, said: str) -> Trouble:
    """Return what a refusal in the API's own form means (API reference 1.6).

    A list has nothing to set aside: when it is refused, the question is wrong and the run stops.
    """
    because = f": {said}" if said else ""
    single_object = "id" in body
    if status == 403:
        return NotPermitted(f"Teamleader does not permit {method}{because}")
    if status == 404 and single_object:
        return NotFound(f"Teamleader does not know {body['id']} ({method})")
    if status in (400, 422) and single_object:
        return CallRefused(f"Teamleader refused {method}{because}", status=status)
    return UnexpectedAnswer(f"Teamleader answered {status} to {method}{because}")


def _filter(extra: Body) -> Mapping[str, object]:
    found = extra.get("filter")
    return found if isinstance(found, Mapping) else {}


def _hundreds(ids: Sequence[str]) -> Iterator[list[str]]:
    """Yield distinct ids by the hundred, in their order."""
    distinct = list(dict.fromkeys(one.lower() for one in ids))
    for start in range(0, len(distinct), SIZE):
        yield distinct[start : start + SIZE]
