"""The dashboard speaks its reader's language: every text, number and date, and whichever language is asked for."""

import json
import re
import string
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from pathlib import Path

import duckdb
import pytest
from dashboard_helpers import FUNNEL, ask, metrics
from google.protobuf.message import Message
from replay_helpers import replayed
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Block

from app import formatting, languages, pages
from app.languages import _, n_

TRANSLATED = [code for code in languages.LANGUAGES if code != languages.DEFAULT]
# What has one name in every language.
NAMES = ("Great Expectations", "Language · Język · Sprache", *languages.LANGUAGES.values())
# Where Streamlit's messages carry what a reader gets to see or to hear.
SHOWN = {"label", "body", "help", "content", "placeholder", "options", "delta", "delta_description", "alt"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test begins in English and leaves it so."""
    languages.use(languages.DEFAULT)
    yield
    languages.use(languages.DEFAULT)


def forms(string_: str | tuple[str, ...]) -> tuple[str, ...]:
    return string_ if isinstance(string_, tuple) else (string_,)


def placeholders(text: str) -> set[str]:
    return {name for _text, name, _spec, _conversion in string.Formatter().parse(text) if name is not None}


# Catalogs


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalog_holds_the_texts_of_the_code_and_no_other(language: str):
    held = {message.id for message in languages.read_catalog(language) if message.id}
    asked = {text if isinstance(text, str) else tuple(text) for text in languages.texts_of_code()}
    assert held == asked, "make words brings them in line"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_text_is_translated_in_every_form_that_the_language_has(language: str):
    catalog = languages.read_catalog(language)
    for message in catalog:
        if message.id:
            translated = forms(message.string)
            assert len(translated) == (catalog.num_plurals if message.pluralizable else 1), message.id
            assert all(text.strip() for text in translated), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_says_no_more_and_no_less_than_the_text(language: str):
    """The same placeholders, commands and icons. The singular may leave out its number: 'the only check'."""
    for message in languages.read_catalog(language):
        if not message.id:
            continue
        asked = set().union(*(placeholders(text) for text in forms(message.id)))
        for text in forms(message.string):
            missing = asked - placeholders(text)
            assert placeholders(text) <= asked, f"{message.id}: {text}"
            assert not missing or (message.pluralizable and missing == {"count"}), f"{message.id}: {text}"
            original = forms(message.id)[-1]
            for markup in (r"`[^`]*`", r":material/\w+:", r"\*\*"):
                assert sorted(re.findall(markup, text)) == sorted(re.findall(markup, original)), message.id


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_number_of_things_is_never_left_out_where_there_are_several(language: str):
    catalog = languages.read_catalog(language)
    languages.use(language)
    for message in catalog:
        if message.pluralizable and all("{count}" in text for text in message.id):
            values = dict.fromkeys(placeholders(message.id[1]) - {"count"}, "x")
            for number in (2, 5, 22, 1234):
                assert formatting.count(number) in n_(*message.id, number, **values), message.id


def test_a_text_inside_an_f_string_is_found_as_well():
    assert "dashed: all together, {rate}" in languages.texts_of_code()


def test_polish_has_the_form_that_the_number_asks_for():
    languages.use("pl")
    leads = [n_("{count} lead", "{count} leads", number) for number in (0, 1, 2, 5, 12, 22)]
    assert leads == ["0 leadów", "1 lead", "2 leady", "5 leadów", "12 leadów", "22 leady"]


# No text is left untranslated


class Bracketed:
    """A language whose every text stands in brackets, which notes what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str | tuple[str, str]] = set()

    def gettext(self, message: str) -> str:
        self.asked.add(message)
        return f"⟦{message}⟧"

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        self.asked.add((singular, plural))
        return f"⟦{singular if number == 1 else plural}⟧"


@pytest.fixture
def bracketed(monkeypatch: pytest.MonkeyPatch) -> Bracketed:
    language = Bracketed()
    monkeypatch.setattr(languages, "_translations", lambda _language: language)
    return language


def shown(message: Message) -> Iterator[str]:
    """The texts of a message to the browser that a reader meets."""
    for field, value in message.ListFields():
        for part in value if field.is_repeated else [value]:
            if field.type == field.TYPE_STRING and field.name in SHOWN:
                yield part
            elif isinstance(part, Message):
                yield from shown(part)


