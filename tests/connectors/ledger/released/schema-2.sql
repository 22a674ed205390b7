BEGIN TRANSACTION;
CREATE TABLE "_sqlite_migrations" (
   "id" INTEGER PRIMARY KEY,
   "migration_set" TEXT,
   "name" TEXT,
   "applied_at" TEXT
);
INSERT INTO "_sqlite_migrations" VALUES(1,'teamleader-twikey','m001_bookings','2026-11-22 19:50:22.281979+00:00');
INSERT INTO "_sqlite_migrations" VALUES(2,'teamleader-twikey','m002_writes','2026-11-22 19:50:22.287509+00:00');
INSERT INTO "_sqlite_migrations" VALUES(3,'teamleader-twikey','m003_twikey','2026-11-22 19:50:22.290312+00:00');
INSERT INTO "_sqlite_migrations" VALUES(4,'teamleader-twikey','m004_runs','2026-11-22 19:50:22.290776+00:00');
INSERT INTO "_sqlite_migrations" VALUES(5,'teamleader-twikey','m005_access','2026-11-22 19:50:22.291102+00:00');
INSERT INTO "_sqlite_migrations" VALUES(6,'teamleader-twikey','m006_follow_up','2026-11-22 19:50:22.291922+00:00');
INSERT INTO "_sqlite_migrations" VALUES(7,'teamleader-twikey','m007_money','2026-11-22 19:50:22.292438+00:00');
INSERT INTO "_sqlite_migrations" VALUES(8,'teamleader-twikey','m008_deliveries','2026-11-22 19:50:22.292567+00:00');
CREATE TABLE access (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE alerts (
          id INTEGER PRIMARY KEY, booking_id TEXT NOT NULL, code TEXT NOT NULL, detail TEXT,
          raised_at TEXT NOT NULL, settled_at TEXT
        );
CREATE TABLE batches (
          id INTEGER PRIMARY KEY, run_id INTEGER, twikey_batch TEXT, state TEXT NOT NULL,
          at TEXT NOT NULL, not_before TEXT NOT NULL
        );
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
        , silent INTEGER DEFAULT 0, told_due_on TEXT, prepaid_cents INTEGER DEFAULT 0);
