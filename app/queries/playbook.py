"""The rules in force, as the run that is shown was made by them."""

import pandas as pd

from app.data import query


def table(file: str, sql: str) -> pd.DataFrame:
    """Some columns of a table of the playbook."""
    return query(file, sql)


STAGES = """
    select track, stage_order, stage_label, owner_team, stuck_after_days, definition
    from playbook.lifecycle_stages
    order by track, stage_order
"""
KPIS = "select kpi_label, unit, direction, definition from playbook.kpis order by kpi_order"
CRITERIA = """
    select stage_role, segment, activity_type, least_count, within_days, least_fit, least_intent, reached_by, rationale
    from playbook.qualification_criteria
    where (valid_from is null or valid_from <= (select as_of_date from marts.dim_build))
        and (valid_to is null or valid_to > (select as_of_date from marts.dim_build))
    order by stage_role, criterion_id
"""
SCORING = """
    select groups.dimension, rules.rule_id, rules.points, groups.half_life_days, groups.points_cap, rules.rationale
    from playbook.scoring_rules as rules
    inner join playbook.scoring_groups as groups using (score_version, rule_group)
    where rules.score_version = (select score_version from marts.dim_build)
        and (rules.valid_from is null or rules.valid_from <= (select as_of_date from marts.dim_build))
        and (rules.valid_to is null or rules.valid_to > (select as_of_date from marts.dim_build))
    order by groups.dimension, abs(rules.points) desc, rules.rule_id
"""
SLAS = """
    select clock, segment, target_hours, are_business_hours, rationale
    from playbook.sla_rules
    where (valid_from is null or valid_from <= (select as_of_date from marts.dim_build))
        and (valid_to is null or valid_to > (select as_of_date from marts.dim_build))
    order by priority
"""
MODELS = """
    select attribution_model_label, window_ends_at, definition
    from playbook.attribution_models
    order by model_order
"""
CHANNELS = """
    select channel_label, channel_group, is_paid, is_marketing
    from playbook.channels
    order by channel_group, channel_label
"""
SETTINGS = "select setting, value, description from playbook.settings order by setting"
