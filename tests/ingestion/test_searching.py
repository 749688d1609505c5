"""A person is found however somebody wrote them down, and nobody else is."""

import unicodedata

import duckdb
import pytest

from ingestion.searching import Words, holds
from ingestion.sql import literal

WORDS = Words(["zoe.nord+fair@cage.example", "Zoë O'Nord"], phones=["+48 601-702-803", "030 1234567"])
FOUND = [
    "zoe.nord+fair@cage.example",
    "to=ZOE.NORD%2Bfair%40cage.example&x",
    "email%3Dzoe.nord+fair%40cage.example",
    "next=%2Fp%3Fe%253Dzoe.nord%252Bfair%2540cage.example",
    "zoe.nord+fair@cage.example.xlsx",
    "Zoë O'Nord",
    "Zoë  O'Nord",
    unicodedata.normalize("NFD", "Zoë O'Nord"),
    r"Zo\u00eb O'Nord",
    "<td>Zoë O&#x27;Nord</td>",
    "q=Zo%C3%AB+O%27Nord",
    "q=Zo%C3%AB%20O%27Nord",
    "601702803",
    "+48601702803",
    "0048 601 702 803",
    "(+48) 601.702.803",
    "+49 30 1234567",
    "030/12 345 67",
]
NOT_FOUND = [
    "joezoe.nord+fair@cage.example",
    "zoe.nord+fair@cage.example.com",
    "Zoë O'Nordström",
    "5601702803",
    "6017028039",
    "order 601 702 804",
]


@pytest.mark.parametrize("text", [*FOUND, *NOT_FOUND])
def test_texts_lose_a_person_in_any_spelling_and_nobody_else(text):
    assert WORDS.are_in_text(text) is (text in FOUND)
    [(in_sql,)] = duckdb.execute(f"select {WORDS.replaced(literal(text), 'gone')}").fetchall()
    assert in_sql == WORDS.text.sub("gone", text)


@pytest.mark.parametrize("text", FOUND)
def test_bytes_hold_a_person_in_any_spelling(text):
    assert WORDS.are_in(f"\0{text}\0".encode()) is (text != "Zoë  O'Nord")


def test_without_words_nothing_is_found():
    assert not Words([]).are_in(b"anything") and not Words([]).text.search("anything")
    assert duckdb.execute(f"select {Words([]).replaced(literal('any thing'), 'gone')}").fetchall() == [("any thing",)]


def test_what_is_part_of_another_address_in_a_table_is_no_trace(tmp_path):
    words = Words(["anna@cage.example"])
    for address, is_hers in (("joe-anna@cage.example", False), ("anna@cage.example", True)):
        path = tmp_path / f"{is_hers}.parquet"
        duckdb.execute(f"copy (select {literal(address)} as file) to {literal(path)}")
        assert holds(path, words) is is_hers
