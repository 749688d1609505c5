"""The refresh as the schedule runs it: complete or not at all, one at a time, and repeatable for any past moment."""

import csv
import json
import shutil
from pathlib import Path

import duckdb
import pytest
from channel import channel
from filelock import FileLock
from refreshing import PROJECT_DIR, run_funnelhouse
from scanning import found_in, texts_of, values_of_database

from ingestion.config import Settings
from ingestion.load import load

pytestmark = pytest.mark.refresh

FIRST_DAY, SECOND_DAY = "2026-03-01T06:00:00", "2026-03-02T06:00:00"


def write_files(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_text(content)


def marts(environment: dict[str, str]) -> dict[str, list[tuple]]:
    """Build the warehouse and return all rows of all marts, in order."""
    result = run_funnelhouse("exec dbt build --quiet --exclude-resource-type test unit_test", environment)
    assert result.returncode == 0, result.stdout + result.stderr
    with duckdb.connect(
        str(Path(environment["FUNNELHOUSE_DATA_DIR"]) / "warehouse.duckdb"), read_only=True
    ) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'marts' order by table_name"
        ).fetchall()
        return {name: connection.execute(f"select * from marts.{name} order by all").fetchall() for (name,) in tables}


def load_files(environment: dict[str, str]) -> str:
    return load("files", Settings.from_environment(environment)).status


def test_a_past_moment_built_again_gives_identical_marts(tmp_path):
    inbox = tmp_path / "inbox"
    environment = {"FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"), "FUNNELHOUSE_FILES_DIR": str(inbox)}
    first, second = environment | {"FUNNELHOUSE_AS_OF": FIRST_DAY}, environment | {"FUNNELHOUSE_AS_OF": SECOND_DAY}
    leads = "lead_id,email,company_name,created_at,lead_source\n"
    changes = "lead_id,stage,changed_at\n1,lead,2026-01-05T09:00:00Z\n1,mql,2026-01-09T09:00:00Z\n"
    write_files(
        inbox,
        {
            "leads.csv": leads
            + "1,ann@acme.example,Acme,2026-01-05T09:00:00Z,webinar\n2,bob@beta.example,,2026-02-01,email\n",
            "lead_stage_changes.csv": changes,
            "accounts.csv": "account_id,account_name,domain\nA,Acme,acme.example\n",
            "opportunities.csv": "opportunity_id,account_id,created_at,stage,amount_local\n"
            "O,A,2026-02-20,proposal,100\n",
            "opportunity_contacts.csv": "opportunity_id,lead_id,is_primary\nO,1,true\n",
        },
    )
    assert load_files(first) == "loaded"
    on_first_day = marts(first)

    write_files(
        inbox,
        {
            # A new spelling, a deletion, a merge by e-mail, and things that happened overnight.
            "leads.csv": leads
            + "1,ann@acme.example,Acme,2026-01-05T09:00:00Z,event\n3,ann@acme.example,,2026-03-01T20:00:00Z,\n",
            "lead_stage_changes.csv": changes + "1,sql,2026-03-01T21:00:00Z\n",
            "opportunities.csv": "opportunity_id,account_id,created_at,closed_at,is_won,stage,amount_local\n"
            "O,A,2026-02-20,2026-03-01T22:00:00Z,true,won,120\n",
        },
    )
    assert load_files(second) == "loaded"
    on_second_day = marts(second)
    assert on_second_day["dim_leads"] != on_first_day["dim_leads"]
    assert on_second_day["fct_opportunities"] != on_first_day["fct_opportunities"]

    assert load_files(first) == "skipped"
    assert marts(first) == on_first_day
    assert marts(second) == on_second_day


