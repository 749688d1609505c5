"""A changed playbook replayed over the past: right to the crossing, in plain words, without a trace on the numbers."""

import csv
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from filelock import FileLock
from refreshing import PROJECT_DIR, run_funnelhouse

from dagster_project import serving
from ingestion.config import Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh

AS_OF = "2026-10-01T00:00:00Z"
FROM, TO = pd.Timestamp("2024-10-01"), pd.Timestamp("2026-10-01")
CRITERIA_CHANGED_ON = "2026-03-01"
LEAST_FIT, LEAST_INTENT_ONCE, LEAST_INTENT, LEAST_INTENT_RAISED = 40, 20, 30, 50
COLUMNS = (
    "criterion_id,stage_role,segment,activity_type,actor,least_count,within_days,least_fit,least_intent,reached_by,"
    "valid_from,valid_to,rationale"
)


def criterion(least_intent: int, valid_from: str = "", valid_to: str = "") -> str:
    return (
        f"interested,marketing_qualified,,,,,,{LEAST_FIT},{least_intent},score,{valid_from},{valid_to},Shows interest"
    )


def playbook(folder: Path, *criteria: str) -> Path:
    """A playbook in which a score alone makes an MQL, so that MQLs can be counted from the scores day by day."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "qualification_criteria.csv").write_text("\n".join([COLUMNS, *criteria, ""]), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A small company, published by criteria that were raised once already."""
    folder = tmp_path_factory.mktemp("replay")
    command = [sys.executable, "-m", "ingestion.simulator", "write", "--leads", "300", "--now", AS_OF, "--as-of", AS_OF]
    subprocess.run([*command, "--out", str(folder / "files")], cwd=PROJECT_DIR, check=True, capture_output=True)
    once = criterion(LEAST_INTENT_ONCE, valid_to=CRITERIA_CHANGED_ON)
    since = criterion(LEAST_INTENT, valid_from=CRITERIA_CHANGED_ON)
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
        "FUNNELHOUSE_SOURCES": "files",
        "FUNNELHOUSE_FILES_DIR": str(folder / "files"),
        "FUNNELHOUSE_PLAYBOOK_DIR": str(playbook(folder / "in_force", once, since)),
        "FUNNELHOUSE_AS_OF": AS_OF,
    }
    settings = Settings.from_environment(environment)
    settings.prepare_data_dir()
    assert load("files", settings).status == "loaded"
    # What a replay asks for; a whole refresh would take much longer and test much that others test.
    marts = (
        "fct_qualifications",
        "fct_opportunities",
        "dim_leads",
        "dim_stages",
        "fct_source_freshness",
        "int_lead_owners_dated",
    )
    models = " ".join(f"+{name}" for name in marts)
    result = run_funnelhouse(
        f"exec dbt build --quiet --resource-type seed --resource-type model --select {models} +users dim_build",
        environment,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    serving.publish(settings, "by_hand", [])
    return environment


@pytest.fixture(scope="module")
def company(environment: dict[str, str]) -> Path:
    return Path(environment["FUNNELHOUSE_DATA_DIR"])


def fingerprints(company: Path) -> dict[str, str]:
    """Everything that readers see, and the warehouse, by its bytes; where the link points to."""
    files = [company / "warehouse.duckdb", *(path for path in (company / "serving").iterdir() if path.is_file())]
    prints = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
    return prints | {"link": str((company / "serving" / "current.duckdb").readlink())}


def kept(company: Path) -> list[Path]:
    return sorted((company / "serving" / "replays").glob("*"))


@pytest.fixture(scope="module")
def raised(environment: dict[str, str], company: Path, tmp_path_factory: pytest.TempPathFactory) -> dict:
    """A replay of a threshold raised from next year on: what it said, the file it kept, the bytes before and after."""
    later = "2027-01-01"
    rows = [criterion(LEAST_INTENT, valid_to=later), criterion(LEAST_INTENT_RAISED, valid_from=later)]
    folder = playbook(tmp_path_factory.mktemp("changed") / "raised", *rows)
    before = fingerprints(company)
    result = run_funnelhouse(f"replay {folder}", environment)
    assert result.returncode == 0, result.stderr
    return {"result": result, "file": kept(company)[-1], "before": before, "after": fingerprints(company)}


def ask(file: Path, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(file), read_only=True) as connection:
        return connection.execute(sql).df()


def mqls_by_hand(company: Path, least_intent_on) -> pd.DataFrame:
    """Each time that a lead's scores at the end of a day come to both thresholds; day by day, in pandas."""
    changes = ask(
        company / "serving" / "current.duckdb",
        """
        select lead_id, dimension, changed_date, next_changed_date, score, half_life_days
        from marts.fct_lead_score_changes
        """,
    )
    changes["until"] = (
        changes["next_changed_date"].fillna(TO + pd.Timedelta(days=1)).clip(upper=TO + pd.Timedelta(days=1))
    )
    crossings = []
    for lead_id, rows in changes.groupby("lead_id"):
        days = pd.date_range(rows["changed_date"].min() - pd.Timedelta(days=1), TO)
        scores = {dimension: pd.Series(0.0, index=days) for dimension in ("fit", "intent")}
        for row in rows.itertuples():
            held = days[(days >= row.changed_date) & (days < row.until)]
            fading = (
                1.0 if pd.isna(row.half_life_days) else 2.0 ** (-(held - row.changed_date).days / row.half_life_days)
            )
            scores[row.dimension].loc[held] += row.score * fading
        least = pd.Series([least_intent_on(day) for day in days], index=days) - 1e-9
        is_met = (scores["fit"] > LEAST_FIT - 1e-9) & (scores["intent"] > least)
        # Where the threshold rises on a day, who came to the new one on that day only has crossed it.
        was_met = (scores["fit"].shift() > LEAST_FIT - 1e-9) & (scores["intent"].shift() > least)
        begun = days[is_met & ~was_met]
        crossings += [(lead_id, day) for day in begun if FROM <= day <= TO]
    return pd.DataFrame(crossings, columns=["lead_id", "day"])


@pytest.mark.parametrize(
    ("scenario", "least_intent_on"),
    [
        ("published", lambda day: LEAST_INTENT if day >= pd.Timestamp(CRITERIA_CHANGED_ON) else LEAST_INTENT_ONCE),
        ("present", lambda day: LEAST_INTENT),
        ("changed", lambda day: LEAST_INTENT_RAISED),
    ],
)
def test_mqls_by_each_rules_are_those_counted_day_by_day(company, raised, scenario, least_intent_on):
    expected = mqls_by_hand(company, least_intent_on)
    assert len(expected) > 20
    found = ask(
        raised["file"],
        f"select lead_id, detected_date as day from crossings where scenario = '{scenario}' and stage_order = 2",
    )
    assert sorted(zip(found["lead_id"], found["day"], strict=True)) == sorted(
        zip(expected["lead_id"], expected["day"], strict=True)
    )
    [total] = ask(
        raised["file"],
        f"from months where scenario = '{scenario}' and stage_order = 2 and month_start_date is null",
    ).to_dict("records")
    assert (total["crossing_count"], total["lead_count"]) == (len(expected), expected["lead_id"].nunique())


def test_a_raised_threshold_gives_fewer_mqls_and_says_how_many(company, raised):
    before, after = (
        len(mqls_by_hand(company, lambda _, least=least: least)) for least in (LEAST_INTENT, LEAST_INTENT_RAISED)
    )
    assert after < before
    words = raised["result"].stdout
    assert f"qualification_criteria: interested, least_intent {LEAST_INTENT} → {LEAST_INTENT_RAISED}" in words
    assert re.search(rf"  MQLs +\d+ +{before} +{after} +{after - before} \({after / before - 1:+.0%}\)", words)
    months = ask(raised["file"], "from months where month_start_date is not null and stage_order = 2")
    assert (months.groupby("scenario")["crossing_count"].sum()[["present", "changed"]] == [before, after]).all()
    assert months["month_start_date"].nunique() == len(re.findall(r"^  20\d\d-\d\d", words, flags=re.M))


def test_what_became_of_the_crossings_is_what_the_marts_say(company, raised):
    current = company / "serving" / "current.duckdb"
    crossings = ask(current, "select * from marts.fct_qualifications where stage = 'mql' and score_version = 1")
    crossings = crossings[crossings["detected_date"].between(FROM, TO)]
    deals = ask(
        current,
        """
        select primary_lead_id as lead_id, created_date from marts.fct_opportunities
        where primary_lead_rule in ('primary_contact', 'earliest_contact')
        """,
    )
    pairs = crossings.merge(deals, on="lead_id")
    days = (pairs["created_date"] - pairs["detected_date"]).dt.days
    [total] = ask(
        raised["file"], "from months where scenario = 'published' and stage_order = 2 and month_start_date is null"
    ).to_dict("records")
    assert total["recorded_count"] == crossings["recorded_at"].notna().sum() > 0
    assert total["accepted_count"] == (crossings["sales_outcome"] == "accepted").sum() > 0
    assert total["opportunity_count"] == pairs[days.between(0, 90)]["lead_id"].nunique() > 0
    assert total["recorded_rate"] == pytest.approx(total["recorded_count"] / len(crossings))


def test_the_load_of_each_rep_is_held_against_what_the_rep_can_take(environment, raised):
    files = Path(environment["FUNNELHOUSE_FILES_DIR"])
    users = pd.read_parquet(files / "users.parquet").set_index("user_id")
    reps = ask(raised["file"], "from reps_counted where scenario = 'changed'")
    total = ask(raised["file"], "select count(*) as n from crossings where scenario = 'changed' and stage_order = 2")[
        "n"
    ][0]
    assert reps["crossing_count"].sum() == total
    named = reps[reps["owner_id"].notna()]
    assert len(named) > 0
    [(start, end)] = ask(raised["file"], "select from_date, to_date from replay").itertuples(index=False)
    weeks = ((end - start).days + 1) / 7
    for rep in named.itertuples():
        capacity = users["capacity_per_week"][rep.owner_id]
        assert rep.capacity_per_week == capacity
        assert rep.capacity_rate == pytest.approx(rep.crossing_count / weeks / capacity)


def test_nothing_that_is_published_changes(company, raised):
    assert raised["after"] == raised["before"]
    assert not (company / "replay" / "warehouse.duckdb").exists()
    assert raised["file"].stat().st_mode & 0o777 == 0o440


def test_the_playbook_in_force_replayed_is_the_same_before_and_after(environment, company):
    result = run_funnelhouse(f"replay {environment['FUNNELHOUSE_PLAYBOOK_DIR']}", environment)
    assert result.returncode == 0, result.stderr
    assert "Changed: no scoring rule." in result.stdout
    file = kept(company)[-1]
    columns = "stage_order, month_start_date, crossing_count, recorded_count, accepted_count, opportunity_count"
    before, after = (
        ask(file, f"select {columns} from months where scenario = '{scenario}' order by all")
        for scenario in ("present", "changed")
    )
    pd.testing.assert_frame_equal(before, after)
    assert before["crossing_count"].sum() > 0
    moved = ask(file, "select sum(gone_count + new_count) as n from leads_compared")["n"][0]
    assert moved == 0


def interrupted(process: subprocess.Popen) -> str:
    """What a process says when it is broken off. DuckDB may miss one Ctrl-C while it reads a query, so it gets more."""
    for _ in range(6):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=15)[1]
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.communicate()[1]


