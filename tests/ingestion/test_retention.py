"""What need not be kept is let go when the playbook says so, and nothing else."""

import os
from datetime import datetime
from pathlib import Path

import pytest
from conftest import Company, write

from ingestion.faults import Fault
from ingestion.retention import apply_retention

GIVEN = "leads.csv", "lead_id,created_at\n1,2026-01-05\n2,soon\n"
AT, LATER, IN_AUTUMN = "2026-02-01T00:00:00Z", "2026-04-30T00:00:00Z", "2026-11-01T00:00:00Z"


def let_go(company: Company, moment: str, *rows: str) -> list[str]:
    playbook = company.folder / "playbook"
    if rows:
        write(playbook / "retention.csv", "\n".join(["kept,keep_days,rationale", *rows, ""]))
    company.environment["FUNNELHOUSE_AS_OF"] = moment
    return apply_retention(company.settings)


@pytest.fixture
def kept(company: Company) -> Company:
    """A company with a refused row and two exports, one of which is old."""
    company.environment["FUNNELHOUSE_PLAYBOOK_DIR"] = str(company.folder / "playbook")
    (company.folder / "playbook").mkdir()
    company.write(*GIVEN)
    company.load(AT)
    for name, day in (("old.csv", datetime(2026, 2, 1)), ("new.csv", datetime(2026, 4, 29))):
        path = write(exports(company) / name, "lead_id\n1\n")
        os.utime(path, (day.timestamp(), day.timestamp()))
    return company


def exports(company: Company) -> Path:
    return company.settings.data_dir / "exports"


def test_what_a_refused_row_held_goes_and_that_it_was_refused_stays(kept):
    assert let_go(kept, LATER, "refused_rows,89,soon") == []
    assert kept.versions("quarantine", "given") == [('{"lead_id":"2","created_at":"soon"}',)]
    told = let_go(kept, LATER, "refused_rows,87,sooner")
    assert told == ["Contents of refused rows older than 87 days let go by retention.csv: 1."]
    [(line, reason, given)] = kept.versions("quarantine", "line, reason, given")
    assert (line, given) == (3, None) and reason.startswith("created_at: 'soon'")
    assert not list((kept.settings.data_dir / "raw").rglob("quarantine.parquet"))
    assert kept.load(LATER).changed_count == 0
    assert len(kept.versions("quarantine", "given")) == 1


def test_landed_files_stay_unless_a_row_gives_them_days(kept):
    folders = kept.settings.data_dir / "raw" / "files"
    assert let_go(kept, IN_AUTUMN, "exports,,for ever") == []
    assert len(list(folders.glob("2026*"))) == 1
    assert let_go(kept, IN_AUTUMN, "landed_files,100,enough") == [
        "Landed loads older than 100 days let go by retention.csv: 1."
    ]
    assert list(folders.glob("2026*")) == []
    assert len(kept.versions("leads", "lead_id")) == 1


def test_old_exports_go_and_new_ones_stay(kept):
    assert let_go(kept, LATER) == ["Exports older than 30 days let go by retention.csv: 1."]
    assert [path.name for path in exports(kept).iterdir()] == ["new.csv"]


@pytest.mark.parametrize("row", ["refused_rows,many,why", "old_mail,3,why", "exports,30,"])
def test_a_rule_that_cannot_be_understood_is_refused(kept, row):
    with pytest.raises(Fault, match=r"retention\.csv, line 2"):
        let_go(kept, LATER, row)
