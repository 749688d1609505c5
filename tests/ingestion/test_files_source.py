"""Files in any of the formats become typed rows, and what cannot be typed is refused with its place and reason."""

# ruff: noqa: E501  a case a line, however long, reads best

import csv
import hashlib
import hmac
import io
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SECRET, Judgement, judge_path, judged_by, judging_connection, write
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spreadsheet_books import long_workbook, workbook

from ingestion import workbooks
from ingestion.config import Settings
from ingestion.contract import entities
from ingestion.faults import Fault
from ingestion.sources.files import find_files, known_values
from ingestion.sources.files import given as given_module
from ingestion.sources.files.conform import Rules
from ingestion.sources.files.readers import read_csv, read_jsonl
from ingestion.sources.files.settings import FilesSettings

LEADS = "lead_id,created_at,company_name\nL1,2026-01-31,Acme\nL2,2026-02-01T10:00:00Z,Beta\n"
LEAD_ROWS = [("L1", datetime(2026, 1, 31), "Acme"), ("L2", datetime(2026, 2, 1, 10), "Beta")]


def cells(rows: list[dict], *names: str) -> list[tuple]:
    return [tuple(row[name] for name in names) for row in rows]


def leads(judgement) -> list[tuple]:
    return cells(judgement.good, "lead_id", "created_at", "company_name")


def only(rows: list) -> object:
    [row] = rows
    return row


# Formats


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_any_usual_delimiter_separates_cells(judge, delimiter):
    assert leads(judge("leads.csv", LEADS.replace(",", delimiter))) == LEAD_ROWS


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_usual_line_end_separates_rows(judge, line_end):
    assert leads(judge("leads.csv", LEADS.replace("\n", line_end))) == LEAD_ROWS


def test_a_byte_order_mark_is_no_part_of_the_first_column(judge):
    assert leads(judge("leads.csv", "\ufeff" + LEADS)) == LEAD_ROWS
    assert leads(judge("leads.csv", "\ufeff" + LEADS.replace(",", ";"))) == LEAD_ROWS


def test_a_csv_row_bears_the_line_it_begins_on(judge):
    content = 'lead_id,created_at,company_name\r\nL1,bad,"two\r\nlines"\r\n\r\n,,\r\nL2,bad,"a ""quoted"" word"\r\n'
    judgement = judge("leads.csv", content)
    assert cells(judgement.refused, "_line") == [(2,), (6,)]
    assert [json.loads(row["_given"])["company_name"] for row in judgement.refused] == [
        "two\r\nlines",
        'a "quoted" word',
    ]


def test_blank_csv_rows_are_no_rows(judge):
    assert judge("leads.csv", "lead_id,created_at\nL1,2026-01-31\n\n , \n,\n").result.row_count == 1


def test_xlsx_cells_keep_their_meaning(judge):
    header = ["lead_id", "created_at", "company_name", "phone", None, None]
    rows = [
        header,
        [17, datetime(2026, 1, 31), "  Acme ", 48123456789.0, None, None],
        ["L2", datetime(2026, 2, 1, 10, 30), None, "123", None],
        [None, None, None, None],
        ["L3", date(2026, 2, 2), 1.5, None, None, None, None],
    ]
    judgement = judge("leads.xlsx", rows)
    assert cells(judgement.good, "lead_id", "created_at", "created_at_precision", "company_name", "phone") == [
        ("17", datetime(2026, 1, 31), "day", "Acme", "48123456789"),
        ("L2", datetime(2026, 2, 1, 10, 30), "second", None, "123"),
        ("L3", datetime(2026, 2, 2), "day", "1.5", None),
    ]


def test_xlsx_booleans_and_line_numbers(judge):
    rows = [["user_id", "is_active", "capacity_per_week"], ["U1", True, 5.0], [], ["U2", False, 2.5], ["U3", "yes", 7]]
    judgement = judge("users.xlsx", rows)
    assert cells(judgement.good, "user_id", "is_active", "capacity_per_week") == [("U1", True, 5), ("U3", True, 7)]
    assert cells(judgement.refused, "_line", "_fault_column") == [(4, "capacity_per_week")]


def test_a_cell_right_of_the_xlsx_header_is_refused(judge):
    rows = [["lead_id", "created_at"], ["L1", "2026-01-31", "stray"], ["L2", "2026-01-31"]]
    judgement = judge("leads.xlsx", rows)
    assert cells(judgement.refused, "_line", "_fault") == [(2, "has 3 cells, the header has 2")]
    assert cells(judgement.good, "lead_id") == [("L2",)]


def test_merged_xlsx_cells_count_for_each_of_their_rows(judge):
    rows = [["lead_id", "created_at", "company_name"], ["L1", "2026-01-31", "Acme"], ["L2", "2026-02-01"], []]
    judgement = judge("leads.xlsx", workbook({"S": rows}, merge={"S": ["C2:C4"]}))
    assert leads(judgement) == [("L1", datetime(2026, 1, 31), "Acme"), ("L2", datetime(2026, 2, 1), "Acme")]


def test_text_of_two_bytes_a_letter_is_told_without_a_mark_too(judge):
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        with pytest.raises(Fault, match=r"line 1: is not UTF-8 text"):
            judge("leads.csv", LEADS.encode(encoding))


def test_a_number_merged_over_xlsx_rows_is_refused(judge):
    rows = [
        ["campaign_id", "date", "cost_amount_local"],
        ["K1", "2026-01-31", 900],
        ["K2", "2026-01-31"],
        ["K3", "2026-01-31", 1],
    ]
    judgement = judge("campaign_spend_daily.xlsx", workbook({"S": rows}, merge={"S": ["C2:C3"]}))
    assert cells(judgement.good, "campaign_id") == [("K3",)]
    assert cells(judgement.refused, "_line", "_fault") == [
        (line, f"the number in C{line} is merged over several rows; give each row its own") for line in (2, 3)
    ]


def test_an_xlsx_formula_is_its_last_value_and_its_error_is_refused(judge):
    rows = [
        ["lead_id", "created_at", "company_name", "_own"],
        ["L1", "2026-01-31", "=A1", "=B1"],
        ["L2", "2026-01-31", "=A1"],
    ]
    computed = {"C2": ("str", "Acme"), "C3": ("e", "#N/A")}
    judgement = judge("leads.xlsx", workbook({"S": rows}, computed=computed))
    assert leads(judgement) == [("L1", datetime(2026, 1, 31), "Acme")]
    assert cells(judgement.refused, "_line", "_fault") == [(3, "C3 shows the error #N/A")]


def test_an_xlsx_formula_that_was_never_computed_is_a_fault(judge):
    rows = [["lead_id", "created_at", "company_name"], ["L1", "2026-01-31", "=A1"]]
    words = r"leads\.xlsx, line 2: the formula =A1 in C2 has no value; open the file in Excel and save it\."
    with pytest.raises(Fault, match=words):
        judge("leads.xlsx", rows)


@pytest.mark.parametrize("number", ["1,5", "1.234,56", "1 234", "1,234", "1e16", "-1e300", "inf"])
def test_a_number_that_is_not_written_with_a_point_alone_or_too_large_to_add_up_is_refused(judge, number):
    judgement = judge("campaign_spend_daily.csv", f"campaign_id;date;cost_amount_local\nK1;2026-01-31;{number}\n")
    reason = f"cost_amount_local: '{number}' is not a number such as 1234.5, of at most 1e15"
    assert cells(judgement.refused, "_fault") == [(reason,)]


