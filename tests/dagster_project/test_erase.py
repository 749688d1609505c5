"""Nobody can tell from the published numbers that a person was erased: not from those there are, nor from the next."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from refreshing import run_funnelhouse

from ingestion.config import Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh

# What a person counts in: stages, touches, credit, money, scores.
MARTS = (
    *("dim_leads", "fct_lead_stage_visits", "fct_touches", "fct_conversions", "fct_attribution_monthly"),
    *("fct_opportunities", "fct_lead_scores", "fct_lead_handoffs"),
)

SHARED_IDS = ("campaign_id", "account_id", "opportunity_id", "owner_id")


@dataclass(frozen=True)
class Erased:
    """A copy of the published demo from which somebody with a deal was erased by the command; what it said."""

    environment: dict[str, str]
    data_dir: Path
    before: Path
    email: str
    said: str


@pytest.fixture(scope="module")
def erased(
    published_demo: Path, demo_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Erased]:
    data_dir = tmp_path_factory.mktemp("erase") / "data"
    shutil.copytree(published_demo, data_dir, symlinks=True)
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        [(email,)] = connection.execute(
            """
            select email
            from raw_files.leads
            join raw_files.opportunity_contacts using (lead_id)
            join raw_files.activities using (lead_id)
            where email is not null and phone is not null
            group by all order by count(*) desc, email limit 1
            """
        ).fetchall()
    environment = demo_environment | {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_SOURCES": "files"}
    result = run_funnelhouse(f"erase {email.upper()}", environment)
    assert result.returncode == 0, result.stderr
    before = (published_demo / "serving" / "current.duckdb").resolve()
    yield Erased(environment, data_dir, before, email, result.stderr)


def differences(before: Path, after: Path, marts: tuple[str, ...]) -> dict[str, int]:
    """Per mart, rows of one of two databases that the other has not; ids and times of publishing aside."""
    found = {}
    with duckdb.connect() as connection:
        connection.execute(f"attach '{before}' as before (read_only); attach '{after}' as after (read_only)")
        for mart in marts:
            named = connection.execute(
                "select column_name from duckdb_columns() where database_name = 'before' and table_name = ?", [mart]
            ).fetchall()
            columns = [name for (name,) in named if not name.endswith("_id") or name in SHARED_IDS]
            selected = ", ".join(f'"{name}"' for name in columns)
            one, other = (f"select {selected} from {side}.marts.{mart}" for side in ("before", "after"))
            [(count, rows)] = connection.execute(
                f"""
                select
                    (select count(*) from (({one} except all {other}) union all ({other} except all {one}))),
                    (select count(*) from before.marts.{mart})
                """
            ).fetchall()
            assert rows > 0, mart
            found[mart] = count
    return {mart: count for mart, count in found.items() if count}


def test_the_command_says_what_it_did_in_a_few_lines_without_naming_anybody(erased):
    assert "✓ Erased: " in erased.said and "bytes searched. Counts and amounts stay." in erased.said
    assert "leads.parquet is yours and still names the person" in erased.said
    assert erased.email not in erased.said.lower()
    assert len(erased.said.splitlines()) <= 6


def test_the_published_numbers_are_the_same_and_name_the_person_no_more(erased, published_demo):
    after = (erased.data_dir / "serving" / "current.duckdb").resolve()
    assert after.name == erased.before.name
    assert differences(erased.before, after, MARTS) == {}
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as connection:
        lead = connection.execute("select lead_id from pii.contacts where email = ?", [erased.email]).fetchall()[0][0]
    with duckdb.connect(str(after), read_only=True) as connection:
        assert connection.execute("select count(*) from marts.dim_leads where lead_id = ?", [lead]).fetchall() == [(0,)]
        assert connection.execute("select count(*) from marts.funnel()").fetchall()[0][0] > 0


def test_the_next_load_and_build_give_the_same_numbers(erased):
    settings = Settings.from_environment(erased.environment)
    outcome = load("files", settings)
    assert outcome.changed_count == 0 and "leads 1" in outcome.notices[0]
    models = " ".join(f"+{mart}" for mart in MARTS)
    built = run_funnelhouse(
        f"exec dbt build --quiet --resource-type seed --resource-type model --select {models}", erased.environment
    )
    assert built.returncode == 0, built.stdout
    assert differences(erased.before, settings.warehouse, MARTS) == {}
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        emails = connection.execute("select count(*) from raw_files.leads where email is not null").fetchall()
    assert emails > [(0,)]
