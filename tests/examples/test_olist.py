"""The 8,000 real leads must come out with exactly the figures that plain pandas gives (../shared/data/README.md)."""

import pytest

pytestmark = pytest.mark.refresh

WON_AND_LEADS_BY_ORIGIN = {
    "paid_search": (195, 1586),
    "organic_search": (271, 2296),
    "direct_traffic": (56, 499),
    "referral": (24, 284),
    "social": (75, 1350),
    "email": (15, 493),
    "unknown": (179, 1099),
    "display": (6, 118),
    "other": (4, 150),
    "other_publicities": (3, 65),
    None: (14, 60),
}
CHANNEL_OF_ORIGIN = {
    "direct_traffic": "direct",
    "social": "organic_social",
    "email": "marketing_email",
    None: "unclassified",
}


def test_842_of_8000_leads_are_won(published_olist, query):
    assert query(published_olist, "select stage, lead_count, entry_rate from marts.funnel()") == [
        ("mql", 8000, 1.0),
        ("opportunity", 842, 0.10525),
        ("won", 842, 0.10525),
    ]


def test_each_origin_keeps_its_leads_and_its_won_deals(published_olist, query):
    rows = query(
        published_olist,
        "select lead_source, count(*) filter (where is_customer), count(*) from marts.dim_leads group by lead_source",
    )
    assert {origin: (won, leads) for origin, won, leads in rows} == WON_AND_LEADS_BY_ORIGIN


def test_the_funnel_by_channel_tells_the_origins_apart(published_olist, query):
    rows = query(
        published_olist,
        """
        select dimension_value, max(lead_count) filter (where stage = 'won'), max(lead_count)
        from marts.funnel(group_by := 'channel')
        group by dimension_value
        """,
    )
    expected = {CHANNEL_OF_ORIGIN.get(origin, origin): counts for origin, counts in WON_AND_LEADS_BY_ORIGIN.items()}
    assert {channel: (won, leads) for channel, won, leads in rows} == expected


def test_days_from_first_contact_to_won(published_olist, query):
    [(quantiles, mean)] = query(
        published_olist,
        """
        select quantile_cont(lead_to_close_days, [0.25, 0.5, 0.75, 0.9]), avg(lead_to_close_days)
        from marts.fct_opportunities
        """,
    )
    assert quantiles == pytest.approx([5.856803, 14.650729, 54.991004, 162.58877], abs=5e-7)
    assert mean == pytest.approx(49.100769, abs=5e-7)


def test_won_within_so_many_days(published_olist, query):
    days = [7, 14, 30, 60, 90, 180]
    counts = query(
        published_olist,
        """
        select count(*) filter (where lead_to_close_days <= days)
        from marts.fct_opportunities cross join unnest(?) as limits (days)
        group by days order by days
        """,
        [days],
    )
    assert [count for (count,) in counts] == [249, 412, 547, 644, 691, 774]


def test_the_deal_won_before_its_first_contact_is_kept_flagged_and_listed(published_olist, query):
    deal = query(
        published_olist,
        "select opportunity_id, is_won, lead_to_close_days < 0 from marts.fct_opportunities where is_before_lead",
    )
    assert deal == [("b91cf8812365f50ff4bda4bcd6206b05", True, True)]
    [(count, examples)] = query(
        published_olist,
        "select affected_count, example_ids from marts.fct_data_gaps where gap = 'opportunities_before_lead'",
    )
    assert (count, examples) == (1, deal[0][0])


def test_no_row_was_refused(published_olist, query):
    assert query(published_olist, "select count(*) from marts.fct_quarantine") == [(0,)]


def test_45_deals_declare_a_revenue(published_olist, query):
    assert query(published_olist, "select count(won_amount) from marts.fct_opportunities") == [(45,)]
