"""The reports on deals and leaks, by hand and against a second computation."""

import math
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from marts_by_hand import MartsByHand
from test_conversions import write_visits

pytestmark = pytest.mark.refresh

DIMENSIONS = {
    "channel": "channel",
    "campaign": "campaign_id",
    "persona": "persona",
    "segment": "segment",
    "product": "product",
    "owner": "owner_id",
    "type": "opportunity_type",
}


def write_deals(marts: MartsByHand, deals: str) -> None:
    """Deals as SQL rows (opportunity_id, segment, created, closed, outcome, pipeline_amount, won_amount)."""
    marts.fill(
        "fct_opportunities",
        f"""
        select
            opportunity_id, segment, created::timestamp as created_at, created::date as created_date,
            closed::timestamp as closed_at, closed::date as closed_date, outcome is not null as is_closed,
            coalesce(outcome = 'won', false) as is_won, pipeline_amount, won_amount,
            closed::date - created::date as cycle_days
        from (values {deals}) as deals (opportunity_id, segment, created, closed, outcome, pipeline_amount, won_amount)
        """,
    )


def write_build(marts: MartsByHand, as_of: str, **settings: int) -> None:
    """The moment of the build (a day) and its settings, and the days until then."""
    columns = "".join(f", {value} as {name}" for name, value in settings.items())
    marts.connection.execute("delete from marts.dim_build")
    marts.fill("dim_build", f"select timestamp '{as_of}' as as_of{columns}")
    marts.fill(
        "dim_dates",
        f"""
        select
            day::date as date_day, date_trunc('month', day)::date as month_start_date, day = date '{as_of}' as is_today
        from generate_series(timestamp '2025-12-01', timestamp '2026-12-31', interval 1 day) as days (day)
        """,
    )


DEALS = """
    ('quick', 'SMB', '2026-01-10', '2026-01-30', 'won', 100, 90),
    ('slow', 'SMB', '2026-01-20', '2026-04-20', 'won', 200, 230),
    ('lost', 'SMB', '2026-02-01', '2026-02-11', 'lost', 300, null),
    ('open', 'SMB', '2026-06-10', null, null, 400, null),
    ('young', 'Enterprise', '2026-06-20', '2026-06-25', 'won', 500, 510),
    ('undated', 'Enterprise', null, null, null, null, null),
    ('won nobody knows when', 'Enterprise', '2026-01-05', null, 'won', 50, 60)
"""


def test_deals_are_judged_by_the_age_that_a_horizon_asks_for(marts):
    """On 1 July: quick, slow and lost are 172, 162 and 150 days old, open and young 21 and 11; undated has no age."""
    write_deals(marts, DEALS)
    write_build(marts, "2026-07-01")
    counts = "created_count, won_count, lost_count, open_count, pipeline_amount, won_amount, mean_won_amount, win_rate"
    assert marts.ask(f"select {counts} from marts.opportunity_cohorts()") == [(7, 4, 1, 2, 1550, 890, 222.5, 0.8)]
    in_time = "mature_30_count, won_30_count, won_30_rate, mature_90_count, won_90_count, mature_180_count"
    assert marts.ask(
        f"select {in_time}, won_180_rate, maturity_rate from marts.opportunity_cohorts(segments := ['SMB'])"
    ) == [(3, 1, 1 / 3, 3, 2, 0, None, 0.0)]
    # Won within 5 days, but nobody can say yet how its companions fare; and a win without a day is none in time.
    assert marts.ask(f"select {in_time} from marts.opportunity_cohorts(segments := ['Enterprise'])") == [
        (0, 0, None, 0, 0, 0)
    ]


def test_months_of_creation_and_the_period(marts):
    write_deals(marts, DEALS)
    write_build(marts, "2026-07-01")
    months = marts.ask(
        "select month_start_date, created_count, won_count, win_rate "
        "from marts.opportunity_cohorts(by_month := true, from_date := date '2026-01-10', to_date := date '2026-06-15')"
    )
    assert [(str(month), *counts) for month, *counts in months] == [
        ("2026-01-01", 2, 2, 1.0),
        ("2026-02-01", 1, 0, 0.0),
        ("2026-06-01", 1, 0, None),
    ]
    assert marts.ask("select dimension_value, created_count from marts.opportunity_cohorts(group_by := 'month')") == [
        ("(none)", 1),
        ("2026-01-01", 3),
        ("2026-02-01", 1),
        ("2026-06-01", 2),
    ]
    [bounds] = marts.ask("select win_rate_lower, win_rate_upper from marts.opportunity_cohorts(segments := ['SMB'])")
    # Wilson's bounds of 2 of 3.
    assert bounds == pytest.approx((0.207660, 0.938508), abs=1e-6)


