"""Decisions 9: secrets that live in Prefect's Secret blocks, read as if they were exported."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.errors import SettingsWrong


def secrets_of(blocks: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the values of Secret blocks: variable -> value, for variable -> name of its block.

    Raises ``SettingsWrong`` with every block that cannot be had, never with a value. Without
    ``PREFECT_API_URL`` Prefect is not even imported.
    """
    if not environment.get("PREFECT_API_URL"):
        raise SettingsWrong(
            [
                f"{name}_BLOCK names the Prefect block {block}, but PREFECT_API_URL is not set"
                for name, block in blocks.items()
            ]
        )
    found: dict[str, str] = {}
    problems: list[str] = []
    for name, block in blocks.items():
        try:
            found[name] = _value_of(block)
        except ValueError as wrong:
            problems.append(f"{name}_BLOCK: {wrong}")
    if problems:
        raise SettingsWrong(problems)
    return found


def _value_of(block: str) -> str:
    """Return the text in one Secret block; ``ValueError`` says why there is none."""
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            found = client.read_block_document_by_name(block, "secret", include_secrets=True)
    except ObjectNotFound:
        cure = "make it in Prefect's pages under Blocks, as a Secret"
        raise ValueError(f"Prefect has no Secret block {block}: {cure}") from None
    except PrefectHTTPStatusError as refused:
        status = refused.response.status_code
        raise ValueError(f"Prefect answered {status} when asked for block {block}") from None
    except (httpx.HTTPError, RuntimeError):
        raise ValueError(f"Prefect does not answer, so block {block} cannot be read") from None
    value = found.data.get("value")
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"the Secret block {block} is empty or holds no text")
    return value
