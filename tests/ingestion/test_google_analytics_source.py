"""The Google Analytics source: what it makes of reports, and what it says when something is in its way.

That it loads everything once, under every fault, is tested for all sources in test_api_sources.py.
"""

# ruff: noqa: E501

import json
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
import requests
from speaking import NOW, credentials, speaking

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.simulator import analytics
from ingestion.simulator.server.google_analytics import gate
from ingestion.simulator.server.google_analytics.channels import channel_group
from ingestion.simulator.server.state import State
from ingestion.sources.google_analytics import client
from ingestion.sources.google_analytics.reports import notice, report_rows, session_pages
from ingestion.sources.google_analytics.settings import GoogleAnalyticsSettings

PREFIX = "FUNNELHOUSE_GOOGLE_ANALYTICS_"
# A short history makes a load short.
SINCE = "2026-08-01"
KEY = "property_id, date, session_default_channel_group, session_source, session_medium, session_campaign_name"


class Loads:
    """Loads from a server into one data directory."""

    def __init__(self, url: str, state: State, folder: Path) -> None:
        self.url, self.state, self.folder = url, state, folder

    def load(self, **more: str) -> Load:
        own = {"FUNNELHOUSE_DATA_DIR": str(self.folder), "FUNNELHOUSE_SOURCES": "google_analytics"}
        own |= credentials(self.url, self.state) | {f"{PREFIX}SINCE": SINCE} | more
        return load("google_analytics", Settings.from_environment(own))

    def loaded(self, **more: str) -> Load:
        result = self.load(**more)
        assert result.status == LOADED, result.message
        return result

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.folder / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def standing(self) -> list[tuple]:
        """What stands, by day and origin: sessions, page views, key events."""
        return self.query(
            f"""
            select date::varchar, session_default_channel_group, session_source, session_medium, session_campaign_name,
                sessions, screen_page_views, key_events
            from raw_google_analytics.sessions_daily
            qualify row_number() over (partition by {KEY} order by _loaded_at desc, _dlt_load_id desc) = 1 and not _is_deleted
            order by all
            """
        )


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Loads]:
    with speaking() as (url, state):
        yield Loads(url, state, tmp_path)


def stated(state: State, since: str = SINCE) -> list[tuple]:
    """What the tool says now, from the story itself."""
    made = analytics.sessions(analytics.hits(state.story, state.now))
    made = made.assign(day=pd.to_datetime(made["date"]).dt.strftime("%Y-%m-%d"))
    made = made[made["day"] >= since]
    figures = made.groupby(["day", "source", "medium", "campaign"]).agg(
        sessions=("visitor_id", "size"), views=("page_views", "sum"), events=("key_events", "sum")
    )
    rows = [(*key, *figure) for key, *figure in figures.itertuples(name=None)]
    return sorted(
        (day, channel_group(*origin), *origin, *map(int, figure))
        for day, *origin, a, b, c in rows
        for figure in [(a, b, c)]
    )


def test_ten_daily_loads_with_restatements_hold_what_the_tool_states_at_the_end(served):
    served.loaded()
    assert served.standing() == stated(served.state)
    for _ in range(10):
        served.state.forward(1)
        served.loaded()
    assert served.standing() == stated(served.state)
    [(gone, restated)] = served.query(
        "select count(*) filter (_is_deleted), count(*) filter (not _is_deleted and not _is_backfilled) from raw_google_analytics.sessions_daily"
    )
    assert gone > 0, "nothing was ever taken back"
    assert restated > gone
    # What is final is the story's own.
    final = (NOW - timedelta(days=5)).date().isoformat()
    served.state.forward(25)
    assert [row for row in served.standing() if row[0] <= final] == [
        row for row in stated(served.state) if row[0] <= final
    ]


def test_only_the_look_back_is_read_again(served):
    first = served.loaded().row_count
    again = served.loaded(**{f"{PREFIX}LOOK_BACK_DAYS": "3"}).row_count
    assert 0 < again < first / 3
    days = {row[0] for row in served.standing()}
    [(cursor,)] = served.query("select cursor from raw_google_analytics.cursors")
    assert json.loads(cursor) == {"newest": max(days)}


