"""How tests of invitations configure an office, ask for invitations, and count what left."""

from __future__ import annotations

from datetime import timedelta

from flows.invitations import InvitationsReport, invite_due
from flows.invite_by_hand import invite_one
from tests.flows.following import follow
from tests.flows.office import CONFIG, Office

QUARTER = timedelta(minutes=15)
DAY = timedelta(days=1)
JOB = CONFIG.replace('invitation = "off"', 'invitation = "job"\nneeds_pdf = true')
JOB_AT_ONCE = JOB.replace("needs_pdf = true", "needs_pdf = false")
TWIKEY = JOB_AT_ONCE.replace('"job"', '"twikey"')


def later(office: Office, by: timedelta = QUARTER) -> None:
    """Let time pass for both services and the job."""
    office.sandbox.world.advance(by.total_seconds())
    office.clock.shift += by


def settled(office: Office, config: str) -> Office:
    """Configure an office whose first load is behind it."""
    office.configure(config)
    office.imports(days=30)
    return office


def booked(office: Office, count: int = 1) -> list[str]:
    """Book and import invoices as the schedule does; return their ids."""
    later(office)
    ids = [office.sandbox.books.book() for _ in range(count)]
    office.imports()
    office.forget_calls()
    return ids


def invite(office: Office) -> InvitationsReport:
    """Run the invitation step."""
    return follow(office, invite_due)


def by_hand(office: Office, name: str, *, again: bool = False) -> InvitationsReport:
    """Ask for one invitation as a person does."""
    return follow(office, lambda run: invite_one(run, name, again=again, by="Ann"))


def invitations(office: Office) -> list[tuple[str, str]]:
    """Return every invitation that left: (invoice, by whom)."""
    return [(i["invoice"], i["by"]) for i in office.sandbox.twikey.dump()["invites"]]


def state_of(office: Office, booking: str) -> str | None:
    """Return the state of an invitation in the ledger."""
    with office.ledger() as ledger:
        row = ledger.invitations.of(booking)
        return str(row["state"]) if row else None
