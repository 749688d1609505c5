"""The Meta source: what it makes of the vendor's records, and what it says when something is in its way.

That it loads everything once, under every fault, is tested for all sources in test_api_sources.py; that no cent is
lost, for all ad platforms in test_ad_platforms.py.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import pytest
from answering import Answer, answering
from speaking import credentials, speaking

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.simulator.server.meta_ads import insights as served_insights
from ingestion.simulator.server.state import State
from ingestion.sources.meta_ads import insights
from ingestion.sources.meta_ads.client import Client
from ingestion.sources.meta_ads.insights import insight_pages, insight_rows
from ingestion.sources.meta_ads.settings import MetaAdsSettings
from ingestion.sources.meta_ads.structure import structure_pages, utm_campaign

TOKEN = "made-up-token"
ACCOUNT = {"id": 7, "timezone_name": "Europe/Warsaw", "created_time": "2026-08-01T10:00:00+0200"}
# As the vendor's documentation shows them.
INSIGHT = {
    "campaign_id": "6042147342661", "adset_id": "6042147342861", "impressions": "2366", "clicks": "41",
    "inline_link_clicks": "33", "spend": "94.97",
    "actions": [
        {"action_type": "link_click", "value": "33"}, {"action_type": "post_engagement", "value": "35"},
        {"action_type": "lead", "value": "2"}, {"action_type": "offsite_conversion.fb_pixel_lead", "value": "2"},
    ],
    "date_start": "2026-08-28", "date_stop": "2026-08-28",
}  # fmt: skip
DONE = {"id": "6023", "async_status": "Job Completed", "async_percent_completion": 100}
FAILED_REPORT = DONE | {"async_status": "Job Failed", "async_percent_completion": 12}


def settings(url: str, **more: str) -> MetaAdsSettings:
    given = {"BASE_URL": url, "ACCOUNT_IDS": "act_7", "ACCESS_TOKEN": TOKEN} | more
    environment = {f"FUNNELHOUSE_META_ADS_{name}": value for name, value in given.items()}
    patience = {"FUNNELHOUSE_HTTP_ATTEMPTS": "3", "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.01"}
    return MetaAdsSettings.from_settings(Settings.from_environment(environment | patience))


@contextmanager
def asking(answer: Callable[[str, str], Answer], **more: str) -> Iterator[Client]:
    """A client of a Meta that answers as told; its clock says 9 September 2026, 23:30 UTC."""
    with answering(answer) as url:
        client = Client(settings(url, **more))
        client.now = datetime(2026, 9, 9, 23, 30)
        yield client


def refusal(code: int, message: str, subcode: int = 0, status: int = 400) -> tuple[int, dict]:
    error = {"message": message, "type": "OAuthException", "code": code, "fbtrace_id": "EJplcsCHuLu"}
    return status, {"error": error | ({"error_subcode": subcode} if subcode else {})}


@pytest.fixture
def served() -> Iterator[tuple[str, State]]:
    with speaking() as (url, state):
        yield url, state


def tried(url: str, state: State, data_dir: Path, **more: str) -> Load:
    own = {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_SOURCES": "meta_ads"}
    given = {f"FUNNELHOUSE_META_ADS_{name}": value for name, value in more.items()}
    return load("meta_ads", Settings.from_environment(own | credentials(url, state) | given))


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
        (refusal(190, "Error validating access token", 460, 401), "FUNNELHOUSE_META_ADS_ACCESS_TOKEN"),
        (refusal(190, "Error validating access token: Session has expired", 463, 401), "put in a new one"),
        (refusal(200, "(#200) Ad account owner has NOT grant ads_read", status=403), "permission ads_read"),
        (refusal(10, "(#10) Application does not have permission", status=403), "assigned to the ad account"),
        (refusal(100, "Unsupported get request", 33), "act_7 answered 400 (Unsupported get request, error 100, 33)"),
        (refusal(2635, "You are calling a deprecated version"), "FUNNELHOUSE_META_ADS_VERSION"),
        (refusal(17, "User request limit reached", 2446079), "again and again; try later"),
        (refusal(80000, "There have been too many calls"), "again and again; try later"),
        (refusal(2, "Service temporarily unavailable", status=500), "again and again; try later"),
        ((502, {}), "again and again; try later"),
    ],
)
def test_an_error_that_stays_is_one_line_that_says_what_to_do(answer, said):
    with asking(lambda *_: answer) as client, pytest.raises(Fault) as fault:
        client.get("act_7")
    assert said in str(fault.value)
    assert len(str(fault.value).splitlines()) == 1
    assert TOKEN not in str(fault.value)


@pytest.mark.parametrize("code", [1, 2, 4, 17, 32, 613, 80000, 80004])
def test_an_error_that_passes_is_asked_again(code):
    answers = iter([refusal(code, "for a moment"), {"id": "act_7"}])
    with asking(lambda *_: next(answers)) as client:
        assert client.get("act_7") == {"id": "act_7"}


def usage(minutes: float) -> dict:
    use = {"type": "ads_insights", "call_count": 100, "estimated_time_to_regain_access": minutes}
    return {"X-Business-Use-Case-Usage": json.dumps({"7": [use], "8": []})}


def test_meta_is_waited_for_as_long_as_it_says(monkeypatch):
    answers = iter([(*refusal(80004, "too many calls"), usage(2)), {"id": "act_7"}])
    paused = []
    with asking(lambda *_: next(answers)) as client:
        monkeypatch.setattr("ingestion.sources.meta_ads.client.time.sleep", paused.append)
        client.get("act_7")
    assert paused == [120]


def test_a_long_wait_is_told_instead_of_waited_for():
    asked = []
    answer = (*refusal(80004, "too many calls"), usage(43))
    with asking(lambda _, path: asked.append(path) or answer) as client, pytest.raises(Fault, match="in 43 minutes"):
        client.get("act_7")
    assert len(asked) == 1


def test_the_token_stands_in_no_address():
    """Also of a next page, whose address Meta gives with the token in it."""
    addresses = []

    def answer(_: str, path: str) -> Answer:
        addresses.append(path)
        following = {"next": f"https://graph.facebook.com/v25.0/x?access_token={TOKEN}&after=b"}
        return {"data": [{"id": "1"}], "paging": {"cursors": {"after": "b"}} | ({} if "after=" in path else following)}

    with asking(answer) as client:
        pages = list(client.listing("act_7/campaigns", 1, fields="id"))
    assert [after for _, after in pages] == ["b", None]
    assert len(addresses) == 2 and not any(TOKEN in address for address in addresses)


def test_a_page_that_is_too_large_is_asked_for_with_fewer_rows():
    sizes = []

    def answer(_: str, path: str) -> Answer:
        sizes.append(int(parse_qs(urlsplit(path).query)["limit"][0]))
        too_large = refusal(1, "Please reduce the amount of data you're asking for, then retry your request", 99)
        return too_large if sizes[-1] > 30 else {"data": [{"id": "1"}]}

    with asking(answer) as client:
        assert list(client.listing("act_7/ads", 100)) == [([{"id": "1"}], None)]
    assert sizes == [100, 50, 25]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ACCOUNT_IDS", "", "FUNNELHOUSE_META_ADS_ACCOUNT_IDS is empty"),
        ("ACCOUNT_IDS", "7, kolibri", "'kolibri' is not the number of an ad account"),
        ("ACCESS_TOKEN", "", "FUNNELHOUSE_META_ADS_ACCESS_TOKEN is empty"),
        ("VERSION", "25", "'25' is not a version such as"),
        ("BASE_URL", "graph.facebook.com", "is not an address"),
        ("SINCE", "spring", "'spring' is not a day"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name, value, said):
    with pytest.raises(Fault, match=said):
        settings("https://x", **{name: value})


def test_an_insight_becomes_figures_and_a_row_per_kind_of_action():
    figures, actions = insight_rows(INSIGHT, 7, "adset")
    assert figures == {
        "account_id": 7, "date": "2026-08-28", "adset_id": "6042147342861", "campaign_id": "6042147342661",
        "impressions": "2366", "clicks": "41", "inline_link_clicks": "33", "spend": "94.97",
    }  # fmt: skip
    assert [(row["action_type"], row["value"]) for row in actions] == [
        ("link_click", "33"), ("post_engagement", "35"), ("lead", "2"), ("offsite_conversion.fb_pixel_lead", "2"),
    ]  # fmt: skip
    assert {(row["account_id"], row["date"], row["adset_id"]) for row in actions} == {
        (7, "2026-08-28", "6042147342861")
    }


@pytest.mark.parametrize(
    ("creative", "tag"),
    [
        ({"url_tags": "utm_source=fb&utm_campaign=spring+sale"}, "spring sale"),
        ({"url_tags": "?utm_campaign={{campaign.name}}"}, "{{campaign.name}}"),
        ({"object_story_spec": {"link_data": {"link": "https://x.example/?utm_campaign=a#b"}}}, "a"),
        (
            {"object_story_spec": {"video_data": {"call_to_action": {"value": {"link": "https://x.y/?utm_campaign=v"}}}}},
            "v",
        ),
        ({"url_tags": "utm_campaign=tags", "object_story_spec": {"link_data": {"link": "x?utm_campaign=a"}}}, "tags"),
        ({"object_story_spec": {"link_data": {"link": "http://[x/?utm_campaign=a"}}}, None),
        ({"url_tags": "utm_medium=cpc"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_the_tag_of_an_ad_is_that_of_its_tags_or_of_its_address(creative, tag):
    assert utm_campaign(creative) == tag


class Reports:
    """Makes reports; `statuses` says, by how many were made, what each comes to."""

    def __init__(self, statuses: Callable[[int], Answer] = lambda _: DONE) -> None:
        self.statuses = statuses
        self.days: list[int] = []
        self.asked: list[str] = []

    def answer(self, method: str, path: str) -> Answer:
        self.asked.append(f"{method} {urlsplit(path).path}")
        if method == "POST":
            self.days.append(0)
            return {"report_run_id": str(6_000 + len(self.days))}
        if urlsplit(path).path.endswith("/insights"):
            return {"data": [INSIGHT]}
        number = int(urlsplit(path).path.rpartition("/")[2]) - 6_000
        return self.statuses(number) if number <= len(self.days) else refusal(100, "does not exist", 33)

    def pages(self, bookmark: dict | None = None, **more: str) -> list:
        with asking(self.answer, **more) as client:
            return list(insight_pages(client, ACCOUNT, "campaign", None, bookmark))


def test_days_are_the_accounts_own_by_metas_clock():
    pages = Reports().pages()
    named = {row["date"] for page in pages for row in page.deleted.get("campaign_insights", [])}
    assert (min(named), max(named)) == ("2026-08-01", "2026-09-10")
    assert pages[-1].deleted.keys() == {"campaign_insights", "campaign_actions"}


def test_meta_is_not_asked_for_days_that_it_has_forgotten():
    old = ACCOUNT | {"created_time": "2015-01-01T00:00:00+0100"}
    with asking(Reports().answer) as client:
        pages = list(insight_pages(client, old, "campaign", None, None))
    days = [date.fromisoformat(row["date"]) for page in pages for row in page.deleted.get("campaign_insights", [])]
    assert date(2023, 8, 10) < min(days) < date(2023, 8, 15)


def test_a_report_that_fails_once_is_made_anew():
    reports = Reports(lambda number: FAILED_REPORT if number == 1 else DONE)
    pages = reports.pages()
    assert len(reports.days) == 2
    assert [row["spend"] for page in pages for row in page.rows.get("campaign_insights", [])] == ["94.97"]


@pytest.mark.parametrize("status", ["Job Failed", "Job Skipped"])
def test_a_report_that_fails_again_is_made_for_fewer_days(status):
    reports = Reports(lambda number: DONE | {"async_status": status} if number <= 2 else DONE)
    pages = reports.pages()
    named = [row["date"] for page in pages for row in page.deleted.get("campaign_insights", [])]
    assert len(named) == len(set(named)) == 41
    assert len(reports.days) == 2 + 3


def test_a_report_that_is_too_much_is_made_for_fewer_days_at_once():
    too_much = FAILED_REPORT | {"error_code": 100, "error_subcode": 1487534}
    reports = Reports(lambda number: too_much if number == 1 else DONE)
    reports.pages()
    assert len(reports.days) == 1 + 3


def test_a_report_that_is_stuck_is_made_anew(monkeypatch):
    monkeypatch.setattr(insights, "LONGEST_SECONDS", 0.05)
    stuck = DONE | {"async_status": "Job Running", "async_percent_completion": 99}
    reports = Reports(lambda number: stuck if number == 1 else DONE)
    reports.pages()
    assert len(reports.days) == 2


def test_reports_that_always_fail_are_one_line():
    with pytest.raises(Fault, match="reports of 2026-08-01 to 2026-08-01 fail again and again"):
        Reports(lambda _: FAILED_REPORT).pages()


def test_a_load_that_broke_off_uses_its_report_again_and_makes_a_lost_one_anew():
    made = Reports()
    first = made.pages()[0].bookmark
    assert first["place"] == {"report": "6001", "after": None}
    again = Reports()
    again.days.append(0)
    again.pages(first)
    assert not any(asked.startswith("POST") for asked in again.asked)
    lost = Reports()
    lost.pages(first)
    assert sum(asked.startswith("POST") for asked in lost.asked) == 1


def test_a_cursor_that_is_no_longer_known_makes_the_listing_begin_anew():
    def answer(_: str, path: str) -> Answer:
        return refusal(100, "Invalid cursors values") if "after=" in path else {"data": [{"id": "1"}]}

    with asking(answer) as client:
        first, whole = structure_pages(client, 7, "campaigns", "old")
    assert [row["id"] for row in first.rows["campaigns"]] == ["1"]
    assert whole.deleted == {"campaigns": [{"account_id": 7}]}


@pytest.mark.parametrize("odd", [{"created_time": 3}, {"timezone_name": "Mars", "data": []}, {"data": 1}], ids=str)
def test_an_answer_of_another_shape_is_one_line_and_changes_nothing(odd, tmp_path):
    with answering(lambda *_: odd) as url:
        given = {"BASE_URL": url, "ACCOUNT_IDS": "7", "ACCESS_TOKEN": TOKEN}
        environment = {f"FUNNELHOUSE_META_ADS_{name}": value for name, value in given.items()}
        result = load("meta_ads", Settings.from_environment(environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path)}))
    assert result.status == FAILED and "is not understood" in result.message
    assert len(result.message.splitlines()) == 1


def test_an_account_that_is_not_there_is_one_line(served, tmp_path):
    url, state = served
    result = tried(url, state, tmp_path, ACCOUNT_IDS="17")
    assert result.status == FAILED and "FUNNELHOUSE_META_ADS_ACCOUNT_IDS: Meta shows no ad account 17" in result.message


def test_archived_campaigns_are_asked_for_too():
    asked = []
    with asking(lambda _, path: asked.append(parse_qs(urlsplit(path).query)) or {"data": []}) as client:
        for table in ("campaigns", "ad_sets", "ads"):
            list(structure_pages(client, 7, table, None))
    assert all("ARCHIVED" in json.loads(parameters["effective_status"][0]) for parameters in asked)


def test_what_meta_no_longer_states_goes_with_its_actions_and_older_days_stay(served, tmp_path, monkeypatch):
    url, state = served
    loaded(url, state, tmp_path)
    state.forward(1)
    told = served_insights._figures

    def fewer(world: object, level: str) -> object:
        rows = told(world, level)
        return rows[rows["date"].astype(str) < "2026-01-01"]

    monkeypatch.setattr(served_insights, "_figures", fewer)
    loaded(url, state, tmp_path)
    for table in ("campaign_insights", "campaign_actions", "ad_set_insights", "ad_set_actions"):
        gone = f"select min(date), max(date), count(*) from raw_meta_ads.{table} where _is_deleted"
        [(first, last, count)] = query(tmp_path, gone)
        assert count and str(first) >= "2026-06-03" and str(last) >= "2026-08-01"
        older = f"select count(*) from raw_meta_ads.{table} where date < '2026-06-03'"
        assert query(tmp_path, older) == query(tmp_path, f"{older} and not _is_deleted") != [(0,)]
