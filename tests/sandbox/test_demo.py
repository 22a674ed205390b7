"""`make demo` from outside: it ends well, says what it should, and leaves nothing behind."""

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sandbox.stage import ROOT

MOST_SECONDS = 90.0  # half a minute on a machine with nothing else to do
KEY_LINES = (
    r"Connected to Teamleader account \S+ as Integratie Boekhouding",
    r"\d+ probes: all well",
    r"import 30 days, dry run: (\d+) held; (\d+) would be sent, (EUR [\d,.]+)",
    r"import 30 days: (\d+) held; (\d+) sent, (EUR [\d,.]+)",
    r"retry of what is held: 1 sent, EUR 484\.00",
    r"import since last run: nothing new",
    r"import since last run: 1 sent, EUR 18\.00",
    r"1 payment registered, EUR 18\.00; \d+ PDFs attached, 0 still missing",
    r"1 undone, EUR 18\.00",
    r"changed customers: 1 updated in Twikey",
    r"import since last run: 1 needs you; 1 sent, -EUR 6\.00",
    r"undo of run \d+, dry run: 1 would be removed from Twikey, -EUR 6\.00",
    r"reconcile \S+ to today and later: \d+ differ",
    r"Subject: Teamleader->Twikey: \d+ need you",
    r"created in Twikey",
    r"payment registered in Teamleader",
    r"payment removed in Teamleader",
    r"What to do next",
)
PORTS = re.compile(r"127\.0\.0\.1:(\d+)/oauth2|localhost%3A(\d+)%2Fcallback")


def _begun(folder: Path, *, on_a_terminal: bool) -> tuple[subprocess.Popen[bytes], int]:
    """Begin the demo in a session of its own; return it and where to read what it prints."""
    shown, typed = pty.openpty() if on_a_terminal else os.pipe()
    demo = subprocess.Popen(
        [sys.executable, "-m", "tests.sandbox.demo"],
        cwd=ROOT, start_new_session=True, stdin=subprocess.DEVNULL, stdout=typed, stderr=typed,
        env={**os.environ, "TMPDIR": str(folder), "PREFECT_API_URL": "http://[::1]:9/api"},
    )  # fmt: skip
    os.close(typed)
    return demo, shown


class Played:
    """One run of the demo to its end, and what it printed."""

    def __init__(self, folder: Path) -> None:
        self.demo, shown = _begun(folder, on_a_terminal=False)
        self.text = b"".join(_read(shown)).decode()
        self.code = self.demo.wait(MOST_SECONDS)
        os.close(shown)


def _read(file: int) -> Iterator[bytes]:
    """Everything until the last writer has gone (which a terminal tells by an error)."""
    while True:
        try:
            piece = os.read(file, 65_536)
        except OSError:
            return
        if not piece:
            return
        yield piece


def _alive(group: int) -> list[str]:
    """What still runs in a process group; the dead that nobody has buried yet do not count."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = file.read_text().rpartition(")")
        except OSError:
            continue
        state, _, its_group = rest.split()[:3]
        if int(its_group) == group and state != "Z":
            found.append(name)
    return found


def _too_long(text: str, folder: Path) -> list[str]:
    """Lines of more than 100 cells, but for links and the names of temporary files."""
    lines = (line for line in text.splitlines() if str(folder) not in line and " " in line.strip())
    return [line for line in lines if len(line) > 100]


def _nothing_left(played: Played, folder: Path) -> None:
    """No process, no port and no file of the demo is there any more."""
    assert _alive(played.demo.pid) == []
    ports = {int(one or other) for one, other in PORTS.findall(played.text)}
    assert len(ports) == 2
    for port in ports:
        with socket.socket() as one:
            assert one.connect_ex(("127.0.0.1", port)) != 0
    assert list(folder.iterdir()) == []


def test_the_demo_tells_its_story_and_leaves_nothing_behind(tmp_path: Path) -> None:
    """Goal of `make demo`: every chapter ends as it should, in this order, read through a pipe."""
    played = Played(tmp_path)
    assert played.code == 0, played.text
    found = [re.search(line, played.text) for line in KEY_LINES]
    assert all(found), played.text
    places = [one.start() for one in found if one]
    assert places == sorted(places)
    assert "\x1b[" not in played.text
    assert found[2] and found[3] and found[2].groups() == found[3].groups(), "the plan is kept"
    assert _too_long(played.text, tmp_path) == []
    _nothing_left(played, tmp_path)


@pytest.mark.parametrize(("name", "on_a_terminal"), [("SIGINT", True), ("SIGHUP", False)])
def test_an_interrupted_demo_leaves_nothing_behind(
    tmp_path: Path, name: str, on_a_terminal: bool
) -> None:
    """Ctrl-C or a closed terminal in the middle of a chapter: no process and no file stays."""
    demo, shown = _begun(tmp_path, on_a_terminal=on_a_terminal)
    text = b""
    while b"3. Check" not in text:
        text += os.read(shown, 4096)
    os.killpg(demo.pid, signal.Signals[name])
    text += b"".join(_read(shown))
    os.close(shown)
    assert demo.wait(20) == 130, text.decode()
    assert (b"\x1b[" in text) is on_a_terminal
    assert _alive(demo.pid) == []
    assert list(tmp_path.iterdir()) == []
