"""Append-only raw tables: what a new snapshot of a table adds to the versions that the warehouse has already."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from ingestion.sql import copy_to_parquet, equal, identifier, identifiers

# Beside a table's own columns every raw row carries these.
VERSION_COLUMNS = {
    "_row_hash": "string",  # of the row's own columns: equal hash, equal row
    "_loaded_at": "timestamp",  # when we learnt it
    "_is_deleted": "boolean",  # a tombstone: the row was gone from the source
    "_is_backfilled": "boolean",  # it came with the first load, so `_loaded_at` does not say when it became known
}


@dataclass(frozen=True)
class Snapshot:
    """All rows that a source has of one table, as relations of the connection.

    `rows` are the good ones; `present` has the keys of all rows, good or refused: a row that was refused today keeps
    its last good version and is not taken for deleted. `knows_deletions` is false where the key of a refused row cannot
    be read: it may be any of the rows that seem gone, so none of them is taken for deleted.
    """

    table: str
    columns: list[str]
    key: tuple[str, ...]
    rows: str
    present: str
    knows_deletions: bool = True


def write_changes(
    connection: duckdb.DuckDBPyConnection, snapshot: Snapshot, stored: str | None, loaded_at: datetime, target: Path
) -> int:
    """Write new and changed rows, and a tombstone for each row that is gone, to a parquet file; return their number.

    `stored` names the raw table in an attached warehouse, None before the first load.
    """
    given = f"select {identifiers(snapshot.columns)}, {_row_hash(snapshot.columns)} as _row_hash from {snapshot.rows}"
    changes = f"select *, false as _is_deleted from ({given})" if stored is None else _changes(snapshot, given, stored)
    target.parent.mkdir(parents=True, exist_ok=True)
    select = f"""
        select
            {identifiers(snapshot.columns)},
            _row_hash,
            timestamp '{loaded_at.isoformat(sep=" ")}' as _loaded_at,
            _is_deleted,
            {stored is None} as _is_backfilled
        from ({changes})
    """
    [(count,)] = connection.execute(copy_to_parquet(select, target)).fetchall()
    return count


def _row_hash(columns: list[str]) -> str:
    cells = ", ".join(f"coalesce(cast({identifier(name)} as varchar), chr(30))" for name in columns)
    return f"md5(concat_ws(chr(31), {cells}))"


def _changes(snapshot: Snapshot, given: str, stored: str) -> str:
    key = snapshot.key
    # A raw table may lack columns that the contract has gained since: hence its tombstones are united by name.
    return f"""
        with latest as (
            select
                {identifiers(key)},
                arg_max(_row_hash, (_loaded_at, _dlt_load_id)) as _row_hash,
                arg_max(_is_deleted, (_loaded_at, _dlt_load_id)) as _is_deleted,
                max((_loaded_at, _dlt_load_id)) as _version
            from {stored}
            group by {identifiers(key)}
        ),

        given as (
            {given}
        ),

        added as (
            select given.*, false as _is_deleted
            from given
            left join latest
                on {equal(key, "given", "latest")}
                and not latest._is_deleted
                and given._row_hash = latest._row_hash
            where latest._row_hash is null
        ),

        present as (
            select distinct {identifiers(key)}, true as _is_present from {snapshot.present}
        ),

        gone as (
            select latest.*
            from latest
            left join present on {equal(key, "present", "latest")}
            where present._is_present is null and not latest._is_deleted and {snapshot.knows_deletions}
        ),

        tombstones as (
            select stored.* replace (true as _is_deleted)
            from {stored} as stored
            inner join gone
                on {equal(key, "stored", "gone")}
                and (stored._loaded_at, stored._dlt_load_id) = gone._version
        )

        select * from added
        union all by name
        select * from tombstones
    """
