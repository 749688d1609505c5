"""What people and reps do: Task, Event and CampaignMember.

A meeting that was booked ahead is one Event: made when it was booked, held when it begins. What a campaign's member can
say only once (registered, attended) and was said again, or without a campaign, stands in a Task.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator.server.salesforce.org import AUTOMATED_USER, Org, ids_of, latest_of
from ingestion.simulator.server.salesforce.schema import KEY_PREFIXES
from ingestion.simulator.server.salesforce.tables import own_numbers, record_ids

MEMBER_TYPES = ("webinar_registered", "webinar_attended", "event_attended")
# TaskSubtype, Type, Subject.
TASK_TYPES = {
    "call": ("Call", "Call", "Call"),
    "email_sent": ("Email", "Email", "Email: our talk"),
    "email_replied": ("Email", "Email Reply", "Email: Re: our talk"),
    "note": ("Task", "Note", "Note"),
    "task": ("Task", "To Do", "Prepare the next step"),
    "meeting_booked": ("Task", "Meeting Booked", "Meeting booked"),
    "webinar_registered": ("Task", "Webinar Registered", "Registered for a webinar"),
    "webinar_attended": ("Task", "Webinar Attended", "Attended a webinar"),
    "event_attended": ("Task", "Event Attended", "Met at a fair"),
}
MEETING_MINUTES = 30
CALL_SECONDS = {"connected": 420, "voicemail": 35}


@dataclass(frozen=True)
class Work:
    """The activities of an org, and how they are recorded."""

    org: Org

    @cached_property
    def tasks(self) -> pd.DataFrame:
        """Records of Task."""
        done = self.org.activities
        is_elsewhere = done["activity_id"].isin(self._meetings["activity_id"])
        is_elsewhere |= done["activity_id"].isin(self._meetings["booked_id"])
        is_elsewhere |= done["activity_id"].isin(self._memberships["activity_id"])
        rows = done[~is_elsewhere & done["activity_type"].isin(TASK_TYPES)]
        is_call = rows["activity_type"] == "call"
        subtypes, types, subjects = ({kind: words[part] for kind, words in TASK_TYPES.items()} for part in range(3))
        return self._audited(
            rows,
            pd.DataFrame(
                {
                    "Id": ids_of(KEY_PREFIXES["Task"], rows["activity_id"]),
                    "Subject": rows["activity_type"].map(subjects),
                    "ActivityDate": rows["occurred_at"],
                    "Status": "Completed",
                    "Priority": "Normal",
                    "IsHighPriority": False,
                    "Type": rows["activity_type"].map(types),
                    "TaskSubtype": rows["activity_type"].map(subtypes),
                    "IsClosed": True,
                    "CallType": rows["is_inbound"].map({True: "Inbound", False: "Outbound"}).where(is_call),
                    "CallDisposition": rows["outcome"].where(is_call),
                    "CallDurationInSeconds": rows["outcome"].map(CALL_SECONDS).where(is_call),
                    "CompletedDateTime": rows["occurred_at"],
                }
            ),
            rows["known_at"],
        )

    @cached_property
    def events(self) -> pd.DataFrame:
        """Records of Event."""
        rows = self._meetings
        return self._audited(
            rows,
            pd.DataFrame(
                {
                    "Id": ids_of(KEY_PREFIXES["Event"], rows["activity_id"]),
                    "Subject": "Meeting",
                    "IsAllDayEvent": False,
                    "ActivityDateTime": rows["occurred_at"],
                    "ActivityDate": rows["occurred_at"],
                    "DurationInMinutes": MEETING_MINUTES,
                    "StartDateTime": rows["occurred_at"],
                    "EndDateTime": rows["occurred_at"] + np.timedelta64(MEETING_MINUTES, "m"),
                    "Type": "Meeting",
                    "ShowAs": "Busy",
                    "EventSubtype": "Event",
                }
            ),
            rows["made_at"],
        )

    @cached_property
    def campaign_members(self) -> pd.DataFrame:
        """Records of CampaignMember, one per campaign and person."""
        done = self._memberships
        keys = ["campaign_id", "lead_id"]
        by_type = {
            kind: done[done["activity_type"] == kind].set_index(keys)["occurred_at"].astype("datetime64[us]")
            for kind in MEMBER_TYPES
        }
        members = done.groupby(keys).agg(known_at=("known_at", "min"), changed_at=("known_at", "max"))
        registered_at = by_type["webinar_registered"].reindex(members.index)
        attended_at = by_type["webinar_attended"].reindex(members.index)
        met_on = by_type["event_attended"].reindex(members.index)
        campaign_ids = members.index.get_level_values("campaign_id").to_series(index=members.index)
        lead_ids = members.index.get_level_values("lead_id").to_series(index=members.index)
        people = self.org.people.loc[lead_ids].set_index(members.index)
        numbers = own_numbers(lead_ids) * 1_000 + own_numbers(campaign_ids)
        has_come = attended_at.notna() | met_on.notna()
        is_gone = people["deleted_at"].notna()
        return pd.DataFrame(
            {
                "Id": record_ids(KEY_PREFIXES["CampaignMember"], numbers),
                "IsDeleted": is_gone,
                "CampaignId": ids_of(KEY_PREFIXES["Campaign"], campaign_ids),
                "LeadId": people["sf_id"],
                "ContactId": people["contact_id"],
                "Status": np.where(has_come, "Attended", "Registered"),
                "HasResponded": True,
                "FirstRespondedDate": registered_at.fillna(attended_at).fillna(met_on),
                "Name": people["full_name"],
                "Type": np.where(people["contact_id"].notna(), "Contact", "Lead"),
                "LeadOrContactId": people["contact_id"].where(people["contact_id"].notna(), people["sf_id"]),
                "LeadOrContactOwnerId": None,
                "Registered_At__c": registered_at,
                "Attended_At__c": attended_at,
                "CurrencyIsoCode": "EUR",
                "CreatedDate": members["known_at"],
                "CreatedById": AUTOMATED_USER,
                "LastModifiedDate": members["changed_at"],
                "LastModifiedById": AUTOMATED_USER,
                "SystemModstamp": latest_of(
                    members["changed_at"],
                    people["converted_at"],
                    people["deleted_at"],
                ),
            }
        )

    @cached_property
    def _memberships(self) -> pd.DataFrame:
        """The activities that campaign members say: the first of each kind per person and campaign."""
        done = self.org.activities
        done = done[done["activity_type"].isin(MEMBER_TYPES) & done["campaign_id"].notna()]
        done = done.sort_values(["known_at", "occurred_at", "activity_id"], kind="stable")
        return done.drop_duplicates(["lead_id", "campaign_id", "activity_type"])

    @cached_property
    def _meetings(self) -> pd.DataFrame:
        """Meetings held or to be held, with `booked_id`, the booking that made the Event, and `made_at`.

        A booking belongs to the person's next meeting with the same rep, provided that it is not logged late.
        """
        rows = self.org.story.entities["activities"]
        rows = rows[rows["activity_type"].isin(("meeting_booked", "meeting_held"))]
        rows = rows[rows["lead_id"].isin(self.org.people.index) & (rows["actor"] == "rep")]
        rows = rows.sort_values(["lead_id", "user_id", "occurred_at", "activity_id"], kind="stable")
        before = rows.groupby(["lead_id", "user_id"]).shift()
        is_pair = (rows["activity_type"] == "meeting_held") & (before["activity_type"] == "meeting_booked")
        is_pair &= (rows["known_at"] == rows["occurred_at"]) & (before["known_at"] < rows["occurred_at"])
        is_pair &= before["known_at"] == before["occurred_at"]
        rows = rows.assign(
            booked_id=before["activity_id"].where(is_pair),
            made_at=before["known_at"].where(is_pair, rows["known_at"]).astype("datetime64[us]"),
        )
        rows = rows[rows["activity_type"] == "meeting_held"]
        return rows[rows["made_at"] <= np.datetime64(self.org.now, "us")]

    def _audited(self, rows: pd.DataFrame, records: pd.DataFrame, made_at: pd.Series) -> pd.DataFrame:
        """With who it is about, whose it is, and when it was made and changed."""
        people = self.org.people.loc[rows["lead_id"]].set_index(rows.index)
        owner = self.org.user_ids(rows["user_id"])
        return records.assign(
            WhoId=people["who_id"],
            WhoCount=1,
            WhatCount=0,
            AccountId=rows["account_id"].map(self.org.accounts["sf_id"]),
            OwnerId=owner,
            IsDeleted=people["deleted_at"].notna(),
            CurrencyIsoCode="EUR",
            CreatedDate=made_at,
            CreatedById=owner,
            LastModifiedDate=made_at,
            LastModifiedById=owner,
            SystemModstamp=latest_of(made_at, people["moved_at"], people["deleted_at"]),
        )
