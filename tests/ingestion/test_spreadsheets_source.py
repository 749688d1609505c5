"""Whatever marketing keeps in Excel either loads as it is meant or is refused in words; nothing is half-loaded."""

# ruff: noqa: E501  a case a line, however long, reads best

import csv
import gzip
import io
import json
import os
import shutil
import tracemalloc
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

import pytest
from conftest import PROJECT_DIR
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from spreadsheet_books import WARSAW, Desk, Marketing, long_workbook, workbook

from ingestion.faults import Fault
from ingestion.sources.spreadsheets.__main__ import FOLDER, make, with_tables
from ingestion.sources.spreadsheets.folder import read_file
from ingestion.sources.spreadsheets.templates import templates
from ingestion.sources.spreadsheets.workbook_maker import offered_columns

SPEND = ["Campaign", "Day", "Cost", "Currency"]
COSTS = ["Month", "Team", "Cost type", "Amount"]
PEOPLE = ["Event", "Date", "Kind", "Status", "E-mail"]
SENT = ["Sequence", "E-mail", "Sent on", "Opened on", "Replied on", "Outcome"]
FAIR = ["Fair", "2026-03-01", 100, "EUR"]


@pytest.fixture
def marketing(tmp_path: Path) -> Marketing:
    return Marketing(tmp_path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def spend(cost: object, currency: str = "EUR") -> list:
    return ["Fair", "2026-03-01", cost, currency]


def costs_of(desk: Desk, *cells: object) -> list[float]:
    """A sheet of spend with these costs, a day each; what they are read as."""
    rows = [SPEND, *(["Fair", date(2026, 3, day), cell, "EUR"] for day, cell in enumerate(cells, start=1))]
    desk.reads("Spend.xlsx", {"S": rows})
    return [cost for _, cost in desk.rows("offline_spend", "first_day, cost")]


def days_of(desk: Desk, *cells: object) -> list[date]:
    rows = [SPEND, *([f"Fair {number}", cell, 1, "EUR"] for number, cell in enumerate(cells))]
    desk.reads("Spend.xlsx", {"S": rows})
    return [day for _, day in desk.rows("offline_spend", "campaign, first_day")]


def as_csv(rows: list[list], delimiter: str = ";") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


# What belongs where


def test_every_kind_of_sheet_fills_its_table_from_one_workbook(marketing):
    result = marketing.loaded(
        "All.xlsx",
        {
            "1": [PEOPLE, ["Intro", "2026-03-01 10:00", "Webinar", "attended", "Anna@Acme.com"]],
            "2": [SENT, ["Outreach", "ben@beta.com", "2026-03-02", None, None, "no reply"]],
            "3": [SPEND, FAIR],
            "4": [COSTS, ["2026-03", "Sales", "salaries", 5]],
            "5": [["Month", "KPI", "Target"], ["2026-03", "mql_count", 7]],
            "6": [["Product", "List price", "Gross margin", "Active"], ["Planner", 10, 0.5, True]],
        },
    )
    assert (result.row_count, result.changed_count, result.quarantined_count, result.notices) == (6, 6, 0, ())
    # 10:00 in Warsaw, where no zone is given.
    assert marketing.rows("attendance", "event, held_at, held_at_precision, kind, status, email, email_domain") == [
        ("Intro", datetime(2026, 3, 1, 9), "second", "webinar", "attended", "anna@acme.com", "acme.com")
    ]
    assert marketing.rows("cold_emails", "sequence, email, sent_at, sent_at_precision, outcome") == [
        ("Outreach", "ben@beta.com", datetime(2026, 3, 2), "day", "no reply")
    ]
    assert marketing.rows("offline_spend", "file, campaign, first_day, last_day, cost, currency") == [
        ("All.xlsx", "Fair", date(2026, 3, 1), date(2026, 3, 1), 100, "EUR")
    ]
    assert marketing.rows("costs", "month, team, cost_type, amount") == [(date(2026, 3, 1), "sales", "salaries", 5)]
    assert marketing.rows("targets", "month, kpi, target") == [(date(2026, 3, 1), "mql_count", 7)]
    assert marketing.rows("products", "product, list_price, gross_margin, is_active") == [("Planner", 10, 0.5, True)]


@pytest.mark.parametrize("language", ["Polish", "German"])
def test_headers_and_words_may_be_polish_or_german(desk, language):
    header, row = {
        "Polish": (
            [
                "Nazwa webinaru",
                "DATA",
                "Rodzaj ",
                "Status udziału",
                "Adres e-mail",
                "Imię i nazwisko",
                "Firma",
                "Stanowisko",
                "Kraj",
                "Kampania",
            ],
            ["Intro", "1 marca 2026", "Webinarium", "Obecna", "a@b.pl", "Anna", "B", "Prezes", "PL", "Wiosna"],
        ),
        "German": (
            [
                "Veranstaltung",
                "Datum",
                "Art",
                "Teilnahme",
                "E-Mail-Adresse",
                "Teilnehmer",
                "Unternehmen",
                "Funktion",
                "Land",
                "Kampagne",
            ],
            ["Intro", "1. März 2026", "Webinar", "Teilgenommen", "a@b.pl", "Anna", "B", "Prezes", "PL", "Wiosna"],
        ),
    }[language]
    desk.reads("T.xlsx", {"Arkusz1": [header, row]})
    columns = "event, held_at, kind, status, email, full_name, company_name, job_title, country, campaign, campaign_key"
    assert desk.rows("attendance", columns) == [
        (
            "Intro",
            datetime(2026, 3, 1),
            "webinar",
            "attended",
            "a@b.pl",
            "Anna",
            "B",
            "Prezes",
            "PL",
            "Wiosna",
            "wiosna",
        )
    ]


def test_no_spelling_means_two_columns_of_a_template_and_no_word_two_choices():
    for template in templates().values():
        spellings = [spelling for column in template.columns.values() for spelling in column.spellings]
        assert len(spellings) == len(set(spellings)), template.name
        for column in template.columns.values():
            for word, also in (column.words or {}).items():
                assert {column.choice(spelling) for spelling in (word, *also)} == {word}


def test_titles_and_empty_lines_above_the_header_are_skipped(desk):
    rows = [["Budget 2026, all campaigns"], [], ["Status: 01.03.2026", None, "Campaign"], [], SPEND, FAIR]
    desk.write("S.xlsx", workbook({"S": rows}, merge={"S": ["A1:D1"]}))
    desk.write("S.csv", "\n\n" + as_csv([["Budget, 2026, all, campaigns"], [], SPEND, ["Print", *FAIR[1:]]]))
    desk.read()
    assert desk.rows("offline_spend", "campaign, cost") == [("Print", 100), ("Fair", 100)]


def test_columns_may_stand_in_any_order_beside_others(desk):
    rows = [
        ["No.", "Cost (PLN)", None, "Campaign", "_mine", "Day"],
        [1, 5, "note", "Fair", "x", "2026-03-01"],
        [2],
        [3, None, "note"],
    ]
    result = desk.reads("S.xlsx", {"S": rows})
    assert desk.rows("offline_spend", "campaign, first_day, cost, currency") == [("Fair", date(2026, 3, 1), 5, "PLN")]
    assert result.row_count == 1
    assert result.notices == [
        'S.xlsx, sheet "S", column "No.": is none of "Offline spend" and is left out.',
        'S.xlsx, sheet "S", column C: has no name; what stands there (row 2) is left out.',
    ]


def test_empty_and_hidden_sheets_are_noticed_and_private_ones_are_not(desk):
    sheets = {"Empty": [], "Lists": [["whatever"]], "_notes": [["mine"]], "S": [SPEND, FAIR]}
    desk.write("S.xlsx", workbook(sheets, hidden=("Lists",)))
    desk.write("_S.xlsx", b"mine")
    desk.write("~$S.xlsx", b"Excel's own")
    desk.write("notes.txt", "no spreadsheet")
    result = desk.read()
    assert result.row_count == 1
    assert result.notices == [
        'S.xlsx, sheet "Empty": is empty.',
        'S.xlsx, sheet "Lists": is hidden and left out.',
    ]


def test_files_may_lie_in_folders(desk):
    desk.reads("2026/Q1/S.xlsx", {"S": [SPEND, FAIR]})
    assert [sheet.place.file for sheet, _ in desk.given] == ["2026/Q1/S.xlsx"]


# What merged cells, formulas and totals come to


def test_a_merged_cell_counts_for_each_of_its_rows_and_columns(desk):
    rows = [
        ["Campaign", None, "Day", "Cost"],
        ["Fair", None, "2026-03-01", 1],
        [None, None, "2026-03-02", 2],
        [None, None, None, None],
        ["Print", None, "2026-03-03", 3],
    ]
    desk.write("S.xlsx", workbook({"S": rows}, merge={"S": ["A1:B1", "A2:B4", "A5:B9"]}))
    result = desk.read()
    assert (result.row_count, result.notices) == (3, [])
    assert desk.rows("offline_spend", "campaign, first_day, cost") == [
        ("Fair", date(2026, 3, 1), 1), ("Fair", date(2026, 3, 2), 2), ("Print", date(2026, 3, 3), 3)
    ]  # fmt: skip


def test_merged_cells_are_found_wherever_the_file_is_cut_into_chunks(desk, monkeypatch):
    rows = [SPEND, *([f"Fair {number}" if number % 2 else None, "2026-03-01", 1, "EUR"] for number in range(1, 41))]
    merge = [f"A{line}:A{line + 1}" for line in range(2, 42, 2)]
    for size in (7, 64, 1000):
        monkeypatch.setattr("ingestion.workbooks.CHUNK_BYTES", size)
        desk.reads("S.xlsx", workbook({"S": rows}, merge={"S": merge}))
        expected = [(f"Fair {number}",) for number in range(1, 41, 2) for _ in range(2)]
        assert desk.rows("offline_spend", "campaign") == expected


def test_a_header_may_have_two_rows(desk):
    rows = [["Campaign", "When", "Cost"], [None, "Day", None], FAIR[:3]]
    desk.write("S.xlsx", workbook({"S": rows}, merge={"S": ["A1:A2", "C1:C2"]}))
    assert desk.read().row_count == 1


@pytest.mark.parametrize("cost", [900, "900,00 €"])
def test_an_amount_merged_over_rows_is_refused(desk, cost):
    rows = [SPEND, ["A", "2026-03-01", cost, "EUR"], ["B", "2026-03-01", None, "EUR"], ["C", "2026-03-01", 1, "EUR"]]
    desk.write("S.xlsx", workbook({"S": rows}, merge={"S": ["C2:C3"]}))
    assert desk.read().quarantined_count == 2
    assert desk.rows("offline_spend", "campaign") == [("C",)]
    assert {reason for _, _, reason in desk.reasons()} == {
        f'column "Cost": "{cost}" is merged over several rows; give each row its own'
    }


def test_a_formula_is_its_last_value(desk):
    rows = [SPEND, spend("=2*50"), spend('=""'), spend("=1/0"), ["=A2", "2026-03-04", 1, "EUR"]]
    computed = {"C2": ("n", "100"), "C3": ("str", ""), "C4": ("e", "#DIV/0!"), "A5": ("str", "Fair")}
    desk.write("S.xlsx", workbook({"S": rows}, computed=computed))
    desk.read()
    assert desk.rows("offline_spend", "campaign, cost") == [("Fair", 100), ("Fair", 1)]
    assert desk.reasons() == [
        (3, "Cost", 'column "Cost": is empty'), (4, "Cost", 'column "Cost": shows the error #DIV/0!')
    ]  # fmt: skip


def test_a_formula_that_was_never_computed_is_refused(desk):
    message = desk.refuses("S.xlsx", {"S": [SPEND, FAIR, ["Fair", "2026-03-02", "=C2*2", "EUR"]]})
    assert (
        message
        == 'S.xlsx, sheet "S", row 3, column "Cost": the formula =C2*2 has no value; open the file in Excel and save it.'
    )


def test_a_formula_beside_the_columns_that_count_may_be_anything(desk):
    desk.reads("S.xlsx", {"S": [[*SPEND, "Mine"], [*FAIR, "=C2*2"]]})
    assert desk.rows("offline_spend", "cost") == [(100,)]


@pytest.mark.parametrize(
    "word",
    [
        "Razem",
        "RAZEM:",
        "Suma",
        "Summe",
        "Gesamt",
        "Gesamtergebnis",
        "Suma końcowa",
        "Total",
        "Grand total",
        "Total 2026",
        "Łącznie",
    ],
)
def test_a_total_is_left_out_with_a_notice(desk, word):
    result = desk.reads("S.xlsx", {"S": [SPEND, FAIR, [], [word, None, 100, None]]})
    assert (result.row_count, result.quarantined_count) == (1, 0)
    assert result.notices == ['S.xlsx, sheet "S": left out what adds up other rows (row 4).']


def test_a_total_whose_word_is_merged_over_columns_is_left_out(desk):
    desk.write("S.xlsx", workbook({"S": [SPEND, FAIR, ["Summe", None, 100]]}, merge={"S": ["A3:B3"]}))
    result = desk.read()
    assert (result.row_count, result.quarantined_count) == (1, 0)


def test_a_total_that_looks_like_any_other_row_is_refused(desk):
    desk.reads("S.xlsx", {"S": [SPEND, ["Total", "2026-03-01", 5, "EUR"], ["Total Energies", "2026-03-01", 6, "EUR"]]})
    assert desk.rows("offline_spend", "campaign, cost") == [("Total Energies", 6)]
    reason = 'column "Campaign": says that the row is a total; if it is none, write more than that word'
    assert desk.reasons() == [(2, "Campaign", reason)]


def test_a_repeated_header_is_left_out_with_a_notice(desk):
    result = desk.reads("S.xlsx", {"S": [SPEND, FAIR, SPEND, ["Fair", "2026-03-02", 7, "EUR"]]})
    assert result.row_count == 2
    assert result.notices == ['S.xlsx, sheet "S": left out the header where it is repeated (row 3).']


# Numbers


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["1.234,56", "1.234"], [1234.56, 1234]),
        (["1,234.56", "1,234"], [1234.56, 1234]),
        (["1 234,56", "1\u00a0234", "1\u202f234,5"], [1234.56, 1234, 1234.5]),
        (["0,5", "1,234", "1234,567"], [0.5, 1.234, 1234.567]),
        (["  12 ", "'13", 14, 15.5, "16.0"], [12, 13, 14, 15.5, 16]),
        (["1.200,-", "€ 5", "EUR 1 200"], [1200, 5, 1200]),
        (["-5", "(6)", "7-"], [-5, -6, -7]),
    ],
)
def test_a_number_is_read_as_its_column_is_written(desk, cells, expected):
    assert costs_of(desk, *cells) == expected


