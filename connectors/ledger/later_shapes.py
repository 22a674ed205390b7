"""What was added to the ledger's first shape, oldest first: what follows, and what is told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from connectors.ledger.first_shape import run_script

if TYPE_CHECKING:
    from sqlite_utils import Database


def m006_follow_up(db: Database) -> None:
    """PDFs and invitations of what crossed, and what was told of each booking when it did."""
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
