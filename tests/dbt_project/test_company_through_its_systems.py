"""What the warehouse tells of the made-up company, having asked its CRMs, Marketo and ad platforms, is what happened.

The yardstick is the company's own story, worked out here in pandas; the warehouse never sees it.
"""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from speaking import NOW, STORY_SETUP, story

from ingestion.simulator import company, systems
from ingestion.simulator.filed import system_of_campaigns

pytestmark = pytest.mark.refresh

STAGE_REPEAT = timedelta(minutes=1)
STAGE_ORDER = {"lead": 1, "mql": 2, "sql": 3, "opportunity": 4}
FINDINGS = "select entity_id from intermediate.int_data_gap_findings where gap = '{}'"
CLICKS_FINAL = timedelta(days=company.CLICKS_FINAL_AFTER_DAYS)


@pytest.fixture(scope="module")
def warehouse(published_systems: Path) -> Callable[..., pd.DataFrame]:
    """Ask the warehouse itself, staging and unified included."""

    def ask(sql: str) -> pd.DataFrame:
        with duckdb.connect(str(published_systems / "warehouse.duckdb"), read_only=True) as connection:
            return connection.execute(sql).df()

    return ask


@pytest.fixture(scope="module")
def ids(warehouse) -> pd.Series:
    """Our own id of a record of any system, by the prefixed id that its system gives."""
    identities = warehouse("select source_id, canonical_id from unified.identity_map where is_current")
    return identities.set_index("source_id")["canonical_id"]


@pytest.fixture(scope="module")
def people(ids: pd.Series) -> pd.DataFrame:
    """The story's leads that are known and neither deleted nor erased, with `person`, the id in the warehouse."""
    leads = story().known("leads", NOW)
    leads = leads[~(leads["deleted_at"] <= NOW) & ~(leads["erased_at"] <= NOW)]
    return leads.assign(person=_record_ids(leads).map(ids))


def _record_ids(leads: pd.DataFrame) -> pd.Series:
    crm = STORY_SETUP.crm(leads["market"])
    return pd.Series(
        [
            f"{system}:{systems.hubspot_id(lead) if system == 'hubspot' else systems.salesforce_id('00Q', lead)}"
            for system, lead in zip(crm, leads["lead_id"], strict=True)
        ],
        index=leads.index,
    )


def test_every_person_is_one_person_whatever_the_systems_say(people, warehouse):
    assert people["person"].notna().all()
    # The same person by the story: one e-mail, or merged by hand.
    address = people["email"].str.lower().fillna(people["lead_id"])
    merged = people["merged_into_lead_id"].where(people["merged_at"] <= NOW)
    target = people.set_index("lead_id")["email"].str.lower()
    address = merged.map(target).fillna(address)
    groups = people.groupby(address)["person"]
    assert (groups.nunique() == 1).all()
    assert people["person"].nunique() == groups.ngroups
    [(count,)] = warehouse("select count(*) from marts.dim_leads").to_numpy()
    assert count == groups.ngroups


def test_stage_visits_are_the_companys_own_log_visit_by_visit(people, warehouse):
    changes = story().known("lead_stage_changes", NOW)
    changes = changes.assign(person=changes["lead_id"].map(people.set_index("lead_id")["person"])).dropna(
        subset="person"
    )
    changes = changes.assign(order=changes["stage"].map(STAGE_ORDER).fillna(1000))
    changes = changes.sort_values(["person", "changed_at", "order"], ignore_index=True)
    before = changes.groupby("person")[["stage", "changed_at"]].shift()
    is_repeat = (changes["stage"] == before["stage"]) & (changes["changed_at"] - before["changed_at"] <= STAGE_REPEAT)
    visits = changes[~is_repeat]
    exited_at = visits.groupby("person")["changed_at"].shift(-1)
    expected = visits.assign(exited_at=exited_at)[["person", "stage", "changed_at", "exited_at", "reason"]]
    found = warehouse(
        "select lead_id, stage, entered_at, exited_at, reason from marts.fct_lead_stage_visits where not is_inferred"
    )
    wanted, got = _as_rows(expected), _as_rows(found)
    assert not wanted - got, f"{len(wanted - got)} of {len(wanted)} missing, such as {sorted(wanted - got)[:5]}"
    assert not got - wanted, f"{len(got - wanted)} too many, such as {sorted(got - wanted)[:5]}"


