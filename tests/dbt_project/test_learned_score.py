"""The learned score: it cannot see what comes later, and it learns from any table of people and what came of them."""

import os
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from refreshing import run_funnelhouse
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

from ingestion.config import Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh

AS_OF = pd.Timestamp("2026-11-01", tz="UTC")
# Between two fits and two months; the fits of April and July are older.
DAY = pd.Timestamp("2026-08-12 10:00", tz="UTC")
TABLES = ("int_learned_scores", "int_score_snapshots", "int_score_weights", "int_learned_contributions")
# A made-up company of this size has few deals.
PLAYBOOK = "setting,value,description\nscore_least_positive_count,15,\n"


def built(folder: Path, files: Path, as_of: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """What the learned score's tables hold after the files have been loaded and built."""
    playbook = folder / "playbook"
    playbook.mkdir(parents=True)
    (playbook / "settings.csv").write_text(PLAYBOOK)
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_FILES_DIR": str(files),
        "FUNNELHOUSE_PLAYBOOK_DIR": str(playbook),
        "FUNNELHOUSE_AS_OF": as_of.isoformat(),
    }
    assert load("files", Settings.from_environment(dict(os.environ) | environment)).status == "loaded"
    result = run_funnelhouse(
        "exec dbt build --quiet --exclude-resource-type test unit_test --select +int_learned_contributions", environment
    )
    assert result.returncode == 0, result.stdout + result.stderr
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb"), read_only=True) as connection:
        return {name: connection.sql(f"select * from intermediate.{name} order by all").df() for name in TABLES}


def shuffled(files: Path, changed: Path, day: pd.Timestamp) -> None:
    """The same files, but what happens from that day on happens to others, at other times, or not at all."""
    draw = np.random.default_rng(5)

    def is_later(rows: pd.DataFrame, moment: str) -> pd.Series:
        return pd.to_datetime(rows[moment], utc=True) >= day

    def mixed(rows: pd.DataFrame, later: pd.Series, columns: list[str], keep: float = 0.7) -> pd.DataFrame:
        rows = rows.copy()
        for column in columns:
            rows.loc[later, column] = draw.permutation(rows.loc[later, column].to_numpy())
        return rows[~later | (draw.random(len(rows)) < keep)]

    changed.mkdir(parents=True)
    for path in sorted(files.glob("*.parquet")):
        rows = pd.read_parquet(path)
        if path.stem == "activities":
            rows = mixed(rows, is_later(rows, "occurred_at"), ["lead_id", "activity_type", "occurred_at", "content_id"])
        elif path.stem in ("lead_stage_changes", "opportunity_stage_changes"):
            rows = mixed(rows, is_later(rows, "changed_at"), ["stage", "changed_at"])
            rows = rows.drop_duplicates([rows.columns[0], "stage", "changed_at"])
        elif path.stem in ("lead_attribute_changes", "account_attribute_changes"):
            rows = mixed(rows, is_later(rows, "changed_at"), ["value"], keep=1.0)
        elif path.stem == "identity_links":
            rows = mixed(rows, is_later(rows, "linked_at"), ["lead_id", "linked_at"])
        elif path.stem == "leads":
            rows = mixed(rows, is_later(rows, "created_at"), ["persona", "seniority", "account_id", "created_at"])
        elif path.stem == "opportunities":
            rows = mixed(rows, is_later(rows, "created_at"), ["created_at", "opportunity_id"])
            ends = (rows["closed_at"].isna() | is_later(rows, "closed_at")).to_numpy()
            rows.loc[ends, "is_won"] = draw.random(int(ends.sum())) < 0.5
            rows.loc[ends, "is_closed"] = True
            seconds = pd.to_timedelta(draw.integers(0, 20 * 86_400, int(ends.sum())), unit="s")
            rows.loc[ends, "closed_at"] = (AS_OF - seconds).astype(rows["closed_at"].dtype)
            rows.loc[ends, "stage"] = np.where(rows.loc[ends, "is_won"], "won", "lost")
        rows.to_parquet(changed / path.name)


@pytest.fixture(scope="module")
def company(simulated_files, tmp_path_factory) -> dict[str, pd.DataFrame]:
    return built(tmp_path_factory.mktemp("as_it_was"), simulated_files, AS_OF)


@pytest.fixture(scope="module")
def other_future(simulated_files, tmp_path_factory) -> dict[str, pd.DataFrame]:
    folder = tmp_path_factory.mktemp("other_future")
    shuffled(simulated_files, folder / "files", DAY)
    return built(folder, folder / "files", AS_OF)


def scored_before(build: dict[str, pd.DataFrame], day: pd.Timestamp) -> pd.DataFrame:
    """What was scored before a day by fits before it."""
    until = build["int_score_snapshots"][["lead_id", "scored_date", "scored_until"]]
    scores = build["int_learned_scores"].merge(until, on=["lead_id", "scored_date"])
    is_before = (scores["scored_until"] <= day.tz_localize(None)) & (scores["split"] == "time_and_account")
    return scores[is_before].set_index(["outcome", "lead_id", "scored_date"]).sort_index()


def test_no_score_sees_what_happens_after_it(company, other_future):
    before, other = (scored_before(build, DAY) for build in (company, other_future))
    assert before["fitted_on"].nunique() >= 2
    assert len(before) >= 1000
    assert before.index.equals(other.index)
    assert (before["fitted_on"] == other["fitted_on"]).all()
    assert (before["log_odds"] - other["log_odds"]).abs().max() <= 1e-12
    assert (before["probability"] - other["probability"]).abs().max() <= 1e-12


