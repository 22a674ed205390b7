"""Acceptance B13: what Prefect watches for, declared here and installed by one command.

Upserted by name: a second installation changes nothing, an automation that somebody paused in the
pages stays paused, and nothing that is not named here is touched.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, cast
from uuid import UUID

import httpx
from prefect.blocks.core import Block
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ActionTypes, ChangeFlowRunState, SendNotification
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.types import SecretDict

from connectors.errors import NoPrefectServer
from flows.automations import Receivers, Watched
from flows.mail_settings import Outgoing
from flows.prefect_blocks import TeamleaderTwikeyMail
from flows.settings import Watch
from flows.watch import HELD_TOO_LONG, TOO_LATE

PREFIX = "teamleader-twikey: "
FAILED, LATE, HELD = f"{PREFIX}run failed", f"{PREFIX}invoice late", f"{PREFIX}held too long"
QUIET = {flow: f"{PREFIX}no clean {flow}" for flow in ("import", "follow-up")}
ZOMBIE = f"{PREFIX}run without heartbeat"
NAMES = (FAILED, *QUIET.values(), LATE, HELD, ZOMBIE)
BLOCK = "teamleader-twikey-alerts"
STATE = "prefect.flow-run."
OURS = [
    {"prefect.resource.role": "tag", "prefect.resource.id": f"prefect.tag.{tag}"}
    for tag in ("teamleader", "twikey")
]
CLEAN = ("Completed", "NothingNew", "CompletedWithHeld", "CompletedWithAlerts", "AutomaticOff")
SILENCE = timedelta(minutes=10)  # three beats of Prefect's 180 seconds, and a margin


def declared(watch: Watch, blocks: list[UUID]) -> list[AutomationCore]:
    """Return every automation, telling each of the notification blocks; without any, one cure."""
    found = [_zombie()]
    if not blocks:
        return found
    found += [_failed(blocks), _event(LATE, TOO_LATE, blocks, "An invoice is late")]
    if watch.quiet_after_hours:
        hours = timedelta(hours=watch.quiet_after_hours)
        found += [_quiet(flow, hours, blocks) for flow in QUIET]
    if watch.held_after_days:
        found.append(_event(HELD, HELD_TOO_LONG, blocks, "Something is held too long"))
    return found


def _failed(blocks: list[UUID]) -> AutomationCore:
    trigger = EventTrigger(
        expect={f"{STATE}{name}" for name in ("Failed", "Crashed", "TimedOut")},
        match_related=list(OURS), posture=Posture.Reactive, threshold=1,
    )  # fmt: skip
    # A server that does not know its own address has no link to give: not "None" then.
    where = '{{ flow_run | ui_url or "See it in Prefect, under Runs." }}'
    body = "{{ flow_run.name }}: {{ flow_run.state.message }}\n" + where
    return AutomationCore(
        name=FAILED,
        description="A run failed, crashed or took too long.",
        trigger=trigger,
        actions=_told(blocks, "{{ flow.name }} {{ flow_run.state.name }}", body),
    )


def _quiet(flow: str, hours: timedelta, blocks: list[UUID]) -> AutomationCore:
    trigger = EventTrigger(
        expect={f"{STATE}{name}" for name in CLEAN},
        match_related=[
            *OURS, {"prefect.resource.role": "flow", "prefect.resource.name": flow}
        ],
        posture=Posture.Proactive, threshold=1, within=hours,
    )  # fmt: skip
    said = f"No {flow} ended well in the last {hours.total_seconds() / 3600:.0f} hours"
    return AutomationCore(
        name=QUIET[flow],
        description=f"{said}. It only works while this server lives.",
        trigger=trigger,
        actions=_told(blocks, said, "Is `serve`, or a worker, running? See late and failed runs."),
    )


def _event(name: str, event: str, blocks: list[UUID], title: str) -> AutomationCore:
    trigger = EventTrigger(
        expect={event}, match={"prefect.resource.id": "teamleader-twikey.*"},
        posture=Posture.Reactive, threshold=1,
    )  # fmt: skip
    body = "{{ event.payload.message }}\nWhat to do: teamleader-twikey status"
    return AutomationCore(
        name=name, description=f"{title}; told once a day.", trigger=trigger,
        actions=_told(blocks, title, body),
    )  # fmt: skip


def _zombie() -> AutomationCore:
    """Return the cure for a run whose machine died: it frees its slot too."""
    beat = f"{STATE}heartbeat"
    trigger = EventTrigger(
        after={beat}, expect={f"{STATE}*"}, match={"prefect.resource.id": f"{STATE}*"},
        match_related=list(OURS), for_each={"prefect.resource.id"},
        posture=Posture.Proactive, threshold=1, within=SILENCE,
    )  # fmt: skip
    message = "No sign of life any more: its machine or worker died. The next run goes on."
    return AutomationCore(
        name=ZOMBIE,
        description="Ends a run that stopped beating, so that its slot is free again.",
        trigger=trigger,
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=message)],
    )


def _told(blocks: list[UUID], subject: str, body: str) -> list[ActionTypes]:
    title = f"Teamleader->Twikey: {subject}"
    return [SendNotification(block_document_id=block, subject=title, body=body) for block in blocks]


# ---- installing


def install(watch: Watch, receivers: Receivers, *, dry_run: bool) -> Watched:
    """Make the server watch; what is not given now, but was before, is told as before."""
    with _server() as client:
        blocks, told = _blocks(client, receivers, dry_run=dry_run)
        wanted = declared(watch, blocks)
        standing = {one.name: one for one in client.read_automations() if one.name in NAMES}
        done: dict[str, str] = {}
        for automation in wanted:
            done[automation.name] = _upsert(
                client, automation, standing.pop(automation.name, None), dry_run=dry_run
            )
        for name, left in standing.items() if blocks else ():
            if not dry_run:
                client.delete_automation(left.id)
            done[name] = "removed"
    return Watched(done, told, dry_run)


def _upsert(
    client: SyncPrefectClient, wanted: AutomationCore, standing: Any, *, dry_run: bool
) -> str:
    """Create or update one automation; whether it is paused is the operator's choice."""
    if standing is None:
        if not dry_run:
            client.create_automation(wanted)
        return "created"
    wanted.enabled = standing.enabled
    if _facts(wanted) == _facts(standing):
        return "unchanged"
    if not dry_run:
        client.update_automation(standing.id, wanted)
    return "updated"


