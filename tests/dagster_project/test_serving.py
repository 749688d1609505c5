"""Readers see a complete state at every moment, whatever the writer does."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dagster_project import __main__ as command_line
from dagster_project import serving
from dagster_project.dbt import KEPT_RUNS, forget_old_runs, target_dir
from ingestion.config import Settings
from ingestion.faults import Fault

ROWS = 20_000


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)})


def build(settings: Settings, version: int) -> None:
    """A warehouse whose marts all say the same version; the two tables of a torn state would disagree."""
    macro = """
        create or replace macro marts.versions(least := 0) as table
        select distinct version from marts.dim_leads where version >= least
    """
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            f"""
            create schema if not exists marts;
            create schema if not exists pii;
            create or replace table pii.contacts as
            select
                i as lead_id, 'Ann ' || {version} as full_name, i || '@acme.example' as email, null::varchar as phone,
                'Acme' as company_name, i = 1 as is_deleted
            from range({ROWS + 1}) as rows (i);
            create or replace view pii.call_list as
            select row_number() over (order by lead_id desc) as list_rank, lead_id, {version} as version
            from pii.contacts where lead_id < 3;
            create or replace table marts.dim_leads as
            select i as lead_id, {version} as version from range({ROWS}) as rows (i);
            create or replace table marts.fct_opportunities as select * from marts.dim_leads;
            create or replace table marts.fct_source_freshness as select now()::timestamp as data_complete_through;
            create or replace table marts.dim_build as
            select now()::timestamp as as_of, 'UTC' as reporting_timezone, 'EUR' as reporting_currency;
            {macro};
            comment on macro table marts.versions is '{macro}'
            """
        )


def read(settings: Settings) -> set[int]:
    path = (settings.serving_dir / serving.CURRENT).resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        leads = connection.execute("select version, count(*) from marts.dim_leads group by version").fetchall()
        deals = connection.execute("select version, count(*) from marts.fct_opportunities group by version").fetchall()
    assert leads == deals
    assert [count for _, count in leads] == [ROWS]
    return {version for version, _ in leads}


def contacts(settings: Settings, sql: str) -> list[tuple]:
    """Ask the contacts file that belongs to what readers see."""
    path = serving.contacts_of((settings.serving_dir / serving.CURRENT).resolve())
    with duckdb.connect(str(path), read_only=True) as connection:
        return connection.execute(sql).fetchall()


READER = """
import sys
from pathlib import Path
import duckdb
serving, stop = Path(sys.argv[1]), Path(sys.argv[2])
while not stop.exists():
    with duckdb.connect(str((serving / "current.duckdb").resolve()), read_only=True) as connection:
        leads = connection.execute("select version, count(*) from marts.dim_leads group by version").fetchall()
        deals = connection.execute("select version, count(*) from marts.fct_opportunities group by version").fetchall()
    print(leads == deals, *leads, flush=True)
