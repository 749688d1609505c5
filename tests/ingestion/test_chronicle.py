"""The story of all mouths: nothing before its time, nothing after a record is gone, as much mess as asked for."""

from datetime import datetime, timedelta

import pandas as pd
import pytest

from ingestion.simulator import company, systems, words
from ingestion.simulator.careless import LOGGED_BY_HAND
from ingestion.simulator.chronicle import Chronicle, chronicle
from ingestion.simulator.clock import HOUR
from ingestion.simulator.filed import filed
from ingestion.simulator.mess import Mess
from ingestion.simulator.systems import Setup

NOW = datetime(2026, 10, 1)
MESS = Mess(deletions=0.02, erasures=0.02)
REFERENCES = [
    ("lead_stage_changes", "lead_id", "leads"),
    ("lead_owner_changes", "lead_id", "leads"),
    ("lead_attribute_changes", "lead_id", "leads"),
    ("consents", "lead_id", "leads"),
    ("identity_links", "lead_id", "leads"),
    ("activities", "lead_id", "leads"),
    ("activities", "account_id", "accounts"),
    ("activities", "campaign_id", "campaigns"),
    ("leads", "account_id", "accounts"),
    ("leads", "campaign_id", "campaigns"),
    ("account_attribute_changes", "account_id", "accounts"),
    ("opportunities", "account_id", "accounts"),
    ("opportunities", "campaign_id", "campaigns"),
    ("opportunity_stage_changes", "opportunity_id", "opportunities"),
    ("opportunity_contacts", "opportunity_id", "opportunities"),
    ("opportunity_contacts", "lead_id", "leads"),
    ("customer_revenue", "opportunity_id", "opportunities"),
    ("campaigns", "parent_campaign_id", "campaigns"),
    ("campaign_aliases", "campaign_id", "campaigns"),
    ("campaign_spend_daily", "campaign_id", "campaigns"),
]
KEYS = {"leads": "lead_id", "accounts": "account_id", "campaigns": "campaign_id", "opportunities": "opportunity_id"}


@pytest.fixture(scope="module")
def story() -> Chronicle:
    return chronicle(4000, 7, NOW, mess=MESS)


@pytest.fixture(scope="module")
def tidy() -> Chronicle:
    return chronicle(4000, 7, NOW, mess=Mess.none())


def records(story: Chronicle, entity: str) -> pd.DataFrame:
    return story.entities[entity].set_index(KEYS[entity])


def ends(story: Chronicle, entity: str) -> pd.Series:
    """When each record is deleted, erased or merged, NaT where it stays."""
    rows = records(story, entity)
    columns = [column for column in ("deleted_at", "erased_at", "merged_at") if column in rows]
    return rows[columns].min(axis=1)


@pytest.mark.parametrize(("entity", "column", "target"), REFERENCES)
def test_nothing_speaks_of_a_record_before_it_is_known(story, entity, column, target):
    rows = story.entities[entity].dropna(subset=column)
    known_at = rows[column].map(records(story, target)["known_at"])
    assert known_at.notna().all()
    assert (rows["known_at"] >= known_at).all()


@pytest.mark.parametrize(
    ("entity", "column", "target"), [row for row in REFERENCES if row[2] in ("leads", "accounts", "opportunities")]
)
def test_nothing_happens_to_a_record_that_is_gone(story, entity, column, target):
    rows = story.entities[entity].dropna(subset=column)
    gone_at = rows[column].map(ends(story, target))
    assert not (rows["known_at"] >= gone_at).any()


def test_nothing_is_learnt_of_a_visitor_whose_person_is_gone(story):
    links = story.entities["identity_links"].drop_duplicates("visitor_id").set_index("visitor_id")["lead_id"]
    seen = story.entities["activities"]
    gone_at = seen["visitor_id"].map(links).map(ends(story, "leads"))
    assert not (seen["known_at"] >= gone_at).any()


def test_nothing_is_known_before_it_happens(story):
    for entity, column in (
        ("activities", "occurred_at"),
        ("leads", "created_at"),
        ("opportunities", "created_at"),
        ("opportunity_contacts", "known_at"),
        ("lead_stage_changes", "changed_at"),
        ("consents", "changed_at"),
    ):
        rows = story.entities[entity]
        assert (rows["known_at"] >= rows[column]).all(), entity
    spend = story.entities["campaign_spend_daily"]
    assert (spend["known_at"] > spend["date"] + pd.Timedelta(days=1)).all()
    costs = story.entities["costs_monthly"]
    assert (costs["known_at"] > costs["month_start_date"] + pd.Timedelta(days=28)).all()


def test_every_moment_is_in_microseconds(story):
    wrong = {
        (name, column)
        for name, rows in story.entities.items()
        for column, dtype in rows.dtypes.items()
        if column.endswith("_at") and dtype != "datetime64[us]"
    }
    assert wrong == set()


