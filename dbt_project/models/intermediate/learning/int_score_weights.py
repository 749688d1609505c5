"""The learned score's weights: see `scoring/learning.py`, which does the work on data frames."""


def model(dbt, session):
    dbt.config(materialized="table")
    from scoring.learning import MOST_ROWS, Outcome, learn

    settings = dict(dbt.ref("settings").project("setting, value").fetchall())
    features = dbt.ref("int_score_features")

    def features_of(sample):
        session.register("score_sample", sample)
        return features.query("features", "select features.* from features semi join score_sample using (lead_id, scored_date)").df()

    return learn(
        dbt.ref("int_score_snapshots").df(),
        features_of,
        [
            Outcome("opportunity", "an opportunity", int(settings["score_opportunity_days"])),
            Outcome("won", "a won deal", int(settings["score_won_days"])),
        ],
        int(settings["score_least_positive_count"]),
    )
