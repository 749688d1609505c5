"""Campaigns and months must come out with exactly the sums that pandas makes of the file."""

import pandas as pd
import pytest
from refreshing import SHARED_DATA

pytestmark = pytest.mark.refresh


@pytest.fixture(scope="module")
def by_month(published_online_ads, query) -> pd.DataFrame:
    """The mart by campaign and month, ad groups counted with their campaign."""
    rows = query(
        published_online_ads,
        """
        select
            coalesce(campaigns.parent_campaign_id, campaigns.campaign_id), monthname(performance.date),
            sum(performance.impressions), sum(performance.clicks), sum(performance.cost_amount),
            sum(performance.platform_conversions)
        from marts.fct_campaign_performance_daily as performance
        inner join marts.dim_campaigns as campaigns using (campaign_id)
        group by all
        """,
    )
    names = ["campaign", "month", "impressions", "clicks", "cost", "conversions"]
    return pd.DataFrame(rows, columns=names).set_index(["campaign", "month"]).astype(float).sort_index()


def test_each_campaign_and_month_has_the_sums_of_the_file(by_month):
    given = pd.read_csv(SHARED_DATA / "online_ads" / "online_advertising_performance_data.csv")
    sums = given.groupby(["campaign_number", "month"])[["displays", "clicks", "cost", "post_click_conversions"]].sum()
    sums = sums.set_axis(by_month.columns, axis=1).rename_axis(by_month.index.names).astype(float)
    assert len(sums) == 7
    pd.testing.assert_frame_equal(by_month, sums, rtol=0, atol=1e-6)


def test_rows_without_a_placement_stay_with_their_campaign(published_online_ads, query):
    given = pd.read_csv(SHARED_DATA / "online_ads" / "online_advertising_performance_data.csv")
    without = given[given["placement"].isna()]
    assert len(without) == 413
    [(impressions,)] = query(
        published_online_ads,
        """
        select sum(performance.impressions)
        from marts.fct_campaign_performance_daily as performance
        inner join marts.dim_campaigns as campaigns using (campaign_id)
        where campaigns.parent_campaign_id is null
        """,
    )
    assert impressions == without["displays"].sum()
