"""Data health: can today's numbers be trusted?"""

import pandas as pd

from app import charts, data, formatting, narrative, shell
from app.content import Block, Card, Chart, Page, Table, Words
from app.languages import N_, _, n_
from app.queries import data_health as queries

KINDS = {"great_expectations": "Great Expectations", "dbt": "dbt", "load": N_("Load")}
SHOWN_REASONS = 50
SHOWN_NAMES = 10
SHOWN_FIGURES = 20
SHOWN_FINDINGS = 15
CAUSES = {
    "code_change": N_("another version of the project"),
    "sources": N_("sources connected or not"),
    "playbook_edit": N_("edited playbook"),
    "exchange_rates": N_("corrected exchange rates"),
    "merges": N_("records found to be one"),
    "late_facts": N_("told or corrected late"),
    "new_facts": N_("happened since"),
    "earlier_moment": N_("an earlier moment is shown"),
    "unexplained": N_("cannot be told"),
}
NAME_KINDS = {"campaign": N_("campaign"), "utm_campaign": N_("tag on links")}
SEVERITIES = {
    "warn": (":orange-badge[:material/warning: {}]", N_("warning")),
    "note": (":gray-badge[:material/info: {}]", N_("note")),
}


def content(frame: shell.Frame) -> Page:
    """The page from top to bottom."""
    sources = data.source_freshness(frame.file)
    checks = queries.check_results(frame.file)
    gaps = queries.data_gaps(frame.file)
    quarantine = queries.quarantine_reasons(frame.file, SHOWN_REASONS)
    naming = queries.naming_counts(frame.file)
    return Page(
        sentence=narrative.health_sentence(checks, sources),
        cards=_cards(frame, sources, checks, quarantine, naming),
        rows=lambda: [
            _sources_table(frame, sources),
            *_older_marts(frame),
            *_check_tables(frame, checks),
            _gaps_table(frame, gaps),
            *_gap_trend(frame, gaps),
            _findings_table(frame),
            _fields_map(frame),
            _naming_table(naming, queries.misnamed_campaigns(frame.file, SHOWN_NAMES)),
            _quarantine_table(frame, quarantine),
            _restatements_table(frame, queries.restatements(frame.file, SHOWN_FIGURES)),
        ],
        remarks=_reports(frame.run),
    )


def _cards(
    frame: shell.Frame,
    sources: pd.DataFrame,
    checks: pd.DataFrame,
    quarantine: pd.DataFrame,
    naming: tuple[int, int],
) -> list[Card]:
    """The headline numbers."""
    run = frame.run
    failed = int((~checks["is_passed"].astype(bool)).sum())
    quarantined = int(quarantine["total_row_count"].iloc[0]) if len(quarantine) else 0
    valid, held = naming
    if checks.empty:
        pill = _("none recorded")
    elif failed:
        pill = n_("of {count}; {failed} failed", "of {count}; {failed} failed", len(checks), failed=failed)
    else:
        pill = n_("of {count}; none failed", "of {count}; none failed", len(checks))
    return [
        Card(
            _("Checks passed"),
            formatting.count(len(checks) - failed) if len(checks) else formatting.MISSING,
            pill=pill,
            tone="bad" if failed else "good" if len(checks) else "plain",
            meaning=_(
                "Checks of what arrived and of what was published. A failed check that blocks keeps a run from being "
                "published."
            ),
        ),
        _oldest_source(sources),
        Card(
            _("Quarantined rows"),
            formatting.count(quarantined),
            pill=n_("{count} reason", "{count} reasons", quarantine["reason_count"].iloc[0])
            if quarantined
            else _("nothing set aside"),
            tone="warning" if quarantined else "good",
            meaning=_("Rows that break the input contract are set aside with a reason; no number counts them."),
        ),
        Card(
            _("Naming rate"),
            formatting.rate(valid / held) if held else formatting.MISSING,
            pill=n_("{valid} of {count} name", "{valid} of {count} names", held, valid=formatting.count(valid))
            if held
            else _("no campaign"),
            meaning=_("Campaigns, and campaign tags on links, that follow the naming standard of the playbook."),
        ),
        Card(
            _("As of"),
            formatting.day(run.as_of_date),
            pill=_("published {moment}", moment=formatting.moment(run.published_at, run.reporting_timezone)),
            meaning=_(
                "The data is complete through {moment}.",
                moment=formatting.moment(run.data_complete_through, run.reporting_timezone),
            ),
        ),
    ]


