"""The one page for people: the latest invoices on both sides, with buttons."""

import html
from collections.abc import Sequence
from typing import Any

from tests.sandbox.books import Books
from tests.sandbox.world import World

_LATEST = 30
_STYLE = """body{font:15px system-ui,sans-serif;margin:2em;color:#222}main{display:flex;gap:3em}
table{border-collapse:collapse}td,th{padding:.25em .7em;
border-bottom:1px solid #ddd;text-align:left}
td.m{text-align:right}button{cursor:pointer}h2{font-size:1.1em}small{color:#777}"""
_SCRIPT = """
async function act(path, args) {
  const answer = await fetch('/_sandbox/' + path, {method: 'POST', body: JSON.stringify(args)})
  if (answer.ok) location.reload(); else alert(await answer.text())
}
document.addEventListener('click', event => {
  const asked = event.target.dataset
  if (asked.act) act(asked.act, asked.invoice ? {invoice: asked.invoice} : {})
})"""


def page(world: World, books: Books) -> str:
    """The HTML of the control page."""
    twikey = world.twikey.dump().get("invoices", []) if world.twikey is not None else []
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Sandbox</title>'
        f"<style>{_STYLE}</style><h1>Sandbox</h1><p>{world.now():%Y-%m-%d %H:%M:%S} UTC, "
        f"{len(books.invoices)} invoices in Teamleader, {len(twikey)} in Twikey, "
        f"{len(world.journal)} calls so far.</p><p>{_button('book', 'Book an invoice')}</p>"
        f"<main><section><h2>Teamleader</h2>{_teamleader(books)}</section>"
        f"<section><h2>Twikey</h2>{_twikey(twikey)}</section></main><script>{_SCRIPT}</script>"
    )


def _teamleader(books: Books) -> str:
    latest = sorted(books.invoices, key=lambda one: (one.updated_at, one.serial))[-_LATEST:]
    rows = [
        (
            one.number or "draft",
            one.name,
            f"{one.payable / 100:.2f} {one.currency}",
            "paid" if one.paid else f"due {one.due / 100:.2f}",
            _button("pay", "Pay", one.id) if not one.paid and one.number else "",
        )
        for one in reversed(latest)
    ]
    return _table(("Number", "Customer", "Amount", "State", ""), rows)


def _twikey(invoices: list[dict[str, Any]]) -> str:
    rows = []
    for one in reversed(invoices[-_LATEST:]):
        number, cents = str(one.get("number", "")), one.get("cents", 0)
        buttons = _button("twikey/pay_link", "Pay", number) + _button(
            "twikey/refuse", "Refuse", number
        )
        rows.append((number, f"{cents / 100:.2f}", str(one.get("state", "")), buttons))
    return _table(("Number", "Amount", "State", ""), rows)


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    head = "".join(f"<th>{name}</th>" for name in heads)
    lines = "".join(
        "<tr>" + "".join(f"<td>{_cell(one)}</td>" for one in row) + "</tr>" for row in rows
    )
    return f"<table><tr>{head}</tr>{lines}</table>"


def _cell(text: str) -> str:
    return text if text.startswith("<button data-act=") else html.escape(text[:60])


def _button(action: str, label: str, invoice: str = "") -> str:
    which = f' data-invoice="{html.escape(invoice)}"' if invoice else ""
    return f'<button data-act="{action}"{which}>{label}</button>'
