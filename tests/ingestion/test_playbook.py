"""The default playbook holds, an overlay replaces its files, and what is wrong is refused with file, line, reason."""

# ruff: noqa: E501  a case a line, however long, reads best

import csv
import os
import re
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import playbook
from ingestion.config import DEFAULT_PLAYBOOK_DIR, Settings
from ingestion.contract import playbook_tables
from ingestion.faults import Fault
from ingestion.sources import known_sources


def settings_of(folder: Path, overlay: Path | None = None) -> Settings:
    environment = {"FUNNELHOUSE_DATA_DIR": str(folder / "data")}
    return Settings.from_environment(environment | ({"FUNNELHOUSE_PLAYBOOK_DIR": str(overlay)} if overlay else {}))


def default_text(table: str) -> str:
    return (DEFAULT_PLAYBOOK_DIR / f"{table}.csv").read_text(encoding="utf-8")


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    folder = tmp_path / "overlay"
    folder.mkdir()
    return folder


@pytest.fixture
def refusal(tmp_path: Path, overlay: Path):
    """The lines of the fault that a file in the overlay brings about; each begins with file and line."""

    def refuse(name: str, content: str | bytes) -> list[str]:
        (overlay / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        with pytest.raises(Fault) as refused:
            playbook.publish(settings_of(tmp_path, overlay))
        assert not (tmp_path / "data" / "playbook").exists()
        first, *lines = str(refused.value).splitlines()
        assert first == "The playbook cannot be used:"
        return [line.removeprefix(f"  {overlay}/") for line in lines]

    return refuse


def test_the_default_playbook_is_valid_and_published_as_it_is(tmp_path):
    every_source = {"FUNNELHOUSE_SOURCES": ",".join(known_sources()), "FUNNELHOUSE_DATA_DIR": str(tmp_path / "data")}
    files = playbook.publish(Settings.from_environment(every_source))
    assert files == {name: DEFAULT_PLAYBOOK_DIR / f"{name}.csv" for name in playbook_tables()}
    for name in playbook_tables():
        assert read_csv(tmp_path / "data" / "playbook" / f"{name}.csv") == read_csv(files[name])


def test_an_overlay_replaces_the_files_of_its_names_and_no_others(tmp_path, overlay):
    (overlay / "free_mail_domains.csv").write_text("domain\nexample.com\n")
    (overlay / "README.md").write_text("why we differ")
    files = playbook.publish(settings_of(tmp_path, overlay))
    published = tmp_path / "data" / "playbook"
    assert files["free_mail_domains"] == overlay / "free_mail_domains.csv"
    assert read_csv(published / "free_mail_domains.csv") == [{"domain": "example.com"}]
    assert read_csv(published / "channels.csv") == read_csv(DEFAULT_PLAYBOOK_DIR / "channels.csv")
    assert sorted(path.stem for path in published.iterdir()) == sorted([*playbook_tables(), playbook.BUSINESS_DAYS])
    assert playbook.read(settings_of(tmp_path, overlay))["free_mail_domains"] == [{"domain": "example.com"}]


def test_a_refused_overlay_leaves_the_published_playbook_as_it_was(tmp_path, overlay):
    playbook.publish(settings_of(tmp_path))
    published = tmp_path / "data" / "playbook"
    before = {path.name: path.read_bytes() for path in published.iterdir()}
    (overlay / "free_mail_domains.csv").write_text("domain\nexample.com\n")
    (overlay / "channels.csv").write_text("channel\ndirect\n")
    with pytest.raises(Fault):
        playbook.publish(settings_of(tmp_path, overlay))
    assert {path.name: path.read_bytes() for path in published.iterdir()} == before


def test_publishing_clears_away_tables_that_are_no_more(tmp_path):
    stale = tmp_path / "data" / "playbook" / "stale.csv"
    stale.parent.mkdir(parents=True)
    stale.write_text("a\n1\n")
    playbook.publish(settings_of(tmp_path))
    assert not stale.exists()


def test_a_playbook_saved_by_excel_is_understood(tmp_path, overlay):
    text = default_text("sources").replace(",", ";").replace("true", "TRUE").replace("\n", "\r\n")
    (overlay / "sources.csv").write_bytes(("\ufeff" + text + ";;;;\r\n").encode())
    playbook.publish(settings_of(tmp_path, overlay))
    assert read_csv(tmp_path / "data" / "playbook" / "sources.csv") == read_csv(DEFAULT_PLAYBOOK_DIR / "sources.csv")


def test_columns_may_stand_in_any_order_and_optional_ones_may_be_left_out(tmp_path, overlay):
    header = "value,column_name,entity,source_value\n"
    (overlay / "value_mappings.csv").write_text(header + "PL,country,leads,Polen\n")
    assert playbook.read(settings_of(tmp_path, overlay))["value_mappings"] == [
        {"entity": "leads", "column_name": "country", "source_value": "Polen", "value": "PL", "rationale": None}
    ]


RULES = "rule_id,priority,activity_type,actor,is_touch,valid_from,valid_to,rationale\n"
SETTINGS = default_text("settings")
CALENDARS = default_text("business_calendars")
ATTRIBUTION_MODELS = default_text("attribution_models")
ATTRIBUTION_WEIGHTS = default_text("attribution_model_weights")
ATTRIBUTION_WINDOWS = default_text("attribution_windows")
SCORING_GROUPS = default_text("scoring_groups")
SCORING_RULES = default_text("scoring_rules")
GRADES = default_text("score_grades")
CRITERIA = default_text("qualification_criteria")
STAGES = default_text("lifecycle_stages")
KPIS = default_text("kpis")
RETENTION = default_text("retention")
NAMING = default_text("campaign_naming")
BUCKETS = default_text("response_time_buckets")
KPI_MEASURES = default_text("kpi_measures")


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("free_mail_domains.csv", "domain,colour\na.com,red\n", "line 1: unknown column 'colour'; known are domain"),
        ("free_mail_domains.csv", "domain,\na.com,\n", "line 1: unknown column ''"),
        ("free_mail_domains.csv", "", "line 1: column 'domain' is missing"),
        ("free_mail_domains.csv", "domain,domain\na.com,b.com\n", "line 1: a column stands twice"),
        ("free_mail_domains.csv", "domain\na.com\n\na.com\n", "line 4: domain 'a.com' stands on line 2 already"),
        ("free_mail_domains.csv", "domain\na.com,b.com\n", "line 2: has 2 cells, the header has 1"),
        ("free_mail_domains.csv", b"domain\na.com\n\xb3\xf3d\xbc.pl\n", "line 3: is not UTF-8 text"),
        ("free_mail_domains.csv", 'domain\na.com\n"b.com\n', "line 3: cannot be read as CSV"),
        ("internal_domains.csv", "domain,rationale\n@acme.com,Ours\n", "line 2: column 'domain': '@acme.com' is not a domain such as acme.com"),
        ("internal_domains.csv", "domain\nAcme.com\n", "line 2: column 'domain': 'Acme.com' is not a domain"),
        ("internal_domains.csv", "domain\nwww.acme.com\n", "line 2: column 'domain': 'www.acme.com' is not a domain"),
        ("free_mail_domains.csv", "domain\nacme\n", "line 2: column 'domain': 'acme' is not a domain"),
        ("sources.csv", default_text("sources").replace(",1,", ",first,"), "line 2: column 'priority': 'first' is not a whole number"),
        ("sources.csv", default_text("sources").replace(",1,", ",1.0,"), "'1.0' is not a whole number"),
        ("sources.csv", default_text("sources").replace(",1,", ",٣,"), "'٣' is not a whole number"),
        ("sources.csv", default_text("sources").replace(",1,", f",{'9' * 10},"), "is not a whole number of at most 9 digits"),
        ("sources.csv", default_text("sources").replace("true", "yes"), "line 2: column 'is_required': 'yes' is neither true nor false"),
        ("sources.csv", default_text("sources").replace("true", ""), "line 2: column 'is_required': is empty"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,01.02.2026,,why\n", "line 2: column 'valid_from': '01.02.2026' is not a date such as"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,2026-02-30,,why\n", "line 2: column 'valid_from': '2026-02-30' is not a date"),
        ("touch_rules.csv", RULES + "r,1,(call,.*,true,,,why\n", "line 2: column 'activity_type': '(call' is not a pattern"),
        ("touch_rules.csv", RULES + "r,1,(?=call).*,.*,true,,,why\n", "line 2: column 'activity_type': '(?=call).*' is not a pattern"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,2026-02-01,2026-02-01,why\n", "line 2: valid_to 2026-02-01 is not after valid_from 2026-02-01"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,,2026-03-01,why\nr,1,.*,.*,true,2026-02-01,,why\n", "line 3: rule_id 'r': its validity overlaps that of line 2"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,,,why\nr,2,.*,.*,true,2026-02-01,,why\n", "line 3: rule_id 'r': its validity overlaps that of line 2"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,,,why\ns,1,.*,.*,true,2026-02-01,,why\n", "line 3: priority '1': its validity overlaps that of line 2"),
        ("channel_rules.csv", default_text("channel_rules") + "x,1,pigeon,,,,,,,,,,,why\n", "column 'channel': 'pigeon' is unknown; known are "),
        ("stage_mappings.csv", "source,track,source_stage,stage\nfiles,lead,Hot,warm\n", "line 2: track 'lead', stage 'warm' is not in lifecycle_stages.csv"),
        ("stage_mappings.csv", "source,track,source_stage,stage\nfiles,lead,Hot,won\n", "line 2: track 'lead', stage 'won' is not in"),
        ("stage_mappings.csv", "source,track,source_stage,stage\npipedrive,lead,Hot,mql\n", "line 2: column 'source': 'pipedrive' is unknown; known are files"),
        ("lifecycle_stages.csv", STAGES.replace("marketing_qualified", "hot"), "line 3: column 'stage_role': 'hot' is unknown; known are entry, "),
        ("settings.csv", SETTINGS + "favourite_colour,green,\n", "column 'setting': 'favourite_colour' is unknown"),
        ("settings.csv", SETTINGS.replace("Europe/Warsaw", "Mars/Olympus"), "line 2: reporting_timezone: 'Mars/Olympus' is not a time zone such as Europe/Warsaw"),
        ("settings.csv", SETTINGS.replace("EUR", "euro"), "line 3: reporting_currency: 'euro' is not a currency code such as EUR"),
        ("settings.csv", SETTINGS.replace("monday", "tuesday"), "line 4: week_start: 'tuesday' is neither monday nor sunday"),
        ("settings.csv", SETTINGS.replace("month,1,", "month,13,"), "line 5: fiscal_year_start_month: '13' is not a month from 1 to 12"),
        ("settings.csv", SETTINGS.replace("grace_minutes,60,", "grace_minutes,-90,"), "line 6: touch_grace_minutes: '-90' is not a whole number"),
        ("settings.csv", SETTINGS.replace("rate,0.05,", "rate,5,"), "line 9: most_unknown_words_rate: '5' is not a share between 0 and 1"),
        ("settings.csv", SETTINGS.replace("grace_minutes,60,", "grace_minutes,,"), "line 6: column 'value': is empty"),
        ("business_calendars.csv", CALENDARS.replace("PL,PL,", "PL,Poland,"), "line 2: column 'country': no public holidays are known of 'Poland'; it is a code such as PL"),
        ("business_calendars.csv", CALENDARS.replace("DE,DE,,", "DE,DE,XX,"), "line 3: column 'subdivision': 'XX' is none of DE; known are BB, BE"),
        ("business_calendars.csv", CALENDARS.replace("Europe/Berlin", "Berlin"), "line 3: column 'timezone': 'Berlin' is not a time zone such as Europe/Warsaw"),
        ("business_calendars.csv", CALENDARS.replace("mon tue", "mo tue", 1), "line 2: column 'working_days': 'mo tue wed thu fri' is not a list such as mon tue wed thu fri"),
        ("business_calendars.csv", CALENDARS.replace("09:00", "9 am", 1), "line 2: columns 'opens_at', 'closes_at': these are not times such as 09:00 and 17:00"),
        ("business_calendars.csv", CALENDARS.replace("17:00", "08:00", 1), "line 2: column 'closes_at': 08:00 is not after 09:00"),
        ("business_calendars.csv", CALENDARS.replace("true", "false"), "line 1: exactly one calendar is the default, here 0 are"),
        ("business_calendars.csv", CALENDARS.replace("false", "true"), "line 3: exactly one calendar is the default, here 2 are"),
        ("scoring_groups.csv", SCORING_GROUPS.replace("role,fit,30,", "role,fit,30,14"), "line 2: points of fit neither fade nor lapse: 'half_life_days' and 'valid_days' stay empty"),
        ("scoring_groups.csv", SCORING_GROUPS.replace("reading,intent,6,14,", "reading,intent,6,,"), "line 7: points of intent either fade ('half_life_days') or hold and lapse ('valid_days')"),
        ("scoring_groups.csv", SCORING_GROUPS.replace("reading,intent,6,14,", "reading,intent,6,2,"), "line 7: column 'half_life_days': '2' is not between 3 and 36500"),
        ("scoring_groups.csv", SCORING_GROUPS.replace("reading,intent,6,14,,1", "reading,intent,6,14,,"), "line 7: column 'purchase_order' is empty: say how near to buying the group is"),
        ("scoring_groups.csv", SCORING_GROUPS.replace("turning_away,intent,40,,90", "turning_away,intent,-40,,0"), "line 12: column 'points_cap': '-40' is not between 0 and 1000000"),
        ("scoring_rules.csv", SCORING_RULES.replace("senior,1,role,", "senior,1,roles,"), "line 2: score_version '1', rule_group 'roles' is not in scoring_groups.csv"),
        ("scoring_rules.csv", SCORING_RULES.replace("senior,1,role,,", "senior,1,role,page_view,"), "line 2: a rule of fit looks at an attribute: 'activity_type', 'actor' and 'least_days' stay empty"),
        ("scoring_rules.csv", SCORING_RULES.replace("lead.seniority,matches,c-level", "seniority,matches,c-level"), "line 2: column 'signal': 'seniority' is not an attribute such as lead.seniority or account.industry"),
        ("scoring_rules.csv", SCORING_RULES.replace("between,50..5000", "between,50-5000"), "line 7: column 'value': '50-5000' is not a range such as 50..5000"),
        ("scoring_rules.csv", SCORING_RULES.replace("at_least,5001", "at_least,many"), "line 8: column 'value': 'many' is not a number, which at_least asks for"),
        ("scoring_rules.csv", SCORING_RULES.replace("matches,pl|de|at|cz", "matches,(pl"), "line 9: column 'value': '(pl' is not a pattern (a regular expression)"),
        ("scoring_rules.csv", SCORING_RULES.replace("reading,page_view,person", "reading,,person"), "line 14: column 'activity_type' is empty: a rule of intent says what has to happen"),
        ("scoring_rules.csv", SCORING_RULES.replace("content.funnel_phase,matches", "content.phase,matches"), "line 14: column 'signal': 'content.phase' is unknown; known are activity.channel, activity.outcome, activity.page, content.content_name, content.content_type, content.funnel_phase, content.topic"),
        ("scoring_rules.csv", SCORING_RULES.replace("matches,awareness,,,1,", "matches,awareness,,,-1,"), "line 14: column 'points': -1 is below 0, but the group's fade; use a group with 'valid_days'"),
        ("scoring_rules.csv", SCORING_RULES.replace(",-25,,,Wants", ",25,,,Wants"), "line 29: column 'points': 25 is above 0, but the group's lapse; use a group that fades"),
        ("scoring_rules.csv", SCORING_RULES.replace("content.funnel_phase,matches,awareness", "content.funnel_phase,,awareness"), "line 14: columns 'signal', 'operator' and 'value' go together: fill all or none"),
        ("scoring_rules.csv", SCORING_RULES.replace(",2,14,12,", ",2,,12,"), "line 22: column 'within_days' is empty: within how many days does it have to happen again?"),
        ("scoring_rules.csv", SCORING_RULES.replace("Can decide or sits with those who do", ""), "line 2: column 'rationale': is empty"),
        ("score_grades.csv", GRADES.replace("1,fit,D,,,false,Not whom the product was built for\n", ""), "line 1: version 1 has no lowest grade of fit: a row without 'least_score' and 'segment'"),
        ("qualification_criteria.csv", CRITERIA.replace("demo_requested,person,1,30,,,signal", "demo_requested,person,,30,,,signal"), "line 2: columns 'actor', 'least_count' and 'within_days' say by whom and how often 'activity_type' is to happen"),
        ("qualification_criteria.csv", CRITERIA.replace("40,30,score", ",,score"), "line 6: it asks for nothing: fill 'activity_type', 'least_fit' or 'least_intent'"),
        ("kpis.csv", KPIS.replace("122,attributed_revenue,", "122,attributed_revenues,"), "line 37: column 'numerator': 'attributed_revenues' is no measure; write one of kpi_measures.csv, or kpi: and a KPI, such as attributed_revenue"),
        ("kpis.csv", KPIS.replace("120,attributed_margin,total_cost,", "120,attributed_margin,cac,"), "line 35: column 'subtracted': 'cac' is no measure; write one of kpi_measures.csv, or kpi: and a KPI, such as kpi:cac"),
        ("kpis.csv", KPIS.replace(",media_cost,,,,", ",media_cost,,total_costs,,"), "column 'denominator': 'total_costs' is no measure"),
        ("kpis.csv", KPIS.replace("kpi:cac", "kpi:cost"), "line 34: column 'denominator': no row has the kpi 'cost'"),
        ("kpis.csv", KPIS.replace("kpi:cac", "kpi:clv_to_cac"), "line 34: column 'denominator': 'kpi:clv_to_cac' is itself made of KPIs; name one that is made of measures"),
        ("kpis.csv", KPIS.replace("kpi:cac", "total_cost"), "line 34: column 'denominator': a KPI is divided by a KPI alone: put 'kpi:' and its name here"),
        ("kpis.csv", KPIS.replace("kpi:cac", ""), "line 34: column 'denominator': a KPI is divided by a KPI alone"),
        ("kpis.csv", KPIS.replace("kpi:cac,", "kpi:cac,5"), "line 34: column 'least_denominator': of a KPI that divides two others it must be empty"),
        ("kpis.csv", KPIS.replace("10,net_new_leads,,,", "10,net_new_leads,,,3"), "line 2: column 'least_denominator': nothing is divided"),
        ("kpi_measures.csv", KPI_MEASURES + "clicks_of_bots,false,None that we make\n", "column 'measure': 'clicks_of_bots' is unknown; known are leads, net_new_leads, "),
        ("attribution_model_weights.csv", "attribution_model,position,weight\n", "line 1: no row follows; each model of attribution_models.csv needs one, or it gives nothing to anybody"),
        ("attribution_models.csv", ATTRIBUTION_MODELS.replace("first_touch,", "opening_touch,"), "line 2: 'opening_touch' has no row in attribution_model_weights.csv: it gives nothing to anybody"),
        ("attribution_models.csv", ATTRIBUTION_MODELS.replace("conversion,30,", "conversion,-30,"), "line 7: column 'half_life_days': '-30' is not above 0"),
        ("attribution_models.csv", ATTRIBUTION_MODELS.replace("conversion,30,", "conversion,0.3,"), "line 7: column 'half_life_days': '0.3' is so short that nothing is left of a touch of 365 days ago (attribution_windows.csv); 0.365 is the least"),
        ("attribution_models.csv", ATTRIBUTION_MODELS.replace("Last touch,30,conversion,,", "Last touch,30,conversion,7,"), "line 4: column 'half_life_days': only the credit of position middle fades, and the model has none"),
        ("attribution_models.csv", ATTRIBUTION_MODELS.replace("80,lead_created", "80,lead_made"), "line 9: column 'window_ends_at': 'lead_made' is unknown; known are conversion, lead_created"),
        ("attribution_model_weights.csv", ATTRIBUTION_WEIGHTS.replace("linear,middle,100", "linear,middle,0"), "line 6: column 'weight': '0' is not above 0"),
        ("attribution_model_weights.csv", ATTRIBUTION_WEIGHTS + "nobody,first,1\n", "column 'attribution_model': 'nobody'"),
        ("attribution_windows.csv", ATTRIBUTION_WINDOWS.replace("standard,won,365,account,true", "standard,won,365,account,false"), "line 1: 0 rows of conversion_type 'won' have is_headline true; exactly one says where its headline figures come from"),
        ("attribution_windows.csv", ATTRIBUTION_WINDOWS.replace("standard,lead,90,primary", "standard,lead,90,account"), "line 2: column 'touch_scope': what a person becomes is owed to the person's touches: primary"),
        ("attribution_windows.csv", ATTRIBUTION_WINDOWS.replace("standard,mql,90", "standard,mql,0"), "line 3: column 'look_back_days': '0' is not between 1 and 36500"),
        ("settings.csv", "setting,value,description\nscore_version,7,\n", "line 2: score_version: '7' is no version of scoring_groups.csv, which has 1"),
        ("sla_rules.csv", default_text("sla_rules").replace("10,assigned", "10,later"), "line 4: column 'clock': 'later' is unknown; known are qualified, assigned"),
        ("settings.csv", SETTINGS.replace("group_count,20,", "group_count,1.5,"), "line 14: least_group_count: '1.5' is not a whole number"),
        ("retention.csv", RETENTION.replace("refused_rows,90", "refused_rows,-90"), "line 2: column 'keep_days': '-90' is not between 0 and 36500"),
        ("sla_rules.csv", default_text("sla_rules").replace(",8,true", ",-8,true"), "line 3: column 'target_hours': '-8' is not between 0.01 and 876000"),
        ("product_margins.csv", "product,margin_rate\n,75\n", "line 2: column 'margin_rate': '75' is not between -1 and 1"),
        ("settings.csv", SETTINGS.replace("window_days,90,", "window_days,0,", 1), "line 13: velocity_window_days: '0' is not between 1 and 36500"),
        ("settings.csv", SETTINGS.replace("horizon_days,90,", "horizon_days,999999999,"), "line 12: conversion_horizon_days: '999999999' is not between 1 and 36500"),
        ("settings.csv", SETTINGS.replace("volume_least_days,14,", "volume_least_days,29,"), "volume_least_days: '29' is above volume_history_days, 28: nothing would ever be judged"),
        ("settings.csv", SETTINGS.replace("model,w_shaped,", "model,w_shape,"), "headline_attribution_model: 'w_shape' is no model of attribution_models.csv, which has first_touch, "),
        ("settings.csv", SETTINGS.replace("Europe/Warsaw", "localtime"), "line 2: reporting_timezone: 'localtime' is not a time zone such as Europe/Warsaw"),
        ("lifecycle_stages.csv", STAGES.replace("2,marketing_qualified", "2,entry"), "line 3: column 'stage_role': another stage of the lead track has the role entry; one has it"),
        ("lifecycle_stages.csv", STAGES.replace("3,sales_qualified", "2,sales_qualified"), "line 4: column 'stage_order': 'sql' (sales_qualified) has to come after 'mql' (marketing_qualified), line 3"),
        ("lifecycle_stages.csv", STAGES.replace("7,won", "5,won"), "line 11: column 'stage_order': 'won' (won) has to come after 'proposal' (proposal), line 9"),
        ("lifecycle_stages.csv", STAGES.replace("7,won", "0,won"), "line 11: column 'stage_order': 0 is off the way to won; won is on it, from 1 on"),
        ("lifecycle_stages.csv", STAGES.replace("0,lost", "8,lost"), "line 12: column 'stage_order': lost is off the way to won, so it is 0 and not 8"),
        ("lifecycle_stages.csv", STAGES.replace("7,won", "7,other"), "line 8: column 'stage_role': no stage of the opportunity track has the role won"),
        ("lifecycle_stages.csv", STAGES.replace("4,opportunity", "5,opportunity"), "line 8: column 'stage_order': where leads end (line 5) deals begin, with the same number; here are 5 and 4"),
        ("lifecycle_stages.csv", STAGES.splitlines()[0], "line 1: no row follows"),
        ("consent_rules.csv", default_text("consent_rules") + "5,call,PL,.*,true,why\n", "line 5: column 'country': 'PL' asks for a capital letter, and values are compared in lower case; write it in lower case"),
        ("scoring_rules.csv", SCORING_RULES.replace("matches,pl|de|at|cz", "matches,PL|DE"), "line 9: column 'value': 'PL|DE' asks for a capital letter"),
        ("scoring_rules.csv", SCORING_RULES.replace("matches,pl|de|at|cz", "matches,(?!pl).*"), "line 9: column 'value': '(?!pl).*' is not a pattern (a regular expression)"),
        ("scoring_rules.csv", SCORING_RULES.replace("at_least,5001", "at_least,nan"), "line 8: column 'value': 'nan' is not a number, which at_least asks for"),
        ("scoring_rules.csv", SCORING_RULES.replace("between,50..5000", "between,5000..50"), "line 7: column 'value': '5000..50' is not a range such as 50..5000"),
        ("scoring_rules.csv", SCORING_RULES.replace(",2,14,12,", ",20,14,12,"), "line 22: column 'within_days': there are no 20 days within 14"),
        ("score_grades.csv", GRADES.replace("fit,A,,60", "fit,A,,40"), "line 3: score_version '1', dimension 'fit', least_score '40', segment '' stands on line 2 already"),
        ("score_grades.csv", GRADES.replace("fit,B,,40,true", "fit,B,,40,false").replace("fit,C,,20,false", "fit,C,,20,true"), "line 3: column 'is_high': grade C of line 4 needs a lower score and is on the upper side"),
        ("touch_rules.csv", RULES + "r,1,pagevew,.*,true,,,why\n", "line 2: column 'activity_type': 'pagevew' is unknown; known are page_view, "),
        ("touch_rules.csv", RULES + "r,1,page_view,human,true,,,why\n", "line 2: column 'actor': 'human' is unknown; known are person, automation, rep"),
        ("touch_rules.csv", RULES, "line 1: no row follows"),
        ("touch_rules.csv", RULES + "r,1,.*,.*,true,1026-02-01,,why\n", "line 2: column 'valid_from': '1026-02-01' is not a date such as"),
        ("response_time_buckets.csv", BUCKETS.replace("4 hours,1,4", "4 hours,1,6"), "line 4: column 'from_hours': 4 is not where the range before ends (6)"),
        ("response_time_buckets.csv", BUCKETS.replace("168,\n", "168,400\n"), "line 1: column 'to_hours': the last range ends at 400; leave it empty, or later answers are in none"),
        ("sources.csv", default_text("sources").replace("files,Files", "Files,Files"), "line 1: no row has the source 'files', which is connected (FUNNELHOUSE_SOURCES)"),
        ("sources.csv", default_text("sources").replace("files,", "files\u200b,"), "line 2: column 'source': 'files\u200b' holds a character that nobody sees (U+200B); type it anew"),
        ("value_mappings.csv", "entity,column_name,source_value,value\nleads,industry,a,b\n", "line 2: column 'column_name': leads have no column 'industry'"),
        ("campaign_naming.csv", NAMING.replace("1,market,DE", "1,markt,DE"), "line 3: column 'part': 'markt', but position 1 is 'market' on line 2"),
        ("campaign_naming.csv", NAMING.replace("3,topic", "4,topic"), "line 17: column 'position': 4 has no position 3 before it"),
        ("free_mail_domains.csv", 'domain\n"a.com,b.com"\n', "line 2: column 'domain': 'a.com,b.com' is not a domain"),
    ],
)  # fmt: skip
def test_a_broken_file_is_refused_with_its_line_and_reason(refusal, name, content, expected):
    lines = refusal(name, content)
    assert any(line.startswith(f"{name}, line ") and expected in line for line in lines), lines
    assert len(lines) <= 2, lines


