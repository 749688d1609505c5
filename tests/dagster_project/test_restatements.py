"""A past month's figure that is another one now says why, and the causes add up."""

import logging
import math
import shutil
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from refreshing import run_funnelhouse

from dagster_project import rebuild, serving
from dagster_project.dbt import code_version
from dagster_project.restatements import explain
from ingestion.config import Settings
from ingestion.faults import Fault
from ingestion.load import load

pytestmark = pytest.mark.refresh

LOG = logging.getLogger("funnelhouse")

FIRST, SECOND = "2026-03-10T06:00:00Z", "2026-03-20T06:00:00Z"
FEBRUARY = pd.Timestamp("2026-02-01")

AS_FIRST_KNOWN = {
    "leads.csv": """
        lead_id,email,created_at,merged_into_lead_id
        1,ann@acme.example,2026-01-05T09:00:00Z,
        2,bob@beta.example,2026-02-02T09:00:00Z,
        3,cid@gamma.example,2026-02-03T09:00:00Z,
        4,cid@home.example,2026-02-04T09:00:00Z,
        5,dan@partner.example,2026-02-05T09:00:00Z,
    """,
    "accounts.csv": """
        account_id,account_name,domain
        A,Acme,acme.example
        B,Beta,beta.example
    """,
    "opportunities.csv": """
        opportunity_id,account_id,opportunity_type,created_at,closed_at,is_closed,is_won,stage,amount_local,currency
        O,A,new,2026-01-10T09:00:00Z,2026-02-10T09:00:00Z,true,true,won,1000,USD
        P,B,new,2025-11-20T09:00:00Z,,false,,proposal,500,EUR
    """,
    "opportunity_contacts.csv": """
        opportunity_id,lead_id,is_primary
        O,1,true
        P,2,true
    """,
    "fx_rates_daily.csv": """
        currency,date,rate_to_reporting
        USD,2026-01-01,0.9
        USD,2026-02-10,0.9
    """,
    "costs_monthly.csv": """
        month_start_date,team,cost_type,phase,amount_local,currency
        2026-01-01,marketing,tools,acquire,300,EUR
    """,
}


# Ten days later: a correction, a merge, things told late, and things that happened since.
CHANGES = {
    "leads.csv": {
        "4,cid@home.example,2026-02-04T09:00:00Z,": "4,cid@home.example,2026-02-04T09:00:00Z,3",
        "5,dan@partner.example,2026-02-05T09:00:00Z,": """5,dan@partner.example,2026-02-05T09:00:00Z,
            6,eve@late.example,2026-02-06T09:00:00Z,
            7,flo@new.example,2026-03-15T09:00:00Z,""",
    },
    "fx_rates_daily.csv": {"USD,2026-02-10,0.9": "USD,2026-02-10,0.8"},
    "costs_monthly.csv": {
        "2026-01-01,marketing,tools,acquire,300,EUR": """2026-01-01,marketing,tools,acquire,300,EUR
            2026-02-01,marketing,tools,acquire,400,EUR"""
    },
    "opportunities.csv": {",,false,,proposal,500": ",2026-03-15T09:00:00Z,true,true,won,500"},
}
LATER_RULES = {"internal_domains.csv": "domain\npartner.example\n"}


def write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text("\n".join(line.strip() for line in content.strip().splitlines()) + "\n")


def changed(name: str) -> str:
    content = AS_FIRST_KNOWN[name]
    for old, new in CHANGES.get(name, {}).items():
        assert content.count(old) == 1
        content = content.replace(old, new)
    return content


def publish(settings: Settings, run_id: str) -> Path:
    """Load, build as far as the KPIs, explain and publish, as a refresh does."""
    assert load("files", settings).status == "loaded"
    build = "exec dbt build --quiet --resource-type seed --resource-type model --select"
    selection = "resource_type:seed +fct_kpis_monthly +dim_build +fct_source_freshness"
    result = run_funnelhouse(f"{build} {selection}", dict(settings.environment))
    assert result.returncode == 0, result.stdout + result.stderr
    explain(settings, serving.current(settings), run_id, code_version(settings), LOG)
    return serving.publish(settings, run_id, [])


def ask(file: Path, query: str) -> pd.DataFrame:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(query).df()


def restatements(file: Path) -> pd.DataFrame:
    """Those of all KPIs that no dimension splits."""
    return ask(file, "select * from marts.fct_restatements where dimension = 'all' order by kpi, cause_order")


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> tuple[Settings, Path, Path]:
    """What was published first, and ten days later when everything that can move a past figure had happened."""
    folder = tmp_path_factory.mktemp("restated")
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_FILES_DIR": str(folder / "files"),
        "FUNNELHOUSE_SOURCES": "files",
    }
    write(folder / "files", AS_FIRST_KNOWN)
    first = publish(Settings.from_environment(environment | {"FUNNELHOUSE_AS_OF": FIRST}), "first")
    write(folder / "files", {name: changed(name) for name in AS_FIRST_KNOWN})
    write(folder / "playbook", LATER_RULES)
    later = {"FUNNELHOUSE_AS_OF": SECOND, "FUNNELHOUSE_PLAYBOOK_DIR": str(folder / "playbook")}
    settings = Settings.from_environment(environment | later)
    return settings, first, publish(settings, "second")


