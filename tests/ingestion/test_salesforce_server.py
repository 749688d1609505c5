"""The simulated Salesforce is one: its official client reads from it, and its query language means what SOQL means."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlparse

import numpy as np
import pandas as pd
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from requests.adapters import HTTPAdapter
from simple_salesforce import Salesforce
from simple_salesforce.exceptions import SalesforceAuthenticationFailed, SalesforceMalformedRequest

from ingestion.simulator.chronicle import chronicle
from ingestion.simulator.server.salesforce.schema import FieldType, ObjectType
from ingestion.simulator.server.salesforce.soql import SoqlError, parse
from ingestion.simulator.server.salesforce.tables import Evaluator, Table, record_ids
from ingestion.simulator.server.serve import running
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import salesforce_id

NOW = datetime(2026, 10, 1)


@pytest.fixture(scope="module")
def state() -> State:
    return State(chronicle(250, seed=3, now=NOW, days_ahead=40), NOW)


@pytest.fixture(scope="module")
def base(state) -> Iterator[str]:
    with running(state) as address:
        yield address


@pytest.fixture
def token(base, state) -> str:
    form = {"grant_type": "client_credentials", "client_id": state.client_id, "client_secret": state.client_secret}
    return requests.post(f"{base}/services/oauth2/token", data=form, timeout=30).json()["access_token"]


@pytest.fixture
def ask(base, token):
    """GET of a path below /services/data/v60.0."""

    def get(path: str, headers: dict | None = None, **parameters: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {token}"} | (headers or {})
        return requests.get(f"{base}/services/data/v60.0{path}", params=parameters, headers=headers, timeout=30)

    return get


class _ToThisMachine(HTTPAdapter):
    """Carries https requests to salesforce.com to the server, as a name server and a proxy would."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request, **arguments):
        parts = urlparse(request.url)
        request.url = f"{self.base}{request.path_url}"
        request.headers["Host"] = parts.netloc
        return super().send(request, **arguments)


def official_client(base: str, **login: str) -> Salesforce:
    """The official client, which knows nothing of the server."""
    session = requests.Session()
    session.mount("https://", _ToThisMachine(base))
    return Salesforce(session=session, **login)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)


# ---------------------------------------------------------------------------------------------------------------------
# Clients


def test_the_official_client_signs_in_each_way_it_knows(base, state):
    app = {"consumer_key": state.client_id, "consumer_secret": state.client_secret}
    person = {"username": "ops@kolibri.example", "password": state.client_secret}
    for login in (
        {**app, "domain": "kolibri.my"},
        {**app, **person, "domain": "kolibri.my"},
        {**person, "security_token": "T0KEN", "domain": "test"},
    ):
        client = official_client(base, **login)
        assert client.query("SELECT COUNT() FROM User")["totalSize"] > 3
        assert client.is_sandbox() is False


def test_the_official_client_reads_all_pages_descriptions_and_deletions(base, state):
    client = official_client(
        base, consumer_key=state.client_id, consumer_secret=state.client_secret, domain="kolibri.my"
    )
    everything = client.query_all("SELECT Id, Name, Owner.Name FROM Lead", include_deleted=True)
    one_by_one = list(
        client.query_all_iter("SELECT Id FROM Lead", True, headers={"Sforce-Query-Options": "batchSize=200"})
    )
    assert everything["totalSize"] == len(one_by_one) > 100
    assert {"Id", "Status", "MasterRecordId"} <= {field["name"] for field in client.Lead.describe()["fields"]}
    assert client.Lead.get(everything["records"][0]["Id"])["Id"] == everything["records"][0]["Id"]
    assert "Lead" in [entry["name"] for entry in client.describe()["sobjects"]]
    window = client.Lead.deleted(_utc(NOW - timedelta(days=10)), _utc(NOW))
    assert set(window) == {"deletedRecords", "earliestDateAvailable", "latestDateCovered"}
    assert client.Task.updated(_utc(NOW - timedelta(days=20)), _utc(NOW))["ids"]
    assert client.limits()["DailyApiRequests"]["Max"] == 100_000
    assert client.api_usage["api-usage"].total == 100_000


def test_the_official_client_reads_in_bulk(base, state):
    client = official_client(
        base, consumer_key=state.client_id, consumer_secret=state.client_secret, domain="kolibri.my"
    )
    pieces = list(
        client.bulk2.Lead.query_all("SELECT Id, IsConverted, CreatedDate FROM Lead", max_records=60, wait=0.01)
    )
    lines = [line for piece in pieces for line in piece.splitlines()[1:]]
    assert len(pieces) > 1
    assert len(lines) == client.query("SELECT COUNT() FROM Lead", include_deleted=True)["totalSize"]
    assert lines[0].count('"') == 6
    assert ".000Z" in lines[0]


