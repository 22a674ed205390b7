"""Why a mutant that no test notices is none that a test could notice, class by class."""

from __future__ import annotations

import re

# The reason, and the names of the mutants of this class (a pattern for the whole name).
EXPLAINED: tuple[tuple[str, str], ...] = ()


def explanation(key: str) -> str | None:
    """Return why no test can notice this mutant; None: it should be noticed."""
    found = (why for why, pattern in EXPLAINED if re.fullmatch(pattern, key))
    return next(found, None)
