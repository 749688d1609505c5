"""Lead, Contact and what Salesforce keeps of their changes.

Up to its conversion a person's changes are those of the Lead, afterwards those of the Contact.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator.server.salesforce.org import (
    AUTOMATED_USER,
    MARKETING_QUEUE,
    MARKETING_QUEUE_NAME,
    Org,
    ids_of,
)
from ingestion.simulator.server.salesforce.schema import (
    CONTACT_WORDS,
    CONVERTED_WITHOUT_DEAL,
    KEY_PREFIXES,
    LEAD_WORDS,
)

# What the fields of this company are called that hold our attributes.
FIELDS = {
    "persona": "Persona__c",
    "job_function": "Job_Function__c",
    "seniority": "Seniority__c",
    "language": "Language__c",
    "product_interest": "Product_Interest__c",
    "job_title": "Title",
    "lead_source": "LeadSource",
}
OPT_OUTS = {"marketing_email": "HasOptedOutOfEmail", "phone": "DoNotCall"}
STATUS, REASON, OWNER_NAME, OWNER_ID, ATTRIBUTE, OPT_OUT, CREATED, CONVERTED = range(8)


@dataclass(frozen=True)
class People:
    """The people of an org, their changes, and how they are recorded."""

    org: Org

    @cached_property
    def leads(self) -> pd.DataFrame:
        """Records of Lead."""
        people = self.org.people
        is_converted = people["converted_at"].notna()
        status = self._at_conversion(self.stage_words, "word").where(
            ~is_converted | people["converts_by_stage"], CONVERTED_WITHOUT_DEAL
        )
        accounts = self.account_ids
        rows = self._person_fields(is_contact=False).assign(
            Id=people["sf_id"],
            IsDeleted=people["deleted_at"].notna() | people["merged_at"].notna(),
            MasterRecordId=people["merged_into_lead_id"]
            .where(people["merged_at"].notna())
            .map(self.org.everyone["sf_id"]),
            Company=people["company_name"]
            .fillna(accounts.map(self.org.accounts["account_name"]))
            .fillna("[not provided]"),
            Country=people["country"],
            Status=status,
            Matched_Account__c=accounts.map(self.org.accounts["sf_id"]),
            CurrencyIsoCode="EUR",
            IsConverted=is_converted,
            ConvertedDate=people["converted_at"],
            ConvertedContactId=people["contact_id"],
            ConvertedAccountId=accounts.map(self.org.accounts["sf_id"]).where(is_converted),
            ConvertedOpportunityId=self._own_deals["sf_id"],
            IsUnreadByOwner=False,
        )
        moved = pd.concat(
            [people["deleted_at"], people["merged_at"], people["converted_at"], self._own_deals["known_at"]]
        )
        return self._audited(rows, people["known_at"], self.lead_changes, moved)

    @cached_property
    def contacts(self) -> pd.DataFrame:
        """Records of Contact."""
        people = self.org.people[self.org.people["contact_id"].notna()]
        words = self.stage_words.replace({"word": LEAD_WORDS["opportunity"]}, CONTACT_WORDS["opportunity"])
        rows = (
            self._person_fields(is_contact=True)
            .reindex(people.index)
            .assign(
                Id=people["contact_id"],
                IsDeleted=people["deleted_at"].notna(),
                AccountId=self.account_ids.map(self.org.accounts["sf_id"]),
                MailingCountry=people["country"],
                Lead_Stage__c=_latest(words, "word"),
                CurrencyIsoCode="EUR",
            )
        )
        rows = rows.assign(CreatedDate=people["converted_at"])
        return self._audited(rows, people["converted_at"], self.contact_changes, people["deleted_at"])

    @cached_property
    def individuals(self) -> pd.DataFrame:
        """Records of Individual, which say how a person wants to be treated; they outlive a Lead or Contact."""
        people = self.org.everyone
        asks = people.index.isin(self.org.forgotten)
        changed_at = people["known_at"].where(~asks, np.datetime64(self.org.now, "us"))
        name = people["full_name"].where(people["erased_at"].isna())
        rows = pd.DataFrame({"Id": self._individual_ids, "Name": name, "ShouldForget": asks})
        made = {"CreatedDate": people["known_at"], "LastModifiedDate": changed_at, "SystemModstamp": changed_at}
        return rows.assign(CreatedById=AUTOMATED_USER, LastModifiedById=AUTOMATED_USER, **made)

    @cached_property
    def lead_history(self) -> pd.DataFrame:
        """Records of LeadHistory."""
        changes = self.lead_changes
        return changes.assign(LeadId=changes["lead_id"].map(self.org.people["sf_id"]), IsDeleted=self._is_gone(changes))

    @cached_property
    def contact_history(self) -> pd.DataFrame:
        """Records of ContactHistory."""
        changes = self.contact_changes
        return changes.assign(
            ContactId=changes["lead_id"].map(self.org.people["contact_id"]), IsDeleted=self._is_gone(changes)
        )

    @cached_property
    def stage_words(self) -> pd.DataFrame:
        """The stages of each person as this CRM words them, in the order of time."""
        rows = self._of_people("lead_stage_changes").assign(at=lambda changes: changes["changed_at"])
        return rows.assign(
            word=rows["stage"].map(LEAD_WORDS),
            by=self.org.user_ids(rows["changed_by"]),
            reason=rows["reason"].where(rows["reason"].notna(), None),
        )

    @cached_property
    def owners(self) -> pd.DataFrame:
        """The owners of each person in the order of time."""
        rows = self._of_people("lead_owner_changes").assign(at=lambda changes: changes["changed_at"])
        users = self.org.users
        return rows.assign(
            sf_id=rows["owner_id"].map(users["sf_id"]), name=rows["owner_id"].map(users["user_name"]), by=AUTOMATED_USER
        )

    @cached_property
    def attributes(self) -> pd.DataFrame:
        """The values of each person's attributes in the order of time, those of the first day left out."""
        rows = self._of_people("lead_attribute_changes").assign(
            at=lambda changes: changes["changed_at"], by=AUTOMATED_USER
        )
        created_at = rows["lead_id"].map(self.org.people["created_at"])
        return rows[rows["attribute"].isin([*FIELDS, "account_id"]) & (rows["changed_at"] > created_at)]

    @cached_property
    def opt_outs(self) -> pd.DataFrame:
        """Who opted out, or in again, when: `value` is that of the field, which is false at first."""
        rows = self._of_people("consents").assign(at=lambda changes: changes["changed_at"], by=AUTOMATED_USER)
        rows = rows[rows["purpose"].isin(OPT_OUTS)]
        rows = rows.assign(value=rows["status"] == "withdrawn")
        before = rows.groupby(["lead_id", "purpose"])["value"].shift(fill_value=False)
        return rows.assign(before=before)[rows["value"] != before]

    @cached_property
    def account_ids(self) -> pd.Series:
        """The account of each person by now (ours)."""
        changes = self.attributes[self.attributes["attribute"] == "account_id"]
        return _latest(changes, "value").reindex(self.org.people.index).fillna(self.org.people["account_id"])

    @property
    def lead_changes(self) -> pd.DataFrame:
        """Every change that was recorded on a Lead, as its history has it."""
        return self._changes[0]

    @property
    def contact_changes(self) -> pd.DataFrame:
        """Every change that was recorded on a Contact, as its history has it."""
        return self._changes[1]

    @cached_property
    def _changes(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        people = self.org.people
        stages = self.stage_words
        stages = stages.assign(before=stages.groupby("lead_id")["word"].shift())
        stages = stages.assign(
            reason_before=stages.groupby("lead_id")["reason"].shift().where(lambda r: r.notna(), None)
        )
        changed = stages[stages["before"].notna()]
        reasons = changed[changed["reason"].fillna("") != changed["reason_before"].fillna("")]
        owners = self.owners
        owners = owners.assign(
            sf_id_before=owners.groupby("lead_id")["sf_id"].shift().fillna(MARKETING_QUEUE),
            name_before=owners.groupby("lead_id")["name"].shift().fillna(MARKETING_QUEUE_NAME),
        )
        converted = people[people["converted_at"].notna()].assign(at=lambda rows: rows["converted_at"])
        converted = converted.assign(lead_id=converted.index, by=self._converters.reindex(converted.index))
        for_deal = converted[~converted["converts_by_stage"]]
        before = self._at_conversion(stages, "word").reindex(for_deal.index)
        created = people.assign(at=people["created_at"], by=AUTOMATED_USER, lead_id=people.index)
        history = self.org.history
        attributes = self._attribute_history()
        opt_outs = self.opt_outs
        on_both = [
            history(REASON, reasons, "Stage_Reason__c", reasons["reason_before"], reasons["reason"]),
            history(OWNER_NAME, owners, "Owner", owners["name_before"], owners["name"]),
            history(OWNER_ID, owners, "Owner", owners["sf_id_before"], owners["sf_id"]),
            attributes,
            history(
                OPT_OUT,
                opt_outs,
                opt_outs["purpose"].map(OPT_OUTS),
                opt_outs["before"].map(_boolean),
                opt_outs["value"].map(_boolean),
            ),
        ]
        on_lead = [
            *(self._where_lead(rows) for rows in on_both),
            self._where_lead(history(STATUS, changed, "Status", changed["before"], changed["word"])),
            history(
                STATUS, for_deal.assign(place=for_deal["place"] + 90_000_000), "Status", before, CONVERTED_WITHOUT_DEAL
            ),
            history(CONVERTED, converted, "leadConverted", None, None),
            history(CREATED, created, "created", None, None),
        ]
        own_words = changed["word"].replace(LEAD_WORDS["opportunity"], CONTACT_WORDS["opportunity"])
        own_before = changed["before"].replace(LEAD_WORDS["opportunity"], CONTACT_WORDS["opportunity"])
        on_contact = [
            *(self._where_contact(rows) for rows in on_both),
            self._where_contact(history(STATUS, changed, "Lead_Stage__c", own_before, own_words)),
            history(CREATED, converted.assign(place=converted["place"] + 50_000_000), "created", None, None),
        ]
        return pd.concat(on_lead, ignore_index=True), pd.concat(on_contact, ignore_index=True)

    def _attribute_history(self) -> pd.DataFrame:
        rows = self.attributes
        before = rows.groupby(["lead_id", "attribute"])["value"].shift()
        first = pd.Series(
            [
                self.org.people.at[lead_id, name]
                for lead_id, name in zip(rows["lead_id"], rows["attribute"], strict=True)
            ],
            index=rows.index,
            dtype=object,
        )
        rows = rows.assign(before=before.where(before.notna(), first), field=rows["attribute"].map(FIELDS))
        of_account = rows["attribute"] == "account_id"
        accounts = self.org.accounts["sf_id"]
        for column in ("before", "value"):
            rows[column] = rows[column].astype(object).where(~of_account, rows[column].map(accounts))
        rows["field"] = rows["field"].where(~of_account, "Matched_Account__c")
        return self.org.history(ATTRIBUTE, rows, rows["field"], rows["before"], rows["value"])

    @cached_property
    def _own_deals(self) -> pd.DataFrame:
        """The deal that each person's conversion opened, by lead_id: sf_id and known_at."""
        named = self.org.opportunity_contacts
        named = (
            named[named["is_primary"]]
            .sort_values(["known_at", "sf_id"])
            .drop_duplicates("lead_id")
            .set_index("lead_id")
        )
        return named[["sf_id", "known_at"]].reindex(self.org.people.index)

    @cached_property
    def _converters(self) -> pd.Series:
        """Who converted each person: who changed the stage, else the owner of the deal."""
        stages = self.stage_words
        by_stage = stages[stages["stage"] == "opportunity"].drop_duplicates("lead_id").set_index("lead_id")["by"]
        deals = self.org.opportunity_contacts.sort_values("known_at").drop_duplicates("lead_id").set_index("lead_id")
        by_deal = self.org.user_ids(deals["owner_id"])
        people = self.org.people
        by = by_stage.reindex(people.index).where(people["converts_by_stage"], by_deal.reindex(people.index))
        return by.fillna(AUTOMATED_USER)

    def _person_fields(self, is_contact: bool) -> pd.DataFrame:
        """What Lead and Contact have in common, as of now for a Contact, as of the conversion for a Lead."""
        people = self.org.people
        latest = _latest if is_contact else self._at_conversion
        names = people["full_name"].str.rsplit(" ", n=1)
        rows = pd.DataFrame(
            {
                "LastName": names.str[-1],
                "FirstName": names.str[0].where(names.str.len() > 1),
                "Name": people["full_name"],
                "Email": people["email"],
                "Phone": people["phone"],
                "OwnerId": latest(self.owners, "sf_id").reindex(people.index).fillna(MARKETING_QUEUE),
                "IndividualId": self._individual_ids.reindex(people.index),
                "Stage_Reason__c": latest(self.stage_words, "reason").reindex(people.index),
                "CreatedDate": people["created_at"],
                "CreatedById": AUTOMATED_USER,
            }
        )
        for attribute, field in FIELDS.items():
            changes = self.attributes[self.attributes["attribute"] == attribute]
            changed = latest(changes, "value").reindex(people.index)
            rows[field] = changed.where(changed.notna(), people[attribute])
        for purpose, field in OPT_OUTS.items():
            changes = self.opt_outs[self.opt_outs["purpose"] == purpose]
            rows[field] = latest(changes, "value").reindex(people.index).astype("boolean").fillna(False).astype(bool)
        return rows

    @cached_property
    def _individual_ids(self) -> pd.Series:
        return ids_of(KEY_PREFIXES["Individual"], self.org.everyone.index.to_series())

    def _audited(
        self, rows: pd.DataFrame, known_at: pd.Series, changes: pd.DataFrame, moved: pd.Series
    ) -> pd.DataFrame:
        """With who changed the record last, and when."""
        last = (
            changes.sort_values("CreatedDate", kind="stable")
            .drop_duplicates("lead_id", keep="last")
            .set_index("lead_id")
        )
        moved_at = moved.groupby(moved.index).max().reindex(rows.index)
        changed_at = np.fmax(last["CreatedDate"].reindex(rows.index), known_at.reindex(rows.index))
        return rows.assign(
            LastModifiedById=last["CreatedById"].reindex(rows.index).fillna(AUTOMATED_USER),
            LastModifiedDate=changed_at,
            SystemModstamp=np.fmax(changed_at, moved_at),
        )

    def _of_people(self, entity: str) -> pd.DataFrame:
        """Rows of an entity of changes of these people, in the order of time."""
        rows = self.org.known(entity)
        rows = rows[rows["lead_id"].isin(self.org.people.index)]
        return rows.sort_values(["lead_id", "changed_at"], kind="stable")

    def _at_conversion(self, changes: pd.DataFrame, column: str) -> pd.Series:
        """The value of each person that the Lead had last."""
        converted_at = changes["lead_id"].map(self.org.people["converted_at"])
        return _latest(changes[~(changes["at"] > converted_at)], column).reindex(self.org.people.index)

    def _where_lead(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[~(rows["CreatedDate"] > rows["lead_id"].map(self.org.people["converted_at"]))]

    def _where_contact(self, rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["CreatedDate"] > rows["lead_id"].map(self.org.people["converted_at"])]

    def _is_gone(self, changes: pd.DataFrame) -> pd.Series:
        people = self.org.people
        return changes["lead_id"].map(people["deleted_at"].notna() | people["merged_at"].notna()).astype(bool)


def _latest(changes: pd.DataFrame, column: str) -> pd.Series:
    """The last value of each person in changes that are sorted by time, by lead_id."""
    last = changes.drop_duplicates("lead_id", keep="last").set_index("lead_id")[column]
    return last.where(last.notna(), None)


def _boolean(value: bool) -> str:
    return "true" if value else "false"
