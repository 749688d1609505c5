"""Channel credit by both models with its intervals, or in words why there is none."""

import numpy as np
import pandas as pd

from attribution.journeys import Journeys
from attribution.markov import markov_shares, removal_effects, shares_of_removal, transition_counts
from attribution.shapley import shapley_values

REPEATS = 400
SEED = 20_240_601
INTERVAL = (2.5, 97.5)
COLUMNS = {
    "conversion_type": "string",
    "attribution_model": "string",
    "channel": "string",
    "credit": "float64",
    "amount": "float64",
    "credit_share": "float64",
    "lower_credit": "float64",
    "upper_credit": "float64",
    "journey_count": "Int64",
    "converted_count": "Int64",
    "refusal": "string",
}


def credit_channels(paths: pd.DataFrame, least_converted_count: int) -> pd.DataFrame:
    """One row per type of conversion, model (markov, shapley) and channel; columns as in COLUMNS.

    `paths` has one row per type of conversion and path: conversion_type, path, journey_count, converted_count,
    amount. The bounds hold 95 of 100 samples of journeys drawn anew. Where fewer journeys have converted, a type has
    one row per model with a refusal in words.
    """
    rows: list[dict] = []
    for conversion_type, of_type in paths.sort_values(["conversion_type", "path"]).groupby("conversion_type"):
        journeys = Journeys(
            of_type["path"].to_numpy(),
            of_type["journey_count"].to_numpy(dtype=np.int64),
            of_type["converted_count"].to_numpy(dtype=np.int64),
            of_type["amount"].fillna(0.0).to_numpy(dtype=float),
        )
        counts = {
            "conversion_type": conversion_type,
            "journey_count": int(journeys.journey_counts.sum()),
            "converted_count": int(journeys.converted_counts.sum()),
        }
        if counts["converted_count"] < least_converted_count:
            refusal = (
                f"Only {counts['converted_count']} journeys with a touch have converted; "
                f"it takes {least_converted_count} to tell channels apart."
            )
            rows += [counts | {"attribution_model": model, "refusal": refusal} for model in ("markov", "shapley")]
            continue
        has_amount = bool(of_type["amount"].notna().any())
        samples = _samples(journeys)
        for model, (credit, amount) in {"markov": _markov(journeys), "shapley": _shapley(journeys)}.items():
            lower, upper = np.percentile(samples[model], INTERVAL, axis=0)
            for position, channel in enumerate(journeys.channels):
                rows.append(
                    counts
                    | {
                        "attribution_model": model,
                        "channel": channel,
                        "credit": credit[position],
                        "amount": amount[position] if has_amount else None,
                        "credit_share": credit[position] / counts["converted_count"],
                        "lower_credit": lower[position],
                        "upper_credit": upper[position],
                    }
                )
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(COLUMNS)


def _markov(journeys: Journeys) -> tuple[np.ndarray, np.ndarray]:
    """Credit and amount of the channels."""
    shares = markov_shares(journeys)
    return shares * journeys.converted_counts.sum(), shares * journeys.amounts.sum()


def _shapley(journeys: Journeys) -> tuple[np.ndarray, np.ndarray]:
    """Credit and amount of the channels."""
    return shapley_values(journeys, journeys.converted_counts), shapley_values(journeys, journeys.amounts)


def _samples(journeys: Journeys) -> dict[str, np.ndarray]:
    """Per model, the credit of the channels in samples of the journeys; of shape (REPEATS, channels)."""
    of_markov, of_shapley = [], []
    for walked, converted in journeys.resampled(REPEATS, SEED):
        shares = shares_of_removal(removal_effects(transition_counts(journeys, walked, converted)))
        of_markov.append(shares * converted.sum(axis=1, keepdims=True))
        of_shapley.append(shapley_values(journeys, converted))
    return {"markov": np.concatenate(of_markov), "shapley": np.concatenate(of_shapley)}
