"""What the playbook's tables about scores must be beyond single cells: rules that can fire, points that can fade."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from ingestion.cells import is_number, pattern_problem

if TYPE_CHECKING:
    from ingestion.playbook import Row

SIGNALS_OF_ACTIVITIES = (
    *(f"activity.{column}" for column in ("page", "channel", "outcome")),
    *(f"content.{column}" for column in ("content_name", "content_type", "topic", "funnel_phase")),
)


def problems(name: str, rows: list[Row], tables: dict[str, list[Row]]) -> Iterator[tuple[int, str]]:
    """Line and reason of everything that is wrong with a table, if it is one about scores; `tables`: all of them."""
    if name == "scoring_groups":
        for row in rows:
            yield from ((row.line, reason) for reason in _group_problems(row.values))
    elif name == "scoring_rules":
        groups = {
            (row.values["score_version"], row.values["rule_group"]): row.values for row in tables["scoring_groups"]
        }
        for row in rows:
            group = groups.get((row.values["score_version"], row.values["rule_group"]))
            if group:
                yield from ((row.line, reason) for reason in _rule_problems(row.values, group))
    elif name == "qualification_criteria":
        for row in rows:
            yield from ((row.line, reason) for reason in _criterion_problems(row.values))
    elif name == "score_grades":
        yield from _grade_problems(rows, tables.get("scoring_groups", []))
    elif name == "settings":
        versions = {row.values["score_version"] for row in tables.get("scoring_groups", [])}
        for row in rows:
            if row.values["setting"] == "score_version" and versions and row.values["value"] not in versions:
                reason = f"'{row.values['value']}' is no version of scoring_groups.csv, which has {_list(versions)}"
                yield row.line, f"score_version: {reason}"


def _group_problems(group: dict[str, str | None]) -> Iterator[str]:
    half_life, valid = _number(group["half_life_days"]), _number(group["valid_days"])
    if group["dimension"] == "fit" and (half_life is not None or valid is not None):
        yield "points of fit neither fade nor lapse: 'half_life_days' and 'valid_days' stay empty"
    if group["dimension"] == "intent" and (half_life is None) == (valid is None):
        yield "points of intent either fade ('half_life_days') or hold and lapse ('valid_days')"
    if half_life is not None and not group["purchase_order"]:
        yield "column 'purchase_order' is empty: say how near to buying the group is"


def _rule_problems(rule: dict[str, str | None], group: dict[str, str | None]) -> Iterator[str]:
    points, signal = _number(rule["points"]) or 0.0, rule["signal"]
    if group["dimension"] == "fit":
        if rule["activity_type"] or rule["actor"] or rule["least_days"]:
            yield "a rule of fit looks at an attribute: 'activity_type', 'actor' and 'least_days' stay empty"
        if not re.fullmatch(r"(lead|account)\.[a-z0-9_]+", signal or ""):
            yield f"column 'signal': '{signal or ''}' is not an attribute such as lead.seniority or account.industry"
    else:
        if not rule["activity_type"]:
            yield "column 'activity_type' is empty: a rule of intent says what has to happen"
        if signal and signal not in SIGNALS_OF_ACTIVITIES:
            yield f"column 'signal': '{signal}' is unknown; known are {_list(SIGNALS_OF_ACTIVITIES)}"
        if group["half_life_days"] and points < 0:
            yield f"column 'points': {rule['points']} is below 0, but the group's fade; use a group with 'valid_days'"
        if group["valid_days"] and points > 0:
            yield f"column 'points': {rule['points']} is above 0, but the group's lapse; use a group that fades"
    if bool(signal) != bool(rule["operator"]) or bool(signal) != bool(rule["value"]):
        yield "columns 'signal', 'operator' and 'value' go together: fill all or none"
    elif rule["operator"]:
        yield from _value_problems(rule["operator"], rule["value"] or "")
    least, within = _number(rule["least_days"]) or 1, _number(rule["within_days"])
    if least > 1 and within is None:
        yield "column 'within_days' is empty: within how many days does it have to happen again?"
    elif within is not None and least > within:
        yield f"column 'within_days': there are no {rule['least_days']} days within {rule['within_days']}"


def _value_problems(operator: str, value: str) -> Iterator[str]:
    if operator in ("at_least", "below") and _number(value) is None:
        yield f"column 'value': '{value}' is not a number, which {operator} asks for"
    if operator == "between":
        ends = [_number(end) for end in value.split("..")]
        if len(ends) != 2 or None in ends or ends[0] > ends[1]:
            yield f"column 'value': '{value}' is not a range such as 50..5000"
    if operator in ("matches", "has_tag"):
        reason = pattern_problem(value)
        if reason:
            yield f"column 'value': {reason}"


def _criterion_problems(criterion: dict[str, str | None]) -> Iterator[str]:
    if criterion["activity_type"] and not (
        criterion["actor"] and criterion["least_count"] and criterion["within_days"]
    ):
        yield "columns 'actor', 'least_count' and 'within_days' say by whom and how often 'activity_type' is to happen"
    if not (criterion["activity_type"] or criterion["least_fit"] or criterion["least_intent"]):
        yield "it asks for nothing: fill 'activity_type', 'least_fit' or 'least_intent'"


def _grade_problems(rows: list[Row], groups: list[Row]) -> Iterator[tuple[int, str]]:
    """Every version has a lowest grade of fit and of intent, without which a lead could have none.

    A grade is high where any lower one is, or a lead would leave the upper side by a higher score.
    """
    scales: dict[tuple, list[Row]] = {}
    for row in rows:
        key = tuple(row.values[name] for name in ("score_version", "dimension", "segment"))
        scales.setdefault(key, []).append(row)
    for scale in scales.values():
        scale.sort(key=lambda row: _number(row.values["least_score"]) or float("-inf"))
        for lower, higher in pairwise(scale):
            if lower.values["is_high"] == "true" and higher.values["is_high"] == "false":
                grade = f"grade {lower.values['grade']} of line {lower.line}"
                yield higher.line, f"column 'is_high': {grade} needs a lower score and is on the upper side"
    lowest = {
        (row.values["score_version"], row.values["dimension"])
        for row in rows
        if row.values["least_score"] is None and row.values["segment"] is None
    }
    for version in sorted({row.values["score_version"] or "" for row in groups}):
        for dimension in ("fit", "intent"):
            if (version, dimension) not in lowest:
                yield (
                    1,
                    f"version {version} has no lowest grade of {dimension}: a row without 'least_score' and 'segment'",
                )


def _number(text: str | None) -> float | None:
    return float(text) if text and is_number(text) else None


def _list(values: object) -> str:
    return ", ".join(sorted(str(value) for value in values))
