"""The words that both forms of the mail share: dates, amounts, the verdict, the subject."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from flows.layout import clean
from mappings.money import euro, money

if TYPE_CHECKING:
    from flows.mail_content import Summary
    from flows.mail_look import Entry

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
MOST = 50


def day(at: datetime) -> str:
    """Write a day the same way in every locale: Mon 18 Nov."""
    return f"{DAYS[at.weekday()]} {at.day} {MONTHS[at.month - 1]}"


def when(at: datetime) -> str:
    """Write an instant, in the time zone that it has: Mon 18 Nov 09:12."""
    return f"{day(at)} {at:%H:%M}"


def amount(entry: Entry) -> str:
    """Write what a booking is about; nothing when that is not known."""
    if entry.cents is None:
        return ""
    return money(entry.cents, clean(entry.currency))


def counted(pair: tuple[int, int] | None) -> tuple[str, str]:
    """Write a count and its euro; a dash for what is not known."""
    if pair is None:
        return "-", ""
    return str(pair[0]), euro(pair[1]) if pair[0] else ""


def verdict(summary: Summary) -> str:
    """Say first what matters: 2 need you, 31 sent, EUR 12,408.10."""
    stopped = [item.label for item in summary.look.sorted.named if item.key.startswith("run:")]
    need = summary.need_you - len(stopped)
    parts = [*stopped, f"{need} {'needs' if need == 1 else 'need'} you" if need else ""]
    for word, (count, cents) in (
        ("sent", summary.look.sent),
        ("collected", summary.look.collected),
        ("reversed", summary.look.reversed),
    ):
        parts.append(f"{count} {word}, {euro(cents)}" if count else "")
    if not any((summary.look.sent[0], summary.look.collected[0], summary.look.reversed[0])):
        parts.append("nothing new" if not summary.entries else "")
    asks = summary.look.asks
    if asks:
        parts.insert(len(stopped), f"{asks} {'note' if asks == 1 else 'notes'} for you")
    if not summary.need_you and not asks:
        parts.insert(0, "all well")
    return clean(", ".join(filter(None, parts)))


def subject(summary: Summary) -> str:
    """Write the subject, verdict first, on one line (acceptance 4)."""
    return f"{title(summary)}: {verdict(summary)} - {day(summary.now)}"


def title(summary: Summary) -> str:
    """Name the program, and the connection when there are several."""
    name = summary.connection
    return "Teamleader->Twikey" + (f" ({clean(name)[:40]})" if name != "default" else "")


def span(summary: Summary) -> str:
    """Say what the mail covers."""
    told, now = summary.look.told, when(summary.now)
    if told is None:
        return f"As of {now}."
    before = when(datetime.fromisoformat(told.at).astimezone(summary.now.tzinfo))
    return f"As of {now}. News since the mail of {before}."


def still_open(summary: Summary) -> str:
    """Say what earlier mails named and is open still, in one sentence; empty when nothing is."""
    count = sum(summary.counted.values())
    if not count:
        return ""
    codes = ", ".join(f"{n} {clean(code)}" for code, n in sorted(summary.counted.items()))
    sums = [money(cents, name) for name, cents in summary.counted_cents.items() if cents]
    cents = f", {' and '.join(sums)}" if sums else ""
    return f"Still open, not named again: {count}{cents} ({codes})."


def total(summary: Summary) -> str:
    """Say how many need a person in all."""
    named, every = len(summary.entries), summary.need_you
    if not every:
        return "See what runs noted, below." if summary.look.asks else "Nothing."
    return f"{every} open in all" + (f", {named} of them new or changed." if named < every else ".")


def noted(summary: Summary) -> list[str]:
    """Say what runs noted since the last mail, what asks for a person first."""
    more = len(summary.noted) - MOST
    return summary.noted[:MOST] + ([f"And {more} more."] if more > 0 else [])


def left_out(summary: Summary) -> str:
    """Say how many entries found no place in the mail."""
    more = len(summary.entries) - MOST
    return f"And {more} more: see held.csv." if more > 0 else ""
