"""The report on who was acquired, by hand and against the marts."""

from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.refresh


@pytest.fixture
def company(marts):
    """On 1 July, with 30 days and 3 leads at least: three of May and two of June, of whom one is old enough."""
    marts.connection.execute("delete from marts.dim_build")
    marts.fill(
        "dim_build",
        """
        select
            timestamp '2026-07-01' as as_of, date '2026-07-01' as as_of_date, 3 as least_group_count,
            30 as conversion_horizon_days
        """,
    )
    marts.fill(
        "dim_leads",
        """
        select
            lead_id, created::timestamp as created_at, created::date as created_date,
            date_trunc('month', created::date)::date as created_month_start_date, segment, is_net_new, is_internal,
            duplicate_count, is_in_icp
        from (values
            ('direct', '2026-05-01', 'SMB', true, false, 0, true),
            ('skips', '2026-05-02', 'SMB', true, false, 2, false),
            ('slow', '2026-05-03', 'Enterprise', false, false, 1, null),
            ('ripe', '2026-06-01', 'SMB', true, false, 0, true),
            ('young', '2026-06-02', 'SMB', false, true, 0, true)
        ) as leads (lead_id, created, segment, is_net_new, is_internal, duplicate_count, is_in_icp)
        """,
    )
    marts.fill(
        "fct_lead_stage_visits",
        """
        select lead_id, stage, stage_order, entered_at::timestamp as entered_at
        from (values
            ('direct', 'lead', 1, '2026-05-01'),
            ('direct', 'mql', 2, '2026-05-31'),
            ('skips', 'sql', 3, '2026-05-10'),
            ('skips', 'mql', 2, '2026-06-20'),
            ('slow', 'mql', 2, '2026-06-03'),
            ('young', 'mql', 2, '2026-06-03')
        ) as visits (lead_id, stage, stage_order, entered_at)
        """,
    )
    return marts


def test_each_month_says_who_came_and_what_became_of_them(company):
    """direct took 30 days, skips was beyond MQL on day 8, slow took 31; of June too few are old enough for a rate."""
    assert company.ask(
        """
        select
            strftime(month_start_date, '%m'), lead_count, net_new_count, internal_count, duplicate_count, judged_count,
            icp_count, icp_rate, qualified_count, mature_count, mature_qualified_count, qualified_rate
        from marts.lead_acquisition()
        """
    ) == [("05", 3, 2, 0, 3, 2, 1, 0.5, 3, 3, 2, 2 / 3), ("06", 2, 1, 1, 0, 2, 2, 1.0, 1, 1, 0, None)]


def test_whoever_asks_for_more_days_waits_for_them(company):
    rows = "select within_days, mature_count, mature_qualified_count from marts.lead_acquisition"
    assert company.ask(f"{rows}(within_days := 58, to_date := date '2026-05-31')") == [(58, 3, 3)]
    assert company.ask(f"{rows}(within_days := 60, segments := ['SMB'], to_date := date '2026-05-31')") == [(60, 2, 2)]


def test_the_month_that_lasts_is_partial(company):
    company.connection.execute("update marts.dim_build set as_of_date = date '2026-06-30'")
    assert company.ask("select is_partial_period from marts.lead_acquisition()") == [(False,), (True,)]


@pytest.mark.parametrize("dimension", ["all", "channel", "segment", "source", "country"])
def test_every_lead_of_the_company_is_acquired_once(published_demo: Path, dimension):
    path = (published_demo / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as demo:
        report = f"marts.lead_acquisition(group_by := '{dimension}')"
        [acquired] = demo.execute(f"select sum(lead_count) from {report}").fetchall()
        [leads] = demo.execute("select count(*) from marts.dim_leads").fetchall()
    assert acquired == leads
