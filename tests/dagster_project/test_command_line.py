"""What cannot be written is one line that names it, whichever command meets it."""

import errno
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project import __main__ as command_line
from dagster_project import environment
from ingestion.config import Settings
from ingestion.load import load


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run a command on a data directory, of this folder unless another is named; return its exit code and its lines."""

    def run(command: str, data_dir: Path = tmp_path) -> tuple[int, list[str]]:
        monkeypatch.setenv("FUNNELHOUSE_DATA_DIR", str(data_dir))
        monkeypatch.setattr(sys, "argv", ["funnelhouse", *command.split()])
        return command_line.main(), capsys.readouterr().err.splitlines()

    return run


def test_a_data_directory_that_cannot_be_made_is_one_line(said, tmp_path):
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "data"
    assert said("refresh", folder) == (
        1,
        [f"✗ FUNNELHOUSE_DATA_DIR: cannot write to {folder} (Not a directory); name another folder."],
    )


def test_a_data_directory_that_is_read_only_is_one_line(said, tmp_path, monkeypatch):
    # Who runs the tests may be root, who may write to any folder: the system's answer on a read-only disk stands in.
    def refuse(path: Path, mode: int) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "chmod", refuse)
    line = f"✗ FUNNELHOUSE_DATA_DIR: cannot write to {tmp_path} (Read-only file system); name another folder."
    assert said("refresh") == (1, [line])


def test_what_is_in_the_way_within_the_data_directory_is_named(said, tmp_path):
    (tmp_path / "dagster").touch()
    line = f"✗ {tmp_path / 'dagster'}: File exists. Mend that and run the command again."
    assert said("refresh") == (1, [line])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_a_full_disk_is_named_and_said_to_be_full(said, tmp_path, monkeypatch, number):
    def refuse(_: Settings, __: list[str]) -> int:
        raise OSError(number, os.strerror(number))

    monkeypatch.setitem(command_line.COMMANDS, "rollback", refuse)
    code, [line] = said("rollback")
    assert code == 1
    assert line.startswith(f"✗ The disk of {tmp_path} is full (")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"FUNNELHOUSE_SOURCES=files\nFUNNELHOUSE_HUBSPOT_TOKEN=hu\xffsh\n", "line 2: is not UTF-8"),
        (b'FUNNELHOUSE_SOURCES=files\nFUNNELHOUSE_HUBSPOT_TOKEN="hush\n', "line 2: is not NAME=value, or a quotation"),
        (b"=hush\n", "line 1: is not NAME=value"),
    ],
)
def test_a_damaged_file_of_settings_is_one_line_without_them(said, tmp_path, monkeypatch, content, words):
    monkeypatch.setattr(command_line, "PROJECT_DIR", tmp_path)
    (tmp_path / ".env").write_bytes(content)
    code, [line] = said("headline")
    assert (code, line.startswith(f"✗ {tmp_path / '.env'}, {words}")) == (1, True)
    assert "hu" not in line.removeprefix(f"✗ {tmp_path}")
    monkeypatch.setattr(environment, "PROJECT_DIR", tmp_path)
    assert environment.main() == line, "make app"


def test_settings_are_taken_over_from_a_file_that_an_editor_marked_as_utf_8(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNNELHOUSE_RELOAD", "to be put back")
    monkeypatch.delenv("FUNNELHOUSE_RELOAD")
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfFUNNELHOUSE_RELOAD=files\n")
    environment.load_env(tmp_path / ".env")
    assert os.environ["FUNNELHOUSE_RELOAD"] == "files"


EMAIL = "ada@acme.example"


@pytest.fixture(scope="module")
def loaded_twice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory into which two loads have come, from an inbox within it."""
    data_dir = tmp_path_factory.mktemp("loaded") / "data"
    (data_dir / "inbox").mkdir(parents=True)
    for day in ("01", "02"):
        rows = f"lead_id,created_at,email\nL1,2026-01-31,{EMAIL}\nL{day},2026-01-31,{day}@acme.example\n"
        (data_dir / "inbox" / "leads.csv").write_text(rows, encoding="utf-8")
        load("files", Settings.from_environment(as_of(data_dir, f"2026-03-{day}")))
    return data_dir


