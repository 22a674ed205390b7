"""The limit of so many requests per sliding window (API reference 1.7)."""

from collections import deque
from datetime import UTC, datetime, timedelta, timezone

from tests.sandbox.world import World

SUMMER = timezone(timedelta(hours=2))


class Limiter:
    """Counts the calls of the one integration on the one account, by the world's clock."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.seen: deque[float] = deque()
        self.refused = 0

    def take(self) -> bool:
        """Count a call; False when the window is full."""
        rules, now = self.world.rules, self.world.now().timestamp()
        self._forget(now)
        admitted = len(self.seen) < int(rules.rate_limit)
        if admitted or rules.rate_counts_refused:
            self.seen.append(now)
        self.refused += not admitted
        return admitted

    def headers(self) -> dict[str, str]:
        """The three headers; reset is when the oldest counted call leaves the window."""
        rules, now = self.world.rules, self.world.now().timestamp()
        self._forget(now)
        oldest = self.seen[max(0, len(self.seen) - rules.rate_limit)] if self.seen else now
        return {
            "X-RateLimit-Limit": str(rules.rate_limit),
            "X-RateLimit-Remaining": str(max(0, rules.rate_limit - len(self.seen))),
            "X-RateLimit-Reset": self._written(oldest + rules.rate_window_seconds),
        }

    def _forget(self, now: float) -> None:
        start = now - self.world.rules.rate_window_seconds
        while self.seen and self.seen[0] <= start:
            self.seen.popleft()

    def _written(self, moment: float) -> str:
        if self.world.rules.rate_reset_format == "seconds":
            return datetime.fromtimestamp(int(moment), UTC).isoformat()
        local = datetime.fromtimestamp(moment, SUMMER)
        return f"{local:%Y-%m-%dT%H:%M:%S}.{local.microsecond // 1000:03d}{local:%z}"
