"""No cent is lost between an ad platform and the staging models, although it restates its figures for weeks."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from refreshing import run_funnelhouse
from speaking import credentials, speaking

from ingestion.config import Settings
from ingestion.load import LOADED, load
from ingestion.simulator import company, systems
from ingestion.simulator.advertising import MICROS, Advertising, advertising
from ingestion.simulator.server.state import State

# In which parts of a currency unit each platform states money, and of what it counts whole conversions.
PLATFORMS = {
    "linkedin_ads": (MICROS, ["account", "date", "campaign", "group"]),
    "meta_ads": (100, ["account", "date", "campaign"]),
}
HELD_AGAINST = "assert_campaigns_spent_what_their_platform_states"
DAYS = 10


@dataclass
class Loaded:
    """What ten daily loads brought, and the story behind it."""

    warehouse: Path
    state: State

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def stated(self, platform: str) -> Advertising:
        """What the platform says at the end."""
        return advertising(self.state.story, platform, self.state.now)

    def staged(self, platform: str, figure: str) -> dict[tuple[str, str], int]:
        """The sum of a figure by currency and day, as the staging model has it."""
        found = self.query(
            f"""
            select currency, cast(date as varchar), sum({figure})
            from staging.stg_{platform}__campaign_spend_daily
            where not is_deleted
            group by all
            """
        )
        return {(currency, day): round(amount) for currency, day, amount in found if round(amount)}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Loaded on each of eleven days, then staged."""
    data_dir = tmp_path_factory.mktemp("platforms")
    with speaking() as (url, state):
        for day in range(DAYS + 1):
            own = {"FUNNELHOUSE_DATA_DIR": str(data_dir), "FUNNELHOUSE_SOURCES": ",".join(PLATFORMS)}
            environment = own | credentials(url, state)
            for platform in PLATFORMS:
                assert load(platform, Settings.from_environment(environment)).status == LOADED
            if day < DAYS:
                state.forward(1)
        models = " ".join(f"staging.{platform}" for platform in PLATFORMS)
        models += (
            " sources settings conversion_actions campaign_identities campaigns campaign_aliases campaign_spend_daily"
        )
        built = run_funnelhouse(
            f"exec dbt build --indirect-selection cautious --select {models} {HELD_AGAINST}", environment
        )
        assert built.returncode == 0, built.stdout
        yield Loaded(data_dir / "warehouse.duckdb", state)


