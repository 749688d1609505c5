"""What the account holds at the present moment, worked out on demand and kept until time moves on."""

from collections.abc import Callable
from typing import TypeVar

import numpy as np
import pandas as pd

from ingestion.simulator.server.hubspot import catalogue
from ingestion.simulator.server.hubspot.building import Facts, milliseconds
from ingestion.simulator.server.hubspot.company import ENGAGEMENTS, Company
from ingestion.simulator.server.hubspot.records import Records, iso
from ingestion.simulator.server.state import State

T = TypeVar("T")
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
DEAL_PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 5, "label": "Primary"}
UNLABELLED = {
    ("contacts", "companies"): 279,
    ("companies", "contacts"): 280,
    ("deals", "contacts"): 3,
    ("contacts", "deals"): 4,
    ("deals", "companies"): 341,
    ("companies", "deals"): 342,
    ("meetings", "contacts"): 200,
    ("contacts", "meetings"): 199,
    ("calls", "contacts"): 194,
    ("contacts", "calls"): 193,
    ("emails", "contacts"): 198,
    ("contacts", "emails"): 197,
    ("tasks", "contacts"): 204,
    ("contacts", "tasks"): 203,
    ("notes", "contacts"): 202,
    ("contacts", "notes"): 201,
}
PRIMARY_CONTACT = "Primary contact"
Association = tuple[str, tuple[tuple[str, int, str | None], ...]]


