"""``make demo``: a company's booked invoices arrive in Twikey, step by step, in one terminal.

Both services are the sandbox, inside this process; the program is the real one, a process for each
command. Takes half a minute, needs no account, leaves nothing running and no file behind. Ends
with exit code 0 when every step ended as it should, else 1.
"""

import signal
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from types import FrameType
from urllib.error import URLError

from tests.sandbox.server import Sandbox
from tests.sandbox.stage import ROOT, Narrator, Stage, Unexpected, free_port

INVOICES, DAYS, SEED = 120, 45, 7
LATENCY = 20.0  # milliseconds per answer: about what a service next door takes
TITLE = "teamleader-twikey: booked invoices arrive in Twikey, once each"
STAGED = f"""\
Voorbeeld BV has {INVOICES} invoices in Teamleader, and a Twikey account that knows none of them.
Both are pretend services on this machine, the sandbox; every command is the real program."""
FILLED_IN = """
[profiles.1420]
invitation = "job"
"""
REFUSED_AMOUNT = 1_800  # EUR 18.00: the pretend bank pays it first and has it refused a day later
CREDITED = 600  # of these EUR 18.00, by a credit note
NEW_ADDRESS = ("Nieuwstraat 9", "9000", "Gent", "BE")
RENDERED_AFTER = 180.0  # seconds until Teamleader has made a PDF
NEXT = """\
  your own accounts    README.md, sections 2 to 4: half an hour; nothing is sent before you say so
  when something waits docs/operating.md: every message, every reason, and what to do
  play on              {python} -m tests.sandbox: both services, until Ctrl-C, with a page
                       to book, pay, refuse and break things"""


