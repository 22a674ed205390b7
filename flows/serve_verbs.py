"""The verb ``serve``: Prefect's schedules and pages with one process instead of pool and worker."""

from __future__ import annotations

import argparse
from pathlib import Path

from flows.progress import Progress
from flows.screen import Screen


def serve_options(parser: argparse.ArgumentParser) -> None:
    """Add what the verb ``serve`` takes."""
    parser.add_argument(
        "--file", type=Path, metavar="FILE", help="another file of deployments than prefect.yaml"
    )


def serve(arguments: argparse.Namespace, screen: Screen, progress: Progress) -> int:  # noqa: ARG001
    """Run what is scheduled, and what somebody starts in Prefect's pages, until it is stopped."""
    from flows.prefect_serve import serve as serve_deployments

    return serve_deployments(arguments.file, screen)
