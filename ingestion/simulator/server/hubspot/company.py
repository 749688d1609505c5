"""The part of the story that HubSpot records, in HubSpot's terms: facts of all time, made once."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator import systems
from ingestion.simulator.chronicle import Chronicle
from ingestion.simulator.server.hubspot.building import CHANGE_COLUMNS, Facts
from ingestion.simulator.systems import HUBSPOT, Setup, hubspot_guid, hubspot_id

NEVER = pd.NaT
# An owner and the user behind it have different numbers.
USER_OFFSET = 5_000_000
PIPELINE = "default"
LIFECYCLE = {
    "lead": "lead",
    "mql": "marketingqualifiedlead",
    "sql": "salesqualifiedlead",
    "opportunity": "opportunity",
}
LEAD_STATUS = {"recycled": "BAD_TIMING", "disqualified": "UNQUALIFIED"}
DEAL_STAGES = {
    "opportunity": "appointmentscheduled",
    "proposal": "presentationscheduled",
    "negotiation": "contractsent",
    "won": "closedwon",
    "lost": "closedlost",
}
DEAL_TYPES = {"new": "newbusiness", "expansion": "existingbusiness", "renewal": "renewal"}
CONTACT_PROPERTIES = {
    "persona": "hs_persona",
    "seniority": "seniority",
    "job_title": "jobtitle",
    "job_function": "job_function",
    "country": "country",
    "language": "hs_language",
    "lead_source": "lead_source",
    "product_interest": "product_interest",
    "company_name": "company",
    "email": "email",
    "phone": "phone",
}
COMPANY_PROPERTIES = {
    "account_name": "name",
    "domain": "domain",
    "industry": "industry",
    "employee_count": "numberofemployees",
    "annual_revenue_amount": "annualrevenue",
    "country": "country",
    "region": "state",
    "technology_tags": "web_technologies",
    "segment": "segment",
    "churned_at": "churn_date",
}
CALL_OUTCOMES = {
    "connected": "f240bbac-87c9-4f6e-bf70-924b57d47db7",
    "no answer": "73a0d17f-1163-4015-bdd5-ec830791da20",
    "busy": "9d9162e7-6cf3-4944-bf63-4dff82258764",
    "voicemail": "b2cf5968-551e-4856-9783-52b3da59a7d0",
    "wrong number": "17b47fee-58de-441e-a44c-c6300d46f273",
}
MAIL_EVENTS = {
    "email_sent": "SENT",
    "email_delivered": "DELIVERED",
    "email_opened": "OPEN",
    "email_clicked": "CLICK",
    "email_bounced": "BOUNCE",
    "unsubscribed": "STATUSCHANGE",
}
FORM_TYPES = ("form_submitted", "content_downloaded", "demo_requested", "price_requested", "trial_started")
CUSTOM_EVENTS = {
    "webinar_registered": "webinar_registered",
    "webinar_attended": "webinar_attended",
    "event_attended": "event_attended",
    "chat": "chat_started",
}
ENGAGEMENTS = ("meetings", "calls", "emails", "tasks", "notes")


@dataclass
class Company:
    """HubSpot's share of the story."""

    story: Chronicle
    setup: Setup

    def _mine(self, entity: str) -> pd.DataFrame:
        rows = self.story.entities[entity]
        return rows[self.setup.crm(rows["market"]) == HUBSPOT]

    @cached_property
    def leads(self) -> pd.DataFrame:
        """The people, with `id` and `known_at` not before they were created."""
        rows = self._mine("leads")
        known_at = np.maximum(rows["known_at"], rows["created_at"])
        return rows.assign(id=rows["lead_id"].map(hubspot_id), known_at=known_at).set_index("lead_id", drop=False)

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """The companies, likewise."""
        rows = self._mine("accounts")
        known_at = np.maximum(rows["known_at"], rows["created_at"])
        return rows.assign(id=rows["account_id"].map(hubspot_id), known_at=known_at).set_index("account_id", drop=False)

    @cached_property
    def opportunities(self) -> pd.DataFrame:
        """The deals, likewise."""
        rows = self._mine("opportunities")
        known_at = np.maximum(rows["known_at"], rows["created_at"])
        frame = rows.assign(id=rows["opportunity_id"].map(hubspot_id), known_at=known_at)
        return frame.set_index("opportunity_id", drop=False)

    @cached_property
    def activities(self) -> pd.DataFrame:
        """What people here did or received, with the contact's id, known not before the contact was."""
        rows = systems.activities(self.story, self.setup)
        rows = rows[(rows["system"] == HUBSPOT) & rows["lead_id"].isin(self.leads.index)]
        known_at = np.maximum(rows["known_at"], rows["lead_id"].map(self.leads["known_at"]))
        return rows.assign(contact=rows["lead_id"].map(self.leads["id"]), known_at=known_at)

    @cached_property
    def users(self) -> pd.DataFrame:
        """The reps and marketers, with `id` and `user_number`."""
        rows = self.story.entities["users"]
        ids = rows["user_id"].map(hubspot_id)
        return rows.assign(id=ids, user_number=ids.astype("int64") + USER_OFFSET)

    @cached_property
    def campaigns(self) -> pd.DataFrame:
        """The campaigns, with `guid`."""
        rows = systems.campaigns(self.story, self.setup)
        rows = rows[rows["system"] == HUBSPOT]
        return rows.assign(guid=rows["campaign_id"].map(hubspot_guid))

    def contacts(self) -> Facts:
        """People as contacts."""
        leads = self.leads
        names = leads["full_name"].fillna("").str.partition(" ")
        views = self.activities[self.activities["activity_type"] == "page_view"]
        base = pd.DataFrame({source: leads[column] for column, source in CONTACT_PROPERTIES.items()})
        base = base.assign(
            firstname=names[0],
            lastname=names[2],
            hubspot_owner_id=leads["owner_id"].map(hubspot_id, na_action="ignore"),
            associatedcompanyid=leads["account_id"].map(self.accounts["id"]),
            lifecyclestage=None,
            hs_lead_status=None,
            lead_status_reason=None,
            hs_additional_emails=None,
            created=leads["created_at"],
            known_at=leads["known_at"],
            archived_at=leads["deleted_at"],
            erased_at=leads["erased_at"],
            merged_at=leads["merged_at"],
            merged_into=leads["merged_into_lead_id"].map(hubspot_id, na_action="ignore"),
        ).set_index(leads["id"])
        consents = self.consents
        touched = pd.concat(
            [
                views[["contact", "known_at"]].rename(columns={"contact": "id"}),
                consents[["contact", "known_at"]].rename(columns={"contact": "id"}),
            ]
        )
        changes = pd.concat(
            [self._stage_versions(), self._owner_versions(), self._attribute_versions(), self._company_versions()],
            ignore_index=True,
        ).sort_values("at", kind="stable", ignore_index=True)
        return Facts("contacts", base.sort_index(), changes, touched, "lastmodifieddate")

    @cached_property
    def consents(self) -> pd.DataFrame:
        """Changes of consent, with the contact's id and e-mail."""
        rows = self.story.entities["consents"]
        rows = rows[rows["lead_id"].isin(self.leads.index)]
        known_at = np.maximum(rows["known_at"], rows["lead_id"].map(self.leads["known_at"]))
        return rows.assign(
            contact=rows["lead_id"].map(self.leads["id"]),
            email=rows["lead_id"].map(self.leads["email"]),
            known_at=known_at,
        )

    def companies(self) -> Facts:
        """Accounts as companies."""
        accounts = self.accounts
        base = pd.DataFrame({source: accounts[column] for column, source in COMPANY_PROPERTIES.items()})
        base = base.assign(
            annualrevenue=accounts["annual_revenue_amount"].map("{:.15g}".format, na_action="ignore"),
            churn_date=None,
            created=accounts["created_at"],
            known_at=accounts["known_at"],
            archived_at=accounts["deleted_at"],
            erased_at=NEVER,
            merged_at=accounts["merged_at"],
            merged_into=accounts["merged_into_account_id"].map(hubspot_id, na_action="ignore"),
        ).set_index(accounts["id"])
        rows = self.story.entities["account_attribute_changes"]
        rows = rows[rows["account_id"].isin(accounts.index) & rows["attribute"].isin(list(COMPANY_PROPERTIES))]
        changes = _changes(
            rows["account_id"].map(accounts["id"]),
            rows["attribute"].map(COMPANY_PROPERTIES),
            rows["value"],
            rows["changed_at"],
            rows["known_at"],
        )
        churned = accounts[accounts["churned_at"].notna()]
        churn = _changes(
            churned["id"],
            "churn_date",
            churned["churned_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
            churned["churned_at"],
            churned["churned_at"],
        )
        changes = pd.concat([changes, churn]).sort_values("at", kind="stable", ignore_index=True)
        changes = changes.drop_duplicates(["id", "property", "at", "value"])
        return Facts("companies", base.sort_index(), changes, changes.iloc[:0])

    def deals(self) -> Facts:
        """Opportunities as deals."""
        opportunities = self.opportunities
        accounts = opportunities["account_id"].map(self.accounts["id"])
        names = opportunities["account_id"].map(self.accounts["account_name"]).fillna("")
        base = pd.DataFrame(
            {
                "dealname": names + " " + opportunities["product"].fillna(""),
                "pipeline": PIPELINE,
                "dealtype": opportunities["opportunity_type"].map(DEAL_TYPES),
                "product": opportunities["product"],
                "hubspot_owner_id": opportunities["owner_id"].map(hubspot_id, na_action="ignore"),
                "hs_primary_associated_company": accounts,
                "closedate": opportunities["expected_close_date"].dt.strftime("%Y-%m-%dT00:00:00Z"),
                "dealstage": None,
                "amount": None,
                "deal_currency_code": None,
                "closed_lost_reason": None,
                "hs_is_closed": "false",
                "hs_is_closed_won": "false",
                "created": opportunities["created_at"],
                "known_at": opportunities["known_at"],
                "archived_at": opportunities["deleted_at"],
                "erased_at": NEVER,
                "merged_at": NEVER,
                "merged_into": None,
            }
        ).set_index(opportunities["id"])
        rows = self.story.entities["opportunity_stage_changes"]
        rows = rows[rows["opportunity_id"].isin(opportunities.index)].reset_index(drop=True)
        deal = rows["opportunity_id"].map(opportunities["id"])
        owner = rows["opportunity_id"].map(opportunities["owner_id"]).map(self._user_numbers)
        is_closed, is_won = rows["stage"].isin(["won", "lost"]), rows["stage"] == "won"
        closed = rows["changed_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").where(is_closed)
        reason = rows["opportunity_id"].map(opportunities["lost_reason"]).where(rows["stage"] == "lost")
        parts = {
            "dealstage": rows["stage"].map(DEAL_STAGES),
            "amount": rows["amount_local"].map(lambda amount: f"{amount:.15g}" if amount == amount else None),
            "deal_currency_code": rows["currency"],
            "hs_is_closed": np.where(is_closed, "true", "false"),
            "hs_is_closed_won": np.where(is_won, "true", "false"),
            "closed_lost_reason": reason,
            "closedate": closed,
        }
        changes = []
        for name, value in parts.items():
            part = _changes(deal, name, value, rows["changed_at"], rows["known_at"], owner)
            if name in ("closedate", "closed_lost_reason"):
                part = part[part["value"].notna()]
            part = part.sort_values("at", kind="stable")
            text = part["value"].fillna("")
            changes.append(part[text != text.groupby(part["id"]).shift()])
        changes.append(self._company_changes_of(base["hs_primary_associated_company"], "hs_primary_associated_company"))
        joined = pd.concat(changes, ignore_index=True).sort_values("at", kind="stable", ignore_index=True)
        merged = self.leads[self.leads["merged_at"].notna()]
        people = self.deal_people
        touched = people[people["lead_id"].isin(merged.index)]
        touched = touched.assign(known_at=touched["lead_id"].map(merged["merged_at"]))
        return Facts("deals", base.sort_index(), joined, touched[["id", "known_at"]])

    @cached_property
    def deal_people(self) -> pd.DataFrame:
        """Who is on a deal: `id` of the deal, `contact`, `role`, `is_primary`."""
        rows = self.story.entities["opportunity_contacts"]
        rows = rows[rows["opportunity_id"].isin(self.opportunities.index) & rows["lead_id"].isin(self.leads.index)]
        return rows.assign(
            id=rows["opportunity_id"].map(self.opportunities["id"]), contact=rows["lead_id"].map(self.leads["id"])
        )

    def engagement(self, object_type: str) -> Facts:
        """Meetings, calls, e-mails, tasks or notes; `contact` says with whom."""
        rows = self.activities
        kind, actor = rows["activity_type"], rows["actor"]
        chosen = {
            "meetings": kind.isin(["meeting_booked", "meeting_held"]),
            "calls": kind == "call",
            "emails": (kind == "email_replied") | ((kind == "email_sent") & (actor == "rep")),
            "tasks": kind == "task",
            "notes": kind == "note",
        }[object_type]
        rows = rows[chosen]
        kind, actor = rows["activity_type"], rows["actor"]
        occurred = rows["occurred_at"].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        common = {
            "hs_timestamp": occurred,
            "hubspot_owner_id": rows["user_id"].map(hubspot_id, na_action="ignore"),
            "contact": rows["contact"],
            "created": rows["occurred_at"],
            "known_at": rows["known_at"],
            "archived_at": NEVER,
            "erased_at": rows["lead_id"].map(self.leads["erased_at"]),
            "merged_at": NEVER,
            "merged_into": None,
        }
        is_held = kind == "meeting_held"
        start = occurred.where(is_held, (rows["occurred_at"] + pd.Timedelta(days=3)).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
        own = {
            "meetings": {
                "hs_meeting_title": "Meeting",
                "hs_meeting_start_time": start,
                "hs_meeting_outcome": np.where(is_held, "COMPLETED", "SCHEDULED"),
                "hs_meeting_source": np.where(actor == "person", "MEETINGS_PUBLIC", "CRM_UI"),
                "hs_timestamp": start,
            },
            "calls": {
                "hs_call_title": "Call",
                "hs_call_direction": np.where(actor == "person", "INBOUND", "OUTBOUND"),
                "hs_call_disposition": rows["outcome"].map(CALL_OUTCOMES),
                "hs_call_status": "COMPLETED",
            },
            "emails": {
                "hs_email_subject": "Kolibri",
                "hs_email_direction": np.where(kind == "email_replied", "INCOMING_EMAIL", "EMAIL"),
                "hs_email_status": "SENT",
            },
            "tasks": {"hs_task_subject": "To do", "hs_task_status": "COMPLETED", "hs_task_type": "TODO"},
            "notes": {"hs_note_body": "Note"},
        }[object_type]
        base = pd.DataFrame(common | own, index=rows.index).set_index(rows["activity_id"].map(hubspot_id))
        none = _changes([], [], [], [], [])
        return Facts(object_type, base.sort_index(), none, none[["id", "known_at"]])

    @cached_property
    def _user_numbers(self) -> pd.Series:
        return self.users.set_index("user_id")["user_number"]

    def _of_people(self, entity: str) -> pd.DataFrame:
        rows = self.story.entities[entity]
        rows = rows[rows["lead_id"].isin(self.leads.index)]
        known_at = np.maximum(rows["known_at"], rows["lead_id"].map(self.leads["known_at"]))
        return rows.assign(id=rows["lead_id"].map(self.leads["id"]), known_at=known_at)

    def _stage_versions(self) -> pd.DataFrame:
        """Stages as HubSpot has them: the life cycle, and for those who are off the way the lead status and a reason.

        A stage that the life cycle does not go forward to is cleared before it is set; a lead status is left when the
        person enters a stage of the life cycle again.
        """
        rows = self._of_people("lead_stage_changes").sort_values(["lead_id", "changed_at"], kind="stable")
        rows = rows.assign(
            user=rows["changed_by"].map(self._user_numbers),
            order=rows["stage"].map({name: order for order, name in enumerate(LIFECYCLE)}),
        )
        in_cycle, off = rows[rows["stage"].isin(LIFECYCLE)], rows[rows["stage"].isin(LEAD_STATUS)]
        before = in_cycle.groupby("lead_id")["order"].shift()
        backward = in_cycle[before.notna() & (in_cycle["order"] <= before)]
        previous = rows.groupby("lead_id")["stage"].shift()
        again = rows[rows["stage"].isin(LIFECYCLE) & previous.isin(LEAD_STATUS)]

        def versions(of: pd.DataFrame, name: str, value: object, earlier: int = 0) -> pd.DataFrame:
            at = of["changed_at"] - pd.Timedelta(milliseconds=earlier)
            return _changes(of["id"], name, value, at, of["known_at"], of["user"])

        return pd.concat(
            [
                versions(backward, "lifecyclestage", "", earlier=1),
                versions(in_cycle, "lifecyclestage", in_cycle["stage"].map(LIFECYCLE)),
                versions(off, "hs_lead_status", off["stage"].map(LEAD_STATUS)),
                versions(off, "lead_status_reason", off["reason"]),
                versions(again, "hs_lead_status", "OPEN"),
                versions(again, "lead_status_reason", ""),
            ]
        ).sort_values("at", kind="stable")

    def _owner_versions(self) -> pd.DataFrame:
        rows = self._of_people("lead_owner_changes")
        return _changes(
            rows["id"], "hubspot_owner_id", rows["owner_id"].map(hubspot_id), rows["changed_at"], rows["known_at"]
        )

    def _attribute_versions(self) -> pd.DataFrame:
        rows = self._of_people("lead_attribute_changes")
        rows = rows[rows["attribute"].isin([*CONTACT_PROPERTIES, "account_id"])]
        is_account = rows["attribute"] == "account_id"
        value = rows["value"].where(~is_account, rows["value"].map(self.accounts["id"]))
        name = rows["attribute"].map(CONTACT_PROPERTIES | {"account_id": "associatedcompanyid"})
        return _changes(rows["id"], name, value, rows["changed_at"], rows["known_at"])

    def _company_versions(self) -> pd.DataFrame:
        companies = self.leads.set_index("id")["account_id"].map(self.accounts["id"])
        return self._company_changes_of(companies, "associatedcompanyid")

    def _company_changes_of(self, companies: pd.Series, name: str) -> pd.DataFrame:
        """When a company is merged away, its people and deals come to belong to the one it became."""
        merged = self.accounts[self.accounts["merged_at"].notna()].set_index("id")
        moved = companies[companies.isin(merged.index)]
        return _changes(
            moved.index,
            name,
            moved.map(merged["merged_into_account_id"]).map(hubspot_id).to_numpy(),
            moved.map(merged["merged_at"]).to_numpy(),
            moved.map(merged["merged_at"]).to_numpy(),
            source_type="MERGE_OBJECTS",
        )


def _changes(
    ids: object,
    name: object,
    value: object,
    at: object,
    known_at: object,
    user_id: object = None,
    source_type: str = "CRM_UI",
) -> pd.DataFrame:
    parts = dict(zip(CHANGE_COLUMNS, (ids, name, value, at, known_at, user_id, source_type), strict=True))
    plain = {key: part.to_numpy() if isinstance(part, pd.Series) else part for key, part in parts.items()}
    frame = pd.DataFrame(plain, columns=CHANGE_COLUMNS)
    return frame.assign(
        at=pd.to_datetime(frame["at"]).astype("datetime64[us]"),
        known_at=pd.to_datetime(frame["known_at"]).astype("datetime64[us]"),
        value=frame["value"].astype(object),
        id=frame["id"].astype(object),
        property=frame["property"].astype(object),
        user_id=frame["user_id"].astype(object),
    )
