"""The `web_events` source: files that others drop and go on writing, read by whole lines, once, whatever happens to them.

Each claim is made of small files; that people and touches come out of them is tested in tests/dbt_project.
"""

# ruff: noqa: E501

import gzip
import hashlib
import hmac
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from ingestion import landed
from ingestion.config import Settings
from ingestion.links import tags_of, without_queries, without_query
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.pages import Page
from ingestion.sources import web_events
from ingestion.sources.web_events import events
from ingestion.sources.web_events.events import event_row


@dataclass
class Site:
    """A landing folder and the warehouse that it is loaded into."""

    folder: Path

    def __post_init__(self) -> None:
        self.landing.mkdir(parents=True)

    @property
    def landing(self) -> Path:
        return self.folder / "events"

    def load(self, **environment: str) -> Load:
        own = {"FUNNELHOUSE_DATA_DIR": str(self.folder), "FUNNELHOUSE_SOURCES": "web_events"}
        return load("web_events", Settings.from_environment(own | environment))

    def loaded(self, **environment: str) -> Load:
        result = self.load(**environment)
        assert result.status == LOADED, result.message
        return result

    def write(self, name: str, *lines: object) -> Path:
        """Write lines to the end of a file; texts as they are, others as JSON."""
        path = self.landing / name
        path.parent.mkdir(exist_ok=True, parents=True)
        content = ("\n".join(text(line) for line in lines) + "\n").encode()
        with path.open("ab") as file:
            file.write(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def ids(self) -> list[str]:
        """The ids of all stored versions of events: one that was stored twice stands twice."""
        return [name for (name,) in self.query("select event_id from raw_web_events.events order by all")]

    def refused(self) -> list[tuple]:
        return self.query("select file, line, column_name, reason from raw_web_events.quarantine order by all")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path / "data")


def text(line: object) -> str:
    return line if isinstance(line, str) else json.dumps(line)


def event(number: object, **more: object) -> dict:
    return {"event_id": f"e{number}", "event_type": "page_view", "occurred_at": "2026-06-01T12:00:00+02:00", **more}


def nested(depth: int) -> object:
    return {"a": nested(depth - 1)} if depth else 1


def test_an_event_becomes_a_row_in_utc_and_a_second_load_brings_nothing(site):
    given = event(1, anonymous_id="v1", email=" Anna@Example.com ", value=12.5, country="PL")
    site.write("a.jsonl", given | {"consent": [{"purpose": "marketing_email", "status": "granted"}], "theme": "dark"})
    assert site.loaded().quarantined_count == 0
    columns = "event_id, occurred_at::varchar, anonymous_id, email_domain, value, country, properties"
    assert site.query(f"select {columns} from raw_web_events.events") == [
        ("e1", "2026-06-01 10:00:00", "v1", "example.com", 12.5, "PL", '{"theme":"dark"}')
    ]
    consents = site.query("select event_id, purpose, status from raw_web_events.consents")
    assert consents == [("e1", "marketing_email", "granted")]
    assert site.loaded().row_count == 0


def test_an_address_that_a_tool_takes_for_its_own_id_becomes_a_key(site):
    consent = {"purpose": "newsletter", "status": "granted"}
    site.write("a.jsonl", event(1, event_id="Anna@acme.example:1", anonymous_id="Anna@acme.example", consent=consent))
    site.loaded()
    secret = (site.folder / "hash_secret").read_bytes()
    keys = [
        hmac.new(secret, text, hashlib.sha256).hexdigest() for text in (b"anna@acme.example:1", b"anna@acme.example")
    ]
    assert site.query("select event_id, anonymous_id from raw_web_events.events") == [tuple(keys)]
    assert site.query("select event_id from raw_web_events.consents") == [(keys[0],)]


def test_a_file_that_grows_is_read_on_from_where_it_ended(site):
    site.write("a.jsonl", event(1), event(2))
    site.loaded()
    site.write("a.jsonl", event(3))
    result = site.loaded()
    assert (result.row_count, site.ids()) == (2, ["e1", "e2", "e3"])  # the event, and how far its file was read


def test_a_half_written_last_line_waits_and_is_read_whole(site):
    half = text(event(2, full_name="Łucja"))
    first, second = half.encode()[:-9], half.encode()[-9:]
    path = site.write("a.jsonl", event(1))
    with path.open("ab") as file:
        file.write(first)
    result = site.loaded()
    assert (result.quarantined_count, site.ids()) == (0, ["e1"])
    assert result.notices == ("a.jsonl: ends amid a line; it is read as soon as it is whole.",)
    with path.open("ab") as file:
        file.write(second)  # and still no line end: a whole object is whole
    site.loaded()
    assert site.ids() == ["e1", "e2"]
    site.write("a.jsonl", "", "broken")
    site.loaded()
    assert site.refused() == [("a.jsonl", 3, None, "the line is not JSON")]


