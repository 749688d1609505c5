"""A failed refresh is told to the channel that is set, once, and a channel that is dead changes nothing."""

import contextlib
import json
import socket
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from channel import Channel, channel

from dagster_project import alerts, serving
from ingestion.config import Settings
from ingestion.http import HttpSettings

QUICK = HttpSettings(timeout_seconds=0.3, attempts=2, pause_seconds=0.01)


@pytest.fixture
def heard():
    with channel() as heard:
        yield heard


def settings_with(data_dir: Path, url: str) -> Settings:
    return Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_ALERT_WEBHOOK": url})


def publish_something(data_dir: Path) -> None:
    (data_dir / "serving").mkdir()
    (data_dir / "serving" / "20261126T041200000000Z.duckdb").touch()
    (data_dir / "serving" / "current.duckdb").symlink_to("20261126T041200000000Z.duckdb")


def test_the_channel_hears_what_failed_and_since_when_the_numbers_stand_still(tmp_path, heard: Channel):
    publish_something(tmp_path)
    assert alerts.send(settings_with(tmp_path, heard.url), "run 7", ["marts.dim_leads expectations"]) is None
    [message] = heard.posted
    assert message["run_id"] == "run 7"
    assert message["failed"] == ["marts.dim_leads expectations"]
    assert message["since"] == "2026-11-26T04:12:00Z"
    assert "the refresh failed (marts.dim_leads expectations)" in message["text"]
    assert "readers keep the numbers published 2026-11-26 04:12 UTC" in message["text"]


def test_before_anything_is_published_there_is_no_since(tmp_path, heard: Channel):
    alerts.send(settings_with(tmp_path, heard.url), "run 1", ["playbook"])
    assert heard.posted[0]["since"] is None
    assert "nothing is published yet" in heard.posted[0]["text"]


def test_without_a_webhook_nobody_is_told_and_nothing_is_said(tmp_path, heard: Channel):
    assert alerts.send(settings_with(tmp_path, ""), "run 1", ["playbook"]) is None
    assert heard.posted == []


@pytest.mark.parametrize(
    "address",
    [
        "http://127.0.0.1:9/hooks/the-secret",
        "the-secret",
        "http://the-secret:no-port/",
        "http://.the-secret./",
        "ftp://the-secret/",
    ],
)
def test_a_dead_webhook_is_one_sentence_without_its_address(tmp_path, address: str, capfd):
    trouble = alerts.send(settings_with(tmp_path, address), "run 1", ["playbook"], QUICK)
    assert trouble.startswith("FUNNELHOUSE_ALERT_WEBHOOK cannot be reached (")
    assert "the-secret" not in trouble + "".join(capfd.readouterr())


@pytest.mark.parametrize("status", [302, 404, 410])
def test_a_webhook_that_refuses_is_one_sentence_without_its_address(tmp_path, heard: Channel, status: int):
    heard.status = status
    trouble = alerts.send(settings_with(tmp_path, heard.url), "run 1", ["playbook"], QUICK)
    assert trouble.startswith(f"FUNNELHOUSE_ALERT_WEBHOOK answered {status};")
    assert "the-secret" not in trouble


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_webhook_whose_answer_never_ends_holds_nobody_up(tmp_path, begun: bytes):
    """Nor if it goes on letter by letter, so that no single wait is long."""
    ended = threading.Event()

    def dribble(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(begun)
            while not ended.wait(0.05):
                connection.sendall(b"x" if begun else b"")

    def answer(server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=dribble, args=server.accept()[:1], daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=answer, args=(server,), daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/hooks/the-secret"
        began = time.monotonic()
        trouble = alerts.send(settings_with(tmp_path, address), "run 1", ["playbook"], QUICK)
        ended.set()
    assert time.monotonic() - began < 30
    assert trouble.startswith("FUNNELHOUSE_ALERT_WEBHOOK cannot be reached (ReadTimeout); nobody was told there")


def note(settings: Settings) -> dict:
    return json.loads((settings.serving_dir / "last_run.json").read_text())


def test_failures_are_counted_since_the_first_one_and_each_run_is_told_once(tmp_path):
    settings = settings_with(tmp_path, "")
    before = datetime.now(UTC).replace(tzinfo=None)
    assert serving.record_failure(settings, "a", "load_crm: HTTP 503")
    first = note(settings)
    assert (first["failed_runs"], first["failing_since"] >= before.isoformat()) == (1, True)
    assert not serving.record_failure(settings, "a", "check_marts: rows are missing")
    assert note(settings)["message"] == "load_crm: HTTP 503; check_marts: rows are missing"
    assert note(settings)["failed_runs"] == 1
    assert serving.record_failure(settings, "b", "load_crm: HTTP 503")
    assert (note(settings)["failed_runs"], note(settings)["failing_since"]) == (2, first["failing_since"])


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"status": "published", "run_id": "z", "message": ""}'])
def test_after_a_good_run_or_a_note_that_makes_no_sense_failures_are_counted_anew(tmp_path, text: str):
    settings = settings_with(tmp_path, "")
    settings.serving_dir.mkdir()
    (settings.serving_dir / "last_run.json").write_text(text)
    assert serving.record_failure(settings, "a", "load_crm: HTTP 503")
    assert note(settings)["failed_runs"] == 1
