"""The points that history would give each scoring rule: see `scoring/proposing.py`, which does the work."""


def model(dbt, session):
    dbt.config(materialized="table")
    from scoring.proposing import propose

    settings = dict(dbt.ref("settings").project("setting, value").fetchall())
    version = int(settings["score_version"])
    rules = dbt.ref("scoring_rules").df()
    today = dbt.ref("dim_build").df()["as_of_date"].iloc[0]
    return propose(
        dbt.ref("int_score_snapshots").df(),
        dbt.ref("int_rule_units").df(),
        rules[rules["score_version"] == version],
        today,
        int(settings["score_least_positive_count"]),
    )
