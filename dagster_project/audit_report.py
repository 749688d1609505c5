"""Great Expectations' Data Docs of a refresh: a page per table with every expectation, under `<data>/audit/<run>/`.

They are files to be opened on the machine that refreshes. They hold verdicts and counts, never a value of the data, and
load nothing from the network: Great Expectations' own pages ask several hosts for scripts, styles and a logo.
"""

import html
import json
import re
import shutil
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd

from dagster_project.serving import KEPT_FILES
from ingestion.config import Settings

INDEX = "index.html"
RESULTS = "results.json"
# Counts are kept, examples are not: an unexpected value may be somebody's e-mail.
RESULT_FORMAT = {"result_format": "BASIC", "partial_unexpected_count": 0}
FROM_OUTSIDE = re.compile(
    r"<script\b.*?</script>|<(?:link|img)\b[^>]*>|<footer\b.*?</footer>|url\(['\"]?https?:[^)]*\)",
    re.DOTALL | re.IGNORECASE,
)
STYLE = """
<style>
body { font: 15px/1.5 system-ui, sans-serif; color: #172033; margin: 2rem; max-width: 75rem; }
table { border-collapse: collapse; }
th, td { border-bottom: 1px solid #d8dee8; padding: 0.4rem 0.8rem; text-align: left; vertical-align: top; }
.text-success::before { content: "✓"; color: #12805c; }
.text-danger::before, .text-warning::before { content: "✗"; color: #c0392b; }
button { display: none; }
</style>
"""


def folder_of(settings: Settings, run_id: str) -> Path:
    """Where the pages of a run stand."""
    return settings.data_dir / "audit" / run_id


def validated(name: str, frame: pd.DataFrame, items: list[dict]) -> Any:
    """Great Expectations' report of a frame (`ExpectationSuiteValidationResult`): counts, and no value of it.

    `items` are expectations as they stand in YAML and in `expectations.py`: type, kwargs and perhaps a claim in words.
    """
    import great_expectations as gx  # takes seconds to import, and only a run needs it
    from great_expectations.core import ExpectationSuite
    from great_expectations.expectations.registry import get_expectation_impl

    batch = _whole_frames().get_batch({"dataframe": frame})
    expectations = [
        get_expectation_impl(item["type"])(
            **item["kwargs"], **({"description": item["claim"]} if "claim" in item else {})
        )
        for item in items
    ]
    report = batch.validate(ExpectationSuite(name, expectations=expectations), result_format=RESULT_FORMAT)
    report.meta = {"great_expectations_version": gx.__version__}  # else with a fingerprint of the data
    return report


@cache
def _whole_frames() -> Any:
    """What makes a batch of a frame; made once, since each change of a context writes all of it down as YAML."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False}
    return (
        context.data_sources.add_pandas("warehouse")
        .add_dataframe_asset("table")
        .add_batch_definition_whole_dataframe("all")
    )


def counted(report: Any, results: list[Any]) -> Any:
    """The report with the results of several, its verdict and its numbers those of all of them."""
    passed = sum(bool(result.success) for result in results)
    report.results = results
    report.success = passed == len(results)
    report.statistics = {
        "evaluated_expectations": len(results),
        "successful_expectations": passed,
        "unsuccessful_expectations": len(results) - passed,
        "success_percent": 100 * passed / len(results),
    }
    return report


def write(settings: Settings, run_id: str, reports: dict[str, Any]) -> Path:
    """Add the pages of some tables to those of a run; return the page that lists them all.

    `reports` are those of `validated` by table. A run that stops leaves the pages of what it had checked by then. Of as
    many runs as serving files they are kept.
    """
    from great_expectations.render.renderer import ValidationResultsPageRenderer
    from great_expectations.render.view import DefaultJinjaPageView

    renderer, view = ValidationResultsPageRenderer(run_info_at_end=True), DefaultJinjaPageView()
    folder = folder_of(settings, run_id)
    folder.mkdir(parents=True, exist_ok=True)
    results = folder / RESULTS
    listed = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    for table, report in reports.items():
        page = f"{table}.html"
        text = FROM_OUTSIDE.sub("", view.render(renderer.render(report), show_how_to_buttons=False))
        (folder / page).write_text(text.replace("</head>", f"{STYLE}</head>", 1), encoding="utf-8")
        passed = sum(bool(result.success) for result in report.results)
        listed[table] = {"page": page, "passed": passed, "expected": len(report.results)}
    results.write_text(json.dumps(listed, indent=1), encoding="utf-8")
    (folder / INDEX).write_text(_index(run_id, listed), encoding="utf-8")
    for old in sorted(folder.parent.iterdir(), key=lambda path: path.stat().st_mtime)[:-KEPT_FILES]:
        shutil.rmtree(old, ignore_errors=True)
    return folder / INDEX


def _index(run_id: str, listed: dict[str, dict[str, Any]]) -> str:
    """The tables of a run, those with a failed expectation first."""

    def row(table: str, result: dict[str, Any]) -> str:
        is_passed = result["passed"] == result["expected"]
        verdict = f"{result['passed']} of {result['expected']} passed"
        mark = "success" if is_passed else "danger"
        link = f'<a href="{html.escape(result["page"])}">{html.escape(table)}</a>'
        return f"<tr><td>{link}</td><td><span class='text-{mark}'> {verdict}</span></td></tr>"

    ordered = sorted(listed.items(), key=lambda item: (item[1]["passed"] == item[1]["expected"], item[0]))
    rows = "\n".join(row(table, result) for table, result in ordered)
    return f"""<!DOCTYPE html>
<html lang="en"><head><meta charset="UTF-8"><title>What was checked</title>{STYLE}</head><body>
<h1>What the refresh checked</h1>
<p>Run {html.escape(run_id)},
{datetime.now(UTC):%Y-%m-%d %H:%M} UTC. Raw tables are what came in, marts what goes out.</p>
<table><thead><tr><th>Table</th><th>Expectations</th></tr></thead><tbody>
{rows}
</tbody></table></body></html>
"""
