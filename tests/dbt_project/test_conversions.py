"""The three kinds of conversion, by hand and against a second computation in pandas."""

from pathlib import Path

import duckdb
import pandas as pd
import pytest
from marts_by_hand import MartsByHand

pytestmark = pytest.mark.refresh

ORDERS = {"lead": 1, "mql": 2, "sql": 3, "opportunity": 4, "proposal": 5, "negotiation": 6, "won": 7}
RATES = "entered_count, reached_count, mature_count, mature_reached_count, conversion_rate"


def write_visits(marts: MartsByHand, visits: dict[str, list[tuple[str, str]]], **columns: str) -> None:
    """Stays of leads: per lead the stages and the days (2026-…) on which it came there, in order."""
    rows = [
        (lead, stage, ORDERS.get(stage, 0), position, f"2026-{day}", previous)
        for lead, stays in visits.items()
        for position, ((stage, day), previous) in enumerate(
            zip(stays, [None, *(stage for stage, _ in stays)], strict=False), start=1
        )
    ]
    frame = pd.DataFrame(
        rows, columns=["lead_id", "stage", "stage_order", "position_on_track", "entered_at", "entered_from_stage"]
    ).assign(**columns)
    frame["entered_at"] = pd.to_datetime(frame["entered_at"])
    frame["entered_date"] = frame["entered_at"].dt.date
    frame["visit_number"] = frame.groupby(["lead_id", "stage"]).cumcount() + 1
    marts.connection.register("rows_by_hand", frame)
    marts.fill("fct_lead_stage_visits", "select * from rows_by_hand")
    marts.connection.execute("delete from marts.dim_build")
    marts.fill("dim_build", "select timestamp '2026-12-31' as as_of, 90 as conversion_horizon_days")


WAYS = {
    "every": [("lead", "01-01"), ("mql", "01-11"), ("sql", "01-21"), ("opportunity", "01-31")],
    "skips": [("lead", "01-01"), ("sql", "02-01"), ("opportunity", "02-11")],
    "late": [("lead", "01-01"), ("mql", "01-11"), ("sql", "06-01")],
    "returns": [("lead", "01-01"), ("mql", "01-11"), ("recycled", "01-16"), ("mql", "03-01"), ("sql", "03-11")],
    "goes back": [("lead", "01-01"), ("sql", "01-05"), ("mql", "01-09"), ("sql", "01-12")],
    "stays": [("lead", "01-01"), ("mql", "01-11")],
    "young": [("lead", "12-01"), ("mql", "12-11"), ("sql", "12-21")],
    "never": [("lead", "01-01"), ("disqualified", "01-02")],
}


def test_a_cohort_is_followed_for_as_many_days_and_only_the_mature_are_judged(marts):
    """Seven became MQL or more, young is not 90 days old; of the others every, skips, returns and goes back made it."""
    write_visits(marts, WAYS)
    assert marts.ask(f"select {RATES} from marts.conversion_cohort(from_stage := 'mql', to_stage := 'sql')") == [
        (7, 6, 6, 4, 4 / 6)
    ]
    in_ten_days = "marts.conversion_cohort(from_stage := 'mql', to_stage := 'sql', within_days := 10)"
    # every needed 10 days, skips and goes back none, young 10 and it is old enough now.
    assert marts.ask(f"select {RATES} from {in_ten_days}") == [(7, 6, 7, 4, 4 / 7)]


def test_strictly_who_skips_a_stage_has_neither_entered_nor_reached(marts):
    """skips was never an MQL. On the whole way only every was everywhere; goes back was an MQL on its second way."""
    write_visits(marts, WAYS)
    strict = "is_strict := true, within_days := 120"
    assert marts.ask(
        f"select {RATES} from marts.conversion_cohort(from_stage := 'mql', to_stage := 'sql', {strict})"
    ) == [(6, 5, 5, 3, 3 / 5)]
    ways = "from_stage := 'lead', to_stage := 'opportunity'"
    assert marts.ask(f"select {RATES} from marts.conversion_cohort({ways}, {strict})") == [(8, 1, 7, 1, 1 / 7)]
    assert marts.ask(f"select {RATES} from marts.conversion_cohort({ways}, within_days := 120)") == [
        (8, 2, 7, 2, 2 / 7)
    ]
    whole = "from_stage := 'lead', to_stage := 'sql'"
    assert marts.ask(f"select reached_count from marts.conversion_cohort({whole}, {strict})") == [(5,)]


def test_flow_is_of_those_who_left_whenever_they_came(marts):
    """MQL was left by every, late, returns twice, goes back and young; five went to SQL, one was recycled."""
    write_visits(marts, WAYS)
    flow = "select left_count, forward_count, reached_count, conversion_rate from marts.conversion_flow"
    assert marts.ask(f"{flow}(from_stage := 'mql', to_stage := 'sql')") == [(6, 5, 5, 5 / 6)]
    assert marts.ask(f"{flow}(from_stage := 'lead', to_stage := 'mql', is_strict := true)") == [(8, 7, 5, 5 / 8)]
    assert marts.ask(f"{flow}(from_stage := 'lead', to_stage := 'mql')") == [(8, 7, 7, 7 / 8)]
    assert marts.ask(f"{flow}(from_stage := 'mql', to_stage := 'recycled')") == [(6, 5, 1, 1 / 6)]
    assert marts.ask(f"{flow}(from_stage := 'recycled', to_stage := 'mql')") == [(1, 1, 1, 1.0)]
    assert marts.ask(f"{flow}(from_stage := 'mql', to_stage := 'sql', from_date := date '2026-06-01')") == [
        (2, 2, 2, 1.0)
    ]


