"""Where the files lie and how their times are to be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import available_timezones

from ingestion.config import Settings
from ingestion.faults import Fault


@dataclass(frozen=True)
class FilesSettings:
    """A search path of folders, and the time zone of times that name none."""

    folders: tuple[Path, ...]
    timezone: str

    @classmethod
    def from_settings(cls, settings: Settings) -> "FilesSettings":
        """Raises Fault where a folder or the time zone does not exist."""
        environment: Mapping[str, str] = settings.environment
        given = environment.get("FUNNELHOUSE_FILES_DIR", "")
        inbox = settings.data_dir / "inbox"
        folders = tuple(Path(folder).absolute() for folder in given.split(":") if folder) or (inbox,)
        if not given:
            inbox.mkdir(parents=True, exist_ok=True)
        for folder in folders:
            if not folder.is_dir():
                raise Fault(f"FUNNELHOUSE_FILES_DIR: {folder} is not a folder; put your files there or name another.")
        timezone = environment.get("FUNNELHOUSE_FILES_TIMEZONE") or "UTC"
        if timezone not in available_timezones():
            raise Fault(f"FUNNELHOUSE_FILES_TIMEZONE: '{timezone}' is not a time zone such as Europe/Warsaw.")
        return cls(folders, timezone)
