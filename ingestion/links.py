"""Addresses of web pages: what their queries say of where a visit came from, and what is left of them without."""

import re
from typing import Any
from urllib.parse import parse_qs

UTM = ("utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term")
# What ads leave in the address of the page that they lead to.
CLICK_IDS = ("gclid", "gbraid", "wbraid", "msclkid", "fbclid", "li_fat_id", "ttclid", "twclid")
# A scheme, perhaps a user with a password, host and path, and what may follow: a query, a fragment.
ADDRESS = re.compile(r"""(https?://)(?:[^\s"'<>/?#@]*@)?([^\s"'<>?#\\]*)(?:[?#][^\s"'<>\\]*)?""", re.IGNORECASE)


def query_of(address: str) -> str:
    """What stands between `?` and `#`."""
    return address.partition("#")[0].partition("?")[2]


def tags_of(query: str) -> dict[str, str]:
    """UTM tags and the click id, as `kind:value`, of a query; only those that it has."""
    given = parse_qs(query)
    tags = {name: given[name][0] for name in UTM if name in given}
    click = next((f"{kind}:{given[kind][0]}" for kind in CLICK_IDS if kind in given), None)
    return tags | ({"click_id": click} if click else {})


def without_query(address: str) -> str:
    """An address without query and fragment, whatever its shape, and without a password."""
    return without_queries(address.partition("#")[0].partition("?")[0])


def without_queries(text: str) -> str:
    """A text in which no address has a query: those may hold e-mails, names and keys of sessions."""
    return ADDRESS.sub(r"\1\2", text)


def scrubbed(value: Any) -> Any:
    """Any JSON value, without a query in any address at any depth."""
    if isinstance(value, str):
        return without_queries(value)
    if isinstance(value, list):
        return [scrubbed(item) for item in value]
    if isinstance(value, dict):
        return {name: scrubbed(item) for name, item in value.items()}
    return value