@pytest.mark.parametrize(
    ("cells", "words"),
    [
        (
            ["1,234", 5],
            '"1,234" may be 1234 or 1.234, and no other cell tells which; write its numbers in full, such as 1234.50 or 1234,50.',
        ),
        (
            ["0,5", "0.5", "1.234"],
            '"1.234" may be 1.234 or 1234, and other cells, "0,5" and "0.5", contradict each other; write its numbers in full, such as 1234.50 or 1234,50.',
        ),
        (
            ["1.234", "2.500", "12.5"],
            '"1.234" may be 1.234 or 1234, and "12.5" speaks for thousandths, which no clear amount has; write its numbers in full, such as 1234.50 or 1234,50.',
        ),
    ],
)
def test_a_column_of_numbers_that_may_mean_two_things_is_refused_with_both(desk, cells, words):
    rows = [SPEND, *(["Fair", date(2026, 3, day), cell, "EUR"] for day, cell in enumerate(cells, start=1))]
    assert desk.refuses("Budżet.xlsx", {"Koszty": rows}) == f'Budżet.xlsx, sheet "Koszty", column "Cost": {words}'


def test_a_whole_number_has_no_fraction_and_so_one_reading(desk):
    rows = [
        [*SPEND, "Nakład"],
        [*FAIR, "20.000"],
        ["Fair", "2026-03-02", 1, "EUR", "1,5"],
        ["Fair", "2026-03-03", 1, "EUR", 7.0],
    ]
    desk.reads("S.xlsx", {"S": rows})
    assert desk.rows("offline_spend", "first_day, impressions") == [
        (date(2026, 3, 1), 20000),
        (date(2026, 3, 3), 7),
    ]
    assert desk.reasons() == [(3, "Nakład", 'column "Nakład": "1,5" is no whole number')]


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("about 5", '"about 5" is no number'),
        ("#N/A", "shows the error #N/A"),
        ("#NV", "shows the error #NV"),
        ("########", "shows the error ########"),
        ("5 %", '"5 %" is no number'),
        (True, '"yes" is no number'),
        (1e15, '"1000000000000000" is no number'),
        (datetime(2026, 3, 1), '"2026-03-01" is no number'),
        ("5 zł", "the currencies PLN and EUR contradict each other"),
        (None, "is empty"),
        (" - ", "is empty"),
    ],
)
def test_a_bad_amount_is_refused_alone(desk, cell, reason):
    desk.reads("S.xlsx", {"S": [SPEND, ["Fair", "2026-03-02", cell, "EUR"], FAIR]})
    assert desk.rows("offline_spend", "cost") == [(100,)]
    [(line, _, words)] = desk.reasons()
    assert (line, words.partition(": ")[2]) == (2, reason)


