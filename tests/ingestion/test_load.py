"""A load brings all of a source's news into the warehouse or none of it, once, and says how it went."""

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from conftest import PROJECT_DIR, Company, write

from ingestion.config import Settings
from ingestion.contract import Table, entities
from ingestion.erasure import erase
from ingestion.faults import Fault
from ingestion.landing import landings, loaded
from ingestion.load import FAILED, LOADED, SKIPPED, load, restore, unreadable

HEADER = "lead_id,created_at,company_name\n"


@pytest.fixture
def no_doubles(company: Company):
    """After the test, no raw table holds a version twice, and every version came with a complete load."""
    yield
    for table in (*entities(), "quarantine"):
        found = company.versions(table, "_row_hash, _loaded_at, _is_deleted")
        assert len(found) == len(set(found)), table
        complete = company.query("select load_id from raw_files._dlt_loads where status = 0")
        assert set(company.versions(table, "_dlt_load_id")) <= {tuple(row.values()) for row in complete}, table


def test_the_first_load_makes_every_table_and_flags_its_rows(company, no_doubles):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,soon,Beta\n")
    result = company.load("2026-03-01T12:00:00Z")
    moment = datetime(2026, 3, 1, 12)
    assert (result.status, result.row_count, result.changed_count, result.quarantined_count) == (LOADED, 2, 1, 1)
    assert result.message == "2 rows, 1 new or changed, 1 in quarantine"
    assert result.last_loaded_at == moment
    assert company.versions("leads", "lead_id, _loaded_at, _is_deleted, _is_backfilled") == [
        ("L1", moment, False, True)
    ]
    assert company.versions("quarantine", "entity, file, line, column_name, reason, given") == [
        (
            "leads", "leads.csv", 3, "created_at",
            "created_at: 'soon' is not a date or a date-time such as 2026-01-31T12:00:00Z",
            '{"lead_id":"L2","created_at":"soon","company_name":"Beta"}',
        )
    ]  # fmt: skip
    loads = company.query("select status, row_count, changed_count, quarantined_count, _loaded_at from raw_files.loads")
    assert [tuple(row.values()) for row in loads] == [("loaded", 2, 1, 1, moment)]
    tables = company.query("select table_name from duckdb_tables() where schema_name = 'raw_files'")
    assert {row["table_name"] for row in tables} >= {*entities(), "quarantine", "loads", "_dlt_loads"}


def test_a_load_looks_up_no_host(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    program = """
import socket

asked = []
look_up = socket.getaddrinfo
socket.getaddrinfo = lambda host, *rest, **more: asked.append(host) or look_up(host, *rest, **more)
from ingestion.config import Settings
from ingestion.load import load

print(load("files", Settings.from_environment()).status, asked)
"""
    environment = dict(company.settings.environment)
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=PROJECT_DIR, env=environment, capture_output=True, text=True, check=True
    )
    assert run.stdout.split("\n")[0] == "loaded []"


def test_the_same_files_again_add_nothing(company, no_doubles):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,soon,Beta\n")
    company.write("users.jsonl", '{"user_id": 1}\n')
    company.load()
    before = {table: company.versions(table) for table in ("leads", "users", "quarantine")}
    company.write("leads.csv", "company_name;lead_id;created_at\nAcme;L1;2026-01-31\nBeta;L2;soon\n")
    again = company.load()
    assert (again.status, again.row_count, again.changed_count) == (LOADED, 3, 0)
    assert company.versions("leads") == before["leads"]
    assert company.versions("users") == before["users"]
    # Its given text names the columns in another order, so the refused row is another version of itself.
    assert company.standing("quarantine", "entity, file, line", "line") == [(3,)]


