"""Workbooks as people make them, and a company that keeps its figures in them."""

import re
import zipfile
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import openpyxl
import pytest
from conftest import write

from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import Load, load
from ingestion.sources.spreadsheets.folder import find_files, read_file
from ingestion.sources.spreadsheets.judging import GivenRow
from ingestion.sources.spreadsheets.sheets import GivenSheet
from ingestion.sources.spreadsheets.templates import templates

WARSAW = ZoneInfo("Europe/Warsaw")
Sheets = dict[str, list[list[Any]]]


def workbook(
    sheets: Sheets,
    merge: dict[str, list[str]] | None = None,
    hidden: tuple[str, ...] = (),
    computed: dict[str, Any] | None = None,
    formats: dict[str, str] | None = None,
    is_1904: bool = False,
) -> bytes:
    """An .xlsx file; of cells of the first sheet, `computed` has type and value of formulas, `formats` the formats."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    if is_1904:
        book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for cells in rows:
            sheet.append(cells)
        for merged in (merge or {}).get(name, ()):
            sheet.merge_cells(merged)
        if name in hidden:
            sheet.sheet_state = "hidden"
    for cell, code in (formats or {}).items():
        book.worksheets[0][cell].number_format = code
    made = BytesIO()
    book.save(made)
    return _with_values(made, computed or {})


def _with_values(made: BytesIO, computed: dict[str, Any]) -> bytes:
    packed = BytesIO()
    with zipfile.ZipFile(made) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            content = source.read(name).decode(errors="surrogateescape")
            if name == "xl/worksheets/sheet1.xml":
                for cell, (kind, value) in computed.items():
                    content = re.sub(
                        rf'<c r="{cell}"[^>]*>(<f>[^<]*</f>)(?:<v ?/>|<v></v>)',
                        rf'<c r="{cell}" t="{kind}">\1<v>{value}</v>',
                        content,
                    )
            target.writestr(name, content.encode(errors="surrogateescape"))
    return packed.getvalue()


def long_workbook(header: list[str], cells: list[str], count: int) -> bytes:
    """A sheet with as many rows, all texts; `{n}` in a cell is the row's number. As XML, since that is quick."""
    lines = [header, *([cell.format(n=number) for cell in cells] for number in range(count))]
    rows = "".join(
        "<row>" + "".join(f'<c t="inlineStr"><is><t>{cell}</t></is></c>' for cell in line) + "</row>" for line in lines
    )
    packed = BytesIO()
    with zipfile.ZipFile(BytesIO(workbook({"S": []}))) as source, zipfile.ZipFile(packed, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            if name == "xl/worksheets/sheet1.xml":
                content = re.sub(
                    rb"<sheetData ?/>|<sheetData></sheetData>", f"<sheetData>{rows}</sheetData>".encode(), content
                )
            target.writestr(name, content)
    return packed.getvalue()


@dataclass
class Desk:
    """The spreadsheets of a company as they are read, without a warehouse, which is much faster."""

    folder: Path
    given: list[tuple[GivenSheet, GivenRow]] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)

    @property
    def row_count(self) -> int:
        return len(self.given)

    @property
    def quarantined_count(self) -> int:
        return len(self.reasons())

    def write(self, name: str, content: object) -> Path:
        """Bytes and text as they are, a dict of sheets as a workbook."""
        return write(self.folder / "sheets" / name, workbook(content) if isinstance(content, dict) else content)

    def read(self) -> "Desk":
        """Read all files anew. Raises Fault."""
        self.given, self.notices = [], []
        sheets = self.folder / "sheets"
        for path in find_files(sheets):
            for sheet in read_file(path, str(path.relative_to(sheets)), WARSAW, self.folder, self.notices):
                self.given += [(sheet, row) for row in sheet.rows]
        return self

    def reads(self, name: str, content: object) -> "Desk":
        self.write(name, content)
        return self.read()

    def refuses(self, name: str, content: object) -> str:
        """What is said of a file that cannot be read as a whole."""
        self.write(name, content)
        with pytest.raises(Fault) as refusal:
            self.read()
        return str(refusal.value)

    def rows(self, template: str, columns: str) -> list[tuple]:
        """These columns of the good rows of a template."""
        return [
            tuple(row.values.get(name) for name in columns.split(", "))
            for sheet, row in self.given
            if sheet.template.name == template and row.fault is None
        ]

    def reasons(self) -> list[tuple]:
        """Line, column and reason of each refused row."""
        return [(row.line, row.fault_column, row.fault) for _, row in self.given if row.fault]


@dataclass
class Marketing:
    """The spreadsheets of a company and the warehouse that they are loaded into."""

    folder: Path

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(
            {
                "FUNNELHOUSE_DATA_DIR": str(self.folder / "data"),
                "FUNNELHOUSE_SPREADSHEETS_DIR": str(self.folder / "sheets"),
                "FUNNELHOUSE_SPREADSHEETS_TIMEZONE": WARSAW.key,
            }
        )

    def write(self, name: str, content: object) -> Path:
        """Bytes and text as they are, a dict of sheets as a workbook."""
        return Desk(self.folder).write(name, content)

    def load(self) -> Load:
        return load("spreadsheets", self.settings)

    def loaded(self, name: str, content: object) -> Load:
        """Write one file and load all; a failed load fails the test."""
        self.write(name, content)
        result = self.load()
        assert result.status == "loaded", result.message
        return result

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.warehouse)) as connection:
            return connection.execute(sql).fetchall()

    def rows(self, table: str, columns: str) -> list[tuple]:
        """What stands in a raw table now: the latest version of each row, unless that is a tombstone."""
        key = ("entity", "file", "line") if table == "quarantine" else ("file", *templates()[table].raw_key)
        return self.query(
            f"""
            select {columns} from raw_spreadsheets.{table}
            qualify row_number() over (partition by {", ".join(key)} order by _loaded_at desc, _dlt_load_id desc) = 1
                and not _is_deleted
            order by all
            """
        )

    def reasons(self) -> list[tuple]:
        """Line, column and reason of each refused row."""
        return self.rows("quarantine", "line, column_name, reason")
