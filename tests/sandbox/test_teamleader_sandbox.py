"""The sandbox's Teamleader punishes what the real one punishes: tokens and words.

"B" and a number is the point of API reference, appendix B.
"""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.sandbox import credentials
from tests.sandbox.teamleader_desk import Desk


@pytest.fixture
def desk() -> Iterator[Desk]:
    """A fresh sandbox."""
    with Desk() as opened:
        yield opened


def test_the_consent_page_waits_for_a_person(desk: Desk) -> None:
    """Without a choice there is a page with two links, and no redirect."""
    page = desk.consent()
    assert page.status_code == 200
    assert page.text.count("decision=") == 2


def test_allow_deny_and_forge_come_back_as_documented(desk: Desk) -> None:
    """The code with our state, access_denied, and a state that is not ours."""
    assert desk.back(auto="allow")["state"] == ["s-1"]
    assert desk.back(auto="deny") == {"error": ["access_denied"], "state": ["s-1"]}
    assert desk.back(auto="forge")["state"] != ["s-1"]


def test_a_scope_or_a_foreign_redirect_address_is_refused(desk: Desk) -> None:
    """Quirk 22, and the list of redirect addresses."""
    assert desk.consent(scope="invoices").json()["error"] == "invalid_scope"
    assert desk.consent(redirect_uri="https://evil.example/callback").status_code == 400


def test_a_code_works_once_and_for_ten_minutes(desk: Desk) -> None:
    """API reference 1.5: also with the same redirect address only."""
    here = {"redirect_uri": credentials.TEAMLEADER_REDIRECT_URI}
    grant = {"grant_type": "authorization_code", **here}
    code = desk.back(auto="allow")["code"][0]
    assert desk.token(code=code, **grant).json()["expires_in"] == 3600
    assert desk.token(code=code, **grant).status_code == 400
    late = desk.back(auto="allow")["code"][0]
    desk.world.advance(601)
    assert desk.token(code=late, **grant).status_code == 400
    other = desk.back(auto="allow")["code"][0]
    moved = {**grant, "redirect_uri": "http://localhost:1/callback"}
    assert desk.token(code=other, **moved).status_code == 400


def test_b16_a_refresh_token_works_once(desk: Desk) -> None:
    """B16: the second use is a 400 in either shape, and the old access token dies."""
    spent, access = desk.pair["refresh_token"], desk.pair["access_token"]
    desk.pair = desk.refresh(spent).json()
    assert desk.ask("users.me").status_code == 200
    assert desk.refresh(spent).json()["error"] == "invalid_grant"
    desk.rules.refresh_failure = "errors"
    assert desk.refresh(spent).json()["errors"][0]["meta"]["hint"] == "Token has been revoked"
    assert desk.ask("users.me", Authorization=f"Bearer {access}").status_code == 401


def test_b16_a_lost_refresh_answer_has_spent_the_token(desk: Desk) -> None:
    """B16: the pair was rotated although nobody heard of it."""
    desk.world.fault("reset_after", path="access_token", times=1)
    with pytest.raises(requests.ConnectionError):
        desk.refresh(desk.pair["refresh_token"])
    assert desk.refresh(desk.pair["refresh_token"]).status_code == 400


def test_b16_an_access_token_expires(desk: Desk) -> None:
    """B16: 401 from the very second, and nothing before."""
    desk.world.advance(3599)
    assert desk.ask("users.me").status_code == 200
    desk.world.advance(1)
    assert desk.ask("users.me").status_code == 401
    assert desk.world.journal[-1].authorised is False


def test_a_wrong_secret_is_401_and_json_is_accepted_too(desk: Desk) -> None:
    """The token endpoint reads forms and JSON."""
    assert desk.token(client_secret="wrong", grant_type="refresh_token").status_code == 401
    body = {
        "client_id": credentials.TEAMLEADER_CLIENT_ID,
        "client_secret": credentials.TEAMLEADER_CLIENT_SECRET,
        "grant_type": "refresh_token",
        "refresh_token": desk.pair["refresh_token"],
    }
    address = f"{desk.sandbox.auth_url}/oauth2/access_token"
    assert desk.session.post(address, json=body, timeout=5).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {"filter": {"status": "outstanding"}},
        {"filter": {"status": ["paid"]}},
        {"filter": {"statuss": ["draft"]}},
        {"filter": {"updated_since": "2026-09-01T00:00:00Z"}},
        {"filter": {"updated_since": "2026-09-01T00:00:00.5+00:00"}},
        {"filter": {"updated_since": "2026-09-01"}},
        {"filter": {"updated_since": "2026-09-14T12:00:01+00:00"}},
        {"filter": {"invoice_date_after": "2026-09-01T00:00:00+00:00"}},
        {"filter": {"invoice_date_after": "2026-02-30"}},
        {"filter": {"ids": ["417"]}},
        {"filter": {"ids": ["9F3E7A52-0C4D-0B8E-A17F-6D2C90E4B511"]}},
        {"filter": {"customer": {"id": "9f3e7a52-0c4d-0b8e-a17f-6d2c90e4b511"}}},
        {"filter": []},
        {"sort": {"field": "invoice_number"}},
        {"sort": [{"field": "updated_at", "order": "asc"}]},
        {"sort": [{"field": "invoice_number", "order": "up"}]},
        {"page": {"size": 101, "number": 1}},
        {"page": {"size": 0, "number": 1}},
        {"page": {"size": "100", "number": 1}},
        {"page": {"size": 100, "number": 0}},
        {"page": 2},
        {"includes": ["late_fees"]},
        {"includes": "custom_fields"},
        {"include": "invoicee.customer"},
    ],
)
def test_b2_b3_b4_a_wrong_word_in_a_list_call_is_a_400(desk: Desk, body: Any) -> None:
    """B2, B3, B4: sizes, unknown keys, enums and types, with a title that says which."""
    response = desk.ask("invoices.list", body)
    assert response.status_code == 400
    assert response.json()["errors"][0]["title"]


