"""The learned score's weights: scoring/learning.py does the work, on data frames."""


def model(dbt, session):
    dbt.config(materialized="table")
    from scoring.learning import Outcome, learn

    settings = dict(dbt.ref("settings").project("setting, value").fetchall())
    features = dbt.ref("int_score_features")

    def features_of(sample):
        session.register("sample", sample)
        query = "select features.* from features semi join sample using (lead_id, scored_date)"
        return features.query("features", query).df()

    outcomes = [
        Outcome("opportunity", "an opportunity", int(settings["score_opportunity_days"])),
        Outcome("won", "a won deal", int(settings["score_won_days"])),
    ]
    snapshots = dbt.ref("int_score_snapshots").df()
    return learn(snapshots, features_of, outcomes, int(settings["score_least_positive_count"]))
