"""The made-up company speaks Meta's Graph API: its paths, limits and errors, and the story that it tells."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any

import pytest
import requests
from speaking import NOW, speaking, story

from ingestion.simulator.advertising import MICROS, Advertising, account_ids, advertising
from ingestion.simulator.server.meta_ads import insights
from ingestion.simulator.server.state import State

ACCOUNTS = [int(number) for number in account_ids(story(), "meta_ads", NOW).split(",")]
AUGUST = {"since": "2026-08-01", "until": "2026-08-31"}
FIELDS = "campaign_id,impressions,clicks,spend,actions"


@dataclass
class Meta:
    """A served Meta and the token with which it is asked."""

    url: str
    state: State
    token: str

    def raw(self, method: str, path: str, token: str | None = None, **parameters: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        given = {name: value if isinstance(value, str) else json.dumps(value) for name, value in parameters.items()}
        where = {"data": given} if method == "POST" else {"params": given}
        return requests.request(method, f"{self.url}/v25.0/{path}", headers=headers, timeout=30, **where)

    def get(self, path: str, **parameters: Any) -> dict:
        response = self.raw("GET", path, **parameters)
        assert response.status_code == 200, response.text
        return response.json()

    def listing(self, path: str, **parameters: Any) -> list[dict]:
        found, after = [], {}
        while True:
            answer = self.get(path, **parameters, **after)
            found += answer["data"]
            if "next" not in answer.get("paging", {}):
                return found
            after = {"after": answer["paging"]["cursors"]["after"]}

    def report(self, account: int, **other: Any) -> str:
        """The id of a report that is done."""
        asked = {"level": "campaign", "time_increment": 1, "time_range": AUGUST, "fields": FIELDS} | other
        made = self.raw("POST", f"act_{account}/insights", **asked)
        assert made.status_code == 200, made.text
        report = made.json()["report_run_id"]
        while self.get(report)["async_status"] != "Job Completed":
            time.sleep(0.01)
        return report

    def known(self) -> Advertising:
        return advertising(self.state.story, "meta_ads", self.state.now)


@pytest.fixture(scope="module")
def served() -> Iterator[Meta]:
    with speaking() as (url, state):
        yield Meta(url, state, state.client_secret)


@pytest.fixture
def fresh() -> Iterator[Meta]:
    """One of its own, for tests that move on in time."""
    with speaking() as (url, state):
        yield Meta(url, state, state.client_secret)


@pytest.mark.parametrize(("token", "status", "code"), [("nonsense", 401, 190), ("made-up!200", 403, 200)])
def test_who_may_not_ask_is_told_so(served, token, status, code):
    answer = served.raw("GET", f"act_{ACCOUNTS[0]}", token=token)
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (status, code)
    assert {"message", "type", "fbtrace_id"} <= error.keys()
    without = requests.get(f"{served.url}/v25.0/act_{ACCOUNTS[0]}", timeout=30)
    assert (without.status_code, without.json()["error"]["code"]) == (400, 2500)


def test_a_token_in_an_address_is_refused(served):
    answer = served.raw("GET", f"act_{ACCOUNTS[0]}", access_token=served.token)
    assert answer.status_code == 400


def test_the_clock_is_that_of_the_story_and_the_usage_is_told(served):
    headers = served.raw("GET", f"act_{ACCOUNTS[0]}").headers
    assert parsedate_to_datetime(headers["Date"]).replace(tzinfo=None) == NOW
    [[use]] = json.loads(headers["X-Business-Use-Case-Usage"]).values()
    assert use["estimated_time_to_regain_access"] == 0


def test_an_account_says_its_currency_and_time_zone(served):
    known = served.known().accounts.set_index("number")
    for number in ACCOUNTS:
        told = served.get(f"act_{number}", fields="currency,timezone_name,created_time")
        assert told["id"] == f"act_{number}"
        assert (told["currency"], told["timezone_name"]) == tuple(known.loc[number, ["currency", "time_zone"]])
    assert served.raw("GET", "act_17").json()["error"]["error_subcode"] == 33


def test_edges_have_pages_and_tell_every_record_once(served):
    known = served.known()
    states = ["ACTIVE", "PAUSED", "ARCHIVED"]
    for edge, numbers in (("campaigns", known.campaigns["number"]), ("adsets", known.groups["number"])):
        found = [
            int(record["id"])
            for account in ACCOUNTS
            for record in served.listing(f"act_{account}/{edge}", limit=1, effective_status=states)
        ]
        assert sorted(found) == sorted(numbers)
    assert served.raw("GET", f"act_{ACCOUNTS[0]}/ads", after="nonsense").json()["error"]["code"] == 100


def test_only_the_fields_that_were_asked_for_are_told(served):
    fields = "name,creative{id,object_story_spec{link_data{link}}},campaign_id"
    [ad, *_] = served.get(f"act_{ACCOUNTS[0]}/ads", fields=fields)["data"]
    assert ad.keys() == {"id", "name", "creative", "campaign_id"}


def test_archived_campaigns_are_told_only_when_asked_for(fresh):
    campaigns = fresh.state.story.entities["campaigns"]
    ended = campaigns.assign(end_date=campaigns["end_date"].where(campaigns["platform"] != "Meta Ads", NOW.date()))
    fresh.state.story = type(fresh.state.story)(
        **{**vars(fresh.state.story), "entities": {**fresh.state.story.entities, "campaigns": ended}}
    )
    path = f"act_{ACCOUNTS[0]}/campaigns"
    assert fresh.get(path)["data"] == []
    assert len(fresh.get(path, effective_status=["ARCHIVED"])["data"]) == 1


def test_every_ad_brings_the_tag_of_its_campaign(served):
    tags = served.known().campaigns.set_index("number")["tag"]
    fields = "campaign_id,creative{url_tags,object_story_spec{link_data{link}}}"
    ads = [ad for account in ACCOUNTS for ad in served.listing(f"act_{account}/ads", fields=fields)]
    assert len(ads) == len(served.known().groups)
    for ad in ads:
        address = ad["creative"]["object_story_spec"]["link_data"]["link"]
        assert f"utm_campaign={tags[int(ad['campaign_id'])]}" in ad["creative"].get("url_tags", "") + address


def test_a_report_is_made_in_the_background(fresh, monkeypatch):
    monkeypatch.setattr(insights, "WORKING_SECONDS", 60)
    asked = {"level": "campaign", "time_increment": 1, "time_range": AUGUST, "fields": FIELDS}
    report = fresh.raw("POST", f"act_{ACCOUNTS[0]}/insights", **asked).json()["report_run_id"]
    told = fresh.get(report)
    assert (told["id"], told["async_status"]) == (report, "Job Started")
    assert told["async_percent_completion"] < 100
    assert fresh.raw("GET", f"{report}/insights").status_code == 400
    assert fresh.raw("GET", "17").json()["error"]["error_subcode"] == 33


@pytest.mark.parametrize("level", ["campaign", "adset"])
def test_figures_are_those_of_the_story_to_the_cent(served, level):
    known = served.known().performance
    known = known[known["date"].astype(str).between("2026-08-01", "2026-08-31")]
    column = {"campaign": "campaign", "adset": "group"}[level]
    stated = known.groupby(["account", column, "date"])["cost_micros"].sum() * 100 / MICROS
    spent = Decimal(0)
    for account in ACCOUNTS:
        report = served.report(account, level=level, fields=f"{FIELDS},adset_id")
        spent += sum(Decimal(row["spend"]) for row in served.listing(f"{report}/insights", limit=50))
    assert spent * 100 == int(stated.round().sum())


def test_leads_are_told_in_all_and_where_they_were_won(served):
    report = served.report(ACCOUNTS[0], time_range={"since": "2026-01-01", "until": "2026-08-31"})
    rows = served.listing(f"{report}/insights")
    counted = [{one["action_type"]: int(one["value"]) for one in row["actions"]} for row in rows if "actions" in row]
    leads = [kinds for kinds in counted if "lead" in kinds]
    assert leads and "actions" not in min(rows, key=lambda row: int(row["clicks"]))
    for kinds in leads:
        parts = ("onsite_conversion.lead_grouped", "offsite_conversion.fb_pixel_lead")
        assert kinds["lead"] == sum(kinds.get(part, 0) for part in parts)


def test_a_report_keeps_what_was_known_when_it_was_made(fresh):
    first = fresh.report(ACCOUNTS[0])
    before = fresh.listing(f"{first}/insights")
    fresh.state.forward(1)
    assert fresh.listing(f"{first}/insights") == before
    assert fresh.listing(f"{fresh.report(ACCOUNTS[0])}/insights") != before


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"level": "planet"}, 100),
        ({"time_increment": "monthly"}, 100),
        ({"time_range": "August"}, 100),
        ({"time_range": {"since": "2026-08-31", "until": "2026-08-01"}}, 100),
        ({"time_range": {"since": "2023-07-31", "until": "2026-08-01"}}, 3018),
    ],
)  # fmt: skip
def test_a_question_that_is_not_understood_is_refused(served, asked, code):
    good = {"level": "campaign", "time_increment": 1, "time_range": AUGUST, "fields": FIELDS}
    answer = served.raw("POST", f"act_{ACCOUNTS[0]}/insights", **(good | asked))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


def test_a_report_that_would_be_too_large_is_refused(fresh, monkeypatch):
    monkeypatch.setattr(insights, "MOST_ROWS", 3)
    year = {"since": "2026-01-01", "until": "2026-08-31"}
    good = {"level": "campaign", "time_increment": 1, "time_range": year, "fields": FIELDS}
    error = fresh.raw("POST", f"act_{ACCOUNTS[0]}/insights", **good).json()["error"]
    assert (error["code"], error["error_subcode"]) == (100, 1487534)
