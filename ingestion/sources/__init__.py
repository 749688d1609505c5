"""The systems that can be connected: one folder each, found by name.

A source's module offers `extract(settings, raw)`, which lands what is new since the last load and says what that is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType

from ingestion.faults import Fault

RAW_PREFIX = "raw_"


@dataclass(frozen=True)
class RawState:
    """What a source may know of the warehouse when it extracts: where it is, and the moment that it loads as.

    With `is_reload` it reads everything from the beginning, as if for the first time. `suppressed_counts` is filled as
    it goes: per raw table, how many rows were left out since they tell of people who were erased.
    """

    warehouse: Path
    dataset: str
    loaded_at: datetime
    is_reload: bool = False
    suppressed_counts: dict[str, int] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return self.dataset.removeprefix(RAW_PREFIX)


@dataclass(frozen=True)
class Extraction:
    """What one extraction found.

    `row_count` rows were given = rows accepted + `quarantined_count`; `changed_count` of the accepted ones (new,
    changed or deleted since the last load) have landed as files in the folder `landing`. `columns` gives each raw
    table's own columns and their types; those that stand in the warehouse with all of them are `complete`. `notices`
    are sentences for the user.
    """

    landing: Path
    columns: Mapping[str, Mapping[str, str]]
    complete: set[str]
    row_count: int = 0
    changed_count: int = 0
    quarantined_count: int = 0
    notices: list[str] = field(default_factory=list)


def known_sources() -> list[str]:
    """The names of all sources, connected or not."""
    return sorted(module.name for module in iter_modules(__path__) if module.ispkg)


def source_module(name: str, named_by: str = "FUNNELHOUSE_SOURCES") -> ModuleType:
    """The module of a source. Raises Fault where there is none of that name in the setting `named_by`."""
    if name not in known_sources():
        raise Fault(f"{named_by}: there is no source '{name}'; known are {', '.join(known_sources())}.")
    return import_module(f"ingestion.sources.{name}")


def raw_dataset(name: str) -> str:
    """The schema of the warehouse that holds the raw tables of a source."""
    return RAW_PREFIX + name
