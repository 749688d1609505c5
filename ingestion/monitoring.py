"""What a source brought lately against what it usually brings: volume, empty cells, mix of categories.

Only what came after the first load is looked at: that one brings years at once and says nothing about a day.
"""

from collections import Counter
from datetime import date
from typing import Any

import duckdb
import pandas as pd

from ingestion.config import Settings
from ingestion.sources import raw_dataset
from ingestion.sql import identifier, literal

# Beside the source's own rows: what was refused, and where the next load begins.
BOOKKEEPING = {"quarantine", "cursors"}
# A column with more values than that holds names or numbers, no categories.
MOST_CATEGORIES = 30
SETTINGS = {
    "volume_history_days": int,
    "volume_least_days": int,
    "volume_drop_factor": float,
    "volume_surge_factor": float,
    "shift_window_days": int,
    "shift_least_count": int,
    "most_shift_rate": float,
    "least_group_count": int,
}


def thresholds(playbook: dict[str, list[dict[str, str | None]]]) -> dict[str, float]:
    """The settings of the playbook that say what is usual, by name."""
    values = {row["setting"]: row["value"] for row in playbook["settings"]}
    return {name: as_number(values[name]) for name, as_number in SETTINGS.items()}


def expectations(limits: dict[str, float]) -> list[dict[str, Any]]:
    """What is expected of the frame of `recent`, in the form of a source's `expectations.py`.

    `claim` is the expectation in words; `found` names the frame's column that says in words what was found.
    """

    def between(claim: str, severity: str, column: str, found: str, least: float | None, most: float) -> dict[str, Any]:
        bounds = {"min_value": least, "max_value": most}
        kwargs = {"column": column, **{name: bound for name, bound in bounds.items() if bound is not None}}
        kind = "expect_column_values_to_be_between"
        return {"severity": severity, "type": kind, "kwargs": kwargs, "claim": claim, "found": found}

    least_volume, most_volume = 1 / limits["volume_drop_factor"], limits["volume_surge_factor"]
    most_shift = limits["most_shift_rate"]
    before = f"in the {limits['volume_history_days']:.0f} days before"
    return [
        between("what the last load found is stored, to the row", "block", "missing_row_count", "missing_words", 0, 0),
        between(f"as many rows as {before}", "warn", "volume_ratio", "volume_words", least_volume, most_volume),
        between(f"columns as full as {before}", "warn", "empty_shift", "empty_words", None, most_shift),
        between(f"categories mixed as {before}", "warn", "mix_shift", "mix_words", None, most_shift),
    ]


def told(frame: pd.DataFrame, item: dict[str, Any]) -> str:
    """What the frame of `recent` holds of an expectation, in words: tables that fail it, else how many are judged."""
    column, words = item["kwargs"]["column"], frame[item["found"]]
    least, most = item["kwargs"].get("min_value", float("-inf")), item["kwargs"]["max_value"]
    values = frame[column]
    failed = frame[(values < least) | (values > most)]
    if not failed.empty:
        return "; ".join(
            words[index] if frame["raw_table"][index] == "loads" else f"{frame['raw_table'][index]}: {words[index]}"
            for index in failed.index
        )
    judged = values.notna()
    if not judged.any():
        return next(iter(words.dropna()), "no history yet")
    if column == "missing_row_count":
        return words[judged].iloc[0]
    return f"{judged.sum()} of {len(frame) - 1} tables judged"


