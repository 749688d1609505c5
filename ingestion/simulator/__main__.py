"""python -m ingestion.simulator --leads 5000 --seed 7 --as-of 2026-11-01T00:00:00Z --out data/inbox"""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from ingestion.simulator.company import HISTORY_MONTHS
from ingestion.simulator.simulate import FEWEST_LEADS, simulate
from ingestion.simulator.write import write_entity


def main() -> None:
    """Simulate, write, and say per entity how many rows it has."""
    parser = argparse.ArgumentParser(
        prog="python -m ingestion.simulator",
        description=f"Write {HISTORY_MONTHS} months of a made-up company, one parquet file per entity.",
    )
    parser.add_argument("--leads", type=lead_count, default=5000, help="how many people (default: 5000)")
    parser.add_argument("--seed", type=int, default=7, help="the same seed gives the same company (default: 7)")
    parser.add_argument(
        "--as-of", type=moment, default=now(), help="where it ends, such as 2026-11-01T00:00:00Z (default: now)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for the files; it is made if need be")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, rows in simulate(arguments.leads, arguments.seed, arguments.as_of).items():
        path = write_entity(name, rows, arguments.out)
        print(f"{len(rows):>9,}  {path}", file=sys.stderr)


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None, microsecond=0)


def lead_count(text: str) -> int:
    count = int(text)
    if count < FEWEST_LEADS:
        raise argparse.ArgumentTypeError(f"a company needs at least {FEWEST_LEADS} leads")
    return count


def moment(text: str) -> datetime:
    given = datetime.fromisoformat(text)
    return given if given.tzinfo is None else given.astimezone(UTC).replace(tzinfo=None)


if __name__ == "__main__":
    main()
