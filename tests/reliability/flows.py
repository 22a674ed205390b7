"""Every flow that speaks to a service, each with a world that makes it say all it can say."""

from __future__ import annotations

from pathlib import Path

from tests.flows.office import CONFIG, Office
from tests.reliability.bench import LATER, Flow
from tests.reliability.sides import THEIRS
from tests.sandbox.checkdigits import belgian_iban

WAITING = CONFIG.replace("settle_after_seconds = 0", "settle_after_seconds = 300")
INVITING = WAITING.replace('invitation = "off"', 'invitation = "job"\nneeds_pdf = false')
SMALL_PAGES = {
    "connectors.teamleader.listing.SIZE": 2,
    "connectors.teamleader.calls.SIZE": 2,
}


def later(office: Office, seconds: float = LATER) -> None:
    """Let time go by on both sides."""
    office.sandbox.world.advance(seconds)


def begun(office: Office, settings: str = WAITING) -> str:
    """Import one invoice, and return its customer a day later."""
    office.configure(settings)
    customer = office.sandbox.books.new_customer(email="klant@voorbeeld.example")
    office.sandbox.books.book(customer=customer)
    office.imports(days=30)
    office.imports()
    later(office, 86_400)
    office.grant()
    return customer


def imported(office: Office, count: int, settings: str = WAITING) -> list[str]:
    """Import so many invoices of as many customers; return their ids."""
    office.configure(settings)
    books = office.sandbox.books
    ids = [books.book(amount=10_000 + n, customer=books.new_customer()) for n in range(count)]
    assert office.imports(days=30, invite=True).sent == count
    later(office)
    return ids


# ---- import


def many(office: Office) -> None:
    """A scheduled run whose bookings fill pages and bulks; customers have changed."""
    books = office.sandbox.books
    old = begun(office)
    people = [old, books.new_customer("contact"), books.new_customer(), books.new_customer()]
    people += [books.new_customer("contact"), books.new_customer("contact")]
    ids = [books.book(amount=10_000 + n, customer=people[n + 1]) for n in range(5)]
    for each in ids[:1]:
        books.credit(each, 3_000)
    books.edit_customer(old, email="nieuw@voorbeeld.example")


def few(office: Office) -> None:
    """A scheduled run of single bookings with everything to look up: fields, customers, numbers."""
    books = office.sandbox.books
    old = begun(
        office,
        f'{WAITING}[custom_fields]\ninvoice = "{books.definition("invoice")}"\n'
        f'subscription = "{books.definition("subscription")}"\n',
    )
    office.sandbox.twikey.actions["rename_customer"](old, "ABC")
    first = books.book(customer=old)
    books.credit(first, 3_000)
    books.book(customer=books.new_customer("contact"), field_value="1421")
    repeats = books.new_subscription(field_value="1422")
    books.book(customer=books.new_customer(), subscription=repeats)


# ---- follow-up


def money(office: Office) -> None:
    """Payments to write back, some to undo beside a colleague's, and some that came elsewhere."""
    books, twikey = office.sandbox.books, office.sandbox.twikey.actions
    ids = imported(office, 8)
    for each in ids[3:6]:
        books.pay(each, THEIRS, books.now() - 3 * 86_400)
        twikey["pay_card"](each)
    office.run("follow-up", "--payments", "--json")
    later(office)
    for each in ids[:3]:
        twikey["pay_link"](each)
    for each in ids[3:6]:
        twikey["refuse"](each, "MD06")
    books.pay(ids[6])
    books.pay(ids[7])


def papers(office: Office) -> None:
    """PDFs to attach, of invoices and of a credit note, and customers to invite."""
    ids = imported(office, 5, INVITING)
    for each in ids[:2]:
        office.sandbox.books.credit(each, 3_000)
    office.imports(days=30, credit_notes=True)
    later(office)


# ---- the others


def changed(office: Office) -> None:
    """Customers that changed, one of them with another number in Twikey."""
    books = office.sandbox.books
    people = [books.new_customer(k) for k in ("company", "contact", "company", "contact")]
    office.configure(WAITING)
    for each in people:
        books.book(customer=each)
    office.imports(days=30)
    later(office, 86_400)
    office.grant()
    for place, each in enumerate(people):
        books.edit_customer(each, email=f"nieuw{place}@voorbeeld.example")
    later(office)
    office.sandbox.twikey.actions["rename_customer"](people[0], "ABC")


def mistaken(office: Office) -> None:
    """An import to take back."""
    imported(office, 3)


def signed(office: Office) -> None:
    """Signed mandates of customers from before Teamleader, and a file that says whose they are."""
    books = office.sandbox.books
    customers = [books.invoice(each).customer_id for each in imported(office, 3)]
    lines = ["customerNumber,mandateNumber,iban,signDate"]
    for place, customer in enumerate(customers, start=1):
        holder = {"customerNumber": f"OLD-{place}", "companyName": "Klant nv (old)"}
        iban = belgian_iban(place)
        office.sandbox.twikey.mandates.add(
            holder, 1420, f"M{place}", iban, "KREDBEBB", "2023-05-04"
        )
        lines.append(f"{customer},M{place},{iban},")
    Path(office.home.parent / "mandates.csv").write_text("\n".join(lines), encoding="utf-8")


def agreeing(office: Office) -> None:
    """Both sides to compare; some were paid since the last follow-up."""
    ids = imported(office, 5)
    for each in ids[:3]:
        office.sandbox.twikey.actions["pay_link"](each)


SMALL_FEED = {"twikey_feed_page_size": 2}
FLOWS = (
    Flow(
        "import, many", many, ("import",),
        {**SMALL_PAGES, "flows.apply.BULK_FROM": 2, "flows.decide.CHUNK": 2},
    ),
    Flow("import, few", few, ("import",)),
    Flow("follow-up, money", money, ("follow-up", "--payments"), rules=SMALL_FEED, calm=2),
    Flow(
        "follow-up, papers", papers, ("follow-up", "--pdfs", "--invitations"), calm=2,
    ),
    Flow("customers", changed, ("customers",)),
    Flow("undo", mistaken, ("undo", "1", "--yes")),
    Flow("mandates link", signed, ("mandates", "link", "HOME/mandates.csv", "--yes")),
    Flow("reconcile", agreeing, ("reconcile", "--every"), SMALL_PAGES, SMALL_FEED),
)  # fmt: skip
