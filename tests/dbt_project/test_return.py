"""What marketing cost and brought back, by hand."""

from datetime import date

import pytest
from marts_by_hand import MartsByHand

pytestmark = pytest.mark.refresh

CREDITS = """
    ('conversion', '2026-01-01', 'won', false, 'linear', 'event', 'fair', 0.5, 300, 150),
    ('conversion', '2026-01-01', 'won', false, 'linear', 'unattributed', null, 0.5, 100, 50),
    ('conversion', '2026-02-01', 'won', true, 'linear', 'display', 'banner', 1, 80, null),
    ('conversion', '2026-01-01', 'won', false, 'last_touch', 'display', 'banner', 1, 400, 200),
    ('touch', '2025-12-01', 'won', false, 'linear', 'event', 'fair', 0.5, 300, 150),
    ('conversion', '2026-01-01', 'lead', false, 'linear', 'event', 'fair', 4, null, null),
    ('conversion', '2026-01-01', 'mql', false, 'linear', 'event', 'fair', 1.5, null, null),
    ('conversion', '2026-01-01', 'mql', true, 'linear', 'event', 'fair', 7, null, null),
    ('conversion', '2026-01-01', 'sql', false, 'linear', 'unattributed', null, 1, null, null),
    ('conversion', '2026-01-01', 'opportunity', true, 'linear', 'event', 'fair', 0.25, 1000, null)
"""
CONTENT_CREDITS = """
    ('conversion', '2026-01-01', 'linear', 'guide', 0.2, 120, 60),
    ('conversion', '2026-01-01', 'linear', '(none)', 0.3, 180, 90),
    ('conversion', '2026-01-01', 'linear', 'unattributed', 0.5, 100, 50),
    ('conversion', '2026-02-01', 'linear', 'guide', 1, 80, null),
    ('touch', '2025-12-01', 'linear', 'guide', 0.5, 300, 150)
"""
COSTS = """
    ('2026-01-01', 'marketing', 'media', 'acquire', 'display', 'banner', 50),
    ('2026-01-01', 'marketing', 'media', 'nurture', 'event', 'fair', 60),
    ('2026-02-01', 'sales', 'people', 'close', null, null, 90)
"""


@pytest.fixture
def marts(marts: MartsByHand) -> MartsByHand:
    marts.fill(
        "fct_attribution_monthly",
        f"""
        select
            date_basis, month_start_date::date as month_start_date, conversion_type, is_repeat, attribution_model,
            channel, campaign_id, credit, amount, margin_amount
        from (values {CREDITS}) as credits (
            date_basis, month_start_date, conversion_type, is_repeat, attribution_model, channel, campaign_id, credit,
            amount, margin_amount
        )
        """,
    )
    marts.fill(
        "fct_content_attribution_monthly",
        f"""
        select
            date_basis, month_start_date::date as month_start_date, attribution_model, content_id, credit, amount,
            margin_amount
        from (values {CONTENT_CREDITS}) as credits (
            date_basis, month_start_date, attribution_model, content_id, credit, amount, margin_amount
        )
        """,
    )
    marts.fill(
        "fct_costs",
        f"""
        select month_start_date::date as month_start_date, team, cost_type, phase, channel, campaign_id, cost_amount
        from (values {COSTS}) as costs (month_start_date, team, cost_type, phase, channel, campaign_id, cost_amount)
        """,
    )
    return marts


def test_each_cost_stands_once_beside_every_model(marts):
    """January cost 110; the margin is 150 of the linear model's 400, of which three quarters are attributed."""
    rows = marts.ask("""
        select attribution_model, won_amount, margin_amount, coverage_rate, total_cost_amount, romi, roas
        from marts.marketing_return(to_month := date '2026-01-01')
    """)
    assert rows == [
        ("last_touch", 400, 200, 1, 110, pytest.approx(90 / 110), pytest.approx(400 / 110)),
        ("linear", 300, 150, 0.75, 110, pytest.approx(40 / 110), pytest.approx(300 / 110)),
    ]


def test_a_cost_that_belongs_to_no_channel_makes_the_whole_cost_of_each_unknown_and_says_so(marts):
    """Sales' people do so in February; marketing's cost is known by channel, and one margin is not."""
    rows = marts.ask("""
        select dimension_value, margin_amount, total_cost_amount, marketing_cost_amount, roi, romi, roas, null_reason
        from marts.marketing_return(per := 'channel') where attribution_model = 'linear'
    """)
    shared = "total_cost is not split by channel"
    assert rows == [
        ("display", None, None, 50, None, None, 80 / 50, f"{shared}; part of the margin is unknown"),
        ("event", 150, None, 60, None, 90 / 60, 300 / 60, shared),
    ]


