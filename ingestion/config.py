"""Paths and settings: the one place that reads the environment."""

import os
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, quote_plus

from ingestion.faults import Fault

PROJECT_DIR = Path(__file__).resolve().parent.parent
DBT_DIR = PROJECT_DIR / "dbt_project"
DEFAULT_PLAYBOOK_DIR = DBT_DIR / "seeds" / "playbook"
# The variables that hold secrets, by how their names end.
SECRET_SUFFIXES = ("_SECRET", "_TOKEN", "_PASSWORD", "_WEBHOOK")
# What lasts for a session only and so stands in no variable. A setting's own name before a colon is followed by words.
PASSING_SECRET = re.compile(
    r"""(?<![A-Z]_)((?i:bearer\s+|basic\s+|(?:access_token|refresh_token|client_secret|password|assertion)["']?\s*[=:]\s*["']?))[^\s&"',;)]+"""
)
# dlt puts the path into SQL as it is; dbt and Dagster's log read it as an address.
ODD_IN_PATHS = "'\"\\%?#"
# An address may have been given with a password or a token in it, which may have an @ itself.
USER_IN_ADDRESS = re.compile(r"://[^/\s?#]*@")
# So many characters of a secret are taken for it: a text may have been cut off amid one.
TELLING_LENGTH = 8
SHORTEST_SECRET = 4  # below that, every other word would be one
SECRET_BYTES = 32
LOST_SECRET = (
    "With another key every id made of an e-mail would change, and nobody who was erased would be recognised. Put it "
    "back from a backup; where there is none, begin anew in another FUNNELHOUSE_DATA_DIR."
)


@dataclass(frozen=True)
class Settings:
    """What one run of Funnelhouse works with. Times are naive UTC, as everywhere in the warehouse."""

    data_dir: Path
    sources: tuple[str, ...]
    reload: tuple[str, ...]
    as_of: datetime | None
    playbook_dir: Path | None
    environment: Mapping[str, str] = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read every `FUNNELHOUSE_` variable. Raises Fault where one cannot be understood."""
        playbook_dir = environment.get("FUNNELHOUSE_PLAYBOOK_DIR", "")
        return cls(
            data_dir=Path(environment.get("FUNNELHOUSE_DATA_DIR") or PROJECT_DIR / "data").absolute(),
            sources=_names(environment.get("FUNNELHOUSE_SOURCES") or "files"),
            reload=_names(environment.get("FUNNELHOUSE_RELOAD") or ""),
            as_of=_moment("FUNNELHOUSE_AS_OF", environment.get("FUNNELHOUSE_AS_OF", "")),
            playbook_dir=Path(playbook_dir).absolute() if playbook_dir else None,
            environment=environment,
        )

    @property
    def warehouse(self) -> Path:
        return self.data_dir / "warehouse.duckdb"

    @property
    def serving_dir(self) -> Path:
        return self.data_dir / "serving"

    @property
    def effective_playbook_dir(self) -> Path:
        """The default playbook with the overlay laid over it: what dbt seeds from."""
        return self.data_dir / "playbook"

    def now(self) -> datetime:
        """The moment the warehouse is to show: `FUNNELHOUSE_AS_OF`, else the clock."""
        return self.as_of or datetime.now(UTC).replace(tzinfo=None)

    def prepare_data_dir(self) -> None:
        """Make the data directory, and from now on every file, for the owner's eyes only.

        Raises Fault where it cannot be used.
        """
        os.umask(0o077)  # also where others may enter the directory, as in a backup
        if odd := [letter for letter in ODD_IN_PATHS if letter in str(self.data_dir)]:
            raise Fault(
                f"FUNNELHOUSE_DATA_DIR: {self.data_dir} has a {' and a '.join(odd)} in its name; name another folder."
            )
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
            self.data_dir.chmod(0o700)
        except OSError as error:
            raise Fault(
                f"FUNNELHOUSE_DATA_DIR: cannot write to {self.data_dir} ({error.strerror}); name another folder."
            ) from error

    def without_secrets(self, text: str) -> str:
        """A text that may be shown: vendors repeat in their answers what they were sent."""
        for variable, secret in self.environment.items():
            if variable.startswith("FUNNELHOUSE_") and variable.endswith(SECRET_SUFFIXES):
                for form in {secret, quote(secret), quote(secret, safe=""), quote_plus(secret)}:
                    text = _without(text, form)
        return USER_IN_ADDRESS.sub("://…@", PASSING_SECRET.sub(r"\1…", text))

    def hash_secret(self, is_in_use: bool = False) -> bytes:
        """The key under which e-mails become join keys: made at the first load, then kept beside the data.

        Raises Fault where it is damaged, or gone though ids have been made with it (`is_in_use` says that some have).
        """
        path = self.data_dir / "hash_secret"
        if not path.exists():
            landed = next((self.data_dir / "raw").glob("*/*/loaded.json"), None)
            if is_in_use or landed or (self.data_dir / "suppressed.csv").exists():
                raise Fault(f"{path} is gone. {LOST_SECRET}")
            unfinished = path.with_suffix(".unfinished")  # a kill leaves the whole of it or nothing
            unfinished.unlink(missing_ok=True)
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(secrets.token_bytes(SECRET_BYTES))
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(path)
        secret = path.read_bytes()
        if len(secret) != SECRET_BYTES:
            raise Fault(f"{path} is damaged: it has {len(secret):,} bytes and not {SECRET_BYTES}. {LOST_SECRET}")
        return secret


def _without(text: str, secret: str) -> str:
    """A text without a secret, nor the first part of one."""
    begin = secret[:TELLING_LENGTH]
    if len(secret) < SHORTEST_SECRET:
        return text
    while (start := text.find(begin)) >= 0:
        length = next(
            (place for place, pair in enumerate(zip(secret, text[start:], strict=False)) if len(set(pair)) > 1),
            min(len(secret), len(text) - start),
        )
        text = f"{text[:start]}…{text[start + length :]}"
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def _moment(variable: str, text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise Fault(f"{variable}: '{text}' is not an ISO date-time such as 2026-11-01T00:00:00Z.") from error
    if moment > datetime.now(UTC).replace(tzinfo=None):
        raise Fault(f"{variable}: '{text}' lies in the future; nothing is known of it yet.")
    return moment
