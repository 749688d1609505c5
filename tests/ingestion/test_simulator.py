"""The simulated company keeps the input contract, contradicts itself nowhere, and has the truth that it claims."""

import csv
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

from ingestion.simulator import company
from ingestion.simulator.__main__ import main

PROJECT_DIR = Path(__file__).resolve().parents[2]
PLAYBOOK_DIR = PROJECT_DIR / "dbt_project" / "seeds" / "playbook"
AS_OF = pd.Timestamp("2026-11-01T00:00:00Z")
STAGE_ORDER = {"lead": 1, "mql": 2, "sql": 3, "opportunity": 4}
CONTRACT_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def write_company(folder: Path, leads: int, seed: int) -> Path:
    """Run the command line, in a process of its own as a user would."""
    command = [sys.executable, "-m", "ingestion.simulator", "write", "--leads", str(leads), "--seed", str(seed)]
    command += ["--as-of", AS_OF.isoformat(), "--out", str(folder)]
    subprocess.run(command, cwd=PROJECT_DIR, check=True, capture_output=True)
    return folder


def read_playbook(table: str) -> list[dict[str, str]]:
    with (PLAYBOOK_DIR / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def read_contract() -> dict[str, dict]:
    """Entity → its declared tests and, by name, the columns that a source may supply, those of `input_to` included."""
    declared = yaml.safe_load((PROJECT_DIR / "dbt_project" / "models" / "unified" / "unified.yml").read_text())
    contract: dict[str, dict] = {}
    for model in declared["models"]:
        meta = model.get("config", {}).get("meta", {})
        if not meta.get("entity", True):
            continue
        columns = {
            column["name"]: column
            for column in model["columns"]
            if column.get("config", {}).get("meta", {}).get("input", True)
        }
        if "input_to" in meta:
            target = contract[meta["input_to"]]["columns"]
            target |= {name: column for name, column in columns.items() if name not in target}
        else:
            contract[model["name"]] = {"columns": columns, "tests": model["data_tests"]}
    return contract


# A web analytics tool's counts are told by its own API alone.
CONTRACT = {name: entity for name, entity in read_contract().items() if name != "web_sessions_daily"}


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_company(tmp_path_factory.mktemp("company"), leads=5000, seed=7)


@pytest.fixture(scope="session")
def entities(folder: Path) -> dict[str, pd.DataFrame]:
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


@pytest.fixture(scope="session")
def channels(entities: dict[str, pd.DataFrame]) -> pd.Series:
    """The channel of each activity by the playbook's rules: patterns match whole values, `(none)` matches empty."""
    activities = entities["activities"]
    rules = sorted((rule for rule in read_playbook("channel_rules") if not rule["lead_source"]), key=rule_priority)
    channel = pd.Series("unclassified", index=activities.index, dtype=object)
    is_open = pd.Series(True, index=activities.index)
    for rule in rules:
        is_match = is_open.copy()
        for column in ("activity_type", "click_id", "utm_source", "utm_medium", "utm_campaign", "referrer"):
            if rule[column]:
                value = activities[column].fillna("(none)").str.lower()
                pattern = rule[column].replace("(none)", r"\(none\)").replace(".+", r"(?!\(none\)).+")
                is_match &= value.str.fullmatch(pattern)
        channel[is_match] = rule["channel"]
        is_open &= ~is_match
    return channel


def rule_priority(rule: dict[str, str]) -> int:
    return int(rule["priority"])


def furthest_stage(entities: dict[str, pd.DataFrame]) -> pd.Series:
    """The highest order that each lead reached."""
    changes = entities["lead_stage_changes"]
    return changes["stage"].map(STAGE_ORDER).fillna(0).groupby(changes["lead_id"]).max()


def mature_leads(entities: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Leads old enough that nearly all have got as far as they ever will, with `furthest`."""
    leads = entities["leads"]
    leads = leads.assign(furthest=leads["lead_id"].map(furthest_stage(entities)))
    return leads[leads["created_at"] < AS_OF - pd.Timedelta(days=240)]


# ---------------------------------------------------------------------------------------------------------------------
# The command


def test_the_same_arguments_give_byte_equal_files(tmp_path):
    first = write_company(tmp_path / "first", leads=300, seed=3)
    second = write_company(tmp_path / "second", leads=300, seed=3)
    names = sorted(path.name for path in first.iterdir())
    assert names == sorted(path.name for path in second.iterdir())
    assert [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()] == []


def test_another_seed_gives_another_company(tmp_path):
    first = write_company(tmp_path / "first", leads=300, seed=3)
    second = write_company(tmp_path / "second", leads=300, seed=4)
    for name in ("leads", "accounts", "activities", "opportunities", "fx_rates_daily"):
        assert (first / f"{name}.parquet").read_bytes() != (second / f"{name}.parquet").read_bytes(), name


def test_a_company_too_small_to_simulate_is_refused(tmp_path):
    with pytest.raises(subprocess.CalledProcessError):
        write_company(tmp_path, leads=10, seed=1)


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    """Run the command line in this process."""
    monkeypatch.setattr(sys, "argv", ["simulator", *map(str, arguments)])
    return main()


def test_files_beside_a_server_and_the_truth_are_written_apart(tmp_path, monkeypatch, capsys):
    company_of = ("--leads", 200, "--now", "2026-10-01", "--only-files", "--without", "duplicates,late_events")
    apart = ("--truth", tmp_path / "t", "--analytics-export", tmp_path / "g")
    assert run_command(monkeypatch, "write", *company_of, "--out", tmp_path / "f", *apart) == 0
    assert (tmp_path / "g" / "events_20260930.parquet").exists()
    assert "leads.parquet" not in {path.name for path in (tmp_path / "f").iterdir()}
    assert (tmp_path / "t" / "README.md").exists()
    assert run_command(monkeypatch, "write", *company_of, "--out", tmp_path, "--truth", tmp_path / "t") == 1
    assert "✗ --truth must lie outside of --out" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("write", "--leads", 200), "Say with --out where the files are to go."),
        (("write", "--out", "x", "--without", "typos"), "--without: there is no mess typos; there are duplicates,"),
        (
            ("write", "--leads", 200, "--only-files", "--now", "2026-10-01", "--as-of", "2027-10-01", "--out", "x"),
            "--as-of lies beyond the story, which ends at 2026-11-30 00:00; see --days-ahead.",
        ),
        (("forward", "--port", 1), "No server runs on port 1; start one with"),
        (("faults", "rate_limit"), "'rate_limit' is no fault with its share, such as rate_limit=0.2."),
    ],
)
def test_a_wrong_order_is_answered_in_one_line(monkeypatch, capsys, arguments, complaint):
    assert run_command(monkeypatch, *arguments) == 1
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"✗ {complaint}")


def test_a_port_that_is_taken_is_said_before_the_company_is_made_up(monkeypatch, capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert run_command(monkeypatch, "serve", "--port", port) == 1
    assert (
        capsys.readouterr().err
        == f"✗ Port {port} cannot be used (Address already in use); name another one with --port.\n"
    )


@pytest.fixture(scope="module")
def server_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server started by the command line, as soon as it says where it is."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "ingestion.simulator", "serve", "--leads", "100", "--now", "2026-10-01"]
    command += ["--days-ahead", "5", "--port", str(port)]
    with subprocess.Popen(command, cwd=PROJECT_DIR, stdout=subprocess.PIPE, text=True) as server:
        try:
            address, sources, *settings = server.stdout.readline().split()
            assert address == f"http://127.0.0.1:{port}"
            assert sources.startswith("FUNNELHOUSE_SOURCES=files,salesforce,hubspot,marketo,google_ads,linkedin_ads,")
            assert f"FUNNELHOUSE_MARKETO_BASE_URL=http://127.0.0.1:{port}" in settings
            yield port
        finally:
            server.terminate()


def test_a_server_moves_on_in_time_and_fails_on_demand(server_port, monkeypatch, capsys):
    assert run_command(monkeypatch, "forward", "--days", 2, "--port", server_port) == 0
    assert run_command(monkeypatch, "faults", "rate_limit=0.2", "--vendors", "hubspot", "--port", server_port) == 0
    assert run_command(monkeypatch, "faults", "--port", server_port) == 0
    assert capsys.readouterr().out == "2026-10-03T00:00:00Z\nrate_limit=0.2\nno faults\n"
    assert run_command(monkeypatch, "faults", "lightning=1", "--port", server_port) == 1
    assert run_command(monkeypatch, "forward", "--days", 9, "--port", server_port) == 1
    assert capsys.readouterr().err.splitlines() == [
        "✗ There is no fault lightning.",
        "✗ The story ends at 2026-10-06 00:00; start the server with more --days-ahead.",
    ]


# ---------------------------------------------------------------------------------------------------------------------
# The contract


def test_every_entity_of_the_contract_is_written(entities):
    assert sorted(entities) == sorted(CONTRACT)
    assert [name for name, rows in entities.items() if rows.empty] == []


@pytest.mark.parametrize("entity", CONTRACT)
def test_columns_are_those_of_the_contract_in_its_types(folder, entity):
    schema = pq.read_schema(folder / f"{entity}.parquet")
    columns = CONTRACT[entity]["columns"]
    assert [name for name in schema.names if name not in columns] == []
    wrong = {f.name: f.type for f in schema if f.type != CONTRACT_TYPES[columns[f.name]["data_type"]]}
    assert wrong == {}


@pytest.mark.parametrize("entity", CONTRACT)
def test_required_columns_are_filled(entities, entity):
    required = [
        name for name, column in CONTRACT[entity]["columns"].items() if "not_null" in column.get("data_tests", [])
    ]
    assert entities[entity][required].isna().sum().sum() == 0


@pytest.mark.parametrize("entity", CONTRACT)
def test_keys_are_unique(entities, entity):
    [key] = [test["unique_combination"] for test in CONTRACT[entity]["tests"] if "unique_combination" in test]
    # A key column that is not supplied is null in every row.
    columns = [column for column in key["arguments"]["columns"] if column in entities[entity]]
    assert not entities[entity].duplicated(columns).any()


@pytest.mark.parametrize("entity", CONTRACT)
def test_listed_values_are_the_accepted_ones(entities, entity):
    for name, column in CONTRACT[entity]["columns"].items():
        for test in column.get("data_tests", []):
            if name in entities[entity] and isinstance(test, dict) and "accepted_values" in test:
                accepted = set(test["accepted_values"]["arguments"]["values"])
                assert set(entities[entity][name].dropna()) <= accepted, name


@pytest.mark.parametrize("entity", CONTRACT)
def test_nothing_is_dated_after_as_of(entities, entity):
    for name, column in CONTRACT[entity]["columns"].items():
        # When a deal is expected to close lies in the future by its nature.
        if name not in entities[entity] or name == "expected_close_date":
            continue
        if column["data_type"] == "timestamp":
            assert not (entities[entity][name] > AS_OF).any(), name
        elif column["data_type"] == "date":
            assert not (
                pd.to_datetime(entities[entity][name]) > AS_OF.tz_convert("Europe/Warsaw").tz_localize(None)
            ).any()


def test_stages_and_activity_types_are_known_to_the_playbook(entities):
    stages = {(row["track"], row["stage"]) for row in read_playbook("lifecycle_stages")}
    activity_types = {row["activity_type"] for row in read_playbook("activity_types")}
    assert {("lead", stage) for stage in entities["lead_stage_changes"]["stage"]} <= stages
    assert {("opportunity", stage) for stage in entities["opportunity_stage_changes"]["stage"]} <= stages
    assert {("opportunity", stage) for stage in entities["opportunities"]["stage"]} <= stages
    assert set(entities["activities"]["activity_type"]) == activity_types


@pytest.mark.parametrize(
    ("entity", "column", "target", "target_column"),
    [
        ("leads", "account_id", "accounts", "account_id"),
        ("leads", "owner_id", "users", "user_id"),
        ("lead_stage_changes", "lead_id", "leads", "lead_id"),
        ("lead_stage_changes", "changed_by", "users", "user_id"),
        ("lead_owner_changes", "owner_id", "users", "user_id"),
        ("activities", "lead_id", "leads", "lead_id"),
        ("activities", "account_id", "accounts", "account_id"),
        ("activities", "user_id", "users", "user_id"),
        ("activities", "campaign_id", "campaigns", "campaign_id"),
        ("activities", "content_id", "content", "content_id"),
        ("identity_links", "visitor_id", "activities", "visitor_id"),
        ("campaigns", "parent_campaign_id", "campaigns", "campaign_id"),
        ("campaign_aliases", "campaign_id", "campaigns", "campaign_id"),
        ("campaign_spend_daily", "campaign_id", "campaigns", "campaign_id"),
        ("opportunities", "account_id", "accounts", "account_id"),
        ("opportunity_stage_changes", "opportunity_id", "opportunities", "opportunity_id"),
        ("opportunity_contacts", "opportunity_id", "opportunities", "opportunity_id"),
        ("opportunity_contacts", "lead_id", "leads", "lead_id"),
        ("customer_revenue", "opportunity_id", "opportunities", "opportunity_id"),
        ("experiment_assignments", "unit_id", "leads", "lead_id"),
    ],
)
def test_every_id_leads_to_its_record(entities, entity, column, target, target_column):
    assert set(entities[entity][column].dropna()) <= set(entities[target][target_column].dropna())


# ---------------------------------------------------------------------------------------------------------------------
# People


def test_no_address_can_belong_to_anybody(entities):
    email = entities["leads"]["email"]
    local_part, domain = (email.str.split("@").str[part] for part in (0, 1))
    is_free_mail = domain.isin(row["domain"] for row in read_playbook("free_mail_domains"))
    assert domain[~is_free_mail].str.endswith(".example").all()
    assert local_part[is_free_mail].str.startswith("made-up-person-").all()
    assert entities["accounts"]["domain"].str.endswith(".example").all()
    assert email.is_unique
    assert 0.05 < is_free_mail.mean() < 0.12


def test_every_lead_starts_in_the_entry_stage_when_it_is_created(entities):
    first = entities["lead_stage_changes"].sort_values("changed_at").groupby("lead_id").first()
    leads = entities["leads"].set_index("lead_id")
    assert (first["stage"] == "lead").all()
    assert first["changed_at"].reindex(leads.index).equals(leads["created_at"])


def test_leads_skip_recur_and_fall_back(entities):
    changes = entities["lead_stage_changes"].sort_values(["lead_id", "changed_at"])
    steps = pd.Series(list(zip(changes["stage"].shift(), changes["stage"], strict=True)))[
        (changes["lead_id"] == changes["lead_id"].shift()).to_numpy()
    ]
    assert {
        ("lead", "sql"),
        ("lead", "disqualified"),
        ("mql", "recycled"),
        ("mql", "opportunity"),
        ("recycled", "mql"),
        ("sql", "mql"),
        ("sql", "recycled"),
        ("sql", "disqualified"),
    } <= set(steps)
    assert not any(before == after for before, after in steps)


def test_only_those_who_were_sent_back_have_a_reason(entities):
    changes = entities["lead_stage_changes"]
    assert (changes["reason"].notna() == changes["stage"].isin(["recycled", "disqualified"])).all()


def test_the_owner_is_the_last_one_assigned(entities):
    last = entities["lead_owner_changes"].sort_values("changed_at").groupby("lead_id")["owner_id"].last()
    owner = entities["leads"].set_index("lead_id")["owner_id"].dropna()
    assert last.sort_index().to_dict() == owner.sort_index().to_dict()


def test_reps_change_stages_on_working_days_in_office_hours(entities):
    changes = entities["lead_stage_changes"]
    local = changes.loc[changes["changed_by"].notna(), "changed_at"].dt.tz_convert("Europe/Warsaw")
    assert (local.dt.day_of_week < 5).all()
    assert local.dt.hour.between(company.OFFICE_OPENS_HOUR, 16).mean() > 0.99


# ---------------------------------------------------------------------------------------------------------------------
# Activities


def test_visits_before_the_lead_are_anonymous(entities):
    leads = entities["leads"].set_index("lead_id")["created_at"]
    views = entities["activities"].query("activity_type == 'page_view'")
    known = views.dropna(subset="lead_id")
    assert (known["occurred_at"] >= known["lead_id"].map(leads)).all()
    assert views["visitor_id"].notna().all()
    links = entities["identity_links"]
    assert (links["linked_at"] >= links["lead_id"].map(leads)).all()
    earlier = views[views["lead_id"].isna()].merge(links, on="visitor_id")
    assert (earlier["occurred_at"] < earlier["linked_at"]).all()
    assert earlier["lead_id_y"].nunique() > 0.5 * len(leads)


def test_there_are_about_twenty_activities_per_lead(entities):
    assert 16 < len(entities["activities"]) / len(entities["leads"]) < 26


def test_the_playbook_finds_every_channel(entities, channels):
    touches = entities["activities"]["actor"] == "person"
    found = channels[touches].value_counts()
    assert set(found.index) == {row["channel"] for row in read_playbook("channels")} == set(company.CHANNELS)
    assert found.min() >= 50


def test_conversions_carry_the_channels_that_were_planned(entities, channels):
    """What makes a lead follows the plan; large companies tilt it a little, fairs and replies are no visits."""
    leads = entities["leads"].set_index("lead_id")["created_at"]
    types = ["form_submitted", "content_downloaded", "demo_requested", "price_requested", "trial_started"]
    made = entities["activities"][entities["activities"]["activity_type"].isin(types)]
    made = made[(made["occurred_at"] - made["lead_id"].map(leads)).dt.total_seconds().between(-40, 0)]
    seen = channels[made.index].value_counts(normalize=True)
    websites = set(company.CHANNELS) - {"event", "webinar", "cold_email"}
    planned = pd.Series({name: company.CHANNELS[name].lead_share for name in websites})
    planned /= planned.sum()
    difference = (seen.reindex(planned.index).fillna(0) - planned).abs()
    assert difference.max() < 0.05


def test_click_ids_say_their_kind(entities):
    kinds = entities["activities"]["click_id"].dropna().str.extract(r"^(\w+):\d+$")[0]
    assert set(kinds) == {"gclid", "msclkid", "fbclid", "li_fat_id"}


def test_nearly_all_campaign_tags_have_an_alias(entities):
    tags = entities["activities"]["utm_campaign"].dropna()
    known_share = tags.isin(entities["campaign_aliases"]["alias"]).mean()
    assert 0.95 < known_share < 1.0


def test_platforms_count_at_least_the_visits_that_the_website_saw(entities):
    activities = entities["activities"].dropna(subset="utm_campaign")
    visits = activities[activities["activity_type"] == "page_view"]
    visits = visits.merge(entities["campaign_aliases"], left_on="utm_campaign", right_on="alias")
    visits["date"] = visits["occurred_at"].dt.tz_convert("Europe/Warsaw").dt.date
    seen = visits.groupby(["campaign_id_y", "date"]).size().rename("seen")
    clicks = entities["campaign_spend_daily"].set_index(["campaign_id", "date"])["clicks"]
    both = pd.concat([clicks, seen.rename_axis(clicks.index.names)], axis=1, join="inner")
    assert len(both) > 500
    assert (both["clicks"] >= both["seen"]).all()


def test_nobody_is_mailed_after_unsubscribing(entities):
    activities = entities["activities"]
    objected_at = activities.query("activity_type == 'unsubscribed'").set_index("lead_id")["occurred_at"]
    assert objected_at.index.is_unique
    sent = activities.query("activity_type == 'email_sent' and actor == 'automation'")
    assert not (sent["occurred_at"] > sent["lead_id"].map(objected_at)).any()
    consents = entities["consents"]
    withdrawn = consents.query("status == 'withdrawn'").set_index("lead_id")["changed_at"]
    assert withdrawn.sort_index().equals(objected_at.sort_index().rename("changed_at"))


# ---------------------------------------------------------------------------------------------------------------------
# Deals and money


def test_a_deal_is_closed_exactly_when_its_last_stage_says_so(entities):
    deals = entities["opportunities"].set_index("opportunity_id")
    changes = entities["opportunity_stage_changes"].sort_values("changed_at", kind="stable")
    first = changes.groupby("opportunity_id").first().reindex(deals.index)
    last = changes.groupby("opportunity_id").last().reindex(deals.index)
    assert first["stage"].eq("opportunity").all()
    assert first["changed_at"].equals(deals["created_at"].rename("changed_at"))
    assert last["stage"].equals(deals["stage"])
    assert last["amount_local"].equals(deals["amount_local"])
    assert deals["is_closed"].equals(deals["stage"].isin(["won", "lost"]).rename("is_closed"))
    assert deals["is_won"].equals(deals["stage"].eq("won").rename("is_won"))
    closed = deals[deals["is_closed"]]
    assert closed["closed_at"].equals(last.loc[closed.index, "changed_at"].rename("closed_at"))
    assert (closed["closed_at"] >= closed["created_at"]).all()
    assert deals.loc[~deals["is_closed"], "closed_at"].isna().all()
    assert (deals["lost_reason"].notna() == deals["stage"].eq("lost")).all()
    endings = changes[changes["stage"].isin(["won", "lost"])]
    assert endings["opportunity_id"].is_unique
    assert 0.05 < (~deals["is_closed"]).mean() < 0.3


def test_amounts_change_and_stages_are_skipped(entities):
    changes = entities["opportunity_stage_changes"]
    assert changes.groupby("opportunity_id")["amount_local"].nunique().gt(1).mean() > 0.3
    stages = changes.groupby("opportunity_id")["stage"].agg(set)
    assert any("won" in passed and "proposal" not in passed for passed in stages)


def test_a_lead_opens_its_deal_at_about_the_time_its_stage_changes(entities):
    changes = entities["lead_stage_changes"].query("stage == 'opportunity'").set_index("lead_id")["changed_at"]
    primary = entities["opportunity_contacts"].query("is_primary").merge(entities["opportunities"], on="opportunity_id")
    first = primary.sort_values("created_at").groupby("lead_id")["created_at"].first()
    minutes = (first - changes.reindex(first.index)).dt.total_seconds() / 60
    assert set(first.index) == set(changes.index)
    assert minutes.abs().max() < 120
    assert minutes.min() < 0 < minutes.max()


def test_buying_groups_have_one_to_six_people_and_one_primary(entities):
    group = entities["opportunity_contacts"].groupby("opportunity_id")
    assert set(group.size()) == {1, 2, 3, 4, 5, 6}
    assert group["is_primary"].sum().eq(1).all()
    assert group.ngroups == len(entities["opportunities"])


def test_all_kinds_of_deals_and_currencies_occur(entities):
    deals = entities["opportunities"]
    assert set(deals["opportunity_type"]) == {"new", "expansion", "renewal"}
    share = deals["currency"].value_counts(normalize=True)
    assert set(share.index) == {"EUR", "PLN", "USD"}
    assert share["EUR"] > share["PLN"] > share["USD"] > 0.03
    assert set(entities["campaign_spend_daily"]["currency"]) == {"EUR", "PLN", "USD"}


def test_invoices_follow_the_signature_and_never_exceed_the_contract(entities):
    deals = entities["opportunities"].set_index("opportunity_id")
    revenue = entities["customer_revenue"]
    contract = deals.loc[revenue["opportunity_id"]]
    assert contract["is_won"].all()
    assert (pd.to_datetime(revenue["revenue_date"], utc=True).to_numpy() > contract["closed_at"].to_numpy()).all()
    invoiced = revenue.groupby("opportunity_id")["amount_local"].sum()
    assert (invoiced <= deals.loc[invoiced.index, "amount_local"] + 1).all()
    assert revenue["gross_margin_rate"].dropna().between(0.5, 1).all()


def test_there_is_an_exchange_rate_for_every_day(entities):
    rates = entities["fx_rates_daily"]
    days = pd.date_range("2025-05-01", "2026-11-01").date
    assert set(rates["currency"]) == {"PLN", "USD"}
    for _, of_currency in rates.groupby("currency"):
        assert list(of_currency["date"]) == list(days)
        assert of_currency["rate_to_reporting"].pct_change().abs().max() < 0.03


# ---------------------------------------------------------------------------------------------------------------------
# The truth


@pytest.mark.parametrize(("step", "order"), [("mql", 2), ("sql", 3), ("opportunity", 4)])
def test_mature_leads_convert_at_the_rates_of_the_company(entities, step, order):
    furthest = mature_leads(entities)["furthest"]
    entered = (furthest >= order - 1).sum()
    rate = (furthest >= order).sum() / entered
    expected = getattr(company.CONVERSION_RATES, step)
    # Four standard errors, and a little for those who are still under way.
    tolerance = 4 * np.sqrt(expected * (1 - expected) / entered) + 0.02
    assert abs(rate - expected) < tolerance


def test_deals_are_won_at_the_rate_of_the_company(entities):
    deals = entities["opportunities"].query("opportunity_type == 'new'")
    old = deals[deals["created_at"] < AS_OF - pd.Timedelta(days=150)]
    expected = company.CONVERSION_RATES.won
    assert abs(old["is_won"].mean() - expected) < 4 * np.sqrt(expected * (1 - expected) / len(old)) + 0.02


def test_seen_by_as_of_a_little_fewer_convert(entities):
    furthest = furthest_stage(entities)
    rates = [(furthest >= order).sum() / (furthest >= order - 1).sum() for order in (2, 3, 4)]
    assert rates == pytest.approx([0.30, 0.42, 0.50], abs=0.05)


def test_better_channels_personas_and_forms_make_more_leads_progress(entities):
    leads = mature_leads(entities)
    is_mql = leads["furthest"] >= 2
    by_source = is_mql.groupby(leads["lead_source"]).mean()
    assert by_source["Referral"] > by_source["Google Ads"] > by_source["Outbound"]
    is_sql = leads[is_mql]["furthest"] >= 3
    by_persona = is_sql.groupby(leads["persona"]).mean()
    assert by_persona["Economic buyer"] > by_persona["End user"]
    assigned = entities["experiment_assignments"].query("experiment_id == 'X01'").set_index("unit_id")["variant"]
    by_variant = (furthest_stage(entities).reindex(assigned.index) >= 2).groupby(assigned).mean()
    assert by_variant["treatment"] > by_variant["control"]


def test_large_companies_are_slower(entities):
    changes = entities["lead_stage_changes"].merge(entities["leads"][["lead_id", "account_id", "created_at"]])
    changes = changes.merge(entities["accounts"][["account_id", "segment"]])
    first = changes[changes["stage"] == "mql"].drop_duplicates("lead_id")
    median = (first["changed_at"] - first["created_at"]).groupby(first["segment"]).median()
    assert median["SMB"] < median["Mid-market"] < median["Enterprise"]


def test_every_share_that_must_sum_to_one_does():
    for share in ("first_visit_share", "lead_share", "return_share"):
        assert sum(getattr(channel, share) for channel in company.CHANNELS.values()) == pytest.approx(1.0)
    for routes in (*company.LEAD_ROUTES.values(), *company.OPPORTUNITY_ROUTES.values()):
        assert sum(routes.values()) == pytest.approx(1.0)
