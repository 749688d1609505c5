"""Data health: can today's numbers be trusted?"""

import pandas as pd
import streamlit as st

from app import data, exports, formatting, narrative, shell

KINDS = {"great_expectations": "Great Expectations", "dbt": "dbt", "load": "Load"}
SHOWN_REASONS = 50
SHOWN_NAMES = 10
SHOWN_FIGURES = 20
CAUSES = {
    "code_change": "another version of the project",
    "sources": "sources connected or not",
    "playbook_edit": "edited playbook",
    "exchange_rates": "corrected exchange rates",
    "merges": "records found to be one",
    "late_facts": "told or corrected late",
    "new_facts": "happened since",
    "earlier_moment": "an earlier moment is shown",
    "unexplained": "cannot be told",
}
NAME_KINDS = {"campaign": "campaign", "utm_campaign": "tag on links"}


def draw() -> None:
    """The page from top to bottom."""
    frame = shell.frame()
    sources = data.source_freshness(frame.file)
    checks = data.check_results(frame.file)
    gaps = data.data_gaps(frame.file)
    quarantine = data.quarantine_reasons(frame.file, SHOWN_REASONS)
    with st.container(key="sentence"):
        st.markdown(narrative.health_sentence(checks, sources))
    naming = data.naming_counts(frame.file)
    _cards(frame.run, sources, checks, quarantine, naming)
    _sources_card(frame.run, sources, data.marts_of_stale_sources(frame.file))
    _checks_card(frame.run, checks)
    _gaps_card(frame.run, gaps)
    _naming_card(naming, data.misnamed_campaigns(frame.file, SHOWN_NAMES))
    _quarantine_card(frame.run, quarantine)
    _restatements_card(frame.run, data.restatements(frame.file, SHOWN_FIGURES))


def _cards(
    run: data.PublishedRun,
    sources: pd.DataFrame,
    checks: pd.DataFrame,
    quarantine: pd.DataFrame,
    naming: tuple[int, int],
) -> None:
    """The headline numbers."""
    grid = st.grid(5, min_column_width=150, key="cards")
    failed = int((~checks["is_passed"].astype(bool)).sum())
    grid.metric(
        "Checks passed",
        formatting.count(len(checks) - failed) if len(checks) else formatting.MISSING,
        delta=f"of {formatting.count(len(checks))}; {formatting.count(failed) if failed else 'none'} failed"
        if len(checks)
        else "none recorded",
        delta_color="red" if failed else "green" if len(checks) else "off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Checks of what arrived and of what was published. A failed check that blocks keeps a run from being "
        "published.",
    )
    oldest = sources.sort_values("hours_since_load", ascending=False, na_position="first").head(1)
    if oldest.empty:
        grid.metric(
            "Oldest source",
            formatting.MISSING,
            delta="none connected",
            delta_color="off",
            delta_arrow="off",
            border=True,
            height="stretch",
        )
    else:
        row = oldest.iloc[0]
        is_stale = bool(row["is_stale"])
        is_loaded = not formatting.is_missing(row["hours_since_load"])
        grid.metric(
            "Oldest source",
            formatting.duration(row["hours_since_load"]) if is_loaded else "never loaded",
            delta=formatting.plain(row["source_label"]),
            delta_color="red" if is_stale else "off",
            delta_arrow="off",
            border=True,
            height="stretch",
            help="Time since the last successful load, at the moment that the numbers are from.",
        )
    quarantined = int(quarantine["total_row_count"].iloc[0]) if len(quarantine) else 0
    grid.metric(
        "Quarantined rows",
        formatting.count(quarantined),
        delta=formatting.counted(quarantine["reason_count"].iloc[0], "reason") if quarantined else "nothing set aside",
        delta_color="orange" if quarantined else "green",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Rows that break the input contract are set aside with a reason; no number counts them.",
    )
    valid, held = naming
    grid.metric(
        "Naming rate",
        formatting.rate(valid / held) if held else formatting.MISSING,
        delta=f"{formatting.count(valid)} of {formatting.counted(held, 'name')}" if held else "no campaign",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help="Campaigns, and campaign tags on links, that follow the naming standard of the playbook.",
    )
    grid.metric(
        "As of",
        formatting.day(run.as_of_date),
        delta=f"published {formatting.moment(run.published_at, run.reporting_timezone)}",
        delta_color="off",
        delta_arrow="off",
        border=True,
        height="stretch",
        help=f"The data is complete through {formatting.moment(run.data_complete_through, run.reporting_timezone)}.",
    )