def test_a_first_line_may_name_the_delimiter(judge):
    judgement = judge("leads.csv", "sep=;\r\n" + LEADS.replace(",", ";") + "L3;soon;x\n")
    assert leads(judgement) == LEAD_ROWS
    assert cells(judgement.refused, "_line") == [(5,)]


def test_a_workbook_with_a_password_or_of_an_older_excel_is_a_fault(judge):
    with pytest.raises(Fault, match=r"leads\.xlsx: has a password or is of an older Excel; save it as"):
        judge("leads.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + bytes(512))


def test_a_long_sheet_is_read_whole(judge):
    header = ["campaign_id", "date", "cost_amount_local"]
    judgement = judge("campaign_spend_daily.xlsx", long_workbook(header, ["K{n}", "2026-01-31", "0.5"], 60_000))
    assert (judgement.result.row_count, sum(row["cost_amount_local"] for row in judgement.good)) == (60_000, 30_000)


def test_parquet_of_pandas_keeps_its_meaning(judge):
    frame = pd.DataFrame(
        {
            "opportunity_id": [1.0, 2.0],
            "amount_local": [10.5, np.nan],
            "is_won": [1.0, np.nan],
            "created_at": pd.to_datetime(["2026-01-31 10:00", None]).astype("datetime64[ns]"),
            "closed_at": pd.to_datetime(["2026-01-31 10:00", None])
            .tz_localize("Europe/Warsaw")
            .astype("datetime64[ns, Europe/Warsaw]"),
            "expected_close_date": pd.to_datetime(["2026-01-31", None]),
        }
    )
    judgement = judge("opportunities.parquet", pa.Table.from_pandas(frame), timezone="America/New_York")
    columns = ("opportunity_id", "amount_local", "is_won", "created_at", "closed_at", "expected_close_date")
    assert cells(judgement.good, *columns) == [
        ("1", 10.5, True, datetime(2026, 1, 31, 15), datetime(2026, 1, 31, 9), date(2026, 1, 31)),
        ("2", None, None, None, None, None),
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Tokyo"])
def test_parquet_timestamps_of_any_unit_are_moments(judge, unit, zone):
    moment = pa.array([datetime(2026, 1, 31, 12, tzinfo=UTC if zone else None)], pa.timestamp(unit, tz=zone))
    judgement = judge("leads.parquet", pa.table({"lead_id": ["L1"], "created_at": moment}), timezone="Europe/Warsaw")
    expected = datetime(2026, 1, 31, 12) if zone else datetime(2026, 1, 31, 11)
    assert cells(judgement.good, "created_at", "created_at_precision") == [(expected, "second")]


def test_parquet_types_of_all_sorts_are_read(judge):
    table = pa.table(
        {
            "user_id": pa.array(["U1"]).dictionary_encode(),
            "capacity_per_week": pa.array([7], pa.uint64()),
            "is_active": pa.array([1], pa.int8()),
            "team": pa.nulls(1),
            "region": pa.array([3], pa.decimal128(5, 2)),
        }
    )
    [row] = judge("users.parquet", table).good
    assert (row["user_id"], row["capacity_per_week"], row["is_active"], row["team"]) == ("U1", 7, True, None)


@pytest.mark.parametrize("name", ["_line", "_fault", "_raw", "_given", "_fault_column"])
def test_a_column_that_begins_with_an_underscore_is_the_files_own(judge, name):
    expected = [("L1",), ("L2",)]
    table = pa.table({"lead_id": ["L1", "L2"], "created_at": ["2026-01-31"] * 2, name: ["x", "x"]})
    assert cells(judge("leads.parquet", table).good, "lead_id") == expected
    assert cells(judge("leads.jsonl", table.to_pylist()).good, "lead_id") == expected
    assert (
        cells(judge("leads.csv", f"lead_id,created_at,{name}\nL1,2026-01-31,x\nL2,2026-01-31,x\n").good, "lead_id")
        == expected
    )
    query = f"select *, 'x' as {name} from (values ('L1', date '2026-01-31'), ('L2', date '2026-01-31')) as leads (lead_id, created_at)"
    assert cells(judge("leads.sql", query).good, "lead_id") == expected


def test_jsonl_values_keep_their_meaning(judge):
    rows = [
        {"user_id": 17, "is_active": True, "capacity_per_week": 5.0, "region": {"name": "Łódź"}},
        {"user_id": " U2 ", "is_active": None, "capacity_per_week": ""},
    ]
    columns = ("user_id", "is_active", "capacity_per_week", "region")
    assert cells(judge("users.jsonl", rows).good, *columns) == [
        ("17", True, 5, '{"name": "Łódź"}'),
        ("U2", None, None, None),
    ]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{not json", "is not JSON"),
        ("[1, 2]", "is not a JSON object"),
        ('"L2"', "is not a JSON object"),
        ('{"lead_id": "\\ud800"}', "is not JSON"),
        ('{"lead_id": "L1", "lead_id": "L2"}', "has one name twice"),
        ("[" * 100_000, "is nested too deeply"),
        ('{"lead_id": ' + "9" * 5000 + "}", "is not JSON"),
        ('{"lead_id": "L2"}', "created_at is empty"),
    ],
)
def test_a_bad_json_line_is_refused_alone_and_as_given(judge, line, reason):
    judgement = judge("leads.jsonl", '{"lead_id": "L1", "created_at": "2026-01-31"}\n\n' + line + "\n")
    assert cells(judgement.good, "lead_id") == [("L1",)]
    row = only(judgement.refused)
    assert (row["_line"], row["_fault"]) == (3, reason)
    assert row["_given"] == line if reason.startswith("is ") else json.loads(row["_given"])["lead_id"] == "L2"


def test_a_json_line_that_is_not_utf8_is_refused_alone(judge):
    judgement = judge("leads.jsonl", b'{"lead_id": "L1", "created_at": "2026-01-31"}\n{"lead_id": "\xff"}\n')
    assert (len(judgement.good), cells(judgement.refused, "_line", "_fault")) == (1, [(2, "is not JSON")])


def test_a_json_column_that_appears_late_is_read(judge, monkeypatch):
    monkeypatch.setattr(given_module, "BATCH_ROWS", 2)
    rows = [{"lead_id": str(number), "created_at": "2026-01-31"} for number in range(5)]
    rows[4]["company_name"] = "Acme"
    assert cells(judge("leads.jsonl", rows).good, "company_name") == [(None,)] * 4 + [("Acme",)]


@pytest.mark.parametrize("query", [
    "select 'L1' as lead_id, date '2026-01-31' as created_at",
    "-- the leads\n\nselect 'L1' as lead_id, date '2026-01-31' as created_at; -- that is all\n",
    "select 'L1' as lead_id, date '2026-01-31' as created_at /* ; */ ;;",
    "with one as (select 'L1' as lead_id) select lead_id, date '2026-01-31' as created_at from one -- the end",
    "from (values ('L1', date '2026-01-31')) as leads (lead_id, created_at)",
])  # fmt: skip
def test_an_sql_file_is_one_select(judge, query):
    assert cells(judge("leads.sql", query).good, "lead_id", "created_at") == [("L1", datetime(2026, 1, 31))]


@pytest.mark.parametrize(
    "query",
    [
        "",
        "-- nothing\n",
        "select 1; select 2",
        "create table leads as select 1",
        "copy (select 1) to 'stolen.csv'",
        "attach 'other.duckdb'",
        "insert into leads values (1)",
        "pragma database_list",
    ],
)
def test_an_sql_file_of_anything_else_is_a_fault(judge, query):
    with pytest.raises(Fault, match=r"leads\.sql: must be one select statement"):
        judge("leads.sql", query)


@pytest.mark.parametrize(
    ("query", "line", "reason"),
    [
        ("\n\nselect 1 as lead_id,,\n", 3, "syntax error"),
        ("-- a comment\n\nselect\n  1 as lead_id,\n  nowhere as created_at\nfrom range(1)", 5, "nowhere"),
        ("/* two\nlines */ select 1 as lead_id\nfrom nowhere", 3, "nowhere"),
    ],
)
def test_an_sql_fault_names_its_file_and_line(judge, query, line, reason):
    with pytest.raises(Fault, match=rf"leads\.sql, line {line}: .*{reason}"):
        judge("leads.sql", query)


def test_an_id_that_came_as_a_fraction_and_lost_digits_is_refused(judge):
    ids = "unnest([17.0, 123456789012345678, 123456789012345679, 'inf'::double]::double[]) as lead_id"
    judgement = judge("leads.sql", f"select {ids}, date '2026-01-31' as created_at")
    assert cells(judgement.good, "lead_id") == [("17",)]
    assert [row["_fault"] for row in judgement.refused] == [
        f"lead_id: {number} is a number that has lost digits; give the id as text"
        for number in ("1.2345678901234568e+17", "1.2345678901234568e+17", "inf")
    ]


def test_an_sql_file_that_fails_while_it_runs_is_a_fault(judge):
    with pytest.raises(Fault, match=r"leads\.sql: .*abc"):
        judge(
            "leads.sql",
            "select cast(word as int) as lead_id, date '2026-01-01' as created_at from (values ('abc')) t (word)",
        )


def test_rows_of_parquet_and_sql_are_counted_from_one(judge):
    query = "select 'L' || n as lead_id, case when n = 3 then 'bad' else '2026-01-31' end as created_at from range(1, 5) as t (n)"
    assert cells(judge("leads.sql", query).refused, "_line", "lead_id") == [(3, "L3")]


# What makes a whole file unusable


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("leads.csv", "lead_id,company_name\nL1,Acme\n", r"line 1: required column 'created_at' is missing; 'leads' needs lead_id, created_at\."),
        ("leads.csv", "lead_id,company_name\n", "line 1: required column 'created_at' is missing"),
        ("leads.csv", "lead_id,create_at\nL1,2026-01-31\n", "line 1, column 'create_at': unknown; did you mean 'created_at'"),
        ("leads.csv", "lead_id,created_at,compny_name\n", "line 1, column 'compny_name': unknown; did you mean 'company_name'"),
        ("leads.csv", "Lead_ID,created_at\nL1,2026-01-31\n", "line 1, column 'Lead_ID': unknown; did you mean 'lead_id'"),
        ("leads.csv", "lead_id,created_at,lead_id\nL1,2026-01-31,L1\n", "line 1: column 'lead_id' stands twice"),
        ("leads.csv", "lead_id,created_at,LEAD_ID\nL1,2026-01-31,L1\n", "line 1: column 'LEAD_ID' stands twice"),
        ("leads.csv", "lead_id,,created_at\nL1,,2026-01-31\n", "line 1: column 2 has no name"),
        ("leads.csv", b"lead_id,created_at\nL1,2026-01-31\nL\xf3dz,2026-01-31\n", "line 3: is not UTF-8 text"),
        ("leads.csv", "lead_id,created_at\n".encode("utf-16"), "line 1: is not UTF-8 text"),
        ("leads.csv", "", "line 1: there is no header"),
        ("leads.csv", "\n\nlead_id,created_at\n", "line 1: there is no header"),
        ("leads.csv", 'lead_id,created_at\nL1,2026-01-31\n"L2,2026-01-31\nL3,2026-01-31\n', "line 3: cannot be read as CSV"),
        ("leads.csv", 'lead_id,created_at\nL1,"2026"-01-31\n', "line 2: cannot be read as CSV"),
        ("leads.xlsx", [], "line 1: there is no header"),
        ("leads.xlsx", [["lead_id"], ["L1"]], "line 1: required column 'created_at' is missing"),
        ("leads.xlsx", b"PK not a workbook", "cannot be read as an Excel workbook"),
        ("leads.parquet", b"PAR1 not parquet PAR1", "Invalid Input Error"),
        ("leads.parquet", [{"lead_id": "L1"}], "required column 'created_at' is missing"),
        ("leads.parquet", [{"_only": "L1"}], "has no columns"),
        ("leads.jsonl", [{"lead_id": "L1"}], "required column 'created_at' is missing"),
        ("leads.jsonl", [{"lead_id": "L1", "creatd_at": "2026-01-31"}], "column 'creatd_at': unknown; did you mean 'created_at'"),
        ("leads.sql", b"select '\xff' as lead_id", "is not UTF-8 text"),
    ],
)  # fmt: skip
def test_an_unusable_file_is_a_fault_with_its_place(judge, name, content, message):
    with pytest.raises(Fault, match=f"{re.escape(name)}.*{message}"):
        judge(name, content)


