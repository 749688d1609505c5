"""What would have happened: a changed playbook replayed over the past, on a copy of the warehouse.

Nothing that readers see changes. The copy is built with the changed scoring rules, its crossings are laid beside those
that were published, and the comparison is kept as a small file of its own that the dashboard shows.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

import duckdb
from filelock import FileLock, Timeout

from dagster_project import rebuild, serving
from dagster_project.replay_comparison import begin, finish, keep
from ingestion import playbook
from ingestion.config import Settings
from ingestion.contract import playbook_tables
from ingestion.faults import Fault
from ingestion.playbook import Row

# The rules that are replayed, and by what a row of each is known.
RULE_KEYS = {
    "scoring_groups": ("score_version", "rule_group"),
    "scoring_rules": ("score_version", "rule_id"),
    "qualification_criteria": ("criterion_id",),
}
SETTINGS_REPLAYED = {"score_version", "score_history_months", "score_opportunity_days"}
# What only explains a rule moves no number.
COLUMNS_THAT_EXPLAIN = {"rationale", "purchase_order", "valid_from", "valid_to"}
PUBLISHED, PRESENT, CHANGED = "published", "present", "changed"
SCENARIO_NAMES = {PUBLISHED: "published rules", PRESENT: "present rules", CHANGED: "changed rules"}

Tables = dict[str, list[Row]]
Change = tuple[str, str, str | None, str | None, str | None]


@dataclass(frozen=True)
class Build:
    """What the warehouse shows. `as_of` is naive UTC, `as_of_date` its local day."""

    as_of: datetime
    as_of_date: date
    score_version: int


def replay(settings: Settings, folder: Path, say: Callable[[str], None]) -> Path:
    """Replay the playbook of a folder over the last months; return the file that holds the comparison.

    Raises Fault where the folder's playbook cannot be used, before anything is copied; where nothing has been published
    or the warehouse holds something else; and where the rules cannot be built, in dbt's own words.
    """
    say("Checking the changed playbook …")
    files = playbook.files_in_force(settings.playbook_dir)
    in_force = playbook.check(files, settings.sources)
    changed = playbook.check(playbook.laid_over(files, folder, "PLAYBOOK"), settings.sources)
    for note in _left_out(in_force, changed):
        say(f"  ! {note}")
    with _alone(settings):
        build = _published_build(settings, say)
        present_rules = _rules_on(in_force, build.as_of_date)
        changed_rules = _rules_on(changed, _last_change(changed, build.as_of_date))
        directory = settings.serving_dir / "replays"
        directory.mkdir(exist_ok=True)
        unfinished = directory / "replay.unfinished"
        try:
            with rebuild.copied(settings, "replay", build.as_of, say) as copy:
                roles = {
                    row.values["stage_role"]
                    for tables in (in_force, changed)
                    for row in tables["qualification_criteria"]
                }
                changes = _settings_changed(in_force, changed) + _differences(present_rules, changed_rules)
                begin(unfinished, copy, folder, _settings(changed), sorted(roles), changes)
                keep(unfinished, copy, PUBLISHED, build.score_version)
                if not _holds(copy, present_rules) or _version(in_force) != build.score_version:
                    _build(copy, in_force | present_rules, PRESENT, say)
                    keep(unfinished, copy, PRESENT, _version(in_force))
                _build(copy, in_force | changed_rules, CHANGED, say)
                keep(unfinished, copy, CHANGED, _version(changed))
                return finish(unfinished, directory)
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise Fault(f"The warehouse lacks what a replay compares ({reason}); run `make refresh` first.") from error
        finally:
            unfinished.unlink(missing_ok=True)


def _left_out(in_force: Tables, changed: Tables) -> Iterator[str]:
    """What the changed playbook says otherwise and a replay of the scoring rules does not look at."""
    now, then = _settings(in_force), _settings(changed)
    names = sorted(name for name in then if then[name] != now.get(name) and name not in SETTINGS_REPLAYED)
    if names:
        yield f"Not replayed: in settings.csv {', '.join(names)}."
    others = sorted(
        f"{name}.csv"
        for name in changed
        if name not in RULE_KEYS and name != "settings" and _values(changed[name]) != _values(in_force[name])
    )
    if others:
        yield f"Not replayed: {', '.join(others)}; only scoring rules, their groups and qualification criteria are."


def _rules_on(tables: Tables, day: date) -> Tables:
    """The scoring rules that hold on a day, without bounds: so they hold for all of the past."""
    return {
        name: [
            replace(row, values=row.values | dict.fromkeys({"valid_from", "valid_to"} & row.values.keys()))
            for row in tables[name]
            if (row.values.get("valid_from") or "") <= day.isoformat() < (row.values.get("valid_to") or "9999-12-31")
        ]
        for name in RULE_KEYS
    }


def _last_change(tables: Tables, day: date) -> date:
    """The day from which on the rules stay as they are: a changed rule may be meant to begin later."""
    bounds = [
        date.fromisoformat(row.values[column])
        for name in RULE_KEYS
        for row in tables[name]
        for column in ("valid_from", "valid_to")
        if row.values.get(column)
    ]
    return max([day, *bounds])


def _settings_changed(before: Tables, after: Tables) -> list[Change]:
    old, new = _settings(before), _settings(after)
    return [
        ("settings", name, "value", old.get(name), new.get(name))
        for name in sorted(SETTINGS_REPLAYED)
        if old.get(name) != new.get(name)
    ]


def _differences(before: Tables, after: Tables) -> list[Change]:
    """What was changed: table, rule, column, value before and after; a rule that came or went has no column."""
    changes = []
    for name, key in RULE_KEYS.items():
        old, new = (
            {tuple(row.values[part] for part in key): row.values for row in side[name]} for side in (before, after)
        )
        for rule in [*old, *(rule for rule in new if rule not in old)]:
            shown = " ".join(str(part) for part in rule if part is not None)
            if rule not in new:
                changes.append((name, shown, None, "there", None))
            elif rule not in old:
                changes.append((name, shown, None, None, "there"))
            else:
                changes += [
                    (name, shown, column, old[rule][column], new[rule][column])
                    for column in old[rule]
                    if column not in COLUMNS_THAT_EXPLAIN and old[rule][column] != new[rule][column]
                ]
    return changes


def _settings(tables: Tables) -> dict[str, str]:
    return {row.values["setting"]: row.values["value"] for row in tables["settings"]}


def _version(tables: Tables) -> int:
    return int(_settings(tables)["score_version"])


def _values(rows: list[Row]) -> list[tuple]:
    return sorted((tuple(row.values.items()) for row in rows), key=str)


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """One replay at a time; not beside a refresh, whose warehouse is half-built."""
    lock = FileLock(str(settings.data_dir / "replay.lock"))
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        raise Fault(f"Another replay is running in {settings.data_dir}; wait until it has ended.") from error
    try:
        yield
    finally:
        lock.release()


def _published_build(settings: Settings, say: Callable[[str], None]) -> Build:
    """What the warehouse shows. Raises Fault where that is not what was published last."""
    versions = serving.versions(settings.serving_dir)
    if not versions:
        raise Fault(f"Nothing has been published in {settings.serving_dir} yet; run `make refresh` first.")
    # Not held while copying: a refresh that begins meanwhile must not be turned away.
    refresh_lock = FileLock(str(settings.data_dir / "refresh.lock"))
    try:
        refresh_lock.acquire(blocking=False)
    except Timeout as error:
        raise Fault("A refresh is writing the warehouse; replay when it has ended.") from error
    refresh_lock.release()
    unlike = "The warehouse does not hold what was published last; run `make refresh` and replay then."
    if not settings.warehouse.exists() or rebuild.log_of(settings.warehouse).exists():
        raise Fault(unlike)
    with duckdb.connect(str(versions[-1]), read_only=True) as connection:
        [(published_as_of,)] = connection.execute("select as_of from marts.published_run").fetchall()
    try:
        with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
            rows = connection.execute("select as_of, as_of_date, score_version from marts.dim_build").fetchall()
    except duckdb.Error as error:
        raise Fault(unlike) from error
    if not rows or rows[0][0] != published_as_of:
        raise Fault(unlike)
    if (settings.serving_dir / serving.CURRENT).resolve() != versions[-1]:
        say("  ! Readers were taken back to an earlier version; what is replayed is the latest one.")
    return Build(*rows[0])


def _holds(copy: Settings, rules: Tables) -> bool:
    """Whether the warehouse was built with just these rules, so that what was published is what they give."""
    with duckdb.connect(str(copy.warehouse), read_only=True) as connection:
        for name in RULE_KEYS:
            columns = playbook_tables()[name].column_names
            built = connection.execute(f"select * from playbook.{name} limit 0").description
            if {column[0] for column in built} != set(columns):  # by another version of the project
                return False
            connection.execute(f"create temp table given as select {', '.join(columns)} from playbook.{name} limit 0")
            rows = [[row.values[column] for column in columns] for row in rules[name]]
            if rows:
                connection.executemany(f"insert into given values ({', '.join('?' * len(columns))})", rows)
            different = connection.execute(
                f"""
                select count(*) from (
                    (from given except all select {", ".join(columns)} from playbook.{name})
                    union all
                    (select {", ".join(columns)} from playbook.{name} except all from given)
                )
                """
            ).fetchall()[0][0]
            connection.execute("drop table given")
            if different:
                return False
    return True


def _build(copy: Settings, tables: Tables, scenario: str, say: Callable[[str], None]) -> None:
    """Build, on the copy, what depends on the scoring rules up to the crossings. Raises Fault with dbt's words."""
    say(f"Replaying the {SCENARIO_NAMES[scenario]} …")
    playbook.write(tables, copy.effective_playbook_dir)
    selection = [f"{name}+,+fct_qualifications" for name in RULE_KEYS]
    rebuild.build(copy, ["--select", *selection], f"The {SCENARIO_NAMES[scenario]} could not be replayed")
