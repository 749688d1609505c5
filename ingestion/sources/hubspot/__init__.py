"""HubSpot: CRM with the history of its properties, marketing, and what people did."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from ingestion import records
from ingestion.config import Settings
from ingestion.http import HttpSettings
from ingestion.mappings import field_mappings
from ingestion.pages import Page, Stream
from ingestion.sources import Extraction, RawState
from ingestion.sources.hubspot import account
from ingestion.sources.hubspot.client import BadRequest, Client, MissingScope
from ingestion.sources.hubspot.crm import Crm, CrmObject
from ingestion.sources.hubspot.events import Events
from ingestion.sources.hubspot.marketing import Marketing
from ingestion.sources.hubspot.settings import HubSpotSettings
from ingestion.sources.hubspot.tables import ENGAGEMENTS, HISTORIES, MERGES, PROPERTIES, TABLES, tables_with

SOURCE, LABEL = "hubspot", "HubSpot"
LISTED_AT = "ids_listed_at"


def extract(settings: Settings, raw: RawState) -> Extraction:
    """What is new in HubSpot. Raises Fault where it cannot be read."""
    own = HubSpotSettings.from_settings(settings)
    client = Client(own, HttpSettings.from_settings(settings))
    mappings = field_mappings(settings, SOURCE)
    notices: list[str] = []
    present = account.present_mappings(client, settings, mappings, notices)
    known = records.cursors(raw)
    lists_ids = _lists_ids(known, raw.loaded_at, own.listing_days)
    streams = _streams(client, own, present, lists_ids)
    if lists_ids or not known:
        streams.append(Stream(LISTED_AT, lambda *_: iter([Page(cursor=raw.loaded_at.isoformat())])))
    extraction = records.extract(SOURCE, LABEL, settings, raw, tables_with(mappings), streams)
    extraction.notices.extend(notices)
    return extraction


def raw_tables() -> list[str]:
    """The tables of raw_hubspot."""
    return records.raw_tables_of(TABLES)


def _streams(
    client: Client,
    own: HubSpotSettings,
    mappings: Mapping[str, Mapping[str, str]],
    lists_ids: bool,
) -> list[Stream]:
    crm = Crm(client, own)
    events, marketing = Events(client, own, crm), Marketing(client, own, crm)
    objects = [crm.stream(_object(name, mappings.get(name, {}))) for name in PROPERTIES]
    counts = [records.count_stream(name, partial(crm.count, name)) for name in PROPERTIES]
    engagements = [crm.stream(CrmObject(name, tuple(columns))) for name, columns in ENGAGEMENTS.items()]
    listings = [crm.ids(name) for name in (*PROPERTIES, *ENGAGEMENTS)] if lists_ids else []
    optional = [
        *engagements,
        marketing.forms(),
        marketing.submissions(),
        marketing.emails(),
        events.emails(),
        marketing.subscription_types(),
        marketing.subscriptions(),
        marketing.campaigns(),
        marketing.pages(),
        events.web(),
    ]
    streams = [*account.streams(client), *objects, *counts, *map(_left_out_without_its_scope, [*optional, *listings])]
    return [_begun_anew_without_its_place(stream) for stream in streams]


def _object(name: str, mapped: Mapping[str, str]) -> CrmObject:
    """An object with the properties that staging reads and those that the playbook maps, and the history of both."""
    merges = [] if name == "deals" else [column for column in MERGES if column.startswith("hs_")]
    properties = dict.fromkeys([*PROPERTIES[name], *merges, *mapped.values()])
    return CrmObject(name, tuple(properties), tuple(dict.fromkeys([*HISTORIES[name], *mapped.values()])))


def _left_out_without_its_scope(stream: Stream) -> Stream:
    """A stream of what not every account has: without the scope for it, the rest is loaded and a notice says so."""

    def pages(cursor: Any, bookmark: Any) -> Iterator[Page]:
        has_begun = bookmark is not None
        try:
            for page in stream.pages(cursor, bookmark):
                has_begun = True
                yield page
        except MissingScope as missing:
            if has_begun:
                raise
            named = " or ".join(missing.scopes) or "a scope"
            notice = f"HubSpot: {stream.name} is left out, since the app lacks {named}; grant it to have it read."
            yield Page(notice=notice)

    return replace(stream, pages=pages)


def _begun_anew_without_its_place(stream: Stream) -> Stream:
    """A stream that begins anew where HubSpot no longer knows the place at which an earlier try broke off."""

    def pages(cursor: Any, bookmark: Any) -> Iterator[Page]:
        has_gone_on = bookmark is None
        try:
            for page in stream.pages(cursor, bookmark):
                has_gone_on = True
                yield page
        except BadRequest:
            if has_gone_on:
                raise
            yield from stream.pages(cursor, None)

    return replace(stream, pages=pages)


def _lists_ids(known: Mapping[str, Any], loaded_at: datetime, days: float) -> bool:
    """Whether it is time to find out what has vanished; a first load has nothing to compare with."""
    listed_at = known.get(LISTED_AT)
    return listed_at is not None and loaded_at - datetime.fromisoformat(listed_at) >= timedelta(days=days)
