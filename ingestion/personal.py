"""What raw tables tell of people: by which columns a row is somebody's, and which ones say who that is.

Each source declares it in its `personal.py`; suppression and erasure read it there.
"""

import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING

from ingestion.config import Settings
from ingestion.mappings import mapped_columns
from ingestion.sources import known_sources, raw_dataset

if TYPE_CHECKING:
    from ingestion.records import RawTable

# Of the input contract: who it is, or words that only one person may have.
PERSONAL_COLUMNS = frozenset({"full_name", "email", "phone", "company_name", "job_title"})
# Fields by these names are emptied in a history; what they held before is personal too.
PERSONAL_FIELDS = "name|e.?mail|phone|mobile|fax|title|^company|street|address|(^|_)city|postal|birth|linkedin"
# Stands where an address was a key or a join; RFC 2606 keeps the domain from ever being anybody's.
ERASED_DOMAIN = "erased.invalid"


@dataclass(frozen=True)
class Personal:
    """What a raw table tells of people.

    - `ids`: columns with a person's id, and what the warehouse writes before it.
    - `addresses`: columns with an e-mail address; `visitors`: columns with an anonymous visitor's id.
    - `emptied`: columns that say who it is. `kept`: those that may stay; any other text may tell anything, and goes.
    - `of`: rows are those of the people on the rows of another table: it, its column, the own column.
    - `history_of`: the column that names the field of which the row tells the values.
    - `only_where`: the condition under which `ids` name people.
    """

    ids: Mapping[str, str] = field(default_factory=dict)
    addresses: tuple[str, ...] = ()
    visitors: tuple[str, ...] = ()
    emptied: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    of: tuple[str, str, str] | None = None
    history_of: str | None = None
    only_where: str = "true"


def of_table(table: "RawTable", ids: Iterable[str] = (), prefix: str = "", **others: object) -> Personal:
    """What a vendor's table tells of people; its declared columns stay unless they are `emptied`."""
    return Personal(ids=dict.fromkeys(ids, prefix), kept=tuple(table.declared), **others)


def people_of(source: str) -> dict[str, Personal]:
    """Per raw table what a source tells of people; nothing where it tells of none."""
    module = _module(source)
    return module.PEOPLE if module else {}


def requests_of(source: str) -> str | None:
    """A select of the addresses and the warehouse's ids of those who ask to be forgotten; `{raw}` is the raw schema."""
    return getattr(_module(source), "REQUESTS", None)


def vanished_from(source: str) -> str | None:
    """The raw table from which the people of `requests_of` have vanished, where nothing else says that they ask."""
    return getattr(_module(source), "VANISHED_FROM", None)


def people_in(settings: Settings) -> dict[tuple[str, str], Personal]:
    """What `people_of` says of all sources, by raw schema and table; fields that the playbook maps are kept as well,
    unless they are personal.
    """
    mapped = json.loads(mapped_columns(settings))
    return {
        (raw_dataset(source), table): _with_mapped(personal, mapped.get(source, {}).get(table, {}))
        for source in known_sources()
        for table, personal in people_of(source).items()
    }


def _module(source: str) -> ModuleType | None:
    name = f"ingestion.sources.{source}.personal"
    return import_module(name) if source in known_sources() and find_spec(name) else None


def _with_mapped(personal: Personal, mapped: Mapping[str, str]) -> Personal:
    told = tuple(raw for ours, raw in mapped.items() if ours in PERSONAL_COLUMNS)
    kept = tuple(raw for ours, raw in mapped.items() if ours not in PERSONAL_COLUMNS)
    return replace(personal, emptied=(*personal.emptied, *told), kept=(*personal.kept, *kept))


def normal_address(address: str) -> str:
    """An address as it is compared: without case, spaces around it and what follows a plus sign."""
    local, _, domain = address.strip().lower().rpartition("@")
    return f"{local.split('+')[0]}@{domain}"


def normal_address_sql(expression: str) -> str:
    """The same in SQL."""
    return rf"regexp_replace(lower(trim({expression})), '\+[^@]*@', '@')"


def keyed(secret: bytes, kind: str, value: str) -> str:
    """HMAC-SHA256 of a kind of thing and its value: names nobody to those who lack the secret."""
    return hmac.new(secret, f"{kind}|{value}".encode(), sha256).hexdigest()
