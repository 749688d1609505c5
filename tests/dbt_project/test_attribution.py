"""Credit as the definitions give it: computed by hand, and touch by touch for a whole company."""

import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import groupby
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from refreshing import run_funnelhouse

from ingestion.config import DEFAULT_PLAYBOOK_DIR, Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh

MODELS = pd.read_csv(DEFAULT_PLAYBOOK_DIR / "attribution_models.csv").set_index("attribution_model")
WEIGHTS = pd.read_csv(DEFAULT_PLAYBOOK_DIR / "attribution_model_weights.csv")
WINDOWS = pd.read_csv(DEFAULT_PLAYBOOK_DIR / "attribution_windows.csv")
GRACE = timedelta(hours=1)
CREDIT_KEY = ("attribution_window", "attribution_model", "conversion_id", "touch_id")
SCOPES = {"primary": 1, "contacts": 2, "account": 3}


# By hand: one company a case, named by it; its lead is created on 10 March unless said otherwise.


def touch(case: str, number: int, day: str, channel: str, person: str = "") -> dict:
    return {
        "activity_id": f"{case}-t{number}",
        "lead_id": f"{case}-lead{person}",
        "activity_type": "ad_clicked",
        "actor": "person",
        "occurred_at": f"2026-{day}",
        "channel": channel,
    }


def deal(case: str, created: str, closed: str, amount: float = 1000, number: str = "", **others: object) -> dict:
    return {
        "opportunity_id": f"{case}-deal{number}",
        "account_id": case,
        "opportunity_type": "new",
        "created_at": f"2026-{created}",
        "closed_at": f"2026-{closed}",
        "is_won": True,
        "is_closed": True,
        "amount_local": amount,
        "currency": "EUR",
    } | others


