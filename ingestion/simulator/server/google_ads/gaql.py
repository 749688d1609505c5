"""GAQL, the query language of Google Ads, parsed into a tree.

query     := SELECT field {, field} FROM name [WHERE condition {AND condition}] [ORDER BY field [ASC | DESC] {, …}]
             [LIMIT n] [PARAMETERS name = value {, name = value}]
condition := field operator value | field [NOT] IN (values) | field BETWEEN value AND value | field DURING function
           | field [NOT] LIKE text | field [NOT] REGEXP_MATCH text | field CONTAINS (ANY | ALL | NONE) (values)
           | field IS [NOT] NULL
"""

import re
from dataclasses import dataclass
from typing import Any

OPERATORS = ("=", "!=", ">", ">=", "<", "<=")
CLAUSES = ("FROM", "WHERE", "ORDER", "LIMIT", "PARAMETERS")
TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?![\w.]))
      | (?P<name>[A-Za-z_][\w.]*)
      | (?P<sign>!=|>=|<=|[=<>(),])
    )""",
    re.VERBOSE,
)


class GaqlError(Exception):
    """A query that Google would refuse: the kind of error, such as queryError, its code and its words."""

    def __init__(self, code: str, words: str, kind: str = "queryError") -> None:
        super().__init__(words)
        self.kind, self.code, self.words = kind, code, words


@dataclass(frozen=True)
class Word:
    """A value without quotes: an enum's, TRUE, or a function of dates."""

    text: str


@dataclass(frozen=True)
class Condition:
    """`operator` as in the query, in capitals; `value` is a text, number or Word, a tuple of them, or None."""

    field: str
    operator: str
    value: Any = None


@dataclass(frozen=True)
class Query:
    """`order` has pairs of a field and whether it descends; `limit` None is without."""

    select: tuple[str, ...]
    resource: str
    conditions: tuple[Condition, ...] = ()
    order: tuple[tuple[str, bool], ...] = ()
    limit: int | None = None

    @property
    def fields(self) -> list[str]:
        """Every field that the query names."""
        filtered = [condition.field for condition in self.conditions]
        return list(dict.fromkeys([*self.select, *filtered, *(field for field, _ in self.order)]))


def parse(text: str) -> Query:
    """Raises GaqlError where the text is no query."""
    return _Parser(text).query()


