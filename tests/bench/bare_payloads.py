"""The transformation as a plain script would write it: no ledger, no reasons, no safety.

Decides the same as the product for the sandbox's books, from the raw JSON rows of Teamleader.
"""

import re
from typing import Any

Json = dict[str, Any]

TITLES = {
    "en": ("Invoice", "Credit note"), "nl": ("Factuur", "Creditnota"),
    "fr": ("Facture", "Note de crédit"), "de": ("Rechnung", "Gutschrift"),
}  # fmt: skip
DECORATION = re.compile(r"[+*/\s]")
STRUCTURED = re.compile(r"[0-9]{12}")
NOT_A_CODE = re.compile(r"[^A-Z0-9]")
BLANKS = re.compile(r"[\s().\-/]")
COUNTRIES = {"BE": "32", "NL": "31", "FR": "33", "DE": "49", "LU": "352"}


def in_order(invoices: list[Json], credit_notes: list[Json]) -> list[Json]:
    """Put invoices before credit notes, each by number, as the product takes them."""
    return [
        *sorted(invoices, key=lambda row: str(row["invoice_number"])),
        *sorted(credit_notes, key=lambda row: str(row["credit_note_number"])),
    ]


def payload(row: Json, customers: dict[str, Json], known: set[str]) -> Json | None:
    """Return what to send for one row, or None where nothing is to be sent."""
    credit = "credit_note_number" in row
    total, who = row["total"], row.get("invoicee") or {}
    payable = total["payable"]["amount"]
    if not credit and (row["paid"] or total["due"]["amount"] <= 0 or payable < 0):
        return None
    customer = customers.get((who.get("customer") or {}).get("id", ""))
    due_on = row["credit_note_date"] if credit else row["due_on"]
    if not payable or customer is None or due_on is None or total["payable"]["currency"] != "EUR":
        return None
    return _written(row, customer, customers, known, due_on)


def _written(
    row: Json, customer: Json, customers: dict[str, Json], known: set[str], due_on: str
) -> Json:
    credit = "credit_note_number" in row
    shown = row["credit_note_number"] if credit else row["invoice_number"]
    number = f"CN{shown}" if credit else shown
    payable = row["total"]["payable"]["amount"]
    emails = _emails(customer)
    locale = _language(customer) or "en"
    body: Json = {
        "id": row["id"],
        "number": number,
        "title": f"{TITLES.get(locale, TITLES['en'])[credit]} {shown}",
        "remittance": _remittance(row.get("payment_reference"), number),
        "ref": row["id"],
        "amount": -payable if credit else payable,
        "date": row["credit_note_date"] if credit else row["invoice_date"],
        "duedate": due_on,
        "locale": locale,
        "campaign": "teamleader",
    }
    if credit:
        body["manual"] = True
    elif row["total"]["due"]["amount"] < payable:
        body["paidamount"] = round(payable - row["total"]["due"]["amount"], 2)
    if emails[1:]:
        body["cc"] = ",".join(emails[1:])
    if customer["id"] in known:
        body["customerByRef"] = customer["id"]
    else:
        body |= {"ct": "1420", "customer": _customer(customer, emails)}
    return body


def _emails(customer: Json) -> list[str]:
    by_type = {one["type"]: one["email"] for one in customer.get("emails") or ()}
    found = f"{by_type.get('primary') or ''};{by_type.get('invoicing') or ''}"
    parts = (part.strip() for part in re.split("[;,]", found))
    return list(dict.fromkeys(part for part in parts if "@" in part and " " not in part))


def _language(customer: Json) -> str | None:
    code = (customer.get("language") or "").lower()[:2]
    return code if code in TITLES else None


def _remittance(reference: str | None, number: str) -> str:
    digits = DECORATION.sub("", reference or "")
    return digits if STRUCTURED.fullmatch(digits) else reference or number


def _customer(customer: Json, emails: list[str]) -> Json:
    address = customer.get("primary_address") or {}
    country = address.get("country")
    described = {
        "customerNumber": customer["id"],
        "companyName": " ".join((customer.get("name") or "").split())[:140],
        "firstname": " ".join((customer.get("first_name") or "").split())[:50],
        "lastname": " ".join((customer.get("last_name") or "").split())[:50],
        "address": (address.get("line_1") or "")[:70],
        "zip": (address.get("postal_code") or "")[:50],
        "city": (address.get("city") or "")[:50],
        "coc": NOT_A_CODE.sub("", (customer.get("national_identification_number") or "").upper()),
        "vatno": NOT_A_CODE.sub("", (customer.get("vat_number") or "").upper()),
        "l": _language(customer),
        "country": country,
        "mobile": _mobile(customer, country),
        "email": emails[0] if emails else None,
    }
    if "name" in customer:
        del described["firstname"], described["lastname"]
    else:
        del described["coc"]  # a contact's is a person's own
    return {name: value for name, value in described.items() if value}


def _mobile(customer: Json, country: str | None) -> str | None:
    numbers = (one["number"] for one in customer.get("telephones") or () if one["type"] == "mobile")
    bare = BLANKS.sub("", next(numbers, "") or "")
    if bare.startswith("0") and country in COUNTRIES:
        bare = f"+{COUNTRIES[country]}{bare[1:]}"
    return bare if bare.startswith("+") else None
