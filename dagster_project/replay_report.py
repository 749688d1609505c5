"""What a replay says, as text for a terminal."""

from collections.abc import Iterable
from pathlib import Path

import duckdb

SCENARIO_LABELS = {"published": "published", "present": "present rules", "changed": "changed rules"}
LABEL_WIDTH, NUMBER_WIDTH = 44, 14
NONE = "–"


def report(file: Path) -> str:
    """The comparison of a replay: in total, per month and per rep, with what was changed and how to read it."""
    with duckdb.connect(str(file), read_only=True) as connection:
        return "\n".join(_lines(connection))


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict]:
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


def _lines(connection: duckdb.DuckDBPyConnection) -> Iterable[str]:
    [run] = _rows(connection, "from replay")
    scenarios = _rows(connection, "from scenarios order by position")
    base = next(scenario["scenario"] for scenario in scenarios if scenario["is_base"])
    stages = _rows(connection, "from stages order by stage_order")
    changes = _rows(connection, "from changed_rules order by position")
    months = _rows(connection, "from months order by month_start_date")
    yield ""
    period = f"{run['from_date']} to {run['to_date']}"
    yield f"What would have happened from {period} by the playbook {run['playbook_folder']}"
    yield ""
    yield from _changes(changes)
    yield ""
    names = [scenario["scenario"] for scenario in scenarios]
    totals = {(row["scenario"], row["stage_order"]): row for row in months if row["month_start_date"] is None}
    yield _line("In total", [*(SCENARIO_LABELS[name] for name in names), "difference"])
    for stage in stages:
        yield from _total(stage, {name: totals[name, stage["stage_order"]] for name in names}, base, run)
    yield ""
    yield from _leads(_rows(connection, "from leads_compared inner join stages using (stage_order)"), run)
    for stage in stages:
        yield ""
        yield from _months(stage, months, base, run)
    yield ""
    yield from _reps(_rows(connection, "from reps_counted"), base)
    yield ""
    yield from _reading(run, names)


def _changes(changes: list[dict]) -> Iterable[str]:
    if not changes:
        yield "Changed: no scoring rule."
        return
    yield "Changed"
    for change in changes:
        rule = f"  {change['table_name']}: {change['rule']}"
        if change["column_name"] is None:
            yield f"{rule} {'is new' if change['before'] is None else 'is gone'}"
        else:
            yield f"{rule}, {change['column_name']} {change['before'] or '(empty)'} → {change['after'] or '(empty)'}"


def _total(stage: dict, rows: dict[str, dict], base: str, run: dict) -> Iterable[str]:
    after = rows["changed"]

    def line(label: str, column: str, is_rate: bool = False) -> str:
        cells = [_rate(row[column]) if is_rate else _count(row[column]) for row in rows.values()]
        change = _points(rows[base][column], after[column]) if is_rate else _change(rows[base][column], after[column])
        return _line(label, [*cells, change])

    yield line(f"  {stage['stage_label']}s", "crossing_count")
    yield line("    leads", "lead_count")
    yield line("    moved there by the CRM", "recorded_rate", is_rate=True)
    yield line("    accepted: went on beyond it", "accepted_rate", is_rate=True)
    yield line(f"    leads with a deal within {run['opportunity_days']} days", "opportunity_count")
    yield line("    of the leads", "opportunity_rate", is_rate=True)
    if stage["is_handover"]:
        cells = [f"{row['crossings_per_week']:,.1f}" for row in rows.values()]
        yield _line("    a week", [*cells, f"{after['crossings_per_week'] - rows[base]['crossings_per_week']:+,.1f}"])
        yield line("    of what the active reps can take", "capacity_rate", is_rate=True)


def _leads(rows: list[dict], run: dict) -> Iterable[str]:
    for row in rows:
        yield (
            f"{row['stage_label']}: {row['kept_count']:,} leads under both, {row['gone_count']:,} no longer"
            f" (of these {row['gone_opportunity_count']:,} with a deal within {run['opportunity_days']} days),"
            f" {row['new_count']:,} only then (of these {row['new_opportunity_count']:,})"
        )