LEADS_CREATED = {"unled": "03-01 08:00:00", "late": "03-15 08:00:00", "customer": "01-20 08:00:00"}
DEALS = [
    deal("whole", "03-20 10:00:00", "04-01 12:00:00"),
    deal("single", "03-20 10:00:00", "04-01 12:00:00"),
    deal("silent", "03-20 10:00:00", "04-01 12:00:00", amount=400, currency="PLN"),
    deal("unled", "03-20 10:00:00", "04-01 12:00:00"),
    deal("late", "03-10 10:00:00", "03-20 12:00:00"),
    deal("daily", "03-11", "03-20"),
    deal("skewed", "03-12 10:00:00", "03-12 10:00:00"),
    deal("customer", "01-25 10:00:00", "02-01 12:00:00"),
    deal("customer", "03-01 10:00:00", "04-01 12:00:00", number="2", opportunity_type="expansion"),
    deal("double", "03-20 10:00:00", "04-01 12:00:00"),
    deal("double", "03-25 10:00:00", "04-02 12:00:00", number="2"),
    deal("second", "03-20 10:00:00", "04-01 12:00:00", amount=400, currency="PLN"),
    deal("group", "03-20 10:00:00", "04-01 12:00:00"),
]
TOUCHES = [
    touch("whole", 1, "03-01 08:00:00", "content"),
    touch("whole", 2, "03-05 08:00:00", "webinar"),
    touch("whole", 3, "03-10 07:00:00", "direct"),
    touch("whole", 4, "03-15 08:00:00", "nurture"),
    touch("whole", 5, "03-20 09:00:00", "event"),
    touch("whole", 6, "03-25 12:00:00", "paid_search"),
    touch("whole", 7, "04-02 08:00:00", "referral"),
    touch("single", 1, "03-01 08:00:00", "content"),
    touch("unled", 1, "03-05 08:00:00", "content"),
    touch("unled", 2, "03-22 08:00:00", "direct"),
    touch("late", 1, "03-05 08:00:00", "content"),
    touch("late", 2, "03-14 08:00:00", "webinar"),
    touch("daily", 1, "03-11 20:30:00", "content"),
    touch("daily", 2, "03-11 23:30:00", "webinar"),
    touch("skewed", 1, "03-12 09:00:00", "content"),
    touch("skewed", 2, "03-12 11:00:00", "webinar"),
    touch("skewed", 3, "03-12 11:00:01", "event"),
    touch("customer", 1, "01-15 08:00:00", "content"),
    touch("customer", 2, "02-10 08:00:00", "webinar"),
    touch("double", 1, "03-01 08:00:00", "content"),
    touch("double", 2, "03-22 08:00:00", "webinar"),
    touch("second", 1, "03-01 08:00:00", "webinar"),
    touch("second", 2, "03-01 08:00:00", "content"),
    touch("group", 1, "03-01 08:00:00", "content"),
    touch("group", 2, "03-02 08:00:00", "webinar", person="-colleague"),
    touch("group", 3, "03-03 08:00:00", "event", person="-contact"),
]
CASES = list(dict.fromkeys(deal["account_id"] for deal in DEALS))
PEOPLE = [f"{case}-lead" for case in CASES] + ["group-lead-colleague", "group-lead-contact"]
# Of each deal, kind of conversion and model: whom it is owed to, in hundredths of it.
BY_HAND = [
    ("whole-deal", "won", "first_touch", {"content": 100}),
    ("whole-deal", "won", "lead_creation_touch", {"direct": 100}),
    ("whole-deal", "won", "last_touch", {"paid_search": 100}),
    ("whole-deal", "won", "last_non_direct", {"paid_search": 100}),
    ("whole-deal", "won", "u_shaped", {"content": 50, "direct": 50}),
    ("whole-deal", "won", "u_shaped_40", {"content": 40, "direct": 40, "webinar": 20}),
    ("whole-deal", "won", "w_shaped", {"content": 30, "direct": 30, "event": 30, "webinar": 5, "nurture": 5}),
    (
        "whole-deal",
        "won",
        "full_path",
        {"content": 22.5, "direct": 22.5, "event": 22.5, "paid_search": 22.5, "webinar": 5, "nurture": 5},
    ),
    (
        "whole-deal",
        "won",
        "position_based",
        {"content": 40, "paid_search": 40, "webinar": 5, "direct": 5, "nurture": 5, "event": 5},
    ),
    (
        "whole-deal",
        "won",
        "j_shaped",
        {"content": 20, "paid_search": 60, "webinar": 5, "direct": 5, "nurture": 5, "event": 5},
    ),
    (
        "whole-deal",
        "won",
        "inverse_j",
        {"content": 60, "paid_search": 20, "webinar": 5, "direct": 5, "nurture": 5, "event": 5},
    ),
    # Up to the deal's creation nothing has been closed, and the touch of 25 March has not happened.
    ("whole-deal", "opportunity", "linear", dict.fromkeys(["content", "webinar", "direct", "nurture", "event"], 20)),
    (
        "whole-deal",
        "opportunity",
        "full_path",
        {
            "content": 2250 / 77.5,
            "direct": 2250 / 77.5,
            "event": 2250 / 77.5,
            "webinar": 500 / 77.5,
            "nurture": 500 / 77.5,
        },
    ),
    *(("single-deal", "won", model, {"content": 100}) for model in MODELS.index),
    *(("silent-deal", "won", model, {"no_touch": 100}) for model in MODELS.index),
    # Nothing led to the lead: who asks for that position has nobody, who looks at more makes do without it.
    ("unled-deal", "won", "lead_creation_touch", {"position_not_reached": 100}),
    ("unled-deal", "won", "u_shaped", {"position_not_reached": 100}),
    ("unled-deal", "won", "w_shaped", {"content": 100}),
    ("unled-deal", "won", "last_touch", {"direct": 100}),
    ("unled-deal", "won", "last_non_direct", {"content": 100}),
    # The lead came after its deal: at the deal's creation there is none, at the close there is.
    ("late-deal", "opportunity", "w_shaped", {"content": 100}),
    ("late-deal", "won", "w_shaped", {"content": 100}),
    ("late-deal", "won", "full_path", {"content": 50, "webinar": 50}),
    # 20:30 UTC is 21:30 in Warsaw, 23:30 UTC the next day.
    ("daily-deal", "opportunity", "linear", {"content": 100}),
    ("daily-deal", "won", "linear", {"content": 50, "webinar": 50}),
    ("skewed-deal", "won", "linear", {"content": 50, "webinar": 50}),
    ("skewed-deal", "opportunity", "last_touch", {"webinar": 100}),
    ("customer-deal", "won", "linear", {"content": 100}),
    ("customer-deal2", "won", "linear", {"webinar": 100}),
    ("customer-deal2", "opportunity", "first_touch", {"webinar": 100}),
    ("double-deal", "opportunity", "linear", {"content": 100}),
    ("double-deal2", "opportunity", "linear", {"content": 50, "webinar": 50}),
    # Of one second, the smaller id is the earlier.
    ("second-deal", "won", "first_touch", {"webinar": 100}),
    ("second-deal", "won", "last_touch", {"content": 100}),
    ("group-deal", "won", "linear", {"content": 100 / 3, "webinar": 100 / 3, "event": 100 / 3}),
]
SCOPED = {"standard": {"content", "webinar", "event"}, "contacts": {"content", "event"}, "primary": {"content"}}


