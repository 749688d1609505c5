"""How the app reads the published file while others publish and prune."""

import json
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest
from dashboard_helpers import ask

from app import data
from app.data import Selection
from app.queries import funnel as funnel_queries

pytestmark = pytest.mark.refresh


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """Make a company's file the current one."""

    def serve_(data_folder: Path) -> str:
        monkeypatch.setenv("FUNNELHOUSE_DATA_DIR", str(data_folder))
        return data.current_file()

    return serve_


def test_the_versioned_file_is_opened_not_the_link(published_demo: Path, serve):
    file = serve(published_demo)
    assert Path(file).name != "current.duckdb"
    assert Path(file) == (published_demo / "serving" / "current.duckdb").resolve()


def test_a_new_publication_is_read_at_once(changed_company, serve):
    old = changed_company()
    new = changed_company("update marts.published_run set run_id = 'the next run'")
    file = serve(old)
    before = data.published_run(file).run_id
    link = old / "serving" / "current.duckdb"
    swapped = link.with_name("swap")
    swapped.symlink_to((new / "serving" / "current.duckdb").resolve())
    swapped.replace(link)
    assert data.published_run(data.current_file()).run_id == "the next run" != before


def test_a_file_pruned_after_it_was_resolved_is_read_from_its_successor(changed_company, serve):
    pruned = serve(changed_company())
    Path(pruned).unlink()
    serve(changed_company("update marts.published_run set run_id = 'the successor'"))
    assert data.published_run(pruned).run_id == "the successor"


def test_nothing_published_is_told_from_a_file_that_cannot_be_read(tmp_path: Path, serve):
    with pytest.raises(data.ServingFileMissing):
        serve(tmp_path)
    serving = tmp_path / "serving"
    serving.mkdir()
    (serving / "current.duckdb").symlink_to("pruned.duckdb")
    with pytest.raises(data.ServingFileMissing):
        serve(tmp_path)
    (serving / "pruned.duckdb").write_bytes(b"no database" * 1000)
    with pytest.raises(data.ServingFileUnreadable):
        data.published_run(serve(tmp_path))


def test_the_file_is_opened_read_only(published_demo: Path, serve):
    file = serve(published_demo)
    with pytest.raises(data.ServingFileUnreadable):
        data.query(file, "delete from marts.dim_leads")
    with pytest.raises(data.ServingFileUnreadable):
        data.query(file, "select * from read_csv('/etc/passwd')")


def test_filters_are_values_never_sql(published_demo: Path, serve):
    file = serve(published_demo)
    assert funnel_queries.funnel(file, None, None, Selection())["lead_count"].max() > 0
    for attack in ("x') or true --", "'; drop table marts.dim_leads; --"):
        funnel = funnel_queries.funnel(file, None, None, Selection(channel=(attack,), persona=(attack,)))
        assert funnel["lead_count"].sum() == 0


def test_filter_options_are_the_values_that_leads_have(published_demo: Path, serve):
    labels = data.dimension_labels(serve(published_demo))
    for dimension, column in {"channel": "channel", "persona": "persona", "segment": "segment"}.items():
        rows = ask(published_demo, f"select distinct {column} from marts.dim_leads where {column} is not null")
        assert set(labels[dimension]) == {value for (value,) in rows}
    campaigns = {value for (value,) in ask(published_demo, "select distinct campaign_id from marts.dim_leads")} - {None}
    assert campaigns <= set(labels["campaign"])


def test_options_that_bear_one_name_can_be_told_apart(changed_company, serve):
    company = changed_company("update marts.dim_channels set channel_label = 'Same'")
    labels = data.dimension_labels(serve(company))["channel"]
    assert len(set(labels.values())) == len(labels)


@pytest.mark.parametrize(
    "note",
    [
        "",
        "no json",
        "[]",
        "{}",
        '{"finished_at": "yesterday", "status": "failed"}',
        '{"finished_at": null, "status": 1}',
    ],
)
def test_a_note_of_the_last_run_that_makes_no_sense_is_no_note(changed_company, serve, note: str):
    serve(changed_company(last_run=note))
    assert data.last_run() is None


def test_the_note_of_the_last_run_is_read_as_utc(changed_company, serve):
    note = {"run_id": "r", "finished_at": "2026-11-21T06:12:00+01:00", "status": "failed", "message": "m"}
    serve(changed_company(last_run=json.dumps(note)))
    assert data.last_run().finished_at == datetime(2026, 11, 21, 5, 12)


def test_a_file_stays_open_only_until_it_is_gone(changed_company, serve):
    pruned, kept = serve(changed_company()), serve(changed_company())
    for file in (pruned, kept):
        assert len(data.query(file, "from marts.published_run"))
    assert {pruned, kept} <= set(data._opened)
    Path(pruned).unlink()
    data.query(kept, "select count(*) from marts.dim_leads")
    assert pruned not in data._opened
    assert kept in data._opened


def test_no_more_than_some_files_stay_open(changed_company, serve):
    files = [serve(changed_company()) for _ in range(data.KEPT_OPEN + 1)]
    for file in files:
        data.query(file, "from marts.published_run")
    assert list(data._opened) == files[1:]


def test_a_file_that_was_replaced_under_its_name_is_read_anew(changed_company, serve):
    file = serve(changed_company())
    before = data.query(file, "select run_id from marts.published_run")["run_id"].item()
    other = serve(changed_company("update marts.published_run set run_id = 'the other'"))
    Path(other).replace(file)
    # Another question: the answer to the first one is kept.
    after = data.query(file, "select run_id, as_of from marts.published_run")["run_id"].item()
    assert after == "the other" != before


def test_a_file_that_is_gone_is_let_go_though_nobody_asks(changed_company, serve, monkeypatch):
    monkeypatch.setattr(data, "SECONDS_UNTIL_LET_GO", 0.05)
    monkeypatch.setattr(data, "_watching", [])
    file = serve(changed_company())
    data.query(file, "from marts.published_run")
    Path(file).unlink()
    for _ in range(100):
        if file not in data._opened:
            break
        time.sleep(0.05)
    assert file not in data._opened
