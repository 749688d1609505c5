"""The generated sentences stay true when data is thin, missing or one-sided."""

from datetime import date

import pandas as pd
import pytest

from app import narrative
from app.filters import resolve_period

PERIOD = resolve_period("12M", date(2026, 11, 20))
LEAST = 20
STAGES = ["Prospect", "Talks", "Offer", "Signed"]


def funnel(*counts: int, cohort: int | None = None, labels: list[str] = STAGES) -> pd.DataFrame:
    """Rows as the mart returns them for these numbers of leads per stage."""
    size = counts[0] if cohort is None and counts else cohort
    rows = [
        {
            "dimension_value": "all",
            "stage": label.lower(),
            "stage_label": label,
            "stage_order": order,
            "track": "lead",
            "lead_count": now,
            "previous_lead_count": before,
            "step_rate": now / before if before else None,
            "entry_rate": now / size if size else None,
        }
        for order, (label, now, before) in enumerate(zip(labels, counts, [None, *counts], strict=False), start=1)
    ]
    columns = ["stage", "stage_label", "stage_order", "lead_count", "previous_lead_count", "step_rate", "entry_rate"]
    return pd.DataFrame(rows, columns=["dimension_value", "track", *columns]).astype({"previous_lead_count": "Int64"})


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        (
            funnel(1000, 300, 90, 40),
            "1,000 leads were created in the last 12 months; 40 (4.0%) reached Signed. The weakest step is Prospect → "
            "Talks: 30.0% go on.",
        ),
        (
            funnel(1000, 300, 60, 40),
            "1,000 leads were created in the last 12 months; 40 (4.0%) reached Signed. The weakest step is Talks → "
            "Offer: 20.0% go on.",
        ),
        (
            funnel(1000, 300, 60, 0),
            "1,000 leads were created in the last 12 months; none has reached Signed yet, the furthest is Offer. The "
            "weakest step is Offer → Signed: 0% go on.",
        ),
        (funnel(40, 0, 0, 0), "40 leads were created in the last 12 months; none has gone beyond Prospect yet."),
        (funnel(1, 0, 0, 0), "1 lead was created in the last 12 months; none has gone beyond Prospect yet."),
        (
            funnel(30, 30, 30, 30),
            "30 leads were created in the last 12 months; 30 (all of them) reached Signed. No step loses a lead.",
        ),
        (
            funnel(1, 1, 1, 1),
            "1 lead was created in the last 12 months; 1 (all of them) reached Signed. No step loses a lead.",
        ),
        (
            funnel(9, 3, 1, 0),
            "9 leads were created in the last 12 months; none has reached Signed yet, the furthest is Offer. No step "
            "that loses leads has the 20 it takes to name the weakest.",
        ),
        (
            funnel(77, labels=["Prospect"]),
            "77 leads were created in the last 12 months; only one stage is defined, so there is no step to compare.",
        ),
        (
            funnel(80, 40, 20, 20, cohort=100),
            "100 leads were created in the last 12 months; 20 (20.0%) reached Signed. The weakest step is Prospect → "
            "Talks: 50.0% go on.",
        ),
        (funnel(0, 0, 0, 0), "No lead that was created in the last 12 months has entered the funnel."),
        (funnel(), "No lead that was created in the last 12 months has entered the funnel."),
    ],
)
def test_the_funnel_sentence_says_what_happened(rows: pd.DataFrame, sentence: str):
    assert narrative.funnel_sentence(rows, PERIOD, LEAST) == sentence


def test_of_equally_weak_steps_the_earlier_one_is_named():
    assert narrative.weakest_step(funnel(100, 50, 25, 25), LEAST).name == "Prospect → Talks"


def test_a_step_that_too_few_leads_stand_before_is_not_judged():
    assert narrative.weakest_step(funnel(100, 19, 1, 0), LEAST).name == "Prospect → Talks"
    assert narrative.weakest_step(funnel(19, 1, 0, 0), LEAST) is None


def test_stage_names_stand_in_the_sentence_as_they_are():
    sentence = narrative.funnel_sentence(funnel(100, 30, labels=["A $ *b*", "C_d"]), PERIOD, LEAST)
    assert r"A \$ \*b\* → C\_d" in sentence