def test_a_wrong_secret_is_refused_in_the_vendors_words(base, state):
    with pytest.raises(SalesforceAuthenticationFailed, match="invalid client credentials"):
        official_client(base, consumer_key=state.client_id, consumer_secret="wrong", domain="kolibri.my")


def test_the_official_client_is_told_what_is_wrong_with_a_query(base, state):
    client = official_client(
        base, consumer_key=state.client_id, consumer_secret=state.client_secret, domain="kolibri.my"
    )
    for soql, code in (
        ("SELECT Nonsense FROM Lead", "INVALID_FIELD"),
        ("SELECT Id FROM Nonsense", "INVALID_TYPE"),
        ("SELECT Id FRM Lead", "MALFORMED_QUERY"),
        ("SELECT FIELDS(ALL) FROM Lead", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE Name = 'a' AND Id = 'b' OR Email = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Lead WHERE IsDeleted = 'false'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead OFFSET 3000", "NUMBER_OUTSIDE_VALID_RANGE"),
    ):
        with pytest.raises(SalesforceMalformedRequest) as refused:
            client.query(soql)
        assert refused.value.content[0]["errorCode"] == code


# ---------------------------------------------------------------------------------------------------------------------
# Shapes


def test_a_record_has_attributes_and_the_vendors_moments(ask):
    [record] = ask("/query", q="SELECT Id, CreatedDate, ConvertedDate FROM Lead LIMIT 1").json()["records"]
    assert record["attributes"] == {"type": "Lead", "url": f"/services/data/v60.0/sobjects/Lead/{record['Id']}"}
    assert datetime.strptime(record["CreatedDate"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert record["CreatedDate"].endswith(".000+0000")


def test_a_field_is_described_with_what_the_api_says_of_it(ask):
    fields = {field["name"]: field for field in ask("/sobjects/Lead/describe").json()["fields"]}
    owner, status, persona = fields["OwnerId"], fields["Status"], fields["Persona__c"]
    assert (owner["type"], owner["referenceTo"], owner["relationshipName"]) == ("reference", ["Group", "User"], "Owner")
    assert owner["soapType"] == "tns:ID"
    assert {"active", "defaultValue", "label", "validFor", "value"} == set(status["picklistValues"][0])
    assert persona["custom"] and not status["custom"] and not status["calculated"]
    assert fields["Address"]["type"] == "address"


def test_a_request_without_a_token_is_answered_401(base):
    answer = requests.get(f"{base}/services/data/v60.0/limits", timeout=30)
    assert answer.status_code == 401
    assert answer.json() == [{"message": "Session expired or invalid", "errorCode": "INVALID_SESSION_ID"}]


def test_every_answer_tells_how_much_of_the_quota_is_used(ask):
    first, second = (ask("/sobjects").headers["Sforce-Limit-Info"] for _ in range(2))
    used = [int(header.removeprefix("api-usage=").split("/")[0]) for header in (first, second)]
    assert used[1] == used[0] + 1


def test_a_locator_from_before_time_moved_on_is_invalid(base, state):
    later = State(state.story, NOW)
    with running(later) as address:
        client = official_client(
            address, consumer_key=state.client_id, consumer_secret=state.client_secret, domain="kolibri.my"
        )
        page = client.query("SELECT Id FROM LeadHistory", headers={"Sforce-Query-Options": "batchSize=200"})
        later.forward(1)
        with pytest.raises(SalesforceMalformedRequest, match="INVALID_QUERY_LOCATOR"):
            client.query_more(page["nextRecordsUrl"].rsplit("/", 1)[-1])


def test_a_batch_answers_each_request_for_itself(base, token):
    parts = [{"method": "GET", "url": f"v60.0/{path}"} for path in ("limits", "query/?q=SELECT+Id+FROM+Nothing")]
    answer = requests.post(
        f"{base}/services/data/v60.0/composite/batch",
        json={"batchRequests": parts},
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
    ).json()
    assert answer["hasErrors"]
    assert [part["statusCode"] for part in answer["results"]] == [200, 400]


def test_a_relation_says_of_which_type_its_record_is_and_where(ask):
    [lead] = ask("/query", q="SELECT Id, Owner.Name, Owner.Type, CreatedBy.Name FROM Lead LIMIT 1").json()["records"]
    assert lead["Owner"]["attributes"]["type"] == "Name"
    assert lead["Owner"]["Type"] in ("Queue", "User") and lead["Owner"]["Name"]
    attributes = lead["CreatedBy"]["attributes"]
    assert (attributes["type"], attributes["url"].split("/")[-2]) == ("User", "User")
    tasks = ask("/query", q="SELECT Who.Type, Who.Name FROM Task WHERE Who.Type = 'Contact'").json()["records"]
    assert tasks and {task["Who"]["Type"] for task in tasks} == {"Contact"}


def test_what_hangs_on_nothing_is_null_from_there_on(ask):
    [contact] = ask("/query", q="SELECT ReportsTo.Account.Name FROM Contact LIMIT 1").json()["records"]
    assert contact["ReportsTo"] is None


def test_a_query_may_call_the_object_by_an_alias(ask):
    plain = ask("/query", q="SELECT Id, Owner.Name FROM Lead ORDER BY Id LIMIT 5").json()["records"]
    aliased = ask("/query", q="select l.Id, l.Owner.Name from Lead l order by l.Id limit 5").json()["records"]
    assert aliased == plain


@pytest.mark.parametrize("version", ["31.0", "58.0", "67.0"])
def test_older_and_newer_versions_answer_as_well(base, token, version):
    url = f"{base}/services/data/v{version}/limits"
    assert requests.get(url, headers={"Authorization": f"Bearer {token}"}, timeout=10).status_code == 200


def test_records_are_read_by_their_ids_and_in_a_composite(base, token, ask):
    [lead] = ask("/query", q="SELECT Id, Email FROM Lead LIMIT 1").json()["records"]
    path = "/services/data/v60.0"
    headers = {"Authorization": f"Bearer {token}"}
    body = {"ids": [lead["Id"], "00Q000000000000AAA"], "fields": ["Id", "Email"]}
    found = requests.post(f"{base}{path}/composite/sobjects/Lead", json=body, headers=headers, timeout=10).json()
    assert found == [lead, None]
    part = {"method": "GET", "url": f"{path}/sobjects/Lead/{lead['Id']}?fields=Id,Email", "referenceId": "one"}
    answer = requests.post(f"{base}{path}/composite", json={"compositeRequest": [part]}, headers=headers, timeout=10)
    [answered] = answer.json()["compositeResponse"]
    assert (answered["body"], answered["httpStatusCode"], answered["referenceId"]) == (lead, 200, "one")


# ---------------------------------------------------------------------------------------------------------------------
# The story


def test_a_person_at_the_opportunity_stage_is_converted(ask):
    soql = "SELECT Id, Status, ConvertedContactId, ConvertedOpportunityId FROM Lead WHERE IsConverted = true"
    records = ask("/queryAll", q=soql).json()["records"]
    assert records
    assert all(record["ConvertedContactId"] for record in records)
    assert {record["Status"] for record in records} <= {"Closed - Converted", "Converted - Contact"}


def test_everybody_on_a_deal_is_a_contact(ask):
    roles = ask("/query", q="SELECT ContactId FROM OpportunityContactRole").json()["records"]
    contacts = {record["Id"] for record in ask("/query", q="SELECT Id FROM Contact").json()["records"]}
    assert roles and {role["ContactId"] for role in roles} <= contacts


def test_nothing_changes_without_a_stamp(state):
    """What a record says differently a week later bears a stamp of that week."""
    later = State(state.story, NOW + timedelta(days=30))
    with running(State(state.story, NOW)) as before, running(later) as after:
        names = ["Lead", "Contact", "Account", "Opportunity", "Task", "Event", "CampaignMember", "Campaign", "User"]
        for name in [*names, "OpportunityContactRole"]:
            first, second = ({r.pop("Id"): r for r in _everything(base, state, name)} for base in (before, after))
            for record_id, record in first.items():
                now_said = second.get(record_id)
                if now_said is not None and now_said != record:
                    assert now_said["SystemModstamp"] > "2026-10-01", (name, record, now_said)


def _everything(base: str, state: State, name: str) -> list[dict]:
    client = official_client(
        base, consumer_key=state.client_id, consumer_secret=state.client_secret, domain="kolibri.my"
    )
    fields = ", ".join(
        field["name"] for field in getattr(client, name).describe()["fields"] if field["type"] != "address"
    )
    return [
        {key: value for key, value in record.items() if key != "attributes"}
        for record in client.query_all(f"SELECT {fields} FROM {name}", include_deleted=True)["records"]
    ]


def test_the_erased_vanish_but_are_listed_as_deleted(state):
    leads = state.story.entities["leads"]
    erased = leads[leads["erased_at"].notna() & (leads["market"] != "DE")].sort_values("erased_at").iloc[-1]
    at = erased["erased_at"].to_pydatetime()
    lead_id = salesforce_id("00Q", erased["lead_id"])
    soql = f"SELECT COUNT() FROM Lead WHERE Id = '{lead_id}'"
    for moment, count, is_listed in ((at - timedelta(hours=1), 1, False), (at + timedelta(days=1), 0, True)):
        with running(State(state.story, moment)) as address:
            client = official_client(
                address, consumer_key=state.client_id, consumer_secret=state.client_secret, domain="kolibri.my"
            )
            assert client.query(soql, include_deleted=True)["totalSize"] == count
            listed = client.Lead.deleted(_utc(moment - timedelta(days=5)), _utc(moment))["deletedRecords"]
            assert (lead_id in [record["id"] for record in listed]) == is_listed


def test_ids_are_those_of_the_systems_module():
    numbers = [1, 61, 62, 4711, 916_132_831]
    assert record_ids("00Q", numbers).tolist() == [salesforce_id("00Q", f"L{number}") for number in numbers]


# ---------------------------------------------------------------------------------------------------------------------
# SOQL

KIND = ObjectType(
    "Thing",
    {
        name: FieldType(name, kind)
        for name, kind in (
            *(("Id", "id"), ("Word", "string"), ("Number", "double"), ("Flag", "boolean"), ("Day", "date")),
            *(("At", "datetime"), ("Tags", "multipicklist")),
        )
    },
)
WORDS = ["", "a", "A", "b%c", "b_c", "it's", "back\\slash", "long word", "ż"]
DAYS = [f"2026-01-{day:02d}" for day in range(1, 8)]
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "Word": st.none() | st.sampled_from(WORDS),
            "Number": st.none() | st.sampled_from([-1.5, 0.0, 1.0, 2.0, 2.5]),
            "Flag": st.booleans(),
            "Day": st.none() | st.sampled_from(DAYS),
            "At": st.none() | st.sampled_from([f"{day}T12:30:00" for day in DAYS]),
        }
    ),
    max_size=12,
)


