"""From rows of the story and what changed in them to a type's records."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ingestion.simulator.server.hubspot.records import Records, Version, iso

CHANGE_COLUMNS = ["id", "property", "value", "at", "known_at", "user_id", "source_type"]
# Of what was merged the later entry counts here; of everything else, what the record had that the others went into.
STAGE_PROPERTIES = ("lifecyclestage", "hs_lead_status", "lead_status_reason")


@dataclass
class Facts:
    """What is known of one object type for all time.

    `base` is indexed by id and has `created`, `known_at`, `archived_at`, `erased_at`, `merged_at` and `merged_into`
    (ids of the same type) beside a column per property as it was in the beginning. `changes` has CHANGE_COLUMNS, in
    the order in which they were made. `touched` (`id`, `known_at`) are more moments at which a record is modified.
    """

    object_type: str
    base: pd.DataFrame
    changes: pd.DataFrame
    touched: pd.DataFrame
    modified_property: str = "hs_lastmodifieddate"

    def at(self, now: np.datetime64) -> Records:
        """The records at a moment."""
        known = self.base[(self.base["known_at"] <= now) & ~(self.base["erased_at"] <= now)]
        is_loser = known["merged_at"] <= now
        merged = _resolved(known.loc[is_loser, "merged_into"].to_dict())
        merged = {loser: winner for loser, winner in merged.items() if winner in known.index}
        records = known[~is_loser]
        place = {own: number for number, own in enumerate(records.index)}
        names = [name for name in records.columns if name not in BOOKKEEPING]
        values: dict[str, list[str | None]] = {
            name: [None if value is None or value != value else str(value) for value in records[name]] for name in names
        }
        created = milliseconds(records["created"])
        changes = self.changes[(self.changes["known_at"] <= now) & self.changes["id"].isin(known.index)]
        first = pd.concat([_first_values(known, changes, names), _unchanged_of_merged(known, changes, names, merged)])
        history = _histories(first, changes, merged, place)
        merge_moments = known.loc[list(merged), "merged_at"] if merged else pd.Series(dtype="datetime64[us]")
        _settle(history, values, merged, place, changes, known, merge_moments)
        for name, of_places in history.items():
            column = values.setdefault(name, [None] * len(place))
            for number, versions in of_places.items():
                column[number] = versions[-1].value or None
        updated = _updated(records, changes, self.touched[self.touched["known_at"] <= now], merged, merge_moments)
        archived_at = records["archived_at"].where(records["archived_at"] <= now)
        archived = np.where(archived_at.notna(), milliseconds(archived_at.fillna(pd.Timestamp(0))), 0)
        updated = np.maximum(updated, archived)
        made = Records(self.object_type, list(records.index), values, created, updated, archived, history, merged)
        made.values["hs_object_id"] = list(made.ids)
        made.values["createdate" if self.object_type in HAVE_CREATEDATE else "hs_createdate"] = [
            iso(moment) for moment in created
        ]
        made.values[self.modified_property] = [iso(moment) for moment in updated]
        _say_what_was_merged(made, merge_moments)
        return made


BOOKKEEPING = ("created", "known_at", "archived_at", "erased_at", "merged_at", "merged_into")
HAVE_CREATEDATE = ("contacts", "companies", "deals")


def milliseconds(moments: pd.Series) -> np.ndarray:
    """Moments as milliseconds since 1970."""
    return moments.to_numpy("datetime64[ms]").astype("int64")


def _resolved(merged: dict[str, str]) -> dict[str, str]:
    """Each record that was merged away, with the one that is left in the end."""
    resolved = {}
    for loser, winner in merged.items():
        seen = {loser}
        while winner in merged and winner not in seen:
            seen.add(winner)
            winner = merged[winner]
        resolved[loser] = winner
    return resolved


def _first_values(known: pd.DataFrame, changes: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """The value at creation of whatever has changed since, unless the changes themselves begin there.

    A row of the story may carry the value that it ends up with; where the first change leads to that very value, the
    record is taken to have begun empty.
    """
    starts = changes.drop_duplicates(["id", "property"])
    found = []
    for name, of_name in starts.groupby("property"):
        if name not in names:
            continue
        begun = known.loc[of_name["id"], name].to_numpy()
        created = known.loc[of_name["id"], "created"].to_numpy()
        is_first = pd.notna(begun) & (of_name["at"].to_numpy() > created) & (begun != of_name["value"].to_numpy())
        rows = of_name[is_first]
        found.append(rows.assign(value=begun[is_first], at=created[is_first], user_id=None, source_type="CRM_UI"))
    return pd.concat(found) if found else changes.iloc[:0]


def _unchanged_of_merged(
    known: pd.DataFrame, changes: pd.DataFrame, names: list[str], merged: dict[str, str]
) -> pd.DataFrame:
    """What never changed in records that were united: their histories are put together, so it must be said."""
    members = [own for own in dict.fromkeys([*merged, *merged.values()]) if own in known.index]
    if not members:
        return changes.iloc[:0]
    values = known.loc[members, names].astype(object).melt(var_name="property", ignore_index=False).dropna()
    has_changed = pd.MultiIndex.from_frame(changes[["id", "property"]])
    values = values[~pd.MultiIndex.from_arrays([values.index, values["property"]]).isin(has_changed)]
    told = values.assign(id=values.index, at=known["created"].reindex(values.index), user_id=None, source_type="CRM_UI")
    return told.assign(known_at=told["at"])[CHANGE_COLUMNS]


def _histories(
    first: pd.DataFrame, changes: pd.DataFrame, merged: dict[str, str], place: dict[str, int]
) -> dict[str, dict[int, list[Version]]]:
    rows = pd.concat([first, changes], ignore_index=True)
    ids = rows["id"].map(merged).fillna(rows["id"]) if merged else rows["id"]
    places = ids.map(place)
    rows = rows.assign(place=places)[places.notna()].sort_values("at", kind="stable")
    history: dict[str, dict[int, list[Version]]] = {}
    moments = milliseconds(rows["at"]).tolist()
    columns = (rows[name].tolist() for name in ("property", "place", "value", "source_type", "user_id"))
    for moment, name, number, value, source_type, user_id in zip(moments, *columns, strict=True):
        user = None if user_id is None or user_id != user_id else int(user_id)
        text = "" if value is None or value != value else str(value)
        history.setdefault(name, {}).setdefault(int(number), []).append(Version(text, moment, source_type, user))
    return history


def _settle(
    history: dict[str, dict[int, list[Version]]],
    values: dict[str, list[str | None]],
    merged: dict[str, str],
    place: dict[str, int],
    changes: pd.DataFrame,
    known: pd.DataFrame,
    merge_moments: pd.Series,
) -> None:
    """After a merge the winner keeps its own values: said by an entry where the loser's would be the last one."""
    if not merged:
        return
    own_last = changes.drop_duplicates(["id", "property"], keep="last").set_index(["id", "property"])["value"]
    for loser, winner in merged.items():
        for name, of_places in history.items():
            versions = of_places.get(place.get(winner, -1))
            if versions is None or name in STAGE_PROPERTIES:
                continue
            own = own_last.get((winner, name), known[name].get(winner) if name in known else None)
            text = "" if own is None or own != own else str(own)
            if versions[-1].value != text:
                moment = int(pd.Timestamp(merge_moments[loser]).value // 1_000_000)
                versions.append(Version(text, max(moment, versions[-1].at), "MERGE_OBJECTS", None))


def _updated(
    records: pd.DataFrame,
    changes: pd.DataFrame,
    touched: pd.DataFrame,
    merged: dict[str, str],
    merge_moments: pd.Series,
) -> np.ndarray:
    moments = [
        changes[["id", "known_at"]],
        touched[["id", "known_at"]],
        pd.DataFrame({"id": list(merged.values()), "known_at": merge_moments.to_numpy("datetime64[us]")}),
    ]
    told = pd.concat([part for part in moments if len(part)] or moments[:1], ignore_index=True)
    ids = told["id"].map(merged).fillna(told["id"]) if merged else told["id"]
    latest = told.groupby(ids)["known_at"].max().reindex(records.index)
    begun = np.maximum(records["created"], records["known_at"])
    return milliseconds(np.maximum(latest.fillna(begun), begun))


def _say_what_was_merged(made: Records, merge_moments: pd.Series) -> None:
    losers: dict[int, list[str]] = {}
    for loser, winner in made.merged.items():
        if winner in made.place:
            losers.setdefault(made.place[winner], []).append(loser)
    objects: list[str | None] = [None] * len(made.ids)
    moments: list[str | None] = [None] * len(made.ids)
    for number, ids in losers.items():
        objects[number] = ";".join(ids)
        told = [f"{own}:{pd.Timestamp(merge_moments[own]).value // 1_000_000}" for own in ids]
        moments[number] = ";".join(told)
    made.values["hs_merged_object_ids"] = objects
    if made.object_type == "contacts":
        made.values["hs_calculated_merged_vids"] = moments