def test_rows_live_through_changes_removal_refusal_and_return(company, no_doubles):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,2026-01-31,Beta\nL3,2026-01-31,Gamma\nL4,soon,Delta\n")
    company.load()
    # L1 changes, L2 goes, L3 turns bad, L4 is mended.
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme Ltd\nL3,31.01.2026,Gamma\nL4,2026-01-31,Delta\n")
    changed = company.load()
    assert (changed.changed_count, changed.quarantined_count) == (3, 1)
    assert company.standing("leads", "lead_id", "lead_id, company_name") == [
        ("L1", "Acme Ltd"), ("L3", "Gamma"), ("L4", "Delta")
    ]  # fmt: skip
    assert company.standing("quarantine", "entity, file, line", "line, column_name") == [(3, "created_at")]
    # L2 returns as it was, L3 is good again.
    company.write(
        "leads.csv", HEADER + "L1,2026-01-31,Acme Ltd\nL2,2026-01-31,Beta\nL3,2026-01-31,Gamma\nL4,2026-01-31,Delta\n"
    )
    returned = company.load()
    assert (returned.changed_count, returned.quarantined_count) == (1, 0)
    versions = company.versions("leads", "lead_id, company_name, _is_deleted, _is_backfilled")
    assert set(versions[:3]) == {("L1", "Acme", False, True), ("L2", "Beta", False, True), ("L3", "Gamma", False, True)}
    assert set(versions[3:6]) == {
        ("L1", "Acme Ltd", False, False), ("L2", "Beta", True, False), ("L4", "Delta", False, False)
    }  # fmt: skip
    assert versions[6:] == [("L2", "Beta", False, False)]
    assert company.standing("quarantine", "entity, file, line", "line") == []


def test_nothing_counts_as_deleted_while_a_refused_row_cannot_be_told(company):
    company.write("leads.jsonl", [{"lead_id": name, "created_at": "2026-01-31"} for name in ("L1", "L2")])
    company.load()
    company.write("leads.jsonl", '{"lead_id": "L1", "created_at": "2026-01-31"}\n{"lead_id": "L2", "cre\n')
    result = company.load()
    assert result.changed_count == 0
    assert "refused rows without a readable key: 1" in result.notices[0]
    assert company.standing("leads", "lead_id", "lead_id") == [("L1",), ("L2",)]


def test_a_faulty_file_leaves_everything_as_it_was(company, no_doubles):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.write("users.csv", "user_id\nU1\n")
    first = company.load()
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme Ltd\n")
    company.write("users.csv", b"user_id\nU1\nU\xf3\n")
    failed = company.load()
    assert failed.status == FAILED
    assert failed.message.startswith(f"{company.inbox}/users.csv, line 3: is not UTF-8 text")
    assert failed.last_loaded_at == first.last_loaded_at
    assert company.versions("leads", "company_name") == [("Acme",)]
    assert [row["status"] for row in company.query("select status from raw_files.loads order by started_at")] == [
        LOADED,
        FAILED,
    ]
    company.write("users.csv", "user_id\nU1\n")
    assert company.load().changed_count == 1
    assert not list((company.folder / "data" / "raw" / "files").glob("work"))


@pytest.mark.parametrize("files_dir", ["inbox", "nowhere"])
def test_a_folder_that_is_empty_or_missing_is_a_failed_load(company, files_dir):
    company.environment["FUNNELHOUSE_FILES_DIR"] = str(company.folder / files_dir)
    result = company.load()
    assert (result.status, result.last_loaded_at) == (FAILED, None)
    assert str(company.folder / files_dir) in result.message
    assert [row["status"] for row in company.query("select status from raw_files.loads")] == [FAILED]