def test_settings_that_a_company_leaves_out_are_the_default_ones(tmp_path, overlay):
    (overlay / "settings.csv").write_text("setting,value,description\nreporting_currency,PLN,\n")
    settings = {row["setting"]: row["value"] for row in playbook.read(settings_of(tmp_path, overlay))["settings"]}
    assert settings["reporting_currency"] == "PLN"
    assert settings["reporting_timezone"] == "Europe/Warsaw"
    assert settings.keys() == {line.split(",")[0] for line in SETTINGS.splitlines()[1:]}


def test_words_of_a_source_that_is_not_connected_count_for_nothing(tmp_path, overlay):
    (overlay / "stage_mappings.csv").write_text(
        "source,track,source_stage,stage\nfiles,lead,Hot,mql\nhubspot,lead,Warm,tepid\n"
    )
    mappings = playbook.read(settings_of(tmp_path, overlay))["stage_mappings"]
    assert mappings == [{"source": "files", "track": "lead", "source_stage": "Hot", "stage": "mql"}]


def test_successive_versions_of_a_rule_do_not_overlap(tmp_path, overlay):
    rules = "r,1,.*,.*,true,2026-02-01,,why\nr,1,.*,.*,true,,2026-02-01,why\nother,2,.*,.*,true,2026-01-01,,why\n"
    (overlay / "touch_rules.csv").write_text(RULES + rules)
    assert len(playbook.read(settings_of(tmp_path, overlay))["touch_rules"]) == 3


