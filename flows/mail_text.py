"""The summary as plain text: what stands in it and in which order is acceptance 4."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from flows.layout import clean, columns, hanging, shorten
from flows.mail_content import Reasoned, Summary
from flows.mail_look import Entry
from flows.mail_words import (
    MOST,
    amount,
    counted,
    left_out,
    noted,
    span,
    still_open,
    title,
    total,
    verdict,
)

WIDTH = 76


def as_text(summary: Summary, attachments: Sequence[str] = ()) -> str:
    """Return the whole mail as lines that fit any screen."""
    parts = [
        [title(summary), *_wrapped(f"{verdict(summary)}."), span(summary)],
        _needs_you(summary),
        _money(summary),
        ["READ", *_ties(summary)],
        ["SKIPPED BY RULE", *(_reasoned(summary.skipped) or ["  Nothing."])],
    ]
    if summary.notices:
        parts.append(["SENT, AND SOMETHING TO KNOW", *_reasoned(summary.notices)])
    if summary.noted:
        parts.append(["WHAT RUNS NOTED", *_bullets(noted(summary))])
    parts.append(["HOW FRESH IT IS", *_rows(summary.freshness)])
    if summary.about_mail:
        parts.append(["ABOUT THESE MAILS", *_bullets(summary.about_mail)])
    if attachments:
        parts.append([f"Attached: {', '.join(attachments)}"])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _needs_you(summary: Summary) -> list[str]:
    lines = [f"NEEDS YOU: {total(summary)}"]
    for entry in summary.entries[:MOST]:
        lines += ["", *_entry(entry)]
    rest = [left_out(summary), still_open(summary)]
    if summary.settled:
        names = ", ".join(clean(one) for one in summary.settled[:MOST])
        rest.append(f"Settled since it was named: {names}.")
    for sentence in filter(None, rest):
        lines += ["", *_wrapped(sentence)]
    return lines


def _entry(entry: Entry) -> Iterator[str]:
    name = shorten(clean(entry.customer), 60)
    facts = [clean(entry.number), name, amount(entry), clean(entry.code)]
    yield from hanging("  * ", "  ".join(filter(None, facts)), WIDTH)
    yield from hanging("    ", clean(entry.sentence), WIDTH)
    if entry.advice:
        yield from hanging("    -> ", clean(entry.advice), WIDTH)
    if entry.link:
        yield f"    {entry.link}"


def _money(summary: Summary) -> list[str]:
    rows = [("MONEY", "", "today", "", "yesterday")]
    rows += [(f"  {row.label}", *counted(row.today), *counted(row.yesterday))
             for row in summary.money]  # fmt: skip
    padded = [(*row, "") for row in rows]
    return [block[0].rstrip() for block in columns(padded, 200, right=(1, 2, 3, 4))]


def _ties(summary: Summary) -> list[str]:
    if not summary.ties:
        return ["  Nothing but what was known."]
    lines: list[str] = []
    for name, line in summary.ties[-MOST:]:
        lines += hanging("  ", f"{line}  ({clean(name)})", WIDTH)
    return lines


def _reasoned(rows: Iterable[Reasoned]) -> list[str]:
    lines: list[str] = []
    for row in rows:
        lines += hanging("  ", f"{row.count} {row.code}: {clean(row.sentence).strip()}", WIDTH)
        if row.numbers:
            more = row.count - len(row.numbers)
            names = ", ".join(clean(one) for one in row.numbers)
            lines += hanging("    ", names + (f" and {more} more" if more > 0 else ""), WIDTH)
    return lines


def _rows(rows: Sequence[tuple[str, str]]) -> list[str]:
    shown = [(clean(name), clean(value)) for name, value in rows]
    return [line for block in columns(shown, WIDTH, indent=2) for line in block]


def _bullets(sentences: Iterable[str]) -> list[str]:
    return [line for one in sentences for line in hanging("  ", clean(one), WIDTH)]


def _wrapped(sentence: str) -> list[str]:
    return list(hanging("", sentence, WIDTH))
