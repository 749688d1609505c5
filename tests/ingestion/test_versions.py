"""A snapshot adds to a raw table what is new, changed or gone, and nothing else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.versions import Snapshot, write_changes

START = datetime(2026, 1, 1)


@dataclass
class RawTable:
    """A raw table of one key and one value, loaded one snapshot after another."""

    folder: Path
    connection: duckdb.DuckDBPyConnection
    load_count: int = 0

    def load(
        self, rows: list[tuple], refused: list[tuple] = (), knows_deletions: bool = True, columns: str = "id, value"
    ) -> list[tuple]:
        """Load a snapshot; return what it added as (id, value, is_deleted), sorted."""
        self.connection.execute("create or replace table good (id varchar, value varchar, note varchar)")
        self.connection.execute("create or replace table present (id varchar)")
        for row in rows:
            self.connection.execute("insert into good values (?, ?, ?)", (*row, None)[:3])
        for key, *_ in (*rows, *refused):
            self.connection.execute("insert into present values (?)", [key])
        snapshot = Snapshot("items", columns.split(", "), ("id",), "good", "present", knows_deletions)
        target = self.folder / f"{self.load_count}.parquet"
        stored = "raw" if self.load_count else None
        moment = START + timedelta(days=self.load_count)
        count = write_changes(self.connection, snapshot, stored, moment, target)
        added = f"select *, '{self.load_count:03}' as _dlt_load_id from '{target}'"
        grown = f"select * from raw union all by name {added}" if self.load_count else added
        self.connection.execute(f"create or replace table raw as {grown}")
        self.load_count += 1
        found = self.connection.execute(f"select id, value, _is_deleted from '{target}' order by all").fetchall()
        assert len(found) == count
        return found

    def standing(self) -> list[tuple]:
        return self.connection.execute(
            """
            select id, value from raw
            qualify row_number() over (partition by id order by _loaded_at desc) = 1 and not _is_deleted
            order by all
            """
        ).fetchall()


@pytest.fixture
def raw(tmp_path: Path) -> Iterator[RawTable]:
    with duckdb.connect() as connection:
        yield RawTable(tmp_path, connection)


def test_the_first_snapshot_is_taken_whole_and_flagged(raw):
    assert raw.load([("a", "1"), ("b", None)]) == [("a", "1", False), ("b", None, False)]
    raw.load([("a", "2"), ("b", None), ("c", "3")])
    flags = raw.connection.execute("select id, _loaded_at, _is_backfilled from raw order by all").fetchall()
    later = START + timedelta(days=1)
    assert flags == [("a", START, True), ("a", later, False), ("b", START, True), ("c", later, False)]


def test_an_unchanged_row_adds_nothing(raw):
    raw.load([("a", "1"), ("b", None)])
    assert raw.load([("b", None), ("a", "1")]) == []


def test_a_changed_row_is_a_new_version(raw):
    raw.load([("a", "1"), ("b", "1")])
    assert raw.load([("a", "2"), ("b", None)]) == [("a", "2", False), ("b", None, False)]
    assert raw.load([("a", "1"), ("b", None)]) == [("a", "1", False)]


def test_a_row_that_is_gone_leaves_one_tombstone_with_its_last_values(raw):
    raw.load([("a", "1"), ("b", "1")])
    raw.load([("a", "2"), ("b", "1")])
    assert raw.load([("b", "1")]) == [("a", "2", True)]
    assert raw.load([("b", "1")]) == []


def test_a_row_that_returns_is_a_new_version_even_if_it_is_the_same(raw):
    raw.load([("a", "1")])
    raw.load([])
    assert raw.load([("a", "1")]) == [("a", "1", False)]
    assert raw.standing() == [("a", "1")]


def test_a_refused_row_keeps_its_last_good_version(raw):
    raw.load([("a", "1"), ("b", "1")])
    assert raw.load([("b", "1")], refused=[("a",)]) == []
    assert raw.standing() == [("a", "1"), ("b", "1")]


def test_nothing_counts_as_gone_where_it_is_unknown_what_was_refused(raw):
    raw.load([("a", "1"), ("b", "1")])
    assert raw.load([("b", "2")], refused=[(None,)], knows_deletions=False) == [("b", "2", False)]
    assert raw.load([("b", "2")]) == [("a", "1", True)]


def test_an_empty_part_of_a_key_is_a_value_like_any_other(raw):
    raw.load([(None, "1"), ("b", "1")])
    assert raw.load([(None, "1"), ("b", "1")]) == []
    assert raw.load([(None, "2")]) == [("b", "1", True), (None, "2", False)]


def test_a_value_that_moves_to_the_next_column_is_a_change(raw):
    raw.load([("a", "1", None), ("b", None, "1")], columns="id, value, note")
    assert len(raw.load([("a", None, "1"), ("b", None, "1")], columns="id, value, note")) == 1


def test_a_column_that_the_contract_gains_does_not_stop_the_loads(raw):
    raw.load([("a", "1"), ("b", "1")], columns="id, value")
    assert raw.load([("a", "1", "new")], columns="id, value, note") == [("a", "1", False), ("b", "1", True)]


CELLS = st.none() | st.text(max_size=3)


@given(
    snapshots=st.lists(st.dictionaries(st.sampled_from("abc") | st.none(), CELLS, max_size=4), min_size=1, max_size=4)
)
@settings(max_examples=30, deadline=None)
def test_what_stands_is_always_the_last_snapshot(tmp_path_factory, snapshots):
    with duckdb.connect() as connection:
        raw, before = RawTable(tmp_path_factory.mktemp("raw"), connection), {}
        for snapshot in snapshots:
            added = raw.load(list(snapshot.items()))
            assert dict(raw.standing()) == snapshot
            assert len(added) == len(snapshot.items() - before.items()) + len(before.keys() - snapshot.keys())
            before = snapshot