@pytest.mark.parametrize("moment", ["copying", "building"])
def test_a_replay_that_is_broken_off_leaves_nothing_behind(environment, company, tmp_path, moment):
    before, files = fingerprints(company), kept(company)
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT_RAISED))
    awaited = {"copying": company / "replay" / "warehouse.duckdb", "building": company / "replay" / "build.log"}[moment]
    awaited.unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster_project", "replay", str(folder)],
        cwd=PROJECT_DIR,
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A job in the background of a shell is given to ignore what this test sends.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    deadline = time.monotonic() + 120
    while not awaited.exists():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)
    words = interrupted(process)
    assert process.returncode == 130, words
    assert "Stopped; the published numbers are as they were." in words
    assert "Traceback" not in words
    assert fingerprints(company) == before
    assert kept(company) == files
    assert not (company / "replay" / "warehouse.duckdb").exists()


def refused(environment: dict[str, str], folder: object) -> str:
    """Why a replay was refused; that nothing was copied is part of it."""
    company = Path(environment["FUNNELHOUSE_DATA_DIR"])
    before = kept(company)
    result = run_funnelhouse(f"replay {folder}", environment)
    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert "Copying" not in result.stderr
    assert kept(company) == before
    return result.stderr


def test_a_playbook_that_is_wrong_is_refused_in_its_own_words(environment, tmp_path):
    folder = playbook(tmp_path / "wrong", criterion(LEAST_INTENT).replace("marketing_qualified", "qualified"))
    words = refused(environment, folder)
    assert f"{folder / 'qualification_criteria.csv'}, line 2: column 'stage_role': 'qualified' is unknown" in words
    (folder / "scorring_rules.csv").write_text("rule_id\n")
    assert "the playbook has no table 'scorring_rules'" in refused(environment, folder)


