"""The default playbook names the channel that Google Analytics 4 would, wherever that has one."""

import csv
from pathlib import Path

import duckdb
import pytest
from refreshing import run_funnelhouse

from ingestion.config import DEFAULT_PLAYBOOK_DIR, Settings
from ingestion.load import LOADED, load

# Source, medium, GA4's default channel group by its published definitions of manual traffic, and ours. GA4's affiliates
# are partners here; its audio and SMS are no channels of ours, and what no rule knows is never taken for direct.
GROUPING = (
    ("google", "cpc", "Paid Search", "paid_search"),
    ("bing", "ppc", "Paid Search", "paid_search"),
    ("duckduckgo", "cpa", "Paid Search", "paid_search"),
    ("yahoo", "paid-search", "Paid Search", "paid_search"),
    ("google", "cpm", "Paid Search", "paid_search"),
    ("facebook", "cpc", "Paid Social", "paid_social"),
    ("linkedin", "paid_social", "Paid Social", "paid_social"),
    ("instagram", "cpm", "Paid Social", "paid_social"),
    ("reddit", "retargeting", "Paid Social", "paid_social"),
    ("l.facebook.com", "cpv", "Paid Social", "paid_social"),
    ("portal", "display", "Display", "display"),
    ("portal", "banner", "Display", "display"),
    ("portal", "expandable", "Display", "display"),
    ("portal", "interstitial", "Display", "display"),
    ("portal", "cpm", "Display", "display"),
    ("linkedin", "referral", "Organic Social", "organic_social"),
    ("lnkd.in", "", "Organic Social", "organic_social"),
    ("portal", "social", "Organic Social", "organic_social"),
    ("portal", "social-network", "Organic Social", "organic_social"),
    ("portal", "sm", "Organic Social", "organic_social"),
    ("portal", "social media", "Organic Social", "organic_social"),
    ("t.co", "referral", "Organic Social", "organic_social"),
    ("google", "organic", "Organic Search", "organic_search"),
    ("portal", "organic", "Organic Search", "organic_search"),
    ("ecosia.org", "referral", "Organic Search", "organic_search"),
    ("newsletter", "email", "Email", "marketing_email"),
    ("portal", "e-mail", "Email", "marketing_email"),
    ("portal", "e_mail", "Email", "marketing_email"),
    ("portal", "e mail", "Email", "marketing_email"),
    ("email", "blast", "Email", "marketing_email"),
    ("portal", "affiliate", "Affiliates", "partner"),
    ("portal", "referral", "Referral", "referral"),
    ("portal", "app", "Referral", "referral"),
    ("portal", "link", "Referral", "referral"),
    ("portal", "audio", "Audio, which we have not", "unclassified"),
    ("portal", "sms", "SMS, which we have not", "unclassified"),
    ("", "", "Direct", "direct"),
)


@pytest.mark.refresh
def test_the_default_rules_agree_with_ga4s_default_channel_grouping(tmp_path: Path):
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    with (inbox / "activities.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["activity_id", "activity_type", "occurred_at", "utm_source", "utm_medium"])
        for number, (source, medium, *_) in enumerate(GROUPING):
            writer.writerow([number, "page_view", "2026-01-01T12:00:00Z", source, medium])
    environment = {"FUNNELHOUSE_DATA_DIR": str(tmp_path / "data"), "FUNNELHOUSE_FILES_DIR": str(inbox)}
    assert load("files", Settings.from_environment(environment)).status == LOADED
    models = "+int_activities_classified"
    built = run_funnelhouse(
        f"exec dbt build --quiet --select {models} --exclude-resource-type test unit_test", environment
    )
    assert built.returncode == 0, built.stdout
    with duckdb.connect(str(tmp_path / "data" / "warehouse.duckdb"), read_only=True) as connection:
        channels = dict(
            connection.execute("select activity_id, channel from intermediate.int_activities_classified").fetchall()
        )
    found = [(*GROUPING[number][:3], channels[str(number)]) for number in range(len(GROUPING))]
    assert found == list(GROUPING)


def test_every_channel_has_a_rule():
    def cells(table: str) -> set[str]:
        with (DEFAULT_PLAYBOOK_DIR / f"{table}.csv").open() as file:
            return {row["channel"] for row in csv.DictReader(file)}

    assert cells("channel_rules") == cells("channels") - {"unclassified"}