def test_a_record_begins_with_its_first_values(story):
    leads = records(story, "leads")
    assert leads["owner_id"].isna().all()
    for entity, base, key in (
        ("lead_attribute_changes", "leads", "lead_id"),
        ("account_attribute_changes", "accounts", "account_id"),
    ):
        changes = story.entities[entity].query("attribute != 'account_id'").sort_values("changed_at")
        for attribute, of_attribute in changes.groupby("attribute"):
            first = of_attribute.groupby(key)["value"].first()
            assert records(story, base)[attribute].reindex(first.index).astype(str).equals(first.astype(str))
    changes = story.entities["opportunity_stage_changes"].sort_values("changed_at", kind="stable")
    first = changes.groupby("opportunity_id").first()
    deals = records(story, "opportunities").loc[first.index]
    assert (deals["stage"] == first["stage"]).all()
    assert (deals["amount_local"] == first["amount_local"]).all()


def test_time_moves_on_without_anything_being_made_up_anew(story):
    for entity in story.entities:
        before = story.known(entity, NOW)
        after = story.known(entity, NOW + timedelta(days=30))
        assert set(before.index) <= set(after.index)
    assert len(story.known("activities", NOW)) < len(story.known("activities", NOW + timedelta(days=1)))


def test_the_same_arguments_give_the_same_story():
    first, second = (chronicle(300, 5, NOW) for _ in range(2))
    for name, rows in first.entities.items():
        pd.testing.assert_frame_equal(rows, second.entities[name])


# ---------------------------------------------------------------------------------------------------------------------
# Mess


def test_a_second_record_has_an_id_beyond_the_first_ones_and_its_own_entry(story):
    leads = records(story, "leads")
    first = story.first_records
    assert not first.empty
    assert min(first.index) > max(set(leads.index) - set(first.index))
    again, once = leads.loc[first.index], leads.loc[first]
    assert (again["full_name"].to_numpy() == once["full_name"].to_numpy()).all()
    assert (again["created_at"].to_numpy() > once["created_at"].to_numpy()).all()
    entry = story.entities["lead_stage_changes"].query("lead_id in @first.index").set_index("lead_id")
    assert (entry["stage"] == "lead").all()
    assert (entry["changed_at"] == again["created_at"]).all()
    same_letters = again["email"].str.lower().to_numpy() == once["email"].str.lower().to_numpy()
    assert 0.2 < same_letters.mean() < 0.7
    assert not same_letters[(again["market"] == "DE").to_numpy()].any()
    assert story.entities["activities"]["lead_id"].isin(first.index).sum() > len(first) / 2


def test_a_record_is_merged_into_the_first_one_of_the_same_person(story):
    leads = records(story, "leads")
    merged = leads[leads["merged_at"].notna()]
    assert (merged["merged_into_lead_id"] == story.first_records[merged.index]).all()
    assert leads.loc[leads["merged_at"].isna(), "merged_into_lead_id"].isna().all()
    accounts = records(story, "accounts")
    merged = accounts[accounts["merged_at"].notna()]
    assert not merged.empty
    assert accounts.loc[merged["merged_into_account_id"], "merged_at"].isna().all()
    moved = story.entities["lead_attribute_changes"].query("attribute == 'account_id'")
    assert not moved.empty
    before = moved["lead_id"].map(leads["account_id"])
    assert (before.map(accounts["merged_into_account_id"]) == moved["value"]).all()
    assert (before.map(accounts["merged_at"]) == moved["changed_at"]).all()


def test_nobody_on_a_deal_is_deleted_or_erased(story):
    leads = records(story, "leads").loc[story.entities["opportunity_contacts"]["lead_id"].unique()]
    assert leads[["deleted_at", "erased_at", "merged_at"]].isna().all(axis=None)


def shares(story: Chronicle, tidy: Chronicle) -> dict[str, float]:
    """How much of each kind of mess there is; `tidy` is the same company without any."""
    leads, activities, deals = (story.entities[name] for name in ("leads", "activities", "opportunities"))
    is_second = leads["lead_id"].isin(story.first_records.index)
    first, second = leads[~is_second], leads[is_second]
    by_hand = activities["activity_type"].isin(LOGGED_BY_HAND) & (activities["actor"] == "rep")
    is_shifted = activities["occurred_at"] != tidy.entities["activities"]["occurred_at"]
    is_late = activities["known_at"] > activities["occurred_at"] + HOUR
    tags = activities.loc[activities["activity_type"] == "page_view", "utm_campaign"].dropna()
    primary = story.entities["opportunity_contacts"].query("is_primary").set_index("opportunity_id")["lead_id"]
    brought = deals["opportunity_id"].map(primary).map(records(story, "leads")["campaign_id"]).notna()
    return {
        "duplicates": len(second) / len(first),
        "merges": second["merged_at"].notna().sum() / max(1, len(second)),
        "deletions": leads["deleted_at"].notna().mean(),
        "erasures": leads["erased_at"].notna().mean(),
        "late_events": is_late[activities["activity_type"] != "event_attended"].mean(),
        "local_times": is_shifted[by_hand].mean(),
        "missing_campaigns": deals.loc[brought, "campaign_id"].isna().mean(),
        "missing_tags": 1 - tagged_visits(story) / tagged_visits(tidy),
        "mistyped_tags": 1 - tags.isin(story.entities["campaign_aliases"]["alias"]).mean(),
        "free_mail": first["email"].str.startswith("made-up-person-").mean(),
        "country_spellings": (~first["country"].isin(company.COUNTRIES)).mean(),
        "title_spellings": (~first["job_title"].isin([entry.title for entry in words.JOB_TITLES])).mean(),
        "other_currencies": deals.loc[deals["market"] != "DE", "currency"].ne("EUR").mean(),
    }


