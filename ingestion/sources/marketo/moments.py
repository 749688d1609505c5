"""Moments as Marketo writes them: `2026-01-01T00:00:00Z`, the asset API `2026-01-01T00:00:00Z+0000`."""

from datetime import UTC, datetime


def read_moment(text: str) -> datetime:
    """A moment of Marketo's as naive UTC."""
    moment = datetime.fromisoformat(text.replace("Z+0000", "Z"))
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


def written_moment(moment: datetime) -> str:
    """A moment of naive UTC as Marketo reads it."""
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