def test_while_a_source_is_down_the_others_go_on_and_what_rests_on_it_is_told_until_it_returns(
    tmp_path, simulated_files, query
):
    events, data_dir = tmp_path / "events", tmp_path / "data"
    environment = {
        "FUNNELHOUSE_DATA_DIR": str(data_dir),
        "FUNNELHOUSE_SOURCES": "files,web_events",
        "FUNNELHOUSE_FILES_DIR": str(simulated_files),
        "FUNNELHOUSE_WEB_EVENTS_DIR": str(events),
    }
    days = [environment | {"FUNNELHOUSE_AS_OF": f"2026-10-2{day}T06:00:00Z"} for day in range(5)]

    def load_both(day: dict[str, str]) -> list[str]:
        return [load(source, Settings.from_environment(day)).status for source in ("files", "web_events")]

    event = (
        '{"event_id": "%s", "event_type": "page_view", "occurred_at": "2026-10-20T05:00:00Z", "anonymous_id": "v"}\n'
    )
    write_files(events, {"events.jsonl": event % 1})
    assert load_both(days[0]) == ["loaded", "loaded"]
    events.rename(tmp_path / "away")
    for day in days[1:3]:
        assert load_both(day) == ["loaded", "failed"]
    result = run_funnelhouse("refresh", days[3])
    assert result.returncode == 0, result.stderr
    freshness = "select source, last_loaded_at::date::varchar, is_stale from marts.fct_source_freshness order by source"
    stale = [("files", "2026-10-23", False), ("web_events", "2026-10-20", True)]
    assert query(data_dir, freshness) == stale
    made_of = "select mart from marts.fct_mart_sources where source = ?"
    resting = {mart for (mart,) in query(data_dir, made_of, ["web_events"])}
    assert {"dim_leads", "fct_touches", "fct_kpis_monthly"} <= resting
    assert resting.isdisjoint({"fct_web_sessions_daily", "fct_source_freshness", "dim_dates"})
    assert ("fct_web_sessions_daily",) in query(data_dir, made_of, ["files"])

    (tmp_path / "away").rename(events)
    write_files(events, {"more.jsonl": event % 2})
    assert load_both(days[4]) == ["loaded", "loaded"]
    built = run_funnelhouse("exec dbt run --quiet --select +fct_source_freshness", days[4])
    assert built.returncode == 0, built.stdout
    with duckdb.connect(str(data_dir / "warehouse.duckdb"), read_only=True) as connection:
        fresh = [("files", "2026-10-24", False), ("web_events", "2026-10-24", False)]
        assert connection.execute(freshness).fetchall() == fresh
        assert connection.execute("select count(*) from raw_web_events.events").fetchall() == [(2,)]


# What the loads of a source tell of themselves, of which there are more where it was asked each day.
OF_THE_LOADS = {"fct_source_freshness"}


def write_day(inbox: Path, day: int) -> None:
    """The files of a company of which each day leads come, move on and buy; an address and an amount are mended."""
    days = range(day + 1)
    leads = [f"{n},lead{n}@acme{n}.example,Acme {n},2026-03-0{n + 1}T08:00:00Z,webinar" for n in days]
    stages = [f"{n},lead,2026-03-0{n + 1}T08:00:00Z" for n in days]
    stages += [f"{n},mql,2026-03-0{n + 2}T08:00:00Z" for n in days if n < day]
    stages += [f"{n},sql,2026-03-0{n + 3}T08:00:00Z" for n in days if n < day - 1]
    deals = [f"O{n},{n},2026-03-0{n + 3}T09:00:00Z,proposal,{100 + day}" for n in days if n < day - 1]
    write_files(
        inbox,
        {
            "leads.csv": "\n".join(["lead_id,email,company_name,created_at,lead_source", *leads]),
            "lead_stage_changes.csv": "\n".join(["lead_id,stage,changed_at", *stages]),
            "accounts.csv": "\n".join(["account_id,account_name", *(f"{n},Acme {n}" for n in days)]),
            "opportunities.csv": "\n".join(["opportunity_id,account_id,created_at,stage,amount_local", *deals]),
            "opportunity_contacts.csv": "\n".join(
                ["opportunity_id,lead_id,is_primary", *(f"O{n},{n},true" for n in days if n < day - 1)]
            ),
        },
    )


def test_one_refresh_after_a_missed_week_gives_what_daily_refreshes_give(tmp_path):
    inbox = tmp_path / "inbox"
    environment = {"FUNNELHOUSE_FILES_DIR": str(inbox)}
    daily = environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path / "daily")}
    missed = environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path / "missed")}
    for data_dir in ("daily", "missed"):
        (tmp_path / data_dir).mkdir()
        (tmp_path / data_dir / "hash_secret").write_bytes(b"0" * 32)
    for day in range(7):
        write_day(inbox, day)
        moment = {"FUNNELHOUSE_AS_OF": f"2026-03-0{day + 1}T12:00:00"}
        assert load_files(daily | moment) == "loaded"
        if day in (0, 6):
            assert load_files(missed | moment) == "loaded"
    on_each_day, at_once = marts(daily | moment), marts(missed | moment)
    assert len(on_each_day["dim_leads"]) == 7
    assert len(on_each_day["fct_opportunities"]) == 5
    for name in on_each_day.keys() - OF_THE_LOADS:
        assert at_once[name] == on_each_day[name], name


@pytest.fixture(scope="module")
def rebuilt(demo_environment, tmp_path_factory) -> dict[str, list[tuple]]:
    """All marts of the made-up company, loaded and built from nothing another time."""
    environment = demo_environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path_factory.mktemp("rebuilt"))}
    assert load_files(environment) == "loaded"
    return marts(environment)


