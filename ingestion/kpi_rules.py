"""What the playbook's KPIs must be beyond single cells: made of measures that there are, or of two such KPIs."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.playbook import Row

PARTS = ("numerator", "subtracted", "denominator")
OF_KPI = "kpi:"


def problems(name: str, rows: list[Row], tables: dict[str, list[Row]]) -> Iterator[tuple[int, str]]:
    """Line and reason of everything that is wrong with the KPIs; `tables`: all of them."""
    if name != "kpis" or "kpi_measures" not in tables:
        return
    measures = {row.values["measure"] or "" for row in tables["kpi_measures"]}
    kpis = {row.values["kpi"]: row.values for row in rows}
    for row in rows:
        yield from ((row.line, reason) for reason in _part_problems(row.values, measures, kpis))
        yield from ((row.line, reason) for reason in _ratio_problems(row.values))


def _part_problems(
    kpi: dict[str, str | None], measures: set[str], kpis: dict[str | None, dict[str, str | None]]
) -> Iterator[str]:
    for part in PARTS:
        value = kpi[part]
        if value is None or value in measures:
            continue
        if not value.startswith(OF_KPI):
            meant = [f"{OF_KPI}{value}"] if value in kpis else get_close_matches(value, sorted(measures))
            hint = f", such as {', '.join(meant)}" if meant else ""
            remedy = f"write one of kpi_measures.csv, or {OF_KPI} and a KPI{hint}"
            yield f"column '{part}': '{value}' is no measure; {remedy}"
        elif value.removeprefix(OF_KPI) not in kpis:
            yield f"column '{part}': no row has the kpi '{value.removeprefix(OF_KPI)}'"
        elif _is_ratio_of_kpis(kpis[value.removeprefix(OF_KPI)]):
            yield f"column '{part}': '{value}' is itself made of KPIs; name one that is made of measures"


def _ratio_problems(kpi: dict[str, str | None]) -> Iterator[str]:
    """Two KPIs are divided, and nothing else is done with them."""
    if _is_ratio_of_kpis(kpi):
        for part in ("numerator", "denominator"):
            if not (kpi[part] or "").startswith(OF_KPI):
                yield f"column '{part}': a KPI is divided by a KPI alone: put '{OF_KPI}' and its name here"
        for column in ("subtracted", "least_denominator"):
            if kpi[column] is not None:
                yield f"column '{column}': of a KPI that divides two others it must be empty"
    elif kpi["least_denominator"] is not None and kpi["denominator"] is None:
        yield "column 'least_denominator': nothing is divided; name a denominator or leave it empty"


def _is_ratio_of_kpis(kpi: dict[str, str | None]) -> bool:
    return any((kpi[part] or "").startswith(OF_KPI) for part in PARTS)