def _oldest_source(sources: pd.DataFrame) -> Card:
    oldest = sources.sort_values("hours_since_load", ascending=False, na_position="first").head(1)
    if oldest.empty:
        return Card(_("Oldest source"), formatting.MISSING, pill=_("none connected"))
    row = oldest.iloc[0]
    is_loaded = not formatting.is_missing(row["hours_since_load"])
    return Card(
        _("Oldest source"),
        formatting.duration(row["hours_since_load"]) if is_loaded else _("never loaded"),
        pill=formatting.plain(row["source_label"]),
        tone="bad" if bool(row["is_stale"]) else "plain",
        meaning=_("Time since the last successful load, at the moment that the numbers are from."),
    )


def _sources_table(frame: shell.Frame, sources: pd.DataFrame) -> Table | Words:
    """Per source: how old, how complete, and what went wrong last."""
    zone = frame.run.reporting_timezone
    title = _("How fresh each source is")
    note = _(
        "stale first · times in {timezone} · age as of {moment}",
        timezone=formatting.plain(zone),
        moment=formatting.moment(frame.run.as_of, zone),
    )
    if sources.empty:
        text = _("No source is connected. Name one in `FUNNELHOUSE_SOURCES`, then run `make refresh`.")
        return Words("sources_card", title, note, text)
    required = " · " + _("required")
    texts = pd.DataFrame(
        {
            _("Source"): [
                f"**{formatting.plain(row.source_label)}**{required if row.is_required else ''}"
                for row in sources.itertuples()
            ],
            _("State"): [_source_state(row) for row in sources.itertuples()],
            _("Age"): [formatting.duration(value) for value in sources["hours_since_load"]],
            _("Limit"): [formatting.duration(value) for value in sources["max_staleness_hours"]],
            _("Last loaded"): [formatting.moment(value, zone) for value in sources["last_loaded_at"]],
            _("Complete through"): [formatting.moment(value, zone) for value in sources["data_complete_through"]],
            _("Last news"): [formatting.moment(value, zone) for value in sources["last_changed_at"]],
            _("Rows"): [formatting.count(value) for value in sources["row_count"]],
            _("Set aside"): [formatting.count(value) for value in sources["quarantined_count"]],
        }
    )
    failures = [
        _(
            ":material/warning: **{source}**, tried {moment}: {reason}",
            source=formatting.plain(row.source_label),
            moment=formatting.moment(row.last_attempt_at, zone),
            reason=formatting.plain(row.last_message) if row.last_message else _("no reason was given"),
        )
        for row in sources.itertuples()
        if row.last_status == "failed"
    ]
    return Table(
        "sources_card",
        title,
        note,
        texts,
        rows=sources,
        alt=_("Age, completeness and state per source"),
        numbers=(_("Age"), _("Limit"), _("Rows"), _("Set aside")),
        unbroken=(_("State"), _("Last loaded"), _("Complete through"), _("Last news")),
        footnote="\n\n".join(failures),
    )


def _source_state(row) -> str:
    """A state as a word with a shape; colour only repeats it. A failed load is told apart from data that grew old."""
    if formatting.is_missing(row.hours_since_load):
        return f":red-badge[:material/error: {_('never loaded')}]"
    if row.hours_since_load > row.max_staleness_hours:
        return f":red-badge[:material/error: {_('stale')}]"
    if row.last_status == "failed":
        return f":orange-badge[:material/warning: {_('last load failed')}]"
    if row.is_quiet:
        return f":orange-badge[:material/warning: {_('nothing new')}]"
    return f":green-badge[:material/check_circle: {_('fresh')}]"