def test_every_problem_of_every_file_is_listed(refusal, overlay):
    (overlay / "settings.csv").write_text(SETTINGS.replace("EUR", "euro").replace("monday", "someday"))
    (overlay / "free_mail_domains.csv").write_text("domain\na.com\na.com\nb.com,c.com\n")
    lines = refusal("sources.csv", "source,priority\nfiles,1\n")
    assert [line.split(":")[0] for line in lines] == [
        "sources.csv, line 1", "sources.csv, line 1", "sources.csv, line 1",
        "free_mail_domains.csv, line 4",
        "settings.csv, line 3", "settings.csv, line 4",
    ]  # fmt: skip


def test_a_file_that_cannot_be_read_does_not_bring_its_references_down(refusal):
    lines = refusal("channels.csv", b"channel\n\xff\n")
    assert [line.split(":")[0] for line in lines] == ["channels.csv, line 2"]


def test_a_table_that_the_playbook_does_not_have_is_refused(tmp_path, overlay):
    (overlay / "chanels.csv").write_text("channel\n")
    with pytest.raises(Fault, match=r"chanels\.csv: the playbook has no table 'chanels'; it has .*channels"):
        playbook.publish(settings_of(tmp_path, overlay))


@pytest.mark.parametrize(
    "name", ["settings.xlsx", "settings.CSV", "settings.csv.txt", "settings.tsv", "Settings (1).ods"]
)
def test_a_file_that_is_meant_for_a_table_and_no_csv_is_not_overlooked(tmp_path, overlay, name):
    (overlay / name).write_text(SETTINGS)
    with pytest.raises(Fault, match=rf"{re.escape(name)}: is not read; save it as CSV and call it settings\.csv"):
        playbook.publish(settings_of(tmp_path, overlay))