def test_b3_unknown_keys_may_be_ignored_as_some_report(desk: Desk) -> None:
    """B3: then a misspelt filter returns everything."""
    desk.rules.change({"unknown_keys": "ignore", "unknown_filters": "ignore"})
    rows = desk.found("invoices.list", filter={"statuss": ["matched"]}, nonsense=1)
    assert {row["status"] for row in rows} > {"outstanding"}


@pytest.mark.parametrize(
    ("verb", "filters"),
    [
        ("contacts.list", {"status": ["active"]}),
        ("companies.list", {"email": "info@x.example"}),
        ("companies.list", {"email": {"email": "info@x.example"}}),
        ("subscriptions.list", {"status": "active"}),
        ("subscriptions.list", {"updated_since": "2026-09-01T00:00:00+00:00"}),
        ("creditNotes.list", {"status": ["booked"]}),
        ("customFieldDefinitions.list", {"context": "deal"}),
        ("customFieldDefinitions.list", {"context": ["invoice"]}),
        ("paymentMethods.list", {"status": "active"}),
    ],
)
def test_the_other_lists_have_their_own_words(desk: Desk, verb: str, filters: Any) -> None:
    """API reference 2.3: one string here, an array there."""
    assert desk.ask(verb, {"filter": filters}).status_code == 400


def test_only_post_with_a_json_object_is_understood(desk: Desk) -> None:
    """No GET, no form, no array, no unknown method."""
    url = f"{desk.sandbox.teamleader_url}/users.me"
    headers = {"Authorization": f"Bearer {desk.pair['access_token']}"}
    assert desk.session.get(url, headers=headers, timeout=5).status_code == 405
    assert desk.session.post(url, data={"a": "b"}, headers=headers, timeout=5).status_code == 400
    assert desk.ask("users.me", []).status_code == 400
    assert desk.ask("invoices.all").status_code == 404


def test_a_missing_scope_is_a_403(desk: Desk) -> None:
    """API reference 1.6, by resource or by method."""
    desk.rules.forbidden = ("creditNotes", "users.me")
    assert desk.ask("creditNotes.list").status_code == 403
    assert desk.ask("users.me").status_code == 403
    assert desk.ask("invoices.list").status_code == 200


def test_the_version_is_echoed_and_decides_the_options_shape(desk: Desk) -> None:
    """API reference 1.4: a client that forgets the header gets the older shape."""
    asked = {"filter": {"context": "invoice"}}
    new = desk.ask("customFieldDefinitions.list", asked)
    assert new.headers["x-api-version"] == "2023-09-26"
    options = {row["label"]: row["configuration"] for row in new.json()["data"]}
    assert [one["value"] for one in options["Twikey invoices"]["options"]] == ["1420", "1421"]
    old = desk.ask("customFieldDefinitions.list", asked, **{"X-Api-Version": "2019-01-24"})
    assert old.headers["x-api-version"] == "2022-09-15"
    shapes = {row["label"]: row["configuration"] for row in old.json()["data"]}
    assert shapes["Twikey invoices"]["options"] == ["1420", "1421"]


def test_b17_call_201_of_a_sliding_minute_is_refused(desk: Desk) -> None:
    """B17: three headers, no Retry-After, and reset is when the oldest leaves."""
    answers = [desk.ask("users.me") for _ in range(201)]
    assert [one.status_code for one in answers] == [200] * 200 + [429]
    assert answers[0].headers["x-ratelimit-remaining"] == "199"
    refused = answers[-1].headers
    assert refused["x-ratelimit-reset"] == "2026-09-14T14:01:00.000+0200"
    assert "retry-after" not in refused
    desk.world.advance(60)
    assert desk.ask("users.me").status_code == 200


def test_b17_the_window_may_be_scaled_and_refused_calls_may_count(desk: Desk) -> None:
    """B17: either way of counting, and the other way of writing the reset."""
    desk.rules.change({"rate_limit": 2, "rate_window_seconds": 6.0, "rate_reset_format": "seconds"})
    first = desk.ask("users.me")
    assert first.headers["x-ratelimit-reset"] == "2026-09-14T12:00:06+00:00"
    desk.world.advance(3)
    assert [desk.ask("users.me").status_code for _ in range(3)] == [200, 429, 429]
    desk.world.advance(3)
    assert desk.ask("users.me").status_code == 429
    desk.rules.rate_counts_refused = False
    desk.world.advance(6)
    assert [desk.ask("users.me").status_code for _ in range(3)] == [200, 200, 429]
    desk.world.advance(6)
    assert desk.ask("users.me").status_code == 200