def test_a_folder_that_is_none_and_no_folder_at_all_are_told_apart(environment, tmp_path):
    assert f"PLAYBOOK: {tmp_path / 'nowhere'} is not a folder." in refused(environment, tmp_path / "nowhere")
    assert "Say which playbook: make replay PLAYBOOK=folder" in refused(environment, "")


def test_a_replay_waits_for_no_refresh_and_no_other_replay(environment, company, tmp_path):
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT_RAISED))
    with FileLock(str(company / "refresh.lock")):
        assert "A refresh is writing the warehouse; replay when it has ended." in refused(environment, folder)
    with FileLock(str(company / "replay.lock")):
        assert "Another replay is running" in refused(environment, folder)


def test_before_anything_was_published_there_is_nothing_to_replay(environment, tmp_path):
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT_RAISED))
    words = refused(environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path / "data")}, folder)
    assert "Nothing has been published" in words


@pytest.fixture
def copy_of_company(company: Path, tmp_path: Path) -> Path:
    """The company in a folder of its own, to be spoilt."""
    target = tmp_path / "copy"
    shutil.copytree(company, target, symlinks=True, ignore=shutil.ignore_patterns("dbt", "dagster", "replay", "dlt"))
    return target


def test_a_warehouse_that_is_not_what_was_published_is_not_replayed(environment, copy_of_company, tmp_path):
    with duckdb.connect(str(copy_of_company / "warehouse.duckdb")) as connection:
        connection.execute("update marts.dim_build set as_of = as_of - interval 1 day")
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT_RAISED))
    words = refused(environment | {"FUNNELHOUSE_DATA_DIR": str(copy_of_company)}, folder)
    assert "The warehouse does not hold what was published last; run `make refresh`" in words


