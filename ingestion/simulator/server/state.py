"""What all mouths share: the story, the moment, the faults, and what has been worked out for that moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import RLock
from typing import TypeVar

from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.server.faults import Faults
from ingestion.simulator.systems import Setup

T = TypeVar("T")


@dataclass
class State:
    """The server's state; `now` is naive UTC. Credentials are those that every mouth accepts."""

    story: Chronicle
    now: datetime
    setup: Setup = Setup.SPLIT
    faults: Faults = field(default_factory=Faults)
    client_id: str = "funnelhouse"
    client_secret: str = "made-up"
    # Leads, by their id in the story, who asked a CRM that has a field for it to be forgotten.
    forgotten: frozenset[str] = frozenset()
    _cache: dict = field(default_factory=dict)
    _lock: RLock = field(default_factory=RLock)

    def forward(self, days: float) -> None:
        """Move on in time. Raises ValueError beyond the end of the story."""
        later = self.now + timedelta(days=days)
        if later > self.story.until:
            raise ValueError(
                f"the story ends at {self.story.until:%Y-%m-%d %H:%M}; start the server with more --days-ahead"
            )
        with self._lock:
            self.now = later
            self._cache.clear()

    def at_present(self, key: object, make: Callable[[], T]) -> T:
        """What `make` returns, made once until time moves on."""
        with self._lock:
            if key not in self._cache:
                self._cache[key] = make()
            return self._cache[key]