INSERT INTO "bookings" VALUES('2b0b8c12-f3b3-0f32-8702-66c44155d7ef','invoice','2026 / 1','cd613e30-d8f1-0adf-91b7-584a2265b1f5','matched','2026-11-22','2026-12-22',1,12100,0,'EUR','EUR','+++400/0000/00948+++','company','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','Tuincentrum Mertens NV',NULL,NULL,NULL,'2026-11-22T19:50:22+00:00','https://focus.teamleader.eu/invoice_detail.php?id=2b0b8c12-f3b3-0f32-8702-66c44155d7ef',NULL,NULL,NULL,NULL,NULL,NULL,'sent',NULL,NULL,NULL,0,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','2026 / 1','1420','new customer',12100,'new','https://app.beta.twikey.com/4711/2b0b8c12-f3b3-0f32-8702-66c44155d7ef','PAID',0,1,0,NULL,'2026-11-22T19:50:22+00:00',2,1,1,'2026-11-22T19:50:23+00:00',NULL,1,'2026-12-22',0);
INSERT INTO "bookings" VALUES('b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','invoice','2026 / 2','cd613e30-d8f1-0adf-91b7-584a2265b1f5','matched','2026-11-22','2026-12-22',1,12100,0,'EUR','EUR','+++400/0000/01049+++','company','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','Tuincentrum Mertens NV',NULL,NULL,NULL,'2026-11-22T19:50:22+00:00','https://focus.teamleader.eu/invoice_detail.php?id=b62ac1fe-a5f0-0e63-45dd-b87da81aa40a',NULL,NULL,NULL,NULL,NULL,NULL,'sent',NULL,NULL,NULL,0,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','2026 / 2','1420','new customer',12100,'new','https://app.beta.twikey.com/4711/b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','PAID',0,1,0,NULL,'2026-11-22T19:50:22+00:00',2,1,1,'2026-11-22T19:50:23+00:00',NULL,1,'2026-12-22',0);
INSERT INTO "bookings" VALUES('526eb523-b3df-04a4-7467-537a4b63e0ef','invoice','2026 / 3','cd613e30-d8f1-0adf-91b7-584a2265b1f5','outstanding','2026-11-22','2026-12-22',0,12100,11100,'EUR','EUR','+++400/0000/01150+++','company','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','Tuincentrum Mertens NV',NULL,NULL,NULL,'2026-11-22T19:50:22+00:00','https://focus.teamleader.eu/invoice_detail.php?id=526eb523-b3df-04a4-7467-537a4b63e0ef',NULL,NULL,NULL,NULL,NULL,NULL,'sent',NULL,NULL,NULL,0,'526eb523-b3df-04a4-7467-537a4b63e0ef','2026 / 3','1420','new customer',12100,'new','https://app.beta.twikey.com/4711/526eb523-b3df-04a4-7467-537a4b63e0ef','BOOKED',0,1,0,NULL,'2026-11-22T19:50:22+00:00',2,1,1,'2026-11-22T19:50:23+00:00',NULL,1,'2026-12-22',1000);
INSERT INTO "bookings" VALUES('060cea63-1d3b-093f-7949-0eab7f1a355e','invoice','2026 / 4','cd613e30-d8f1-0adf-91b7-584a2265b1f5','outstanding','2026-11-22','2026-12-22',0,12100,12100,'USD','USD','+++400/0000/01251+++','company','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','Tuincentrum Mertens NV',NULL,NULL,NULL,'2026-11-22T19:50:22+00:00','https://focus.teamleader.eu/invoice_detail.php?id=060cea63-1d3b-093f-7949-0eab7f1a355e',NULL,NULL,NULL,NULL,NULL,NULL,'held','CURRENCY','USD',NULL,0,NULL,'2026 / 4',NULL,NULL,NULL,NULL,NULL,NULL,0,0,1,'2026-11-22T20:05:23+00:00','2026-11-22T19:50:22+00:00',1,1,NULL,NULL,'2026-11-22T19:50:23+00:00',1,NULL,0);
INSERT INTO "bookings" VALUES('6bc15385-57e5-0acc-62f5-680c4fdf8e1a','invoice','2026 / 5','cd613e30-d8f1-0adf-91b7-584a2265b1f5','matched','2026-11-22','2026-12-22',1,12100,0,'EUR','EUR','+++400/0000/01352+++','company','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','Tuincentrum Mertens NV',NULL,NULL,NULL,'2026-11-22T19:50:22+00:00','https://focus.teamleader.eu/invoice_detail.php?id=6bc15385-57e5-0acc-62f5-680c4fdf8e1a',NULL,NULL,NULL,NULL,NULL,NULL,'skipped','ALREADY_PAID',NULL,NULL,0,NULL,'2026 / 5',NULL,NULL,NULL,NULL,NULL,NULL,0,0,0,NULL,'2026-11-22T19:50:22+00:00',1,1,NULL,NULL,NULL,1,NULL,0);
INSERT INTO "bookings" VALUES('1bd7ce73-4227-0e21-3023-580ccbd3f5e0','credit_note','2026/1','cd613e30-d8f1-0adf-91b7-584a2265b1f5','booked','2026-11-22',NULL,0,1000,NULL,'EUR',NULL,NULL,'company','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','Tuincentrum Mertens NV',NULL,NULL,'526eb523-b3df-04a4-7467-537a4b63e0ef','2026-11-22T19:50:22+00:00',NULL,NULL,NULL,NULL,NULL,NULL,NULL,'sent',NULL,NULL,NULL,0,'1bd7ce73-4227-0e21-3023-580ccbd3f5e0','CN2026/1','1420','new customer',-1000,'new','https://app.beta.twikey.com/4711/1bd7ce73-4227-0e21-3023-580ccbd3f5e0','BOOKED',0,1,0,NULL,'2026-11-22T19:50:22+00:00',1,1,1,'2026-11-22T19:50:23+00:00',NULL,1,'2026-11-22',0);
CREATE TABLE customers (
          id TEXT PRIMARY KEY, type TEXT NOT NULL, status TEXT, company_name TEXT, first_name TEXT,
          last_name TEXT, email TEXT, invoicing_email TEXT, vat_number TEXT,
          enterprise_number TEXT, language TEXT, street TEXT, postal_code TEXT, city TEXT,
          country TEXT, mobile TEXT, updated_at TEXT, web_url TEXT,
          read_run INTEGER, gone INTEGER DEFAULT 0, known INTEGER DEFAULT 0, known_how TEXT,
          sent TEXT, changed INTEGER DEFAULT 0, profile_to_set TEXT
        );
INSERT INTO "customers" VALUES('8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','company','active','Tuincentrum Mertens NV',NULL,NULL,'info@tuincentrum0.example','facturen@tuincentrum0.example','BE 0323.456.792','0323456792','nl','Stationsplein 238','8000','Brugge','BE',NULL,'2026-09-07T18:38:22+00:00','https://focus.teamleader.eu/company_detail.php?id=8e73ca47-ea90-08f0-d66b-829e6a8ac4ba',1,0,1,'created','{"id": "8e73ca47-ea90-08f0-d66b-829e6a8ac4ba", "type": "company", "status": "active", "company_name": "Tuincentrum Mertens NV", "first_name": null, "last_name": null, "email": "info@tuincentrum0.example", "invoicing_email": "facturen@tuincentrum0.example", "vat_number": "BE 0323.456.792", "enterprise_number": "0323456792", "language": "nl", "street": "Stationsplein 238", "postal_code": "8000", "city": "Brugge", "country": "BE", "mobile": null, "updated_at": "2026-09-07T18:38:22+00:00", "web_url": "https://focus.teamleader.eu/company_detail.php?id=8e73ca47-ea90-08f0-d66b-829e6a8ac4ba"}',0,NULL);
CREATE TABLE deliveries (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, looks INTEGER NOT NULL,
          next_look_at TEXT
        );
CREATE TABLE documents (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0,
          next_try_at TEXT, reason TEXT, detail TEXT, sha256 TEXT, size INTEGER, attached_at TEXT
        );
INSERT INTO "documents" VALUES('2b0b8c12-f3b3-0f32-8702-66c44155d7ef','waiting',1,'2026-11-22T19:55:23+00:00','PDF_NOT_READY','Teamleader refused invoices.download: The document is not available yet',NULL,NULL,NULL);
INSERT INTO "documents" VALUES('526eb523-b3df-04a4-7467-537a4b63e0ef','waiting',1,'2026-11-22T19:55:23+00:00','PDF_NOT_READY','Teamleader refused invoices.download: The document is not available yet',NULL,NULL,NULL);
INSERT INTO "documents" VALUES('b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','waiting',1,'2026-11-22T19:55:23+00:00','PDF_NOT_READY','Teamleader refused invoices.download: The document is not available yet',NULL,NULL,NULL);
INSERT INTO "documents" VALUES('1bd7ce73-4227-0e21-3023-580ccbd3f5e0','attached',0,NULL,NULL,NULL,'6d1ee6f3c13f21cc1ddc1bf3ac9d7cd22e2983062076721beb26457af0f1ae0d',398,'2026-11-22T19:50:23+00:00');
CREATE TABLE events (
          seq INTEGER PRIMARY KEY, at TEXT NOT NULL, run_id INTEGER, subject TEXT NOT NULL,
          what TEXT NOT NULL, facts TEXT
        );
INSERT INTO "events" VALUES(1,'2026-11-22T19:50:23+00:00',1,'060cea63-1d3b-093f-7949-0eab7f1a355e','held','{"reason": "CURRENCY", "detail": "USD"}');
INSERT INTO "events" VALUES(2,'2026-11-22T19:50:23+00:00',1,'6bc15385-57e5-0acc-62f5-680c4fdf8e1a','skipped','{"reason": "ALREADY_PAID", "detail": null}');
INSERT INTO "events" VALUES(3,'2026-11-22T19:50:23+00:00',1,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','created in Twikey',NULL);
INSERT INTO "events" VALUES(4,'2026-11-22T19:50:23+00:00',1,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','created in Twikey',NULL);
INSERT INTO "events" VALUES(5,'2026-11-22T19:50:23+00:00',1,'526eb523-b3df-04a4-7467-537a4b63e0ef','created in Twikey',NULL);
INSERT INTO "events" VALUES(6,'2026-11-22T19:50:23+00:00',1,'1bd7ce73-4227-0e21-3023-580ccbd3f5e0','created in Twikey',NULL);
INSERT INTO "events" VALUES(7,'2026-11-22T19:50:23+00:00',1,'8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','default profile set','{"profile": "1420"}');
INSERT INTO "events" VALUES(8,'2026-11-22T19:50:23+00:00',2,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','paid in Twikey','{"event": "evt_aa66c86e1b0c5", "cents": 12100, "occurred_at": "2026-11-22T19:50:23.349+00:00", "by": "payment_link"}');
INSERT INTO "events" VALUES(9,'2026-11-22T19:50:23+00:00',2,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','paid in Twikey','{"event": "evt_eda87cb60d765", "cents": 12100, "occurred_at": "2026-11-22T19:50:23.349+00:00", "by": "recurring_card"}');
INSERT INTO "events" VALUES(10,'2026-11-22T19:50:23+00:00',2,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','payment accepted by Teamleader','{"event": "evt_aa66c86e1b0c5", "cents": 12100, "paid_at": "2026-11-22T11:18:51+00:00"}');
INSERT INTO "events" VALUES(11,'2026-11-22T19:50:23+00:00',2,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','payment accepted by Teamleader','{"event": "evt_eda87cb60d765", "cents": 12100, "paid_at": "2026-11-22T08:12:13+00:00"}');
INSERT INTO "events" VALUES(12,'2026-11-22T19:50:23+00:00',2,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','changed in Teamleader','{"status": ["outstanding", "matched"], "paid": [0, true], "due_cents": [12100, 0]}');
INSERT INTO "events" VALUES(13,'2026-11-22T19:50:23+00:00',2,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','changed in Teamleader','{"status": ["outstanding", "matched"], "paid": [0, true], "due_cents": [12100, 0]}');
INSERT INTO "events" VALUES(14,'2026-11-22T19:50:23+00:00',2,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','payment registered in Teamleader','{"event": "evt_aa66c86e1b0c5", "cents": 12100, "paid_at": "2026-11-22T11:18:51+00:00"}');
INSERT INTO "events" VALUES(15,'2026-11-22T19:50:23+00:00',2,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','payment registered in Teamleader','{"event": "evt_eda87cb60d765", "cents": 12100, "paid_at": "2026-11-22T08:12:13+00:00"}');
INSERT INTO "events" VALUES(16,'2026-11-22T19:50:23+00:00',2,'2b0b8c12-f3b3-0f32-8702-66c44155d7ef','PDF waiting','{"reason": "PDF_NOT_READY", "detail": "Teamleader refused invoices.download: The document is not available yet"}');
INSERT INTO "events" VALUES(17,'2026-11-22T19:50:23+00:00',2,'526eb523-b3df-04a4-7467-537a4b63e0ef','PDF waiting','{"reason": "PDF_NOT_READY", "detail": "Teamleader refused invoices.download: The document is not available yet"}');
INSERT INTO "events" VALUES(18,'2026-11-22T19:50:23+00:00',2,'b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','PDF waiting','{"reason": "PDF_NOT_READY", "detail": "Teamleader refused invoices.download: The document is not available yet"}');
INSERT INTO "events" VALUES(19,'2026-11-22T19:50:23+00:00',2,'1bd7ce73-4227-0e21-3023-580ccbd3f5e0','PDF attached','{"sha256": "6d1ee6f3c13f21cc1ddc1bf3ac9d7cd22e2983062076721beb26457af0f1ae0d", "size": 398}');
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
INSERT INTO "facts" VALUES('twikey account','4711');
INSERT INTO "facts" VALUES('profile 1420 seen on','2026-11-22');
INSERT INTO "facts" VALUES('last sweep','2026-11-22T19:50:23+00:00');
CREATE TABLE feeds (feed TEXT PRIMARY KEY, position INTEGER NOT NULL, read_at TEXT);
INSERT INTO "feeds" VALUES('payments',502,'2026-11-22T19:50:23+00:00');
INSERT INTO "feeds" VALUES('invoices',90006,'2026-11-22T19:50:23+00:00');
CREATE TABLE holder (
          only INTEGER PRIMARY KEY CHECK (only = 1), flow TEXT, pid INTEGER, host TEXT, since TEXT
        );
CREATE TABLE intents (
          op TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL,
          batch INTEGER REFERENCES batches (id), state TEXT NOT NULL, run_id INTEGER,
          at TEXT NOT NULL, not_before TEXT NOT NULL, ended_at TEXT, answer TEXT
        );
INSERT INTO "intents" VALUES('create:2b0b8c12-f3b3-0f32-8702-66c44155d7ef:1','create','2b0b8c12-f3b3-0f32-8702-66c44155d7ef',NULL,'done',1,'2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
INSERT INTO "intents" VALUES('create:b62ac1fe-a5f0-0e63-45dd-b87da81aa40a:1','create','b62ac1fe-a5f0-0e63-45dd-b87da81aa40a',NULL,'done',1,'2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
INSERT INTO "intents" VALUES('create:526eb523-b3df-04a4-7467-537a4b63e0ef:1','create','526eb523-b3df-04a4-7467-537a4b63e0ef',NULL,'done',1,'2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
INSERT INTO "intents" VALUES('create:1bd7ce73-4227-0e21-3023-580ccbd3f5e0:1','create','1bd7ce73-4227-0e21-3023-580ccbd3f5e0',NULL,'done',1,'2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
INSERT INTO "intents" VALUES('profile:8e73ca47-ea90-08f0-d66b-829e6a8ac4ba:1:51a8e575','profile','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba',NULL,'done',1,'2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
CREATE TABLE invitations (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, channel TEXT, at TEXT, by TEXT,
          detail TEXT
        );
CREATE TABLE marked_paid (
          booking_id TEXT PRIMARY KEY, state TEXT NOT NULL, at TEXT NOT NULL,
          cents INTEGER NOT NULL, echo TEXT
        );
CREATE TABLE payment_events (
          seq INTEGER PRIMARY KEY, event_id TEXT NOT NULL UNIQUE, invoice_id TEXT,
          booking_id TEXT, type TEXT NOT NULL, occurred_at TEXT NOT NULL,
          amount_cents INTEGER NOT NULL, currency TEXT NOT NULL, source TEXT, key TEXT,
          details TEXT, error TEXT, state TEXT NOT NULL, note TEXT
        );
INSERT INTO "payment_events" VALUES(1,'evt_aa66c86e1b0c5','2b0b8c12-f3b3-0f32-8702-66c44155d7ef','2b0b8c12-f3b3-0f32-8702-66c44155d7ef','payment','2026-11-22T19:50:23.349+00:00',12100,'EUR','payment_link','linkId:812589','{"source": "payment_link", "linkId": 812589, "linkMethod": "bancontact"}',NULL,'registered',NULL);
INSERT INTO "payment_events" VALUES(2,'evt_eda87cb60d765','b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','payment','2026-11-22T19:50:23.349+00:00',12100,'EUR','recurring_card','paymentId:884213','{"source": "recurring_card", "paymentId": 884213, "transactionE2e": "50E196902FAD5A6B8E426E64A6712521", "mndtId": "CARD1"}',NULL,'registered',NULL);
CREATE TABLE registrations (
          event_id TEXT PRIMARY KEY REFERENCES payment_events (event_id), booking_id TEXT NOT NULL,
          amount_cents INTEGER NOT NULL, currency TEXT NOT NULL, paid_at TEXT NOT NULL,
          method_id TEXT, state TEXT NOT NULL, at TEXT NOT NULL, not_before TEXT NOT NULL,
          note TEXT
        );
INSERT INTO "registrations" VALUES('evt_aa66c86e1b0c5','2b0b8c12-f3b3-0f32-8702-66c44155d7ef',12100,'EUR','2026-11-22T11:18:51+00:00',NULL,'done','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
INSERT INTO "registrations" VALUES('evt_eda87cb60d765','b62ac1fe-a5f0-0e63-45dd-b87da81aa40a',12100,'EUR','2026-11-22T08:12:13+00:00',NULL,'done','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00',NULL);
CREATE TABLE request_slots (
          id INTEGER PRIMARY KEY AUTOINCREMENT, sent REAL NOT NULL, stamp REAL,
          foreign_use INTEGER DEFAULT 0
        );
CREATE TABLE request_window (
          only INTEGER PRIMARY KEY CHECK (only = 1), "limit" INTEGER, blocked_until REAL
        );
INSERT INTO "request_window" VALUES(1,200,NULL);
CREATE TABLE reversals (
          id INTEGER PRIMARY KEY, booking_id TEXT NOT NULL, event_ids TEXT NOT NULL,
          survivors TEXT NOT NULL, state TEXT NOT NULL, at TEXT NOT NULL, not_before TEXT NOT NULL,
          note TEXT
        );
CREATE TABLE runs (
          id INTEGER PRIMARY KEY, flow TEXT NOT NULL, started_by TEXT, started_at TEXT NOT NULL,
          ended_at TEXT, parameters TEXT, outcome TEXT, message TEXT, counts TEXT
        );
INSERT INTO "runs" VALUES(1,'import','command line','2026-11-22T19:50:22+00:00','2026-11-22T19:50:23+00:00','{"name": "import 30 days", "dry_run": false}','held','1 held; 4 sent, EUR 353.00','{"read": 6, "sent": 4, "known": 0, "skipped": 1, "held": 1, "adopted": 0, "sent_cents": 35300, "new_customers": 1, "reasons": {"CURRENCY": 1, "ALREADY_PAID": 1}, "calls": {"Teamleader": 3, "Twikey": 7}}');
INSERT INTO "runs" VALUES(2,'follow-up','command line (ann)','2026-11-22T19:50:23+00:00','2026-11-22T19:50:23+00:00','{"name": "follow-up", "numbers": []}','clean','2 payments registered, EUR 242.00; 1 PDFs attached, 3 still missing; 0 invited','{"alerts": 0, "calls": {"Teamleader": 9, "Twikey": 5}, "write_back": true, "events": 2, "registered": 2, "registered_cents": 24200, "undone": 0, "undone_cents": 0, "put_back": 0, "unsettled": 0, "looked_at": 1, "set_to_paid": 0, "dates_followed": 0, "wanted": 4, "attached": 1, "found": 0, "waiting": 0, "refused": 0, "unknown": 0, "left_alone": 0, "still_missing": 3, "invited": 0, "lost": 0, "left": 0, "undelivered": 0, "silent": 2}');
CREATE TABLE subscriptions (
          id TEXT PRIMARY KEY, title TEXT, field TEXT, term_type TEXT, term_days INTEGER,
          read_at TEXT NOT NULL
        );
CREATE TABLE twikey_invoices (
          id TEXT PRIMARY KEY, number TEXT, ref TEXT, ct TEXT, amount_cents INTEGER,
          issued_on TEXT, due_on TEXT, state TEXT, url TEXT, customer_number TEXT,
          last_payment TEXT, seen_at TEXT NOT NULL
        );
INSERT INTO "twikey_invoices" VALUES('2b0b8c12-f3b3-0f32-8702-66c44155d7ef','2026 / 1','2b0b8c12-f3b3-0f32-8702-66c44155d7ef','1420',12100,'2026-11-22','2026-12-22','PAID','https://app.beta.twikey.com/4711/2b0b8c12-f3b3-0f32-8702-66c44155d7ef','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','{"method": "paylink", "action": "payment", "link": 812589, "date": "2026-11-22T19:50:23.349Z", "double": false}','2026-11-22T19:50:23+00:00');
INSERT INTO "twikey_invoices" VALUES('b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','2026 / 2','b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','1420',12100,'2026-11-22','2026-12-22','PAID','https://app.beta.twikey.com/4711/b62ac1fe-a5f0-0e63-45dd-b87da81aa40a','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba','{"method": "rcc", "action": "payment", "id": 884213, "e2e": "50E196902FAD5A6B8E426E64A6712521", "pmtinf": "CARD-20261122", "mndtId": "CARD1", "rc": "PAID", "date": "2026-11-22", "double": false}','2026-11-22T19:50:23+00:00');
INSERT INTO "twikey_invoices" VALUES('526eb523-b3df-04a4-7467-537a4b63e0ef','2026 / 3','526eb523-b3df-04a4-7467-537a4b63e0ef','1420',12100,'2026-11-22','2026-12-22','BOOKED','https://app.beta.twikey.com/4711/526eb523-b3df-04a4-7467-537a4b63e0ef','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba',NULL,'2026-11-22T19:50:23+00:00');
INSERT INTO "twikey_invoices" VALUES('1bd7ce73-4227-0e21-3023-580ccbd3f5e0','CN2026/1','1bd7ce73-4227-0e21-3023-580ccbd3f5e0','1420',-1000,'2026-11-22','2026-11-22','BOOKED','https://app.beta.twikey.com/4711/1bd7ce73-4227-0e21-3023-580ccbd3f5e0','8e73ca47-ea90-08f0-d66b-829e6a8ac4ba',NULL,'2026-11-22T19:50:23+00:00');
CREATE TABLE watermarks (resource TEXT PRIMARY KEY, at TEXT NOT NULL, run_id INTEGER);
INSERT INTO "watermarks" VALUES('invoices','2026-11-22T19:50:22+00:00',1);
INSERT INTO "watermarks" VALUES('credit notes','2026-11-22T19:50:22+00:00',1);
CREATE UNIQUE INDEX "idx__sqlite_migrations_migration_set_name"
    ON "_sqlite_migrations" ("migration_set", "name");
CREATE INDEX bookings_stage ON bookings (stage, kind DESC, number, id);
CREATE INDEX bookings_read_run ON bookings (read_run);
CREATE INDEX bookings_sent_run ON bookings (sent_run);
CREATE INDEX bookings_twikey_number ON bookings (twikey_number);
CREATE INDEX bookings_number ON bookings (number);
CREATE INDEX bookings_twikey_id ON bookings (twikey_id);
CREATE INDEX bookings_customer ON bookings (customer_id);
CREATE INDEX customers_changed ON customers (changed) WHERE changed;
CREATE INDEX customers_profile ON customers (profile_to_set) WHERE profile_to_set NOT NULL;
CREATE INDEX intents_open ON intents (state) WHERE state IN ('intent', 'unknown');
CREATE INDEX intents_batch ON intents (batch);
CREATE INDEX intents_subject ON intents (subject);
CREATE INDEX twikey_invoices_number ON twikey_invoices (number);
CREATE INDEX twikey_invoices_customer ON twikey_invoices (customer_number);
CREATE INDEX events_subject ON events (subject);
CREATE TRIGGER events_are_not_changed BEFORE UPDATE ON events
        BEGIN SELECT RAISE(ABORT, 'the journey is append-only'); END;
CREATE TRIGGER events_are_not_deleted BEFORE DELETE ON events
        BEGIN SELECT RAISE(ABORT, 'the journey is append-only'); END;
CREATE INDEX documents_state ON documents (state, next_try_at);
CREATE INDEX payment_events_booking ON payment_events (booking_id, occurred_at, seq);
CREATE INDEX payment_events_open ON payment_events (state)
          WHERE state IN ('new', 'waiting', 'held');
CREATE INDEX payment_events_left ON payment_events (booking_id)
          WHERE state = 'reported' OR note = 'in part';
CREATE INDEX payment_events_strangers ON payment_events (invoice_id)
          WHERE booking_id IS NULL;
CREATE INDEX registrations_booking ON registrations (booking_id);
CREATE INDEX registrations_open ON registrations (state)
          WHERE state IN ('planned', 'sending', 'accepted', 'unknown');
CREATE UNIQUE INDEX reversals_open ON reversals (booking_id) WHERE state <> 'done';
CREATE UNIQUE INDEX alerts_open ON alerts (booking_id, code) WHERE settled_at IS NULL;
CREATE INDEX events_run ON events (run_id, what);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('request_slots',12);
COMMIT;
PRAGMA user_version=2;
