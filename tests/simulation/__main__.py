"""Live weeks from their seeds; ``python -m tests.simulation --seed 1234`` tells one week."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.in_memory import use_memory
from tests.simulation.stage import Stage, Violated
from tests.simulation.week import Week


def main(arguments: list[str] | None = None) -> int:
    """Live the weeks that are asked for; return 1 when one was violated."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, default=0, help="the first week's seed (default: 0)")
    parser.add_argument("--weeks", type=int, default=1, help="how many weeks (default: 1)")
    parser.add_argument("--forever", action="store_true", help="until Ctrl-C, or a violation")
    parser.add_argument("--go-on", action="store_true", help="name violations and go on")
    parser.add_argument("--quiet", action="store_true", help="figures only, no stories")
    asked = parser.parse_args(arguments)
    use_memory()
    last = sys.maxsize if asked.forever else asked.seed + asked.weeks
    quiet = asked.quiet or asked.forever or asked.weeks > 1
    figures, began, stage, violated = Counter[str](), time.monotonic(), Stage(), 0
    try:
        for seed in range(asked.seed, last):
            week = Week(stage, seed)
            try:
                week.live()
            except Violated as wrong:
                violated += 1
                print(wrong if quiet else "\n".join([*week.story, str(wrong).splitlines()[-1]]))
                if not asked.go_on:
                    break
            else:
                if not quiet:
                    print("\n".join(week.story))
            figures += week.figures
            if asked.forever and not seed % 500:
                print(f"seed {seed}: {figures['weeks']} weeks, {violated} violated", flush=True)
    except KeyboardInterrupt:
        print()
    finally:
        stage.close()
    print(told(figures, time.monotonic() - began))
    return 1 if violated else 0


def told(figures: Counter[str], seconds: float) -> str:
    """Return the figures, one a line."""
    lines = [f"{count:>9,}  {what}" for what, count in sorted(figures.items())]
    return "\n".join([*lines, f"{seconds:>9,.0f}  seconds"])


if __name__ == "__main__":
    sys.exit(main())
