"""Records of an API become raw tables: typed where declared, text where new, set aside where broken, never lost or doubled."""

# ruff: noqa: E501

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import dlt
import duckdb
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from ingestion import load as loads
from ingestion import records
from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED
from ingestion.pages import Page, Stream
from ingestion.records import Parent, RawTable

START = datetime(2026, 1, 1)
TABLES = {
    table.name: table
    for table in (
        RawTable(
            "people",
            ("id",),
            {"id": "string", "email": "string", "age": "bigint", "born": "date", "updated_at": "timestamp", "is_vip": "boolean", "score": "double"},
            version="updated_at",
            email="email",
        ),
        RawTable("events", ("id", "person_id"), {"id": "string", "person_id": "string", "kind": "string"}),
        RawTable("figures", ("account", "day"), {"account": "string", "day": "date", "clicks": "bigint"}),
        RawTable("visits", ("id",), {"id": "string", "person_id": "string"}, parents=(Parent("person_id", "people"),)),
        RawTable(
            "notes", ("id",), {"id": "string", "person_id": "string"},
            parents=(Parent("person_id", "people", only_vanished=True),),
        ),
    )
}  # fmt: skip


class Api:
    """A source of made-up pages: `streams` are what the next load reads."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(folder / "data")})
        self.streams: list[Stream] = []
        self.moment = START
        module = SimpleNamespace(
            extract=lambda settings, raw: records.extract("api", "Api", settings, raw, TABLES, self.streams)
        )
        monkeypatch.setattr(loads, "source_module", lambda name: module)
        monkeypatch.setattr(Settings, "now", lambda settings: self.moment)

    def load(self, *streams: Stream) -> loads.Load:
        self.streams = list(streams)
        self.moment += timedelta(days=1)
        return loads.load("api", self.settings)

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def standing(self, table: str, columns: str, key: str = "id") -> list[tuple]:
        return self.query(
            f"""
            select {columns} from raw_api.{table}
            qualify row_number() over (partition by {key} order by _loaded_at desc) = 1 and not _is_deleted
            order by all
            """
        )


@pytest.fixture
def api(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Api:
    return Api(tmp_path, monkeypatch)


def stream(*pages: Page, name: str = "people", whole: tuple[str, ...] = ()) -> Stream:
    """The pages in order; bookmarks are their numbers, so that a break goes on at the next one."""

    def read(cursor: object, bookmark: object) -> Iterator[Page]:
        yield from pages[int(bookmark or 0) :]

    numbered = [
        Page(page.rows, page.deleted, page.present, number if number < len(pages) else None, page.cursor)
        for number, page in enumerate(pages, 1)
    ]
    pages = tuple(numbered)
    return Stream(name, read, whole)


def people(*rows: dict, **page: object) -> Page:
    return Page({"people": list(rows)}, **page)


def test_values_get_the_declared_types_and_new_fields_come_as_text(api):
    row = {
        "Id": 7, "Email": " Anna@Example.com", "age": "41.0", "born": "1985-01-31", "updatedAt": "2026-01-01T12:00:00.000+0100",
        "isVip": True, "score": 1.5, "Nickname__c": "Ann", "tags": ["a", {"b": 1}],
    }  # fmt: skip
    assert api.load(stream(people(row))).status == LOADED
    assert api.query(
        "select id, age, born::varchar, updated_at, is_vip, score, nickname_c, tags, email_domain from raw_api.people"
    ) == [("7", 41, "1985-01-31", datetime(2026, 1, 1, 11), True, 1.5, "Ann", '["a",{"b":1}]', "example.com")]
    assert api.query("select count(*) from raw_api.people where length(email_key) = 64") == [(1,)]


@pytest.mark.parametrize(
    "text, moment",
    [
        ("2026-03-01T10:00:00Z", datetime(2026, 3, 1, 10)),
        ("2026-03-01T10:00:00.123Z", datetime(2026, 3, 1, 10, 0, 0, 123000)),
        ("2026-03-01T10:00:00+02:00", datetime(2026, 3, 1, 8)),
        ("2026-03-01T10:00:00.000+0000", datetime(2026, 3, 1, 10)),
        (1772359200000, datetime(2026, 3, 1, 10)),
        ("", None),
        (None, None),
    ],
)
def test_moments_are_read_as_vendors_write_them(api, text, moment):
    result = api.load(stream(people({"id": "a", "updated_at": text})))
    assert result.quarantined_count == 0
    assert api.query("select updated_at from raw_api.people") == [(moment,)]


def test_a_changed_type_is_refused_with_its_reason_and_heals(api):
    api.load(stream(people({"id": "a", "age": "41"}, {"id": "b", "age": "30"})))
    result = api.load(stream(people({"id": "a", "age": "forty"}, {"id": "b", "age": "31"})))
    assert (result.status, result.quarantined_count) == (LOADED, 1)
    assert api.standing("people", "id, age") == [("a", 41), ("b", 31)]
    assert api.standing("quarantine", "entity, record_id, column_name, reason", "entity, record_id") == [
        ("people", "a", "age", "age: 'forty' is not a whole number")
    ]
    api.load(stream(people({"id": "a", "age": "42"})))
    assert api.standing("people", "id, age") == [("a", 42), ("b", 31)]
    assert api.standing("quarantine", "record_id", "entity, record_id") == []


def test_a_record_without_a_key_is_refused(api):
    assert api.load(stream(people({"id": None, "age": "1"}, {"id": "a"}))).quarantined_count == 1
    assert api.standing("people", "id") == [("a",)]


def test_a_new_field_makes_no_new_version_of_records_that_lack_it(api):
    api.load(stream(people({"id": "a", "age": "1"}, {"id": "b", "age": "2"})))
    result = api.load(stream(people({"id": "a", "age": "1", "shoe": None}, {"id": "b", "age": "2", "shoe": "38"})))
    assert result.changed_count == 1
    assert api.standing("people", "id, age, shoe") == [("a", 1, None), ("b", 2, "38")]


def test_a_field_that_is_not_said_again_stays_a_column(api):
    api.load(stream(people({"id": "a", "shoe": "38"})))
    api.load(stream(people({"id": "b"})))
    api.load(stream(Page(deleted={"people": [{"id": "a"}]})))
    assert api.query("select id, shoe, _is_deleted from raw_api.people order by _loaded_at") == [
        ("a", "38", False), ("b", None, False), ("a", "38", True),
    ]  # fmt: skip


def test_of_one_record_several_times_the_newest_state_is_kept(api):
    older, newer = {"id": "a", "age": 1, "updated_at": "2026-01-01"}, {"id": "a", "age": 2, "updated_at": "2026-01-02"}
    api.load(stream(people(newer), people(older), people(newer)))
    assert api.query("select age from raw_api.people") == [(2,)]


def test_what_a_part_does_not_name_is_not_gone(api):
    api.load(stream(people({"id": "a"}, {"id": "b"})))
    assert api.load(stream(people({"id": "b", "age": 3}))).changed_count == 1
    assert api.standing("people", "id") == [("a",), ("b",)]


def test_what_a_whole_listing_does_not_name_is_gone(api):
    api.load(stream(people({"id": "a"}, {"id": "b"}, {"id": "c"})))
    listing = Page({"people": [{"id": "c", "age": 1}]}, present={"people": [{"id": "a"}]})
    api.load(stream(listing, whole=("people",)))
    assert api.standing("people", "id") == [("a",), ("c",)]


def test_a_listing_that_names_nothing_is_not_believed(api):
    api.load(stream(people({"id": "a"}), whole=("people",)))
    result = api.load(stream(whole=("people",)))
    assert api.standing("people", "id") == [("a",)]
    assert result.notices == ("people: the source names not one record any more; those of the last load are kept.",)


def test_a_notice_of_a_page_reaches_the_user_once_even_after_a_break(api):
    def read(cursor: object, bookmark: object) -> Iterator[Page]:
        if not bookmark:
            yield people({"id": "a"}, bookmark=1, notice="Campaigns are left out.")
            raise Fault("broken")
        yield people({"id": "b"}, notice="Campaigns are left out.")

    assert api.load(Stream("people", read)).status == FAILED
    assert api.load(Stream("people", read)).notices == ("Campaigns are left out.",)


def test_a_key_without_its_last_columns_names_all_that_begin_so_but_those_said_anew(api):
    rows = [{"id": "a", "person_id": "x"}, {"id": "a", "person_id": "y"}, {"id": "b", "person_id": "x"}]
    api.load(stream(Page({"events": rows})))
    api.load(stream(Page({"events": [{"id": "a", "person_id": "z"}]}, deleted={"events": [{"id": "a"}]})))
    assert api.standing("events", "id, person_id", "id, person_id") == [("a", "z"), ("b", "x")]


def test_a_record_that_is_refused_keeps_its_last_good_version_even_where_all_that_begin_so_are_named(api):
    api.load(
        stream(Page({"figures": [{"account": "a", "day": f"2026-01-0{day}", "clicks": day} for day in (1, 2, 3)]}))
    )
    rows = [
        {"account": "a", "day": "2026-01-01", "clicks": "several"},
        {"account": "a", "day": "2026-01-02", "clicks": 5},
    ]
    assert api.load(stream(Page({"figures": rows}, deleted={"figures": [{"account": "a"}]}))).quarantined_count == 1
    assert api.standing("figures", "day::varchar, clicks", "account, day") == [("2026-01-01", 1), ("2026-01-02", 5)]


def test_what_belongs_to_a_record_goes_with_it(api):
    owned = [{"id": "1", "person_id": "a"}, {"id": "2", "person_id": "b"}, {"id": "3", "person_id": "c"}]
    api.load(stream(Page({"people": [{"id": "a"}, {"id": "b"}, {"id": "c"}], "visits": owned, "notes": owned})))
    # Of a the source still tells that it was deleted, b it names no more.
    api.load(stream(Page({"people": [{"id": "a", "_is_deleted": True}]}, deleted={"people": [{"id": "b"}]})))
    assert api.standing("visits", "id") == [("3",)]
    assert api.standing("notes", "id") == [("1",), ("3",)]


def test_a_deleted_record_keeps_its_values_and_may_return(api):
    api.load(stream(people({"id": "a", "age": 1}, {"id": "b"})))
    api.load(stream(people({"id": "a", "age": 1, "_is_deleted": True})))
    assert api.standing("people", "id") == [("b",)]
    assert api.load(stream(people({"id": "a", "age": 1, "_is_deleted": True}))).changed_count == 0
    api.load(stream(people({"id": "a", "age": 1})))
    assert api.standing("people", "id, age") == [("a", 1), ("b", None)]


def test_the_next_load_begins_at_the_cursor_of_the_last(api):
    seen = []

    def read(cursor: object, bookmark: object) -> Iterator[Page]:
        seen.append(cursor)
        yield people({"id": "a"}, bookmark=1, cursor={"since": len(seen)})
        yield people({"id": "b"})

    for _ in range(3):
        api.load(Stream("people", read))
    assert seen == [None, {"since": 1}, {"since": 2}]


def test_a_load_that_fails_changes_nothing_and_the_next_goes_on_where_it_broke(api):
    asked: list[int] = []

    def read(cursor: object, bookmark: object) -> Iterator[Page]:
        for number in range(int(bookmark or 0), 4):
            asked.append(number)
            if asked.count(2) == 1 and number == 2:
                raise Fault("Api: the line is dead; try later.")
            yield people({"id": str(number)}, bookmark=number + 1, cursor=number)

    failed = api.load(Stream("people", read))
    assert (failed.status, failed.message) == (FAILED, "Api: the line is dead; try later.")
    assert api.query("select count(*) from duckdb_tables() where table_name = 'people'") == [(0,)]
    assert api.load(Stream("people", read)).status == LOADED
    assert asked == [0, 1, 2, 2, 3]
    assert api.standing("people", "id") == [("0",), ("1",), ("2",), ("3",)]


def test_a_warehouse_that_cannot_be_written_is_one_line_and_the_next_load_is_whole(api, monkeypatch):
    api.load(stream(people({"id": "a"})))

    def refuse(pipeline: dlt.Pipeline, *_: object, **__: object) -> None:
        raise PipelineStepFailed(pipeline, "load", "1", OSError("No space left on device"))

    with monkeypatch.context() as full_disk:
        full_disk.setattr(dlt.Pipeline, "run", refuse)
        result = api.load(stream(people({"id": "b"})))
    assert (result.status, len(result.message.splitlines())) == (FAILED, 1)
    assert "warehouse.duckdb cannot be written" in result.message and "No space left" in result.message
    assert api.load(stream(people({"id": "b"}))).status == LOADED
    assert api.standing("people", "id") == [("a",), ("b",)]


def test_after_a_load_the_pages_are_not_read_from_disk_again(api):
    asked = []

    def read(cursor: object, bookmark: object) -> Iterator[Page]:
        asked.append(bookmark)
        yield people({"id": "a"})

    api.load(Stream("people", read))
    api.load(Stream("people", read))
    assert asked == [None, None]


def test_what_a_killed_writer_left_half_written_is_cut_off(api):
    def read(cursor: object, bookmark: object) -> Iterator[Page]:
        if not bookmark:
            yield people({"id": "a"}, bookmark=1)
            raise Fault("killed")
        yield people({"id": "b"})

    api.load(Stream("people", read))
    unfinished = api.settings.data_dir / "raw" / "api" / "unfinished"
    with (unfinished / "people.jsonl").open("a") as file:
        file.write('{"id":"half')
    assert api.load(Stream("people", read)).status == LOADED
    assert api.standing("people", "id") == [("a",), ("b",)]


ROWS = st.fixed_dictionaries(
    {"id": st.sampled_from("abcd"), "person_id": st.sampled_from("xy"), "kind": st.text(max_size=3)}
)


@given(pages=st.lists(st.lists(ROWS, max_size=3), max_size=6), breaks=st.sets(st.integers(0, 5), max_size=3))
@hypothesis_settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_often_it_breaks_the_last_said_of_each_record_stands(tmp_path_factory, pages, breaks):
    def reader(broken: set[int]) -> Callable[[object, object], Iterator[Page]]:
        def read(cursor: object, bookmark: object) -> Iterator[Page]:
            for number in range(int(bookmark or 0), len(pages)):
                if number in broken:
                    broken.discard(number)
                    raise Fault("broken")
                yield Page({"events": pages[number]}, bookmark=number + 1)

        return read

    with pytest.MonkeyPatch.context() as monkeypatch:
        api, read = Api(tmp_path_factory.mktemp("api"), monkeypatch), reader(set(breaks))
        while api.load(Stream("events", read)).status == FAILED:
            pass
        last = {(row["id"], row["person_id"]): row["kind"] for page in pages for row in page}
        found = {(i, p): kind for i, p, kind in api.query("select id, person_id, kind from raw_api.events")}
        assert found == last
        assert len(api.query("select * from raw_api.events")) == len(last)


@pytest.mark.parametrize("first, then, kind", [("string", "bigint", "VARCHAR"), ("bigint", "string", "BIGINT")])
def test_a_field_that_the_playbook_maps_later_or_no_more_keeps_its_raw_type(api, monkeypatch, first, then, kind):
    def load(data_type: str, *rows: dict) -> loads.Load:
        columns = {"id": "string"} | ({"size": data_type} if data_type != "string" else {})
        monkeypatch.setitem(TABLES, "people", RawTable("people", ("id",), columns))
        return api.load(stream(people(*rows)))

    load(first, {"id": "1", "size": "5"})
    assert load(then, {"id": "1", "size": "5"}, {"id": "2", "size": "6"}).status == LOADED
    refused = load(then, {"id": "3", "size": "about six"})
    assert (refused.status, refused.quarantined_count) == (LOADED, 1)
    assert api.query("select id, size::varchar from raw_api.people order by all") == [("1", "5"), ("2", "6")]
    assert api.query("select distinct typeof(size) from raw_api.people") == [(kind,)]


def test_what_json_allows_and_utf_8_does_not_is_loaded(api):
    row = {"id": "1", "halved": "smile \ud83d", "within": ["\ude00"], "huge": 2**70, "empty": "\0"}
    assert api.load(stream(people(row))).status == LOADED
    assert api.standing("people", "halved, within, huge") == [("smile ?", '["?"]', str(2**70))]


def test_after_a_power_cut_that_shortened_a_file_all_is_read_again(api):
    def breaks(cursor: object, bookmark: object) -> Iterator[Page]:
        if bookmark is None:
            yield people({"id": "1"}, bookmark="1")
        raise Fault("gone away")

    api.load(Stream("people", breaks))
    file = api.settings.data_dir / "raw" / "api" / "unfinished" / "people.jsonl"
    file.write_bytes(file.read_bytes()[:-5])
    assert api.load(stream(people({"id": "1"}), people({"id": "2"}))).status == LOADED
    assert api.standing("people", "id") == [("1",), ("2",)]


def test_an_answer_of_another_shape_is_one_line_that_says_where(api):
    def misread(cursor: object, bookmark: object) -> Iterator[Page]:
        yield people({"id": {}["results"]})

    outcome = api.load(Stream("people", misread))
    assert outcome.status == FAILED and "\n" not in outcome.message
    assert "KeyError: 'results'; ingestion/pages.py, line" in outcome.message


def test_what_its_reader_refuses_is_set_aside_under_its_file_and_line(api):
    refused = {"id": "2", "age": "old", "_refusal": "too old", "_refused_column": "born"}
    told = {"_file": "people.txt", "_file_line": 7}
    outcome = api.load(stream(people({"id": "1", **told}, refused | told, {"id": "3", "age": "x", **told})))
    assert outcome.quarantined_count == 2
    assert api.standing("people", "id") == [("1",)]
    columns = "entity, file, line, record_id, column_name, reason"
    assert api.query(f"select {columns} from raw_api.quarantine order by record_id") == [
        ("people", "people.txt", 7, "2", "born", "too old"),
        ("people", "people.txt", 7, "3", "age", "age: 'x' is not a whole number"),
    ]