def recent(settings: Settings, source: str, limits: dict[str, float]) -> pd.DataFrame:
    """One row per raw table of a source with rows of its own, and one for its loads, which reconciles the last one.

    `missing_row_count` is what the last load found new or changed less what is stored of it. `volume_ratio` is 1 within
    the range of the days before, else how many times as many (or few) rows came as on the fullest (or emptiest) day.
    `empty_shift` and `mix_shift` are shares (0 to 1) by which the column that differs most does so: of empty cells, and
    of filled ones that lie in other categories (total variation) beyond what weeks before differed from each other, so
    that the names of campaigns, which come and go, count for nothing. Null where there is too little history to say.
    """
    dataset = raw_dataset(source)
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        tables = [
            name
            for (name,) in connection.execute(
                """
                select table_name from duckdb_columns() where schema_name = ? and column_name = '_row_hash'
                order by table_name
                """,
                [dataset],
            ).fetchall()
            if name not in BOOKKEEPING
        ]
        last = connection.execute(
            f"select _loaded_at, _dlt_load_id, changed_count from {dataset}.loads where status = 'loaded'"
            " order by finished_at desc limit 1"
        ).fetchall()
        rows = [_reconciled(connection, dataset, tables, *last[0][1:])] if last else []
        for table in tables if last else []:
            name, today = f"{dataset}.{identifier(table)}", last[0][0].date()
            volume = _volume(connection, dataset, name, today, limits)
            has_history = volume["volume_ratio"] is not None
            shifts = _shifts(connection, dataset, table, name, today, limits) if has_history else {}
            rows.append({"raw_table": table} | volume | shifts)
    columns = ["missing_row_count", "volume_ratio", "empty_shift", "mix_shift"]
    words = ["missing_words", "volume_words", "empty_words", "mix_words"]
    frame = pd.DataFrame(rows, columns=["raw_table", *columns, *words])
    return frame.astype(dict.fromkeys(columns, float))


def _reconciled(
    connection: duckdb.DuckDBPyConnection, dataset: str, tables: list[str], load_id: str, changed_count: int
) -> dict[str, Any]:
    stored = 0
    for table in tables:
        [(count,)] = connection.execute(
            f"select count(*) from {dataset}.{identifier(table)} where _dlt_load_id = ?", [load_id]
        ).fetchall()
        stored += count
    words = f"{changed_count:,} rows were new or changed, {stored:,} are stored"
    return {"raw_table": "loads", "missing_row_count": changed_count - stored, "missing_words": words}


def _volume(
    connection: duckdb.DuckDBPyConnection, dataset: str, name: str, today: date, limits: dict[str, float]
) -> dict[str, Any]:
    """Rows per day of the last day with a load against such days before; after a gap they are shared out over it."""
    [(count, least, most, mean, history)] = connection.execute(
        f"""
        with load_dates as (
            select distinct cast(_loaded_at as date) as load_date from {dataset}.loads where status = 'loaded'
        ),

        days as (
            select load_date, load_date - lag(load_date) over (order by load_date) as elapsed_days from load_dates
        ),

        counted as (
            select cast(_loaded_at as date) as load_date, count(*) filter (where not _is_backfilled) as row_count
            from {name}
            where _loaded_at >= $today::date - $days
            group by 1
        ),

        daily as (
            select load_date, coalesce(row_count, 0) / elapsed_days as daily_count
            from days
            left join counted using (load_date)
            where load_date > (select cast(min(_loaded_at) as date) from {name}) and load_date >= $today::date - $days
        )

        select
            max(daily_count) filter (where load_date = $today::date),
            min(daily_count) filter (where load_date < $today::date),
            max(daily_count) filter (where load_date < $today::date),
            avg(daily_count) filter (where load_date < $today::date),
            count(*) filter (where load_date < $today::date)
        from daily
        """,
        {"today": today, "days": int(limits["volume_history_days"])},
    ).fetchall()
    needed = int(limits["volume_least_days"])
    if count is None or history < needed:
        return {"volume_ratio": None, "volume_words": f"no history yet: {history} of {needed} days with a load"}
    words = f"{count:,.0f} rows a day, before {least:,.0f} to {most:,.0f}"
    if max(count, mean) < limits["least_group_count"]:
        return {"volume_ratio": 1.0, "volume_words": f"{words}: too few to judge"}
    # What comes once a month, or in handfuls, may come in any number.
    usual_most = max(most, limits["least_group_count"]) if most else count
    ratio = count / least if count < least else max(1.0, count / usual_most)
    return {"volume_ratio": ratio, "volume_words": words}


