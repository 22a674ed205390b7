"""Books to JSON text, by hand: rows come by the hundred (API reference 2.4, appendix A).

Money is a JSON number of units: an int, one decimal or two, as Teamleader mixes them.
"""

import json
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring as quoted
from typing import Any

from tests.sandbox.entities import ABSENT, CreditNote, Customer, Invoice, Subscription

WEB = "https://focus.teamleader.eu"
TEMPLATE = '{"type":"documentTemplate","id":"f19a5c38-70e2-0d1b-a6c4-3b8e92d7f056"}'
TAX_RATE = '{"type":"taxRate","id":"a3d97b10-6c58-0e4f-9b02-d84c1f6e5730"}'
USER = '{"type":"user","id":"d1a7c03e-44f2-0e9b-8c30-7b6f51aa9e02"}'


@lru_cache(maxsize=65_536)
def instant(moment: int | None) -> str:
    """An instant as JSON: UTC with ``+00:00``, or null."""
    return f'"{datetime.fromtimestamp(moment, UTC).isoformat()}"' if moment is not None else "null"


def text(value: str | None) -> str:
    """A string as JSON, or null."""
    return "null" if value is None else quoted(value)


def units(cents: int) -> str:
    """Cents as a JSON number of units: 242, 121.5, 121.05, and now and then 121.50."""
    whole, rest = divmod(abs(cents), 100)
    sign = "-" if cents < 0 else ""
    if rest == 0:
        return f"{sign}{whole}"
    if rest % 10 == 0 and whole % 7:
        return f"{sign}{whole}.{rest // 10}"
    return f"{sign}{whole}.{rest:02d}"


@lru_cache(maxsize=8_192)
def money(cents: int, currency: str) -> str:
    """An amount with its currency."""
    return f'{{"amount":{units(cents)},"currency":"{currency}"}}'


def ref(kind: str | None, key: str | None) -> str:
    """A reference, or null when there is no id."""
    return "null" if key is None else f'{{"type":"{kind}","id":"{key}"}}'


def array(rows: list[str]) -> str:
    """Rows of JSON as one array."""
    return f"[{','.join(rows)}]"


def custom_field(definition: str, value: Any) -> str:
    """``custom_fields`` with one value, or none at all (API reference 3.9)."""
    if value is ABSENT:
        return "[]"
    shown = json.dumps(value, ensure_ascii=False)
    return f'[{{"definition":{ref("customFieldDefinition", definition)},"value":{shown}}}]'


def _totals(thing: Invoice | CreditNote | Subscription, rate: float, currency: str) -> str:
    net, gross = money(thing.net, currency), money(thing.payable, currency)
    tax = money(thing.payable - thing.net, currency)
    return (
        f'"tax_exclusive":{net},"tax_inclusive":{gross},'
        f'"taxes":[{{"rate":{rate},"taxable":{net},"tax":{tax}}}]'
    )


def _invoice_shared(one: Invoice, now: float) -> str:
    file = ref("file", f"{one.id[::-1][:8]}{one.id[8:]}" if now >= one.file_at else None)
    paid = one.paid
    paid_at = one.payments[-1][0] if paid and one.payments else None
    return (
        f'"id":"{one.id}","department":{ref("department", one.department)},'
        f'"invoice_number":{text(one.number)},"invoice_date":{text(one.date)},'
        f'"status":"{one.status}","due_on":{text(one.due_on)},'
        f'"paid":{"true" if paid else "false"},"paid_at":{instant(paid_at)},'
        f'"sent":{"true" if one.sent else "false"},'
        f'"purchase_order_number":{text(one.purchase_order)},'
        f'"payment_reference":{text(one.reference)},'
        f'"currency_exchange_rate":{{"from":"{one.currency}","to":"EUR",'
        f'"rate":{1 if one.currency == "EUR" else 0.92}}},'
        f'"created_at":{instant(one.created_at)},"updated_at":{instant(one.updated_at)},'
        f'"file":{file},"deal":null,"project":null,"delivery_date":null'
    )


def _invoicee(one: Invoice | CreditNote) -> str:
    return (
        f'"name":{text(one.name)},"vat_number":{text(one.vat_number)},'
        f'"customer":{ref(one.customer_kind, one.customer_id)}'
    )


def _attention(one: Invoice) -> str:
    if one.attention_name is None and one.attention_contact is None:
        return "null"
    contact = ref("contact", one.attention_contact)
    return f'{{"name":{text(one.attention_name)},"contact":{contact}}}'


