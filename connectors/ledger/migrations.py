"""Every change of the ledger's shape, oldest first. A released one is never edited.

Kept by sqlite-utils' migrations: each runs once; all that are new stand or fall together.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


@contextmanager
def _without_pandas() -> Iterator[None]:
    """Keep ``import sqlite_utils`` from importing pandas and numpy, which nothing here needs."""
    hidden = [name for name in ("pandas", "numpy") if name not in sys.modules]
    for name in hidden:
        sys.modules[name] = None  # type: ignore[assignment]  # the documented way to hide a module
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def migrate(connection: sqlite3.Connection) -> None:
    """Apply every migration that this file has not seen yet."""
    with _without_pandas():
        from sqlite_utils import Database, Migrations

    migrations = Migrations("teamleader-twikey")
    for step in STEPS:
        migrations()(step)
    row_factory, connection.row_factory = connection.row_factory, None
    try:
        migrations.apply(Database(connection))
    finally:
        connection.row_factory = row_factory


def m001_bookings(db: Database) -> None:
    """Bookings, customers and subscriptions: what Teamleader says, and how far each has come."""
    _run(
        db,
        """
        CREATE TABLE bookings (
          id TEXT PRIMARY KEY, kind TEXT NOT NULL, number TEXT, department_id TEXT, status TEXT,
          issued_on TEXT, due_on TEXT, paid INTEGER, payable_cents INTEGER, due_cents INTEGER,
          currency TEXT, due_currency TEXT, payment_reference TEXT, customer_type TEXT,
          customer_id TEXT, invoicee_name TEXT, attention_of TEXT, subscription_id TEXT,
          related_id TEXT, updated_at TEXT, web_url TEXT,
          invoice_field TEXT, invoice_email TEXT, on_hold_since TEXT, detail_run INTEGER,
          source_problem TEXT, source_detail TEXT,
          stage TEXT NOT NULL, reason TEXT, detail TEXT, notices TEXT, confirmed INTEGER DEFAULT 0,
          twikey_id TEXT, twikey_number TEXT, ct TEXT, ct_source TEXT, amount_cents INTEGER,
          twikey_customer TEXT, url TEXT, twikey_state TEXT, adopted INTEGER DEFAULT 0,
          attempts INTEGER DEFAULT 0, tries INTEGER DEFAULT 0, next_try_at TEXT,
          first_seen_at TEXT NOT NULL, read_run INTEGER, decided_run INTEGER, sent_run INTEGER,
          sent_at TEXT, held_at TEXT
        );
        CREATE INDEX bookings_stage ON bookings (stage, kind DESC, number, id);
        CREATE INDEX bookings_read_run ON bookings (read_run);
        CREATE INDEX bookings_sent_run ON bookings (sent_run);
        CREATE INDEX bookings_twikey_number ON bookings (twikey_number);
        CREATE INDEX bookings_number ON bookings (number);
        CREATE INDEX bookings_twikey_id ON bookings (twikey_id);
        CREATE INDEX bookings_customer ON bookings (customer_id);
        CREATE TABLE customers (
          id TEXT PRIMARY KEY, type TEXT NOT NULL, status TEXT, company_name TEXT, first_name TEXT,
          last_name TEXT, email TEXT, invoicing_email TEXT, vat_number TEXT,
          enterprise_number TEXT, language TEXT, street TEXT, postal_code TEXT, city TEXT,
          country TEXT, mobile TEXT, updated_at TEXT, web_url TEXT,
          read_run INTEGER, gone INTEGER DEFAULT 0, known INTEGER DEFAULT 0, known_how TEXT,
          sent TEXT, changed INTEGER DEFAULT 0, profile_to_set TEXT
        );
        CREATE INDEX customers_changed ON customers (changed) WHERE changed;
        CREATE INDEX customers_profile ON customers (profile_to_set) WHERE profile_to_set NOT NULL;
        CREATE TABLE subscriptions (
          id TEXT PRIMARY KEY, title TEXT, field TEXT, term_type TEXT, term_days INTEGER,
          read_at TEXT NOT NULL
        );
        """,
    )


def m002_writes(db: Database) -> None:
    """Intents before each remote write, and the bulks they travelled in."""
    _run(
        db,
        """
        CREATE TABLE batches (
          id INTEGER PRIMARY KEY, run_id INTEGER, twikey_batch TEXT, state TEXT NOT NULL,
          at TEXT NOT NULL, not_before TEXT NOT NULL
        );
        CREATE TABLE intents (
          op TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL,
          batch INTEGER REFERENCES batches (id), state TEXT NOT NULL, run_id INTEGER,
          at TEXT NOT NULL, not_before TEXT NOT NULL, ended_at TEXT, answer TEXT
        );
        CREATE INDEX intents_open ON intents (state) WHERE state IN ('intent', 'unknown');
        CREATE INDEX intents_batch ON intents (batch);
        CREATE INDEX intents_subject ON intents (subject);
        """,
    )


def m003_twikey(db: Database) -> None:
    """What Twikey showed in its feeds, and how far each feed was read."""
    _run(
        db,
        """
        CREATE TABLE feeds (feed TEXT PRIMARY KEY, position INTEGER NOT NULL, read_at TEXT);
        CREATE TABLE twikey_invoices (
          id TEXT PRIMARY KEY, number TEXT, ref TEXT, ct TEXT, amount_cents INTEGER,
          issued_on TEXT, due_on TEXT, state TEXT, url TEXT, customer_number TEXT,
          last_payment TEXT, seen_at TEXT NOT NULL
        );
        CREATE INDEX twikey_invoices_number ON twikey_invoices (number);
        CREATE INDEX twikey_invoices_customer ON twikey_invoices (customer_number);
        """,
    )


def m004_runs(db: Database) -> None:
    """Runs, watermarks, who is at work, facts, and the journey of everything (append-only)."""
    _run(
        db,
        """
        CREATE TABLE runs (
          id INTEGER PRIMARY KEY, flow TEXT NOT NULL, started_by TEXT, started_at TEXT NOT NULL,
          ended_at TEXT, parameters TEXT, outcome TEXT, message TEXT, counts TEXT
        );
        CREATE TABLE watermarks (resource TEXT PRIMARY KEY, at TEXT NOT NULL, run_id INTEGER);
        CREATE TABLE holder (
          only INTEGER PRIMARY KEY CHECK (only = 1), flow TEXT, pid INTEGER, host TEXT, since TEXT
        );
        CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE events (
          seq INTEGER PRIMARY KEY, at TEXT NOT NULL, run_id INTEGER, subject TEXT NOT NULL,
          what TEXT NOT NULL, facts TEXT
        );
        CREATE INDEX events_subject ON events (subject);
        CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the journey is append-only'); END;
        CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the journey is append-only'); END;
        """,
    )


def m005_access(db: Database) -> None:
    """Tokens and the window of requests, shared by every process of the connection."""
    _run(
        db,
        """
        CREATE TABLE access (name TEXT PRIMARY KEY, value TEXT NOT NULL);
        CREATE TABLE request_slots (
          id INTEGER PRIMARY KEY AUTOINCREMENT, sent REAL NOT NULL, stamp REAL,
          foreign_use INTEGER DEFAULT 0
        );
        CREATE TABLE request_window (
          only INTEGER PRIMARY KEY CHECK (only = 1), "limit" INTEGER, blocked_until REAL
        );
        """,
    )


def m006_follow_up(db: Database) -> None:
    """PDFs and invitations of what crossed, and what was told of each booking when it did."""
    _run(
        db,
        """
        CREATE TABLE documents (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
          next_try_at TEXT, reason TEXT, detail TEXT, sha256 TEXT, size INTEGER, attached_at TEXT
        );
        CREATE INDEX documents_state ON documents (state, next_try_at);
        CREATE TABLE invitations (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, channel TEXT, at TEXT, by TEXT,
          detail TEXT
        );
        ALTER TABLE bookings ADD COLUMN silent INTEGER DEFAULT 0;
        ALTER TABLE bookings ADD COLUMN told_due_on TEXT;
        ALTER TABLE bookings ADD COLUMN prepaid_cents INTEGER DEFAULT 0;
        """,
    )


def m007_money(db: Database) -> None:
    """Payments as Twikey tells them, what was written of them to Teamleader, and alerts."""
    _run(
        db,
        """
        CREATE TABLE payment_events (
          seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, invoice_id TEXT,
          booking_id TEXT, type TEXT NOT NULL, occurred_at TEXT NOT NULL,
          amount_cents INTEGER NOT NULL, currency TEXT NOT NULL, source TEXT, key TEXT,
          details TEXT, error TEXT, state TEXT NOT NULL, note TEXT
        );
        CREATE INDEX payment_events_booking ON payment_events (booking_id, occurred_at, seq);
        CREATE INDEX payment_events_open ON payment_events (state)
          WHERE state IN ('new', 'waiting', 'held');
        CREATE INDEX payment_events_left ON payment_events (booking_id)
          WHERE state = 'reported' OR note = 'in part';
        CREATE INDEX payment_events_strangers ON payment_events (invoice_id)
          WHERE booking_id IS NULL;
        CREATE TABLE registrations (
          event_id TEXT PRIMARY KEY REFERENCES payment_events (event_id), booking_id TEXT NOT NULL,
          amount_cents INTEGER NOT NULL, currency TEXT NOT NULL, paid_at TEXT NOT NULL,
          method_id TEXT, state TEXT NOT NULL, at TEXT NOT NULL, not_before TEXT NOT NULL,
          note TEXT
        );
        CREATE INDEX registrations_booking ON registrations (booking_id);
        CREATE INDEX registrations_open ON registrations (state)
          WHERE state IN ('planned', 'sending', 'accepted', 'unknown');
        CREATE TABLE reversals (
          id INTEGER PRIMARY KEY, booking_id TEXT NOT NULL, event_ids TEXT NOT NULL,
          survivors TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, not_before TEXT NOT NULL,
          note TEXT
        );
        CREATE UNIQUE INDEX reversals_open ON reversals (booking_id) WHERE state <> 'done';
        CREATE TABLE marked_paid (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, at TEXT NOT NULL,
          cents INTEGER NOT NULL, echo TEXT
        );
        CREATE TABLE alerts (
          id INTEGER PRIMARY KEY, booking_id TEXT NOT NULL, code TEXT NOT NULL, detail TEXT,
          raised_at TEXT NOT NULL, settled_at TEXT
        );
        CREATE UNIQUE INDEX alerts_open ON alerts (booking_id, code) WHERE settled_at IS NULL;
        CREATE INDEX events_run ON events (run_id, what);
        """,
    )


def m008_deliveries(db: Database) -> None:
    """What a look at the delivery of an invitation showed, and when the next one is."""
    _run(
        db,
        """
        CREATE TABLE deliveries (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, looks INTEGER NOT NULL,
          next_look_at TEXT
        );
        """,
    )


def m011_links(db: Database) -> None:
    """For which customer each booking was sent, and who may have taken a deleted one's place."""
    _run(
        db,
        """
        ALTER TABLE bookings ADD COLUMN told_customer TEXT;
        ALTER TABLE customers ADD COLUMN alias TEXT;
        CREATE INDEX bookings_told_customer ON bookings (told_customer);
        UPDATE bookings SET told_customer = customer_id
          WHERE stage IN ('sending', 'sent', 'closed') AND twikey_number NOT NULL;
        """,
    )


