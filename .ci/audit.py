"""What `make lint` asks of the packages: pinned by hash, installed as pinned, fitting each other, without known holes.

Whether a package has a known vulnerability is asked of the package index. Where that cannot be asked, it is said, and
the rest is checked all the same. A finding that is lived with for a while is a row of accepted_vulnerabilities.csv.
"""

import csv
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import distributions
from pathlib import Path

PROJECT_DIR = Path(__file__).resolve().parent.parent
LOCK = PROJECT_DIR / "requirements.lock"
ACCEPTED = Path(__file__).with_name("accepted_vulnerabilities.csv")
# They are there to install and lock the others; an environment brings them along.
TOOLS = {"pip", "setuptools", "uv", "wheel"}


def main() -> int:
    """Print what is wrong, a line each; 0 where nothing is."""
    pins = pinned(LOCK.read_text(encoding="utf-8"))
    installed = {normalised(one.metadata["Name"]): one.version for one in distributions()}
    faults = [*unhashed(pins), *unlocked(pins, installed), *unfitting()]
    answer = asked()
    faults += vulnerable(answer, accepted(ACCEPTED.read_text(encoding="utf-8"), date.today())) if answer else []
    for fault in faults:
        print(f"✗ {fault}", file=sys.stderr)
    if answer is None or unanswered(answer):
        many = "none" if answer is None else f"{len(answer) - unanswered(answer):,} of {len(answer):,}"
        print(f"! Known vulnerabilities: {many} of the packages could be asked for here.", file=sys.stderr)
    return bool(faults)


def normalised(name: str) -> str:
    """A package's name as the index spells it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(lock: str) -> dict[str, dict[str, int]]:
    """Per package of a lock file its versions, which may differ between Pythons, and how many hashes each has."""
    pins: dict[str, dict[str, int]] = {}
    for entry in re.split(r"\n(?=\S)", lock):
        found = re.match(r"([A-Za-z0-9._-]+)(?:\[[^]]*\])?==(\S+)", entry)
        if found:
            pins.setdefault(normalised(found[1]), {})[found[2]] = entry.count("--hash=sha256:")
    return pins


def unhashed(pins: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Pins without a hash: whatever the index gives would be installed."""
    return [
        f"{name} has no hash in requirements.lock; run make lock."
        for name, versions in pins.items()
        if not all(versions.values())
    ]


def unlocked(pins: Mapping[str, Mapping[str, int]], installed: Mapping[str, str]) -> list[str]:
    """What is installed and not as the lock says."""
    return [
        f"{name} {version} is installed; the lock has {' and '.join(pins.get(name, ['none']))}. Run make clean."
        for name, version in sorted(installed.items())
        if name not in TOOLS and version not in pins.get(name, ())
    ]


def unfitting() -> list[str]:
    """What pip says of packages that do not fit each other."""
    found = subprocess.run(
        [sys.executable, "-m", "pip", "check", "--disable-pip-version-check"],
        capture_output=True,
        text=True,
        check=False,
    )
    return found.stdout.strip().splitlines() if found.returncode else []


def asked() -> list[dict] | None:
    """What the index tells of each package; None where it cannot be reached."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(LOCK), "--disable-pip"]
        command += ["--progress-spinner", "off", "--timeout", "5", "--format", "json", "--output", str(answer)]
        try:
            subprocess.run(command, capture_output=True, check=False, timeout=120)
            return json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
        except (OSError, ValueError, KeyError, subprocess.TimeoutExpired):
            return None


def unanswered(answer: Iterable[Mapping]) -> int:
    """Of how many packages the index knew nothing."""
    return sum("skip_reason" in package for package in answer)


def accepted(table: str, today: date) -> set[str]:
    """The vulnerabilities that are lived with, each up to its last day."""
    return {row["id"] for row in csv.DictReader(table.splitlines()) if date.fromisoformat(row["until"]) >= today}


def vulnerable(answer: Iterable[Mapping], accepted: set[str]) -> list[str]:
    """Known vulnerabilities that nobody has accepted."""
    faults = []
    for package in answer:
        for hole in package.get("vulns", []):
            if not accepted & {hole["id"], *hole.get("aliases", [])}:
                mended = ", ".join(hole["fix_versions"]) or "no version yet"
                faults.append(
                    f"{package['name']} {package['version']} has {hole['id']}; mended in {mended}. "
                    f"Update it, or accept it with a reason in .ci/{ACCEPTED.name}."
                )
    return faults


if __name__ == "__main__":
    sys.exit(main())
