"""What came lately against what usually comes, in raw tables and in marts: volume, empty cells, mix of categories.

Of a source only what came after its first load is looked at: that one brings years at once and says nothing of a day.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import import_module
from typing import Any

import duckdb
import pandas as pd

from ingestion.config import Settings
from ingestion.records import COUNTED
from ingestion.sources import raw_dataset
from ingestion.sql import identifier, identifiers, literal

# Beside the source's own rows: what was refused, and where the next load begins.
BOOKKEEPING = {"quarantine", "cursors"}
# A column with more values than that holds names or numbers, no categories.
MOST_CATEGORIES = 30
RATIOS = ["volume_ratio", "empty_shift", "mix_shift"]
WORDS = ["volume_words", "empty_words", "mix_words"]
SETTINGS = {
    "volume_history_days": int,
    "volume_least_days": int,
    "volume_drop_factor": float,
    "volume_surge_factor": float,
    "longest_pause_factor": float,
    "most_lost_row_rate": float,
    "most_count_difference_rate": float,
    "shift_window_days": int,
    "shift_least_count": int,
    "most_shift_rate": float,
    "least_group_count": int,
}


@dataclass(frozen=True)
class Lately:
    """How a mart is watched: by the day of a row (`date`), and by the mix of what stands in `columns`."""

    date: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class _Arrivals:
    """Rows of a table by the day on which they came, up to the day `today`.

    `moment` is the column with the day; `counts` says which rows count, `compares` of which the cells are compared.
    `days` is a relation of the days on which rows could come (`day`), with the days since the one before
    (`elapsed_days`).
    """

    schema: str
    table: str
    moment: str
    counts: str
    compares: str
    days: str
    today: date

    @property
    def relation(self) -> str:
        return f"{self.schema}.{identifier(self.table)}"


def thresholds(playbook: dict[str, list[dict[str, str | None]]]) -> dict[str, float]:
    """The settings of the playbook that say what is usual, by name."""
    values = {row["setting"]: row["value"] for row in playbook["settings"]}
    return {name: as_number(values[name]) for name, as_number in SETTINGS.items()}


def expectations(limits: dict[str, float]) -> list[dict[str, Any]]:
    """What is expected of the frame of `recent`, in the form of a source's `expectations.py`.

    `claim` is the expectation in words; `found` names the frame's column that says in words what was found.
    """
    claim = "what the last load found is stored, to the row"
    most = limits["most_count_difference_rate"]
    return [
        _between(claim, "missing_row_count", "missing_words", 0, 0, severity="block"),
        _between("as many records as the source itself counts", "count_difference", "count_words", None, most),
        *_usual(limits),
    ]


def mart_expectations(limits: dict[str, float]) -> list[dict[str, Any]]:
    """The same of the frame of `recent_mart`."""
    least_kept, longest_pause = 1 - limits["most_lost_row_rate"], limits["longest_pause_factor"]
    return [
        _between("no fewer rows than readers see", "kept_rate", "kept_words", least_kept, None),
        _between("nothing has come to a standstill", "pause_ratio", "pause_words", None, longest_pause),
        *_usual(limits),
    ]


def _usual(limits: dict[str, float]) -> list[dict[str, Any]]:
    least_volume, most_volume = 1 / limits["volume_drop_factor"], limits["volume_surge_factor"]
    most_shift = limits["most_shift_rate"]
    before = f"in the {limits['volume_history_days']:.0f} days before"
    return [
        _between(f"as many rows as {before}", "volume_ratio", "volume_words", least_volume, most_volume),
        _between(f"columns as full as {before}", "empty_shift", "empty_words", None, most_shift),
        _between(f"categories mixed as {before}", "mix_shift", "mix_words", None, most_shift),
    ]


def _between(
    claim: str, column: str, found: str, least: float | None, most: float | None, severity: str = "warn"
) -> dict[str, Any]:
    bounds = {"min_value": least, "max_value": most}
    kwargs = {"column": column, **{name: bound for name, bound in bounds.items() if bound is not None}}
    kind = "expect_column_values_to_be_between"
    return {"severity": severity, "type": kind, "kwargs": kwargs, "claim": claim, "found": found}


def told(frame: pd.DataFrame, item: dict[str, Any]) -> str:
    """What a frame holds of an expectation, in words: tables that fail it, else how many are judged."""
    column, words = item["kwargs"]["column"], frame[item["found"]]
    least, most = item["kwargs"].get("min_value", float("-inf")), item["kwargs"].get("max_value", float("inf"))
    values, is_mart = frame[column], "raw_table" not in frame
    failed = frame[(values < least) | (values > most)]
    if not failed.empty:
        return "; ".join(
            words[index]
            if is_mart or frame["raw_table"][index] == "loads"
            else f"{frame['raw_table'][index]}: {words[index]}"
            for index in failed.index
        )
    judged = values.notna()
    if not judged.any():
        return next(iter(words.dropna()), "no history yet")
    if is_mart or column == "missing_row_count":
        return words[judged].iloc[0]
    return f"{judged.sum()} of {len(frame) - 1} tables judged"


def recent(settings: Settings, source: str, limits: dict[str, float]) -> pd.DataFrame:
    """One row per raw table of a source with rows of its own, and one for its loads, which reconciles the last one.

    `missing_row_count` is what the last load found new or changed less what is stored of it, `count_difference` the
    share by which as many records as the source counts are not those that are stored. `volume_ratio` is 1 within
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
        stated = _stated(connection, source, tables)
        if rows and not stated:
            rows[0]["count_words"] = "the source does not say how many it has"
        for table in tables if last else []:
            arrivals = _Arrivals(
                schema=dataset,
                table=table,
                moment="_loaded_at",
                counts="not _is_backfilled",
                compares="not _is_backfilled and not _is_deleted",
                days=_days_with_a_load(dataset),
                today=last[0][0].date(),
            )
            volume = _volume(connection, arrivals, limits)
            has_history = volume["volume_ratio"] is not None
            shifts = _shifts(connection, arrivals, _own_columns(connection, arrivals), limits) if has_history else {}
            rows.append({"raw_table": table} | stated.get(table, {}) | volume | shifts)
    numbers, words = ["missing_row_count", "count_difference"], ["missing_words", "count_words"]
    return _frame(rows, ["raw_table"], [*numbers, *RATIOS], [*words, *WORDS])


