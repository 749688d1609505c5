"""What marketing brought back, by hand."""

from datetime import date

import pytest
from marts_by_hand import MartsByHand

pytestmark = pytest.mark.refresh

CREDITS = """
    ('conversion', '2026-01-01', 'linear', 'event', 'fair', 0.5, 300, 150),
    ('conversion', '2026-01-01', 'linear', 'unattributed', null, 0.5, 100, 50),
    ('conversion', '2026-02-01', 'linear', 'display', 'banner', 1, 80, null),
    ('conversion', '2026-01-01', 'last_touch', 'display', 'banner', 1, 400, 200),
    ('touch', '2025-12-01', 'linear', 'event', 'fair', 0.5, 300, 150)
"""
COSTS = """
    ('2026-01-01', 'marketing', 'media', 'display', 'banner', 50),
    ('2026-01-01', 'marketing', 'media', 'event', 'fair', 60),
    ('2026-02-01', 'sales', 'people', null, null, 90)
"""


@pytest.fixture
def marts(marts: MartsByHand) -> MartsByHand:
    marts.fill(
        "fct_attribution_monthly",
        f"""
        select
            date_basis, month_start_date::date as month_start_date, attribution_model, channel, campaign_id, credit,
            amount, margin_amount, 'won' as conversion_type
        from (values {CREDITS}) as credits (
            date_basis, month_start_date, attribution_model, channel, campaign_id, credit, amount, margin_amount
        )
        """,
    )
    marts.fill(
        "fct_costs",
        f"""
        select month_start_date::date as month_start_date, team, cost_type, channel, campaign_id, cost_amount
        from (values {COSTS}) as costs (month_start_date, team, cost_type, channel, campaign_id, cost_amount)
        """,
    )
    return marts


def test_each_cost_stands_once_beside_every_model(marts):
    """January cost 110; the margin is 150 of the linear model's 400, of which three quarters are attributed."""
    rows = marts.ask("""
        select attribution_model, amount, margin_amount, coverage_rate, total_cost_amount, romi, roas
        from marts.marketing_return(to_month := date '2026-01-01')
    """)
    assert rows == [
        ("last_touch", 400, 200, 1, 110, pytest.approx(90 / 110), pytest.approx(400 / 110)),
        ("linear", 300, 150, 0.75, 110, pytest.approx(40 / 110), pytest.approx(300 / 110)),
    ]


def test_a_cost_that_belongs_to_no_channel_makes_the_whole_cost_of_each_unknown(marts):
    """Sales' people do so in February; marketing's cost is known by channel, and one margin is not."""
    rows = marts.ask("""
        select dimension_value, margin_amount, total_cost_amount, marketing_cost_amount, roi, romi, roas
        from marts.marketing_return(per := 'channel') where attribution_model = 'linear'
    """)
    assert rows == [
        ("display", None, None, 50, None, None, 80 / 50),
        ("event", 150, None, 60, None, 90 / 60, 300 / 60),
    ]


def test_by_touch_the_return_stands_in_the_month_of_the_touch(marts):
    """What was done in December has brought 300 so far, at a cost unknown; January has brought nothing yet."""
    rows = marts.ask("""
        select dimension_value, month_start_date, amount, coverage_rate, media_cost_amount, roas
        from marts.marketing_return(per := 'campaign', by_date_of := 'touch', by_month := true)
        where attribution_model = 'linear'
    """)
    assert rows == [
        ("banner", date(2026, 1, 1), 0, None, 50, 0),
        ("fair", date(2025, 12, 1), 300, None, None, None),
        ("fair", date(2026, 1, 1), 0, None, 60, 0),
    ]
