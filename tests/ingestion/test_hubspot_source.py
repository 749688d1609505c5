"""The HubSpot connector: what it asks for, what it makes of the answers, and what it does when they are refusals."""

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hubspot_records import ANSWERS, ODD_ANSWERS
from hubspot_serving import serving, serving_answers

from ingestion.config import Settings
from ingestion.erasure import erase_requested
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.pages import Page, Stream
from ingestion.simulator.chronicle import Chronicle, chronicle
from ingestion.simulator.server.hubspot import answers
from ingestion.simulator.server.hubspot import marketing as simulated
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup, hubspot_id
from ingestion.sources.hubspot import _begun_anew_without_its_place, crm, events
from ingestion.sources.hubspot.client import BadRequest
from ingestion.sources.hubspot.crm import Crm, CrmObject
from ingestion.sources.hubspot.settings import HubSpotSettings
from ingestion.sources.hubspot.tables import TABLES

NOW = datetime(2026, 9, 1, 6)
DAYS = 10


@pytest.fixture(scope="module")
def story() -> Chronicle:
    """A small company in which much is merged, deleted and erased in the last days and the next ones."""
    told = chronicle(200, 11, NOW, days_ahead=DAYS + 5)
    lot = random.Random(4)
    leads, accounts = told.entities["leads"], told.entities["accounts"]
    old = leads[(leads["created_at"] < NOW - timedelta(days=20)) & leads["merged_at"].isna()]
    rows = lot.sample(list(old[old["erased_at"].isna() & old["deleted_at"].isna()].index), 60)

    def moment() -> datetime:
        return NOW + timedelta(seconds=lot.randrange(-8 * 86_400, DAYS * 86_400))

    for loser, winner in zip(rows[:15], rows[15:30], strict=True):
        leads.loc[loser, ["merged_into_lead_id", "merged_at"]] = (leads["lead_id"][winner], moment())
    for row in rows[30:40]:
        leads.loc[row, "deleted_at"] = moment()
    for row in rows[40:50]:
        leads.loc[row, "erased_at"] = moment()
    companies = lot.sample(list(accounts[accounts["created_at"] < NOW - timedelta(days=20)].index), 6)
    for loser, winner in zip(companies[:3], companies[3:], strict=True):
        accounts.loc[loser, ["merged_into_account_id", "merged_at"]] = (accounts["account_id"][winner], moment())
    return told


class HubSpotLoads:
    """Loads from a server into one data directory."""

    def __init__(self, url: str, state: State, folder: Path) -> None:
        self.url, self.state, self.folder = url, state, folder
        folder.mkdir(parents=True, exist_ok=True)
        # One key for all folders, so that the hashes of e-mails can be compared.
        (folder / "hash_secret").write_bytes(bytes(32))

    def load(self, **settings: str) -> Load:
        environment = {
            "FUNNELHOUSE_DATA_DIR": str(self.folder),
            "FUNNELHOUSE_SOURCES": "hubspot",
            "FUNNELHOUSE_AS_OF": f"{self.state.now.isoformat()}Z",
            "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.01",
            "FUNNELHOUSE_HUBSPOT_BASE_URL": self.url,
            "FUNNELHOUSE_HUBSPOT_TOKEN": self.state.client_secret,
        }
        return load("hubspot", Settings.from_environment(environment | settings))

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def standing(self, table: str) -> list[dict[str, Any]]:
        """The latest version of each row that is not deleted: its filled cells, without what says when it came."""
        key = ", ".join(TABLES[table].key)
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            found = connection.execute(
                f"""
                select * from raw_hubspot.{table}
                qualify row_number() over (partition by {key} order by _loaded_at desc, _dlt_load_id desc) = 1
                    and not _is_deleted
                order by {key}
                """
            )
            names = [column[0] for column in found.description]
            rows = [zip(names, row, strict=True) for row in found.fetchall()]
        return [{name: value for name, value in row if name[0] != "_" and value is not None} for row in rows]

    def values(self, table: str, column: str) -> set[str]:
        """The different texts of a column in what stands, in lower case."""
        return {str(row[column]).lower() for row in self.standing(table) if column in row}