def _older_marts(frame: shell.Frame) -> list[Block]:
    """Which tables rest on a source that is stale or failed last."""
    rows = queries.marts_on_older_data(frame.file)
    if rows.empty:
        return []
    by_source = rows.groupby("source_label", sort=False)["mart"]
    texts = pd.DataFrame(
        {
            _("Source"): [f"**{formatting.plain(source)}**" for source, _marts in by_source],
            _("Tables"): [formatting.count(len(marts)) for _source, marts in by_source],
            _("Which"): [formatting.plain(", ".join(marts)) for _source, marts in by_source],
        }
    )
    return [
        Table(
            "older_card",
            _("What rests on older data"),
            _("published tables that a stale source feeds: what it would have brought is not in them yet"),
            texts,
            rows=rows,
            alt=_("Tables that rest on older data, by source"),
            numbers=(_("Tables"),),
            unbroken=(_("Source"),),
            wide=(_("Which"),),
        )
    ]


def _check_tables(frame: shell.Frame, checks: pd.DataFrame) -> list[Block]:
    """Every check of the run, the failed ones first."""
    title = _("What was checked")
    note = _("failed first · a blocking check keeps a run from being published")
    if checks.empty:
        text = _("This run recorded no check. Run `make refresh`; if none appears then, see the run's log.")
        return [Words("checks_card", title, note, text)]
    failed = checks[~checks["is_passed"].astype(bool)]
    passed = checks[checks["is_passed"].astype(bool)]
    blocks: list[Block] = []
    if not failed.empty:
        texts = pd.DataFrame(
            {
                _("Result"): [
                    f":red-badge[:material/block: {_('failed, blocks')}]"
                    if row.severity == "block"
                    else f":orange-badge[:material/warning: {_('failed, warns')}]"
                    for row in failed.itertuples()
                ],
                _("Checked"): [f"**{formatting.plain(value)}**" for value in failed["asset"]],
                _("Claim"): [formatting.plain(value) for value in failed["check_name"]],
                _("Found"): [formatting.plain(value) for value in failed["detail"]],
                _("Checked by"): [formatting.plain(_kind(value)) for value in failed["kind"]],
            }
        )
        blocks.append(
            Table(
                "checks_card",
                title,
                note,
                texts,
                rows=failed,
                alt=_("Checks that failed"),
                unbroken=(_("Result"),),
                wide=(_("Claim"), _("Found")),
            )
        )
    if not passed.empty:
        texts = pd.DataFrame(
            {
                _("Result"): "✓ " + _("passed"),
                _("Checked"): [formatting.plain(value) for value in passed["asset"]],
                _("Claim"): [formatting.plain(value) for value in passed["check_name"]],
                _("Found"): [formatting.plain(value) for value in passed["detail"]],
                _("If it failed"): [
                    _("blocks publishing") if value == "block" else _("warns") for value in passed["severity"]
                ],
                _("Checked by"): [formatting.plain(_kind(value)) for value in passed["kind"]],
            }
        )
        blocks.append(
            Table(
                "passed_checks",
                _("What passed"),
                _("checks of what arrived, of the logic between, and of what is published"),
                texts,
                rows=passed,
                alt=n_("{count} check passed", "{count} checks passed", len(passed)),
                is_folded=True,
            )
        )
    return blocks


def _kind(kind: str) -> str:
    return _(KINDS[kind]) if kind == "load" else KINDS.get(kind, kind)


def _reports(run: data.PublishedRun) -> list[str]:
    """Where Great Expectations' reports lie: of the run that is shown and, where it is another, of the failed one."""
    last = data.last_run()
    runs = {_("The full report"): run.run_id}
    if last and last.status == "failed" and last.run_id != run.run_id:
        runs[_("The report of the refresh that failed")] = last.run_id
    return [
        _(
            ":material/description: {report}: open `{page}` in the data directory (`FUNNELHOUSE_DATA_DIR`) on the "
            "machine that refreshes. It shows each expectation and no value of the data.",
            report=label,
            page=page,
        )
        for label, run_id in runs.items()
        if (page := queries.audit_page(run_id))
    ]


