"""The tables that a ledger of this version has; a migration that adds one adds it here."""

from __future__ import annotations

TABLES = frozenset({
    "_sqlite_migrations", "access", "alerts", "batches", "bookings", "credit_looks", "customers",
    "deliveries", "documents", "events", "facts", "feeds", "holder", "intents", "invitations",
    "mailed", "mails", "mandate_links", "marked_paid", "payment_events", "registrations",
    "request_slots", "request_window", "reversals", "runs", "subscriptions", "told_due_at_once",
    "twikey_invoices", "undone", "watermarks",
})  # fmt: skip