def m013_credits(db: Database) -> None:
    """Which invoices were looked at for money that a later credit note gives back."""
    _run(
        db,
        """
        CREATE TABLE credit_looks (
          booking_id TEXT PRIMARY KEY, figures TEXT NOT NULL, unpaid INTEGER NOT NULL DEFAULT 0
        );
        CREATE INDEX bookings_related ON bookings (related_id) WHERE related_id NOT NULL;
        """,
    )


def m014_due_at_once(db: Database) -> None:
    """Subscriptions of which a summary told that their invoices fall due at once."""
    _run(
        db,
        """
        CREATE TABLE told_due_at_once (
          subscription_id TEXT PRIMARY KEY, run_id INTEGER NOT NULL, booking_id TEXT NOT NULL,
          at TEXT NOT NULL
        );
        CREATE INDEX bookings_due_at_once ON bookings (subscription_id)
          WHERE subscription_id NOT NULL AND instr(notices, 'DUE_AT_ONCE');
        """,
    )


def m015_mandates(db: Database) -> None:
    """Each link of a mandate to a customer, from its intent to its outcome."""
    _run(
        db,
        """
        CREATE TABLE mandate_links (
          id INTEGER PRIMARY KEY, mandate TEXT NOT NULL, customer_id TEXT NOT NULL,
          state TEXT NOT NULL, run_id INTEGER, at TEXT NOT NULL, not_before TEXT NOT NULL,
          ended_at TEXT, answer TEXT
        );
        CREATE INDEX mandate_links_open ON mandate_links (mandate)
          WHERE state IN ('intent', 'unknown');
        """,
    )