def test_a_rebuild_from_nothing_gives_the_same_ids(rebuilt, published_demo, query):
    for table, column in (("dim_leads", "lead_id"), ("dim_accounts", "account_id")):
        ids = [
            identity for (identity,) in query(published_demo, f"select {column} from marts.{table} order by {column}")
        ]
        assert [row[0] for row in rebuilt[table]] == ids


def test_the_same_input_gives_equal_marts(rebuilt, published_demo, query):
    for name, rows in rebuilt.items():
        assert rows == query(published_demo, f"select * from marts.{name} order by all"), name


def test_a_failed_audit_leaves_the_published_numbers_and_says_so(tmp_path, demo_environment, published_demo, query):
    data_dir = tmp_path / "data"
    shutil.copytree(published_demo, data_dir, symlinks=True)
    before = (data_dir / "serving" / "current.duckdb").resolve()
    overlay = tmp_path / "playbook"
    overlay.mkdir()
    # The company strikes out a stage in which loaded leads still are: the build must notice, not the reader.
    stages = (PROJECT_DIR / "dbt_project/seeds/playbook/lifecycle_stages.csv").read_text().splitlines(keepends=True)
    (overlay / "lifecycle_stages.csv").write_text(
        "".join(line for line in stages if not line.startswith("lead,recycled"))
    )
    with channel() as heard:
        result = run_funnelhouse(
            "refresh",
            demo_environment
            | {
                "FUNNELHOUSE_DATA_DIR": str(data_dir),
                "FUNNELHOUSE_PLAYBOOK_DIR": str(overlay),
                "FUNNELHOUSE_FILES_DIR": str(tmp_path),  # no file there: the source fails and keeps its last data
                "FUNNELHOUSE_ALERT_WEBHOOK": heard.url,
            },
        )
    assert result.returncode == 1
    assert "Nothing was published" in result.stderr
    assert "Traceback" not in result.stderr
    assert (data_dir / "serving" / "current.duckdb").resolve() == before
    note = json.loads((data_dir / "serving" / "last_run.json").read_text())
    assert note["status"] == "failed"
    assert "assert_few_rows_wait_for_a_row_in_the_playbook" in note["message"]
    assert note["failed_runs"] == 1
    [message] = heard.posted
    assert message["run_id"] == note["run_id"]
    assert "assert_few_rows_wait_for_a_row_in_the_playbook" in " ".join(message["failed"])
    assert message["since"].startswith(
        query(data_dir, "select published_at::varchar from marts.published_run")[0][0][:10]
    )
    assert "the-secret" not in result.stderr + "".join(path.read_text() for path in data_dir.rglob("*.log"))
    report = data_dir / "audit" / note["run_id"]
    assert str(report / "index.html") in result.stderr
    assert (report / "raw_files.leads.html").exists(), "what had been checked by then is told"


def test_a_broken_playbook_is_refused_before_anything_is_touched(tmp_path):
    overlay = tmp_path / "playbook"
    write_files(overlay, {"channels.csv": "channel,chanel_label\nx,X\n"})
    with channel() as heard:
        result = run_funnelhouse(
            "refresh",
            {
                "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"),
                "FUNNELHOUSE_PLAYBOOK_DIR": str(overlay),
                "FUNNELHOUSE_ALERT_WEBHOOK": heard.url,
            },
        )
    assert result.returncode == 1
    assert f"{overlay / 'channels.csv'}, line 1: unknown column 'chanel_label'" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (tmp_path / "data" / "warehouse.duckdb").exists()
    assert json.loads((tmp_path / "data" / "serving" / "last_run.json").read_text())["status"] == "failed"
    assert [message["failed"] for message in heard.posted] == [["playbook"]]


def test_a_second_refresh_at_the_same_time_stops_with_one_clear_line(tmp_path):
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    with FileLock(str(data_dir / "refresh.lock")):
        result = run_funnelhouse("refresh", {"FUNNELHOUSE_DATA_DIR": str(data_dir)})
    assert result.returncode == 1
    assert "Another refresh is writing" in result.stderr
    assert "Traceback" not in result.stderr
    assert not (data_dir / "warehouse.duckdb").exists()


def test_the_playbook_in_force_stays_as_it_was_built_with(published_demo):
    """So that it can be looked at, and the build run again by itself."""
    files = sorted((published_demo / "playbook").glob("*.csv"))
    assert len(files) > 30
    with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as warehouse:
        for file in files:
            built = warehouse.sql(f"select * from playbook.{file.stem}")
            with file.open(newline="") as text:
                rows = csv.DictReader(text)
                assert (rows.fieldnames, len(list(rows))) == (built.columns, len(built)), file.name


