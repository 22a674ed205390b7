"""Consent page, codes and token pairs (API reference 1.5): codes once, refresh tokens once."""

import html
import re
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.sandbox import credentials
from tests.sandbox.wire import Request, Response
from tests.sandbox.world import World

_LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1)(:\d+)?(/[^?#]*)?")
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Teamleader sandbox</title>
<body style="font-family:sans-serif;max-width:34em;margin:4em auto">
<h1>Allow access to your books?</h1><p>The integration <b>{client}</b> asks to read and write
invoices, contacts and companies of <b>Voorbeeld BV</b> (sandbox).</p>
<p><a href="?{allow}">Allow</a> &nbsp; <a href="?{deny}">Refuse</a></p></body></html>"""


@dataclass
class Grant:
    """One access token with the refresh token that came along."""

    access: str
    refresh: str
    expires_at: float
    used: bool = False  # the refresh token was spent
    revoked: bool = False


class Authority:
    """What Teamleader's authorisation server remembers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.codes: dict[str, tuple[str, float]] = {}  # code -> (redirect_uri, valid until)
        self.by_access: dict[str, Grant] = {}
        self.by_refresh: dict[str, Grant] = {}

    # -- tokens ------------------------------------------------------------------------------

    def grant(self) -> dict[str, Any]:
        """Issue a pair, as the token endpoint answers it."""
        seconds = self.world.rules.token_seconds
        made = Grant(
            f"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.{secrets.token_urlsafe(24)}.c2ln",
            f"def50200{secrets.token_hex(24)}",
            self._now() + seconds,
        )
        self.by_access[made.access] = self.by_refresh[made.refresh] = made
        return {
            "token_type": "Bearer",
            "expires_in": seconds,
            "access_token": made.access,
            "refresh_token": made.refresh,
        }

    def knows(self, access: str) -> bool:
        """Whether an access token may be used now."""
        grant = self.by_access.get(access)
        if grant is None or grant.revoked or self._now() >= grant.expires_at:
            return False
        return not grant.used or bool(self.world.rules.old_access_survives)

    def revoke(self) -> None:
        """The user takes the consent back: every token dies."""
        for grant in self.by_access.values():
            grant.revoked = True

    def expire_access(self) -> None:
        """Let every access token end now; the refresh tokens stay good."""
        for grant in self.by_access.values():
            grant.expires_at = self._now()

    def load(self, codes: dict[str, tuple[str, float]], grants: list[dict[str, Any]]) -> None:
        """Put back the codes and grants of a snapshot."""
        self.codes = dict(codes)
        made = [Grant(**grant) for grant in grants]
        self.by_access = {grant.access: grant for grant in made}
        self.by_refresh = {grant.refresh: grant for grant in made}

    # -- the two addresses -------------------------------------------------------------------

    def authorize(self, request: Request) -> Response:
        """The page a person sees, or the redirect that follows it."""
        asked = dict(request.query)
        problem = self._problem(request.method, asked)
        if problem:
            return Response(400, {}, {"error": problem[0], "error_description": problem[1]})
        choice = asked.pop("auto", None) or asked.pop("decision", None) or self.world.rules.consent
        if choice == "ask":
            return self._page(asked)
        back = {"state": asked["state"]} if "state" in asked else {}
        if choice == "deny":
            kept = back if self.world.rules.denial_keeps_state else {}
            return _redirect(asked["redirect_uri"], {"error": "access_denied", **kept})
        if choice == "forge":
            back = {"state": "forged" + back.get("state", "")}
        code = f"def50200{secrets.token_hex(20)}"
        until = self._now() + self.world.rules.code_seconds
        self.codes[code] = (asked["redirect_uri"], until)
        return _redirect(asked["redirect_uri"], {"code": code, **back})

    def token(self, request: Request) -> Response:
        """Exchange a code or a refresh token for a pair."""
        if request.method != "POST":
            return Response(405, {"Allow": "POST"}, {"error": "invalid_request"})
        asked = request.parameters()
        if not isinstance(asked, dict) or any(not isinstance(one, str) for one in asked.values()):
            return _oauth_error("invalid_request", "The body must be a form or JSON.")
        given = (asked.get("client_id"), asked.get("client_secret"))
        if given != (credentials.TEAMLEADER_CLIENT_ID, credentials.TEAMLEADER_CLIENT_SECRET):
            return _oauth_error("invalid_client", "Client authentication failed", 401)
        match asked.get("grant_type"):
            case "authorization_code":
                return self._by_code(asked)
            case "refresh_token":
                return self._by_refresh(asked)
        return _oauth_error("unsupported_grant_type", "The grant type is not supported.")

    # -- inside ------------------------------------------------------------------------------

    def _now(self) -> float:
        return self.world.now().timestamp()

    def _problem(self, method: str, asked: dict[str, str]) -> tuple[str, str] | None:
        if method != "GET":
            return "invalid_request", "Open this address in a browser."
        if "scope" in asked:
            return "invalid_scope", "Scopes are those ticked on the integration."
        if asked.get("client_id") != credentials.TEAMLEADER_CLIENT_ID:
            return "invalid_client", "Unknown client."
        if asked.get("response_type") != "code":
            return "unsupported_response_type", "response_type must be code."
        if not self._allowed(asked.get("redirect_uri", "")):
            return "invalid_client", "The redirect URI is not one of the integration's."
        return None

    def _allowed(self, address: str) -> bool:
        listed = self.world.rules.redirect_uris
        return address in listed if listed else bool(_LOOPBACK.fullmatch(address))

    def _page(self, asked: dict[str, str]) -> Response:
        links = {
            "allow": html.escape(urlencode({**asked, "decision": "allow"})),
            "deny": html.escape(urlencode({**asked, "decision": "deny"})),
        }
        page = _PAGE.format(client=html.escape(asked["client_id"]), **links)
        return Response(200, {"Content-Type": "text/html; charset=utf-8"}, page)

    def _by_code(self, asked: dict[str, str]) -> Response:
        address, until = self.codes.pop(asked.get("code", ""), ("", 0.0))
        if self._now() >= until:
            return _oauth_error("invalid_grant", "The authorization code is invalid.")
        if asked.get("redirect_uri") != address:
            return _oauth_error("invalid_grant", "The redirect URI differs.")
        return Response(200, {}, self.grant())

    def _by_refresh(self, asked: dict[str, str]) -> Response:
        grant = self.by_refresh.get(asked.get("refresh_token", ""))
        if grant is None or grant.used or grant.revoked:
            return self._refused()
        grant.used = True
        return Response(200, {}, self.grant())

    def _refused(self) -> Response:
        title = "The refresh token is invalid."
        if self.world.rules.refresh_failure == "oauth":
            return _oauth_error("invalid_grant", title)
        error = {
            "code": 0,
            "title": title,
            "status": 400,
            "meta": {"hint": "Token has been revoked"},
        }
        return Response(400, {}, {"errors": [error]})


def _oauth_error(error: str, description: str, status: int = 400) -> Response:
    return Response(status, {}, {"error": error, "error_description": description})


def _redirect(address: str, parameters: dict[str, str]) -> Response:
    return Response(302, {"Location": f"{address}?{urlencode(parameters)}"})
