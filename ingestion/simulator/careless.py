"""What careless hands do to records: enter them twice, unite them, enter things late, throw away what lies idle."""

import numpy as np
import pandas as pd

from ingestion.simulator import company, draw
from ingestion.simulator.clock import DAY, HOUR, NEVER, History, days, in_office_hours, to_local
from ingestion.simulator.mess import Mess

Entities = dict[str, pd.DataFrame]

LONGEST_DELAY_DAYS = 30.0
MEAN_DELAY_DAYS = 6.0
LOGGED_BY_HAND = ("call", "meeting_held", "note", "task")
# What somebody whom the system does not recognise may do under a new record.
FORM_TYPES = ("form_submitted", "content_downloaded", "demo_requested", "price_requested", "webinar_registered")
MOVABLE_TYPES = (*FORM_TYPES, "page_view", "trial_started", "chat", "webinar_attended", "social_engaged", "ad_clicked")
MOVED_SHARE = 0.5
DAYS_TO_DUPLICATE = company.Leg(25.0, 1.0)
DAYS_TO_MERGE = company.Leg(20.0, 0.8)
# A record is idle when nothing has happened to it for so long.
IDLE = 2 * DAY


def spoil(seed: int, history: History, entities: Entities, mess: Mess) -> tuple[Entities, pd.Series]:
    """The entities of a chronicle, with `known_at`, after careless hands have been at them.

    And whom each second record of a person truly means: the id of their first record, by lead_id.
    """
    entities = dict(entities)
    entities["activities"] = _entered_late(
        draw.generator(seed, "late events"), history, entities["activities"], entities["leads"], mess
    )
    entities["activities"] = _in_local_time(draw.generator(seed, "local times"), entities["activities"], mess)
    entities, first_records = _with_duplicate_people(draw.generator(seed, "duplicate people"), history, entities, mess)
    entities = _with_duplicate_accounts(draw.generator(seed, "duplicate accounts"), history, entities, mess)
    is_unnamed = draw.chance(
        draw.generator(seed, "missing campaigns"), mess.missing_campaigns, len(entities["opportunities"])
    )
    entities["opportunities"] = entities["opportunities"].assign(
        campaign_id=entities["opportunities"]["campaign_id"].mask(is_unnamed, None)
    )
    entities = _with_gone_records(draw.generator(seed, "deletions"), history, entities, first_records, mess)
    return {name: _in_microseconds(rows) for name, rows in entities.items()}, first_records


def _entered_late(
    rng: np.random.Generator, history: History, activities: pd.DataFrame, leads: pd.DataFrame, mess: Mess
) -> pd.DataFrame:
    created_at = activities["lead_id"].map(leads.set_index("lead_id")["created_at"])
    # What made the lead, and what stopped the mail, the systems knew at once.
    made_lead = (activities["occurred_at"] < created_at + HOUR) | (activities["activity_type"] == "unsubscribed")
    is_late = draw.chance(rng, mess.late_events, len(activities)) & ~made_lead
    delay = days(np.minimum(rng.exponential(MEAN_DELAY_DAYS, len(activities)), LONGEST_DELAY_DAYS))
    known_at = activities["known_at"].to_numpy()
    return activities.assign(known_at=np.where(is_late, known_at + delay, known_at))


def _in_local_time(rng: np.random.Generator, activities: pd.DataFrame, mess: Mess) -> pd.DataFrame:
    """What was logged an hour or two ahead of the time; nothing is known before it has, as it seems, happened."""
    by_hand = activities["activity_type"].isin(LOGGED_BY_HAND) & (activities["actor"] == "rep")
    is_local = by_hand & draw.chance(rng, mess.local_times, len(activities))
    occurred_at = activities["occurred_at"].to_numpy().copy()
    occurred_at[is_local] = to_local(occurred_at[is_local])
    known_at = np.maximum(activities["known_at"].to_numpy(), occurred_at)
    return activities.assign(occurred_at=occurred_at, known_at=known_at)


# ---------------------------------------------------------------------------------------------------------------------
# Second records


