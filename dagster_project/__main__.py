"""What `make` calls: `python -m dagster_project refresh | headline | rollback | replay | erase | restore | prepare
| exec`."""

import argparse
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from dagster_project import dbt
from dagster_project.environment import load_env
from ingestion import erasure, playbook
from ingestion import load as loads
from ingestion.config import PROJECT_DIR, Settings
from ingestion.faults import Fault, damaged, way_out

# What stands for a run where none could begin.
NO_RUN = "not begun"


def main() -> int:
    """Run one command; return its exit code. Faults are printed as one message, never as a traceback."""
    parser = argparse.ArgumentParser(prog="funnelhouse", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    try:
        load_env(PROJECT_DIR / ".env")
        settings = Settings.from_environment()
    except Fault as fault:
        say(f"✗ {fault}")
        return 1
    try:
        settings.prepare_data_dir()
        return COMMANDS[given.command](settings, given.arguments)
    except Fault as fault:
        say(f"✗ {fault}")
        return 1
    except BrokenPipeError:  # whoever read the answer, such as `head`, has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0 if given.command == "headline" else 1
    except OSError as error:  # a disk that is full, a folder that may not be written
        words = f"{error.filename or 'A file'}: {error.strerror or error}. Mend that and run the command again."
        say(f"✗ {way_out(settings.warehouse, str(error)) or words}")
        return 1
    except KeyboardInterrupt:
        return stopped()
    except Exception as error:  # whatever it is, nobody is to read a traceback
        if str(error) == "Query interrupted":  # DuckDB's word for Ctrl-C while it was at work
            return stopped()
        say(f"✗ {unforeseen(settings, error)}")
        return 1


def unforeseen(settings: Settings, error: Exception) -> str:
    """What a tool's error means, in a line; where that is not known, the error's own words and where to read more."""
    words = " ".join(str(error).split())
    if isinstance(error, duckdb.Error):
        if meaning := way_out(settings.warehouse, words):
            return meaning
        if reason := loads.unreadable(settings.warehouse):
            return damaged(settings.warehouse, reason)
    told = settings.without_secrets(f"{type(error).__name__}: {words[: loads.LONGEST_WORDS]}. This was not foreseen")
    log = settings.data_dir / "error.log"
    try:
        log.write_text(settings.without_secrets(traceback.format_exc()), encoding="utf-8")
    except OSError as reason:
        return f"{told}, and {log} cannot be written ({reason.strerror})."
    return f"{told}; {log} says where it happened."


def stopped() -> int:
    """Say that somebody broke it off; return the exit code that shells give for it."""
    say("✗ Stopped; the published numbers are as they were.")
    return 130


def refresh(settings: Settings, _: list[str]) -> int:
    """Load, build, check and publish, with progress shown; 0 if the numbers were published."""
    from dagster_project import alerts, audit_report, serving

    try:
        set_up(settings)
    except Fault as fault:
        # No run has begun that could say so; readers are to know all the same why their numbers grow old.
        serving.record_failure(settings, NO_RUN, str(fault))
        trouble = alerts.send(settings, NO_RUN, ["playbook"])
        raise Fault("\n".join(filter(None, [str(fault), trouble]))) from fault
    import dagster as dg

    from dagster_project.definitions import defs
    from dagster_project.progress import progress_logger

    nodes = json.loads(dbt.manifest_path(settings).read_text(encoding="utf-8"))["nodes"]
    job = defs.resolve_job_def("refresh").with_logger_defs({"progress": progress_logger(len(nodes))})
    dbt_log = dbt.target_dir(settings) / "build.log"
    with (
        dagster_log(settings),
        dg.DagsterInstance.get() as instance,
        dbt_log.open("w", encoding="utf-8") as log,
        contextlib.redirect_stdout(log),
    ):
        result = job.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": {"progress": {}}}
        )
    checked = audit_report.folder_of(settings, result.run_id) / audit_report.INDEX
    if checked.exists():
        say(f"What was checked stands in {checked}")
    if result.success:
        say(f"✓ Published {(settings.serving_dir / 'current.duckdb').resolve()}")
        return 0
    for error in run_errors(settings, result.all_events):
        say(f"✗ {error}")
    say(f"✗ Nothing was published; readers keep the numbers they had. dbt's own log is {dbt_log}.")
    return 1