def test_a_currency_may_stand_beside_the_amount_or_in_the_header(desk):
    desk.write("A.xlsx", {"S": [SPEND[:3], ["A", "2026-03-01", "1 200 zł"], ["B", "2026-03-01", 5]]})
    desk.write("B.xlsx", {"S": [["Campaign", "Day", "Koszt w EUR"], ["C", "2026-03-01", 6]]})
    desk.write("C.xlsx", {"S": [["Campaign", "Day", "Kosten [€]", "Währung"], ["D", "2026-03-01", 7, "eur"]]})
    desk.read()
    assert desk.rows("offline_spend", "campaign, cost, currency") == [
        ("A", 1200, "PLN"), ("B", 5, None), ("C", 6, "EUR"), ("D", 7, "EUR")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "currency"),
    [
        ('#,##0.00\\ "zł"', "PLN"),
        ("#,##0.00 [$€-407]", "EUR"),
        ("[$PLN] #,##0", "PLN"),
        ('_-* #,##0.00\\ "€"_-;\\-* #,##0.00\\ "€"_-', "EUR"),
        ('"$"#,##0.00', "USD"),
        ("£#,##0", "GBP"),
        ('0 "pcs"', None),
        ("#,##0.00", None),
        ("[$-409]#,##0", None),
    ],
)
def test_a_currency_may_stand_in_the_format_of_a_number(desk, code, currency):
    content = workbook({"S": [SPEND[:3], FAIR[:3]]}, formats={"C2": code})
    assert desk.reads("S.xlsx", content).rows("offline_spend", "cost, currency") == [(100, currency)]


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ('#,##0.00\\ "zł"', "the currencies PLN and EUR contradict each other"),
        ("#,##0 [$kr-41D]", '"100" is shown in "kr", which may be several currencies'),
    ],
)
def test_a_currency_that_is_shown_is_not_overruled(desk, code, reason):
    desk.reads("S.xlsx", workbook({"S": [SPEND, FAIR]}, formats={"C2": code}))
    assert [words.partition(": ")[2] for _, _, words in desk.reasons()] == [reason]


