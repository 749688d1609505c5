"""Whoever cannot see well, or has no mouse, can use every page: axe-core finds no serious fault on any."""

from collections.abc import Callable
from pathlib import Path

import pytest
from browsing import PHONE, SIZES, WIDE, ask, settle

from app import pages

pytestmark = [pytest.mark.browser, pytest.mark.refresh]

THEMES = ("light", "dark")


def press(page, place: str) -> None:
    """Open what a button opens, and wait until it lies there."""
    page.locator(f"{place} button:visible").first.click()
    page.locator("[data-testid=stPopoverBody]").wait_for()
    page.wait_for_timeout(500)


@pytest.mark.parametrize("theme", THEMES)
def test_no_page_has_a_serious_fault(visit, faults, theme: str):
    page, found = visit("/", PHONE, theme), []
    root = page.url.rstrip("/")
    for entry in pages.ENTRIES.values():
        page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
        page.goto(f"{root}/{entry.address}")
        settle(page)
        found += faults(page, f"{entry.address}, phone, {theme}")
        page.set_viewport_size({"width": WIDE[0], "height": WIDE[1]})
        page.wait_for_timeout(500)
        found += faults(page, f"{entry.address}, wide, {theme}")
    assert not found, "\n".join(found)


def all_filters(page) -> None:
    press(page, ".st-key-filters")
    page.locator(".st-key-channel_choice input").click()
    page.get_by_role("option").first.wait_for()


def behind_a_bar(page) -> None:
    page.locator(".st-key-funnel_card svg .marks_marks path").nth(1).click()
    page.locator(".st-key-funnel_behind").wait_for()
    settle(page)


STATES: dict[str, tuple[str, Callable]] = {
    "filters open": ("/funnel", lambda page: press(page, ".st-key-filters")),
    "values of a filter": ("/funnel", all_filters),
    "filters without use": ("/roi", lambda page: press(page, ".st-key-filters")),
    "downloads open": ("/funnel", lambda page: press(page, ".st-key-funnel_card_away")),
    "what is behind a bar": ("/funnel", behind_a_bar),
    "dates of one's own": ("/funnel?period=custom", lambda page: None),
}


@pytest.mark.parametrize(("size", "theme"), [("wide", "light"), ("phone", "dark")])
@pytest.mark.parametrize("state", STATES)
def test_what_opens_has_none_either(visit, faults, state: str, size: str, theme: str):
    address, go_on = STATES[state]
    page = visit(address, SIZES[size], theme)
    go_on(page)
    found = faults(page, f"{state}, {size}, {theme}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_nor_has_the_meeting_pack(visit, faults, theme: str):
    page = visit("/funnel", WIDE, theme)
    press(page, ".st-key-pack")
    found = faults(page, f"meeting pack, {theme}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_nor_has_the_list_of_pages_on_a_phone(visit, faults, theme: str):
    page = visit("/funnel", PHONE, theme)
    page.get_by_test_id("stExpandSidebarButton").click()
    page.get_by_role("link", name="Data health", exact=True).wait_for()
    page.wait_for_timeout(500)
    found = faults(page, f"list of pages, {theme}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize("theme", THEMES)
def test_nor_has_a_page_on_which_nothing_matches(visit, faults, published_demo: Path, theme: str):
    (year,) = ask(published_demo, "select year(min(created_date)) - 1 from marts.dim_leads")
    page = visit(f"/funnel?period=custom&from={year}-01-01&to={year}-01-02", WIDE, theme)
    assert page.locator(".st-key-nothing_matches").is_visible()
    found = faults(page, f"nothing matches, {theme}")
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("planted", "rule"),
    [
        ("<img src='data:,'>", "image-alt"),
        ("<p style='color: #aaa; background: #fff'>Pale</p>", "color-contrast"),
        ("<button><svg width='24' height='24'></svg></button>", "button-name"),
    ],
)
def test_a_fault_would_be_found_and_named(visit, faults, planted: str, rule: str):
    page = visit("/playbook")
    page.evaluate(
        "(html) => document.querySelector('[data-testid=stMain]').insertAdjacentHTML('afterbegin', html)", planted
    )
    found = faults(page, "playbook")
    assert len(found) == 1, "\n".join(found)
    assert found[0].startswith(f"playbook: {rule} (")
    assert planted[:8] in found[0]


def test_the_keyboard_gets_into_a_table_and_scrolls_it(visit):
    page = visit("/data-health", PHONE)
    table = page.locator(".st-key-sources_card .stTable > div")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(500)
    assert table.evaluate("(table) => table === document.activeElement && table.scrollLeft > 0")
    # All of it is there, as tall as its rows: it scrolls sideways alone.
    assert table.evaluate("(table) => table.clientHeight - table.firstElementChild.offsetHeight") in range(-1, 20)


def test_what_is_heard_names_what_is_seen(visit):
    page = visit("/funnel")
    assert page.get_by_role("button", name="Take it away").first.is_visible()
    # Streamlit names a chart by its text; its hundreds of marks are silent.
    chart = page.locator(".st-key-funnel_card [data-testid=stVegaLiteChart]")
    assert "Lead: " in chart.get_attribute("aria-label")
    assert chart.locator("path[aria-label]").count() == 0
    listed = page.get_by_test_id("stSidebarNavItems").get_by_role("listitem")
    assert listed.count() == len(pages.ENTRIES)
    spoken = page.get_by_test_id("stSidebarNavItems").aria_snapshot()
    for name, section in pages.SECTIONS.items():
        assert f'text: {name}\n    - link "{section[0].title}"' in spoken or not name
