"""The made-up company speaks LinkedIn's Marketing API: its paths, limits and errors, and the story that it tells."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from email.utils import parsedate_to_datetime

import pytest
import requests
from speaking import NOW, speaking, story

from ingestion.simulator import company
from ingestion.simulator.advertising import MICROS, account_ids, advertising
from ingestion.simulator.server.linkedin_ads import analytics, gate
from ingestion.simulator.server.state import State

HEADERS = {"LinkedIn-Version": "202608", "X-Restli-Protocol-Version": "2.0.0"}
ACCOUNTS = account_ids(story(), "linkedin_ads", NOW).split(",")
AUGUST = "(start:(year:2026,month:8,day:1),end:(year:2026,month:8,day:31))"


@dataclass
class LinkedIn:
    """A served LinkedIn and the token with which it is asked."""

    url: str
    state: State
    token: str

    def raw(self, path: str, **headers: str) -> requests.Response:
        own = {"Authorization": f"Bearer {self.token}", **HEADERS} | headers
        return requests.get(f"{self.url}{path}", headers=own, timeout=30)

    def get(self, path: str) -> dict:
        response = self.raw(path)
        assert response.status_code == 200, response.text
        return response.json()

    def figures(self, pivot: str, days: str = AUGUST, accounts: list[str] = ACCOUNTS, fields: str = "") -> list[dict]:
        names = ",".join(f"urn%3Ali%3AsponsoredAccount%3A{number}" for number in accounts)
        asked = f"q=analytics&pivot={pivot}&timeGranularity=DAILY&dateRange={days}&accounts=List({names})"
        fields = fields or "dateRange,pivotValues,impressions,costInLocalCurrency,externalWebsiteConversions"
        return self.get(f"/rest/adAnalytics?{asked}&fields={fields}")["elements"]


def logged_in(url: str, state: State, **other: str) -> requests.Response:
    form = {"grant_type": "refresh_token", "client_id": state.client_id, "client_secret": state.client_secret}
    form |= {"refresh_token": state.client_secret} | other
    return requests.post(f"{url}/oauth/v2/accessToken", data=form, timeout=30)


@pytest.fixture(scope="module")
def served() -> Iterator[LinkedIn]:
    with speaking() as (url, state):
        yield LinkedIn(url, state, logged_in(url, state).json()["access_token"])


@pytest.fixture
def fresh() -> Iterator[LinkedIn]:
    """One of its own, for tests that use up limits or move on in time."""
    with speaking() as (url, state):
        yield LinkedIn(url, state, state.client_secret)


def test_a_refresh_token_gives_an_access_token_for_two_months(served):
    made = logged_in(served.url, served.state).json()
    assert {"access_token", "refresh_token", "refresh_token_expires_in", "scope"} <= made.keys()
    assert made["expires_in"] == 60 * 24 * 3_600
    for wrong in ("client_secret", "refresh_token", "grant_type"):
        refused = logged_in(served.url, served.state, **{wrong: "wrong"})
        assert refused.status_code in (400, 401) and refused.json()["error"]


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"Authorization": ""}, 401, 65604),
        ({"Authorization": "Bearer nonsense"}, 401, 65600),
        ({"Authorization": "Bearer made-up!100"}, 403, 100),
        ({"X-Restli-Protocol-Version": "1.0.0"}, 400, 0),
        ({"LinkedIn-Version": ""}, 400, 0),
        ({"LinkedIn-Version": "202306"}, 426, 0),
    ],
)
def test_who_may_not_ask_is_told_so(served, headers, status, code):
    answer = served.raw(f"/rest/adAccounts/{ACCOUNTS[0]}", **headers)
    assert (answer.status_code, answer.json()["status"], answer.json()["serviceErrorCode"]) == (status, status, code)


def test_the_calls_of_a_day_are_limited(fresh, monkeypatch):
    monkeypatch.setattr(gate, "CALLS_PER_DAY", 1)
    answers = [fresh.raw(f"/rest/adAccounts/{ACCOUNTS[0]}") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 429]
    assert "DAY limit" in answers[1].json()["message"]


def test_the_clock_is_that_of_the_story(served):
    date = served.raw(f"/rest/adAccounts/{ACCOUNTS[0]}").headers["Date"]
    assert parsedate_to_datetime(date).replace(tzinfo=None) == NOW


def test_an_account_has_the_currency_of_its_market(served):
    currencies = {served.get(f"/rest/adAccounts/{number}")["currency"] for number in ACCOUNTS}
    assert currencies == set(company.CURRENCY_OF_MARKET.values())


def test_searches_have_pages_and_tell_every_campaign_once(served):
    found = []
    for account in ACCOUNTS:
        token = ""
        while True:
            query = f"q=search&pageSize=2{token}"
            answer = served.get(f"/rest/adAccounts/{account}/adCampaigns?{query}")
            found += [(one["campaignGroup"].rpartition(":")[2], one["id"]) for one in answer["elements"]]
            if "nextPageToken" not in answer["metadata"]:
                break
            token = f"&pageToken={answer['metadata']['nextPageToken']}"
    groups = advertising(served.state.story, "linkedin_ads", NOW).groups
    assert sorted(found) == sorted((str(row.campaign), row.number) for row in groups.itertuples())


@pytest.mark.parametrize("query", ["q=find", "q=search&pageSize=1001", "q=search&pageToken=nonsense"])
def test_a_search_that_is_not_understood_is_refused(served, query):
    assert served.raw(f"/rest/adAccounts/{ACCOUNTS[0]}/adCampaignGroups?{query}").status_code == 400


def test_a_campaign_says_what_it_adds_to_its_landing_pages(served):
    known = advertising(served.state.story, "linkedin_ads", NOW)
    group = known.groups.iloc[0]
    key = f"(adEntity:(sponsoredCampaign:urn%3Ali%3AsponsoredCampaign%3A{group['number']}))"
    tag = known.campaigns.set_index("number").loc[group["campaign"], "tag"]
    assert served.get(f"/rest/adTrackingParameters/{key}")["customValueParameters"]["utm_campaign"] == tag
    assert served.raw(f"/rest/adTrackingParameters/{key.replace('%3A', ':')}").status_code == 400
    assert served.raw("/rest/adTrackingParameters/" + key.replace(str(group["number"]), "1")).status_code == 404


def test_figures_are_those_of_the_story_by_campaign_group_and_by_campaign(served):
    known = advertising(served.state.story, "linkedin_ads", NOW).performance
    known = known[(known["date"].astype(str) >= "2026-08-01") & (known["date"].astype(str) <= "2026-08-31")]
    for pivot in ("CAMPAIGN_GROUP", "CAMPAIGN"):
        elements = served.figures(pivot)
        assert sum(Decimal(one["costInLocalCurrency"]) for one in elements) * MICROS == int(known["cost_micros"].sum())
        assert sum(one["impressions"] for one in elements) == known["impressions"].sum()
        assert all(isinstance(one["externalWebsiteConversions"], int) for one in elements)


def test_what_happened_lately_is_stated_otherwise_a_day_later(fresh):
    day = "(start:(year:2026,month:8,day:30),end:(year:2026,month:8,day:30))"
    before = {one["pivotValues"][0]: one["costInLocalCurrency"] for one in fresh.figures("CAMPAIGN_GROUP", day)}
    fresh.state.forward(1)
    after = {one["pivotValues"][0]: one["costInLocalCurrency"] for one in fresh.figures("CAMPAIGN_GROUP", day)}
    assert before.keys() == after.keys() and before != after


def test_an_answer_is_cut_off_at_its_limit(fresh, monkeypatch):
    monkeypatch.setattr(analytics, "MOST_ELEMENTS", 7)
    assert len(fresh.figures("CAMPAIGN")) == 7


def test_a_range_without_end_goes_on_until_today(served):
    open_end = "(start:(year:2026,month:8,day:1))"
    assert served.figures("CAMPAIGN", open_end) == served.figures("CAMPAIGN", AUGUST)


def test_only_what_is_asked_for_is_told(served):
    assert {frozenset(one) for one in served.figures("CAMPAIGN", fields="clicks")} == {frozenset({"clicks"})}


@pytest.mark.parametrize(
    ("good", "odd"),
    [
        ("pivot=CAMPAIGN", "pivot=PLANET"),
        ("DAILY", "HOURLY"),
        ("q=analytics", "q=statistics"),
        ("List(urn%3Ali%3AsponsoredAccount%3A", "List(urn:li:sponsoredAccount:"),
        ("month:8,day:31", "month:8,day:32"),
        ("end:(year:2026", "end:(year:2025"),
        ("(start:", "(from:"),
        ("fields=clicks", "fields=" + ",".join(f"field{number}" for number in range(21))),
    ],
)
def test_a_question_that_is_not_understood_is_refused(served, good, odd):
    accounts = f"List(urn%3Ali%3AsponsoredAccount%3A{ACCOUNTS[0]})"
    query = f"q=analytics&pivot=CAMPAIGN&timeGranularity=DAILY&dateRange={AUGUST}&accounts={accounts}&fields=clicks"
    assert served.raw(f"/rest/adAnalytics?{query}").status_code == 200
    assert good in query
    assert served.raw(f"/rest/adAnalytics?{query.replace(good, odd)}").status_code == 400
