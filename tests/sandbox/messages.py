"""Requests and responses as the sandbox services see them."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

JSON = "application/json"


class Headers(dict[str, str]):
    """Headers by name in any case."""

    def __init__(self, pairs: list[tuple[str, str]] | None = None) -> None:
        super().__init__((name.lower(), value) for name, value in pairs or [])

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header, or the default."""
        return super().get(name.lower(), default)

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())


@dataclass
class Request:
    """One request, its body read whole."""

    method: str
    path: str  # without the query, percent-decoded
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""
    _parsed: Any = field(default=None, repr=False)

    def text(self) -> str:
        """The body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON, parsed once; ValueError when it is not."""
        if self._parsed is None:
            self._parsed = json.loads(self.body)
        return self._parsed

    def form(self) -> dict[str, str]:
        """The body as an HTML form; the last of equal names wins."""
        return dict(parse_qsl(self.text(), keep_blank_values=True))

    def argument(self, name: str, default: str | None = None) -> str | None:
        """The first query value of that name, or the default."""
        return next((value for key, value in self.query if key == name), default)

    @property
    def content_type(self) -> str:
        """The media type in lower case, without parameters."""
        return str(self.headers.get("content-type", "")).split(";")[0].strip().lower()

    def parameters(self) -> Any:
        """The body for the journal: JSON, or a form as a dict, or None."""
        if self.content_type == "application/x-www-form-urlencoded":
            return self.form()
        try:
            return self.json() if self.body else None
        except ValueError:
            return None


@dataclass
class Response:
    """One answer; a dict or list goes out as JSON, None as no bytes at all."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | str | dict[str, Any] | list[Any] | None = None
    authorised: bool | None = None  # for the journal: None where a call needs no token

    def rendered(self) -> tuple[dict[str, str], bytes]:
        """Headers (with a content type) and bytes."""
        content, kind = self.body, "text/plain; charset=utf-8"
        if isinstance(content, dict | list):
            content, kind = json.dumps(content, ensure_ascii=False, separators=(",", ":")), JSON
        if isinstance(content, str):
            content = content.encode("utf-8", "backslashreplace")  # half a character, as in JSON
        raw = content or b""
        names = {name.lower() for name in self.headers}
        return self.headers if "content-type" in names or not raw else {
            "Content-Type": kind,
            **self.headers,
        }, raw