def test_a_sheet_that_breaks_off_is_a_fault(judge, tmp_path):
    content = bytearray(
        write(
            tmp_path / "whole.xlsx", [["lead_id", "created_at"]] + [[n, "2026-01-31"] for n in range(3000)]
        ).read_bytes()
    )
    middle = content.find(b"xl/worksheets/sheet1.xml") + 2000
    content[middle : middle + 200] = bytes(200)
    with pytest.raises(Fault, match="cannot be read as an Excel workbook"):
        judge("leads.xlsx", bytes(content))


@pytest.mark.parametrize("suffix", given_module.SUFFIXES)
def test_a_file_that_is_gone_when_it_is_read_is_a_fault(tmp_path, suffix):
    with pytest.raises(Fault, match=f"leads{suffix}"):
        judge_path(tmp_path / f"leads{suffix}", tmp_path, Rules("UTC", {}, SECRET))


# What makes a row unusable


@pytest.mark.parametrize(
    ("name", "row", "column", "reason"),
    [
        ("leads", {"created_at": "31.01.2026"}, "created_at", "created_at: '31.01.2026' is not a date or a date-time such as"),
        ("leads", {"created_at": "2026-02-30"}, "created_at", "'2026-02-30' is not a date"),
        ("leads", {"created_at": "2026-01-31T25:00"}, "created_at", "is not a date"),
        ("leads", {"created_at": "0001-01-01"}, "created_at", "'0001-01-01' is not a date"),
        ("leads", {"created_at": "9999-12-31"}, "created_at", "'9999-12-31' is not a date"),
        ("leads", {"created_at": "infinity"}, "created_at", "'infinity' is not a date"),
        ("leads", {"created_at": "now"}, "created_at", "'now' is not a date"),
        ("leads", {"created_at": None}, "created_at", "created_at is empty"),
        ("leads", {"lead_id": "  "}, "lead_id", "lead_id is empty"),
        ("leads", {"lead_id": "L1\u200b"}, "lead_id", "lead_id: 'L1\u200b' holds a character that nobody sees"),
        ("leads", {"account_id": "\ufeffC1"}, "account_id", "account_id: '\ufeffC1' holds a character that nobody sees"),
        ("leads", {"stage": "prospect"}, "stage", "stage: 'prospect' is unknown in the playbook"),
        ("leads", {"stage": "won"}, "stage", "stage: 'won' is unknown in the playbook"),
        ("leads", {"created_at_precision": "hour"}, "created_at_precision", "created_at_precision: 'hour' is unknown"),
        ("opportunities", {"amount_local": "12,5"}, "amount_local", "amount_local: '12,5' is not a number"),
        ("opportunities", {"amount_local": "inf"}, "amount_local", "'inf' is not a number"),
        ("opportunities", {"amount_local": "nan"}, "amount_local", "'nan' is not a number"),
        ("opportunities", {"amount_local": "1e999"}, "amount_local", "'1e999' is not a number"),
        ("opportunities", {"is_won": "perhaps"}, "is_won", "is_won: 'perhaps' is not true or false"),
        ("opportunities", {"opportunity_type": "other"}, "opportunity_type", "opportunity_type: 'other' is unknown"),
        ("opportunities", {"expected_close_date": "0001-01-01"}, "expected_close_date", "is not a date such as 2026-01-31"),
        ("activities", {"activity_type": "smoke_signal"}, "activity_type", "'smoke_signal' is unknown in the playbook"),
        ("activities", {"activity_type": None}, "activity_type", "activity_type is empty"),
        ("activities", {"channel": "pigeon"}, "channel", "channel: 'pigeon' is unknown in the playbook"),
        ("accounts", {"employee_count": "12.5"}, "employee_count", "employee_count: '12.5' is not a whole number"),
        ("accounts", {"employee_count": "9" * 25}, "employee_count", "is not a whole number"),
        ("accounts", {"employee_count": "many"}, "employee_count", "employee_count: 'many' is not a whole number"),
        ("campaign_spend_daily", {"date": "yesterday"}, "date", "date: 'yesterday' is not a date such as 2026-01-31"),
    ],
)  # fmt: skip
def test_a_row_that_breaks_the_contract_is_refused(judge, name, row, column, reason):
    sound = {
        "leads": {"lead_id": "L1", "created_at": "2026-01-31"},
        "opportunities": {"opportunity_id": "O1"},
        "activities": {"activity_id": "A1", "activity_type": "call", "occurred_at": "2026-01-31"},
        "accounts": {"account_id": "C1"},
        "campaign_spend_daily": {"campaign_id": "K1", "date": "2026-01-31"},
    }[name]
    key = next(iter(sound))
    judgement = judge(f"{name}.jsonl", [{**sound, key: "first"}, {**sound, **row}, {**sound, key: "last"}])
    assert [row[key] for row in judgement.good] == ["first", "last"]
    refused = only(judgement.refused)
    assert (refused["_line"], refused["_fault_column"]) == (2, column)
    assert reason in refused["_fault"]
    assert json.loads(refused["_given"]) == dict.fromkeys({**sound, **row}) | {
        name: value.strip() or None for name, value in {**sound, **row}.items() if value
    }


