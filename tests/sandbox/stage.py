"""What the demo plays on: a narrator, a home that does not outlive it, and the program's commands.

The program is run as a person runs it, one process per command, and never imported.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import IO, TextIO
from urllib.parse import urljoin
from urllib.request import ProxyHandler, build_opener

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = "teamleader-twikey"
PATIENCE = 50.0  # seconds that one command may take
PAUSE = 0.4  # seconds to read a narration, where a person is looking
MEANINGS = {
    1: "it could not do its work",
    2: "done, and something needs a person",
    3: "another is at work",
}
FOREIGN = ("TEAMLEADER_", "TWIKEY_", "PREFECT_", "NO_COLOR")


class Unexpected(Exception):
    """A step of the demo ended otherwise than it should."""


class Narrator:
    """Says in a sentence what comes next; colours and pauses only where a person is looking."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.person = stream.isatty()
        self.chapter = 0

    def say(self, text: str = "", code: int = 0) -> None:
        """Print one line, in a colour on a terminal, before anything else is printed."""
        self.stream.write(f"\x1b[{code}m{text}\x1b[0m\n" if self.person and code else f"{text}\n")
        self.stream.flush()

    def dim(self, text: str) -> None:
        """Print one line for those who want to know."""
        self.say(text, 2)

    def begin(self, title: str, sentence: str) -> None:
        """Open a chapter and say what it is about."""
        self.chapter += 1
        self.say()
        self.say(f"{self.chapter}. {title}", 1)
        self.say(sentence)
        if self.person:
            time.sleep(PAUSE)


class Stage:
    """Types commands of the program in a home directory and sees how they end."""

    def __init__(self, home: Path, narrator: Narrator) -> None:
        self.home = home
        self.narrator = narrator
        kept = {n: v for n, v in os.environ.items() if not n.startswith(FOREIGN)}
        self.environment = {
            **kept, "TEAMLEADER_TWIKEY_HOME": str(home), "NO_PROXY": "*", "no_proxy": "*",
        }  # fmt: skip

    def types(
        self, *arguments: str, ends: int = 0, follows_link: bool = False, shows: int | None = None
    ) -> None:
        """Type one command; `Unexpected` when its exit code is not ``ends``.

        ``shows`` is how many lines of what it prints are shown; all of them unless it is given.
        """
        line = shlex.join([PROGRAM, *arguments])
        self.narrator.dim(f"$ {line}")
        with self._running(arguments, piped=follows_link or shows is not None) as child:
            if child.stdout is not None:
                self._follow(child.stdout, shows)
            code = child.wait(PATIENCE)
        if code != ends:
            raise Unexpected(f"`{line}` ended with exit code {code} instead of {ends}")
        if code:
            self.narrator.dim(f"(exit code {code}: {MEANINGS.get(code, 'see README.md')})")

    @contextmanager
    def _running(
        self, arguments: tuple[str, ...], *, piped: bool
    ) -> Iterator["subprocess.Popen[str]"]:
        """Run one command; it never outlives the demo."""
        child = subprocess.Popen(
            [*program(), *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else None,
            text=True,
            encoding="utf-8",
        )
        with child:
            try:
                yield child
            finally:
                end(child)

    def _follow(self, lines: IO[str], most: int | None) -> None:
        """Show what the command prints; a link is followed as a browser would."""
        left_out = 0
        for place, line in enumerate(lines):
            if most is not None and place >= most:
                left_out += 1
                continue
            self.narrator.say(line.rstrip("\n"))
            if found := re.search(r"http\S+/oauth2/authorize\S+", line):
                allow(found[0])
        if left_out:
            self.narrator.dim(f"... and {left_out} more lines")


def end(child: "subprocess.Popen[str]") -> None:
    """See to it that a process is gone: ask first, then insist."""
    if child.poll() is None:
        child.terminate()
        try:
            child.wait(PATIENCE / 10)
        except subprocess.TimeoutExpired:
            child.kill()
    child.wait()


def program() -> list[str]:
    """The installed command beside this Python, else the same from the source tree."""
    installed = Path(sys.executable).with_name(PROGRAM)
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "flows.cli"]


def allow(link: str) -> None:
    """Do what a person does in the browser: open the link, press Allow, land where it leads."""
    browser = build_opener(ProxyHandler({}))
    with browser.open(link, timeout=10) as answer:
        page = answer.read().decode()
    button = re.search(r'href="([^"]*decision=allow[^"]*)"', page)
    if button is None:
        raise Unexpected("the consent page has no Allow to press")
    with browser.open(urljoin(link, unescape(button[1])), timeout=10) as answer:
        answer.read()


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
