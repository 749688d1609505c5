"""Channel credit by Markov and Shapley: attribution/crediting.py does the work, on counts of paths."""


def model(dbt, session):
    dbt.config(materialized="table")
    from attribution.crediting import credit_channels

    settings = dict(dbt.ref("settings").project("setting, value").fetchall())
    return credit_channels(dbt.ref("int_journey_paths").df(), int(settings["least_converted_journey_count"]))
