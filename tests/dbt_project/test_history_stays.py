"""What was over by one day is told the same a day later, except of records about which news of the past has come in."""

from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from refreshing import run_funnelhouse

from ingestion.config import Settings
from ingestion.contract import entities
from ingestion.load import load
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


MARTS = {
    "fct_lead_stage_visits": ("lead_id", "exited_at"),
    "fct_opportunity_stage_visits": ("opportunity_id", "exited_at"),
    "fct_opportunities": ("opportunity_id", "closed_at"),
}


@pytest.fixture(scope="module")
def builds(tmp_path_factory) -> tuple[dict[str, pd.DataFrame], dict[str, pd.DataFrame]]:
    """The marts as built on the first day and, in the same data directory, on the next; every value as text."""
    folder = tmp_path_factory.mktemp("two_days")
    inbox = folder / "inbox"
    inbox.mkdir()
    first, later = (built(day, folder / "data", inbox) for day in (FIRST_DAY, NEXT_DAY))
    return first, later


def built(day: datetime, data_dir: Path, inbox: Path) -> dict[str, pd.DataFrame]:
    for name, rows in files(day).items():
        write_entity(name, rows, inbox)
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(data_dir),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_FILES_DIR": str(inbox),
        "FUNNELHOUSE_AS_OF": f"{day.isoformat()}Z",
    }
    assert load("files", Settings.from_environment(environment)).status == "loaded"
    marts = [*MARTS, "dim_leads"]
    selected = " ".join(f"+{mart}" for mart in marts)
    result = run_funnelhouse(
        f"exec dbt build --quiet --exclude-resource-type test unit_test --select {selected}", environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        return {
            mart: connection.execute(f"select cast(columns(*) as varchar) from marts.{mart} order by all").df()
            for mart in marts
        }


def over_by_first_day(build: dict[str, pd.DataFrame], mart: str) -> pd.DataFrame:
    """The rows of a mart that had ended by the first day."""
    rows = build[mart]
    return rows[pd.to_datetime(rows[MARTS[mart][1]]) <= FIRST_DAY]


def stages_over_by_first_day(build: dict[str, pd.DataFrame], lead_id: str) -> list[str]:
    """The stages that a lead had left by the first day, in order."""
    rows = over_by_first_day(build, "fct_lead_stage_visits")
    of_lead = rows[rows["lead_id"] == lead_id]
    return of_lead.sort_values("position_on_track", key=pd.to_numeric)["stage"].tolist()


@pytest.mark.parametrize("mart", MARTS)
def test_what_was_over_is_told_the_same_a_day_later(builds, mart):
    key, _ = MARTS[mart]
    news = heard_of_late()[key]
    first, later = (
        rows[~rows[key].isin(news)].reset_index(drop=True)
        for rows in (over_by_first_day(build, mart) for build in builds)
    )
    assert len(first) >= 10
    pd.testing.assert_frame_equal(first, later)


def test_a_change_filed_late_ends_a_stay_of_the_past(builds):
    [lead_id] = filed_late()["lead_id"]
    first, later = (stages_over_by_first_day(build, lead_id) for build in builds)
    assert later == [*first, "mql"]


def test_a_change_no_longer_on_file_takes_a_stay_of_the_past_with_it(builds):
    [lead_id] = filed_in_error()["lead_id"]
    first, later = (stages_over_by_first_day(build, lead_id) for build in builds)
    assert first.count("mql") == later.count("mql") + 1


def test_two_records_of_a_person_become_one(builds):
    leads = story().entities["leads"]
    merged = leads.loc[leads["merged_at"].between(FIRST_DAY, NEXT_DAY), "lead_id"]
    assert len(merged) >= 1
    assert [build["dim_leads"]["lead_id"].isin(merged).sum() for build in builds] == [len(merged), 0]


def test_the_next_day_brings_news(builds):
    """Otherwise the tests above would hold of anything."""
    first, later = (pd.to_datetime(build["fct_lead_stage_visits"]["entered_at"]) for build in builds)
    assert len(first) < len(later)
    assert first.max() <= FIRST_DAY < later.max() <= NEXT_DAY
