"""Reading a feed from our own position until it is empty (API reference 3.2, reliability P7).

Twikey keeps a position per API key too, but a page that was served and lost would be gone. So each
request says where we stand, and where we stand only changes when the caller has stored a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from connectors.errors import FeedBroken, FeedBusy, UnexpectedAnswer
from connectors.http import Answer
from connectors.twikey.answers import FeedPage
from connectors.twikey.calls import json_of
from connectors.twikey.parse import fault_of, feed_items

T = TypeVar("T")
MOST_PAGES = 10_000  # a guard; the rest comes with the next run


def read_feed(
    fetch: Callable[[int], FeedPage[T] | None], after: int, *, most_pages: int = MOST_PAGES
) -> Iterator[FeedPage[T]]:
    """Yield the pages after a position until one is empty; the next page is asked for after that.

    Each page's ``position`` is greater than the one before. Where Twikey gives none, the page is
    the last: nothing is skipped, the next run reads it again. ``fetch`` may return None for a feed
    that does not exist.

    Raises ``FeedBroken`` when the position does not advance.
    """
    for _ in range(most_pages):
        page = fetch(after)
        if page is None or not (page.items or page.unreadable):
            return
        if page.position is not None and page.position <= after:
            raise FeedBroken(f"Twikey's feed stays at {page.position}, asked for after {after}")
        yield page
        if page.position is None:
            return
        after = page.position


def feed_page(answer: Answer, what: str, key: str, read: Callable[[object], T]) -> FeedPage[T]:
    """Return the page that an answer holds under ``key``.

    Raises ``FeedBusy`` when another reader is at work with this API key, ``FeedBroken`` for an
    ``X-LAST`` that is no number, ``UnexpectedAnswer`` for a body that is no feed.
    """
    fault = fault_of(answer)
    if fault is not None and fault.code == "err_call_in_progress":
        raise FeedBusy(f"Twikey is serving {what} to another reader with this API key")
    found = json_of(answer, what)
    page = feed_items(_rows(found, key, what), read)
    if not (page.items or page.unreadable):
        return page
    return FeedPage(page.items, _position(answer, what), page.unreadable)


def _rows(found: Any, key: str, what: str) -> list[Any]:
    rows = found.get(key, found) if isinstance(found, dict) else found
    if rows is None:
        return []
    if not isinstance(rows, list):
        raise UnexpectedAnswer(f"Twikey's answer to {what} holds no list of {key}")
    return rows


def _position(answer: Answer, what: str) -> int | None:
    last = answer.headers.get("X-LAST")
    if last is None:
        return None
    if not re.fullmatch(r"\d{1,18}", last.strip(), re.ASCII):
        raise FeedBroken(f"Twikey gave {what} a position that is not a number: {last[:40]!r}")
    return int(last)
