"""The Replay page and its sentence, on replays made by hand."""

from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from dashboard_helpers import ask, chart_words, metrics, texts
from replay_helpers import PUBLISHED, replayed

from app import narrative
from app.queries.replay import Replay

REPLAY = "views/replay.py"
RUN = Replay(
    replayed_at=datetime(2026, 9, 2),
    as_of=datetime(2026, 8, 16),
    from_date=date(2026, 7, 1),
    to_date=date(2026, 8, 16),
    opportunity_days=90,
    playbook_folder="changed",
    scenarios=("published", "changed"),
    base="published",
)


@pytest.fixture
def company(changed_company) -> Path:
    return changed_company()


@pytest.fixture
def as_of(company: Path) -> datetime:
    return ask(company, "select as_of from marts.published_run")[0][0]


@pytest.mark.refresh
def test_without_a_replay_the_page_says_how_to_make_one(company, open_page):
    page = open_page(company, REPLAY)
    assert not page.exception
    assert "Nothing has been replayed yet" in texts(page)
    assert "make replay PLAYBOOK=folder" in texts(page)


@pytest.mark.refresh
def test_the_page_says_what_a_replay_holds(company, as_of, open_page):
    replayed(company, as_of)
    page = open_page(company, REPLAY)
    assert not page.exception
    cards = metrics(page)
    assert cards["Times MQL was reached"] == ("3", "4 before")
    assert cards["Accepted by sales"] == ("33.3%", "25.0% before")
    assert cards["Leads with a deal"] == ("1", "2 before")
    # 47 days are 6.7 weeks, and the one active rep can take two a week.
    assert cards["Load on sales"] == ("22.3%", "29.8% before")
    words = texts(page)
    assert "leads would have come to be MQL by the changed rules 3 times instead of 4 (-25%)." in words
    assert "2 leads would no longer have become one, 1 of them with a deal within 90 days" in words
    assert "1 lead only then, without a deal within 90 days." in words
    assert chart_words(page) == ["Jul 26: 3 before, 1 after; Aug 26: 1 before, 2 after"]
    assert "Replay it again" not in words
    assert "the month is not over" in words


@pytest.mark.refresh
def test_another_stage_can_be_chosen_by_the_address(company, as_of, open_page):
    replayed(company, as_of)
    page = open_page(company, REPLAY, stage="3")
    assert not page.exception
    assert chart_words(page) == ["Jul 26: 1 before, 1 after; Aug 26: 0 before, 0 after"]
    assert "SQL by month, before and after" in texts(page)


@pytest.mark.refresh
def test_the_newest_replay_is_shown_first_and_a_file_that_cannot_be_read_never(company, as_of, open_page):
    replayed(company, as_of, name="20260901")
    replayed(company, as_of, changed=PUBLISHED, name="20260902")
    (company / "serving" / "replays" / "20260903.duckdb").write_text("not a database")
    page = open_page(company, REPLAY)
    assert not page.exception
    [choice] = [box for box in page.selectbox if box.label == "Replay"]
    assert [option.split(" ")[0] for option in choice.options] == ["folder_20260902", "folder_20260901"]
    assert "by the changed rules as often as before: 4 times." in texts(page)
    choice.set_value("2").run()
    assert "by the changed rules 3 times" in texts(page)


@pytest.mark.refresh
def test_where_the_rules_changed_meanwhile_before_are_the_present_ones(company, as_of, open_page):
    replayed(company, as_of, present=PUBLISHED[:2])
    page = open_page(company, REPLAY)
    assert not page.exception
    assert metrics(page)["Times MQL was reached"] == ("3", "2 before")
    assert "published: by the rules of their time" in texts(page)


@pytest.mark.refresh
def test_a_replay_on_other_numbers_than_those_published_says_so(company, as_of, open_page):
    replayed(company, datetime(2026, 1, 1))
    assert "Replay it again" in texts(open_page(company, REPLAY))


def stage(**counts: int) -> pd.Series:
    return pd.Series(
        {"stage_label": "MQL"}
        | dict.fromkeys(("gone_count", "gone_opportunity_count", "new_count", "new_opportunity_count"), 0)
        | counts
    )


@pytest.mark.parametrize(
    ("before", "after", "counts", "words"),
    [
        (
            0,
            0,
            {},
            "From Jul 26 to Aug 26, leads would have come to be MQL by the changed rules as often as before: 0 times.",
        ),
        (0, 1, {"new_count": 1}, "1 time instead of 0. 1 lead only then, without a deal"),
        (5, 5, {"gone_count": 1, "new_count": 1}, "5 times instead of 5. 1 lead would no longer"),
        (4, 6, {}, "instead of 4 (+50%). The leads are the same; some would have become one more or less often."),
        (
            9,
            3,
            {"gone_count": 6, "gone_opportunity_count": 2},
            "6 leads would no longer have become one, 2 of them with",
        ),
        (9, 8, {"gone_count": 1, "gone_opportunity_count": 1}, "1 lead would no longer have become one, with a deal"),
        (9, 0, {"gone_count": 9}, "0 times instead of 9 (-100%)."),
    ],
)
def test_the_sentence_is_true_whichever_way_the_numbers_go(before, after, counts, words):
    assert words in narrative.replay_sentence(RUN, stage(**counts), before, after).replace("\\", "")
