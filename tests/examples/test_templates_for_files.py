"""Ready SQL for the files of others: what a vendor's layout says comes out as the entity that it is."""

import datetime
from pathlib import Path

import duckdb
import pytest
from refreshing import PROJECT_DIR, run_funnelhouse

from ingestion.config import Settings
from ingestion.load import LOADED, load

RATES = """Date,USD,JPY,PLN,CYP,
2026-11-20,1.0870,163.5,4.3210,N/A,
2026-11-19,1.0900,163.0,N/A,N/A,
"""
PROFILE, COMPANY = "https://www.linkedin.com/in", "https://www.linkedin.com/company/acme"
PEOPLE = f"""First Name,Last Name,Title,Company,Country,LinkedIn Profile URL,LinkedIn Company URL,Email,CRM Record ID,\
Buying Role,Date Saved
Ada,Nowak,CFO,Acme,PL,{PROFILE}/ada-nowak/?x=1,{COMPANY},ada@acme.example,,Decision Maker,2026-10-02
Ada,Nowak,CFO,Acme,PL,{PROFILE}/Ada-Nowak,{COMPANY},ada@acme.example,,Champion,2026-10-20
Jan,Kos,CTO,Acme,PL,{PROFILE}/jan-kos,{COMPANY},,crm-7,Champion,2026-10-03
Eva,Lis,COO,Acme,PL,{PROFILE}/eva-lis,{COMPANY},,,,2026-10-04
"""
COMPANIES = """Account Name,Website,Industry,Employees,Country,LinkedIn Company URL
Acme,https://www.acme.example/about,Logistics,250,PL,https://www.linkedin.com/company/acme/
"""
ACTIVITY = """Date,User,LinkedIn Profile URL,CRM Record ID,Activity
2026-10-05T09:00:00Z,Piotr,https://www.linkedin.com/in/ada-nowak,,InMail Sent
2026-10-06T09:00:00Z,Piotr,https://www.linkedin.com/in/ada-nowak,,InMail Accepted
2026-10-06T09:00:00Z,Piotr,https://www.linkedin.com/in/ada-nowak,,InMail Accepted
2026-10-07T09:00:00Z,Piotr,https://www.linkedin.com/in/jan-kos,crm-7,Lead Saved
2026-10-08T09:00:00Z,Piotr,https://www.linkedin.com/in/eva-lis,,Poked
"""


def settings_for(example: str, folder: Path, files: dict[str, str]) -> dict[str, str]:
    inbox = folder / "inbox"
    inbox.mkdir()
    for name, text in files.items():
        (inbox / name).write_text(text, encoding="utf-8")
    return {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_FILES_DIR": f"{inbox}:{PROJECT_DIR / 'examples' / example}",
        "FUNNELHOUSE_AS_OF": "2026-11-21T00:00:00Z",
    }


def test_the_central_banks_table_becomes_a_rate_per_currency_and_day(tmp_path):
    environment = settings_for("ecb_rates", tmp_path, {"eurofxref-hist.csv": RATES})
    result = load("files", Settings.from_environment(environment))
    assert result.status == LOADED, result.message
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:
        rows = connection.execute(
            "select currency, date, rate_to_reporting from raw_files.fx_rates_daily order by all"
        ).fetchall()
    first, second = datetime.date(2026, 11, 19), datetime.date(2026, 11, 20)
    given = {("JPY", first): 163.0, ("JPY", second): 163.5, ("PLN", second): 4.321}
    given |= {("USD", first): 1.09, ("USD", second): 1.087}
    assert [(currency, day) for currency, day, _ in rows] == sorted(given)
    assert [rate for *_, rate in rows] == [pytest.approx(1 / given[key], rel=1e-15) for key in sorted(given)]


@pytest.mark.refresh
def test_sales_navigator_lists_are_tied_to_people_and_companies(tmp_path):
    # A record of the CRM with the same e-mail, in the same file as the lists.
    files = {
        "sales_navigator_leads.csv": PEOPLE,
        "sales_navigator_accounts.csv": COMPANIES,
        "sales_navigator_activity.csv": ACTIVITY,
        "mine.csv": "lead_id,created_at,email\ncrm-1,2026-01-05,ADA@acme.example\ncrm-7,2026-01-06,jan@acme.example\n",
    }
    environment = settings_for("sales_navigator", tmp_path, files)
    template = (PROJECT_DIR / "examples" / "sales_navigator" / "leads.sql").read_text()
    (tmp_path / "inbox" / "leads.sql").write_text(f"{template} union all by name select * from 'mine.csv'")
    result = load("files", Settings.from_environment(environment))
    assert (result.status, result.quarantined_count) == (LOADED, 1), result.message
    models = "+leads +activities +lead_attribute_changes +quarantine"
    built = run_funnelhouse(
        f"exec dbt build --quiet --select {models} --exclude-resource-type test unit_test", environment
    )
    assert built.returncode == 0, built.stdout
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:

        def ask(sql: str) -> list[tuple]:
            return connection.execute(sql).fetchall()

        people = ask("select lead_id, account_id, persona, job_title from unified.leads order by created_at")
        ada, jan, eva = (row[0] for row in people)
        assert (ada, jan) == ("crm-1", "crm-7")
        assert {row[1] for row in people} == {"linkedin:company:acme"}
        assert people[0][2:] == ("champion", "CFO")
        assert ask("select lead_id, value from unified.lead_attribute_changes order by changed_at") == [
            (ada, "decision maker"),
            (jan, "champion"),
            (ada, "champion"),
        ]
        assert ask("select lead_id, activity_type, actor, outcome from unified.activities order by occurred_at") == [
            (ada, "message_sent", "rep", "sent"),
            (ada, "message_replied", "person", "accepted"),
            (jan, "note", "rep", "saved as lead"),
        ]
        # Who is known by nothing but a profile is a person of the company, whose profile no table tells.
        assert eva.startswith("linkedin:") and "eva" not in eva
        assert ask("select reason from unified.quarantine") == [("activity_type: … is unknown in the playbook",)]
