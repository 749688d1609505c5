"""A company of files in a temporary folder: write them, load them, look at what came of it."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PROJECT_DIR = Path(__file__).resolve().parents[2]
if str(PROJECT_DIR) not in sys.path:
    sys.path.insert(0, str(PROJECT_DIR))

from ingestion.config import Settings  # noqa: E402
from ingestion.contract import entities  # noqa: E402
from ingestion.load import Load, load  # noqa: E402
from ingestion.sources.files import known_values  # noqa: E402
from ingestion.sources.files.conform import Conformed, Rules, conform_file  # noqa: E402

SECRET = bytes(range(32))
Rows = list[dict[str, Any]]


def write(path: Path, content: object) -> Path:
    """Write a file in the format of its suffix: text and bytes as they are, else a list of rows or an Arrow table."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif isinstance(content, str):
        path.write_text(content, encoding="utf-8", newline="")
    elif path.suffix == ".parquet":
        pq.write_table(content if isinstance(content, pa.Table) else pa.Table.from_pylist(content), path)
    elif path.suffix == ".xlsx":
        workbook = openpyxl.Workbook()
        for cells in content:
            workbook.active.append(cells)
        workbook.save(path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in content), encoding="utf-8")
    else:
        raise ValueError(f"no writer for {path}")
    return path


@dataclass
class Company:
    """The files of a company and the warehouse that they are loaded into."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inbox.mkdir(parents=True)

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def settings(self) -> Settings:
        defaults = {"FUNNELHOUSE_DATA_DIR": str(self.folder / "data"), "FUNNELHOUSE_FILES_DIR": str(self.inbox)}
        return Settings.from_environment(defaults | self.environment)

    def write(self, name: str, content: object) -> Path:
        return write(self.inbox / name, content)

    def load(self, as_of: str = "") -> Load:
        self.environment["FUNNELHOUSE_AS_OF"] = as_of
        return load("files", self.settings)

    def query(self, sql: str) -> Rows:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            found = connection.execute(sql)
            names = [column[0] for column in found.description]
            return [dict(zip(names, row, strict=True)) for row in found.fetchall()]

    def versions(self, table: str, columns: str = "*") -> list[tuple]:
        """All versions in a raw table, oldest first."""
        rows = self.query(f"select {columns} from raw_files.{table} order by _loaded_at, _dlt_load_id")
        return [tuple(row.values()) for row in rows]

    def standing(self, table: str, key: str, columns: str) -> list[tuple]:
        """The latest version of each row, unless that is a tombstone."""
        rows = self.query(
            f"""
            select {columns} from raw_files.{table}
            qualify row_number() over (partition by {key} order by _loaded_at desc, _dlt_load_id desc) = 1
                and not _is_deleted
            order by all
            """
        )
        return [tuple(row.values()) for row in rows]


@dataclass(frozen=True)
class Judgement:
    """What one file came to, without a warehouse: its good rows, its refused ones, and the sentences for the user."""

    good: Rows
    refused: Rows
    result: Conformed


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture(scope="session")
def playbook_values() -> dict[str, dict[str, list[str]]]:
    return known_values(Settings.from_environment({}))


@pytest.fixture
def judge(tmp_path: Path, playbook_values: dict[str, dict[str, list[str]]]) -> Callable[..., Judgement]:
    """Conform one file to its entity, by default in UTC; a much faster way to see what a load makes of it."""

    def judge_file(
        name: str, content: object, timezone: str = "UTC", known: dict[str, dict[str, list[str]]] | None = None
    ) -> Judgement:
        path = write(tmp_path / "judged" / name, content)
        return judge_path(path, tmp_path, Rules(timezone, playbook_values if known is None else known, SECRET))

    return judge_file


def judge_path(path: Path, folder: Path, rules: Rules) -> Judgement:
    """Raises Fault where the file as a whole cannot be used."""
    work = folder / f"work_{len(list(folder.iterdir()))}"
    work.mkdir()
    with judging_connection() as connection:
        return judged_by(connection, path, work, rules)


def judging_connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute("set timezone = 'UTC'")
    return connection


def judged_by(connection: duckdb.DuckDBPyConnection, path: Path, work: Path, rules: Rules) -> Judgement:
    result = conform_file(connection, entities()[path.stem], path, rules, work)
    found = connection.execute(f"select * from {result.rows} order by _line")
    names = [column[0] for column in found.description]
    rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
    return Judgement(
        good=[row for row in rows if row["_fault"] is None],
        refused=[row for row in rows if row["_fault"] is not None],
        result=result,
    )
