"""The Data health page against SQL over the published tables, and in bad times."""

from pathlib import Path

import pytest
from dashboard_helpers import DATA_HEALTH, FUNNEL, ask, metrics, texts

from app import formatting

pytestmark = pytest.mark.refresh

FAILED_CHECK = """
    insert into marts.fct_check_results by name
    select 'made_up' as check_id, 'a_mart' as asset, 'a *claim*' as check_name, 'dbt' as kind, {} as severity,
        false as is_passed, '7 rows' as detail
"""
GAP = """
    insert into marts.fct_data_gaps by name
    select '{0}' as gap, '{0}' as description, 'leads' as entity, {1} as affected_count, 100 as total_count,
        {1} / 100.0 as affected_rate, false as has_changed, '{2}' as severity, 'L1, L2' as example_ids,
        'Act' as recommended_action
"""
QUARANTINED = """
    insert into marts.fct_quarantine by name
    select 'files' as source, 'leads' as entity, 'a.csv' as file, {} as line, 'created_at' as column_name,
        '{}' as reason, timestamp '2026-01-01' as loaded_at
"""


def test_the_cards_equal_the_tables(published_demo: Path, open_page):
    page = open_page(published_demo, DATA_HEALTH)
    cards = metrics(page)
    passed, total = ask(published_demo, "select count(*) filter (is_passed), count(*) from marts.fct_check_results")[0]
    failed = f"{total - passed:,}" if total > passed else "none"
    assert cards["Checks passed"] == (f"{passed:,}", f"of {total:,}; {failed} failed")
    quarantined = ask(published_demo, "select count(*) from marts.fct_quarantine")[0][0]
    assert cards["Quarantined rows"][0] == f"{quarantined:,}"
    label, hours = ask(
        published_demo,
        "select source_label, hours_since_load from marts.fct_source_freshness order by 2 desc nulls first, 1 limit 1",
    )[0]
    assert cards["Oldest source"][0] == ("never loaded" if hours is None else formatting.duration(hours))
    assert label
    valid, held = ask(published_demo, "select count(*) filter (is_valid), count(*) from marts.fct_campaign_naming")[0]
    assert 0 < valid < held
    assert cards["Naming rate"][0] == formatting.rate(valid / held)
    as_of, timezone = ask(published_demo, "select as_of, reporting_timezone from marts.published_run")[0]
    assert formatting.moment(as_of, timezone).startswith(cards["As of"][0])


def test_a_misnamed_campaign_is_told_what_is_wrong_and_a_better_name(changed_company, open_page):
    company = changed_company("delete from marts.fct_campaign_naming where name != 'LinkedIn test (copy)'")
    page = open_page(company, DATA_HEALTH)
    [row] = next(table.value for table in page.table if "Better" in table.value).to_dict("records")
    assert row["Name"].replace("\\", "") == "**LinkedIn test (copy)**"
    assert row["What is wrong"].replace("\\", "") == "is one piece instead of market_channel_topic"
    assert row["Better"].replace("\\", "") == "<market>_social_test-copy"
    good = changed_company("delete from marts.fct_campaign_naming where not is_valid")
    assert "Every name follows the standard." in texts(open_page(good, DATA_HEALTH))
    none = changed_company("delete from marts.fct_campaign_naming")
    assert "No source names a campaign yet." in texts(open_page(none, DATA_HEALTH))


def test_all_checks_passed_is_said_only_when_they_did(changed_company, open_page):
    total = ask(changed_company(), "select count(*) from marts.fct_check_results")[0][0]
    assert total > 1
    good = changed_company("update marts.fct_check_results set is_passed = true")
    assert f"All {total:,} checks passed." in texts(open_page(good, DATA_HEALTH))
    bad = changed_company("update marts.fct_check_results set is_passed = true", FAILED_CHECK.format("'warn'"))
    words = texts(open_page(bad, DATA_HEALTH))
    assert "checks passed." not in words
    assert f"1 of {total + 1:,} checks failed. It does not block publishing." in words