def drawn(spec: object) -> Iterator[str]:
    """The texts of a chart: its data, and the titles of axes and legends."""
    if isinstance(spec, Mapping):
        for key, value in spec.items():
            if key in ("values", "datasets"):
                yield from (text for text in leaves(value) if isinstance(text, str))
            elif key == "title" and isinstance(value, str):
                yield value
            else:
                yield from drawn(value)
    elif isinstance(spec, list):
        for part in spec:
            yield from drawn(part)


def leaves(value: object) -> Iterator[object]:
    # What is of some `kind` has a colour or a shape for it, and no word; a `code` names what a mark opens.
    parts = value if isinstance(value, list) else None
    if isinstance(value, Mapping):
        parts = [part for key, part in value.items() if key not in ("kind", "code")]
    if parts is None:
        yield value
    else:
        for part in parts:
            yield from leaves(part)


def elements(block: Block) -> Iterator[object]:
    """Everything on a page but what carries codes for the URL, which is drawn and never seen."""
    for child in block.children.values():
        if isinstance(child, Block):
            if child.key not in ("url_filters", "url_choices"):
                yield child
                yield from elements(child)
        else:
            yield child


def words_shown(page: AppTest) -> set[str]:
    """Every text on a page: in headings and buttons, tables and charts, tips, and what is read aloud."""
    found: set[str] = set()
    for element in elements(page._tree):
        if element.type == "html" or not isinstance(element.proto, Message):
            continue
        found.update(shown(element.proto))
        if element.type == "table":
            frame = element.value
            found.update(str(column) for column in frame.columns)
            found.update(cell for cell in frame.to_numpy().ravel() if isinstance(cell, str))
        elif element.type == "vega_lite_chart":
            found.update(drawn(json.loads(element.proto.spec)))
            bytes_ = [element.proto.data.data, *(named.data.data for named in element.proto.datasets)]
            for frame in (convert_arrow_bytes_to_pandas_df(arrow) for arrow in bytes_ if arrow):
                words = frame.drop(columns=["kind", "code"], errors="ignore")
                found.update(cell for cell in words.to_numpy().ravel() if isinstance(cell, str))
    return found


def unbracketed(text: str) -> list[str]:
    """What of a text is no translated one, in pieces that hold a word of four letters: no name of a month is so long.

    Marks of Markdown, icons and numbers separate the pieces.
    """
    while text != (text := re.sub(r"⟦[^⟦⟧]*⟧", "|", text)):
        pass
    text = re.sub(r":material/\w+:|:[a-z]+(?:-badge)?\[", "|", text.replace("\\", ""))
    return [piece.strip(" -'") for piece in re.split(r"[^\w '&-]|\d", text) if re.search(r"[^\W\d_]{4}", piece)]


@pytest.fixture(scope="module")
def texts_of_data() -> Callable[[Path], str]:
    """All texts of a company's published file, of its contacts and of a replay of it, each on its own line."""
    read: dict[Path, str] = {}

    def texts_(company: Path) -> str:
        if company not in read:
            serving = company / "serving"
            found: set[str] = set()
            published = (serving / "current.duckdb").resolve()
            people = [path for path in [serving / "contacts" / published.name] if path.exists()]
            for file in [published, *people, *serving.glob("replays/*.duckdb")]:
                with duckdb.connect(str(file), read_only=True) as connection:
                    columns = connection.execute(
                        "select schema_name, table_name, column_name from duckdb_columns() "
                        "where data_type = 'VARCHAR' and not internal"
                    ).fetchall()
                    for schema, table, column in columns:
                        rows = connection.execute(f'select distinct "{column}" from "{schema}"."{table}"').fetchall()
                        found.update(" ".join(value.split()) for (value,) in rows if value)
            read[company] = "\n".join(found)
        return read[company]

    return texts_


def assert_all_translated(page: AppTest, data: str, bracketed: Bracketed) -> None:
    # A rule's id is shown with spaces.
    known = "\n".join([data, data.replace("_", " "), *NAMES])
    found = words_shown(page)
    assert any("⟦" in text for text in found)
    left = {piece for text in found for piece in unbracketed(text) if piece not in known}
    assert not left
    assert bracketed.asked <= set(languages.texts_of_code()), "asked for what no catalog holds"


