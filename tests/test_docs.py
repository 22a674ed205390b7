"""The documents keep up with the program: every error, reason, setting and command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from connectors import errors
from connectors.errors import Halted, Refused, Trouble
from flows.arguments import all_verbs
from flows.config_template import config_text
from flows.secrets import Secrets
from flows.settings import HOME_VARIABLE, Settings
from mappings.documents import WAITING
from mappings.reasons import REASONS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
OPERATING = (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")
DOCUMENTS = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "docs/operating.md",
    "docs/settings.md",
    "docs/guide-coverage.md",
    "docs/api-notes.md",
)
PARAGRAPHS = dict(re.findall(r"^\*\*(\w+)\.\*\* (.+?)(?=\n\n|\Z)", OPERATING, re.M | re.S))
TROUBLES = [
    one.__name__
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, Trouble) and one not in (Trouble, Refused, Halted)
]
PROGRAM = re.compile(r"(?:^|[\s/`])teamleader-twikey((?: +[^`\n#>]+)?)")
VERBS = {
    "init", "connect", "check", "import", "held", "retry", "status", "journey", "mandates", "undo",
    "reconcile", "automations", "customers", "follow-up", "invite", "serve", "rebuild",
}  # fmt: skip


def settings(model: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield every setting by its dotted name, ``profiles.NUMBER`` for a table of tables."""
    for name, field in model.model_fields.items():
        inner = [field.annotation, *get_args(field.annotation)]
        models = [one for one in inner if isinstance(one, type) and issubclass(one, BaseModel)]
        if models:
            under = f"{prefix}{name}." if field.annotation in models else f"{prefix}{name}.NUMBER."
            yield from settings(models[0], under)
        else:
            yield prefix + (field.alias or name)


def command_lines(text: str) -> Iterator[list[str]]:
    """Yield the arguments of each command of ours that stands in backticks or in a code block."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))
    for line in [line for block in blocks for line in block.splitlines()] + spans:
        for found in PROGRAM.finditer(line):
            arguments = shlex.split(found[1])
            if arguments and arguments[0] in VERBS:
                yield ["2" if one == "N" else one for one in arguments]


@pytest.mark.parametrize("name", TROUBLES)
def test_every_error_has_its_paragraph(name: str) -> None:
    """Whoever meets an error finds what happened and what to do: two sentences at least."""
    assert len(re.findall(r"[.:](?:\s|$)", PARAGRAPHS[name])) >= 2


@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_its_paragraph(code: str) -> None:
    """Whoever sees a code in a summary finds it explained."""
    assert len(PARAGRAPHS[code]) > 40


@pytest.mark.parametrize("code", WAITING)
def test_every_reason_of_a_waiting_pdf_has_its_paragraph(code: str) -> None:
    """A PDF that waits says why, and the guide for operators says what to do."""
    assert len(PARAGRAPHS[code]) > 40


def test_no_paragraph_is_about_something_that_is_no_more() -> None:
    """What was removed from the program is removed from the documents."""
    prose = {"Backup", "Restore", "Install", "Alerts", "Upgrade"}
    assert set(PARAGRAPHS) - prose == {*TROUBLES, *REASONS, *WAITING}


@pytest.mark.parametrize("name", list(settings(Settings)))
def test_every_setting_is_in_the_documents_and_in_the_file_that_init_writes(name: str) -> None:
    """A setting that nobody can find does not exist."""
    assert f"| `{name}` |" in SETTINGS
    assert re.search(rf"^(# )?(\[[\w.]*)?{name.split('.')[-1]}\b", config_text(None), re.M)


def test_every_variable_is_in_the_documents() -> None:
    """Credentials and addresses are listed with their defaults."""
    table = SETTINGS.partition("## In the environment")[2]
    for name, field in Secrets.model_fields.items():
        assert f"`{name.upper()}`" in table
        if isinstance(field.default, str) and field.default:
            assert f"`{field.default}`" in table
    assert f"`{HOME_VARIABLE}`" in table


def test_every_command_line_of_the_documents_can_be_typed() -> None:
    """What is written in a document is accepted by the real parser."""
    advice = "\n".join(
        [*(reason.advice for reason in REASONS.values())]
        + [getattr(errors, name).advice for name in TROUBLES]
    )
    texts = [(ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS]
    typed = [line for text in (*texts, advice) for line in command_lines(text)]
    assert {line[0] for line in typed} == VERBS
    for line in typed:
        if "--help" not in line:
            assert all_verbs().parse_args(line).verb == line[0]


def test_the_readme_begins_with_the_demo_and_the_tests() -> None:
    """The first screen is what it is, the demo and the tests; the whole is read in a sitting."""
    lines = README.splitlines()
    assert len(lines) <= 250
    first = "\n".join(lines[:24])
    assert "make demo" in first and "make test" in first


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_file_that_a_document_names_is_there(document: str) -> None:
    """Paths in backticks and links lead somewhere."""
    text = (ROOT / document).read_text(encoding="utf-8")
    named = re.findall(r"`((?:connectors|mappings|flows|tests|docs)/[\w/.*-]+)`", text)
    linked = re.findall(r"\]\((?!http)([^)#]+)\)", text)
    for path in named:
        assert list(ROOT.glob(path.rstrip("/"))), path
    for path in linked:
        assert (ROOT / document).parent.joinpath(path).exists(), path
