"""How scores are judged: the compiled SQL of the marts against scikit-learn, scipy and numpy on made-up scores."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from refreshing import compiled
from scipy.stats import chi2
from sklearn.calibration import calibration_curve
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score

pytestmark = pytest.mark.refresh

EXACT = 1e-9
LEAST_GROUP_COUNT = 20
MARTS = ("fct_score_drift", "fct_score_metrics", "fct_score_deciles", "fct_score_alarms")
INPUTS = ("int_scores_judged", "int_score_snapshots", "int_score_features")


class Judge:
    """The marts of scoring over scores that a test makes up; what else they read has no rows."""

    def __init__(self, data_dir: Path) -> None:
        self.queries = {mart: compiled(data_dir, mart) for mart in MARTS}
        self.connection = duckdb.connect()
        self.connection.execute("set timezone = 'UTC'")
        self.connection.execute("attach ':memory:' as warehouse")
        self.connection.execute(f"attach '{data_dir / 'warehouse.duckdb'}' as built (read_only)")
        read = re.findall(r'"warehouse"\."(\w+)"\."(\w+)"', " ".join(self.queries.values()))
        for schema, table in sorted({*read, *(("intermediate", name) for name in INPUTS)}):
            rows = "" if schema == "playbook" or table == "dim_stages" else "limit 0"
            self.connection.execute(f"create schema if not exists warehouse.{schema}")
            self.connection.execute(f"create table warehouse.{schema}.{table} as from built.{schema}.{table} {rows}")
        self.connection.execute("detach built")

    def judged(self, mart: str, scores: pd.DataFrame, **inputs: pd.DataFrame) -> pd.DataFrame:
        """A mart over the rows of `int_scores_judged` and of other inputs; columns that they lack are null."""
        for name in INPUTS:
            rows = scores if name == "int_scores_judged" else inputs.get(name)
            self.connection.execute(f"delete from warehouse.intermediate.{name}")
            if rows is not None and len(rows):
                self.connection.execute(f"insert into warehouse.intermediate.{name} by name from rows")
        for name in MARTS:
            self.connection.execute(f"create or replace table warehouse.marts.{name} as {self.queries[name]}")
            if name == mart:
                return self.connection.execute(f"from warehouse.marts.{name}").df()
        raise KeyError(mart)


@pytest.fixture(scope="module")
def judge(published_demo: Path) -> Iterator[Judge]:
    judge = Judge(published_demo)
    yield judge
    judge.connection.close()


def scored(version: str, month: date, count: int, seed: int, distinct: int = 0, split: str = "none") -> pd.DataFrame:
    """Leads with probabilities and outcomes that follow them badly; of `distinct` values, where it is given."""
    random = np.random.default_rng(seed)
    probability = random.beta(0.8, 3, count)
    if distinct:
        probability = np.round(probability * distinct) / distinct
    return pd.DataFrame(
        {
            "score_version": version,
            "lead_id": [f"L{number}" for number in random.permutation(count)],
            "scored_date": month,
            "month_start_date": month,
            "score": probability,
            "probability": probability,
            "is_reached": random.random(count) < 0.05 + 0.6 * probability,
            "split": split,
        }
    )


@pytest.fixture(scope="module")
def scores() -> pd.DataFrame:
    """Scores of versions and months with and without ties, few and many leads, and with leads of unknown outcome."""
    frames = [
        scored("smooth", date(2026, 1, 1), 1000, seed=1, split="account"),
        scored("smooth", date(2026, 2, 1), 730, seed=2, split="time_and_account"),
        scored("smooth", date(2026, 3, 1), 47, seed=3, split="time_and_account"),
        scored("coarse", date(2026, 1, 1), 1000, seed=4, distinct=20),
        scored("coarse", date(2026, 2, 1), 333, seed=5, distinct=4),
        scored("coarse", date(2026, 3, 1), 500, seed=6, distinct=1),
        scored("coarse", date(2026, 4, 1), 9, seed=7, distinct=3),
        scored("flat", date(2026, 1, 1), 200, seed=8).assign(score=0.3, probability=0.3),
        scored("points", date(2026, 1, 1), 800, seed=9, distinct=12).assign(probability=None),
        scored("points", date(2026, 2, 1), 40, seed=10, distinct=12).assign(probability=None, is_reached=False),
    ]
    unknown = scored("smooth", date(2026, 2, 1), 50, seed=11).assign(is_reached=None)
    unknown["lead_id"] = "U" + unknown["lead_id"]
    rows = pd.concat([*frames, unknown], ignore_index=True)
    return rows.assign(
        probability=rows["probability"].astype("Float64"), is_reached=rows["is_reached"].astype("boolean")
    )


def periods(scores: pd.DataFrame) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """The leads with a known outcome by version, type of period and its start."""
    known = scores[scores["is_reached"].notna()]
    for version, rows in known.groupby("score_version"):
        for month, of_month in rows.groupby("month_start_date"):
            yield (version, "month", month), of_month
        yield (version, "all", rows["month_start_date"].min()), rows
        out_of_time = rows[rows["split"] != "account"]
        yield (version, "out_of_time", out_of_time["month_start_date"].min()), out_of_time


def in_order(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.sort_values(["score", "lead_id", "month_start_date"], ascending=[False, True, True])


def bins_of(probability: np.ndarray) -> np.ndarray:
    """In which tenth each of them begins when they are put in order; equal ones in one."""
    lower = np.searchsorted(np.sort(probability), probability, side="left")
    return 10 * lower // len(probability)


def expected_of(rows: pd.DataFrame) -> dict[str, float | None]:
    """Every measure of one period, by the libraries where they have it."""
    reached = rows["is_reached"].astype(bool).to_numpy()
    score, count = rows["score"].to_numpy(), len(rows)
    expected: dict[str, float | None] = {}
    if min(reached.sum(), count - reached.sum()) >= LEAST_GROUP_COUNT:
        ordered = in_order(rows)["is_reached"].astype(bool).to_numpy()
        expected["auc"] = roc_auc_score(reached, score)
        expected["pr_auc"] = average_precision_score(reached, score)
        expected["top_decile_lift"] = ordered[: -(-count // 10)].mean() / reached.mean()
        expected["top_fifth_share"] = ordered[: -(-count // 5)].sum() / reached.sum()
    if rows["probability"].notna().all() and count >= LEAST_GROUP_COUNT:
        probability, outcome = rows["probability"].astype(float).to_numpy(), reached.astype(float)
        groups = [np.flatnonzero(bins_of(probability) == bin) for bin in np.unique(bins_of(probability))]
        weights = np.array([len(group) for group in groups]) / count
        means = np.array([probability[group].mean() for group in groups])
        rates = np.array([outcome[group].mean() for group in groups])
        expected["brier"] = brier_score_loss(reached, probability)
        expected["brier_reliability"] = (weights * (means - rates) ** 2).sum()
        expected["brier_resolution"] = (weights * (rates - outcome.mean()) ** 2).sum()
        expected["brier_uncertainty"] = outcome.var()
        expected["brier_within_bins"] = sum(
            weight * (probability[group].var() - 2 * np.cov(probability[group], outcome[group], bias=True)[0, 1])
            for weight, group in zip(weights, groups, strict=True)
        )
        expected["calibration_error"] = (weights * abs(means - rates)).sum()
        expected["calibration_error_by_chance"] = (
            weights * np.sqrt(2 / np.pi * means * (1 - means) / (weights * count))
        ).sum()
    return expected


def test_every_measure_is_that_of_the_libraries(judge, scores):
    found = judge.judged("fct_score_metrics", scores)
    found = found[found["metric"] != "score_psi"]
    measures = (
        found.assign(period_start_date=found["period_start_date"].dt.date)
        .set_index(["score_version", "period_type", "period_start_date", "metric"])["value"]
        .sort_index()
    )
    compared = 0
    for key, rows in periods(scores):
        expected = expected_of(rows)
        of_period = measures.loc[key]
        assert set(of_period.dropna().index) == set(expected), key
        for metric, value in expected.items():
            assert of_period[metric] == pytest.approx(value, abs=EXACT), (key, metric)
            compared += 1
    assert compared >= 120
    assert len(measures) == 11 * len(dict(periods(scores)))


def test_the_parts_of_the_brier_score_add_up(judge, scores):
    found = judge.judged("fct_score_metrics", scores)
    parts = found.pivot(
        index=["score_version", "period_type", "period_start_date"], columns="metric", values="value"
    ).dropna(subset="brier")
    assert len(parts) >= 10
    total = (
        parts["brier_reliability"] - parts["brier_resolution"] + parts["brier_uncertainty"] + parts["brier_within_bins"]
    )
    assert total.to_numpy() == pytest.approx(parts["brier"].to_numpy(), abs=1e-11)
    assert parts["brier_within_bins"].abs().max() > 0.0005


def test_bins_of_calibration_are_the_quantile_bins_of_scikit_learn_where_nothing_ties(judge):
    rows = scored("smooth", date(2026, 1, 1), 1000, seed=12)
    rates, means = calibration_curve(rows["is_reached"], rows["probability"], n_bins=10, strategy="quantile")
    found = judge.judged("fct_score_metrics", rows).query("period_type == 'month'").set_index("metric")["value"]
    assert found["calibration_error"] == pytest.approx(abs(rates - means).mean(), abs=EXACT)
    assert found["brier_reliability"] == pytest.approx(((rates - means) ** 2).mean(), abs=EXACT)


def test_tenths_are_those_of_a_sorted_list_cut_in_ten(judge, scores):
    found = judge.judged("fct_score_deciles", scores)
    found["month_start_date"] = found["month_start_date"].dt.date
    tenths = found.set_index(["score_version", "month_start_date"]).sort_index()
    for (version, period_type, month), rows in periods(scores):
        if period_type != "month":
            continue
        of_month = tenths.loc[[(version, month)]].sort_values("decile", ascending=False)
        ordered = in_order(rows)
        cut = [ordered.iloc[places] for places in np.array_split(np.arange(len(ordered)), 10) if len(places)]
        reached = np.array([part["is_reached"].sum() for part in cut], dtype=float)
        counts = np.array([len(part) for part in cut])
        assert of_month["decile"].tolist() == list(range(10, 10 - len(cut), -1))
        assert of_month["lead_count"].tolist() == counts.tolist()
        assert of_month["reached_count"].tolist() == reached.tolist()
        assert of_month["lowest_score"].to_numpy() == pytest.approx([part["score"].min() for part in cut], abs=EXACT)
        assert of_month["highest_score"].to_numpy() == pytest.approx([part["score"].max() for part in cut], abs=EXACT)
        if reached.sum():
            assert of_month["lift"].to_numpy() == pytest.approx(reached / counts / rows["is_reached"].mean(), abs=EXACT)
            shares = of_month["cumulative_reached_share"].to_numpy()
            assert shares == pytest.approx(reached.cumsum() / reached.sum(), abs=EXACT)
            assert shares[-1] == 1
        else:
            assert of_month[["lift", "cumulative_reached_share"]].isna().all(axis=None)
        assert of_month["is_partial_period"].eq((version, month) == ("smooth", date(2026, 2, 1))).all()


def stability_index(now: np.ndarray, before: np.ndarray) -> float:
    """Population stability index over counts per bin, half a lead added to each."""
    share, share_before = (now + 0.5) / (now + 0.5).sum(), (before + 0.5) / (before + 0.5).sum()
    return float(((share - share_before) * np.log(share / share_before)).sum())


def number_bins(values: np.ndarray, before: np.ndarray) -> np.ndarray:
    """The bin of each value by the deciles of what was before: up to each of them, and on one that stands twice."""
    ordered = np.sort(before)
    deciles = [ordered[-(-tenth * len(ordered) // 10) - 1] for tenth in range(1, 10)]
    cuts, times = np.unique(deciles, return_counts=True)
    return np.searchsorted(cuts, values, side="left") + np.searchsorted(cuts[times > 1], values, side="right")


def months_from(first: date, count: int) -> list[date]:
    return [date(first.year + (first.month - 1 + n) // 12, (first.month - 1 + n) % 12 + 1, 1) for n in range(count)]


@pytest.mark.parametrize("distinct", [0, 40, 6, 1])
def test_drift_of_scores_is_that_of_a_second_computation(judge, distinct):
    """Over 15 months, of which only twelve are looked back upon; in the last the scores are higher."""
    months = months_from(date(2025, 6, 1), 15)
    rows = pd.concat(
        [scored("any", month, 30 + 7 * number, number, distinct) for number, month in enumerate(months)],
        ignore_index=True,
    )
    rows.loc[rows["month_start_date"] == months[-1], "score"] += 0.25
    three_digits = np.array([float(f"{score:.2e}") for score in rows["score"]])
    found = judge.judged("fct_score_drift", rows).sort_values("month_start_date").reset_index(drop=True)
    assert found["month_start_date"].dt.date.tolist() == months
    for number, month in enumerate(months):
        now = three_digits[rows["month_start_date"] == month]
        is_before = rows["month_start_date"].isin(months[max(0, number - 12) : number])
        before = three_digits[is_before]
        answer = found.iloc[number]
        assert (answer["lead_count"], answer["reference_count"]) == (len(now), len(before))
        if number == 0:
            assert pd.isna(answer["psi"])
            continue
        bins = np.concatenate([number_bins(now, before), number_bins(before, before)])
        is_now = np.arange(len(bins)) < len(now)
        counts = [np.array([(bins[side] == bin).sum() for bin in np.unique(bins)]) for side in (is_now, ~is_now)]
        assert answer["bin_count"] == len(np.unique(bins))
        assert answer["psi"] == pytest.approx(stability_index(*counts), abs=EXACT), month
    assert found["psi"].iloc[-1] > 0.25
    metrics = judge.judged("fct_score_metrics", rows)
    metrics = metrics[metrics["metric"] == "score_psi"].sort_values("period_start_date")
    assert metrics["value"].tolist() == pytest.approx(found["psi"].tolist(), nan_ok=True)


def features_of(months: list[date], values: dict[str, list[np.ndarray]]) -> dict[str, pd.DataFrame]:
    """Snapshots and features from one array of values per feature and month; None where nothing is known."""
    snapshots, features = [], []
    for number, month in enumerate(months):
        count = len(next(iter(values.values()))[number])
        leads = [f"L{lead}" for lead in range(count)]
        snapshots.append(pd.DataFrame({"lead_id": leads, "scored_date": month, "month_start_date": month}))
        for feature, by_month in values.items():
            known = pd.DataFrame(
                {"lead_id": leads, "scored_date": month, "feature": feature, "value": by_month[number]}
            )
            known = known[known["value"].notna()]
            is_text = known["value"].map(lambda value: isinstance(value, str))
            features.append(
                known.assign(
                    text_value=known["value"].where(is_text, None),
                    number_value=pd.to_numeric(known["value"], errors="coerce"),
                ).drop(columns="value")
            )
    return {
        "int_score_snapshots": pd.concat(snapshots, ignore_index=True).assign(is_today=False),
        "int_score_features": pd.concat(features, ignore_index=True),
    }


def test_drift_of_a_text_counts_the_unknown_as_a_group(judge):
    random = np.random.default_rng(20)
    months = months_from(date(2026, 1, 1), 3)
    words = np.array(["PL", "DE", "CZ", None], dtype=object)
    values = [random.choice(words, 200, p=p) for p in ([0.5, 0.3, 0, 0.2], [0.6, 0.2, 0, 0.2], [0.2, 0.1, 0.3, 0.4])]
    found = judge.judged("fct_score_drift", pd.DataFrame(), **features_of(months, {"country": values})).sort_values(
        "month_start_date"
    )
    counts = [np.array([(of_month == word).sum() for word in words]) for of_month in values]
    assert found["bin_count"].tolist() == [3, 3, 4]
    assert found["psi"].iloc[1] == pytest.approx(stability_index(counts[1][[0, 1, 3]], counts[0][[0, 1, 3]]), abs=EXACT)
    assert found["psi"].iloc[2] == pytest.approx(stability_index(counts[2], counts[0] + counts[1]), abs=EXACT)


def test_a_number_that_was_always_the_same_drifts_either_way(judge):
    months = months_from(date(2026, 1, 1), 2)
    values = {
        name: [np.full(100, 5.0, dtype=object), np.full(100, now, dtype=object)]
        for name, now in {"lower": 0.0, "equal": 5.0, "higher": 9.0}.items()
    }
    found = judge.judged("fct_score_drift", pd.DataFrame(), **features_of(months, values))
    psi = found[found["month_start_date"] == pd.Timestamp(months[1])].set_index("subject")["psi"]
    assert psi["equal"] == 0
    assert psi["lower"] == psi["higher"] > 5


@pytest.mark.parametrize(("count", "distinct"), [(25, None), (60, None), (200, None), (60, 2)])
def test_chance_alone_seldom_exceeds_what_it_is_said_to_exceed(judge, count, distinct):
    """Of 300 scores without drift less than one should."""
    random = np.random.default_rng(count)
    score = random.random((300, 7 * count))
    months = np.where(np.arange(7 * count) < count, date(2026, 2, 1), date(2026, 1, 1))
    rows = pd.DataFrame(
        {
            "score_version": np.repeat([f"score {number}" for number in range(300)], 7 * count),
            "lead_id": np.tile([f"L{number}" for number in range(7 * count)], 300),
            "month_start_date": np.tile(months, 300),
            "score": (np.floor(distinct * score) if distinct else score).ravel(),
        }
    )
    found = judge.judged("fct_score_drift", rows).dropna(subset="psi")
    assert len(found) == 300
    assert (found["psi"] > found["chance_psi"]).mean() <= 0.01
    bound = chi2.ppf(0.999, found["bin_count"] - 1) * (1 / found["lead_count"] + 1 / found["reference_count"])
    assert found["chance_psi"].to_numpy() == pytest.approx(bound.to_numpy(), rel=0.04)


def test_rules_are_held_against_the_learned_score_on_the_same_rows(judge):
    """The rules know a third of what the learned score knows, and have rows of their own."""
    learned = scored("learned opportunity", date(2026, 1, 1), 900, seed=30, split="time_and_account")
    random = np.random.default_rng(31)
    points = np.round(20 * learned["score"] + random.normal(scale=6, size=len(learned)))
    rules = learned.assign(score_version="rules 1", score=points, probability=None, split="none")
    others = rules.assign(lead_id="X" + rules["lead_id"], is_reached=~rules["is_reached"])
    rows = pd.concat([learned, rules, others], ignore_index=True)
    found = judge.judged("fct_score_alarms", rows.assign(probability=rows["probability"].astype("Float64")))
    [alarm] = found[found["alarm"] == "worse_than_learned"].to_dict("records")
    assert (alarm["score_version"], alarm["subject"], alarm["lead_count"]) == ("rules 1", "learned opportunity", 900)
    assert alarm["value"] == pytest.approx(roc_auc_score(rules["is_reached"], rules["score"]), abs=EXACT)
    assert alarm["before_value"] == pytest.approx(roc_auc_score(learned["is_reached"], learned["score"]), abs=EXACT)
    assert found.loc[found["alarm"] == "auc_low", "value"].tolist() == pytest.approx([0.5])