def _months(stage: dict, months: list[dict], base: str, run: dict) -> Iterable[str]:
    """Each month, before → after."""
    shown = {
        (row["scenario"], row["month_start_date"]): row
        for row in months
        if row["stage_order"] == stage["stage_order"] and row["month_start_date"]
    }
    headings = [f"{stage['stage_label']}s", "moved", "accepted", "with a deal"]
    headings += ["of capacity"] if stage["is_handover"] else []
    yield f"{'By month, before → after':<26}" + "".join(f"{heading:>17}" for heading in headings)
    for month in sorted({start for _, start in shown}):
        before, after = shown[base, month], shown["changed", month]
        pairs = [
            (_count(before["crossing_count"]), _count(after["crossing_count"])),
            (_rate(before["recorded_rate"], 0), _rate(after["recorded_rate"], 0)),
            (_rate(before["accepted_rate"], 0), _rate(after["accepted_rate"], 0)),
            (_count(before["opportunity_count"]), _count(after["opportunity_count"])),
        ]
        if stage["is_handover"]:
            pairs.append((_rate(before["capacity_rate"], 0), _rate(after["capacity_rate"], 0)))
        note = " so far" if after["is_partial"] else ""
        yield f"  {f'{month:%Y-%m}{note}':<24}" + "".join(f"{f'{then} → {now}':>17}" for then, now in pairs)


def _reps(rows: list[dict], base: str) -> Iterable[str]:
    """Each rep's load, before → after."""
    if not rows:
        yield "Load on sales: nobody is known to whom leads were given."
        return
    headings = ["can take a week", "a week", "of capacity", "busiest month"]
    yield f"{'By rep, before → after':<32}" + "".join(f"{heading:>17}" for heading in headings)
    by_rep = {(row["scenario"], row["owner_id"]): row for row in rows}
    for owner in dict.fromkeys(row["owner_id"] for row in rows):
        before, after = by_rep[base, owner], by_rep["changed", owner]
        name = "given to none of them" if owner is None else " ".join(filter(None, [owner, after["team"]]))
        name += " (no longer active)" if after["is_active"] is False else ""
        cells = [
            _count(after["capacity_per_week"]),
            f"{before['crossings_per_week']:.1f} → {after['crossings_per_week']:.1f}",
            f"{_rate(before['capacity_rate'], 0)} → {_rate(after['capacity_rate'], 0)}",
            f"{_rate(before['busiest_capacity_rate'], 0)} → {_rate(after['busiest_capacity_rate'], 0)}",
        ]
        yield f"  {name:<30}" + "".join(f"{cell:>17}" for cell in cells)


def _reading(run: dict, scenarios: list[str]) -> Iterable[str]:
    yield "How to read it"
    yield "  The changed rules hold for the whole period, whenever they are to begin; nobody's record was changed."
    if "present" in scenarios:
        yield "  Published is by the rules of their time; the difference is to the present rules, replayed likewise."
    yield "  Sales worked on the leads that it was given then: what it would have done with others nobody knows."
    yield "  Moved and accepted say what the CRM did after a crossing, whether or not sales knew of it."
    yield f"  Of crossings in the last {run['opportunity_days']} days more deals may still come, under all rules alike."


def _line(label: str, cells: list[str]) -> str:
    return f"{label:<{LABEL_WIDTH}}" + "".join(f"{cell:>{NUMBER_WIDTH}}" for cell in cells)


def _count(value: float | None) -> str:
    return NONE if value is None else f"{value:,.0f}"


def _rate(value: float | None, digits: int = 1) -> str:
    return NONE if value is None else f"{value:.{digits}%}"


def _change(before: float, after: float) -> str:
    if before == after:
        return "0"
    return f"{after - before:+,.0f}" + (f" ({after / before - 1:+.0%})" if before else "")


def _points(before: float | None, after: float | None) -> str:
    """The difference of two shares, in percentage points."""
    return NONE if before is None or after is None else f"{100 * (after - before):+.1f} pp"
