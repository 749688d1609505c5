"""What was over by one day is told the same a day later, except of records about which news of the past has come in."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from refreshing import refreshed

from ingestion.contract import entities
from ingestion.simulator.chronicle import Chronicle, chronicle
from ingestion.simulator.write import write_entity

pytestmark = pytest.mark.refresh

# Between the two, somebody unites two records of a person, and an activity is entered late.
FIRST_DAY = datetime(2026, 7, 20)
NEXT_DAY = FIRST_DAY + timedelta(days=1)
LEADS, SEED, UNTIL = 300, 9, datetime(2026, 9, 1)
# What holds in a row from its own moment on, and what is not so until then.
HAPPENS_AT = {
    "leads": {"merged_at": {"merged_into_lead_id": None}},
    "accounts": {"merged_at": {"merged_into_account_id": None}, "churned_at": {"churned_at": pd.NaT}},
    "opportunities": {
        "closed_at": {"closed_at": pd.NaT, "is_won": False, "is_closed": False, "lost_reason": None},
    },
    "campaigns": {"end_date": {"end_date": None}},
}
# The key of a fact's record, and the column that says when it happened.
FACTS = {
    "lead_stage_changes": ("lead_id", "changed_at"),
    "lead_attribute_changes": ("lead_id", "changed_at"),
    "activities": ("lead_id", "occurred_at"),
    "identity_links": ("lead_id", "linked_at"),
    "opportunity_stage_changes": ("opportunity_id", "changed_at"),
}


@cache
def story() -> Chronicle:
    return chronicle(LEADS, SEED, UNTIL, days_ahead=0)


@cache
def files(day: datetime) -> dict[str, pd.DataFrame]:
    """What all files hold on that day; on the second, as mended by hand."""
    known = {name: story().known(name, day) for name in story().entities}
    for name, rows in known.items():
        if "deleted_at" in rows:
            known[name] = rows[~(rows["deleted_at"] <= day)]
        for moment, not_yet in HAPPENS_AT.get(name, {}).items():
            happened = pd.to_datetime(known[name][moment]) <= day
            known[name] = known[name].assign(
                **{column: known[name][column].where(happened, value) for column, value in not_yet.items()}
            )
    latest = known["opportunity_stage_changes"].groupby("opportunity_id")["stage"].last()
    known["opportunities"] = known["opportunities"].assign(
        stage=known["opportunities"]["opportunity_id"].map(latest).to_numpy()
    )
    if day > FIRST_DAY:
        changes = known["lead_stage_changes"].drop(index=filed_in_error().index)
        known["lead_stage_changes"] = pd.concat([changes, filed_late()])
    return {
        name: rows[[column for column in entities()[name].column_names if column in rows]].reset_index(drop=True)
        for name, rows in known.items()
    }


@cache
def filed_late() -> pd.DataFrame:
    """One row: a month after the last that was known of a lead, and ten days before the first day, it was returned."""
    known = story().known("lead_stage_changes", FIRST_DAY)
    last = known.drop_duplicates("lead_id", keep="last")
    idle = last[(last["stage"] == "mql") & (last["changed_at"] < FIRST_DAY - timedelta(days=40))].iloc[[-1]]
    return idle.assign(stage="recycled", changed_at=FIRST_DAY - timedelta(days=10), known_at=NEXT_DAY)


@cache
def filed_in_error() -> pd.DataFrame:
    """One row: a change of stage between two others, of another lead, that is no longer on file the next day."""
    known = story().known("lead_stage_changes", FIRST_DAY)
    others = known[known["lead_id"] != filed_late()["lead_id"].iloc[0]]
    is_between = others.duplicated("lead_id") & others.duplicated("lead_id", keep="last") & (others["stage"] == "mql")
    return others[is_between].iloc[[0]]


def heard_of_late() -> dict[str, set[str]]:
    """The leads and opportunities about which the next day brings a fact from before the first day's end."""
    about: dict[str, set[str]] = {"lead_id": set(filed_in_error()["lead_id"]), "opportunity_id": set()}
    for name, (key, moment) in FACTS.items():
        rows = pd.concat([story().known(name, NEXT_DAY), *([filed_late()] if name == "lead_stage_changes" else [])])
        is_news = (rows["known_at"] > FIRST_DAY) & (rows[moment] <= FIRST_DAY)
        about[key] |= set(rows.loc[is_news, key].dropna())
    leads, deals = story().entities["leads"], story().entities["opportunities"]
    for moment in ("merged_at", "deleted_at"):
        changed = leads[leads[moment].between(FIRST_DAY, NEXT_DAY)]
        about["lead_id"] |= set(changed["lead_id"]) | set(changed["merged_into_lead_id"].dropna())
    about["opportunity_id"] |= set(deals.loc[deals["deleted_at"].between(FIRST_DAY, NEXT_DAY), "opportunity_id"])
    contacts = story().entities["opportunity_contacts"]
    about["opportunity_id"] |= set(contacts.loc[contacts["lead_id"].isin(about["lead_id"]), "opportunity_id"])
    return about


