"""The Google Ads source: money in is money out, and it says clearly when something is in its way.

That it loads everything once, under every fault, is tested for all sources in test_api_sources.py.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from refreshing import run_funnelhouse
from requests import Response
from speaking import NOW, credentials, speaking

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import FAILED, LOADED, Load, load
from ingestion.simulator.advertising import advertising
from ingestion.simulator.server.google_ads import gate
from ingestion.simulator.server.google_ads.world import World
from ingestion.simulator.server.state import State
from ingestion.sources.google_ads.accounts import utm_campaigns
from ingestion.sources.google_ads.client import Client
from ingestion.sources.google_ads.figures import click_row, performance_row
from ingestion.sources.google_ads.settings import GoogleAdsSettings

# A shorter history makes a load shorter; it is longer than what Google restates.
SINCE, RECENTLY = "2026-05-20", "2026-07-25"
PREFIX = "FUNNELHOUSE_GOOGLE_ADS_"
# The unified models hold the staging to the types of their contract.
MODELS = "models/staging/google_ads sources campaign_identities campaigns campaign_aliases campaign_spend_daily"
# Of several campaigns, by somebody's carelessness.
SHARED_TAG = "always-on"
PERFORMANCE = {
    "campaign_performance": "campaign_id",
    "ad_group_performance": "ad_group_id",
    "customer_performance": "customer_id",
}


def environment(url: str, state: State, data_dir: Path, **more: str) -> dict[str, str]:
    own = {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_SOURCES": "google_ads", f"{PREFIX}SINCE": SINCE}
    return own | credentials(url, state) | {f"{PREFIX}{name}": value for name, value in more.items()}


def attempted(url: str, state: State, data_dir: Path, **more: str) -> Load:
    return load("google_ads", Settings.from_environment(environment(url, state, data_dir, **more)))


def loaded(url: str, state: State, data_dir: Path, **more: str) -> Load:
    result = attempted(url, state, data_dir, **more)
    assert result.status == LOADED, result.message
    return result


def query(data_dir: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def stated(data_dir: Path, table: str) -> list[tuple]:
    """The figures that stand in a raw table, by day and number."""
    number = PERFORMANCE[table]
    return query(
        data_dir,
        f"""
        select date::varchar, {number}, impressions, clicks, cost_micros, round(conversions, 6)
        from raw_google_ads.{table}
        qualify row_number() over (
            partition by date, {number} order by _loaded_at desc, _dlt_load_id desc
        ) = 1 and not _is_deleted
        order by all
        """,
    )


def suffixed(campaigns: pd.DataFrame) -> pd.DataFrame:
    """The campaigns whose tag stands in their final URL suffix."""
    return campaigns[(campaigns["channel"] == "paid_search") & (campaigns["number"] % 2 == 0)]


@pytest.fixture
def served() -> Iterator[tuple[str, State]]:
    with speaking() as (url, state):
        yield url, state


@pytest.fixture(scope="module")
def after_ten_days(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, State]]:
    """A warehouse with what dbt makes of ten daily loads, each of which found days restated, and the state then."""
    data_dir = tmp_path_factory.mktemp("daily")
    campaigns = World._campaign

    def with_shared_tag(world: World) -> pd.DataFrame:
        rows = campaigns(world)
        return rows.assign(
            **{"campaign.final_url_suffix": rows["campaign.final_url_suffix"] + f"&utm_campaign={SHARED_TAG}"}
        )

    with speaking() as (url, state):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(World, "_campaign", with_shared_tag)
            loaded(url, state, data_dir)
            for _ in range(10):
                state.forward(1)
                assert loaded(url, state, data_dir).changed_count
        built = run_funnelhouse(
            f"exec dbt build --indirect-selection cautious --select {MODELS}", environment(url, state, data_dir)
        )
        assert built.returncode == 0, built.stdout
        yield data_dir, state


def test_money_in_is_money_out_to_the_cent_after_ten_days_of_restatements(after_ten_days):
    data_dir, state = after_ten_days
    ads = advertising(state.story, "google_ads", state.now)
    performance = ads.performance[ads.performance["date"] >= SINCE]
    currencies = ads.accounts.set_index("number")["currency"]
    by_day = performance.assign(currency=performance["account"].map(currencies), date=performance["date"].astype(str))
    wanted = by_day.groupby(["currency", "date"])[["impressions", "clicks", "cost_micros", "conversions"]].sum()
    found = query(
        data_dir,
        """
        select
            currency, date::varchar, sum(impressions)::bigint, sum(clicks)::bigint,
            round(sum(cost_amount_local) * 1e6)::bigint, sum(platform_conversions)
        from staging.stg_google_ads__campaign_spend_daily
        where not is_deleted
        group by all
        """,
    )
    assert len(found) == len(wanted) > 200
    for currency, day, impressions, clicks, micros, conversions in found:
        expected = wanted.loc[(currency, day)]
        assert (impressions, clicks, micros) == tuple(expected[["impressions", "clicks", "cost_micros"]])
        assert conversions == pytest.approx(expected["conversions"], abs=1e-6)


def test_what_google_states_of_an_account_is_what_its_campaigns_add_up_to(after_ten_days):
    data_dir, _ = after_ten_days
    by_day = "select currency, date, round(sum(cost_amount_local) * 1e6)::bigint from staging.stg_google_ads__{}"
    by_day += " where not is_deleted group by all having sum(cost_amount_local) != 0 order by all"
    stated, spent = (query(data_dir, by_day.format(name)) for name in ("stated_spend_daily", "campaign_spend_daily"))
    assert len(stated) > 200
    assert stated == spent


def test_what_is_final_is_what_the_company_really_spent(after_ten_days):
    data_dir, state = after_ten_days
    campaigns = state.story.entities["campaigns"].set_index("campaign_id")["platform"]
    spent = state.story.known("campaign_spend_daily", state.now)
    spent = spent[(spent["campaign_id"].map(campaigns) == "Google Ads") & (spent["date"] >= SINCE)]

    def found(column: str, until: date) -> dict[tuple[str, date], float]:
        sql = f"select currency, date, sum({column}) from staging.stg_google_ads__campaign_spend_daily"
        rows = query(data_dir, f"{sql} where not is_deleted and date <= '{until}' group by all")
        return {(currency, day): amount for currency, day, amount in rows if amount}

    for column, days in {"cost_amount_local": 5, "clicks": 5, "platform_conversions": 92}.items():
        until = state.now.date() - timedelta(days=days)
        truth = spent[spent["date"] <= str(until)].groupby(["currency", "date"])[column].sum()
        wanted = {(currency, day.date()): amount for (currency, day), amount in truth.items() if amount}
        assert found(column, until) == pytest.approx(wanted)
        assert len(truth) > 15


def test_a_campaign_keeps_what_its_groups_do_not_explain(after_ten_days):
    data_dir, state = after_ten_days
    ads = advertising(state.story, "google_ads", state.now)
    whole = ads.performance[ads.performance["group"].isna() & (ads.performance["date"] >= SINCE)]
    sql = "select campaign_id, count(*) from staging.stg_google_ads__campaign_spend_daily"
    found = dict(query(data_dir, f"{sql} where campaign_id not like '%/%' and not is_deleted group by 1"))
    assert found == {f"google_ads:{number}": count for number, count in whole["campaign"].value_counts().items()}
    assert found


def test_every_click_tag_and_number_finds_its_campaign(after_ten_days):
    data_dir, state = after_ten_days
    ads = advertising(state.story, "google_ads", state.now)
    found = dict(query(data_dir, "select alias, campaign_id from staging.stg_google_ads__campaign_aliases"))
    number = ads.campaigns.set_index("campaign_id")["number"]
    tags = {row.tag: f"google_ads:{row.number}" for row in ads.campaigns.itertuples()}
    tags[SHARED_TAG] = f"google_ads:{suffixed(ads.campaigns)['number'].max()}"
    numbers = {str(one): f"google_ads:{one}" for one in ads.campaigns["number"]}
    groups = {str(row.number): f"google_ads:{row.campaign}/{row.number}" for row in ads.groups.itertuples()}
    done = state.story.entities["activities"]
    done = done[done["clicked_campaign_id"].isin(number.index) & done["click_id"].fillna("").str.startswith("gclid:")]
    # What Google told at the first load, 90 days back, to the last day of which it has stated figures.
    local = done["occurred_at"].dt.tz_localize("UTC").dt.tz_convert("Europe/Warsaw").dt.date
    done = done[(local >= NOW.date() - timedelta(days=89)) & (local < state.now.date())]
    clicks = {row.click_id: f"google_ads:{number[row.clicked_campaign_id]}" for row in done.itertuples()}
    assert len(clicks) > 15
    assert found == tags | numbers | groups | clicks


def test_groups_are_campaigns_below_their_campaign(after_ten_days):
    data_dir, state = after_ten_days
    ads = advertising(state.story, "google_ads", state.now)
    sql = "select campaign_id, campaign_name, platform, parent_campaign_id, start_date, end_date, currency"
    found = query(data_dir, f"{sql} from staging.stg_google_ads__campaigns")
    assert len(found) == len(ads.campaigns) + len(ads.groups)
    assert {platform for _, _, platform, *_ in found} == {"Google Ads"}
    ended = [row for row in found if row[0] == "google_ads:21000015838"]
    assert ended == [
        (
            "google_ads:21000015838",
            "PL_search_competitor",
            "Google Ads",
            None,
            date(2025, 9, 10),
            date(2026, 3, 12),
            "PLN",
        )
    ]
    assert {row[0].rpartition("/")[0] for row in found if row[3]} == {row[3] for row in found if row[3]}


def test_after_a_pause_every_day_is_read_again_that_was_not_final_before(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path / "paused")
    state.forward(40)
    loaded(url, state, tmp_path / "paused")
    loaded(url, state, tmp_path / "once")
    for table in PERFORMANCE:
        assert stated(tmp_path / "paused", table) == stated(tmp_path / "once", table)


def test_what_google_states_no_more_goes_and_what_is_older_stays(served, tmp_path, monkeypatch):
    url, state = served
    loaded(url, state, tmp_path, SINCE=RECENTLY, LOOK_BACK_DAYS="10")
    before = {table: stated(tmp_path, table) for table in PERFORMANCE}
    facts = World._facts
    withdrawn = [date(2026, 8, 1), date(2026, 8, 28)]
    monkeypatch.setattr(World, "_facts", lambda self: facts(self)[lambda rows: ~rows["segments.date"].isin(withdrawn)])
    state.forward(0)
    loaded(url, state, tmp_path, SINCE=RECENTLY, LOOK_BACK_DAYS="10")
    for table in PERFORMANCE:
        assert stated(tmp_path, table) == [row for row in before[table] if row[0] != "2026-08-28"] != before[table]


def test_figures_that_are_refused_keep_their_last_good_version(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path, SINCE=RECENTLY)
    before = stated(tmp_path, "campaign_performance")
    state.faults.set({"changed_type": 1.0}, ("google_ads",))
    assert loaded(url, state, tmp_path, SINCE=RECENTLY).quarantined_count > 10
    assert stated(tmp_path, "campaign_performance") == before


def test_clicks_that_google_has_forgotten_stay_known(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path, SINCE="2026-06-25")
    known = set(query(tmp_path, "select gclid from raw_google_ads.click_views"))
    state.forward(40)
    loaded(url, state, tmp_path, SINCE="2026-06-25")
    sql = "select gclid from raw_google_ads.click_views where not _is_deleted"
    assert known < set(query(tmp_path, sql))
    assert query(tmp_path, "select count(*) from raw_google_ads.click_views where _is_deleted") == [(0,)]


def test_clicks_are_asked_for_on_days_with_clicks_alone(served, tmp_path, monkeypatch):
    url, state = served
    asked: list[tuple[str, str]] = []
    ask = Client._ask

    def noted(self: Client, customer: str, method: str, body: dict) -> Response:
        asked.append((customer, body["query"]))
        return ask(self, customer, method, body)

    monkeypatch.setattr(Client, "_ask", noted)
    loaded(url, state, tmp_path, SINCE=RECENTLY)
    performance = advertising(state.story, "google_ads", NOW).performance
    clicked = performance[(performance["clicks"] > 0) & (performance["date"] >= RECENTLY)]
    wanted = {(str(row.account), f"'{row.date:%Y-%m-%d}'") for row in clicked.itertuples()}
    found = [(customer, text.split(" = ")[1]) for customer, text in asked if "FROM click_view" in text]
    assert sorted(found) == sorted(wanted)
    asked.clear()
    loaded(url, state, tmp_path, SINCE=RECENTLY)
    assert 30 < len(asked) < 60


def test_an_account_that_does_not_mark_clicks_is_told(served, tmp_path, monkeypatch):
    url, state = served
    customers = World._customer
    unmarked = {"customer.auto_tagging_enabled": [True, False, True, True]}
    monkeypatch.setattr(World, "_customer", lambda self: customers(self).assign(**unmarked))
    result = loaded(url, state, tmp_path, SINCE="2026-08-25")
    [notice] = result.notices
    assert notice.startswith("Account 1000000007 does not mark clicks")


def test_what_comes_in_many_pages_is_what_comes_in_one(served, tmp_path, monkeypatch):
    url, state = served
    tables = {"click_views": "customer_id, date, gclid", "utm_campaigns": "campaign_id, utm_campaign"}
    loaded(url, state, tmp_path / "whole", SINCE=RECENTLY)
    monkeypatch.setattr(gate, "ROWS_PER_PAGE", 1)
    loaded(url, state, tmp_path / "paged", SINCE=RECENTLY)
    for table, key in tables.items():
        sql = f"select {key} from raw_google_ads.{table} order by all"
        assert query(tmp_path / "paged", sql) == query(tmp_path / "whole", sql) != []


def test_accounts_may_be_named_as_people_write_them(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path, CUSTOMER_IDS="100-000-0007, 1001000010,100-000-0007", SINCE="2026-08-25")
    sql = "select id, descriptive_name, currency_code, time_zone from raw_google_ads.customers order by id"
    assert query(tmp_path, sql) == [
        (1000000007, "Kolibri PL", "PLN", "Europe/Warsaw"),
        (1001000010, "Kolibri DE", "EUR", "Europe/Berlin"),
    ]


def test_an_account_that_is_named_later_comes_with_its_whole_history(served, tmp_path):
    url, state = served
    loaded(url, state, tmp_path / "later", SINCE=RECENTLY, CUSTOMER_IDS="1000000007")
    state.forward(1)
    loaded(url, state, tmp_path / "later", SINCE=RECENTLY, CUSTOMER_IDS="1000000007,1001000010,1002000013")
    loaded(url, state, tmp_path / "once", SINCE=RECENTLY)
    for table in PERFORMANCE:
        assert stated(tmp_path / "later", table) == stated(tmp_path / "once", table)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"CUSTOMER_IDS": "999-999-9999"}, "LOGIN_CUSTOMER_ID"),
        ({"CUSTOMER_IDS": "100-000-0007", "LOGIN_CUSTOMER_ID": ""}, "LOGIN_CUSTOMER_ID"),
        ({"CUSTOMER_IDS": "555-000-0001"}, "is a manager account"),
        ({"LOGIN_CUSTOMER_ID": "100-000-0007"}, "LOGIN_CUSTOMER_ID"),
        ({"CLIENT_SECRET": "wrong"}, "CLIENT_SECRET"),
        ({"API_VERSION": "12"}, "API_VERSION"),
    ],
)
def test_a_setting_that_does_not_fit_is_named_in_one_line(served, tmp_path, settings, said):
    url, state = served
    result = attempted(url, state, tmp_path, **settings)
    assert result.status == FAILED
    assert said in result.message
    assert len(result.message.splitlines()) == 1
    assert "made-up" not in result.message


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("CUSTOMER_IDS", "", "CUSTOMER_IDS is empty; .*LOGIN_CUSTOMER_ID"),
        ("CUSTOMER_IDS", "123-456-7890, 42", "CUSTOMER_IDS: '42' is not an account number"),
        ("LOGIN_CUSTOMER_ID", "mine", "LOGIN_CUSTOMER_ID: 'mine' is not an account number"),
        ("CLIENT_ID", "", "CLIENT_ID is empty"),
        ("CLIENT_SECRET", "", "CLIENT_SECRET is empty"),
        ("REFRESH_TOKEN", " ", "REFRESH_TOKEN is empty"),
        ("BASE_URL", "googleads.googleapis.com", "BASE_URL: 'googleads.googleapis.com' is not an address"),
        ("API_VERSION", "latest", "API_VERSION: 'latest' is not a version"),
        ("SINCE", "last year", "SINCE: 'last year' is not a day"),
        ("LOOK_BACK_DAYS", "-1", "LOOK_BACK_DAYS: '-1' is not a whole number"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name, value, said):
    given = {f"{PREFIX}{one}": "made-up" for one in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN")}
    given |= {f"{PREFIX}CUSTOMER_IDS": "123-456-7890"} | {f"{PREFIX}{name}": value}
    with pytest.raises(Fault, match=f"{PREFIX}{said}"):
        GoogleAdsSettings.from_settings(Settings.from_environment(given))


Answer = tuple[int, object]


@contextmanager
def answering(answer: Callable[[], Answer], **settings: str) -> Iterator[tuple[Client, list[dict]]]:
    """A client of a Google Ads that answers every query as told (JSON, or a text as it is), and what it was asked."""
    asked: list[dict] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked.append({"path": self.path, "body": body} | headers)
            token = {"access_token": f"token {len(asked)}", "expires_in": 3599, "token_type": "Bearer"}
            status, given = (200, token) if self.path == "/token" else answer()
            content = given.encode() if isinstance(given, str) else json.dumps(given).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    given = {"CUSTOMER_IDS": "1234567890", "BASE_URL": address, "TOKEN_URL": f"{address}/token", "CLIENT_ID": "id"}
    given |= {"CLIENT_SECRET": "made-up", "REFRESH_TOKEN": "made-up"} | settings
    try:
        own = GoogleAdsSettings.from_settings(
            Settings.from_environment(
                {f"{PREFIX}{name}": value for name, value in given.items()}
                | {"FUNNELHOUSE_HTTP_ATTEMPTS": "3", "FUNNELHOUSE_HTTP_PAUSE_SECONDS": "0.01"}
            )
        )
        yield Client(own), asked
    finally:
        server.shutdown()
        server.server_close()


def failure(status: int, kind: str, code: str, message: str = "It went wrong.", **details: object) -> Answer:
    """An error of a stream as Google words it."""
    single = {"errorCode": {kind: code}, "message": message} | ({"details": details} if details else {})
    names = {
        400: "INVALID_ARGUMENT",
        401: "UNAUTHENTICATED",
        403: "PERMISSION_DENIED",
        429: "RESOURCE_EXHAUSTED",
        500: "INTERNAL",
    }
    detail = {"@type": "type.googleapis.com/google.ads.googleads.v25.errors.GoogleAdsFailure", "errors": [single]}
    return status, [{"error": {"code": status, "message": "No.", "status": names[status], "details": [detail]}}]


def exhausted(delay: str) -> Answer:
    quota = {"rateScope": "DEVELOPER", "rateName": "Requests", "retryDelay": delay}
    return failure(429, "quotaError", "RESOURCE_EXHAUSTED", "Too many requests.", quotaErrorDetails=quota)


ROW = {"campaign": {"resourceName": "customers/1234567890/campaigns/1", "id": "1"}}
WHOLE = 200, [{"results": [ROW], "fieldMask": "campaign.id", "requestId": "a"}, {"results": [ROW], "requestId": "a"}]
UNAVAILABLE = {"error": {"code": 503, "message": "The service is currently unavailable.", "status": "UNAVAILABLE"}}
BEGUN = 200, [WHOLE[1][0], UNAVAILABLE]
CUT = 200, json.dumps(WHOLE[1])[:-40]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (failure(403, "authorizationError", "USER_PERMISSION_DENIED"), f"{PREFIX}LOGIN_CUSTOMER_ID"),
        (failure(403, "authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED"), f"{PREFIX}DEVELOPER_TOKEN"),
        (failure(403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION"), "Google Ads API Overview"),
        (failure(403, "authorizationError", "CUSTOMER_NOT_ENABLED"), f"take it out of {PREFIX}CUSTOMER_IDS"),
        (failure(401, "authenticationError", "NOT_ADS_USER"), f"{PREFIX}REFRESH_TOKEN"),
        (failure(401, "authenticationError", "CUSTOMER_NOT_FOUND"), f"correct {PREFIX}CUSTOMER_IDS"),
        (failure(401, "authenticationError", "OAUTH_TOKEN_EXPIRED"), "fresh access tokens are refused as well"),
        (failure(400, "queryError", "UNRECOGNIZED_FIELD"), f"is {PREFIX}API_VERSION right?"),
        (failure(400, "queryError", "SOMETHING_NEW", "What is this?\nA query?"), "What is this? A query?"),
        (failure(500, "internalError", "TRANSIENT_ERROR"), "again and again; try later"),
        (exhausted("0.01s"), "again and again; try later"),
        (exhausted("54000s"), "the operations of the day are used up"),
        ((403, {"error": {"code": 403, "message": "API is disabled.", "status": "PERMISSION_DENIED"}}), "is disabled"),
        ((404, "<!DOCTYPE html><title>Error 404 (Not Found)!!1</title>"), f"{PREFIX}API_VERSION"),
        ((200, "<html>Sign in</html>"), "again and again; try later"),
        (CUT, "again and again; try later"),
        (BEGUN, "again and again; try later"),
    ],
)  # fmt: skip
def test_an_error_that_stays_is_one_line_that_says_what_to_do(answer, said):
    with answering(lambda: answer) as (client, _), pytest.raises(Fault) as fault:
        client.rows("1234567890", "SELECT campaign.id FROM campaign")
    assert said in str(fault.value)
    assert len(str(fault.value).splitlines()) == 1
    assert "made-up" not in str(fault.value)


@pytest.mark.parametrize(
    "first",
    [
        CUT,
        BEGUN,
        (200, ""),
        exhausted("0s"),
        failure(500, "internalError", "TRANSIENT_ERROR"),
        failure(401, "authenticationError", "OAUTH_TOKEN_EXPIRED"),
        (401, {"error": {"code": 401, "message": "Invalid Credentials", "status": "UNAUTHENTICATED"}}),
        (503, "<html>Service Unavailable</html>"),
    ],
)
def test_what_passes_is_asked_again_and_half_a_stream_is_never_taken_for_the_whole(first):
    answers = iter([first, WHOLE])
    with answering(lambda: next(answers)) as (client, _):
        assert client.rows("1234567890", "SELECT campaign.id FROM campaign") == [ROW, ROW]


def test_pages_are_asked_for_to_the_last_and_one_that_breaks_again():
    first = {"results": [ROW], "nextPageToken": "second"}
    answers = iter(
        [(200, json.dumps(first)[:-9]), (200, first), (200, UNAVAILABLE), (200, {"fieldMask": "campaign.id"})]
    )
    with answering(lambda: next(answers)) as (client, asked):
        assert list(client.pages("1234567890", "SELECT campaign.id FROM campaign")) == [[ROW], []]
    assert asked[-1]["path"].endswith("/customers/1234567890/googleAds:search")
    tokens = [json.loads(request["body"]).get("pageToken") for request in asked[1:]]
    assert tokens == [None, None, "second", "second"]


def test_google_says_how_long_to_wait():
    answers = iter([exhausted("1.2s"), WHOLE])
    with answering(lambda: next(answers)) as (client, _):
        began = time.monotonic()
        assert client.rows("1234567890", "SELECT campaign.id FROM campaign")
        assert 2.0 <= time.monotonic() - began < 3.5


@pytest.mark.parametrize("nothing", [[], [{"fieldMask": "campaign.id", "requestId": "a"}], [{"results": []}]])
def test_an_answer_without_rows_is_no_fault(nothing):
    with answering(lambda: (200, nothing)) as (client, _):
        assert client.rows("1234567890", "SELECT campaign.id FROM campaign") == []


def test_a_token_is_fetched_once_and_anew_when_it_has_expired():
    expired = failure(401, "authenticationError", "OAUTH_TOKEN_EXPIRED")
    answers = iter([WHOLE, WHOLE, expired, WHOLE])
    with answering(lambda: next(answers)) as (client, asked):
        for _ in range(3):
            client.rows("1234567890", "SELECT campaign.id FROM campaign")
    bearers = [request.get("authorization") for request in asked]
    assert bearers == [None, "Bearer token 1", "Bearer token 1", "Bearer token 1", None, "Bearer token 5"]


def test_headers_name_the_manager_and_a_developer_token_only_where_there_is_one():
    with answering(lambda: WHOLE) as (client, asked):
        client.rows("1234567890", "SELECT campaign.id FROM campaign")
    assert not {"login-customer-id", "developer-token"} & set(asked[-1])
    more = {"LOGIN_CUSTOMER_ID": "555-000-0001", "DEVELOPER_TOKEN": "abc", "API_VERSION": "v26"}
    with answering(lambda: WHOLE, **more) as (client, asked):
        client.rows("1234567890", "SELECT campaign.id FROM campaign")
    assert (asked[-1]["login-customer-id"], asked[-1]["developer-token"]) == ("5550000001", "abc")
    assert asked[-1]["path"] == "/v26/customers/1234567890/googleAds:searchStream"


def test_figures_are_read_as_the_api_writes_them():
    row = {
        "campaign": {"resourceName": "customers/1234567890/campaigns/111222333", "id": "111222333"},
        "metrics": {"clicks": "6", "conversions": 0.5, "costMicros": "2180000", "impressions": "12"},
        "segments": {"date": "2026-01-31"},
    }
    assert performance_row("1234567890", row) == {
        "customer_id": "1234567890", "date": "2026-01-31", "campaign_id": "111222333",
        "impressions": "12", "clicks": "6", "costMicros": "2180000", "conversions": 0.5,
    }  # fmt: skip
    del row["metrics"]["conversions"], row["metrics"]["clicks"]
    group = {"resourceName": "customers/1234567890/adGroups/42", "id": "42"}
    found = performance_row("1234567890", row | {"adGroup": group})
    assert (found["ad_group_id"], found["clicks"], found["conversions"], found["impressions"]) == ("42", 0, 0.0, "12")


@pytest.mark.parametrize(
    ("ad", "group"),
    [({"adGroupAd": "customers/1234567890/adGroupAds/42~7"}, "42"), ({"adGroupAd": ""}, None), ({}, None)],
)
def test_a_clicks_group_stands_in_the_name_of_its_ad(ad, group):
    click = {"resourceName": "customers/1234567890/clickViews/2026-01-31~Cj0KCQ", "gclid": "Cj0KCQ"}
    row = {"clickView": click | ad, "campaign": {"id": "9"}, "segments": {"date": "2026-01-31"}}
    assert click_row("1234567890", row) == {
        "customer_id": "1234567890", "date": "2026-01-31", "gclid": "Cj0KCQ", "campaign_id": "9", "ad_group_id": group,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("link", "values"),
    [
        ({"finalUrlSuffix": "utm_source=google&utm_campaign=spring_sale&utm_medium=cpc"}, ["spring_sale"]),
        ({"trackingUrlTemplate": "{lpurl}?utm_campaign=spring+sale%20%26more#top"}, ["spring sale &more"]),
        ({"trackingUrlTemplate": "https://t.example/?u={escapedlpurl}%3Futm_campaign%3Dspring%26x%3D1"}, ["spring"]),
        ({"finalUrls": ["https://a.example/?UTM_CAMPAIGN=A", "https://a.example/?x=1&utm_campaign=b"]}, ["A", "b"]),
        (
            {
                "trackingUrlTemplate": "{lpurl}?utm_campaign={_name}-2026",
                "urlCustomParameters": [{"key": "name", "value": "spring"}, {"key": "empty"}],
            },
            ["spring-2026"],
        ),
        ({"trackingUrlTemplate": "{lpurl}?utm_campaign={campaignid}"}, []),
        ({"finalUrlSuffix": "utm_campaign={_unknown}&utm_campaign="}, []),
        ({"finalUrlSuffix": "my_utm_campaign=x", "finalUrls": []}, []),
        ({}, []),
    ],
)
def test_tags_are_found_wherever_a_link_carries_them(link, values):
    assert sorted(utm_campaigns(link)) == values


def test_a_tag_that_no_link_carries_any_more_is_no_alias_any_more(served, tmp_path, monkeypatch):
    url, state = served
    loaded(url, state, tmp_path, SINCE="2026-08-25")
    campaigns = World._campaign
    nothing = {"campaign.final_url_suffix": None}
    monkeypatch.setattr(World, "_campaign", lambda self: campaigns(self).assign(**nothing))
    state.forward(0)
    loaded(url, state, tmp_path, SINCE="2026-08-25")
    untagged = suffixed(advertising(state.story, "google_ads", NOW).campaigns)
    gone = query(tmp_path, "select utm_campaign from raw_google_ads.utm_campaigns where _is_deleted")
    assert sorted(gone) == sorted((tag,) for tag in untagged["tag"])
    assert gone
