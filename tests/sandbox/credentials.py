"""What the sandbox accepts, in one place; nothing here is worth keeping secret."""

TEAMLEADER_CLIENT_ID = "sandbox-7f0c4b1de2a94c55"
TEAMLEADER_CLIENT_SECRET = "sandbox-teamleader-secret"
TEAMLEADER_REDIRECT_URI = "http://localhost:8765/callback"
TEAMLEADER_ACCOUNT_ID = "0a9e4b77-31d6-0f25-b8c1-93e7d0f4a612"
TWIKEY_API_KEY = "twikey-sandbox-key"
TWIKEY_PRIVATE_KEY = ""  # empty: log in without a one-time password