def test_a_broken_playbook_is_a_failed_load(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    overlay = write(company.folder / "playbook" / "channels.csv", "channel\n").parent
    company.environment["FUNNELHOUSE_PLAYBOOK_DIR"] = str(overlay)
    result = company.load()
    assert (result.status, "channels.csv, line 1: " in result.message) == (FAILED, True)


def test_a_file_that_vanishes_keeps_its_data(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    users = company.write("users.csv", "user_id\nU1\n")
    company.load()
    users.unlink()
    assert company.load().row_count == 1
    assert company.standing("users", "user_id", "user_id") == [("U1",)]


def test_an_entity_that_joins_later_is_backfilled_too(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load()
    company.write("users.csv", "user_id\nU1\n")
    company.load()
    assert company.versions("users", "user_id, _is_backfilled") == [("U1", True)]


def test_loading_as_of_a_moment_before_the_last_load_loads_nothing(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load("2026-03-01T00:00:00Z")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme Ltd\n")
    result = company.load("2026-02-28T23:59:00Z")
    assert result.status == SKIPPED
    assert result.message == "nothing loaded: 2026-02-28 23:59 lies before the last load of 2026-03-01 00:00"
    assert result.last_loaded_at == datetime(2026, 3, 1)
    assert company.versions("leads", "company_name") == [("Acme",)]
    assert len(company.versions("loads")) == 1


def test_a_past_moment_is_never_given_the_files_of_today(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    loaded_at = company.load().last_loaded_at
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme Ltd\n")
    # After the last load and before the clock: what the files say now was not known then.
    result = company.load(loaded_at.isoformat() + "+00:00")
    assert result.status == SKIPPED
    assert "today's data are not what was known" in result.message
    assert company.versions("leads", "company_name") == [("Acme",)]


def test_a_moment_in_the_future_is_refused(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    with pytest.raises(Fault, match="FUNNELHOUSE_AS_OF: '2199-01-01' lies in the future"):
        company.load("2199-01-01")


def test_loading_again_as_of_the_same_moment_adds_what_is_new_and_no_more(company):
    users = company.write("users.csv", "user_id\nU1\n")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load("2026-03-01T00:00:00Z")
    users.unlink()
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme Ltd\n")
    assert company.load("2026-03-01T00:00:00Z").changed_count == 1
    assert company.versions("users", "user_id") == [("U1",)]
    assert company.standing("leads", "lead_id", "company_name") == [("Acme Ltd",)]


def test_a_load_that_was_cut_off_is_swept_and_done_again(company, no_doubles):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load()
    # Half of a next load: rows that were copied before its package was complete, and dlt's own state beside them.
    company.query("create table raw_files.half as select * replace ('cut off' as _dlt_load_id) from raw_files.leads")
    company.query("update raw_files.half set lead_id = 'L2', company_name = 'Beta'")
    company.query("insert into raw_files.leads by name select * from raw_files.half")
    company.query(
        "insert into raw_files.loads by name select * replace ('cut off' as _dlt_load_id) from raw_files.loads"
    )
    company.query("drop table raw_files.half")
    write(company.folder / "data" / "dlt" / "files" / "load" / "normalized" / "junk.json", "{")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,2026-01-31,Beta\n")
    assert company.load().changed_count == 1
    assert company.versions("leads", "lead_id, _is_deleted") == [("L1", False), ("L2", False)]
    assert len(company.versions("loads")) == 2


def test_what_a_killed_load_left_in_its_work_folder_is_cleared_away(company):
    left = write(company.folder / "data" / "raw" / "files" / "work" / "leads.typed.parquet", "half")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    assert company.load().status == LOADED
    assert not left.parent.exists()


def test_a_column_that_the_contract_gains_is_added_to_the_raw_table(company, monkeypatch, no_doubles):
    now = entities()["users"]
    before = Table(now.name, now.description, tuple(c for c in now.columns if c.name != "team"), now.tests)
    company.write("users.csv", "user_id,team\nU1,A\nU2,B\n")
    with monkeypatch.context() as patch:
        patch.setitem(entities(), "users", before)
        company.load()
    company.write("users.csv", "user_id,team\nU1,A\n")
    assert company.load().status == LOADED
    assert company.standing("users", "user_id", "user_id, team") == [("U1", "A")]


def test_bare_names_in_sql_are_found_in_the_first_folder_that_has_them(company):
    second = company.folder / "it's, the [second]; folder"
    company.environment["FUNNELHOUSE_FILES_DIR"] = f"{company.inbox}:{second}"
    company.write("crm.csv", "id,since\nL1,2026-01-31\n")
    write(second / "crm.csv", "id,since\nL9,2026-01-31\n")
    write(second / "calls.parquet", [{"id": 1, "lead": "L1", "day": "2026-02-01T10:00:00Z"}])
    write(second / "exports" / "people.csv", "id\nU1\n")
    company.write("leads.sql", "select id as lead_id, since as created_at from 'crm.csv'")
    write(second / "leads.csv", "not,used\n")
    write(second / "users.sql", "select id as user_id from 'exports/*.csv'")
    write(
        second / "activities.sql",
        "select id as activity_id, lead as lead_id, 'call' as activity_type, day as occurred_at from 'calls.parquet'",
    )
    result = company.load()
    assert (result.status, result.row_count, result.quarantined_count) == (LOADED, 3, 0), result.message
    assert company.versions("leads", "lead_id, created_at_precision") == [("L1", "day")]
    assert company.versions("activities", "activity_id, occurred_at") == [("1", datetime(2026, 2, 1, 10))]


def test_odd_characters_in_the_data_folder_do_no_harm(tmp_path):
    company = Company(tmp_path / "Zoë, [data]; *")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    assert company.load().status == LOADED
    assert company.load().changed_count == 0


@pytest.mark.parametrize("name", ["Users.csv", "users.CSV", "user.csv", "uers.jsonl"])
def test_a_file_that_nobody_reads_though_it_looks_like_one_is_told(company, name):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.write("my notes.csv", "whatever")
    company.write(name, "user_id\nU1\n")
    words = f"{company.inbox / name} is not read; call it users.csv, .xlsx, .jsonl, .parquet or .sql."
    assert company.load().notices == (words,)
    (company.inbox / "leads.csv").unlink()
    assert words in company.load().message


def test_a_file_that_is_gone_is_told_and_its_rows_stay(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.write("users.csv", "user_id\nU1\n")
    assert not company.load().notices
    (company.inbox / "leads.csv").unlink()
    words = "leads: there is no file of them any more; what was loaded last stays as it is. Put the file back."
    for _ in range(2):
        assert company.load().notices == (words,)
    assert company.versions("leads", "lead_id, _is_deleted") == [("L1", False)]
    (company.inbox / "leads.csv").mkdir()
    assert company.load().notices == (f"{company.inbox / 'leads.csv'} is no file that can be read.", words)


@pytest.mark.parametrize("name", ["Zoë's data", "100% data", "what?", "data #1", 'so "called"', "a\\b"])
def test_a_data_folder_that_a_tool_cannot_work_in_is_a_fault(tmp_path, name):
    [odd] = {letter for letter in "'\"\\%?#" if letter in name}
    with pytest.raises(Fault, match=rf"FUNNELHOUSE_DATA_DIR: .* has a {re.escape(odd)}.* in its name; name another"):
        load("files", Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path / name)}))


def test_text_is_stored_as_it_was_given(company):
    words = [
        "O'Hara; drop table leads",
        '"quoted", yes',
        "naïve 漢字 🙂",
        "line\nbreak",
        "=1+1",
        "null",
        "\\N",
        "{{ 1 }}",
    ]
    company.write(
        "leads.jsonl",
        [{"lead_id": n, "created_at": "2026-01-31", "company_name": word} for n, word in enumerate(words)],
    )
    company.load()
    assert company.standing("leads", "lead_id", "cast(lead_id as int), company_name") == list(enumerate(words))


def test_the_data_folder_and_the_hash_secret_are_their_owners_alone(company):
    company.write("leads.csv", "lead_id,created_at,email\nL1,2026-01-31,a@x.com\n")
    company.load()
    data = company.folder / "data"
    assert (data.stat().st_mode & 0o777, (data / "hash_secret").stat().st_mode & 0o777) == (0o700, 0o600)
    key = company.versions("leads", "email_key")
    company.write("leads.csv", "lead_id,created_at,email\nL1,2026-01-31,A@X.com\n")
    company.load()
    assert company.standing("leads", "lead_id", "email_key") == key


def test_a_source_that_does_not_exist_is_a_fault(tmp_path):
    with pytest.raises(Fault, match="there is no source 'hubspott'; known are files"):
        load("hubspott", Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path)}))


MEASURED_LOAD = """
import resource, sys
from ingestion import sql
sql.MEMORY_LIMIT = "256MB"
from ingestion.config import Settings
from ingestion.load import load

folders = {"FUNNELHOUSE_DATA_DIR": sys.argv[1], "FUNNELHOUSE_FILES_DIR": sys.argv[2]}
result = load("files", Settings.from_environment(folders))
print(result.status, result.changed_count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def peak_memory_mb(folder: Path, row_count: int) -> float:
    """Of a process that loads a file of so many activities."""
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                select
                    'A' || n as activity_id,
                    'page_view' as activity_type,
                    timestamp '2026-01-01' + interval (n) second as occurred_at,
                    md5(n::varchar) || repeat(md5((n + 1)::varchar), 24) as url
                from range({row_count}) as numbers (n)
            ) to '{folder}/activities.parquet' (format parquet, row_group_size 20000)
            """
        )
    command = [sys.executable, "-c", MEASURED_LOAD, str(folder / "data"), str(folder)]
    finished = subprocess.run(command, cwd=PROJECT_DIR, check=True, capture_output=True, text=True)
    status, changed_count, peak_kb = finished.stdout.split()[-3:]
    assert (status, int(changed_count)) == (LOADED, row_count)
    return int(peak_kb) / 1024


