"""Every source of an API loads the whole truth: at once or day by day, killed or left in peace, whatever goes wrong.

The made-up company answers for each vendor; what one undisturbed load brings in is the yardstick of all others.
"""

import multiprocessing
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from pathlib import Path

import duckdb
import pytest
from speaking import credentials, speaking

from ingestion.config import Settings
from ingestion.load import FAILED, LOADED, Load, load, restore
from ingestion.simulator.server.state import State
from ingestion.simulator.systems import Setup
from ingestion.sources import source_module

VENDORS = ("hubspot", "salesforce", "marketo", "google_ads", "linkedin_ads", "meta_ads", "google_analytics")
# The secret of each vendor's credentials.
SECRETS = {
    "HUBSPOT_TOKEN": "hubspot",
    "SALESFORCE_CLIENT_SECRET": "salesforce",
    "MARKETO_CLIENT_SECRET": "marketo",
    "GOOGLE_ADS_REFRESH_TOKEN": "google_ads",
    "LINKEDIN_ADS_CLIENT_SECRET": "linkedin_ads",
    "META_ADS_ACCESS_TOKEN": "meta_ads",
    "GOOGLE_ANALYTICS_REFRESH_TOKEN": "google_analytics",
}
# Google forgets clicks after 90 days, a warehouse does not: all that is compared happened later.
MORE_SETTINGS = {"google_ads": {"FUNNELHOUSE_GOOGLE_ADS_SINCE": "2026-07-25"}}
# Killed children begin with everything imported, so that the kills meet loads and not imports.
FORKSERVER = multiprocessing.get_context("forkserver")
FORKSERVER.set_forkserver_preload(["ingestion.load", *(f"ingestion.sources.{vendor}" for vendor in VENDORS)])


@dataclass
class Company:
    """A server and one data directory that loads from it."""

    vendor: str
    url: str
    state: State
    data_dir: Path

    def environment(self) -> dict[str, str]:
        own = {"FUNNELHOUSE_DATA_DIR": str(self.data_dir), "FUNNELHOUSE_SOURCES": self.vendor}
        return own | credentials(self.url, self.state) | MORE_SETTINGS.get(self.vendor, {})

    def load(self) -> Load:
        return load(self.vendor, Settings.from_environment(self.environment()))

    def loaded(self) -> Load:
        result = self.load()
        assert result.status == LOADED, result.message
        return result

    def elsewhere(self, folder: Path) -> "Company":
        """The same server with another data directory."""
        return Company(self.vendor, self.url, self.state, folder)

    def standing(self) -> dict[str, dict[tuple, frozenset]]:
        """Per raw table, what stands: key → the filled cells of the last version, where that is not a deletion."""
        tables = import_module(f"ingestion.sources.{self.vendor}.tables").TABLES
        with duckdb.connect(str(self.data_dir / "warehouse.duckdb"), read_only=True) as connection:
            return {
                name: _standing(connection, f"raw_{self.vendor}.{name}", table.key) for name, table in tables.items()
            }

    def versions(self) -> dict[str, int]:
        """How many rows each raw table of records has."""
        tables = [table for table in source_module(self.vendor).raw_tables() if table != "cursors"]
        with duckdb.connect(str(self.data_dir / "warehouse.duckdb"), read_only=True) as connection:
            return {
                table: connection.execute(f"select count(*) from raw_{self.vendor}.{table}").fetchone()[0]
                for table in tables
            }


def _standing(connection: duckdb.DuckDBPyConnection, table: str, key: tuple[str, ...]) -> dict[tuple, frozenset]:
    rows = connection.execute(
        f"""
        select * from {table}
        qualify row_number() over (partition by {", ".join(key)} order by _loaded_at desc, _dlt_load_id desc) = 1
        """
    )
    names = [column[0] for column in rows.description]
    standing = {}
    for row in rows.fetchall():
        cells = dict(zip(names, row, strict=True))
        if not cells["_is_deleted"]:
            own = frozenset((name, value) for name, value in cells.items() if name[0] != "_" and value is not None)
            standing[tuple(cells[name] for name in key)] = own
    return standing


