"""The Marketo source: what it makes of the vendor's records, and what it says when something is in its way.

That it loads everything once, under every fault, is tested for all sources in test_api_sources.py.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from speaking import NOW, credentials, speaking

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.http import HttpSettings
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.simulator import systems
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup
from ingestion.sources import marketo
from ingestion.sources.marketo.activities import Kinds, activity_row, merged_people
from ingestion.sources.marketo.assets import program_rows
from ingestion.sources.marketo.client import Client
from ingestion.sources.marketo.exports import Place as ExportPlace
from ingestion.sources.marketo.exports import attributes_of, ranges, read_exports
from ingestion.sources.marketo.settings import MarketoSettings

# A short history makes a load short.
SINCE = "2026-07-15"


def environment(url: str, state: State, data_dir: Path, **more: str) -> dict[str, str]:
    own = {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_SOURCES": "marketo"}
    return own | credentials(url, state) | {"FUNNELHOUSE_MARKETO_SINCE": SINCE} | more


def loaded(url: str, state: State, data_dir: Path, **more: str) -> Load:
    result = load("marketo", Settings.from_environment(environment(url, state, data_dir, **more)))
    assert result.status == LOADED, result.message
    return result


def query(data_dir: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def standing(table: str, key: str) -> str:
    """The latest version of each row, deleted or not, as a relation."""
    order = "order by _loaded_at desc, _dlt_load_id desc"
    return f"(select * from raw_marketo.{table} qualify row_number() over (partition by {key} {order}) = 1)"


def present(state: State) -> pd.DataFrame:
    """The story's people who have not been deleted or erased by now."""
    leads = state.story.entities["leads"]
    return leads[~(leads[["deleted_at", "erased_at"]].min(axis=1) <= state.now)]


@pytest.fixture
def served() -> Iterator[tuple[str, State]]:
    with speaking(Setup.SALESFORCE) as (url, state):
        yield url, state


