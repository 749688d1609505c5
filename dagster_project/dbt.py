"""How dbt is run so that it works on the same data, playbook and moment as everything else."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from ingestion import playbook
from ingestion.config import DBT_DIR, Settings
from ingestion.faults import Fault, way_out
from ingestion.mappings import mapped_columns
from ingestion.sources import RAW_PREFIX

# The one of this environment, whether or not it has been activated.
DBT_EXECUTABLE = str(Path(sys.executable).with_name("dbt"))

# What dbt made in so many refreshes can be looked at afterwards.
KEPT_RUNS = 3


def dbt_environment(settings: Settings) -> dict[str, str]:
    """What dbt reads from the environment."""
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(settings.data_dir),
        "FUNNELHOUSE_SOURCES": ",".join(settings.sources),
        "FUNNELHOUSE_SEEDS_DIR": str(settings.effective_playbook_dir),
        "FUNNELHOUSE_FIELD_MAPPINGS": mapped_columns(settings),
        "DBT_PROJECT_DIR": str(DBT_DIR),
        "DBT_PROFILES_DIR": str(DBT_DIR),
        "DBT_TARGET_PATH": str(target_dir(settings)),
        "DBT_LOG_PATH": str(target_dir(settings)),
        "DBT_USE_COLORS": "false",
    }
    if settings.as_of:
        environment["FUNNELHOUSE_AS_OF"] = settings.as_of.isoformat()
    return environment


def target_dir(settings: Settings) -> Path:
    """Where dbt keeps what it makes; with the data, so that two data directories never mix."""
    return settings.data_dir / "dbt"


def forget_old_runs(settings: Settings, prefix: str) -> None:
    """Remove what dbt kept of refreshes, each in a folder of its own of some 40 MB, but for the newest."""
    runs = sorted(target_dir(settings).glob(f"{prefix}-*"), key=lambda path: path.stat().st_mtime)
    for old in runs[:-KEPT_RUNS]:
        shutil.rmtree(old, ignore_errors=True)


def manifest_path(settings: Settings) -> Path:
    """dbt's description of the project, from which Dagster makes assets."""
    return target_dir(settings) / "manifest.json"


def code_version(settings: Settings) -> str | None:
    """A fingerprint of all SQL that makes the numbers, models and macros; None before dbt has read the project."""
    path = manifest_path(settings)
    if not path.exists():
        return None
    manifest = json.loads(path.read_text(encoding="utf-8"))
    models = {name: node["checksum"] for name, node in manifest["nodes"].items() if node["resource_type"] == "model"}
    macros = {
        name: macro["macro_sql"]
        for name, macro in manifest["macros"].items()
        if macro["package_name"] == manifest["metadata"]["project_name"]
    }
    return hashlib.sha256(json.dumps([models, macros], sort_keys=True).encode()).hexdigest()


def mart_sources(settings: Settings) -> dict[str, list[str]]:
    """Per mart, the sources that its rows are made of, by dbt's lineage; nothing before dbt has read the project.

    What a source's `loads` tell of itself is no row of it: how fresh it is does not grow old with it.
    """
    path = manifest_path(settings)
    if not path.exists():
        return {}
    manifest = json.loads(path.read_text(encoding="utf-8"))

    @cache
    def sources_of(node: str) -> frozenset[str]:
        if table := manifest["sources"].get(node):
            return frozenset({table["source_name"].removeprefix(RAW_PREFIX)} if table["name"] != "loads" else ())
        return frozenset().union(*map(sources_of, manifest["parent_map"].get(node, ())))

    return {
        node["name"]: sorted(sources_of(name))
        for name, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }


def parse(settings: Settings) -> None:
    """Write the manifest. Raises Fault where the project cannot be read; dbt says why."""
    settings.prepare_data_dir()
    environment = dbt_environment(settings)
    if not playbook.is_published(settings):
        # Nothing has been refreshed yet by this version; the defaults have the same tables.
        playbook.publish_defaults(settings)
    command = [DBT_EXECUTABLE, "parse", "--quiet"]
    parsed = subprocess.run(
        command,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )
    if parsed.returncode:
        words = parsed.stdout.strip()
        raise Fault(way_out(settings.warehouse, words) or f"dbt cannot read dbt_project:\n{words}")
