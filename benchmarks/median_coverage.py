"""How often the 95 % bounds of a stage's Kaplan–Meier median hold the true median, over made-up companies.

`python -m benchmarks.median_coverage --seeds 20`: for each seed a company is made up, its records are loaded and built
as by a refresh, and `marts.stage_durations` is asked. The truth is the whole life of all these companies, after the
moment shown too: every first stay of a person or a deal in a stage, one that never ends counted as infinitely long.
"""

import argparse
import tempfile
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
from tqdm import tqdm

from benchmarks.companies import built
from ingestion.simulator.clock import DAY
from ingestion.simulator.mess import USUAL_MESS
from ingestion.simulator.simulate import Life, live

AS_OF = datetime(2026, 11, 1)
KEYS = ["track", "stage", "segment"]
ENTITIES = (
    "accounts",
    "account_attribute_changes",
    "fx_rates_daily",
    "lead_attribute_changes",
    "lead_stage_changes",
    "leads",
    "opportunities",
    "opportunity_contacts",
    "opportunity_stage_changes",
)
FINAL = {("lead", "opportunity"), ("lead", "disqualified"), ("opportunity", "won"), ("opportunity", "lost")}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.median_coverage", description=__doc__)
    parser.add_argument("--seeds", type=int, default=20, help="how many companies (default: 20)")
    parser.add_argument("--leads", type=int, default=3_000, help="leads of each company (default: 3,000)")
    given = parser.parse_args()
    truths, estimates = [], []
    for seed in tqdm(range(1, given.seeds + 1), unit="company"):
        life = live(given.leads, seed, AS_OF, USUAL_MESS)
        truths.append(first_stays(life))
        with tempfile.TemporaryDirectory() as folder:
            estimates.append(estimated(life, Path(folder)).assign(seed=seed))
    report(pd.concat(truths), pd.concat(estimates))


def first_stays(life: Life) -> pd.DataFrame:
    """Every first stay ever: track, stage, segment, days (infinite where it never ends)."""
    world = life.world
    leads = world.stage_log.assign(
        track="lead",
        record=world.stage_log["lead"],
        segment=world.people["segment"].to_numpy()[world.stage_log["lead"]],
    )
    deals = world.deals.log.assign(
        track="opportunity",
        record=world.deals.log["opportunity"],
        segment=world.deals.opportunities["segment"].to_numpy()[world.deals.log["opportunity"]],
    )
    stays = pd.concat([leads, deals], ignore_index=True).sort_values("changed_at", kind="stable")
    stays = stays.drop_duplicates(["track", "record", "stage"])
    days = ((stays["left_at"] - stays["changed_at"]) / DAY).fillna(np.inf)
    stays = stays[KEYS].assign(days=days)
    return stays[[pair not in FINAL for pair in zip(stays["track"], stays["stage"], strict=True)]]


def estimated(life: Life, folder: Path) -> pd.DataFrame:
    """What the marts say of the company: a row per track, stage and segment."""
    warehouse = built(life, folder, "+stage_durations", ENTITIES)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(
            """
            select * rename (dimension_value as segment) from marts.stage_durations(group_by := 'segment')
            where dimension_value != '(none)'
            """
        ).df()


def report(truth: pd.DataFrame, estimates: pd.DataFrame) -> None:
    """Print the coverage, and how far both ways of measuring lie from the truth, per stage and in all."""
    true = truth.groupby(KEYS)["days"].agg(
        true_median=lambda days: np.quantile(days, 0.5, method="inverted_cdf"),
        true_mean_of_ended=lambda days: days[np.isfinite(days)].mean(),
    )
    cells = estimates.set_index(KEYS).join(true, how="inner").reset_index()
    lower = cells["median_days_lower"].fillna(np.inf)
    upper = cells["median_days_upper"].fillna(np.inf)
    is_finite = np.isfinite(cells["true_median"])
    cells = cells.assign(
        is_covered=(lower <= cells["true_median"]) & (cells["true_median"] <= upper),
        is_finite=is_finite,
        median_error=(cells["median_days"] / cells["true_median"] - 1).where(is_finite),
        finished_median_error=(cells["finished_median_days"] / cells["true_median"] - 1).where(is_finite),
        finished_mean_error=cells["finished_mean_days"] / cells["true_mean_of_ended"] - 1,
    )
    columns = {
        "cells": ("is_covered", "size"),
        "covered": ("is_covered", "mean"),
        "KM median": ("median_error", "mean"),
        "median of finished": ("finished_median_error", "mean"),
        "mean of finished": ("finished_mean_error", "mean"),
    }
    print("Share of cells whose bounds hold the true median; mean error of each measure, relative to its truth")
    print(cells.groupby(["track", "stage"]).agg(**columns).round(3).to_string())
    print(cells.groupby("is_finite").agg(**columns).round(3).to_string())
    print(f"all: {cells['is_covered'].mean():.3f} of {len(cells)} cells covered")


if __name__ == "__main__":
    main()