def _quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _literal(field: str, value: object) -> str:
    if value is None:
        return "null"
    if field == "Word":
        return _quoted(value)
    if field == "At":
        return f"{value}Z"
    return str(value).lower() if field == "Flag" else str(value)


@st.composite
def conditions(draw: st.DrawFn, depth: int = 0):
    """A condition as SOQL, and as a function of a row."""
    kind = draw(st.sampled_from(["compare", "in", "like", *(["not", "and", "or"] if depth < 3 else [])]))
    if kind == "not":
        text, holds = draw(conditions(depth + 1))
        return f"(NOT {text})", lambda row: not holds(row)
    if kind in ("and", "or"):
        parts = draw(st.lists(conditions(depth + 1), min_size=2, max_size=3))
        together = all if kind == "and" else any
        return "(" + f" {kind.upper()} ".join(text for text, _ in parts) + ")", lambda row: together(
            h(row) for _, h in parts
        )
    field = "Word" if kind == "like" else draw(st.sampled_from(["Word", "Number", "Flag", "Day", "At"]))
    values = {
        "Word": WORDS,
        "Number": [-1.5, 0, 1, 2.5],
        "Flag": [True, False],
        "Day": DAYS,
        "At": [f"{day}T12:30:00" for day in DAYS],
    }[field]
    if kind == "like":
        start = draw(st.sampled_from(["a", "b", "long", "it"]))
        return f"{field} LIKE {_quoted(start)[:-1]}%'", lambda row: (row[field] or "~").lower().startswith(start)
    if kind == "in":
        chosen = draw(st.lists(st.sampled_from(values), min_size=1, max_size=3))
        word = draw(st.sampled_from(["IN", "NOT IN"]))
        options = {_comparable(value) for value in chosen}
        text = f"{field} {word} ({', '.join(_literal(field, value) for value in chosen)})"
        return text, lambda row: (_comparable(row[field]) in options) == (word == "IN")
    operator = draw(st.sampled_from(["=", "!=", "<", "<=", ">", ">="] if field != "Flag" else ["=", "!="]))
    value = draw(st.sampled_from([*values, None] if operator in ("=", "!=") and field != "Flag" else values))

    def holds(row: dict) -> bool:
        found, wanted = _comparable(row[field]), _comparable(value)
        if operator in ("=", "!="):
            return (found == wanted) == (operator == "=")
        if found is None:
            return False
        return {"<": found < wanted, "<=": found <= wanted, ">": found > wanted, ">=": found >= wanted}[operator]

    return f"{field} {operator} {_literal(field, value)}", holds