def test_velocity_is_of_the_window_that_ends_with_the_month(marts):
    """With 60 days and 2 closed deals at least. Until 28 February quick was won and lost lost, slow was open."""
    write_deals(marts, DEALS)
    write_build(marts, "2026-07-01", velocity_window_days=60, least_closed_count=2)
    rows = marts.ask(
        """
        select
            month_start_date, last_day, is_partial_period, open_count, open_pipeline_amount, won_count, lost_count,
            win_rate, mean_won_amount, mean_won_cycle_days, velocity_per_day, cohort_created_count, cohort_win_rate
        from marts.pipeline_velocity(segments := ['SMB'])
        """
    )
    assert [(str(row[0])[5:7], str(row[1])[5:], *row[2:]) for row in rows] == [
        ("01", "01-31", False, 1, 200, 1, 0, None, None, None, None, 2, 1.0),
        ("02", "02-28", False, 1, 200, 1, 1, 0.5, 90, 20, 1 * 0.5 * 90 / 20, 1, 0.0),
        # Of the 60 days to 31 March the first is 31 January: quick, won the day before, has left them.
        ("03", "03-31", False, 1, 200, 0, 1, None, None, None, None, 0, None),
        ("04", "04-30", False, 0, None, 1, 0, None, None, None, None, 0, None),
        ("05", "05-31", False, 0, None, 1, 0, None, None, None, None, 0, None),
        ("06", "06-30", False, 1, 400, 0, 0, None, None, None, None, 1, 0.0),
        ("07", "07-01", True, 1, 400, 0, 0, None, None, None, None, 0, None),
    ]


def test_a_month_partly_in_the_period_is_shown_as_a_whole(marts):
    write_deals(marts, DEALS)
    write_build(marts, "2026-07-01", velocity_window_days=60, least_closed_count=2)
    rows = marts.ask(
        "select month_start_date, dimension_value, won_count from marts.pipeline_velocity("
        "group_by := 'segment', from_date := date '2026-06-28', to_date := date '2026-06-29')"
    )
    assert [(str(month), *rest) for month, *rest in rows] == [("2026-06-01", "Enterprise", 1), ("2026-06-01", "SMB", 0)]


# Channel → how many leads of it came to each stage, beginning with the first.
WAYS = {"a": [10, 8, 4], "b": [10, 5, 2], "c": [10, 2, 1], "d": [10, 6, 3], "few": [2, 2, 2]}


def test_a_leak_costs_what_the_leads_lost_against_the_benchmark_would_have_brought(marts):
    """
    From lead to MQL a, b, c and d convert 0.8, 0.5, 0.2 and 0.6; the third of four is the upper quartile: 0.6. So b
    lost 1 and c 4 of 10. Of the 23 leads that became MQL two have deals, of 1,150 and 1,150: an MQL brings 100.
    """
    for channel, (leads, mql, sql) in WAYS.items():
        stays = [("lead", "01-01"), ("mql", "01-11"), ("sql", "01-21")]
        for number in range(leads):
            way = stays[: 1 + (number < mql) + (number < sql)]
            write_visits(marts, {f"{channel}{number}": way}, channel=channel)
    marts.connection.execute("update marts.dim_build set least_group_count = 5, least_benchmark_group_count = 3")
    marts.fill(
        "fct_opportunities",
        """
        select * from (values
            ('o1', 'a0', 'primary_contact', 4, 1150, true), ('o2', 'b0', 'earliest_contact', 0, 1150, false),
            ('o3', 'c0', 'account', 7, 9999, true)
        ) as deals (opportunity_id, primary_lead_id, primary_lead_rule, furthest_stage_order, pipeline_amount, is_won)
        """,
    )
    rows = marts.ask(
        """
        select
            dimension_value, conversion_rate, benchmark_rate, benchmark_group_count, lost_count, valued_lead_count,
            value_per_lead, value_at_stake_amount, leak_rank
        from marts.funnel_leaks() where entered_stage = 'lead' order by dimension_value
        """
    )
    assert rows == [
        ("a", 0.8, 0.6, 4, 0, 23, 100, 0, None),
        ("b", 0.5, 0.6, 4, pytest.approx(1), 23, 100, pytest.approx(100), 2),
        ("c", 0.2, 0.6, 4, pytest.approx(4), 23, 100, pytest.approx(400), 1),
        ("d", 0.6, 0.6, 4, 0, 23, 100, 0, None),
        ("few", 1.0, 0.6, 4, None, 23, 100, None, None),
    ]
    # From MQL a, b and d have enough: 4/8, 2/5, 3/6, a benchmark of 0.5; b lost half a lead; an SQL brings 2300 ÷ 12.
    assert marts.ask(
        """
        select dimension_value, benchmark_rate, lost_count, value_at_stake_amount, leak_rank from marts.funnel_leaks()
        where entered_stage = 'mql' and has_enough_leads
        order by dimension_value
        """
    ) == [
        ("a", 0.5, 0, 0, None),
        ("b", 0.5, pytest.approx(0.5), pytest.approx(0.5 * 2300 / 12), 3),
        ("d", 0.5, 0, 0, None),
    ]


