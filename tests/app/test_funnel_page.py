"""The Funnel page against SQL over the published tables."""

import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from dashboard_helpers import FUNNEL, ask, chart_words, counted, metrics, texts

from app import formatting

pytestmark = pytest.mark.refresh

# The bounds of a period, said in SQL: the run's local day, and the months before it.
BOUNDS = """
    select
        (as_of at time zone 'UTC' at time zone reporting_timezone)::date as to_date,
        (to_date - to_months($months) + interval 1 day)::date as from_date,
        reporting_currency as currency,
    from marts.published_run
"""


@dataclass
class Expected:
    """What the page must say of a cohort."""

    reached: dict[int, int]
    labels: dict[int, str]
    size: int
    won_opportunities: int
    won_amount: float
    currency: str


def expected(company: Path, months: int | None = 12, where: str = "true") -> Expected:
    """The funnel of the leads created in the last months, from the leads and opportunities themselves."""
    to_date, from_date, currency = ask(company, BOUNDS.replace("$months", str(months or 12)))[0]
    period = "true" if months is None else f"created_date between '{from_date}' and '{to_date}'"
    cohort = f"(select * from marts.dim_leads where {period} and {where})"
    stages = ask(
        company,
        "select stage_order, min_by(stage_label, track) from marts.dim_stages where stage_order > 0 group by 1 "
        "order by 1",
    )
    reached = {
        order: ask(company, f"select count(*) from {cohort} where furthest_stage_order >= {order}")[0][0]
        for order, _ in stages
    }
    won_count, won_amount = ask(
        company,
        f"""
        select count(*), coalesce(sum(won_amount), 0) from marts.fct_opportunities
        where
            is_won
            -- A deal whose person is a guess (the account's earliest lead) is not counted as that lead's.
            and primary_lead_rule in ('primary_contact', 'earliest_contact')
            and primary_lead_id in (select lead_id from {cohort})
        """,
    )[0]
    size = ask(company, f"select count(*) from {cohort}")[0][0]
    return Expected(reached, dict(stages), size, won_count, float(won_amount), currency)


def assert_cards_equal(test, company: Expected) -> None:
    cards = metrics(test)
    last = max(company.reached)
    label = company.labels[last]
    assert cards["Leads in the cohort"][0] == formatting.count(company.size)
    share = formatting.rate(company.reached[last] / company.size)
    assert cards[f"Reached {label}"] == (formatting.count(company.reached[last]), f"{share} of the cohort")
    amount, opportunities = cards[f"{label} amount"]
    assert amount == formatting.money(company.won_amount, company.currency)
    assert opportunities == counted(company.won_opportunities, "opportunity", "opportunities")


def weakest(company: Expected) -> tuple[float, str] | None:
    """The smallest share that goes on, and the step's name."""
    orders = sorted(company.reached)
    steps = [
        (company.reached[after] / company.reached[before], f"{company.labels[before]} → {company.labels[after]}")
        for before, after in pairwise(orders)
        if company.reached[before] >= 20 and company.reached[after] < company.reached[before]
    ]
    return min(steps, key=lambda step: step[0], default=None)


@pytest.mark.parametrize(("period", "months"), [("12M", 12), ("6M", 6), ("3M", 3), ("All", None)])
def test_cards_and_sentence_equal_the_tables(published_demo: Path, open_page, period: str, months: int | None):
    company = expected(published_demo, months)
    page = open_page(published_demo, FUNNEL, period=period)
    assert_cards_equal(page, company)
    words = texts(page)
    assert f"{counted(company.size, 'lead')} were created" in words
    rate, name = weakest(company)
    assert metrics(page)["Weakest step"] == (formatting.rate(rate), name)
    assert f"The weakest step is {name}: {formatting.rate(rate)} go on." in words


@pytest.mark.parametrize(("period", "months"), [("12M", 12), ("All", None)])
def test_a_company_with_three_stages_of_years_ago_is_shown_as_well(published_olist: Path, open_page, period, months):
    company = expected(published_olist, months)
    assert len(company.reached) == 3
    page = open_page(published_olist, FUNNEL, period=period)
    assert_cards_equal(page, company)
    rate, name = weakest(company)
    assert f"The weakest step is {name}: {formatting.rate(rate)} go on." in texts(page)