def test_a_service_account_reads_by_its_key_file(served, tmp_path):
    path = tmp_path / "key.json"
    path.write_text(json.dumps(gate.key_file(served.url)))
    own = dict.fromkeys(
        (f"{PREFIX}CLIENT_ID", f"{PREFIX}CLIENT_SECRET", f"{PREFIX}REFRESH_TOKEN", f"{PREFIX}TOKEN_URL"), ""
    )
    assert served.loaded(**own, **{f"{PREFIX}CREDENTIALS_FILE": str(path)}).row_count > 0
    other = gate.rsa.generate_private_key(65_537, 2_048)
    pem = other.private_bytes(gate.Encoding.PEM, gate.PrivateFormat.PKCS8, gate.NoEncryption()).decode()
    path.write_text(json.dumps(gate.key_file(served.url) | {"private_key": pem}))
    result = served.load(**own, **{f"{PREFIX}CREDENTIALS_FILE": str(path)})
    assert result.status == FAILED
    assert result.message.startswith(f"{PREFIX}CREDENTIALS_FILE: Google does not accept the key of funnelhouse@")
    assert "BEGIN" not in result.message


@pytest.mark.parametrize(
    "content",
    [
        "nonsense",
        "[]",
        '{"client_email": "a@b.example"}',
        '{"client_email": "a", "private_key": "s3cret", "token_uri": "http://b.example"}',
        '{"client_email": "a", "private_key": 5, "token_uri": "b"}',
    ],
)
def test_a_file_that_is_no_key_is_one_line_without_its_content(tmp_path, content):
    path = tmp_path / "key.json"
    path.write_text(content)
    environment = {f"{PREFIX}PROPERTY_IDS": "1", f"{PREFIX}CREDENTIALS_FILE": str(path)}
    with pytest.raises(Fault, match="is not the JSON key of a service account") as fault:
        GoogleAnalyticsSettings.from_settings(Settings.from_environment(environment))
    assert "s3cret" not in str(fault.value)
    path.unlink()
    with pytest.raises(Fault, match=f"{PREFIX}CREDENTIALS_FILE: .* cannot be read"):
        GoogleAnalyticsSettings.from_settings(Settings.from_environment(environment))


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PROPERTY_IDS", "", "PROPERTY_IDS is empty"),
        ("PROPERTY_IDS", "G-ABC123", "'G-ABC123' is not the number of a property"),
        ("CLIENT_ID", "", "CLIENT_ID is empty"),
        ("CLIENT_SECRET", "", "CLIENT_SECRET is empty"),
        ("REFRESH_TOKEN", "", "REFRESH_TOKEN is empty"),
        ("CLIENT_SECRET", "wrong-secret", "CLIENT_SECRET: Google does not accept"),
        ("REFRESH_TOKEN", "wrong-secret", "REFRESH_TOKEN has expired"),
        ("PROPERTY_IDS", "999", "property 999: User does not have sufficient permissions"),
        ("BASE_URL", "analytics", "BASE_URL: 'analytics' is not an address"),
        ("TOKEN_URL", "token", "TOKEN_URL: 'token' is not an address"),
        ("SINCE", "May", "SINCE: 'May' is not a day"),
        ("LOOK_BACK_DAYS", "-1", "LOOK_BACK_DAYS: '-1' is not a whole number"),
    ],
)
def test_a_wrong_setting_is_one_line_that_names_it(served, name, value, words):
    result = served.load(**{f"{PREFIX}{name}": value})
    assert result.status == FAILED
    assert words in result.message
    assert len(result.message.splitlines()) == 1
    assert "wrong-secret" not in result.message


