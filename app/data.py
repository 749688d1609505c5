"""The one place that opens the serving file. It reads; every formula lives in the file's own marts and macros."""

import atexit
import json
import os
from contextlib import suppress
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from pathlib import Path
from threading import Event, Lock, Thread

import duckdb
import pandas as pd
import streamlit as st

from app.formatting import local

PROJECT_FOLDER = Path(__file__).resolve().parents[1]

# The serving file is data, not a program: it may neither load extensions (from the network) nor read other files.
FORBIDDEN = ("autoinstall_known_extensions", "autoload_known_extensions", "enable_external_access")
# Files that stay open for the next question: opening one takes 30 ms, mostly its macros; asking an open one takes half.
KEPT_OPEN = 4
# After so long at most a file that was pruned, or of which a person was erased, is let go though nobody asks anything.
SECONDS_UNTIL_LET_GO = 60

# How a published file is named, by when it was published (UTC).
VERSION_NAME = "%Y%m%dT%H%M%S%fZ"

DIMENSIONS = ("channel", "campaign", "persona", "segment", "product")


class ServingFileMissing(Exception):
    """Nothing has been published yet."""


class ServingFileUnreadable(Exception):
    """A serving file is there but cannot be read, or lacks what the app asks for."""


@dataclass(frozen=True)
class PublishedRun:
    """The run whose numbers are shown. Moments are naive UTC."""

    run_id: str
    as_of: datetime
    published_at: datetime
    reporting_timezone: str
    reporting_currency: str
    data_complete_through: datetime | None

    @property
    def as_of_date(self) -> date:
        """The last local day that the numbers know."""
        return local(self.as_of, self.reporting_timezone).date()


@dataclass(frozen=True)
class Build:
    """What the numbers were made by. Groups of fewer records than `least_group_count` are shown and not judged."""

    least_group_count: int
    least_closed_count: int
    conversion_horizon_days: int
    velocity_window_days: int


@dataclass(frozen=True)
class LastRun:
    """How the latest refresh ended, published or not. Moments are naive UTC.

    Where it failed, `failing_since` is when the first of the `failed_runs` in a row did.
    """

    run_id: str
    finished_at: datetime
    status: str
    message: str
    failing_since: datetime | None = None
    failed_runs: int = 1


@dataclass(frozen=True)
class Selection:
    """The five filters. An empty tuple filters nothing."""

    channel: tuple[str, ...] = ()
    campaign: tuple[str, ...] = ()
    persona: tuple[str, ...] = ()
    segment: tuple[str, ...] = ()
    product: tuple[str, ...] = ()

    @property
    def active_count(self) -> int:
        """How many of the filters narrow the numbers."""
        return sum(bool(getattr(self, field.name)) for field in fields(self))


def serving_folder() -> Path:
    """Where the published files lie."""
    return Path(os.environ.get("FUNNELHOUSE_DATA_DIR") or PROJECT_FOLDER / "data") / "serving"


def current_file() -> str:
    """The versioned file that `current.duckdb` points at now.

    The link itself is never opened: while one connection to a path is open, the same process gets the old database for
    that path even after the link was swapped.
    """
    try:
        return str((serving_folder() / "current.duckdb").resolve(strict=True))
    except (OSError, RuntimeError) as problem:
        raise ServingFileMissing(str(problem)) from problem


def earlier_versions(file: str) -> dict[str, datetime]:
    """The versions that were published before this file and are kept, newest first, with when they were (naive UTC).

    What was published after it was taken back by a rollback and is nobody's numbers any more.
    """
    kept = {}
    for path in sorted(Path(file).parent.glob("*.duckdb"), reverse=True):
        with suppress(ValueError):  # a link, or somebody's own file
            published_at = datetime.strptime(path.stem, VERSION_NAME)
            if path.name < Path(file).name:
                kept[path.stem] = published_at
    return kept


def last_run() -> LastRun | None:
    """How the latest refresh ended; None where that is unknown."""
    try:
        note = json.loads((serving_folder() / "last_run.json").read_text(encoding="utf-8"))
        return LastRun(
            run_id=str(note.get("run_id")),
            finished_at=_moment(note["finished_at"]),
            status=str(note["status"]),
            message=str(note.get("message") or ""),
            failing_since=_moment(note["failing_since"]) if note.get("failing_since") else None,
            failed_runs=int(note.get("failed_runs") or 1),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)


