"""The dashboard as a person meets it: a real server, a real browser, a wide screen and a phone."""

import re
from contextlib import suppress
from pathlib import Path

import pytest
from browsing import PHONE, SIZES, ask, cards, eventually, settle, url_filters
from playwright.sync_api import TimeoutError as NotInTime

from app import pages

pytestmark = [pytest.mark.browser, pytest.mark.refresh]


def cohort_size(data_folder: Path, where: str = "true", months: int | None = None) -> str:
    """How many leads there are, as a card shows it."""
    period = "true"
    if months:
        day = "(select (as_of at time zone 'UTC' at time zone reporting_timezone)::date from marts.published_run)"
        period = f"created_date > {day} - to_months({months}) and created_date <= {day}"
    return f"{ask(data_folder, f'select count(*) from marts.dim_leads where {period} and {where}')[0]:,}"


def assert_leads(page, expected: str) -> None:
    """The first card comes to show this number."""
    eventually(page, lambda: cards(page).get("Leads in the cohort"), expected)


def assert_url(page, **filters: str) -> None:
    """The address bar comes to hold these filters and no other."""
    eventually(page, lambda: url_filters(page), {name: [value] for name, value in filters.items()})


def choose(page, dimension: str, label: str) -> None:
    """Pick a value in the popover of filters, as a person does: again where a busy page has missed a click."""
    field = page.locator(f".st-key-{dimension}_choice input")
    for _ in range(5):
        if dimension in url_filters(page):
            break
        with suppress(NotInTime):
            if not field.is_visible():
                page.locator(".st-key-filters button").first.click()
            field.click(timeout=5_000)
            page.get_by_role("option", name=label, exact=True).click(timeout=5_000)
            page.wait_for_url(re.compile(rf"[?&]{dimension}="), timeout=10_000)
    settle(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Escape")
    settle(page)


def segment(published_demo: Path) -> str:
    """The segment that most leads have."""
    return ask(
        published_demo,
        "select segment from marts.dim_leads where segment is not null group by 1 order by count(*) desc, 1 limit 1",
    )[0]


@pytest.mark.parametrize(
    ("size", "theme"), [("wide", "light"), ("wide", "dark"), ("phone", "light"), ("phone", "dark")]
)
def test_each_page_fits_the_screen(visit, screenshot_folder: Path, size: str, theme: str):
    page = visit("/", SIZES[size], theme)
    for entry in pages.ENTRIES.values():
        page.goto(f"{page.url.split('?')[0].rsplit('/', 1)[0]}/{entry.address}")
        settle(page)
        assert_fits(page, SIZES[size], screenshot_folder / f"{entry.address}_{SIZES[size][0]}_{theme}.png")
        shown = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", shown)[:3])) < 200) == (theme == "dark"), shown


def assert_fits(page, size: tuple[int, int], screenshot: Path) -> None:
    """Nothing is wider than the screen, no chart has failed; the page is kept as a picture."""
    assert page.get_by_text("TypeError").count() == 0
    page.set_viewport_size({"width": size[0], "height": size[1]})
    width, content, height = page.evaluate(
        """() => {
            const main = document.querySelector('[data-testid=stMain]');
            const content = Math.max(document.documentElement.scrollWidth, main.scrollWidth);
            return [window.innerWidth, content, main.scrollHeight];
        }"""
    )
    # The page scrolls inside a frame: a screenshot shows all of it only on a screen as tall as the page.
    page.set_viewport_size({"width": size[0], "height": height})
    page.wait_for_timeout(700)
    page.screenshot(path=screenshot)
    assert content <= width, screenshot.name
    too_wide = page.evaluate(
        """() => [...document.querySelectorAll('[data-testid=stMain] .stMarkdown, [data-testid=stMetric], .stHeading')]
            .filter((element) => element.getBoundingClientRect().right > window.innerWidth + 1)
            .map((element) => element.innerText)"""
    )
    assert not too_wide, screenshot.name


def test_the_cards_equal_the_tables(visit, published_demo: Path):
    numbers = cards(visit("/funnel?period=All"))
    assert numbers["Leads in the cohort"] == cohort_size(published_demo)
    order, label = ask(
        published_demo,
        "select stage_order, stage_label from marts.dim_stages where stage_order > 0 order by stage_order desc limit 1",
    )
    assert numbers[f"Reached {label}"] == cohort_size(published_demo, f"furthest_stage_order >= {order}")
    assert cards(visit("/funnel"))["Leads in the cohort"] == cohort_size(published_demo, months=12)
    (passed,) = ask(published_demo, "select count(*) from marts.fct_check_results where is_passed")
    page = visit("/data-health")
    eventually(page, lambda: cards(page).get("Checks passed"), f"{passed:,}")


def test_a_shared_link_shows_what_its_sender_saw(visit, published_demo: Path):
    value = segment(published_demo)
    page = visit(f"/funnel?period=6M&segment={value}")
    expected = cohort_size(published_demo, f"segment = '{value}'", months=6)
    assert_leads(page, expected)
    assert page.get_by_text(f"Segment: {value}", exact=True).is_visible()
    assert_url(page, period="6M", segment=value)


def test_the_named_address_of_the_first_page_keeps_its_filters(visit, published_demo: Path):
    value = segment(published_demo)
    page = visit(f"/overview?period=All&segment={value}")
    assert page.get_by_text(f"Segment: {value}", exact=True).is_visible()
    page.get_by_role("link", name="Funnel & leaks", exact=True).click()
    page.wait_for_selector(".st-key-funnel_card")
    assert_leads(page, cohort_size(published_demo, f"segment = '{value}'"))


def test_a_filter_goes_into_the_url_and_survives_pages_and_reloads(
    visit, published_demo: Path, screenshot_folder: Path
):
    channel, label = ask(
        published_demo,
        """
        select dim_leads.channel, coalesce(channel_label, dim_leads.channel)
        from marts.dim_leads left join marts.dim_channels using (channel)
        where dim_leads.channel is not null group by all order by count(*) desc, 1 limit 1
        """,
    )
    page = visit("/funnel?period=All")
    choose(page, "channel", label)
    expected = cohort_size(published_demo, f"channel = '{channel}'")
    assert_leads(page, expected)
    # The code stands in the URL, not the name: it works in every language, and after a renaming.
    assert_url(page, period="All", channel=channel)
    page.screenshot(path=screenshot_folder / "funnel_filtered_1280.png")

    page.get_by_role("link", name="Data health", exact=True).click()
    page.wait_for_url("**/data-health?**")
    settle(page)
    assert_url(page, period="All", channel=channel)
    assert not page.locator(".st-key-filters").is_visible()

    page.reload()
    settle(page)
    assert_url(page, period="All", channel=channel)

    page.get_by_role("link", name="Funnel & leaks", exact=True).click()
    page.wait_for_selector(".st-key-funnel_card")
    settle(page)
    assert_leads(page, expected)
    page.reload()
    settle(page)
    assert_leads(page, expected)

    page.get_by_role("button", name="Reset").click()
    settle(page)
    assert_url(page, period="All")
    assert_leads(page, cohort_size(published_demo))


def test_a_folded_table_is_drawn_once_it_is_opened(visit):
    """A run has more than a thousand checks that passed."""
    page = visit("/data-health")
    column = page.locator(".st-key-passed_checks").get_by_text("If it failed", exact=True)
    assert column.count() == 0
    page.locator(".st-key-passed_checks_folded summary").click()
    column.first.wait_for()


def test_the_period_goes_into_the_url(visit, published_demo: Path):
    page = visit("/funnel")
    page.get_by_role("radio", name="3M", exact=True).click()
    settle(page)
    assert_url(page, period="3M")
    assert_leads(page, cohort_size(published_demo, months=3))


def test_on_a_phone_a_filter_can_be_set_too(visit, published_demo: Path, screenshot_folder: Path):
    value = segment(published_demo)
    page = visit("/funnel?period=All", PHONE)
    choose(page, "segment", value)
    assert_url(page, period="All", segment=value)
    assert_leads(page, cohort_size(published_demo, f"segment = '{value}'"))
    page.screenshot(path=screenshot_folder / "funnel_filtered_390.png")


@pytest.mark.parametrize(("locale", "title"), [("de-AT", "Funnel & Lecks"), ("pl-PL", "Lejek i wycieki")])
def test_the_browsers_language_is_spoken_and_a_switch_keeps_the_filters(visit, published_demo: Path, locale, title):
    value = segment(published_demo)
    page = visit(f"/funnel?period=All&segment={value}", locale=locale)
    assert page.get_by_role("heading", level=1).inner_text() == title
    assert page.get_by_role("link", name=title, exact=True).is_visible()
    assert_url(page, period="All", segment=value)
    page.locator(".st-key-lang").get_by_text("en", exact=True).click()
    assert_leads(page, cohort_size(published_demo, f"segment = '{value}'"))
    assert_url(page, period="All", segment=value, lang="en")
    page.reload()
    settle(page)
    assert_leads(page, cohort_size(published_demo, f"segment = '{value}'"))


def test_a_link_carries_its_language(visit):
    page = visit("/funnel?lang=pl", locale="de-DE")
    assert page.get_by_role("heading", level=1).inner_text() == "Lejek i wycieki"
    page.get_by_role("link", name="Przegląd", exact=True).click()
    page.wait_for_url(re.compile(r"/\?lang=pl"))
    settle(page)
    assert page.get_by_role("heading", level=1).inner_text() == "Przegląd"
    assert_url(page, lang="pl")


@pytest.mark.parametrize("locale", ["pl-PL", "de-DE"])
def test_longer_words_fit_a_phone_too(visit, screenshot_folder: Path, locale: str):
    page = visit("/", PHONE, locale=locale)
    for entry in pages.ENTRIES.values():
        page.goto(f"{page.url.split('?')[0].rsplit('/', 1)[0]}/{entry.address}")
        settle(page)
        assert_fits(page, PHONE, screenshot_folder / f"{entry.address}_{PHONE[0]}_{locale}.png")


def test_a_bar_opens_the_people_behind_it(visit, published_demo: Path, screenshot_folder: Path):
    page = visit("/funnel?period=All")
    order, label = ask(
        published_demo, "select stage_order, stage_label from marts.dim_stages where stage_role = 'marketing_qualified'"
    )
    behind = page.locator(".st-key-funnel_behind")
    assert behind.count() == 0
    page.locator(".st-key-funnel_card svg .marks_marks path").nth(1).click()
    settle(page)
    assert behind.get_by_role("heading", name=f"Behind {label}").is_visible()
    reached = cohort_size(published_demo, f"furthest_stage_order >= {order}")
    assert behind.get_by_text(f"{reached} leads").is_visible()
    page.screenshot(path=screenshot_folder / "funnel_behind_1280.png")