def _severity(severity: str) -> str:
    badge, word = SEVERITIES["warn" if severity == "warn" else "note"]
    return badge.format(_(word))


def _gaps_table(frame: shell.Frame, gaps: pd.DataFrame) -> Table | Words:
    """What the data lacks, ranked, with the money concerned, whether it grows and what to do about it."""
    title = _("What the data lacks")
    note = _(
        "ranked by gravity, then by the share concerned · at stake: the pipeline, spend or invoices concerned; a deal "
        "may have several gaps · lately: the share among what is new; ▲ ▼ if beyond chance"
    )
    if gaps.empty:
        text = f":green-badge[:material/check_circle: {_('No gap was found.')}]"
        return Words("gaps_card", title, note, text)
    texts = pd.DataFrame(
        {
            _("Gravity"): [_severity(value) for value in gaps["severity"]],
            _("Gap"): [f"**{formatting.plain(value)}**" for value in gaps["description"]],
            _("Affected"): [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(gaps["affected_count"], gaps["total_count"], strict=True)
            ],
            _("Share"): [formatting.rate(value) for value in gaps["affected_rate"]],
            _("At stake"): [frame.money(value) for value in gaps["value_at_stake_amount"]],
            _("Lately"): [
                formatting.trend(row.recent_affected_rate, row.earlier_affected_rate, bool(row.has_changed))
                for row in gaps.itertuples()
            ],
            _("What to do"): [formatting.plain(value) for value in gaps["recommended_action"]],
            _("Examples"): [formatting.plain(value) for value in gaps["example_ids"]],
        }
    )
    return Table(
        "gaps_card",
        title,
        note,
        texts,
        rows=gaps,
        alt=_("Gaps in the data with the recommended action"),
        numbers=(_("Affected"), _("Share"), _("At stake")),
        unbroken=(_("Gravity"), _("Lately")),
        wide=(_("Gap"), _("What to do")),
    )


def _gap_trend(frame: shell.Frame, gaps: pd.DataFrame) -> list[Block]:
    """How the share of one gap went from month to month."""
    followed = gaps[gaps["gap"].isin(queries.gaps_with_months(frame.file, frame.build.least_group_count))]
    if followed.empty:
        return []
    names = dict(zip(followed["gap"], followed["description"], strict=True))
    gap = frame.choose("gap", _("Gap"), names)
    months = queries.gap_months(frame.file, gap)
    title = _("How a gap goes on")
    note = _(
        "{gap} · share of the records of each month · months with under {count} are left out",
        gap=formatting.plain(names[gap]),
        count=formatting.count(frame.build.least_group_count),
    )
    judged = months[months["total_count"] >= frame.build.least_group_count]
    rows = judged.assign(
        position=range(len(judged)),
        month=[formatting.month(value) for value in judged["month_start_date"]],
        series=names[gap],
        value=judged["affected_rate"].astype(float),
        is_partial=[frame.is_running(value) for value in judged["month_start_date"]],
        detail=[
            _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
            for part, whole in zip(judged["affected_count"], judged["total_count"], strict=True)
        ],
    )
    ticks = charts.ticks(0, max(float(rows["value"].max()), 0.01), formatting.percent)
    return [
        Chart(
            "gap_trend_card",
            title,
            note,
            charts.month_lines(
                rows[["position", "month", "series", "value", "is_partial", "detail"]], [names[gap]], ticks
            ),
            alt="; ".join(f"{row.month}: {formatting.rate(row.value)}" for row in rows.itertuples()),
            rows=months,
            choices=("gap",),
        )
    ]