def as_of(data_dir: Path, day: str) -> dict[str, str]:
    return {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_AS_OF": f"{day}T00:00:00Z"}


@pytest.fixture
def data_dir(loaded_twice: Path, tmp_path: Path) -> Path:
    return shutil.copytree(loaded_twice, tmp_path / "data")


def removed(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def garbled(path: Path) -> None:
    path.write_bytes(b"\xff garbage")


def made_another(path: Path) -> None:
    path.write_bytes(bytes(32))


def made_a_folder(path: Path) -> None:
    removed(path)
    path.mkdir()


Damage = Callable[[Path], None]
FIRST, SECOND = "raw/files/20260301T000000000000Z-1", "raw/files/20260302T000000000000Z-1"
PUT_BACK = "Put it back from a backup"
REMAKE = r"Move it and its \.wal file away and run `make restore`"
ELSE_ANEW = "put it back from a backup.*loads every source anew"


@pytest.mark.parametrize(
    ("command", "file", "damage", "said_of_it"),
    [
        (f"erase {EMAIL}", "hash_secret", removed, f"is gone.*{PUT_BACK}"),
        (f"erase {EMAIL}", "hash_secret", emptied, f"has 0 bytes and not 32.*{PUT_BACK}"),
        (f"erase {EMAIL}", "hash_secret", garbled, f"has 9 bytes and not 32.*{PUT_BACK}"),
        (f"erase {EMAIL}", "hash_secret", made_another, f"is not the key of what has landed.*{PUT_BACK}"),
        ("restore", "hash_secret", made_another, f"is not the key of what has landed.*{PUT_BACK}"),
        ("restore", "hash_secret", removed, f"is gone.*{PUT_BACK}"),
        (f"erase {EMAIL}", "warehouse.duckdb", garbled, REMAKE),
        (f"erase {EMAIL}", "warehouse.duckdb", made_a_folder, REMAKE),
        (f"erase {EMAIL}", f"{FIRST}/leads.parquet", garbled, "nobody can tell whom it names.*erase again"),
        ("restore", f"{FIRST}/leads.parquet", removed, f"is gone.*{ELSE_ANEW}"),
        ("restore", f"{FIRST}/leads.parquet", emptied, f"is damaged.*{ELSE_ANEW}"),
        ("restore", f"{SECOND}/leads.parquet", garbled, f"is damaged.*{ELSE_ANEW}"),
        ("restore", f"{FIRST}/loaded.json", garbled, f"is damaged.*{ELSE_ANEW}"),
        ("restore", f"{SECOND}/loaded.json", emptied, f"is damaged.*{ELSE_ANEW}"),
        ("restore", f"{SECOND}/loaded.json", made_a_folder, f"is damaged.*{ELSE_ANEW}"),
        ("restore", FIRST, removed, f"is gone.*{ELSE_ANEW}"),
        ("restore", SECOND, removed, f"is gone.*{ELSE_ANEW}"),
    ],
)
def test_what_is_lost_or_damaged_is_one_line_that_names_it_and_the_way_out(
    said, data_dir, command: str, file: str, damage: Damage, said_of_it: str
):
    damage(data_dir / file)
    if command == "restore":
        (data_dir / "warehouse.duckdb").unlink()
    code, lines = said(command, data_dir)
    assert (code, [line[:1] for line in lines].count("✗")) == (1, 1), lines
    assert re.match(f"✗ {re.escape(str(data_dir / file))}.*{said_of_it}", lines[-1]), lines[-1]
    assert (data_dir / "warehouse.duckdb").exists() == (command != "restore"), "nothing half-made stands there"


def test_a_copy_that_somebody_made_of_a_landed_load_is_restored_once(said, data_dir):
    shutil.copytree(data_dir / FIRST, data_dir / f"{FIRST} (copy)")
    (data_dir / "warehouse.duckdb").unlink()
    code, lines = said("restore", data_dir)
    assert (code, lines[0]) == (0, "files: 2 loads, the last as of 20260302")


HOLDER = "import duckdb, sys; kept = duckdb.connect(sys.argv[1]); print(flush=True); sys.stdin.read()"


def test_a_warehouse_that_another_program_has_open_is_not_taken_for_damaged(said, data_dir):
    command = [sys.executable, "-c", HOLDER, data_dir / "warehouse.duckdb"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        holder.stdout.readline()
        code, [line] = said(f"erase {EMAIL}", data_dir)
        assert (code, "is open in another program" in line) == (1, True)
        assert line.endswith(f"process {holder.pid}). Close it and run the command again.")
        holder.communicate()


def test_what_nobody_foresaw_is_one_line_and_leaves_what_a_maintainer_needs(said, tmp_path, monkeypatch):
    def stumble(_: Settings, __: list[str]) -> int:
        raise LookupError("a leg too many")

    monkeypatch.setitem(command_line.COMMANDS, "rollback", stumble)
    code, [line] = said("rollback")
    assert (code, line.startswith("✗ LookupError: a leg too many.")) == (1, True)
    assert str(tmp_path / "error.log") in line
    assert "in stumble" in (tmp_path / "error.log").read_text(encoding="utf-8")
    (tmp_path / "error.log").unlink()
    (tmp_path / "error.log").mkdir()
    code, [line] = said("rollback")
    assert (code, line.endswith("error.log cannot be written (Is a directory).")) == (1, True)


def test_a_tool_that_is_not_named_is_asked_for(said):
    code, [line] = said("exec")
    assert (code, line.startswith("✗ Say which tool")) == (1, True)


TALKER = """
import sys
from dagster_project import __main__ as command_line
command_line.COMMANDS["headline"] = lambda *_: print("much" * 100_000) or 0
sys.argv = ["funnelhouse", "headline"]
sys.exit(command_line.main())
"""


def test_whoever_has_read_enough_of_an_answer_may_close_it(tmp_path):
    environment = os.environ | {"FUNNELHOUSE_DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", TALKER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as talker:
        talker.stdout.read(4)
        talker.stdout.close()
        assert talker.stderr.read() == b""
        assert talker.wait() == 0