def _sources_card(run: data.PublishedRun, sources: pd.DataFrame, resting: pd.DataFrame) -> None:
    """Per source: how old, how complete, what went wrong last, and what rests on it meanwhile."""
    with shell.card(
        "How fresh each source is",
        f"stale first · times in {formatting.plain(run.reporting_timezone)} · age as of "
        f"{formatting.moment(run.as_of, run.reporting_timezone)}",
        key="sources_card",
    ):
        if sources.empty:
            st.markdown("No source is connected. Name one in `FUNNELHOUSE_SOURCES`, then run `make refresh`.")
            return
        table = pd.DataFrame(
            {
                "Source": [
                    f"**{formatting.plain(row.source_label)}**" + (" · required" if row.is_required else "")
                    for row in sources.itertuples()
                ],
                "State": [_source_state(row) for row in sources.itertuples()],
                "Age": [formatting.duration(value) for value in sources["hours_since_load"]],
                "Limit": [formatting.duration(value) for value in sources["max_staleness_hours"]],
                "Last loaded": [
                    formatting.moment(value, run.reporting_timezone) for value in sources["last_loaded_at"]
                ],
                "Complete through": [
                    formatting.moment(value, run.reporting_timezone) for value in sources["data_complete_through"]
                ],
                "Last news": [formatting.moment(value, run.reporting_timezone) for value in sources["last_changed_at"]],
                "Rows": [formatting.count(value) for value in sources["row_count"]],
                "Set aside": [formatting.count(value) for value in sources["quarantined_count"]],
            }
        )
        shell.table(
            table,
            alt="Age, completeness and state per source",
            numbers=("Age", "Limit", "Rows", "Set aside"),
            unbroken=("State", "Last loaded", "Complete through", "Last news"),
        )
        for row in sources.itertuples():
            if row.last_status == "failed":
                reason = formatting.plain(row.last_message) if row.last_message else "no reason was given"
                st.caption(
                    f":material/warning: **{formatting.plain(row.source_label)}**, tried "
                    f"{formatting.moment(row.last_attempt_at, run.reporting_timezone)}: {reason}"
                )
        for label, marts in resting.groupby("source_label")["mart"]:
            summary = f"On older data of {formatting.plain(label)}: {formatting.counted(len(marts), 'published table')}"
            with st.expander(summary):
                st.markdown(", ".join(f"`{mart}`" for mart in marts))


def _source_state(row) -> str:
    """A state as a word with a shape; colour only repeats it. A failed load is told apart from data that grew old."""
    if formatting.is_missing(row.hours_since_load):
        return ":red-badge[:material/error: never loaded]"
    if row.hours_since_load > row.max_staleness_hours:
        return ":red-badge[:material/error: stale]"
    if row.last_status == "failed":
        return ":orange-badge[:material/warning: last load failed]"
    if row.is_quiet:
        return ":orange-badge[:material/warning: nothing new]"
    return ":green-badge[:material/check_circle: fresh]"