def test_failed_checks_come_first_and_those_that_block_before_those_that_warn(changed_company, open_page):
    company = changed_company(
        "update marts.fct_check_results set is_passed = true",
        FAILED_CHECK.format("'warn'"),
        FAILED_CHECK.format("'block'"),
    )
    page = open_page(company, DATA_HEALTH)
    failed = next(table.value for table in page.table if "Claim" in table.value)
    assert ["blocks" in text for text in failed["Result"]] == [True, False]
    assert failed["Claim"].iloc[0] == r"a \*claim\*"
    assert "1 should have blocked publishing" in texts(page)


def test_a_stale_source_is_named(changed_company, open_page):
    company = changed_company(
        "update marts.fct_source_freshness set is_stale = false, last_status = 'loaded', hours_since_load = 1, "
        "max_staleness_hours = 36",
        "update marts.fct_source_freshness set is_stale = true, hours_since_load = 51, last_status = 'failed', "
        "last_message = 'HTTP 503', source_label = 'The CRM' "
        "where source in (select min(source) from marts.fct_source_freshness)",
    )
    page = open_page(company, DATA_HEALTH)
    words = texts(page)
    assert "The CRM is stale: its data is 2.1 days old." in words
    assert "HTTP 503" in words
    sources = page.table[0].value
    assert "The CRM" in sources["Source"].iloc[0]
    assert "stale" in sources["State"].iloc[0]


def test_what_rests_on_a_stale_source_is_told_mart_by_mart(changed_company, open_page):
    source = "(select min(source) from marts.fct_source_freshness)"
    label = f"update marts.fct_source_freshness set source_label = 'The CRM' where source = {source}"
    mend = "update marts.fct_source_freshness set is_stale = false"
    company = changed_company(label, mend, f"{mend.replace('false', 'true')} where source = {source}")
    made_of_it = ask(company, f"select mart from marts.fct_mart_sources where source = {source} order by mart")
    assert ("dim_leads",) in made_of_it and ("fct_source_freshness",) not in made_of_it
    page = open_page(company, DATA_HEALTH)
    [row] = next(table.value for table in page.table if "Which" in table.value).to_dict("records")
    assert (row["Source"], row["Tables"]) == ("**The CRM**", f"{len(made_of_it)}")
    assert row["Which"].replace("\\", "") == ", ".join(mart for (mart,) in made_of_it)
    assert "What rests on older data" not in texts(open_page(changed_company(label, mend), DATA_HEALTH))


def test_gaps_are_ranked_by_gravity_and_share(changed_company, open_page):
    company = changed_company(
        "delete from marts.fct_data_gaps",
        GAP.format("wide note", 90, "info"),
        GAP.format("narrow warning", 10, "warn"),
        GAP.format("wide warning", 20, "warn"),
        GAP.format("closed", 0, "warn"),
    )
    page = open_page(company, DATA_HEALTH)
    table = next(table.value for table in page.table if "Gap" in table.value)
    assert list(table["Gap"]) == ["**wide warning**", "**narrow warning**", "**wide note**"]
    assert list(table["Affected"]) == ["20 of 100", "10 of 100", "90 of 100"]


def test_a_gap_says_what_is_at_stake_and_whether_it_grows_where_enough_is_new_to_tell(changed_company, open_page):
    least, currency = ask(changed_company(), "select least_group_count, reporting_currency from marts.dim_build")[0]
    company = changed_company(
        "delete from marts.fct_data_gaps",
        GAP.format("growing", 30, "warn"),
        GAP.format("young", 20, "warn"),
        GAP.format("priceless", 10, "warn"),
        "update marts.fct_data_gaps set recent_affected_rate = 0.4, earlier_affected_rate = 0.25, has_changed = true, "
        f"value_at_stake_amount = 48300, recent_total_count = {least}, earlier_total_count = {least}",
        f"update marts.fct_data_gaps set recent_total_count = {least} - 1 where gap = 'young'",
        "update marts.fct_data_gaps set value_at_stake_amount = null, has_changed = false where gap = 'priceless'",
    )
    page = open_page(company, DATA_HEALTH)
    table = next(table.value for table in page.table if "Gap" in table.value).set_index("Gap")
    assert list(table["At stake"]) == [formatting.money(48_300, currency)] * 2 + ["–"]
    assert list(table["Lately"]) == ["▲ 40.0%, before 25.0%", "–", "40.0%, before 25.0%"]