@pytest.fixture(scope="module")
def serving_files(tmp_path_factory) -> list[Path]:
    """The data published on the first day and on the next, from one data directory."""
    folder = tmp_path_factory.mktemp("two_days")
    inbox = folder / "inbox"
    inbox.mkdir()
    published = []
    for day in (FIRST_DAY, NEXT_DAY):
        for name, rows in files(day).items():
            write_entity(name, rows, inbox)
        data_dir = refreshed(
            {
                "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
                "FUNNELHOUSE_SOURCES": "files",
                "FUNNELHOUSE_FILES_DIR": str(inbox),
                "FUNNELHOUSE_AS_OF": f"{day.isoformat()}Z",
            }
        )
        published.append((data_dir / "serving" / "current.duckdb").resolve())
    return published


def rows_over_by_first_day(serving_file: Path, mart: str, moment: str) -> pd.DataFrame:
    """The rows of a mart that ended by the first day, nothing but text, sorted."""
    with duckdb.connect(str(serving_file), read_only=True) as connection:
        return connection.execute(
            f"select cast(columns(*) as varchar) from marts.{mart} where {moment} <= ? order by all", [FIRST_DAY]
        ).df()


MARTS = {
    "fct_lead_stage_visits": ("lead_id", "exited_at"),
    "fct_opportunity_stage_visits": ("opportunity_id", "exited_at"),
    "fct_opportunities": ("opportunity_id", "closed_at"),
}


@pytest.mark.parametrize("mart", MARTS)
def test_what_was_over_is_told_the_same_a_day_later(serving_files, mart):
    key, moment = MARTS[mart]
    first, later = (rows_over_by_first_day(serving_file, mart, moment) for serving_file in serving_files)
    news = heard_of_late()[key]
    first, later = (rows[~rows[key].isin(news)].reset_index(drop=True) for rows in (first, later))
    assert len(first) >= 10
    pd.testing.assert_frame_equal(first, later)


def stages_over_by_first_day(serving_file: Path, lead_id: str) -> list[str]:
    with duckdb.connect(str(serving_file), read_only=True) as connection:
        rows = connection.execute(
            """
            select stage from marts.fct_lead_stage_visits
            where lead_id = ? and exited_at <= ? order by position_on_track
            """,
            [lead_id, FIRST_DAY],
        ).fetchall()
    return [stage for (stage,) in rows]


def test_a_change_filed_late_ends_a_stay_of_the_past(serving_files):
    [lead_id] = filed_late()["lead_id"]
    first, later = (stages_over_by_first_day(serving_file, lead_id) for serving_file in serving_files)
    assert later == [*first, "mql"]


def test_a_change_no_longer_on_file_takes_a_stay_of_the_past_with_it(serving_files):
    [lead_id] = filed_in_error()["lead_id"]
    first, later = (stages_over_by_first_day(serving_file, lead_id) for serving_file in serving_files)
    assert first.count("mql") == later.count("mql") + 1


def test_two_records_of_a_person_become_one(serving_files):
    leads = story().entities["leads"]
    merged = leads[leads["merged_at"].between(FIRST_DAY, NEXT_DAY)]
    assert len(merged) >= 1
    counts = []
    for serving_file in serving_files:
        with duckdb.connect(str(serving_file), read_only=True) as connection:
            found = connection.execute("select lead_id from marts.dim_leads").df()["lead_id"]
        counts.append(found.isin(merged["lead_id"]).sum())
    assert counts == [len(merged), 0]


def test_the_next_day_brings_news(serving_files):
    """Otherwise the tests above would hold of anything."""
    counts = []
    for serving_file in serving_files:
        with duckdb.connect(str(serving_file), read_only=True) as connection:
            counts.append(
                connection.execute("select count(*), max(entered_at) from marts.fct_lead_stage_visits").fetchall()[0]
            )
    assert counts[0][0] < counts[1][0]
    assert counts[0][1] <= FIRST_DAY < counts[1][1] <= NEXT_DAY
