"""The sheets that are understood, as `templates.yml` declares them."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import yaml

DECLARATION = Path(__file__).with_name("templates.yml")
# The raw columns of a cell of each type: their suffixes and types.
RAW_TYPES = {
    "text": {"": "string"},
    "name": {"": "string", "_key": "string"},
    "email": {"": "string"},
    "moment": {"": "timestamp", "_precision": "string"},
    "date": {"": "date"},
    "month": {"": "date"},
    "number": {"": "double"},
    "money": {"": "double"},
    "whole": {"": "bigint"},
    "rate": {"": "double"},
    "currency": {"": "string"},
    "choice": {"": "string"},
    "yes_no": {"": "boolean"},
}
# An amount that is merged over rows would count once for each of them.
ADDITIVE_TYPES = ("number", "money", "whole")


@dataclass(frozen=True)
class TemplateColumn:
    """A column in a marketer's words: its header, how else it may be spelt, and what its cells hold."""

    name: str
    header: str
    type: str
    says: str
    also: tuple[str, ...] = ()
    words: Mapping[str, tuple[str, ...]] | None = None
    required: bool = False
    may_be_empty: bool = False
    is_in_templates: bool = True
    example: str = ""

    @property
    def spellings(self) -> set[str]:
        return {normal(word) for word in (self.header, *self.also)}

    @property
    def raw_columns(self) -> dict[str, str]:
        return {self.name + suffix: data_type for suffix, data_type in RAW_TYPES[self.type].items()}

    def choice(self, word: str) -> str | None:
        """What we call a word of a choice; None for an unknown one."""
        meant = normal(word)
        return next(
            (name for name, also in self.words.items() if any(normal(known) == meant for known in (name, *also))), None
        )


@dataclass(frozen=True)
class Template:
    """A kind of sheet: its columns, what makes a row (`key`), and the groups of columns of which it needs one."""

    name: str
    sheet: str
    rows: str
    key: tuple[str, ...]
    columns: Mapping[str, TemplateColumn]
    any_of: tuple[tuple[str, ...], ...] = ((),)

    @property
    def required(self) -> list[TemplateColumn]:
        return [column for column in self.columns.values() if column.required]

    @property
    def raw_columns(self) -> dict[str, str]:
        """The columns of the raw table that its rows go to."""
        own = {name: kind for column in self.columns.values() for name, kind in column.raw_columns.items()}
        people = {"email_key": "string", "email_domain": "string"} if "email" in self.columns else {}
        return {"file": "string", **own, **people}

    @property
    def raw_key(self) -> tuple[str, ...]:
        """What makes a row whatever file it stands in."""
        return tuple(f"{name}_key" if self.columns[name].type == "name" else name for name in self.key)

    def missing(self, names: set[str]) -> list[str]:
        """The headers that a sheet with these columns lacks, alternatives in one; none where it fits."""
        lacking = [column.header for column in self.required if column.name not in names]
        if not any(set(group) <= names for group in self.any_of):
            groups = [" and ".join(self.columns[name].header for name in group) for group in self.any_of]
            lacking.append(" or ".join(groups))
        return lacking


@cache
def templates() -> dict[str, Template]:
    """All templates by name."""
    declared = yaml.safe_load(DECLARATION.read_text(encoding="utf-8"))
    return {name: _template(name, template) for name, template in declared.items()}


@lru_cache(maxsize=10_000)
def normal(text: str) -> str:
    """A word as spellings are compared: letters and digits alone, without case and marks."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return re.sub(r"[\W_]", "", "".join(letter for letter in plain if not unicodedata.combining(letter)))


def _template(name: str, declared: dict) -> Template:
    columns = {
        column: TemplateColumn(
            **{
                **properties,
                "name": column,
                "also": tuple(properties.get("also", ())),
                "example": str(properties.get("example", "")),
            }
        )
        for column, properties in declared["columns"].items()
    }
    groups = tuple(tuple(group) for group in declared.get("any_of", [[]]))
    return Template(name, declared["sheet"], declared["rows"], tuple(declared["key"]), columns, groups)
