"""Before anything is sent: whether the plan is plausible, and who would be mailed (guide 10).

A first load, or one beyond the brake, is silent (decisions 6): this program invites nobody for it.
What a Twikey profile mails by itself when an invoice arrives cannot be stopped from here. So the
plan says how many on which profile, and nothing is sent until sending is declared off there or a
person says yes (acceptance A23).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from connectors.errors import BrakePulled
from connectors.ledger.desk import OWN_PROFILE, Load
from flows.importing import in_one_go
from flows.run import Run
from flows.settings import Settings
from mappings.money import euro
from mappings.texts import many

if TYPE_CHECKING:
    from flows.import_booked import ImportRequest


def brake(run: Run, request: ImportRequest) -> bool:
    """Stop before anything is sent when the plan is implausible and nobody said yes.

    Too many, too much, too old, or a first load on a profile that mails at once (guide 10 warns of
    it). Bookings that already stand in Twikey do not count (complaint C18). Returns whether this is
    a first load (nothing was ever read to its end) or one beyond the brake: those are silent.
    """
    reasons, load = _beyond_the_brake(run)
    if reasons and not (request.by_hand or request.yes or run.dry_run):
        reasons, load = _leave_what_was_left(run, reasons, load)
    first = run.ledger.watermarks.read("invoices") is None
    never_yet = first and not run.ledger.desk.ever_sent()
    asks = bool(reasons) or never_yet
    if load.bookings and asks and not (request.yes or run.dry_run):
        mails = mails_of(run.connection.settings, _rehearsed(run))
        if mails and never_yet:
            reasons.append(f"a first load, for which {mail_words(mails)}")
        elif mails:
            reasons.append(mail_words(mails))
    if reasons and run.dry_run:
        run.notes.append("would need --yes: " + "; ".join(reasons))
    elif reasons and not request.yes:
        run.ledger.desk.take_back(run.id, run.began)
        raise BrakePulled("Nothing was sent: this import holds " + "; ".join(reasons))
    return bool(reasons) or first


def _beyond_the_brake(run: Run) -> tuple[list[str], Load]:
    """Return what exceeds the configured limits, in words, and what is about to be created."""
    settings = run.connection.settings
    limits = settings.brake
    cutoff = run.connection.today() - timedelta(days=limits.older_than_days)
    load, old = run.ledger.desk.load(run.id, cutoff.isoformat(), settings.number_prefix)
    reasons = []
    if limits.bookings and load.bookings > limits.bookings:
        reasons.append(f"{many(load.bookings, 'invoice')} (the brake is set to {limits.bookings})")
    if limits.amount and load.cents > limits.amount * 100:
        reasons.append(f"{euro(load.cents)} (the brake is set to {euro(limits.amount * 100)})")
    if limits.older_than_days and old:
        reasons.append(
            f"{many(old, 'invoice')} dated before {cutoff}, the oldest {load.oldest}"
            f" (the brake is set to {limits.older_than_days} days)"
        )
    return reasons, load


def _leave_what_was_left(run: Run, reasons: list[str], load: Load) -> tuple[list[str], Load]:
    """Let a scheduled run go on without what an interrupted import, or an undo, left for a person.

    Otherwise one large import that broke off would stop every scheduled run after it.
    """
    left = run.ledger.desk.leave(run.id, run.began)
    if not left:
        return reasons, load
    run.notes.append(
        f"{left} that an earlier import had read and not sent wait: with them this run would hold "
        + "; ".join(reasons)
        + ". Repeat that import with --yes, or take it back with `teamleader-twikey undo`"
    )
    return _beyond_the_brake(run)


# ---- who would be mailed


def _rehearsed(run: Run) -> dict[str, int]:
    """Decide everything on a copy of the ledger; return how many would arrive on which profile."""
    with in_one_go():
        from flows.work import work_through

    with TemporaryDirectory(prefix="teamleader-twikey-") as folder:
        copy = run.ledger.copy_to(Path(folder) / "rehearsal.db")
        try:
            rehearsal = replace(run, ledger=copy, dry_run=True, problems=[], notes=[], alerts=[])
            work_through(rehearsal)
            return copy.desk.to_be_mailed(run.id)
        finally:
            copy.close()


def mails_of(settings: Settings, arriving: Mapping[str, int]) -> dict[str, int]:
    """Return for how many invoices Twikey itself may mail, by profile.

    A customer's own profile is not known here: it may mail unless every declared one does not.
    """
    declared = {settings.new_customer_profile, *settings.profiles}
    any_mails = any(settings.profile(one).invitation == "twikey" for one in declared)
    return {
        profile: count
        for profile, count in arriving.items()
        if (any_mails if profile == OWN_PROFILE else _mails(settings, profile))
    }


def _mails(settings: Settings, profile: str) -> bool:
    return settings.profile(profile).invitation == "twikey"


def mail_words(mails: Mapping[str, int]) -> str:
    """Say which profiles may mail how many, and what to switch."""
    said = [
        f"the customers' own profiles may mail {many(count, 'invitation')}"
        if profile == OWN_PROFILE
        else f"profile {profile} may mail {many(count, 'invitation')}"
        for profile, count in mails.items()
    ]
    names = [profile for profile in mails if profile != OWN_PROFILE]
    where = " and ".join(f"[profiles.{name}]" for name in names) or "each of them"
    return (
        " and ".join(said) + " by itself, which this program cannot stop (switch its sending off in"
        f' Twikey first, then set invitation = "off" under {where} in config.toml)'
    )


def tell_mails(run: Run, *, silent: bool, invite: bool) -> None:
    """Note at the end of a plan or of a silent load who is mailed for it, and by whom."""
    settings = run.connection.settings
    arriving = run.ledger.desk.to_be_mailed(run.id)
    if not arriving or not (silent or run.dry_run):
        return
    mails = mails_of(settings, arriving)
    if mails:
        run.notes.append(mail_words(mails))
    ours = sum(n for ct, n in arriving.items() if settings.profile(ct).invitation == "job")
    if ours and silent and not invite:
        run.notes.append(
            f"{many(ours, 'invitation')} not sent: a first or unusually large import is silent"
            " (--invite lets this program invite)"
        )
    elif ours:
        leave = many(ours, "invitation")
        run.notes.append(f"{leave} to be sent by this program, with its follow-up")
