"""The summary as HTML that mail programs draw alike: tables and inline styles, no pictures.

One column, so that it can be read on a phone; no links but those into Teamleader.

Everything from outside is stripped of control characters and escaped, here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

from flows.layout import clean, shorten
from flows.mail_content import Line, Reasoned, Summary
from flows.mail_look import Entry
from flows.mail_words import (
    MOST,
    amount,
    counted,
    left_out,
    noted,
    span,
    still_open,
    subject,
    title,
    total,
    verdict,
)

INK, SOFT, RULE, PAPER = "#1f2933", "#616e7c", "#e4e7eb", "#f5f7fa"
GOOD, LOOK, BAD, ACCENT = "#18794e", "#ad5700", "#b42318", "#0b5cad"
FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
TABLE = 'role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0"'
COMMAND = re.compile("`([^`]+)`")
CELL = f"padding:7px 0;border-top:1px solid {RULE};vertical-align:top"
NUMBERS = f"{CELL};text-align:right;white-space:nowrap;padding-left:12px"


def as_html(summary: Summary, attachments: Sequence[str] = ()) -> str:
    """Return the whole mail as one page."""
    sections = [
        _head(summary),
        _section("Needs you", _needs_you(summary)),
        _section("Money", _money(summary.money)),
        _section("Read", _ties(summary)),
        _section("Skipped by rule", _reasoned(summary.skipped) or _soft("Nothing.")),
        _section("Sent, and something to know", _reasoned(summary.notices)),
        _section("What runs noted", "".join(_soft(one) for one in noted(summary))),
        _section("How fresh it is", _rows(summary.freshness)),
        _section("About these mails", "".join(_soft(one) for one in summary.about_mail)),
        _section("Attached", _soft(", ".join(attachments)) if attachments else ""),
    ]
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_safe(subject(summary))}</title></head>"
        f'<body style="margin:0;padding:0;background:{PAPER}">'
        f'<table {TABLE} style="background:{PAPER}"><tr>'
        '<td align="center" style="padding:16px 8px">'
        f'<table {TABLE} style="max-width:640px;background:#ffffff;border:1px solid {RULE};'
        f"border-radius:6px;{FONT};font-size:15px;line-height:1.45;color:{INK};"
        f'text-align:left">{"".join(sections)}</table></td></tr></table></body></html>\n'
    )


def _safe(value: object) -> str:
    return escape(clean(value).strip(), quote=True)


def _advice(sentence: str) -> str:
    """Return an advice, which is our own text, with its commands set apart."""
    return COMMAND.sub(r"<code>\1</code>", _safe(sentence))


def _soft(sentence: str) -> str:
    return f'<div style="color:{SOFT};padding:3px 0">{_safe(sentence)}</div>'


def _head(summary: Summary) -> str:
    broken = any(item.key.startswith("run:") for item in summary.look.sorted.named)
    colour = BAD if broken else LOOK if summary.need_you or summary.look.asks else GOOD
    words = _safe(verdict(summary)).replace("EUR ", "EUR&nbsp;")
    return (
        f'<tr><td style="padding:18px 20px;border-top:5px solid {colour};'
        'border-radius:6px 6px 0 0">'
        f'<div style="font-size:13px;color:{SOFT}">{_safe(title(summary))}</div>'
        f'<div style="font-size:21px;line-height:1.3;font-weight:600;color:{colour};'
        f'padding:3px 0">{words[:1].upper()}{words[1:]}</div>'
        f'<div style="font-size:13px;color:{SOFT}">{_safe(span(summary))}</div></td></tr>'
    )


def _section(name: str, body: str) -> str:
    """Return a titled part; one without content is left out."""
    if not body:
        return ""
    return (
        f'<tr><td style="padding:14px 20px 16px;border-top:1px solid {RULE}">'
        f'<div style="font-size:12px;font-weight:600;letter-spacing:.06em;'
        f'text-transform:uppercase;color:{SOFT};padding-bottom:6px">{_safe(name)}</div>'
        f"{body}</td></tr>"
    )


# ---- what needs a person


def _needs_you(summary: Summary) -> str:
    rest = [left_out(summary), still_open(summary)]
    if summary.settled:
        rest.append(f"Settled since it was named: {', '.join(summary.settled[:MOST])}.")
    cards = "".join(_entry(entry) for entry in summary.entries[:MOST])
    return _soft(total(summary)) + cards + "".join(_soft(one) for one in rest if one)


def _entry(entry: Entry) -> str:
    link = ""
    if entry.link:
        link = (f'<div style="padding-top:4px"><a href="{escape(entry.link, quote=True)}" '
                f'style="color:{ACCENT}">Open in Teamleader</a></div>')  # fmt: skip
    advice = ""
    if entry.advice:
        advice = (f'<div style="padding-top:4px"><b style="color:{LOOK}">What to do:</b> '
                  f"{_advice(entry.advice)}</div>")  # fmt: skip
    name = shorten(clean(entry.customer), 60)
    return (
        f'<table {TABLE} style="margin:8px 0;background:#fffaf3;border-left:3px solid {LOOK}">'
        f'<tr><td style="padding:10px 12px"><table {TABLE}><tr>'
        f'<td style="font-weight:600;vertical-align:top">{_safe(entry.number)}</td>'
        f'<td align="right" style="font-weight:600;white-space:nowrap;vertical-align:top;'
        f'padding-left:12px">{_safe(amount(entry))}</td></tr></table>'
        f'<div style="color:{SOFT}">{_safe(name)}</div>'
        f'<div style="padding-top:4px">{_safe(entry.sentence)} '
        f'<span style="color:{SOFT};font-size:12px">{_safe(entry.code)}</span></div>'
        f"{advice}{link}</td></tr></table>"
    )


# ---- figures


def _money(lines: Sequence[Line]) -> str:
    head = "".join(
        f'<td align="right" style="color:{SOFT};font-size:13px;padding:0 0 4px 12px">{name}</td>'
        for name in ("today", "yesterday")
    )
    rows = "".join(
        f'<tr><td style="{CELL}">{_safe(line.label)}</td>'
        f"{_pair(line.today, alarming=line.alarming)}{_pair(line.yesterday)}</tr>"
        for line in lines
    )
    return f"<table {TABLE}><tr><td></td>{head}</tr>{rows}</table>"


def _pair(pair: tuple[int, int] | None, *, alarming: bool = False) -> str:
    count, cents = counted(pair)
    some = pair is not None and pair[0]
    colour = BAD if some and alarming else INK if some else SOFT
    small = f"font-size:13px;font-weight:400;color:{SOFT}"
    below = f'<div style="{small}">{_safe(cents)}</div>' if cents else ""
    weight = "600" if some else "400"
    return f'<td style="{NUMBERS};color:{colour};font-weight:{weight}">{_safe(count)}{below}</td>'


def _ties(summary: Summary) -> str:
    if not summary.ties:
        return _soft("Nothing but what was known.")
    return "".join(
        f'<div style="padding:3px 0"><b>{_safe(line)}</b><br>'
        f'<span style="color:{SOFT};font-size:13px">{_safe(name)}</span></div>'
        for name, line in summary.ties[-MOST:]
    )


def _reasoned(rows: Iterable[Reasoned]) -> str:
    return "".join(_one_reason(row) for row in rows)


def _one_reason(row: Reasoned) -> str:
    more = row.count - len(row.numbers)
    names = ", ".join(row.numbers) + (f" and {more} more" if more > 0 and row.numbers else "")
    whole = _safe(names).replace(" / ", "&nbsp;/&nbsp;")
    below = f'<div style="color:{SOFT};font-size:13px">{whole}</div>' if names else ""
    return (
        f'<div style="padding:4px 0"><b>{row.count}</b> {_safe(row.sentence)} '
        f'<span style="color:{SOFT};font-size:12px">{_safe(row.code)}</span>{below}</div>'
    )


def _rows(rows: Sequence[tuple[str, str]]) -> str:
    cells = "".join(
        f'<tr><td style="{CELL};color:{SOFT}">{_safe(name)}</td>'
        f'<td style="{CELL};padding-left:12px">{_safe(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table {TABLE}>{cells}</table>"