def recent_mart(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    lately: Lately,
    as_of_date: date,
    published_count: int | None,
    limits: dict[str, float],
) -> pd.DataFrame:
    """One row: what a mart of the schema `marts` holds of the days before `as_of_date`, which are over.

    Beside the columns of `recent`: `kept_rate` is the share of the `published_count` rows that readers see which is
    there (above 1 if there are more), `pause_ratio` how many times longer ago the newest row is than the longest pause
    was in the days before it.
    """
    today = as_of_date - timedelta(days=1)
    over = f"{identifier(lately.date)} <= date {literal(today)}"
    arrivals = _Arrivals(
        schema="marts",
        table=table,
        moment=lately.date,
        counts=over,
        compares=over,
        days=f"select date {literal(today)} - cast(number as int) as day, 1 as elapsed_days "
        f"from range({limits['volume_history_days'] + 1:.0f}) as numbers (number)",
        today=today,
    )
    [(count,)] = connection.execute(f"select count(*) from {arrivals.relation}").fetchall()
    kept = {"kept_rate": None, "kept_words": "no rows are published yet"}
    if published_count:
        kept = {"kept_rate": count / published_count, "kept_words": f"{count:,} rows, readers see {published_count:,}"}
    is_word = dict.fromkeys(lately.columns, True)
    row = kept | _pause(connection, arrivals, limits) | _volume(connection, arrivals, limits)
    row |= _shifts(connection, arrivals, is_word, limits)
    return _frame([row], [], ["kept_rate", "pause_ratio", *RATIOS], ["kept_words", "pause_words", *WORDS])