def test_rules_that_cannot_be_built_are_told_in_words(environment, copy_of_company, tmp_path):
    with duckdb.connect(str(copy_of_company / "warehouse.duckdb")) as connection:
        connection.execute("drop table intermediate.int_leads_described")
    before, files = fingerprints(copy_of_company), kept(copy_of_company)
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT_RAISED))
    result = run_funnelhouse(f"replay {folder}", environment | {"FUNNELHOUSE_DATA_DIR": str(copy_of_company)})
    assert result.returncode == 1
    assert "could not be replayed" in result.stderr
    assert "int_leads_described" in result.stderr
    assert "Traceback" not in result.stderr
    assert fingerprints(copy_of_company) == before
    assert kept(copy_of_company) == files


def test_a_warehouse_without_a_table_is_told_in_words(environment, copy_of_company, tmp_path):
    with duckdb.connect(str(copy_of_company / "warehouse.duckdb")) as connection:
        connection.execute("drop table marts.fct_opportunities")
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT_RAISED))
    result = run_funnelhouse(f"replay {folder}", environment | {"FUNNELHOUSE_DATA_DIR": str(copy_of_company)})
    assert result.returncode == 1
    assert "The warehouse lacks what a replay compares" in result.stderr
    assert "Traceback" not in result.stderr


def test_what_is_no_scoring_rule_is_named_as_left_out(environment, copy_of_company, tmp_path):
    """And the rules may be those of another version, whose crossings are then counted."""
    folder = playbook(tmp_path / "changed", criterion(LEAST_INTENT))
    defaults = PROJECT_DIR / "dbt_project/seeds/playbook"
    with (defaults / "channels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    rows[1][1] = "Another name"
    with (folder / "channels.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    (folder / "settings.csv").write_text("setting,value,description\nscore_version,2,\nleast_closed_count,3,\n")
    for name in ("scoring_groups", "scoring_rules", "score_grades"):
        lines = (defaults / f"{name}.csv").read_text(encoding="utf-8").splitlines()
        column = lines[0].split(",").index("score_version")
        second = list(csv.reader(lines[1:]))
        for row in second:
            row[column] = "2"
        with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([lines[0].split(","), *csv.reader(lines[1:]), *second])
    for number in range(12):
        (copy_of_company / "serving" / "replays").mkdir(exist_ok=True)
        (copy_of_company / "serving" / "replays" / f"20200101T0000{number:02}000000Z.duckdb").touch()
    result = run_funnelhouse(f"replay {folder}", environment | {"FUNNELHOUSE_DATA_DIR": str(copy_of_company)})
    assert result.returncode == 0, result.stderr
    assert "Not replayed: in settings.csv least_closed_count." in result.stderr
    assert "Not replayed: channels.csv, score_grades.csv; only scoring rules," in result.stderr
    assert "settings: score_version, value 1 → 2" in result.stdout
    files = kept(copy_of_company)
    assert len(files) == 10  # as many are kept
    counts = ask(files[-1], "select scenario, count(*) as n from crossings group by 1").set_index("scenario")["n"]
    assert counts["changed"] == counts["present"] > 0
