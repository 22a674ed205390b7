"""Download links and what is behind them (API reference 5): short-lived, without a bearer token."""

import secrets
from datetime import UTC, datetime
from typing import Any

from tests.sandbox.refusals import Refused
from tests.sandbox.wire import Request, Response
from tests.sandbox.world import World

FORMATS = ("pdf", "ubl/e-fff", "ubl/peppol_bis_3", "ubl/xrechnung")
_REFUSED = "<?xml version='1.0'?><Error><Code>{0}</Code></Error>"


class Documents:
    """Links handed out, and the files they lead to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.links: dict[str, tuple[float, str, str]] = {}  # token -> (until, title, format)

    def link(self, request: Request, title: str, kind: str) -> dict[str, Any]:
        """A new link to a rendered document, as ``*.download`` answers it."""
        token = secrets.token_urlsafe(18)
        until = self.world.now().timestamp() + self.world.rules.download_seconds
        self.links[token] = (until, title, kind)
        host = request.headers.get("host", "127.0.0.1")
        location = f"http://{host}/doc/{token[:8]}?signature={token}"
        expires = datetime.fromtimestamp(int(until), UTC).isoformat()
        return {"data": {"location": location, "expires": expires}}

    def fetch(self, request: Request) -> Response:
        """The bytes behind a link; refuses a bearer token, a wrong and an expired signature."""
        if request.method != "GET":
            return _refused(405, "MethodNotAllowed")
        if "authorization" in request.headers:
            return _refused(400, "OnlyOneAuthMechanismAllowed")
        token = request.argument("signature") or ""
        until, title, kind = self.links.get(token, (0.0, "", ""))
        if request.path != f"/doc/{token[:8]}" or self.world.now().timestamp() >= until:
            return _refused(403, "AccessDenied")
        if kind == "pdf":
            return Response(200, {"Content-Type": "application/pdf"}, pdf(title))
        return Response(
            200, {"Content-Type": "application/xml"}, f"<Invoice><ID>{title}</ID></Invoice>"
        )

    def check(self, kind: Any) -> str:
        """The format asked for; `Refused` when Teamleader does not make it."""
        if not isinstance(kind, str) or kind not in FORMATS:
            raise Refused(f"format must be in {{{', '.join(FORMATS)}}}")
        return kind


def pdf(title: str) -> bytes:
    """A small but real PDF of one empty page; the same title gives the same bytes."""
    name = title.encode("latin-1", "replace").replace(b"(", b"").replace(b")", b"")
    parts = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] >>",
        b"<< /Title (" + name + b") >>",
    ]
    made, places = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, part)
    start = len(made)
    made += b"xref\n0 5\n0000000000 65535 f \n" + b"".join(
        b"%010d 00000 n \n" % at for at in places
    )
    return (
        made + b"trailer\n<< /Size 5 /Root 1 0 R /Info 4 0 R >>\nstartxref\n%d\n%%%%EOF\n" % start
    )


def _refused(status: int, code: str) -> Response:
    return Response(status, {"Content-Type": "application/xml"}, _REFUSED.format(code))
