"""How the pretend Teamleader says no (API reference 1.6)."""

from typing import Any

from tests.sandbox.wire import Response


class Refused(Exception):
    """A request that Teamleader answers with an error; 400 unless said otherwise."""

    def __init__(self, title: str, status: int = 400, **headers: str) -> None:
        super().__init__(title)
        self.title, self.status, self.headers = title, status, headers

    def response(self) -> Response:
        """The documented error body; only ``title`` is promised."""
        body: dict[str, Any] = {"errors": [{"title": self.title, "status": self.status}]}
        return Response(self.status, dict(self.headers), body)
