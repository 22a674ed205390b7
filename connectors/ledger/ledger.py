"""The ledger: what crossed, what is owed, what happened. It alone knows SQL.

Each part answers one kind of question and shares the one file; nobody outside sees a table name.
"""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from connectors.ledger.alerts import Alerts
from connectors.ledger.bookings import Bookings
from connectors.ledger.comparison import Comparison
from connectors.ledger.credits import Credits
from connectors.ledger.crossing import Crossings
from connectors.ledger.customer_lists import CustomerLists
from connectors.ledger.customers import Customers
from connectors.ledger.desk import Desk
from connectors.ledger.dismissals import Dismissals
from connectors.ledger.documents import Documents
from connectors.ledger.feed import Feed
from connectors.ledger.figures import Figures
from connectors.ledger.follow import Follow
from connectors.ledger.intents import Intents
from connectors.ledger.invitations import Invitations
from connectors.ledger.late import Late
from connectors.ledger.links import Links
from connectors.ledger.lock import RunLock
from connectors.ledger.mails import Mails
from connectors.ledger.mandates import MandateLinks
from connectors.ledger.payments import Payments
from connectors.ledger.rebuilding import Rebuilding
from connectors.ledger.reversals import Reversals
from connectors.ledger.runs import Facts, Journal, Runs, Watermarks
from connectors.ledger.shown import Shown
from connectors.ledger.store import Store
from connectors.ledger.subscriptions import Subscriptions
from connectors.ledger.tombstones import Tombstones
from connectors.ledger.undo import Undo
from connectors.ledger.unsettled import Unsettled
from connectors.ledger.vanished import Vanished


class Ledger:
    """The memory of one connection, in one SQLite file (mode 0600) with its lock beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._store = Store(path)
        self.lock = RunLock(path.with_suffix(".lock"), self._store)
        self.journal = Journal(self._store)
        self.runs = Runs(self._store)
        self.watermarks = Watermarks(self._store)
        self.facts = Facts(self._store)
        self.alerts = Alerts(self._store, self.journal)
        self._what_crosses()
        self._what_follows()
        self._what_is_told()

    def _what_crosses(self) -> None:
        """Open what concerns bookings and customers on their way to Twikey."""
        self.bookings = Bookings(self._store, self.journal)
        self.customers = Customers(self._store, self.journal)
        self.customer_lists = CustomerLists(self._store)
        self.links = Links(self._store, self.journal)
        self.crossings = Crossings(self._store, self.journal)
        self.intents = Intents(self._store)
        self.unsettled = Unsettled(self._store)
        self.rebuilding = Rebuilding(self._store, self.crossings)
        self.feed = Feed(self._store)
        self.desk = Desk(self._store, self.journal)
        self.credits = Credits(self._store)
        self.subscriptions = Subscriptions(self._store)
        self.undo = Undo(self._store, self.journal)
        self.tombstones = Tombstones(self._store, self.journal)
        self.mandates = MandateLinks(self._store, self.journal)

    def _what_follows(self) -> None:
        """Open what concerns money, PDFs and invitations."""
        self.documents = Documents(self._store, self.journal)
        self.invitations = Invitations(self._store, self.journal)
        self.payments = Payments(self._store, self.journal)
        self.reversals = Reversals(self._store, self.journal)
        self.follow = Follow(self._store, self.journal)
        self.vanished = Vanished(self._store)
        self.dismissals = Dismissals(self._store, self.journal, self.alerts)

    def _what_is_told(self) -> None:
        """Open the questions that views, mails and comparisons ask."""
        self.late = Late(self._store)
        self.mails = Mails(self._store)
        self.figures = Figures(self._store)
        self.shown = Shown(self._store)
        self.comparison = Comparison(self._store)

    def atomic(self) -> AbstractContextManager[None]:
        """Make several facts stand or fall together."""
        return self._store.atomic()

    def require_sound(self) -> None:
        """Read the whole file; raises ``LedgerBroken`` when it is damaged."""
        self._store.require_sound()

    def copy_to(self, path: Path) -> Ledger:
        """Return a whole copy in another file; what happens there changes nothing here."""
        self._store.copy_to(path)
        copy = Ledger(path)
        copy._store.write("DELETE FROM access")  # tokens stay at home
        return copy

    def close(self) -> None:
        """Close the file."""
        self._store.close()