@contextlib.contextmanager
def dagster_log(settings: Settings) -> Iterator[None]:
    """While Dagster's log is open. Raises Fault where it cannot be: nothing but the history of runs is in it."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    folder = settings.data_dir / "dagster"
    try:
        yield
    except OperationalError as error:  # written all the while, it is often the first to miss the room
        raise Fault(
            f"Dagster's log in {folder} cannot be written ({error.orig}). Make sure that the disk has room and run the "
            "command again; the published numbers are as they were."
        ) from error
    except DatabaseError as error:
        if type(error) is not DatabaseError:  # the file is whole, and what was asked of it was wrong
            raise
        raise Fault(
            f"Dagster's log in {folder} is damaged ({error.orig}). Move the folder away and run the command again: it "
            "holds the history of runs alone."
        ) from error


def run_errors(settings: Settings, events: list) -> list[str]:
    """What stopped the run, once each; a check that blocked has said so while it ran and is left out."""
    lines = []
    for event in events:
        if event.event_type_value in ("STEP_FAILURE", "RESOURCE_INIT_FAILURE"):
            error = event.event_specific_data.error
            while error.cls_name != "Failure" and error.cause:
                error = error.cause
            if error.cls_name == "DagsterExecutionInterruptedError":
                lines.append(f"{event.step_key}: stopped from outside.")
            elif error.cls_name != "DagsterAssetCheckFailedError":
                message = error.message.split(": ", 1)[-1].split("Errors parsed from dbt logs:")[-1]
                words = way_out(settings.warehouse, message)
                lines.append(words or f"{event.step_key or 'refresh'}: {message.strip()}")
    return list(dict.fromkeys(lines))


def headline(settings: Settings, _: list[str]) -> int:
    """Print what the published numbers say, in a few lines."""
    current = settings.serving_dir / "current.duckdb"
    if not current.exists():
        raise Fault(f"Nothing has been published in {settings.serving_dir} yet; run `make refresh` first.")
    try:
        return print_headline(current.resolve())
    except duckdb.Error as error:
        raise Fault(
            f"{current.resolve()} cannot be read ({' '.join(str(error).split())}). "
            "`make rollback` shows readers the version before it, `make refresh` publishes a new one."
        ) from error


def print_headline(published: Path) -> int:
    with duckdb.connect(str(published), read_only=True) as connection:
        steps = connection.execute("select stage_label, lead_count, entry_rate from marts.funnel()").fetchall()
        [(deals, won, won_amount, open_amount, currency)] = connection.execute(
            """
            select
                count(*),
                count(*) filter (where is_won),
                sum(won_amount),
                sum(current_amount) filter (where not is_closed),
                (select reporting_currency from marts.published_run)
            from marts.fct_opportunities
            """
        ).fetchall()
    for label, count, rate in steps:
        print(f"  {label:<14} {count:>9,} leads  {rate or 0:>7.1%}")
    print(f"  {'Deals':<14} {deals:>9,}        {won:,} won, {won_amount or 0:,.0f} {currency};", end=" ")
    print(f"{open_amount or 0:,.0f} {currency} still open")
    return 0


def rollback(settings: Settings, _: list[str]) -> int:
    """Go back to the version published before the present one."""
    from dagster_project import serving

    say(f"✓ Readers now see {serving.rollback(settings).name}; the next refresh goes forward again.")
    return 0


def replay(settings: Settings, arguments: list[str]) -> int:
    """Show what the playbook of a folder would have made of the past; nothing that is published changes."""
    from dagster_project import replay as replays
    from dagster_project.replay_report import report

    if len(arguments) != 1 or not arguments[0].strip():
        raise Fault("Say which playbook: make replay PLAYBOOK=folder, with the changed CSV files in the folder.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # tidied up after like Ctrl-C
    kept = replays.replay(settings, Path(arguments[0]).absolute(), say)
    print(report(kept))
    say(f"✓ Nothing that is published was changed. Kept as {kept}; the dashboard shows it on its page Replay.")
    return 0


def erase(settings: Settings, arguments: list[str]) -> int:
    """Forget whoever has an e-mail address; 0 also where nobody has."""
    if len(arguments) != 1 or not arguments[0].strip():
        raise Fault("Say whose address: make erase EMAIL=anna@example.com")
    with alone(settings):
        receipt = erasure.erase(settings, arguments[0], say)
    if receipt is None:
        return 0
    for line in erasure.lines(receipt):
        say(line)
    return 1 if receipt.still_found_in else 0


def restore(settings: Settings, _: list[str]) -> int:
    """Make the raw tables of a lost warehouse anew from what all loads have landed."""
    with alone(settings):
        loads.restore(settings, say)
    say(f"✓ Restored {settings.warehouse}; now run make refresh.")
    return 0


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[None]:
    """Nobody else may write or copy the warehouse. Raises Fault beside a refresh or a replay."""
    with contextlib.ExitStack() as locks:
        for work in ("refresh", "replay"):
            try:
                locks.enter_context(FileLock(settings.data_dir / f"{work}.lock").acquire(blocking=False))
            except Timeout as error:
                raise Fault(f"A {work} is running in {settings.data_dir}; wait until it has ended.") from error
        yield


def prepare(settings: Settings, _: list[str]) -> int:
    """Make what `dagster dev` needs; print the folder that is to be DAGSTER_HOME."""
    home = set_up(settings)
    import dagster as dg

    from dagster_project.lock import report_dead_runs

    with dagster_log(settings), dg.DagsterInstance.get() as instance:
        report_dead_runs(instance, settings)
    print(home)
    return 0


def execute(settings: Settings, command: list[str]) -> int:
    """Run a tool of this environment (dbt, sqlfluff) on the same data, playbook and moment as a refresh."""
    if not command:
        raise Fault("Say which tool: python -m dagster_project exec dbt build, for example.")
    playbook.publish(settings)
    tool = Path(sys.executable).with_name(command[0])
    environment = os.environ | dbt.dbt_environment(settings)
    return subprocess.run([str(tool), *command[1:]], env=environment, check=False).returncode


def set_up(settings: Settings) -> Path:
    """Make what Dagster loads from: its home (returned), the playbook in force, dbt's manifest."""
    home = settings.data_dir / "dagster"
    home.mkdir(exist_ok=True)
    shutil.copyfile(Path(__file__).with_name("dagster.yaml"), home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(home)
    playbook.publish(settings)
    dbt.target_dir(settings).mkdir(exist_ok=True)
    say("Reading the project …")
    dbt.parse(settings)
    return home


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


COMMANDS = {
    "refresh": refresh,
    "headline": headline,
    "rollback": rollback,
    "replay": replay,
    "erase": erase,
    "restore": restore,
    "prepare": prepare,
    "exec": execute,
}


if __name__ == "__main__":
    sys.exit(main())
