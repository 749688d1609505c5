"""The records of one object type at one moment, and how HubSpot writes them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import numpy as np

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HISTORY_LIMITS = {"contacts": 45}  # of all others HubSpot keeps 20


class Version(NamedTuple):
    """One value that a property had, from a moment in milliseconds on."""

    value: str
    at: int
    source_type: str
    user_id: int | None


@dataclass
class Records:
    """Records in the order of their ids: live ones, and those that have been archived.

    `values` has a list per property; `history` has, per property and place, the versions of what has changed (oldest
    first): anything else has had its value since it was created. `merged` leads from the id of a record that was merged
    away to the one that it became.
    """

    object_type: str
    ids: list[str]
    values: dict[str, list[str | None]]
    created: np.ndarray
    updated: np.ndarray
    archived: np.ndarray  # milliseconds, 0 while the record lives
    history: dict[str, dict[int, list[Version]]] = field(default_factory=dict)
    merged: dict[str, str] = field(default_factory=dict)
    place: dict[str, int] = field(init=False)
    live: list[int] = field(init=False)
    gone: list[int] = field(init=False)

    def __post_init__(self) -> None:
        self.place = {own: place for place, own in enumerate(self.ids)}
        self.live = np.flatnonzero(self.archived == 0).tolist()
        self.gone = np.flatnonzero(self.archived != 0).tolist()

    def find(self, own: str) -> int | None:
        """Where a record is; the id of one that was merged away leads to the record it became."""
        return self.place.get(self.merged.get(own, own))

    def find_by(self, name: str, value: str) -> int | None:
        """Where the live record is that has a value in a unique property."""
        column = self.values.get(name, [])
        wanted = value.lower()
        return next((place for place in self.live if (column[place] or "").lower() == wanted), None)

    def written(self, place: int, properties: Iterable[str], with_history: Iterable[str] = ()) -> dict[str, Any]:
        """A record as the objects API gives it."""
        with_history = list(with_history)
        values = {name: self.values[name][place] for name in properties if name in self.values}
        record: dict[str, Any] = {
            "id": self.ids[place],
            "properties": values,
            "createdAt": iso(self.created[place]),
            "updatedAt": iso(self.updated[place]),
            "archived": bool(self.archived[place]),
        }
        if with_history:
            record["propertiesWithHistory"] = {
                name: self.versions(place, name) for name in with_history if name in self.values
            }
        if self.archived[place]:
            record["archivedAt"] = iso(self.archived[place])
        return record

    def versions(self, place: int, name: str) -> list[dict[str, Any]]:
        """The values a property has had, newest first, as many as HubSpot keeps."""
        versions = self.history.get(name, {}).get(place)
        if versions is None:
            value = self.values[name][place]
            versions = [] if value is None else [Version(value, int(self.created[place]), "CRM_UI", None)]
        kept = versions[-HISTORY_LIMITS.get(self.object_type, 20) :]
        return [_written_version(version) for version in reversed(kept)]


def _written_version(version: Version) -> dict[str, Any]:
    written: dict[str, Any] = {
        "value": version.value,
        "timestamp": iso(version.at),
        "sourceType": version.source_type,
    }
    if version.user_id is not None:
        written |= {"sourceId": f"userId:{version.user_id}", "updatedByUserId": version.user_id}
    return written


def iso(milliseconds: Any) -> str:
    """A moment as HubSpot writes it: `2019-10-30T03:30:17.883Z`."""
    moment = EPOCH + timedelta(milliseconds=int(milliseconds))
    text = moment.strftime("%Y-%m-%dT%H:%M:%S")
    fraction = int(milliseconds) % 1000
    return f"{text}.{fraction:03d}Z" if fraction else f"{text}Z"
