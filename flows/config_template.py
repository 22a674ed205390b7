"""What `init` writes: every setting with its meaning, in the order of the guide."""

from __future__ import annotations


def config_text(profile: int | None) -> str:
    """Return a config.toml in which everything is explained; only the profile must be filled in."""
    chosen = "# new_customer_profile = 1420"
    if profile is not None:
        chosen = f"new_customer_profile = {profile}"
    return TEMPLATE.replace("{new_customer_profile}", chosen)


def dotenv_text() -> str:
    """Return a .env with the names of the secrets; it is written with mode 0600."""
    return DOTENV


TEMPLATE = """\
# Settings of teamleader-twikey. Lines with # in front show the default, or an example.
# Secrets do not belong here: they come from the environment or from the .env file beside this one.

# Import booked invoices and update customers by itself (guide 2). When false, a scheduled run
# sends nothing and says so; what you start by hand works.
automatic = true

# The Twikey profile for new customers (guide 2; Twikey: Settings > Profiles). Required.
{new_customer_profile}

# A customer that this ledger has never sent is a new one to us ("profile": its invoice goes to the
# profile above, which also becomes the customer's default). If Twikey already has your customers
# under their Teamleader ids (the hosted integration was used before), say "omit": then Twikey's own
# choice for each customer wins.
unknown_customers = "profile"

# The calendar of your books: decides what "today" and "the last 30 days" are.
time_zone = "Europe/Brussels"

# Import only these Teamleader departments (ids; `check` lists them). Empty: all.
departments = []

# Teamleader: Settings > Preferences > Invoices, "booked invoices and credit notes can't be edited".
# No API tells whether it is on, so declare it here (guide 2 asks for true).
# strict_mode = true

# How long a write whose answer was lost rests before it is looked up, in seconds.
settle_after_seconds = 300

# Credit notes carry this number in Twikey (guide 11: it starts with CN).
credit_note_number = "CN{number}"

# A prefix per department, where two departments use the same invoice numbers.
[number_prefix]
# "b41c2f0e-7d15-0a3b-9c61-5f0e2d7a1b90" = "BE-"

# Guide 3.3, advanced: the custom fields that may carry a profile number (definition ids; `check`
# lists them). Leave out for simple mode: then fields are ignored even when filled in.
[custom_fields]
# invoice = "e06b1d74-9a3c-0c52-b7f8-24d5613fa08e"
# subscription = "7c95e2a0-4f1b-0d68-92ea-0b6d3f87c415"

# What you know of each profile and no API tells (guide 7): who invites the customer ("twikey": the
# profile sends by itself; "job": this program, later; "off": nobody), whether the PDF comes first,
# and the currency it collects.
# [profiles.1420]
# invitation = "twikey"
# needs_pdf = true
# currency = "EUR"

# An import beyond these limits stops and asks for --yes. 0 switches a limit off; amount is euro.
[brake]
bookings = 2000
amount = 1000000
older_than_days = 60

# Writing payments back to Teamleader (guide 5, 8).
[payments]
write_back = true
# An invoice that somebody paid in Teamleader is set to paid in Twikey, so that it is not collected.
paid_elsewhere = true
# When a payment bounces and other payments stand beside it in Teamleader: "restore" removes all and
# puts the others back (the API cannot remove one alone); "hold" leaves it to you.
reversal_with_other_payments = "restore"

[payments.methods]
# sdd = "bb9589ec-6e08-0d5f-9b23-7be9b9c3ea2d"

# The summary by mail (guide 5). It needs SMTP_HOST in the .env file; without recipients it is off.
# An import that you start by hand always mails one.
[mail]
# to = ["books@example.com"]
# from = "teamleader-twikey@example.com"   # default: SMTP_USER
# After a scheduled run: "news" when something crossed, was paid or needs you; "attention" only when
# something needs you or was reversed; "always"; "off" never, by hand neither.
when = "news"
# A sign of life at this hour on days on which nothing else was mailed since; "off": none.
heartbeat_hour = 7
# The attachment for Belgian Excel, with ; between its columns; false: with commas.
semicolon = true

# Alerts; 0 switches one off. An invoice that is not in Twikey so many hours after it was booked is
# named; keep this above the rhythm of your schedule.
[watch]
late_after_hours = 1
# In Prefect (`teamleader-twikey automations`): no clean run for hours, something held for days.
quiet_after_hours = 3
held_after_days = 3
"""

DOTENV = """\
# Secrets of teamleader-twikey; keep this file to yourself (mode 0600).
# Teamleader Marketplace > your integration:
TEAMLEADER_CLIENT_ID=
TEAMLEADER_CLIENT_SECRET=
# Must be one of the redirect addresses registered there:
# TEAMLEADER_REDIRECT_URI=http://localhost:8765/callback
# Twikey > Settings > API; give this job a key of its own:
TWIKEY_API_KEY=
# Only for keys with enhanced security:
# TWIKEY_PRIVATE_KEY=
# TWIKEY_API_URL=https://api.twikey.com/creditor
# The mail server for the summary; without SMTP_HOST no mail leaves. SMTP_TLS
# is starttls (port 587), tls (port 465) or none (port 25, only for a server on this machine).
# SMTP_HOST=
# SMTP_PORT=587
# SMTP_USER=
# SMTP_PASSWORD=
# SMTP_TLS=starttls
# A dead-man's switch, asked for (GET) after each clean run; its service tells you when none comes.
# TEAMLEADER_TWIKEY_PING_URL=
# Where Prefect's server tells of what is wrong (`teamleader-twikey automations`).
# TEAMLEADER_TWIKEY_WEBHOOK_URL=
# Any of these may live in a Prefect Secret block instead; name the block:
# TWIKEY_API_KEY_BLOCK=twikey-api-key
"""
