"""The switches of the pretend Teamleader; the numbers are the points of API reference, appendix B.

Where nobody knows what the real service does, the default is the less friendly answer.
"""

from typing import Any

TEAMLEADER_RULES: dict[str, Any] = {
    # B1: `includes: "pagination"` gives meta (never on contacts); False: nowhere
    "pagination_meta": True,
    # B2: page sizes
    "default_page_size": 20,
    "max_page_size": 100,
    "max_ids": 100,
    # B3: keys the reference does not name, in the body and inside `filter`: "refuse" or "ignore"
    "unknown_keys": "refuse",
    "unknown_filters": "refuse",
    # B3, quirk 1: filters that the service silently ignores (their names)
    "ignored_filters": (),
    # quirk 23: refuse `Z` and fractions of a second in datetimes
    "strict_datetimes": True,
    # U23: an updated_since in the future is a 400
    "refuse_future_since": True,
    # B6: order among equal sort keys differs from request to request; else stable by hash
    "shuffle_ties": False,
    # B6: creditNotes.list in another order each time; else stable by hash
    "shuffle_credit_notes": False,
    # 9.3: is the order of invoice numbers "numeric" or "text"?
    "number_sort": "numeric",
    # B7: does updated_since include its own second?
    "updated_since_inclusive": False,
    # B10: creditNotes.info as "array" or "object"
    "credit_note_info": "array",
    # B12: more than due, and on a paid invoice: "refuse" or "accept"
    "overpay": "refuse",
    "pay_paid": "refuse",
    # U4: a payment date later than a minute from now is a 400
    "refuse_future_paid_at": True,
    # B14, U2: do payments, removals and credit notes change updated_at?
    "payments_touch_updated_at": False,
    "credits_touch_updated_at": False,
    # U6: does an invoice settled by a credit note become matched and paid?
    "credit_marks_paid": False,
    # B15, section 5: seconds until a document is rendered (again), and what download says before
    "rendering_seconds": 120,
    "unrendered_download": "refuse",  # or "serve"
    # B16: life of an access token and a code, and what is unknown about rotation
    "token_seconds": 3600,
    "code_seconds": 600,
    "refresh_failure": "oauth",  # or "errors": the two reported bodies
    "old_access_survives": False,  # may the earlier access token still be used after a refresh?
    "consent": "ask",  # or allow, deny, forge: answer the consent page without a person
    "denial_keeps_state": True,
    "redirect_uris": None,  # None: any loopback address; else the allowed ones
    # B17: the limiter
    "rate_limit": 200,
    "rate_window_seconds": 60.0,
    "rate_reset_format": "offset",  # ...:23.035+0100, or "seconds": ...:23+00:00
    "rate_counts_refused": True,
    # B18: life of a download link
    "download_seconds": 30,
    # B20, quirk 32: properties the user may not see are left out (names, at any depth)
    "hidden_properties": (),
    # 2.3, U22: are deactivated customers listed when no status is asked for, also by ids?
    "lists_deactivated": False,
    # U8: do the invoices of a customer that is merged away name the other one afterwards?
    "merge_moves_invoices": False,
    # B20: leave null properties out
    "omit_nulls": False,
    # B22: every nth call answers 500 with HTML (0: never); slowness is `latency_ms` or a fault
    "html_error_every": 0,
    # 1.4: the version fixed at registration, used when a request does not ask for a newer one
    "client_version": "2022-09-15",
    # 1.6: methods or resources that answer 403, e.g. ("creditNotes", "users.me")
    "forbidden": (),
    # 7: the account behind the consent
    "account_id": None,  # None: the one of credentials.py
}