class _Parser:
    def __init__(self, text: str) -> None:
        self.tokens = _tokens(text)
        self.place = 0

    def query(self) -> Query:
        if not self.takes("SELECT"):
            raise GaqlError("EXPECTED_SELECT", "Error in query: unexpected input, expected SELECT.")
        select = self.listed(self.field)
        if not self.takes("FROM"):
            raise GaqlError("EXPECTED_FROM", "Error in SELECT clause: missing FROM clause.")
        resource = self.field()
        conditions: list[Condition] = []
        if self.takes("WHERE"):
            conditions.append(self.condition())
            while self.takes("AND"):
                conditions.append(self.condition())
        order: tuple[tuple[str, bool], ...] = ()
        if self.takes("ORDER"):
            if not self.takes("BY"):
                raise GaqlError("EXPECTED_BY", "Error in ORDER BY clause: expected BY after ORDER.")
            order = self.listed(self.ordering)
        limit = self.limit() if self.takes("LIMIT") else None
        if self.takes("PARAMETERS"):
            self.listed(self.parameter)
        if self.place < len(self.tokens):
            raise GaqlError("UNEXPECTED_INPUT", f"Error in query: unexpected input {self.tokens[self.place][1]}.")
        return Query(tuple(dict.fromkeys(select)), resource, tuple(conditions), order, limit)

    def condition(self) -> Condition:
        field = self.field()
        if self.takes("IS"):
            negated = self.takes("NOT")
            self.demand("NULL", field)
            return Condition(field, "IS NOT NULL" if negated else "IS NULL")
        if self.takes("BETWEEN"):
            lower = self.value()
            if not self.takes("AND"):
                raise GaqlError("EXPECTED_AND", "Error in WHERE clause: expected AND between values with BETWEEN.")
            return Condition(field, "BETWEEN", (lower, self.value()))
        if self.takes("DURING"):
            return Condition(field, "DURING", self.value())
        if self.takes("CONTAINS"):
            how = next((how for how in ("ANY", "ALL", "NONE") if self.takes(how)), None)
            if how is None:
                raise GaqlError("BAD_OPERATOR", "Error in WHERE clause: invalid operator CONTAINS.")
            return Condition(field, f"CONTAINS {how}", self.values())
        negation = "NOT " if self.takes("NOT") else ""
        if self.takes("IN"):
            return Condition(field, f"{negation}IN", self.values())
        for operator in ("LIKE", "REGEXP_MATCH"):
            if self.takes(operator):
                return Condition(field, f"{negation}{operator}", self.value())
        _, sign = self.next()
        if sign not in OPERATORS or negation:
            raise GaqlError("BAD_OPERATOR", f"Error in WHERE clause: invalid operator {negation}{sign}.")
        return Condition(field, sign, self.value())

    def ordering(self) -> tuple[str, bool]:
        field = self.field()
        descends = self.takes("DESC")
        if not descends:
            self.takes("ASC")
        return field, descends

    def limit(self) -> int:
        kind, text = self.next()
        if kind != "number" or "." in text:
            raise GaqlError("BAD_LIMIT_VALUE", f"Error in LIMIT clause: invalid value {text}.")
        if int(text) < 1:
            raise GaqlError("LIMIT_VALUE_TOO_LOW", "Error in LIMIT clause: limit value should be greater than 0.")
        return int(text)

    def parameter(self) -> None:
        name = self.field()
        self.demand("=", name)
        self.value()
        if name not in ("include_drafts", "omit_unselected_resource_names"):
            raise GaqlError("BAD_PARAMETER_NAME", f"Error in PARAMETERS clause: unknown parameter {name}.")

    def values(self) -> tuple[Any, ...]:
        kind, text = self.next()
        if text != "(" or kind != "sign":
            raise GaqlError("EXPECTED_LIST", "Error in WHERE clause: the operator requires a list.")
        if self.takes(")"):
            raise GaqlError("PROHIBITED_EMPTY_LIST_IN_CONDITION", "Error in WHERE clause: the list is empty.")
        found = self.listed(self.value)
        self.demand(")", "list")
        return found

    def value(self) -> Any:
        kind, text = self.next()
        if kind == "text":
            return re.sub(r"\\(.)", r"\1", text[1:-1])
        if kind == "number":
            return float(text) if "." in text else int(text)
        if kind == "name":
            return Word(text)
        raise GaqlError("BAD_VALUE", f"Error in WHERE clause: invalid value {text}.")

    def field(self) -> str:
        kind, text = self.next()
        if kind != "name" or text.upper() in CLAUSES:
            raise GaqlError("BAD_FIELD_NAME", f"Error in query: '{text}' is not a valid field name.")
        return text

    def listed(self, one: Any) -> tuple[Any, ...]:
        found = [one()]
        while self.takes(","):
            found.append(one())
        return tuple(found)

    def takes(self, word: str) -> bool:
        """Whether the next token is this word or sign; then it is taken."""
        is_next = self.place < len(self.tokens) and self.tokens[self.place][1].upper() == word
        self.place += is_next
        return is_next

    def demand(self, word: str, after: str) -> None:
        if not self.takes(word):
            raise GaqlError("UNEXPECTED_INPUT", f"Error in query: expected {word} after {after}.")

    def next(self) -> tuple[str, str]:
        if self.place >= len(self.tokens):
            raise GaqlError("UNEXPECTED_END_OF_QUERY", "Error in query: unexpected end of query.")
        self.place += 1
        return self.tokens[self.place - 1]


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = TOKEN.match(text, place)
        if match is None:
            rest = text[place:].lstrip()
            if rest[0] in "'\"":
                raise GaqlError("STRING_NOT_TERMINATED", "Error in query: the string is not terminated.")
            raise GaqlError("BAD_SYMBOL", f"Error in query: unexpected symbol {rest[0]}.")
        found.append((str(match.lastgroup), match[str(match.lastgroup)]))
        place = match.end()
    return found
