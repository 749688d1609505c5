"""Whatever Salesforce and the network do, the raw tables hold what Salesforce holds, once, with its history."""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests

from ingestion import records
from ingestion.config import Settings
from ingestion.erasure import erase_requested
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.simulator.chronicle import Chronicle, chronicle
from ingestion.simulator.mess import USUAL_MESS
from ingestion.simulator.server.salesforce import api
from ingestion.simulator.server.salesforce.schema import object_types
from ingestion.simulator.server.serve import running
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import salesforce_id
from ingestion.sources import RawState
from ingestion.sources.salesforce import client as clients
from ingestion.sources.salesforce import raw_tables, streams
from ingestion.sources.salesforce.tables import SOURCES, raw_tables_with

NOW = datetime(2026, 9, 1)
BOOKKEEPING = ("cursors", "quarantine")


@pytest.fixture(scope="module")
def story() -> Chronicle:
    mess = replace(USUAL_MESS, duplicates=0.08, deletions=0.05, erasures=0.05)
    return chronicle(200, seed=5, now=NOW, days_ahead=60, mess=mess)


@dataclass
class Warehouse:
    """A data directory that is loaded from a server."""

    folder: Path
    state: State
    base: str
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        (self.folder / "hash_secret").write_bytes(bytes(range(32)))

    def settings(self, **environment: str) -> Settings:
        given = {
            "FUNNELHOUSE_DATA_DIR": str(self.folder),
            "FUNNELHOUSE_SOURCES": "salesforce",
            "FUNNELHOUSE_AS_OF": f"{self.state.now.isoformat()}Z",
            "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.01",
            "FUNNELHOUSE_HTTP_TIMEOUT_SECONDS": "5",
            "FUNNELHOUSE_SALESFORCE_LOGIN_URL": self.base,
            "FUNNELHOUSE_SALESFORCE_CLIENT_ID": self.state.client_id,
            "FUNNELHOUSE_SALESFORCE_CLIENT_SECRET": self.state.client_secret,
        }
        return Settings.from_environment(given | self.environment | environment)

    def load(self, **environment: str) -> Load:
        return load("salesforce", self.settings(**environment))

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def present(self) -> dict[str, list[tuple]]:
        """Per table the records that are there, as last told; each of them once."""
        found = {}
        for table in raw_tables():
            if table not in BOOKKEEPING:
                columns = ", ".join(
                    f'"{name}"'
                    for (name,) in self.query(
                        f"select column_name from duckdb_columns() where schema_name = 'raw_salesforce' "
                        f"and table_name = '{table}' and not starts_with(column_name, '_') order by column_name"
                    )
                )
                found[table] = self.query(
                    f"select {columns} from (select *, row_number() over (partition by id order by _loaded_at desc, "
                    f"_dlt_load_id desc) as place from raw_salesforce.{table}) where place = 1 and not _is_deleted "
                    "order by id"
                )
        return found

    def versions(self) -> dict[str, int]:
        tables = [table for table in raw_tables() if table not in BOOKKEEPING]
        return {table: self.query(f"select count(*) from raw_salesforce.{table}")[0][0] for table in tables}


@pytest.fixture
def serve(story, tmp_path) -> Iterator[Any]:
    """Makes warehouses, each with a server of its own."""
    opened = []

    def make(now: datetime = NOW, **environment: str) -> Warehouse:
        state = State(story, now)
        server = running(state)
        base = server.__enter__()
        opened.append(server)
        return Warehouse(tmp_path / f"data{len(opened)}", state, base, environment)

    yield make
    for server in opened:
        server.__exit__(None, None, None)


@pytest.fixture
def small_pages(monkeypatch) -> None:
    """Many pages and windows from a small company."""
    monkeypatch.setattr(api, "BATCH_SIZE", 80)
    monkeypatch.setattr(streams, "WINDOW", 200)
    monkeypatch.setattr(streams, "BULK_PAGE", 90)
    monkeypatch.setattr(streams, "IDS_PER_QUERY", 3)


@pytest.fixture(scope="module")
def complete(story, tmp_path_factory) -> Warehouse:
    """What one load without any fault gives."""
    state = State(story, NOW)
    with running(state) as base:
        warehouse = Warehouse(tmp_path_factory.mktemp("complete") / "data", state, base)
        assert warehouse.load().status == LOADED
    return warehouse


