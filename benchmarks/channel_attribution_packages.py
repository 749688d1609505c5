"""Time the packages that attribute to channels on a file of journeys; runs in an environment that holds them alone.

`python channel_attribution_packages.py journeys.parquet 3` prints seconds per model and package as JSON, the median of
three runs.
"""

import contextlib
import json
import os
import sys
import time
from collections.abc import Callable
from statistics import median

os.environ["POLARS_MAX_THREADS"] = "2"

import ChannelAttribution
import pandas as pd
import polars
from mam.core import MAM


def main() -> None:
    journeys = pd.read_parquet(sys.argv[1])
    runs = int(sys.argv[2])
    table = polars.from_pandas(journeys.assign(occurrences=1))
    simulated = journeys.assign(
        path=journeys["path"].str.replace(" > ", ">"),
        converted=journeys["is_converted"].astype(int),
        failed=(~journeys["is_converted"]).astype(int),
    )

    def prepared() -> MAM:
        return MAM(table, "grouped_journey", "path", "is_converted", occurrences_colname="occurrences")

    def simulate() -> None:
        ChannelAttribution.markov_model(
            simulated, "path", "converted", var_null="failed", ncore=2, flg_pro=False, verbose=False
        )

    exact = "marketing-attribution-models"
    with contextlib.redirect_stdout(sys.stderr):
        took = {
            "markov": {
                exact: seconds(lambda: prepared().run_markov(), runs),
                "ChannelAttribution, simulated": seconds(simulate, runs),
            },
            "shapley": {exact: seconds(lambda: prepared().run_shapley(), runs)},
        }
    print(json.dumps(took), flush=True)


def seconds(action: Callable[[], object], runs: int) -> float:
    return median(once(action) for _ in range(runs))


def once(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
