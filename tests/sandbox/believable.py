"""Fills empty books with a company's last weeks: plausible people, amounts, dates, and oddities."""

import itertools
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tests.sandbox import checkdigits, names
from tests.sandbox.entities import ABSENT, CreditNote, Customer, Department, Invoice, Subscription
from tests.sandbox.oddities import (
    COMMON_ODDITIES,
    ODD_CUSTOMER_SHARE,
    ODD_CUSTOMERS,
    RARE_ODDITIES,
    RARE_SHARE,
)

if TYPE_CHECKING:
    from tests.sandbox.books import Books

PROFILES = ("1420", "1421")  # what the options of the custom fields offer
LANGUAGES = ("nl",) * 11 + ("fr",) * 6 + ("en",) * 2 + ("de",)
SETTLEMENT = 9 * 3600  # seconds from booking to payment


class Maker:
    """Builds everything in one go; the same seed gives the same books to the letter."""

    def __init__(self, books: "Books", *, odd: float) -> None:
        self.books = books
        self.random = books.random
        self.odd = odd

    def fill(self, invoices: int, days: int, today: date, departments: int) -> None:
        """Make all of it, oldest first."""
        self.today = today
        self.midnight = int(datetime(today.year, today.month, today.day, tzinfo=UTC).timestamp())
        self._departments(departments)
        self._settings()
        customers = self._customers(max(6, invoices // 5))
        subscriptions = self._subscriptions(customers, max(2, invoices // 15))
        self._invoices(invoices, days, customers, subscriptions)
        self._credit_notes(round(invoices * 0.04 * min(self.odd, 1)))

    # -- the account -------------------------------------------------------------------------

    def _departments(self, count: int) -> None:
        for place in range(count):
            vat = "BE" + checkdigits.belgian_enterprise(899_623_0 + place)
            name = ("Voorbeeld BV", "Voorbeeld Zuid SRL", "Voorbeeld Oost GmbH")[place % 3]
            self.books.departments.append(Department(self.books.new_id(), name, vat))

    def _settings(self) -> None:
        for context, label in (
            ("invoice", "Twikey invoices"),
            ("subscription", "Twikey subscriptions"),
        ):
            options = [{"id": self.books.new_id(), "value": profile} for profile in PROFILES]
            self._define(context, "single_select", label, options)
        self._define("invoice", "single_line", "Werfnummer", None)
        self._define("company", "boolean", "Domiciliëring", None)
        for name, status in (
            ("Twikey", "active"),
            ("Overschrijving", "active"),
            ("Cheque", "archived"),
        ):
            method = {"id": self.books.new_id(), "name": name, "status": status}
            self.books.payment_methods.append(method)
        for kind, length in (("after_invoice_date", 30), ("cash", None), ("end_of_month", 30)):
            term: dict[str, Any] = {"id": self.books.new_id(), "type": kind}
            self.books.payment_terms.append(term if length is None else {**term, "days": length})

    def _define(
        self, context: str, kind: str, label: str, options: list[dict[str, str]] | None
    ) -> None:
        configuration = (
            {} if options is None else {"options": options, "extra_option_allowed": False}
        )
        self.books.definitions.append(
            {
                "id": self.books.new_id(),
                "context": context,
                "type": kind,
                "label": label,
                "group": "Algemeen",
                "required": False,
                "configuration": configuration,
            }
        )

    # -- customers ---------------------------------------------------------------------------

    def _customers(self, count: int) -> list[Customer]:
        odd = self._odd_places(count, [*ODD_CUSTOMERS, *names.ODD_NAMES], ODD_CUSTOMER_SHARE)
        made = []
        for place in range(count):
            strange = odd.get(place)
            company = self.random.random() < 0.6
            if strange in names.ODD_NAMES:
                company = True
            elif strange == "no first name":
                company = False
            customer = self._company(place) if company else self._contact(place)
            if strange is not None:
                self._twist_customer(customer, strange)
            self.books.customers[customer.id] = customer
            made.append(customer)
        return made

    def _twist_customer(self, customer: Customer, strange: str) -> None:
        if strange in names.ODD_NAMES:
            customer.name = names.ODD_NAMES[strange]
        else:
            for name, value in ODD_CUSTOMERS[strange].items():
                setattr(customer, name, value)
        self.books.oddities[strange].append(customer.id)

    def _person(self, language: str) -> tuple[str, str]:
        pick = self.random.choice
        return pick(names.FIRST_NAMES[language]), pick(names.LAST_NAMES[language])

    def _shared(self, place: int) -> dict[str, Any]:
        language = self.random.choice(LANGUAGES)
        code, town, country = self.random.choice(names.TOWNS[language])
        street = f"{self.random.choice(names.STREETS[language])} {self.random.randrange(1, 240)}"
        added = self.midnight - self.random.randrange(60, 1500) * 86_400
        return {
            "id": self.books.new_id(),
            "serial": self.books.next_serial(),
            "language": language,
            "address": (street, code, town, country),
            "term": self.random.choice((None, ("after_invoice_date", 30))),
            "iban": self.random.choice((None, checkdigits.belgian_iban(place * 7919 + 11))),
            "added_at": added,
            "updated_at": added + self.random.randrange(55 * 86_400),
        }

    def _company(self, place: int) -> Customer:
        shared = self._shared(place)
        language, country = shared["language"], shared["address"][3]
        pick = self.random.choice
        _, family = self._person(language)
        style = pick(
            (f"{family} {pick(names.FANCIES[language])}", pick(names.FANCIES[language]), family)
        )
        trade = pick(names.TRADES[language])
        domain = f"{trade}{place}.example".lower().translate(str.maketrans("äéèç", "aeec"))
        vat, enterprise = self._tax_numbers(country, place)
        return Customer(
            kind="company",
            name=f"{trade} {style} {pick(names.FORMS[language])}",
            email=f"info@{domain}",
            invoicing_email=f"facturen@{domain}" if place % 3 == 0 else None,
            vat_number=vat,
            enterprise_number=enterprise,
            invoicing_address=("Postbus 77", *shared["address"][1:]) if place % 9 == 0 else None,
            phone=pick((None, "092980615", "+32 9 298 06 15")),
            tags=("klant",) if place % 2 else (),
            **shared,
        )

    def _tax_numbers(self, country: str, place: int) -> tuple[str | None, str | None]:
        number = place * 104_729 + 1_234_567
        if country == "NL":
            return checkdigits.dutch_vat(number), None
        if country == "FR":
            return checkdigits.french_vat(number), None
        if country == "DE":
            return checkdigits.german_vat(number), None
        if country != "BE":
            return None, None
        digits = checkdigits.belgian_enterprise(number)
        spaced = f"BE {digits[:4]}.{digits[4:7]}.{digits[7:]}"
        return (spaced if place % 4 == 0 else f"BE{digits}"), digits

    def _contact(self, place: int) -> Customer:
        shared = self._shared(place)
        first, last = self._person(shared["language"])
        return Customer(
            kind="contact",
            first_name=first,
            last_name=last,
            email=f"klant{place}@post.example",
            mobile=self.random.choice((None, "+32 470 12 34 56", "0470/12.34.56")),
            **shared,
        )

    # -- subscriptions -----------------------------------------------------------------------

    def _subscriptions(self, customers: list[Customer], count: int) -> list[Subscription]:
        made = []
        for place in range(count):
            customer = self.random.choice(customers)
            net = self.random.randrange(2_000, 40_000, 500)
            started = self.today - timedelta(days=self.random.randrange(90, 900))
            made.append(
                Subscription(
                    id=self.books.new_id(),
                    serial=self.books.next_serial(),
                    title=f"Abonnement {self.random.choice(names.SERVICES).lower()}",
                    department=self.books.departments[0].id,
                    customer_kind=customer.kind,
                    customer_id=customer.id,
                    net=net,
                    payable=round(net * 1.21),
                    starts_on=started.isoformat(),
                    field_value="1421" if place % 5 == 1 else None,
                    created_at=self.midnight - self.random.randrange(900, 1000) * 86_400,
                )
            )
        if self.odd:
            made[0].term = ("after_invoice_date", 0)
            self.books.oddities["subscription of 0 days"].append(made[0].id)
        self.books.subscriptions.update((one.id, one) for one in made)
        return made

    # -- invoices ----------------------------------------------------------------------------

    def _invoices(
        self, count: int, days: int, customers: list[Customer], subscriptions: list[Subscription]
    ) -> None:
        odd = self._odd_places(count, [*RARE_ODDITIES], RARE_SHARE)
        free = [place for place in range(count) if place not in odd]
        self.random.shuffle(free)
        for strange, share in COMMON_ODDITIES.items():
            for _ in range(min(len(free), round(count * share * self.odd))):
                odd[free.pop()] = strange
        offsets = sorted((self.random.randrange(max(1, days)) for _ in range(count)), reverse=True)
        made = []
        for place, offset in enumerate(offsets):
            day = self.today - timedelta(days=offset)
            invoice = self._invoice(day, offset, self.random.choice(customers))
            if self.random.random() < 0.2:
                self._subscribe(invoice, self.random.choice(subscriptions))
            if place in odd:
                self._twist(invoice, odd[place])
            self._number(invoice)
            made.append(invoice)
        self.books.invoices.fill(made)

    def _invoice(self, day: date, offset: int, customer: Customer) -> Invoice:
        pick, roll = self.random.choice, self.random.randrange
        net = pick((roll(1_000, 20_000, 100), roll(5_000, 150_000, 50), roll(990, 500_000)))
        booked = min(self.midnight - offset * 86_400 + roll(25_000, 60_000), self.midnight - 10_800)
        serial, word = self.books.next_serial(), day.isoformat()
        return Invoice(
            id=self.books.new_id(),
            serial=serial,
            department=self._department(serial),
            number="",
            date=word,
            due_on=(day + timedelta(days=30)).isoformat(),
            net=net,
            payable=round(net * 1.21),
            reference=checkdigits.structured_reference(1_000_000_000 + serial * 31),
            purchase_order=f"PO-{serial}" if serial % 17 == 0 else None,
            customer_kind=customer.kind,
            customer_id=customer.id,
            name=customer.display_name,
            vat_number=customer.vat_number,
            attention_name="Dienst boekhouding" if serial % 23 == 0 else None,
            email=customer.invoicing_email or customer.email,
            field_value=pick((ABSENT, None, None, None, None, None, None, "1420", "1421", "")),
            sent=serial % 8 != 0,
            file_at=booked + 60,
            created_at=booked - roll(0, 5 * 86_400),
            updated_at=booked,
        )

    def _department(self, serial: int) -> str:
        departments = self.books.departments
        return departments[0 if serial % 4 else -1].id

    def _subscribe(self, invoice: Invoice, subscription: Subscription) -> None:
        customer = self.books.customers[subscription.customer_id]
        invoice.subscription = subscription.id
        invoice.customer_kind, invoice.customer_id = customer.kind, customer.id
        invoice.name, invoice.vat_number = customer.display_name, customer.vat_number
        invoice.email = customer.invoicing_email or customer.email
        invoice.net, invoice.payable = subscription.net, subscription.payable
        invoice.term = subscription.term
        if subscription.term[1] == 0:
            invoice.due_on = invoice.date

    def _twist(self, invoice: Invoice, strange: str) -> None:
        paid_at = min(invoice.updated_at + SETTLEMENT, self.midnight - 60)
        match strange:
            case "paid":
                invoice.payments = ((paid_at, invoice.payable),)
            case "partly paid":
                invoice.payments = ((paid_at, invoice.payable // 3),)
            case "draft":
                invoice.number = invoice.date = invoice.due_on = invoice.reference = None
            case "unrendered":
                invoice.file_at = self.midnight + 30 * 86_400
            case "customer gone":
                invoice.customer_id = self.books.new_id()
            case "due at once":
                invoice.due_on, invoice.term = invoice.date, ("after_invoice_date", 0)
        for name, value in RARE_ODDITIES.get(strange, {}).items():
            setattr(invoice, name, self._option() if value == "OPTION" else value)
        self.books.oddities[strange].append(invoice.id)

    def _option(self) -> str:
        return str(self.books.definitions[0]["configuration"]["options"][1]["id"])

    def _number(self, invoice: Invoice) -> None:
        if invoice.number is not None and invoice.date is not None:
            invoice.number = self.books.next_number("invoice", invoice.department, invoice.date)

    # -- credit notes ------------------------------------------------------------------------

    def _credit_notes(self, count: int) -> None:
        whole = [one for one in self.books.invoices.dated if one.status == "outstanding"]
        plain = [one for one in whole if one.payable > 1_000 and one.customer_id]
        for place, parent in enumerate(self.random.sample(plain, min(count, len(plain)))):
            share = (2, 3, 1)[place % 3]  # a half, a third, the whole
            alone = place % 4 == 3
            note = self._credit_note(parent, parent.payable // share, alone=alone)
            self.books.credit_notes[note.id] = note
            if not alone:
                parent.credited = note.payable
                self.books.oddities["credited"].append(parent.id)

    def _credit_note(self, parent: Invoice, cents: int, *, alone: bool) -> CreditNote:
        day = parent.date or self.today.isoformat()
        booked = min(parent.updated_at + 3600, self.midnight - 7200)
        return CreditNote(
            id=self.books.new_id(),
            serial=self.books.next_serial(),
            department=parent.department,
            number=self.books.next_number("credit note", parent.department, day),
            date=day,
            net=round(cents / 1.21),
            payable=cents,
            invoice=None if alone else parent.id,
            currency=parent.currency,
            customer_kind=parent.customer_kind,
            customer_id=parent.customer_id,
            name=parent.name,
            vat_number=parent.vat_number,
            created_at=booked,
            updated_at=booked,
        )

    def _odd_places(self, count: int, kinds: list[str], share: float) -> dict[int, str]:
        """Which places are odd and how: the kinds take turns, so the first ones always occur."""
        wanted = min(count, round(count * share * self.odd))
        turns: Iterator[str] = itertools.cycle(kinds)
        return dict(zip(self.random.sample(range(count), wanted), turns, strict=False))
