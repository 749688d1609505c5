"""Make the workbooks of `examples/templates`: the same bytes within, whenever and wherever they are made."""

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import openpyxl
import yaml
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils.cell import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from ingestion.sources.spreadsheets.templates import Template, TemplateColumn, templates

SAMPLES = Path(__file__).with_name("samples.yml")
NOT_A_MOMENT = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say
REQUIRED, OPTIONAL = PatternFill("solid", fgColor="DDEBF7"), PatternFill("solid", fgColor="F2F2F2")
NUMBER_FORMATS = {
    "moment": "yyyy-mm-dd hh:mm",
    "date": "yyyy-mm-dd",
    "month": "yyyy-mm",
    "money": "#,##0.00",
    "rate": "0 %",
}
LAST_PREPARED_ROW = 1000


def empty_workbook() -> bytes:
    """All sheets with their headers alone: required columns darker, words to choose from in lists."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for template in templates().values():
        _fill_empty(workbook.create_sheet(template.sheet), template)
    return _packed(workbook, {})


def filled_workbook() -> bytes:
    """The sheets of samples.yml."""
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    samples = yaml.safe_load(SAMPLES.read_text(encoding="utf-8"))
    computed: dict[str, Mapping[str, float]] = {}
    for number, sample in enumerate(samples, start=1):
        sheet = workbook.create_sheet(sample["sheet"])
        for cells in sample["rows"]:
            sheet.append(cells)
        for merged in sample.get("merge", ()):
            sheet.merge_cells(merged)
        computed[f"xl/worksheets/sheet{number}.xml"] = sample.get("computed", {})
    return _packed(workbook, computed)


def column_tables() -> str:
    """What each sheet may hold, in Markdown, in a marketer's words."""
    return "\n".join(_table(template) for template in templates().values())


def offered_columns(template: Template) -> list[TemplateColumn]:
    """The columns of the empty workbook: all but further ways to say the same."""
    return [column for column in template.columns.values() if column.is_in_templates]


def _fill_empty(sheet: Worksheet, template: Template) -> None:
    grouped = {name for group in template.any_of for name in group}
    for position, column in enumerate(offered_columns(template), start=1):
        letter = get_column_letter(position)
        cell = sheet.cell(1, position, column.header)
        cell.font, cell.alignment = Font(bold=True), Alignment(vertical="top")
        cell.fill = REQUIRED if column.required or column.name in grouped else OPTIONAL
        sheet.column_dimensions[letter].width = max(14, len(column.header) + 4)
        if column.type in NUMBER_FORMATS:
            sheet.column_dimensions[letter].number_format = NUMBER_FORMATS[column.type]
        if column.words:
            words = DataValidation("list", formula1=f'"{",".join(column.words)}"', allow_blank=True)
            words.add(f"{letter}2:{letter}{LAST_PREPARED_ROW}")
            sheet.add_data_validation(words)
    sheet.freeze_panes = "A2"


def _packed(workbook: openpyxl.Workbook, computed: Mapping[str, Mapping[str, Any]]) -> bytes:
    """A workbook without the moment of its making; `computed` has, per part and cell, the values of its formulas."""
    made, packed = io.BytesIO(), io.BytesIO()
    workbook.save(made)
    with ZipFile(made) as source, ZipFile(packed, "w", ZIP_DEFLATED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            for cell, value in computed.get(name, {}).items():
                content = re.sub(
                    rf'(<c r="{cell}"[^>]*><f>[^<]*</f>)(?:<v ?/>|<v></v>)'.encode(),
                    rf"\g<1><v>{value}</v>".encode(),
                    content,
                )
            target.writestr(ZipInfo(name, NOT_A_MOMENT), content, ZIP_DEFLATED)
    return packed.getvalue()


def _table(template: Template) -> str:
    grouped = {name for group in template.any_of for name in group}
    lines = [
        f"### {template.sheet}",
        "",
        f"One row per {template.rows}.",
        "",
        "| column | also called | required | what stands there |",
        "|---|---|---|---|",
    ]
    for column in template.columns.values():
        required = "yes" if column.required else "one of these" if column.name in grouped else ""
        lines.append(f"| **{column.header}** | {', '.join(column.also)} | {required} | {_meaning(column)} |")
    if grouped:
        groups = ", or ".join(
            " and ".join(f"*{template.columns[name].header}*" for name in group) for group in template.any_of
        )
        lines += ["", f"*One of these*: {groups}."]
    return "\n".join(lines) + "\n"


def _meaning(column: TemplateColumn) -> str:
    words = column.words or {}
    known = "; ".join(f"`{name}` ({', '.join(spellings)})" for name, spellings in words.items())
    example = f" Such as `{column.example}`." if column.example and not words else ""
    return column.says + (f" One of {known}." if known else "") + example