@st.cache_data(show_spinner=False, max_entries=1000)
def _read(file: str, sql: str, parameters: tuple[tuple[str, object], ...]) -> pd.DataFrame:
    """The rows of one query. The file's name is part of the key, so a new publication is read anew."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters}
    with _connection(file) as connection:
        return connection.execute(sql, values or None).df()


@dataclass(frozen=True)
class _Opened:
    """An open file, and which one it was when it was opened."""

    connection: duckdb.DuckDBPyConnection
    identity: tuple[int, int] | None


_opened: dict[str, _Opened] = {}
_opening = Lock()
_watching: list[Thread] = []
_ending = Event()


def _connection(file: str) -> duckdb.DuckDBPyConnection:
    """A connection of one's own to a file; the file itself stays open until others are asked or it is gone.

    Who still asks a file that is closed here gets the answer: it is let go with the last connection to it.
    """
    with _opening:
        _let_go()
        if not _watching:
            _watching.append(Thread(target=_let_go_in_time, daemon=True))
            _watching[0].start()
        opened = _opened.pop(file, None)
        if opened is None:
            identity = _identity(file)
            connection = duckdb.connect(file, read_only=True)
            for setting in FORBIDDEN:
                connection.execute(f"set {setting} = false")
            opened = _Opened(connection, identity)
            for oldest in list(_opened)[: 1 - KEPT_OPEN]:
                _opened.pop(oldest).connection.close()
        # The one asked last stands last.
        _opened[file] = opened
        return opened.connection.cursor()


def _let_go() -> None:
    """Close the files that are gone or that others have replaced."""
    for path, opened in list(_opened.items()):
        if opened.identity != _identity(path):
            _opened.pop(path).connection.close()


def _let_go_in_time() -> None:
    while not _ending.wait(SECONDS_UNTIL_LET_GO):
        with _opening:
            _let_go()


@atexit.register
def _end() -> None:
    _ending.set()
    for thread in _watching:
        thread.join()


def _identity(file: str) -> tuple[int, int] | None:
    """Which file lies under a name; None where there is none."""
    try:
        found = Path(file).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def query(file: str, sql: str, **parameters: object) -> pd.DataFrame:
    """Run a query; where the file was pruned after it was resolved, once more on its successor."""
    bound = tuple(parameters.items())
    try:
        try:
            return _read(file, sql, bound)
        except duckdb.IOException:
            if Path(file).exists():
                raise
            return _read(current_file(), sql, bound)
    except duckdb.Error as problem:
        raise ServingFileUnreadable(str(problem)) from problem


# How every table macro takes the filters; `narrowing` gives the values.
MACRO_FILTERS = """
    from_date := $from_date::date,
    to_date := $to_date::date,
    channels := $channels::varchar[],
    campaign_ids := $campaign_ids::varchar[],
    personas := $personas::varchar[],
    segments := $segments::varchar[],
    products := $products::varchar[]
"""

# Channel and campaign on a table that carries them, as the macros mean them: a campaign includes its children.
HOLDS_ORIGIN = """(
    ($channels::varchar[] is null or list_contains($channels::varchar[], channel))
    and ($campaign_ids::varchar[] is null or campaign_id in (
        select campaigns.campaign_id from marts.dim_campaigns as campaigns
        where list_contains($campaign_ids::varchar[], campaigns.campaign_id)
            or list_contains($campaign_ids::varchar[], campaigns.parent_campaign_id)
    ))
)"""
# All five filters likewise.
HOLDS_FILTERS = f"""(
    {HOLDS_ORIGIN}
    and ($personas::varchar[] is null or list_contains($personas::varchar[], persona))
    and ($segments::varchar[] is null or list_contains($segments::varchar[], segment))
    and ($products::varchar[] is null or list_contains($products::varchar[], product))
)"""


def in_period(day: str) -> str:
    """Whether a local day lies between `$from_date` and `$to_date`, both included; null is without end."""
    return (
        f"(($from_date::date is null or {day} >= $from_date::date)"
        f" and ($to_date::date is null or {day} <= $to_date::date))"
    )


def in_months(month: str) -> str:
    """Whether a month, by its first day, lies between `$from_month` and `$to_month`, both included."""
    return (
        f"(($from_month::date is null or {month} >= $from_month::date)"
        f" and ($to_month::date is null or {month} <= $to_month::date))"
    )


def is_kept(place: str, count: str) -> str:
    """Whether a row is among `$most` evenly taken ones, the first and the last of `count` among them; by its place."""
    return f"{place} = 1 or {place} * ($most - 1) // {count} > ({place} - 1) * ($most - 1) // {count}"


def narrowing(selection: Selection) -> dict[str, tuple[str, ...] | None]:
    """The five filters as parameters of a query; None does not filter."""
    return {
        "channels": selection.channel or None,
        "campaign_ids": selection.campaign or None,
        "personas": selection.persona or None,
        "segments": selection.segment or None,
        "products": selection.product or None,
    }


def within(from_date: date | None, to_date: date | None, selection: Selection) -> dict[str, object]:
    """A period and the five filters as parameters of a query."""
    return {"from_date": from_date, "to_date": to_date, **narrowing(selection)}


def table_macro(
    file: str, name: str, from_date: date | None, to_date: date | None, selection: Selection, **arguments: object
) -> pd.DataFrame:
    """All rows of a table macro of the marts for a period and the filters; `arguments` are the macro's own."""
    own = ", ".join(f"{argument} := ${argument}" for argument in arguments)
    return query(
        file,
        f"from marts.{name}({f'{own},' if own else ''} {MACRO_FILTERS})",
        **within(from_date, to_date, selection),
        **arguments,
    )


