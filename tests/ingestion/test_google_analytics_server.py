"""The made-up company speaks Google Analytics' Data API: its reports, its errors, and the story that it tells."""

import json
import os
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import jwt
import pandas as pd
import pytest
import requests
from speaking import NOW, speaking, story

from ingestion.simulator import analytics
from ingestion.simulator.server.google_analytics import gate
from ingestion.simulator.server.google_analytics.channels import channel_group
from ingestion.simulator.server.state import State
from ingestion.sources.google_analytics.login import ServiceAccount

CONTRACT = (
    Path(__file__).resolve().parents[3] / "shared" / "contracts" / "google_analytics" / "analyticsdata.v1beta.json"
)
REPORT = "/v1beta/properties/310000001:runReport"
LAST_MONTH = [{"startDate": "2026-08-01", "endDate": "2026-08-31"}]
METRICS = ("sessions", "engagedSessions", "totalUsers", "newUsers", "screenPageViews", "keyEvents")


class Analytics:
    """A served property, asked with a good token."""

    def __init__(self, url: str, state: State) -> None:
        self.url, self.state = url, state
        self.token = self.ask_token(refresh(state)).json()["access_token"]

    def ask_token(self, form: dict[str, str]) -> requests.Response:
        return requests.post(f"{self.url}{gate.TOKEN_PATH}", data=form, timeout=30)

    def post(self, body: dict[str, Any], path: str = REPORT, token: str | None = None) -> requests.Response:
        headers = {"Authorization": f"Bearer {token or self.token}"}
        return requests.post(f"{self.url}{path}", json=body, headers=headers, timeout=30)

    def rows(self, *dimensions: str, metrics: tuple[str, ...] = METRICS, **body: Any) -> list[tuple[str, ...]]:
        """All pages of a report."""
        found: list[tuple[str, ...]] = []
        while True:
            answer = self.post(request(*dimensions, metrics=metrics, offset=str(len(found)), **body)).json()
            rows = answer.get("rows", [])
            found += [tuple(cell["value"] for cell in [*row["dimensionValues"], *row["metricValues"]]) for row in rows]
            if len(found) >= answer.get("rowCount", 0):
                return found


def request(*dimensions: str, metrics: tuple[str, ...] = METRICS, **body: Any) -> dict[str, Any]:
    named = {"dimensions": [{"name": name} for name in dimensions], "metrics": [{"name": name} for name in metrics]}
    ordered = [{"dimension": {"dimensionName": name}} for name in dimensions]
    return {"dateRanges": LAST_MONTH, "orderBys": ordered} | named | body


def refresh(state: State) -> dict[str, str]:
    own = {"client_id": state.client_id, "client_secret": state.client_secret}
    return own | {"grant_type": "refresh_token", "refresh_token": state.client_secret}


@cache
def contract() -> dict[str, Any]:
    """Google's description of its API, its schemas turned into JSON schemas that allow nothing else."""
    if not CONTRACT.exists():
        message = f"{CONTRACT} is not here: the contract may not be copied into the project"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    schemas = json.loads(CONTRACT.read_text())["schemas"]
    return {"$defs": {name: _closed(schema) for name, schema in schemas.items()}}


def _closed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {"$ref": f"#/$defs/{schema['$ref']}"}
    closed = {name: _closed(value) for name, value in schema.items() if name not in ("id", "description", "format")}
    if closed.get("type") == "any":
        return {}
    return closed | ({"additionalProperties": False} if "properties" in schema else {})


def assert_is(kind: str, given: dict[str, Any]) -> None:
    jsonschema.validate(given, contract() | {"$ref": f"#/$defs/{kind}"})


@pytest.fixture(scope="module")
def served() -> Iterator[Analytics]:
    with speaking() as (url, state):
        yield Analytics(url, state)


def test_requests_and_answers_are_as_google_describes_them(served):
    asked = request("date", "sessionSource", limit="10", returnPropertyQuota=True)
    assert_is("RunReportRequest", asked)
    answer = served.post(asked).json()
    assert_is("RunReportResponse", answer)
    assert answer["rowCount"] > len(answer["rows"]) == 10
    with pytest.raises(jsonschema.ValidationError):
        assert_is("RunReportResponse", answer | {"made_up": 1})


def test_an_empty_report_has_neither_rows_nor_their_count(served):
    answer = served.post(request("date", dateRanges=[{"startDate": "2016-01-01", "endDate": "2016-01-31"}])).json()
    assert_is("RunReportResponse", answer)
    assert not {"rows", "rowCount"} & answer.keys()


def test_pages_together_are_the_whole_report_each_row_once(served):
    dimensions = ("date", "sessionDefaultChannelGroup", "sessionSource", "sessionMedium", "sessionCampaignName")
    summer = {"dateRanges": [{"startDate": "2026-05-01", "endDate": "2026-08-31"}]}
    rows = served.rows(*dimensions, **summer)
    assert len({row[:5] for row in rows}) == len(rows) > 50
    assert [row[:5] for row in rows] == sorted(row[:5] for row in rows)
    total = served.rows("date", **summer)
    for position in (-6, -5, -2, -1):  # users do not add up
        assert sum(float(row[position]) for row in rows) == sum(float(row[position]) for row in total)