def _with_duplicate_people(
    rng: np.random.Generator, history: History, entities: Entities, mess: Mess
) -> tuple[Entities, pd.Series]:
    """Some people fill in a form, or stand in an uploaded list, and get a second record; some of these are merged.

    Germans, whose CRM tells people apart by their e-mail, have another address there; the others also have the same
    one, or the same in other letters.
    """
    leads, activities = entities["leads"], entities["activities"]
    has_second = draw.chance(rng, mess.duplicates, len(leads))
    has_second &= (history.as_of - leads["created_at"].to_numpy()) > 3 * DAY
    if not has_second.any():
        return entities, pd.Series([], pd.Index([], name="lead_id"), dtype=leads["lead_id"].dtype, name="first_lead_id")
    first = leads[has_second].set_index("lead_id", drop=False)
    made_by = _making_forms(rng, activities, first)
    second = first.assign(
        created_at=made_by["occurred_at"]
        .reindex(first.index)
        .fillna(
            pd.Series(
                _some_time_later(rng, first["created_at"].to_numpy(), history.as_of, DAYS_TO_DUPLICATE), first.index
            )
        ),
        first_lead_id=first["lead_id"],
        email=_other_addresses(rng, first),
        campaign_id=made_by["campaign_id"].reindex(first.index).astype(object),
        job_title=first["job_title"].str.lower().where(draw.chance(rng, 0.3, len(first)), first["job_title"]),
        phone=first["phone"].where(draw.chance(rng, 0.3, len(first)), None),
    ).sort_values("created_at", kind="stable")
    second["lead_id"] = draw.labels("L", len(leads) + 1 + np.arange(len(second)), 6)
    second["known_at"] = second["created_at"]
    second["merged_at"] = _merged_at(rng, history, second, mess)
    second["merged_into_lead_id"] = second["first_lead_id"].where(second["merged_at"].notna(), None)
    entities["activities"] = _moved_activities(rng, activities, second, made_by)
    entered = pd.DataFrame(
        {
            "lead_id": second["lead_id"],
            "stage": "lead",
            "changed_at": second["created_at"],
            "changed_at_precision": "second",
            "known_at": second["created_at"],
        }
    )
    entities["lead_stage_changes"] = _joined(entities["lead_stage_changes"], entered)
    entities["leads"] = _joined(leads, second.drop(columns="first_lead_id"))
    return entities, second.set_index("lead_id")["first_lead_id"]