def by_currency_and_day(rows: pd.DataFrame, currency: str, figure: str) -> dict[tuple[str, str], int]:
    sums = rows.assign(day=rows["date"].astype(str)).groupby([currency, "day"])[figure].sum().round()
    return {key: int(amount) for key, amount in sums.items() if amount}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_money_clicks_and_impressions_are_what_the_platform_states_at_the_end(loaded, platform):
    stated = loaded.stated(platform)
    parts, _ = PLATFORMS[platform]
    figures = ["cost_micros", "clicks", "impressions"]
    rows = stated.performance.groupby(["account", "campaign", "date"], as_index=False)[figures].sum()
    rows["currency"] = rows["account"].map(stated.accounts.set_index("number")["currency"])
    rows["parts"] = (rows["cost_micros"] * parts / MICROS).round()
    for figure, staged in (
        ("parts", f"cost_amount_local * {parts}"),
        ("clicks", "clicks"),
        ("impressions", "impressions"),
    ):
        assert loaded.staged(platform, staged) == by_currency_and_day(rows, "currency", figure), figure


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_the_platform_states_of_an_account_is_held_against_its_campaigns(loaded, platform, tmp_path):
    [test] = loaded.warehouse.parent.glob(f"dbt/compiled/**/{HELD_AGAINST}.sql")
    assert loaded.query(test.read_text()) == []
    copy = tmp_path / loaded.warehouse.name
    shutil.copy(loaded.warehouse, copy)
    with duckdb.connect(str(copy)) as connection:
        fullest = "cast(date_trunc('month', arg_max(date, cost_amount_local)) as date)"
        [(month,)] = connection.execute(f"select {fullest} from staging.stg_{platform}__stated_spend_daily").fetchall()
        # A fiftieth of what was spent in a month, lost on the way.
        connection.execute(
            """
            update unified.campaign_spend_daily set cost_amount_local = cost_amount_local * 0.98
            where source = ? and date_trunc('month', date) = ?
            """,
            [platform, month],
        )
        told = connection.execute(test.read_text()).fetchall()
    assert {(source, told_month) for source, _, told_month, *_ in told} == {(platform, month)}
    assert [spent / stated for *_, stated, spent in told] == pytest.approx([0.98] * len(told), abs=1e-4)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_conversion_is_counted_once(loaded, platform):
    stated = loaded.stated(platform)
    _, counted_of = PLATFORMS[platform]
    rows = stated.performance.groupby(counted_of, as_index=False, dropna=False)["conversions"].sum()
    rows["currency"] = rows["account"].map(stated.accounts.set_index("number")["currency"])
    rows["conversions"] = rows["conversions"].round()
    assert loaded.staged(platform, "platform_conversions") == by_currency_and_day(rows, "currency", "conversions")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_money_of_days_that_are_final_is_to_the_cent_what_was_truly_spent(loaded, platform):
    story, now = loaded.state.story, loaded.state.now
    campaigns = story.entities["campaigns"].set_index("campaign_id")["platform"].map(systems.AD_PLATFORMS)
    truth = story.known("campaign_spend_daily", now)
    truth = truth[truth["campaign_id"].map(campaigns) == platform]
    truth = truth.assign(cents=truth["cost_amount_local"] * 100)
    final = str((pd.Timestamp(now) - pd.Timedelta(days=company.CONVERSIONS_FINAL_AFTER_DAYS)).date())
    spent = by_currency_and_day(truth[truth["date"].astype(str) < final], "currency", "cents")
    staged = loaded.staged(platform, "cost_amount_local * 100")
    assert len(spent) > 100
    assert {key: amount for key, amount in staged.items() if key[1] < final} == spent


@pytest.mark.parametrize("platform", PLATFORMS)
def test_figures_were_restated_meanwhile(loaded, platform):
    """Else the claims above would say nothing of restatements."""
    tables = import_module(f"ingestion.sources.{platform}.tables").TABLES
    restated = [
        table.name
        for table in tables.values()
        if "date" in table.key
        and loaded.query(f"select count(*) > count(distinct ({', '.join(table.key)})) from raw_{platform}.{table.name}")
        == [(True,)]
    ]
    assert len(restated) >= 2


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_tag_and_number_means_its_campaign(loaded, platform):
    stated = loaded.stated(platform)
    aliases = dict(loaded.query(f"select alias, campaign_id from staging.stg_{platform}__campaign_aliases"))
    for campaign in stated.campaigns.itertuples():
        assert aliases[campaign.tag] == aliases[str(campaign.number)] == f"{platform}:{campaign.number}"
    for group in stated.groups.itertuples():
        assert aliases[str(group.number)] == f"{platform}:{group.campaign}/{group.number}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_row_of_spend_belongs_to_a_campaign_and_every_ad_group_to_its_parent(loaded, platform):
    spend, campaigns = (f"staging.stg_{platform}__{name}" for name in ("campaign_spend_daily", "campaigns"))
    assert loaded.query(f"select * from {spend} anti join {campaigns} using (campaign_id)") == []
    stated = loaded.stated(platform)
    found = loaded.query(f"select campaign_id, parent_campaign_id, campaign_name from {campaigns} order by all")
    wanted = [(f"{platform}:{row.number}", None, row.name) for row in stated.campaigns.itertuples()]
    wanted += [
        (f"{platform}:{row.campaign}/{row.number}", f"{platform}:{row.campaign}", row.name)
        for row in stated.groups.itertuples()
    ]
    assert sorted(found) == sorted(wanted)