# ---------------------------------------------------------------------------------------------------------------------
# What is loaded


def test_the_first_load_brings_every_object(complete):
    counts = complete.versions()
    empty = {"opportunity_field_history"}
    assert {table for table, count in counts.items() if not count} <= empty


def test_increments_give_what_one_load_at_the_end_gives(serve, small_pages):
    """Also after a pause of which Salesforce does not remember all deletions."""
    warehouse = serve()
    for days in (0, 1, 12, 40):
        warehouse.state.forward(days)
        assert warehouse.load().status == LOADED
    at_the_end = serve(warehouse.state.now)
    at_the_end.load()
    assert warehouse.present() == at_the_end.present()


@pytest.mark.parametrize("reload", ["", "salesforce"], ids=["", "while all is read anew"])
def test_what_is_erased_leaves_tombstones_of_itself_and_its_history(serve, story, reload):
    leads = story.entities["leads"]
    gone = leads[(leads["erased_at"] > NOW - timedelta(days=200)) & (leads["market"] != "DE")].iloc[0]
    lead_id = salesforce_id("00Q", gone["lead_id"])
    warehouse = serve(gone["erased_at"].to_pydatetime() - timedelta(hours=2))
    warehouse.load()
    for table, column in (("leads", "id"), ("lead_history", "lead_id")):
        assert warehouse.query(f"select 1 from raw_salesforce.{table} where {column} = '{lead_id}'")
    warehouse.state.forward(1)
    warehouse.load(FUNNELHOUSE_RELOAD=reload)
    for table, column in (("leads", "id"), ("lead_history", "lead_id")):
        of_lead = f"from raw_salesforce.{table} where {column} = '{lead_id}'"
        assert set(warehouse.query(f"select arg_max(_is_deleted, _loaded_at) {of_lead} group by id")) == {(True,)}


def test_whom_salesforce_is_asked_to_forget_is_erased_and_stays_counted(serve, story):
    warehouse = serve()
    warehouse.load()
    [columns] = warehouse.query(
        "select list(column_name order by column_name) from duckdb_columns() where table_name = 'individuals'"
    )
    assert not {"name", "birth_date", "consumer_credit_score"} & set(columns[0])
    assert erase_requested(warehouse.settings(), "salesforce", print) is None
    [(contact_id, email, phone)] = warehouse.query(
        """
        select contacts.id, contacts.email, contacts.phone
        from raw_salesforce.contacts
        join raw_salesforce.leads on contacts.id = converted_contact_id
        join raw_salesforce.tasks on contacts.id = who_id
        where contacts.phone is not null and not contacts._is_deleted
        group by all order by count(*) desc, contacts.id limit 1
        """
    )
    leads = story.entities["leads"]
    warehouse.state.forgotten = frozenset(leads.loc[leads["email"] == email, "lead_id"])
    warehouse.state.forward(1)
    assert warehouse.load().status == LOADED
    before = warehouse.versions()
    receipt = erase_requested(warehouse.settings(), "salesforce", print)
    assert receipt.still_found_in == [] and receipt.asked_by == "salesforce"
    for table in ("contacts", "leads"):
        named = (
            f"select count(*) from raw_salesforce.{table} where lower(email) = lower('{email}') or id = '{contact_id}'"
        )
        assert warehouse.query(named) == [(0,)]
    assert warehouse.query(f"select count(*) from raw_salesforce.contacts where phone = '{phone}'") == [(0,)]
    # What stands for an id is as long as one: others would block what is published.
    assert warehouse.query("select distinct length(id) from raw_salesforce.contacts") == [(18,)]
    assert erase_requested(warehouse.settings(), "salesforce", print) is None
    warehouse.state.forward(1)
    outcome = warehouse.load(FUNNELHOUSE_RELOAD="salesforce")
    assert "contacts 1, " in " ".join(outcome.notices)
    after = warehouse.versions()
    assert all(after[table] >= count for table, count in before.items())
    assert warehouse.query(f"select count(*) from raw_salesforce.contacts where email = '{email}'") == [(0,)]


def test_a_merged_lead_says_which_it_was_merged_into(complete, story):
    leads = story.entities["leads"]
    merged = leads[(leads["merged_at"] < NOW) & (leads["market"] != "DE")].iloc[0]
    lead_id, winner = (salesforce_id("00Q", merged[column]) for column in ("lead_id", "merged_into_lead_id"))
    found = complete.query(f"select master_record_id, _is_deleted from raw_salesforce.leads where id = '{lead_id}'")
    assert found == [(winner, True)]