def test_the_bounds_of_a_leak_are_those_of_the_rate(marts):
    """Of 10 leads each, 2 and 9 convert. Wilson's bounds of 2 of 10 are 0.0567 and 0.5098; the benchmark is 0.9."""
    for channel, reached in (("bad", 2), ("good", 9)):
        stays = [("lead", "01-01"), ("mql", "01-11")]
        write_visits(marts, {f"{channel}{n}": stays[: 1 + (n < reached)] for n in range(10)}, channel=channel)
    marts.connection.execute("update marts.dim_build set least_group_count = 10, least_benchmark_group_count = 2")
    ask = "select lost_count, lost_count_lower, lost_count_upper, value_at_stake_amount_upper from marts.funnel_leaks"
    [bad, good] = marts.ask(f"{ask}() where entered_stage = 'lead' order by dimension_value")
    assert bad == pytest.approx((7, 10 * (0.9 - 0.509838), 10 * (0.9 - 0.056682), 0), abs=1e-5)
    assert good == pytest.approx((0, 0, 10 * (0.9 - 0.595850), 0), abs=1e-5)
    # One group alone has nothing to be compared with.
    assert marts.ask(f"{ask}(channels := ['bad']) where entered_stage = 'lead'") == [(None, None, None, None)]


def test_a_won_deal_is_worth_what_it_was_won_for(marts):
    """Ten leads win a deal of 100 for 70 each, ten of another channel lose theirs: to win is worth 70 a lead."""
    stays = [("lead", "01-01"), ("mql", "01-02"), ("sql", "01-03"), ("opportunity", "01-04")]
    for channel in ("wins", "loses"):
        write_visits(marts, {f"{channel}{number}": stays for number in range(10)}, channel=channel)
    marts.connection.execute(
        """
        update marts.dim_build set least_group_count = 10, least_benchmark_group_count = 2;
        insert into marts.fct_opportunities by name
        select
            lead_id as opportunity_id, lead_id as primary_lead_id, 'primary_contact' as primary_lead_rule, 100 as
            pipeline_amount, case when channel = 'wins' then 70 end as won_amount,
            case when channel = 'wins' then 7 else 6 end as furthest_stage_order, channel
        from (select distinct lead_id, channel from marts.fct_lead_stage_visits);
        insert into marts.fct_opportunity_stage_visits by name
        select
            opportunity_id, stages.stage, stages.stage_order,
            timestamp '2026-01-05' + to_days(stages.stage_order) as entered_at,
            entered_at::date as entered_date, channel
        from marts.fct_opportunities, (values ('negotiation', 6), ('won', 7)) as stages (stage, stage_order)
        where stages.stage_order <= furthest_stage_order
        """
    )
    rows = marts.ask(
        """
        select reached_stage, conversion_rate, lost_count, valued_lead_count, value_per_lead, value_at_stake_amount
        from marts.funnel_leaks() where dimension_value = 'loses'
        """
    )
    assert {stage: rest for stage, *rest in rows}["won"] == [0, 10, 10, 70, 700]
    assert {stage: rest for stage, *rest in rows}["negotiation"] == [1, 0, 20, 100, 0]


# ---------------------------------------------------------------------------------------------------------------------
# The made-up company, computed a second time


