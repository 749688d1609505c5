"""The made-up company speaks Marketo's API: its paths, its limits, its errors, and the story that it tells."""

import csv
import io
import json
import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pandas as pd
import pytest
import requests
from marketorestpython.client import MarketoClient
from speaking import NOW, speaking

from ingestion.simulator import systems
from ingestion.simulator.server import marketo
from ingestion.simulator.server.marketo import exports, gate
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "marketo"
MONTH = {"startAt": "2026-08-01T00:00:00Z", "endAt": "2026-09-01T00:00:00Z"}
TYPES = {
    "page_view": 1, "email_sent": 6, "email_delivered": 7, "email_bounced": 8, "unsubscribed": 9, "email_opened": 10,
    "email_clicked": 11, "chat": 158,
}  # fmt: skip
FORM = 2


@dataclass
class Marketo:
    """A served Marketo and the token with which it is asked."""

    url: str
    state: State
    token: str

    def get(self, path: str, **parameters: Any) -> dict:
        return self.raw("GET", path, params=parameters).json()

    def post(self, path: str, body: object = None) -> dict:
        return self.raw("POST", path, json=body).json()

    def raw(self, method: str, path: str, headers: dict | None = None, **arguments: Any) -> requests.Response:
        bearer = {"Authorization": f"Bearer {self.token}"}
        return requests.request(method, f"{self.url}{path}", headers=bearer | (headers or {}), timeout=30, **arguments)

    def log(self, token: str, **parameters: Any) -> list[dict]:
        """Everything in the activity log from a token on."""
        found = []
        while True:
            answer = self.get("/rest/v1/activities.json", nextPageToken=token, **parameters)
            found += answer["result"]
            token = answer["nextPageToken"]
            if not answer["moreResult"]:
                return found

    def since(self, moment: str) -> str:
        return self.get("/rest/v1/activities/pagingtoken.json", sinceDatetime=moment)["nextPageToken"]

    def export(self, kind: str, body: dict) -> str:
        """The id of an export that is done."""
        export = self.post(f"/bulk/v1/{kind}/export/create.json", body)["result"][0]["exportId"]
        self.post(f"/bulk/v1/{kind}/export/{export}/enqueue.json")
        while self.get(f"/bulk/v1/{kind}/export/{export}/status.json")["result"][0]["status"] != "Completed":
            time.sleep(0.05)
        return export


def asked(url: str, state: State, **other: str) -> requests.Response:
    credentials = {"client_id": state.client_id, "client_secret": state.client_secret}
    parameters = {"grant_type": "client_credentials"} | credentials | other
    return requests.get(f"{url}/identity/oauth/token", params=parameters, timeout=30)


@pytest.fixture(scope="module")
def served() -> Iterator[Marketo]:
    with speaking(Setup.SALESFORCE) as (url, state):
        yield Marketo(url, state, asked(url, state).json()["access_token"])


@pytest.fixture
def fresh() -> Iterator[Marketo]:
    """One of its own, for tests that use up quotas or move on in time."""
    with speaking(Setup.SALESFORCE) as (url, state):
        yield Marketo(url, state, asked(url, state).json()["access_token"])


@cache
def contract(name: str) -> dict:
    """A part of the contract as JSON schemas."""
    path = CONTRACTS / f"swagger-{name}.json"
    if not path.is_file():
        message = f"{path} is not here: the contract may not be copied into the project"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return _any_object(json.loads(path.read_text()))


