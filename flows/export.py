"""Guide 10: the customers that Twikey has as a CSV file, and the template for their mandates.

Nothing is written to either service, and the lock is not held: a list can be had at any time. The
mandates are asked for customer by customer, because Twikey has no list of them that is safe to
read (API reference 3.7, 5.4); such questions are rationed to about one a second.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from connectors.errors import AllTakenBack, CallRefused, Halted, NeverImported
from flows.connection import Connection
from flows.csv_files import require_free, write_whole
from flows.importing import in_one_go
from flows.layout import clean
from flows.run import Tell, silently

if TYPE_CHECKING:
    import pandas as pd

    from connectors.twikey.records import Mandate

TWIKEY_TAKES = 200_000
MOST_NOTES = 3


@dataclass(frozen=True)
class ExportRequest:
    """Which table goes where, and how: ``bom`` and ``semicolon`` are for Belgian Excel."""

    path: Path
    what: Literal["customers", "template"] = "customers"
    bom: bool = False
    semicolon: bool = False
    force: bool = False
    mandates: bool = True


@dataclass
class Exported:
    """What was written: how many customers, and for how many of them Twikey told the mandates.

    ``not_asked`` counts those for whom it was asked and did not tell; ``notes`` say why.
    """

    file: str
    customers: int = 0
    asked: int = 0
    with_mandate: int = 0
    not_asked: int = 0
    bytes: int = 0
    notes: list[str] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """Return 0, or 2 where the mandates of some customers are not known."""
        return 2 if self.not_asked else 0


def export(connection: Connection, request: ExportRequest, *, tell: Tell = silently) -> Exported:
    """Write a list of customers or a template.

    Raises ``UsageWrong`` for a place that cannot be written to, before anything is asked, and
    ``NeverImported`` or ``AllTakenBack`` while Twikey has no customers from here.
    """
    require_free(request.path, force=request.force)
    with in_one_go():
        from mappings.csv_text import written
        from mappings.customer_list import customer_list, in_twikey, mandate_template

    customers = listed(connection)
    shown = in_twikey(customers)
    if shown.empty and connection.ledger.tombstones.newest() is not None:
        raise AllTakenBack("There is nothing to list: what was imported was taken back")
    if shown.empty:
        raise NeverImported("There is nothing to list: no customer has crossed to Twikey yet")
    done = Exported(clean(request.path), len(shown))
    if request.what == "template":
        table = mandate_template(customers)
    else:
        ids = list(shown["id"]) if request.mandates else []
        table = customer_list(customers, _mandates(connection, ids, done, tell))
    content = written(table, bom=request.bom, semicolon=request.semicolon)
    write_whole(request.path, content, force=request.force)
    done.bytes = len(content)
    if request.what == "template" and done.bytes > TWIKEY_TAKES:
        done.notes.append(
            "Twikey takes at most 200 KB in one file: delete the lines that you do not fill in"
        )
    return done


def listed(connection: Connection) -> pd.DataFrame:
    """Return the customers of the ledger as LISTED."""
    from mappings.customer_list import LISTED
    from mappings.frames import frame

    return frame(connection.ledger.mandates.customers(), LISTED)


def _mandates(
    connection: Connection, ids: list[str], done: Exported, tell: Tell
) -> dict[str, list[Mandate]]:
    """Ask Twikey for the signed mandates of each customer; what it does not say is left empty."""
    found: dict[str, list[Mandate]] = {}
    for count, customer_id in enumerate(ids, start=1):
        try:
            found[customer_id] = connection.twikey.mandates(customer_id)
        except CallRefused as refused:
            if len(done.notes) < MOST_NOTES:
                done.notes.append(str(refused))
        except Halted as stopped:
            done.notes.append(f"{stopped}: the mandates of the rest were not asked for")
            break
        tell("asking Twikey for mandates", count, len(ids))
    done.asked = len(found)
    done.with_mandate = sum(map(bool, found.values()))
    done.not_asked = len(ids) - len(found)
    return found