def write_cases(folder: Path, touches: list[dict]) -> None:
    people = pd.DataFrame({"lead_id": PEOPLE})
    people["account_id"] = people["lead_id"].str.split("-").str[0]
    people["created_at"] = "2026-" + people["account_id"].map(LEADS_CREATED).fillna("03-10 08:00:00")
    contacts = pd.DataFrame({"opportunity_id": [deal["opportunity_id"] for deal in DEALS]})
    contacts["lead_id"] = contacts["opportunity_id"].str.split("-").str[0] + "-lead"
    contacts["is_primary"] = True
    another = pd.DataFrame([{"opportunity_id": "group-deal", "lead_id": "group-lead-contact", "is_primary": False}])
    tables = {
        "leads": people,
        "accounts": pd.DataFrame({"account_id": CASES, "account_name": CASES}),
        "opportunities": pd.DataFrame(DEALS),
        "opportunity_contacts": pd.concat([contacts, another]),
        "activities": pd.DataFrame(touches),
        "fx_rates_daily": pd.DataFrame([{"currency": "PLN", "date": "2026-01-01", "rate_to_reporting": 0.25}]),
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[dict]], Path]:
    """Load the cases with these touches and build what attribution needs; give the warehouse."""
    data_dir = tmp_path_factory.mktemp("attribution")
    files = data_dir / "inbox"
    files.mkdir()
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(data_dir),
        "FUNNELHOUSE_FILES_DIR": str(files),
        "FUNNELHOUSE_AS_OF": "2026-06-01T00:00:00Z",
    }

    def built(touches: list[dict]) -> Path:
        write_cases(files, touches)
        assert load("files", Settings.from_environment(environment)).status == "loaded"
        select = "exec dbt run --quiet --select +fct_attribution_monthly +fct_attributed_touches"
        result = run_funnelhouse(select, environment)
        assert result.returncode == 0, result.stdout
        return data_dir / "warehouse.duckdb"

    assert run_funnelhouse("exec dbt seed --quiet", environment).returncode == 0
    return built