@contextmanager
def answering(answer: Callable[[str], dict | tuple[int, dict]]) -> Iterator[Client]:
    """A client of a Marketo that answers every path as told, after it has given a token."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            token = {"access_token": "made-up", "token_type": "bearer", "expires_in": 3600}
            given = token if self.path.startswith("/identity") else answer(self.path)
            status, body = given if isinstance(given, tuple) else (200, given)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        address = f"http://127.0.0.1:{server.server_port}"
        http = HttpSettings(timeout_seconds=5, attempts=3, pause_seconds=0.01)
        yield Client(MarketoSettings(address, "id", "made-up-secret", None, ("Visit Webpage",), None, http))
    finally:
        server.shutdown()
        server.server_close()


def refusal(code: str, message: str) -> dict:
    return {"requestId": "e42b#14272d07d78", "success": False, "errors": [{"code": code, "message": message}]}


@pytest.mark.parametrize(
    ("code", "message", "said"),
    [
        ("603", "Access denied", "Read-Only Activity"),
        ("607", "Daily quota reached", "calls of the day are used up"),
        ("1029", "Export daily quota 500MB exceeded.", "Exports of the day are used up"),
        ("611", "System error", "again and again; try later"),
        ("601", "Access token invalid", "again and again; try later"),
        ("610", "Requested resource not found", "error 610"),
    ],
)
def test_an_error_that_stays_is_one_line_that_says_what_to_do(code, message, said):
    with answering(lambda _: refusal(code, message)) as client, pytest.raises(Fault) as fault:
        client.get("/rest/v1/activities/types.json", "Read-Only Activity")
    assert said in str(fault.value)
    assert len(str(fault.value).splitlines()) == 1
    assert "made-up" not in str(fault.value)


@pytest.mark.parametrize("code", ["502", "604", "606", "608", "611", "615", "713", "601", "602"])
def test_an_error_that_passes_is_asked_again(code):
    answers = iter([refusal(code, "for a moment"), {"success": True, "result": [1]}])
    with answering(lambda _: next(answers)) as client:
        assert client.get("/rest/v1/activities/types.json", "Read-Only Activity")["result"] == [1]


def test_a_full_queue_of_exports_is_waited_for():
    answers = iter([refusal("1029", "Too many jobs in queue"), {"success": True, "result": [{"status": "Queued"}]}])
    with answering(lambda _: next(answers)) as client:
        assert client.post("/bulk/v1/leads/export/1/enqueue.json", "Read-Only Person")["result"]


def test_a_cancellation_whose_answer_was_lost_is_taken_as_done():
    made = {"success": True, "result": [{"exportId": "1", "createdAt": "2026-01-01T00:00:00Z"}]}
    with answering(lambda path: refusal("1028", "It is cancelled") if "cancel" in path else made) as client:
        assert client.now() == datetime(2026, 1, 1)


def test_a_long_query_is_sent_as_a_form():
    asked = []
    with answering(lambda path: asked.append(path) or {"success": True, "result": []}) as client:
        client.get("/rest/v1/leads.json", "Read-Only Person", filterType="id", filterValues=list(range(2_000)))
    assert asked == ["/rest/v1/leads.json?_method=GET"]


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("BASE_URL", "", "FUNNELHOUSE_MARKETO_BASE_URL is empty"),
        ("BASE_URL", "123-ABC-456.mktorest.com", "is not an address"),
        ("CLIENT_ID", "", "FUNNELHOUSE_MARKETO_CLIENT_ID is empty"),
        ("SINCE", "last year", "FUNNELHOUSE_MARKETO_SINCE: 'last year' is not a day"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(setting, value, said):
    given = {f"FUNNELHOUSE_MARKETO_{name}": "https://x" for name in ("BASE_URL", "CLIENT_ID", "CLIENT_SECRET")}
    settings = Settings.from_environment(given | {f"FUNNELHOUSE_MARKETO_{setting}": value})
    with pytest.raises(Fault, match=said):
        MarketoSettings.from_settings(settings)


def test_a_wrong_address_is_named(served, tmp_path):
    url, state = served
    given = environment(url, state, tmp_path, FUNNELHOUSE_MARKETO_BASE_URL=f"{url}/elsewhere")
    result = load("marketo", Settings.from_environment(given))
    assert result.status == FAILED
    assert "FUNNELHOUSE_MARKETO_BASE_URL" in result.message


def test_a_mapped_field_that_marketo_does_not_have_is_named_with_the_file(served, tmp_path):
    url, state = served
    overlay = tmp_path / "playbook"
    overlay.mkdir()
    (overlay / "field_mappings.csv").write_text(
        "source,object,source_field,column_name\nmarketo,leads,shoeSize,persona\n"
    )
    given = environment(url, state, tmp_path / "data", FUNNELHOUSE_PLAYBOOK_DIR=str(overlay))
    result = load("marketo", Settings.from_environment(given))
    assert result.status == FAILED
    assert "field_mappings.csv" in result.message and "'shoeSize'" in result.message


def test_a_killed_load_uses_its_export_jobs_again(served, tmp_path, monkeypatch):
    url, state = served
    created: list[str] = []
    post, read = Client.post, Client.read

    def counted(self: Client, path: str, *arguments: object) -> dict:
        answer = post(self, path, *arguments)
        if path.endswith("activities/export/create.json"):
            created.append(answer["result"][0]["exportId"])
        return answer

    def killed(self: Client, path: str, *arguments: object) -> bytes:
        if "activities" in path:
            raise KeyboardInterrupt
        return read(self, path, *arguments)

    monkeypatch.setattr(Client, "post", counted)
    monkeypatch.setattr(Client, "read", killed)
    with pytest.raises(KeyboardInterrupt):
        loaded(url, state, tmp_path)
    assert len(created) == 1
    monkeypatch.setattr(Client, "read", read)
    loaded(url, state, tmp_path)
    windows = len(ranges(datetime.fromisoformat(SINCE), NOW))
    assert len(created) == windows == 2


def test_the_first_load_takes_its_place_in_the_log_before_the_files(served, tmp_path, monkeypatch):
    """What happens while the files are read is in none of them; the log tells it all the same, and nothing twice."""
    url, state = served
    finished = marketo.activities.read_exports

    def with_time_passing(*arguments: object) -> Iterator:
        yield from finished(*arguments)
        state.forward(1)

    monkeypatch.setattr(marketo.activities, "read_exports", with_time_passing)
    loaded(url, state, tmp_path)
    leads = present(state)
    rows = systems.activities(state.story, state.setup)
    rows = rows[
        rows["lead_id"].isin(leads["lead_id"]) & (rows["system"] == systems.MARKETO) & (rows["known_at"] <= state.now)
    ]
    rows = rows[rows["occurred_at"] >= SINCE]
    told = query(tmp_path, "select marketo_guid from raw_marketo.activities where cast(marketo_guid as bigint) < 9e8")
    wanted = set(rows["activity_id"].map(systems.marketo_id).astype(str))
    assert wanted <= {guid for (guid,) in told}
    assert len(told) == len(set(told))


def test_a_lost_paging_token_makes_the_load_begin_anew(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path)
    before = query(tmp_path, "select count(*) from raw_marketo.activities")
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as connection:
        connection.execute("update raw_marketo.cursors set cursor = replace(cursor, '====', 'LOST')")
    loaded(url, state, tmp_path)
    assert query(tmp_path, "select count(*) from raw_marketo.activities") == before


def test_a_new_kind_of_activity_is_read_from_its_beginning(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path)
    of_new = "select count(*) from raw_marketo.activities where activity_type_id = 12"
    assert query(tmp_path, of_new) == [(0,)]
    state.forward(1)
    loaded(url, state, tmp_path, FUNNELHOUSE_MARKETO_ACTIVITY_TYPES="New Lead")
    leads = present(state)
    assert query(tmp_path, of_new) == [(((leads["created_at"] >= SINCE) & (leads["known_at"] <= state.now)).sum(),)]


@pytest.mark.parametrize("reload", ["", "marketo"], ids=["", "while all is read anew"])
def test_merged_and_deleted_people_leave_tombstones_and_take_along_what_they_did(served, tmp_path, reload):
    url, state = served
    first = state.now = datetime(2026, 1, 1)
    loaded(url, state, tmp_path, FUNNELHOUSE_MARKETO_SINCE="")
    leads = state.story.entities["leads"].set_index("lead_id")
    state.forward((NOW - state.now).days)
    loaded(url, state, tmp_path, FUNNELHOUSE_MARKETO_SINCE="", FUNNELHOUSE_RELOAD=reload)
    merged = leads[leads["merged_at"].between(first, state.now)]
    deleted = leads[leads[["deleted_at", "erased_at"]].min(axis=1).between(first, state.now)]
    assert len(merged) and len(deleted)
    latest = standing("leads", "id")
    found = query(tmp_path, f"select id, merged_into_lead_id from {latest} where _is_deleted")
    pairs = {
        (systems.marketo_id(loser), systems.marketo_id(winner))
        for loser, winner in merged["merged_into_lead_id"].items()
    }
    assert pairs <= set(found)
    known = {number for (number,) in query(tmp_path, "select id from raw_marketo.leads")}
    gone = {systems.marketo_id(lead) for lead in deleted.index} & known
    assert gone <= {number for number, _ in found}
    for table, key in (("program_members", "program_id, lead_id"), ("activities", "marketo_guid")):
        left = query(tmp_path, f"select distinct lead_id from {standing(table, key)} where not _is_deleted")
        assert not gone & {lead for (lead,) in left}, table


# Records as the vendor's documentation and other clients' tests show them.
API_VISIT = {
    "id": 102988, "marketoGUID": "102988", "leadId": 1, "activityDate": "2013-01-16T23:32:19Z", "activityTypeId": 1,
    "primaryAttributeValueId": 71, "primaryAttributeValue": "localhost/munchkintest2.html",
    "attributes": [
        {"name": "Client IP Address", "value": "10.0.19.252"},
        {"name": "Query Parameters", "value": ""},
        {"name": "Referrer URL", "value": ""},
        {"name": "User Agent", "value": "Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.17"},
        {"name": "Webpage URL", "value": "/munchkintest2.html"},
    ],
}  # fmt: skip
FILE_OF_STATUSES = (
    "marketoGUID,leadId,activityDate,activityTypeId,campaignId,primaryAttributeValueId,primaryAttributeValue,attributes\n"
    '783957693,5414087,2022-02-13T14:06:20Z,104,8497,1670,"Membership\nTest1","{""Reason"":""Changed by a campaign"",'
    '""Program Member ID"":3240303,""Acquired By"":true,""Old Status"":""Not in Program"",""New Status ID"":21,'
    '""Success"":false,""New Status"":""On List"",""Old Status ID"":20}"\n'
    '783958220,5414094,2022-02-13T14:08:50Z,104,null,3569,SuccessWebCPS,"{""New Status"":""Attended""}"\n'
)


def test_an_activity_of_the_api_becomes_a_row_with_its_attributes():
    row = activity_row(API_VISIT | {"attributes": {a["name"]: a["value"] for a in API_VISIT["attributes"]}})
    assert row["marketoGUID"] == "102988"
    assert row["Webpage URL"] == "/munchkintest2.html"
    assert row["Query Parameters"] is None


def test_a_file_is_read_in_pieces_across_line_breaks_within_a_cell(monkeypatch):
    content = FILE_OF_STATUSES.encode()
    job = {"exportId": "1", "status": "Completed", "fileSize": len(content)}
    monkeypatch.setattr("ingestion.sources.marketo.exports.PIECE_BYTES", 330)
    monkeypatch.setattr(Client, "read", lambda _, path, permission, start, length: content[start : start + length])
    with answering(lambda _: {"success": True, "result": [job]}) as client:
        pieces = list(read_exports(client, "activities", "Read-Only Activity", [{}], ExportPlace()))
        rows = [row for piece, _ in pieces for row in piece]
        half = next(place for piece, place in pieces if piece)
        rest = [row for piece, _ in read_exports(client, "activities", "", [{}], half) for row in piece]
    assert [row["marketoGUID"] for row in rows] == ["783957693", "783958220"]
    assert rows[0]["primaryAttributeValue"] == "Membership\nTest1"
    assert attributes_of(rows[0]["attributes"])["Program Member ID"] == 3240303
    assert rows[1]["campaignId"] is None
    assert rest == rows[1:]


def test_attributes_in_the_older_spelling_of_files_are_the_same():
    assert attributes_of('[{"name":"Source Type","value":"Web page visit"}]') == {"Source Type": "Web page visit"}
    assert attributes_of(None) == {}


@pytest.mark.parametrize(
    ("attributes", "tags"),
    [
        (
            {"Query Parameters": "utm_source=google&utm_medium=cpc&utm_term=plan+b&gclid=Cj0K"},
            {"utm_source": "google", "utm_medium": "cpc", "utm_term": "plan b", "click_id": "gclid:Cj0K"},
        ),
        (
            {"Link": "https://www.example.com/?utm_campaign=spring&mkt_tok=abc"},
            {"utm_campaign": "spring"},
        ),
        ({"Form Fields": 'a:1:{s:12:"Landing Page";s:24:"https://www.example.com/a";}'},
         {"landing_page": "https://www.example.com/a"}),
        ({"Query Parameters": "q"}, {}),
        ({"Link": "http://[domain]x/?utm_source=a#part?b=c"}, {"utm_source": "a"}),
    ],
)  # fmt: skip
def test_tags_are_read_from_the_address_that_was_called(attributes, tags):
    row = activity_row({**API_VISIT, "attributes": attributes})
    found = {name: value for name, value in row.items() if name.startswith(("utm_", "click", "landing"))}
    assert found == tags


def test_a_cell_longer_than_csv_usually_allows_is_read(monkeypatch):
    note = "ż" * 200_000
    content = f'id,email,note\n1,"O\'Neil" <x@y.z>,"{note}"\n2,null,\n'.encode()
    job = {"exportId": "1", "status": "Completed", "fileSize": len(content)}
    monkeypatch.setattr(Client, "read", lambda _, path, permission, start, length: content[start : start + length])
    with answering(lambda _: {"success": True, "result": [job]}) as client:
        rows = [row for piece, _ in read_exports(client, "leads", "", [{}], ExportPlace()) for row in piece]
    assert [(row["id"], row["note"]) for row in rows] == [("1", note), ("2", None)]


@pytest.mark.parametrize("given", ["[1002, 1003]", "1002,1003", [1002, 1003], '["1002","1003"]'])
def test_a_merge_names_everybody_who_is_gone(given):
    merge = {"leadId": 1001, "activityDate": "2026-01-01T00:00:00Z", "attributes": {"Merge IDs": given}}
    assert [(one["id"], one["mergedIntoLeadId"], one["_is_deleted"]) for one in merged_people(merge)] == [
        (1002, 1001, True),
        (1003, 1001, True),
    ]


def test_period_costs_are_summed_by_month_and_months_without_cost_are_gone():
    program = {
        "id": 1107, "name": "AAA2QueryParamName", "createdAt": "2015-05-21T22:45:13Z+0000",
        "updatedAt": "2015-06-21T22:45:13Z+0000", "type": "Default", "channel": "Online Advertising",
        "folder": {"type": "Folder", "value": 1910, "folderName": "ProgramFolder"}, "status": "",
        "tags": [{"tagType": "UTM Campaign", "tagValue": "spring"}, {"tagType": "AAA1 Required Tag", "tagValue": "A"}],
        "costs": [{"startDate": "2015-01-01", "cost": 2000}, {"startDate": "2015-01-01", "cost": 0.5, "note": "print"}],
    }  # fmt: skip
    row, costs, gone = program_rows(program, "EUR")
    assert costs == [{"program_id": 1107, "start_date": "2015-01-01", "cost": 2000.5, "currency": "EUR"}]
    assert {"program_id": 1107, "start_date": "2015-02-01"} in gone
    assert {"program_id": 1107, "start_date": "2015-01-01"} not in gone
    assert (row["tag_UTM Campaign"], row["createdAt"]) == ("spring", "2015-05-21T22:45:13Z")


def test_ten_kinds_are_asked_for_at_once_and_a_custom_one_by_itself():
    kinds = Kinds({**{number: f"Kind {number}" for number in range(1, 13)}, 100_001: "Visited our stand"})
    assert kinds.groups == ["1,2,3,4,5,6,7,8,9,10", "11,12", "100001"]


def test_a_span_of_time_is_cut_into_ranges_of_at_most_31_days():
    found = ranges(datetime(2026, 1, 1), datetime(2026, 3, 5))
    assert [(one["startAt"][:10], one["endAt"][:10]) for one in found] == [
        ("2026-01-01", "2026-02-01"),
        ("2026-02-01", "2026-03-04"),
        ("2026-03-04", "2026-03-05"),
    ]