@contextmanager
def hubspot(story: Chronicle, folder: Path) -> Iterator[HubSpotLoads]:
    state = State(story, NOW, Setup.HUBSPOT)
    state.faults.retry_after_seconds = 0
    with serving(state) as url:
        yield HubSpotLoads(url, state, folder)


@pytest.fixture(scope="module")
def day_by_day(story: Chronicle, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HubSpotLoads]:
    """A first load, and one more after two and after another eight days."""
    with hubspot(story, tmp_path_factory.mktemp("days")) as loads:
        assert loads.load().status == LOADED
        for days in (2, DAYS - 2):
            loads.state.forward(days)
            assert loads.load().status == LOADED
        yield loads


def test_loads_day_by_day_give_what_one_load_at_the_end_gives(day_by_day, tmp_path):
    once = HubSpotLoads(day_by_day.url, day_by_day.state, tmp_path / "once")
    assert once.load().status == LOADED
    for table in TABLES:
        assert day_by_day.standing(table) == once.standing(table), table


def test_nothing_stands_of_an_erased_contact(day_by_day, story):
    leads = story.entities["leads"]
    erased = leads[(leads["erased_at"] > NOW) & (leads["erased_at"] <= day_by_day.state.now)]
    assert len(erased) > 3
    ids = {hubspot_id(lead) for lead in erased["lead_id"]}
    emails = set(erased["email"].str.lower())
    for table, column in (("contacts", "id"), ("contact_history", "object_id"), ("web_events", "object_id")):
        assert not ids & day_by_day.values(table, column), table
    for table, column in (("email_events", "recipient"), ("form_submissions", "email"), ("contact_emails", "email")):
        assert not emails & day_by_day.values(table, column), table


def test_contacts_that_were_erased_there_are_erased_here_unless_they_are_too_many(day_by_day, story, tmp_path):
    leads = story.entities["leads"]
    gone = leads[(leads["erased_at"] > NOW) & (leads["erased_at"] <= day_by_day.state.now) & leads["email"].notna()]
    shutil.copytree(day_by_day.folder, tmp_path / "data")
    (tmp_path / "playbook").mkdir()
    said: list[str] = []
    for most, is_done in (("0.02", False), ("0.5", True)):
        settings = Settings.from_environment(
            {"FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"), "FUNNELHOUSE_PLAYBOOK_DIR": str(tmp_path / "playbook")}
        )
        rule = f"setting,value,description\nmost_vanished_people_rate,{most},Held out\n"
        (tmp_path / "playbook" / "settings.csv").write_text(rule)
        receipt = erase_requested(settings, "hubspot", said.append)
        with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
            held = connection.execute("select lower(email) from raw_hubspot.contacts").fetchall()
        assert (receipt is not None) == is_done
        assert (set(gone["email"].str.lower()) & {email for (email,) in held} == set()) == is_done
    assert "have vanished without a word, more than most_vanished_people_rate" in said[0]
    assert erase_requested(settings, "hubspot", said.append) is None


def test_a_merged_contact_is_a_deleted_row_that_names_the_winner(day_by_day, story):
    leads = story.entities["leads"]
    merged = leads[leads["merged_at"] <= day_by_day.state.now]
    gone = merged["merged_into_lead_id"].isin(leads.loc[leads["erased_at"] <= day_by_day.state.now, "lead_id"])
    wanted = {
        (hubspot_id(loser), hubspot_id(winner))
        for loser, winner in merged.loc[~gone, ["lead_id", "merged_into_lead_id"]].itertuples(index=False)
    }
    found = day_by_day.query("select id, merged_into_id from raw_hubspot.contacts where merged_into_id is not null")
    assert wanted <= set(found)