def _findings_table(frame: shell.Frame) -> Table | Words:
    """What the numbers themselves point at: steps, groups and people to look into, by the money at stake."""
    findings = queries.findings(frame.file, SHOWN_FINDINGS)
    title = _("What the numbers point at")
    note = _("findings of the latest run by the money at stake · their amounts overlap and are never added up")
    if findings.empty:
        return Words("findings_card", title, note, _("Nothing stands out."))
    texts = pd.DataFrame(
        {
            _("Gravity"): [_severity(value) for value in findings["severity"]],
            _("Finding"): [f"**{formatting.plain(value)}**" for value in findings["description"]],
            _("Concerns"): [formatting.plain(value) for value in findings["subject"]],
            _("Affected"): [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(findings["affected_count"], findings["total_count"], strict=True)
            ],
            _("At stake"): [frame.money(value) for value in findings["value_at_stake_amount"]],
            _("What to do"): [formatting.plain(value) for value in findings["recommended_action"]],
        }
    )
    return Table(
        "findings_card",
        title,
        note,
        texts,
        rows=findings,
        alt=_("Findings with the money at stake and the recommended action"),
        numbers=(_("Affected"), _("At stake")),
        unbroken=(_("Gravity"),),
        wide=(_("Finding"), _("What to do")),
    )


def _fields_map(frame: shell.Frame) -> Chart | Words:
    """How well the fields that say who somebody is are filled, by team."""
    fields = queries.field_fill_rates(frame.file)
    title = _("How well the fields are filled that say who somebody is")
    note = _("share of leads with a value · by the owner's team · dark is well filled")
    if fields.empty:
        return Words("fields_card", title, note, _("No lead is there yet."))
    names = {"(all)": _("all"), "(none)": _("no owner")}
    columns = [names.get(value, value) for value in fields["owner_team"]]
    cells = pd.DataFrame(
        {
            "row": fields["field"],
            "column": columns,
            "shade": [
                rate if count >= frame.build.least_group_count else None
                for rate, count in zip(fields["fill_rate"], fields["lead_count"], strict=True)
            ],
            "text": [
                formatting.rate(rate) if count >= frame.build.least_group_count else ""
                for rate, count in zip(fields["fill_rate"], fields["lead_count"], strict=True)
            ],
            "detail": [
                _("{part} of {whole}", part=formatting.count(part), whole=formatting.count(whole))
                for part, whole in zip(fields["filled_count"], fields["lead_count"], strict=True)
            ],
        }
    )
    badly = fields[fields["is_badly_filled"].astype(bool)]["field"].drop_duplicates()
    return Chart(
        "fields_card",
        title,
        note,
        charts.heat_map(cells, list(dict.fromkeys(fields["field"])), list(dict.fromkeys(columns))),
        alt=shell.cells_in_words(cells),
        rows=fields,
        footnote=_("Badly filled though rules of fit ask for it: {fields}", fields=formatting.plain(", ".join(badly)))
        if len(badly)
        else "",
        width=34,
    )


def _naming_table(naming: tuple[int, int], misnamed: pd.DataFrame) -> Table | Words:
    """Names that do not follow the standard, with what is wrong and how they should read."""
    title = _("How campaigns are named")
    note = _("held against campaign_naming.csv · those that most activities carry first")
    if misnamed.empty:
        text = (
            f":green-badge[:material/check_circle: {_('Every name follows the standard.')}]"
            if naming[1]
            else _("No source names a campaign yet.")
        )
        return Words("naming_card", title, note, text)
    texts = pd.DataFrame(
        {
            _("Name"): [f"**{formatting.plain(value)}**" for value in misnamed["name"]],
            _("It is a"): [_(NAME_KINDS[value]) for value in misnamed["kind"]],
            _("Campaign"): [_("known") if value else _("unknown") for value in misnamed["is_known"]],
            _("What is wrong"): [formatting.plain(value) for value in misnamed["violation"]],
            _("Better"): [formatting.plain(value) for value in misnamed["suggested_name"]],
            _("Activities"): [formatting.count(value) for value in misnamed["activity_count"]],
        }
    )
    hidden = naming[1] - naming[0] - len(misnamed)
    return Table(
        "naming_card",
        title,
        note,
        texts,
        rows=misnamed,
        alt=_("Campaigns and tags off the naming standard"),
        numbers=(_("Activities"),),
        unbroken=(_("It is a"), _("Campaign")),
        wide=(_("What is wrong"),),
        footnote=n_("{count} rarer name not shown", "{count} rarer names not shown", hidden) if hidden > 0 else "",
    )


