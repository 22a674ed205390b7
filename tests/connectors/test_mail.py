"""The way out for mail: what a server may answer, in sentences, and never the password."""

from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from connectors.errors import MailNotSent, OutcomeUnknown
from connectors.mail import MailServer

PASSWORD = "canary-p4ss"
USER = "job@books.example"
CODED = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()

Script = Callable[[socket.socket], None]


@contextmanager
def serving(script: Script) -> Iterator[int]:
    """Answer one connection on a free port of this machine by a script."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)

        def serve() -> None:
            line, _ = listener.accept()
            with line:
                line.settimeout(5)
                try:
                    script(line)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(5)


def talking(**answers: str) -> Script:
    """Answer each command by its first word (``greeting`` for the first line), else 250."""

    def script(line: socket.socket) -> None:
        def say(text: str) -> None:
            line.sendall(text.encode("utf-8") + b"\r\n")

        say(answers.get("greeting", "220 here"))
        with line.makefile("rb") as heard:
            for command in heard:
                word = command.split()[0].decode("latin-1").upper() if command.split() else ""
                if word == "QUIT":
                    return
                default = {"DATA": "354 go on", "EHLO": "250-here\r\n250 AUTH PLAIN",
                           "AUTH": "235 in"}  # fmt: skip
                say(answers.get(word, default.get(word, "250 fine")))
                if word == "DATA" and answers.get(word, "354").startswith("354"):
                    while heard.readline() not in (b".\r\n", b""):
                        pass
                    if "hangs_up" in answers:
                        return
                    say(answers.get("after", "250 taken"))

    return script


def server(port: int, **changes: object) -> MailServer:
    """Return a server on this machine, plain, with a login."""
    plain: dict[str, object] = {
        "host": "127.0.0.1", "port": port, "tls": "none", "user": USER, "password": PASSWORD,
        "timeout": 2.0, "deadline": 3.0,
    }  # fmt: skip
    return MailServer(**{**plain, **changes})  # type: ignore[arg-type]  # by name


def send(port: int, **changes: object) -> dict[str, str]:
    """Send a mail to two people."""
    to = ["a@klant.example", "b@klant.example"]
    return server(port, **changes).send(USER, to, b"Subject: x\r\n\r\n.dots\r\n")


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({"greeting": "554 no"}, "answered 554 no"),
        ({"EHLO": "500 what", "HELO": "501 who"}, "answered 501 who"),
        ({"AUTH": "535 5.7.8 wrong"}, f"refused the login of {USER}: 535 5.7.8 wrong"),
        ({"AUTH": f"535 {PASSWORD} and {CODED}"}, ": 535 *** and ***"),
        ({"EHLO": "250 here"}, "does not offer what SMTP_TLS or SMTP_USER needs"),
        ({"MAIL": "550 not\x1b[31m you"}, f"does not take mail from {USER}: 550 not [31m you"),
        ({"RCPT": "550 who?"}, "refused every recipient (a@klant.example: 550 who?; b@"),
        ({"DATA": "451 later"}, "did not take the mail: 451 later"),
        ({"after": "552 too large"}, "did not take the mail: 552 too large"),
    ],
)
def test_a_refusal_is_certain_and_has_a_sentence(answers: dict[str, str], sentence: str) -> None:
    """Decisions 5: whatever the server refuses was not sent; its words are quoted, no secret is."""
    with serving(talking(**answers)) as port, pytest.raises(MailNotSent) as refused:
        send(port)
    assert sentence in str(refused.value)
    assert str(refused.value).startswith(f"The mail server 127.0.0.1:{port}")
    assert PASSWORD not in str(refused.value) and CODED not in str(refused.value)


def test_hanging_up_after_the_mail_leaves_it_open() -> None:
    """Decisions 5: from the first byte of the text on, no answer is no refusal."""
    with serving(talking(hangs_up="yes")) as port, pytest.raises(OutcomeUnknown) as lost:
        send(port)
    assert "hung up after the mail was handed over" in str(lost.value)


@pytest.mark.parametrize("answer", ["2", "nonsense", "354 again"])
def test_half_an_answer_leaves_it_open(answer: str) -> None:
    """Decisions 5: only a documented refusal is a refusal."""
    with serving(talking(after=answer)) as port, pytest.raises(OutcomeUnknown):
        send(port)


def test_a_mail_is_taken_over() -> None:
    """Guide 5: an accepted mail has nobody refused."""
    with serving(talking()) as port:
        assert send(port) == {}


def test_a_dripping_server_is_cut_off() -> None:
    """Decisions 5: a byte now and then does not keep a run for ever."""

    def drip(line: socket.socket) -> None:
        until = time.monotonic() + 3
        while time.monotonic() < until:
            line.sendall(b"2")
            time.sleep(0.05)

    began = time.monotonic()
    with serving(drip) as port:
        with pytest.raises(MailNotSent) as cut:
            send(port, deadline=0.3)
        assert time.monotonic() - began < 2
    assert "did not answer in time" in str(cut.value) or "took longer" in str(cut.value)


@pytest.mark.parametrize(
    ("host", "sentence"),
    [("name.invalid", "cannot be found"), ("127.0.0.1", "connection refused")],
)
def test_a_server_that_is_not_there(host: str, sentence: str) -> None:
    """Decisions 5: not found and not answering are told apart."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(MailNotSent) as away:
        send(port, host=host)
    assert sentence in str(away.value)


def test_tls_where_none_is_spoken() -> None:
    """Guide 5: the wrong SMTP_TLS is named."""
    with serving(talking()) as port, pytest.raises(MailNotSent) as wrong:
        send(port, tls="tls")
    assert "does not speak TLS as SMTP_TLS = tls asks" in str(wrong.value)


def test_the_password_is_not_shown() -> None:
    """Decisions 9: no secret in a representation."""
    assert PASSWORD not in repr(server(25)) + str(server(25))
