"""A newcomer finds what the dashboard is for within three clicks from its first page, and it is what SQL says."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import ask, eventually, settle

pytestmark = [pytest.mark.browser, pytest.mark.refresh]

MOST_CLICKS = 3
DAY = "(as_of at time zone 'UTC' at time zone reporting_timezone)::date"


class Newcomer:
    """Somebody who opens the first page and from then on only clicks."""

    def __init__(self, page) -> None:
        self.page, self.clicks = page, 0

    def click(self, target, address: str) -> None:
        """Click on what is seen, which leads to an address."""
        self.clicks += 1
        assert self.clicks <= MOST_CLICKS
        target.click()
        self.page.wait_for_url(re.compile(address), timeout=30_000)
        settle(self.page)

    @property
    def sentence(self) -> str:
        """What the page says first."""
        return self.page.locator(".st-key-sentence").inner_text()


@pytest.fixture
def newcomer(visit: Callable) -> Newcomer:
    return Newcomer(visit("/"))


def amount(text: str) -> float:
    """'€335K' as a number."""
    number, unit = re.fullmatch(r"\D*([\d.,]+)([KMB]?)", text.strip()).groups()
    return float(number.replace(",", "")) * {"": 1, "K": 1e3, "M": 1e6, "B": 1e9}[unit]


def test_which_channel_brought_most_pipeline_last_quarter_and_would_another_model_say_so(
    newcomer, published_demo: Path
):
    newcomer.click(newcomer.page.get_by_role("link", name="Attribution", exact=True), "/attribution")
    newcomer.click(newcomer.page.get_by_role("radio", name="Last Q", exact=True), "period=LQ")
    # Each touch's credit for each deal, added up here once more.
    model, channel, pipeline, agreeing, models = ask(
        published_demo,
        f"""
        with credits as (
            select attribution_model, coalesce(channel_label, channel) as channel, sum(amount) as amount
            from marts.fct_attributed_touches
            inner join playbook.attribution_models using (attribution_model)
            left join marts.dim_channels using (channel)
            cross join (select date_trunc('quarter', {DAY}) as this_quarter from marts.published_run)
            where conversion_type = 'opportunity' and channel != 'unattributed'
                and converted_date >= this_quarter - interval 3 months and converted_date < this_quarter
                and attribution_window in (
                    select attribution_window from playbook.attribution_windows
                    where is_headline and conversion_type = 'opportunity'
                )
            group by all
        ),
        leaders as (
            select attribution_model, arg_max(channel, amount) as channel, max(amount) as amount
            from credits group by attribution_model
        )
        select attribution_model_label, shown.channel, shown.amount,
            (select count(*) from leaders where channel = shown.channel), (select count(*) from leaders),
        from leaders as shown
        inner join playbook.attribution_models using (attribution_model)
        inner join playbook.settings on setting = 'headline_attribution_model' and value = attribution_model
        """,
    )
    said = re.match(r"Under (.+), (.+) built most: (\S+) \(", newcomer.sentence)
    assert said.group(1, 2) == (model, channel)
    assert amount(said[3]) == pytest.approx(pipeline, rel=0.01)
    others = rf"{agreeing} of {models} models? says? so, others name"
    assert re.search(f"all {models} models say so" if agreeing == models else others, newcomer.sentence)


def test_where_do_we_lose_most_money_in_the_funnel(newcomer, published_demo: Path):
    newcomer.click(newcomer.page.get_by_role("link", name="See at which step most money is lost"), "/funnel")
    step, group, at_stake = ask(
        published_demo,
        f"""
        select entered.stage_label || ' → ' || reached.stage_label, coalesce(channel_label, dimension_value),
            value_at_stake_amount,
        from (select {DAY} as day from marts.published_run) as today,
            marts.funnel_leaks(
                group_by := 'channel', from_date := (today.day - to_months(12) + interval 1 day)::date,
                to_date := today.day
            ) as leaks
        left join marts.dim_channels on channel = dimension_value
        inner join marts.dim_stages as entered on entered.stage = entered_stage
        inner join marts.dim_stages as reached on reached.stage = reached_stage
        order by value_at_stake_amount desc nulls last
        limit 1
        """,
    )
    said = re.search(r"The costliest leak is (.+) for (.+): (\S+) of pipeline", newcomer.sentence)
    assert said.group(1, 2) == (step, group)
    assert amount(said[3]) == pytest.approx(at_stake, rel=0.01)


def test_whom_should_sales_call_first_and_why(newcomer, published_demo: Path):
    newcomer.click(newcomer.page.get_by_role("link", name="Scores", exact=True), "/scores")
    first = ask(
        published_demo,
        """
        select full_name, company_name, reason
        from call_list
        order by quadrant not in ('call', 'nurture'), intent_score desc, fit_score desc, sla_due_at nulls last, lead_id
        limit 1
        """,
        "contacts",
    )
    cells = newcomer.page.locator(".st-key-call_card td[aria-colindex]")
    eventually(newcomer.page, lambda: cells.nth(0).text_content(), "1")
    assert [cells.nth(place).text_content() for place in (1, 2, 3)] == list(first)
