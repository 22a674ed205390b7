"""One class per decision that the operator must take.

Two bases for the two consequences: ``Refused`` sets one thing aside and the run goes on;
``Halted`` means nothing else can succeed and the run stops. An instance carries a sentence of
facts; the class carries one sentence of ``advice``, which the command line, the report and
``docs/operating.md`` show.
No sentence ever holds a secret: what goes in is a status, a code, a path, a name.
"""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar


class Trouble(Exception):
    """Something in the world went wrong; ``str()`` is one clear sentence."""

    advice: ClassVar[str] = ""
    exit_code: ClassVar[int] = 1


class Refused(Trouble):
    """One thing is set aside; the run goes on."""


class Halted(Trouble):
    """Nothing else can succeed; the run stops and moves no watermark."""


# ---- settings and surroundings


class SettingsWrong(Halted):
    """The settings cannot be used; every problem found is listed."""

    advice = "Correct config.toml or the environment as listed, then run `teamleader-twikey check`."

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings cannot be used: " + "; ".join(problems))


class UsageWrong(Halted):
    """The command line asks for something that cannot be."""

    advice = "See `teamleader-twikey --help`, and that of the verb."
    exit_code = 64


class LedgerUnusable(Halted):
    """The ledger's file cannot be read or written."""

    advice = (
        "Free space or correct the rights of the home directory, then run again: "
        "what was stored is safe and nothing is sent twice."
    )


class LedgerBroken(LedgerUnusable):
    """The ledger's file is damaged: what is in it can no longer be trusted."""

    advice = (
        "Run `teamleader-twikey rebuild` to see what can be had again from both sides, then "
        "`teamleader-twikey rebuild --yes`: it keeps the broken file and sends nothing."
    )


class AnotherRunAtWork(Halted):
    """Another run of this connection holds the lock."""

    advice = "Nothing to do: wait for it to end; the next scheduled run takes over by itself."
    exit_code = 3


class NoPrefectServer(Halted):
    """No Prefect server answers where one is configured."""

    advice = (
        "Start it with `prefect server start`, or correct PREFECT_API_URL; without PREFECT_API_URL "
        "every verb but `serve` and `automations` works with no server at all."
    )


class NeverImported(Halted):
    """A scheduled run finds an empty ledger."""

    advice = (
        "Run `teamleader-twikey import --days 30 --dry-run`, look at the plan, then "
        "`teamleader-twikey import --days 30`; scheduled runs continue from there."
    )


class ClocksDiffer(Halted):
    """This machine's clock and the service's are more than a day apart."""

    advice = (
        "Set the clock of this machine, best by NTP. Until then the watermark stays where it is: "
        "nothing is left out, and what is known is read again."
    )


class AllTakenBack(Halted):
    """What was imported was taken back, and Twikey has no customer from here."""

    advice = (
        "Let it come again with `teamleader-twikey undo --forget last`, then run "
        "`teamleader-twikey import --days 30`."
    )


class BrakePulled(Halted):
    """The plan is larger or older than the brake allows."""

    advice = "Look at it with --dry-run; if it is what you want, repeat the command with --yes."


class AlreadyInvited(Halted):
    """A person asks for an invitation, and one has left already (guide 7)."""

    advice = "If the customer should really get a second one, repeat the command with --again."


# ---- access


class Disconnected(Halted):
    """There is no usable access to Teamleader."""

    advice = "Run `teamleader-twikey connect` and give your consent in the browser."


class ConsentRefused(Halted):
    """The consent page came back without a usable code; nothing was stored."""

    advice = "Run `teamleader-twikey connect` again and accept with an administrator account."


class OtherAccount(Halted):
    """The access or the key belongs to another account than the ledger."""

    advice = (
        "Use the account this ledger was made for, or a separate home directory "
        "(TEAMLEADER_TWIKEY_HOME) for the other account."
    )


class NotPermitted(Halted):
    """The service says that this access may not do that."""

    advice = (
        "Give the integration the missing scope or right (Teamleader: Marketplace, scopes, then "
        "`connect` again; Twikey: Settings > API), then run `teamleader-twikey check`."
    )


class KeyRefused(Halted):
    """Twikey does not accept the API key."""

    advice = "Check TWIKEY_API_KEY (and TWIKEY_PRIVATE_KEY) against Twikey's Settings > API."


class ProfileMissing(Halted):
    """A configured profile does not exist in Twikey."""

    advice = "Correct new_customer_profile in config.toml; Twikey lists profiles under Settings."


# ---- the services


class ServiceUnavailable(Halted):
    """A service did not answer, or answered that it cannot now."""

    advice = (
        "Nothing is lost: a later run takes it up. If it lasts, look at the network and at *_URL."
    )


class Throttled(Halted):
    """A service asks to wait longer than a run may wait."""

    advice = "Nothing to do: let the next scheduled run come after the time named."

    def __init__(self, sentence: str, until: datetime | None = None) -> None:
        self.until = until
        super().__init__(sentence)


class UnexpectedAnswer(Halted):
    """A service answered something its documentation does not know."""

    advice = (
        "Check that the address in the settings is the service itself and not a proxy or portal; "
        "if it is, report this as a bug with the sentence above."
    )


class FilterIgnored(Halted):
    """A list held rows outside of what was asked for (FILTER_IGNORED)."""

    advice = "Nothing was sent for these rows. Report this: the API no longer honours the filter."


class ListingUnstable(Halted):
    """A list kept changing while it was read."""

    advice = "Nothing to do: the watermark has not moved and the next run reads it again."


class FeedBusy(Refused):
    """Another reader uses the feed of this API key at this moment."""

    advice = "Give this job an API key of its own in Twikey (Settings > API)."


class FeedBroken(Halted):
    """The feed's position does not advance."""

    advice = "Nothing is lost: the position has not moved. If it stays so, tell Twikey support."


class DoesNotAddUp(Halted):
    """A reconciliation whose buckets do not hold what the two sides listed: a fault of ours."""

    advice = (
        "Nothing was changed on either side. Report this as a bug with the sentence above; until "
        "it is mended, do not trust the figures of `teamleader-twikey reconcile`."
    )


# ---- single calls


class NotFound(Refused):
    """The service does not know that id."""

    advice = "It may have been deleted there; look it up by its number."


class RecordUnreadable(Refused):
    """One object came back without a field that is needed, or with one that cannot be used."""

    advice = (
        "Correct the field in Teamleader; if it is missing, connect with an administrator account "
        "(hidden fields are left out), then run `teamleader-twikey retry`."
    )


class CallRefused(Refused):
    """The service refused a call with a documented answer; nothing happened there."""

    advice = "Correct what the sentence names in Teamleader, then run `teamleader-twikey retry`."

    def __init__(self, sentence: str, *, status: int, code: str = "", extra: str = "") -> None:
        self.status = status
        self.code = code
        self.extra = extra
        super().__init__(sentence)


class OutcomeUnknown(Refused):
    """A write left this machine and no usable answer came back: it may or may not have happened."""

    advice = "Nothing to do: a later run looks it up before anything is repeated."


# ---- the summary by mail


class MailNotSent(Refused):
    """The mail server certainly did not take the summary; the run itself is done."""

    advice = (
        "Correct SMTP_HOST, SMTP_USER and the like as `teamleader-twikey check` says; the next run "
        "tries again, and nothing that was to be told is lost."
    )