def test_wherever_a_packed_file_is_cut_its_whole_lines_are_read_once(tmp_path):
    whole = gzip.compress("".join(text(event(number)) + "\n" for number in range(400)).encode())
    path = tmp_path / "a.jsonl.gz"
    for cut in range(0, len(whole), 37):
        read: list[str] = []
        place = landed.Place()
        for content in (whole[:cut], whole):
            path.write_bytes(content)
            file = landed.LandedFile(tmp_path, path)
            place = file.place_from(place)
            for line in file.lines(place):
                place = line.place
                read.append(json.loads(line.content)["event_id"])
            place = file.end(place)
        assert read == [f"e{number}" for number in range(400)], cut


def test_a_packed_file_may_grow_too(site):
    site.write("day/a.ndjson.gz", event(1))
    site.loaded()
    site.write("day/a.ndjson.gz", event(2))
    site.loaded()
    assert site.ids() == ["e1", "e2"]


def test_a_damaged_packed_file_is_named_and_keeps_nobody_else_waiting(site):
    packed = site.write("a.jsonl.gz", event(1))
    packed.write_bytes(packed.read_bytes() + b"not packed")
    site.write("b.jsonl", event(2))
    site.loaded()
    assert site.refused() == [("a.jsonl.gz", 2, None, "the file is damaged from here on; drop it once more")]
    assert site.ids() == ["e1", "e2"]


def test_the_same_events_under_another_name_are_no_news(site):
    path = site.write("a.jsonl", event(1), event(2))
    site.loaded()
    shutil.copy(path, site.landing / "b.jsonl")
    site.loaded()
    site.write("b.jsonl", event(3))
    site.loaded()
    assert site.ids() == ["e1", "e2", "e3"]


def test_rotating_and_deleting_files_loses_nothing(site):
    path = site.write("a.jsonl", event(1), event(2))
    site.loaded()
    site.write("a.jsonl", event(3))  # not read yet when the log is rotated
    path.rename(site.landing / "a.jsonl.1")
    site.write("a.jsonl", event(4))
    site.loaded()
    assert site.ids() == ["e1", "e2", "e3", "e4"]
    for file in site.landing.iterdir():
        file.unlink()
    site.loaded()
    deleted = site.query("select count(*) from raw_web_events.events where _is_deleted")
    assert (site.ids(), deleted) == (["e1", "e2", "e3", "e4"], [(0,)])


def test_another_file_of_the_same_name_is_read_from_its_beginning_however_long(site):
    path = site.write("a.jsonl", event(1))
    site.loaded()
    path.unlink()
    site.write("a.jsonl", *(event(number) for number in range(5, 10)))
    site.loaded()
    assert site.ids() == ["e1", "e5", "e6", "e7", "e8", "e9"]
    path.unlink()
    site.write("a.jsonl", event(2))
    site.loaded()
    assert "e2" in site.ids()


def test_reading_anew_stores_nothing_twice(site):
    site.write("a.jsonl", event(1), event(2))
    site.loaded()
    result = site.loaded(FUNNELHOUSE_RELOAD="web_events")
    assert (result.row_count, site.ids()) == (3, ["e1", "e2"])


class Killed(Exception):
    """What stops a load that no program stops for."""


@pytest.mark.parametrize("broken_after", [0, 1, 3, 6])
def test_killed_after_any_page_nothing_is_lost_or_doubled(site, monkeypatch, broken_after):
    monkeypatch.setattr(events, "LINES_PER_PAGE", 3)
    for name, numbers in {"a": range(7), "b": range(7, 8), "c": range(8, 9), "d": range(9, 18)}.items():
        site.write(f"{name}.jsonl", *(event(number) for number in numbers))
    read = events.event_pages
    given: list[str] = []

    def breaking(*arguments: object) -> Iterator[Page]:
        for number, page in enumerate(read(*arguments)):
            if number == broken_after:
                raise Killed
            given.extend(row["event_id"] for row in page.rows["events"])
            yield page

    monkeypatch.setattr(web_events, "event_pages", breaking)
    with pytest.raises(Killed):
        site.load()
    monkeypatch.setattr(web_events, "event_pages", read)
    site.write("a.jsonl", event(18))  # strangers go on writing, also where we have been
    (site.landing / "0.jsonl").write_text(text(event(19)) + "\n")
    site.loaded()
    assert site.ids() == sorted(f"e{number}" for number in range(20))
    assert len(given) == min(3 * broken_after, 18)