@pytest.mark.parametrize(
    ("cell", "rate"), [("62 %", 0.62), ("62,5%", 0.625), (0.62, 0.62), ("0,62", 0.62), (62, None), ("62", None)]
)
def test_a_share_is_a_percentage_or_a_fraction(desk, cell, rate):
    desk.reads("P.xlsx", {"P": [["Produkt", "Preis", "Marge"], ["Planner", None, cell]]})
    assert desk.rows("products", "gross_margin") == ([(rate,)] if rate else [])
    assert bool(desk.reasons()) == (rate is None)


# Dates


@pytest.mark.parametrize(
    "cell",
    [
        date(2026, 1, 31),
        datetime(2026, 1, 31, 15),
        "31.01.2026",
        "31/01/2026",
        "31-1-2026",
        "2026-01-31",
        "2026/01/31",
        "01/31/2026",
        "31 stycznia 2026",
        "31. Januar 2026",
        "31 Jan 2026",
        "January 31, 2026",
        "31.01.26",
        " 31.01.2026 r. ",
        "'31.01.2026",
        "31.01.2026 15:00",
        "Samstag, 31. Januar 2026",
        "sobota, 31 stycznia 2026",
        "Sat, Jan 31, 2026",
    ],
)
def test_a_day_may_be_written_in_many_ways(desk, cell):
    assert days_of(desk, cell) == [date(2026, 1, 31)]


@pytest.mark.parametrize(
    "cell",
    [
        date(2026, 1, 1),
        datetime(2026, 1, 31),
        "styczeń 2026",
        "stycznia 2026",
        "Januar 2026",
        "Jan 26",
        "01/2026",
        "1.2026",
        "2026-01",
        "2026-01-15",
        "STYCZEŃ 2026",
        "sty-26",
    ],
)
def test_a_month_may_be_written_in_many_ways(desk, cell):
    desk.reads("C.xlsx", {"C": [COSTS, [cell, "Marketing", "tools", 5]]})
    assert desk.rows("costs", "month") == [(date(2026, 1, 1),)]


def test_the_other_dates_of_a_column_tell_day_from_month(desk):
    assert days_of(desk, "05/06/2026", "31/01/2026") == [date(2026, 6, 5), date(2026, 1, 31)]
    assert days_of(desk, "05/06/2026", "01/31/2026") == [date(2026, 5, 6), date(2026, 1, 31)]
    assert days_of(desk, "05/05/2026", "05.06.2026") == [date(2026, 5, 5), date(2026, 6, 5)]


def test_a_column_of_dates_that_may_mean_two_things_is_refused_with_both(desk):
    message = desk.refuses("S.xlsx", {"Wydatki": [SPEND, ["Fair", "05/06/2026", 1, "EUR"], FAIR]})
    assert message == (
        'S.xlsx, sheet "Wydatki", column "Day": "05/06/2026" may be 5 June 2026 or 6 May 2026, and no other cell tells '
        "which; write its dates as 2026-01-31."
    )


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("31.02.2026", '"31.02.2026" is no date'),
        ("soon", '"soon" is no date'),
        (46053, '"46053" is no date; give the cell the format of a date'),
        (datetime(1926, 1, 31), '"1926-01-31" is no date'),
        ("05/06/26", '"05/06/26" is no date'),
    ],
)
def test_a_bad_date_is_refused_in_words(desk, cell, reason):
    desk.reads("Messe 2026.xlsx", {"Kosten": [["Kampagne", "Datum", "Kosten"], FAIR[:3], ["Fair", cell, 1]]})
    [(sheet, row)] = [(sheet, row) for sheet, row in desk.given if row.fault]
    assert (sheet.template.name, sheet.place.label, row.line) == ("offline_spend", "Messe 2026.xlsx / Kosten", 3)
    assert (row.fault_column, row.fault) == ("Datum", f'column "Datum": {reason}')
    assert json.loads(row.given) == {"Kampagne": "Fair", "Datum": str(cell), "Kosten": "1"}