def test_leads_that_never_entered_the_first_stage_belong_to_the_cohort():
    assert narrative.cohort_size(funnel(80, 40, cohort=100)) == 100
    assert narrative.cohort_size(funnel(0, 40, cohort=100)) == 100
    assert narrative.cohort_size(funnel()) == 0


def test_a_cohort_is_young_while_the_playbook_has_patience():
    stages = pd.DataFrame(
        {"stage_order": [0, 1, 2, 2, 3], "stage_label": list("abcde"), "stuck_after_days": [180, 30, None, 14, None]}
    )
    assert narrative.days_to_reach(stages) == {1: 0, 2: 30, 3: 44}
    assert not narrative.is_young(date(2026, 9, 1), 30, date(2026, 10, 31))
    assert narrative.is_young(date(2026, 9, 1), 31, date(2026, 10, 31))
    assert narrative.is_young(date(2026, 11, 1), 0, date(2026, 11, 20))
    assert narrative.is_young(date(2026, 12, 1), 0, date(2026, 12, 31))
    assert not narrative.is_young(date(2026, 12, 1), 0, date(2027, 1, 1))


def checks(*results: tuple[bool, str]) -> pd.DataFrame:
    return pd.DataFrame(results, columns=["is_passed", "severity"])


def sources(*rows: tuple[str, str, float | None]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["source_label", "last_status", "hours_since_load"]).assign(
        max_staleness_hours=36,
        is_stale=lambda table: table["last_status"] == "failed",
        is_quiet=lambda table: table["source_label"].str.startswith("Quiet"),
        quiet_hours=120.0,
    )


FRESH = ("Files", "loaded", 2.0)


@pytest.mark.parametrize(
    ("check_rows", "source_rows", "sentence"),
    [
        (checks((True, "block"), (True, "warn")), sources(FRESH), "All 2 checks passed."),
        (checks((True, "block")), sources(FRESH), "The only check passed."),
        (checks(), sources(FRESH), "No check was recorded for this run."),
        (
            checks((False, "warn"), (True, "block")),
            sources(FRESH),
            "1 of 2 checks failed. It does not block publishing.",
        ),
        (
            checks((False, "warn"), (False, "block")),
            sources(FRESH),
            "2 of 2 checks failed. 1 should have blocked publishing.",
        ),
        (checks((False, "block")), sources(FRESH), "1 of 1 check failed. 1 should have blocked publishing."),
        (
            checks((False, "warn"), (False, "warn"), (True, "block")),
            sources(FRESH),
            "2 of 3 checks failed. None blocks publishing.",
        ),
        (
            checks((True, "warn")),
            sources(("CRM", "loaded", 51.0), FRESH),
            "The only check passed. CRM is stale: its data is 2.1 days old.",
        ),
        (
            checks((True, "warn")),
            sources(("CRM", "failed", None)),
            "The only check passed. CRM has never been loaded.",
        ),
        (
            checks((True, "warn")),
            sources(("CRM", "loaded", 51.0), ("Ads", "failed", 99.0), FRESH),
            "The only check passed. 2 of 3 sources are stale: CRM, Ads.",
        ),
        (
            checks((True, "warn")),
            sources(("CRM", "failed", 5.0), ("Ads", "failed", 5.0), FRESH),
            "The only check passed. The last load of 2 sources failed: CRM, Ads; their earlier data is in use.",
        ),
        (
            checks((True, "warn")),
            sources(("CRM", "failed", 5.0), FRESH),
            "The only check passed. The last load of CRM failed; its earlier data is in use.",
        ),
        (
            checks((True, "warn")),
            sources(("Quiet CRM", "loaded", 5.0), FRESH),
            "The only check passed. Quiet CRM has brought nothing new for 5 days.",
        ),
        (
            checks((True, "warn")),
            sources(
                ("CRM", "loaded", 51.0), ("Ads", "failed", 5.0), ("Quiet 1", "loaded", 1.0), ("Quiet 2", "loaded", 1.0)
            ),
            "The only check passed. CRM is stale: its data is 2.1 days old. The last load of Ads failed; its earlier "
            "data is in use. 2 sources have brought nothing new for longer than usual: Quiet 1, Quiet 2.",
        ),
        (checks(), sources(), "No check was recorded for this run."),
    ],
)
def test_the_health_sentence_says_whether_to_trust_today(check_rows, source_rows, sentence):
    assert narrative.health_sentence(check_rows, source_rows) == sentence
