"""Made-up companies whose records are loaded and built as by a refresh, each in a folder of its own, without checks."""

import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmarks.__main__ import PROJECT_DIR
from ingestion.simulator.simulate import Life
from ingestion.simulator.write import write_entity

LOAD = "from ingestion import config, load; load.load('files', config.Settings.from_environment())"


def built(life: Life, folder: Path, select: str, entities: Iterable[str] | None = None) -> Path:
    """Build what dbt selects (words separated by spaces) of the company's records; return the warehouse's file.

    `entities` names those that are loaded (default: all). The company's own moment is the warehouse's "now".
    """
    inbox = folder / "inbox"
    inbox.mkdir()
    for name in entities or life.entities:
        write_entity(name, life.entities[name], inbox)
    environment = os.environ | {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_FILES_DIR": str(inbox),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_AS_OF": f"{life.world.history.as_of}Z",
        "FUNNELHOUSE_PLAYBOOK_DIR": "",
    }
    orchestrate = [sys.executable, "-m", "dagster_project"]
    for command in (
        [*orchestrate, "prepare"],
        [sys.executable, "-c", LOAD],
        [*orchestrate, "exec", "dbt", "build", "--resource-type", "seed"],
        [*orchestrate, "exec", "dbt", "run", "--select", *select.split()],
    ):
        subprocess.run(command, cwd=PROJECT_DIR, env=environment, check=True, capture_output=True)
    return folder / "data" / "warehouse.duckdb"