def m016_undo(db: Database) -> None:
    """Imports taken back, from each intent to its outcome, and ids that had to be replaced."""
    _run(
        db,
        """
        CREATE TABLE undone (
          seq INTEGER PRIMARY KEY, booking_id TEXT NOT NULL, twikey_id TEXT NOT NULL,
          undone_run INTEGER NOT NULL, run_id INTEGER, by TEXT, state TEXT NOT NULL,
          at TEXT NOT NULL, not_before TEXT NOT NULL, ended_at TEXT, answer TEXT,
          lifted_at TEXT, lifted_by TEXT
        );
        CREATE INDEX undone_booking ON undone (booking_id);
        CREATE INDEX undone_twikey_id ON undone (twikey_id);
        CREATE UNIQUE INDEX undone_open ON undone (booking_id)
          WHERE state IN ('asked', 'unknown');
        CREATE INDEX IF NOT EXISTS bookings_related ON bookings (related_id);
        ALTER TABLE bookings ADD COLUMN sent_as TEXT;
        """,
    )


def m018_mails(db: Database) -> None:
    """The summaries by mail: each from its intent to its outcome, and what it named."""
    _run(
        db,
        """
        CREATE TABLE mails (
          id INTEGER PRIMARY KEY, kind TEXT NOT NULL, after_run INTEGER NOT NULL,
          up_to_run INTEGER NOT NULL, subject TEXT, message_id TEXT, repeats INTEGER NOT NULL,
          figures TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, ended_at TEXT, answer TEXT
        );
        CREATE TABLE mailed (
          mail_id INTEGER NOT NULL REFERENCES mails (id), key TEXT NOT NULL, label TEXT NOT NULL,
          fingerprint TEXT NOT NULL, PRIMARY KEY (mail_id, key)
        ) WITHOUT ROWID;
        CREATE INDEX mailed_key ON mailed (key);
        CREATE INDEX runs_started ON runs (started_at);
        """,
    )


STEPS = (
    m001_bookings,
    m002_writes,
    m003_twikey,
    m004_runs,
    m005_access,
    m006_follow_up,
    m007_money,
    m008_deliveries,
    m011_links,
    m013_credits,
    m014_due_at_once,
    m015_mandates,
    m016_undo,
    m018_mails,
)


def _run(db: Database, script: str) -> None:
    """Run a script's statements one by one, inside the migration's own transaction."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
