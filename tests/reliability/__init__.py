"""The fault matrix: every remote call of every flow goes wrong in every way."""
