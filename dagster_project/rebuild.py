"""The warehouse built otherwise, on a copy: by other rules, as another version, at another moment.

Nothing that readers see changes, and the copy goes when the work is done.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from tqdm import tqdm

from dagster_project.dbt import DBT_EXECUTABLE, dbt_environment
from ingestion.config import Settings
from ingestion.faults import Fault

NODE_DONE = re.compile(r" (\d+) of (\d+) (?:OK|ERROR|SKIP)")


def log_of(database: Path) -> Path:
    """Where DuckDB keeps what is not in the file yet: it is there while somebody writes, or was cut off."""
    return database.with_name(f"{database.name}.wal")


@contextmanager
def copied(settings: Settings, folder: str, as_of: datetime, say: Callable[[str], None]) -> Iterator[Settings]:
    """The settings of a copy of the warehouse in a folder of the data directory; it goes at the end.

    Raises Fault where there is no room or a refresh wrote meanwhile.
    """
    copy = replace(settings, data_dir=settings.data_dir / folder, as_of=as_of)
    _forget(copy)
    copy.data_dir.mkdir(exist_ok=True)
    before = settings.warehouse.stat()
    if shutil.disk_usage(copy.data_dir).free < 1.2 * before.st_size:
        raise Fault(f"There is no room in {copy.data_dir} for a copy of the warehouse ({_size(before.st_size)}).")
    try:
        say(f"Copying the warehouse ({_size(before.st_size)}) …")
        shutil.copyfile(settings.warehouse, copy.warehouse)
        after = settings.warehouse.stat()
        if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
            raise Fault("A refresh has begun to write the warehouse; try again when it has ended.")
        yield copy
    finally:
        _forget(copy)


def build(copy: Settings, arguments: Sequence[str], name: str, environment: Mapping[str, str] | None = None) -> None:
    """Build models and seeds on the copy, a bar showing how far it is. `name` says in a fault what could not be built.

    `arguments` select what is built; `environment` goes over what dbt is given. Raises Fault with dbt's own words.
    """
    command = [DBT_EXECUTABLE, "build", "--resource-type", "seed", "--resource-type", "model", *arguments]
    log = copy.data_dir / "build.log"
    with (
        log.open("w", encoding="utf-8") as kept,
        tqdm(unit="model", leave=False, file=sys.stderr, disable=None) as bar,
        subprocess.Popen(
            command,
            env=os.environ | dbt_environment(copy) | (environment or {}),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        ) as process,
    ):
        try:
            for line in process.stdout:
                kept.write(line)
                done = NODE_DONE.search(line)
                if done:
                    bar.total = int(done[2])
                    bar.update(int(done[1]) - bar.n)
        except BaseException:
            process.terminate()
            raise
    if process.returncode:
        lines = log.read_text(encoding="utf-8").splitlines()
        first = next((number for number, line in enumerate(lines) if "Error in" in line), max(len(lines) - 5, 0))
        words = "\n".join(f"  {line.split('  ', 1)[-1].strip()}" for line in lines[first : first + 5])
        raise Fault(f"{name}:\n{words}\n  dbt's own log is {log}.")


def _forget(copy: Settings) -> None:
    copy.warehouse.unlink(missing_ok=True)
    log_of(copy.warehouse).unlink(missing_ok=True)


def _size(byte_count: int) -> str:
    return f"{byte_count / 1e9:.1f} GB" if byte_count >= 1e9 else f"{max(round(byte_count / 1e6), 1):,} MB"
