"""What the playbook's stages must be beyond single cells: a way that leads from where records begin to won."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.playbook import Row

# In this order they come on the way; what a company puts between them is its own.
ON_THE_WAY = ("entry", "marketing_qualified", "sales_qualified", "opportunity", "won")
ENDS = ("entry", "won")
OFF_THE_WAY = ("recycled", "disqualified", "lost")
# Where records begin, and where the lead track ends: each is one place.
SINGLE = (("lead", "entry"), ("lead", "opportunity"), ("opportunity", "entry"))


def problems(name: str, rows: list[Row]) -> Iterator[tuple[int, str]]:
    """Line and reason of everything that is wrong with the stages."""
    if name != "lifecycle_stages":
        return
    stages = [row for row in rows if _order(row) is not None]
    for row in stages:
        role, order = row.values["stage_role"], _order(row)
        if role in OFF_THE_WAY and order != 0:
            yield row.line, f"column 'stage_order': {role} is off the way to won, so it is 0 and not {order}"
        if role in (*ON_THE_WAY, "proposal", "negotiation") and order == 0:
            yield row.line, f"column 'stage_order': 0 is off the way to won; {role} is on it, from 1 on"
    for track, role in SINGLE:
        for row in _with_role(stages, track, role)[1:]:
            yield row.line, f"column 'stage_role': another stage of the {track} track has the role {role}; one has it"
    for track in ("lead", "opportunity"):
        yield from _order_problems([row for row in stages if row.values["track"] == track])
    yield from _joint_problems(stages)


def _order_problems(stages: list[Row]) -> Iterator[tuple[int, str]]:
    """Of two stages of one track, that of the later role comes later; nothing lies before entry or after won."""
    on_the_way = [row for row in stages if _order(row) > 0 and row.values["stage_role"] not in OFF_THE_WAY]
    for pair in combinations(on_the_way, 2):
        earlier, later = sorted(pair, key=_rank)
        roles = {earlier.values["stage_role"], later.values["stage_role"]}
        is_ranked = roles <= set(ON_THE_WAY) or roles & set(ENDS)
        if len(roles) == 2 and is_ranked and _order(later) <= _order(earlier):
            yield (
                later.line,
                f"column 'stage_order': '{later.values['stage']}' ({later.values['stage_role']}) has to come after "
                f"'{earlier.values['stage']}' ({earlier.values['stage_role']}), line {earlier.line}",
            )
            return  # one stage out of place is in the way of several


def _joint_problems(stages: list[Row]) -> Iterator[tuple[int, str]]:
    """Deals can be won, and the two tracks meet in one number."""
    deals = [row for row in stages if row.values["track"] == "opportunity"]
    if deals and not _with_role(deals, "opportunity", "won"):
        yield (
            deals[0].line,
            "column 'stage_role': no stage of the opportunity track has the role won",
        )
    for end in _with_role(stages, "lead", "opportunity"):
        for start in _with_role(stages, "opportunity", "entry"):
            if _order(end) != _order(start):
                yield (
                    start.line,
                    f"column 'stage_order': where leads end (line {end.line}) deals begin, with the same number; "
                    f"here are {_order(end)} and {_order(start)}",
                )


def _rank(row: Row) -> float:
    role = row.values["stage_role"]
    return ON_THE_WAY.index(role) if role in ON_THE_WAY else ON_THE_WAY.index("won") - 0.5


def _with_role(rows: list[Row], track: str, role: str) -> list[Row]:
    return [row for row in rows if (row.values["track"], row.values["stage_role"]) == (track, role)]


def _order(row: Row) -> int | None:
    """The order that a row gives; None where it is no number, which the check of its type says."""
    text = row.values["stage_order"] or ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