class Portal:
    """The account: records per object type, associations, and whatever else a mouth works out for the moment."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.company = Company(state.story, state.setup)
        self._facts: dict[str, Facts] = {}

    @property
    def now(self) -> np.datetime64:
        return np.datetime64(self.state.now, "us")

    def at_present(self, name: object, make: Callable[[], T]) -> T:
        """Made once until time moves on; faults that change what records say count as another moment."""
        drifts = (self.has("changed_type"), self.has("new_field"))
        return self.state.at_present(("hubspot", drifts, name), make)

    def has(self, fault: str) -> bool:
        """Whether a fault is switched on for HubSpot."""
        return self.state.faults.has(fault, "hubspot")

    def pages(self, rows: list[T], size: int) -> list[T]:
        """A listing in the order in which its pages come."""
        return self.state.faults.pages("hubspot", rows, size)

    def records(self, object_type: str) -> Records:
        """The records of an object type."""
        return self.at_present(("records", object_type), lambda: self._records(object_type))

    def facts(self, object_type: str) -> Facts:
        """All that ever becomes known of an object type."""
        if object_type not in self._facts:
            made = {"contacts": self.company.contacts, "companies": self.company.companies, "deals": self.company.deals}
            make = made.get(object_type) or (lambda: self.company.engagement(object_type))
            self._facts[object_type] = make()
        return self._facts[object_type]

    def activities(self) -> pd.DataFrame:
        """What is known by now; `contact` is the record that the person's is part of, and none is of erased people."""
        return self.at_present("activities", self._activities)

    def contact_of(self, contacts: pd.Series) -> pd.Series:
        """Ids of contacts as they are by now; null where the contact has been erased."""
        records = self.records("contacts")
        now_ids = contacts.map(records.merged).fillna(contacts) if records.merged else contacts
        return now_ids.where(now_ids.isin(records.place))

    def addresses(self) -> set[str]:
        """The e-mail addresses that have not been erased, in lower case."""
        return self.at_present("addresses", self._addresses)

    def associations(self, of: str, to: str) -> dict[str, list[Association]]:
        """Per record what it is associated with: the other's id and the types (category, number, label)."""
        return self.at_present(("associations", of, to), lambda: self._associations(of, to))

    def _records(self, object_type: str) -> Records:
        if object_type in catalogue.UNUSED:
            nothing = np.zeros(0, dtype="int64")
            return Records(object_type, [], {name: [] for name in catalogue.PROPERTIES[object_type]}, *[nothing] * 3)
        records = self.facts(object_type).at(self.now)
        for name in catalogue.PROPERTIES[object_type]:
            records.values.setdefault(name, [None] * len(records.ids))
        if object_type == "contacts":
            self._say_emails(records)
            self._say_visits(records)
        if object_type == "companies" and self.has("changed_type"):
            employees = records.values["numberofemployees"]
            records.values["numberofemployees"] = [
                f"about {value}" if place % 3 == 0 else value for place, value in enumerate(employees)
            ]
        if self.has("new_field"):
            records.values[catalogue.NEW_PROPERTY] = ["autumn"] * len(records.ids)
        return records

    def _say_emails(self, records: Records) -> None:
        emails = self.company.leads.set_index("id")["email"]
        others: list[str | None] = [None] * len(records.ids)
        for loser, winner in records.merged.items():
            place = records.place.get(winner)
            email = emails.get(loser)
            if place is not None and isinstance(email, str) and email != records.values["email"][place]:
                others[place] = f"{others[place]};{email}" if others[place] else email
        records.values["hs_additional_emails"] = others

    def _say_visits(self, records: Records) -> None:
        rows = self.company.activities
        rows = rows[(rows["known_at"] <= self.now) & (rows["activity_type"] == "page_view")]
        contact = rows["contact"].map(records.merged).fillna(rows["contact"]) if records.merged else rows["contact"]
        seen = rows.groupby(contact).agg(count=("occurred_at", "size"), last=("known_at", "max"))
        seen = seen.reindex(records.ids)
        records.values["hs_analytics_num_page_views"] = [
            "0" if count != count else str(int(count)) for count in seen["count"]
        ]
        is_seen = seen["last"].notna().tolist()
        moments = milliseconds(seen["last"].fillna(pd.Timestamp(0))).tolist()
        records.values["hs_analytics_last_timestamp"] = [
            iso(moment) if known else None for moment, known in zip(moments, is_seen, strict=True)
        ]

    def _activities(self) -> pd.DataFrame:
        rows = self.company.activities
        rows = rows[rows["known_at"] <= self.now]
        contact = self.contact_of(rows["contact"])
        email = rows["lead_id"].map(self.company.leads["email"])
        return rows.assign(contact=contact, email=email)[contact.notna()]

    def _addresses(self) -> set[str]:
        leads = self.company.leads
        alive = self.contact_of(leads["id"]).notna()
        return set(leads.loc[alive, "email"].dropna().str.lower())

    def _associations(self, of: str, to: str) -> dict[str, list[Association]]:
        if (of == "contacts" and to in (*ENGAGEMENTS, "deals")) or (of, to) in (
            ("companies", "contacts"),
            ("companies", "deals"),
        ):
            return self._turned(of, to)
        if (of, to) == ("contacts", "companies"):
            return self._by_property("contacts", "associatedcompanyid", "companies", PRIMARY, 279)
        if (of, to) == ("deals", "companies"):
            return self._by_property("deals", "hs_primary_associated_company", "companies", DEAL_PRIMARY, 341)
        if (of, to) == ("deals", "contacts"):
            return self._deal_contacts()
        if of in ENGAGEMENTS and to == "contacts":
            return self._engagement_contacts(of)
        return {}

    def _turned(self, of: str, to: str) -> dict[str, list[Association]]:
        number = UNLABELLED[(of, to)]
        turned: dict[str, list[Association]] = {}
        for own, others in self.associations(to, of).items():
            for other, types in others:
                labels = [(category, kind + 1, label) for category, kind, label in types if label]
                plain = ("HUBSPOT_DEFINED", number, None)
                turned.setdefault(other, []).append((own, (*labels, plain)))
        return turned

    def _by_property(
        self, of: str, name: str, to: str, primary: dict[str, object], plain: int
    ) -> dict[str, list[Association]]:
        records, others = self.records(of), self.records(to)
        types = (
            (str(primary["category"]), int(str(primary["typeId"])), str(primary["label"])),
            ("HUBSPOT_DEFINED", plain, None),
        )
        found = {}
        for place in records.live:
            other = records.values[name][place]
            if other is not None and (where := others.find(other)) is not None and not others.archived[where]:
                found[records.ids[place]] = [(others.ids[where], types)]
        return found

    def _deal_contacts(self) -> dict[str, list[Association]]:
        deals, contacts = self.records("deals"), self.records("contacts")
        people = self.company.deal_people
        people = people.assign(contact=self.contact_of(people["contact"]))
        people = people[people["contact"].notna() & people["id"].isin(deals.place)]
        people = people.sort_values("is_primary", ascending=False, kind="stable").drop_duplicates(["id", "contact"])
        numbers = role_numbers(self.company.deal_people["role"])
        found: dict[str, list[Association]] = {}
        for deal, contact, role, is_primary in people[["id", "contact", "role", "is_primary"]].itertuples(index=False):
            if contacts.archived[contacts.place[contact]] or deals.archived[deals.place[deal]]:
                continue
            types: list[tuple[str, int, str | None]] = [("HUBSPOT_DEFINED", 3, None)]
            if isinstance(role, str):
                types.append(("USER_DEFINED", numbers[role], role))
            if is_primary:
                types.append(("USER_DEFINED", numbers[PRIMARY_CONTACT], PRIMARY_CONTACT))
            found.setdefault(deal, []).append((contact, tuple(types)))
        return found

    def _engagement_contacts(self, of: str) -> dict[str, list[Association]]:
        records, contacts = self.records(of), self.records("contacts")
        number = UNLABELLED[(of, "contacts")]
        now_ids = self.contact_of(pd.Series(records.values["contact"], index=records.ids, dtype=object))
        return {
            own: [(contact, (("HUBSPOT_DEFINED", number, None),))]
            for own, contact in now_ids.dropna().items()
            if not contacts.archived[contacts.place[contact]]
        }


def role_numbers(roles: pd.Series) -> dict[str, int]:
    """The numbers of the association labels that the company made itself; each way of a pair has one."""
    names = [PRIMARY_CONTACT, *sorted(roles.dropna().unique())]
    return {name: 2 * place + 1 for place, name in enumerate(names)}


def written_types(types: tuple[tuple[str, int, str | None], ...]) -> list[dict[str, object]]:
    """Association types as the v4 API gives them."""
    return [{"category": category, "typeId": number, "label": label} for category, number, label in types]
