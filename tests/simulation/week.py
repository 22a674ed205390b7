"""One week of an office, from its seed: who did what and when, until both sides must agree.

The same seed tells the same story: every choice comes from one generator, every instant from one
clock. What may never happen raises ``Violated``, with the command that tells the story again.
"""

from __future__ import annotations

import random
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from connectors.errors import AnotherRunAtWork, Disconnected, NeverImported, Trouble
from connectors.http import Answer
from flows.customers import CustomersRequest, follow_customers
from flows.follow_up import FollowUpRequest, follow_up
from flows.import_booked import ImportRequest, import_booked
from tests.sandbox.messages import Request
from tests.simulation.closing import Closing
from tests.simulation.notebook import Notebook
from tests.simulation.people import People
from tests.simulation.stage import Killed, Program, Stage, Violated
from tests.simulation.watch import Watch
from tests.simulation.weather import Weather

HERE = ZoneInfo("Europe/Brussels")
STARTS = (  # Monday mornings, UTC: an ordinary week, both changes of the clock, a new year
    datetime(2026, 9, 14, 5, tzinfo=UTC),
    datetime(2026, 3, 23, 5, tzinfo=UTC),
    datetime(2026, 10, 19, 5, tzinfo=UTC),
    datetime(2026, 12, 28, 5, tzinfo=UTC),
)
STEPS = 26
HOURS = 7 * 24
WAIT = 400.0  # seconds: longer than the wait W
QUIET_ROUNDS = 5
CONFIG = """\
new_customer_profile = 1420
strict_mode = true
settle_after_seconds = 300
[profiles.1420]
invitation = "{invitation}"
needs_pdf = {needs_pdf}
"""
RULES: dict[str, tuple[Any, ...]] = {  # what nobody knows of the real services, a choice per week
    "payments_touch_updated_at": (False, True),
    "credits_touch_updated_at": (False, True),
    "updated_since_inclusive": (False, True),
    "merge_moves_invoices": (False, True),
    "credit_marks_paid": (False, True),
    "shuffle_ties": (False, True),
    "twikey_existing_number": ("return", "400"),
    "twikey_existing_id": ("refuse", "return"),
    "twikey_unknown_invoice": ("400", "404"),
    "twikey_feed_item": ("now", "event"),
    "twikey_bulk_existing": ("existing_id", "sent_id", "error"),
    "twikey_bulk_polls": (1, 3),
}
FLOWS = {"import": 9, "follow-up": 8, "customers": 2, "import by hand": 1}


