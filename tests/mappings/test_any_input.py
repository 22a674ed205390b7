"""Whatever a booking holds: the plan adds up, nothing raises, and what is sent is valid."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mappings.bookings import payloads, plan, summary
from mappings.frames import BOOKINGS, CENTS, CUSTOMERS, FLAG, PLAN, TAKEN, TEXT, Shape, frame, rows
from mappings.reasons import REASONS
from tests.mappings.sample import advanced, booking, credit_note, customer, taken

ANY_TEXT = st.none() | st.text(
    st.characters() | st.sampled_from("\ud800\x00\u202e\u200b\u0661 ;@,/1"), max_size=160
)
LIKELY: dict[str, list[Any]] = {
    "id": ["a", "b", "c"],
    "kind": ["invoice", "credit_note"],
    "status": ["outstanding", "booked", "draft"],
    "number": ["1", "2"],
    "issued_on": ["2024-11-01", "2024-13-01"],
    "due_on": ["2024-11-30", "2024-11-01"],
    "currency": ["EUR", "USD"],
    "customer_id": ["c1", "c2"],
    "invoice_field": ['"1421"', "[1, 2]", "[", "null"],
    "source_problem": ["UNREADABLE", "CUSTOMER_GONE", "ZERO"],
    "type": ["company", "contact"],
    "country": ["BE", "LU"],
    "language": ["nl", "zz"],
    "holder": ["ledger", "twikey"],
    "holder_id": ["a", "b", "t"],
}


def cells(name: str, dtype: str) -> st.SearchStrategy[Any]:
    """Anything of the column's type, and often something likely."""
    kinds = {
        TEXT: ANY_TEXT,
        CENTS: st.none() | st.sampled_from([0, 1, 12100]) | st.integers(-(2**62), 2**62),
        FLAG: st.none() | st.booleans(),
    }
    likely = LIKELY.get(name)
    return kinds[dtype] if likely is None else st.sampled_from(likely) | kinds[dtype]


def changes(shape: Shape) -> st.SearchStrategy[dict[str, Any]]:
    """Some cells of a row, replaced."""
    return st.fixed_dictionaries({}, optional={n: cells(n, dtype) for n, dtype in shape.items()})


some_bookings = st.lists(
    st.builds(
        lambda made, of: {**of, **made},
        changes(BOOKINGS),
        st.sampled_from([booking(), credit_note()]),
    ),
    max_size=5,
    unique_by=lambda row: row["id"],
)
some_customers = st.lists(changes(CUSTOMERS).map(lambda made: {**customer(), **made}), max_size=4)
some_taken = st.lists(changes(TAKEN).map(lambda made: {**taken(), **made}), max_size=3)


@given(some_bookings, some_customers, some_taken, st.booleans())
@settings(
    max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
def test_any_frame_adds_up_and_sends_only_valid_invoices(
    given_bookings: list[dict[str, Any]],
    given_customers: list[dict[str, Any]],
    given_taken: list[dict[str, Any]],
    prefixed: bool,
) -> None:
    """C26: read is the sum of the actions, no text raises, and only valid invoices are sent."""
    by = advanced(number_prefix={"be-department": "BE\ud800-"} if prefixed else {})
    customers = frame(given_customers, CUSTOMERS)
    found = plan(frame(given_bookings, BOOKINGS), customers, frame(given_taken, TAKEN), by)
    total = summary(found)
    assert total.read == len(given_bookings) == sum(total.actions.values())
    assert {name: str(dtype) for name, dtype in found.dtypes.items()} == dict(PLAN)
    for row in rows(found):
        kind = {"skip": "skipped", "hold": "held"}.get(row["action"])
        assert (row["reason"] and REASONS[row["reason"]].kind) == kind
    sent = payloads(found, customers)
    assert len(sent) == total.actions["create"]
    numbers = [one.number for one in sent]
    assert len(set(numbers)) == len(numbers)
    for one in sent:
        assert (one.customer is None) != (one.customerByRef is None)
        one.model_dump_json()
