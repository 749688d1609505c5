"""The audit of the packages: what it lets pass and what it does not."""

import importlib.util
from datetime import date
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("audit", PROJECT_DIR / ".ci" / "audit.py")
audit = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(audit)

LOCK = """\
alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:bb
beta-two[extra]==2.1 ; python_version < '3.12' \\
    --hash=sha256:cc
beta-two[extra]==2.2 ; python_version >= '3.12' \\
    --hash=sha256:dd
"""
HOLE = {"id": "PYSEC-1", "fix_versions": ["1.1"], "aliases": ["CVE-2026-1"]}


def test_pins_are_read_with_their_hashes():
    assert audit.pinned(LOCK) == {"alpha": {"1.0": 2}, "beta-two": {"2.1": 1, "2.2": 1}}


def test_a_pin_without_a_hash_is_a_fault():
    assert audit.unhashed(audit.pinned(LOCK)) == []
    [fault] = audit.unhashed(audit.pinned(LOCK + "gamma==3\n"))
    assert fault.startswith("gamma has no hash")


@pytest.mark.parametrize(
    ("installed", "faulty"),
    [
        ({"alpha": "1.0", "beta-two": "2.1", "pip": "99"}, []),
        ({"alpha": "1.0"}, []),
        ({"alpha": "1.0.1"}, ["alpha"]),
        ({"alpha": "1.0", "stranger": "1"}, ["stranger"]),
    ],
    ids=str,
)
def test_what_is_installed_is_what_is_locked(installed, faulty):
    faults = audit.unlocked(audit.pinned(LOCK), installed)
    assert [fault.split(" ")[0] for fault in faults] == faulty


def test_a_known_hole_is_a_fault_until_it_is_accepted_by_any_of_its_names():
    answer = [{"name": "alpha", "version": "1.0", "vulns": [HOLE]}, {"name": "beta-two", "skip_reason": "not found"}]
    [fault] = audit.vulnerable(answer, set())
    assert fault.startswith("alpha 1.0 has PYSEC-1; mended in 1.1.")
    assert audit.vulnerable(answer, {"CVE-2026-1"}) == audit.vulnerable(answer, {"PYSEC-1"}) == []
    assert audit.unanswered(answer) == 1


def test_an_index_that_knows_nothing_is_not_taken_for_a_good_answer(monkeypatch, capsys):
    for answer, words in [
        (None, "none of the packages could be asked"),
        ([{"name": "alpha", "skip_reason": "not found"}], "0 of 1 of the packages could be asked"),
    ]:
        monkeypatch.setattr(audit, "asked", lambda answer=answer: answer)
        monkeypatch.setattr(audit, "unfitting", list)
        monkeypatch.setattr(audit, "unlocked", lambda *_: [])
        assert audit.main() == 0
        assert words in capsys.readouterr().err


def test_the_projects_own_lock_has_a_hash_for_every_pin():
    pins = audit.pinned(audit.LOCK.read_text(encoding="utf-8"))
    assert len(pins) > 150
    assert audit.unhashed(pins) == []


def test_what_is_accepted_is_accepted_until_the_end_of_its_last_day():
    table = "id,until,reason\nPYSEC-1,2026-11-28,no way in\nPYSEC-2,2026-11-27,was mended\n"
    assert audit.accepted(table, date(2026, 11, 28)) == {"PYSEC-1"}
    assert audit.accepted(audit.ACCEPTED.read_text(encoding="utf-8"), date.max) == set()