def test_all_that_is_wrong_with_a_row_is_said(judge):
    refused = only(judge("leads.csv", "lead_id,created_at,stage\n,soon,prospect\n").refused)
    assert refused["_fault_column"] == "lead_id"
    for complaint in ("lead_id is empty", "created_at: 'soon' is not a date", "stage: 'prospect' is unknown"):
        assert complaint in refused["_fault"]


def test_a_row_of_too_few_or_too_many_cells_is_refused_as_given(judge):
    judgement = judge(
        "leads.csv", "lead_id,created_at,company_name\nL1,2026-01-31\nL2,2026-01-31,Acme,Ltd\nL3,2026-01-31,\n"
    )
    assert cells(judgement.refused, "_line", "_fault", "_fault_column", "_given") == [
        (2, "has 2 cells, the header has 3", None, '["L1", "2026-01-31"]'),
        (3, "has 4 cells, the header has 3", None, '["L2", "2026-01-31", "Acme", "Ltd"]'),
    ]
    assert cells(judgement.good, "lead_id") == [("L3",)]


def test_the_first_of_several_rows_with_one_key_is_kept(judge):
    judgement = judge(
        "leads.csv", "lead_id,created_at,email\nL1,2026-01-31,a@x.com\nL1,bad,\nL1,2026-02-01,b@x.com\nL2,2026-02-01,\n"
    )
    assert cells(judgement.good, "lead_id", "email") == [("L1", "a@x.com"), ("L2", None)]
    broken, repeated = judgement.refused
    assert (broken["_line"], broken["_fault_column"]) == (3, "created_at")
    assert (repeated["_line"], repeated["_fault_column"]) == (4, "lead_id")
    assert repeated["_fault"] == "lead_id: 'L1' stands on line 2 already"
    assert json.loads(repeated["_given"]) == {"lead_id": "L1", "created_at": "2026-02-01", "email": "b@x.com"}


def test_a_refused_row_does_not_take_the_key_from_a_later_good_one(judge):
    judgement = judge("leads.csv", "lead_id,created_at\nL1,bad\nL1,2026-01-31\n")
    assert cells(judgement.good, "lead_id", "_line") == [("L1", 3)]


def test_a_key_may_have_empty_parts_and_is_still_a_key(judge):
    header = "month_start_date,team,cost_type,phase,amount_local,currency,product\n"
    judgement = judge(
        "costs_monthly.csv", header + 2 * "2026-01-01,marketing,media,,10,,\n" + "2026-01-01,marketing,media,,10,EUR,\n"
    )
    assert (len(judgement.good), cells(judgement.refused, "_line")) == (2, [(3,)])
    assert not judgement.result.unidentified_count


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("L1,2026-01-31", 1),
        ("L1,2026-01-31,mql,", 1),
        (",2026-01-31,mql", 1),
        ("L1,bad,mql", 1),
        ("L1,2026-01-31,prospect", 0),
    ],
)
def test_refused_rows_whose_key_cannot_be_read_are_counted(judge, line, count):
    result = judge("lead_stage_changes.csv", f"lead_id,changed_at,stage\n{line}\n").result
    assert (result.quarantined_count, result.unidentified_count) == (1, count)
    assert len(result.notices) == count


def test_nothing_is_known_where_the_playbook_has_nothing(judge):
    judgement = judge(
        "leads.csv", "lead_id,created_at,stage\nL1,2026-01-31,mql\nL2,2026-01-31,\n", known={"leads": {"stage": []}}
    )
    assert cells(judgement.refused, "lead_id") == [("L1",)]


def test_a_stage_may_bear_the_name_that_the_playbook_maps(tmp_path):
    header = "source,track,source_stage,stage\n"
    write(tmp_path / "stage_mappings.csv", header + "files,lead,Hot,mql\nfiles,opportunity,Signed,won\n")
    known = known_values(Settings.from_environment({"FUNNELHOUSE_PLAYBOOK_DIR": str(tmp_path)}))
    assert known["leads"]["stage"] == ["lead", "mql", "sql", "opportunity", "recycled", "disqualified", "Hot"]
    assert known["opportunities"]["stage"][-1] == "Signed"


# Columns


def test_the_order_of_columns_does_not_matter(judge):
    assert (
        leads(judge("leads.csv", "company_name,created_at,lead_id\nAcme,2026-01-31,L1\nBeta,2026-02-01T10:00:00Z,L2\n"))
        == LEAD_ROWS
    )


def test_an_unknown_column_is_ignored_with_a_notice(judge):
    judgement = judge("leads.csv", "lead_id,created_at,favourite_colour\nL1,2026-01-31,green\n")
    assert cells(judgement.good, "lead_id") == [("L1",)]
    assert "'leads' has no column 'favourite_colour'" in only(judgement.result.notices)


def test_columns_that_funnelhouse_fills_in_itself_are_not_taken_from_a_file(judge):
    judgement = judge("leads.csv", "lead_id,created_at,source,loaded_at,is_deleted\nL1,2026-01-31,me,never,true\n")
    assert len(judgement.result.notices) == 3
    assert {"source", "loaded_at", "is_deleted"}.isdisjoint(judgement.good[0])


