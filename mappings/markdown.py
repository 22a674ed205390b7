"""Text from outside, made fit for a page: nothing in it can format, link, or tell too much.

What is shown in Prefect can be read by everybody who may open its pages: an e-mail address and an
account number are masked there, and text that looks like a link is none (acceptance 4).
"""

from __future__ import annotations

import re

from mappings.texts import clean, shorten

FORMATS = re.compile(r"([\\`*_{}\[\]()<>#|~!&])")
EMAIL = re.compile(r"([^\s@<>,;:\"'()\[\]])[^\s@<>,;:\"'()\[\]]*@([^\s@<>,;:\"'()\[\]]+)")
IBAN = re.compile(
    r"\b([A-Z]{2}\d{2})(?:[ .-]?[A-Z0-9]{4}){2,7}(?:[ .-]?[A-Z0-9]{1,3})?\b"
    r"|\b([A-Za-z]{2}\d{2})[A-Za-z0-9]{11,30}\b"
)
SCHEME = re.compile(r"(?i)(\w:)//|\b(www)\.|\]\(")
LONGEST = 600


def masked(text: object) -> str:
    """Return a text in which addresses and account numbers can be told apart but not used."""
    plain = clean(str(text if text is not None else "")) or ""
    plain = EMAIL.sub(r"\1...@\2", plain)
    return IBAN.sub(lambda found: f"{found[1] or found[2]}...{found[0][-2:]}", plain)


def cell(text: object) -> str:
    """Return a text for a cell of a table: masked, plain, and no link."""
    return shorten(SCHEME.sub(_apart, masked(text)), LONGEST)


def escaped(text: object) -> str:
    """Return a text for Markdown that shows as it is: no format, no HTML, no link, one line."""
    return FORMATS.sub(r"\\\1", cell(text))


def link(label: object, url: str | None) -> str:
    """Return a link, or only its label where there is no address; the address is ours to trust."""
    return f"[{escaped(label)}]({url})" if url else escaped(label)


def table(head: list[str], rows: list[list[str]]) -> str:
    """Return a table of Markdown; its cells are Markdown already."""
    lines = [f"| {' | '.join(head)} |", f"|{' --- |' * len(head)}"]
    return "\n".join([*lines, *(f"| {' | '.join(row)} |" for row in rows)])


def _apart(found: re.Match[str]) -> str:
    if found[1]:
        return f"{found[1]} //"
    return f"{found[2]} ." if found[2] else "] ("
