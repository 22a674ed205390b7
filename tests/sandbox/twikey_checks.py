"""What Twikey refuses in an invoice's body before it looks into its books (reference 2.2, 2.3).

Required fields, types and lengths are those of the published contract; codes are those of 1.10.
"""

import base64
import binascii
import math
import re
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlsplit

from tests.sandbox.twikey_rules import Switches
from tests.sandbox.wire import Response

Body = dict[str, Any]

LANGUAGES = frozenset({"en", "nl", "fr", "de", "it", "pt", "es"})
LOCALES = LANGUAGES | {"nl_nl", "fr_fr"}
_ISO_3166 = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR "
    "BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ "
    "EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW "
    "GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY "
    "KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV "
    "MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG "
    "TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM "
    "ZW"
)
COUNTRIES = frozenset(_ISO_3166.split())
INVOICE_TEXTS: dict[str, int | None] = {
    "id": 36,
    "number": 50,
    "title": 140,
    "remittance": 140,
    "ref": None,
    "locale": None,
    "customerByDocument": None,
    "customerByRef": None,
    "pdf": None,
    "pdfUrl": None,
    "redirectUrl": None,
    "email": 70,
    "relatedInvoiceNumber": None,
    "cc": None,
    "campaign": None,
}
CUSTOMER_TEXTS: dict[str, int | None] = {
    "customerNumber": 50,
    "email": 70,
    "firstname": 50,
    "lastname": 50,
    "companyName": 140,
    "coc": 50,
    "vatno": 50,
    "l": 2,
    "address": 70,
    "city": 50,
    "zip": 50,
    "country": 2,
    "mobile": 50,
    "peppol": 50,
}
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_EMAIL = re.compile(r"[^@\s,;<>\"()]+@[^@\s,;<>\"()]+\.[^@\s,;<>\"().]+")
_SEPA = re.compile(r"[a-zA-Z0-9/\-?:().,'+ ]*")


class Refusal(Exception):
    """Twikey's no: an error code, and in ``extra`` what it is about (reference 1.9)."""

    def __init__(self, code: str, extra: str | None = None, status: int = 400) -> None:
        super().__init__(code)
        self.code, self.extra, self.status = code, extra, status

    @property
    def message(self) -> str:
        """A sentence nobody should branch on."""
        return self.code.removeprefix("err_").replace("_", " ").capitalize()

    def response(self) -> Response:
        """Both headers and the JSON body: rule 4 of chapter 12."""
        body = {"code": self.code, "message": self.message}
        if self.extra is not None:
            body["extra"] = self.extra
        return Response(self.status, {"ApiError": self.message, "ApiErrorCode": self.code}, body)


@dataclass(slots=True)
class Draft:
    """An invoice body that passed: amounts in cents, the rest as sent."""

    body: Body
    id: str | None
    number: str
    cents: int
    prepaid_cents: int
    ct: int | None
    manual: bool
    customer: dict[str, str] | None

    def text(self, name: str) -> str | None:
        """An optional text of the body; blank is absent."""
        return self.body.get(name) or None


def texts(body: Body, table: dict[str, int | None]) -> None:
    """Refuse values of the table's names that are no text or too long."""
    for name, longest in table.items():
        if name not in body:
            continue
        value = body[name]
        if type(value) is not str or (longest is not None and len(value) > longest):
            raise Refusal("err_invalid_params", name)
        if not value.isascii() and re.search("[\ud800-\udfff]", value):
            raise Refusal("err_invalid_params", name)