def test_what_was_seen_long_before_a_contact_was_recognised_arrives(day_by_day):
    [(count,)] = day_by_day.query(
        """
        select count(*) from raw_hubspot.web_events
        where not _is_backfilled and occurred_at < _loaded_at - interval 31 days
        """
    )
    assert count > 0


class Searched:
    """A client whose search endpoint knows made-up records, and no more than so many results."""

    def __init__(self, records: list[dict[str, Any]], most: int) -> None:
        self.records, self.most = records, most

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        found = self.records
        for condition in body.get("filterGroups", [{"filters": []}])[0]["filters"]:
            found = [record for record in found if _passes(record, condition)]
        [sort] = body["sorts"]
        is_falling = sort["direction"] == "DESCENDING"
        found = sorted(found, key=lambda one: _number(one["properties"][sort["propertyName"]]), reverse=is_falling)
        start = int(body.get("after", 0))
        assert start + body["limit"] <= self.most
        end = start + body["limit"]
        paging = {"paging": {"next": {"after": str(end)}}} if end < len(found) else {}
        return {"total": len(found), "results": found[start:end]} | paging


def _number(text: str) -> float:
    return crm.moment(text).timestamp() if "T" in text else float(text)


def _passes(record: dict[str, Any], condition: dict[str, str]) -> bool:
    own, bound = _number(record["properties"][condition["propertyName"]]), _number(condition["value"])
    return {"EQ": own == bound, "GT": own > bound, "GTE": own >= bound, "LTE": own <= bound}[condition["operator"]]


@pytest.mark.parametrize("moments", [1, 2, 7, 500], ids="{}_moments".format)
def test_more_results_than_a_search_gives_are_all_found(moments, monkeypatch):
    monkeypatch.setattr(crm, "MOST_RESULTS", 40)
    monkeypatch.setattr(crm, "SEARCH_SIZE", 10)
    lot = random.Random(moments)
    times = [NOW + timedelta(milliseconds=lot.randrange(moments)) for _ in range(333)]
    records = [
        {"id": str(n), "properties": {"hs_object_id": str(n), "hs_lastmodifieddate": f"{time.isoformat()}+00:00"}}
        for n, time in enumerate(times, 1)
    ]
    reader = Crm(Searched(records, 40), HubSpotSettings.from_settings(_settings()))
    begin = f"{NOW.isoformat()}+00:00"
    found = [one["id"] for page, _ in reader.search(CrmObject("deals", ()), begin, None) for one in page]
    assert set(found) == {record["id"] for record in records}


def test_what_is_modified_while_a_search_is_read_hides_nothing_else(monkeypatch):
    monkeypatch.setattr(crm, "SEARCH_SIZE", 10)
    lot = random.Random(5)
    records = [
        {"id": str(n), "properties": {"hs_object_id": str(n), "hs_lastmodifieddate": f"2026-01-01T00:{n:02}:00+00:00"}}
        for n in range(60)
    ]
    reader = Crm(Searched(records, 10_000), HubSpotSettings.from_settings(_settings()))
    found, modified = set(), set()
    for page, _ in reader.search(CrmObject("deals", ()), "2026-01-01T00:00:00+00:00", None):
        found |= {record["id"] for record in page}
        for record in lot.sample(records, 3):
            modified.add(record["id"])
            record["properties"] = record["properties"] | {"hs_lastmodifieddate": "2026-01-02T00:00:00+00:00"}
    assert found | modified == {record["id"] for record in records}
    assert found - modified, "all were modified: nothing is shown"