def test_what_programs_leave_beside_a_table_is_no_table(tmp_path, overlay):
    (overlay / "settings.csv").write_text(SETTINGS.replace("EUR", "PLN"))
    for name in ("._settings.csv", "~$settings.csv", ".~lock.settings.csv#", "settings.csv~", "settings.csv.bak"):
        (overlay / name).write_bytes(b"\x00\xff")
    rows = playbook.read(settings_of(tmp_path, overlay))["settings"]
    assert {row["setting"]: row["value"] for row in rows}["reporting_currency"] == "PLN"


def test_what_is_no_file_is_not_waited_for(tmp_path, overlay):
    os.mkfifo(overlay / "settings.csv")
    with pytest.raises(Fault, match=r"settings\.csv: is no file that can be read\."):
        playbook.publish(settings_of(tmp_path, overlay))


def test_sources_that_are_not_connected_may_be_left_out(tmp_path, overlay):
    (overlay / "sources.csv").write_text("".join(default_text("sources").splitlines(keepends=True)[:2]))
    assert [row["source"] for row in playbook.read(settings_of(tmp_path, overlay))["sources"]] == ["files"]


def test_an_overlay_that_is_no_folder_is_refused(tmp_path):
    with pytest.raises(Fault, match=r"FUNNELHOUSE_PLAYBOOK_DIR: .*/nowhere is not a folder"):
        playbook.read(settings_of(tmp_path, tmp_path / "nowhere"))


