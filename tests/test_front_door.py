"""What a newcomer meets first: make, its help, and one clear line where something is missing."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT_DIR = Path(__file__).resolve().parent.parent
FOLDERS = ("benchmarks", "dbt_project/seeds", "examples", "ingestion")
PAGES = ["README.md", "CONTRIBUTING.md"] + [
    str(page.relative_to(PROJECT_DIR))
    for folder in FOLDERS
    for page in sorted((PROJECT_DIR / folder).rglob("README.md"))
]


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A PATH with the few tools that every system has, and no Python."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in ("awk", "bash", "grep", "id", "rm", "sh", "tail", "touch"):
        (tools / name).symlink_to(shutil.which(name))
    return tools


@pytest.fixture
def bare_clone(tmp_path: Path) -> Path:
    """The files that make needs before there is an environment."""
    folder = tmp_path / "clone"
    folder.mkdir()
    for name in ("Makefile", "requirements.lock"):
        shutil.copy(PROJECT_DIR / name, folder)
    return folder


def make(folder: Path, target: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("make"), target], cwd=folder, env={"PATH": str(path)}, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("target", ["demo", "test"])
def test_a_machine_without_python_is_told_so_in_one_line(bare_clone, bare_machine, target):
    result = make(bare_clone, target, bare_machine)
    assert result.returncode != 0
    assert "✗ Python 3.11, 3.12 or 3.13 is needed; install one and run make again." in result.stdout
    assert not (bare_clone / ".venv").exists()


def test_a_python_that_is_too_old_does_not_count(bare_clone, bare_machine):
    old = bare_machine / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what the version probe gives under an older Python
    old.chmod(0o755)
    assert "✗ Python 3.11, 3.12 or 3.13 is needed" in make(bare_clone, "demo", bare_machine).stdout


def test_help_names_every_target_of_the_readme(bare_clone, bare_machine):
    listed = make(bare_clone, "help", bare_machine).stdout
    for target in ("demo", "test", "refresh", "app", "dagster", "lint", "bench", "clean", "rollback", "replay"):
        assert f"  make {target} " in listed


def test_every_folder_of_the_readme_tree_exists():
    tree = (PROJECT_DIR / "README.md").read_text().split("## Where everything is")[1].split("```")[1]
    parents: list[str] = []
    for line in tree.strip().splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        parents = [*parents[:depth], line.split()[0]]
        path = "/".join(part.rstrip("/") for part in parents).split("<")[0]
        assert (PROJECT_DIR / path).exists(), path


@pytest.mark.parametrize("lock", ["requirements.lock", "tests/e2e/package-lock.json"])
def test_the_locks_name_no_host(lock):
    assert "://" not in (PROJECT_DIR / lock).read_text()


@pytest.mark.parametrize("page", PAGES)
def test_every_link_of_a_page_leads_somewhere(page):
    text = (PROJECT_DIR / page).read_text()
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", text):
        assert (PROJECT_DIR / page).parent.joinpath(target).exists(), target


NAMED_TEST = re.compile(r"`(?:(test_\w+\.py)|…)(?:::(test_\w+))?`")


@pytest.mark.parametrize("page", ["reliability.md", "security.md"])
def test_every_test_that_a_promise_names_is_there(page):
    tests = {path.name: path.read_text() for path in (PROJECT_DIR / "tests").rglob("test_*.py")}
    file, named = "", 0
    for match in NAMED_TEST.finditer((PROJECT_DIR / "docs" / page).read_text()):
        file = match[1] or file  # an ellipsis is the file before
        assert file in tests, file
        assert match[2] is None or f"def {match[2]}(" in tests[file], f"{file}::{match[2]}"
        named += 1
    assert named >= 10