def test_what_happens_later_changes_later_scores(company, other_future):
    """Otherwise the test above would hold of anything."""
    today, other = (
        build["int_learned_scores"].query("split == 'none'").set_index(["outcome", "lead_id"])["log_odds"]
        for build in (company, other_future)
    )
    same_leads = today.index.intersection(other.index)
    assert (today[same_leads] - other[same_leads]).abs().mean() > 0.05


def test_every_score_was_learned_from_other_accounts(company):
    snapshots, scores = company["int_score_snapshots"], company["int_learned_scores"]
    folds = snapshots.dropna(subset="account_id").groupby("account_id")["account_fold"]
    assert (folds.nunique() == 1).all()
    assert set(scores["split"]) == {"time_and_account", "account", "none"}


def test_reasons_add_up_to_how_far_a_lead_is_from_the_mean(company):
    today = company["int_learned_scores"].query("split == 'none'")
    reasons = company["int_learned_contributions"].groupby(["outcome", "lead_id"])["contribution"].sum()
    distances = today.set_index(["outcome", "lead_id"])["log_odds"]
    distances = distances - distances.groupby("outcome").transform("mean")
    assert reasons.reindex(distances.index).to_numpy() == pytest.approx(distances.to_numpy(), abs=1e-4)


# A table without dates: every row came within a week, and nothing is known of it but some columns and what came of it.
LEADS = 9000
TABLE_AS_OF = pd.Timestamp("2026-06-01", tz="UTC")
TABLE_SQL = {
    "leads": "select id as lead_id, date '2025-06-02' + cast(id % 7 as int) as created_at from 'people.csv'",
    "lead_attribute_changes": """
        select id as lead_id, name as attribute, value, date '2025-06-02' + cast(id % 7 as int) as changed_at
        from (
            unpivot (select id, columns(* exclude (id, bought))::varchar from 'people.csv')
            on columns(* exclude (id)) into name name value value
        )""",
    "opportunities": """
        select id as opportunity_id, date '2025-06-05' + cast(id % 7 as int) as created_at, 'new' as opportunity_type
        from 'people.csv' where bought""",
    "opportunity_contacts": """
        select id as opportunity_id, id as lead_id, true as is_primary
        from 'people.csv' where bought""",
}


def people() -> pd.DataFrame:
    """A row per person; the best that one can know of `bought` gives an AUC of about 0.75."""
    draw = np.random.default_rng(8)
    table = pd.DataFrame(
        {
            "id": np.arange(1, LEADS + 1),
            "minutes_on_site": draw.gamma(1.2, 300.0, LEADS).round(1),
            "visits": draw.poisson(3.0, LEADS),
            "occupation": draw.choice(["Employed", "Student", "Unemployed", None], LEADS, p=[0.2, 0.1, 0.4, 0.3]),
            "city": draw.choice([f"City {number}" for number in range(60)], LEADS),
            "newsletter": draw.choice(["yes", "no"], LEADS, p=[0.1, 0.9]),
        }
    )
    log_odds = (
        -1.2
        + 0.9 * np.tanh((table["minutes_on_site"] - 300) / 200)
        + 1.1 * (table["occupation"] == "Employed")
        - 0.5 * table["occupation"].isna()
        - 1.0 * (table["newsletter"] == "yes")
        + 0.4 * (table["visits"] == 2)
    )
    return table.assign(bought=draw.random(LEADS) < 1 / (1 + np.exp(-log_odds)))


@pytest.fixture(scope="module")
def scores_of_people(tmp_path_factory) -> pd.DataFrame:
    """The score of each person by its first day, with its fold."""
    folder = tmp_path_factory.mktemp("table")
    files = folder / "files"
    files.mkdir()
    people().to_csv(files / "people.csv", index=False)
    for entity, sql in TABLE_SQL.items():
        (files / f"{entity}.sql").write_text(sql)
    build = built(folder, files, TABLE_AS_OF)
    first = build["int_score_snapshots"].sort_values("scored_date").drop_duplicates("lead_id")
    return first.merge(build["int_learned_scores"], on=["lead_id", "scored_date"]).query("outcome == 'opportunity'")


def test_a_table_without_dates_is_scored_out_of_fold(scores_of_people):
    assert len(scores_of_people) == LEADS
    assert set(scores_of_people["split"]) == {"account"}
    assert scores_of_people["is_opportunity"].sum() == people()["bought"].sum()
    assert scores_of_people["probability"].mean() == pytest.approx(scores_of_people["is_opportunity"].mean(), abs=0.01)


def test_such_a_table_is_learned_as_well_as_plain_regression_does(scores_of_people):
    table = people().set_index(people()["id"].astype(str)).loc[scores_of_people["lead_id"]]
    reached = table["bought"].to_numpy()
    numbers = table[["minutes_on_site", "visits"]]
    bins = pd.concat([pd.qcut(numbers[name], 8, duplicates="drop").astype(str) for name in numbers], axis=1)
    design = pd.get_dummies(pd.concat([bins, table[["occupation", "city", "newsletter"]]], axis=1), dummy_na=True)
    folds, plain = scores_of_people["account_fold"].to_numpy(), np.empty(len(table))
    for fold in range(4):
        rows = folds == fold
        model = LogisticRegression(C=0.1, max_iter=500).fit(design[~rows], reached[~rows])
        plain[rows] = model.predict_proba(design[rows])[:, 1]
    learned = roc_auc_score(reached, scores_of_people["probability"])
    assert learned > 0.66
    assert learned == pytest.approx(roc_auc_score(reached, plain), abs=0.006)
