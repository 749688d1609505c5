"""The LinkedIn source: what it makes of the vendor's records, and what it says when something is in its way.

That it loads everything once, under every fault, is tested for all sources in test_api_sources.py; that no cent is
lost, for all ad platforms in test_ad_platforms.py.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote

import duckdb
import pytest
from answering import Answer, answering
from speaking import credentials, speaking

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.simulator.server.linkedin_ads import analytics as served_analytics
from ingestion.simulator.server.linkedin_ads import structure as served_structure
from ingestion.simulator.server.state import State
from ingestion.sources.linkedin_ads import analytics
from ingestion.sources.linkedin_ads.analytics import analytics_pages, analytics_row
from ingestion.sources.linkedin_ads.campaigns import campaign_pages, group_pages
from ingestion.sources.linkedin_ads.client import Client
from ingestion.sources.linkedin_ads.settings import LinkedInAdsSettings

# As the vendor's documentation and other clients' recorded answers show them.
ACCOUNT = {
    "test": False, "notifiedOnCreativeRejection": False, "servingStatuses": ["RUNNABLE"], "type": "BUSINESS",
    "version": {"versionTag": "6"}, "reference": "urn:li:organization:64265083", "name": "Jean’s Ad Account",
    "currency": "USD", "id": 508720451, "status": "ACTIVE",
    "changeAuditStamps": {"created": {"time": 1623665362000}, "lastModified": {"time": 1630107610000}},
}  # fmt: skip
GROUP = {
    "runSchedule": {"start": 1623665362312, "end": 1678686905000}, "test": False, "name": "Default Campaign Group",
    "changeAuditStamps": {"created": {"time": 1623665362000}, "lastModified": {"time": 1623665362000}},
    "totalBudget": {"currencyCode": "USD", "amount": "200"}, "servingStatuses": ["RUNNABLE"], "backfilled": True,
    "id": 615492066, "account": "urn:li:sponsoredAccount:508720451", "status": "ACTIVE",
}  # fmt: skip
CAMPAIGN = {
    "storyDeliveryEnabled": False, "pacingStrategy": "LIFETIME", "locale": {"country": "US", "language": "en"},
    "type": "SPONSORED_UPDATES", "optimizationTargetType": "MAX_REACH", "runSchedule": {"start": 1629581275652},
    "costType": "CPM", "creativeSelection": "OPTIMIZED", "unitCost": {"currencyCode": "USD", "amount": "15.69"},
    "changeAuditStamps": {"created": {"time": 1629581275000}, "lastModified": {"time": 1629849677000}},
    "dailyBudget": {"currencyCode": "USD", "amount": "10"}, "campaignGroup": "urn:li:sponsoredCampaignGroup:615492066",
    "id": 168387646, "account": "urn:li:sponsoredAccount:508720451", "status": "PAUSED", "name": "Brand awareness",
}  # fmt: skip
FIGURES = {
    "dateRange": {
        "start": {"month": 8, "year": 2023, "day": 25}, "end": {"month": 8, "year": 2023, "day": 25},
    },
    "pivotValues": ["urn:li:sponsoredCampaign:252074216"], "clicks": 106, "impressions": 19464,
    "costInLocalCurrency": "99.99999999999996", "oneClickLeads": 0, "externalWebsiteConversions": 3,
}  # fmt: skip


def settings(url: str, **more: str) -> LinkedInAdsSettings:
    given = {"BASE_URL": url, "LOGIN_URL": url, "ACCOUNT_IDS": "508720451", "ACCESS_TOKEN": "made-up-token"} | more
    environment = {f"FUNNELHOUSE_LINKEDIN_ADS_{name}": value for name, value in given.items()}
    patience = {"FUNNELHOUSE_HTTP_ATTEMPTS": "3", "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.01"}
    return LinkedInAdsSettings.from_settings(Settings.from_environment(environment | patience))


@contextmanager
def asking(answer: Callable[[str, str], Answer], **more: str) -> Iterator[Client]:
    """A client of a LinkedIn that answers as told."""
    with answering(answer) as url:
        yield Client(settings(url, **more))


def refusal(status: int, code: int, message: str) -> tuple[int, dict]:
    return status, {"status": status, "serviceErrorCode": code, "message": message}


@pytest.fixture
def served() -> Iterator[tuple[str, State]]:
    with speaking() as (url, state):
        yield url, state


def tried(url: str, state: State, data_dir: Path, **more: str) -> Load:
    own = {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_SOURCES": "linkedin_ads"}
    given = {f"FUNNELHOUSE_LINKEDIN_ADS_{name}": value for name, value in more.items()}
    return load("linkedin_ads", Settings.from_environment(own | credentials(url, state) | given))


def loaded(url: str, state: State, data_dir: Path, **more: str) -> Load:
    result = tried(url, state, data_dir, **more)
    assert result.status == LOADED, result.message
    return result


def query(data_dir: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (refusal(401, 65600, "Invalid access token"), "FUNNELHOUSE_LINKEDIN_ADS_ACCESS_TOKEN"),
        (refusal(401, 65601, "The token used in the request has been revoked by the user"), "revoked"),
        (refusal(401, 65602, "The token used in the request has expired"), "put in a new one"),
        (refusal(403, 100, "Not enough permissions to access this resource"), "r_ads and r_ads_reporting"),
        (refusal(404, 0, "Could not find entity"), "/rest/adAccounts/508720451 answered 404"),
        (refusal(426, 0, "Requested version 20210101 is not active"), "FUNNELHOUSE_LINKEDIN_ADS_VERSION"),
        (refusal(429, 101, "Too many requests"), "again and again; try later"),
        (refusal(500, 0, "Internal Server Error"), "again and again; try later"),
    ],
)
def test_an_error_that_stays_is_one_line_that_says_what_to_do(answer, said):
    with asking(lambda *_: answer) as client, pytest.raises(Fault) as fault:
        client.get("/rest/adAccounts/508720451")
    assert said in str(fault.value)
    assert len(str(fault.value).splitlines()) == 1
    assert "made-up" not in str(fault.value)


def test_calls_of_the_day_that_are_used_up_are_not_asked_for_again():
    message = "Resource level throttle APPLICATION_AND_MEMBER DAY limit for calls to this resource is reached."
    asked = []
    used_up = refusal(429, 101, message)
    with (
        asking(lambda _, path: asked.append(path) or used_up) as client,
        pytest.raises(Fault, match="calls of the day are used up"),
    ):
        client.get("/rest/adAccounts/508720451")
    assert len(asked) == 1


def test_an_expired_token_is_made_anew_from_the_refresh_token():
    tokens = iter(["first", "second"])
    answers = iter([refusal(401, 65602, "The token used in the request has expired"), {"id": 1}])

    def answer(_: str, path: str) -> Answer:
        return {"access_token": next(tokens)} if path.startswith("/oauth/v2") else next(answers)

    app = {"ACCESS_TOKEN": "", "CLIENT_ID": "id", "CLIENT_SECRET": "secret", "REFRESH_TOKEN": "refresh"}
    with asking(answer, **app) as client:
        assert client.get("/rest/adAccounts/1") == {"id": 1}
    assert next(tokens, None) is None


def test_a_page_of_html_is_told_with_the_setting():
    with asking(lambda *_: (200, {"x": 1})) as client, pytest.raises(Fault, match="FUNNELHOUSE_LINKEDIN_ADS_BASE_URL"):
        client._session.hooks["response"].append(lambda response, **_: setattr(response, "_content", b"<html>"))
        client.get("/rest/adAccounts/508720451")


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ACCOUNT_IDS", "", "FUNNELHOUSE_LINKEDIN_ADS_ACCOUNT_IDS is empty"),
        ("ACCOUNT_IDS", "5087, act_12", "'act_12' is not the number of an ad account"),
        ("ACCESS_TOKEN", "", "FUNNELHOUSE_LINKEDIN_ADS_REFRESH_TOKEN: empty; set all three"),
        ("VERSION", "2026-08", "'2026-08' is not a version such as"),
        ("BASE_URL", "api.linkedin.com", "is not an address"),
        ("SINCE", "spring", "'spring' is not a day"),
        ("LOOK_BACK_DAYS", "many", "'many' is not a number of days"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name, value, said):
    with pytest.raises(Fault, match=said):
        settings("https://x", **{name: value})


def test_records_as_the_api_gives_them_become_rows():
    def answer(_: str, path: str) -> Answer:
        if "adCampaignGroups" in path:
            return {"elements": [GROUP], "metadata": {}}
        if "adCampaigns" in path:
            return {"elements": [CAMPAIGN], "metadata": {"nextPageToken": ""}}
        assert unquote(path).endswith("(adEntity:(sponsoredCampaign:urn:li:sponsoredCampaign:168387646))")
        return {
            "customValueParameters": {"utm_campaign": "brand"},
            "dynamicValueParameters": {"utm_content": "CREATIVE_ID"},
        }

    with asking(answer) as client:
        [group, whole] = group_pages(client, 508720451, None)
        [campaign, _] = campaign_pages(client, 508720451, None, None)
    assert whole.deleted == {"campaign_groups": [{"account_id": 508720451}]}
    [row] = group.rows["campaign_groups"]
    assert (row["account_id"], row["started_at"], row["budget_amount"], row["budget_currency"]) == (
        508720451, 1623665362312, "200", "USD",
    )  # fmt: skip
    [row] = campaign.rows["campaigns"]
    assert (row["campaign_group_id"], row["ended_at"], row["budget_amount"]) == (615492066, None, None)
    assert [(row["parameter"], row["value"], row["is_dynamic"]) for row in campaign.rows["tracking_parameters"]] == [
        ("utm_campaign", "brand", False),
        ("utm_content", "CREATIVE_ID", True),
    ]


def test_a_campaign_without_parameters_has_none():
    def answer(_: str, path: str) -> Answer:
        return {"elements": [CAMPAIGN]} if "adCampaigns" in path else refusal(404, 0, "not found")

    with asking(answer) as client:
        page = next(iter(campaign_pages(client, 508720451, None, None)))
    assert page.rows["tracking_parameters"] == []
    assert page.deleted["tracking_parameters"] == [{"account_id": 508720451, "campaign_id": 168387646}]


@pytest.mark.parametrize(
    ("status", "changed", "asked"), [("PAUSED", 0, 0), ("PAUSED", 1, 1), ("ACTIVE", 0, 1)], ids=str
)
def test_parameters_are_asked_for_again_where_they_may_have_changed(status, changed, asked):
    cursor = CAMPAIGN["changeAuditStamps"]["lastModified"]["time"] - changed
    paths = []

    def answer(_: str, path: str) -> Answer:
        paths.append(path)
        return {"elements": [CAMPAIGN | {"status": status}]} if "adCampaigns" in path else {}

    with asking(answer) as client:
        list(campaign_pages(client, 508720451, cursor, None))
    assert sum("adTrackingParameters" in path for path in paths) == asked


def test_figures_as_the_api_gives_them_become_a_row():
    row = analytics_row(FIGURES, 508720451, "campaign_id")
    assert row == {
        "account_id": 508720451, "date": "2023-08-25", "campaign_id": 252074216, "clicks": 106, "impressions": 19464,
        "costInLocalCurrency": "99.99999999999996", "oneClickLeads": 0, "externalWebsiteConversions": 3,
    }  # fmt: skip


@pytest.mark.parametrize("refuses", [True, False], ids=["refused", "cut off"])
def test_an_answer_that_is_too_large_is_asked_for_in_parts(refuses, monkeypatch):
    """40 days of one campaign where an answer holds at most 15: no day is missing."""
    monkeypatch.setattr(analytics, "MOST_ELEMENTS", 15)

    def answer(_: str, path: str) -> Answer:
        parts = [int(text) for text in unquote(path).replace(")", ":").replace(",", ":").split(":") if text.isdigit()]
        first, last = parts[1:3], parts[4:6]
        days = [(month, day) for month in (8, 9) for day in range(1, 31) if first <= [month, day] <= last]
        if refuses and len(days) >= 15:
            return refusal(400, 0, "Response is too large")
        found = {"costInLocalCurrency": "1", "pivotValues": ["urn:li:sponsoredCampaign:1"]}
        start = [{"start": {"year": 2026, "month": month, "day": day}} for month, day in days]
        return {"elements": [found | {"dateRange": one} for one in start[:15]]}

    with asking(answer, SINCE="2026-08-01") as client:
        client.today = analytics.date(2026, 9, 9)
        account = {"id": 1, "changeAuditStamps": {"created": {"time": 0}}}
        pages = list(analytics_pages(client, account, "CAMPAIGN", None, None))
    found = [row["date"] for page in pages for row in page.rows.get("campaign_analytics", [])]
    assert len(found) == len(set(found)) == 39
    named = {row["date"] for page in pages for row in page.deleted.get("campaign_analytics", [])}
    assert {"2026-08-01", "2026-08-31", "2026-09-09"} <= named and len(named) == 40


def test_a_day_that_is_refused_is_told():
    with asking(lambda *_: refusal(400, 0, "Unknown field"), SINCE="2026-09-01") as client:
        client.today = analytics.date(2026, 9, 9)
        account = {"id": 1, "changeAuditStamps": {"created": {"time": 0}}}
        with pytest.raises(Fault, match="Unknown field"):
            list(analytics_pages(client, account, "CAMPAIGN", None, None))


def test_a_page_token_that_is_no_longer_known_makes_the_listing_begin_anew():
    def answer(_: str, path: str) -> Answer:
        return refusal(400, 0, "Invalid pageToken") if "pageToken" in path else {"elements": [GROUP], "metadata": {}}

    with asking(answer) as client:
        first = next(group_pages(client, 508720451, "old"))
    assert [row["id"] for row in first.rows["campaign_groups"]] == [615492066]


@pytest.mark.parametrize("odd", [{}, {"id": "many"}, {"id": 7, "changeAuditStamps": []}], ids=str)
def test_an_answer_of_another_shape_is_one_line_and_changes_nothing(odd, tmp_path):
    with answering(lambda *_: odd) as url:
        given = {"BASE_URL": url, "ACCOUNT_IDS": "7", "ACCESS_TOKEN": "made-up-token"}
        environment = {f"FUNNELHOUSE_LINKEDIN_ADS_{name}": value for name, value in given.items()}
        result = load("linkedin_ads", Settings.from_environment(environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path)}))
    assert result.status == FAILED and "is not understood" in result.message
    assert len(result.message.splitlines()) == 1


def test_an_account_that_is_not_there_is_one_line(served, tmp_path):
    url, state = served
    result = tried(url, state, tmp_path, ACCOUNT_IDS="17")
    assert (
        result.status == FAILED
        and "FUNNELHOUSE_LINKEDIN_ADS_ACCOUNT_IDS: LinkedIn has no ad account 17" in result.message
    )


def test_an_account_that_is_connected_later_is_read_from_its_beginning(served, tmp_path):
    url, state = served
    first, second, _ = credentials(url, state)["FUNNELHOUSE_LINKEDIN_ADS_ACCOUNT_IDS"].split(",")
    loaded(url, state, tmp_path, ACCOUNT_IDS=first)
    state.forward(1)
    loaded(url, state, tmp_path, ACCOUNT_IDS=f"{first},{second}")
    days = dict(query(tmp_path, "select account_id, min(date) from raw_linkedin_ads.campaign_analytics group by 1"))
    assert str(days[int(second)]) < "2026-01-01"


def test_what_linkedin_no_longer_states_goes_and_older_days_stay(served, tmp_path, monkeypatch):
    url, state = served
    loaded(url, state, tmp_path)
    state.forward(1)
    told = served_analytics._figures

    def fewer(world: object, pivot: str) -> object:
        rows = told(world, pivot)
        return rows[rows["date"].astype(str) < "2026-01-01"]

    monkeypatch.setattr(served_analytics, "_figures", fewer)
    loaded(url, state, tmp_path)
    gone = "select min(date), max(date), count(*) from raw_linkedin_ads.campaign_analytics where _is_deleted"
    [(first, last, count)] = query(tmp_path, gone)
    assert count and str(first) >= "2026-06-03" and str(last) >= "2026-08-30"
    older = "select count(*) from raw_linkedin_ads.campaign_analytics where date < '2026-06-03'"
    assert query(tmp_path, older) == query(tmp_path, f"{older} and not _is_deleted") != [(0,)]


def test_a_campaign_that_is_gone_takes_its_parameters_along_and_leaves_its_figures(served, tmp_path, monkeypatch):
    url, state = served
    loaded(url, state, tmp_path)
    state.forward(1)
    monkeypatch.setattr(served_structure, "_page", lambda *_: {"elements": []})
    loaded(url, state, tmp_path)
    gone = "select count(*) > 0 from raw_linkedin_ads.{} where _is_deleted"
    tables = ("campaign_groups", "campaigns", "tracking_parameters", "campaign_analytics")
    found = {table: query(tmp_path, gone.format(table)) for table in tables}
    assert list(found.values()) == [[(True,)], [(True,)], [(True,)], [(False,)]]