def test_the_published_run_counts_its_checks(published_demo, query):
    kinds = dict(query(published_demo, "select kind, count(*) from marts.fct_check_results group by kind"))
    assert kinds["dbt"] > 300
    assert kinds["great_expectations"] > 80
    assert (
        query(published_demo, "select check_id from marts.fct_check_results where severity = 'block' and not is_passed")
        == []
    )


@pytest.fixture(scope="module")
def people(simulated_files) -> set[str]:
    """Every name, e-mail and phone of the made-up company's leads; a rep may be somebody's namesake."""
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select full_name, email, phone from '{simulated_files / 'leads.parquet'}'"
        ).fetchall()
        staff = connection.execute(f"select user_name from '{simulated_files / 'users.parquet'}'").fetchall()
    return {value for person in rows for value in person if value} - {name for (name,) in staff}


def test_no_name_e_mail_or_phone_stands_in_any_byte_but_those_of_raw_data_and_contacts(published_demo, people):
    assert len(people) > 3_000
    personal = ("raw", "warehouse.duckdb", "serving/contacts")
    assert found_in(texts_of(published_demo, leaving_out=personal), people) == set()
    built = values_of_database(published_demo / "warehouse.duckdb", leaving_out="raw_.*|pii")
    assert found_in(built, people) == set()
    # Whoever looks for what is there finds it: in bytes, in landing files and in databases.
    for folder in ("raw", "serving/contacts"):
        assert len(found_in(texts_of(published_demo / folder), people)) > 3_000, folder


def test_all_that_a_refresh_leaves_is_for_its_owners_eyes_alone(published_demo):
    paths = [path for path in published_demo.rglob("*") if not path.is_symlink()]
    assert len(paths) > 100
    seen = [path.relative_to(published_demo) for path in paths if path.stat().st_mode & 0o077]
    # Numbers that name nobody a group may read, if the owner lets it into the folder.
    assert [path for path in seen if not path.match("serving/2*.duckdb")] == []


def test_serving_holds_no_address_whose_ever_it_is(published_demo):
    texts = list(values_of_database((published_demo / "serving" / "current.duckdb").resolve()))
    assert sum(map(len, texts)) > 100_000
    assert [text[:200] for text in texts if "@" in text] == []


def test_contacts_are_those_of_the_published_leads_and_say_whom_to_call_and_why(published_demo, query):
    serving = (published_demo / "serving" / "current.duckdb").resolve()
    contacts = (published_demo / "serving" / "contacts.duckdb").resolve()
    assert contacts.name == serving.name
    with duckdb.connect(str(contacts), read_only=True) as connection:
        connection.execute(f"attach '{serving}' as serving (read_only)")

        def ask(sql: str) -> list[tuple]:
            return connection.execute(sql).fetchall()

        assert ask("select run_id from published_run") == query(
            published_demo, "select run_id from marts.published_run"
        )
        assert ask("from contacts anti join serving.marts.dim_leads using (lead_id)") == []
        [(leads, named)] = ask("select count(*), count(full_name) from contacts")
        assert leads == named == ask("select count(*) from serving.marts.dim_leads")[0][0]
        [(calls, reasons, last)] = ask("select count(*), count(reason), max(list_rank) from call_list")
        assert calls == reasons == last > 20
        # Nobody is nurtured who did not say yes, nor anybody on both lists.
        with duckdb.connect(str(published_demo / "warehouse.duckdb"), read_only=True) as warehouse:
            said_yes = {
                lead
                for (lead,) in warehouse.execute(
                    """
                    select lead_id from unified.consents where purpose = 'marketing_email' and not is_deleted
                    group by lead_id having max_by(status, changed_at) = 'granted'
                    """
                ).fetchall()
            }
            american = {
                lead
                for (lead,) in warehouse.execute("select lead_id from unified.leads where country = 'US'").fetchall()
            }
        nurtured = {lead for (lead,) in ask("select lead_id from nurture_list")}
        assert nurtured
        assert nurtured <= said_yes | american
        assert nurtured.isdisjoint(lead for (lead,) in ask("select lead_id from call_list"))


def test_rolling_back_from_the_only_version_says_so(tmp_path, published_demo):
    shutil.copytree(published_demo / "serving", tmp_path / "serving", symlinks=True)
    result = run_funnelhouse("rollback", {"FUNNELHOUSE_DATA_DIR": str(tmp_path)})
    assert result.returncode == 1
    assert "there is nothing to go back to" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_headline_is_what_the_serving_file_says(published_demo, query):
    result = run_funnelhouse("headline", {"FUNNELHOUSE_DATA_DIR": str(published_demo)})
    [(leads, won)] = query(
        published_demo,
        "select (select count(*) from marts.dim_leads), (select count(*) from marts.fct_opportunities where is_won)",
    )
    assert f"{leads:,} leads   100.0%" in result.stdout
    assert f"{won:,} won" in result.stdout
