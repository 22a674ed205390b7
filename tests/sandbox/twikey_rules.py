"""How the sandbox's Twikey behaves where the real one may do either: a switch per unknown.

The switches live in ``world.rules`` with the prefix ``twikey_`` and are read without it here. The
defaults are the stricter reading of API reference chapters 10 and 12, or the documented one.
"""

from typing import Any

from tests.sandbox.world import Rules

DEFAULTS: dict[str, Any] = {
    # Sessions: reference 1.3-1.6, 10-3
    "keys": {"twikey-sandbox-key": None},  # API key -> its private key in hex, or None
    "login_failure_status": 400,  # 200: refused without a token, "for security reasons"
    "login_limit": 30,  # logins per window, refused ones count too; None: no limit
    "login_window": 600.0,  # seconds
    "login_retry_after": None,  # seconds announced; None: what is really left of the window
    "login_ends_older": False,  # a new login ends the older tokens of the key
    "token_seconds": 86_400.0,
    "merchant": "4711",
    "app_url": "https://app.beta.twikey.com",
    # Limits, in calls per minute: 1.12
    "detail_limit": 60,  # all rate-limited reads of one key together
    "create_limit": None,  # POST /invoice; None: no limit
    # Creating: 2.2, 2.5, 10-1, 10-2, 10-4
    "existing_number": "return",  # "400", "409": an invoice of that number exists
    "existing_id": "refuse",  # "return": that id exists under another number
    "deleted_id": "free",  # "refuse": the id of a deleted invoice is used again
    "idempotency": True,  # Idempotency-Key is honoured on POST /invoice
    "idempotency_used_by_refusal": False,  # a refused create uses its key up as well
    "due_before_date": "refuse",  # "accept"
    "zero_amount": "paid",  # "refuse"
    "unknown_related": "accept",  # "refuse": relatedInvoiceNumber is not in Twikey
    "sepa_only": False,  # title and remittance beyond the SEPA characters are refused
    "name_required": True,  # a new customer needs a company, first or last name
    "past_due_is_expired": False,  # created past its due date: EXPIRED at once
    "warn_on_create": "",  # text of an X-Warning header on a successful create
    # Profiles and customers: 4.1-4.3, 10-12, 10-13, 10-16
    "account_default": 1400,
    "ct_sets_default": False,  # the ct of an invoice becomes the new customer's default profile
    "create_overwrites": False,  # an invoice changes the customer that exists already
    "blank_parameter": "refuse",  # "clear", "ignore": a PATCH parameter without a value
    "patch_undocumented": False,  # PATCH knows vatno, peppol and delivery
    "customer_get": False,  # GET /customer/{number} answers
    "templates": False,  # GET /template answers
    # Bulk: 2.14, 10-18
    "bulk_polls": 1,  # so many questions are answered 409
    "bulk_seconds": 0.0,  # the batch is applied, and ready, only so much later
    "bulk_existing": "existing_id",  # "sent_id", "error": the row of a number that exists
    "bulk_error_text": "code",  # "message": what the row of a refused member says
    "bulk_rows_left_out": 0,  # so many rows are missing at the end of the result
    # Reading and changing: 2.6, 2.9-2.12, 2.16, 10-5, 10-6, 10-7, 10-9, 10-19, 10-35
    "unknown_invoice": "400",  # "404", "empty": how an unknown id is answered
    "no_pdf": "404",  # "400": GET pdf of an invoice without one
    "amount_as_text": False,  # "100.00" instead of 100.0
    "state_as_status": False,  # the state is called status
    "strict_put": True,  # PUT needs date and duedate, and changes no state or date while PENDING
    "pdf_while_pending": True,  # a PDF may be attached while PENDING
    "second_pdf": "replace",  # "refuse"
    "pdf_limit": 10_000_000,  # bytes
    "invite_on_pdf": True,  # with_pdf profiles invite when the PDF arrives
    "invite_on_every_pdf": False,  # and again at the next PDF
    "email_disabled": False,
    # Feeds: 3.2-3.5, 10-8, 10-10, 10-11, 10-31, 10-34
    "feed_page_size": 100,
    "feed_start": "start",  # "now": where a fresh key begins
    "feed_item": "now",  # "event": the state shown is that of the event
    "feed_collapses": False,  # only the newest event of an invoice is left in the feed
    "own_changes_in_feed": True,  # creates, PUTs and actions of the key appear too
    "payment_feed": "on",  # "404", "400": this server does not have it
    "manual_in_payment_feed": True,  # marking as paid is a payment event
    "refund_reopens": False,  # a refund by the merchant makes a paid invoice owed again
}

CHOICES: dict[str, tuple[str, ...]] = {
    "existing_number": ("return", "400", "409"),
    "existing_id": ("refuse", "return"),
    "deleted_id": ("free", "refuse"),
    "due_before_date": ("refuse", "accept"),
    "zero_amount": ("paid", "refuse"),
    "unknown_related": ("accept", "refuse"),
    "blank_parameter": ("refuse", "clear", "ignore"),
    "bulk_existing": ("existing_id", "sent_id", "error"),
    "bulk_error_text": ("code", "message"),
    "unknown_invoice": ("400", "404", "empty"),
    "no_pdf": ("404", "400"),
    "second_pdf": ("replace", "refuse"),
    "feed_start": ("start", "now"),
    "feed_item": ("now", "event"),
    "payment_feed": ("on", "404", "400"),
}


class Switches:
    """The rules of Twikey alone, by their short names."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        rules.declare({f"twikey_{name}": value for name, value in DEFAULTS.items()})

    def __getattr__(self, name: str) -> Any:
        value = self._rules[f"twikey_{name}"]
        if value not in CHOICES.get(name, (value,)):
            raise ValueError(f"twikey_{name} knows {CHOICES[name]}, not {value!r}")
        return value