def invoice_row(one: Invoice, now: float, *, late_fees: bool = False) -> str:
    """An invoice as `invoices.list` gives it: no e-mail, custom fields, payments or term."""
    due = money(one.due, one.currency)
    fees = ""
    if late_fees:
        nothing = money(0, one.currency)
        fees = f',"due_incasso_inclusive":{due},"fixed_late_fee":{nothing},"interest":{nothing}'
    return (
        f"{{{_invoice_shared(one, now)},"
        f'"invoicee":{{{_invoicee(one)},"for_attention_of":{_attention(one)}}},'
        f'"total":{{{_totals(one, one.rate, one.currency)},'
        f'"payable":{money(one.payable, one.currency)},"due":{due}{fees}}},'
        f'"web_url":"{WEB}/invoice_detail.php?id={one.id}",'
        f'"subscription":{ref("subscription", one.subscription)}}}'
    )


def invoice_info(one: Invoice, now: float, definition: str) -> str:
    """An invoice as `invoices.info` gives it: no subscription, no web_url."""
    net, gross = money(one.net, one.currency), money(one.payable, one.currency)
    before = f'"tax_exclusive_before_discount":{net},"tax_inclusive_before_discount":{gross}'
    paid = [
        f'{{"paid_at":{instant(moment)},"payment":{money(cents, one.currency)}}}'
        for moment, cents in one.payments
    ]
    method = (
        f'{{"method":"sepa_direct_debit","reference":{quoted(one.expected_method)}}}'
        if one.expected_method
        else "null"
    )
    return (
        f"{{{_invoice_shared(one, now)},"
        f'"invoicee":{{{_invoicee(one)},"for_attention_of":{_attention(one)},'
        f'"email":{text(one.email)},"national_identification_number":null}},'
        f'"discounts":[],"grouped_lines":{_lines(one, before)},'
        f'"total":{{{_totals(one, one.rate, one.currency)},{before},"withheld_taxes":[],'
        f'"payable":{gross},"due":{money(one.due, one.currency)}}},'
        f'"payment_term":{_term(one.term)},"payments":{array(paid)},"note":{text(one.note)},'
        f'"currency":"{one.currency}","expected_payment_method":{method},'
        f'"on_hold_since":{text(one.on_hold_since)},'
        f'"custom_fields":{custom_field(definition, one.field_value)},'
        f'"document_template":{TEMPLATE},"peppol_status":null}}'
    )


def _lines(one: Invoice | CreditNote, before: str) -> str:
    net, gross = money(one.net, one.currency), money(one.payable, one.currency)
    return (
        '[{"section":{"title":""},"line_items":[{"product":null,"product_category":null,'
        '"quantity":1,"description":"Onderhoud","extended_description":null,"unit":null,'
        f'"unit_price":{{"amount":{units(one.net)},"tax":"excluding"}},"tax":{TAX_RATE},'
        f'"discount":null,"total":{{"tax_exclusive":{net},"tax_inclusive":{gross},{before}}},'
        '"withheld_tax":null}]}]'
    )


def _term(term: tuple[str, int] | None) -> str:
    if term is None:
        return "null"
    return '{"type":"cash"}' if term[0] == "cash" else f'{{"type":"{term[0]}","days":{term[1]}}}'


def credit_note_row(one: CreditNote) -> str:
    """A credit note as `creditNotes.list` gives it: no due, no reference, no file."""
    return f"{{{_credit_note(one)},{_credit_invoicee(one, '')}}}"


def credit_note_info(one: CreditNote) -> str:
    """A credit note as `creditNotes.info` gives it, without the array around it."""
    email = ',"email":null,"national_identification_number":null'
    before = (
        f'"tax_exclusive_before_discount":{money(one.net, one.currency)},'
        f'"tax_inclusive_before_discount":{money(one.payable, one.currency)}'
    )
    return (
        f"{{{_credit_note(one)},{_credit_invoicee(one, email)},"
        f'"discounts":[],"grouped_lines":{_lines(one, before)},"currency":"{one.currency}",'
        f'"currency_exchange_rate":{{"from":"{one.currency}","to":"EUR","rate":1}},'
        f'"document_template":{TEMPLATE},"peppol_status":null}}'
    )


def _credit_invoicee(one: CreditNote, more: str) -> str:
    return f'"invoicee":{{{_invoicee(one)}{more}}}'


def _credit_note(one: CreditNote) -> str:
    return (
        f'"id":"{one.id}","department":{ref("department", one.department)},'
        f'"credit_note_number":{quoted(one.number)},"credit_note_date":"{one.date}",'
        f'"status":"booked","invoice":{ref("invoice", one.invoice)},'
        f'"paid":{"true" if one.paid else "false"},"paid_at":{instant(one.paid_at)},'
        f'"total":{{{_totals(one, one.rate, one.currency)},'
        f'"payable":{money(one.payable, one.currency)}}},'
        f'"created_at":{instant(one.created_at)},"updated_at":{instant(one.updated_at)}'
    )


def customer_row(one: Customer, definition: str | None) -> str:
    """A contact or company in a list; a definition id (or "") asks for the custom fields."""
    fields = "" if definition is None else f',"custom_fields":{_customer_fields(definition)}'
    return f'{{{_customer(one)},"primary_address":{_address(one.address)}{fields}}}'