def _frame(rows: list[dict[str, Any]], names: list[str], numbers: list[str], words: list[str]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=[*names, *numbers, *words]).astype(dict.fromkeys(numbers, float))


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


def _stated(connection: duckdb.DuckDBPyConnection, source: str, tables: list[str]) -> dict[str, dict[str, Any]]:
    """Of tables whose records the source counts, the share by which what is stored, or set aside, differs from that.

    Records that were set aside may be stored as well, as they were before.
    """
    dataset, newest = raw_dataset(source), "arg_max({column}, (_loaded_at, _dlt_load_id))".format
    if not connection.execute(
        "select 1 from duckdb_tables() where schema_name = ? and table_name = 'cursors'", [dataset]
    ).fetchall():
        return {}
    counts = connection.execute(
        f"""
        select regexp_replace(stream, ? || '$', ''), cast({newest(column="cursor")} as bigint)
        from {dataset}.cursors
        where ends_with(stream, ?)
        group by stream
        """,
        [COUNTED, COUNTED],
    ).fetchall()
    found = {}
    for table, stated in counts:
        if table not in tables:
            continue
        key = import_module(f"ingestion.sources.{source}.tables").TABLES[table].key
        versions = f"select {newest(column='_is_deleted')} as is_gone from {dataset}.{identifier(table)}"
        [(stored,)] = connection.execute(
            f"select count(*) from ({versions} group by {identifiers(key)}) where not is_gone"
        ).fetchall()
        refused = f"select {newest(column='_is_deleted')} as is_gone from {dataset}.quarantine where entity = ?"
        [(set_aside,)] = connection.execute(
            f"select count(*) from ({refused} group by file, line, record_id) where not is_gone", [table]
        ).fetchall()
        missing = max(stated - stored - set_aside, stored - stated, 0)
        found[table] = {
            "count_difference": missing / max(stated, 1),
            "count_words": f"the source counts {stated:,}, {stored:,} are stored, {set_aside:,} set aside",
        }
    return found


def _days_with_a_load(dataset: str) -> str:
    return f"""
        select day, day - lag(day) over (order by day) as elapsed_days
        from (select distinct cast(_loaded_at as date) as day from {dataset}.loads where status = 'loaded')
    """


def _own_columns(connection: duckdb.DuckDBPyConnection, arrivals: _Arrivals) -> dict[str, bool]:
    """The columns of a raw table that its source fills, and of each whether it may hold categories."""
    return dict(
        connection.execute(
            """
            select column_name, data_type in ('VARCHAR', 'BOOLEAN') from duckdb_columns()
            where schema_name = ? and table_name = ? and not starts_with(column_name, '_')
            """,
            [arrivals.schema, arrivals.table],
        ).fetchall()
    )


def _pause(connection: duckdb.DuckDBPyConnection, arrivals: _Arrivals, limits: dict[str, float]) -> dict[str, Any]:
    """How long ago the newest row is, against the longest pause between two days with rows before it."""
    moment, history = identifier(arrivals.moment), int(limits["volume_history_days"])
    [(newest, longest, day_count)] = connection.execute(
        f"""
        with days as (
            select distinct cast({moment} as date) as day
            from {arrivals.relation}
            where {arrivals.counts}
        ),

        latest as (
            select day, day - lag(day) over (order by day) as pause_days
            from days
            where day >= (select max(day) from days) - {history}
        )

        select max(day), max(pause_days), count(pause_days) from latest
        """
    ).fetchall()
    needed = int(limits["volume_least_days"])
    if not day_count or day_count < needed:
        return {"pause_ratio": None, "pause_words": f"no history yet: {day_count} of {needed} days with rows"}
    pause = (arrivals.today - newest).days
    words = f"the newest row is of {newest:%Y-%m-%d}; before it, pauses took up to {longest:,} days"
    return {"pause_ratio": pause / longest, "pause_words": words}


