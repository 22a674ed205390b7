"""Acceptance B13: who watches over the runs hears of each: a dead-man's switch, and Prefect.

The switch is pinged after each clean run of the import and the follow-up. Somebody else's clock
then notices when nothing runs any more: no server of ours has to be alive for that. Its address is
a secret: whoever has it can keep the switch quiet. Prefect, where a run is one of Prefect's, hears
of what is late or held too long, for its automations. The run is over when this is thought of:
whatever happens here, it and its exit code stay as they are.
"""

from __future__ import annotations

import logging
import sys
from datetime import timedelta
from typing import Protocol, TypeVar

from connectors.errors import Trouble, UnexpectedAnswer
from connectors.http import Http
from connectors.timeouts import Timeouts
from flows.connection import Connection
from flows.late import LATE

CLEAN = (0, 2)  # done, or done with a work list for a person: the machine is well (decisions 10)
SECONDS = 5.0
HELD_TOO_LONG = "teamleader-twikey.held-too-long"
TOO_LATE = "teamleader-twikey.late"
NAMED = 20
log = logging.getLogger(__name__)


class Report(Protocol):
    """What is needed of the report of a flow."""

    @property
    def exit_code(self) -> int:
        """As decisions 10 have it."""

    @property
    def notes(self) -> list[str]:
        """What else is to be said."""


R = TypeVar("R", bound=Report)


def watched(connection: Connection, flow: str, report: R) -> R:
    """Tell of a run that did its work, and return its report; what goes wrong is a note in it."""
    if report.exit_code not in CLEAN:
        return report
    try:
        if address := _address(connection, flow):
            _ping(connection, address)
    except Trouble as trouble:
        said = str(trouble).removesuffix(", 1 times in a row")
        report.notes.append(f"the dead-man's switch was not pinged: {said}")
    except Exception as bug:  # noqa: BLE001 - a ping never fails a run that is done
        log.warning("The ping ended in %s", type(bug).__name__)
    if flow == "import" and in_prefect():
        _tell_prefect(connection)
    return report


# ---- the dead-man's switch


def _address(connection: Connection, flow: str) -> str:
    """Return where to ping for a flow: an address of its own, else the common one, else nothing."""
    secrets = connection.secrets
    own = {
        "import": secrets.teamleader_twikey_ping_url_import,
        "follow-up": secrets.teamleader_twikey_ping_url_follow_up,
    }[flow]
    return own.get_secret_value() or secrets.teamleader_twikey_ping_url.get_secret_value()


def _ping(connection: Connection, address: str) -> None:
    http = Http(
        "it", address, clock=connection.clock, tries=1, patience=0,
        timeouts=Timeouts(SECONDS, SECONDS, SECONDS), max_bytes=64 * 1024,
    )  # fmt: skip
    try:
        answer = http.send("GET", "", repeatable=True, what="the ping")
    finally:
        http.close()
    if answer.status >= 400:
        raise UnexpectedAnswer(f"it answered {answer.status}")


# ---- Prefect


def in_prefect() -> bool:
    """Tell whether this is a run of Prefect's, without loading Prefect to find out."""
    context = sys.modules.get("prefect.context")
    return context is not None and context.FlowRunContext.get() is not None


def _tell_prefect(connection: Connection) -> None:
    """Emit what the automations wait for, once a day as long as it lasts."""
    for event, numbers, words in _events(connection):
        today = connection.today().isoformat()
        if not numbers or connection.ledger.facts.read(f"event {event}") == today:
            continue
        some = ", ".join(numbers[:NAMED]) + (", ..." if len(numbers) > NAMED else "")
        message = f"{len(numbers)} {words}: {some}"
        try:
            from flows.prefect_events import emit

            emit(event, connection.name, message)
            connection.ledger.facts.write(f"event {event}", today)
        except Exception as bug:  # noqa: BLE001 - an event never fails a run that is done
            log.warning("Prefect was not told (%s): %s", type(bug).__name__, message)


def _events(connection: Connection) -> list[tuple[str, list[str], str]]:
    """Return what Prefect may be told: the event, the numbers it is about, the words for it."""
    ledger, now = connection.ledger, connection.clock.now()
    days = connection.settings.watch.held_after_days
    held = ledger.late.held_since(now - timedelta(days=days)) if days else []
    late = [row["number"] or row["booking_id"] for row in ledger.alerts.open(LATE)]
    return [
        (HELD_TOO_LONG, held, f"held for more than {days} days"),
        (TOO_LATE, late, "not in Twikey in time"),
    ]