def test_a_large_file_is_not_held_in_memory(tmp_path):
    few = peak_memory_mb(tmp_path / "few", 50_000)
    many = peak_memory_mb(tmp_path / "many", 650_000)
    # A row has 800 bytes of URL alone: 600,000 more are 480 MB more in Arrow and a gigabyte as Python objects, and as
    # much again for each copy. What may grow is DuckDB's own cache, here up to 256 MB at a time.
    assert many - few < 380, (few, many)


def test_a_damaged_warehouse_that_was_moved_away_is_loaded_anew_in_full(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,2026-02-01,Beta\nL3,soon,Gamma\n")
    company.load()
    before = company.versions("leads", "lead_id, _row_hash")
    warehouse = company.settings.warehouse
    warehouse.write_bytes(warehouse.read_bytes()[:5_000])
    assert unreadable(warehouse)
    warehouse.rename(warehouse.with_name("damaged.duckdb"))
    assert unreadable(warehouse) is None
    outcome = company.load()
    assert (outcome.status, outcome.row_count, outcome.quarantined_count) == (LOADED, 3, 1)
    assert unreadable(warehouse) is None
    assert sorted(company.versions("leads", "lead_id, _row_hash")) == sorted(before)


LOADED_WITH_LITTLE_ROOM = """
import resource, sys
from ingestion.config import Settings
from ingestion.load import load
settings = Settings.from_environment(dict(pair.split("=", 1) for pair in sys.argv[2:]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]), int(sys.argv[1])))
result = load("files", settings)
print(result.status, result.message, sep="\\n")
"""


@pytest.mark.parametrize("room", [60_000, 2_500_000, 4_000_000])
def test_a_disk_that_is_full_while_loading_is_one_line_and_the_next_load_is_whole(company, no_doubles, room):
    """The disk is full while files are read, while what is new is landed, or while the warehouse is written."""
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load("2026-03-01T00:00:00Z")
    names = [f"Company {number} {number * 7919 % 100_003:x}" for number in range(60_000)]
    rows = "".join(f"N{number},2026-01-31,{name}\n" for number, name in enumerate(names))
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n" + rows)
    company.environment["FUNNELHOUSE_AS_OF"] = "2026-03-02T00:00:00Z"
    environment = {"FUNNELHOUSE_DATA_DIR": company.settings.data_dir, "FUNNELHOUSE_FILES_DIR": company.inbox}
    pairs = [f"{name}={value}" for name, value in (environment | company.environment).items()]
    command = [sys.executable, "-c", LOADED_WITH_LITTLE_ROOM, str(room), *pairs]
    full = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=False)
    status, message = full.stdout.splitlines()
    assert status == FAILED
    assert f"The disk of {company.settings.data_dir} is full (File too large)" in message
    assert "cannot be read" not in message
    assert "Traceback" not in full.stderr
    assert company.standing("leads", "lead_id", "lead_id") == [("L1",)]
    assert company.load("2026-03-02T00:00:00Z").status == LOADED
    assert len(company.standing("leads", "lead_id", "lead_id")) == 60_001