def test_bulk_gives_what_queries_give(serve, small_pages, complete):
    warehouse = serve(FUNNELHOUSE_SALESFORCE_BULK_THRESHOLD="1")
    assert warehouse.load().status == LOADED
    assert warehouse.present() == complete.present()


class OneJob:
    """A client that answers any query by a job of one record, which was stamped while the job ran."""

    def __init__(self) -> None:
        self.queries: list[str] = []

    def count(self, name: str, most: int) -> int:
        return most

    def start_job(self, soql: str) -> tuple[str, str]:
        self.queries.append(soql)
        return "750", "2026-01-05T12:00:00.000+0000"

    def await_job(self, job_id: str) -> None:
        pass

    def job_results(self, job_id: str, locator: str | None, most: int) -> tuple[str, str | None]:
        return "Id,SystemModstamp\n003,2026-01-05T14:00:00.000Z\n", None


def bulk_reader(client: OneJob, *more_fields: str) -> streams.Reader:
    [contacts] = [source for source in SOURCES if source.object == "Contact"]
    types = {"Id": "id", "SystemModstamp": "datetime"} | dict.fromkeys(more_fields, "string")
    return streams.Reader(client, None, streams.Shape(contacts, types), {}, 50_000)


def test_after_a_job_the_next_load_begins_before_the_job_was_made():
    *_, last = bulk_reader(OneJob()).records(None, None)
    assert last.cursor == "2026-01-05T11:50:00Z"


def test_news_of_an_object_with_too_many_fields_for_an_address_come_by_a_job():
    client = OneJob()
    *_, last = bulk_reader(client, *(f"A_long_name_of_a_field_{n}__c" for n in range(500))).records("2026-01-04Z", None)
    assert len(last.rows["contacts"]) == 1
    assert client.queries[0].endswith(" FROM Contact WHERE SystemModstamp >= 2026-01-04Z")


# ---------------------------------------------------------------------------------------------------------------------
# What goes wrong


class Killed(BaseException):
    """The process is gone."""


def test_a_killed_load_goes_on_where_it_was(serve, small_pages, complete, monkeypatch):
    """Of objects with more than a hundred records in a bulk job, of others in a query."""
    warehouse = serve(FUNNELHOUSE_SALESFORCE_BULK_THRESHOLD="100")
    send, left = requests.Session.send, [0]

    def until_killed(*arguments, **more):
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        return send(*arguments, **more)

    monkeypatch.setattr(requests.Session, "send", until_killed)
    dice, kills = random.Random(1), 0
    while True:
        left[0] = dice.randint(18, 40)
        try:
            outcome = warehouse.load()
        except Killed:
            kills += 1
        else:
            break
    assert outcome.status == LOADED
    assert kills >= 2
    assert warehouse.present() == complete.present()
    assert warehouse.versions() == complete.versions()


def test_a_job_that_expired_while_the_load_was_dead_is_made_anew(serve, small_pages, monkeypatch):
    warehouse = serve(FUNNELHOUSE_SALESFORCE_BULK_THRESHOLD="1")
    results, asked = clients.Client.job_results, []

    def killed_at_the_third(*arguments, **more):
        asked.append(1)
        if len(asked) == 3:
            raise Killed
        return results(*arguments, **more)

    monkeypatch.setattr(clients.Client, "job_results", killed_at_the_third)
    with pytest.raises(Killed):
        warehouse.load()
    warehouse.state.forward(2)
    assert warehouse.load().status == LOADED
    at_the_end = serve(warehouse.state.now)
    at_the_end.load()
    assert warehouse.present() == at_the_end.present()


@pytest.mark.parametrize(
    "faults",
    [
        {"rate_limit": 0.05, "server_error": 0.05, "dropped": 0.05, "expired_token": 0.1},
        {"duplicated_pages": 0.5, "unordered_pages": 1.0},
    ],
    ids=lambda faults: "+".join(faults),
)
def test_a_fault_that_passes_changes_nothing(serve, small_pages, complete, faults):
    warehouse = serve(FUNNELHOUSE_HTTP_ATTEMPTS="10")
    warehouse.state.faults.set(faults)
    assert warehouse.load().status == LOADED
    assert warehouse.present() == complete.present()


