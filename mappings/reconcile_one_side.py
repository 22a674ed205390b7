"""What one side alone has: left out by rule, on its way, missed, deleted, or a stranger (B4)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from mappings.amounts import skip_by_amount
from mappings.frames import Mask, mask, values
from mappings.reasons import sentence_of as reason_said
from mappings.reconcile_codes import OPEN_WRITE, Codes, held_for, named, side, texts, unreadable
from mappings.rules import Rules
from mappings.sources import skip_other_departments, skip_unbooked
from mappings.verdicts import open_verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What decides besides the frames. Instants are UTC text, days ``YYYY-MM-DD``.

    ``read_from`` is, by kind, the instant from which the next scheduled import reads changes;
    ``oldest`` and ``first_import`` say what was imported first.
    """

    automatic: bool = True
    read_from: dict[str, str] = field(default_factory=dict)
    oldest: str | None = None
    first_import: str | None = None


def only_here(pairs: pd.DataFrame, codes: Codes, rules: Rules, situation: Situation) -> None:
    """Decide about what Teamleader alone has; what is on both sides has its case already."""
    here = side(pairs, "here")
    codes.set(here & pairs["stage"].isin(OPEN_WRITE).to_numpy(dtype=bool), "LOST_ANSWER")
    tombs = [f" ({detail})" if detail else "" for detail in texts(pairs, "detail")]
    codes.set(here & named(pairs, "stage", "undone"), "UNDONE", tombs)
    codes.set(here & named(pairs, "stage", "sent"), "GONE_THERE")
    codes.set(here & (named(pairs, "stage", "held") | unreadable(pairs)), "HELD", held_for(pairs))
    by_rule = _skipped(pairs, rules)
    codes.set(here & mask(one is not None for one in by_rule), "SKIPPED", by_rule)
    if not situation.automatic:
        codes.set(here & named(pairs, "kind", "credit_note"), "BY_HAND")
    else:
        codes.set(here & named(pairs, "stage", "seen"), "SEEN")
        codes.set(here & _newer(pairs, situation), "NEWS")
    codes.set(here & _older(pairs, situation), "OLDER")
    codes.set(here, "MISSED", _numbers_there(pairs))


def _skipped(pairs: pd.DataFrame, rules: Rules) -> list[str | None]:
    """Say by which rule each is left out by its figures of now, None where by none."""
    decided = (
        pairs.pipe(open_verdicts)
        .pipe(skip_unbooked)
        .pipe(skip_other_departments, rules)
        .pipe(skip_by_amount)
    )
    found = zip(values(decided["reason"]), values(decided["detail"]), strict=True)
    return [None if code is None else reason_said(code, detail) for code, detail in found]


def _newer(pairs: pd.DataFrame, situation: Situation) -> Mask:
    """Tell what changed since the instant from which the next scheduled import reads."""
    return mask(
        at is not None and kind in situation.read_from and at >= situation.read_from[kind]
        for at, kind in zip(texts(pairs, "updated_at"), texts(pairs, "kind"), strict=True)
    )


def _older(pairs: pd.DataFrame, situation: Situation) -> Mask:
    """Tell what no import could have seen: older than all imported, and not touched since."""
    oldest, first = situation.oldest, situation.first_import
    if oldest is None or first is None:
        return np.zeros(len(pairs), dtype=bool)
    return mask(
        stage is None and day is not None and day < oldest and at is not None and at < first
        for stage, day, at in zip(
            texts(pairs, "stage"), texts(pairs, "issued_on"), texts(pairs, "updated_at"),
            strict=True,
        )
    )  # fmt: skip


def _numbers_there(pairs: pd.DataFrame) -> list[str | None]:
    """Say where Twikey has the same number under another id."""
    there = {
        number: one
        for number, one in zip(
            texts(pairs, "twikey_number"), texts(pairs, "twikey_id"), strict=True
        )
        if number is not None
    }
    return [
        f"; Twikey has its number under {there[number]}" if number in there else ""
        for number in texts(pairs, "number")
    ]


def only_there(pairs: pd.DataFrame, codes: Codes) -> None:
    """Decide about what Twikey alone has."""
    there = side(pairs, "there") & ~side(pairs, "here")
    known = pairs["ledger_id"].notna().to_numpy(dtype=bool)
    states = [state or "an invoice without a state" for state in texts(pairs, "twikey_state")]
    lost = pairs["stage"].isin(OPEN_WRITE).to_numpy(dtype=bool)
    codes.set(there & lost, "LOST_ANSWER")
    codes.set(there & known, "GONE_HERE", states)
    doubles = _doubles(pairs, there & ~known)
    codes.set(there & mask(one is not None for one in doubles), "DOUBLE", doubles)
    codes.set(there, "STRANGER", states)


def _doubles(pairs: pd.DataFrame, strangers: Mask) -> list[str | None]:
    """Name what each would be a second time: by its number, or by the booking it refers to."""
    first: dict[str, str] = {}
    rows = zip(
        ~strangers & side(pairs, "there"), texts(pairs, "id"), texts(pairs, "ledger_id"),
        texts(pairs, "twikey_number"), texts(pairs, "number"), strict=True,
    )  # fmt: skip
    for linked, booking_id, known_as, there, here in rows:
        names = (booking_id, known_as, there)
        first |= {name: there or here or name for name in names if linked and name}
    found = zip(texts(pairs, "twikey_number"), texts(pairs, "ref"), strict=True)
    return [first.get(number or "") or first.get(ref or "") for number, ref in found]