def tagged_visits(story: Chronicle) -> int:
    seen = story.entities["activities"]
    return (seen["utm_source"].notna() & (seen["activity_type"] == "page_view")).sum()


def test_mess_that_is_switched_off_does_not_occur(tidy):
    assert {kind: share for kind, share in shares(tidy, tidy).items() if share} == {}


@pytest.mark.parametrize("kind", Mess.kinds())
def test_there_is_about_as_much_mess_as_asked_for(story, tidy, kind):
    asked = getattr(MESS, kind)
    found = shares(story, tidy)[kind]
    # A merge that would come after the end of the story, and a title that has no other form, cannot happen.
    assert 0.55 * asked < found < 1.35 * asked


def test_events_are_at_most_thirty_days_late(story):
    rows = story.entities["activities"].query("activity_type != 'event_attended'")
    delay = rows["known_at"] - rows["occurred_at"]
    assert pd.Timedelta(days=10) < delay.max() <= pd.Timedelta(days=30, hours=1)


def test_switching_off_one_kind_leaves_the_others():
    assert Mess().without("late_events", "free_mail") == Mess(late_events=0, free_mail=0)
    with pytest.raises(ValueError, match="there is no mess typos; there are duplicates, merges"):
        Mess().without("typos")
    with pytest.raises(ValueError, match="share of duplicates"):
        Mess(duplicates=3)


# ---------------------------------------------------------------------------------------------------------------------
# Which system records what


def test_every_activity_is_recorded_by_exactly_one_system(story):
    rows = systems.activities(story, Setup.SPLIT)
    assert sorted(rows["activity_id"]) == sorted(story.entities["activities"]["activity_id"])
    assert set(rows["system"]) == {"hubspot", "salesforce", "marketo", "files"}
    assert set(systems.activities(story, Setup.HUBSPOT)["system"]) == {"hubspot", "files"}


@pytest.mark.parametrize("setup", list(Setup))
def test_files_hold_what_no_system_records_as_it_stood(story, setup):
    files = filed(story, setup, NOW)
    assert set(files) == {*systems.FILED_ENTITIES, "activities"}
    rows = systems.activities(story, setup)
    expected = rows[(rows["system"] == "files") & (rows["known_at"] <= pd.Timestamp(NOW))]
    assert set(files["activities"]["activity_id"]) == set(expected["activity_id"])
    assert set(files["activities"]["activity_type"]) == {"page_view", *systems.FILED_TYPES}
    assert files["fx_rates_daily"]["date"].max() < pd.Timestamp(NOW)
    running = files["experiments"].set_index("experiment_id").loc["X02"]
    assert (running["status"], running["ended_at"], running["learning"]) == ("running", pd.NaT, None)
    assert "email" not in set(files["content"]["content_type"])


def test_files_name_records_as_the_warehouse_knows_them(story):
    files = filed(story, Setup.SPLIT, NOW)
    leads, accounts = story.entities["leads"], story.entities["accounts"]
    named = {
        systems.warehouse_id(own_id, "hubspot" if market == "DE" else "salesforce")
        for rows, key in ((leads, "lead_id"), (accounts, "account_id"))
        for own_id, market in zip(rows[key], rows["market"], strict=True)
    }
    for entity, column in (
        ("activities", "lead_id"),
        ("activities", "account_id"),
        ("experiment_assignments", "unit_id"),
        ("customer_revenue", "account_id"),
    ):
        ids = set(files[entity][column].dropna())
        assert ids
        assert ids <= named, (entity, column)
    campaigns = systems.campaigns(story, Setup.SPLIT)
    known = {systems.warehouse_id(*pair) for pair in zip(campaigns["campaign_id"], campaigns["system"], strict=True)}
    for entity in ("activities", "campaign_spend_daily", "campaign_aliases"):
        assert set(files[entity]["campaign_id"].dropna()) <= known
    assert systems.warehouse_id("L000001", "salesforce") == "salesforce:00Q5g0000000001EAA"
    assert systems.warehouse_id("L000001", "hubspot") == "hubspot:100000001"
    assert systems.warehouse_id("M0001", "marketo") == "marketo:1001"


def test_files_only_grow_by_what_became_known(story):
    before, after = (filed(story, Setup.SPLIT, NOW + timedelta(days=days)) for days in (0, 10))
    for name, rows in before.items():
        if name == "experiments":
            continue
        merged = rows.merge(after[name].drop_duplicates(), how="left", indicator=True)
        assert (merged["_merge"] == "both").all(), name
    assert len(after["activities"]) > len(before["activities"])
