"""Guide 6: PDFs follow later, once each, on their own schedule or by hand.

Ask the link, fetch it at once (two at a time; the ledger and both APIs stay on this thread), attach
it under an intent. What does not come waits with its reason and is tried again, later each time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from connectors.address import is_loopback_address
from connectors.download import Downloads, Fetched, NotDownloaded
from connectors.errors import (
    CallRefused,
    Halted,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    RecordUnreadable,
    ServiceUnavailable,
    UnexpectedAnswer,
    UsageWrong,
)
from connectors.http import NotSent
from connectors.ledger.documents import FOUND, Wanted
from connectors.teamleader.records import DownloadLink
from connectors.timeouts import DOCUMENT
from flows.documents_report import LOST_IN_A_ROW, DocumentsReport, Round
from flows.gone import tell_gone
from flows.run import Run
from mappings.documents import BACK_OFF, pause_after

PARALLEL = 2
PER_RUN = 600  # of a scheduled run: three minutes of Teamleader's limit; the rest comes next
WRONG_STATE = "err_invalid_state"
HOST_DOWN = ("PDF_UNREACHABLE", "PDF_SLOW")


def attach_pdfs(run: Run, numbers: Sequence[str] = (), *, missing: bool = False) -> DocumentsReport:
    """Attach the PDFs whose time has come; ``numbers`` or all ``missing`` ones when asked by hand.

    A booking that has its PDF is left alone (acceptance A34). Raises ``UsageWrong`` for a number
    that never crossed, and a ``Halted`` when a service cannot be had; what was done until then is
    in the ledger. In a dry run nothing is fetched or sent.
    """
    left_alone = _require_known(run, numbers)
    documents, now = run.ledger.documents, run.now()
    done = Round()
    if not run.dry_run:
        _settle(run, done)
    if numbers:
        wanted = documents.named(numbers)
    else:
        wanted = documents.missing() if missing else documents.due(now, PER_RUN)
    if wanted and not run.dry_run:
        _work_through(run, wanted, done)
    return _report(run, done, len(wanted), left_alone)


def _require_known(run: Run, numbers: Sequence[str]) -> int:
    """Return how many of the bookings asked for have their PDF; refuse unknown ones."""
    states = run.ledger.documents.states(numbers)
    if unknown := [name for name in numbers if name not in states]:
        raise UsageWrong(f"nothing that stands in Twikey is called {' or '.join(unknown)}")
    return sum(state in ("attached", "sending") for state in states.values())


def _report(run: Run, done: Round, wanted: int, left_alone: int) -> DocumentsReport:
    states = run.ledger.documents.counts()
    return DocumentsReport(
        wanted=wanted,
        left_alone=left_alone,
        still_missing=sum(states.values()) - states.get("attached", 0),
        reasons=dict(done.reasons),
        **done.counts,
    )


# ---- what an earlier run left


def _settle(run: Run, done: Round) -> None:
    """Look up every PUT without a known outcome: is the PDF there? (reliability P5)."""
    documents = run.ledger.documents
    for wanted in documents.unsettled(run.now()):
        there = _stands_there(run, wanted, done)
        if there:
            _found(run, wanted, done, wanted.sha256, wanted.size)
        elif there is None:
            documents.look_later(wanted.id, run.now() + pause_after(len(BACK_OFF)))
        else:
            documents.not_sent(wanted.id, run.now())


def _stands_there(run: Run, wanted: Wanted, done: Round) -> bool | None:
    """Tell whether Twikey has a PDF of a booking; None when its answer says neither."""
    try:
        there = run.connection.twikey.invoice_pdf(wanted.twikey_id) is not None
    except NotFound:
        return False
    except (CallRefused, UnexpectedAnswer) as odd:
        run.notes.append(f"{wanted.number or wanted.id}: {odd}; it is looked up later")
        done.trouble("Twikey", str(odd))
        return None
    done.answered("Twikey")
    return there


def _found(
    run: Run, wanted: Wanted, done: Round, sha256: str | None = None, size: int | None = None
) -> None:
    """Record that Twikey has the PDF already."""
    with run.ledger.atomic():
        run.ledger.documents.attached(wanted.id, sha256, size, run.id, run.now(), how=FOUND)
        run.ledger.alerts.settle(wanted.id, "PDF_REFUSED", run.id, run.now())
    done.add("found")


# ---- one round


def _work_through(run: Run, wanted: Sequence[Wanted], done: Round) -> None:
    """Keep two fetches in the air; each link is followed the moment it is known."""
    loopback = is_loopback_address(run.connection.secrets.teamleader_api_url)
    air: deque[tuple[Wanted, Future[Fetched]]] = deque()
    within = run.connection.timeouts
    with (
        Downloads(loopback=loopback, timeouts=DOCUMENT.at_most(within)) as downloads,
        ThreadPoolExecutor(PARALLEL) as pool,
    ):
        try:
            for count, each in enumerate(wanted, start=1):
                if done.host_down >= LOST_IN_A_ROW:
                    run.notes.append("the host of the PDFs does not answer; the rest comes later")
                    break
                link = _link(run, each, done)
                if link is not None:
                    air.append((each, pool.submit(downloads.fetch, link.location)))
                if len(air) == PARALLEL:
                    _land(run, *air.popleft(), done)
                run.tell("attaching PDFs", count, len(wanted))
            while air:
                _land(run, *air.popleft(), done)
        except NotPermitted as trouble:
            run.problems.append(trouble)
        else:
            if _lacks_right(run, done):
                run.problems.append(done.forbidden[0])


def _lacks_right(run: Run, done: Round) -> bool:
    """Tell a missing right, which concerns all, from one PDF that alone is forbidden."""
    if done.shown or not done.forbidden:
        return False
    return len(done.forbidden) > 1 or not run.ledger.documents.counts().get("attached")


def _link(run: Run, wanted: Wanted, done: Round) -> DownloadLink | None:
    """Ask for the link of one PDF; None when it waits, or when Twikey has a PDF already."""
    there = _stands_there(run, wanted, done) if wanted.adopted or wanted.refused else False
    if there:
        _found(run, wanted, done)
        return None
    if there is None:
        _wait(run, wanted, "PDF_NOT_SAID", "Twikey did not answer plainly", done)
        return None
    teamleader = run.connection.teamleader
    ask = (
        teamleader.download_invoice
        if wanted.kind == "invoice"
        else (teamleader.download_credit_note)
    )
    try:
        link = ask(wanted.id)
    except NotFound as gone:
        _wait(run, wanted, "PDF_GONE", str(gone), done)
    except NotPermitted as forbidden:
        _wait(run, wanted, "PDF_NOT_READY", str(forbidden), done)
        done.refused_to_show(forbidden)
    except (CallRefused, RecordUnreadable) as refused:
        _wait(run, wanted, "PDF_NOT_READY", str(refused), done)
    except NotSent:
        raise
    except (ServiceUnavailable, UnexpectedAnswer) as trouble:
        _wait(run, wanted, "PDF_NOT_READY", str(trouble), done)
        done.trouble("Teamleader", str(trouble))
    else:
        done.answered("Teamleader")
        done.shown += 1
        return link
    return None


def _land(run: Run, wanted: Wanted, fetching: Future[Fetched], done: Round) -> None:
    try:
        fetched = fetching.result()
    except NotDownloaded as trouble:
        done.host_down = done.host_down + 1 if trouble.code in HOST_DOWN else 0
        _wait(run, wanted, trouble.code, str(trouble), done)
        return
    done.host_down = 0
    _attach(run, wanted, fetched, done)


def _wait(run: Run, wanted: Wanted, code: str, detail: str, done: Round) -> None:
    now = run.now()
    pause = pause_after(wanted.tries)
    run.ledger.documents.waiting(wanted.id, code, detail, now + pause, run.id, now)
    done.add("waiting")
    done.reasons[code] += 1


def _attach(run: Run, wanted: Wanted, fetched: Fetched, done: Round) -> None:
    """Attach one PDF under an intent; the body is built from scratch and holds no state."""
    documents = run.ledger.documents
    documents.sending(wanted, fetched.sha256, len(fetched.content), run.not_before())
    try:
        run.connection.twikey.update_invoice(
            wanted.twikey_id, date=wanted.issued_on, duedate=wanted.due_on,
            title=_title(wanted), pdf=fetched.content,
        )  # fmt: skip
    except OutcomeUnknown as lost:
        documents.unknown(wanted.id, str(lost), run.id, run.now())
        done.add("unknown")
        done.trouble("Twikey", str(lost))
    except (NotFound, CallRefused) as refused:
        _after_refusal(run, wanted, refused, done)
    except Halted:
        documents.not_sent(wanted.id, run.now())
        raise
    else:
        done.answered("Twikey")
        documents.attached(wanted.id, fetched.sha256, len(fetched.content), run.id, run.now())
        run.ledger.alerts.settle(wanted.id, "PDF_REFUSED", run.id, run.now())
        done.add("attached")


def _title(wanted: Wanted) -> str:
    """Return the title that the booking was created with (guide 4)."""
    from mappings.languages import language, title

    return title(wanted.kind, wanted.number, language(wanted.language) or "en")


def _after_refusal(run: Run, wanted: Wanted, refused: NotFound | CallRefused, done: Round) -> None:
    """Decide what a refused PUT means: gone, wrong state, a PDF of Twikey's own, or refused."""
    documents, now = run.ledger.documents, run.now()
    done.answered("Twikey")
    if isinstance(refused, CallRefused) and refused.code == WRONG_STATE:
        _wait(run, wanted, "PDF_STATE", str(refused), done)
        return
    gone = isinstance(refused, NotFound)
    if not gone and _stands_there(run, wanted, done):
        _found(run, wanted, done)
        return
    code = "GONE_IN_TWIKEY" if gone else "PDF_REFUSED"
    with run.ledger.atomic():
        documents.refused(wanted.id, code, str(refused), run.id, now)
        if gone:
            tell_gone(run, wanted.id, str(refused))
        else:
            run.ledger.alerts.alert(wanted.id, code, str(refused), run.id, now)
    done.add("refused")
    done.reasons[code] += 1
