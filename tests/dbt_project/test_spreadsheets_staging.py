"""What marketing's spreadsheets become once they are staged, from the filled templates on."""

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from refreshing import PROJECT_DIR, run_funnelhouse

from ingestion.config import Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse with the templates loaded and staged; dbt's tests and unit tests of the folder have passed."""
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(tmp_path_factory.mktemp("spreadsheets")),
        "FUNNELHOUSE_SOURCES": "spreadsheets",
        "FUNNELHOUSE_SPREADSHEETS_DIR": str(PROJECT_DIR / "examples" / "templates"),
    }
    settings = Settings.from_environment(environment)
    assert load("spreadsheets", settings).status == "loaded"
    result = run_funnelhouse("exec dbt build --select staging.spreadsheets --indirect-selection cautious", environment)
    assert result.returncode == 0, result.stdout
    return settings.warehouse


def query(warehouse: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_money_in_is_money_out_to_the_cent(staged):
    """Per campaign, currency and span of days, however many days it was divided over."""
    given = query(
        staged,
        """
        select 'spreadsheets:' || campaign_key, currency, sum(cast(cost as decimal(18, 2)))
        from raw_spreadsheets.offline_spend group by all order by all
        """,
    )
    divided = query(
        staged,
        """
        select campaign_id, currency, sum(cast(cost_amount_local as decimal(18, 2)))
        from staging.stg_spreadsheets__campaign_spend_daily group by all order by all
        """,
    )
    assert divided == given == [
        ("spreadsheets:prasa branżowa", "PLN", Decimal("12300.00")),
        ("spreadsheets:targi poznań", "PLN", Decimal("29150.50")),
    ]  # fmt: skip
    days = query(
        staged,
        """
        select round(cost_amount_local, 2), impressions, count(*) from staging.stg_spreadsheets__campaign_spend_daily
        where campaign_id like '%prasa%' group by all order by all
        """,
    )
    assert days == [(396.77, 645, 18), (396.78, 645, 8), (396.78, 646, 5)]


def test_after_edits_moves_and_renames_the_money_is_what_the_sheets_say_last(tmp_path):
    """A renamed file keeps its old rows, a row moves between files, one changes, one goes: each cent counts once."""
    folder = tmp_path / "sheets"
    folder.mkdir()
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"),
        "FUNNELHOUSE_SOURCES": "spreadsheets",
        "FUNNELHOUSE_SPREADSHEETS_DIR": str(folder),
    }

    def load_with(**files: str) -> None:
        for path in folder.iterdir():
            path.unlink()
        for name, rows in files.items():
            (folder / f"{name}.csv").write_text(f"Campaign;From;To;Item;Cost;Currency\n{rows}", encoding="utf-8")
        assert load("spreadsheets", Settings.from_environment(environment)).status == "loaded"

    fair = "Fair;2026-03-01;2026-03-07;Stand;{};EUR\n"
    print_ad, radio = "Print;2026-03-01;2026-03-31;;999,99;EUR\n", "Radio;2026-03-05;2026-03-05;;10;PLN\n"
    load_with(old=fair.format("1000,00") + print_ad + radio)
    load_with(new=fair.format("1000,00") + print_ad + radio)
    load_with(new=fair.format("1234,56") + radio, other=print_ad)
    load_with(new=fair.format("1234,56"), other=print_ad + "Print;2026-03-01;2026-03-31;;5;PLN\n")
    result = run_funnelhouse("exec dbt run --select +stg_spreadsheets__campaign_spend_daily", environment)
    assert result.returncode == 0, result.stdout
    spent = query(
        tmp_path / "data" / "warehouse.duckdb",
        """
        select campaign_id, currency, sum(cast(cost_amount_local as decimal(18, 2))), count(*)
        from staging.stg_spreadsheets__campaign_spend_daily where not is_deleted group by all order by all
        """,
    )
    assert spent == [
        ("spreadsheets:fair", "EUR", Decimal("1234.56"), 7),
        ("spreadsheets:print/EUR", "EUR", Decimal("999.99"), 31),
        ("spreadsheets:print/PLN", "PLN", Decimal("5.00"), 31),
    ]


def test_every_person_of_a_sheet_is_a_lead_under_the_key_of_their_email(staged):
    people = query(
        staged,
        """
        select distinct email_key from (
            select email_key from raw_spreadsheets.attendance
            union all
            select email_key from raw_spreadsheets.cold_emails
        ) order by all
        """,
    )
    leads = query(staged, "select email_key, lead_id from staging.stg_spreadsheets__leads order by all")
    assert leads == [(key, f"spreadsheets:{key}") for (key,) in people]


def test_names_and_addresses_stand_in_contacts_alone(staged):
    columns = query(
        staged,
        """
        select distinct table_name from duckdb_columns()
        where schema_name = 'staging' and column_name in ('email', 'full_name')
        """,
    )
    personal = {"attendances", "cold_emails", "people", "contacts"}
    assert {name.removeprefix("stg_spreadsheets__") for (name,) in columns} == personal


def test_every_step_of_a_mail_and_every_attendance_is_an_activity(staged):
    found = query(
        staged,
        """
        select activity_type, actor, channel, count(*) from staging.stg_spreadsheets__activities
        group by all order by all
        """,
    )
    assert found == [
        ("email_bounced", "automation", "cold_email", 1),
        ("email_clicked", "person", "cold_email", 1),
        ("email_opened", "person", "cold_email", 2),
        ("email_replied", "person", "cold_email", 1),
        ("email_sent", "automation", "cold_email", 3),
        ("event_attended", "person", None, 2),
        ("webinar_attended", "person", None, 1),
        ("webinar_registered", "person", None, 1),
    ]


def test_costs_targets_and_products_are_as_the_sheets_say(staged):
    def staged_rows(columns: str, entity: str) -> list[tuple]:
        return query(staged, f"select {columns} from staging.stg_spreadsheets__{entity} group by all order by all")

    assert staged_rows("team, sum(amount_local), min(currency)", "costs_monthly") == [
        ("marketing", 18648.9, "EUR"),
        ("sales", 32000, "EUR"),
    ]
    assert staged_rows("kpi, dimension_value, target", "targets") == [
        ("mql_count", "webinar", 30),
        ("mql_count", None, 120),
        ("mql_to_sql_rate", None, 0.25),
    ]
    assert staged_rows("product, list_price_amount_local, currency, gross_margin_rate, is_active", "products") == [
        ("Route Planner", 4900, "EUR", 0.62, True),
        ("Yard Manager", 7250.5, "EUR", 0.58, False),
    ]
