"""Where the files of events lie."""

from dataclasses import dataclass
from pathlib import Path

from ingestion.config import Settings
from ingestion.faults import Fault

VARIABLE = "FUNNELHOUSE_WEB_EVENTS_DIR"


@dataclass(frozen=True)
class WebEventsSettings:
    """The landing folder; whoever records events drops files into it, whole or growing."""

    folder: Path

    @classmethod
    def from_settings(cls, settings: Settings) -> "WebEventsSettings":
        """Read `FUNNELHOUSE_WEB_EVENTS_DIR`. Raises Fault where there is no such folder."""
        given = settings.environment.get(VARIABLE, "").strip()
        folder = Path(given).absolute() if given else settings.data_dir / "events"
        if not folder.is_dir():
            raise Fault(
                f"{VARIABLE}: {folder} is not a folder; make it, or name the one into which events are dropped."
            )
        return cls(folder)
