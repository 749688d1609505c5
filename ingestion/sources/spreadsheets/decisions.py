"""How a column is written, decided by those of its cells that can be read in one way only.

`1,234` is 1234 in London and 1.234 in Warsaw. A cell is read under every convention that it fits; where two give
different values, the column's other cells decide, and where these do not either, nobody should guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Decision:
    """What the cells of one column say about the convention that it is written in.

    `votes` has per convention a text that can be read under it alone; `doubt` is a text that two conventions read
    differently, with these readings.
    """

    votes: dict[str, str] = field(default_factory=dict)
    doubt: tuple[str, Mapping[str, Any]] | None = None

    def hear(self, text: str, readings: Mapping[str, Any]) -> None:
        """Take note of one more text and what it means under each convention that it fits."""
        if len(readings) == 1:
            [convention] = readings
            self.votes.setdefault(convention, text)
        elif len(set(readings.values())) > 1 and self.doubt is None:
            self.doubt = (text, readings)

    @property
    def is_open(self) -> bool:
        """Whether a cell can be read in two ways and the others do not say which is meant."""
        return self.doubt is not None and len(self.votes) != 1

    def value(self, readings: Mapping[str, Any]) -> Any:
        """What a cell means, once the decision is not open; None where it fits no convention."""
        if not readings:
            return None
        if len(set(readings.values())) == 1:
            return next(iter(readings.values()))
        [convention] = self.votes
        return readings[convention]