def test_every_page_view_of_the_story_is_in_exactly_one_session(served):
    done = story().entities["activities"]
    seen = done[(done["activity_type"] == "page_view") & done["visitor_id"].notna()]
    local = analytics.local_dates(seen["occurred_at"])
    july = seen[local.str.startswith("202607")]
    found = served.rows("date", dateRanges=[{"startDate": "2026-07-01", "endDate": "2026-07-31"}])
    stated = sum(int(row[5]) for row in found)
    at_midnight = 5  # a visit counts on the day on which it began
    assert abs(stated - len(july)) <= at_midnight
    assert served.post(request(metrics=("sessions",))).json()["rowCount"] == 1


def test_thirty_minutes_without_a_hit_end_a_session():
    measured = analytics.hits(story(), NOW)
    ordered = measured.sort_values(["visitor_id", "occurred_at"])
    for _, hits in ordered.groupby("visitor_id"):
        gaps = hits["occurred_at"].diff().dt.total_seconds().iloc[1:]
        begins_anew = hits["session"].diff().iloc[1:] != 0
        assert (begins_anew == (gaps > 1_800)).all()
    assert measured.groupby("session")["visitor_id"].nunique().max() == 1


def test_what_is_stated_of_a_day_changes_for_two_weeks_and_no_longer():
    def stated(days_later: int) -> pd.DataFrame:
        now = NOW + pd.Timedelta(days=days_later)
        made = analytics.sessions(analytics.hits(story(), now))
        by = ["date", "source", "medium", "campaign"]
        figures = made.groupby(by)[["page_views", "key_events"]].sum().assign(sessions=made.groupby(by).size())
        return figures.reset_index()

    changed = 0
    for later in range(0, 10, 3):
        now = NOW + pd.Timedelta(days=later)
        before, final = stated(later), stated(later + 20)
        for day in before["date"].unique():
            if not stated_on(before, day).equals(stated_on(final, day)):
                assert pd.Timestamp(day) >= pd.Timestamp(now.date()) - pd.Timedelta(days=14)
                changed += 1
    assert changed


def stated_on(figures: pd.DataFrame, day: str) -> pd.DataFrame:
    return figures[figures["date"] == day].reset_index(drop=True)


@pytest.mark.parametrize(
    ("source", "medium", "campaign", "group"),
    [
        ("(direct)", "(none)", "(direct)", "Direct"),
        ("Google", "CPC", "brand", "Paid Search"),
        ("google", "organic", "(organic)", "Organic Search"),
        ("bing", "cpm", "x", "Paid Search"),
        ("linkedin", "paid_social", "x", "Paid Social"),
        ("l.facebook.com", "referral", "(referral)", "Organic Social"),
        ("news", "cpm", "x", "Display"),
        ("news", "ppc", "x", "Paid Other"),
        ("news", "banner", "x", "Display"),
        ("newsletter", "e-mail", "x", "Email"),
        ("software-reviews.example", "referral", "(referral)", "Referral"),
        ("youtube.com", "referral", "(referral)", "Organic Video"),
        ("kolibri", "social", "x", "Organic Social"),
        ("fair-stand", "event", "(not set)", "Unassigned"),
    ],
)
def test_channel_groups_are_those_that_google_documents(source, medium, campaign, group):
    assert channel_group(source, medium, campaign) == group


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (request("sessionColour"), "Field sessionColour is not a valid dimension"),
        (request("date", metrics=("colours",)), "Field colours is not a valid metric"),
        (request("date", metrics=()), "At least one metric"),
        (request("date", limit="0"), "between 1 and 250000"),
        (request("date", dateRanges=[{"startDate": "2014-01-01", "endDate": "today"}]), "before 2015-08-14"),
        (request("date", dateRanges=[{"startDate": "today", "endDate": "yesterday"}]), "must not be after"),
        (request("date", dateRanges=[{"startDate": "soon", "endDate": "today"}]), "Invalid date: soon"),
    ],
)
def test_a_wrong_request_is_refused_in_googles_words(served, body, words):
    response = served.post(body)
    error = response.json()["error"]
    assert (response.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert words in error["message"]


def test_only_a_good_token_opens_only_the_own_property(served):
    assert served.post(request("date"), token="made-up").json()["error"]["status"] == "UNAUTHENTICATED"
    other = served.post(request("date"), path="/v1beta/properties/999:runReport")
    assert (other.status_code, other.json()["error"]["status"]) == (403, "PERMISSION_DENIED")


def test_a_service_account_gets_a_token_for_what_it_signed_and_for_nothing_else(served, tmp_path):
    path = tmp_path / "key.json"
    path.write_text(json.dumps(gate.key_file(served.url)))
    account = ServiceAccount.from_file(path)
    token = served.ask_token(account.form()).json()["access_token"]
    assert served.post(request("date"), token=token).ok
    claims = {"iss": account.email, "scope": gate.SCOPE, "aud": account.token_url, "exp": int(time.time()) + 600}
    wrong = [
        claims | {"iss": "somebody@else.example"},
        claims | {"aud": "https://elsewhere.example/token"},
        claims | {"exp": int(time.time()) - 600},
    ]
    for claim in wrong:
        signed = jwt.encode(claim, account.key, "RS256")
        refused = served.ask_token({"grant_type": gate.ASSERTION, "assertion": signed})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"client_secret": "x"}, "invalid_client"),
        ({"refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "x"}, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_get_no_token(served, wrong, error):
    assert served.ask_token(refresh(served.state) | wrong).json()["error"] == error
