"""The page of experiments: its numbers against SQL, and what it says of each way that an experiment can end."""

import pytest
from dashboard_helpers import ask, metrics, texts

pytestmark = pytest.mark.refresh

PAGE = "views/experiments.py"
OF_X01 = "where experiment_id = 'X01' and metric = 'mql' and not is_baseline"


def test_the_headline_is_what_the_tables_say(open_page, published_demo):
    test = open_page(published_demo, PAGE)
    running, units, alarms = ask(
        published_demo,
        "select count(*) filter (not is_final), sum(assigned_count), count(*) filter (is_srm) "
        "from marts.dim_experiments",
    )[0]
    (decided,) = ask(
        published_demo,
        "select count(distinct experiment_id) from marts.fct_experiment_results where is_final and is_primary "
        "and decision in ('better', 'worse', 'no_relevant_effect')",
    )[0]
    numbers = {label: value for label, (value, _pill) in metrics(test).items()}
    assert numbers == {
        "Running": str(running),
        "Decided": str(decided),
        "Sample ratio alarms": str(alarms),
        "Units": f"{units:,}",
    }
    name, label, lift, lower, upper = ask(
        published_demo,
        f"select experiment_name, metric_label, lift, lower, upper from marts.fct_experiment_results "
        f"inner join marts.dim_experiments using (experiment_id) {OF_X01}",
    )[0]
    said = (
        f"{name} raised the share that reaches {label} by {100 * lift:.1f} pp ({100 * lower:.1f} to {100 * upper:.1f})."
    )
    assert said in texts(test)


@pytest.mark.parametrize(
    ("decision", "numbers", "sentence"),
    [
        (
            "worse",
            "lift = -0.1, lower = -0.2, upper = -0.01",
            "lowered the share that reaches MQL: -10.0 pp (-20.0 to -1.0).",
        ),
        (
            "no_relevant_effect",
            "lift = 0.01, lower = -0.02, upper = 0.04",
            "has no effect on the share that reaches MQL that is worth having: 1.0 pp (-2.0 to 4.0).",
        ),
        (
            "inconclusive",
            "lift = 0.02, lower = -0.08, upper = 0.12",
            "moved the share that reaches MQL by 2.0 pp (-8.0 to 12.0), which may be chance.",
        ),
        ("too_few", "lift = 0.02", "has ended without units enough to compare the share that reaches MQL."),
    ],
)
def test_each_end_has_a_sentence_of_its_own(open_page, changed_company, decision, numbers, sentence):
    company = changed_company(f"update marts.fct_experiment_results set decision = '{decision}', {numbers} {OF_X01}")
    assert f"Short welcome form {sentence}" in texts(open_page(company, PAGE))


def test_an_experiment_whose_units_are_divided_unevenly_is_not_reported_as_found(open_page, changed_company):
    company = changed_company(
        "update marts.dim_experiments set is_srm = true where experiment_id = 'X01'",
        f"update marts.fct_experiment_results set decision = 'sample_ratio_mismatch' {OF_X01}",
    )
    said = texts(open_page(company, PAGE))
    assert "1 experiment is on its way; none is decided yet." in said
    assert "1 is divided so unevenly that it cannot be trusted." in said
    assert "raised" not in said


def test_without_experiments_it_says_what_is_needed(open_page, changed_company):
    company = changed_company("delete from marts.dim_experiments", "delete from marts.fct_experiment_results")
    said = texts(open_page(company, PAGE))
    assert "No experiment is known" in said and "experiment_assignments" in said


def test_a_metric_that_nobody_measures_is_told(open_page, changed_company):
    company = changed_company(
        "update marts.dim_experiments set primary_metric_label = null, learning = null",
        "update marts.fct_experiment_results set is_primary = false, decision = null",
    )
    test = open_page(company, PAGE)
    assert "none is decided yet" in texts(test)
    [listed] = [table for table in test.table if "Hypothesis" in table.value.columns]
    assert set(listed.value["Result"]) == {"its metric is none that can be measured"}