@pytest.mark.refresh
@pytest.mark.parametrize("address", pages.ENTRIES)
def test_every_word_of_a_page_is_translated_or_is_data(
    published_demo: Path, open_page, bracketed, texts_of_data, address: str
):
    page = open_page(published_demo, pages.ENTRIES[address].path)
    assert page.title[0].value == f"⟦{pages.ENTRIES[address].title}⟧"
    assert_all_translated(page, texts_of_data(published_demo), bracketed)


@pytest.mark.refresh
@pytest.mark.parametrize("address", pages.ENTRIES)
def test_so_is_every_word_where_data_is_old_and_stages_are_few(
    published_olist: Path, open_page, bracketed, texts_of_data, address: str
):
    page = open_page(published_olist, pages.ENTRIES[address].path, period="All")
    assert_all_translated(page, texts_of_data(published_olist), bracketed)


@pytest.mark.refresh
@pytest.mark.parametrize("address", pages.ENTRIES)
def test_so_is_every_word_when_things_go_wrong(changed_company, open_page, bracketed, texts_of_data, address: str):
    company = changed_company(
        "update marts.fct_source_freshness set is_stale = true, hours_since_load = 51, last_status = 'failed', "
        "last_message = 'HTTP 503'",
        "update marts.fct_check_results set is_passed = false where check_id in "
        "(select check_id from marts.fct_check_results using sample 3)",
        last_run={"run_id": "r", "finished_at": "2999-01-01T05:12:00Z", "status": "failed", "message": "7"},
    )
    page = open_page(company, pages.ENTRIES[address].path, period="custom")
    assert_all_translated(page, texts_of_data(company), bracketed)


@pytest.mark.refresh
def test_so_is_every_word_of_a_replay(changed_company, open_page, bracketed, texts_of_data):
    company = changed_company()
    replayed(company, ask(company, "select as_of from marts.published_run")[0][0])
    page = open_page(company, "views/replay.py")
    assert len(page.table) > 2
    assert_all_translated(page, texts_of_data(company), bracketed)


@pytest.mark.refresh
@pytest.mark.parametrize(
    "damage", [["delete from marts.dim_leads", "delete from marts.fct_opportunities"], ["drop table marts.dim_leads"]]
)
def test_so_is_every_word_where_there_is_nothing_to_show(
    changed_company, open_page, bracketed, texts_of_data, damage: list[str]
):
    company = changed_company(*damage)
    page = open_page(company)
    assert not page.metric
    # Why a file cannot be read is DuckDB's own word.
    reason = "\n".join(caption.value.replace("\\", "") for caption in page.caption)
    assert_all_translated(page, f"{texts_of_data(company)}\n{reason}", bracketed)


@pytest.mark.refresh
def test_so_is_every_word_before_anything_is_published(tmp_path: Path, open_page, bracketed):
    assert_all_translated(open_page(tmp_path), str(tmp_path).replace("/", "\n"), bracketed)


# Numbers and dates


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["36,150", "2.4", "30.3%", "+33%", "€1.27M", "€26.77", "2.1 days", "20 Nov 2026", "Nov 26", "+0.4 pp"]),
        ("pl", ["36 150", "2,4", "30,3%", "+33%", "1,27 mln €", "26,77 €", "2,1 dnia", "20 lis 2026", "lis 26"]),
        ("de", ["36.150", "2,4", "30,3 %", "+33 %", "1,27 Mio. €", "26,77 €", "2,1 Tage", "20. Nov. 2026", "Nov 26"]),
    ],
)
def test_numbers_and_dates_are_written_as_the_language_writes_them(language: str, said: list[str]):
    languages.use(language)
    shown_ = [
        formatting.count(36_150),
        formatting.number(2.414),
        formatting.rate(0.303),
        formatting.change(133, 100),
        formatting.money(1_270_000, "EUR"),
        formatting.small_money(26.77, "EUR"),
        formatting.duration(51),
        formatting.day(date(2026, 11, 20)),
        formatting.month(date(2026, 11, 1)),
        formatting.points(0.304, 0.3),
    ]
    assert [text.replace("\xa0", " ") for text in shown_[: len(said)]] == said