@pytest.fixture(scope="module")
def demo(published_demo: Path):
    path = (published_demo / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def deals(demo) -> pd.DataFrame:
    frame = demo.execute("from marts.fct_opportunities").df()
    assert len(frame) > 50
    for column in ("created_date", "closed_date"):
        frame[column] = pd.to_datetime(frame[column])
    return frame


def test_cohorts_equal_a_second_computation(demo, deals):
    found = demo.execute(
        """
        select
            dimension_value, month_start_date, created_count, won_count, lost_count, pipeline_amount, mature_30_count,
            won_30_count, mature_180_count, won_180_count
        from marts.opportunity_cohorts(
            by_month := true, group_by := 'segment', from_date := date '2026-01-15', products := $products
        )
        """,
        {"products": sorted(deals["product"].dropna().unique())[:2]},
    ).df()
    as_of = demo.execute("select as_of from marts.dim_build").fetchone()[0]
    chosen = deals[
        (deals["created_date"] >= pd.Timestamp(2026, 1, 15))
        & deals["product"].isin(sorted(deals["product"].dropna().unique())[:2])
    ]
    expected = {}
    keys = [chosen["segment"].fillna("(none)"), chosen["created_date"].dt.to_period("M").dt.start_time]
    for (segment, month), rows in chosen.groupby(keys):
        old = {days: rows[as_of - rows["created_at"] >= pd.Timedelta(days=days)] for days in (30, 180)}
        quick = {
            days: old[days]["is_won"] & (old[days]["closed_at"] - old[days]["created_at"] <= pd.Timedelta(days=days))
            for days in old
        }
        counts = [len(old[30]), quick[30].sum(), len(old[180]), quick[180].sum()]
        outcomes = [len(rows), rows["is_won"].sum(), (rows["is_closed"] & ~rows["is_won"]).sum()]
        expected[segment, month] = [*outcomes, pytest.approx(rows["pipeline_amount"].sum()), *counts]
    assert expected
    assert {(row[0], row[1]): list(row[2:]) for row in found.itertuples(index=False)} == expected


def test_velocity_equals_a_second_computation(demo, deals, marts):
    """Over the small company's deals, of which fewer close in 90 days than the default settings ask for: 5 will do."""
    for table in ("fct_opportunities", "dim_dates", "dim_build"):
        marts.connection.register("rows_of_demo", demo.execute(f"from marts.{table}").df())
        marts.fill(table, "from rows_of_demo")
    least = 5
    marts.connection.execute("update marts.dim_build set least_closed_count = ?", [least])
    found = marts.frame("from marts.pipeline_velocity() order by month_start_date")
    as_of, window = demo.execute(
        "select date_day, velocity_window_days from marts.dim_build, marts.dim_dates where is_today"
    ).fetchone()
    assert len(found) > 12
    assert found["velocity_per_day"].notna().sum() > 6
    assert list(found["is_partial_period"]) == [False] * (len(found) - 1) + [True]
    for month in found.itertuples():
        end = min(month.month_start_date + pd.offsets.MonthEnd(1), pd.Timestamp(as_of))
        is_open = (deals["created_date"] <= end) & ~(deals["closed_date"] <= end)
        closed = deals[(deals["closed_date"] <= end) & (deals["closed_date"] > end - pd.Timedelta(days=window))]
        won = closed[closed["is_won"]]
        born = deals[deals["created_date"].dt.to_period("M") == month.month_start_date.to_period("M")]
        assert month.open_count == is_open.sum()
        assert (month.won_count, month.lost_count) == (len(won), len(closed) - len(won))
        assert (month.cohort_created_count, month.cohort_won_count) == (len(born), born["is_won"].sum())
        if len(closed) < least:
            assert pd.isna(month.win_rate) and pd.isna(month.velocity_per_day)
        else:
            rate, amount, days = len(won) / len(closed), won["won_amount"].mean(), won["cycle_days"].mean()
            assert month.velocity_per_day == pytest.approx(is_open.sum() * rate * amount / days)


@pytest.mark.parametrize("group_by", DIMENSIONS)
def test_every_dimension_of_deals_adds_up(demo, deals, group_by):
    sums = (
        "sum(created_count), sum(won_count), sum(lost_count), sum(open_count), sum(mature_90_count), sum(won_90_count)"
    )
    cohorts = f"select {sums}, round(sum(pipeline_amount), 4) from marts.opportunity_cohorts(group_by := '%s')"
    assert demo.execute(cohorts % group_by).fetchall() == demo.execute(cohorts % "all").fetchall()
    sums = "sum(open_count), sum(won_count), sum(lost_count), sum(cohort_created_count), sum(cohort_won_count)"
    velocity = f"select month_start_date, {sums} from marts.pipeline_velocity(group_by := '%s') group by 1 order by 1"
    assert demo.execute(velocity % group_by).fetchall() == demo.execute(velocity % "all").fetchall()
    found = demo.execute(
        f"select dimension_value, created_count from marts.opportunity_cohorts(group_by := '{group_by}')"
    )
    assert dict(found.fetchall()) == deals[DIMENSIONS[group_by]].fillna("(none)").value_counts().to_dict()


@pytest.mark.parametrize("group_by", ["channel", "segment", "persona"])
def test_leaks_equal_a_second_computation(demo, group_by):
    leaks = demo.execute(
        "from marts.funnel_leaks(group_by := $group_by, from_date := date '2025-08-01')", {"group_by": group_by}
    ).df()
    steps = demo.execute(
        "from marts.conversion_cohort(group_by := $group_by, from_date := date '2025-08-01')", {"group_by": group_by}
    ).df()
    least, least_groups = demo.execute(
        "select least_group_count, least_benchmark_group_count from marts.dim_build"
    ).fetchone()
    assert len(leaks) == len(steps)
    is_ranked = leaks["leak_rank"].notna()
    ranked = leaks[is_ranked].sort_values("leak_rank")
    assert not ranked.empty
    assert list(ranked["leak_rank"]) == list(range(1, len(ranked) + 1))
    assert ranked["value_at_stake_amount"].is_monotonic_decreasing
    assert (is_ranked == (leaks["value_at_stake_amount"].fillna(0) > 0)).all()
    assert (ranked["mature_count"] >= least).all()
    for step, rows in steps.groupby("entered_stage"):
        large = rows[rows["mature_count"] >= least].sort_values("conversion_rate")
        found = leaks[leaks["entered_stage"] == step].set_index("dimension_value")
        assert (found["benchmark_group_count"] == len(large)).all()
        if len(large) < least_groups:
            assert found["lost_count"].isna().all()
            continue
        benchmark = large["conversion_rate"].iloc[math.ceil(0.75 * len(large)) - 1]
        for row in large.itertuples():
            lost = max(row.mature_count * benchmark - row.mature_reached_count, 0)
            assert found.loc[row.dimension_value, "lost_count"] == pytest.approx(lost, abs=1e-9)


def test_a_lead_is_worth_what_its_deals_are(demo):
    """Per MQL, old enough: all pipeline of those who have one; the cohort of the next step counts the same leads."""
    found = demo.execute(
        "select distinct valued_lead_count, value_per_lead from marts.funnel_leaks() where reached_stage = 'mql'"
    ).fetchall()
    [(leads, amount)] = demo.execute(
        """
        with mql as (
            select lead_id, min(entered_at) as reached_at from (
                select lead_id, entered_at from marts.fct_lead_stage_visits where stage_order >= 2
                union all
                select primary_lead_id, created_at from marts.fct_opportunities
                where primary_lead_rule in ('primary_contact', 'earliest_contact')
            ) group by lead_id
        ),
        chosen as (
            select lead_id from mql, marts.dim_build where reached_at <= as_of - to_days(conversion_horizon_days)
        )
        select count(*), (
            select sum(pipeline_amount) from marts.fct_opportunities
            where primary_lead_rule in ('primary_contact', 'earliest_contact') and primary_lead_id in (from chosen)
        )
        from chosen
        """
    ).fetchall()
    assert found == [(leads, pytest.approx(amount / leads))]
    [(mature,)] = demo.execute(
        "select mature_count from marts.conversion_cohort(from_stage := 'mql', to_stage := 'sql')"
    ).fetchall()
    assert mature == leads


def test_journeys_begin_with_the_first_touch_of_anybody_of_the_company(published_demo, demo):
    """Against the warehouse's touches, one deal after the other."""
    journeys = demo.execute("from marts.fct_journey_times").df()
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as warehouse:
        touches = warehouse.execute(
            """
            select touches.lead_id, coalesce(touches.account_id, leads.account_id) as account_id, occurred_at
            from intermediate.int_activities_classified as touches left join unified.leads using (lead_id)
            where is_touch
            """
        ).df()
    arrivals = demo.execute(
        "select lead_id, stage_order, entered_at from marts.fct_lead_stage_visits where not is_left_truncated"
    ).df()
    assert len(journeys) > 50
    for deal in journeys.itertuples():
        is_theirs = (touches["account_id"] == deal.account_id) | (touches["lead_id"] == deal.primary_lead_id)
        first = touches.loc[is_theirs & (touches["occurred_at"] <= deal.created_at), "occurred_at"].min()
        assert deal.first_touch_at == first or (pd.isna(first) and pd.isna(deal.first_touch_at))
        own = arrivals[arrivals["lead_id"] == deal.primary_lead_id]
        for order, moment in ((2, deal.mql_at), (3, deal.sql_at)):
            expected = own.loc[own["stage_order"] >= order, "entered_at"].min()
            assert moment == expected or (pd.isna(moment) and not expected <= deal.created_at)
        if pd.notna(first):
            days = (deal.created_at - first) / pd.Timedelta(days=1)
            assert deal.first_touch_to_opportunity_days == pytest.approx(days)