def published_run(file: str) -> PublishedRun:
    """The one row that says what was published."""
    rows = query(
        file,
        """
        select run_id, as_of, published_at, reporting_timezone, reporting_currency, data_complete_through
        from marts.published_run
        """,
    )
    if len(rows) != 1:
        raise ServingFileUnreadable(f"published_run holds {len(rows)} rows instead of one")
    row = rows.iloc[0]
    complete_through = row["data_complete_through"]
    return PublishedRun(
        run_id=str(row["run_id"]),
        as_of=row["as_of"].to_pydatetime(),
        published_at=row["published_at"].to_pydatetime(),
        reporting_timezone=row["reporting_timezone"],
        reporting_currency=row["reporting_currency"],
        data_complete_through=None if pd.isna(complete_through) else complete_through.to_pydatetime(),
    )


def build(file: str) -> Build:
    """What the numbers were made by."""
    row = query(
        file,
        """
        select least_group_count, least_closed_count, conversion_horizon_days, velocity_window_days
        from marts.dim_build
        """,
    ).iloc[0]
    return Build(**{name: int(value) for name, value in row.items()})


def attribution_models(file: str) -> dict[str, str]:
    """The attribution models by code, the company's usual one first."""
    rows = query(
        file,
        """
        select attribution_model, attribution_model_label
        from playbook.attribution_models
        left join playbook.settings
            on settings.setting = 'headline_attribution_model' and settings.value = attribution_model
        order by settings.value is null, model_order, attribution_model
        """,
    )
    return dict(rows.itertuples(index=False))


def first_lead_date(file: str) -> date | None:
    """The local day of the oldest lead; None where there is no lead at all."""
    value = query(file, "select min(created_date) as first_date from marts.dim_leads")["first_date"].iloc[0]
    return None if pd.isna(value) else pd.Timestamp(value).date()


def dimension_labels(file: str) -> dict[str, dict[str, str]]:
    """Per filter, each value that a lead has, with the name to show for it, sorted by that name."""
    rows = query(
        file,
        """
        with used as (
            select 'channel' as dimension, channel as code from marts.dim_leads group by all
            union all
            select 'campaign', campaign_id from marts.dim_leads group by all
            union all
            select 'persona', persona from marts.dim_leads group by all
            union all
            select 'segment', segment from marts.dim_leads group by all
            union all
            select 'product', product from marts.dim_leads group by all
        ),

        parents as (
            -- Filtering by a campaign includes its children, so a parent that has no lead of its own can be chosen too.
            select 'campaign' as dimension, dim_campaigns.parent_campaign_id as code
            from marts.dim_campaigns
            semi join used on used.dimension = 'campaign' and used.code = dim_campaigns.campaign_id
        ),

        named as (
            select
                listed.dimension,
                listed.code,
                coalesce(dim_channels.channel_label, dim_campaigns.campaign_name, listed.code) as label,
            from (select * from used union select * from parents) as listed
            left join marts.dim_channels
                on listed.dimension = 'channel' and listed.code = dim_channels.channel
            left join marts.dim_campaigns
                on listed.dimension = 'campaign' and listed.code = dim_campaigns.campaign_id
            where listed.code is not null
        )

        select
            dimension,
            code,
            -- A reader, and Streamlit too, tells options apart by what they show.
            if(count(*) over (partition by dimension, label) > 1, label || ' (' || code || ')', label) as label,
        from named
        order by dimension, lower(label), code
        """,
    )
    labels: dict[str, dict[str, str]] = {dimension: {} for dimension in DIMENSIONS}
    for dimension, code, label in rows.itertuples(index=False):
        labels[dimension][code] = label
    return labels


def source_freshness(file: str) -> pd.DataFrame:
    """The sources, the stalest first."""
    return query(
        file,
        """
        select
            source,
            source_label,
            is_required,
            last_loaded_at,
            last_attempt_at,
            last_status,
            last_message,
            data_complete_through,
            row_count,
            quarantined_count,
            hours_since_load,
            max_staleness_hours,
            is_stale,
            last_changed_at,
            quiet_hours,
            is_quiet,
        from marts.fct_source_freshness
        order by is_stale desc, last_status = 'failed' desc, hours_since_load desc nulls first, source
        """,
    )
