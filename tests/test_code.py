"""What the code never does, read from the code itself: every file of the three layers."""

from __future__ import annotations

import ast
import ipaddress
import re
from collections.abc import Callable, Container, Iterator
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = ("connectors", "flows", "mappings")

# Calls that may wait for ever, and where among their positional arguments the timeout stands.
MAY_WAIT: dict[str, dict[str, int | None]] = {
    "requests": {
        **dict.fromkeys(("get", "post", "put", "patch", "delete", "head", "options"), None),
        "request": None,
    },
    "socket": {"create_connection": 1},
    "urllib.request": {"urlopen": 2},
    "smtplib": {"SMTP": 3, "SMTP_SSL": 5},
    "http.client": {"HTTPConnection": 2, "HTTPSConnection": 2},
    "ftplib": {"FTP": 4},
    "telnetlib": {"Telnet": 2},
    "subprocess": dict.fromkeys(("run", "call", "check_call", "check_output"), None),
}
BARE = {"eval", "exec", "compile", "__import__", "breakpoint", "input"}
SHELLS = {"os.system", "os.popen", "os.execv", "os.execvp", "os.spawnv", "os.posix_spawn",
          "subprocess.getoutput", "subprocess.getstatusoutput", "asyncio.create_subprocess_shell",
          "pty.spawn"}  # fmt: skip
UNSAFE_READERS = {"pickle", "cPickle", "marshal", "shelve", "dill", "cloudpickle", "xml"}
NAMED_BY_A_FILE_OF_OURS = {"flows/prefect_serve.py"}  # prefect.yaml, which ships with the program
WEAK = {"hashlib.md5", "hashlib.sha1", "ssl._create_unverified_context", "tempfile.mktemp",
        "ssl.CERT_NONE", "pandas.eval", "pandas.read_pickle"}  # fmt: skip
ALONE_PLAIN = {"http://", "https://"}  # the name of a scheme, not an address