def cents(value: Any, name: str) -> int:
    """A JSON number of euros with at most two decimals, as cents."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise Refusal("err_invalid_amount", name)
    nearest = round(value * 100)
    if abs(value * 100 - nearest) > 1e-4:
        raise Refusal("err_invalid_amount", name)
    return nearest


def day(value: Any, name: str) -> str:
    """An existing day written yyyy-mm-dd."""
    if type(value) is str and _DAY.fullmatch(value):
        try:
            date.fromisoformat(value)
        except ValueError:
            pass
        else:
            return value
    raise Refusal("err_invalid_date", name)


def email(value: str, name: str) -> None:
    """One e-mail address."""
    if not _EMAIL.fullmatch(value):
        raise Refusal("err_invalid_email", name)


def address(value: str, name: str) -> None:
    """An http or https address."""
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refusal("err_invalid_params", name)


def language(value: str, name: str, known: frozenset[str] = LANGUAGES) -> None:
    """A language that Twikey has."""
    if value not in known:
        raise Refusal("err_invalid_lang", name)


def country(value: str, name: str) -> None:
    """An ISO 3166-1 alpha-2 code."""
    if value not in COUNTRIES:
        raise Refusal("err_invalid_country", name)


def pdf(value: str, limit: int) -> str:
    """A PDF in plain base64: standard alphabet, no line breaks, no prefix (reference 2.16)."""
    try:
        content = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise Refusal("err_invalid_params", "pdf") from None
    if not content.startswith(b"%PDF-"):
        raise Refusal("err_invalid_params", "pdf")
    if len(content) > limit:
        raise Refusal("err_invalid_params", "pdf", 413)
    return value


def profile(value: Any) -> int:
    """A profile number: an integer, or its digits as text of at most 4 (contract, bulk sample)."""
    if type(value) is str and value.isascii() and value.isdigit() and len(value) <= 4:
        return int(value)
    if type(value) is int and 0 <= value <= 9999:
        return value
    raise Refusal("err_invalid_ct", "ct")


def yes(value: Any, name: str) -> bool:
    """A JSON boolean, or "true" or "false" as text."""
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise Refusal("err_invalid_params", name)


def customer(body: Any) -> dict[str, str]:
    """The customer object of an invoice; blank values are absent, unknown names ignored."""
    if not isinstance(body, dict):
        raise Refusal("err_invalid_params", "customer")
    if "firstName" in body or "lastName" in body:
        body = {{"firstName": "firstname", "lastName": "lastname"}.get(k, k): body[k] for k in body}
    texts(body, CUSTOMER_TEXTS)
    known = {name: body[name] for name in CUSTOMER_TEXTS if body.get(name)}
    if "customerNumber" not in known and "email" not in known:
        raise Refusal("err_missing_params", "customerNumber")
    customer_values(known)
    return known


def customer_values(known: dict[str, str]) -> None:
    """Refuse an e-mail address, language or country that is none."""
    for name, check in (("email", email), ("l", language), ("country", country)):
        if name in known:
            check(known[name], name)


def invoice(body: Any, rules: Switches) -> Draft:
    """Check a whole invoice body; raises ``Refusal`` with the first thing wrong."""
    if not isinstance(body, dict):
        raise Refusal("err_invalid_params", "invoice")
    texts(body, INVOICE_TEXTS)
    for name in ("number", "amount"):
        if body.get(name) in (None, ""):
            raise Refusal("err_missing_params", name)
    if "id" in body and not _UUID.fullmatch(body["id"]):
        raise Refusal("err_invalid_params", "id")
    _dates(body, rules)
    _optional_values(body, rules)
    given = [name for name in ("customer", "customerByRef", "customerByDocument") if name in body]
    if len(given) != 1 or not body[given[0]]:
        raise Refusal("err_invalid_params" if given else "err_missing_params", "customer")
    amount = cents(body["amount"], "amount")
    if amount == 0 and rules.zero_amount == "refuse":
        raise Refusal("err_invalid_amount", "amount")
    return Draft(
        body=body,
        id=body["id"].lower() if "id" in body else None,
        number=body["number"],
        cents=amount,
        prepaid_cents=cents(body["paidamount"], "paidamount") if "paidamount" in body else 0,
        ct=profile(body["ct"]) if "ct" in body else None,
        manual=yes(body["manual"], "manual") if "manual" in body else False,
        customer=customer(body["customer"]) if "customer" in body else None,
    )


def _dates(body: Body, rules: Switches) -> None:
    issued, due = day(body.get("date"), "date"), day(body.get("duedate"), "duedate")
    if due < issued and rules.due_before_date == "refuse":
        raise Refusal("err_invalid_date", "duedate")


def _optional_values(body: Body, rules: Switches) -> None:
    if body.get("email"):
        email(body["email"], "email")
    for one in filter(None, body.get("cc", "").split(",")):
        email(one.strip(), "cc")
    for name in ("locale", "l"):
        if body.get(name):
            language(str(body[name]).lower(), name, LOCALES)
    for name in ("pdfUrl", "redirectUrl"):
        if body.get(name):
            address(body[name], name)
    if body.get("pdf"):
        pdf(body["pdf"], rules.pdf_limit)
        if body.get("pdfUrl"):
            raise Refusal("err_invalid_params", "pdfUrl")
    if rules.sepa_only:
        for name in ("title", "remittance"):
            if not _SEPA.fullmatch(body.get(name, "")):
                raise Refusal("err_invalid_sepachars", name)