def test_a_query_that_gives_fewer_records_than_it_counts_is_one_line_and_changes_nothing(
    serve, small_pages, monkeypatch
):
    warehouse = serve()
    warehouse.load()
    before, query = warehouse.versions(), clients.Client.query

    def with_one_record_lost(client: clients.Client, soql: str) -> dict:
        answer = query(client, soql)
        return answer | {"records": answer["records"][1:]} if " FROM Lead " in soql else answer

    monkeypatch.setattr(clients.Client, "query", with_one_record_lost)
    warehouse.state.forward(20)
    outcome = warehouse.load()
    assert outcome.status == FAILED
    assert re.fullmatch(
        r"Salesforce: the query of Lead counts [\d,]+ records and gave [\d,]+; nothing of this load is kept\. .*",
        outcome.message,
    )
    assert warehouse.versions() == before


def test_a_quota_that_is_used_up_stops_the_load_with_one_line(serve):
    warehouse = serve()
    warehouse.load()
    assert warehouse.load().changed_count == 0, "a second load of the same adds nothing"
    before = warehouse.versions()
    warehouse.state.faults.set({"rate_limit": 1.0})
    warehouse.state.forward(1)
    outcome = warehouse.load()
    assert outcome.status == FAILED
    assert outcome.message == (
        "Salesforce: TotalRequests Limit exceeded; the quota of API requests is used up. Load again when it is free."
    )
    assert warehouse.versions() == before


@pytest.mark.parametrize(
    ("environment", "words"),
    [
        ({"FUNNELHOUSE_SALESFORCE_CLIENT_SECRET": "hush"}, "check FUNNELHOUSE_SALESFORCE_CLIENT_ID and FUNNELHOUSE_"),
        ({"FUNNELHOUSE_SALESFORCE_CLIENT_ID": ""}, "FUNNELHOUSE_SALESFORCE_CLIENT_ID is not set"),
        (
            {"FUNNELHOUSE_SALESFORCE_USERNAME": "a@b.example", "FUNNELHOUSE_SALESFORCE_PASSWORD": "hush"},
            "check FUNNELHOUSE_SALESFORCE_USERNAME, FUNNELHOUSE_SALESFORCE_PASSWORD",
        ),
        ({"FUNNELHOUSE_SALESFORCE_USERNAME": "a@b.example"}, "belong together"),
        ({"FUNNELHOUSE_SALESFORCE_LOGIN_URL": "http://salesforce.example"}, "use https"),
        ({"FUNNELHOUSE_SALESFORCE_LOGIN_URL": "salesforce.example"}, "is not an address"),
        (
            {"FUNNELHOUSE_SALESFORCE_LOGIN_URL": "http://127.0.0.1:9", "FUNNELHOUSE_HTTP_ATTEMPTS": "1"},
            "cannot be reached",
        ),
        ({"FUNNELHOUSE_SALESFORCE_API_VERSION": "newest"}, "is not a version"),
        ({"FUNNELHOUSE_SALESFORCE_BULK_THRESHOLD": "many"}, "is not a whole number above 0"),
    ],
)
def test_a_wrong_setting_is_one_clear_line(serve, environment, words):
    outcome = serve().load(**environment)
    assert outcome.status == FAILED
    assert words in outcome.message
    assert "\n" not in outcome.message
    assert "hush" not in outcome.message


def test_the_password_flow_lets_us_in(complete):
    state = State(complete.state.story, NOW)
    with running(state) as base:
        given = {"LOGIN_URL": base, "CLIENT_ID": state.client_id, "CLIENT_SECRET": state.client_secret}
        given |= {"USERNAME": "ops@kolibri.example", "PASSWORD": state.client_secret, "SECURITY_TOKEN": "T0KEN"}
        environment = {f"FUNNELHOUSE_SALESFORCE_{name}": value for name, value in given.items()}
        settings = clients.SalesforceSettings.from_settings(Settings.from_environment(environment))
        assert clients.Client(settings).count("User", 4) == 4


def test_an_object_that_is_hidden_is_a_notice_or_a_fault(serve, monkeypatch):
    def without(*names: str):
        return lambda *arguments: {k: v for k, v in object_types(*arguments).items() if k not in names}

    monkeypatch.setattr(api, "object_types", without("CampaignMember", "ContactHistory"))
    outcome = serve().load()
    assert outcome.status == LOADED
    assert "Salesforce does not show ContactHistory, so contact_history stays as it is." in outcome.notices
    monkeypatch.setattr(api, "object_types", without("Lead"))
    outcome = serve().load()
    assert outcome.status == FAILED
    assert outcome.message.startswith("Salesforce does not show the object Lead; give the user the permission")