def test_dates_of_the_1904_calendar_are_the_days_that_excel_shows(desk):
    desk.write("S.xlsx", workbook({"S": [SPEND, ["Fair", date(2026, 3, 1), 1, "EUR"]]}, is_1904=True))
    desk.read()
    assert desk.rows("offline_spend", "first_day") == [(date(2026, 3, 1),)]


@pytest.mark.parametrize(
    ("cell", "moment", "precision"),
    [
        ("2026-07-01 10:00", datetime(2026, 7, 1, 8), "second"),
        (datetime(2026, 1, 31, 10, 30), datetime(2026, 1, 31, 9, 30), "second"),
        ("31.01.2026, 10:30 Uhr", datetime(2026, 1, 31, 9, 30), "second"),
        ("2026-01-31T10:30:00Z", datetime(2026, 1, 31, 10, 30), "second"),
        ("01/31/2026 2:30 PM", datetime(2026, 1, 31, 13, 30), "second"),
        (date(2026, 1, 31), datetime(2026, 1, 31), "day"),
    ],
)
def test_a_time_is_local_and_a_day_stays_that_day(desk, cell, moment, precision):
    desk.reads("P.xlsx", {"P": [PEOPLE, ["Intro", cell, "webinar", "attended", "a@b.com"]]})
    assert desk.rows("attendance", "held_at, held_at_precision") == [(moment, precision)]


@pytest.mark.parametrize(
    ("header", "cells", "span"),
    [
        (["From", "To"], ["2026-03-09", "2026-03-13"], ("2026-03-09", "2026-03-13")),
        (["Month"], ["Feb 2028"], ("2028-02-01", "2028-02-29")),
        (["Day"], ["2026-03-09"], ("2026-03-09", "2026-03-09")),
        (["Von", "Bis", "Monat"], [None, None, "März 2026"], ("2026-03-01", "2026-03-31")),
        (["Tag", "Monat"], ["2026-03-09", "März 2026"], ("2026-03-09", "2026-03-09")),
    ],
)
def test_spend_has_a_first_and_a_last_day_however_its_time_is_given(desk, header, cells, span):
    desk.reads("S.xlsx", {"S": [["Campaign", "Cost", *header], ["Fair", 5, *cells]]})
    assert desk.rows("offline_spend", "first_day, last_day") == [tuple(map(date.fromisoformat, span))]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["2026-03-13", "2026-03-09"], 'column "To": "2026-03-09" lies before "2026-03-13"'),
        (["2026-03-13", "2036-03-13"], 'column "To": "2036-03-13" lies more than three years after "2026-03-13"'),
        (["2026-03-13", None], 'column "To": is empty'),
        ([None, None], 'column "From": is empty'),
    ],
)
def test_a_span_that_cannot_be_is_refused(desk, cells, reason):
    desk.reads("S.xlsx", {"S": [["Campaign", "Cost", "From", "To"], ["Fair", 5, *cells]]})
    assert [words for _, _, words in desk.reasons()] == [reason]


def test_nobody_opens_a_mail_before_it_was_sent(desk):
    rows = [
        SENT,
        ["S", "a@b.com", "2026-03-02 10:00", "2026-03-02", "2026-03-03", None],
        ["S", "b@b.com", "2026-03-02 10:00", "2026-03-02 09:59", None, None],
        ["S", "c@b.com", "2026-03-02", "2026-03-02 00:10", "2026-03-01", None],
    ]
    desk.reads("M.xlsx", {"M": rows})
    assert desk.rows("cold_emails", "email") == [("a@b.com",)]
    assert [(line, column) for line, column, _ in desk.reasons()] == [(3, "Opened on"), (4, "Replied on")]


# People


@pytest.mark.parametrize(
    "cell",
    [
        "Anna@Acme.com",
        " anna@acme.com ",
        "mailto:anna@acme.com",
        "Anna Nowak <anna@acme.com>",
        '"Nowak, Anna" <ANNA@acme.com>',
        "anna@acme.com;",
        "\u200banna@acme.com\u00a0",
    ],
)
def test_an_email_is_found_in_what_surrounds_it(desk, cell):
    desk.reads("P.xlsx", {"P": [PEOPLE, ["Intro", "2026-03-01", "webinar", "attended", cell]]})
    assert desk.rows("attendance", "email") == [("anna@acme.com",)]


@pytest.mark.parametrize("cell", ["Anna Nowak", "a@b", "a@b.com, c@d.com", "a b@c.com", "@acme.com"])
def test_what_is_no_email_is_refused_without_being_repeated(desk, cell):
    desk.reads("P.xlsx", {"P": [PEOPLE, ["Intro", "2026-03-01", "webinar", "attended", cell]]})
    assert desk.reasons() == [(2, "E-mail", 'column "E-mail": is no e-mail address')]


def test_a_name_with_an_email_in_it_becomes_an_id_without_it(marketing):
    marketing.loaded(
        "All.xlsx",
        {
            "1": [PEOPLE, ["Lunch with anna@acme.com", "2026-03-01", "Event", "attended", "Anna@Acme.com"]],
            "2": [SENT, ["Outreach by rep@us.example", "ben@beta.com", "2026-03-02", None, None, "no reply"]],
            "3": [SPEND, ["LUNCH WITH Anna@acme.com", "2026-03-01", 100, "EUR"]],
        },
    )
    [(event,)] = marketing.query("select event_key from raw_spreadsheets.attendance")
    [(campaign,)] = marketing.query("select campaign_key from raw_spreadsheets.offline_spend")
    [(sequence,)] = marketing.query("select sequence_key from raw_spreadsheets.cold_emails")
    assert event == campaign != sequence
    assert all(len(key) == 64 for key in (event, sequence))


def test_an_unknown_word_is_refused_with_the_known_ones(desk):
    desk.reads("P.xlsx", {"P": [PEOPLE, ["Intro", "2026-03-01", "podcast", "attended", "a@b.com"]]})
    assert desk.reasons() == [(2, "Kind", 'column "Kind": "podcast" is unknown; known are webinar, event')]