def _shifts(
    connection: duckdb.DuckDBPyConnection, dataset: str, table: str, name: str, today: date, limits: dict[str, float]
) -> dict[str, Any]:
    """The columns whose empty cells and whose categories differ most between the last days and those before."""
    columns = connection.execute(
        """
        select column_name, data_type in ('VARCHAR', 'BOOLEAN') from duckdb_columns()
        where schema_name = ? and table_name = ? and not starts_with(column_name, '_')
        """,
        [dataset, table],
    ).fetchall()
    window, history = int(limits["shift_window_days"]), int(limits["volume_history_days"])
    is_recent = f"_loaded_at >= date {literal(today)} - {window - 1}"
    in_view = f"_loaded_at >= date {literal(today)} - {window - 1 + history} and not _is_backfilled and not _is_deleted"
    counts = "".join(
        f", count({identifier(column)}) filter (where {is_recent}), count({identifier(column)}), "
        f"{f'count(distinct {identifier(column)})' if is_word else 'null'}"
        for column, is_word in columns
    )
    [(recent_count, all_count, *found)] = connection.execute(
        f"select count(*) filter (where {is_recent}), count(*){counts} from {name} where {in_view}"
    ).fetchall()
    enough, before_count = limits["shift_least_count"], all_count - recent_count
    if min(recent_count, before_count) < enough:
        words = f"no history yet: {recent_count:,} rows, {before_count:,} before"
        return {"empty_words": words, "mix_words": words}
    empty, mixes = [], []
    for number, (column, _) in enumerate(columns):
        recent_filled, filled, categories = found[3 * number : 3 * number + 3]
        before, now = 1 - (filled - recent_filled) / before_count, 1 - recent_filled / recent_count
        empty.append((abs(now - before), f"{column}: {now:.0%} empty, before {before:.0%}"))
        if categories and categories <= MOST_CATEGORIES and min(recent_filled, filled - recent_filled) >= enough:
            age = f"(date {literal(today)} - cast(_loaded_at as date)) // {window}"
            shift, usual = _variation(connection, name, column, age, in_view)
            if usual is not None:
                words = f"{column}: {shift:.0%} lie in other categories than before, usually up to {usual:.0%}"
                mixes.append((shift - usual, words))
    (empty_shift, empty_words), (mix_shift, mix_words) = max(empty), max(mixes, default=(None, "no categories"))
    return {
        "empty_shift": empty_shift,
        "empty_words": empty_words,
        "mix_shift": mix_shift,
        "mix_words": mix_words,
    }


def _variation(
    connection: duckdb.DuckDBPyConnection, name: str, column: str, age: str, in_view: str
) -> tuple[float, float | None]:
    """Total variation between a column's categories lately and before, and the most by which a stretch before differed.

    `age` numbers stretches of equal length backwards from 0. Of fewer than two before nothing usual is known.
    """
    counts: dict[int, Counter[str]] = {}
    rows = connection.execute(
        f"""
        select {age} as age, cast({identifier(column)} as varchar) as category, count(*) as row_count
        from {name}
        where {in_view} and {identifier(column)} is not null
        group by all
        """
    ).fetchall()
    for number, category, count in rows:
        counts.setdefault(number, Counter())[category] = count
    before = [number for number in counts if number]

    def differs(number: int) -> float:
        """The share of a stretch's rows that lie in other categories than those of all stretches before today's."""
        others = sum((counts[other] for other in before if other != number), Counter())
        own, all_own, all_others = counts[number], counts[number].total(), others.total()
        return sum(abs(own[value] / all_own - others[value] / all_others) for value in own | others) / 2

    return differs(0), max(map(differs, before)) if len(before) > 1 else None
