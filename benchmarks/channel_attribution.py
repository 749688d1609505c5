"""How fast Markov and Shapley are beside the packages that do the same, as ratios of one run.

`python -m benchmarks.channel_attribution`: journeys are drawn from a made-up chain of channels. Everybody is given the
same table in memory, one row per journey, and gives what each channel is owed. The packages are installed into an
environment of their own, with threads for two cores as DuckDB has. They differ in what they do: ChannelAttribution
simulates Markov and has no Shapley; marketing-attribution-models limits Shapley to four channels a journey.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from statistics import median

import duckdb
import numpy as np
import pandas as pd

from attribution.crediting import credit_channels
from attribution.journeys import SEPARATOR, Journeys
from attribution.markov import markov_shares
from attribution.shapley import shapley_values
from benchmarks.__main__ import PROJECT_DIR, RUNS, seconds

# matplotlib is what ChannelAttribution imports and does not ask for.
PACKAGES = ("marketing-attribution-models==2.1.1", "ChannelAttribution==2.2.5", "matplotlib")
CHANNELS = 16
# How uneven the ways from a channel are: the smaller, the fewer of them are taken often.
EVENNESS = 0.3
LEAVING_RATE, CONVERSION_RATE = 0.3, 0.05
LONGEST = 20
COUNT_PATHS = """
    select path, count(*) as journey_count, count(*) filter (is_converted) as converted_count
    from journeys
    group by path
    order by path
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.channel_attribution", description=__doc__)
    parser.add_argument("--journeys", type=int, default=1_000_000, help="journeys (default: 1,000,000)")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        drawn = draw_journeys(given.journeys)
        path = Path(folder) / "journeys.parquet"
        drawn.to_parquet(path)
        report(ours(drawn), packages(Path(folder) / "environment", path))


def draw_journeys(count: int) -> pd.DataFrame:
    """`path` and `is_converted` of journeys that follow a chain over the channels."""
    random = np.random.default_rng(7)
    onward = random.dirichlet(np.full(CHANNELS, EVENNESS), size=CHANNELS).cumsum(axis=1)
    first = random.dirichlet(np.full(CHANNELS, 1.0))
    names = np.array([f"channel_{number:02}" for number in range(CHANNELS)], dtype=object)
    steps = [random.choice(CHANNELS, size=count, p=first)]
    lengths = np.minimum(random.geometric(LEAVING_RATE, size=count), LONGEST)
    for _ in range(1, LONGEST):
        drawn = random.random(count)[:, None] > onward[steps[-1]]
        steps.append(np.minimum(drawn.sum(axis=1), CHANNELS - 1))
    walked = names[np.stack(steps, axis=1)]
    paths = [SEPARATOR.join(channels[:length]) for channels, length in zip(walked, lengths, strict=True)]
    return pd.DataFrame({"path": paths, "is_converted": random.random(count) < CONVERSION_RATE})


def ours(journeys: pd.DataFrame) -> dict[str, float]:
    """Seconds that our own steps take, and how many distinct paths there are."""
    with duckdb.connect(config={"threads": 2}) as connection:
        connection.execute("create table journeys as select * from journeys")
        counting = median(seconds(lambda: connection.execute(COUNT_PATHS).df()) for _ in range(RUNS))
        paths = connection.execute(COUNT_PATHS).df()

    def counted() -> Journeys:
        counts = paths["journey_count"].to_numpy(), paths["converted_count"].to_numpy()
        return Journeys(paths["path"].to_numpy(), *counts, counts[1].astype(float))

    def shapley() -> None:
        of_paths = counted()
        shapley_values(of_paths, of_paths.converted_counts)

    paths_of_type = paths.assign(conversion_type="won", amount=1.0)
    return {
        "paths": len(paths),
        "counting": counting,
        "markov": median(seconds(lambda: markov_shares(counted())) for _ in range(RUNS)),
        "shapley": median(seconds(shapley) for _ in range(RUNS)),
        "both_with_bounds": seconds(lambda: credit_channels(paths_of_type, 1)),
        "peak_megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def packages(environment: Path, journeys: Path) -> dict[str, dict[str, float]]:
    """Seconds that each package takes for each model."""
    venv.create(environment, with_pip=True)
    python = str(environment / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "--quiet", *PACKAGES], check=True)
    script = str(PROJECT_DIR / "benchmarks" / "channel_attribution_packages.py")
    command = [python, script, str(journeys), str(RUNS)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def report(own: dict[str, float], others: dict[str, dict[str, float]]) -> None:
    print(f"{own['paths']:,} distinct paths; counting them takes {own['counting']:.2f} s of each figure")
    for model in ("markov", "shapley"):
        took = own["counting"] + own[model]
        print(f"{model:<10} {took:7.2f} s")
        for package, figures in others[model].items():
            print(f"  {package:<32} {figures:7.2f} s = {figures / took:6.1f} ×")
    with_bounds = own["counting"] + own["both_with_bounds"]
    print(f"both, with their bounds: {with_bounds:.2f} s; all of this took {own['peak_megabytes']:,.0f} MB at most")


if __name__ == "__main__":
    sys.exit(main())