class Week:
    """A week on a stage; ``story`` is what happened, line by line."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.seed = seed
        self.story: list[str] = []
        self._stage = stage
        self._chance = chance = random.Random(seed)
        self._begin()
        self.figures = stage.figures
        self._notes = Notebook(stage)
        stage.when_marked_paid = self._notes.marked
        self._people = People(stage, self._notes, chance)
        self._weather = Weather(stage.world, chance, stage.handled, stage.figures)
        self._watch = Watch(stage, self._notes, self._weather.on_its_way)
        self._calm = False  # the week is over: nothing goes wrong any more
        stage.answer = self._answer

    def _begin(self) -> None:
        """Set both services, the settings and the clocks as this week has them."""
        chance = self._chance
        random.seed(self.seed)  # the transport waits a random while between tries
        config = CONFIG.format(
            invitation=chance.choice(["job", "job", "twikey"]),
            needs_pdf=chance.choice(["true", "false"]),
        )
        rules = {name: chance.choice(values) for name, values in RULES.items()}
        moment = chance.choice(STARTS)
        self._stage.start_over(moment, config, **rules)
        sends = 'invitation = "twikey"' in config
        self._stage.twikey.books.profiles[1420].send_on_booking = sends
        odd = [f"{name}={value}" for name, value in rules.items()]
        self._tell(f"week of {moment:%d %B %Y}; {', '.join(odd)}")

    def _tell(self, line: str) -> None:
        moment = self._stage.world.now().astimezone(HERE)
        self.story.append(f"{moment:%a %d %b %H:%M:%S}  {line}")

    # ---- the whole of it

    def live(self) -> None:
        """Live through the week; raises ``Violated``."""
        with self._named():
            self._first_load()
            for _ in range(STEPS):
                self._stage.world.advance(self._chance.expovariate(STEPS / HOURS / 3600))
                self._one_step()
                self._watch.look()
            self._end()
        self.figures["weeks"] += 1

    @contextmanager
    def _named(self) -> Iterator[None]:
        try:
            yield
        except Exception as wrong:
            if not isinstance(wrong, Violated):
                self.story += traceback.format_exc().splitlines()[-12:]
            self._tell(f"VIOLATED: {wrong!r}")
            tail = "\n".join(self.story[-40:])
            raise Violated(
                f"seed {self.seed}: {wrong!r}\n{tail}\n"
                f"told again by: python -m tests.simulation --seed {self.seed}"
            ) from wrong

    def _first_load(self) -> None:
        """Open the connection with some invoices on the books, by hand, in peace."""
        self._act()
        self._act()
        self._calm = True
        self._program("import by hand")
        self._calm = False
        self._watch.look()

    def _one_step(self) -> None:
        """Let somebody act, a program run, or the world turn."""
        kind = self._chance.choices(["people", "program", "world"], [60, 34, 6])[0]
        self.figures["steps"] += 1
        if kind == "people":
            self._act()
        elif kind == "program":
            self._runs()
            if self._chance.random() < 0.25:  # the other scheduler comes seconds later
                self._stage.world.advance(self._chance.uniform(1, 90))
                self._runs()
        else:
            self._turn()

    def _runs(self) -> None:
        """Run some flow in some weather; now and then it is killed on the way."""
        self._weather.mood = self._chance.choice(["calm", "calm", "rough", "rough", "storm"])
        dies = self._chance.random() < 0.3
        step = round(10 ** self._chance.uniform(0.5, 2.2)) if dies else None
        self._program(self._flow(), step)

    def _act(self) -> None:
        self._tell(self._people.act() or "nothing happens")

    def _flow(self) -> str:
        return self._chance.choices(list(FLOWS), list(FLOWS.values()))[0]

    def _turn(self) -> None:
        """Let a service go away for hours, the host's clock jump, or the feeds be told anew."""
        chance = self._chance
        what = chance.choice(["outage", "outage", "clock", "session"])
        if what == "outage":
            service = chance.choice(["teamleader", "twikey"])
            hours = chance.uniform(1, 10)
            self._weather.outage(service, hours, chance.choice(["unsent", "503", "cut"]))
            self._tell(f"{service} is away for {hours:.1f} hours")
        elif what == "clock":
            self._weather.settle()  # a wait cannot be measured by a clock that jumps meanwhile
            self._stage.clock.skew = timedelta(seconds=chance.choice([0, 0, -3600, -90, 90, 3600]))
            self._tell(f"the host's clock is off by {self._stage.clock.skew}")
        else:
            self._stage.twikey.actions["expire_tokens"]()
            self._tell("Twikey ends its sessions")

    # ---- programs

    def _program(self, flow: str, dies_at: int | None = None) -> None:
        """Run the product once, as a process of its own, to its end or its death."""
        program = Program(flow, dies_at)
        self.figures["runs"] += 1
        try:
            report = self._stage.run(program, WORKS[flow])
        except Killed:
            self.figures["crashes"] += 1
            self._tell(f"{flow} is killed at its step {program.steps}")
        except Disconnected as gone:
            self._stage.consent()
            self.figures["consents"] += 1
            self._tell(f"{flow}: {gone}; somebody gives consent again")
        except Trouble as trouble:
            self.figures["runs that stopped"] += 1
            self._tell(f"{flow} stops: {type(trouble).__name__}: {trouble}")
            self._require_allowed(trouble)
        else:
            self._tell(f"{flow}: {_headline(report)}")
            if flow == "import":
                self._watch.accounted_for()

    def _require_allowed(self, trouble: Trouble) -> None:
        if isinstance(trouble, AnotherRunAtWork | NeverImported) or self._calm:
            raise Violated(f"stopped for nothing: {type(trouble).__name__}: {trouble}")

    # ---- exchanges, and what happens between them

    def _answer(self, service: str, request: Request) -> Answer:
        token = request.path.endswith("/access_token")
        if not (token or self._calm or service == "documents"):
            self._meanwhile()
        self._watch.leaves(service, request)
        answer = self._weather.answer(service, request)
        self._watch.answers(service, request, answer)
        return answer

    def _meanwhile(self) -> None:
        """Let somebody act, a second program try, or this one be paused, now and then."""
        if len(self._stage.running) > 1:
            return
        drawn = self._chance.random()
        if drawn < 0.03:
            told = self._people.act(during_a_run=True)
            self._tell(f"    meanwhile {told or 'nothing'}")
        elif drawn < 0.035:
            hours = self._chance.uniform(0.1, 3)
            self._stage.world.advance(hours * 3600)
            self.figures["pauses"] += 1
            self._tell(f"    the process is paused for {hours:.1f} hours")
        elif drawn < 0.05:
            self._second()

    def _second(self) -> None:
        """A second scheduler starts a run: it must meet the lock, whatever else goes wrong."""
        flow, mood = self._flow(), self._weather.mood
        self._weather.mood = "calm"
        self.figures["second programs"] += 1
        try:
            self._stage.run(Program(flow), WORKS[flow])
        except AnotherRunAtWork:
            self.figures["met the lock"] += 1
        except Trouble as trouble:  # it did not come so far: no access, no answer
            self._tell(f"    a second {flow} stops: {type(trouble).__name__}")
        else:
            raise Violated(f"a second {flow} worked beside the first")
        finally:
            self._weather.mood = mood

    # ---- the end

    def _end(self) -> None:
        """Let everything become quiet, then compare."""
        self._weather.clear_up()
        self._stage.clock.skew = timedelta()
        self._calm = True
        self._stage.consent()
        self._tell("the week is over")
        for rounds in range(QUIET_ROUNDS):
            self._stage.world.advance(2 * 3600)
            self._program("import")
            self._stage.world.advance(WAIT)
            self._program("follow-up")
            self._watch.look()
            wrong = list(Closing(self._stage, self._notes).differences())
            if not wrong and rounds:
                break
        if wrong:
            raise Violated("; ".join(wrong))
        self.figures[f"quiet after {rounds + 1} rounds"] += 1


def _headline(report: Any) -> str:
    say = getattr(report, "headline", None)
    return str(say()) if callable(say) else type(report).__name__


WORKS = {
    "import": lambda connection: import_booked(connection, ImportRequest()),
    "import by hand": lambda connection: import_booked(
        connection, ImportRequest(days=30, yes=True, invite=False)
    ),
    "follow-up": lambda connection: follow_up(connection, FollowUpRequest()),
    "customers": lambda connection: follow_customers(connection, CustomersRequest(by_hand=False)),
}
