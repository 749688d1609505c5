"""Account, Opportunity, the people on it, and their histories."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from ingestion.simulator.server.salesforce.org import AUTOMATED_USER, Org, ids_of, latest_of
from ingestion.simulator.server.salesforce.schema import FORECASTS, KEY_PREFIXES, OPPORTUNITY_WORDS, PROBABILITIES
from ingestion.simulator.server.salesforce.tables import record_ids

TYPES = {"new": "New Business", "expansion": "Expansion", "renewal": "Renewal"}
ACCOUNT_FIELDS = {
    "employee_count": "NumberOfEmployees",
    "segment": "Segment__c",
    "industry": "Industry",
    "annual_revenue_amount": "AnnualRevenue",
}
ACCOUNT_CREATED, ACCOUNT_ATTRIBUTE = 0, 1
DEAL_CREATED, DEAL_STAGE, DEAL_AMOUNT, DEAL_REASON = range(4)


@dataclass(frozen=True)
class Deals:
    """The companies and deals of an org, and how they are recorded."""

    org: Org

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """Records of Account."""
        accounts = self.org.accounts
        rows = pd.DataFrame(
            {
                "Id": accounts["sf_id"],
                "IsDeleted": accounts["deleted_at"].notna() | accounts["merged_at"].notna(),
                "MasterRecordId": accounts["merged_into_account_id"]
                .where(accounts["merged_at"].notna())
                .map(accounts["sf_id"]),
                "Name": accounts["account_name"],
                "Type": "Prospect",
                "Website": accounts["domain"],
                "BillingCountry": accounts["country"],
                "BillingState": accounts["region"],
                "OwnerId": AUTOMATED_USER,
                "Technology_Tags__c": accounts["technology_tags"],
                "Churned_At__c": self.org.past(accounts["churned_at"]),
                "CurrencyIsoCode": "EUR",
                "CreatedDate": accounts["known_at"],
                "CreatedById": AUTOMATED_USER,
                "LastModifiedById": AUTOMATED_USER,
            }
        )
        changes = self._account_changes
        for attribute, field in ACCOUNT_FIELDS.items():
            last = changes[changes["attribute"] == attribute].drop_duplicates("account_id", keep="last")
            rows[field] = accounts[attribute].astype(object)
            rows[field] = last.set_index("account_id")["value"].reindex(rows.index).fillna(rows[field])
        changed_at = changes.groupby("account_id")["changed_at"].max().reindex(rows.index)
        changed_at = latest_of(accounts["known_at"], changed_at, rows["Churned_At__c"])
        moved_at = latest_of(changed_at, accounts["merged_at"], accounts["deleted_at"])
        return rows.assign(LastModifiedDate=changed_at, SystemModstamp=moved_at)

    @cached_property
    def account_history(self) -> pd.DataFrame:
        """Records of AccountHistory."""
        accounts = self.org.accounts
        created = accounts.assign(at=accounts["known_at"], by=AUTOMATED_USER, account_id=accounts.index)
        changes = self._account_changes
        before = changes.groupby(["account_id", "attribute"])["value"].shift()
        first = [
            str(accounts.at[account_id, attribute])
            for account_id, attribute in zip(changes["account_id"], changes["attribute"], strict=True)
        ]
        before = before.where(before.notna(), pd.Series(first, index=changes.index, dtype=object))
        rows = pd.concat(
            [
                self.org.history(ACCOUNT_CREATED, created, "created", None, None).assign(account_id=accounts.index),
                self.org.history(
                    ACCOUNT_ATTRIBUTE, changes, changes["attribute"].map(ACCOUNT_FIELDS), before, changes["value"]
                ).assign(account_id=changes["account_id"]),
            ],
            ignore_index=True,
        )
        is_gone = accounts["deleted_at"].notna() | accounts["merged_at"].notna()
        return rows.assign(
            AccountId=rows["account_id"].map(accounts["sf_id"]), IsDeleted=rows["account_id"].map(is_gone).astype(bool)
        )

    @cached_property
    def opportunities(self) -> pd.DataFrame:
        """Records of Opportunity."""
        deals = self.org.opportunities
        last = (
            self._stages.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id").reindex(deals.index)
        )
        stages = self._stages
        is_other = stages["stage"] != stages.groupby("opportunity_id")["stage"].shift()
        entered_at = stages[is_other].groupby("opportunity_id")["changed_at"].max().reindex(deals.index)
        stage = last["stage"].fillna(deals["stage"])
        amount = last["amount_local"].fillna(deals["amount_local"])
        is_closed = stage.isin(("won", "lost"))
        closed_on = entered_at.where(is_closed)
        names = deals["account_id"].map(self.org.accounts["account_name"]).fillna("Deal")
        contact = self.org.opportunity_contacts
        contact = (
            contact[contact["is_primary"]].drop_duplicates("opportunity_id").set_index("opportunity_id")["contact_id"]
        )
        campaign = deals["campaign_id"] if "campaign_id" in deals else pd.Series(None, deals.index, dtype=object)
        changed_at = latest_of(deals["known_at"], last["changed_at"])
        return pd.DataFrame(
            {
                "Id": deals["sf_id"],
                "IsDeleted": deals["deleted_at"].notna(),
                "AccountId": deals["account_id"].map(self.org.accounts["sf_id"]),
                "Name": names + " - " + deals["product"].astype(str),
                "StageName": stage.map(OPPORTUNITY_WORDS),
                "Amount": amount,
                "Probability": stage.map(PROBABILITIES),
                "ExpectedRevenue": (amount * stage.map(PROBABILITIES) / 100).round(2),
                "CloseDate": closed_on.fillna(pd.to_datetime(deals["expected_close_date"])),
                "Type": deals["opportunity_type"].map(TYPES),
                "IsClosed": is_closed,
                "IsWon": stage == "won",
                "ForecastCategory": stage.map(FORECASTS),
                "ForecastCategoryName": stage.map(FORECASTS),
                "CurrencyIsoCode": deals["currency"],
                "CampaignId": ids_of(KEY_PREFIXES["Campaign"], campaign),
                "ContactId": contact.reindex(deals.index),
                "OwnerId": self.org.user_ids(deals["owner_id"]),
                "Product__c": deals["product"],
                "Lost_Reason__c": deals["lost_reason"].where(stage == "lost"),
                "CreatedDate": deals["created_at"],
                "CreatedById": self.org.user_ids(deals["owner_id"]),
                "LastModifiedDate": changed_at,
                "LastModifiedById": self.org.user_ids(deals["owner_id"]),
                "LastStageChangeDate": entered_at,
                "FiscalQuarter": (deals["created_at"].dt.month + 2) // 3,
                "FiscalYear": deals["created_at"].dt.year,
                "SystemModstamp": latest_of(changed_at, deals["deleted_at"]),
            }
        )

    @cached_property
    def opportunity_history(self) -> pd.DataFrame:
        """Records of OpportunityHistory: one at the creation, one for each change of stage or amount."""
        changes = self._stages
        deal = self.opportunities.set_index(self.org.opportunities.index).loc[changes["opportunity_id"]]
        deal = deal.set_index(changes.index)
        probability = changes["stage"].map(PROBABILITIES)
        return pd.DataFrame(
            {
                "Id": record_ids(KEY_PREFIXES["OpportunityHistory"], changes["place"].to_numpy()),
                "OpportunityId": deal["Id"],
                "CreatedById": deal["OwnerId"],
                "CreatedDate": changes["changed_at"],
                "StageName": changes["stage"].map(OPPORTUNITY_WORDS),
                "Amount": changes["amount_local"],
                "ExpectedRevenue": (changes["amount_local"] * probability / 100).round(2),
                "CloseDate": pd.to_datetime(
                    changes["opportunity_id"].map(self.org.opportunities["expected_close_date"])
                ),
                "Probability": probability,
                "ForecastCategory": changes["stage"].map(FORECASTS),
                "CurrencyIsoCode": changes["currency"],
                "SystemModstamp": latest_of(
                    changes["changed_at"], changes["opportunity_id"].map(self.org.opportunities["deleted_at"])
                ),
                "IsDeleted": deal["IsDeleted"],
            }
        )

    @cached_property
    def opportunity_field_history(self) -> pd.DataFrame:
        """Records of OpportunityFieldHistory."""
        deals = self.org.opportunities
        created = deals.assign(
            at=deals["known_at"], by=self.org.user_ids(deals["owner_id"]), opportunity_id=deals.index
        )
        changes = self._stages
        changes = changes.assign(
            at=changes["changed_at"],
            by=self.org.user_ids(changes["opportunity_id"].map(deals["owner_id"])),
            word=changes["stage"].map(OPPORTUNITY_WORDS),
        )
        before = changes.groupby("opportunity_id")[["word", "amount_local"]].shift()
        is_known = before["word"].notna()
        new_stage = is_known & (changes["word"] != before["word"])
        new_amount = is_known & (changes["amount_local"] != before["amount_local"])
        history, amounts = self.org.history, changes["amount_local"].astype(str)
        rows = pd.concat(
            [
                history(DEAL_CREATED, created, "created", None, None).assign(deal=deals.index),
                history(
                    DEAL_STAGE, changes[new_stage], "StageName", before["word"][new_stage], changes["word"][new_stage]
                ).assign(deal=changes["opportunity_id"]),
                history(
                    DEAL_AMOUNT,
                    changes[new_amount],
                    "Amount",
                    before["amount_local"][new_amount].astype(str),
                    amounts[new_amount],
                ).assign(deal=changes["opportunity_id"]),
            ],
            ignore_index=True,
        )
        return rows.assign(
            OpportunityId=rows["deal"].map(deals["sf_id"]),
            IsDeleted=rows["deal"].map(deals["deleted_at"].notna()).astype(bool),
        )

    @cached_property
    def contact_roles(self) -> pd.DataFrame:
        """Records of OpportunityContactRole."""
        rows = self.org.opportunity_contacts
        return pd.DataFrame(
            {
                "Id": record_ids(KEY_PREFIXES["OpportunityContactRole"], rows["place"].to_numpy()),
                "OpportunityId": rows["sf_id"],
                "ContactId": rows["contact_id"],
                "Role": rows["role"],
                "IsPrimary": rows["is_primary"].astype(bool),
                "IsDeleted": rows["deleted_at"].notna(),
                "CurrencyIsoCode": "EUR",
                "CreatedDate": rows["known_at"],
                "CreatedById": self.org.user_ids(rows["owner_id"]),
                "LastModifiedDate": rows["known_at"],
                "LastModifiedById": self.org.user_ids(rows["owner_id"]),
                "SystemModstamp": latest_of(rows["known_at"], rows["deleted_at"]),
            }
        )

    @cached_property
    def _stages(self) -> pd.DataFrame:
        rows = self.org.known("opportunity_stage_changes")
        rows = rows[rows["opportunity_id"].isin(self.org.opportunities.index)]
        return rows.sort_values(["opportunity_id", "changed_at"], kind="stable")

    @cached_property
    def _account_changes(self) -> pd.DataFrame:
        """Changes after the first day, in the order of time."""
        rows = self.org.known("account_attribute_changes")
        rows = rows[rows["account_id"].isin(self.org.accounts.index) & rows["attribute"].isin(ACCOUNT_FIELDS)]
        rows = rows[rows["changed_at"] > rows["account_id"].map(self.org.accounts["created_at"])]
        rows = rows.sort_values(["account_id", "attribute", "changed_at"], kind="stable")
        return rows.assign(at=rows["changed_at"], by=AUTOMATED_USER)
