"""Many invoices in one call at the sandbox's Twikey (reference 2.14)."""

from typing import Any

from tests.sandbox.twikey_books import Books
from tests.sandbox.twikey_checks import Refusal
from tests.sandbox.twikey_invoices import Invoices, json_of
from tests.sandbox.twikey_rules import Switches
from tests.sandbox.wire import Request, Response

LARGEST = 5_000
_SAMPLE_LANGUAGES = {"nl_nl": "nl", "fr_fr": "fr"}


class Bulk:
    """Batches: taken at once, or applied later, and asked for until they are ready."""

    def __init__(self, books: Books, rules: Switches, invoices: Invoices) -> None:
        self.books = books
        self.rules = rules
        self.invoices = invoices

    def create(self, request: Request, key: str) -> Response:
        """POST /invoice/bulk: 200 says accepted, nothing more."""
        members = json_of(request)
        if not isinstance(members, list) or not all(isinstance(one, dict) for one in members):
            raise Refusal("err_invalid_params")
        if not 0 < len(members) <= LARGEST:
            raise Refusal("err_invalid_params")
        batch_id = self.books.mint("batch")
        batch = {
            "members": members,
            "ready_at": self.books.seconds() + self.rules.bulk_seconds,
            "polls_left": self.rules.bulk_polls,
            "rows": None,
        }
        self.books.state.batches[batch_id] = batch
        if not self.rules.bulk_seconds:
            self._apply(batch)
        return Response(200, {}, {"batchId": batch_id})

    def apply_late(self) -> None:
        """Apply the batches whose time has come."""
        now = self.books.seconds()
        for batch in self.books.state.batches.values():
            if batch["members"] and batch["ready_at"] <= now:
                self._apply(batch)

    def result(self, request: Request, key: str) -> Response:
        """GET /invoice/bulk?batchId=."""
        batch_id = request.argument("batchId")
        if not batch_id:
            raise Refusal("err_missing_params", "batchId")
        batch = self.books.state.batches.get(batch_id)
        if batch is None:
            raise Refusal("err_not_found", batch_id)
        if batch["members"]:
            return Response(409)
        if batch["polls_left"] > 0:
            batch["polls_left"] -= 1
            return Response(409)
        rows = batch["rows"]
        if not any(row["status"] == "OK" for row in rows):
            raise Refusal("err_not_found", batch_id)
        return Response(200, {}, rows[: len(rows) - self.rules.bulk_rows_left_out])

    def _apply(self, batch: dict[str, Any]) -> None:
        batch["rows"] = [self._row(member) for member in batch["members"]]
        batch["members"] = []

    def _row(self, member: dict[str, Any]) -> dict[str, str]:
        sent_id = member.get("id")
        try:
            invoice, new = self.invoices.book(_as_single(member), "bulk")
        except Refusal as refusal:
            return self._refused(sent_id, refusal)
        if new or self.rules.bulk_existing == "existing_id":
            return {"id": invoice.id, "status": "OK"}
        if self.rules.bulk_existing == "sent_id":
            return {"id": str(sent_id or invoice.id), "status": "OK"}
        return self._refused(sent_id, Refusal("err_invalid_params", "number"))

    def _refused(self, sent_id: Any, refusal: Refusal) -> dict[str, str]:
        by_text = self.rules.bulk_error_text == "message"
        status = refusal.message if by_text else refusal.code
        return {"id": str(sent_id or self.books.mint("row")), "status": status}


def _as_single(member: dict[str, Any]) -> dict[str, Any]:
    """A member as a single create has it: the contract's bulk sample writes nl_nl for nl."""
    customer = member.get("customer")
    if isinstance(customer, dict) and customer.get("l") in ("nl_nl", "fr_fr"):
        return {**member, "customer": {**customer, "l": _SAMPLE_LANGUAGES[customer["l"]]}}
    return member