# CSV as Excel writes it


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1250"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_polish_csv_is_read_whatever_its_encoding_and_line_ends(desk, encoding, line_end):
    text = "Kampania;Dzień;Koszt\nTargi Łódź;2026-03-01;1 234,56 zł\nŻółta prasa;2026-03-02;5\n".replace("\n", line_end)
    desk.reads("Wydatki.csv", text.encode(encoding))
    assert desk.rows("offline_spend", "campaign, cost, currency") == [
        ("Targi Łódź", 1234.56, "PLN"), ("Żółta prasa", 5, None)
    ]  # fmt: skip


def test_a_german_csv_in_excels_own_encoding_is_read(desk):
    desk.reads("Ausgaben.csv", "Kampagne;Tag;Kosten (€)\nMesse Köln „Süß“;01.03.2026;1.234,56 €\n".encode("cp1252"))
    assert desk.rows("offline_spend", "campaign, cost, currency") == [("Messe Köln „Süß“", 1234.56, "EUR")]


@pytest.mark.parametrize("text", ["España", "Fenêtre", "Frøya", "Kraków, ul. Sień 5", "Beroun, Řeznická"])
def test_a_csv_whose_letters_may_be_others_is_refused(desk, text):
    content = f"Campaign;Day;Cost\nFair;2026-03-01;1\n{text};2026-03-01;1\n"
    for encoding in ("cp1250", "cp1252"):
        try:
            encoded = content.encode(encoding)
        except UnicodeEncodeError:
            continue
        message = desk.refuses("S.csv", encoded)
        assert message.startswith("S.csv, line 3: is not UTF-8 text") and message.endswith(
            "save the file as 'CSV UTF-8'."
        )


def test_a_line_may_name_the_delimiter(desk):
    desk.reads("S.csv", "sep=;\r\nCampaign;Day;Cost\r\nFair;2026-03-01;oops\r\n\r\nFair;2026-03-02;1,5\r\n")
    assert desk.rows("offline_spend", "cost") == [(1.5,)]
    assert [line for line, _, _ in desk.reasons()] == [2]


def test_a_csv_row_with_more_cells_than_the_header_is_refused(desk):
    desk.reads(
        "S.csv",
        "Campaign,Day,Cost,Item,\nFair,2026-03-01,1,Stand, big\nFair,2026-03-02,1,Stand,,,\nFair,2026-03-03,1,Stand,big,blue\n",
    )
    assert desk.rows("offline_spend", "first_day") == [(date(2026, 3, 1),), (date(2026, 3, 2),)]
    [(line, column, reason)] = desk.reasons()
    assert (line, column, reason) == (4, None, "has 6 cells, the header has 5; does one of them hold the delimiter?")


# What makes a whole file unusable


@pytest.mark.parametrize(
    ("sheet", "words"),
    [
        (
            [["Campaign", "Day", "Budget owner"], ["Fair", "2026-03-01", "Ben"]],
            'the header (row 1) fits no template; the nearest is "Offline spend", which also needs "Cost". Add that, or let the sheet\'s name begin with _ to leave it out.',
        ),
        (
            [["Title"], ["Kampagne", "Kosten"], ["Fair", 5]],
            'the header (row 2) fits no template; the nearest is "Offline spend", which also needs "From and To or Month or Day". Add that, or let the sheet\'s name begin with _ to leave it out.',
        ),
        (
            [["a", "b"], [1, 2]],
            'no row looks like a header of "Webinars and events", "Cold e-mails", "Offline spend", "Team costs", "Targets", "Products"; examples/templates has the columns of each. To leave the sheet out, let its name begin with _.',
        ),
    ],
)
def test_a_sheet_of_no_known_kind_is_refused_with_the_nearest(desk, sheet, words):
    assert desk.refuses("Q1.xlsx", {"Good": [SPEND, FAIR], "Ours": sheet}) == f'Q1.xlsx, sheet "Ours": {words}'


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (
            [*SPEND, "Kampania"],
            'row 1: the columns "Campaign" and "Kampania" both are "Campaign"; rename or remove one.',
        ),
        (
            [*SPEND, "Impresions"],
            'row 1, column "Impresions": unknown; is it "Impressions"? Rename it, or let its name begin with _ to leave it out.',
        ),
        (
            ["Campaign", "Month", "Cost", "Impressions", "Team", "Cost type"],
            'row 1: the header fits "Offline spend" and "Team costs"; take out the columns of one of them.',
        ),
    ],
)
def test_a_header_that_nobody_should_guess_at_is_refused(desk, header, words):
    message = desk.refuses("S.xlsx", {"S": [header, ["Fair", "2026-03", 1, "desk", "x"]]})
    assert message == f'S.xlsx, sheet "S", {words}' or message == f'S.xlsx, sheet "S", {words}'.replace(
        ", row", ", row"
    )


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("S.xlsx", b"PK not a workbook", "S.xlsx: cannot be read as an Excel workbook"),
        (
            "S.xlsx",
            bytes.fromhex("d0cf11e0a1b11ae1") + bytes(100),
            "S.xlsx: has a password or is of an older Excel; save it as 'Excel Workbook (.xlsx)' without one.",
        ),
        ("S.xls", b"anything", "S.xls: save it as 'Excel Workbook (.xlsx)' or as CSV."),
        ("S.ods", b"anything", "S.ods: save it as 'Excel Workbook (.xlsx)' or as CSV."),
        (
            "S.csv",
            gzip.compress(b"Campaign;Day;Cost\nFair;2026-03-01;1\n"),
            "S.csv, line 1: is no text that can be read",
        ),
        ("S.csv", workbook({"S": [SPEND, FAIR]}), "S.csv, line 1: is no text that can be read"),
        (
            "S.csv",
            "Campaign;Day;Cost\nFair;2026-03-01;1\n".encode("utf-16-be"),
            "S.csv, line 1: is no text that can be read",
        ),
        ("S.csv", b"Campaign;Day;Cost\nFair\0;2026-03-01;1\n", "S.csv, line 2: is no text that can be read"),
        ("S.csv", 'Campaign;Day;Cost\nFair;"2026"-03-01;1\n', "S.csv, line 2: cannot be read as CSV"),
    ],
)
def test_an_unreadable_file_is_refused_in_words(desk, name, content, words):
    desk.write("A.xlsx", {"S": [SPEND, FAIR]})
    assert desk.refuses(name, content).startswith(words)