def refusal(code: int, status: str, message: str, *reasons: str) -> tuple[int, dict]:
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason} for reason in reasons]
    return code, {"error": {"code": code, "message": message, "status": status, "details": details}}


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (
            refusal(403, "PERMISSION_DENIED", "User does not have sufficient permissions for this property."),
            f"give the Google account behind {PREFIX}REFRESH_TOKEN the role Viewer",
        ),
        (
            refusal(403, "PERMISSION_DENIED", "It is disabled.", "SERVICE_DISABLED"),
            "enable the Google Analytics Data API",
        ),
        (
            refusal(403, "PERMISSION_DENIED", "Insufficient scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
            "analytics.readonly",
        ),
        (
            refusal(429, "RESOURCE_EXHAUSTED", "Exhausted property tokens per hour."),
            "Exhausted property tokens per hour. (RESOURCE_EXHAUSTED); the load goes on where it stopped",
        ),
        (refusal(401, "UNAUTHENTICATED", "Invalid credentials."), "fresh access tokens are refused as well"),
        (
            refusal(503, "UNAVAILABLE", "Currently\nunavailable."),
            "Currently unavailable. (status 503), again and again",
        ),
        (
            refusal(400, "INVALID_ARGUMENT", "Field x is no dimension."),
            "refused a report of property 7: Field x is no dimension.",
        ),
        ((404, {}), f"is {PREFIX}BASE_URL right?"),
    ],
)
def test_what_google_answers_instead_of_a_report_is_one_line(monkeypatch, answer, words):
    def answered(_session: object, _vendor: str, _method: str, url: str, **_: object) -> requests.Response:
        response = requests.Response()
        is_token = url.endswith("/token")
        response.status_code, body = (200, {"access_token": "ya29"}) if is_token else answer
        response._content = json.dumps(body).encode()
        return response

    monkeypatch.setattr(client, "ask", answered)
    own = Told(lambda _: {}).settings
    with pytest.raises(Fault) as fault:
        client.Client(own).report("7", {})
    assert words in str(fault.value)
    assert "\n" not in str(fault.value)
    assert "ya29" not in str(fault.value)