"""


def test_readers_in_a_loop_see_ten_publishes_each_whole_and_block_none(settings, tmp_path):
    # Processes of their own: DuckDB's lock is between processes.
    build(settings, 0)
    serving.publish(settings, "run 0", [])
    stop, outputs = tmp_path / "stop", [tmp_path / "reader 1", tmp_path / "reader 2"]
    command = [sys.executable, "-c", READER, str(settings.serving_dir), str(stop)]
    readers = [subprocess.Popen(command, stdout=output.open("w"), stderr=subprocess.STDOUT) for output in outputs]

    def wait_for(line: str) -> None:
        while not all(line in output.read_text() for output in outputs):
            assert all(reader.poll() is None for reader in readers), [output.read_text() for output in outputs]
            time.sleep(0.01)

    for version in range(11):
        if version:
            build(settings, version)
            serving.publish(settings, f"run {version}", [])
        wait_for(f"True ({version}, {ROWS})\n")
    stop.touch()
    assert [reader.wait() for reader in readers] == [0, 0]
    whole = {f"True ({version}, {ROWS})" for version in range(11)}
    assert [set(output.read_text().splitlines()) for output in outputs] == [whole, whole]


def test_an_open_reader_does_not_block_the_writer_and_keeps_its_version(settings):
    build(settings, 1)
    serving.publish(settings, "run 1", [])
    path = (settings.serving_dir / serving.CURRENT).resolve()
    with duckdb.connect(str(path), read_only=True) as reader:
        build(settings, 2)
        serving.publish(settings, "run 2", [])
        assert reader.execute("select distinct version from marts.dim_leads").fetchall() == [(1,)]
    assert read(settings) == {2}


def test_a_view_is_published_over_the_published_tables(settings):
    build(settings, 1)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("create view marts.fct_seen as select max(version) from marts.dim_leads")
    path = serving.publish(settings, "run 1", [])
    settings.warehouse.unlink()
    with duckdb.connect(str(path), read_only=True) as reader:
        assert reader.execute("select * from marts.fct_seen").fetchall() == [(1,)]


def test_rows_are_published_in_the_order_in_which_they_are_asked_for(settings):
    build(settings, 1)
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute(
            "create table marts.fct_touches as select 'a' || hash(i) as account_id from range(9) as r (i)"
        )
    path = serving.publish(settings, "run", [])
    with duckdb.connect(str(path), read_only=True) as connection:
        accounts = connection.execute("select account_id from marts.fct_touches").fetchall()
    assert accounts == sorted(accounts)


def test_the_last_seven_versions_are_kept(settings):
    build(settings, 1)
    published = [serving.publish(settings, f"run {number}", []) for number in range(9)]
    assert serving.versions(settings.serving_dir) == published[-7:]


def test_rollback_goes_back_one_and_then_one_more(settings):
    for version in (1, 2, 3):
        build(settings, version)
        serving.publish(settings, f"run {version}", [])
    serving.rollback(settings)
    assert read(settings) == {2}
    serving.rollback(settings)
    assert read(settings) == {1}
    with pytest.raises(Fault, match="nothing to go back to"):
        serving.rollback(settings)


def test_publishing_after_a_rollback_goes_forward(settings):
    for version in (1, 2):
        build(settings, version)
        serving.publish(settings, f"run {version}", [])
    serving.rollback(settings)
    build(settings, 3)
    serving.publish(settings, "run 3", [])
    assert read(settings) == {3}


def test_rollback_without_a_published_file_says_so(settings):
    with pytest.raises(Fault, match="Nothing has been published"):
        serving.rollback(settings)


def test_a_publish_that_fails_leaves_the_published_state(settings):
    build(settings, 1)
    serving.publish(settings, "run 1", [])
    with duckdb.connect(str(settings.warehouse)) as connection:
        connection.execute("drop table marts.dim_build")
    with pytest.raises(duckdb.Error):
        serving.publish(settings, "run 2", [])
    assert read(settings) == {1}
    assert len(serving.versions(settings.serving_dir)) == 1


def test_table_macros_come_along_with_their_defaults(settings):
    build(settings, 4)
    path = serving.publish(settings, "run", [])
    with duckdb.connect(str(path), read_only=True) as connection:
        assert connection.execute("select * from marts.versions()").fetchall() == [(4,)]
        assert connection.execute("select * from marts.versions(least := ?)", [5]).fetchall() == []


def test_the_published_run_says_what_is_in_the_file(settings):
    build(settings, 1)
    path = serving.publish(settings, "a run", [])
    with duckdb.connect(str(path), read_only=True) as connection:
        [(run_id, timezone, leads)] = connection.execute(
            "select run_id, reporting_timezone, row_counts ->> 'dim_leads' from marts.published_run"
        ).fetchall()
    assert (run_id, timezone, leads) == ("a run", "UTC", str(ROWS))


def test_only_the_owner_may_write_the_file(settings):
    build(settings, 1)
    assert serving.publish(settings, "run", []).stat().st_mode & 0o777 == 0o440


def test_what_dbt_kept_of_old_refreshes_is_forgotten(settings):
    for number in range(KEPT_RUNS + 2):
        run = target_dir(settings) / f"build_warehouse-{number}"
        run.mkdir(parents=True)
        os.utime(run, (number, number))
    (target_dir(settings) / "compiled").mkdir()
    forget_old_runs(settings, "build_warehouse")
    kept = {path.name for path in target_dir(settings).iterdir()}
    assert kept == {"compiled", *(f"build_warehouse-{number}" for number in range(2, KEPT_RUNS + 2))}


def test_contacts_are_published_with_their_serving_file_and_name_its_run(settings):
    build(settings, 1)
    path = serving.publish(settings, "run 1", [])
    assert contacts(settings, "select run_id, serving_file from published_run") == [("run 1", path.name)]
    # Neither who was deleted (1) nor who is no lead of the marts (the last).
    assert contacts(settings, "select count(*), max(lead_id), count(*) filter (lead_id = 1) from contacts") == [
        (ROWS - 1, ROWS - 1, 0)
    ]
    assert contacts(settings, "from call_list") == [(1, 2, 1), (2, 1, 1), (3, 0, 1)]
    assert (settings.serving_dir / serving.CONTACTS).resolve() == serving.contacts_of(path)


def test_only_the_owner_may_read_the_contacts(settings):
    build(settings, 1)
    path = serving.contacts_of(serving.publish(settings, "run", []))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_the_last_two_versions_of_the_contacts_are_kept(settings):
    build(settings, 1)
    published = [serving.publish(settings, f"run {number}", []) for number in range(4)]
    assert serving.versions(serving.contacts_dir(settings.serving_dir)) == [
        serving.contacts_of(path) for path in published[-2:]
    ]


def test_rollback_takes_the_contacts_along_and_gives_none_rather_than_those_of_another_run(settings):
    for version in (1, 2, 3):
        build(settings, version)
        serving.publish(settings, f"run {version}", [])
    back = serving.rollback(settings)
    assert (settings.serving_dir / serving.CONTACTS).resolve() == serving.contacts_of(back)
    assert contacts(settings, "select distinct full_name from contacts") == [("Ann 2",)]
    older = serving.rollback(settings)
    assert not serving.contacts_of(older).exists()
    assert not (settings.serving_dir / serving.CONTACTS).is_symlink()
    build(settings, 4)
    newest = serving.publish(settings, "run 4", [])
    assert (settings.serving_dir / serving.CONTACTS).resolve() == serving.contacts_of(newest)


def test_a_publish_that_fails_between_the_two_files_leaves_readers_numbers_and_contacts_of_one_run(
    settings, monkeypatch
):
    build(settings, 1)
    serving.publish(settings, "run 1", [])
    build(settings, 2)
    swap = serving._point_at

    def cut_off(directory: Path, name: str, target: Path) -> None:
        if name == serving.CURRENT:
            raise OSError("cut off")
        swap(directory, name, target)

    monkeypatch.setattr(serving, "_point_at", cut_off)
    with pytest.raises(OSError, match="cut off"):
        serving.publish(settings, "run 2", [])
    assert read(settings) == {1}
    assert contacts(settings, "select run_id from published_run") == [("run 1",)]


def test_a_damaged_serving_file_is_told_in_words_and_rollback_and_the_next_publish_heal_it(
    settings, monkeypatch, capsys
):
    build(settings, 1)
    serving.publish(settings, "run 1", [])
    build(settings, 2)
    damaged = serving.publish(settings, "run 2", [])
    damaged.chmod(0o640)
    damaged.write_bytes(b"no database" * 1000)
    monkeypatch.setenv("FUNNELHOUSE_DATA_DIR", str(settings.data_dir))
    monkeypatch.setattr(sys, "argv", ["funnelhouse", "headline"])
    assert command_line.main() == 1
    said = capsys.readouterr().err
    assert f"{damaged} cannot be read" in said
    assert "make rollback" in said
    serving.rollback(settings)
    assert read(settings) == {1}
    build(settings, 3)
    serving.publish(settings, "run 3", [])
    assert read(settings) == {3}


FULL_DISK = """
import resource, sys
from dagster_project import serving
from ingestion.config import Settings
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
serving.publish(Settings.from_environment({"FUNNELHOUSE_DATA_DIR": sys.argv[1]}), "run 2", [])
"""


def test_a_disk_that_is_full_while_publishing_leaves_the_published_state_and_the_next_publish_is_whole(settings):
    build(settings, 1)
    serving.publish(settings, "run 1", [])
    build(settings, 2)
    command = [sys.executable, "-c", FULL_DISK, settings.data_dir]
    full = subprocess.run(command, capture_output=True, text=True, check=False)
    assert full.returncode != 0
    assert "File too large" in full.stderr
    assert read(settings) == {1}
    serving.publish(settings, "run 2", [])
    assert read(settings) == {2}
    assert not list(settings.serving_dir.glob("*.unfinished*"))


PUBLISHED_AFTER_GO = """
import sys
from dagster_project import serving
from ingestion.config import Settings
print("go", flush=True)
serving.publish(Settings.from_environment({"FUNNELHOUSE_DATA_DIR": sys.argv[1]}), "run 2", [])
"""


def test_a_publish_that_is_killed_at_any_of_twelve_moments_leaves_a_whole_state(settings):
    build(settings, 1)
    serving.publish(settings, "run 1", [])
    build(settings, 2)
    for number in range(12):
        command = [sys.executable, "-c", PUBLISHED_AFTER_GO, settings.data_dir]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as publishing:
            publishing.stdout.readline()
            time.sleep(0.02 * number)
            publishing.kill()
        assert read(settings) in ({1}, {2})
    serving.publish(settings, "run 3", [])
    assert read(settings) == {2}
    assert not list(settings.serving_dir.glob("*.unfinished*"))


def test_what_is_published_after_the_clock_was_set_back_is_what_readers_see_and_is_kept(settings, monkeypatch):
    for version in range(serving.KEPT_FILES):
        build(settings, version)
        serving.publish(settings, f"run {version}", [])
    before = datetime.now(UTC).replace(tzinfo=None) - timedelta(days=400)
    monkeypatch.setattr(serving, "_clock", lambda: before)
    for version in (100, 101):
        build(settings, version)
        serving.publish(settings, f"run {version}", [])
        assert read(settings) == {version}
        assert contacts(settings, "select run_id from published_run") == [(f"run {version}",)]
    serving.rollback(settings)
    assert read(settings) == {100}


def test_a_note_of_the_last_run_that_is_damaged_is_as_none(settings):
    settings.serving_dir.mkdir()
    (settings.serving_dir / serving.LAST_RUN).write_text('{"run_id": ')
    assert serving.last_recorded_run(settings) is None


def test_what_somebody_keeps_beside_the_versions_is_none(tmp_path):
    # A copy of the data directory that followed its links has `current.duckdb` as a file of its own.
    for name in ("20260301T000000000000Z.duckdb", "current.duckdb", "before the fair.duckdb"):
        (tmp_path / name).touch()
    assert [path.name for path in serving.versions(tmp_path)] == ["20260301T000000000000Z.duckdb"]