def test_personal_columns_are_taken_for_leads(judge):
    content = "lead_id,created_at,full_name,email,phone\nL1,2026-01-31,Zoë Å,Zoe@Acme.com,+48 123\n"
    judgement = judge("leads.csv", content)
    assert cells(judgement.good, "full_name", "email", "phone") == [("Zoë Å", "Zoe@Acme.com", "+48 123")]
    assert not judgement.result.notices


def test_an_email_becomes_a_keyed_hash_and_a_domain(judge):
    emails = ["Zoe.O'Hara@Acme.COM", "zoe.o'hara@acme.com", "ŻÓŁW@acme.com", "nobody", "@", ""]
    judgement = judge(
        "leads.jsonl", [{"lead_id": str(n), "created_at": "2026-01-31", "email": e} for n, e in enumerate(emails)]
    )
    keys = [hmac.new(SECRET, email.lower().encode(), hashlib.sha256).hexdigest() for email in emails[:3]]
    assert cells(judgement.good, "email_key", "email_domain") == [
        *((key, "acme.com") for key in keys), (None, None), (None, None), (None, None)
    ]  # fmt: skip
    assert keys[0] == keys[1]


def keyed(text: str) -> str:
    return hmac.new(SECRET, text.encode(), hashlib.sha256).hexdigest()


def test_a_given_domain_stands_and_a_given_email_key_is_keyed_anew_as_it_may_be_a_bare_hash(judge):
    content = (
        "lead_id,created_at,email,email_key,email_domain\nL1,2026-01-31,a@x.com,KEY,Group.com\nL2,2026-01-31,,KEY2,\n"
    )
    assert cells(judge("leads.csv", content).good, "email_key", "email_domain") == [
        (keyed("a@x.com"), "group.com"),
        (keyed("KEY2"), None),
    ]
    without_email = judge("leads.csv", "lead_id,created_at,email_key\nL1,2026-01-31,KEY\n")
    assert cells(without_email.good, "email_key", "email_domain") == [(keyed("KEY"), None)]


def test_an_id_with_an_email_in_it_becomes_a_key_that_is_the_same_everywhere(judge):
    leads = judge(
        "leads.csv", "lead_id,created_at,owner_id\nAnn@Acme.example,2026-01-31,rep@us.example\nL2,2026-01-31,U2\n"
    )
    assert cells(leads.good, "lead_id", "owner_id") == [
        (keyed("ann@acme.example"), keyed("rep@us.example")),
        ("L2", "U2"),
    ]
    content = (
        "activity_id,lead_id,visitor_id,activity_type,occurred_at\n"
        "ann@acme.example 2026-02-01,ann@acme.example,ann@acme.example,page_view,2026-02-01T09:00:00Z\n"
    )
    assert cells(judge("activities.csv", content).good, "activity_id", "lead_id", "visitor_id") == [
        (keyed("ann@acme.example 2026-02-01"), keyed("ann@acme.example"), keyed("ann@acme.example"))
    ]
    changes = "lead_id,stage,changed_at,changed_by\nann@acme.example,lead,2026-02-01,rep@us.example\n"
    assert cells(judge("lead_stage_changes.csv", changes).good, "lead_id", "changed_by") == [
        (keyed("ann@acme.example"), keyed("rep@us.example"))
    ]


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("true", True),
        ("TRUE", True),
        ("t", True),
        ("Yes", True),
        ("1", True),
        ("false", False),
        ("No", False),
        ("0", False),
    ],
)
def test_a_boolean_may_be_said_in_several_ways(judge, word, meaning):
    assert cells(judge("users.csv", f"user_id,is_active\nU1,{word}\n").good, "is_active") == [(meaning,)]


@pytest.mark.parametrize(("text", "number"), [("7", 7), ("-7", -7), ("7.0", 7), ("1e3", 1000), (str(2**62), 2**62)])
def test_a_whole_number_may_be_written_in_several_ways(judge, text, number):
    assert cells(judge("users.csv", f"user_id,capacity_per_week\nU1,{text}\n").good, "capacity_per_week") == [(number,)]


# Times


def created(judge, text: object, timezone: str = "UTC") -> tuple:
    judgement = judge("leads.jsonl", [{"lead_id": "L1", "created_at": text}], timezone=timezone)
    return only(cells(judgement.good, "created_at", "created_at_precision"))


@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw", "America/New_York", "Pacific/Kiritimati"])
def test_a_day_stays_that_day_in_any_time_zone(judge, zone):
    assert created(judge, "2026-01-31", zone) == (datetime(2026, 1, 31), "day")
    table = pa.table({"lead_id": ["L1"], "created_at": [date(2026, 1, 31)]})
    assert cells(judge("leads.parquet", table, timezone=zone).good, "created_at", "created_at_precision") == [
        (datetime(2026, 1, 31), "day")
    ]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Warsaw"])
@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-01-31T12:00:00Z", datetime(2026, 1, 31, 12)),
        ("2026-01-31T12:00Z", datetime(2026, 1, 31, 12)),
        ("2026-01-31 12:00:00.123456Z", datetime(2026, 1, 31, 12, 0, 0, 123456)),
        ("2026-01-31T12:00:00+02:00", datetime(2026, 1, 31, 10)),
        ("2026-01-31T12:00:00-0530", datetime(2026, 1, 31, 17, 30)),
        ("2026-01-31T12:00:00+02", datetime(2026, 1, 31, 10)),
        ("2026-01-31 12:00:00 +0200", datetime(2026, 1, 31, 10)),
        ("2026-01-31T00:00:00Z", datetime(2026, 1, 31)),
    ],
)
def test_a_time_with_an_offset_is_that_moment_in_utc(judge, zone, text, moment):
    assert created(judge, text, zone) == (moment, "second")


@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("2026-01-31T12:00:00", datetime(2026, 1, 31, 11)),
        ("2026-07-31 12:00", datetime(2026, 7, 31, 10)),
        ("2026-03-29T01:59:59", datetime(2026, 3, 29, 0, 59, 59)),
        ("2026-03-29T03:00:00", datetime(2026, 3, 29, 1)),
        ("2026-10-25T01:59:59", datetime(2026, 10, 24, 23, 59, 59)),
        ("2026-10-25T03:00:00", datetime(2026, 10, 25, 2)),
    ],
)
def test_a_time_without_an_offset_is_local_to_the_files_time_zone(judge, text, utc):
    assert created(judge, text, "Europe/Warsaw") == (utc, "second")


def test_a_local_time_that_is_twice_or_never_is_one_of_its_readings(judge):
    assert created(judge, "2026-10-25T02:30", "Europe/Warsaw")[0] in (
        datetime(2026, 10, 25, 0, 30),
        datetime(2026, 10, 25, 1, 30),
    )
    assert created(judge, "2026-03-29T02:30", "Europe/Warsaw")[0] in (
        datetime(2026, 3, 29, 0, 30),
        datetime(2026, 3, 29, 1, 30),
    )


@pytest.mark.parametrize("moment", ["2026-01-31", "2026-01-31T00:00:00", "2026-01-31 23:30", "2026-01-30T23:00:00Z"])
def test_a_row_that_says_day_keeps_its_local_day(judge, moment):
    row = {"lead_id": "L1", "created_at": moment, "created_at_precision": "day"}
    judgement = judge("leads.jsonl", [row], timezone="Europe/Warsaw")
    assert cells(judgement.good, "created_at", "created_at_precision") == [(datetime(2026, 1, 31), "day")]


