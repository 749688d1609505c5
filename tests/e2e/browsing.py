"""What the browser tests share: waiting for a page to rest, reading it, and asking the published tables."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb

WIDE, PHONE = (1280, 900), (390, 844)
SIZES = {"wide": WIDE, "phone": PHONE}
# A page that is drawn: the script has ended and the charts have been laid out.
DRAWN = ".stApp[data-test-script-state='notRunning']"


def ask(data_folder: Path, sql: str, published: str = "current") -> tuple:
    """One row straight from the published tables, or from the contacts published with them."""
    file = (data_folder / "serving" / f"{published}.duckdb").resolve()
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).fetchone()


def settle(page) -> None:
    """Wait until the page stands still, and make sure that it is a page and no accident.

    A script rests for a moment between two runs, before all of a page is there: so it must rest for a while.
    """
    page.wait_for_selector(".st-key-cards, .st-key-nothing_matches, .st-key-state", timeout=30_000)
    rested, seen = 0, None
    for _ in range(150):
        is_drawn, shown = page.locator(DRAWN).count(), page.locator("[data-testid=stMain]").inner_text()
        rested = rested + 1 if is_drawn and shown == seen else 0
        if rested == 4:
            break
        seen = shown
        page.wait_for_timeout(200)
    assert rested == 4, "the page does not come to rest"
    assert page.locator(".stException").count() == 0
    assert page.get_by_text("Page not found").count() == 0


def cards(page) -> dict[str, str]:
    """The headline numbers by their labels."""
    return {
        card.locator("[data-testid=stMetricLabel] p").inner_text(): card.locator(
            "[data-testid=stMetricValue]"
        ).inner_text()
        for card in page.locator("[data-testid=stMetric]").all()
    }


def url_filters(page) -> dict[str, list[str]]:
    """The filters as the address bar shows them."""
    return parse_qs(urlsplit(page.url).query)


def eventually(page, read: Callable[[], object], expected: object) -> None:
    """Hold a page against what it must come to show; a busy machine may take its time."""
    for _ in range(60):
        if read() == expected:
            break
        page.wait_for_timeout(250)
    settle(page)
    assert read() == expected