def nameless(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


def response_schema(path: str, method: str) -> dict:
    """The schema of what a path answers, as a JSON schema that carries its definitions."""
    for name in ("mapi", "asset", "identity"):
        document = contract(name)
        for known, operations in document["paths"].items():
            if nameless(known) == nameless(path) and method in operations:
                schema = operations[method]["responses"]["200"]["schema"]
                return schema | {"definitions": document["definitions"]}
    raise AssertionError(f"the contract has no {method} {path}")


def _any_object(schema: Any) -> Any:
    """The contract is made from Java, where an `object` without properties is any value at all."""
    if isinstance(schema, list):
        return [_any_object(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    is_any = schema.get("type") == "object" and not {"properties", "additionalProperties"} & schema.keys()
    return {name: _any_object(part) for name, part in schema.items() if not (is_any and name == "type")}


def valid(answer: dict, schema: dict) -> None:
    """Raises jsonschema.ValidationError where an answer is not as its schema says."""
    jsonschema.Draft4Validator(schema).validate(answer)


# What the paths need to be asked.
LISTED = {"nextPageToken": None, "fields": "leadStatus,unsubscribed", "activityTypeIds": "1,2,10"}
PARAMETERS = {
    "/identity/oauth/token": {},
    "/rest/v1/leads.json": {"filterType": "email", "filterValues": "{email}"},
    "/rest/v1/activities/pagingtoken.json": {"sinceDatetime": MONTH["startAt"]},
    "/rest/v1/activities.json": LISTED,
    "/rest/v1/activities/leadchanges.json": LISTED,
    "/rest/v1/activities/deletedleads.json": LISTED,
    "/rest/v1/programs/{program}/members.json": {"filterType": "statusName", "filterValues": "Sent"},
    "/rest/asset/v1/program/byName.json": {"name": "{program_name}"},
    "/rest/asset/v1/email/byName.json": {"name": "Newsletter"},
    "/rest/asset/v1/smartCampaign/byName.json": {"name": "01 Send"},
    "/rest/asset/v1/staticList/byName.json": {"name": "All people"},
    "/rest/asset/v1/form/byName.json": {"name": "Request a demo"},
    "/rest/asset/v1/landingPage/byName.json": {"name": "Pricing"},
}


def test_every_path_that_reads_answers_as_the_contract_says(fresh):
    program = fresh.get("/rest/asset/v1/programs.json")["result"][0]
    token, beginning = fresh.since(MONTH["startAt"]), fresh.since("2000-01-01T00:00:00Z")
    sent = fresh.log(token, activityTypeIds=6)[0]
    person = fresh.get("/rest/v1/leads.json", filterType="id", filterValues=sent["leadId"])["result"][0]
    asset = {
        name: fresh.get(f"/rest/asset/v1/{name}s.json")["result"][0]["id"]
        for name in ("email", "form", "landingPage", "staticList")
    }
    exported = {
        "leads": {"fields": ["id"], "filter": {"createdAt": MONTH}},
        "activities": {"filter": {"createdAt": MONTH}},
        "program/members": {"fields": ["leadId"], "filter": {"programId": program["id"]}},
    }
    seen = 0
    for route in marketo.routes(fresh.state):
        if "create.json" in route.path or "enqueue" in route.path or "cancel" in route.path:
            continue
        time.sleep(0.01)
        parts = {"lead": sent["leadId"], "program": program["id"], "list": 1, "name": "persona"}
        parts["id"] = next((number for name, number in asset.items() if f"/{name}/" in route.path), program["id"])
        if "/campaigns/" in route.path or "/smartCampaign/" in route.path:
            parts["id"] = sent["campaignId"]
        if "{export}" in route.path:
            kind = route.path.split("/bulk/v1/")[1].split("/export")[0]
            parts["export"] = fresh.export(kind, exported[kind])
        path = route.path.format(**parts)
        wanted = {**PARAMETERS.get(route.path, {})}
        if "nextPageToken" in wanted:
            wanted["nextPageToken"] = beginning if "deleted" in path else token
        wanted = {
            name: value.format(email=person["email"], program_name=program["name"]) for name, value in wanted.items()
        }
        response = asked(fresh.url, fresh.state) if "identity" in path else fresh.raw("GET", path, params=wanted)
        assert response.status_code == 200, (path, response.text)
        if path.endswith("file.json"):
            assert response_schema(route.path, "get") is not None
            assert response.text.count("\n") > 1, path
            continue
        answer = response.json()
        assert answer.get("success", True), (path, answer)
        assert "identity" in path or answer["requestId"]
        assert answer.get("result", True), f"{path} has nothing to show"
        valid(answer, response_schema(route.path, "get"))
        seen += 1
    assert seen > 40


def test_errors_and_export_jobs_are_as_the_contract_says(served):
    for kind, body in (
        ("leads", {"fields": ["id"], "filter": {"createdAt": MONTH}}),
        ("activities", {"filter": {"createdAt": MONTH}}),
    ):
        path = f"/bulk/v1/{kind}/export"
        made = served.post(f"{path}/create.json", body)
        valid(made, response_schema(f"{path}/create.json", "post"))
        job = made["result"][0]["exportId"]
        for step in ("enqueue", "cancel"):
            answer = served.post(f"{path}/{job}/{step}.json")
            valid(answer, response_schema(f"{path}/{{}}/{step}.json", "post"))
    refused = served.get("/rest/v1/activities.json", nextPageToken="nonsense", activityTypeIds=1)
    assert (refused["success"], refused["errors"][0]["code"]) == (False, "702")
    schema = response_schema("/rest/v1/activities.json", "get")
    valid(refused, schema)


def test_a_community_client_reads_with_nothing_changed_but_the_host(served):
    client = MarketoClient("123-ABC-456", served.state.client_id, served.state.client_secret)
    client.host = served.url
    assert "leadScore" in {field["rest"]["name"] for field in client.execute(method="describe")}
    types = {kind["name"]: kind["id"] for kind in client.execute(method="get_activity_types")}
    mails = client.execute(
        method="get_lead_activities", activityTypeIds=[str(types["Send Email"])], sinceDatetime="2026-08-25T00:00:00Z"
    )
    assert mails and {mail["activityTypeId"] for mail in mails} == {types["Send Email"]}
    person = client.execute(method="get_lead_by_id", id=mails[0]["leadId"], fields=["email", "company"])[0]
    same = client.execute(
        method="get_multiple_leads_by_filter_type", filterType="email", filterValues=[person["email"]], fields="email"
    )
    assert mails[0]["leadId"] in [one["id"] for one in same]
    changes = client.execute(method="get_lead_changes", fields=["leadStatus"], sinceDatetime="2026-08-20T00:00:00Z")
    assert "leadStatus" in {field["name"] for change in changes for field in change["fields"]}
    programs = client.execute(method="browse_programs", maxReturn=200)
    assert client.execute(method="get_program_by_id", id=programs[0]["id"])[0]["costs"]
    job = client.execute(method="create_leads_export_job", fields=["id", "email"], filters={"createdAt": MONTH})[0]
    client.execute(method="enqueue_leads_export_job", job_id=job["exportId"])
    while client.execute(method="get_leads_export_job_status", job_id=job["exportId"])[0]["status"] != "Completed":
        time.sleep(0.05)
    assert client.execute(method="get_leads_export_job_file", job_id=job["exportId"]).startswith(b"id,email\n")


def test_a_token_is_the_same_until_it_expires_and_errors_name_what_is_wrong(served):
    first, second = asked(served.url, served.state).json(), asked(served.url, served.state).json()
    assert first["access_token"] == second["access_token"] and 0 < second["expires_in"] <= 3_600
    wrong = asked(served.url, served.state, client_secret="wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    for headers, code in (({"Authorization": ""}, "600"), ({"Authorization": "Bearer nonsense"}, "601")):
        answer = served.raw("GET", "/rest/v1/leads/describe.json", headers=headers)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (200, code)


def test_more_calls_than_allowed_are_refused_until_the_window_has_passed(fresh, monkeypatch):
    monkeypatch.setattr(gate, "WINDOW_SECONDS", 0.6)
    monkeypatch.setattr(gate, "CALLS_PER_WINDOW", 5)
    codes = [fresh.get("/rest/v1/leads/partitions.json")["success"] for _ in range(7)]
    assert codes == [True] * 5 + [False] * 2
    time.sleep(0.7)
    [errors] = fresh.get("/rest/v1/stats/errors.json")["result"]
    assert errors["errors"] == [{"errorCode": "606", "count": 2}]
    monkeypatch.setattr(gate, "CALLS_PER_DAY", 5)
    assert fresh.get("/rest/v1/leads/partitions.json")["errors"][0]["code"] == "607"


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("activities", {"filter": {"createdAt": MONTH | {"startAt": "2026-07-30T00:00:00Z"}}}, "1003"),
        ("activities", {"filter": {"activityTypeIds": [1]}}, "1003"),
        ("leads", {"filter": {"createdAt": MONTH}}, "1003"),
        ("leads", {"fields": ["id", "shoeSize"], "filter": {"createdAt": MONTH}}, "1006"),
        ("leads", {"fields": ["id"], "filter": {"favourite": 1}}, "1035"),
        ("program/members", {"fields": ["leadId"], "filter": {"programIds": list(range(11))}}, "1003"),
    ],
)
def test_an_export_that_asks_for_too_much_is_refused(served, kind, body, code):
    assert served.post(f"/bulk/v1/{kind}/export/create.json", body)["errors"][0]["code"] == code


def test_ten_exports_wait_at_most_and_two_are_worked_on(fresh, monkeypatch):
    monkeypatch.setattr(exports, "WORKING_SECONDS", 60)
    body = {"fields": ["id"], "filter": {"createdAt": MONTH}}
    jobs = [fresh.post("/bulk/v1/leads/export/create.json", body)["result"][0]["exportId"] for _ in range(11)]
    answers = [fresh.post(f"/bulk/v1/leads/export/{job}/enqueue.json") for job in jobs]
    assert [answer["success"] for answer in answers] == [True] * 10 + [False]
    assert answers[-1]["errors"][0] == {"code": "1029", "message": "Too many jobs in queue"}
    statuses = [job["status"] for job in fresh.get("/bulk/v1/leads/export.json")["result"]]
    assert sorted(statuses) == ["Created"] + ["Processing"] * 2 + ["Queued"] * 8


def test_a_file_is_read_in_ranges_and_is_whole_in_the_end(served):
    path = f"/bulk/v1/activities/export/{served.export('activities', {'filter': {'createdAt': MONTH}})}/file.json"
    whole = served.raw("GET", path)
    assert whole.status_code == 200
    pieces, size = [], 1_000
    while len(b"".join(pieces)) < len(whole.content):
        start = len(b"".join(pieces))
        piece = served.raw("GET", path, headers={"Range": f"bytes={start}-{start + size - 1}"})
        assert piece.status_code == 206
        assert piece.headers["Content-Range"].startswith(f"bytes {start}-")
        pieces.append(piece.content)
        size = 40_000
    assert b"".join(pieces) == whole.content
    assert served.raw("GET", path, headers={"Range": f"bytes={len(whole.content)}-"}).status_code == 416


def story_of(state: State) -> pd.DataFrame:
    """The activities of the story that Marketo records and knows by now; with deleted people goes what they did."""
    rows = systems.activities(state.story, state.setup)
    leads = state.story.entities["leads"]
    gone = leads["lead_id"][leads[["deleted_at", "erased_at"]].min(axis=1) <= state.now]
    rows = rows[~rows["lead_id"].isin(gone)]
    return rows[(rows["system"] == systems.MARKETO) & (rows["known_at"] <= state.now)]


def told(activities: list[dict]) -> list[tuple]:
    return sorted((one["activityTypeId"], one["leadId"], one["activityDate"]) for one in activities)


def expected(rows: pd.DataFrame) -> list[tuple]:
    kinds = rows["activity_type"].map(TYPES).fillna(FORM).astype(int)
    people = rows["lead_id"].map(systems.marketo_id)
    return sorted(zip(kinds, people, rows["occurred_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"), strict=True))


def test_the_log_tells_each_activity_of_the_story_once(served):
    found = served.log(served.since("2000-01-01T00:00:00Z"), activityTypeIds="1,2,6,7,8,9,10,11,158")
    assert told(found) == expected(story_of(served.state))
    assert len({one["marketoGUID"] for one in found}) == len(found)


def test_what_is_learnt_late_lies_behind_the_token_and_in_the_files_under_its_date(fresh):
    end = fresh.since(f"{NOW.isoformat()}Z")
    before = story_of(fresh.state)
    fresh.state.forward(2)
    after = story_of(fresh.state)
    news = after[~after["activity_id"].isin(before["activity_id"])]
    assert (news["occurred_at"] < NOW).any(), "the story has no late news"
    assert told(fresh.log(end, activityTypeIds="1,2,6,7,8,9,10,11,158")) == expected(news)
    month = {"startAt": "2026-08-01T00:00:00Z", "endAt": "2026-08-31T23:59:59Z"}
    export = fresh.export("activities", {"filter": {"createdAt": month, "activityTypeIds": [*TYPES.values(), FORM]}})
    file = io.StringIO(fresh.raw("GET", f"/bulk/v1/activities/export/{export}/file.json").text)
    dated = after[(after["occurred_at"] >= "2026-08-01") & (after["occurred_at"] < "2026-09-01")]
    rows = [(int(row["activityTypeId"]), int(row["leadId"]), row["activityDate"]) for row in csv.DictReader(file)]
    assert sorted(rows) == expected(dated)


def test_deleted_people_are_named_and_merged_ones_are_in_the_log(served):
    leads = served.state.story.entities["leads"]
    gone = leads[leads[["deleted_at", "erased_at"]].min(axis=1) <= NOW]
    merged = leads[leads["merged_at"] <= NOW]
    token = served.since("2000-01-01T00:00:00Z")
    deleted = served.get("/rest/v1/activities/deletedleads.json", nextPageToken=token)["result"]
    assert sorted(one["leadId"] for one in deleted) == sorted(gone["lead_id"].map(systems.marketo_id))
    merges = served.log(token, activityTypeIds=32)
    pairs = {
        (int(value["value"].strip("[]")), one["leadId"])
        for one in merges
        for value in one["attributes"]
        if value["name"] == "Merge IDs"
    }
    wanted = zip(merged["lead_id"], merged["merged_into_lead_id"], strict=True)
    assert pairs == {(systems.marketo_id(loser), systems.marketo_id(winner)) for loser, winner in wanted}
    assert gone.size and merged.size
    for lead in [*gone["lead_id"], *merged["lead_id"]]:
        answer = served.get(f"/rest/v1/lead/{systems.marketo_id(lead)}.json")
        assert answer["errors"][0]["code"] == "1004"


def test_a_long_query_may_be_said_as_a_post(served):
    ids = ",".join(str(number) for number in range(1_000, 1_300))
    form = {"filterType": "id", "filterValues": ids, "fields": "id"}
    answer = served.raw("POST", "/rest/v1/leads.json", params={"_method": "GET"}, data=form).json()
    assert [one["id"] for one in answer["result"]] == sorted(one["id"] for one in answer["result"])
    assert len(answer["result"]) > 100
    refused = served.get("/rest/v1/leads.json", filterType="id", filterValues=ids + ",1,2")
    assert refused["errors"][0]["code"] == "1003"


def test_an_export_of_a_field_that_is_not_there_is_refused_and_harms_no_other(served):
    program = served.get("/rest/asset/v1/programs.json")["result"][0]["id"]
    body = {"fields": ["leadId", "shoeSize"], "filter": {"programId": program}}
    refused = served.post("/bulk/v1/program/members/export/create.json", body)
    assert refused["errors"][0] == {"code": "1006", "message": "Field 'shoeSize' not found"}
    assert served.export("leads", {"fields": ["id"], "filter": {"createdAt": MONTH}})


def test_members_of_several_programs_come_with_the_program_first(served):
    programs = [one["id"] for one in served.get("/rest/asset/v1/programs.json")["result"][:3]]
    body = {"fields": ["statusName", "leadId", "email"], "filter": {"programIds": programs}}
    export = served.export("program/members", body)
    content = served.raw("GET", f"/bulk/v1/program/members/export/{export}/file.json").text
    assert content.splitlines()[0] == "programId,statusName,leadId,email"
