"""An erased person is in no byte that is kept, what they did still counts, and no load brings them back."""

import gzip
import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from dagster import build_asset_context
from filelock import FileLock
from refreshing import run_funnelhouse
from speaking import NOW, STORY_SETUP, credentials, speaking, story

from dagster_project.defs import ingestion
from dagster_project.lock import WarehouseLock
from ingestion import erasure
from ingestion.config import Settings
from ingestion.erasure import Receipt, erase, erase_requested
from ingestion.faults import Fault
from ingestion.load import LOADED, load
from ingestion.simulator.filed import filed
from ingestion.simulator.write import write_entity

SOURCES = ("files", "hubspot", "marketo")
RUN = "0f0e"
MARTS = """
    create schema marts;
    create table marts.dim_leads as
    from (values ('{lead}', 'webinar', 1), ('someone', 'webinar', 1)) as leads (lead_id, channel, lead_count);
    create table marts.fct_conversions as
    from (values ('lead:{lead}', '{lead}', 100.0), ('lead:someone', 'someone', 50.0))
    as conversions (conversion_id, lead_id, amount);
    create table marts.fct_credits as
    from (values ('lead:{lead}', 0.5), ('lead:{lead}', 0.5), ('lead:someone', 1.0)) as credits (conversion_id, credit);
    create view marts.fct_credited as select * from marts.fct_credits join marts.fct_conversions using (conversion_id);
    create macro marts.credited() as table (select sum(credit * amount) as amount from marts.fct_credited);
    create table contacts as
    from (values ('{lead}', '{name}', '{email}'), ('someone', 'Some One', 'some@one.example'))
    as people (lead_id, full_name, email);
"""


@dataclass(frozen=True)
class Canary:
    """Somebody whom HubSpot, Marketo and the files know, by one address in many spellings."""

    email: str
    name: str
    phone: str
    hubspot_id: str
    marketo_id: int

    @property
    def needles(self) -> list[str]:
        return [self.email.lower(), self.name.lower(), self.phone]

    def spelled(self, tag: str) -> str:
        return f" {self.email.upper().replace('@', f'+{tag}@')} "