def customer_info(one: Customer, definition: str) -> str:
    """A contact or company alone: all addresses, no `primary_address`."""
    addresses = []
    for kind, address, addressee in (
        ("primary", one.address, None),
        ("invoicing", one.invoicing_address, "Dienst boekhouding"),
    ):
        if address is not None:
            whose = f'"addressee":{quoted(addressee)},' if addressee else ""
            part = f"{{{whose}{_address(address)[1:]}"
            addresses.append(f'{{"type":"{kind}","address":{part}}}')
    more = '"remarks":null'
    if one.kind == "contact":
        more += f',"vat_number":{text(one.vat_number)},"companies":[]'
    fields = _customer_fields(definition)
    return f'{{{_customer(one)},"addresses":{array(addresses)},{more},"custom_fields":{fields}}}'


def _customer_fields(definition: str) -> str:
    return custom_field(definition, None if definition else ABSENT)


def _address(address: tuple[str | None, str | None, str | None, str] | None) -> str:
    if address is None:
        return "null"
    line, code, city, country = address
    return (
        f'{{"line_1":{text(line)},"postal_code":{text(code)},"city":{text(city)},'
        f'"country":"{country}","area_level_two":null}}'
    )


def _customer(one: Customer) -> str:
    emails = [("primary", one.email), ("invoicing", one.invoicing_email)]
    phones = [("phone", one.phone), ("mobile", one.mobile)]
    mails = [f'{{"type":"{kind}","email":{quoted(mail)}}}' for kind, mail in emails if mail]
    calls = [f'{{"type":"{kind}","number":{quoted(call)}}}' for kind, call in phones if call]
    return (
        f'"id":"{one.id}",{_named(one)},"status":"{one.status}","emails":{array(mails)},'
        f'"telephones":{array(calls)},"website":null,"iban":{text(one.iban)},"bic":null,'
        f'"language":{text(one.language)},"payment_term":{_term(one.term)},'
        f'"national_identification_number":{text(one.enterprise_number)},'
        '"invoicing_preferences":{"electronic_invoicing_address":null},'
        f'"tags":{json.dumps(one.tags, ensure_ascii=False)},'
        f'"added_at":{instant(one.added_at)},"updated_at":{instant(one.updated_at)},'
        f'"web_url":"{WEB}/{one.kind}_detail.php?id={one.id}","marketing_mails_consent":false'
    )


def _named(one: Customer) -> str:
    if one.kind == "contact":
        return (
            f'"first_name":{text(one.first_name)},"last_name":{quoted(one.last_name)},'
            '"salutation":null,"gender":"unknown","birthdate":null'
        )
    return (
        f'"name":{quoted(one.name)},"vat_number":{text(one.vat_number)},'
        f'"business_type":null,"preferred_currency":null,"responsible_user":{USER}'
    )


def subscription_row(one: Subscription, *, more: str = "") -> str:
    """A subscription in a list: no term, no custom fields, never an updated_at."""
    who = ref(one.customer_kind, one.customer_id)
    return (
        f'{{"id":"{one.id}","title":{quoted(one.title)},"note":null,"status":"{one.status}",'
        f'"department":{ref("department", one.department)},'
        f'"invoicee":{{"customer":{who},"for_attention_of":null}},"project":null,'
        f'"starts_on":"{one.starts_on}","ends_on":null,"next_renewal_date":null,'
        '"billing_cycle":{"periodicity":{"unit":"month","period":1},"days_in_advance":0},'
        f'"total":{{{_totals(one, 0.21, "EUR")}}},'
        f'"web_url":"{WEB}/subscription_detail.php?id={one.id}",'
        f'"created_at":{instant(one.created_at)},"purchase_order_number":null,'
        f'"delivery_information":null{more}}}'
    )


def subscription_info(one: Subscription, definition: str) -> str:
    """A subscription alone, with its term and custom fields."""
    return subscription_row(
        one,
        more=(
            f',"payment_term":{_term(one.term)},"grouped_lines":[],'
            f'"invoice_generation":{{"action":"{one.action}",'
            '"sending_methods":[{"method":"email"}],"payment_method":"direct_debit"},'
            f'"custom_fields":{custom_field(definition, one.field_value)},'
            f'"document_template":{TEMPLATE},"currency":"EUR"'
        ),
    )


def plain(one: dict[str, Any], version: str) -> str:
    """Settings as they are; before 2023-09-26 a custom field's options were strings (1.4)."""
    options = one.get("configuration", {}).get("options")
    if options and version < "2023-09-26":
        words = [option["value"] for option in options]
        one = {**one, "configuration": {**one["configuration"], "options": words}}
    return json.dumps(one, ensure_ascii=False, separators=(",", ":"))