def test_a_mapped_field_that_is_not_there_is_named(serve, tmp_path):
    playbook = tmp_path / "playbook"
    playbook.mkdir()
    header = "source,object,source_field,column_name"
    (playbook / "field_mappings.csv").write_text(f"{header}\nsalesforce,leads,Perzona__c,persona\n")
    outcome = serve().load(FUNNELHOUSE_PLAYBOOK_DIR=str(playbook))
    assert outcome.status == FAILED
    assert outcome.message.startswith("field_mappings.csv: Salesforce's Lead shows no field 'Perzona__c' (persona)")


def test_a_new_field_becomes_a_column_and_a_changed_type_is_set_aside(serve):
    warehouse = serve()
    warehouse.state.faults.set({"new_field": 1.0, "changed_type": 1.0})
    assert warehouse.load().status == LOADED
    assert warehouse.query("select count(*) from raw_salesforce.leads where favourite_colour_c = 'blue'") > [(0,)]
    refused = warehouse.query("select distinct entity, column_name, reason from raw_salesforce.quarantine")
    about = "'about 200'"
    assert refused == [("accounts", "number_of_employees", f"number_of_employees: {about} is not a whole number")]


# ---------------------------------------------------------------------------------------------------------------------
# What the real API says

REAL_FIELDS = [
    *(("Id", "id"), ("IsDeleted", "boolean"), ("MasterRecordId", "reference"), ("Name", "string"), ("Email", "email")),
    *(("AnnualRevenue", "currency"), ("NumberOfEmployees", "int"), ("Address", "address"), ("Status", "picklist")),
    *(
        ("IsConverted", "boolean"),
        ("ConvertedDate", "date"),
        ("CreatedDate", "datetime"),
        ("SystemModstamp", "datetime"),
    ),
    *(("LastViewedDate", "datetime"), ("Score__c", "double"), ("Owner_Name__c", "string"), ("Jigsaw", "string")),
]
REAL_LEAD = {
    "attributes": {"type": "Lead", "url": "/services/data/v59.0/sobjects/Lead/00Q5e000009AbCdEAK"},
    "Id": "00Q5e000009AbCdEAK",
    "IsDeleted": False,
    "MasterRecordId": None,
    "Name": "Betty Bair",
    "Email": "bair@abankingco.com",
    "AnnualRevenue": 9.0e8,
    "NumberOfEmployees": 2300,
    "Status": "Working - Contacted",
    "IsConverted": True,
    "ConvertedDate": "2023-11-14",
    "CreatedDate": "2023-10-06T08:21:33.000+0000",
    "SystemModstamp": "2023-11-14T09:02:00.000+0000",
    "LastViewedDate": None,
    "Score__c": 71.5,
    "Jigsaw": None,
}


STANDING = {
    "IsDeleted": False,
    "CreatedDate": "2023-10-06T08:21:33.000+0000",
    "SystemModstamp": "2023-11-14T09:02:00.000+0000",
}
# What real orgs hold: numbers as texts, what is cleared, merged away, far off, nested, long, or of a new field.
ODD_LEADS = [
    STANDING
    | {
        "Id": "00Q5e000009AbC1EAK",
        "Name": 'Łukasz 😀 "O\'Neil"\n',
        "Email": None,
        "AnnualRevenue": "1.2E7",
        "NumberOfEmployees": "250",
        "IsConverted": "false",
        "Jigsaw": "ü" * 100_000,
        "Owner": {"attributes": {"type": "Name"}, "Name": "Queue"},
        "Address": {"city": "Łódź", "latitude": None},
    },
    STANDING
    | {
        "Id": "00Q5e000009AbC2EAK",
        "IsDeleted": True,
        "MasterRecordId": "00Q5e000009AbCdEAK",
        "SystemModstamp": "2023-11-14T09:02:00.123Z",
        "Name": "",
        "NumberOfEmployees": 12.0,
        "IsConverted": None,
        "ConvertedDate": "4000-12-31",
        "New_Choices__c": "a;b;c",
    },
    STANDING
    | {
        "Id": "00Q5e000009AbC3EAK",
        "AnnualRevenue": 1e300,
        "NumberOfEmployees": None,
        "Tasks": {"totalSize": 0, "done": True, "records": []},
    },
]