@contextmanager
def company(vendor: str, data_dir: Path) -> Iterator[Company]:
    with speaking(Setup.HUBSPOT if vendor == "hubspot" else Setup.SALESFORCE) as (url, state):
        yield Company(vendor, url, state, data_dir)


@pytest.fixture(params=VENDORS)
def vendor(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def yardstick(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], dict[str, dict]]:
    """What one undisturbed load of a vendor brings in at the beginning."""

    @cache
    def measured(vendor: str) -> dict[str, dict]:
        with company(vendor, tmp_path_factory.mktemp(vendor)) as undisturbed:
            undisturbed.loaded()
            return undisturbed.standing()

    return measured


def assert_equal(found: dict[str, dict], wanted: dict[str, dict]) -> None:
    """Equal table by table, with the first differences in words.

    Join keys of e-mails are left out: every data directory has a secret of its own.
    """
    assert found.keys() == wanted.keys()
    for table in wanted:
        missing, surplus = wanted[table].keys() - found[table].keys(), found[table].keys() - wanted[table].keys()
        assert not missing, f"{table}: {len(missing)} lost, such as {sorted(missing)[:3]}"
        assert not surplus, f"{table}: {len(surplus)} too many, such as {sorted(surplus)[:3]}"
        for key, cells in wanted[table].items():
            differing = {cell for cell in cells ^ found[table][key] if cell[0] != "email_key"}
            assert not differing, f"{table} {key}: {sorted(differing, key=str)[:6]}"


def test_a_load_brings_every_table_and_a_second_one_nothing(vendor, tmp_path):
    with company(vendor, tmp_path) as one:
        assert one.loaded().quarantined_count == 0
        empty = [table for table, rows in one.standing().items() if not rows]
        assert not empty, f"no rows in {empty}"
        before = one.versions()
        assert one.loaded().changed_count == 0
        assert one.versions() == before


def test_ten_daily_loads_give_what_one_load_at_the_end_gives(vendor, tmp_path):
    with company(vendor, tmp_path / "daily") as daily:
        daily.loaded()
        for _ in range(10):
            daily.state.forward(1)
            daily.loaded()
        once = daily.elsewhere(tmp_path / "once")
        once.loaded()
        assert_equal(daily.standing(), once.standing())


def test_a_lost_warehouse_is_restored_and_read_on_from_where_it_was(vendor, tmp_path):
    with company(vendor, tmp_path) as one:
        one.loaded()
        one.state.forward(1)
        one.loaded()
        standing, versions = one.standing(), one.versions()
        (tmp_path / "warehouse.duckdb").rename(tmp_path / "lost.duckdb")
        restore(Settings.from_environment(one.environment()), lambda _: None)
        assert_equal(one.standing(), standing)
        assert one.versions() == versions
        assert one.loaded().changed_count == 0
        one.state.forward(1)
        one.loaded()
        once = one.elsewhere(tmp_path / "once")
        once.loaded()
        assert_equal(one.standing(), once.standing())


def test_killed_at_twenty_points_nothing_is_lost_or_doubled(vendor, tmp_path):
    lot = random.Random(5)
    with company(vendor, tmp_path / "killed") as killed:
        kills = 0
        while kills < 20:
            child = FORKSERVER.Process(target=_load_in_a_process, args=(vendor, killed.environment()))
            child.start()
            child.join(lot.uniform(0.05, 2.0))
            if child.is_alive():
                child.kill()
                child.join()
                kills += 1
            else:
                assert child.exitcode == 0
                killed.state.forward(1)
        killed.loaded()
        once = killed.elsewhere(tmp_path / "once")
        once.loaded()
        assert_equal(killed.standing(), once.standing())
        before = killed.versions()
        assert killed.loaded().changed_count == 0
        assert killed.versions() == before


def _load_in_a_process(vendor: str, environment: dict[str, str]) -> None:
    assert load(vendor, Settings.from_environment(environment)).status == LOADED


