"""Edited after booking: due date and title follow to Twikey, an amount is told (complaint C33).

What Twikey was told is remembered when it took it, and only then. What it refused is remembered by
its open alert, which names both values: it is not sent again until one of them changes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.errors import CallRefused, NotFound, OutcomeUnknown
from connectors.ledger.records import Followed
from flows.odd import ODD, answered, set_aside
from flows.paid_elsewhere import gone_in_twikey, settle
from flows.run import Run
from mappings.guards import asks_what_is_due, settled
from mappings.money import euro

WRONG_STATE = "err_invalid_state"
GONE = "GONE_IN_TWIKEY"
ENDED = ("PAID", "ARCHIVED", "GONE")


def follow_edits(run: Run) -> tuple[int, int]:
    """Let changed due dates and titles follow; return how many of each were told."""
    edited = run.ledger.follow.edited()
    _tell_amounts(run, edited)
    return _follow_dates(run, edited), _follow_titles(run)


def _tell_amounts(run: Run, edited: Sequence[Followed]) -> None:
    """Tell of changed amounts: Twikey takes none (Twikey reference 2.9)."""
    other = {b.id: b for b in edited if b.payable_cents != b.amount_cents and not _over(run, b)}
    events = run.ledger.payments.of(list(other)) if other else {}
    for each in [each for each, b in other.items() if asks_what_is_due(b, events[each])]:
        del other[each]
    _settle_others(run, "AMOUNT_CHANGED", other)
    for booking in other.values():
        there, here = euro(booking.amount_cents or 0), euro(booking.payable_cents or 0)
        detail = f"{there} in Twikey, {here} in Teamleader"
        run.ledger.alerts.alert(booking.id, "AMOUNT_CHANGED", detail, run.id, run.now())


def _over(run: Run, booking: Followed) -> bool:
    """Tell whether nobody asks for it any more, or a person said that it is gone on purpose."""
    if booking.twikey_state == "GONE" and not run.ledger.alerts.is_open(booking.id, GONE):
        return True
    return booking.twikey_state in ENDED and settled(booking)


def _settle_others(run: Run, code: str, still: dict[str, Followed]) -> None:
    for alert in run.ledger.alerts.open(code):
        if alert["booking_id"] not in still:
            settle(run, alert["booking_id"], code)


def _follow_dates(run: Run, edited: Sequence[Followed]) -> int:
    other = {b.id: b for b in edited if b.due_on not in (None, _told(b)) and _matters(run, b)}
    _settle_others(run, "DATE_NOT_TAKEN", other)
    followed = 0
    for booking in other.values():
        if booking.twikey_due_on == booking.due_on:  # a person changed it there
            run.ledger.follow.told(booking.id, booking.due_on)
            settle(run, booking.id, "DATE_NOT_TAKEN")
        else:
            followed += _follow_date(run, booking)
    return followed


def _told(booking: Followed) -> str | None:
    return booking.told_due_on or booking.twikey_due_on or booking.due_on


def _matters(run: Run, booking: Followed) -> bool:
    """Tell whether anybody still pays by it."""
    if not booking.issued_on or booking.twikey_state in ENDED:
        return False
    return not run.ledger.alerts.is_open(booking.id, GONE)


def _follow_date(run: Run, booking: Followed) -> int:
    before, after = _told(booking) or "", booking.due_on or ""

    def took() -> None:
        run.ledger.follow.told(booking.id, after)
        run.ledger.journal.add(
            run.id, run.now(), booking.id, "due date changed in Twikey", before=before, after=after
        )

    why = f"{before} in Twikey, {after} in Teamleader"
    return _put(run, booking, "due date", why, "DATE_NOT_TAKEN", after, None, took)


def _follow_titles(run: Run) -> int:
    """Let the number in a title follow, in the language of its customer (guide 4)."""
    renamed = run.ledger.follow.renamed()
    bookings = run.ledger.follow.bookings([row[0] for row in renamed]) if renamed else {}
    other: dict[str, Followed] = {}
    followed = 0
    for booking_id, speaks, told in renamed:
        booking, title = bookings[booking_id], _title(bookings[booking_id], speaks)
        if title != told and _matters(run, booking):
            other[booking_id] = booking
            followed += _follow_title(run, booking, title)
    _settle_others(run, "TITLE_NOT_TAKEN", other)
    return followed


def _title(booking: Followed, speaks: str | None) -> str:
    from mappings.languages import language, title  # needs pandas, which an idle run does not pay

    return title(booking.kind, booking.number, language(speaks) or "en")


def _follow_title(run: Run, booking: Followed, title: str) -> int:
    def took() -> None:
        run.ledger.follow.titled(booking.id, title)
        run.ledger.journal.add(
            run.id, run.now(), booking.id, "title changed in Twikey", after=title
        )

    due_on = booking.twikey_due_on or booking.told_due_on or booking.due_on or ""
    return _put(run, booking, "title", title, "TITLE_NOT_TAKEN", due_on, title, took)


def _put(
    run: Run,
    booking: Followed,
    what: str,
    why: str,
    code: str,
    due_on: str,
    title: str | None,
    took: Callable[[], None],
) -> int:
    """Send one change under its intent; return 1 when Twikey took it. ``why`` names the change."""
    ledger = run.ledger
    if booking.twikey_state == "PENDING" or _given_up(run, booking.id, code, why):
        return 0  # Twikey takes no other date while it collects; it follows afterwards
    op = ledger.intents.begin(what, booking.id, run.id, run.now())
    try:
        run.connection.twikey.update_invoice(
            booking.twikey_id, date=booking.issued_on or "", duedate=due_on, title=title
        )
    except OutcomeUnknown as lost:
        ledger.intents.finish(op, "unknown", str(lost), run.now())
        run.notes.append(f"{booking.number}: {lost}; its {what} is sent again by a later run")
        return 0
    except (CallRefused, NotFound) as refused:
        ledger.intents.finish(op, "refused", str(refused), run.now())
        _refused(run, booking, refused, code, why)
        return 0
    with ledger.atomic():
        ledger.intents.finish(op, "done", None, run.now())
        took()
        settle(run, booking.id, code)
    return 1


def _given_up(run: Run, booking_id: str, code: str, why: str) -> bool:
    return run.ledger.alerts.is_open(booking_id, code) and any(
        alert["booking_id"] == booking_id and str(alert["detail"]).startswith(f"{why}; ")
        for alert in run.ledger.alerts.open(code)
    )


def _refused(
    run: Run, booking: Followed, refused: CallRefused | NotFound, code: str, why: str
) -> None:
    """Tell that a change was not taken, unless it only comes at the wrong moment."""
    if isinstance(refused, NotFound):
        gone_in_twikey(run, booking)
        return
    if refused.code == WRONG_STATE:
        try:
            standing = run.connection.twikey.invoice(booking.twikey_id)
        except ODD as odd:
            set_aside(run, "Twikey", booking.number or booking.id, odd)
            return  # its next look says whether it was the moment
        answered(run, "Twikey")
        if standing is not None:
            run.ledger.feed.invoices_seen([standing], None, run.now())
            if standing.state in ("PENDING", *ENDED):
                return  # it follows afterwards, or nobody pays by it any more
    run.ledger.alerts.alert(booking.id, code, f"{why}; {refused}", run.id, run.now())