@pytest.mark.parametrize(
    "kind", [pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", tz="UTC"), pa.timestamp("ns", tz="UTC")]
)
def test_a_date_column_keeps_the_local_day_of_a_time(judge, kind):
    local = datetime(2026, 1, 31) if kind.tz is None else datetime(2026, 1, 30, 23, tzinfo=UTC)
    table = pa.table({"campaign_id": ["K1"], "date": pa.array([local], kind)})
    assert cells(judge("campaign_spend_daily.parquet", table, timezone="Europe/Warsaw").good, "date") == [
        (date(2026, 1, 31),)
    ]


@pytest.mark.parametrize("text", ["2026-01-31", "2026-01-31T00:00:00", "2026-01-31 23:59", "2026-01-30T23:00:00Z"])
def test_a_date_cell_keeps_the_local_day_of_a_time(judge, text):
    content = f"campaign_id,date\nK1,{text}\n"
    assert cells(judge("campaign_spend_daily.csv", content, timezone="Europe/Warsaw").good, "date") == [
        (date(2026, 1, 31),)
    ]


@given(
    moments=st.lists(st.datetimes(datetime(1901, 1, 2), datetime(2198, 12, 30)), min_size=1, max_size=20),
    offset=st.integers(-14 * 60, 14 * 60),
    separator=st.sampled_from("T "),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_iso_time_with_an_offset_is_what_python_says(judge, moments, offset, separator):
    aware = [moment.replace(tzinfo=timezone(timedelta(minutes=offset))) for moment in moments]
    rows = [{"lead_id": number, "created_at": moment.isoformat(separator)} for number, moment in enumerate(aware)]
    expected = [(moment.astimezone(UTC).replace(tzinfo=None),) for moment in aware]
    assert cells(judge("leads.jsonl", rows).good, "created_at") == expected


@given(
    moments=st.lists(st.datetimes(datetime(1950, 1, 2), datetime(2037, 12, 30)), min_size=1, max_size=20),
    zone=st.sampled_from(["Europe/Warsaw", "America/New_York", "Australia/Lord_Howe"]),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_local_time_is_a_reading_that_python_knows(judge, moments, zone):
    rows = [{"lead_id": number, "created_at": moment.isoformat()} for number, moment in enumerate(moments)]
    good = judge("leads.jsonl", rows, timezone=zone).good
    assert len(good) == len(moments)
    for row, moment in zip(good, moments, strict=True):
        folds = [moment.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1)]
        assert row["created_at"].replace(tzinfo=UTC) in folds


# Where files are found


def test_the_first_folder_of_the_search_path_wins(tmp_path):
    first = write(tmp_path / "first" / "leads.csv", LEADS)
    write(tmp_path / "second" / "leads.parquet", [{"lead_id": "L9"}])
    second = write(tmp_path / "second" / "users.jsonl", "")
    write(tmp_path / "second" / "notes.csv", "not an entity")
    folders = (tmp_path / "first", tmp_path / "second")
    assert find_files(folders) == {"leads": first, "users": second}


def test_two_files_of_one_entity_in_one_folder_are_a_fault(tmp_path):
    write(tmp_path / "leads.csv", LEADS)
    write(tmp_path / "leads.jsonl", "")
    with pytest.raises(Fault, match=r"has leads\.csv and leads\.jsonl: keep one"):
        find_files((tmp_path,))


def test_a_folder_or_time_zone_that_does_not_exist_is_a_fault(tmp_path):
    def read(**environment: str) -> FilesSettings:
        return FilesSettings.from_settings(
            Settings.from_environment({"FUNNELHOUSE_DATA_DIR": str(tmp_path), **environment})
        )

    with pytest.raises(Fault, match=r"FUNNELHOUSE_FILES_DIR: .*/nowhere is not a folder"):
        read(FUNNELHOUSE_FILES_DIR=f"{tmp_path}:{tmp_path}/nowhere")
    with pytest.raises(Fault, match="FUNNELHOUSE_FILES_TIMEZONE: 'Mars' is not a time zone"):
        read(FUNNELHOUSE_FILES_TIMEZONE="Mars")
    assert read() == FilesSettings((tmp_path / "inbox",), "UTC")


# Whatever a file holds


WORDS = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "L1",
            "2026-01-31",
            "2026-01-31T10:00Z",
            "2026-13-01",
            "9999-12-31",
            "true",
            "mql",
            "1.5",
            "nan",
            "inf",
        ]
    ),
    st.text(max_size=8),
)
COLUMNS = st.sampled_from(
    ["lead_id", "created_at", "stage", "email", "created_at_precision", "colour", "_line", "LEAD_ID", ""]
)


@pytest.fixture(scope="module")
def judging() -> Iterator[Callable[..., Judgement]]:
    """Conform one file; one connection judges all of them, so that thousands can be."""

    def judge_file(name: str, content: object, rules: Rules) -> Judgement:
        with TemporaryDirectory() as folder:
            return judged_by(connection, write(Path(folder) / name, content), Path(folder), rules)

    with judging_connection() as connection:
        yield judge_file


@pytest.fixture(scope="module")
def unaccounted(judging) -> Callable[..., list[str]]:
    """What is wrong where not every row of a file is loaded or refused with a reason, or the file is, in one sentence."""

    def find(name: str, content: object, row_count: int | None = None) -> list[str]:
        try:
            judgement = judging(name, content, Rules("Europe/Warsaw", {"leads": {"stage": ["mql"]}}, SECRET))
        except Fault as fault:
            return [] if re.match(rf"\S+/{name}[:,] ", str(fault)) else [f"The sentence names no file: {fault}"]
        result, good, refused = judgement.result, judgement.good, judgement.refused
        holds = {
            "every row is loaded or refused": result.row_count == len(good) + len(refused),
            "the refused are counted": result.quarantined_count == len(refused),
            "every row is read": row_count is None or result.row_count == row_count,
            "every refusal has its reason": all(
                row["_fault"] and row["_line"] and row["_given"] is not None for row in refused
            ),
            "every loaded row has its key and moment": all(
                row["lead_id"] and row["created_at"] and row["created_at_precision"] for row in good
            ),
            "no key is loaded twice": len({row["lead_id"] for row in good}) == len(good),
        }
        return [claim for claim, is_kept in holds.items() if not is_kept]

    return find


def as_csv(rows: Iterable[Iterable[str]], **dialect: Any) -> str:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, **dialect).writerows(rows)
    # A lone surrogate is no text, and cannot be written at all.
    return text.getvalue().encode("utf-8", "replace").decode()


@given(content=st.one_of(st.text(max_size=60), st.binary(max_size=60)))
@settings(max_examples=200)
def test_any_csv_text_is_refused_or_read(unaccounted, content):
    header = "lead_id,created_at,stage\n"
    assert unaccounted("leads.csv", content) == []
    assert (
        unaccounted("leads.csv", header + content if isinstance(content, str) and content.isprintable() else content)
        == []
    )


@given(
    rows=st.lists(st.lists(WORDS, min_size=1, max_size=5), max_size=6),
    header=st.permutations(["lead_id", "created_at", "stage"]),
)
@settings(max_examples=200)
def test_every_csv_row_is_loaded_or_refused(unaccounted, rows, header):
    assert (
        unaccounted("leads.csv", as_csv([header, *rows]), sum(any(cell.strip() for cell in row) for row in rows)) == []
    )