def _making_forms(rng: np.random.Generator, activities: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """One form that each person filled in at least a day after they became known, by lead_id."""
    forms = activities[activities["activity_type"].isin(FORM_TYPES) & activities["lead_id"].isin(people.index)]
    is_later = forms["occurred_at"] > forms["lead_id"].map(people["created_at"]) + DAY
    is_prompt = forms["known_at"] == forms["occurred_at"]
    forms = forms[is_later & is_prompt]
    forms = forms.iloc[rng.permutation(len(forms))].drop_duplicates("lead_id")
    return forms.set_index("lead_id")[["activity_id", "occurred_at", "campaign_id"]]


def _moved_activities(
    rng: np.random.Generator, activities: pd.DataFrame, second: pd.DataFrame, made_by: pd.DataFrame
) -> pd.DataFrame:
    """Half of what the person does from then on is ascribed to the second record, until the two are merged."""
    record = second.set_index("first_lead_id").reindex(activities["lead_id"])
    known_at = activities["known_at"].to_numpy()
    exists = (activities["occurred_at"].to_numpy() >= record["created_at"].to_numpy()) & ~(
        known_at >= record["merged_at"].to_numpy()
    )
    is_moved = exists & activities["activity_type"].isin(MOVABLE_TYPES)
    is_moved &= draw.chance(rng, MOVED_SHARE, len(activities))
    is_moved |= activities["activity_id"].isin(made_by["activity_id"])
    lead_id = np.where(is_moved, record["lead_id"].to_numpy(), activities["lead_id"])
    return activities.assign(lead_id=lead_id)


def _other_addresses(rng: np.random.Generator, people: pd.DataFrame) -> np.ndarray:
    """The address of each second record: the same, the same in other letters, turned round, or a private one."""
    local_part, domain = (people["email"].str.split("@").str[part] for part in (0, 1))
    is_private = domain.isin(company.FREE_MAIL_DOMAINS)
    private = "made-up-person-" + people["lead_id"].str.lower() + "-2@"
    private += draw.pick(rng, company.FREE_MAIL_DOMAINS, len(people))
    turned = local_part.str.replace(r"^(.+)\.(.+)$", r"\2.\1", regex=True) + "@" + domain
    ways = {
        "same": people["email"],
        "capitals": people["email"].str.title(),
        "turned": turned.where(~is_private, private),
        "private": private,
    }
    way = draw.pick(rng, {"same": 0.3, "capitals": 0.3, "turned": 0.2, "private": 0.2}, len(people))
    other_way = draw.pick_any(rng, ("turned", "private"), len(people))
    way = np.where(people["market"] == "DE", other_way, way)
    return np.select([way == name for name in ways], list(ways.values()), default=None)


def _with_duplicate_accounts(rng: np.random.Generator, history: History, entities: Entities, mess: Mess) -> Entities:
    """Somebody enters a company again with a person of theirs; until the two are merged more people are tied to it.

    Nobody who ever is on a deal belongs to a second record.
    """
    accounts, leads, activities = entities["accounts"], entities["leads"], entities["activities"]
    on_deals = leads["lead_id"].isin(entities["opportunity_contacts"]["lead_id"])
    later = leads["created_at"] > leads["account_id"].map(accounts.set_index("account_id")["created_at"])
    movable = leads[later & ~on_deals & leads["account_id"].notna()]
    makers = movable.iloc[rng.permutation(len(movable))].drop_duplicates("account_id").set_index("account_id")
    first = accounts[accounts["account_id"].isin(makers.index)].set_index("account_id", drop=False)
    share = min(1.0, mess.duplicates * len(accounts) / max(1, len(first)))
    first = first[draw.chance(rng, share, len(first))]
    if first.empty:
        return entities
    second = first.assign(
        first_account_id=first["account_id"],
        created_at=makers["created_at"].reindex(first.index),
        account_name=first["account_name"].str.split(" ").str[0].str.upper(),
        domain=("www." + first["domain"]).where(draw.chance(rng, 0.6, len(first)), None),
        churned_at=NEVER,
    ).sort_values("created_at", kind="stable")
    second["account_id"] = draw.labels("A", len(accounts) + 1 + np.arange(len(second)), 5)
    second["known_at"] = second["created_at"]
    second["merged_at"] = _merged_at(rng, history, second, mess)
    second["merged_into_account_id"] = second["first_account_id"].where(second["merged_at"].notna(), None)

    record = second.set_index("first_account_id").reindex(leads["account_id"])
    created_at = leads["created_at"].to_numpy()
    exists = (created_at >= record["created_at"].to_numpy()) & ~(created_at >= record["merged_at"].to_numpy())
    is_maker = leads["lead_id"].isin(makers["lead_id"].reindex(first.index))
    is_tied = exists & ~on_deals & (is_maker | draw.chance(rng, MOVED_SHARE, len(leads)))
    entities["leads"] = leads.assign(account_id=leads["account_id"].mask(is_tied, record["account_id"].to_numpy()))
    tied = entities["leads"][is_tied].assign(changed_at=record["merged_at"].to_numpy()[is_tied])
    tied_record = tied.set_index("lead_id")[["account_id", "changed_at"]].reindex(activities["lead_id"])
    is_of_second = activities["account_id"].notna().to_numpy() & tied_record["account_id"].notna().to_numpy()
    is_of_second &= ~(activities["known_at"].to_numpy() >= tied_record["changed_at"].to_numpy())
    entities["activities"] = activities.assign(
        account_id=activities["account_id"].mask(is_of_second, tied_record["account_id"].to_numpy())
    )
    returned = tied[tied["changed_at"].notna() & ~(tied["merged_at"] <= tied["changed_at"])]
    entities["lead_attribute_changes"] = _joined(
        entities["lead_attribute_changes"],
        pd.DataFrame(
            {
                "lead_id": returned["lead_id"],
                "attribute": "account_id",
                "value": returned["account_id"].map(second.set_index("account_id")["first_account_id"]),
                "changed_at": returned["changed_at"],
                "known_at": returned["changed_at"],
            }
        ),
    )
    entities["accounts"] = _joined(accounts, second.drop(columns="first_account_id"))
    return entities


def _merged_at(rng: np.random.Generator, history: History, records: pd.DataFrame, mess: Mess) -> np.ndarray:
    calendars = np.where(records["market"] == "DE", "DE", "PL")
    merged_at = records["created_at"].to_numpy() + days(draw.leg_days(rng, DAYS_TO_MERGE, len(records)))
    merged_at = in_office_hours(merged_at, calendars, rng)
    is_merged = draw.chance(rng, mess.merges, len(records)) & (merged_at <= history.as_of)
    return np.where(is_merged, merged_at, NEVER)


def _some_time_later(rng: np.random.Generator, since: np.ndarray, until: np.datetime64, leg: company.Leg) -> np.ndarray:
    """Moments after `since` and before `until`."""
    left = (until - since) / DAY
    return since + days(np.minimum(draw.leg_days(rng, leg, len(since)), left * rng.uniform(0.1, 1.0, len(since))))


# ---------------------------------------------------------------------------------------------------------------------
# Records that go


def _with_gone_records(
    rng: np.random.Generator, history: History, entities: Entities, first_records: pd.Series, mess: Mess
) -> Entities:
    """Idle people and companies, and lost deals, are deleted; some idle people have their data erased."""
    leads, accounts, deals = entities["leads"], entities["accounts"], entities["opportunities"]
    is_kept = leads["lead_id"].isin(entities["opportunity_contacts"]["lead_id"])
    is_kept |= leads["merged_at"].notna() | leads["lead_id"].isin(leads["merged_into_lead_id"])
    idle_since = _last_mentions(entities, leads["lead_id"]).to_numpy()
    deleted_at = _gone_at(rng, history, idle_since, ~is_kept.to_numpy(), mess.deletions)
    erasable = ~is_kept.to_numpy() & np.isnat(deleted_at)
    # A person with two records would have both erased.
    erasable &= ~leads["lead_id"].isin([*first_records, *first_records.index]).to_numpy()
    erased_at = _gone_at(rng, history, idle_since, erasable, mess.erasures)
    entities["leads"] = leads.assign(deleted_at=deleted_at, erased_at=erased_at)

    named = [entities[name]["account_id"] for name in ("leads", "activities", "opportunities")]
    named += [entities["account_attribute_changes"]["account_id"], accounts["merged_into_account_id"]]
    changes = entities["lead_attribute_changes"]
    named.append(changes.loc[changes["attribute"] == "account_id", "value"])
    is_empty = ~accounts["account_id"].isin(pd.concat(named).dropna().unique()) & accounts["merged_at"].isna()
    deleted_at = _gone_at(rng, history, accounts["known_at"].to_numpy(), is_empty.to_numpy(), mess.deletions)
    entities["accounts"] = accounts.assign(deleted_at=deleted_at)

    is_lost = (deals["is_closed"] & ~deals["is_won"]).to_numpy()
    closed_at = deals["closed_at"].to_numpy()
    deleted_at = _gone_at(rng, history, closed_at, is_lost, mess.deletions)
    entities["opportunities"] = deals.assign(deleted_at=deleted_at)
    return entities


def _gone_at(
    rng: np.random.Generator, history: History, idle_since: np.ndarray, may_go: np.ndarray, share: float
) -> np.ndarray:
    """When records go, NaT for those that stay: `share` of all, taken from those that may and have lain idle."""
    may_go = may_go & (idle_since + IDLE < history.as_of - DAY)
    is_gone = may_go & draw.chance(rng, min(1.0, share * len(may_go) / max(1, may_go.sum())), len(may_go))
    gone_at = np.full(len(may_go), NEVER)
    since = idle_since[is_gone] + IDLE
    left = (history.as_of - since) / DAY
    gone_at[is_gone] = (since + days(left * rng.random(len(since)))).astype("datetime64[us]")
    return gone_at


def _last_mentions(entities: Entities, lead_ids: pd.Series) -> pd.Series:
    """When anything was last learnt of each person, under their id or as a visitor recognised as them."""
    links, activities = entities["identity_links"], entities["activities"]
    visited = activities.loc[
        activities["lead_id"].isna() & activities["visitor_id"].notna(), ["visitor_id", "known_at"]
    ]
    visited = visited.merge(links[["visitor_id", "lead_id"]], on="visitor_id")
    mentions = [
        entities[name][["lead_id", "known_at"]]
        for name in (
            *("leads", "activities", "lead_stage_changes", "lead_owner_changes", "lead_attribute_changes"),
            *("consents", "identity_links"),
        )
    ]
    latest = pd.concat([*mentions, visited[["lead_id", "known_at"]]]).groupby("lead_id")["known_at"].max()
    return latest.reindex(lead_ids)


def _in_microseconds(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.astype({name: "datetime64[us]" for name, dtype in rows.dtypes.items() if dtype == "datetime64[ns]"})


def _joined(rows: pd.DataFrame, more: pd.DataFrame) -> pd.DataFrame:
    """The rows and some more; columns that these lack stay empty."""
    if more.empty:
        return rows
    more = more.reindex(columns=rows.columns)
    for column in rows.columns:
        more[column] = more[column].astype(rows[column].dtype)
    return pd.concat([rows, more], ignore_index=True)
