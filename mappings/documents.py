"""Why a PDF waits, what to do about it, and when it is tried again (guide 6; API reference 5).

Pure, and free of pandas: a follow-up that finds nothing to do must not pay for it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

BACK_OFF = (
    timedelta(minutes=5),
    timedelta(minutes=15),
    timedelta(hours=1),
    timedelta(hours=6),
    timedelta(days=1),
)
NOTHING = "Nothing to do: it is tried again by itself, daily at last."
BY_HAND = "then run `teamleader-twikey follow-up --pdfs NUMBER`."


class Waiting(NamedTuple):
    """One reason why a PDF is not attached yet: its sentence, and what to do."""

    sentence: str
    advice: str


WAITING = {
    "PDF_NOT_READY": Waiting(
        "Teamleader has not rendered the PDF yet.",
        "Nothing to do; if it stays so for a day, open the PDF once in Teamleader.",
    ),
    "PDF_GONE": Waiting(
        "Teamleader does not know the booking any more.",
        "If it was deleted there, remove it in Twikey too.",
    ),
    "PDF_LINK_EXPIRED": Waiting("The link to the PDF was dead when it was followed.", NOTHING),
    "PDF_UNREACHABLE": Waiting("The host of the PDF could not be reached.", NOTHING),
    "PDF_SLOW": Waiting("The PDF did not arrive in time.", NOTHING),
    "PDF_EMPTY": Waiting("What came instead of the PDF was empty.", NOTHING),
    "PDF_NOT_A_PDF": Waiting(
        "What came is not a PDF.",
        "If it stays so, open the PDF in Teamleader: a proxy or a login page may be in between.",
    ),
    "PDF_ADDRESS": Waiting(
        "The link leads to a place from which nothing is fetched.",
        "Report it: Teamleader's links lead to public https addresses.",
    ),
    "PDF_TOO_LARGE": Waiting(
        "The PDF is larger than 10 MB.",
        f"Make its layout lighter in Teamleader (images), {BY_HAND}",
    ),
    "PDF_STATE": Waiting(
        "Twikey does not take a PDF while the invoice is in this state.",
        "Nothing to do: it is tried again daily, until the state changes.",
    ),
    "PDF_NOT_SAID": Waiting("Twikey did not say whether it has a PDF already.", NOTHING),
    "PDF_REFUSED": Waiting(
        "Twikey refused the PDF.",
        f"Correct what Twikey names, {BY_HAND}",
    ),
    "GONE_IN_TWIKEY": Waiting(
        "Twikey does not have the invoice any more.",
        "If it was deleted on purpose, nothing to do: it is not created again.",
    ),
}


def pause_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries (0 before the first) came to nothing."""
    return BACK_OFF[min(max(tries, 0), len(BACK_OFF) - 1)]
