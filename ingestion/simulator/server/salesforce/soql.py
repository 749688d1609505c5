"""SOQL: the part of Salesforce's query language that clients use to read tables, parsed into a tree.

query       := SELECT select FROM name [WHERE condition] [ORDER BY keys] [LIMIT n] [OFFSET n] [FOR VIEW | FOR REFERENCE]
select      := COUNT() | item {, item}
item        := field | FIELDS(ALL | STANDARD | CUSTOM) | (COUNT | COUNT_DISTINCT | MIN | MAX)(field) [alias]
condition   := simple {AND simple} | simple {OR simple}      (both at one level need parentheses, as at Salesforce)
simple      := NOT simple | ( condition ) | field operator value | field ([NOT] IN | INCLUDES | EXCLUDES) (values)
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

DATE_FUNCTIONS = ("TODAY", "YESTERDAY", "TOMORROW", "THIS_MONTH", "LAST_MONTH", "THIS_YEAR", "LAST_YEAR")
COUNTED_DATE_FUNCTIONS = ("LAST_N_DAYS", "NEXT_N_DAYS")
AFTER_OBJECT = ("WHERE", "ORDER", "LIMIT", "OFFSET", "FOR", "GROUP", "WITH", "USING")
AGGREGATES = ("COUNT", "COUNT_DISTINCT", "MIN", "MAX")
OPERATORS = ("=", "!=", "<>", "<=", ">=", "<", ">")
MOST_FIELDS = 200  # LIMIT that FIELDS(ALL) and FIELDS(CUSTOM) need
TOKEN = re.compile(
    r"""\s*(?:
        (?P<text>'(?:[^'\\]|\\.)*')
      | (?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
      | (?P<day>\d{4}-\d\d-\d\d(?![\dT]))
      | (?P<number>[+-]?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<name>[A-Za-z_][\w.]*)
      | (?P<sign>!=|<>|<=|>=|[=<>(),:])
    )""",
    re.VERBOSE,
)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f", "N": "\n", "R": "\r", "T": "\t"}


class SoqlError(Exception):
    """A query that Salesforce would refuse: its error code, its words, and the place in the query if there is one."""

    def __init__(self, code: str, words: str, query: str = "", at: int | None = None) -> None:
        super().__init__(words)
        self.code, self.words, self.query, self.at = code, words, query, at

    @property
    def message(self) -> str:
        """As Salesforce words it: a piece of the query with a mark below, then the complaint."""
        if self.at is None:
            return self.words
        start = max(0, self.at - 20)
        piece = self.query[start : self.at + 20].replace("\n", " ")
        mark = " " * (self.at - start)
        return f"\n{piece}\n{mark}^\nERROR at Row:1:Column:{self.at + 1}\n{self.words}"


@dataclass(frozen=True)
class Field:
    """A field by its path (`Owner.Name`), and where it stands in the query."""

    path: tuple[str, ...]
    at: int = 0

    @property
    def name(self) -> str:
        return ".".join(self.path)


@dataclass(frozen=True)
class Aggregate:
    """`COUNT(Id) n`; without an alias the vendor calls the first one expr0."""

    function: str
    field: Field
    alias: str | None


@dataclass(frozen=True)
class Fields:
    """`FIELDS(ALL)`, `FIELDS(STANDARD)` or `FIELDS(CUSTOM)`."""

    kind: str


@dataclass(frozen=True)
class DateFunction:
    """`TODAY`, `LAST_N_DAYS:7`."""

    name: str
    count: int = 0


@dataclass(frozen=True)
class Pattern:
    """The text of a LIKE, with its escapes still in it."""

    text: str


@dataclass(frozen=True)
class Comparison:
    """`operator` is one of OPERATORS without <>, or IN, NOT IN, LIKE, INCLUDES, EXCLUDES (with a tuple of values)."""

    field: Field
    operator: str
    value: Any


@dataclass(frozen=True)
class Not:
    """The rows that a condition does not hold for."""

    condition: "Condition"


@dataclass(frozen=True)
class Junction:
    """`word` is AND or OR."""

    word: str
    conditions: tuple["Condition", ...]


Condition = Comparison | Not | Junction


@dataclass(frozen=True)
class Key:
    """One key of ORDER BY; nulls come first unless it says LAST."""

    field: Field
    is_descending: bool = False
    has_nulls_last: bool = False


@dataclass(frozen=True)
class Query:
    """A parsed query; `is_count` for `SELECT COUNT()`."""

    text: str
    select: tuple[Field | Fields | Aggregate, ...]
    is_count: bool
    object: str
    object_at: int
    where: Condition | None = None
    order: tuple[Key, ...] = ()
    limit: int | None = None
    offset: int = 0


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str
    at: int


def parse(text: str) -> Query:
    """Raises SoqlError where Salesforce would."""
    return _Parser(text).query()


def unescaped(text: str) -> str:
    """A string literal's inside without its backslashes."""
    return re.sub(r"\\(.)", lambda found: ESCAPES.get(found[1], found[1]), text)


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = list(self._tokens())
        self.next = 0
        self.alias = self._alias()

    def query(self) -> Query:
        self._expect("SELECT")
        is_count, select = self._select()
        self._expect("FROM")
        target = self._take("name")
        if self.alias:
            self.next += 1
        where = self._condition() if self._accept("WHERE") else None
        order: tuple[Key, ...] = ()
        if self._accept("ORDER"):
            self._expect("BY")
            order = tuple(self._list(self._key))
        limit = int(self._take("number").text) if self._accept("LIMIT") else None
        offset = int(self._take("number").text) if self._accept("OFFSET") else 0
        if self._accept("FOR"):
            self._take("name")
        if self._token.kind != "end":
            raise self._unexpected()
        if any(isinstance(item, Fields) and item.kind != "STANDARD" for item in select) and not (
            limit is not None and limit <= MOST_FIELDS
        ):
            words = f"The SOQL FIELDS function must have a LIMIT of at most {MOST_FIELDS}"
            raise SoqlError("MALFORMED_QUERY", words)
        if offset > 2000:
            raise SoqlError("NUMBER_OUTSIDE_VALID_RANGE", "Maximum SOQL offset allowed is 2000")
        return Query(self.text, select, is_count, target.text, target.at, where, order, limit, offset)

    def _alias(self) -> str | None:
        """By what name the query calls the object: `l` in `FROM Lead l`."""
        places = [place for place, token in enumerate(self.tokens) if token.text.upper() == "FROM"]
        if not places or places[0] + 2 >= len(self.tokens):
            return None
        token = self.tokens[places[0] + 2]
        return token.text if token.kind == "name" and token.text.upper() not in AFTER_OBJECT else None

    def _select(self) -> tuple[bool, tuple[Field | Fields | Aggregate, ...]]:
        is_count = self._token.text.upper() == "COUNT" and [token.text for token in self._ahead(3)][1:] == ["(", ")"]
        if is_count:
            self.next += 3
            return True, ()
        return False, tuple(self._list(self._item))

    def _item(self) -> Field | Fields | Aggregate:
        function = self._token.text.upper()
        if self._token.kind == "name" and self._ahead(2)[-1].text == "(":
            if function == "FIELDS":
                self.next += 2
                kind = self._take("name").text.upper()
                if kind not in ("ALL", "STANDARD", "CUSTOM"):
                    raise SoqlError("MALFORMED_QUERY", f"unexpected token: '{kind}'")
                self._expect(")")
                return Fields(kind)
            if function in AGGREGATES:
                self.next += 2
                field = self._field()
                self._expect(")")
                has_alias = self._token.kind == "name" and self._token.text.upper() != "FROM"
                return Aggregate(function, field, self._take("name").text if has_alias else None)
            raise self._unexpected()
        return self._field()

    def _condition(self) -> Condition:
        conditions = [self._simple()]
        word = next((word for word in ("AND", "OR") if self._is(word)), None)
        while word and self._accept(word):
            conditions.append(self._simple())
        if self._is("AND") or self._is("OR"):
            raise self._unexpected()
        return Junction(word, tuple(conditions)) if word else conditions[0]

    def _simple(self) -> Condition:
        if self._accept("NOT"):
            return Not(self._simple())
        if self._accept("("):
            condition = self._condition()
            self._expect(")")
            return condition
        field = self._field()
        if self._accept("NOT"):
            self._expect("IN")
            return Comparison(field, "NOT IN", self._values())
        for word in ("IN", "INCLUDES", "EXCLUDES"):
            if self._accept(word):
                return Comparison(field, word, self._values())
        if self._accept("LIKE"):
            return Comparison(field, "LIKE", Pattern(self._take("text").text[1:-1]))
        operator = self._take("sign").text
        if operator not in OPERATORS:
            self.next -= 1
            raise self._unexpected()
        return Comparison(field, "!=" if operator == "<>" else operator, self._value())

    def _values(self) -> tuple[Any, ...]:
        self._expect("(")
        values = tuple(self._list(self._value))
        self._expect(")")
        return values

    def _value(self) -> Any:
        token = self._token
        self.next += 1
        if token.kind == "text":
            return unescaped(token.text[1:-1])
        if token.kind == "moment":
            return moment(token.text)
        if token.kind == "day":
            return np.datetime64(token.text, "D")
        if token.kind == "number":
            return float(token.text) if set(token.text) & set(".eE") else int(token.text)
        word = token.text.upper()
        if token.kind == "name":
            if word in ("TRUE", "FALSE"):
                return word == "TRUE"
            if word == "NULL":
                return None
            if word in DATE_FUNCTIONS:
                return DateFunction(word)
            if word in COUNTED_DATE_FUNCTIONS:
                self._expect(":")
                return DateFunction(word, int(self._take("number").text))
        self.next -= 1
        raise self._unexpected()

    def _key(self) -> Key:
        field = self._field()
        is_descending = self._accept("DESC") or (self._accept("ASC") and False)
        has_nulls_last = False
        if self._accept("NULLS"):
            has_nulls_last = self._accept("LAST")
            if not has_nulls_last:
                self._expect("FIRST")
        return Key(field, is_descending, has_nulls_last)

    def _field(self) -> Field:
        token = self._take("name")
        path = tuple(token.text.split("."))
        is_aliased = self.alias and len(path) > 1 and path[0].lower() == self.alias.lower()
        return Field(path[1:] if is_aliased else path, token.at)

    def _list(self, item: Any) -> list:
        items = [item()]
        while self._accept(","):
            items.append(item())
        return items

    @property
    def _token(self) -> _Token:
        return self.tokens[self.next]

    def _ahead(self, count: int) -> list[_Token]:
        return self.tokens[self.next : self.next + count]

    def _is(self, word: str) -> bool:
        return self._token.kind in ("name", "sign") and self._token.text.upper() == word

    def _accept(self, word: str) -> bool:
        found = self._is(word)
        self.next += found
        return found

    def _expect(self, word: str) -> None:
        if not self._accept(word):
            raise self._unexpected()

    def _take(self, kind: str) -> _Token:
        token = self._token
        if token.kind != kind:
            raise self._unexpected()
        self.next += 1
        return token

    def _unexpected(self) -> SoqlError:
        words = f"unexpected token: '{self._token.text or '<EOF>'}'"
        return SoqlError("MALFORMED_QUERY", words, self.text, self._token.at)

    def _tokens(self):
        position = 0
        while self.text[position:].strip():
            found = TOKEN.match(self.text, position)
            if not found:
                at = position + len(self.text[position:]) - len(self.text[position:].lstrip())
                words = f"line 1:{at} no viable alternative at character '{self.text[at]}'"
                raise SoqlError("MALFORMED_QUERY", words, self.text, at)
            kind = found.lastgroup
            yield _Token(kind, found[kind], found.start(kind))
            position = found.end()
        yield _Token("end", "", len(self.text))


def moment(text: str) -> np.datetime64:
    """A date-time literal as naive UTC."""
    found = re.fullmatch(r"(.{19})(\.\d+)?(Z|([+-])(\d\d):?(\d\d))", text)
    try:
        result = np.datetime64(found[1] + (found[2] or ""), "ms")
    except ValueError as error:
        raise SoqlError("MALFORMED_QUERY", f"Invalid dateTime: {text}") from error
    if found[4]:
        offset = np.timedelta64(int(found[5]) * 60 + int(found[6]), "m")
        result = result - offset if found[4] == "+" else result + offset
    return result