@pytest.mark.refresh
@pytest.mark.parametrize("address", ["journeys", "data-health", "opportunities"])
def test_a_german_date_is_no_list_to_markdown(published_demo: Path, open_page, address: str):
    page = open_page(published_demo, pages.ENTRIES[address].path, lang="de")
    cells = [cell for table in page.table for cell in table.value.to_numpy().ravel() if isinstance(cell, str)]
    assert any(re.match(r"\d+\\\. \w", cell) for cell in cells) or address != "journeys"
    assert not [cell for cell in cells if re.match(r"\d+\. ", cell)]
    assert not [metric.value for metric in page.metric if re.match(r"\d+\. ", metric.value)]


@pytest.mark.parametrize("language", languages.LANGUAGES)
def test_a_fall_has_a_plain_hyphen_in_every_language(language: str):
    languages.use(language)
    for text in (formatting.change(96, 100), formatting.points(0.1, 0.2), formatting.money(-48_300, "EUR")):
        assert text.startswith("-")


def test_a_moment_keeps_the_reporting_time_zone_in_every_language():
    moment = datetime(2026, 11, 20, 5, 10)
    said = []
    for language in languages.LANGUAGES:
        languages.use(language)
        said.append(formatting.moment(moment, "Europe/Warsaw"))
    assert said == ["20 Nov 2026, 06:10", "20 lis 2026, 06:10", "20. Nov. 2026, 06:10"]


def test_german_nouns_keep_their_capital_amid_a_sentence():
    assert formatting.amid("Channel") == "channel"
    languages.use("de")
    assert formatting.amid("Kanal") == "Kanal"


# Which language is spoken


@pytest.mark.parametrize(
    ("preferred", "language"),
    [("de", "de"), ("de-AT", "de"), ("PL", "pl"), ("en-GB", "en"), ("fr-FR", "en"), ("", "en"), (None, "en")],
)
def test_the_browsers_language_is_taken_where_it_is_spoken(preferred: str | None, language: str):
    assert languages.closest(preferred) == language


@pytest.mark.refresh
@pytest.mark.parametrize(
    ("browser", "url", "title"),
    [
        ("en-GB", {}, "Overview"),
        ("de-AT", {}, "Überblick"),
        ("pl-PL", {}, "Przegląd"),
        ("fr-FR", {}, "Overview"),
        ("de-DE", {"lang": "pl"}, "Przegląd"),
        ("pl-PL", {"lang": "en"}, "Overview"),
        ("pl-PL", {"lang": "xx"}, "Przegląd"),
    ],
)
def test_the_dashboard_opens_in_the_browsers_language_unless_the_link_says_another(
    published_demo: Path, open_page, browser: str, url: dict[str, str], title: str
):
    assert open_page(published_demo, browser=browser, **url).title[0].value == title


@pytest.mark.refresh
@pytest.mark.parametrize("language", TRANSLATED)
def test_a_switch_of_language_keeps_the_filters_and_the_numbers(published_demo: Path, open_page, language: str):
    segment = ask(published_demo, "select segment from marts.dim_leads group by 1 order by count(*) desc limit 1")[0][0]
    page = open_page(published_demo, FUNNEL, period="All", segment=segment)
    size = int(metrics(page)["Leads in the cohort"][0].replace(",", ""))
    page.button_group(key="lang").set_value(language).run()
    assert not page.exception
    languages.use(language)
    assert metrics(page)[_("Leads in the cohort")][0] == formatting.count(size)
    assert page.multiselect(key="segment").value == [segment]
    kept = {name: page.query_params[name] for name in ("period", "segment")}
    assert kept in ({"period": "All", "segment": segment}, {"period": ["All"], "segment": [segment]})


def test_one_readers_language_is_not_anothers(monkeypatch: pytest.MonkeyPatch):
    """Each run of a page is a thread of its own."""
    from concurrent.futures import ThreadPoolExecutor

    def said(language: str) -> str:
        languages.use(language)
        return formatting.count(36_150)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(said, ["de", "pl"]))
    assert formatting.count(36_150) == "36,150"