def _facts(automation: AutomationCore) -> Any:
    kept = {"name", "description", "enabled", "trigger", "actions"}
    return AutomationCore.model_validate(automation.model_dump(include=kept)).model_dump()


def _blocks(
    client: SyncPrefectClient, receivers: Receivers, *, dry_run: bool
) -> tuple[list[UUID], list[str]]:
    """Save who is to be told; return the ids of all blocks that stand, and what they are."""
    found: list[UUID] = []
    told: list[str] = []
    for name, kind, block in (
        ("webhook", CustomWebhookNotificationBlock, _webhook(receivers.webhook)),
        ("mail", TeamleaderTwikeyMail, _mail(receivers.mail)),
    ):
        if block is not None and not dry_run:
            cast("Any", block).save(BLOCK, overwrite=True, _sync=True)
        number = _number(client, kind)
        if number is None and block is not None:
            number = UUID(int=0)  # a dry run that would make it
        if number is not None:
            found.append(number)
            told.append(name)
    return found, told


def _webhook(address: str) -> CustomWebhookNotificationBlock | None:
    """Return the block; its address is among the block's secrets, which Prefect keeps encrypted."""
    if not address:
        return None
    return CustomWebhookNotificationBlock(
        name="teamleader-twikey",
        url="{{address}}",
        json_data={"text": "{{subject}}\n{{body}}", "subject": "{{subject}}", "body": "{{body}}"},
        secrets=SecretDict({"address": address}),
    )


def _mail(out: Outgoing | None) -> TeamleaderTwikeyMail | None:
    return TeamleaderTwikeyMail.of(out) if out else None


def _number(client: SyncPrefectClient, kind: type[Block]) -> UUID | None:
    try:
        return client.read_block_document_by_name(BLOCK, kind.get_block_type_slug()).id
    except ObjectNotFound:
        return None


@contextmanager
def _server() -> Iterator[SyncPrefectClient]:
    """Open the server; raises ``NoPrefectServer`` with what it said, never with an address."""
    try:
        with get_client(sync_client=True) as client:
            yield client
    except PrefectHTTPStatusError as refused:
        status = refused.response.status_code
        wants = " (it wants the right PREFECT_API_AUTH_STRING)" if status in (401, 403) else ""
        raise NoPrefectServer(f"Prefect answered {status}{wants}") from None
    except (httpx.HTTPError, RuntimeError):
        raise NoPrefectServer("No Prefect server answers at PREFECT_API_URL") from None