CELLS = st.one_of(
    st.sampled_from(
        ["", "1", "-1", "true", "lead", "mql", ".*", "(", "2026-01-01", "2026-13-01", "EUR", "files", "9" * 30]
    ),
    st.text(max_size=6),
)


@given(
    table=st.sampled_from(sorted(playbook_tables())),
    rows=st.lists(st.lists(CELLS, max_size=14), max_size=4),
    has_header=st.booleans(),
)
@settings(max_examples=1200)
def test_any_file_is_accepted_or_refused_with_its_place(table, rows, has_header):
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{table}.csv"
        columns = playbook_tables()[table].column_names
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            csv.writer(file).writerows([columns, *(row[: len(columns)] for row in rows)] if has_header else rows)
        assert is_accepted_or_refused_with_its_place(path)


@given(table=st.sampled_from(sorted(playbook_tables())), edits=st.data())
@settings(max_examples=2500)
def test_any_edit_of_the_default_playbook_is_accepted_or_refused_with_its_place(table, edits):
    """Cells are replaced, rows and columns dropped or doubled, as somebody does who slips in a spreadsheet."""
    with (DEFAULT_PLAYBOOK_DIR / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    for _ in range(edits.draw(st.integers(1, 3), "edits")):
        row = edits.draw(st.integers(0, len(rows) - 1), "row")
        column = edits.draw(st.integers(0, len(rows[0]) - 1), "column")
        match edits.draw(st.sampled_from(["cell", "cell", "drop row", "double row", "drop column", "double column"])):
            case "cell":
                rows[row][column : column + 1] = [edits.draw(CELLS, "cell")]
            case "drop row" if len(rows) > 1:
                del rows[row]
            case "double row":
                rows.insert(row, list(rows[row]))
            case "drop column" if len(rows[0]) > 1:
                rows = [cells[:column] + cells[column + 1 :] for cells in rows]
            case "double column":
                rows = [[*cells, *cells[column : column + 1]] for cells in rows]
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{table}.csv"
        with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
            csv.writer(file).writerows(rows)
        assert is_accepted_or_refused_in_words(path)


@given(table=st.sampled_from(sorted(playbook_tables())), content=st.binary(max_size=60))
@settings(max_examples=800)
def test_any_bytes_are_accepted_or_refused_with_their_place(table, content):
    with TemporaryDirectory() as folder:
        path = Path(folder) / f"{table}.csv"
        path.write_bytes(content)
        assert is_accepted_or_refused_with_its_place(path)


def is_accepted_or_refused_with_its_place(path: Path) -> bool:
    files = {name: DEFAULT_PLAYBOOK_DIR / f"{name}.csv" for name in playbook_tables()} | {path.stem: path}
    try:
        tables = playbook.check(files, ["files"])
    except Fault as fault:
        return f"{path}, line " in str(fault) or "is unknown; known are" in str(fault) or "is not in " in str(fault)
    return set(tables) == set(playbook_tables())


def is_accepted_or_refused_in_words(path: Path) -> bool:
    """Unlike a broken file, a consistent edit may be refused at another file, which it no longer agrees with."""
    files = {name: DEFAULT_PLAYBOOK_DIR / f"{name}.csv" for name in playbook_tables()} | {path.stem: path}
    try:
        tables = playbook.check(files, ["files"])
    except Fault as fault:
        return ".csv, line " in str(fault)
    return set(tables) == set(playbook_tables())