@pytest.mark.parametrize("column", ["channel", "persona", "segment", "product"])
def test_each_filter_narrows_the_cohort(published_demo: Path, open_page, column: str):
    value = ask(
        published_demo,
        f"select {column} from marts.dim_leads where {column} is not null group by 1 order by count(*), 1",
    )[-1][0]
    company = expected(published_demo, None, f"{column} = '{value}'")
    assert 0 < company.size < expected(published_demo, None).size
    page = open_page(published_demo, FUNNEL, period="All", **{column: value})
    assert_cards_equal(page, company)
    assert page.multiselect(key=column).value == [value]
    assert any("badge" in element.value and f"{column.title()}:" in element.value for element in page.markdown)


def test_several_filters_hold_at_once_and_several_values_widen_one(published_demo: Path, open_page):
    channels = [
        value
        for (value,) in ask(
            published_demo,
            "select channel from marts.dim_leads where channel is not null group by 1 order by count(*) desc, 1 "
            "limit 2",
        )
    ]
    segment = ask(
        published_demo, "select segment from marts.dim_leads where segment is not null group by 1 order by count(*), 1"
    )[-1][0]
    listed = ", ".join(f"'{channel}'" for channel in channels)
    company = expected(published_demo, 12, f"channel in ({listed}) and segment = '{segment}'")
    assert company.size
    assert_cards_equal(open_page(published_demo, FUNNEL, channel=channels, segment=segment), company)


def test_a_campaign_includes_its_children(published_demo: Path, open_page):
    parents = ask(
        published_demo,
        """
        select dim_campaigns.parent_campaign_id
        from marts.dim_leads inner join marts.dim_campaigns using (campaign_id)
        where dim_campaigns.parent_campaign_id is not null
        group by 1 order by count(*) desc, 1 limit 1
        """,
    )
    assert parents, "no campaign of the refreshed company has a parent"
    family = f"""campaign_id in (
        select campaign_id from marts.dim_campaigns where '{parents[0][0]}' in (campaign_id, parent_campaign_id)
    )"""
    company = expected(published_demo, None, family)
    page = open_page(published_demo, FUNNEL, period="All", campaign=parents[0][0])
    assert metrics(page)["Leads in the cohort"][0] == formatting.count(company.size)


def test_the_table_holds_every_stage_in_order(published_demo: Path, open_page):
    company = expected(published_demo, 12)
    table = open_page(published_demo, FUNNEL).table[1].value
    orders = sorted(company.reached)
    assert [text.replace("\\", "") for text in table["Stage"]] == [f"**{company.labels[order]}**" for order in orders]
    assert list(table["Leads"]) == [formatting.count(company.reached[order]) for order in orders]
    shares = [formatting.rate(company.reached[order] / company.size) for order in orders]
    assert list(table["Of the cohort"]) == shares


def test_the_bars_by_channel_equal_the_tables(published_demo: Path, open_page):
    company = expected(published_demo, None)
    orders = sorted(company.reached)
    first, second = orders[:2]
    stage = ask(published_demo, f"select min_by(stage, track) from marts.dim_stages where stage_order = {second}")[0][0]
    rows = ask(
        published_demo,
        f"""
        select
            coalesce(dim_channels.channel_label, dim_leads.channel),
            count(*) filter (furthest_stage_order >= {second}) / count(*) filter (furthest_stage_order >= {first}),
            count(*) filter (furthest_stage_order >= {first}) as entered
        from marts.dim_leads left join marts.dim_channels using (channel)
        where dim_leads.channel is not null
        group by 1 order by entered desc limit 3
        """,
    )
    page = open_page(published_demo, FUNNEL, period="All", by="channel", step=f"to_{stage}")
    words = chart_words(page)[1]
    assert words.startswith(f"{company.labels[first]} → {company.labels[second]}: ")
    for label, rate, entered in rows:
        if entered >= 20:
            assert f"{label} {formatting.rate(rate)} ({counted(entered, 'lead')})" in words


