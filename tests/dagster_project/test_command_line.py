"""What cannot be written is one line that names it, whichever command meets it."""

import errno
import os
import sys
from pathlib import Path

import pytest

from dagster_project import __main__ as command_line
from ingestion.config import Settings


@pytest.fixture
def said(tmp_path, monkeypatch, capsys):
    """Run a command on a data directory, of this folder unless another is named; return its exit code and its lines."""

    def run(command: str, data_dir: Path = tmp_path) -> tuple[int, list[str]]:
        monkeypatch.setenv("FUNNELHOUSE_DATA_DIR", str(data_dir))
        monkeypatch.setattr(sys, "argv", ["funnelhouse", command])
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


def test_settings_are_taken_over_from_a_file_that_an_editor_marked_as_utf_8(tmp_path, monkeypatch):
    monkeypatch.setenv("FUNNELHOUSE_RELOAD", "to be put back")
    monkeypatch.delenv("FUNNELHOUSE_RELOAD")
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfFUNNELHOUSE_RELOAD=files\n")
    command_line.load_env(tmp_path / ".env")
    assert os.environ["FUNNELHOUSE_RELOAD"] == "files"