def main() -> int:
    """Play the demo; 0 when everything went as it should, 1 otherwise, 130 when interrupted."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _stop)
    narrator = Narrator(sys.stdout)
    began = time.monotonic()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="teamleader-twikey-demo-") as home,
            Sandbox(INVOICES, DAYS, SEED) as sandbox,
        ):
            sandbox.world.latency_ms = LATENCY
            Demo(sandbox, Path(home), narrator).play()
    except (Unexpected, URLError, TimeoutError) as wrong:
        narrator.say(f"\nThe demo stopped: {wrong}.", 31)
        return 1
    except KeyboardInterrupt:
        with suppress(OSError):  # the terminal may be gone
            narrator.say("\nStopped; nothing stays behind.")
        return 130
    narrator.dim(
        f"\nAll of it in {time.monotonic() - began:.0f} s; the sandbox and its files are gone."
    )
    return 0


class Demo:
    """The chapters, in the order in which an operator meets them."""

    def __init__(self, sandbox: Sandbox, home: Path, narrator: Narrator) -> None:
        self.sandbox, self.home, self.narrator = sandbox, home, narrator
        self.stage = Stage(home, narrator)
        books = sandbox.books
        self.waiting = books.book(amount=48_400, due=None, date=_day(sandbox, 2))
        self.number = str(books.invoice(self.waiting).number)
        self.customer = str(books.invoice(self.waiting).customer_id)
        self.new = self.bounced = ""  # the invoice that bounces: its id and its number

    def play(self) -> None:
        """Play every chapter."""
        self.narrator.say(TITLE, 1)
        self.narrator.say(STAGED)
        self.set_up()
        self.first_import()
        self.put_right()
        self.follow_up()
        self.changes()
        self.looking_back()
        self.narrator.say("\nWhat to do next", 1)
        self.narrator.say(NEXT.format(python=shown_python()))

    def set_up(self) -> None:
        """Settings, consent, probes."""
        begin, types = self.narrator.begin, self.stage.types
        begin("Settings", "One file in which every setting is explained, one for the secrets.")
        types("init", "--profile", "1420")
        self._fill_in()
        begin(
            "Consent", "Your browser opens this link; here the demo follows it and presses Allow."
        )
        types("connect", "--no-browser", follows_link=True)
        begin("Check", "Everything that can be asked before money moves is asked.")
        types("check")

    def first_import(self) -> None:
        """The plan, and the same for real."""
        begin, types = self.narrator.begin, self.stage.types
        begin(
            "Plan", "What would cross, for how much, and what waits for a person. Nothing is sent."
        )
        types("import", "--days", "30", "--dry-run", ends=2)
        self._expect(not self._standing(), "a dry run sends nothing")
        begin("Import", "The same for real. Run it twice, kill it half way: each crosses once.")
        types("import", "--days", "30", ends=2)
        standing = self._standing()
        self._expect(len(standing) > INVOICES // 3, "the month stands in Twikey")
        self._expect(self.number not in standing, "what is not right is not sent")

    def put_right(self) -> None:
        """A held booking is corrected where it was wrong, and crosses; then nothing is left."""
        begin, types, due = self.narrator.begin, self.stage.types, _day(self.sandbox, -28)
        begin(
            "Put right", f"{self.number} has no due date. Somebody gives it one in Teamleader ..."
        )
        with self.sandbox.world.lock:
            self.sandbox.books.edit_invoice(self.waiting, due_on=due)
        self.narrator.dim(f"# Teamleader: {self.number} is now due on {due}")
        types("retry", self.number, ends=2)
        standing = self._standing()
        self._expect(self.number in standing, "what was put right crosses")
        begin("Again", "This is what the schedule runs every quarter of an hour.")
        types("import", ends=2)
        self._expect(self._standing() == standing, "nothing crosses twice")

    def follow_up(self) -> None:
        """A new invoice: PDF, one invitation, a debit that is paid and bounces, and its journey."""
        begin, types, sandbox = self.narrator.begin, self.stage.types, self.sandbox
        begin("A new invoice", "Its customer signed a mandate, so that Twikey collects it at once.")
        with sandbox.world.lock:
            sandbox.twikey.actions["sign_mandate"](number=self.customer)
            self.new = new = sandbox.books.book(amount=REFUSED_AMOUNT, customer=self.customer)
            self.bounced = number = str(sandbox.books.invoice(new).number)
        types("import", ends=2)
        begin("Follow-up", "Payments go back and PDFs arrive; who has paid is not invited.")
        self._later(lambda: sandbox.twikey.actions["pay_debit"](invoice=new))
        self.narrator.dim(f"# the bank: {number} is paid; Teamleader has rendered the PDFs")
        types("follow-up")
        self._expect(self._paid(new), "the payment is in Teamleader")
        begin("The debit bounces", "Teamleader says unpaid again, and now the customer is invited.")
        self._later(sandbox.twikey.actions["tick"])
        types("follow-up")
        self._expect(not self._paid(new), "the bounced payment is gone from Teamleader")
        self._expect(len(self._mails(new)) == 1, "one mail left, ever")

    def changes(self) -> None:
        """The customer moves, the invoice is credited in part: both follow, and are told."""
        begin, types, sandbox = self.narrator.begin, self.stage.types, self.sandbox
        begin("A customer moves", "What changed in Teamleader follows to Twikey, never back.")
        with sandbox.world.lock:
            sandbox.books.edit_customer(self.customer, address=NEW_ADDRESS)
        self.narrator.dim(f"# Teamleader: the customer of {self.number} lives elsewhere now")
        types("customers")
        self._expect(self._street() == NEW_ADDRESS[0], "the customer has moved in Twikey too")
        begin("A credit note", "Twikey still asks the whole amount: a person is told at once.")
        with sandbox.world.lock:
            credit = sandbox.books.credit(self.new, CREDITED)
            number = f"CN{sandbox.books.credit_notes[credit].number}"
        types("import", ends=2)
        self._expect(number in self._standing(), "the credit note stands in Twikey")

    def looking_back(self) -> None:
        """Undo as a plan, both sides to the cent, the mail of the day, one invoice's story."""
        begin, types = self.narrator.begin, self.stage.types
        begin("Undo", "An import can be taken out of Twikey again. Only the plan, here.")
        standing = self._standing()
        types("undo", "last", "--dry-run")
        self._expect(self._standing() == standing, "a plan removes nothing")
        begin("Reconcile", "Every document is in one place, and both sides add up to the cent.")
        types("reconcile", ends=2)
        begin("The summary by mail", "What the accountant reads once a day; here it is only shown.")
        types("status", "--mail", shows=14)
        begin("Journey", "And months later, when somebody asks what happened to that invoice:")
        types("journey", self.bounced)

    def _later(self, happens: Callable[[], object]) -> None:
        """Let some minutes pass for both services, and something happen."""
        with self.sandbox.world.lock:
            self.sandbox.world.advance(RENDERED_AFTER)
            happens()

    def _street(self) -> str:
        with self.sandbox.world.lock:
            found = [c for c in self.sandbox.twikey.dump()["customers"]
                     if c["customerNumber"] == self.customer]  # fmt: skip
            return str(found[0]["address"])

    def _paid(self, invoice: str) -> bool:
        with self.sandbox.world.lock:
            return bool(self.sandbox.books.invoice(invoice).payments)

    def _mails(self, invoice: str) -> list[object]:
        with self.sandbox.world.lock:
            (one,) = [i for i in self.sandbox.twikey.dump()["invoices"] if i["id"] == invoice]
            return list(one["invitations"])

    def _fill_in(self) -> None:
        """Fill in both files, as a person does with an editor."""
        values = self.sandbox.environment()
        values["TEAMLEADER_REDIRECT_URI"] = f"http://localhost:{free_port()}/callback"
        secrets = "".join(f"{name}={value}\n" for name, value in values.items())
        (self.home / ".env").write_text(secrets, encoding="utf-8")
        config = self.home / "config.toml"
        text = config.read_text(encoding="utf-8")
        declared = text.replace("# strict_mode = true", "strict_mode = true")
        self._expect(declared != text, "the settings explain strict_mode")
        config.write_text(declared + FILLED_IN, encoding="utf-8")
        self.narrator.dim(
            "# .env gets the sandbox's credentials; config.toml gets strict_mode = true,"
        )
        self.narrator.dim(
            '# and invitation = "job" for profile 1420: this program invites, after the PDF'
        )

    def _standing(self) -> set[str]:
        """The numbers of the invoices that stand in the pretend Twikey."""
        with self.sandbox.world.lock:
            return {one["number"] for one in self.sandbox.twikey.dump()["invoices"]}

    def _expect(self, holds: object, sentence: str) -> None:
        """Stop the demo when what it tells is not so."""
        if not holds or self.sandbox.world.errors:
            raise Unexpected(f"it should be that {sentence}")


def shown_python() -> str:
    """This Python as a person types it in the project's folder."""
    here = Path(sys.executable)
    return str(here.relative_to(ROOT)) if here.is_relative_to(ROOT) else here.name


def _day(sandbox: Sandbox, ago: int) -> str:
    """The day so many days ago, as the books write it."""
    return (sandbox.books.today() - timedelta(days=ago)).isoformat()


def _stop(number: int, frame: FrameType | None) -> None:
    """End on SIGTERM, or when the terminal is closed, as on Ctrl-C: what was started is stopped."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