class Recorded:
    """A client that gives what Salesforce once gave, the rest being empty."""

    leads = (REAL_LEAD,)

    def describe(self, name: str) -> dict:
        if name != "Lead":
            fields = [("Id", "id"), ("CreatedDate", "datetime"), ("SystemModstamp", "datetime")]
        else:
            fields = REAL_FIELDS
        return {"fields": [{"name": n, "type": t, "calculated": n == "Owner_Name__c"} for n, t in fields]}

    def count(self, *_: Any) -> int:
        return 1

    def count_live(self, name: str) -> int:
        return len(self.leads) if name == "Lead" else 0

    def query(self, soql: str) -> dict:
        self.__dict__.setdefault("asked", []).append(soql)
        rows = [dict(lead) for lead in self.leads] if "FROM Lead ORDER" in soql else []
        return {"totalSize": len(rows), "done": True, "records": rows}


def test_a_record_as_the_real_api_returned_it_loads(tmp_path):
    settings = Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path / "data")})
    settings.prepare_data_dir()
    client, notices = Recorded(), []
    raw = RawState(settings.warehouse, "raw_salesforce", NOW)
    shapes = streams.shapes(client, settings, {}, notices)
    tables = raw_tables_with({})
    readers = streams.streams_of(client, raw, shapes, {}, 1_000)
    extraction = records.extract("salesforce", "Salesforce", settings, raw, tables, readers)
    assert (extraction.row_count, extraction.quarantined_count) == (1, 0)
    asked = next(soql for soql in client.asked if "FROM Lead ORDER" in soql)
    assert "Score__c" in asked
    assert "Address" not in asked, "a compound field repeats others"
    assert "Owner_Name__c" not in asked, "a formula changes without a stamp"
    [landed] = (tmp_path / "data" / "raw" / "salesforce").glob("*/leads.parquet")
    row = duckdb.sql(f"select * from '{landed}'").df().iloc[0]
    assert row["converted_date"].date().isoformat() == "2023-11-14"
    assert row["system_modstamp"].isoformat() == "2023-11-14T09:02:00"
    assert (row["score_c"], row["annual_revenue"]) == ("71.5", "900000000.0")


GIVEN = (("currency", "9.0E8"), ("string", ""), ("int", "5"), ("boolean", "false"))


def test_records_that_are_odd_cleared_or_merged_load(tmp_path):
    settings = Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path / "data")})
    settings.prepare_data_dir()
    client = Recorded()
    client.leads = ODD_LEADS
    raw = RawState(settings.warehouse, "raw_salesforce", NOW)
    readers = streams.streams_of(client, raw, streams.shapes(client, settings, {}, []), {}, 1_000)
    extraction = records.extract("salesforce", "Salesforce", settings, raw, raw_tables_with({}), readers)
    assert extraction.quarantined_count == 0
    [landed] = (tmp_path / "data" / "raw" / "salesforce").glob("*/leads.parquet")
    asked = f"select is_converted, converted_date::text, master_record_id, _is_deleted from '{landed}' order by id"
    assert duckdb.sql(asked).fetchall() == [
        (False, None, None, False),
        (None, "4000-12-31", "00Q5e000009AbCdEAK", True),
        (None, None, None, False),
    ]
    asked = f"select number_of_employees::double, length(jigsaw), new_choices_c from '{landed}' order by id"
    assert duckdb.sql(asked).fetchall() == [(250, 100_000, None), (12, None, "a;b;c"), (None, None, None)]


def test_a_bulk_value_is_what_the_rest_api_says():
    assert [streams._value(kind, text) for kind, text in GIVEN] == [
        900_000_000.0,
        None,
        "5",
        False,
    ]


def test_sessions_that_never_last_are_a_fault(serve):
    warehouse = serve()
    warehouse.state.faults.set({"expired_token": 1.0})
    assert warehouse.load().message.startswith("Salesforce ends every session at once")


def test_plain_http_is_for_this_machine_alone():
    with pytest.raises(Fault, match="use https"):
        clients.SalesforceSettings.from_settings(
            Settings.from_environment({"FUNNELHOUSE_SALESFORCE_LOGIN_URL": "http://kolibri.my.salesforce.com"})
        )