def test_a_passport_counts_who_passed_through_each_stage_in_the_period(marts):
    """In March returns passed through MQL again and through SQL; who skips MQL has passed through it."""
    write_visits(marts, WAYS)
    passport = (
        "select entered_count, reached_count from marts.conversion_passport(from_stage := 'mql', to_stage := 'sql'"
    )
    assert marts.ask(f"{passport})") == [(7, 6)]
    assert marts.ask(f"{passport}, is_strict := true)") == [(6, 6)]
    assert marts.ask(f"{passport}, from_date := date '2026-03-01', to_date := date '2026-03-31')") == [(1, 1)]
    assert marts.ask(f"{passport}, from_date := date '2026-06-01', to_date := date '2026-06-30')") == [(0, 1)]
    months = marts.ask(
        "select month_start_date, entered_count, reached_count "
        "from marts.conversion_passport(from_stage := 'mql', to_stage := 'sql', by_month := true)"
    )
    assert [(str(month), entered, reached) for month, entered, reached in months] == [
        ("2026-01-01", 5, 2),
        ("2026-02-01", 1, 1),
        ("2026-03-01", 1, 1),
        ("2026-06-01", 0, 1),
        ("2026-12-01", 1, 1),
    ]


def test_a_lead_goes_on_along_the_track_of_its_deals_and_a_deal_counts_once(marts):
    """l1 has two deals and wins the second; l2 is a colleague on a deal and no primary contact of any."""
    write_visits(marts, {"l1": WAYS["every"], "l2": WAYS["every"]})
    marts.connection.execute(
        """
        insert into marts.fct_opportunities by name
        select
            unnest(['o1', 'o2', 'o3']) as opportunity_id,
            unnest(['l1', 'l1', 'l2']) as primary_lead_id,
            unnest(['primary_contact', 'earliest_contact', 'account']) as primary_lead_rule;
        insert into marts.fct_opportunity_stage_visits by name
        select *, entered_at::date as entered_date from (values
            ('o1', 'opportunity', 4, timestamp '2026-01-31', null), ('o1', 'lost', 0, '2026-02-10', 'opportunity'),
            ('o2', 'proposal', 5, '2026-03-01', null), ('o2', 'won', 7, '2026-03-11', 'proposal'),
            ('o3', 'opportunity', 4, '2026-03-01', null), ('o3', 'won', 7, '2026-03-11', 'opportunity')
        ) as rows (opportunity_id, stage, stage_order, entered_at, entered_from_stage)
        """
    )
    rows = marts.ask(f"select entered_stage, {RATES} from marts.conversion_cohort() order by entered_stage_order")
    assert rows == [
        ("lead", 2, 2, 2, 2, 1.0),
        ("mql", 2, 2, 2, 2, 1.0),
        ("sql", 2, 2, 2, 2, 1.0),
        ("opportunity", 2, 1, 2, 1, 0.5),
        ("proposal", 1, 1, 1, 1, 1.0),
        ("negotiation", 1, 1, 1, 1, 1.0),
    ]
    deals = "unit := 'opportunity'"
    assert marts.ask(
        f"select {RATES} from marts.conversion_cohort(from_stage := 'opportunity', to_stage := 'won', {deals})"
    ) == [(3, 2, 3, 2, 2 / 3)]
    assert marts.ask(
        f"select {RATES} from marts.conversion_cohort(from_stage := 'opportunity', to_stage := 'lost', {deals})"
    ) == [(3, 1, 3, 1, 1 / 3)]
    # o2 began with a proposal: it has passed the stage before, but nothing that lies on the leads' track.
    assert marts.ask(
        "select entered_count, reached_count "
        f"from marts.conversion_passport(from_stage := 'opportunity', to_stage := 'won', {deals})"
    ) == [(3, 2)]
    assert marts.ask(
        "select entered_count, reached_count from marts.conversion_passport("
        "from_stage := 'lead', to_stage := 'opportunity', from_date := date '2026-03-01')"
    ) == [(0, 1)]


def test_what_was_not_known_at_the_first_arrival_passes_no_filter(marts):
    write_visits(marts, {"l1": WAYS["every"]})
    marts.connection.execute("update marts.fct_lead_stage_visits set persona = 'Buyer' where stage != 'lead'")
    ask = "select entered_stage, entered_count from marts.conversion_cohort(personas := ['Buyer'])"
    assert marts.ask(ask) == [("mql", 1), ("sql", 1), ("opportunity", 1)]