def _checks_card(run: data.PublishedRun, checks: pd.DataFrame) -> None:
    """Every check of the run, the failed ones first, and where Great Expectations' report lies."""
    with shell.card(
        "What was checked", "failed first · a blocking check keeps a run from being published", key="checks_card"
    ):
        if checks.empty:
            st.markdown("This run recorded no check. Run `make refresh`; if none appears then, see the run's log.")
            return
        failed = checks[~checks["is_passed"].astype(bool)]
        passed = checks[checks["is_passed"].astype(bool)]
        if not failed.empty:
            table = pd.DataFrame(
                {
                    "Result": [
                        ":red-badge[:material/block: failed, blocks]"
                        if row.severity == "block"
                        else ":orange-badge[:material/warning: failed, warns]"
                        for row in failed.itertuples()
                    ],
                    "Checked": [f"**{formatting.plain(value)}**" for value in failed["asset"]],
                    "Claim": [formatting.plain(value) for value in failed["check_name"]],
                    "Found": [formatting.plain(value) for value in failed["detail"]],
                    "By": [formatting.plain(KINDS.get(value, value)) for value in failed["kind"]],
                }
            )
            shell.table(table, alt="Checks that failed", unbroken=("Result",), wide=("Claim", "Found"))
        if not passed.empty:
            table = pd.DataFrame(
                {
                    "Result": "✓ passed",
                    "Checked": passed["asset"],
                    "Claim": passed["check_name"],
                    "Found": passed["detail"],
                    "If it failed": passed["severity"].map({"block": "blocks publishing", "warn": "warns"}),
                    "By": passed["kind"].map(lambda kind: KINDS.get(kind, kind)),
                }
            )
            with st.expander(f"{formatting.counted(len(passed), 'check')} passed", key="passed_checks"):
                st.dataframe(table, hide_index=True, alt="Checks that passed", height=min(38 * (len(table) + 1), 380))
                exports.download("Save these checks as CSV", table, "checks.csv")
        for label, run_id in _reported_runs(run).items():
            st.caption(
                f":material/description: {label}: open `{data.audit_page(run_id)}` in the data directory "
                "(`FUNNELHOUSE_DATA_DIR`) on the machine that refreshes. It shows each expectation and no value of "
                "the data."
            )


def _reported_runs(run: data.PublishedRun) -> dict[str, str]:
    """The runs whose report is kept: the one that is shown and, where it is another, the last one."""
    last = data.last_run()
    runs = {"The full report": run.run_id}
    if last and last.status == "failed" and last.run_id != run.run_id:
        runs["The report of the refresh that failed"] = last.run_id
    return {label: run_id for label, run_id in runs.items() if data.audit_page(run_id)}


def _gaps_card(run: data.PublishedRun, gaps: pd.DataFrame) -> None:
    """What the data lacks, ranked, with the money concerned, whether it grows and what to do about it."""
    notes = (
        "ranked by gravity, then by the share concerned · at stake: the pipeline, spend or invoices concerned; a deal "
        "may have several gaps · lately: the share among what is new; ▲ ▼ if beyond chance"
    )
    currency = run.reporting_currency
    with shell.card("What the data lacks", notes, key="gaps_card"):
        if gaps.empty:
            st.markdown(":green-badge[:material/check_circle: No gap was found.]")
            return
        table = pd.DataFrame(
            {
                "Gravity": [
                    ":orange-badge[:material/warning: warning]"
                    if value == "warn"
                    else ":gray-badge[:material/info: note]"
                    for value in gaps["severity"]
                ],
                "Gap": [f"**{formatting.plain(value)}**" for value in gaps["description"]],
                "Affected": [
                    f"{formatting.count(row.affected_count)} of {formatting.count(row.total_count)}"
                    for row in gaps.itertuples()
                ],
                "Share": [formatting.rate(value) for value in gaps["affected_rate"]],
                "At stake": [formatting.money(value, currency) for value in gaps["value_at_stake_amount"]],
                "Lately": [
                    formatting.trend(row.recent_affected_rate, row.earlier_affected_rate, bool(row.has_changed))
                    for row in gaps.itertuples()
                ],
                "What to do": [formatting.plain(value) for value in gaps["recommended_action"]],
                "Examples": [formatting.plain(value) for value in gaps["example_ids"]],
            }
        )
        shell.table(
            table,
            alt="Gaps in the data with the recommended action",
            numbers=("Affected", "Share", "At stake"),
            unbroken=("Gravity", "Lately"),
            wide=("Gap", "What to do"),
        )