def test_a_file_whose_name_is_no_text_is_refused_with_what_of_it_can_be_shown(desk):
    content = as_csv([SPEND, FAIR])
    assert desk.refuses(os.fsdecode(b"\xb3.csv"), content) == "�.csv: its name is not in UTF-8; rename it."


def test_a_workbook_in_the_strict_format_is_refused_not_taken_for_empty(desk):
    strict = {
        "http://schemas.openxmlformats.org/spreadsheetml/2006/main": "http://purl.oclc.org/ooxml/spreadsheetml/main",
        "http://schemas.openxmlformats.org/officeDocument/2006/relationships": "http://purl.oclc.org/ooxml/officeDocument/relationships",
    }
    packed = io.BytesIO()
    with ZipFile(io.BytesIO(workbook({"S": [SPEND, FAIR]}))) as source, ZipFile(packed, "w") as target:
        for name in source.namelist():
            content = source.read(name).decode()
            for usual, other in strict.items():
                content = content.replace(usual, other)
            target.writestr(name, content)
    words = "S.xlsx: has a sheet that cannot be read; save it as 'Excel Workbook (.xlsx)'."
    assert desk.refuses("S.xlsx", packed.getvalue()) == words


def test_an_empty_csv_is_noticed(desk):
    result = desk.reads("S.csv", "")
    assert (result.row_count, result.notices) == (0, ["S.csv: is empty."])


def test_a_folder_without_spreadsheets_is_a_fault_in_words(marketing):
    (marketing.folder / "sheets").mkdir()
    assert "There is no spreadsheet to load in" in marketing.load().message
    shutil.rmtree(marketing.folder / "sheets")
    assert "FUNNELHOUSE_SPREADSHEETS_DIR:" in marketing.load().message


# What is kept


def test_the_same_files_again_add_nothing(marketing):
    marketing.write("S.xlsx", {"S": [SPEND, FAIR, spend("bad")]})
    first = marketing.load()
    again = marketing.load()
    assert (first.changed_count, again.changed_count, again.row_count) == (1, 0, 2)
    marketing.write("S.xlsx", {"Renamed": [["What"], [], ["Cost", *SPEND[:2], "Currency"], [100, *FAIR[:2], "EUR"]]})
    assert marketing.load().changed_count == 0


def test_a_row_lives_through_change_removal_and_return(marketing):
    def standing() -> list[tuple]:
        return marketing.rows("offline_spend", "campaign, cost")

    marketing.loaded("S.xlsx", {"S": [SPEND, FAIR, ["Print", *FAIR[1:]]]})
    marketing.loaded("S.xlsx", {"S": [SPEND, spend(200)]})
    assert standing() == [("Fair", 200)]
    marketing.loaded("S.xlsx", {"S": [SPEND, ["Print", *FAIR[1:]]]})
    assert standing() == [("Print", 100)]
    marketing.loaded("S.xlsx", {"S": [SPEND]})
    assert standing() == []
    assert marketing.query("select count(*) from raw_spreadsheets.offline_spend") == [(7,)]


def test_a_sheet_that_is_gone_takes_its_rows_and_a_file_that_is_gone_leaves_them(marketing):
    marketing.write("A.xlsx", {"S": [SPEND, FAIR], "T": [["Month", "KPI", "Target"], ["2026-03", "mql_count", 7]]})
    marketing.loaded("B.xlsx", {"S": [SPEND, ["Print", *FAIR[1:]]]})
    marketing.loaded("A.xlsx", {"S": [SPEND, FAIR]})
    assert marketing.rows("targets", "kpi") == []
    (marketing.folder / "sheets" / "A.xlsx").unlink()
    assert marketing.load().changed_count == 0
    assert marketing.rows("offline_spend", "campaign") == [("Fair",), ("Print",)]


def test_a_refused_row_keeps_its_last_good_version_and_leaves_quarantine_when_mended(marketing):
    marketing.loaded("S.xlsx", {"S": [SPEND, FAIR]})
    marketing.loaded("S.xlsx", {"S": [SPEND, spend("much")]})
    assert marketing.rows("offline_spend", "cost") == [(100,)]
    assert [line for line, _, _ in marketing.reasons()] == [2]
    marketing.loaded("S.xlsx", {"S": [SPEND, spend(300)]})
    assert marketing.rows("offline_spend", "cost") == [(300,)]
    assert marketing.reasons() == []


def test_while_a_row_cannot_be_told_no_row_of_its_file_counts_as_gone(marketing):
    marketing.write("B.xlsx", {"S": [SPEND, ["Radio", *FAIR[1:]], ["Poster", *FAIR[1:]]]})
    marketing.loaded("A.xlsx", {"S": [SPEND, FAIR, ["Print", *FAIR[1:]]]})
    marketing.write("B.xlsx", {"S": [SPEND, ["Radio", *FAIR[1:]]]})
    result = marketing.loaded("A.xlsx", {"S": [SPEND, ["Fair", "31.02.2026", 1, "EUR"]]})
    assert marketing.rows("offline_spend", "campaign") == [("Fair",), ("Print",), ("Radio",)]
    assert "A.xlsx: has refused rows of which nobody can tell which they are." in result.notices[0]