@given(lines=st.lists(st.text(max_size=20), max_size=5))
@settings(max_examples=200)
def test_any_jsonl_text_is_refused_or_read(unaccounted, lines):
    assert unaccounted("leads.jsonl", "\n".join(lines)) == []


@given(
    rows=st.lists(
        st.dictionaries(
            COLUMNS, st.one_of(WORDS, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(st.none()))
        ),
        max_size=6,
    )
)
@settings(max_examples=200)
def test_every_json_row_is_loaded_or_refused(unaccounted, rows):
    rows.append({"lead_id": "L0", "created_at": "2026-01-31"})
    assert unaccounted("leads.jsonl", rows, len(rows)) == []


TYPED_COLUMNS = {
    pa.string(): WORDS,
    pa.int64(): st.integers(-(2**63), 2**63 - 1),
    pa.uint64(): st.integers(0, 2**64 - 1),
    pa.float64(): st.floats(),
    pa.float32(): st.floats(width=32),
    pa.bool_(): st.booleans(),
    pa.date32(): st.integers(-(2**31), 2**31 - 1),
    pa.binary(): st.binary(max_size=4),
    pa.timestamp("us"): st.integers(-(2**63) + 1, 2**63 - 1),
    pa.timestamp("ns", tz="UTC"): st.integers(-(2**63) + 1, 2**63 - 1),
    pa.timestamp("us", tz="Asia/Tokyo"): st.integers(-(2**63) + 1, 2**63 - 1),
    pa.time64("us"): st.integers(0, 86_400_000_000 - 1),
    pa.list_(pa.int64()): st.lists(st.integers(0, 3), max_size=2),
}


@st.composite
def typed_tables(draw) -> pa.Table:
    size = draw(st.integers(0, 4))
    columns = {}
    for name in ("lead_id", "created_at", "created_at_precision", "email"):
        kind = draw(st.sampled_from(list(TYPED_COLUMNS)))
        columns[name] = pa.array(draw(st.lists(st.none() | TYPED_COLUMNS[kind], min_size=size, max_size=size)), kind)
    return pa.table(columns)


@given(table=typed_tables())
@settings(max_examples=300)
def test_every_typed_row_is_loaded_or_refused(unaccounted, table):
    assert unaccounted("leads.parquet", table, len(table)) == []


ODD_CELLS = [
    "", " ", "x", "L1", "0", "-1", "1.5", "1,5", "1e400", "9" * 40, "nan", "inf", "-Infinity", "true", "yes", "NULL",
    "2026-01-31", "2026-02-30", "31.01.2026", "0000-00-00", "9999-12-31", "2026-01-31T10:00:00+14:00", "2026-01-31T25:00Z",
    "-4713-01-01", "1970-01-01T00:00:00.123456789Z", "=1+1", "@SUM(A1)", "+48 22 123", "'; drop table leads; --", "a\nb",
    'quo"te', "\x00", "\x07", "\u200b", "\ufeff", "\u202e", "ł" * 300, "🙂", "EUR", "eur", "day", "mql", "{}", "[1]",
]  # fmt: skip


def sample_row(entity: str, playbook_values: dict[str, dict[str, list[str]]]) -> dict[str, object]:
    """A row of an entity with every column filled as the contract wants it."""
    samples = {
        "string": "x", "bigint": 7, "int": 7, "double": 1.5, "boolean": True,
        "date": date(2026, 1, 31), "timestamp": datetime(2026, 1, 31, 12),
    }  # fmt: skip
    lookups = playbook_values.get(entity, {})
    return {
        column.name: (column.accepted_values or lookups.get(column.name) or [samples[column.data_type]])[0]
        for column in entities()[entity].columns
    }


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
@pytest.mark.parametrize("entity", sorted(entities()))
def test_two_hundred_and_fifty_odd_rows_of_each_entity_are_each_loaded_or_refused(
    judge, playbook_values, entity, suffix
):
    chance = random.Random(f"{entity}{suffix}")
    whole = sample_row(entity, playbook_values)
    # Every third cell of every other row is odd; one cell is always filled, as a line of blanks alone is no row.
    rows = [
        {
            name: chance.choice(ODD_CELLS)
            if line % 2 and chance.random() < 1 / 3
            else str(value).replace("x", f"x{line}")
            for name, value in whole.items()
        }
        | {"filled": "x"}
        for line in range(250)
    ]
    judgement = judge(
        f"{entity}{suffix}", as_csv([list(rows[0]), *map(dict.values, rows)]) if suffix == ".csv" else rows
    )
    lines = [row["_line"] for row in judgement.good + judgement.refused]
    assert judgement.result.row_count == len(lines) == len(set(lines)) == len(rows)
    assert judgement.result.quarantined_count == len(judgement.refused)
    assert all(row["_fault"] and row["_given"] is not None for row in judgement.refused)
    assert judgement.good


ODD_VALUES = st.one_of(
    st.sampled_from(ODD_CELLS),
    st.text(max_size=12),
    st.integers(-(2**70), 2**70).map(str),
    st.floats().map(str),
    st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str),
    st.dates().map(str),
    st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat),
)


@st.composite
def odd_rows(draw, known: dict[str, dict[str, list[str]]]) -> tuple[str, list[dict[str, str]]]:
    """An entity and a few of its rows, of the columns that it needs and any others, in which some cells are odd."""
    entity = draw(st.sampled_from(sorted(entities())), "entity")
    whole = {name: str(value) for name, value in sample_row(entity, known).items()}
    required = [column.name for column in entities()[entity].columns if column.is_required]
    columns = list(dict.fromkeys([*required, *draw(st.lists(st.sampled_from(sorted(whole)), max_size=3))]))
    odd = st.dictionaries(st.sampled_from(columns), ODD_VALUES, max_size=3)
    return entity, [
        {name: whole[name] for name in columns} | row for row in draw(st.lists(odd, min_size=1, max_size=3))
    ]


@given(drawn=st.data(), suffix=st.sampled_from([".csv", ".jsonl"]))
@settings(max_examples=800)
def test_no_cell_of_any_row_of_any_entity_is_lost_unless_the_row_is_refused(playbook_values, judging, drawn, suffix):
    entity, rows = drawn.draw(odd_rows(playbook_values))
    content = as_csv([list(rows[0]), *map(dict.values, rows)]) if suffix == ".csv" else rows
    judgement = judging(f"{entity}{suffix}", content, Rules("Europe/Warsaw", playbook_values, SECRET))
    filled = [row for row in rows if suffix == ".jsonl" or any(cell.strip() for cell in row.values())]
    lines = {row["_line"] for row in judgement.good + judgement.refused}
    assert judgement.result.row_count == len(lines) == len(filled)
    assert all(row["_fault"] and row["_given"] for row in judgement.refused)
    for row in judgement.good:
        for name, cell in filled[sorted(lines).index(row["_line"])].items():
            if cell.strip() and not name.endswith("_precision"):
                assert row[name] is not None, name
            if cell.strip() and isinstance(row[name], int | float) and not isinstance(row[name], bool):
                assert row[name] == float(cell), name


@given(
    rows=st.lists(st.lists(st.text(max_size=8), min_size=1, max_size=4), max_size=5),
    delimiter=st.sampled_from(",;\t|"),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    mark=st.sampled_from(["", "\ufeff"]),
)
@settings(max_examples=1500)
def test_every_cell_of_any_csv_file_is_read_as_it_was_written(rows, delimiter, line_end, mark):
    header = ["lead_id", "created_at", "stage"]
    content = mark + as_csv([header, *rows], delimiter=delimiter, lineterminator=line_end)
    with TemporaryDirectory() as folder:
        read = list(read_csv(write(Path(folder) / "leads.csv", content)).rows)
    stripped = [[cell.encode("utf-8", "replace").decode().strip() or None for cell in row] for row in rows]
    filled = [row for row in stripped if any(row)]
    assert [row.cells for row in read] == [dict(zip(header, row, strict=False)) for row in filled]
    assert [row.fault is None for row in read] == [len(row) == len(header) for row in filled]
    assert [json.loads(row.raw) for row in read if row.fault] == [row for row in filled if len(row) != len(header)]


