"""What a user is told when something that they can mend is wrong."""

import re
from pathlib import Path

# What DuckDB, SQLite and the system say of a disk that is full.
FULL_DISK = ("No space left on device", "File too large", "disk is full", "Disk quota exceeded")
# What DuckDB says of a block that does not hold what was written to it.
DAMAGE = "Corrupt database file"
# What it says where another process has the file open.
HELD = re.compile(r'Could not set lock on file "([^"]+)": Conflicting lock is held in (.+?) \(PID (\d+)\)')


class Fault(Exception):
    """A mistake in a file, a setting or the playbook, in words: what, where, and what to do about it."""


def damaged(warehouse: Path, reason: str) -> str:
    """A warehouse that cannot be read, and the way out, in a line."""
    return (
        f"{warehouse} cannot be read ({reason}). Move it and its .wal file away and run `make restore`: it is made "
        "anew from what all loads have landed. docs/reliability.md says more."
    )


def way_out(warehouse: Path, words: str) -> str | None:
    """What words of a tool mean and what to do about it, in a line; None where that is not known.

    It is the warehouse that is damaged: nothing else is read by whoever says so.
    """
    if DAMAGE in words:
        return damaged(warehouse, "a block of it is damaged")
    if held := HELD.search(words):
        file, program, process = held.groups()
        return f"{file} is open in another program ({program}, process {process}). Close it and run the command again."
    for said in FULL_DISK:
        if said in words:
            return f"The disk of {warehouse.parent} is full ({said}). Make room and run the command again."
    return None
