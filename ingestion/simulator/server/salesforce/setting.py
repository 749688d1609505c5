"""What stands around the records: users and their roles, queues, campaigns, the values of the picklists."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator import systems
from ingestion.simulator.server.salesforce.org import (
    AUTOMATED_USER,
    MARKETING_QUEUE,
    MARKETING_QUEUE_NAME,
    ORGANIZATION_ID,
    Org,
    ids_of,
    latest_of,
)
from ingestion.simulator.server.salesforce.schema import (
    CONVERTED_WITHOUT_DEAL,
    FORECASTS,
    KEY_PREFIXES,
    LEAD_WORDS,
    OPPORTUNITY_WORDS,
    PROBABILITIES,
)
from ingestion.simulator.server.salesforce.tables import record_ids
from ingestion.simulator.systems import SALESFORCE

TIME_ZONES = {"PL": "Europe/Warsaw", "DE": "Europe/Berlin"}
CAMPAIGN_TYPES = {"webinar": "Webinar", "event": "Conference", "content": "Content", "partner": "Partners"}


@dataclass(frozen=True)
class Setting:
    """Users, campaigns and picklists of an org, and how they are recorded."""

    org: Org

    @cached_property
    def users(self) -> pd.DataFrame:
        """Records of User; the last one is what acts where nobody does."""
        users = self.org.users
        names = users["user_name"].str.rsplit(" ", n=1)
        people = pd.DataFrame(
            {
                "Id": users["sf_id"],
                "Username": users["sf_id"].str.lower() + "@kolibri.example",
                "LastName": names.str[-1],
                "FirstName": names.str[0],
                "Name": users["user_name"],
                "CompanyName": "Kolibri",
                "Division": users["region"],
                "Department": users["team"],
                "Title": users["team"],
                "Country": users["calendar"],
                "Email": users["sf_id"].str.lower() + "@kolibri.example",
                "Alias": users.index.str.lower(),
                "IsActive": users["is_active"].astype(bool),
                "TimeZoneSidKey": users["calendar"].map(TIME_ZONES),
                "UserRoleId": users["team"].map(self._role_ids),
                "UserType": "Standard",
                "Capacity_Per_Week__c": users["capacity_per_week"],
            }
        )
        automated = {"Id": AUTOMATED_USER, "LastName": "Automated Process", "Name": "Automated Process"}
        automated |= {"Username": "autoproc@kolibri.example", "IsActive": True, "UserType": "AutomatedProcess"}
        rows = pd.concat([people, pd.DataFrame([automated])], ignore_index=True)
        return rows.assign(LocaleSidKey="en_US", LanguageLocaleKey="en_US", **self._made_at_start())

    @cached_property
    def user_roles(self) -> pd.DataFrame:
        """Records of UserRole: one per team."""
        ids = self._role_ids
        names = {"Id": ids.to_numpy(), "Name": ids.index, "DeveloperName": ids.index.str.replace(" ", "_")}
        return pd.DataFrame(names).assign(**self._made_at_start())

    @cached_property
    def groups(self) -> pd.DataFrame:
        """Records of Group: the queue that owns what nobody owns yet."""
        queue = {
            "Id": MARKETING_QUEUE,
            "Name": MARKETING_QUEUE_NAME,
            "DeveloperName": "Marketing_Queue",
            "Type": "Queue",
        }
        return pd.DataFrame([queue]).assign(**self._made_at_start())

    @cached_property
    def campaigns(self) -> pd.DataFrame:
        """Records of Campaign."""
        rows = systems.campaigns(self.org.story, self.org.setup)
        now = np.datetime64(self.org.now, "us")
        of_salesforce = rows.loc[rows["system"] == SALESFORCE, "campaign_id"]
        rows = rows[(rows["system"] == SALESFORCE) & (rows["known_at"] <= now)].set_index("campaign_id", drop=False)
        aliases = self.org.story.entities["campaign_aliases"].drop_duplicates(["campaign_id", "alias"])
        aliases = aliases[aliases["campaign_id"].isin(rows.index)]
        is_platform_id = aliases["alias"].str.fullmatch(r"\d+")
        tags = aliases[~is_platform_id].drop_duplicates("campaign_id").set_index("campaign_id")["alias"]
        platform_ids = aliases[is_platform_id].drop_duplicates("campaign_id").set_index("campaign_id")["alias"]
        is_parent_here = rows["parent_campaign_id"].isin(of_salesforce)
        ended_at = pd.to_datetime(rows["end_date"]).astype("datetime64[us]")
        has_ended = ended_at <= now
        ids = ids_of(KEY_PREFIXES["Campaign"], rows["campaign_id"])
        changed_at = latest_of(rows["known_at"], ended_at.where(has_ended))
        return pd.DataFrame(
            {
                "Id": ids,
                "IsDeleted": False,
                "Name": rows["campaign_name"],
                "ParentId": ids_of(KEY_PREFIXES["Campaign"], rows["parent_campaign_id"]).where(is_parent_here),
                "Type": rows["channel"]
                .map(CAMPAIGN_TYPES)
                .fillna("Advertisement")
                .where(rows["channel"].notna(), "Other"),
                "Status": np.where(has_ended, "Completed", "In Progress"),
                "StartDate": pd.to_datetime(rows["start_date"]),
                "EndDate": ended_at,
                "BudgetedCost": rows["budget_amount_local"],
                "IsActive": ~has_ended,
                "OwnerId": AUTOMATED_USER,
                "Platform__c": rows["platform"],
                "UTM_Campaign__c": tags.reindex(rows.index),
                "Platform_Campaign_Id__c": platform_ids.reindex(rows.index),
                "CurrencyIsoCode": rows["currency"],
                "CreatedDate": rows["known_at"],
                "CreatedById": AUTOMATED_USER,
                "LastModifiedDate": changed_at,
                "LastModifiedById": AUTOMATED_USER,
                "SystemModstamp": changed_at,
            }
        )

    @cached_property
    def lead_statuses(self) -> pd.DataFrame:
        """Records of LeadStatus."""
        words = [*LEAD_WORDS.values(), CONVERTED_WITHOUT_DEAL]
        converted = (LEAD_WORDS["opportunity"], CONVERTED_WITHOUT_DEAL)
        return self._labelled(words).assign(
            IsDefault=[word == LEAD_WORDS["lead"] for word in words],
            IsConverted=[word in converted for word in words],
        )

    @cached_property
    def opportunity_stages(self) -> pd.DataFrame:
        """Records of OpportunityStage."""
        stages = list(OPPORTUNITY_WORDS)
        forecasts = [FORECASTS[stage] for stage in stages]
        return self._labelled(list(OPPORTUNITY_WORDS.values()), first=100).assign(
            IsActive=True,
            IsClosed=[stage in ("won", "lost") for stage in stages],
            IsWon=[stage == "won" for stage in stages],
            ForecastCategory=forecasts,
            ForecastCategoryName=forecasts,
            DefaultProbability=[PROBABILITIES[stage] for stage in stages],
        )

    @cached_property
    def organization(self) -> pd.DataFrame:
        """The record of Organization."""
        only = {"Id": ORGANIZATION_ID, "Name": "Kolibri", "IsSandbox": False, "OrganizationType": "Enterprise Edition"}
        only |= {"InstanceName": "EU1", "DefaultLocaleSidKey": "en_US", "TimeZoneSidKey": "Europe/Warsaw"}
        return pd.DataFrame([only | self._made_at_start()])

    @property
    def _role_ids(self) -> pd.Series:
        teams = sorted(self.org.story.entities["users"]["team"].unique())
        return pd.Series(record_ids(KEY_PREFIXES["UserRole"], range(1, len(teams) + 1)), index=teams)

    def _labelled(self, words: list[str], first: int = 1) -> pd.DataFrame:
        ids = record_ids("01J", range(first, first + len(words)))
        return pd.DataFrame(
            {"Id": ids, "MasterLabel": words, "ApiName": words, "SortOrder": range(1, len(words) + 1)}
        ).assign(**self._made_at_start())

    def _made_at_start(self) -> dict:
        start = pd.Timestamp(self.org.story.start)
        made = {"CreatedDate": start, "CreatedById": AUTOMATED_USER, "LastModifiedDate": start}
        return made | {"LastModifiedById": AUTOMATED_USER, "SystemModstamp": start}