def test_properties_may_be_written_as_google_names_them():
    environment = {f"{PREFIX}{name}": "x" for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")}
    environment[f"{PREFIX}PROPERTY_IDS"] = "properties/12, 34,,12"
    settings = GoogleAnalyticsSettings.from_settings(Settings.from_environment(environment))
    assert settings.property_ids == ("12", "34")
    assert settings.login.token_url == "https://oauth2.googleapis.com/token"
    assert settings.look_back_days == 14


# As Google's documentation shows an answer.
DOCUMENTED = {
    "dimensionHeaders": [{"name": "date"}, {"name": "sessionSource"}],
    "metricHeaders": [{"name": "sessions", "type": "TYPE_INTEGER"}, {"name": "keyEvents", "type": "TYPE_FLOAT"}],
    "rows": [
        {
            "dimensionValues": [{"value": "20260801"}, {"value": "google"}],
            "metricValues": [{"value": "3"}, {"value": "0.5"}],
        },
        {"dimensionValues": [{"value": "20260801"}, {}], "metricValues": [{"value": "1"}, {"value": "0"}]},
        {
            "dimensionValues": [{"value": "(other)"}, {"value": "bing"}],
            "metricValues": [{"value": "2"}, {"value": "0"}],
        },
    ],
    "rowCount": 3,
    "metadata": {"currencyCode": "EUR", "timeZone": "Europe/Warsaw"},
    "kind": "analyticsData#runReport",
}


def test_rows_are_named_by_the_headers_and_days_are_days():
    assert report_rows("7", DOCUMENTED) == [
        {"property_id": "7", "date": "2026-08-01", "sessionSource": "google", "sessions": "3", "keyEvents": "0.5"},
        {"property_id": "7", "date": "2026-08-01", "sessionSource": "(empty)", "sessions": "1", "keyEvents": "0"},
        {"property_id": "7", "date": "(other)", "sessionSource": "bing", "sessions": "2", "keyEvents": "0"},
    ]
    assert report_rows("7", {"kind": "analyticsData#runReport"}) == []


@pytest.mark.parametrize(
    ("metadata", "words"),
    [
        ({"subjectToThresholding": True}, "rows with few visitors are withheld"),
        ({"dataLossFromOtherRow": True}, "stand together in the row '(other)'"),
        ({"samplingMetadatas": [{"samplesReadCount": "500", "samplingSpaceSize": "1000"}]}, "estimated from a sample"),
    ],
)
def test_what_google_withholds_or_estimates_is_told(metadata, words):
    assert words in notice("7", DOCUMENTED | {"metadata": metadata})
    assert notice("7", DOCUMENTED) is None


class Told:
    """A client that is answered by a function; it remembers what it asked."""

    def __init__(self, answer: Callable[[dict], dict], since: date = date(2026, 1, 1)) -> None:
        environment = {
            f"{PREFIX}{name}": "1" for name in ("PROPERTY_IDS", "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")
        }
        environment[f"{PREFIX}SINCE"] = since.isoformat()
        self.settings = GoogleAnalyticsSettings.from_settings(Settings.from_environment(environment))
        self.answer = answer
        self.asked: list[dict] = []

    def report(self, property_id: str, request: dict[str, Any]) -> dict[str, Any]:
        self.asked.append(request)
        return self.answer(request)


def days(*texts: str, row_count: int | None = None) -> dict[str, Any]:
    rows = [{"dimensionValues": [{"value": text}], "metricValues": [{"value": "1"}]} for text in texts]
    count = len(rows) if row_count is None else row_count
    return {
        "dimensionHeaders": [{"name": "date"}],
        "metricHeaders": [{"name": "sessions"}],
        "rows": rows,
        "rowCount": count,
    }


def test_a_property_without_any_data_has_no_pages():
    assert list(session_pages(Told(lambda _: {"kind": "analyticsData#runReport"}), "1", None, None)) == []


def test_the_newest_day_is_googles_and_the_last_report_ends_with_googles_today():
    told = Told(lambda request: days("20260310"))
    pages = list(session_pages(told, "1", {"newest": "2026-03-09"}, None))
    asked = [request["dateRanges"][0] for request in told.asked[1:]]
    assert asked == [
        {"startDate": "2026-02-23", "endDate": "2026-02-28"},
        {"startDate": "2026-03-01", "endDate": "today"},
    ]
    read_again = [key["date"] for page in pages for key in page.deleted["sessions_daily"]]
    assert read_again == [str(day.date()) for day in pd.date_range("2026-02-23", "2026-03-10")]
    assert pages[-1].cursor == {"newest": "2026-03-10"}


def test_a_day_that_google_forgot_is_read_again_all_the_same():
    pages = list(session_pages(Told(lambda request: days("20260305")), "1", {"newest": "2026-03-09"}, None))
    assert {"property_id": "1", "date": "2026-03-09"} in pages[-1].deleted["sessions_daily"]
    assert pages[-1].cursor == {"newest": "2026-03-09"}


def test_pages_go_on_where_the_last_one_ended_however_few_rows_it_had():
    answers = iter([days("20260101", "20260102", row_count=3), days("20260105", row_count=3)] * 2)
    told = Told(lambda _: next(answers))
    pages = list(session_pages(told, "1", None, None))
    assert [request.get("offset") for request in told.asked] == ["0", "2", "0", "2"]
    assert [page.bookmark for page in pages] == [{"day": "2026-01-01", "offset": 2}, {"day": "2026-02-01", "offset": 0}]
    resumed = Told(lambda request: days("20260105"))
    list(session_pages(resumed, "1", None, pages[0].bookmark))
    assert [request.get("offset") for request in resumed.asked] == ["0", "2"]


def test_the_row_of_all_others_has_no_day_and_is_kept_from_the_days():
    pages = list(session_pages(Told(lambda _: days("20260105", "(other)")), "1", None, None))
    assert [row["date"] for row in pages[-1].rows["sessions_daily"]] == ["2026-01-05", "(other)"]
    assert pages[-1].cursor == {"newest": "2026-01-05"}


def test_a_report_that_says_more_rows_than_it_gives_comes_to_an_end():
    told = Told(lambda request: days("20260105", row_count=9) if request["offset"] == "0" else days(row_count=9))
    pages = list(session_pages(told, "1", None, None))
    assert [len(page.rows["sessions_daily"]) for page in pages] == [1, 0]
