"""The control API and page: what a person does in Teamleader and Twikey, and what goes wrong.

Actions are ``POST /_sandbox/<action>`` with a JSON object of the arguments; money in cents on the
Teamleader side. ``GET /_sandbox/journal``, ``/rules``, ``/teamleader``, ``/twikey`` show the state.
"""

import re
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from itertools import islice
from typing import Any

from tests.sandbox.books import Books
from tests.sandbox.control_page import page
from tests.sandbox.wire import Request, Response
from tests.sandbox.world import Fault, World

_WRONG = (KeyError, TypeError, ValueError, AttributeError)


class Control:
    """Answers on the control port."""

    def __init__(self, world: World, books: Books) -> None:
        self.world, self.books = world, books
        self.saved: dict[str, dict[str, Any]] = {}
        self.actions: dict[str, Callable[..., Any]] = {
            "book": self.book,
            "edit": lambda invoice, **changes: books.edit_invoice(self._id(invoice), **changes),
            "pay": lambda invoice, **how: books.pay(self._id(invoice), **how),
            "unpay": lambda invoice: books.remove_payments(self._id(invoice)),
            "delete": lambda invoice: books.delete_invoice(self._id(invoice)),
            "credit": self.credit,
            "customer": self.customer,
            "merge": books.merge_customers,
            "delete_customer": books.delete_customer,
            "subscription": lambda **details: {"id": books.new_subscription(**details)},
            "rule": lambda **values: world.rules.change(_tupled(values)),
            "fault": self.fault,
            "clear_faults": world.faults.clear,
            "latency": self.latency,
            "clock": self.clock,
            "revoke": world.teamleader.authority.revoke,
            "expire": world.teamleader.authority.expire_access,
            "grant": world.teamleader.authority.grant,
            "snapshot": self.remember,
            "restore": self.restore,
            "reset": lambda: self.restore("start"),
            "clear_journal": world.journal.clear,
        }

    # -- actions -----------------------------------------------------------------------------

    def book(self, **details: Any) -> dict[str, Any]:
        """Book an invoice; its id and number."""
        booked = self.books.invoice(self.books.book(**details))
        return {"id": booked.id, "number": booked.number}

    def credit(self, invoice: str | None = None, **details: Any) -> dict[str, Any]:
        """Credit an invoice, or nothing in particular; the credit note's id and number."""
        made = self.books.credit(self._id(invoice) if invoice else None, **details)
        return {"id": made, "number": self.books.credit_notes[made].number}

    def customer(self, customer: str | None = None, **changes: Any) -> dict[str, Any]:
        """Edit the customer of that id, or add one."""
        if customer is None:
            return {"id": self.books.new_customer(**_tupled(changes))}
        self.books.edit_customer(customer, **_tupled(changes))
        return {"id": customer}

    def fault(self, kind: str, **settings: Any) -> dict[str, Any]:
        """Add a fault by the fields of `Fault`; how many there are now."""
        self.world.faults.append(Fault(kind, **settings))
        return {"faults": len(self.world.faults)}

    def latency(self, milliseconds: float) -> None:
        """Let every answer of both services wait so long."""
        self.world.latency_ms = milliseconds

    def clock(self, advance: float = 0.0, freeze: str | bool = "", at: str = "") -> dict[str, Any]:
        """Move the clock, set it to run on from an instant, or freeze it (at an instant)."""
        if at:
            self.world.set_clock(datetime.fromisoformat(at))
        if freeze:
            self.world.freeze(datetime.fromisoformat(freeze) if isinstance(freeze, str) else None)
        return {"now": self.world.advance(advance).isoformat()}

    def remember(self, name: str = "snapshot") -> None:
        """Save the whole world under a name."""
        self.saved[name] = self.world.snapshot()

    def restore(self, name: str = "snapshot") -> None:
        """Put the whole world back; KeyError when nothing was saved under that name."""
        self.world.restore(self.saved[name])

    # -- HTTP --------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request to the control port."""
        name = request.path.removeprefix("/_sandbox/")
        if request.method == "GET":
            return self._show(request, name)
        if request.method != "POST" or name == request.path:
            return Response(404, {}, {"error": "no such page"})
        found = self.actions.get(name)
        if name.startswith("twikey/") and self.world.twikey is not None:
            found = self.world.twikey.actions.get(name.removeprefix("twikey/"))
        if found is None:
            return Response(404, {}, {"error": f"no such action: {name}"})
        try:
            arguments = request.json() if request.body else {}
            result = found(**arguments)
        except _WRONG as wrong:
            return Response(400, {}, {"error": f"{type(wrong).__name__}: {wrong}"})
        return Response(200, {}, {"result": result})

    def _show(self, request: Request, name: str) -> Response:
        match name:
            case "/":
                html = page(self.world, self.books)
                return Response(200, {"Content-Type": "text/html; charset=utf-8"}, html)
            case "journal":
                return self._journal(request)
            case "rules":
                return Response(200, {}, dict(self.world.rules))
            case "errors":
                return Response(200, {}, {"errors": self.world.errors})
            case "teamleader" | "twikey":
                service = getattr(self.world, name)
                return Response(200, {}, service.dump() if service is not None else {})
        return Response(404, {}, {"error": "no such page"})

    def _journal(self, request: Request) -> Response:
        """Calls, newest last: filters service, path (regular expression), applied, last."""
        applied = {"true": True, "false": False}.get(request.argument("applied") or "")
        service, path = request.argument("service"), request.argument("path") or ""
        calls = self.world.calls(service, path, applied=applied)
        counts = Counter(f"{call.service} {call.method} {call.path}" for call in calls)
        last = int(request.argument("last") or len(calls))
        shown = [call.to_json() for call in islice(calls, max(0, len(calls) - last), None)]
        return Response(200, {}, {"count": len(calls), "counts": dict(counts), "calls": shown})

    def _id(self, invoice: str) -> str:
        """An invoice's id from its id or its number."""
        if invoice in self.books.invoices.by_id:
            return invoice
        wanted = re.sub(r"\s*/\s*", " / ", invoice.strip())
        for one in reversed(self.books.invoices.numbered):
            if one.number == wanted:
                return one.id
        raise KeyError(invoice)


def _tupled(values: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(one) if isinstance(one, list) else one for name, one in values.items()}
