"""Guide 5: whatever happens to the mail, the run is what it was; nothing is told twice knowingly.

The server here is a real one: it is down, slow, refuses, hangs up, or is not who it says it is.
"""

from __future__ import annotations

import smtplib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.mail import MailServer
from flows.check import check
from flows.finding import Finding
from flows.run import silently
from tests.flows.following import Killed
from tests.flows.office import Office
from tests.flows.post_office import PASSWORD, TO, PostOffice, mailing, opened, text_of
from tests.flows.scenes import at, book_100, free_port, run, said


def later(office: Office) -> None:
    """Let a quarter of an hour pass, here and at both services."""
    at(office, office.clock.now() + timedelta(minutes=15))


def named(post: PostOffice) -> list[bool]:
    """Tell of each mail that was taken whether it names the common invoice."""
    return ["* 2024 / 100 " in text_of(mail) for mail in post.mails]


def mail_probe(office: Office, *, send: bool = False) -> Finding:
    """Return what `check` found about the mail."""
    with office.connection() as connection:
        return next(f for f in check(connection, silently, mail=send) if f.probe == "summary mail")


# ---- a mail that certainly did not leave


@pytest.mark.parametrize("fault", ["down", "login", "refuse", "everybody", "certificate"])
def test_a_mail_that_cannot_leave_changes_nothing_but_a_note(
    mailer: Office, post: PostOffice, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A29: report, `status` and the next mail say why; the next run tells what was to be told."""
    right = dict(mailer.environment)
    _break(mailer, post, fault, monkeypatch)
    book_100(mailer, currency="USD")
    done = run(mailer, "import", "--days", "30", "--yes")
    assert done.code == 2
    assert "no summary was mailed: The mail server 127.0.0.1:" in said(done)
    shown = run(mailer, "status", "--json").json["mail"]
    assert shown["last_sent"] is None and "The mail server" in shown["problem"]
    assert PASSWORD not in done.out + done.err + str(shown)

    monkeypatch.undo()
    _mend(mailer, post, right, monkeypatch)
    later(mailer)
    assert mailer.imports().notes == []
    assert named(post) == [True]
    assert "The mail of Mon 4 Nov 09:00 was not sent: The mail server" in text_of(post.mails[0])
    assert "held 1  (import 30 days" in text_of(post.mails[0])
    later(mailer)
    mailer.imports()
    assert len(post.taken) == 1


def _break(office: Office, post: PostOffice, fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "down":
        office.environment["SMTP_PORT"] = str(free_port())
    elif fault == "login":
        office.environment["SMTP_PASSWORD"] = "wrong-" + PASSWORD
    elif fault == "refuse":
        post.fault = "refuse"
    elif fault == "everybody":
        post.refuse = set(TO)
    else:
        monkeypatch.delenv("SSL_CERT_FILE")


def _mend(
    office: Office, post: PostOffice, right: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    office.environment = right
    post.fault, post.refuse = "", set()
    certificate = next(office.home.parent.glob("mail-server.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


def test_one_refused_recipient_does_not_keep_the_mail_from_the_others(
    mailer: Office, post: PostOffice
) -> None:
    """A29: the others get it once; who did not is told in the report and the next mail."""
    post.refuse = {TO[1]}
    book_100(mailer)
    done = run(mailer, "import", "--days", "30", "--yes")
    assert done.code == 0
    assert f"{TO[1]} was refused: 550 no such mailbox" in said(done)
    assert [envelope.rcpt_tos for envelope in post.taken] == [[TO[0]]]
    later(mailer)
    mailer.imports()
    assert len(post.taken) == 1
    post.refuse = set()
    book_100(mailer, number="2024 / 101")
    later(mailer)
    mailer.imports()
    assert f"did not reach everybody: {TO[1]} was refused" in " ".join(
        text_of(post.mails[1]).split()
    )


# ---- a mail that may have left


def test_a_mail_whose_answer_is_lost_is_repeated_once(mailer: Office, post: PostOffice) -> None:
    """C25: taken over, but the line broke: named once more and then never again."""
    post.fault = "lose"
    book_100(mailer, currency="USD")
    report = mailer.imports(days=30)
    assert "after the mail was handed over" in report.notes[0]
    for _ in range(3):
        later(mailer)
        mailer.imports()
    assert named(post) == [True, True]
    post.fault = ""
    book_100(mailer, number="2024 / 101")
    later(mailer)
    mailer.imports()
    assert named(post) == [True, True, False]


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_sending_it_is_repeated_at_most_once(
    mailer: Office, post: PostOffice, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C25: the process dies between intent and outcome: the next run tells, and only that one."""
    real = smtplib.SMTP.data

    def dying(smtp: smtplib.SMTP, message: bytes) -> tuple[int, bytes]:
        if moment == "after":
            real(smtp, message)
        raise Killed

    book_100(mailer, currency="USD")
    with monkeypatch.context() as patch:
        patch.setattr(smtplib.SMTP, "data", dying)
        with pytest.raises(Killed):
            mailer.imports(days=30)
    assert "stopped while it was sent" in run(mailer, "status", "--json").json["mail"]["problem"]
    for _ in range(3):
        later(mailer)
        mailer.imports()
    assert named(post) == ([True, True] if moment == "after" else [True])


def test_a_slow_server_does_not_hold_a_run_up(
    mailer: Office, post: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A29: a server that takes the mail and says nothing is left after the time-out."""
    monkeypatch.setattr(MailServer.__init__, "__defaults__", ("starttls", "", "", 0.3, 0.6))
    post.fault = "hang"
    book_100(mailer)
    report = mailer.imports(days=30)
    assert report.sent == 1 and report.exit_code == 0
    assert "did not answer in time after the mail was handed over" in report.notes[0]


def test_another_run_at_work_tells_what_this_one_did(mailer: Office, post: PostOffice) -> None:
    """C25: the lock is taken by another run meanwhile: nothing is said twice, nothing is lost."""
    from flows import mail

    book_100(mailer, currency="USD")
    real = mail._mail

    def overtaken(*arguments: object) -> list[str]:
        with mailer.ledger() as other, other.lock.held("import", mailer.clock.now()):
            return real(*arguments)  # type: ignore[arg-type]  # handed on as they came

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mail, "_mail", overtaken)
        assert mailer.imports(days=30).notes == []
    assert post.taken == []
    later(mailer)
    mailer.imports()
    assert named(post) == [True]


def test_a_mistake_in_the_mail_never_fails_a_run(
    mailer: Office, post: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A29: even a bug of ours in making the mail leaves the run as it was."""
    monkeypatch.setattr("flows.mail_content._freshness", lambda connection: 1 // 0)
    book_100(mailer)
    done = run(mailer, "import", "--days", "30", "--yes")
    assert done.code == 0
    assert "ZeroDivisionError, which is a bug" in said(done)


# ---- check


@pytest.fixture(params=["starttls", "tls", "none"])
def kind(request: pytest.FixtureRequest, tmp_path: Path, mailer: Office) -> Iterator[PostOffice]:
    """Open a mail server of each kind of encryption, and let the office use it."""
    office = PostOffice(authenticate=request.param != "none")
    controller = opened(office, tls=request.param, folder=tmp_path)
    for name in ("SMTP_USER", "SMTP_PASSWORD"):
        mailer.environment.pop(name)
    mailing(mailer, office, tls=request.param)
    yield office
    controller.stop()


def test_check_logs_in_and_sends_nothing(mailer: Office, kind: PostOffice) -> None:
    """Guide 5: `check` connects, encrypts and logs in; `check --mail` sends a test mail."""
    finding = mail_probe(mailer)
    assert finding.state == "ok", finding
    assert kind.taken == [] and kind.logins == ([True] if kind.authenticate else [])
    assert mail_probe(mailer, send=True).sentence == f"A test mail left for {', '.join(TO)}."
    assert [str(mail["Subject"]) for mail in kind.mails] == ["Teamleader->Twikey: test mail"]


def test_a_summary_leaves_by_each_kind(mailer: Office, kind: PostOffice) -> None:
    """A29: STARTTLS, TLS from the first byte, and plain on loopback."""
    assert mailer.imports(days=30).notes == []
    assert len(kind.taken) == 1


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("down", "does not answer (connection refused)"),
        ("login", "refused the login of job@books.example: 535"),
        ("certificate", "shows a certificate that is not trusted"),
    ],
)
def test_check_says_what_is_wrong_with_the_server(
    mailer: Office, post: PostOffice, fault: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guide 5: each failing has its own sentence, and the cure."""
    _break(mailer, post, fault, monkeypatch)
    finding = mail_probe(mailer)
    assert finding.state == "fails"
    assert sentence in finding.sentence and "SMTP_HOST" in finding.cure
    assert PASSWORD not in finding.sentence


def test_a_server_without_starttls_gets_nothing(
    mailer: Office, post: PostOffice, tmp_path: Path
) -> None:
    """Guide 5: STARTTLS that is not offered, or was taken out on the way, is no reason to go on."""
    plain = PostOffice(authenticate=False)
    controller = opened(plain, tls="none", folder=tmp_path)
    mailer.environment["SMTP_PORT"] = str(plain.port)
    try:
        assert "does not offer" in mail_probe(mailer).sentence
        assert "does not offer" in mailer.imports(days=30).notes[0]
    finally:
        controller.stop()
    assert plain.taken == [] and plain.logins == []


def test_check_warns_of_half_a_mail(mailer: Office) -> None:
    """Guide 5: recipients without a server, or a server without recipients, is no mail."""
    del mailer.environment["SMTP_HOST"]
    assert mail_probe(mailer).state == "warns"
    mailer.configure("new_customer_profile = 1420\nstrict_mode = true\n")
    assert mail_probe(mailer).state == "ok"
    assert mail_probe(mailer, send=True).state == "warns"