def test_a_row_that_stands_twice_counts_once(marketing):
    marketing.write("A.xlsx", {"S": [SPEND, FAIR, FAIR], "T": [SPEND, ["fair", *FAIR[1:]]]})
    marketing.loaded("B.csv", as_csv([SPEND, FAIR, ["Print", *FAIR[1:]]]))
    assert marketing.rows("offline_spend", "file, campaign") == [("A.xlsx", "Fair"), ("B.csv", "Print")]
    assert marketing.rows("quarantine", "file, line, reason") == [
        ("A.xlsx / S", 3, "the same row stands in A.xlsx / S, row 2 already"),
        ("A.xlsx / T", 2, "the same row stands in A.xlsx / S, row 2 already"),
        ("B.csv", 2, "the same row stands in A.xlsx / S, row 2 already"),
    ]


def test_a_fault_in_one_sheet_loads_nothing_of_any_file(marketing):
    marketing.loaded("A.xlsx", {"S": [SPEND, FAIR]})
    marketing.write("A.xlsx", {"S": [SPEND, spend(999)]})
    marketing.write("Z.xlsx", {"S": [["nothing", "known"]]})
    assert marketing.load().status == "failed"
    assert marketing.rows("offline_spend", "cost") == [(100,)]
    assert not list((marketing.folder / "data" / "raw" / "spreadsheets").glob("work/*"))


def test_a_long_sheet_loads_whole(marketing):
    content = long_workbook(SPEND, ["Fair {n}", "31.01.2026", "1.234,56", "EUR"], 60_000)
    result = marketing.loaded("Long.xlsx", content)
    assert (result.row_count, result.changed_count, result.quarantined_count) == (60_000, 60_000, 0)
    total = marketing.query("select sum(cast(cost as decimal(18, 2))) from raw_spreadsheets.offline_spend")
    assert total == [(Decimal("74073600.00"),)]


def test_the_length_of_a_sheet_costs_no_memory(desk):
    def peak(count: int) -> int:
        rows = [["Fair", f"2026-03-{n % 28 + 1:02}", n % 50, "EUR"] for n in range(count)]
        path = desk.write("Long.csv", as_csv([SPEND, *rows]))
        tracemalloc.start()
        for sheet in read_file(path, path.name, WARSAW, desk.folder, []):
            assert sum(1 for _ in sheet.rows) == count
        used = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return used

    peak(100)  # what is remembered anyway
    assert peak(5_000) < peak(1_000) + 500_000


# The templates that marketers get


def test_the_committed_templates_are_what_the_command_makes(tmp_path):
    make(tmp_path)
    for name in ("empty.xlsx", "filled.xlsx"):
        with ZipFile(FOLDER / name) as committed, ZipFile(tmp_path / name) as made:
            assert committed.namelist() == made.namelist()
            for part in made.namelist():
                assert committed.read(part) == made.read(part), (
                    f"{name}: {part}; run python -m ingestion.sources.spreadsheets"
                )
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert with_tables(readme) == readme


def test_the_templates_load_whole(marketing):
    for name in ("empty.xlsx", "filled.xlsx"):
        marketing.write(name, (FOLDER / name).read_bytes())
    result = marketing.load()
    assert (result.status, result.row_count, result.changed_count, result.quarantined_count) == ("loaded", 20, 20, 0)
    for template in templates().values():
        assert marketing.rows(template.name, "file"), template.name


def test_the_examples_of_the_tables_are_rows_that_load(desk):
    sheets = {}
    for template in templates().values():
        columns = offered_columns(template)
        sheets[template.sheet] = [[column.header for column in columns], [column.example or None for column in columns]]
    result = desk.reads("Examples.xlsx", sheets)
    assert (result.row_count, result.quarantined_count, result.notices) == (len(templates()), 0, [])


def test_every_setting_is_documented():
    readme = (PROJECT_DIR / "ingestion" / "sources" / "spreadsheets" / "README.md").read_text(encoding="utf-8")
    example = (PROJECT_DIR / ".env.example").read_text(encoding="utf-8")
    for name in ("DIR", "TIMEZONE"):
        assert f"FUNNELHOUSE_SPREADSHEETS_{name}" in readme and f"FUNNELHOUSE_SPREADSHEETS_{name}" in example


# Whatever a sheet holds

CELLS = st.one_of(
    st.none(),
    st.sampled_from(["", " ", "-", "Fair", "Total", "Campaign", "2026-03-01", "31.02.2026", "05/06/2026", "1,234", "1.234,56", "5 %", "#N/A", "€", "zł 5", "=A1"]),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.dates(date(1900, 3, 1), date(2200, 1, 1)),
    st.datetimes(datetime(1900, 3, 1), datetime(2200, 1, 1)),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8),
)  # fmt: skip


@given(
    rows=st.lists(st.lists(CELLS, max_size=6), max_size=6),
    header=st.permutations([*SPEND, "Impressions"]),
    suffix=st.sampled_from(["xlsx", "csv"]),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_row_below_a_header_is_read_refused_or_left_out_with_a_notice(tmp_path_factory, rows, header, suffix):
    desk = Desk(tmp_path_factory.mktemp("desk"))
    content = as_csv([header, *rows]) if suffix == "csv" else {"S": [header, *rows]}
    try:
        desk.reads(f"S.{suffix}", content)
    except Fault as fault:
        assert str(fault).startswith(f"S.{suffix}")
        return
    assert desk.row_count <= len(rows)
    assert all(row.fault and row.given for _, row in desk.given if row.fault is not None)
    for campaign, first, last, cost in desk.rows("offline_spend", "campaign, first_day, last_day, cost"):
        assert campaign and first <= last and isinstance(cost, float)


@given(content=st.one_of(st.text(max_size=80), st.binary(max_size=80)))
@settings(max_examples=100, deadline=None)
def test_any_file_is_read_or_refused_in_one_sentence(tmp_path_factory, content):
    encoded = content if isinstance(content, bytes) else content.encode("utf-8", "replace")
    for name, given_bytes in (("S.csv", encoded), ("T.csv", b"Campaign;Day;Cost\n" + encoded), ("S.xlsx", encoded)):
        try:
            Desk(tmp_path_factory.mktemp("desk")).reads(name, given_bytes)
        except Fault as fault:
            assert str(fault).startswith(name)