@dataclass(frozen=True)
class Company:
    """A data directory that has been loaded, and the settings for it."""

    settings: Settings
    canary: Canary

    def copied(self, folder: Path) -> "Company":
        shutil.copytree(self.settings.data_dir, folder, symlinks=True)
        return replace(self, settings=replace(self.settings, data_dir=folder))

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(str(self.settings.warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def counts(self) -> dict[str, list[tuple]]:
        """Of each raw table, rows and deletions per load, and what its columns of numbers and dates hold."""
        columns = self.query(
            """
            select schema_name || '.' || table_name, string_agg(column_name || '', ',' order by column_name)
            from duckdb_columns()
            where schema_name like 'raw_%' and table_name not in ('loads', 'quarantine')
                and table_name not like '\\_dlt%' escape '\\' and column_name != 'lead_id'
                and data_type in ('TIMESTAMP', 'DATE', 'DOUBLE', 'BOOLEAN')
            group by all
            """
        )
        return {
            table: self.query(f"select {names}, count(*) from {table} group by all order by all")
            for table, names in columns
            if "_loaded_at" in names
        }


def found_in(folder: Path, needles: list[str]) -> list[str]:
    """The files of a folder that hold one of the words in any case: as they lie there, unpacked, or in a table."""
    found = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        if path.suffix == ".gz":
            content += gzip.decompress(content)
        elif path.suffix == ".parquet":
            content += pd.read_parquet(path).to_csv().encode()
        elif path.suffix == ".duckdb":
            with duckdb.connect(str(path), read_only=True) as connection:
                for schema, table in connection.execute(
                    "select schema_name, table_name from duckdb_tables()"
                ).fetchall():
                    content += connection.execute(f'from "{schema}"."{table}"').df().to_csv().encode()
        text = content.decode(errors="replace").lower()
        if any(needle in text for needle in needles):
            found.append(path.relative_to(folder).as_posix())
    return found


def write_lines(path: Path, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def plant(company: Company) -> None:
    """Put the canary where a refresh, a person or a kill may leave it."""
    data_dir, canary = company.settings.data_dir, company.canary
    write_lines(
        data_dir / "exports" / "call list.csv", "name,email,phone", f"{canary.name},{canary.email},{canary.phone}"
    )
    (data_dir / "exports" / "call list.csv.gz").write_bytes(gzip.compress(canary.spelled("x").encode()))
    write_lines(data_dir / "audit" / "report.html", f"<td>{canary.email.upper()}</td>")
    write_lines(data_dir / "dbt" / "dbt.log", f"Failure in test: {canary.name} is not unique")
    write_lines(data_dir / "dbt" / "build_warehouse-1" / "run_results.json", canary.email)
    (data_dir / "dagster" / "history").mkdir(parents=True)
    with closing(sqlite3.connect(data_dir / "dagster" / "history" / f"{RUN}.db")) as log:
        log.execute("create table event_logs (id integer, event text)")
        log.execute("insert into event_logs values (1, ?), (2, 'nothing')", [json.dumps({"message": canary.email})])
        log.commit()
    serving = data_dir / "serving"
    (serving / "contacts").mkdir(parents=True)
    for path in (
        serving / "1.duckdb",
        serving / "2.duckdb",
        serving / "contacts" / "2.duckdb",
        data_dir / "dev" / "w.duckdb",
    ):
        path.parent.mkdir(exist_ok=True)
        lead = f"hubspot:{canary.hubspot_id}"
        with duckdb.connect(str(path)) as connection:
            connection.execute(MARTS.format(lead=lead, name=canary.name, email=canary.email))
        path.chmod(0o440)
    (serving / "current.duckdb").symlink_to("2.duckdb")


def give_files(folder: Path, canary: Canary) -> None:
    """The company's own files, in which the canary stands as a lead of two spellings and in a row that is refused."""
    for name, rows in filed(story(), STORY_SETUP, NOW).items():
        write_entity(name, rows, folder)
    write_lines(
        folder / "leads.csv",
        "lead_id,created_at,email,full_name,phone,job_title,company_name,merged_into_lead_id",
        f"1,2026-01-05,{canary.spelled('fair')},{canary.name},{canary.phone},Head of {canary.name},Some Ltd,",
        f"2,2026-01-06,{canary.email},{canary.name.upper()},,,,marketo:{canary.marketo_id}",
        f"3,yesterday,{canary.email},{canary.name},{canary.phone},,,",
        "4,2026-01-07,some@one.example,Some One,,,,",
    )


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """A company that was loaded from HubSpot, Marketo and files; the server still speaks."""
    folder = tmp_path_factory.mktemp("erasure")
    files = folder / "files"
    files.mkdir()
    with speaking() as (url, state):
        environment = {
            "FUNNELHOUSE_DATA_DIR": str(folder / "data"),
            "FUNNELHOUSE_FILES_DIR": str(files),
            "FUNNELHOUSE_SOURCES": ",".join(SOURCES),
        } | credentials(url, state)
        settings = Settings.from_environment(environment)
        company = Company(settings, Canary("", "", "", "", 0))
        for source in SOURCES[1:]:
            assert load(source, settings).status == LOADED
        [contact] = company.query(
            """
            select email, firstname || ' ' || lastname, phone, contacts.id
            from raw_hubspot.contacts
            join raw_hubspot.engagement_contacts on contacts.id = contact_id
            join raw_hubspot.email_events on lower(recipient) = lower(email)
            where phone is not null and not contacts._is_deleted
            group by all order by count(*) desc, contacts.id limit 1
            """
        )
        [(marketo_id,)] = company.query(
            "select lead_id from raw_marketo.activities group by all order by count(*) desc, lead_id limit 1"
        )
        company = Company(settings, Canary(*contact, marketo_id))
        give_files(files, company.canary)
        assert load("files", settings).quarantined_count == 1
        plant(company)
        yield company


@pytest.fixture(scope="module")
def erased(loaded: Company, tmp_path_factory: pytest.TempPathFactory) -> tuple[Company, Receipt, list[str]]:
    """The company after the canary was erased, the receipt, and what was said."""
    company = loaded.copied(tmp_path_factory.mktemp("erased") / "data")
    said: list[str] = []
    receipt = erase(company.settings, f"  {company.canary.email.title()}", said.append)
    assert receipt is not None
    return company, receipt, said


def test_nothing_is_left_of_an_erased_person_in_any_byte(loaded, erased):
    company, receipt, _ = erased
    assert len(found_in(loaded.settings.data_dir, loaded.canary.needles)) > 15
    assert found_in(company.settings.data_dir, company.canary.needles) == []
    assert receipt.still_found_in == []
    assert receipt.bytes_searched > 1_000_000


def test_ids_of_an_erased_person_are_nowhere_in_the_raw_tables(erased):
    company, _, _ = erased
    canary = company.canary
    ids = {canary.hubspot_id, f"hubspot:{canary.hubspot_id}", str(canary.marketo_id), f"marketo:{canary.marketo_id}"}
    columns = company.query(
        """
        select schema_name, table_name, column_name from duckdb_columns()
        where schema_name in ('raw_hubspot', 'raw_marketo', 'raw_files')
            and column_name in ('lead_id', 'contact_id', 'object_id', 'merged_into_lead_id')
        """
    )
    columns += [("raw_hubspot", "contacts", "id"), ("raw_marketo", "leads", "id")]
    for schema, table, column in columns:
        held = company.query(f"select distinct cast({column} as varchar) from {schema}.{table}")
        assert not ids & {value for (value,) in held}, (schema, table)


def test_raw_tables_are_still_what_their_source_expects(erased):
    """An id that nobody has is one all the same: Marketo's are numbers from 1 on."""
    company, _, _ = erased
    assert company.query("select min(id) >= 1, max(id) > 1e15 from raw_marketo.leads") == [(True, True)]
    for table in ("raw_hubspot.contacts", "raw_hubspot.contact_emails", "raw_marketo.activities", "raw_files.leads"):
        [(count,)] = company.query(f"select count(*) from {table} where _row_hash is null or _loaded_at is null")
        assert count == 0, table
    [(count,)] = company.query("select count(*) from raw_hubspot.contact_emails where email is null")
    assert count == 0


def test_every_row_of_an_erased_person_stays_with_its_times_and_amounts(loaded, erased):
    company, _, _ = erased
    before = loaded.counts()
    assert before == company.counts()
    assert len(before) > 40


def test_a_refused_row_of_an_erased_person_waits_no_more_for_being_mended(erased):
    refused = erased[0].query("select line, given, reason, _is_deleted from raw_files.quarantine")
    assert refused == [(4, None, "erased", True)]


def test_what_an_erased_person_did_is_still_one_persons(loaded, erased):
    company, _, _ = erased
    for join in (
        "raw_hubspot.contacts join raw_hubspot.engagement_contacts on contacts.id = contact_id",
        "raw_hubspot.contacts join raw_hubspot.contact_emails on contacts.id = contact_id "
        "join raw_hubspot.email_events on contact_emails.email = lower(recipient)",
        "raw_hubspot.contacts join raw_files.leads on contacts.email_key = leads.email_key",
        "raw_marketo.leads join raw_marketo.activities on leads.id = activities.lead_id",
        "raw_marketo.leads join raw_files.leads as filed on 'marketo:' || leads.id = filed.merged_into_lead_id",
    ):
        [(before,)], [(after,)] = (one.query(f"select count(*) from {join}") for one in (loaded, company))
        assert before == after > 0, join


def test_published_numbers_stay_and_ids_give_way(loaded, erased):
    company, _, _ = erased
    old = f"hubspot:{company.canary.hubspot_id}"
    for name in ("1.duckdb", "2.duckdb", "contacts/2.duckdb"):
        path = company.settings.serving_dir / name
        assert path.stat().st_mode & 0o777 == 0o440
        with duckdb.connect(str(path), read_only=True) as connection:
            assert connection.execute("from marts.credited()").fetchall() == [(150.0,)]
            leads = {lead for (lead,) in connection.execute("select lead_id from marts.dim_leads").fetchall()}
            assert len(leads) == 2 and old not in leads
            assert connection.execute("select count(distinct conversion_id) from marts.fct_credits").fetchall() == [
                (2,)
            ]
            assert connection.execute("select lead_id from contacts").fetchall() == [("someone",)]
    assert (company.settings.serving_dir / "current.duckdb").resolve().name == "2.duckdb"


def test_the_receipt_and_the_suppression_list_name_nobody_and_are_the_owners_alone(erased):
    company, receipt, _ = erased
    [path] = (company.settings.data_dir / "erasures").iterdir()
    for private in (path, company.settings.data_dir / "suppressed.csv"):
        assert private.stat().st_mode & 0o777 == 0o600
        assert not any(needle in private.read_text().lower() for needle in company.canary.needles)
    assert json.loads(path.read_text())["rows"] == receipt.rows
    assert {"raw_hubspot.contacts", "raw_marketo.activities", "raw_files.quarantine"} <= set(receipt.rows)


def test_the_users_own_files_are_named_and_left_alone(loaded, erased):
    _, receipt, _ = erased
    files = Path(loaded.settings.environment["FUNNELHOUSE_FILES_DIR"])
    assert receipt.own_files_that_hold_it == [str(files / "leads.csv")]
    assert loaded.canary.email in (files / "leads.csv").read_text()


def test_erasing_twice_is_harmless(erased):
    company, _, _ = erased
    said: list[str] = []
    assert erase(company.settings, company.canary.email, said.append) is None
    assert said[-1].startswith("Nobody with this address is known; it has been suppressed since 20")


def test_no_load_brings_an_erased_person_back(erased, tmp_path):
    company = erased[0].copied(tmp_path / "data")
    before = company.counts()
    again = replace(company, settings=replace(company.settings, reload=SOURCES))
    told = ""
    for source in SOURCES:
        outcome = load(source, again.settings)
        assert outcome.status == LOADED and outcome.changed_count == 0
        told += " ".join(outcome.notices)
    for table in ("contacts 1", "leads 2", "leads 1", "quarantine 1"):
        assert table in told
    assert again.counts() == before
    assert found_in(company.settings.data_dir, company.canary.needles) == []


@pytest.fixture
def small(tmp_path: Path) -> Company:
    """Three leads in files: two share an address, one asks to be forgotten."""
    canary = Canary("kanary.bird@cage.example", "Kanary Bird", "+48 600 700 800", "", 0)
    write_lines(
        tmp_path / "files" / "leads.csv",
        "lead_id,created_at,email,full_name,phone",
        f"11,2026-01-05,{canary.email},{canary.name},{canary.phone}",
        f"12,2026-01-06,{canary.spelled('b')},{canary.name} junior,",
        "13,2026-01-07,other@nest.example,Other Bird,",
    )
    write_lines(
        tmp_path / "files" / "consents.csv",
        "lead_id,purpose,status,changed_at",
        "13,erasure,granted,2026-02-01",
        "11,marketing_email,withdrawn,2026-02-01",
    )
    settings = Settings.from_environment(
        {
            "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"),
            "FUNNELHOUSE_FILES_DIR": str(tmp_path / "files"),
            "FUNNELHOUSE_AS_OF": "2026-03-01T00:00:00Z",
        }
    )
    assert load("files", settings).status == LOADED
    return Company(settings, canary)


def test_all_leads_that_share_an_address_are_erased(small):
    assert erase(small.settings, small.canary.email, print) is not None
    assert found_in(small.settings.data_dir, small.canary.needles) == []
    assert small.query("select count(*), count(full_name), count(distinct lead_id) from raw_files.leads") == [(3, 1, 3)]


def test_nobody_else_loses_a_letter(small):
    """Not who is called alike, shares the switchboard or has an address that ends alike; nor by erasing an id alone."""
    canary, files = small.canary, Path(small.settings.environment["FUNNELHOUSE_FILES_DIR"])
    with (files / "leads.csv").open("a") as file:
        file.write(f"14,2026-01-08,my{canary.email},{canary.name},{canary.phone}\n")
        file.write(f"15,2026-01-08,,My{canary.name},{canary.phone}\n16,2026-01-09,,,\n")
    with (files / "consents.csv").open("a") as file:
        file.write("16,erasure,granted,2026-02-01\n")
    assert load("files", small.settings).changed_count == 4
    others = "select * from raw_files.leads where lead_id in ('14', '15') order by lead_id"
    before = small.query(others)
    receipt = erase(small.settings, canary.email, print)
    assert receipt is not None and receipt.still_found_in == []
    assert erase_requested(small.settings, "files", print) is not None
    assert small.query(others) == before
    assert small.query("select count(*) from raw_files.leads where lead_id like 'erased-%'") == [(4,)]
    assert small.query(f"select count(*) from raw_files.leads where email = '{canary.email}'") == [(0,)]


# The steps of an erasure; before the last one, all but the swap of the warehouse is done.
STEPS = ("throw_away", "rewrite_landed", "rewrite_other_files", "rewrite_warehouse", "search", "_write", "_swap")


def kill_at(monkeypatch: pytest.MonkeyPatch, step: str, warehouse: Path) -> None:
    """Let an erasure die at the beginning of a step."""
    owner = erasure._Work if hasattr(erasure._Work, step) else erasure
    go_on = getattr(owner, step)

    def die(*arguments: object) -> object:
        if step != "_swap" or arguments[-1] == warehouse:
            raise SystemExit(9)
        return go_on(*arguments)

    monkeypatch.setattr(owner, step, die)


@pytest.mark.parametrize("finished_by", ["the command", "a refresh"])
def test_an_erasure_that_was_killed_in_every_step_is_finished_by_the_next_or_by_a_refresh(
    small, monkeypatch, finished_by
):
    before = small.counts()
    for step in STEPS:
        with monkeypatch.context() as killed, pytest.raises(SystemExit):
            kill_at(killed, step, small.settings.warehouse)
            erase(small.settings, small.canary.email, print)
        assert small.query("select count(*) from raw_files.leads where full_name like 'Kanary%'") == [(2,)], step
    shutil.copyfile(small.settings.warehouse, small.settings.data_dir / "warehouse.duckdb.erasing-copy")
    if finished_by == "the command":
        assert erase(small.settings, small.canary.email, print) is not None
    else:
        monkeypatch.setattr(ingestion, "SETTINGS", small.settings)
        ingestion.playbook(build_asset_context(), WarehouseLock(data_dir=str(small.settings.data_dir)))
    assert found_in(small.settings.data_dir, small.canary.needles) == []
    assert load("files", small.settings).changed_count == 0
    assert small.counts() == before
    [receipt] = (small.settings.data_dir / "erasures").iterdir()
    told = json.loads(receipt.read_text())
    assert told["rows"]["raw_files.leads"] == 2
    assert told["asked_by"] == ("command" if finished_by == "the command" else "an erasure that was broken off")
    assert erasure.finish(small.settings, print) is None


def test_an_erasure_that_arrives_with_the_data_is_carried_out_once(small):
    receipt = erase_requested(small.settings, "files", print)
    assert receipt is not None and receipt.asked_by == "files"
    assert found_in(small.settings.data_dir, ["other@nest.example", "other bird"]) == []
    assert found_in(small.settings.data_dir, small.canary.needles) != []
    assert load("files", small.settings).changed_count == 0
    assert erase_requested(small.settings, "files", print) is None


def test_who_is_known_by_an_address_alone_leaves_the_published_lists(small):
    """The warehouse calls them by the key of it."""
    [(key,)] = small.query("select distinct email_key from raw_files.leads where lead_id = '11'")
    published = small.settings.serving_dir / "1.duckdb"
    published.parent.mkdir()
    with duckdb.connect(str(published)) as connection:
        connection.execute(MARTS.format(lead=f"web_events:{key}", name="Whoever", email="who@ever.example"))
    assert erase(small.settings, small.canary.email, print) is not None
    with duckdb.connect(str(published), read_only=True) as connection:
        assert connection.execute("select lead_id from contacts").fetchall() == [("someone",)]


@pytest.fixture
def mentioned(small) -> Company:
    """Somebody of whom much was written: in a file named after her, by two addresses, in texts of others."""
    canary = Canary("zoe.nord@cage.example", "Zoë Nordvogel", "+48 601-702-803", "", 0)
    encoded = canary.email.replace("@", "%40")
    files = Path(small.settings.environment["FUNNELHOUSE_FILES_DIR"])
    events = small.settings.data_dir / "events"
    with (files / "leads.csv").open("a") as file:
        file.write(f"20,2026-01-05,{canary.email},{canary.name},{canary.phone}\n")
        file.write(f"{canary.email},2026-01-05,{canary.spelled('fair')},Nordvogel Zoë,601702803\n")
        file.write(f"22,yesterday,,{canary.name},\n")
    for entity, *lines in (
        ("opportunities", "opportunity_id,created_at,lost_reason", f"1,2026-01-07,{canary.name} left: (601) 702 803"),
        ("campaigns", "campaign_id,campaign_name", f"1,Lunch with Nordvogel Zoë <{canary.email}>"),
        ("users", "user_id,user_name", "1,Some Rep"),
        (
            "activities",
            "activity_id,lead_id,activity_type,occurred_at,outcome,utm_content,url",
            f"1,20,call,2026-01-08,Zoë was glad,{encoded},https://nest.example/nordvogel",
            f"2,13,call,2026-01-08,as {canary.name} said,to={encoded},https://nest.example/bird",
            "3,20,call,2026-01-09,reached,,https://nest.example/bird",
        ),
    ):
        write_lines(files / f"{entity}.csv", *lines)
    given = {"event_type": "form_submitted", "occurred_at": "2026-01-09T10:00:00Z"}
    given |= {"email": canary.email, "phone": "601 702 803"}
    write_lines(
        events / f"forms_{canary.email}.jsonl",
        json.dumps(given | {"event_id": "1", "message": [canary.name], "full_name": canary.name}),
        json.dumps(given | {"event_id": "2", "occurred_at": "soon"}),
    )
    write_lines(small.settings.data_dir / "exports" / f"{canary.name}.csv", "nothing")
    for source in ("files", "web_events"):
        assert load(source, small.settings).quarantined_count == 1
    return replace(small, canary=canary)


def test_what_was_written_of_an_erased_person_goes_wherever_it_stands(mentioned):
    data_dir, said = mentioned.settings.data_dir, []
    shutil.move(data_dir / "events", data_dir.parent / "events")  # the user's own, which stay
    receipt = erase(mentioned.settings, mentioned.canary.email, said.append)
    assert receipt.still_found_in == []
    needles = [*mentioned.canary.needles, "zoe.nord", "zoë", "nordvogel", "702803", "702 803"]
    assert found_in(data_dir, needles) == []
    assert [path.name for path in data_dir.rglob("*") if "Zo" in path.name or "zo" in path.name] == []
    assert mentioned.query("select outcome, url from raw_files.activities order by activity_id") == [
        ("erased was glad", "https://nest.example/erased"),
        ("as erased said", "https://nest.example/bird"),
        ("reached", "https://nest.example/bird"),
    ]


def test_a_mistyped_address_and_one_of_nobody_are_said_to_be_it(small):
    mistyped = (
        "",
        "anna",
        "anna@",
        "anna @example.com",
        "anna@example",
        "mailto:anna@example.com",
        "anna@example.com,",
    )
    for typed in (
        *mistyped,
        "Anna <anna@example.com>",
        "a@b.example c@d.example",
        "a@b.example\nc@d.example",
        "a@b@c.d",
    ):
        with pytest.raises(Fault, match="is not an e-mail address") as raised:
            erase(small.settings, typed, print)
        assert "\n" not in str(raised.value)
    for odd in ("o'neil@cage.example", "%@%.%", "żółw@cage.example"):
        assert erase(small.settings, odd, print) is None
    said: list[str] = []
    assert erase(small.settings, "nobody@cage.example", said.append) is None
    assert said == ["Nobody with this address is known."]
    assert not (small.settings.data_dir / "suppressed.csv").exists()


def test_erasing_beside_a_refresh_or_a_replay_is_refused_in_one_line(small):
    environment = {"FUNNELHOUSE_DATA_DIR": str(small.settings.data_dir)}
    for work in ("refresh", "replay"):
        with FileLock(small.settings.data_dir / f"{work}.lock"):
            result = run_funnelhouse(f"erase {small.canary.email}", environment)
        assert result.returncode == 1
        assert result.stderr.startswith(f"✗ A {work} is running in") and "Traceback" not in result.stderr
    assert run_funnelhouse("erase", environment).stderr.startswith("✗ Say whose address")
