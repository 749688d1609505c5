"""What a source brings is held against what it usually brings, and the first load against nothing."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pytest

from ingestion import monitoring, playbook
from ingestion.config import Settings

FIRST, TODAY = date(2026, 8, 1), date(2026, 9, 30)
DAILY = [FIRST + timedelta(days=number) for number in range((TODAY - FIRST).days + 1)]
VOLUME, EMPTY, MIX = 1, 2, 3
STORED = 0


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
    frame = monitoring.recent(settings, "files", limits)
    outcomes = []
    for item in monitoring.expectations(limits):
        least, most = item["kwargs"].get("min_value", float("-inf")), item["kwargs"]["max_value"]
        values = frame[item["kwargs"]["column"]].dropna()
        outcomes.append((bool(values.between(least, most).all()), monitoring.told(frame, item)))
    return outcomes


def test_the_first_load_has_no_history_and_passes(settings):
    stored(settings, {TODAY: 50_000})
    assert judged(settings)[VOLUME] == (True, "no history yet: 0 of 14 days with a load")
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


def test_what_is_usual_is_a_matter_of_the_playbook(settings):
    stored(settings, dict.fromkeys(DAILY, 100) | {TODAY: 250})
    assert judged(settings)[VOLUME][0]
    assert not judged(settings, usual() | {"volume_surge_factor": 2.0})[VOLUME][0]
    assert not judged(settings, usual() | {"volume_surge_factor": 1.0, "volume_history_days": 20})[VOLUME][0]
    assert judged(settings, usual() | {"volume_least_days": 29})[VOLUME][0]