def test_quarantine_is_counted_by_reason_with_the_first_lines(changed_company, open_page):
    company = changed_company(
        "delete from marts.fct_quarantine",
        *(QUARANTINED.format(line, "no date") for line in (7, 3, 5)),
        QUARANTINED.format(9, "no key"),
    )
    page = open_page(company, DATA_HEALTH)
    table = next(table.value for table in page.table if "Reason" in table.value)
    assert list(table["Rows"]) == ["3", "1"]
    assert list(table["Reason"]) == ["**no date**", "**no key**"]
    assert list(table["First lines"]) == ["3, 5, 7", "9"]
    assert metrics(page)["Quarantined rows"] == ("4", "2 reasons")


def test_empty_tables_get_words(changed_company, open_page):
    company = changed_company(
        *(
            f"delete from marts.{table}"
            for table in ("fct_check_results", "fct_source_freshness", "fct_quarantine", "fct_data_gaps")
        )
    )
    words = texts(open_page(company, DATA_HEALTH))
    assert "No check was recorded for this run." in words
    assert "No source is connected." in words
    assert "No row was set aside." in words
    assert "No gap was found." in words


def test_the_filters_hold_behind_a_page_without_use_for_them(published_demo: Path, open_page):
    segment = ask(published_demo, "select min(segment) from marts.dim_leads")[0][0]
    page = open_page(published_demo, DATA_HEALTH, period="All", segment=segment)
    assert page.multiselect(key="segment").value == [segment]
    page.switch_page(FUNNEL).run()
    assert page.multiselect(key="segment").value == [segment]
    size = ask(published_demo, "select count(*) from marts.dim_leads where segment = ?", segment)[0][0]
    assert metrics(page)["Leads in the cohort"][0] == formatting.count(size)


RESTATED = """
    insert into marts.fct_restatements by name
    select 'r' as run_id, timestamp '2026-10-02' as as_of, date '2026-02-01' as month_start_date, '{}' as kpi,
        'all' as dimension, 'all' as dimension_value, '{}' as cause, {} as cause_order, {} as before_value,
        {} as after_value
"""


def test_a_restated_figure_says_what_it_was_what_it_is_and_why(changed_company, open_page):
    company = changed_company(
        RESTATED.format("net_new_leads", "merges", 3, 1412, 1405),
        RESTATED.format("net_new_leads", "late_facts", 4, 1405, 1409),
        RESTATED.format("roi", "playbook_edit", 1, "null", -0.125),
        RESTATED.format("won_amount", "exchange_rates", 2, 90000, 80000).replace(
            "'all' as dimension,", "'channel' as dimension,"
        ),
    )
    page = open_page(company, DATA_HEALTH)
    rows = next(table.value for table in page.table if "Why" in table.value).to_dict("records")
    assert [tuple(row[name].replace("\\", "") for name in ("KPI", "Of", "Was", "Is", "Why")) for row in rows] == [
        (
            "**Net new leads**",
            "Feb 26",
            "1,412",
            "1,409",
            "records found to be one: 1,405, then told or corrected late: 1,409",
        ),
        ("**ROI**", "Feb 26", "–", "-12.5%", "edited playbook: -12.5%"),
    ]


def test_where_no_past_figure_has_changed_that_is_said(published_demo, open_page):
    assert "No published figure of a past month has changed." in texts(open_page(published_demo, DATA_HEALTH))


def test_the_report_of_what_was_checked_is_named_and_not_served(changed_company, open_page):
    company = changed_company(
        "update marts.published_run set run_id = 'good'",
        last_run={"run_id": "bad", "finished_at": "2999-01-01T05:12:00Z", "status": "failed", "message": ""},
    )
    assert "audit/" not in texts(open_page(company, DATA_HEALTH)), "a report that is not there is not named"
    for run in ("good", "bad"):
        (company / "audit" / run).mkdir(parents=True)
        (company / "audit" / run / "index.html").touch()
    words = texts(open_page(company, DATA_HEALTH))
    assert "The full report: open `audit/good/index.html` in the data directory" in words
    assert "The report of the refresh that failed: open `audit/bad/index.html`" in words
    assert str(company) not in words


def test_a_source_that_fell_silent_is_told_apart_from_one_that_is_stale(changed_company, open_page):
    page = open_page(changed_company("update marts.fct_source_freshness set is_quiet = true"), DATA_HEALTH)
    assert "nothing new" in page.table[0].value["State"].iloc[0]