BROKEN = [
    ("nonsense", None, "the line is not JSON"),
    ('{"event_id": "e", "event_id": "f"}', None, "the line has one name twice"),
    ('{"event_id": "' + "e" * 2_000_000 + '"}', None, "the line is longer than 2,000,000 bytes"),
    ("[1]", None, "the line is not a JSON object"),
    ("[" * 100_000, None, "the line is nested too deeply"),
    (event(1, note=nested(101)), None, "the line is nested too deeply"),
    (text(event(1, note=7)).replace("7", f"{'[' * 900}{']' * 900}"), None, "the line is nested too deeply"),
    ({"event_type": "page_view", "occurred_at": "2026-06-01T12:00:00Z"}, "event_id", "event_id is missing"),
    (event(1, event_type=" "), "event_type", "event_type is missing"),
    (event(1, occurred_at="2026-06-01T12:00:00"), "occurred_at", "occurred_at says nothing of its time zone, such as Z or +02:00"),
    (event(1, occurred_at=1780308000), "occurred_at", "occurred_at is not a date-time such as 2026-11-01T09:30:00Z"),
    (event(1, occurred_at="0001-01-01T00:00:00+10:00"), "occurred_at", "occurred_at is not within the years 1900 to 2199"),
    (event(1, occurred_at="1899-12-30T00:00:00Z"), "occurred_at", "occurred_at is not within the years 1900 to 2199"),
    (event(1, occurred_at="9999-12-31T23:59:59Z"), "occurred_at", "occurred_at is not within the years 1900 to 2199"),
    (event(1, email="Anna"), "email", "email is not an address"),
    (event(1, email=["anna@example.com"]), "email", "email is neither a text nor a number"),
    (event(1, value="much"), "value", "value is not a number"),
    (event(1, consent=[{"status": "granted"}]), "consent", "consent has no purpose"),
    (event(1, consent="yes"), "consent", "consent has no purpose"),
    (event(1, consent=[{"purpose": "calls", "status": "yes"}]), "consent", "the status of a consent is not one of granted, withdrawn"),
]  # fmt: skip


def test_a_broken_line_goes_to_quarantine_with_file_and_line(site):
    for number, (line, _, _) in enumerate(BROKEN):
        site.write(f"in/{number:02}.jsonl", event(f"before{number}"), "", line, event(f"after{number}"))
    assert site.loaded().quarantined_count == len(BROKEN)
    wanted = [(f"in/{number:02}.jsonl", 3, column, reason) for number, (_, column, reason) in enumerate(BROKEN)]
    assert site.refused() == wanted
    assert len(site.ids()) == 2 * len(BROKEN)


def test_what_is_set_aside_is_kept_as_it_was_given(site):
    site.write("a.jsonl", event(1, email="Anna", url="https://kolibri.example/?token=1", theme="dark"))
    site.loaded()
    [(given,)] = site.query("select given from raw_web_events.quarantine")
    kept = {name: value for name, value in json.loads(given).items() if value is not None}
    assert kept["url"] == "https://kolibri.example/"
    assert (kept["email"], kept["properties"]) == ("Anna", '{"theme":"dark"}')


def test_a_field_may_be_nested_a_hundred_levels_deep_and_have_any_number_of_parts(site):
    site.write("a.jsonl", event(1, note=nested(98)), event(2, notes=[[], {}] * 200))
    assert site.loaded().quarantined_count == 0
    assert site.ids() == ["e1", "e2"]


def test_fields_of_a_files_own_business_and_odd_texts_do_no_harm(site):
    site.write("a.jsonl", event(1, _is_deleted=True, _refusal="no", full_name="A\0nna", phone=48123, note="\ud83d"))
    site.write("b.jsonl", "\ufeff" + text(event(2)) + "\r")
    assert site.loaded().quarantined_count == 0
    assert site.ids() == ["e1", "e2"]
    assert site.query("select full_name, phone from raw_web_events.events order by event_id limit 1") == [
        ("Anna", "48123")
    ]


