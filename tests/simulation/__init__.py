"""Weeks from a seed: people, the bank, broken services, dying programs, and what must hold."""
