"""What all paths of Marketo read: who is in it, what has happened, what has been made, and how people stand now."""

from functools import cached_property

import numpy as np
import pandas as pd

from ingestion.simulator import systems
from ingestion.simulator.server.marketo import activity_types as kinds
from ingestion.simulator.server.marketo.catalogue import Catalogue
from ingestion.simulator.server.marketo.fields import (
    FIELDS,
    LEAD_STATUSES,
    MODEL_ID,
    NEW_FIELD,
    REVENUE_STAGES,
    Field,
)
from ingestion.simulator.server.marketo.log import Log
from ingestion.simulator.server.marketo.times import all_written
from ingestion.simulator.server.state import State

COLOURS = np.array(["green", "blue", "red"], dtype=object)


class World:
    """The story as Marketo has it. The log and the catalogue are worked out once, people anew for each moment."""

    def __init__(self, state: State) -> None:
        self.state = state

    @cached_property
    def catalogue(self) -> Catalogue:
        return Catalogue(self.state.story, self.state.setup)

    @cached_property
    def people(self) -> pd.DataFrame:
        """Everybody who is ever synced, as they were at first; `gone_at` is when the record was deleted or erased."""
        story, setup = self.state.story, self.state.setup
        leads = story.entities["leads"]
        leads = leads[leads["lead_id"].map(systems.crm_of_leads(story, setup)) == systems.SALESFORCE]
        accounts = story.entities["accounts"].set_index("account_id")["account_name"]
        names = leads["full_name"].fillna("").str.strip().str.rpartition(" ")
        return leads.assign(
            id=leads["lead_id"].map(systems.marketo_id),
            name=leads["full_name"],
            first_name=names[0],
            last_name=names[2],
            company=leads["company_name"].fillna(leads["account_id"].map(accounts)),
            sfdc_lead_id=leads["lead_id"].map(lambda own: systems.salesforce_id("00Q", own)),
            gone_at=leads[["deleted_at", "erased_at"]].min(axis=1),
        ).reset_index(drop=True)

    @cached_property
    def log(self) -> Log:
        return Log(self.state.story, self.state.setup, self.catalogue, self.people)

    @property
    def length(self) -> int:
        """How much of the log is known by now."""
        return self.log.length(self.state.now)

    @property
    def fields(self) -> tuple[Field, ...]:
        """The fields of people, with the one that the company has just made where that fault is on."""
        is_new = self.state.faults.has("new_field", "marketo")
        return (*FIELDS, NEW_FIELD) if is_new else FIELDS

    def is_told(self) -> np.ndarray:
        """Of each entry of the log, whether Marketo tells it now: with a deleted person goes what they did."""

        def told() -> np.ndarray:
            gone = self.people["id"][self.people["gone_at"] <= self.state.now]
            return ~np.isin(self.log.leads, gone) | (self.log.types == kinds.DELETE)

        return self.state.at_present("marketo told", told)

    def now_people(self) -> pd.DataFrame:
        """The people there are now, in the order of their ids: one column per field, values as Marketo gives them."""
        drifts = tuple(self.state.faults.has(kind, "marketo") for kind in ("new_field", "changed_type"))
        return self.state.at_present(("marketo people", drifts), lambda: self._people(*drifts))

    def row_of_id(self) -> dict[int, int]:
        """Where each person stands in `now_people`."""
        return self.state.at_present("marketo rows", lambda: {n: row for row, n in enumerate(self.now_people()["id"])})

    def members(self) -> pd.DataFrame:
        """The memberships in programs by now, one row each: lead, program, status, membershipDate, updatedAt."""
        return self.state.at_present("marketo members", self._members)

    def _people(self, has_new_field: bool, has_changed_type: bool) -> pd.DataFrame:
        now, people = self.state.now, self.people
        is_here = (people["known_at"] <= now) & ~(people["gone_at"] <= now) & ~(people["merged_at"] <= now)
        people = people[is_here].sort_values("id")
        known = self.log.rows.iloc[: self.length]
        values = {field.name: people[field.source] for field in FIELDS if field.source}
        frame = pd.DataFrame(values | {"id": people["id"]}, dtype=object).set_index(people["id"])
        for field, changed in _latest(known, kinds.CHANGE_VALUE, "primary_value").items():
            frame[field] = _after(frame, field, changed)
        unsubscribed = frame["unsubscribed"] == "true" if "unsubscribed" in frame else pd.Series(False, frame.index)
        frame["unsubscribed"] = unsubscribed.astype(bool)
        frame["unsubscribedReason"] = pd.Series(None, frame.index, dtype=object).mask(unsubscribed, "By e-mail")
        frame["leadStatus"] = _after(frame, "leadStatus").fillna(LEAD_STATUSES["lead"])
        scores = _latest(known, kinds.CHANGE_SCORE).get("", pd.Series(dtype=object))
        frame["leadScore"] = scores.reindex(frame.index).fillna(0).astype(int)
        stages = _latest(known, kinds.CHANGE_STAGE).get("", pd.Series(dtype=object)).reindex(frame.index)
        frame["leadRevenueStageId"] = stages.map(lambda stage: REVENUE_STAGES[stage][0], na_action="ignore")
        frame["leadRevenueCycleModelId"] = stages.map(lambda _: MODEL_ID, na_action="ignore")
        frame["sfdcType"] = "Lead"
        created = all_written(people["created_at"])
        updated = known[known["type_id"].isin(LEAD_CHANGES)].groupby("lead")["known_at"].max().reindex(frame.index)
        frame["createdAt"] = created
        frame["updatedAt"] = all_written(pd.to_datetime(updated))
        frame["created_at"], frame["updated_at"] = people["created_at"].to_numpy(), pd.to_datetime(updated).to_numpy()
        consents = self.state.story.known("consents", now)
        granted = consents[(consents["purpose"] == "marketing_email") & (consents["status"] == "granted")]
        granted_at = people["lead_id"].map(granted.groupby("lead_id")["changed_at"].min())
        frame["emailOptIn"] = granted_at.notna().to_numpy()
        frame["emailOptInDate"] = all_written(granted_at)
        frame["emailInvalid"] = False
        if has_new_field:
            frame[NEW_FIELD.name] = COLOURS[people["id"].to_numpy() % 3]
        if has_changed_type:
            frame["createdAt"] = frame["createdAt"].mask(people["id"].to_numpy() % 2 == 0, "some time ago")
        for field in FIELDS:
            if field.name not in frame:
                frame[field.name] = None
        return (
            frame.astype(object)
            .where(frame.notna(), None)
            .assign(created_at=frame["created_at"], updated_at=frame["updated_at"])
        )

    def _members(self) -> pd.DataFrame:
        known = self.log.rows.iloc[: self.length]
        steps = known[known["type_id"] == kinds.CHANGE_STATUS]
        steps = steps[steps["lead"].isin(self.row_of_id())]
        groups = steps.groupby(["lead", "primary_id"])
        members = groups.agg(
            membershipDate=("activity_date", "min"), updatedAt=("known_at", "max"), statusName=("new", "last")
        )
        return members.reset_index(names=["leadId", "programId"])


LEAD_CHANGES = (kinds.NEW_LEAD, kinds.CHANGE_VALUE, kinds.CHANGE_SCORE, kinds.CHANGE_STAGE, kinds.MERGE)


def _latest(known: pd.DataFrame, type_id: int, by: str | None = None) -> dict[str, pd.Series]:
    """The last new value per person, by kind of value."""
    changes = known[known["type_id"] == type_id]
    if by is None:
        return {"": changes.groupby("lead")["new"].last()}
    return {kind: rows.groupby("lead")["new"].last() for kind, rows in changes.groupby(by)}


def _after(frame: pd.DataFrame, field: str, changed: pd.Series | None = None) -> pd.Series:
    before = frame[field] if field in frame else pd.Series(None, frame.index, dtype=object)
    return before if changed is None else changed.reindex(frame.index).fillna(before)