def test_the_first_publication_restates_nothing(published):
    assert restatements(published[1]).empty


def test_each_cause_has_moved_what_it_moves(published):
    found = restatements(published[2])
    assert set(found["month_start_date"]) == {FEBRUARY}
    moves = {
        kpi: [
            (row.cause, None if pd.isna(row.before_value) else row.before_value, row.after_value)
            for row in rows.itertuples()
        ]
        for kpi, rows in found.groupby("kpi")
    }
    # One of the four people turned out to be staff of a partner, two to be one; one more was told late.
    assert moves["net_new_leads"] == [("playbook_edit", 4, 3), ("merges", 3, 2), ("late_facts", 2, 3)]
    assert moves["won_amount"] == [("exchange_rates", 900, 800)]
    assert moves["marketing_cost_amount"] == [("late_facts", None, 400)]
    # The deal that closed since has lengthened the median cycle by which costs are set against customers.
    assert [cause for cause, _, _ in moves["lagged_cac"]] == ["new_facts"]
    assert moves["lagged_cac"][0][1] == 300


def test_the_causes_lead_from_what_was_published_to_what_is(published):
    _, first, second = published
    key = ["month_start_date", "kpi", "dimension", "dimension_value"]
    figures = f"select {', '.join(key)}, value from marts.fct_kpis_monthly"
    before, after = (ask(file, figures).set_index(key)["value"] for file in (first, second))
    found = ask(second, f"select * from marts.fct_restatements order by {', '.join(key)}, cause_order")
    for cell, rows in found.groupby(key):
        steps = [before.get(cell, math.nan), *rows["after_value"]]
        assert list(rows["before_value"]) == pytest.approx(steps[:-1], nan_ok=True)
        assert steps[-1] == pytest.approx(after[cell], nan_ok=True)
    both = pd.concat([before, after], axis=1, keys=["before", "after"]).reset_index()
    of_past = both[pd.to_datetime(both["month_start_date"]) <= FEBRUARY]
    moved = of_past[~np.isclose(of_past["before"], of_past["after"], equal_nan=True)]
    assert len(moved) > 20
    assert set(moved[key].itertuples(index=False, name=None)) == set(found[key].itertuples(index=False, name=None))


def test_an_earlier_published_state_can_be_read_again(published):
    _, first, _ = published
    [figure] = ask(
        first,
        "select value from marts.fct_kpis_monthly "
        "where kpi = 'net_new_leads' and dimension = 'all' and month_start_date = '2026-02-01'",
    )["value"]
    assert figure == 4
    assert "partner.example" not in list(ask(first, "select domain from playbook.internal_domains")["domain"])


def test_where_nothing_moved_nothing_is_built_and_what_was_told_stays(published, monkeypatch):
    settings, _, second = published
    monkeypatch.setattr(rebuild, "build", lambda *_: pytest.fail("nothing needs to be built"))
    assert explain(settings, second, "third", code_version(settings), LOG) == 0
    pd.testing.assert_frame_equal(restatements(settings.warehouse), restatements(second))


@pytest.fixture
def made_by_older_code(published, tmp_path) -> Path:
    """The second file as an older version of the project would have made it, which counted a lead too many."""
    file = tmp_path / "older.duckdb"
    shutil.copyfile(published[2], file)
    file.chmod(0o600)
    with duckdb.connect(str(file)) as connection:
        connection.execute("update marts.published_run set code_version = 'older'")
        connection.execute(
            "update marts.fct_kpis_monthly set value = value + 1 "
            "where kpi = 'net_new_leads' and dimension = 'all' and month_start_date = '2026-02-01'"
        )
    return file


def test_a_change_of_the_code_is_told_as_one(published, made_by_older_code):
    settings = published[0]
    assert explain(settings, made_by_older_code, "third", code_version(settings), LOG) == 1
    [row] = restatements(settings.warehouse).query("run_id == 'third'").itertuples()
    assert (row.kpi, row.cause, row.before_value, row.after_value) == ("net_new_leads", "code_change", 4, 3)


@pytest.mark.parametrize("fault", [Fault("There is no room."), OSError("There is no room.")])
def test_where_the_past_cannot_be_built_the_move_stands_unexplained(
    published, made_by_older_code, monkeypatch, caplog, fault
):
    def no_room(*_):
        raise fault

    settings = published[0]
    monkeypatch.setattr(rebuild, "copied", no_room)
    assert explain(settings, made_by_older_code, "third", code_version(settings), LOG) == 1
    [row] = restatements(settings.warehouse).query("run_id == 'third'").itertuples()
    assert (row.cause, row.before_value, row.after_value) == ("unexplained", 4, 3)
    assert "Why past figures moved cannot be told. There is no room." in caplog.text


def test_a_published_file_that_cannot_be_read_stops_nothing(published, tmp_path, caplog):
    broken = tmp_path / "broken.duckdb"
    broken.write_bytes(b"not a database" * 1000)
    assert explain(published[0], broken, "third", None, LOG) == 0
    assert restatements(published[0].warehouse).empty
    assert "broken.duckdb cannot be read" in caplog.text
