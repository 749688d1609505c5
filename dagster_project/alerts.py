"""Tell a chat channel, where one is set, that a refresh failed: `FUNNELHOUSE_ALERT_WEBHOOK`."""

from threading import Thread

import requests

from dagster_project import serving
from ingestion.config import Settings
from ingestion.http import HttpSettings, session

WEBHOOK = "FUNNELHOUSE_ALERT_WEBHOOK"
# A run is not held up by a channel that does not answer.
PATIENCE = HttpSettings(timeout_seconds=5, attempts=3, pause_seconds=1)


def send(settings: Settings, run_id: str, failed: list[str], patience: HttpSettings = PATIENCE) -> str | None:
    """Post what failed, as JSON that Slack, Teams and the like take; return a sentence where that did not work.

    `text` is for people, `run_id`, `failed` (steps and checks by name) and `since` (when the numbers that readers keep
    were published, ISO in UTC, or null) for programs. What a check or an error found stays here, since it may speak of
    a person. Never raises, and never says the address, which is a secret.
    """
    address = (settings.environment.get(WEBHOOK) or "").strip()
    if not address:
        return None
    published_at = serving.published_at(settings)
    kept = (
        f"readers keep the numbers published {published_at:%Y-%m-%d %H:%M} UTC"
        if published_at
        else "nothing is published yet"
    )
    since = f"{published_at.isoformat()}Z" if published_at else None
    text = f"Funnelhouse: the refresh failed ({', '.join(failed)}); {kept}. The log and Data health say why."
    message = {"text": text, "run_id": run_id, "failed": failed, "since": since}
    result: list[int | Exception] = []

    def post() -> None:
        try:
            result.append(session(patience).post(address, json=message, allow_redirects=False).status_code)
        except (requests.RequestException, OSError, ValueError) as error:
            result.append(error)

    # A time-out is of each wait alone: an answer that comes letter by letter would have no end.
    posting = Thread(target=post, daemon=True)
    posting.start()
    posting.join(patience.attempts * patience.timeout_seconds + 2**patience.attempts * patience.pause_seconds)
    answer = result[0] if result else requests.ReadTimeout()
    if isinstance(answer, Exception):
        return f"{WEBHOOK} cannot be reached ({type(answer).__name__}); nobody was told there that the refresh failed."
    if answer // 100 != 2:
        return f"{WEBHOOK} answered {answer}; nobody was told there that the refresh failed."
    return None