def test_what_is_not_known_is_refused_in_words(marts):
    write_visits(marts, WAYS)
    with pytest.raises(duckdb.Error, match="from_stage: no stage warm; there are"):
        marts.ask("from marts.conversion_cohort(from_stage := 'warm')")
    with pytest.raises(duckdb.Error, match="to_stage: no stage warm; there are"):
        marts.ask("from marts.conversion_flow(to_stage := 'warm')")
    with pytest.raises(duckdb.Error, match="unit is lead or opportunity"):
        marts.ask("from marts.conversion_passport(unit := 'account')")


def test_bounds_are_wilsons(marts):
    """4 of 6: 0.2999 to 0.9032, as published tables have it."""
    write_visits(marts, WAYS)
    [(lower, upper)] = marts.ask(
        "select conversion_rate_lower, conversion_rate_upper "
        "from marts.conversion_cohort(from_stage := 'mql', to_stage := 'sql')"
    )
    assert (lower, upper) == pytest.approx((0.299993, 0.903229), abs=1e-6)


# ---------------------------------------------------------------------------------------------------------------------
# The made-up company, computed a second time in pandas


@pytest.fixture(scope="module")
def demo(published_demo: Path):
    path = (published_demo / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def arrivals(demo) -> pd.DataFrame:
    """Every arrival of a lead, along its own track and that of its deals."""
    return demo.execute(
        """
        select lead_id, stage, stage_order, entered_at, entered_date, segment, channel, product
        from marts.fct_lead_stage_visits
        union all
        select primary_lead_id, visits.stage, stage_order, entered_at, entered_date, visits.segment, visits.channel,
            visits.product
        from marts.fct_opportunity_stage_visits as visits join marts.fct_opportunities using (opportunity_id)
        where primary_lead_rule in ('primary_contact', 'earliest_contact')
        """
    ).df()


@pytest.mark.parametrize(("first", "second"), [("lead", "mql"), ("mql", "sql"), ("mql", "won"), ("sql", "recycled")])
@pytest.mark.parametrize("within_days", [14, 90])
def test_cohorts_by_month_and_segment_equal_a_second_computation(demo, arrivals, first, second, within_days):
    found = demo.execute(
        """
        select dimension_value, month_start_date, entered_count, mature_count, mature_reached_count
        from marts.conversion_cohort(
            from_stage := $first, to_stage := $second, within_days := $within_days::int, group_by := 'segment',
            by_month := true, channels := ['webinar', 'paid_search', 'content'], from_date := date '2026-01-01'
        )
        """,
        {"first": first, "second": second, "within_days": within_days},
    ).df()
    as_of = demo.execute("select as_of from marts.published_run").fetchone()[0]
    expected: dict[tuple, list[int]] = {}
    for _, rows in arrivals.sort_values(["entered_at", "stage_order"]).groupby("lead_id"):
        entered = rows[rows["stage_order"] >= ORDERS[first]]
        if entered.empty:
            continue
        start = entered.iloc[0]
        if start["channel"] not in ("webinar", "paid_search", "content") or start["entered_date"] < pd.Timestamp(
            2026, 1, 1
        ):
            continue
        later = rows[rows["entered_at"] >= start["entered_at"]]
        hits = (
            later[later["stage"] == second] if second == "recycled" else later[later["stage_order"] >= ORDERS[second]]
        )
        horizon = pd.Timedelta(days=within_days)
        is_mature = as_of - start["entered_at"] >= horizon
        is_reached = not hits.empty and hits["entered_at"].min() - start["entered_at"] <= horizon
        key = (start["segment"] if pd.notna(start["segment"]) else "(none)", start["entered_date"].replace(day=1))
        counts = expected.setdefault(key, [0, 0, 0])
        counts[0] += 1
        counts[1] += is_mature
        counts[2] += is_mature and is_reached
    assert expected
    assert {(row[0], row[1]): list(row[2:]) for row in found.itertuples(index=False)} == expected


def test_without_a_horizon_the_cohort_of_all_leads_is_the_funnel(demo):
    funnel = dict(demo.execute("select stage, lead_count from marts.funnel()").fetchall())
    rows = demo.execute(
        "select entered_stage, reached_stage, entered_count, reached_count from marts.conversion_cohort()"
    ).fetchall()
    assert len(rows) == 6
    assert all(funnel[first] == entered and funnel[second] == reached for first, second, entered, reached in rows)


def test_every_dimension_adds_up(demo):
    for kind, counts in (
        ("cohort", ["entered_count", "reached_count", "mature_count", "mature_reached_count"]),
        ("flow", ["left_count", "forward_count", "reached_count"]),
    ):
        sums = ", ".join(f"sum({name})" for name in counts)
        for unit in ("lead", "opportunity"):
            ask = (
                f"select entered_stage, {sums} from marts.conversion_{kind}(unit := '{unit}', group_by := '%s') "
                "group by 1 order by 1"
            )
            whole = demo.execute(ask % "all").fetchall()
            assert whole
            for dimension in ("channel", "campaign", "persona", "segment", "product"):
                assert demo.execute(ask % dimension).fetchall() == whole