@cache
def files() -> tuple[tuple[str, str, ast.Module], ...]:
    """Return path, text and syntax of every file of the product."""
    found = sorted(path for layer in LAYERS for path in (ROOT / layer).rglob("*.py"))
    texts = [(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")) for path in found]
    return tuple((path, text, ast.parse(text)) for path, text in texts)


def named(tree: ast.Module) -> dict[str, str]:
    """Return what each imported name of a file stands for: ``np`` is ``numpy``."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {(one.asname or one.name.split(".")[0]): one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {(one.asname or one.name): f"{node.module}.{one.name}" for one in node.names}
    return names


def full_name(node: ast.AST, names: dict[str, str]) -> str:
    """Return what a name or a dotted name stands for, empty for anything else."""
    if isinstance(node, ast.Name):
        return names.get(node.id, node.id)
    if isinstance(node, ast.Attribute):
        before = full_name(node.value, names)
        return f"{before}.{node.attr}" if before else ""
    return ""


def calls(tree: ast.Module) -> Iterator[tuple[ast.Call, str]]:
    """Yield every call with the full name of what is called."""
    names = named(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node, full_name(node.func, names)


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """Return what a call says for a keyword."""
    return next((one.value for one in call.keywords if one.arg == name), None)


def check_nowhere(
    find: Callable[[ast.Module], Iterator[ast.AST]], but: Container[str] = ()
) -> None:
    """Check that nothing of a kind is in any file; names the lines where it is."""
    found = [
        f"{path}:{getattr(node, 'lineno', 0)}"
        for path, _, tree in files()
        if path not in but
        for node in find(tree)
    ]
    assert found == []


def test_there_is_something_to_read() -> None:
    """A walk over nothing would prove nothing."""
    assert len(files()) > 100


def test_nothing_is_run_from_text() -> None:
    """Supply chain: no eval, exec, compile, and no name imported from a text of others."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        for call, name in calls(tree):
            if name in BARE or name.removeprefix("builtins.") in BARE:
                yield call
            if name == "importlib.import_module" and not _of_ours(call.args[0]):
                yield call

    check_nowhere(find, but=NAMED_BY_A_FILE_OF_OURS)


def _of_ours(name: ast.expr) -> bool:
    """Tell whether a module's name begins with one of ours, written out."""
    first = name.values[0] if isinstance(name, ast.JoinedStr) else name
    text = first.value if isinstance(first, ast.Constant) else ""
    return isinstance(text, str) and text.split(".")[0] in LAYERS and "." in text


def test_no_shell_is_ever_started() -> None:
    """Supply chain: no shell=True, no os.system; the product starts no process at all."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        for call, name in calls(tree):
            shell = keyword(call, "shell")
            if name in SHELLS or (shell is not None and ast.unparse(shell) != "False"):
                yield call
            if name.startswith(("subprocess.", "multiprocessing.")):
                yield call

    check_nowhere(find)


def test_tls_is_always_verified() -> None:
    """Supply chain: no verify=False, no unverified context, no check of the host left out."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        names = named(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword) and node.arg in ("verify", "check_hostname"):
                if isinstance(node.value, ast.Constant) and node.value.value is False:
                    yield node.value
            elif isinstance(node, ast.Assign):
                off = isinstance(node.value, ast.Constant) and node.value.value is False
                if off and any(_ends(one, "check_hostname", "verify") for one in node.targets):
                    yield node
            elif isinstance(node, ast.Attribute) and full_name(node, names) in WEAK:
                yield node

    check_nowhere(find)


def _ends(target: ast.expr, *names: str) -> bool:
    return isinstance(target, ast.Attribute) and target.attr in names


def test_every_call_that_may_wait_has_a_timeout() -> None:
    """Supply chain: requests, sessions, sockets, SMTP, SQLite: none waits for ever."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        for call, name in calls(tree):
            module, _, function = name.rpartition(".")
            known = MAY_WAIT.get(module, {})
            if function in known and not _has_timeout(call, known[function]):
                yield call
            if _sends_with_a_session(call) and keyword(call, "timeout") is None:
                yield call

    check_nowhere(find)


def _has_timeout(call: ast.Call, place: int | None) -> bool:
    said = keyword(call, "timeout")
    if said is None and place is not None and len(call.args) > place:
        said = call.args[place]
    return said is not None and ast.unparse(said) not in ("None", "0")


def _sends_with_a_session(call: ast.Call) -> bool:
    """Tell whether this is ``session.send(...)`` or another verb of one."""
    if not isinstance(call.func, ast.Attribute):
        return False
    owner = ast.unparse(call.func.value).rpartition(".")[2].strip("_")
    return owner == "session" and call.func.attr in {*MAY_WAIT["requests"], "send"}


def test_nothing_unsafe_is_read() -> None:
    """Supply chain: no pickle, marshal, YAML or XML; JSON, TOML and CSV only."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        names = named(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                if any(names[one.asname or one.name.split(".")[0]].split(".")[0] in UNSAFE_READERS
                       for one in node.names):  # fmt: skip
                    yield node
            elif isinstance(node, ast.Name | ast.Attribute):
                module, _, name = full_name(node, names).partition(".")
                if module == "yaml" and name not in ("", "safe_load", "YAMLError"):
                    yield node

    check_nowhere(find)


def test_plain_http_is_for_this_machine_only() -> None:
    """Supply chain: no address in the code is plain http, but those of loopback."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docs
            ):
                for address in re.findall(r"(?:http|ftp|ws|telnet)://[^\s\"'`)]*", node.value):
                    if address not in ALONE_PLAIN and not _is_here(address):
                        yield node

    check_nowhere(find)


def _is_here(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def test_no_trouble_is_swallowed() -> None:
    """Supply chain: no bare except, and no handler for everything that only passes on."""

    def find(tree: ast.Module) -> Iterator[ast.AST]:
        for node in ast.walk(tree):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else ""
                silent = all(isinstance(one, ast.Pass | ast.Continue) for one in node.body)
                if node.type is None or (silent and re.search(r"\b(Base)?Exception\b", caught)):
                    yield node
            elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress"):
                caught = " ".join(ast.unparse(one) for one in node.args)
                yield from [node] if re.search(r"\b(Base)?Exception\b", caught) else []

    check_nowhere(find)


def test_every_exemption_says_why() -> None:
    """Supply chain: each ``noqa`` names its rule; one of security gives a reason too."""
    for path, text, _ in files():
        for number, line in enumerate(text.splitlines(), 1):
            exempt = re.search(r"# (noqa|type: ignore)(.*)", line)
            if exempt is None:
                continue
            rest = exempt.group(2)
            assert re.match(r"(: [A-Z]+\d+|\[[a-z-]+\])", rest), f"{path}:{number}"
            if re.search(r"\b(S\d{3}|BLE\d{3})\b", rest):
                assert re.search(r" - \w+", rest), f"{path}:{number} exempts without a reason"


@pytest.mark.parametrize(
    ("code", "check"),
    [
        ("eval(x)", test_nothing_is_run_from_text),
        ("from importlib import import_module as i\ni(x)", test_nothing_is_run_from_text),
        ("import os\nos.system(x)", test_no_shell_is_ever_started),
        ("run(x, shell=True)", test_no_shell_is_ever_started),
        ("import subprocess as s\ns.run(['x'])", test_no_shell_is_ever_started),
        ("get(x, verify=False)", test_tls_is_always_verified),
        ("session.verify = False", test_tls_is_always_verified),
        ("import ssl\nc = ssl._create_unverified_context()", test_tls_is_always_verified),
        ("import requests\nrequests.get(x)", test_every_call_that_may_wait_has_a_timeout),
        ("self._session.send(x)", test_every_call_that_may_wait_has_a_timeout),
        ("import smtplib\nsmtplib.SMTP('x', 25)", test_every_call_that_may_wait_has_a_timeout),
        ("from socket import create_connection as c\nc(x, None)",
         test_every_call_that_may_wait_has_a_timeout),
        ("import pickle", test_nothing_unsafe_is_read),
        ("import yaml\nyaml.load(x)", test_nothing_unsafe_is_read),
        ("from yaml import unsafe_load as y\ny(x)", test_nothing_unsafe_is_read),
        ("x = 'http://example.com/'", test_plain_http_is_for_this_machine_only),
        ("try:\n    x()\nexcept Exception:\n    pass", test_no_trouble_is_swallowed),
        ("try:\n    x()\nexcept:\n    raise", test_no_trouble_is_swallowed),
        ("with suppress(Exception):\n    x()", test_no_trouble_is_swallowed),
        ("x()  # noqa: S310", test_every_exemption_says_why),
        ("x()  # noqa", test_every_exemption_says_why),
    ],
)  # fmt: skip
def test_the_walk_finds_what_is_wrong(
    code: str, check: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each check fails on a line that does what it forbids, so that passing means something."""
    planted = (("planted.py", code, ast.parse(code)),)
    monkeypatch.setattr("tests.test_code.files", lambda: planted)
    with pytest.raises(AssertionError):
        check()
