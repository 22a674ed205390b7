"""The ledger's first shape: bookings, writes, what Twikey shows, runs, access."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database


def m001_bookings(db: Database) -> None:
    """Bookings, customers and subscriptions: what Teamleader says, and how far each has come."""
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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
    run_script(
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


def run_script(db: Database, script: str) -> None:
    """Run a script's statements one by one, inside the migration's own transaction."""
    statement = ""
    for line in script.splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            db.execute(statement)
            statement = ""
