"""Files of Google Analytics' export: a day's files are that day, read once and anew when they change, in any format."""

# ruff: noqa: E501

import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from speaking import NOW, STORY_SETUP, story

from ingestion import playbook
from ingestion.config import Settings
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.pages import Page
from ingestion.simulator.exported import EVENTS, SCHEMA, exported_days, write_export
from ingestion.sources import google_analytics
from ingestion.sources.google_analytics import export
from ingestion.sources.google_analytics.exported import event_row

PREFIX = "FUNNELHOUSE_GOOGLE_ANALYTICS_"
# On an evening when visitors have come already.
EVENING = NOW + timedelta(hours=15)
SECRET = b"k" * 32


class Export:
    """A folder of exported files and the warehouse that it is loaded into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files.mkdir(parents=True)
        (folder / "hash_secret").write_bytes(SECRET)  # events have the same ids in all folders

    @property
    def files(self) -> Path:
        return self.folder / "export"

    def load(self, **more: str) -> Load:
        own = {"FUNNELHOUSE_DATA_DIR": str(self.folder), "FUNNELHOUSE_SOURCES": "google_analytics"}
        return load(
            "google_analytics", Settings.from_environment(own | {f"{PREFIX}EXPORT_DIR": str(self.files)} | more)
        )

    def loaded(self, **more: str) -> Load:
        result = self.load(**more)
        assert result.status == LOADED, result.message
        return result

    def write(self, name: str, *events: object) -> Path:
        path = self.files / name
        if path.suffix == ".parquet":
            pq.write_table(pa.Table.from_pylist(list(events), SCHEMA), path)
        else:
            path.write_text(
                "".join((event if isinstance(event, str) else json.dumps(event)) + "\n" for event in events)
            )
        return path

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def standing(
        self, columns: str = "* exclude (email_key, _row_hash, _loaded_at, _is_backfilled, _dlt_load_id)"
    ) -> list[tuple]:
        return self.query(
            f"""
            select {columns} from raw_google_analytics.exported_events
            qualify row_number() over (partition by event_date, event_id order by _loaded_at desc, _dlt_load_id desc) = 1 and not _is_deleted
            order by all
            """
        )

    def pages_seen(self) -> list[str]:
        """The pages of the events that stand."""
        return [name for (name,) in self.standing("regexp_extract(url, '[^/]*$')")]


@pytest.fixture
def exported(tmp_path: Path) -> Export:
    return Export(tmp_path / "data")


def event(page: str, visitor: str = "v1", second: int = 0, **more: object) -> dict:
    moment = 1_780_300_800_000_000 + second * 1_000_000  # 2026-06-01, 08:00 UTC
    parameters = [{"key": "page_location", "value": {"string_value": f"https://k.example/{page}"}}]
    return {
        "event_date": "20260601", "event_timestamp": moment, "event_name": "page_view", "event_params": parameters,
        "user_pseudo_id": visitor,
    } | more  # fmt: skip


def test_every_exported_event_arrives_once_in_either_format(tmp_path):
    summer = {day: events for day, events in exported_days(story(), STORY_SETUP, EVENING).items() if day >= "20260801"}
    found = {}
    for suffix in (".parquet", ".jsonl"):
        here = Export(tmp_path / suffix)
        write_export(story(), STORY_SETUP, EVENING, here.files, suffix)
        for path in here.files.glob("events_20*"):
            if path.name < "events_20260801":
                path.unlink()
        assert here.loaded().quarantined_count == 0
        assert here.loaded().row_count == 0
        found[suffix] = here.standing()
    wanted = sorted(
        (entry["user_pseudo_id"], entry["event_timestamp"], entry["event_name"])
        for events in summer.values()
        for entry in events
    )
    arrived = sorted(here.standing("user_pseudo_id, epoch_us(occurred_at), event_name"))
    assert arrived == wanted
    assert found[".parquet"] == found[".jsonl"]
    assert {name for name, *_ in here.query("select distinct is_final from raw_google_analytics.exported_days")} == {
        True,
        False,
    }


def test_ids_that_events_are_given_cannot_be_tried_out_and_hold_no_address(exported):
    signed_up = [{"key": "who", "value": {"string_value": "anna@acme.example"}}]
    given = event("a", "anna@acme.example", event_params=signed_up)
    exported.write("events_20260601.jsonl", given)
    exported.loaded()
    [(event_id, visitor)] = exported.standing("event_id, user_pseudo_id")
    bare = event_row("2026-06-01", given)["event_id"]
    assert event_id == hmac.new(SECRET, bare.encode(), hashlib.sha256).hexdigest()
    assert visitor == hmac.new(SECRET, b"anna@acme.example", hashlib.sha256).hexdigest()


def test_ten_daily_exports_give_what_one_at_the_end_gives(tmp_path):
    daily, once = Export(tmp_path / "daily"), Export(tmp_path / "once")
    for day in range(10):
        write_export(story(), STORY_SETUP, EVENING + timedelta(days=day), daily.files)
        for path in daily.files.glob("events_20*"):  # the older days have been cleared away
            if path.name < "events_20260820":
                path.unlink()
        daily.loaded()
    write_export(story(), STORY_SETUP, EVENING + timedelta(days=9), once.files)
    once.loaded()
    since = "occurred_at >= timestamp '2026-08-21'"
    kept = "event_id, event_name, occurred_at, user_pseudo_id, user_id, lead_id, url, utm_source, click_id, form"

    def recent(here: Export) -> list[tuple]:
        return [row[:-1] for row in here.standing(f"{kept}, {since}") if row[-1]]

    assert recent(daily) == recent(once)
    assert len(recent(once)) > 50


def test_the_days_final_file_takes_the_place_of_what_was_read_while_it_lasted(exported):
    exported.write("events_intraday_20260601.jsonl", event("a"), event("early", second=5))
    exported.loaded()
    assert exported.pages_seen() == ["a", "early"]
    before = dict(exported.standing("regexp_extract(url, '[^/]*$'), event_id"))
    exported.write("events_20260601.parquet", event("a"), event("late", second=9))
    exported.loaded()
    assert exported.pages_seen() == ["a", "late"]
    after = dict(exported.standing("regexp_extract(url, '[^/]*$'), event_id"))
    assert after["a"] == before["a"]
    # A stream that goes on, or stays behind, no longer counts.
    exported.write("events_intraday_20260601.jsonl", event("stale"))
    (exported.files / "events_20260601.parquet").unlink()
    exported.loaded()
    assert exported.pages_seen() == ["a", "late"]


def test_a_day_that_google_writes_again_is_what_it_is_by_then(exported):
    exported.write("events_20260601.jsonl", event("a"), event("b", second=1))
    exported.write("events_20260602.jsonl", event("other", event_date="20260602"))
    exported.loaded()
    exported.write("events_20260601.jsonl", event("b", second=1), event("c", second=2))
    result = exported.loaded()
    assert exported.pages_seen() == ["b", "c", "other"]
    assert result.row_count == 3  # of that day alone: two events, and which files it was read from


def test_a_day_may_lie_in_several_files_that_come_one_by_one(exported):
    exported.write("events_20260601-000000000000.jsonl", event("a"))
    exported.loaded()
    exported.write("events_20260601-000000000001.jsonl", event("b", second=1))
    exported.loaded()
    assert exported.pages_seen() == ["a", "b"]


def test_files_that_are_cleared_away_take_nothing_with_them(exported):
    path = exported.write("events_20260601.jsonl", event("a"))
    exported.loaded()
    path.unlink()
    exported.write("events_20260602.jsonl", event("b", event_date="20260602"))
    exported.loaded()
    assert exported.pages_seen() == ["a", "b"]


def test_a_file_that_is_still_being_copied_lets_its_day_wait(exported):
    path = exported.write("events_20260601.parquet", event("a"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    exported.write("events_20260602.jsonl", event("b", event_date="20260602"))
    [notice] = exported.loaded().notices
    assert notice == "events_20260601.parquet: is no whole parquet file; 2026-06-01 waits for it."
    assert exported.pages_seen() == ["b"]
    path.write_bytes(whole)
    assert exported.loaded().notices == ()
    assert exported.pages_seen() == ["a", "b"]


def test_half_a_line_waits_and_a_broken_one_is_set_aside_with_its_file(exported):
    path = exported.write(
        "events_20260601.jsonl",
        event("a"),
        "nonsense",
        "[1]",
        event("b", event_timestamp="soon"),
        event("c", event_name=None),
        event("c", event_name=["page_view"]),
        f'{{"event_params": {"[" * 900}{"]" * 900}}}',
    )
    with path.open("a") as file:
        file.write(json.dumps(event("d"))[:-5])
    result = exported.loaded()
    assert result.quarantined_count == 6
    assert result.notices == ("events_20260601.jsonl: ends amid a line; its day is read anew when it is whole.",)
    refused = exported.query("select file, line, record_id, reason from raw_google_analytics.quarantine order by line")
    assert refused == [
        ("events_20260601.jsonl", 2, "2026-06-01/", "the line is not JSON"),
        ("events_20260601.jsonl", 3, "2026-06-01/", "the line is no JSON object"),
        ("events_20260601.jsonl", 4, "2026-06-01/", "event_timestamp is not a number of microseconds"),
        ("events_20260601.jsonl", 5, "2026-06-01/", "event_name is missing"),
        ("events_20260601.jsonl", 6, "2026-06-01/", "event_name is not a text"),
        ("events_20260601.jsonl", 7, "2026-06-01/", "the line is nested too deeply"),
    ]
    assert exported.pages_seen() == ["a"]


@pytest.mark.parametrize(("activity", "event_and_form"), EVENTS.items())
def test_the_playbook_knows_what_the_company_calls_what_is_done(activity, event_and_form):
    name, form = event_and_form
    word = f"{name}: {form}" if form else name
    playbook_rows = playbook.read(Settings.from_environment({"FUNNELHOUSE_SOURCES": "google_analytics"}))
    rows = sorted(playbook_rows["activity_mappings"], key=lambda row: int(row["priority"]))
    meant = next((row["activity_type"] for row in rows if re.fullmatch(row["source_activity"], word)), word)
    assert meant == activity


class Killed(Exception):
    """What stops a load that no program stops for."""


@pytest.mark.parametrize("changes", [False, True], ids=["same files", "changed files"])
@pytest.mark.parametrize("broken_after", [1, 4])
def test_killed_after_any_page_nothing_is_lost_or_doubled(exported, monkeypatch, broken_after, changes):
    monkeypatch.setattr(export, "ROWS_PER_PAGE", 2)
    for shard in range(2):
        events = [event(f"{shard}{number}", second=10 * shard + number) for number in range(5)]
        exported.write(f"events_20260601-{shard}.jsonl", *events)
    read = export.export_pages

    def breaking(*arguments: object) -> Iterator[Page]:
        for number, page in enumerate(read(*arguments)):
            if number == broken_after:
                raise Killed
            yield page

    monkeypatch.setattr(google_analytics, "export_pages", breaking)
    with pytest.raises(Killed):
        exported.load()
    monkeypatch.setattr(google_analytics, "export_pages", read)
    wanted = [f"{shard}{number}" for shard in range(2) for number in range(5)]
    if changes:
        exported.write("events_20260601-0.jsonl", event("new", second=3))
        wanted = [*wanted[5:], "new"]
    exported.loaded()
    exported.loaded()
    assert exported.pages_seen() == wanted
    assert exported.loaded().row_count == 0


def test_an_event_of_an_older_export_or_another_writer_is_understood():
    wrapped = {
        "list": [
            {"element": {"key": key, "value": {"string_value": value}}}
            for key, value in {"source": "bing", "medium": "cpc", "campaign": "brand", "form_name": "Demo"}.items()
        ]
    }
    row = event_row(
        "2026-06-01",
        event("a", event_params=wrapped, event_timestamp="1780300800000001", collected_traffic_source=None),
    )
    assert (row["utm_source"], row["utm_medium"], row["utm_campaign"], row["form"]) == ("bing", "cpc", "brand", "Demo")
    assert row["occurred_at"] == "2026-06-01T08:00:00.000001+00:00"


def test_tags_are_those_collected_with_the_event_and_other_click_ids_those_of_the_address():
    location = [
        {"key": "page_location", "value": {"string_value": "https://k.example/a?utm_source=x&fbclid=f1&token=s3cret"}}
    ]
    collected = {"manual_source": "facebook", "manual_medium": "paid_social", "manual_campaign_name": "c1"}
    row = event_row("2026-06-01", event("a", event_params=location, collected_traffic_source=collected))
    assert (row["utm_source"], row["utm_medium"], row["utm_campaign"], row["click_id"]) == (
        "facebook",
        "paid_social",
        "c1",
        "fbclid:f1",
    )
    assert row["url"] == "https://k.example/a"
    assert "s3cret" not in str(row)
    bare = event_row("2026-06-01", event("a", event_params=location))
    assert (bare["utm_source"], bare["click_id"]) == ("x", "fbclid:f1")
    own = event_row("2026-06-01", event("a", collected_traffic_source={"gclid": "g1"}))
    assert own["click_id"] == "gclid:g1"


@pytest.mark.parametrize(
    "odd", [{"event_params": "x"}, {"event_params": [{"value": {}}]}, {"event_params": 7}, {"geo": "PL"}]
)
def test_an_event_of_another_shape_is_set_aside(odd):
    assert event_row("2026-06-01", event("a", **odd))["_refusal"] == "the event is not shaped as Google exports it"


@pytest.mark.parametrize("micros", [1_780_300_800, 1_780_300_800_000, True, -1, 10**30, float("inf"), float("nan")])
def test_a_moment_in_another_unit_is_set_aside(micros):
    row = event_row("2026-06-01", event("a", event_timestamp=micros))
    assert row["_refusal"] == "event_timestamp is not a number of microseconds"


def test_a_parquet_file_that_is_damaged_amid_its_rows_takes_nothing_of_what_was_read_of_its_day(exported):
    exported.write("events_intraday_20260601.jsonl", event("early"))
    exported.loaded()
    path = exported.write("events_20260601.parquet", *(event(f"a{n}", visitor=f"v{n * n}") for n in range(3000)))
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + bytes(len(whole) // 2) + whole[100 + len(whole) // 2 :])
    exported.write("events_20260602.jsonl", event("b", event_date="20260602"))
    [notice] = exported.loaded().notices
    assert notice == "events_20260601.parquet: is damaged; 2026-06-01 waits for it."
    assert exported.pages_seen() == ["b", "early"]
    path.write_bytes(whole)
    exported.loaded()
    assert len(exported.pages_seen()) == 3001


def test_bytes_in_place_of_text_let_their_day_wait(exported):
    given = {"event_name": [b"page_view"], "event_timestamp": [1_780_300_800_000_000]}
    pq.write_table(pa.table(given), exported.files / "events_20260601.parquet")
    [notice] = exported.loaded().notices
    assert notice == "events_20260601.parquet: its column event_name has bytes, not text; 2026-06-01 waits for it."


def test_an_e_mail_as_user_id_is_kept_apart_as_personal():
    row = event_row("2026-06-01", event("a", user_id="Anna@Acme.example"))
    assert (row["user_id"], row["user_email"]) == (None, "Anna@Acme.example")
    assert event_row("2026-06-01", event("a", user_id="hubspot:7"))["user_id"] == "hubspot:7"


def test_the_same_event_has_the_same_id_whatever_its_numbers_are_written_as():
    numbers = [{"key": "ga_session_id", "value": {"int_value": 7}}]
    texts = [{"key": "ga_session_id", "value": {"int_value": "7", "string_value": None}}]
    one = event_row("2026-06-01", event("a", event_params=numbers))
    other = event_row("2026-06-01", event("a", event_params=texts, event_timestamp=str(event("a")["event_timestamp"])))
    assert one["event_id"] == other["event_id"]
    assert one["event_id"] != event_row("2026-06-01", event("a", event_params=numbers, batch_event_index=2))["event_id"]


def test_a_folder_that_is_none_is_one_line_and_other_files_are_named(exported):
    result = exported.load(**{f"{PREFIX}EXPORT_DIR": str(exported.folder / "no")})
    assert result.status == FAILED
    assert result.message.startswith(f"{PREFIX}EXPORT_DIR: ")
    exported.write("users_20260601.jsonl", event("a"))
    [notice] = exported.loaded().notices
    assert "users_20260601.jsonl is no file of the export" in notice
