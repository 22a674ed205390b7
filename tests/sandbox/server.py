"""Both pretend services, their control page and their books, started and stopped as one thing."""

from datetime import date
from typing import Any

from tests.sandbox import credentials
from tests.sandbox.books import Books
from tests.sandbox.control import Control
from tests.sandbox.teamleader import Teamleader
from tests.sandbox.twikey import Twikey
from tests.sandbox.wire import Wire
from tests.sandbox.world import World

_RESETTABLE = 5_000  # invoices up to which a first snapshot is kept for `reset`


class Sandbox:
    """A Teamleader and a Twikey on loopback, from a seed and a size; use it with ``with``.

    Keyword arguments that are none of these are switches of ``world.rules``. `grant` hands out
    Teamleader tokens without the consent dance.
    """

    def __init__(
        self,
        invoices: int = 200,
        days: int = 45,
        seed: int = 1,
        today: date | None = None,
        *,
        departments: int = 1,
        odd: float = 1.0,
        **rules: Any,
    ) -> None:
        self.world = World()
        self.books = Books.make(invoices, days, seed, today, departments=departments, odd=odd)
        self.teamleader = self.world.teamleader = Teamleader(self.world, self.books)
        self.twikey = self.world.twikey = Twikey(self.world)
        self.control = Control(self.world, self.books)
        self.world.rules.change(rules)
        self._teamleader = Wire("teamleader", self.teamleader.handle, self.world)
        self._twikey = Wire("twikey", self.twikey.handle, self.world)
        self._control = Wire("control", self.control.handle, self.world, quiet=True)
        self.teamleader_url = self.auth_url = self.twikey_url = self.control_url = ""
        if invoices <= _RESETTABLE:
            self.control.remember("start")

    def start(self, *ports: int) -> "Sandbox":
        """Listen; the ports are for Teamleader, Twikey and the control page, 0 is any."""
        wanted = (*ports, 0, 0, 0)
        self.teamleader_url = self.auth_url = self._teamleader.start(wanted[0])
        self.twikey_url = self._twikey.start(wanted[1]) + "/creditor"
        self.control_url = self._control.start(wanted[2])
        return self

    def stop(self) -> None:
        """Close everything; no thread and no socket stays behind."""
        for wire in (self._teamleader, self._twikey, self._control):
            wire.stop()

    def __enter__(self) -> "Sandbox":
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def environment(self) -> dict[str, str]:
        """The environment variables that point the product at this sandbox."""
        return {
            "TEAMLEADER_CLIENT_ID": credentials.TEAMLEADER_CLIENT_ID,
            "TEAMLEADER_CLIENT_SECRET": credentials.TEAMLEADER_CLIENT_SECRET,
            "TEAMLEADER_REDIRECT_URI": credentials.TEAMLEADER_REDIRECT_URI,
            "TEAMLEADER_API_URL": self.teamleader_url,
            "TEAMLEADER_AUTH_URL": self.auth_url,
            "TWIKEY_API_KEY": credentials.TWIKEY_API_KEY,
            "TWIKEY_PRIVATE_KEY": credentials.TWIKEY_PRIVATE_KEY,
            "TWIKEY_API_URL": self.twikey_url,
        }

    def grant(self) -> dict[str, Any]:
        """A Teamleader token pair, as the token endpoint would answer it."""
        with self.world.lock:
            return self.teamleader.authority.grant()
