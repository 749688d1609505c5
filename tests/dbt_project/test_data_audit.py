"""What the data audit says of the made-up company is what stands in its files, counted here in pandas."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.refresh

PLAYBOOK = Path(__file__).resolve().parents[2] / "dbt_project" / "seeds" / "playbook"
TIMEZONE = "Europe/Warsaw"


@pytest.fixture(scope="module")
def ask(published_demo: Path, query: Callable[..., list[tuple]]) -> Callable[..., list[tuple]]:
    """Ask the serving file of the made-up company."""
    return lambda sql, parameters=None: query(published_demo, sql, parameters)


@pytest.fixture(scope="module")
def leads(simulated_files: Path) -> pd.DataFrame:
    """The people of the files, with the local month in which they came and the domain of their e-mail."""
    rows = pd.read_parquet(simulated_files / "leads.parquet")
    local = pd.to_datetime(rows["created_at"], utc=True).dt.tz_convert(TIMEZONE).dt.tz_localize(None)
    return rows.assign(
        month=local.dt.to_period("M").dt.start_time.dt.date,
        domain=rows["email"].str.lower().str.split("@").str[1],
    )


@pytest.fixture(scope="module")
def free_mail(leads: pd.DataFrame) -> pd.DataFrame:
    """The people with an address of a free-mail provider."""
    return leads[leads["domain"].isin(pd.read_csv(PLAYBOOK / "free_mail_domains.csv")["domain"])]


def test_all_people_with_free_mail_are_found_in_the_month_in_which_they_came(ask, leads, free_mail):
    found = ask(
        "select month_start_date, affected_count, total_count from marts.fct_data_gaps_monthly "
        "where gap = 'leads_with_free_mail'"
    )
    affected, total = free_mail.groupby("month").size(), leads.groupby("month").size()
    assert affected.sum() > 10
    assert sorted(found) == [(month, affected.get(month, 0), count) for month, count in total.items()]


def test_what_is_at_stake_with_people_is_the_pipeline_of_their_own_deals(ask, free_mail):
    deals = pd.DataFrame(
        ask("select primary_lead_id, primary_lead_rule, pipeline_amount from marts.fct_opportunities"),
        columns=["lead_id", "rule", "amount"],
    )
    own = deals[
        deals["lead_id"].isin(free_mail["lead_id"]) & deals["rule"].isin(["primary_contact", "earliest_contact"])
    ]
    [(amount,)] = ask("select value_at_stake_amount from marts.fct_data_gaps where gap = 'leads_with_free_mail'")
    assert amount == pytest.approx(own["amount"].sum(), abs=0.01)


def test_every_misspelt_record_of_the_files_is_found(ask, simulated_files):
    spellings = pd.read_csv(PLAYBOOK / "value_mappings.csv")
    counts = dict(ask("select gap, affected_count from marts.fct_data_gaps where gap like '%_with_mended_values'"))
    for entity in ("leads", "accounts", "opportunities"):
        rows = pd.read_parquet(simulated_files / f"{entity}.parquet")
        is_misspelt = pd.Series(False, rows.index)
        for column, known in spellings[spellings["entity"] == entity].groupby("column_name")["source_value"]:
            is_misspelt |= rows[column].isin(known)
        assert counts[f"{entity}_with_mended_values"] == is_misspelt.sum(), entity
    assert counts["leads_with_mended_values"] > 0


def test_no_gap_has_more_than_there_is_and_its_months_are_all_of_it(ask):
    gaps = ask("select gap, affected_count, total_count, value_at_stake_amount from marts.fct_data_gaps order by gap")
    months = ask(
        "select gaps.gap, coalesce(sum(months.affected_count), 0), coalesce(sum(months.total_count), 0), "
        "sum(cast(months.value_at_stake_amount as decimal(18, 4))) "
        "from marts.fct_data_gaps as gaps left join marts.fct_data_gaps_monthly as months using (gap) "
        "group by gaps.gap order by gaps.gap"
    )
    assert len(gaps) == len(pd.read_csv(PLAYBOOK / "data_gaps.csv"))
    for (gap, affected, total, money), (same_gap, *sums, months_money) in zip(gaps, months, strict=True):
        assert (gap, [affected, total]) == (same_gap, sums)
        assert affected <= total
        assert (money is None) == (months_money is None)
        assert float(months_money or 0) == pytest.approx(money or 0, abs=0.01)


def test_each_team_fills_its_fields_as_often_as_the_files_say(ask, leads, simulated_files):
    users = pd.read_parquet(simulated_files / "users.parquet").set_index("user_id")["team"]
    accounts = pd.read_parquet(simulated_files / "accounts.parquet").set_index("account_id")
    found = {
        (field, team): counts
        for field, team, *counts in ask(
            "select field, owner_team, lead_count, filled_count from marts.fct_icp_fill_rates"
        )
    }
    domains = pd.read_csv(PLAYBOOK / "internal_domains.csv")["domain"]
    held = leads[~leads["domain"].isin(domains)]
    known = {"lead.product_interest": held["product_interest"], "lead.seniority": held["seniority"]}
    # Whom the file ties to no company the warehouse ties by the domain of the e-mail.
    account_ids = held["lead_id"].map(dict(ask("select lead_id, account_id from marts.dim_leads")))
    for column in ("industry", "technology_tags"):
        known[f"account.{column}"] = account_ids.map(accounts[column])
    team = held["owner_id"].map(users).fillna("(none)")
    assert team.nunique() > 1
    for field, values in known.items():
        is_filled = values.notna() & (values.astype(str).str.strip() != "")
        for name, rows in is_filled.groupby(team):
            assert found[field, name] == [len(rows), rows.sum()], (field, name)
        assert found[field, "(all)"] == [len(is_filled), is_filled.sum()], field


def test_every_finding_is_proven_by_rows_of_the_mart_that_it_names(ask):
    found = ask("select diagnostic, subject, affected_count, proven_in from marts.fct_diagnostics")
    assert len({diagnostic for diagnostic, *_ in found}) > 3
    proofs = {
        "data_gaps": "select affected_count from marts.fct_data_gaps where gap = ?",
        "stuck_leads": "select count(*) from marts.fct_stuck_leads where stage = ?",
        "stuck_opportunities": "select count(*) from marts.fct_opportunities "
        "where is_stuck and not is_closed and stage = ?",
        "overdue_answers": "select count(*) from marts.fct_lead_handoffs "
        "where sla_state = 'past_due_open' and clock = ?",
        "late_answers": "select count(*) from marts.fct_lead_handoffs "
        "where sla_state in ('past_due_open', 'breached') and clock = ?",
    }
    for diagnostic, subject, affected, mart in found:
        if diagnostic != "score_alarms":
            assert mart in proofs[diagnostic]
            assert ask(proofs[diagnostic], [subject]) == [(affected,)], (diagnostic, subject)
