"""The made-up company speaks Google Ads' REST API: its queries, its errors, and the story that it tells."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
import requests
from speaking import NOW, speaking

from ingestion.simulator.advertising import advertising
from ingestion.simulator.server.google_ads import gate, schema
from ingestion.simulator.server.google_ads.gaql import GaqlError, parse
from ingestion.simulator.server.google_ads.world import MANAGER
from ingestion.simulator.server.state import State
from ingestion.sources.google_ads import accounts, figures

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts" / "google_ads"
POLAND, GERMANY = "1000000007", "1001000010"
YESTERDAY = NOW.date() - timedelta(days=1)
LIST = "campaign.url_custom_parameters"
METRICS = "metrics.impressions, metrics.clicks, metrics.cost_micros, metrics.conversions"


@dataclass
class GoogleAds:
    """A served Google Ads and the access token with which it is asked."""

    url: str
    state: State
    token: str

    def post(self, path: str, body: object, **headers: str) -> requests.Response:
        given = {"Authorization": f"Bearer {self.token}", "login-customer-id": str(MANAGER)} | headers
        given = {name: value for name, value in given.items() if value}
        return requests.post(f"{self.url}/v25/customers/{path}", json=body, headers=given, timeout=30)

    def batches(self, query: str, account: str = POLAND) -> list[dict]:
        answer = self.post(f"{account}/googleAds:searchStream", {"query": query})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def rows(self, query: str, account: str = POLAND) -> list[dict]:
        return [row for batch in self.batches(query, account) for row in batch.get("results", [])]

    def error(self, query: str, account: str = POLAND) -> dict:
        """The error code, as {kind: code}, with which a query is refused."""
        answer = self.post(f"{account}/googleAds:searchStream", {"query": query})
        assert answer.status_code == 400
        [body] = answer.json()
        [single] = body["error"]["details"][0]["errors"]
        assert single["message"]
        return single["errorCode"]


def asked(url: str, state: State, **other: str) -> requests.Response:
    form = {
        "grant_type": "refresh_token",
        "client_id": state.client_id,
        "client_secret": state.client_secret,
        "refresh_token": state.client_secret,
    }
    return requests.post(f"{url}{gate.TOKEN_PATH}", data=form | other, timeout=30)


@pytest.fixture(scope="module")
def served() -> Iterator[GoogleAds]:
    with speaking() as (url, state):
        yield GoogleAds(url, state, asked(url, state).json()["access_token"])


@pytest.fixture
def fresh() -> Iterator[GoogleAds]:
    with speaking() as (url, state):
        yield GoogleAds(url, state, asked(url, state).json()["access_token"])


@cache
def message(file: str, name: str) -> dict[str, str]:
    """The fields of a message of the contract and their types."""
    path = CONTRACTS / f"{file}.proto"
    if not path.is_file():
        words = f"{path} is not here: the contract may not be copied into the project"
        pytest.fail(words) if os.environ.get("CI") else pytest.skip(words)
    body = re.search(rf"^message {name} \{{\n(.*?)^\}}", path.read_text(), re.DOTALL | re.MULTILINE)[1]
    code = re.sub(r"//[^\n]*", "", body)
    return {
        name: kind for kind, name in re.findall(r"^  (?:optional |repeated )?([\w.]+)\s+(\w+)\s*=", code, re.MULTILINE)
    }


@pytest.mark.parametrize("part", ["metrics", "segments"])
def test_every_metric_and_segment_has_the_name_and_type_of_the_contract(part):
    known = message(part, part.capitalize())
    types = {schema.INT64: "int64", schema.DOUBLE: "double", schema.DAY: "string"}
    for name, kind in schema.RESOURCES[part].items():
        assert name in known
        if kind == schema.ENUM:
            assert known[name].startswith("google.ads.googleads.v25.enums.")
        else:
            # A year is the one whole number of 32 bits.
            assert known[name] == ("int32" if name == "year" else types[kind])


def test_every_resource_and_every_part_of_an_answer_is_one_of_the_contract(served):
    row = message("google_ads_service", "GoogleAdsRow")
    assert set(schema.RESOURCES) <= set(row)
    of_stream = {schema.camel_case(name) for name in message("google_ads_service", "SearchGoogleAdsStreamResponse")}
    of_search = {schema.camel_case(name) for name in message("google_ads_service", "SearchGoogleAdsResponse")}
    query = f"SELECT campaign.name, segments.date, {METRICS} FROM campaign WHERE segments.date DURING LAST_7_DAYS"
    [batch] = served.batches(query)
    page = served.post(f"{POLAND}/googleAds:search", {"query": query}).json()
    assert set(batch) <= of_stream and set(page) <= of_search
    assert batch["results"] == page["results"]
    fields = {schema.camel_case(name) for name in message("metrics", "Metrics")}
    assert all(set(row["metrics"]) <= fields for row in batch["results"])


def test_the_connectors_own_queries_name_fields_of_the_contract():
    texts = [*figures.PERFORMANCE.values(), figures.CLICK_DAYS, figures.CLICKS]
    fields = {field for text in texts for field in parse(text).fields}
    for part in ("metrics", "segments"):
        assert {name.split(".")[1] for name in fields if name.startswith(part)} <= set(message(part, part.capitalize()))
    for text in (accounts.CUSTOMER, accounts.CAMPAIGNS, accounts.AD_GROUPS, accounts.ADS, accounts.ASSET_GROUPS):
        assert set(parse(text).fields) <= set(schema.TYPES)


def test_what_is_stated_of_the_campaigns_is_what_the_platform_knows(served):
    span = f"WHERE segments.date BETWEEN '2025-01-01' AND '{YESTERDAY}'"
    query = f"SELECT campaign.id, segments.date, {METRICS} FROM campaign {span}"
    found = pd.DataFrame(
        [
            {"campaign": int(row["campaign"]["id"]), "date": row["segments"]["date"]} | row["metrics"]
            for account in ("1000000007", "1001000010", "1002000013")
            for row in served.rows(query, account)
        ]
    )
    stated = advertising(served.state.story, "google_ads", NOW).performance
    wanted = stated.assign(date=stated["date"].astype(str)).groupby(["campaign", "date"])
    wanted = wanted[["impressions", "clicks", "cost_micros", "conversions"]].sum().reset_index()
    figures_of = ["impressions", "clicks", "costMicros", "conversions"]
    found[figures_of] = found[figures_of].astype(float)
    merged = found.merge(wanted, on=["campaign", "date"], how="outer", suffixes=("", "_wanted"), validate="one_to_one")
    assert len(merged) == len(found) == len(wanted) > 1_000
    assert (merged["costMicros"] == merged["cost_micros"]).all()
    assert (merged["impressions"] == merged["impressions_wanted"]).all()
    assert (merged["clicks"] == merged["clicks_wanted"]).all()
    assert ((merged["conversions"] - merged["conversions_wanted"]).abs() < 1e-6).all()


def test_groups_explain_their_campaigns_and_a_performance_max_campaign_has_none(served):
    since = f"WHERE segments.date BETWEEN '2026-08-01' AND '{YESTERDAY}'"
    campaigns = served.rows(f"SELECT campaign.advertising_channel_type, metrics.cost_micros FROM campaign {since}")
    groups = served.rows(f"SELECT campaign.id, metrics.cost_micros FROM ad_group {since}")
    total = {
        kind: sum(
            int(row["metrics"]["costMicros"])
            for row in campaigns
            if (row["campaign"]["advertisingChannelType"] == "PERFORMANCE_MAX") == kind
        )
        for kind in (True, False)
    }
    assert sum(int(row["metrics"]["costMicros"]) for row in groups) == total[False] > 0
    assert total[True] > 0


def test_64_bit_numbers_are_texts_unset_fields_are_missing_and_zeros_are_said(served):
    [row] = served.rows(
        "SELECT campaign.id, campaign.end_date_time, campaign.tracking_url_template, metrics.clicks, "
        "metrics.conversions FROM campaign WHERE campaign.name = 'PL_search_competitor' AND segments.date DURING TODAY"
    )
    name = "customers/1000000007/campaigns/21000015838"
    assert row == {
        "campaign": {"resourceName": name, "id": "21000015838", "endDateTime": "2026-03-12 23:59:59"},
        "metrics": {"clicks": "0", "conversions": 0.0},
    }


def test_days_on_which_nothing_happened_are_not_answered(served):
    query = (
        "SELECT segments.date, metrics.clicks FROM campaign WHERE segments.date BETWEEN '2026-08-01' AND '2026-08-31'"
    )
    assert all(row["metrics"]["clicks"] != "0" for row in served.rows(query))
    assert served.rows("SELECT segments.date, metrics.clicks FROM campaign WHERE segments.date = '2030-01-01'") == []


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ("campaign.status = 'PAUSED'", ["PL_search_competitor", "PL_search_insight-launch", "nowa kampania display"]),
        ("campaign.status != 'PAUSED' AND campaign.advertising_channel_type = 'DISPLAY'", ["PL_retargeting_pricing"]),
        ("campaign.name LIKE '%search[_]b%'", ["PL_search_brand"]),
        ("campaign.name REGEXP_MATCH '.*(brand|generic)'", ["PL_search_brand", "PL_search_generic"]),
        ("campaign.end_date_time IS NOT NULL AND campaign.name NOT LIKE 'pl%'", ["nowa kampania display"]),
        ("campaign.id > 21000110865 AND campaign.id <= 21000118785", ["PL_display_awareness", "nowa kampania display"]),
        ('campaign.id = "21000000000" AND customer.manager = FALSE', ["PL_search_brand"]),
    ],
)  # fmt: skip
def test_conditions_choose_as_in_gaql(served, condition, names):
    rows = served.rows(f"SELECT campaign.name FROM campaign WHERE {condition} ORDER BY campaign.name")
    assert [row["campaign"]["name"] for row in rows] == names


@pytest.mark.parametrize(
    ("condition", "first", "last"),
    [
        ("DURING YESTERDAY", YESTERDAY, YESTERDAY),
        ("DURING LAST_7_DAYS", date(2026, 8, 25), YESTERDAY),
        ("DURING LAST_30_DAYS", date(2026, 8, 2), YESTERDAY),
        ("DURING LAST_MONTH", date(2026, 8, 1), YESTERDAY),
        ("DURING LAST_WEEK_MON_SUN", date(2026, 8, 24), date(2026, 8, 30)),
        ("BETWEEN '2026-08-10' AND '2026-08-12'", date(2026, 8, 10), date(2026, 8, 12)),
        (">= '2026-08-10' AND segments.date < '2026-08-13'", date(2026, 8, 10), date(2026, 8, 12)),
        ("= '2026-08-10'", date(2026, 8, 10), date(2026, 8, 10)),
    ],
)
def test_days_are_chosen_as_in_gaql(served, condition, first, last):
    stated = advertising(served.state.story, "google_ads", NOW).performance.query(f"account == {POLAND}")
    wanted = {str(day) for day in stated["date"].dt.date if first <= day <= last}
    rows = served.rows(f"SELECT segments.date, metrics.impressions FROM customer WHERE segments.date {condition}")
    assert {row["segments"]["date"] for row in rows} == wanted
    assert wanted


def test_rows_are_summed_over_what_is_not_selected_ordered_and_limited(served):
    span = "WHERE segments.date BETWEEN '2026-06-01' AND '2026-08-31'"
    months = served.rows(f"SELECT segments.month, metrics.clicks FROM customer {span} ORDER BY segments.month DESC")
    assert [row["segments"]["month"] for row in months] == ["2026-08-01", "2026-07-01", "2026-06-01"]
    [whole] = served.rows(f"SELECT customer.id, metrics.clicks FROM customer {span}")
    assert sum(int(row["metrics"]["clicks"]) for row in months) == int(whole["metrics"]["clicks"])
    top = served.rows(f"SELECT campaign.name, metrics.clicks FROM campaign {span} ORDER BY metrics.clicks DESC LIMIT 2")
    assert len(top) == 2 and int(top[0]["metrics"]["clicks"]) >= int(top[1]["metrics"]["clicks"]) > 0


def test_clicks_are_told_day_by_day_with_the_campaign_that_truly_brought_them(served):
    done = served.state.story.entities["activities"]
    campaigns = served.state.story.entities["campaigns"].set_index("campaign_id")
    clicked = done[done["clicked_campaign_id"].notna() & done["click_id"].fillna("").str.startswith("gclid:")]
    clicked = clicked[clicked["clicked_campaign_id"].map(campaigns["platform"]) == "Google Ads"]
    local = clicked["occurred_at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Warsaw").dt.date
    wanted = {
        (row.click_id, campaigns.loc[row.clicked_campaign_id, "campaign_name"])
        for row in clicked[(local >= date(2026, 8, 1)) & (local <= YESTERDAY)].itertuples()
    }
    found = {
        (f"gclid:{row['clickView']['gclid']}", row["campaign"]["name"])
        for account in ("1000000007", "1001000010", "1002000013")
        for day in pd.date_range("2026-08-01", YESTERDAY)
        for row in served.rows(
            f"SELECT click_view.gclid, campaign.name FROM click_view WHERE segments.date = '{day:%Y-%m-%d}'", account
        )
    }
    assert found == wanted and len(wanted) > 3


def test_a_click_comes_with_its_group_and_a_day_with_as_many_clicks_at_least(served):
    rows = [
        row
        for day in pd.date_range("2026-06-04", YESTERDAY)
        for row in served.rows(
            "SELECT click_view.gclid, click_view.ad_group_ad, ad_group.id, segments.date, metrics.clicks "
            f"FROM click_view WHERE segments.date = '{day:%Y-%m-%d}'"
        )
    ]
    assert rows
    for row in rows:
        assert row["clickView"]["resourceName"].endswith(f"~{row['clickView']['gclid']}")
        assert f"/{row['adGroup']['id']}~" in row["clickView"]["adGroupAd"]
        assert row["metrics"] == {"clicks": "1"}
    stated = served.rows(
        f"SELECT segments.date, metrics.clicks FROM customer WHERE segments.date BETWEEN '2026-06-04' AND '{YESTERDAY}'"
    )
    clicks = {row["segments"]["date"]: int(row["metrics"]["clicks"]) for row in stated}
    seen = pd.Series([row["segments"]["date"] for row in rows]).value_counts()
    assert all(clicks[day] >= count for day, count in seen.items())


def test_figures_are_restated_until_they_are_final(fresh):
    query = f"SELECT {METRICS} FROM customer WHERE segments.date BETWEEN '2026-08-01' AND '2026-08-31'"
    [before] = fresh.rows(query)
    fresh.state.forward(30)
    [after] = fresh.rows(query)
    assert int(after["metrics"]["costMicros"]) < int(before["metrics"]["costMicros"])
    assert after["metrics"]["conversions"] > before["metrics"]["conversions"]


def test_a_manager_names_the_accounts_below_it(served):
    query = "SELECT customer_client.id, customer_client.currency_code FROM customer_client"
    clients = served.rows(f"{query} WHERE customer_client.manager = FALSE", str(MANAGER))
    assert [row["customerClient"]["currencyCode"] for row in clients] == ["PLN", "EUR", "USD"]
    [own] = served.rows(query, POLAND)
    assert own["customerClient"]["id"] == POLAND


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("SELECT campaign.id, metrics.video_views FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT campaign.start_date FROM campaign", "UNRECOGNIZED_FIELD"),
        ("SELECT campaign.id FROM campagne", "BAD_RESOURCE_TYPE_IN_FROM_CLAUSE"),
        ("SELECT ad_group.id FROM campaign", "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE"),
        ("SELECT campaign.id FROM campaign WHERE ad_group.id = 1", "PROHIBITED_RESOURCE_TYPE_IN_WHERE_CLAUSE"),
        ("SELECT segments.date, metrics.clicks FROM campaign", "EXPECTED_FILTERS_ON_DATE_RANGE"),
        ("SELECT segments.date FROM campaign WHERE segments.date >= '2026-01-01'", "EXPECTED_FILTERS_ON_DATE_RANGE"),
        ("SELECT segments.date FROM campaign WHERE segments.date = '01/02/2026'", "INVALID_DATE_FORMAT"),
        ("SELECT campaign.id FROM campaign WHERE segments.date DURING 2026", "INVALID_VALUE_WITH_DURING_OPERATOR"),
        ("SELECT campaign.id FROM campaign WHERE segments.date BETWEEN '2026-01-01'", "EXPECTED_AND"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id IN ()", "PROHIBITED_EMPTY_LIST_IN_CONDITION"),
        ("SELECT campaign.id FROM campaign WHERE campaign.id CONTAINS ANY (1)", "OPERATOR_FIELD_MISMATCH"),
        ("SELECT campaign.id FROM campaign WHERE campaign.name = 'x", "STRING_NOT_TERMINATED"),
        ("SELECT campaign.id FROM campaign ORDER BY campaign.name", "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE"),
        ("SELECT campaign.id FROM campaign LIMIT 0", "LIMIT_VALUE_TOO_LOW"),
        ("SELECT campaign.id FROM campaign OR", "UNEXPECTED_INPUT"),
        ("SELECT campaign.id", "EXPECTED_FROM"),
        ("SELECT asset_group.id, metrics.clicks FROM asset_group", "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE"),
        ("SELECT asset_group.id, segments.week FROM asset_group", "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE"),
        ("SELECT metrics.ctr FROM click_view", "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE"),
        (f"SELECT {LIST} FROM campaign ORDER BY {LIST}", "PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE"),
        ("DELETE FROM campaign", "EXPECTED_SELECT"),
    ],
)  # fmt: skip
def test_a_query_that_google_would_refuse_is_refused_with_its_code(served, query, code):
    assert served.error(query) == {"queryError": code}


@pytest.mark.parametrize(
    ("condition", "code"),
    [
        ("", "EXPECTED_FILTER_ON_A_SINGLE_DAY"),
        ("WHERE segments.date DURING LAST_7_DAYS", "EXPECTED_FILTER_ON_A_SINGLE_DAY"),
        ("WHERE segments.date = '2026-01-01'", "DATE_TOO_OLD"),
    ],
)
def test_clicks_are_told_of_one_day_of_the_last_90_alone(served, condition, code):
    assert served.error(f"SELECT click_view.gclid FROM click_view {condition}") == {"clickViewError": code}
    oldest = NOW.date() - timedelta(days=90)
    served.rows(f"SELECT click_view.gclid FROM click_view WHERE segments.date = '{oldest}'")


def test_a_manager_has_no_metrics(served):
    query = "SELECT customer.id, metrics.clicks FROM customer"
    assert served.error(query, str(MANAGER)) == {"queryError": "REQUESTED_METRICS_FOR_MANAGER"}


def test_an_error_is_googles_error_object_and_within_an_array_for_a_stream(served):
    body = {"query": "SELECT campaign.nothing FROM campaign"}
    of_search = served.post(f"{POLAND}/googleAds:search", body).json()
    [of_stream] = served.post(f"{POLAND}/googleAds:searchStream", body).json()
    for answer in (of_search, of_stream):
        error = answer["error"]
        assert (error["code"], error["status"]) == (400, "INVALID_ARGUMENT")
        [detail] = error["details"]
        assert detail["@type"] == "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure"
        assert detail["errors"] == [
            {
                "errorCode": {"queryError": "UNRECOGNIZED_FIELD"},
                "message": "Unrecognized field in the query: 'campaign.nothing'.",
            }
        ]


def test_an_account_is_read_through_its_manager_alone(served):
    body = {"query": "SELECT customer.id FROM customer"}
    for headers in ({"login-customer-id": ""}, {"login-customer-id": GERMANY}):
        answer = served.post(f"{POLAND}/googleAds:search", body, **headers)
        assert answer.status_code == 403
        [single] = answer.json()["error"]["details"][0]["errors"]
        assert single["errorCode"] == {"authorizationError": "USER_PERMISSION_DENIED"}
    assert served.post("9999999999/googleAds:search", body).status_code == 403
    # Developer tokens have been ignored since September 2026.
    assert served.post(f"{POLAND}/googleAds:search", body, **{"developer-token": "anything"}).ok


@pytest.mark.parametrize(
    ("other", "status", "code"),
    [
        ({"client_id": "wrong"}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"refresh_token": "wrong"}, 400, "invalid_grant"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
    ],
)
def test_wrong_credentials_get_no_token(served, other, status, code):
    answer = asked(served.url, served.state, **other)
    assert (answer.status_code, answer.json()["error"]) == (status, code)


def test_an_access_token_must_be_known_and_expires(served, monkeypatch):
    body = {"query": "SELECT customer.id FROM customer"}
    unknown = GoogleAds(served.url, served.state, "never given out").post(f"{POLAND}/googleAds:search", body)
    assert (unknown.status_code, unknown.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    monkeypatch.setattr(gate, "TOKEN_SECONDS", -1)
    late = GoogleAds(served.url, served.state, asked(served.url, served.state).json()["access_token"])
    expired = late.post(f"{POLAND}/googleAds:search", body)
    [single] = expired.json()["error"]["details"][0]["errors"]
    assert single["errorCode"] == {"authenticationError": "OAUTH_TOKEN_EXPIRED"}


def test_the_operations_of_a_day_are_counted_and_begin_anew(fresh, monkeypatch):
    monkeypatch.setattr(gate, "OPERATIONS_PER_DAY", 3)
    body = {"query": "SELECT customer.id FROM customer"}
    answers = [fresh.post(f"{POLAND}/googleAds:searchStream", body) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    [single] = answers[-1].json()[0]["error"]["details"][0]["errors"]
    assert single["errorCode"] == {"quotaError": "RESOURCE_EXHAUSTED"}
    assert single["details"]["quotaErrorDetails"]["retryDelay"] == "54000s"
    fresh.state.forward(1)
    assert fresh.post(f"{POLAND}/googleAds:searchStream", body).ok


def test_pages_and_batches_hold_every_row_once(served, monkeypatch):
    query = (
        "SELECT segments.date, metrics.clicks FROM campaign WHERE segments.date BETWEEN '2026-01-01' AND '2026-08-31'"
    )
    whole = served.rows(query)
    monkeypatch.setattr(gate, "ROWS_PER_PAGE", 100)
    monkeypatch.setattr(gate, "ROWS_PER_BATCH", 100)
    batches = served.batches(query)
    assert len(batches) == -(-len(whole) // 100) > 2
    assert [row for batch in batches for row in batch["results"]] == whole
    assert ["queryResourceConsumption" in batch for batch in batches] == [False] * (len(batches) - 1) + [True]
    rows, token = [], ""
    while token is not None:
        body = {"query": query, "pageToken": token, "searchSettings": {"returnTotalResultsCount": True}}
        page = served.post(f"{POLAND}/googleAds:search", body).json()
        assert page["totalResultsCount"] == str(len(whole))
        rows, token = rows + page["results"], page.get("nextPageToken")
    assert rows == whole


@pytest.mark.parametrize(
    ("more", "code"), [({"pageSize": 50}, "PAGE_SIZE_NOT_SUPPORTED"), ({"pageToken": "zz"}, "INVALID_PAGE_TOKEN")]
)
def test_a_page_cannot_be_sized_nor_guessed(served, more, code):
    answer = served.post(f"{POLAND}/googleAds:search", {"query": "SELECT customer.id FROM customer"} | more)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["errors"][0]["errorCode"] == {"requestError": code}


def test_a_field_that_is_named_twice_is_answered_once(served):
    span = "FROM customer WHERE segments.date DURING LAST_30_DAYS"
    twice = served.batches(f"SELECT segments.month, metrics.clicks, segments.month {span}")
    once = served.batches(f"SELECT segments.month, metrics.clicks {span}")
    assert [batch["results"] for batch in twice] == [batch["results"] for batch in once]


def test_a_query_that_finds_nothing_is_answered_by_a_batch_without_results(served):
    [batch] = served.batches("SELECT campaign.id FROM campaign WHERE campaign.id = 1")
    assert "results" not in batch and batch["fieldMask"] == "campaign.id"


@pytest.mark.parametrize(
    "text", ["SELECT", "SELECT a FROM b WHERE", "SELECT a FROM b WHERE c = 'é' AND", "SELECT ; FROM b"]
)
def test_half_a_query_is_an_error_and_never_a_crash(text):
    with pytest.raises(GaqlError):
        parse(text)


def test_a_stream_is_json_however_it_is_cut(served):
    """The batches are one array: what is cut off anywhere is no JSON, and cannot be taken for the whole."""
    body = {"query": "SELECT campaign.id FROM campaign"}
    text = served.post(f"{POLAND}/googleAds:searchStream", body).text
    assert json.loads(text)
    for end in range(1, len(text), 7):
        with pytest.raises(json.JSONDecodeError):
            json.loads(text[:end])
