"""The 8,800 opportunities must come out with exactly the figures that plain pandas gives (../shared/data/README.md)."""

import pytest

pytestmark = pytest.mark.refresh


def test_every_deal_stands_in_its_stage(published_crm_opportunities, query):
    rows = query(published_crm_opportunities, "select stage, count(*) from marts.fct_opportunities group by stage")
    assert dict(rows) == {"won": 4238, "lost": 2473, "engaging": 1589, "prospecting": 500}


def test_win_rate_and_won_value(published_crm_opportunities, query):
    [(win_rate, won_amount, mean_won_amount)] = query(
        published_crm_opportunities,
        """
        select
            count(*) filter (where is_won) / count(*) filter (where is_closed), sum(won_amount), avg(won_amount)
        from marts.fct_opportunities
        """,
    )
    assert win_rate == pytest.approx(0.631501, abs=5e-7)
    assert won_amount == 10_005_534
    assert mean_won_amount == pytest.approx(2360.909391, abs=5e-7)


def test_the_report_on_creation_and_closing_rate_gives_the_same(published_crm_opportunities, query):
    [counts] = query(
        published_crm_opportunities,
        "select created_count, won_count, lost_count, open_count, won_amount from marts.opportunity_cohorts()",
    )
    assert counts == (8800, 4238, 2473, 2089, 10_005_534)
    [(win_rate,)] = query(published_crm_opportunities, "select win_rate from marts.opportunity_cohorts()")
    assert win_rate == pytest.approx(0.631501, abs=5e-7)
    [(lowest, highest, won_count)] = query(
        published_crm_opportunities,
        "select min(win_rate), max(win_rate), sum(won_count) from marts.opportunity_cohorts(group_by := 'owner')",
    )
    assert 0.5 < lowest < win_rate < highest < 0.75
    assert won_count == 4238


@pytest.mark.parametrize(("outcome", "mean", "median"), [("won", 51.781973, 57), ("lost", 41.479175, 14)])
def test_days_from_engaging_to_the_close(published_crm_opportunities, query, outcome, mean, median):
    for sql in (
        "select avg(cycle_days), median(cycle_days) from marts.fct_opportunities where stage = ?",
        """
        select avg(duration_days), median(duration_days)
        from marts.fct_opportunity_stage_visits
        where stage = 'engaging' and exited_to_stage = ?
        """,
    ):
        [found] = query(published_crm_opportunities, sql, [outcome])
        assert found == pytest.approx((mean, median), abs=5e-7)


def test_misspelt_products_are_mended_and_listed(published_crm_opportunities, query):
    products = dict(
        query(published_crm_opportunities, "select product, count(*) from marts.fct_opportunities group by product")
    )
    assert products["GTX Pro"] == 1480
    assert "GTXPro" not in products
    gap = "select affected_count from marts.fct_data_gaps where gap = ?"
    assert query(published_crm_opportunities, gap, ["opportunities_with_mended_values"]) == [(1480,)]


def test_what_the_data_set_lacks_is_listed(published_crm_opportunities, query):
    gaps = dict(query(published_crm_opportunities, "select gap, affected_count from marts.fct_data_gaps"))
    assert gaps["opportunities_without_account"] == 1425
    assert gaps["opportunities_without_created_at"] == 500


def test_85_accounts_with_mended_sectors(published_crm_opportunities, query):
    assert query(published_crm_opportunities, "select count(*) from marts.dim_accounts") == [(85,)]
    assert query(
        published_crm_opportunities, "select count(*) from marts.dim_accounts where industry = 'technolgy'"
    ) == [(0,)]