def _quarantine_table(frame: shell.Frame, quarantine: pd.DataFrame) -> Table | Words:
    """Rows that were set aside, by reason, with where they stand."""
    title = _("What was set aside")
    note = _("rows that break the input contract, by reason · no number counts them · mend the file and refresh")
    if quarantine.empty:
        text = f":green-badge[:material/check_circle: {_('No row was set aside.')}]"
        return Words("quarantine_card", title, note, text)
    zone = frame.run.reporting_timezone
    texts = pd.DataFrame(
        {
            _("Rows"): [formatting.count(value) for value in quarantine["row_count"]],
            _("Reason"): [f"**{formatting.plain(value)}**" for value in quarantine["reason"]],
            _("Column"): [formatting.plain(value) for value in quarantine["column_name"]],
            _("Entity"): [formatting.plain(value) for value in quarantine["entity"]],
            _("File"): [formatting.plain(value) for value in quarantine["file"].fillna(quarantine["source"])],
            _("First lines"): [formatting.plain(value or None) for value in quarantine["first_lines"]],
            _("Loaded"): [formatting.moment(value, zone) for value in quarantine["last_loaded_at"]],
        }
    )
    hidden = int(quarantine["reason_count"].iloc[0]) - len(quarantine)
    return Table(
        "quarantine_card",
        title,
        note,
        texts,
        rows=quarantine.drop(columns=["total_row_count", "reason_count"]),
        alt=_("Quarantined rows by reason"),
        numbers=(_("Rows"),),
        unbroken=(_("Column"), _("Loaded")),
        wide=(_("Reason"),),
        footnote=n_("{count} rarer reason not shown", "{count} rarer reasons not shown", hidden) if hidden > 0 else "",
    )


def _restatements_table(frame: shell.Frame, moves: pd.DataFrame) -> Table | Words:
    """Figures of past months that are other ones than published before, each with what moved it by how much."""
    title = _("Which past figures have changed, and why")
    note = _("KPIs of months that were complete when published · latest first · the causes add up")
    if moves.empty:
        text = f":green-badge[:material/check_circle: {_('No published figure of a past month has changed.')}]"
        return Words("restatements_card", title, note, text)
    figures = [rows for _number, rows in moves.groupby("figure_number")]

    def said(value: float | None, rows: pd.DataFrame) -> str:
        return formatting.plain(formatting.figure(value, rows["unit"].iloc[0], frame.currency))

    then = ", " + _("then") + " "
    texts = pd.DataFrame(
        {
            _("KPI"): [f"**{formatting.plain(rows['kpi_label'].iloc[0])}**" for rows in figures],
            _("Of"): [formatting.month(rows["month_start_date"].iloc[0]) for rows in figures],
            _("Was"): [said(rows["before_value"].iloc[0], rows) for rows in figures],
            _("Is"): [said(rows["after_value"].iloc[-1], rows) for rows in figures],
            _("Why"): [
                then.join(f"{_(CAUSES[row.cause])}: {said(row.after_value, rows)}" for row in rows.itertuples())
                for rows in figures
            ],
            _("Since"): [formatting.moment(rows["as_of"].iloc[0], frame.run.reporting_timezone) for rows in figures],
        }
    )
    hidden = int(moves["figure_count"].iloc[0]) - len(figures)
    return Table(
        "restatements_card",
        title,
        note,
        texts,
        rows=moves.drop(columns="figure_count"),
        alt=_("Restated figures with their causes"),
        numbers=(_("Was"), _("Is")),
        unbroken=(_("Of"), _("Since")),
        wide=(_("Why"),),
        footnote=n_("{count} earlier change not shown", "{count} earlier changes not shown", hidden)
        if hidden > 0
        else "",
    )


if __name__ == "__main__":
    shell.show(content)