def _volume(connection: duckdb.DuckDBPyConnection, arrivals: _Arrivals, limits: dict[str, float]) -> dict[str, Any]:
    """Rows per day of the last day on which rows could come against such days before; after a gap they are shared out
    over it.
    """
    moment = identifier(arrivals.moment)
    [(count, least, most, mean, history)] = connection.execute(
        f"""
        with days as (
            {arrivals.days}
        ),

        counted as (
            select cast({moment} as date) as day, count(*) filter (where {arrivals.counts}) as row_count
            from {arrivals.relation}
            where {moment} >= $today::date - $days
            group by 1
        ),

        daily as (
            select day, coalesce(row_count, 0) / elapsed_days as daily_count
            from days
            left join counted using (day)
            where
                day > (select cast(min({moment}) as date) from {arrivals.relation})
                and day between $today::date - $days and $today::date
        )

        select
            max(daily_count) filter (where day = $today::date),
            min(daily_count) filter (where day < $today::date),
            max(daily_count) filter (where day < $today::date),
            avg(daily_count) filter (where day < $today::date),
            count(*) filter (where day < $today::date)
        from daily
        """,
        {"today": arrivals.today, "days": int(limits["volume_history_days"])},
    ).fetchall()
    needed = int(limits["volume_least_days"])
    if count is None or not history or history < needed:
        return {"volume_ratio": None, "volume_words": f"no history yet: {history} of {needed} days"}
    words = f"{count:,.0f} rows a day, before {least:,.0f} to {most:,.0f}"
    if max(count, mean) < limits["least_group_count"]:
        return {"volume_ratio": 1.0, "volume_words": f"{words}: too few to judge"}
    # What comes once a month, or in handfuls, may come in any number.
    usual_most = max(most, limits["least_group_count"]) if most else count
    ratio = count / least if count < least else max(1.0, count / usual_most)
    return {"volume_ratio": ratio, "volume_words": words}


def _shifts(
    connection: duckdb.DuckDBPyConnection,
    arrivals: _Arrivals,
    columns: Mapping[str, bool],
    limits: dict[str, float],
) -> dict[str, Any]:
    """The columns whose empty cells and whose categories differ most between the last days and those before.

    `columns` says of each whether it may hold categories.
    """
    window, history = int(limits["shift_window_days"]), int(limits["volume_history_days"])
    moment, today = identifier(arrivals.moment), f"date {literal(arrivals.today)}"
    is_recent = f"{moment} >= {today} - {window - 1}"
    in_view = f"{moment} >= {today} - {window - 1 + history} and {arrivals.compares}"
    counts = "".join(
        f", count({identifier(column)}) filter (where {is_recent}), count({identifier(column)}), "
        f"{f'count(distinct {identifier(column)})' if is_word else 'null'}"
        for column, is_word in columns.items()
    )
    [(recent_count, all_count, *found)] = connection.execute(
        f"select count(*) filter (where {is_recent}), count(*){counts} from {arrivals.relation} where {in_view}"
    ).fetchall()
    enough, before_count = limits["shift_least_count"], all_count - recent_count
    if min(recent_count, before_count) < enough:
        words = f"no history yet: {recent_count:,} rows, {before_count:,} before"
        return {"empty_words": words, "mix_words": words}
    empty, mixes = [], []
    for number, column in enumerate(columns):
        recent_filled, filled, categories = found[3 * number : 3 * number + 3]
        before, now = 1 - (filled - recent_filled) / before_count, 1 - recent_filled / recent_count
        empty.append((abs(now - before), f"{column}: {now:.0%} empty, before {before:.0%}"))
        if categories and categories <= MOST_CATEGORIES and min(recent_filled, filled - recent_filled) >= enough:
            age = f"({today} - cast({moment} as date)) // {window}"
            shift, usual = _variation(connection, arrivals.relation, column, age, in_view)
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