def test_groups_under_twenty_leads_are_left_blank(changed_company, open_page):
    company = changed_company(
        "update marts.dim_leads set channel = 'big'",
        "update marts.dim_leads set channel = 'small' where lead_id in (select min(lead_id) from marts.dim_leads)",
    )
    page = open_page(company, FUNNEL, period="All", step="whole")
    assert "small  (1 lead)" in chart_words(page)[1]
    assert re.search(r"big [\d.<]+%", chart_words(page)[1])
    assert "groups under 20 leads are left blank" in texts(page)


def test_the_period_before_is_compared_only_where_the_data_reaches_back(changed_company, open_page):
    bounds = "(select (as_of at time zone 'UTC' at time zone reporting_timezone)::date from marts.published_run)"
    cut = f"delete from marts.dim_leads where created_date < {bounds} - to_months(13)"
    company = changed_company(cut)
    assert metrics(open_page(company, FUNNEL, period="12M"))["Leads in the cohort"][1] == "no full prior 12M"
    three = expected(company, 3).size
    before = expected(company, 6).size - three
    if before:
        change = metrics(open_page(company, FUNNEL, period="3M"))["Leads in the cohort"][1]
        assert change in (formatting.change(three, before), "0")


def test_stage_names_are_the_companys_own(changed_company, open_page):
    company = changed_company("update marts.dim_stages set stage_label = 'Étape $' || stage_order || ' *x*'")
    page = open_page(company, FUNNEL, period="All")
    words = texts(page) + str(metrics(page)) + " ".join(chart_words(page))
    for label in set(expected(company, None).labels.values()):
        assert label in words
    assert not re.search(r"\b(MQL|SQL|Won)\b", words)


def test_nothing_matches_in_words_with_a_way_out(changed_company, open_page):
    company = changed_company(
        "update marts.dim_leads set persona = 'here', segment = null",
        "update marts.dim_leads set persona = 'there', segment = 'elsewhere' "
        "where lead_id in (select min(lead_id) from marts.dim_leads)",
    )
    page = open_page(company, FUNNEL, persona="here", segment="elsewhere")
    assert "Nothing matches" in texts(page)
    assert "Widen the period or clear a filter." in texts(page)
    assert not page.metric
    page.button(key="widen").click().run()
    assert not page.exception
    assert_cards_equal(page, expected(company, None))
    assert page.query_params.get("period") in ("All", ["All"])
    assert "persona" not in page.query_params


def test_a_company_without_a_lead_gets_words(changed_company, open_page):
    assert "Nothing matches" in texts(open_page(changed_company("delete from marts.dim_leads"), FUNNEL))


def test_reset_clears_every_filter_and_keeps_the_period(published_demo: Path, open_page):
    channel, segment = ask(
        published_demo,
        "select channel, segment from marts.dim_leads where channel is not null and segment is not null "
        "group by all order by count(*) desc, 1, 2 limit 1",
    )[0]
    page = open_page(published_demo, FUNNEL, period="All", channel=channel, segment=segment)
    assert metrics(page)["Leads in the cohort"][0] != formatting.count(expected(published_demo, None).size)
    page.button(key="reset").click().run()
    assert_cards_equal(page, expected(published_demo, None))
    assert dict(page.query_params) in ({"period": "All"}, {"period": ["All"]})


def test_a_url_with_nonsense_in_it_shows_the_default(published_demo: Path, open_page):
    page = open_page(published_demo, FUNNEL, period="13M", channel="' or 1=1 --", by="nothing", step="nowhere")
    assert_cards_equal(page, expected(published_demo, 12))


def test_choosing_by_name_writes_the_code_into_the_url(published_demo: Path, open_page):
    channel = ask(
        published_demo, "select channel from marts.dim_leads where channel is not null group by 1 order by count(*), 1"
    )[-1][0]
    page = open_page(published_demo, FUNNEL, period="All")
    page.multiselect(key="channel_choice").set_value([channel]).run()
    assert_cards_equal(page, expected(published_demo, None, f"channel = '{channel}'"))
    assert page.query_params["channel"] in (channel, [channel])
