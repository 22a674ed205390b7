"""What is outside this process: Teamleader, Twikey and the ledger. Connectors never decide."""
