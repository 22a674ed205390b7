"""Invoices in order of number, date and change, kept sorted so that a list call never sorts all."""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from tests.sandbox.entities import Invoice, number_key

Key = Callable[[Invoice], Any]


def by_number(invoice: Invoice) -> tuple[tuple[int, int], int]:
    """Sort key: the number as it counts, then the order of creation."""
    return number_key(invoice.number), invoice.serial


def by_date(invoice: Invoice) -> tuple[str, int]:
    """Sort key: the invoice date, then the order of creation."""
    return invoice.date or "", invoice.serial


def by_change(invoice: Invoice) -> tuple[int, int]:
    """Sort key: the last change, then the order of creation."""
    return invoice.updated_at, invoice.serial


class InvoiceIndex:
    """All invoices by id, number, customer, and in three orders."""

    def __init__(self) -> None:
        self.by_id: dict[str, Invoice] = {}
        self.numbered: list[Invoice] = []
        self.dated: list[Invoice] = []
        self.changed: list[Invoice] = []
        self.version = 0  # moves with every change, so that a cached page is known to be old
        self.gone: set[str] = set()
        self.rendered: dict[str, str] = {}  # rows as JSON, dropped when the invoice changes
        self._of_customer: dict[str | None, set[str]] = defaultdict(set)

    def __len__(self) -> int:
        return len(self.by_id)

    def __getstate__(self) -> dict[str, Any]:
        """What a snapshot keeps: everything but the rendered rows."""
        return {**vars(self), "rendered": {}}

    def __iter__(self) -> Iterator[Invoice]:
        return iter(self.by_id.values())

    def fill(self, invoices: Iterable[Invoice]) -> None:
        """Take many at once, sorting once."""
        for invoice in invoices:
            self.by_id[invoice.id] = invoice
            self._of_customer[invoice.customer_id].add(invoice.id)
        self.numbered = sorted(self.by_id.values(), key=by_number)
        self.dated = sorted(self.by_id.values(), key=by_date)
        self.changed = sorted(self.by_id.values(), key=by_change)
        self.version += 1

    def add(self, invoice: Invoice) -> None:
        """Put one in its place in every order."""
        self.by_id[invoice.id] = invoice
        self._of_customer[invoice.customer_id].add(invoice.id)
        insort(self.numbered, invoice, key=by_number)
        insort(self.dated, invoice, key=by_date)
        insort(self.changed, invoice, key=by_change)
        self.version += 1

    def remove(self, invoice: Invoice) -> None:
        """Take one out, before a key of it changes or for good."""
        del self.by_id[invoice.id]
        self.rendered.pop(invoice.id, None)
        self._of_customer[invoice.customer_id].discard(invoice.id)
        orders: tuple[tuple[list[Invoice], Key], ...] = (
            (self.numbered, by_number),
            (self.dated, by_date),
            (self.changed, by_change),
        )
        for order, key in orders:
            del order[bisect_left(order, key(invoice), key=key)]
        self.version += 1

    def since(self, second: int, *, inclusive: bool) -> list[Invoice]:
        """Those changed after (or in) that second, in order of change."""
        first = (second if inclusive else second + 1, -1)
        return self.changed[bisect_left(self.changed, first, key=by_change) :]

    def between(self, after: str | None, before: str | None) -> list[Invoice]:
        """Those dated from `after` to `before`, both included (API reference 2.3)."""
        start = bisect_left(self.dated, (after or "0", -1), key=by_date)
        end = len(self.dated)
        if before is not None:
            end = bisect_right(self.dated, (before, 10**12), key=by_date)
        return self.dated[start:end]

    def of_customer(self, customer_id: str) -> list[Invoice]:
        """Those of one customer, in no order."""
        return [self.by_id[found] for found in self._of_customer.get(customer_id, ())]