@pytest.mark.parametrize(
    "shares",
    [
        {"rate_limit": 0.15},
        {"server_error": 0.15},
        {"timeout": 0.05},
        {"dropped": 0.1},
        {"expired_token": 0.05},
        {"duplicated_pages": 0.4},
        {"unordered_pages": 1.0},
    ],
    ids=lambda shares: next(iter(shares)),
)
def test_under_a_passing_fault_the_load_is_complete_and_right(vendor, shares, tmp_path, yardstick):
    with company(vendor, tmp_path) as struck:
        struck.state.faults.set(shares, (vendor,))
        struck.loaded()
        if not {"duplicated_pages", "unordered_pages"} & shares.keys():
            assert sum(struck.state.faults.answers.values()), "the fault never struck"
        assert_equal(struck.standing(), yardstick(vendor))


@pytest.mark.parametrize("kind", ["rate_limit", "server_error", "expired_token"])
def test_a_fault_that_lasts_is_one_line_and_changes_nothing(vendor, kind, tmp_path):
    with company(vendor, tmp_path) as struck:
        struck.loaded()
        standing, versions = struck.standing(), struck.versions()
        struck.state.forward(1)
        struck.state.faults.set({kind: 1.0}, (vendor,))
        settings = Settings.from_environment(struck.environment() | {"FUNNELHOUSE_HTTP_ATTEMPTS": "3"})
        result = load(vendor, settings)
        assert result.status == FAILED
        assert len(result.message.splitlines()) == 1, result.message
        assert "made-up" not in result.message
        assert (struck.standing(), struck.versions()) == (standing, versions)
        struck.state.faults.set({})
        struck.loaded()


def test_a_new_field_is_a_new_column(vendor, tmp_path, yardstick):
    with company(vendor, tmp_path) as drifting:
        drifting.loaded()
        drifting.state.forward(1)
        drifting.state.faults.set({"new_field": 1.0}, (vendor,))
        assert drifting.loaded().quarantined_count == 0
        columns = {name for rows in drifting.standing().values() for cells in rows.values() for name, _ in cells}
        known = {name for rows in yardstick(vendor).values() for cells in rows.values() for name, _ in cells}
        assert columns - known


def test_a_changed_type_sets_records_aside_until_they_are_read_anew(vendor, tmp_path, yardstick):
    with company(vendor, tmp_path) as drifting:
        drifting.state.faults.set({"changed_type": 1.0}, (vendor,))
        result = drifting.loaded()
        assert result.quarantined_count > 0
        lost = {table: rows.keys() - drifting.standing()[table].keys() for table, rows in yardstick(vendor).items()}
        assert 0 < sum(len(keys) for keys in lost.values()) <= result.quarantined_count
        drifting.state.faults.set({})
        settings = Settings.from_environment(drifting.environment() | {"FUNNELHOUSE_RELOAD": vendor})
        assert load(vendor, settings).status == LOADED
        assert_equal(drifting.standing(), yardstick(vendor))


@pytest.mark.parametrize("variable", SECRETS)
def test_a_wrong_secret_is_one_line_that_names_the_setting(variable, tmp_path):
    name = SECRETS[variable]
    with company(name, tmp_path) as closed:
        environment = closed.environment() | {f"FUNNELHOUSE_{variable}": "wrong-secret"}
        result = load(name, Settings.from_environment(environment))
        assert result.status == FAILED
        assert f"FUNNELHOUSE_{variable}" in result.message
        assert "wrong-secret" not in result.message
        assert len(result.message.splitlines()) == 1


@pytest.mark.parametrize("variable", SECRETS)
def test_a_missing_secret_is_one_line_that_names_the_setting(variable, tmp_path):
    name = SECRETS[variable]
    with company(name, tmp_path) as closed:
        environment = closed.environment() | {f"FUNNELHOUSE_{variable}": ""}
        result = load(name, Settings.from_environment(environment))
        assert result.status == FAILED
        assert f"FUNNELHOUSE_{variable}" in result.message
        assert len(result.message.splitlines()) == 1