@pytest.fixture(scope="module")
def cases(
    build: Callable[[list[dict]], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the warehouse of the cases, which a later build leaves as it is."""
    copied = shutil.copy(build(TOUCHES), tmp_path_factory.mktemp("cases") / "warehouse.duckdb")
    with duckdb.connect(str(copied), read_only=True) as connection:
        yield connection


def shares(connection: duckdb.DuckDBPyConnection, conversion: str, model: str, window: str) -> dict[str, float]:
    """Of a conversion: per channel, or reason why there is none, its hundredths."""
    rows = connection.execute(
        """
        select coalesce(unattributed_reason, channel), 100 * sum(credit) from marts.fct_attributed_touches
        where conversion_id = ? and attribution_model = ? and attribution_window = ?
        group by all
        """,
        [conversion, model, window],
    ).fetchall()
    return dict(rows)


@pytest.mark.parametrize(
    ("deal", "kind", "model", "expected"), BY_HAND, ids=[f"{deal} {kind} {model}" for deal, kind, model, _ in BY_HAND]
)
def test_credit_is_what_a_person_computes_by_hand(cases, deal, kind, model, expected):
    assert shares(cases, f"{kind}:{deal}", model, "standard") == pytest.approx(expected, abs=1e-9)


def test_credit_fades_by_half_for_each_half_life(cases):
    ages = {"content": 31 + 4 / 24, "webinar": 27 + 4 / 24, "direct": 22 + 5 / 24, "nurture": 17 + 4 / 24}
    ages |= {"event": 12 + 3 / 24, "paid_search": 7}
    kernels = {channel: 2 ** (-age / 30) for channel, age in ages.items()}
    expected = {channel: 100 * kernel / sum(kernels.values()) for channel, kernel in kernels.items()}
    assert shares(cases, "won:whole-deal", "time_decay", "standard") == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("window", "channels"), SCOPED.items())
def test_the_scope_says_whose_touches_count(cases, window, channels):
    assert set(shares(cases, "won:group-deal", "linear", window)) == channels


def test_amounts_are_the_deals_own_at_their_rate(cases):
    rows = cases.execute(
        """
        select sum(amount) from marts.fct_attributed_touches
        where conversion_id in ('won:second-deal', 'won:silent-deal') and attribution_window = 'standard'
        group by conversion_id, attribution_model
        """
    ).fetchall()
    assert [amount for (amount,) in rows] == pytest.approx([100.0] * 2 * len(MODELS), abs=1e-9)


def test_a_touch_that_is_gone_has_no_credit_after_the_next_build(build):
    gone = "whole-t1"
    warehouse = build([touch for touch in TOUCHES if touch["activity_id"] != gone])
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert shares(connection, "won:whole-deal", "first_touch", "standard") == {"webinar": 100.0}
        assert shares(connection, "won:whole-deal", "u_shaped", "standard") == {"webinar": 50.0, "direct": 50.0}
    with duckdb.connect(str(build(TOUCHES)), read_only=True) as connection:
        assert shares(connection, "won:whole-deal", "first_touch", "standard") == {"content": 100.0}


# Touch by touch, of a whole company: the definitions once more, for one conversion at a time.


@cache
def positions_of(model: str) -> dict[str, float]:
    return WEIGHTS[WEIGHTS["attribution_model"] == model].set_index("position")["weight"].to_dict()


def credits_of(
    model: str, touches: list[dict], milestones: dict[str, datetime], at: datetime
) -> dict[str | None, float]:
    """The credit of each touch of a journey, in the order of its touches; `milestones`: those that lie in it."""
    rule = MODELS.loc[model]
    until = milestones.get(rule["window_ends_at"], at)
    span = [touch for touch in touches if touch["occurred_at"] <= until + GRACE]
    if rule["skips_direct"] and not all(touch["channel"] == "direct" for touch in span):
        span = [touch for touch in span if touch["channel"] != "direct"]
    given: dict[str | None, float] = defaultdict(float)
    if span:
        for position, weight in positions_of(model).items():
            if position in ("first", "last"):
                given[span[0 if position == "first" else -1]["touch_id"]] += weight
            elif position != "middle" and position in milestones and milestones[position] <= until:
                before = [touch for touch in span if touch["occurred_at"] <= milestones[position] + GRACE]
                if before:
                    given[before[-1]["touch_id"]] += weight
        middle = [touch for touch in span if touch["touch_id"] not in given]
        if "middle" in positions_of(model) and middle:
            ages = [max((at - touch["occurred_at"]).total_seconds() / 86400, 0) for touch in middle]
            half_life = rule["half_life_days"]
            kernels = [1.0 if pd.isna(half_life) else 2 ** (-age / half_life) for age in ages]
            for touch, kernel in zip(middle, kernels, strict=True):
                given[touch["touch_id"]] = positions_of(model)["middle"] * kernel / sum(kernels)
    total = sum(given.values())
    return {touch_id: weight / total for touch_id, weight in given.items()} if total else {None: 1.0}


def by_key(frame: pd.DataFrame, *keys: str) -> dict[tuple, list[dict]]:
    rows = sorted(frame.to_dict("records"), key=lambda row: tuple(str(row[key]) for key in keys))
    return {key: list(group) for key, group in groupby(rows, key=lambda row: tuple(str(row[key]) for key in keys))}


def test_every_credit_of_a_company_is_that_of_the_definitions(published_demo):
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as connection:

        def table(sql: str) -> pd.DataFrame:
            return connection.execute(sql).df().astype(object)

        touches = table(
            "select touch_id, touch_order, lead_id, account_id, occurred_at, channel from marts.fct_touches"
        )
        conversions = table("select * from marts.fct_conversions where converted_at is not null")
        leads = table("select lead_id, created_at from unified.leads").set_index("lead_id")["created_at"].to_dict()
        deals = table("select opportunity_id, created_at, closed_at, is_closed from marts.fct_opportunities")
        contacts = table("select opportunity_id, lead_id from unified.opportunity_contacts where not is_deleted")
        credits = table(f"select {', '.join(CREDIT_KEY)}, credit from marts.fct_attributed_touches")
        precisions = connection.execute("select distinct converted_at_precision from marts.fct_conversions").fetchall()
    assert precisions == [("second",)]
    of_leads, of_accounts = by_key(touches, "lead_id"), by_key(touches, "account_id")
    contacts_of, deal_of = by_key(contacts, "opportunity_id"), deals.set_index("opportunity_id").to_dict("index")
    wins = by_key(conversions[conversions["conversion_type"] == "won"], "account_id")
    expected = {}
    for conversion in conversions.to_dict("records"):
        at, kind = conversion["converted_at"], conversion["conversion_type"]
        nearest: dict[str, int] = {}
        reached = {
            "primary": of_leads.get((str(conversion["lead_id"]),), []),
            "contacts": [
                touch
                for contact in contacts_of.get((str(conversion["opportunity_id"]),), [])
                for touch in of_leads.get((str(contact["lead_id"]),), [])
            ],
            "account": of_accounts.get((str(conversion["account_id"]),), []) if conversion["account_id"] else [],
        }
        every = {touch["touch_id"]: touch for scope in reached.values() for touch in scope}
        for scope, rank in SCOPES.items():
            for touch in reached[scope]:
                nearest.setdefault(touch["touch_id"], rank)
        milestones = {"lead_created": leads.get(conversion["lead_id"])}
        if kind in ("opportunity", "won"):
            of_deal = deal_of[conversion["opportunity_id"]]
            milestones["opportunity_created"] = of_deal["created_at"]
            milestones["closed"] = of_deal["closed_at"] if of_deal["is_closed"] else None
        for window in WINDOWS[WINDOWS["conversion_type"] == kind].to_dict("records"):
            start = at - timedelta(days=window["look_back_days"])
            if conversion["opportunity_type"] in ("expansion", "renewal"):
                closes = [
                    win["converted_at"]
                    for win in wins.get((str(conversion["account_id"]),), [])
                    if win["converted_at"] < at and win["opportunity_id"] != conversion["opportunity_id"]
                ]
                start = max([start, *closes])
            journey = sorted(
                (
                    touch
                    for touch_id, touch in every.items()
                    if nearest[touch_id] <= SCOPES[window["touch_scope"]] and start < touch["occurred_at"] <= at + GRACE
                ),
                key=lambda touch: touch["touch_order"],
            )
            inside = {name: then for name, then in milestones.items() if pd.notna(then) and start < then <= at}
            for model in MODELS.index:
                for touch_id, credit in credits_of(model, journey, inside, at).items():
                    expected[(window["attribution_window"], model, conversion["conversion_id"], touch_id)] = credit
    given = {
        tuple(None if pd.isna(part) else part for part in key): credit
        for *key, credit in credits.itertuples(index=False)
    }
    assert len(given) > 100_000
    assert given.keys() == expected.keys()
    assert max(abs(given[key] - expected[key]) for key in expected) < 1e-9