def test_a_search_that_gives_fewer_records_than_it_counts_is_a_fault(monkeypatch):
    monkeypatch.setattr(crm, "SEARCH_SIZE", 4)
    records = [
        {"id": str(n), "properties": {"hs_object_id": str(n), "hs_lastmodifieddate": f"2026-01-01T00:{n:02}:00+00:00"}}
        for n in range(10)
    ]
    client = Searched(records, 10_000)
    search = client.post

    def cut_short(path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = search(path, body)
        return {"total": answer["total"], "results": answer["results"]} if body.get("after") == "4" else answer

    monkeypatch.setattr(client, "post", cut_short)
    reader = Crm(client, HubSpotSettings.from_settings(_settings()))
    with pytest.raises(Fault, match="the search for deals counts 10 records and gave 8; nothing of this load is kept"):
        list(reader.search(CrmObject("deals", ()), "2026-01-01T00:00:00+00:00", None))


def test_a_search_out_of_order_that_cannot_be_finished_is_a_fault(monkeypatch):
    monkeypatch.setattr(crm, "MOST_RESULTS", 4)
    monkeypatch.setattr(crm, "SEARCH_SIZE", 4)
    times = ["2026-01-02T00:00:00+00:00", "2026-01-01T00:00:00+00:00"] * 4
    records = [
        {"id": str(n), "properties": {"hs_object_id": str(n), "hs_lastmodifieddate": time}}
        for n, time in enumerate(times)
    ]
    client = Searched(records, 4)
    answer = {"total": 8, "results": records[:4], "paging": {"next": {"after": "4"}}}
    monkeypatch.setattr(client, "post", lambda path, body: answer)
    with pytest.raises(Fault, match="out of order"):
        list(Crm(client, HubSpotSettings.from_settings(_settings())).search(CrmObject("deals", ()), times[1], None))


def _settings(**environment: str) -> Settings:
    return Settings.from_environment({"FUNNELHOUSE_HUBSPOT_TOKEN": "x"} | environment)


def test_without_an_optional_scope_the_rest_is_loaded_and_a_notice_names_it(story, tmp_path):
    with hubspot(story, tmp_path) as loads:
        result = loads.load(FUNNELHOUSE_HUBSPOT_TOKEN="made-up!business-intelligence,marketing.campaigns.read")
        assert result.status == LOADED
        assert any("campaigns" in notice and "marketing.campaigns.read" in notice for notice in result.notices)
        assert any("web_events" in notice and "business-intelligence" in notice for notice in result.notices)
        assert loads.query("select count(*) > 100 from raw_hubspot.email_events") == [(True,)]


def test_submissions_of_a_form_that_was_archived_stay(story, tmp_path, monkeypatch):
    submissions = "select form_id, count(*) from raw_hubspot.form_submissions group by all order by 2 desc limit 1"
    with hubspot(story, tmp_path) as loads:
        assert loads.load().status == LOADED
        [(archived, count)] = loads.query(submissions)
        listed = simulated.Marketing.forms
        others = lambda self: {number: form for number, form in listed(self).items() if number != archived}  # noqa: E731
        monkeypatch.setattr(simulated.Marketing, "forms", others)
        assert loads.load().status == LOADED
        left = [row for row in loads.standing("form_submissions") if row["form_id"] == archived]
        assert len(left) == count > 0
        assert archived not in loads.values("forms", "id")


def test_where_hubspot_no_longer_knows_a_place_the_stream_begins_anew():
    asked = []

    def pages(cursor: Any, bookmark: Any) -> Iterator[Page]:
        asked.append((cursor, bookmark))
        if bookmark == "forgotten":
            raise BadRequest("unknown place")
        yield Page(bookmark="known")

    stream = _begun_anew_without_its_place(Stream("events", pages))
    assert [page.bookmark for page in stream.pages("then", "forgotten")] == ["known"]
    assert asked == [("then", "forgotten"), ("then", None)]


@pytest.mark.parametrize(
    "settings, told",
    [
        ({"FUNNELHOUSE_HUBSPOT_TOKEN": "made-up!crm.objects.deals.read"}, "crm.objects.deals.read"),
        ({"FUNNELHOUSE_HUBSPOT_TOKEN": "nonsense"}, "FUNNELHOUSE_HUBSPOT_TOKEN"),
        ({"FUNNELHOUSE_HUBSPOT_TOKEN": ""}, "FUNNELHOUSE_HUBSPOT_TOKEN"),
        ({"FUNNELHOUSE_HUBSPOT_TOKEN": "", "FUNNELHOUSE_HUBSPOT_CLIENT_ID": "x"}, "FUNNELHOUSE_HUBSPOT_CLIENT_SECRET"),
        ({"FUNNELHOUSE_HUBSPOT_LOOK_BACK_DAYS": "a month"}, "FUNNELHOUSE_HUBSPOT_LOOK_BACK_DAYS"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_missing_is_said_in_one_line(story, tmp_path, settings, told):
    with hubspot(story, tmp_path) as loads:
        result = loads.load(**settings)
        assert result.status == FAILED
        assert told in result.message
        assert len(result.message.splitlines()) == 1
        assert "nonsense" not in result.message


def test_the_daily_limit_stops_at_once(story, tmp_path, monkeypatch):
    monkeypatch.setattr(answers, "DAILY_LIMIT", 20)
    with hubspot(story, tmp_path) as loads:
        result = loads.load(FUNNELHOUSE_HTTP_PAUSE_SECONDS="30")
        assert result.status == FAILED
        assert "daily limit" in result.message


def test_an_oauth_app_gets_a_new_token_when_the_old_one_expires(story, tmp_path):
    with hubspot(story, tmp_path) as loads:
        loads.state.faults.set({"expired_token": 0.2})
        oauth = {f"FUNNELHOUSE_HUBSPOT_{name}": "made-up" for name in ("CLIENT_SECRET", "REFRESH_TOKEN")}
        result = loads.load(FUNNELHOUSE_HUBSPOT_TOKEN="", FUNNELHOUSE_HUBSPOT_CLIENT_ID="funnelhouse", **oauth)
        assert result.status == LOADED, result.message
        assert loads.state.faults.answers["expired_token"] > 10


def test_a_mapped_field_that_hubspot_lacks_names_the_playbook(story, tmp_path):
    (tmp_path / "playbook").mkdir()
    rows = "source,object,source_field,column_name\nhubspot,contacts,shoe_size,persona\n"
    (tmp_path / "playbook" / "field_mappings.csv").write_text(rows)
    with hubspot(story, tmp_path / "data") as loads:
        result = loads.load(FUNNELHOUSE_PLAYBOOK_DIR=str(tmp_path / "playbook"))
        assert result.status == FAILED
        assert "field_mappings.csv" in result.message and "shoe_size" in result.message


def test_records_as_hubspot_documents_them_load(tmp_path):
    with serving_answers(ANSWERS) as url:
        settings = {
            "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"),
            "FUNNELHOUSE_HUBSPOT_BASE_URL": url,
            "FUNNELHOUSE_HUBSPOT_TOKEN": "x",
            "FUNNELHOUSE_PLAYBOOK_DIR": str(tmp_path),
        }
        (tmp_path / "field_mappings.csv").write_text("source,object,source_field,column_name\n")
        result = load("hubspot", Settings.from_environment(settings))
    assert (result.status, result.quarantined_count) == (LOADED, 0), result.message
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:

        def ask(sql: str) -> list[tuple]:
            return connection.execute(sql).fetchall()

        assert ask("select id, email, createdate, archived from raw_hubspot.contacts") == [
            ("512", "bcooper@biglytics.net", datetime(2019, 10, 30, 3, 30, 17, 883000), False)
        ]
        assert ask(
            "select property, value, changed_at, updated_by_user_id from raw_hubspot.contact_history order by 3, 2"
        ) == [
            ("lifecyclestage", "lead", datetime(2021, 3, 19, 8, 0, 0, 100000), None),
            ("lifecyclestage", "", datetime(2021, 3, 19, 9, 1, 2), "2931"),
            ("lifecyclestage", "subscriber", datetime(2021, 3, 19, 9, 1, 2), "2931"),
        ]
        assert ask("select deal_id, contact_id, role, is_primary from raw_hubspot.deal_contacts") == [
            ("9601", "512", "Decision maker", False)
        ]
        assert ask("select type, recipient, created, utm_campaign from raw_hubspot.email_events order by created") == [
            ("STATUSCHANGE", "bcooper@biglytics.net", datetime(2021, 3, 19, 10), None),
            ("CLICK", "bcooper@biglytics.net", datetime(2021, 3, 19, 11), "spring"),
        ]
        assert ask("select subscription_id, status from raw_hubspot.subscription_changes") == [("16", "UNSUBSCRIBED")]
        assert ask("select email, utm_source, url from raw_hubspot.form_submissions") == [
            ("bcooper@biglytics.net", "google", "https://www.example.com/contact")
        ]
        assert ask("select amount, hs_is_closed_won from raw_hubspot.deals") == [(1500.0, False)]
        assert ask("select object_id, hs_url from raw_hubspot.web_events") == [
            ("512", "https://www.example.com/pricing")
        ]
        assert ask("select first_name, primary_team from raw_hubspot.owners") == [("Nicholas", "Sales")]


def test_records_that_are_empty_odd_long_or_merged_load(tmp_path):
    (tmp_path / "field_mappings.csv").write_text("source,object,source_field,column_name\n")
    with serving_answers(ODD_ANSWERS) as url:
        settings = {
            "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"),
            "FUNNELHOUSE_HUBSPOT_BASE_URL": url,
            "FUNNELHOUSE_HUBSPOT_TOKEN": "x",
            "FUNNELHOUSE_PLAYBOOK_DIR": str(tmp_path),
        }
        result = load("hubspot", Settings.from_environment(settings))
    assert (result.status, result.quarantined_count) == (LOADED, 0), result.message
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:

        def ask(sql: str) -> list[tuple]:
            return connection.execute(sql).fetchall()

        assert ask("select id, merged_into_id, length(message) from raw_hubspot.contacts order by id") == [
            ("51", None, 200_000),
            ("52", "51", None),
        ]
        assert ask("select hs_analytics_num_page_views, hs_analytics_last_timestamp from raw_hubspot.contacts")[0] == (
            12,
            datetime(2021, 3, 19, 10),
        )
        assert ask("select email from raw_hubspot.contact_emails order by 1") == [
            ("new@example.com",),
            ("old@example.com",),
        ]
        assert ask("select amount, closedate, hs_is_closed from raw_hubspot.deals order by id") == [
            (None, datetime(2019, 12, 7), None),
            (1.5e9, datetime(4000, 12, 31), False),
        ]
        assert ask("select type, url, utm_source from raw_hubspot.email_events order by created") == [
            ("DROPPED", None, None),
            ("CLICK", "http://[domain]x/?utm_source=a", None),
            ("FORWARD", None, None),
        ]
        assert ask("select email from raw_hubspot.form_submissions order by conversion_id") == [(None,), ("x@y.z",)]
        assert ask("select object_id, hs_url from raw_hubspot.web_events") == [("51", None)]
        assert ask("select email, primary_team from raw_hubspot.owners") == [(None, None)]
        assert ask("select hs_name from raw_hubspot.campaigns") == [(None,)]


def test_addresses_are_taken_apart():
    parts = events.address_parts("https://a.example/b?utm_source=x&gclid=7&secret=1#top")
    assert parts["url"] == "https://a.example/b"
    assert (parts["utm_source"], parts["utm_medium"], parts["click_id"]) == ("x", None, "gclid:7")
    assert events.address_parts(None) == {}


def test_history_keeps_what_changed_twice_in_one_moment_in_order():
    versions = [{"value": value, "timestamp": "2026-01-01T00:00:00Z"} for value in ("new", "", "old")]
    rows = list(crm.history({"id": "1", "propertiesWithHistory": {"lifecyclestage": versions}}))
    assert [(row["sequence"], row["value"]) for row in rows] == [(0, "old"), (1, ""), (2, "new")]
    assert json.dumps(rows)