JSON_VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))


@given(
    lines=st.lists(
        st.one_of(
            st.dictionaries(st.text(max_size=4), JSON_VALUES, max_size=4).map(json.dumps),
            JSON_VALUES.map(json.dumps),
            st.text(max_size=12).filter(lambda text: "\n" not in text),
        ),
        max_size=5,
    )
)
@settings(max_examples=1500)
def test_every_line_of_any_json_lines_file_is_read_value_by_value_or_refused(lines):
    content = "\n".join(lines).encode("utf-8", "replace")
    with TemporaryDirectory() as folder:
        read = {row.line: row for row in read_jsonl(write(Path(folder) / "leads.jsonl", content)).rows}
    written = {line: text for line, text in enumerate(content.split(b"\n"), start=1) if text.strip()}
    assert read.keys() == written.keys()
    for line, row in read.items():
        if row.fault:
            assert row.raw == written[line].decode().strip()
            continue
        for name, value in json.loads(written[line].decode("utf-8-sig")).items():
            cell = row.cells[name]
            if isinstance(value, str):
                assert cell == (value.strip() or None)
            else:
                assert value == (None if cell is None else json.loads(cell))


WHOLE_FILES = {
    ".csv": LEADS.encode(),
    ".jsonl": b'{"lead_id": "L1", "created_at": "2026-01-31"}\n{"lead_id": "L2", "created_at": "2026-02-01"}\n',
    ".xlsx": workbook({"leads": [["lead_id", "created_at"], ["L1", "2026-01-31"], ["L2", "2026-02-01"]]}),
    ".sql": b"select 'L' || n as lead_id, '2026-01-31' as created_at from range(3) as numbers (n)",
}


@given(suffix=st.sampled_from(sorted(WHOLE_FILES)), damage=st.data())
@settings(max_examples=400)
def test_a_damaged_file_of_any_format_is_refused_or_read(unaccounted, suffix, damage):
    content = WHOLE_FILES[suffix]
    begin = damage.draw(st.integers(0, len(content)), "from")
    end = damage.draw(st.integers(begin, min(len(content), begin + 40)), "to")
    damaged = content[:begin] + damage.draw(st.binary(max_size=12), "replaced by") + content[end:]
    assert unaccounted(f"leads{suffix}", damaged) == []


@given(damage=st.data())
@settings(max_examples=200)
def test_a_damaged_parquet_file_is_refused_or_read(unaccounted, damage):
    file = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{"lead_id": "L1", "created_at": "2026-01-31"}]), file)
    content = file.getvalue()
    begin = damage.draw(st.integers(0, len(content)), "from")
    assert (
        unaccounted("leads.parquet", content[:begin] + damage.draw(st.binary(max_size=8)) + content[begin + 4 :]) == []
    )


@pytest.mark.parametrize("entity", sorted(entities()))
def test_every_entity_takes_its_columns_in_their_own_types_and_as_text(judge, playbook_values, entity):
    row = sample_row(entity, playbook_values)
    as_text = {name: value.isoformat() if isinstance(value, date) else value for name, value in row.items()}
    expected = [tuple(keyed(value) if name == "email_key" else value for name, value in row.items())]
    assert cells(judge(f"{entity}.parquet", [row]).good, *row) == expected
    assert cells(judge(f"{entity}.jsonl", [as_text]).good, *row) == expected


# Workbooks as they come


LEAD_SHEET = [["lead_id", "created_at"], ["L1", "2026-01-31"]]


def test_the_first_sheet_that_is_shown_is_read_and_others_with_rows_are_named(judge):
    sheets = {"Old": [["lead_id"], ["L0"]], "Now": LEAD_SHEET, "Sheet2": [], "_notes": [["x"]], "May": LEAD_SHEET}
    judgement = judge("leads.xlsx", workbook(sheets, hidden=("Old",)))
    assert cells(judgement.good, "lead_id") == [("L1",)]
    [notice] = judgement.result.notices
    assert notice.endswith('leads.xlsx: only the sheet "Now" is read; left out: "Old", "May".')


@pytest.mark.parametrize("number", [23851234567890123, 10**15, -(10**15), 1.2345678901234567e19])
def test_a_number_of_more_digits_than_excel_keeps_is_refused(judge, number):
    rows = [["lead_id", "created_at"], [number, "2026-01-31"], [10**15 - 1, "2026-01-31"]]
    judgement = judge("leads.xlsx", rows)
    [refused] = cells(judgement.refused, "_line", "_fault")
    assert refused == (2, "the number in A2 has more than 15 digits, of which Excel keeps 15; give it as text")
    assert cells(judgement.good, "lead_id") == [("9" * 15,)]


def test_a_number_that_excel_shows_with_leading_zeros_has_them(judge):
    rows = [["lead_id", "created_at"], [123, "2026-01-31"], [1234567, "2026-01-31"], [123, "2026-01-31"]]
    judgement = judge("leads.xlsx", workbook({"S": rows}, formats={"A2": "00000", "A3": "00000"}))
    assert cells(judgement.good, "lead_id") == [("00123",), ("1234567",), ("123",)]


def test_what_is_wrong_with_a_workbook_is_said_in_one_line(judge):
    book = with_part(
        workbook({"S": LEAD_SHEET}), lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml.replace(b"L1", b"&c;")
    )
    with pytest.raises(Fault, match=r"leads\.xlsx: cannot be read as an Excel workbook") as told:
        judge("leads.xlsx", book)
    assert len(str(told.value).splitlines()) == 1


def test_a_workbook_that_unpacks_to_more_than_any_holds_is_refused_at_once(judge, monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_BYTES", 100_000)
    book = with_part(workbook({"S": LEAD_SHEET}), lambda xml: xml.replace(b"L1", b"L" * 100_000))
    with pytest.raises(Fault, match=r"leads\.xlsx: unpacks to more than a workbook holds"):
        judge("leads.xlsx", book)


def with_part(book: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """A workbook whose first sheet is changed."""
    made = io.BytesIO()
    with ZipFile(io.BytesIO(book)) as given, ZipFile(made, "w", ZIP_DEFLATED) as written:
        for name in given.namelist():
            content = given.read(name)
            written.writestr(name, change(content) if name.endswith("sheet1.xml") else content)
    return made.getvalue()


@pytest.mark.parametrize(
    "name", ["leads.xls", "leads.xlsm", "leads.ods", "Leads.XLSX", "leads.csv.gz", "leads (1).xlsx"]
)
def test_a_file_that_bears_the_name_of_an_entity_and_is_not_read_is_named(company, name):
    company.write("accounts.csv", "account_id\nA1\n")
    (company.inbox / name).write_bytes(b"x")
    for unrelated in ("~$leads.xlsx", "._leads.xlsx", ".~lock.leads.xlsx#", "desktop.ini", "accounts.old.csv"):
        (company.inbox / unrelated).write_bytes(b"x")
    [notice] = company.load().notices
    assert notice.startswith(str(company.inbox / name))
    assert "is not read; call it leads.csv, .xlsx, .jsonl, .parquet or .sql" in notice
