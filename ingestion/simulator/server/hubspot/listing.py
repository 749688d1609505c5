"""Long listings whose next page is found by the last row's key, so that time may move on between two pages."""

from dataclasses import dataclass

import numpy as np

from ingestion.simulator.server.hubspot.answers import invalid
from ingestion.simulator.server.hubspot.portal import Portal


@dataclass(frozen=True)
class Listing:
    """Positions of rows in the order of their ascending keys; `order` is what a disturbed listing gives instead."""

    positions: np.ndarray
    keys: np.ndarray
    order: list[int] | None

    @classmethod
    def of(cls, portal: Portal, positions: np.ndarray, keys: np.ndarray, size: int) -> "Listing":
        """A listing with such pages as the faults in force allow."""
        if portal.has("duplicated_pages") or portal.has("unordered_pages"):
            return cls(positions, keys, portal.pages(positions.tolist(), size))
        return cls(positions, keys, None)

    def page(self, token: str | None, size: int) -> tuple[list[int], str | None]:
        """The positions after a token, and the next one's token. Raises Refusal for a token that never was one."""
        if self.order is not None:
            start = _number((token or "").removeprefix("p") or "0")
            end = start + size
            return self.order[start:end], f"p{end}" if end < len(self.order) else None
        start = 0 if not token else int(np.searchsorted(self.keys, _number(token), side="right"))
        end = start + size
        rows = self.positions[start:end].tolist()
        return rows, str(int(self.keys[end - 1])) if end < len(self.positions) else None


def newest_first(moments: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """Keys under which the newest rows come first."""
    return -(moments * 1_000_000 + numbers % 1_000_000)


def _number(token: str) -> int:
    try:
        return int(token)
    except ValueError as error:
        raise invalid(f"Invalid paging token: {token}") from error
