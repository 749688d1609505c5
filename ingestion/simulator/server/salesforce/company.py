"""Every object of the company's Salesforce at a moment, each made when it is first asked for."""

from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator.server.salesforce.deals import Deals
from ingestion.simulator.server.salesforce.org import REMEMBERED, Org
from ingestion.simulator.server.salesforce.people import People
from ingestion.simulator.server.salesforce.schema import ObjectType
from ingestion.simulator.server.salesforce.setting import Setting
from ingestion.simulator.server.salesforce.tables import Evaluator, Table
from ingestion.simulator.server.salesforce.work import Work


@dataclass(frozen=True)
class Company:
    """The tables of an org, and the queries over them."""

    org: Org
    types: dict[str, ObjectType]
    made: dict[str, Table] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        """The records of an object."""
        if name not in self.made:
            self.made[name] = Table.of(self.types[name], self._records(name))
        return self.made[name]

    @cached_property
    def evaluator(self) -> Evaluator:
        return Evaluator(self.types, self.table, self.org.now)

    @cached_property
    def people(self) -> People:
        return People(self.org)

    @cached_property
    def deals(self) -> Deals:
        return Deals(self.org)

    @cached_property
    def work(self) -> Work:
        return Work(self.org)

    @cached_property
    def setting(self) -> Setting:
        return Setting(self.org)

    def deleted(self, name: str) -> pd.DataFrame:
        """What `/deleted` can tell of an object: id and deleted_at, in the order of time."""
        since = np.datetime64(self.org.now - REMEMBERED, "s")
        table = self.table(name)
        if "IsDeleted" in table.columns:
            gone = table.columns["IsDeleted"]
            binned = pd.DataFrame(
                {"id": table.columns["Id"][gone], "deleted_at": table.columns["SystemModstamp"][gone]}
            )
        else:
            binned = pd.DataFrame({"id": [], "deleted_at": np.array([], dtype="datetime64[s]")})
        rows = pd.concat([binned, self._erased(name)], ignore_index=True)
        rows = rows[rows["deleted_at"].to_numpy(dtype="datetime64[s]") >= since]
        return rows.sort_values(["deleted_at", "id"], ignore_index=True)

    def _erased(self, name: str) -> pd.DataFrame:
        """The ids of an object that erased people left behind; as they stood the moment before."""
        everyone = self.org.everyone
        erased = everyone[everyone["erased_at"].notna()]
        if name not in ("Lead", "Contact", "Task", "Event", "CampaignMember") or erased.empty:
            return pd.DataFrame({"id": [], "deleted_at": np.array([], dtype="datetime64[s]")})
        story = self.org.story
        leads = story.entities["leads"]
        leads = leads[leads["lead_id"].isin(erased.index)].assign(erased_at=np.datetime64("NaT", "us"))
        before = Company(
            replace(self.org, story=replace(story, entities=story.entities | {"leads": leads})), self.types
        )
        people = before.org.people
        table = before.table(name)
        owner = pd.concat([people["sf_id"], people["contact_id"].dropna()])
        lead_of = pd.Series(owner.index, index=owner.to_numpy())
        column = {"Lead": "Id", "Contact": "Id", "Task": "WhoId", "Event": "WhoId", "CampaignMember": "LeadId"}[name]
        lead_ids = pd.Series(table.columns[column], dtype=object).map(lead_of)
        rows = pd.DataFrame({"id": table.columns["Id"], "deleted_at": lead_ids.map(erased["erased_at"])})
        return rows.dropna().astype({"deleted_at": "datetime64[s]"})

    def _records(self, name: str) -> pd.DataFrame:
        part, attribute = {
            "Lead": (self.people, "leads"),
            "Contact": (self.people, "contacts"),
            "Individual": (self.people, "individuals"),
            "LeadHistory": (self.people, "lead_history"),
            "ContactHistory": (self.people, "contact_history"),
            "Account": (self.deals, "accounts"),
            "AccountHistory": (self.deals, "account_history"),
            "Opportunity": (self.deals, "opportunities"),
            "OpportunityHistory": (self.deals, "opportunity_history"),
            "OpportunityFieldHistory": (self.deals, "opportunity_field_history"),
            "OpportunityContactRole": (self.deals, "contact_roles"),
            "Task": (self.work, "tasks"),
            "Event": (self.work, "events"),
            "CampaignMember": (self.work, "campaign_members"),
            "Campaign": (self.setting, "campaigns"),
            "User": (self.setting, "users"),
            "UserRole": (self.setting, "user_roles"),
            "Group": (self.setting, "groups"),
            "LeadStatus": (self.setting, "lead_statuses"),
            "OpportunityStage": (self.setting, "opportunity_stages"),
            "Organization": (self.setting, "organization"),
        }[name]
        return getattr(part, attribute)