@pytest.mark.parametrize(
    ("given", "tags"),
    [
        ({"url": "https://k.example/?utm_source=google&utm_medium=cpc&gclid=x1"}, {"utm_source": "google", "utm_medium": "cpc", "click_id": "gclid:x1"}),
        ({"url": "https://k.example/demo", "landing_page": "https://k.example/?utm_source=bing"}, {"utm_source": "bing"}),
        ({"url": "https://k.example/?utm_source=google", "utm_source": "newsletter"}, {"utm_source": "newsletter"}),
        ({"li_fat_id": "abc"}, {"click_id": "li_fat_id:abc"}),
        ({"click_id": "msclkid:77", "gclid": "x"}, {"click_id": "msclkid:77"}),
        ({"url": "https://k.example/?gbraid=1#utm_source=none"}, {"click_id": "gbraid:1"}),
    ],
)  # fmt: skip
def test_tags_and_click_ids_are_those_given_or_those_of_the_address(given, tags):
    row, _ = event_row(text(event(1, **given)).encode())
    assert {name: row[name] for name in (*events.UTM, "click_id") if row[name]} == tags


def test_no_address_keeps_its_query_anywhere(site, monkeypatch):
    # What was read stays on disk, as after a load that was cut off.
    monkeypatch.setattr("ingestion.load.source_dir", lambda *_: site.folder / "nowhere")
    secret = "https://user:pass@k.example/a?email=anna@example.com&token=s3cret#s3cret"
    more = {"deep": {"list": [secret, f"see {secret} now"]}, "note": f"<a href='{secret}'>"}
    site.write("a.jsonl", event(1, url=secret, landing_page=secret, referrer=secret, form_id=secret, **more))
    site.write(
        "a.jsonl",
        f"nonsense {secret} {secret}",
        json.dumps([{"x": secret}]),
        event(2, email="Anna", referrer=f"k.example/?{secret}"),
    )
    site.loaded()
    kept = site.query("select url, landing_page, referrer, form_id from raw_web_events.events")
    assert kept == [("https://k.example/a",) * 4]
    for table in web_events.raw_tables():
        assert "s3cret" not in str(site.query(f"select * from raw_web_events.{table}"))
    on_disk = [path.read_bytes() for path in (site.folder / "raw").rglob("*.jsonl")]
    assert on_disk
    assert not any(b"s3cret" in content or b"pass@" in content for content in on_disk)


def test_tags_of_a_query_are_its_first_values():
    assert tags_of("utm_source=a&utm_source=b&x=1&fbclid=z&gclid=y") == {"utm_source": "a", "click_id": "gclid:y"}
    assert tags_of("") == {}


def test_an_address_without_its_query_is_still_an_address():
    assert without_query("https://k.example:8080/a/b.html?x=1#y") == "https://k.example:8080/a/b.html"
    assert without_query("/a?x=http://b.example") == "/a"
    assert without_query("http://[domain]/?x=1") == "http://[domain]/"
    assert (
        without_queries("from https://a.example/?x=1, then HTTP://b.example?y")
        == "from https://a.example/ then HTTP://b.example"
    )


def test_a_missing_folder_is_one_line_that_names_the_setting(tmp_path):
    own = {"FUNNELHOUSE_DATA_DIR": str(tmp_path), "FUNNELHOUSE_SOURCES": "web_events"}
    result = load("web_events", Settings.from_environment(own | {"FUNNELHOUSE_WEB_EVENTS_DIR": str(tmp_path / "no")}))
    assert result.status == FAILED
    assert result.message.startswith("FUNNELHOUSE_WEB_EVENTS_DIR: ")
    assert len(result.message.splitlines()) == 1


def test_what_is_no_file_of_events_is_named_and_what_is_hidden_is_not(site):
    site.write("a.jsonl", event(1))
    site.write("export.csv", "x")
    site.write(".b.jsonl.part", event(2))
    [notice] = site.loaded().notices
    assert "export.csv is no file of events" in notice
    assert "part" not in notice
    assert site.ids() == ["e1"]


def test_a_file_whose_name_is_no_text_stops_the_load_with_what_of_it_can_be_shown(site):
    site.write(os.fsdecode(b"\xb3.jsonl"), event(1))
    assert site.load().message == f"{site.landing}/�.jsonl: its name is not in UTF-8; rename it."


def test_a_file_that_may_not_be_read_stops_the_load_with_its_name(site, monkeypatch):
    site.write("a.jsonl", event(1))

    def closed(_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(landed.LandedFile, "_opened", closed)
    result = site.load()
    assert result.status == FAILED
    assert "a.jsonl: cannot be read (Permission denied)" in result.message
