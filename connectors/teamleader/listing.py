"""Lists read whole: what is asked, the proof that it was honoured, and pages that may move.

``Asked`` puts a question to a list and checks every row against it, because a filter that is not
understood may be ignored without an error (API reference 1.2, quirk 2). ``steady`` is the one loop
over pages: it ends on a short page and reads again when rows moved while it was reading (2.6).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from connectors.errors import FilterIgnored, ListingUnstable, UnexpectedAnswer
from connectors.teamleader.parse import Rows

SIZE = 100  # the largest page that Teamleader serves (API reference 2.1)
PASSES = 5
SLACK = timedelta(seconds=2)  # ``updated_since`` has whole seconds and an unknown edge (U1)


@dataclass(slots=True)
class Asked:
    """A filter of a list, in our words; ``issued_from`` and ``issued_to`` are both inclusive.

    ``dates`` is the name of the list's date, ``open_end`` says that its ``before`` is exclusive:
    so for credit notes, not so for invoices (API reference 2.3).
    """

    method: str
    statuses: tuple[str, ...] = ()
    ids: Sequence[str] = ()
    updated_since: datetime | None = None
    issued_from: str | None = None
    issued_to: str | None = None
    department: str | None = None
    dates: str = ""
    open_end: bool = False
    _since: str = field(init=False, default="")
    _wanted: frozenset[str] = field(init=False, default=frozenset())

    def __post_init__(self) -> None:
        self._wanted = frozenset(self.ids)
        if self.updated_since is not None:
            self._since = in_utc(self.updated_since - SLACK)

    def filter(self) -> dict[str, object]:
        """Return the filter as Teamleader spells it; keys that are not asked stay away."""
        before = self.issued_to
        if before is not None and self.open_end:
            before = (date.fromisoformat(before) + timedelta(days=1)).isoformat()
        since = in_utc(self.updated_since) if self.updated_since is not None else None
        found = {
            "ids": list(self.ids),
            "status": list(self.statuses),
            "department_id": self.department,
            "updated_since": since,
            f"{self.dates}_after": self.issued_from,
            f"{self.dates}_before": before,
        }
        return {key: value for key, value in found.items() if value}

    def check(self, row: Any) -> None:
        """Raise ``FilterIgnored`` unless a booking or customer fits what was asked.

        What a row does not tell (hidden or empty fields) is not held against it.
        """
        if self.statuses and row.status not in self.statuses:
            raise self._ignored(row, "status", row.status)
        if self._wanted and row.id not in self._wanted:
            raise self._ignored(row, "id", row.id)
        if self._since and row.updated_at is not None and row.updated_at < self._since:
            raise self._ignored(row, "updated_at", row.updated_at)
        if self.department and row.department_id not in (None, self.department):
            raise self._ignored(row, "department", row.department_id)
        if self.dates and row.issued_on is not None:
            self._check_date(row)

    def _check_date(self, row: Any) -> None:
        early = self.issued_from is not None and row.issued_on < self.issued_from
        late = self.issued_to is not None and row.issued_on > self.issued_to
        if early or late:
            raise self._ignored(row, self.dates, row.issued_on)

    def _ignored(self, row: Any, name: str, value: str) -> FilterIgnored:
        number = getattr(row, "number", None) or row.id
        return FilterIgnored(
            f"{self.method} listed {number} with {name} {value}, which was not asked for"
        )


def in_utc(instant: datetime) -> str:
    """Return an instant as Teamleader reads it: UTC, whole seconds, ``+00:00`` (reference 1.3).

    Raises ``ValueError`` without a time zone.
    """
    if instant.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return instant.astimezone(UTC).replace(microsecond=0).isoformat()


def steady(method: str, fetch: Callable[[int], Rows[Any]]) -> Iterator[Rows[Any]]:
    """Read a list to its end and yield every row once; ``fetch(number)`` gets one page.

    One pass is enough unless it shows that rows moved between its pages: a row twice, fewer rows
    than promised, or a promise that changed. Then the list is read again from its first page until
    a pass adds nothing. Raises ``ListingUnstable`` when five passes are not enough.
    """
    seen: set[str] = set()
    for number in range(PASSES):
        reading = _Pass(method)
        known = len(seen)
        for page in reading.pages(fetch):
            fresh = _unseen(page, seen, first=number == 0)
            if len(fresh):
                yield fresh
        settled = not reading.moved() if number == 0 else len(seen) == known
        if settled:
            return
    raise ListingUnstable(
        f"{method} still brought new rows when it was read for the {PASSES}th time"
    )


def _unseen(page: Rows[Any], seen: set[str], *, first: bool) -> Rows[Any]:
    """Return what is new of a page and remember it; a broken row without id shows once."""
    rows = []
    for row in page.rows:
        if row.id not in seen:
            seen.add(row.id)
            rows.append(row)
    broken = []
    for bad in page.broken:
        if first if bad.id is None else bad.id not in seen:
            broken.append(bad)
        if bad.id is not None:
            seen.add(bad.id)
    return Rows(rows, broken, page.matches)


class _Pass:
    """One reading of a list from its first page to its end."""

    def __init__(self, method: str) -> None:
        self.method = method
        self.number = 0
        self.count = 0
        self.nameless = 0
        self.ids: set[str] = set()
        self.promises: list[int] = []
        self.before: list[str | None] = []
        self.stale = 0

    def pages(self, fetch: Callable[[int], Rows[Any]]) -> Iterator[Rows[Any]]:
        """Yield page after page; a page that fails raises, it never looks like the end."""
        ended = False
        while not ended:
            self.number += 1
            page = fetch(self.number)
            self._take(page)
            ended = self._ended(page)
            yield page

    def moved(self) -> bool:
        """Tell whether rows moved between the pages of this pass."""
        distinct = len(self.ids) + self.nameless
        twice = distinct < self.count
        promise_changed = len(set(self.promises)) > 1
        promise_broken = bool(self.promises) and distinct < self.promises[-1]
        return self.number > 1 and (twice or promise_changed or promise_broken)

    def _take(self, page: Rows[Any]) -> None:
        if len(page) > SIZE:
            raise UnexpectedAnswer(f"Teamleader put {len(page)} rows on a page of {self.method}")
        names = [row.id for row in page.rows] + [bad.id for bad in page.broken]
        known = len(self.ids)
        self.ids.update(name for name in names if name is not None)
        self.nameless += names.count(None)
        self.count += len(names)
        if page.matches is not None:
            self.promises.append(page.matches)
        self._guard(names, nothing_new=len(self.ids) == known and None not in names)

    def _guard(self, names: list[str | None], *, nothing_new: bool) -> None:
        """Refuse to turn in circles: the same page again, or full pages without one new row."""
        self.stale = self.stale + 1 if nothing_new and len(names) == SIZE else 0
        if self.stale and (names == self.before or self.stale > 1):
            raise UnexpectedAnswer(
                f"Teamleader serves the same rows again on page {self.number} of {self.method}"
            )
        self.before = names

    def _ended(self, page: Rows[Any]) -> bool:
        """Tell whether this was the last page.

        A full page never is, whatever ``meta.matches`` says; a short one is, unless more was
        promised; an empty one always is (API reference 2.1).
        """
        if len(page) == SIZE:
            return False
        promised = self.promises[-1] if self.promises else 0
        return not len(page) or self.count >= promised
