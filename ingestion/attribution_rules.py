"""What the playbook's tables about attribution must be beyond single cells: models that can give credit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingestion.playbook import Row

OF_PEOPLE = ("lead", "mql", "sql")
CONVERSION_TYPES = (*OF_PEOPLE, "opportunity", "won")
# After so many half-lives what is left of a touch is still a number above 0 to a computer.
MOST_HALF_LIVES = 1000


def problems(name: str, rows: list[Row], tables: dict[str, list[Row]]) -> Iterator[tuple[int, str]]:
    """Line and reason of everything that is wrong with a table about attribution; `tables`: all of them."""
    if name == "attribution_models":
        positions: dict[str | None, set[str | None]] = {}
        for row in tables.get("attribution_model_weights", []):
            positions.setdefault(row.values["attribution_model"], set()).add(row.values["position"])
        look_backs = [_number(row.values["look_back_days"]) for row in tables.get("attribution_windows", [])]
        longest = max(look_backs, default=0.0)
        for row in rows:
            of_model = positions.get(row.values["attribution_model"], set())
            # A file of weights without any row says so itself, once.
            if positions and not of_model:
                model = row.values["attribution_model"]
                yield row.line, f"'{model}' has no row in attribution_model_weights.csv: it gives nothing to anybody"
            yield from ((row.line, reason) for reason in _model_problems(row.values, of_model, longest))
    elif name == "attribution_model_weights":
        if not rows:
            yield 1, "no row follows; each model of attribution_models.csv needs one, or it gives nothing to anybody"
        for row in rows:
            if not _is_above_zero(row.values["weight"]):
                yield row.line, f"column 'weight': '{row.values['weight']}' is not above 0"
    elif name == "attribution_windows":
        yield from _window_problems(rows)
    elif name == "settings":
        models = {row.values["attribution_model"] or "" for row in tables.get("attribution_models", [])}
        for row in rows:
            if row.values["setting"] == "headline_attribution_model" and models and row.values["value"] not in models:
                reason = f"'{row.values['value']}' is no model of attribution_models.csv, which has"
                yield row.line, f"headline_attribution_model: {reason} {', '.join(sorted(models))}"


def _model_problems(
    model: dict[str, str | None], positions: set[str | None], longest_look_back: float
) -> Iterator[str]:
    if model["half_life_days"] and not _is_above_zero(model["half_life_days"]):
        yield f"column 'half_life_days': '{model['half_life_days']}' is not above 0"
    elif model["half_life_days"] and _number(model["half_life_days"]) * MOST_HALF_LIVES < longest_look_back:
        yield (
            f"column 'half_life_days': '{model['half_life_days']}' is so short that nothing is left of a touch of "
            f"{longest_look_back:g} days ago (attribution_windows.csv); "
            f"{longest_look_back / MOST_HALF_LIVES:g} is the least"
        )
    if model["half_life_days"] and positions and "middle" not in positions:
        yield "column 'half_life_days': only the credit of position middle fades, and the model has none"


def _window_problems(rows: list[Row]) -> Iterator[tuple[int, str]]:
    for row in rows:
        if row.values["conversion_type"] in OF_PEOPLE and row.values["touch_scope"] != "primary":
            yield row.line, "column 'touch_scope': what a person becomes is owed to the person's touches: primary"
    headlines = Counter(row.values["conversion_type"] for row in rows if row.values["is_headline"] == "true")
    for conversion_type in CONVERSION_TYPES:
        if headlines[conversion_type] != 1:
            yield (
                1,
                f"{headlines[conversion_type]} rows of conversion_type '{conversion_type}' have is_headline true; "
                "exactly one says where its headline figures come from",
            )


def _is_above_zero(text: str | None) -> bool:
    return _number(text) > 0


def _number(text: str | None) -> float:
    """The number that a cell holds; 0 where it holds none, which the check of its type says."""
    try:
        return float(text or 0)
    except ValueError:
        return 0.0
