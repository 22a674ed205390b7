"""What a run tells Prefect besides its state, for the automations of ``prefect_automations``."""

from __future__ import annotations

from prefect.events import emit_event


def emit(event: str, connection: str, message: str) -> None:
    """Emit an event about a connection; ``message`` is what a notification of it says."""
    resource = {
        "prefect.resource.id": f"teamleader-twikey.{connection}",
        "prefect.resource.name": connection,
    }
    emit_event(event, resource, payload={"message": message})