def _as_rows(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(frame.astype(object).where(frame.notna(), None).astype(str).itertuples(index=False, name=None))


def test_every_activity_arrives_exactly_once(people, warehouse):
    done = systems.activities(story(), STORY_SETUP)
    done = done[(done["known_at"] <= NOW) & (done["occurred_at"] <= NOW)]
    person = done["lead_id"].map(people.set_index("lead_id")["person"])
    # What was done by people who are gone is gone with them; strangers stay.
    done = done.assign(person=person)[person.notna() | done["lead_id"].isna()]
    found = warehouse(
        """
        select activities.activity_type, activities.lead_id, activities.occurred_at
        from unified.activities
        left join unified.leads using (lead_id)
        where not activities.is_deleted and (activities.lead_id is null or not leads.is_deleted)
        """
    )
    expected = done.groupby([done["activity_type"], done["person"].fillna(""), done["occurred_at"]]).size()
    arrived = found.groupby([found["activity_type"], found["lead_id"].fillna(""), found["occurred_at"]]).size()
    difference = expected.sub(arrived, fill_value=0)
    difference = difference[difference != 0]
    assert difference.empty, f"{len(difference)} of {len(expected)}:\n{difference.head(10)}"


def test_deals_have_their_amounts_and_ends(ids, warehouse):
    deals = story().known("opportunities", NOW)
    deals = deals[~(deals["deleted_at"] <= NOW)].set_index("opportunity_id")
    changes = story().known("opportunity_stage_changes", NOW)
    last = changes[changes["opportunity_id"].isin(deals.index)].groupby("opportunity_id").last()
    crm = STORY_SETUP.crm(deals["market"])
    names = [
        f"{system}:{systems.hubspot_id(deal) if system == 'hubspot' else systems.salesforce_id('006', deal)}"
        for deal, system in crm.items()
    ]
    expected = pd.DataFrame(
        {
            "opportunity_id": names,
            "stage": last["stage"].reindex(deals.index).to_numpy(),
            "amount_local": last["amount_local"].reindex(deals.index).to_numpy(),
            "currency": deals["currency"].to_numpy(),
            "created_at": deals["created_at"].to_numpy(),
            "is_won": (last["stage"] == "won").reindex(deals.index).to_numpy(),
        }
    )
    found = warehouse(
        """
        select opportunity_id, stage, amount_local, currency, created_at, is_won
        from unified.opportunities where not is_deleted
        """
    )
    assert _as_rows(found) == _as_rows(expected)


@pytest.fixture(scope="module")
def campaigns() -> pd.Series:
    """The id in the warehouse of each campaign of the story, which its CRM (Marketo of its mailings) lends it."""
    system = system_of_campaigns(story(), STORY_SETUP)
    names = [systems.warehouse_id(campaign, system[campaign]) for campaign in system.index]
    return pd.Series(names, index=system.index)


def test_a_campaign_of_an_ad_platform_is_the_crms_campaign(campaigns, warehouse):
    known = story().known("campaigns", NOW)
    bought = known[known["platform"].isin(systems.AD_PLATFORMS)]
    found = warehouse(
        """
        select campaign_id, campaign_name, platform from unified.campaigns
        where not coalesce(is_ad_group, false) and platform in ('Google Ads', 'LinkedIn Ads', 'Meta Ads')
        """
    )
    expected = bought.assign(campaign_id=bought["campaign_id"].map(campaigns))
    assert len(expected) > 10
    assert _as_rows(found) == _as_rows(expected[["campaign_id", "campaign_name", "platform"]])


def test_every_cent_of_media_stands_once_at_its_campaign_and_day(campaigns, warehouse):
    spent = story().known("campaign_spend_daily", NOW)
    # Of the last days the platforms still state clicks that they will find invalid.
    spent = spent[(spent["known_at"] <= NOW - CLICKS_FINAL) & (spent["cost_amount_local"] > 0)]
    expected = spent.assign(campaign_id=spent["campaign_id"].map(campaigns))
    found = warehouse(
        f"""
        select
            case when campaigns.is_ad_group then parent_campaign_id else campaign_id end as campaign_id,
            performance.date,
            min(performance.currency) as currency,
            sum(performance.cost_amount_local) as cost_amount_local,
            bool_or(performance.cost_amount is null) as is_unknown
        from marts.fct_campaign_performance_daily as performance
        inner join unified.campaigns as campaigns using (campaign_id)
        where performance.date <= date '{expected["date"].max():%Y-%m-%d}' and campaign_id not like 'marketo:%'
        group by all
        having sum(performance.cost_amount_local) > 0
        """
    )
    key = ["campaign_id", "date"]
    both = expected.merge(found, on=key, how="outer", suffixes=("", "_found"), indicator=True)
    assert (both["_merge"] == "both").all(), both[both["_merge"] != "both"].head()
    assert (both["currency"] == both["currency_found"]).all()
    assert ((both["cost_amount_local"] - both["cost_amount_local_found"]).abs() < 0.005).all()
    assert not both["is_unknown"].any()


def test_an_ad_click_without_tags_is_known_by_its_click(campaigns, warehouse):
    done = systems.activities(story(), STORY_SETUP)
    untagged = done[
        done["click_id"].str.startswith("gclid:", na=False)
        & done["utm_campaign"].isna()
        & done["clicked_campaign_id"].notna()
        & (done["occurred_at"] > NOW - timedelta(days=80))
        & (done["known_at"] <= NOW)
        & (done["occurred_at"] <= NOW - timedelta(days=1))
    ]
    platform = story().entities["campaigns"].set_index("campaign_id")["platform"]
    untagged = untagged[untagged["clicked_campaign_id"].map(platform) == "Google Ads"]
    assert len(untagged) > 1
    found = warehouse(
        """
        select activities.occurred_at, classified.campaign_id
        from intermediate.int_activities_classified as classified
        inner join unified.activities as activities using (activity_id)
        where activities.click_id like 'gclid:%' and activities.utm_campaign is null
        """
    )
    expected = pd.DataFrame(
        {"occurred_at": untagged["occurred_at"], "campaign_id": untagged["clicked_campaign_id"].map(campaigns)}
    )
    assert _as_rows(expected) <= _as_rows(found)


def test_the_audit_finds_exactly_the_companies_whose_second_record_nobody_merged(ids, warehouse):
    accounts = story().known("accounts", NOW)
    accounts = accounts[~(accounts["deleted_at"] <= NOW) & ~(accounts["merged_at"] <= NOW)]
    domain = accounts["domain"].str.removeprefix("www.")
    crm = STORY_SETUP.crm(accounts["market"])
    is_shared = domain.notna() & pd.DataFrame({"crm": crm, "domain": domain}).duplicated(keep=False)
    names = [
        f"{system}:{systems.hubspot_id(account) if system == 'hubspot' else systems.salesforce_id('001', account)}"
        for account, system in zip(accounts["account_id"][is_shared], crm[is_shared], strict=True)
    ]
    found = warehouse(
        "select entity_id from intermediate.int_data_gap_findings where gap = 'accounts_sharing_a_domain'"
    )
    assert names
    assert sorted(found["entity_id"]) == sorted(ids[name] for name in names)


@pytest.mark.parametrize("crm", ["hubspot", "salesforce"])
def test_as_many_records_are_stored_as_the_crm_itself_counts(warehouse, published_systems, crm):
    counted = warehouse(f"select stream, cursor from raw_{crm}.cursors where stream like '% counted'")
    assert {"contacts counted"} < set(counted["stream"])
    assert counted["cursor"].astype(int).min() > 0
    with duckdb.connect(str(published_systems / "serving" / "current.duckdb"), read_only=True) as connection:
        check = "select is_passed, detail from marts.fct_check_results where check_name = ? and asset = ?"
        claim = "as many records as the source itself counts"
        [(is_passed, detail)] = connection.execute(check, [claim, f"raw_{crm}.loads"]).fetchall()
    assert is_passed
    assert detail.startswith(f"{len(counted)} of ")


def test_ad_platforms_state_what_their_campaigns_spent(warehouse, published_systems):
    stated = warehouse(
        "select "
        + " + ".join(
            f"(select sum(cost_amount_local) from staging.stg_{platform}__stated_spend_daily where not is_deleted)"
            for platform in ("google_ads", "linkedin_ads", "meta_ads")
        )
    )
    assert stated.iloc[0, 0] > 0
    with duckdb.connect(str(published_systems / "serving" / "current.duckdb"), read_only=True) as connection:
        check = "select severity, is_passed from marts.fct_check_results where check_name = ?"
        found = connection.execute(check, ["assert_campaigns_spent_what_their_platform_states"]).fetchall()
    assert found == [("warn", True)]
