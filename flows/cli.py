"""The command line: `teamleader-twikey VERB`. Each verb is another way to start a flow or to look.

Exit codes (decisions 10): 0 clean, 1 could not do its work, 2 done but something is held or
differs, 3 another run is at work, 64 wrong usage. Every verb has ``--json``.
"""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from connectors.errors import Trouble, UsageWrong
from flows.arguments import USAGE, all_verbs, sentence
from flows.importing import in_one_go
from flows.layout import clean
from flows.progress import Progress
from flows.screen import Screen


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code; no traceback ever reaches the user."""
    _open_what_is_closed()
    return _written_out(_run(argv))


def _open_what_is_closed() -> None:
    """Give a program started with ``>&-`` somewhere to write to: not the next file that opens."""
    sys.stdout = sys.stdout or os.fdopen(_nobody(), "w", encoding="utf-8")
    sys.stderr = sys.stderr or os.fdopen(_nobody(), "w", encoding="utf-8")


def _run(argv: Sequence[str] | None) -> int:
    try:
        arguments = _arguments(argv)
    except SystemExit as leave:
        return leave.code if isinstance(leave.code, int) else USAGE
    except OSError as error:  # the help, on some versions of Python
        _unwritten(error)
        return 1
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter
    signal.signal(signal.SIGTERM, _stop)
    screen = Screen(as_json=arguments.json)
    progress = Progress()
    try:
        return _verbs()[arguments.verb](arguments, screen, progress)
    except BaseException as error:  # noqa: BLE001 - the last resort: always a sentence
        progress.close()
        return _explain(error, arguments, screen)
    finally:
        progress.close()


def _written_out(code: int) -> int:
    """Write what the buffer still holds, while it can be answered for: at the end nobody can."""
    try:
        sys.stdout.flush()
    except BrokenPipeError as error:
        _unwritten(error)
    except OSError as error:
        _unwritten(error)
        return code or 1
    return code


def _unwritten(error: OSError) -> None:
    """Let what is still said go nowhere: its reader has left, or there is no room for it (told)."""
    os.dup2(_nobody(), sys.stdout.fileno())
    if not isinstance(error, BrokenPipeError):
        sys.stderr.write(
            f"What there is to say cannot be written: {error.strerror}. What was done is in the "
            "ledger; see `teamleader-twikey status`.\n"
        )


def _nobody() -> int:
    return os.open(os.devnull, os.O_WRONLY)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the arguments; a path may hold any bytes, everything else is text."""
    parser = all_verbs()
    arguments = parser.parse_args(argv)
    for name, given in vars(arguments).items():
        for one in given if isinstance(given, list) else [given]:
            if isinstance(one, str) and one.encode(errors="replace").decode() != one:
                parser.error(f"what was given for {name} is not text in UTF-8")
    return arguments


def _explain(error: BaseException, arguments: argparse.Namespace, screen: Screen) -> int:
    """Say in one sentence what ended a verb, and return its exit code."""
    if isinstance(error, UsageWrong):
        help_line = f"See `teamleader-twikey {arguments.verb} --help`."
        sys.stderr.write(f"{clean(sentence(str(error)))}. {help_line}\n")
        return error.exit_code
    if isinstance(error, Trouble):
        screen.trouble(error)
        return error.exit_code
    if isinstance(error, KeyboardInterrupt):
        sys.stderr.write("Stopped. What was done is in the ledger; the next run goes on from it.\n")
    elif isinstance(error, OSError) and error.errno in (errno.EPIPE, errno.ENOSPC, errno.EDQUOT):
        _unwritten(error)
    elif isinstance(error, Exception):
        sys.stderr.write(_keep_details(error))
    else:
        raise error
    return 1


def _verbs() -> dict[str, Callable[[argparse.Namespace, Screen, Progress], int]]:
    with in_one_go():
        from flows import (
            automations,
            customer_verbs,
            mandate_verbs,
            rebuild_verbs,
            reconcile_verbs,
            serve_verbs,
            undo_verbs,
            verbs,
        )

    return {
        "automations": automations.automations,
        "init": verbs.init,
        "connect": verbs.connect,
        "check": verbs.check,
        "import": verbs.import_,
        "follow-up": verbs.follow_up,
        "invite": verbs.invite,
        "held": verbs.held,
        "retry": verbs.retry,
        "status": verbs.status,
        "journey": verbs.journey,
        "undo": undo_verbs.take_back,
        "rebuild": rebuild_verbs.rebuild_ledger,
        "reconcile": reconcile_verbs.compare_sides,
        "serve": serve_verbs.serve,
        "customers": customer_verbs.customers,
        "mandates": mandate_verbs.mandates,
    }


def _stop(number: int, frame: object) -> NoReturn:  # noqa: ARG001 - a signal handler's signature
    """Turn SIGTERM into the same orderly stop as Ctrl-C."""
    raise KeyboardInterrupt


def _keep_details(error: Exception) -> str:
    """Write the traceback to a private file and return the sentence that names it."""
    import tempfile
    import traceback

    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="teamleader-twikey-", suffix=".txt", delete=False
        ) as file:
            file.write("".join(traceback.format_exception(error)))
        where = f"The details are in {file.name}"
    except OSError:
        where = "The details could not be written anywhere"
    return (
        f"This is a bug in teamleader-twikey ({type(error).__name__}). {where};"
        " what was done until then is in the ledger and nothing is sent twice.\n"
    )


if __name__ == "__main__":
    sys.exit(main())
