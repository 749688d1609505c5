"""A replay made by hand, beside a company's published file."""

from datetime import datetime
from pathlib import Path

import duckdb

from dagster_project import replay_comparison

# lead, stage, day, outcome, recorded, accepted, deal, owner
PUBLISHED = [
    ("L1", 2, "2026-07-06", "accepted", True, True, True, "U1"),
    ("L2", 2, "2026-07-20", "returned", True, False, False, "U1"),
    ("L3", 2, "2026-07-21", "waiting", False, False, True, None),
    ("L1", 2, "2026-08-03", "open", True, False, False, "U2"),
    ("L1", 3, "2026-07-08", "accepted", True, True, True, "U1"),
]
CHANGED = [PUBLISHED[0], PUBLISHED[3], PUBLISHED[4], ("L9", 2, "2026-08-04", "waiting", False, False, False, "U2")]


def replayed(
    company: Path, as_of: datetime, changed: list[tuple] = CHANGED, present: list[tuple] = (), name: str = "20260902"
) -> None:
    """Keep a replay of July to the middle of August beside a company's published file."""
    folder = company / "serving" / "replays"
    folder.mkdir(exist_ok=True)
    file = folder / f"{name}.unfinished"
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            """
            create table replay as
            select
                timestamp '2026-09-02 08:00:00' as replayed_at, ?::timestamp as as_of, date '2026-07-01' as from_date,
                date '2026-08-16' as to_date, 90 as opportunity_days, ? as playbook_folder
            """,
            [as_of, f"folder_{name}"],
        )
        connection.execute(
            "create table stages as from (values (2, 'MQL', true), (3, 'SQL', false)) "
            "as listed (stage_order, stage_label, is_handover)"
        )
        connection.execute(
            "create table reps as from (values ('U1', 'SDR', true, 2), ('U2', null, false, null)) "
            "as listed (owner_id, team, is_active, capacity_per_week)"
        )
        connection.execute(
            "create table changed_rules as from (values "
            "(0, 'qualification_criteria', 'interested', 'least_intent', '30', '50'), "
            "(1, 'scoring_rules', '1 sees_price', null, 'there', null)) "
            "as listed (position, table_name, rule, column_name, before, after)"
        )
        connection.execute(replay_comparison.CROSSINGS)
        for scenario, rows in (("published", PUBLISHED), ("present", present), ("changed", changed)):
            for number, (lead, stage, day, outcome, recorded, accepted, deal, owner) in enumerate(rows):
                connection.execute(
                    "insert into crossings values (?, ?, ?, ?, ?, date_trunc('month', ?::date), ?, ?, ?, ?, ?)",
                    [scenario, lead, stage, number, day, day, outcome, recorded, accepted, deal, owner],
                )
    replay_comparison.finish(file, folder).replace(folder / f"{name}.duckdb")