def test_a_block_that_is_damaged_is_no_fault_of_the_source_and_a_restore_heals_it(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,2026-01-31,Beta\n")
    company.load("2026-03-01T00:00:00Z")
    [block] = company.query(
        "select min(block_id) as id from pragma_storage_info('raw_files.leads') where persistent and block_id >= 0"
    )
    with company.settings.warehouse.open("r+b") as file:
        file.seek(3 * 4096 + block["id"] * 262_144 + 131_072)  # after the file's headers, amid the block
        file.write(b"\xff" * 1000)
    assert unreadable(company.settings.warehouse) is None, "the catalogue is as it was"
    with pytest.raises(Fault, match=r"warehouse\.duckdb cannot be read .* run `make restore`"):
        company.load("2026-03-02T00:00:00Z")
    lose_warehouse(company)
    restore(company.settings, lambda _: None)
    assert company.load("2026-03-02T00:00:00Z").status == LOADED
    assert company.standing("leads", "lead_id", "lead_id") == [("L1",), ("L2",)]


def lose_warehouse(company: Company) -> None:
    company.settings.warehouse.unlink()


def everything(company: Company) -> dict[str, list[tuple]]:
    """All versions in all raw tables; a load is known by its moment, since dlt numbers its packages anew."""
    columns = company.query(
        """
        select table_name, string_agg(column_name, ', ' order by column_name) as names from duckdb_columns()
        where
            schema_name = 'raw_files'
            and not starts_with(column_name, '_dlt_')
            and not starts_with(table_name, '_dlt_')
        group by table_name
        """
    )
    return {row["table_name"]: sorted(company.versions(row["table_name"], row["names"]), key=str) for row in columns}


def test_a_lost_warehouse_is_restored_with_every_version_moment_and_deletion(company, no_doubles):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,2026-02-01,Beta\nL3,soon,Gamma\n")
    company.load("2026-03-01T12:00:00Z")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme AG\nL3,2026-02-02,Gamma\n")
    company.load("2026-03-02T12:00:00Z")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL3,2026-02-02,Gamma\n")
    company.load("2026-03-02T12:00:00Z")
    company.write("accounts.csv", "account_id,account_name\nA,Acme\n")
    company.load("2026-03-03T12:00:00Z")
    before = everything(company)
    assert len(before["leads"]) == 6
    lose_warehouse(company)
    said = []
    restore(company.settings, said.append)
    assert everything(company) == before
    assert company.standing("leads", "lead_id", "lead_id, company_name") == [("L1", "Acme"), ("L3", "Gamma")]
    assert said == ["files: 4 loads, the last as of 20260303"]
    assert company.load("2026-03-04T12:00:00Z").changed_count == 0
    assert not (company.settings.data_dir / "restoring").exists()


def test_a_column_that_came_later_is_empty_in_what_was_restored_from_before(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load("2026-03-01T12:00:00Z")
    [landing] = landings(company.settings, "files")
    file = landing / "leads.parquet"
    duckdb.sql(f"create or replace table older as select * exclude (job_title) from read_parquet('{file}')")
    duckdb.sql(f"copy older to '{file}' (format parquet)")
    company.write("leads.csv", "lead_id,created_at,job_title\nL1,2026-01-31,CFO\n")
    company.load("2026-03-02T12:00:00Z")
    lose_warehouse(company)
    restore(company.settings, lambda _: None)
    assert company.versions("leads", "lead_id, job_title") == [("L1", None), ("L1", "CFO")]


def test_a_load_that_was_cut_off_is_not_restored(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load("2026-03-01T12:00:00Z")
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\nL2,2026-02-01,Beta\n")
    company.load("2026-03-02T12:00:00Z")
    # As a kill leaves it: marked and landed, and nothing of it complete in the warehouse.
    for table in ("leads", "loads", "_dlt_loads"):
        column = "inserted_at" if table == "_dlt_loads" else "_loaded_at"
        company.query(f"delete from raw_files.{table} where {column} = (select max({column}) from raw_files.{table})")
    company.load("2026-03-03T12:00:00Z")
    assert [bool(loaded(landing)) for landing in landings(company.settings, "files")] == [True, False, True]
    before = everything(company)
    lose_warehouse(company)
    restore(company.settings, lambda _: None)
    assert everything(company) == before


def test_the_tenth_load_as_of_one_moment_is_later_than_the_ninth(company):
    folder = company.settings.data_dir / "raw" / "files"
    names = ["20260302T120000000000Z-9", "20260302T120000000000Z-10", "20260303T120000000000Z-1"]
    for name in names:
        (folder / name).mkdir(parents=True)
    assert [landing.name for landing in landings(company.settings, "files")] == names


def test_a_raw_table_that_somebody_changed_is_one_line_that_names_the_column(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load()
    with duckdb.connect(str(company.settings.warehouse)) as connection:
        connection.execute("alter table raw_files.loads drop column changed_count")
    failed = company.load()
    assert failed.status == FAILED
    assert 'Table "loads" does not have a column with name "changed_count"' in failed.message
    assert "Traceback" not in failed.message


def test_a_log_that_was_left_of_a_lost_warehouse_is_not_laid_over_the_restored_one(company):
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load()
    company.settings.warehouse.unlink()
    company.settings.warehouse.with_name("warehouse.duckdb.wal").write_bytes(b"changes of another file")
    with pytest.raises(Fault, match=r"warehouse\.duckdb\.wal is there; move it away as well"):
        restore(company.settings, lambda _: None)
    assert not company.settings.warehouse.exists()


def test_restoring_over_a_warehouse_or_from_nothing_is_refused(company):
    with pytest.raises(Fault, match="Nothing has landed"):
        restore(company.settings, lambda _: None)
    company.write("leads.csv", HEADER + "L1,2026-01-31,Acme\n")
    company.load()
    before = everything(company)
    with pytest.raises(Fault, match=r"is there; move it and its \.wal file away"):
        restore(company.settings, lambda _: None)
    assert everything(company) == before


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: (data / "hash_secret").unlink(), r"hash_secret is gone\. With another key every id"),
        (
            lambda data: (data / "hash_secret").write_bytes(b"short"),
            "hash_secret is damaged: it has 5 bytes",
        ),
        (lambda data: (data / "hash_secret").write_bytes(bytes(32)), "hash_secret is not the key of what has landed"),
        (lambda data: (data / "suppressed.csv").unlink(), "suppressed.csv is gone, and .*erasures tells of people"),
        (
            lambda data: (data / "suppressed.csv").write_text(""),
            "suppressed.csv, line 1: is not kind,key",
        ),
        (lambda data: (data / "suppressed.csv").write_bytes(b"\xff\n"), "suppressed.csv is no text"),
        (
            lambda data: (data / "suppressed.csv").write_text("kind,key,suppressed_at\naddress,12,2026-01-01\n"),
            "suppressed.csv, line 2: is not a kind",
        ),
    ],
)
def test_without_the_key_of_ids_or_the_list_of_the_erased_nothing_is_loaded(company, damage, said):
    data, rows = company.settings.data_dir, "lead_id,created_at,email\nL1,2026-01-31,ada@acme.example\n"
    company.write("leads.csv", rows)
    company.load("2026-03-01T00:00:00Z")
    erase(company.settings, "ada@acme.example", lambda _: None)
    before = everything(company)
    damage(data)
    company.write("leads.csv", rows + "L2,2026-01-31,bob@acme.example\n")
    with pytest.raises(Fault, match=said):
        company.load("2026-03-02T00:00:00Z")
    assert everything(company) == before


def test_whose_erasure_was_taken_back_comes_again_though_nobody_is_left_on_the_list(company):
    company.write("leads.csv", "lead_id,created_at,email\nL1,2026-01-31,ada@acme.example\n")
    company.load("2026-03-01T00:00:00Z")
    erase(company.settings, "ada@acme.example", lambda _: None)
    (company.settings.data_dir / "suppressed.csv").write_text("kind,key,suppressed_at\n")
    company.environment["FUNNELHOUSE_RELOAD"] = "files"
    assert company.load("2026-03-02T00:00:00Z").status == LOADED
    assert ("ada@acme.example",) in company.standing("leads", "lead_id", "email")


def test_a_source_to_reload_that_there_is_not_is_told_rather_than_passed_over(company):
    company.environment["FUNNELHOUSE_RELOAD"] = "files,hubspt"
    with pytest.raises(Fault, match="FUNNELHOUSE_RELOAD: there is no source 'hubspt'; known are files, "):
        company.load()


def test_a_source_that_is_named_twice_is_loaded_once(company):
    company.environment["FUNNELHOUSE_SOURCES"] = "files, hubspot,,files"
    assert company.settings.sources == ("files", "hubspot")
