"""Where the spreadsheets lie and how their times are to be read."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from ingestion.config import Settings
from ingestion.faults import Fault

PREFIX = "FUNNELHOUSE_SPREADSHEETS_"


@dataclass(frozen=True)
class SpreadsheetSettings:
    """A folder, and the time zone of times that name none."""

    folder: Path
    timezone: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "SpreadsheetSettings":
        """Read `FUNNELHOUSE_SPREADSHEETS_…`. Raises Fault where the folder or the time zone does not exist."""
        given = settings.environment.get(f"{PREFIX}DIR", "")
        folder = Path(given or settings.data_dir / "spreadsheets").absolute()
        if not given:
            folder.mkdir(parents=True, exist_ok=True)
        if not folder.is_dir():
            raise Fault(f"{PREFIX}DIR: {folder} is not a folder; put your spreadsheets there or name another.")
        timezone = settings.environment.get(f"{PREFIX}TIMEZONE") or "UTC"
        if timezone not in available_timezones():
            raise Fault(f"{PREFIX}TIMEZONE: '{timezone}' is not a time zone such as Europe/Warsaw.")
        return cls(folder, timezone)