def test_what_brought_nothing_has_cost_all_the_same(marts):
    """Nobody was won in February by the last touch."""
    rows = marts.ask("""
        select won_amount, total_cost_amount, roi, romi, null_reason
        from marts.marketing_return(from_month := date '2026-02-01') where attribution_model = 'last_touch'
    """)
    unknown = "marketing_cost is not known of this period; media_cost is not known of this period"
    assert rows == [(0, 90, -1, None, unknown)]


def test_by_touch_the_return_stands_in_the_month_of_the_touch(marts):
    """What was done in December has brought 300 so far, at a cost unknown; January has brought nothing yet."""
    rows = marts.ask("""
        select dimension_value, month_start_date, won_amount, coverage_rate, media_cost_amount, roas, null_reason
        from marts.marketing_return(per := 'campaign', by_date_of := 'touch', by_month := true)
        where attribution_model = 'linear'
    """)
    unknown = "; ".join(f"{cost}_cost is not known of this month" for cost in ("total", "marketing", "media"))
    assert rows == [
        ("banner", date(2026, 1, 1), 0, None, 50, 0, None),
        ("fair", date(2025, 12, 1), 300, None, None, None, unknown),
        ("fair", date(2026, 1, 1), 0, None, 60, 0, None),
    ]


def test_what_cost_nothing_while_others_cost_something_is_known_to(marts):
    """In January only the two campaigns cost anything, and what partners brought was free."""
    marts.connection.execute("update marts.fct_attribution_monthly set channel = 'partner' where channel = 'event'")
    [row] = marts.ask("""
        select marketing_cost_amount, media_cost_amount, cost_per_lead, romi, roas, null_reason
        from marts.marketing_return(per := 'channel', to_month := date '2026-01-01')
        where dimension_value = 'partner' and attribution_model = 'linear'
    """)
    assert row == (0, 0, 0, None, None, "total_cost is 0; marketing_cost is 0; media_cost is 0")


def test_content_shares_the_return_and_not_the_cost(marts):
    """Of February's 80 no margin is known; what touches without content brought and what nobody did stay apart."""
    rows = marts.ask("""
        select
            dimension_value, won_credit, won_amount, margin_amount, coverage_rate, lead_credit, media_cost_amount, roas
        from marts.marketing_return(per := 'content')
    """)
    assert rows == [
        ("(none)", 0.3, 180, 90, pytest.approx(380 / 480), None, None, None),
        ("guide", 1.2, 200, None, pytest.approx(380 / 480), None, None, None),
    ]
    reasons = marts.ask("select null_reason from marts.marketing_return(per := 'content', by_date_of := 'touch')")
    assert reasons == [("; ".join(f"{cost}_cost is not split by content" for cost in ("total", "marketing", "media")),)]


def test_every_step_of_the_funnel_has_its_credit_and_its_cost(marts):
    """For 60: 4 leads, 1.5 MQLs (who came back counts once), a quarter of a deal opened, half of one won."""
    [row] = marts.ask("""
        select
            lead_credit, mql_credit, sql_credit, opportunity_credit, won_credit, pipeline_amount, cost_per_lead,
            cost_per_mql, cost_per_sql, cost_per_opportunity, cost_per_won_deal
        from marts.marketing_return(per := 'campaign', to_month := date '2026-01-01')
        where dimension_value = 'fair' and attribution_model = 'linear'
    """)
    assert row == (4, 1.5, 0, 0.25, 0.5, 1000, 15, 40, None, 240, 120)


def test_what_was_spent_to_win_to_nurture_and_to_close_adds_up(marts):
    [row] = marts.ask("""
        select acquire_cost_amount, nurture_cost_amount, close_cost_amount, total_cost_amount, sales_cost_amount
        from marts.marketing_return() where attribution_model = 'linear'
    """)
    assert row == (50, 60, 90, 200, 90)


@pytest.mark.parametrize(("cost_of", "cost_per_lead"), [("acquire", 12.5), ("nurture", 15), ("total", 50)])
def test_a_cost_per_lead_is_of_the_cost_that_is_asked_for(marts, cost_of, cost_per_lead):
    [(answer,)] = marts.ask(
        f"select cost_per_lead from marts.marketing_return(cost_of := '{cost_of}') where attribution_model = 'linear'"
    )
    assert answer == cost_per_lead


def test_the_month_that_lasts_is_partial(marts):
    marts.connection.execute("delete from marts.dim_build")
    marts.fill("dim_build", "select date '2026-02-10' as as_of_date")
    rows = marts.ask("""
        select distinct month_start_date, is_partial_period from marts.marketing_return(by_month := true) order by 1
    """)
    assert rows == [(date(2026, 1, 1), False), (date(2026, 2, 1), True)]


@pytest.mark.parametrize("wrong", ["per := 'medium'", "by_date_of := 'day'", "cost_of := 'fun'"])
def test_what_it_does_not_know_it_refuses(marts, wrong):
    with pytest.raises(Exception, match=f"{wrong.split()[0]} is "):
        marts.ask(f"select * from marts.marketing_return({wrong})")
