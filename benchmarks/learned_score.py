"""How near the learned score comes to the best there can be, on made-up companies whose laws are known.

`python -m benchmarks.learned_score --leads 16000`: a company is made up, loaded and built as by a refresh. Each past
score, of a fit from before and without the lead's own account, stands beside the chance that the laws give whoever sees
what can be seen (`lead_chances` of the truth), on the same leads and days.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score

from benchmarks.__main__ import PROJECT_DIR

AS_OF = datetime(2026, 10, 1)
BINS = 10
LOAD = "from ingestion import config, load; load.load('files', config.Settings.from_environment())"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.learned_score", description=__doc__)
    parser.add_argument("--leads", type=int, default=16_000, help="leads of the company (default: 16,000)")
    parser.add_argument("--seed", type=int, default=7, help="which company (default: 7)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scores = judged(Path(folder), given.leads, given.seed)
    for split, rows in [("all", scores), *scores.groupby("split")]:
        report(split, rows)


def judged(folder: Path, leads: int, seed: int) -> pd.DataFrame:
    """Past scores whose outcome is known: split, probability, rules, ideal, full_knowledge, is_reached."""
    environment = os.environ | {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_FILES_DIR": str(folder / "inbox"),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_AS_OF": f"{AS_OF.isoformat()}Z",
        "FUNNELHOUSE_PLAYBOOK_DIR": "",
    }
    story = ["--leads", str(leads), "--seed", str(seed), "--now", f"{AS_OF.isoformat()}Z"]
    places = ["--as-of", f"{AS_OF.isoformat()}Z", "--out", str(folder / "inbox"), "--truth", str(folder / "truth")]
    build = "exec dbt build --quiet --exclude-resource-type test unit_test --select +int_scores_judged"
    for command in (
        [sys.executable, "-m", "ingestion.simulator", "write", *story, *places],
        [sys.executable, "-c", LOAD],
        [sys.executable, "-m", "dagster_project", *build.split()],
    ):
        subprocess.run(command, cwd=PROJECT_DIR, env=environment, check=True, stdout=subprocess.DEVNULL)
    with duckdb.connect(str(folder / "data" / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(
            """
            select
                learned.split,
                learned.probability,
                rules.score as rules,
                chances.ideal_probability as ideal,
                chances.full_knowledge_probability as full_knowledge,
                learned.is_reached::int as is_reached
            from intermediate.int_scores_judged as learned
            inner join intermediate.int_scores_judged as rules
                on learned.lead_id = rules.lead_id and learned.scored_date = rules.scored_date
            inner join read_parquet(?) as chances
                on learned.lead_id = chances.lead_id and learned.scored_date = chances.scored_date
            where
                learned.score_version = 'learned opportunity'
                and rules.score_version like 'rules%'
                and learned.is_reached is not null
            """,
            [str(folder / "truth" / "lead_chances.parquet")],
        ).df()


def report(split: str, rows: pd.DataFrame) -> None:
    reached = rows["is_reached"]
    areas = {name: roc_auc_score(reached, rows[name]) for name in ("probability", "ideal", "full_knowledge", "rules")}
    print(f"{split}: {len(rows):,} scores, {reached.sum():,} reached an opportunity")
    for name, area in areas.items():
        print(f"  AUC of {name:<16} {area:.4f}")
    print(f"  below the best there can be {areas['ideal'] - areas['probability']:.4f}")
    print(f"  calibration error           {calibration_error(rows['probability'], reached):.4f}")


def calibration_error(probability: pd.Series, reached: pd.Series) -> float:
    """Mean difference, over bins of equally many scores, of the probability said and the share that came (ECE)."""
    bins = np.array_split(np.argsort(probability.to_numpy(), kind="stable"), BINS)
    gaps = [abs(probability.iloc[rows].mean() - reached.iloc[rows].mean()) * len(rows) for rows in bins]
    return sum(gaps) / len(probability)


if __name__ == "__main__":
    main()
