"""Where there are no numbers, or only old ones, every page says so in words with a next step."""

import shutil
from pathlib import Path

import duckdb
import pytest
from dashboard_helpers import DATA_HEALTH, FUNNEL, OVERVIEW, metrics, texts
from streamlit import config

pytestmark = pytest.mark.refresh

PAGES = pytest.mark.parametrize("page", [OVERVIEW, FUNNEL, DATA_HEALTH])


def note(status: str, finished_at: str = "2999-01-01T05:12:00Z") -> dict:
    return {"run_id": "r", "finished_at": finished_at, "status": status, "message": "2 checks failed: a_b *c*."}


@PAGES
def test_nothing_published_yet(tmp_path: Path, open_page, page: str):
    test = open_page(tmp_path, page)
    assert "Nothing has been published yet" in texts(test)
    assert "make demo" in texts(test)
    assert not test.metric


@PAGES
def test_a_file_that_is_no_database(tmp_path: Path, open_page, page: str):
    serving = tmp_path / "serving"
    serving.mkdir()
    (serving / "broken.duckdb").write_bytes(b"no database" * 1000)
    (serving / "current.duckdb").symlink_to("broken.duckdb")
    test = open_page(tmp_path, page)
    assert "The published file cannot be read" in texts(test)
    assert "make refresh" in texts(test)


@PAGES
@pytest.mark.parametrize(
    "damage",
    [
        "drop table marts.published_run",
        "delete from marts.published_run",
        "drop table marts.dim_leads",
        "drop macro table marts.funnel; drop table marts.fct_check_results; drop table marts.fct_opportunities",
    ],
)
def test_a_file_of_another_make(changed_company, open_page, page: str, damage: str):
    test = open_page(changed_company(damage), page)
    assert "The published file cannot be read" in texts(test)
    assert "Traceback" not in texts(test)


@PAGES
@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("failed", "The refresh of 1 Jan 2999, 06:12 failed"),
        ("rolled_back", "The numbers were rolled back on 1 Jan 2999, 06:12"),
    ],
)
def test_a_later_run_that_went_wrong_is_told_above_the_numbers(changed_company, open_page, page, status, words):
    test = open_page(changed_company(last_run=note(status)), page)
    assert len(test.warning) == 1
    banner = texts(test)
    assert f"{words}: 2 checks failed: a_b *c*. You are looking at the numbers published" in banner
    assert metrics(test), "the numbers are shown all the same"
    links = [link.proto.label for link in test.get("page_link")]
    assert ("Open Data health" in links) == (page != DATA_HEALTH)


@PAGES
@pytest.mark.parametrize(
    "last_run", [None, note("published"), note("failed", "1999-01-01T00:00:00Z"), "no json", {"status": "failed"}]
)
def test_no_banner_without_a_later_failure(changed_company, open_page, page: str, last_run):
    assert not open_page(changed_company(last_run=last_run), page).warning


def test_the_banner_says_since_when_refreshes_fail(changed_company, open_page):
    last_run = note("failed") | {"failing_since": "2998-12-30T05:12:00Z", "failed_runs": 3}
    banner = texts(open_page(changed_company(last_run=last_run), FUNNEL))
    since = "Refreshes have failed since 30 Dec 2998, 06:12, 3 in a row, the last on 1 Jan 2999, 06:12"
    assert f"{since}: 2 checks failed: a_b *c*. You are looking at the numbers published" in banner


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("hours_since_load = 51, is_stale = true", "The CRM is stale: its data is 2.1 days old."),
        ("last_status = 'failed', is_stale = true", "The last load of The CRM failed; its earlier data is in use."),
        ("is_quiet = true, quiet_hours = 120", "The CRM has brought nothing new for 5 days."),
    ],
)
def test_a_source_that_is_old_or_silent_is_named_above_the_numbers(changed_company, open_page, change, words):
    company = changed_company(f"update marts.fct_source_freshness set source_label = 'The CRM', {change}")
    test = open_page(company, FUNNEL)
    assert [warning.value for warning in test.warning] == [words]
    assert test.get("page_link")
    assert metrics(test), "the numbers are shown all the same"


def test_a_dashboard_that_listens_to_others_and_asks_nobody_who_they_are_shows_nothing(published_demo, open_page):
    address = config.get_option("server.address")
    config.set_option("server.address", "0.0.0.0")
    try:
        test = open_page(published_demo)
    finally:
        config.set_option("server.address", address)
    assert "The dashboard is closed" in texts(test)
    assert not test.metric


@pytest.fixture
def published_twice(changed_company) -> Path:
    """A company of which one lead more is published than the day before."""
    company = changed_company()
    serving = company / "serving"
    newest = (serving / "current.duckdb").resolve()
    earlier = serving / "20261101T050000000000Z.duckdb"
    shutil.copyfile(newest, earlier)
    with duckdb.connect(str(earlier)) as connection:
        connection.execute("delete from marts.dim_leads where lead_id = (select max(lead_id) from marts.dim_leads)")
        connection.execute("update marts.published_run set published_at = timestamp '2026-11-01 05:00'")
    (serving / "my own copy.duckdb").symlink_to(newest.name)
    shutil.copyfile(newest, serving / "20310101T000000000000Z.duckdb")  # rolled back
    return company


def leads(test) -> str:
    return metrics(test)["Leads in the cohort"][0]


def test_numbers_published_earlier_can_be_read_again_as_they_stood(published_twice, open_page):
    now = open_page(published_twice, FUNNEL, period="All")
    choice = now.sidebar.selectbox(key="published_choice")
    assert choice.options == ["The newest", "1 Nov 2026, 06:00"]
    assert not now.warning
    then = open_page(published_twice, FUNNEL, period="All", published="20261101T050000000000Z")
    assert [warning.value for warning in then.warning] == [
        "You are looking at the numbers published 1 Nov 2026, 06:00, as of 1 Nov 2026, 01:00. "
        "Newer ones have been published since."
    ]
    assert int(leads(now).replace(",", "")) == int(leads(then).replace(",", "")) + 1
    then.button(key="newest").click().run()
    assert not then.warning
    assert leads(then) == leads(now)


def test_a_publication_that_is_kept_no_longer_or_never_was_is_the_newest(published_twice, open_page):
    for name in ("20200101T000000000000Z", "20310101T000000000000Z", "../../contacts/x", ""):
        test = open_page(published_twice, published=name)
        assert not test.warning, name


def test_an_earlier_publication_that_cannot_be_read_leads_back_to_the_newest(published_twice, open_page):
    (published_twice / "serving" / "20261101T050000000000Z.duckdb").write_bytes(b"no database" * 1000)
    test = open_page(published_twice, published="20261101T050000000000Z")
    assert "These earlier numbers cannot be read" in texts(test)
    test.button(key="newest").click().run()
    assert metrics(test)