def _comparable(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _evaluator(rows: list[dict]) -> tuple[Evaluator, list[dict]]:
    rows = [{"Id": record_id, **row} for record_id, row in zip(record_ids("a00", range(len(rows))), rows, strict=True)]
    columns = ["Id", "Word", "Number", "Flag", "Day", "At", "Tags"]
    frame = pd.DataFrame(rows, columns=columns).astype({"Day": "datetime64[s]", "At": "datetime64[s]"})
    frame["Number"] = frame["Number"].astype(float)
    table = Table.of(KIND, frame)
    return Evaluator({"Thing": KIND}, lambda _: table, NOW), rows


@given(rows=ROWS, condition=conditions())
@settings(max_examples=150, deadline=None)
def test_a_where_finds_what_a_brute_force_filter_finds(rows, condition):
    text, holds = condition
    evaluator, rows = _evaluator(rows)
    result = evaluator.answer(parse(f"SELECT Id FROM Thing WHERE {text}"), has_deleted=True)
    assert result.table.columns["Id"][result.rows].tolist() == [row["Id"] for row in rows if holds(row)]


@given(
    rows=ROWS,
    is_descending=st.booleans(),
    has_nulls_last=st.booleans(),
    limit=st.integers(0, 5),
    offset=st.integers(0, 3),
)
@settings(max_examples=60, deadline=None)
def test_rows_come_in_the_order_and_number_asked_for(rows, is_descending, has_nulls_last, limit, offset):
    evaluator, rows = _evaluator(rows)
    order = f"Number {'DESC' if is_descending else 'ASC'} NULLS {'LAST' if has_nulls_last else 'FIRST'}, Id"
    soql = f"SELECT Id FROM Thing ORDER BY {order} LIMIT {limit} OFFSET {offset}"
    result = evaluator.answer(parse(soql), has_deleted=True)
    sign = -1 if is_descending else 1
    expected = sorted(
        rows,
        key=lambda row: ((row["Number"] is None) == has_nulls_last, sign * (row["Number"] or 0.0), row["Id"]),
    )
    assert result.table.columns["Id"][result.rows].tolist() == [row["Id"] for row in expected[offset : offset + limit]]


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Day = TODAY", ["2026-10-01"]),
        ("Day = LAST_N_DAYS:2", ["2026-09-29", "2026-09-30", "2026-10-01"]),
        ("Day < TODAY", ["2026-09-28", "2026-09-29", "2026-09-30"]),
        ("Day = TOMORROW", ["2026-10-02"]),
        ("Day > 2026-10-01", ["2026-10-02"]),
        ("Tags INCLUDES ('a;b', 'c')", ["2026-09-28", "2026-09-30"]),
        ("Tags EXCLUDES ('a')", ["2026-09-30", "2026-10-01", "2026-10-02"]),
        ("Word LIKE '100\\%'", ["2026-09-28"]),
        ("Word LIKE 'l_ne%'", ["2026-09-29"]),
        ("Word = 'It\\'s \"so\"'", ["2026-09-30"]),
        ("At >= 2026-10-01T02:00:00+02:00", ["2026-10-01", "2026-10-02"]),
    ],
)
def test_literals_mean_what_salesforce_says(condition, found):
    days = pd.date_range("2026-09-28", "2026-10-02")
    frame = pd.DataFrame(
        {
            "Id": record_ids("a00", range(5)),
            "Day": days,
            "At": days,
            "Tags": ["a;b;d", "a", "c", None, "e"],
            "Word": ["100%", "Line\nbreak", 'it\'s "SO"', None, "1000"],
        }
    )
    table = Table.of(KIND, frame)
    evaluator = Evaluator({"Thing": KIND}, lambda _: table, NOW)
    result = evaluator.answer(parse(f"SELECT Id FROM Thing WHERE {condition}"), has_deleted=True)
    assert np.datetime_as_string(table.columns["Day"][result.rows], unit="D").tolist() == found


def test_an_aggregate_is_one_record():
    evaluator, _ = _evaluator(
        [{"Word": "a", "Number": n, "Flag": True, "Day": None, "At": None} for n in (3.0, None, 5.0)]
    )
    result = evaluator.answer(parse("SELECT COUNT(Id), MAX(Number) most, COUNT(Number) FROM Thing"), has_deleted=True)
    assert result.aggregate == {"expr0": 3, "most": 5.0, "expr1": 2}


@given(st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_nonsense_is_refused_and_never_breaks_the_parser(text):
    try:
        parse(f"SELECT Id FROM Thing WHERE {text}")
    except SoqlError as refused:
        assert refused.code in ("MALFORMED_QUERY", "NUMBER_OUTSIDE_VALID_RANGE")