def _naming_card(naming: tuple[int, int], misnamed: pd.DataFrame) -> None:
    """Names that do not follow the standard, with what is wrong and how they should read."""
    notes = "held against campaign_naming.csv · those that most activities carry first"
    with shell.card("How campaigns are named", notes, key="naming_card"):
        if misnamed.empty:
            words = "Every name follows the standard." if naming[1] else "No source names a campaign yet."
            st.markdown(f":green-badge[:material/check_circle: {words}]" if naming[1] else words)
            return
        table = pd.DataFrame(
            {
                "Name": [f"**{formatting.plain(value)}**" for value in misnamed["name"]],
                "It is a": [NAME_KINDS[value] for value in misnamed["kind"]],
                "Campaign": ["known" if value else "unknown" for value in misnamed["is_known"]],
                "What is wrong": [formatting.plain(value) for value in misnamed["violation"]],
                "Better": [formatting.plain(value) for value in misnamed["suggested_name"]],
                "Activities": [formatting.count(value) for value in misnamed["activity_count"]],
            }
        )
        shell.table(
            table,
            alt="Campaigns and tags off the naming standard",
            numbers=("Activities",),
            unbroken=("It is a", "Campaign"),
            wide=("What is wrong",),
        )
        hidden = naming[1] - naming[0] - len(misnamed)
        if hidden > 0:
            st.caption(f"{formatting.counted(hidden, 'rarer name')} not shown")


def _quarantine_card(run: data.PublishedRun, quarantine: pd.DataFrame) -> None:
    """Rows that were set aside, by reason, with where they stand."""
    notes = "rows that break the input contract, by reason · no number counts them · mend the file and refresh"
    with shell.card("What was set aside", notes, key="quarantine_card"):
        if quarantine.empty:
            st.markdown(":green-badge[:material/check_circle: No row was set aside.]")
            return
        table = pd.DataFrame(
            {
                "Rows": [formatting.count(value) for value in quarantine["row_count"]],
                "Reason": [f"**{formatting.plain(value)}**" for value in quarantine["reason"]],
                "Column": [formatting.plain(value) for value in quarantine["column_name"]],
                "Entity": [formatting.plain(value) for value in quarantine["entity"]],
                "File": [formatting.plain(value) for value in quarantine["file"].fillna(quarantine["source"])],
                "First lines": [formatting.plain(value or None) for value in quarantine["first_lines"]],
                "Loaded": [formatting.moment(value, run.reporting_timezone) for value in quarantine["last_loaded_at"]],
            }
        )
        shell.table(
            table, alt="Quarantined rows by reason", numbers=("Rows",), unbroken=("Column", "Loaded"), wide=("Reason",)
        )
        hidden = int(quarantine["reason_count"].iloc[0]) - len(quarantine)
        if hidden > 0:
            st.caption(f"{formatting.counted(hidden, 'rarer reason')} not shown")


def _restatements_card(run: data.PublishedRun, moves: pd.DataFrame) -> None:
    """Figures of past months that are other ones than published before, each with what moved it by how much."""
    notes = "KPIs of months that were complete when published · latest first · the causes add up"
    with shell.card("Which past figures have changed, and why", notes, key="restatements_card"):
        if moves.empty:
            st.markdown(":green-badge[:material/check_circle: No published figure of a past month has changed.]")
            return
        figures = [rows for _, rows in moves.groupby("figure_number")]
        units = [rows["unit"].iloc[0] for rows in figures]
        table = pd.DataFrame(
            {
                "KPI": [f"**{formatting.plain(rows['kpi_label'].iloc[0])}**" for rows in figures],
                "Of": [formatting.month(rows["month_start_date"].iloc[0]) for rows in figures],
                "Was": [
                    formatting.figure(rows["before_value"].iloc[0], unit, run.reporting_currency)
                    for rows, unit in zip(figures, units, strict=True)
                ],
                "Is": [
                    formatting.figure(rows["after_value"].iloc[-1], unit, run.reporting_currency)
                    for rows, unit in zip(figures, units, strict=True)
                ],
                "Why": [
                    ", then ".join(
                        f"{CAUSES[row.cause]}: {formatting.figure(row.after_value, unit, run.reporting_currency)}"
                        for row in rows.itertuples()
                    )
                    for rows, unit in zip(figures, units, strict=True)
                ],
                "Since": [formatting.moment(rows["as_of"].iloc[0], run.reporting_timezone) for rows in figures],
            }
        )
        shell.table(
            table,
            alt="Restated figures with their causes",
            numbers=("Was", "Is"),
            unbroken=("Of", "Since"),
            wide=("Why",),
        )
        hidden = int(moves["figure_count"].iloc[0]) - len(figures)
        if hidden > 0:
            st.caption(f"{formatting.counted(hidden, 'earlier change')} not shown")


draw()
