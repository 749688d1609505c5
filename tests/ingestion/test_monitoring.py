"""What a source brings, and what a mart holds, is against what is usual; where there is no history, against nothing."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest

from ingestion import monitoring, playbook
from ingestion.config import Settings

FIRST, TODAY = date(2026, 8, 1), date(2026, 9, 30)
DAILY = [FIRST + timedelta(days=number) for number in range((TODAY - FIRST).days + 1)]
STORED, COUNTED, VOLUME, EMPTY, MIX = range(5)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)})


def stored(
    settings: Settings,
    counts: dict[date, int],
    stages: dict[date, list[str | None]] | None = None,
    lost: int = 0,
) -> None:
    """A warehouse in which `files` brought so many leads with each load, the first of them as a backfill.

    `stages` are given in turn to the leads of a load, else three of them. The last load `lost` rows on the way.
    """
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.begin()
        connection.execute("create schema raw_files")
        connection.execute(
            "create table raw_files.loads (_loaded_at timestamp, finished_at timestamp, status varchar, "
            "changed_count bigint, _dlt_load_id varchar)"
        )
        connection.execute(
            "create table raw_files.leads (lead_id varchar, stage varchar, _row_hash varchar, _loaded_at timestamp, "
            "_is_deleted boolean, _is_backfilled boolean, _dlt_load_id varchar)"
        )
        for day, count in counts.items():
            moment, load_id = datetime(day.year, day.month, day.day, 5), str(day)
            found = count + (lost if day == max(counts) else 0)
            connection.execute(
                "insert into raw_files.loads values (?, ?, 'loaded', ?, ?)", [moment, moment, found, load_id]
            )
            connection.execute(
                "insert into raw_files.leads select ? || number, list_extract(?::varchar[], (number % ? + 1)::int), "
                "'x', ?, false, ?, ? from range(?) as numbers (number)",
                [
                    load_id,
                    words := (stages or {}).get(day, ["lead", "mql", "sql"]),
                    len(words),
                    moment,
                    day == min(counts),
                    load_id,
                    count,
                ],
            )
        connection.commit()


@cache
def usual() -> dict[str, float]:
    """What the default playbook calls usual."""
    return monitoring.thresholds(playbook.read(Settings.from_environment({})))


def judged(settings: Settings, limits: dict[str, float] | None = None) -> list[tuple[bool, str]]:
    """Per expectation whether it holds of what was stored, and what is said about it."""
    limits = limits or usual()
    return verdicts(monitoring.recent(settings, "files", limits), monitoring.expectations(limits))


def verdicts(frame: pd.DataFrame, items: list[dict]) -> list[tuple[bool, str]]:
    outcomes = []
    for item in items:
        least, most = item["kwargs"].get("min_value", float("-inf")), item["kwargs"].get("max_value", float("inf"))
        values = frame[item["kwargs"]["column"]].dropna()
        outcomes.append((bool(values.between(least, most).all()), monitoring.told(frame, item)))
    return outcomes


def test_the_first_load_has_no_history_and_passes(settings):
    stored(settings, {TODAY: 50_000})
    assert judged(settings)[VOLUME] == (True, "no history yet: 0 of 14 days")
    assert all(holds for holds, _ in judged(settings))


def test_ordinary_days_pass(settings):
    stored(settings, {day: 50_000 if day == FIRST else 100 + 10 * (day.day % 5) for day in DAILY})
    outcomes = judged(settings)
    assert all(holds for holds, _ in outcomes), outcomes
    assert outcomes[VOLUME][1] == "1 of 1 tables judged"


@pytest.mark.parametrize(
    ("count", "words"),
    [
        (0, "leads: 0 rows a day, before 100 to 140"),
        (30, "leads: 30 rows a day, before 100 to 140"),
        (1500, "leads: 1,500 rows a day, before 100 to 140"),
    ],
)
def test_none_or_few_or_many_rows_where_there_are_usually_some_are_told(settings, count, words):
    stored(settings, {day: 100 + 10 * (day.day % 5) for day in DAILY} | {TODAY: count})
    assert judged(settings)[VOLUME] == (False, words)


def test_what_piled_up_over_days_without_a_load_is_nothing_out_of_the_ordinary(settings):
    gap = {TODAY - timedelta(days=number) for number in range(1, 7)}
    stored(settings, {day: 100 for day in DAILY if day not in gap} | {TODAY: 700})
    assert judged(settings)[VOLUME][0]


def test_a_day_off_is_ordinary_where_weekends_are_quiet(settings):
    stored(settings, {day: 0 if day.weekday() > 4 else 100 for day in DAILY} | {TODAY: 0})
    assert judged(settings)[VOLUME][0]


def test_what_comes_once_a_month_is_ordinary(settings):
    stored(settings, dict.fromkeys(DAILY, 0) | {FIRST: 500, TODAY - timedelta(days=31): 500, TODAY: 500})
    assert judged(settings)[VOLUME][0]


def test_a_source_of_a_few_rows_a_day_is_not_judged(settings):
    stored(settings, dict.fromkeys(DAILY, 2) | {TODAY: 0})
    assert judged(settings)[VOLUME][0]


def test_a_column_that_grows_empty_is_named(settings):
    emptied = {TODAY - timedelta(days=number): [None, None, "lead"] for number in range(7)}
    stored(settings, dict.fromkeys(DAILY, 60), emptied)
    outcomes = judged(settings)
    assert outcomes[EMPTY] == (False, "leads: stage: 67% empty, before 0%")
    assert outcomes[VOLUME][0]


def test_categories_that_shift_are_told_without_naming_one(settings):
    shifted = {TODAY - timedelta(days=number): ["lead"] for number in range(7)}
    stored(settings, dict.fromkeys(DAILY, 60), shifted)
    outcomes = judged(settings)
    assert outcomes[MIX] == (False, "leads: stage: 67% lie in other categories than before, usually up to 0%")
    assert outcomes[EMPTY][0]


def test_categories_that_come_and_go_each_week_are_ordinary(settings):
    """Such as the campaigns of e-mails."""
    stored(settings, dict.fromkeys(DAILY, 60), {day: [f"campaign {(TODAY - day).days // 7}"] for day in DAILY})
    assert judged(settings)[MIX][0]


def test_the_days_before_count_and_no_others(settings):
    """What was usual until two months ago is not usual any more."""
    old = {day: ["customer"] for day in DAILY if day < TODAY - timedelta(days=35)}
    stored(settings, {day: 9000 if day in old else 60 for day in DAILY}, old)
    assert all(holds for holds, _ in judged(settings))


def test_a_load_of_which_a_row_is_missing_is_told(settings):
    stored(settings, dict.fromkeys(DAILY, 60), lost=1)
    assert judged(settings)[STORED] == (False, "61 rows were new or changed, 60 are stored")


@pytest.mark.parametrize(
    ("counted", "holds"), [(1_000, True), (1_008, True), (1_009, True), (1_025, False), (985, False), (0, False)]
)
def test_what_a_source_counts_itself_is_held_against_what_is_stored(settings, counted, holds):
    """1,000 contacts are stored, one more was deleted later, and eight were set aside."""
    version = "'x' as _row_hash, timestamp '2026-09-30' as _loaded_at, '1' as _dlt_load_id, false as _is_backfilled"
    tables = {
        "loads": "select 'loaded' as status, timestamp '2026-09-30' as finished_at, 0 as changed_count",
        "contacts": "select range as id, false as _is_deleted from range(1001) union all select 1000, true",
        "quarantine": "select 'contacts' as entity, 'contacts' as file, range as line, '' as record_id, "
        "false as _is_deleted from range(8)",
        "cursors": f"select 'contacts counted' as stream, '{counted}' as cursor",
    }
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create schema raw_hubspot")
        for name, rows in tables.items():
            connection.execute(f"create table raw_hubspot.{name} as select *, {version} from ({rows})")
        connection.execute("update raw_hubspot.contacts set _dlt_load_id = '2' where _is_deleted")
        connection.execute("alter table raw_hubspot.loads drop column _row_hash")
    outcomes = verdicts(monitoring.recent(settings, "hubspot", usual()), monitoring.expectations(usual()))
    words = f"contacts: the source counts {counted:,}, 1,000 are stored, 8 set aside"
    assert outcomes[COUNTED] == (holds, "1 of 1 tables judged" if holds else words)


def test_a_source_that_does_not_count_its_records_is_not_judged_by_that(settings):
    stored(settings, {TODAY: 10})
    assert judged(settings)[COUNTED] == (True, "the source does not say how many it has")


def test_what_is_usual_is_a_matter_of_the_playbook(settings):
    stored(settings, dict.fromkeys(DAILY, 100) | {TODAY: 250})
    assert judged(settings)[VOLUME][0]
    assert not judged(settings, usual() | {"volume_surge_factor": 2.0})[VOLUME][0]
    assert not judged(settings, usual() | {"volume_surge_factor": 1.0, "volume_history_days": 20})[VOLUME][0]
    assert judged(settings, usual() | {"volume_least_days": 29})[VOLUME][0]


KEPT, STANDSTILL, MART_VOLUME, MART_EMPTY, MART_MIX = range(5)
TOUCHES = monitoring.Lately("occurred_date", ("channel",))


def judged_mart(
    counts: dict[date, int],
    channels: dict[date, list[str | None]] | None = None,
    published: int | None = None,
    limits: dict[str, float] | None = None,
) -> list[tuple[bool, str]]:
    """The same of a mart with so many rows of each day, on the day after TODAY, whose rows are not judged."""
    limits = limits or usual()
    with duckdb.connect() as connection:
        connection.execute("create schema marts")
        connection.execute("create table marts.fct_touches (occurred_date date, channel varchar)")
        for day, count in counts.items():
            words = (channels or {}).get(day, ["paid_search", "direct"])
            connection.execute(
                "insert into marts.fct_touches select ?, list_extract(?::varchar[], (number % ? + 1)::int) "
                "from range(?) as numbers (number)",
                [day, words, len(words), count],
            )
        tomorrow = TODAY + timedelta(days=1)
        frame = monitoring.recent_mart(connection, "fct_touches", TOUCHES, tomorrow, published, limits)
    return verdicts(frame, monitoring.mart_expectations(limits))


def test_a_mart_of_ordinary_days_passes_whatever_the_running_day_has_so_far():
    counts = {day: 100 + 10 * (day.day % 5) for day in DAILY}
    outcomes = judged_mart(counts | {TODAY + timedelta(days=1): 1}, published=sum(counts.values()))
    assert all(holds for holds, _ in outcomes), outcomes
    assert outcomes[STANDSTILL][1] == "the newest row is of 2026-09-30; before it, pauses took up to 1 days"


@pytest.mark.parametrize("least_days", [14, 0])
def test_a_new_company_has_nothing_to_be_held_against(least_days):
    outcomes = judged_mart({TODAY: 500}, limits=usual() | {"volume_least_days": least_days})
    assert [words for _, words in outcomes] == [
        "no rows are published yet",
        f"no history yet: 0 of {least_days} days with rows",
        f"no history yet: 0 of {least_days} days",
        "no history yet: 500 rows, 0 before",
        "no history yet: 500 rows, 0 before",
    ]
    assert all(holds for holds, _ in outcomes)


@pytest.mark.parametrize(("published", "holds"), [(6_400, True), (6_423, False), (5_000, True)])
def test_a_mart_that_lost_rows_since_it_was_published_is_told(published, holds):
    outcomes = judged_mart(dict.fromkeys(DAILY, 100), published=published)
    assert outcomes[KEPT] == (holds, f"6,100 rows, readers see {published:,}")


def test_a_mart_of_which_the_last_day_is_missing_is_told():
    assert judged_mart(dict.fromkeys(DAILY, 100) | {TODAY: 0})[MART_VOLUME] == (
        False,
        "0 rows a day, before 100 to 100",
    )


def test_a_mart_that_has_come_to_a_standstill_is_told_however_long_ago():
    assert judged_mart({day: 100 for day in DAILY if day <= TODAY - timedelta(days=3)})[STANDSTILL][0]
    assert not judged_mart({day: 100 for day in DAILY if day <= TODAY - timedelta(days=4)})[STANDSTILL][0]
    outcomes = judged_mart({day - timedelta(days=200): 100 for day in DAILY})
    assert outcomes[STANDSTILL] == (False, "the newest row is of 2026-03-14; before it, pauses took up to 1 days")
    assert outcomes[MART_VOLUME][0]


def test_weekends_without_rows_are_no_standstill():
    counts = {day: 100 for day in DAILY if day.weekday() < 5 and day < TODAY - timedelta(days=2)}
    assert judged_mart(counts)[STANDSTILL][0]


def test_a_mart_whose_channels_shift_or_vanish_is_told():
    lately = [TODAY - timedelta(days=number) for number in range(7)]
    shifted = judged_mart(dict.fromkeys(DAILY, 60), {day: ["unclassified"] for day in lately})
    assert shifted[MART_MIX] == (
        False,
        "channel: 100% lie in other categories than before, usually up to 0%",
    )
    emptied = judged_mart(dict.fromkeys(DAILY, 60), {day: [None, "direct"] for day in lately})
    assert emptied[MART_EMPTY] == (False, "channel: 50% empty, before 0%")
