"""Made-up snapshots to learn from: what a lead is, and what came of it."""

import numpy as np
import pandas as pd

HORIZONS = {"opportunity": 90, "won": 180}


def made_up(lead_count: int = 1200, seed: int = 3, strength: float = 1.0) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Snapshots (two per lead, 40 days apart) and their features, as the warehouse hands them over.

    The log odds of an opportunity are -1.5, and `strength` times: 1 for red, -1 for blue, 0.4 per visit.
    """
    draw = np.random.default_rng(seed)
    leads = np.arange(lead_count)
    colour = draw.choice(["red", "blue", "green", None], lead_count)
    visits = draw.poisson(2.0, lead_count).astype(float)
    log_odds = -1.5 + strength * (1.0 * (colour == "red") - 1.0 * (colour == "blue") + 0.4 * visits)
    created = pd.Timestamp("2025-01-06") + pd.to_timedelta(draw.integers(0, 300, lead_count), unit="D")
    snapshots = []
    for days in (0, 40):
        scored = created + pd.Timedelta(days=days)
        rows = {"lead_id": [f"L{lead:05}" for lead in leads], "scored_date": scored, "is_today": False}
        rows["account_fold"] = leads // 3 % 4
        rows["sample_key"] = [f"{key:08}" for key in draw.permutation(lead_count) * 2 + (days > 0)]
        for outcome, horizon in HORIZONS.items():
            shift = 0.0 if outcome == "opportunity" else -1.0
            reached = draw.random(lead_count) < 1 / (1 + np.exp(-(log_odds + shift)))
            rows[f"is_{outcome}"] = pd.array(reached, dtype="boolean")
            until = scored + pd.Timedelta(days=horizon)
            last_day = until - pd.Timedelta(days=1)
            rows[f"{outcome}_learned_from"] = (last_day.to_period("Q") + 1).to_timestamp()
        snapshots.append(pd.DataFrame(rows))
    snapshots = pd.concat(snapshots, ignore_index=True)
    of_lead = snapshots["lead_id"].str[1:].astype(int)
    texts = snapshots[["lead_id", "scored_date"]].assign(
        feature="colour", text_value=colour[of_lead], number_value=np.nan
    )
    numbers = snapshots[["lead_id", "scored_date"]].assign(
        feature="visits", text_value=None, number_value=visits[of_lead]
    )
    features = pd.concat([texts[texts["text_value"].notna()], numbers[numbers["number_value"] > 0]])
    return snapshots, features.reset_index(drop=True)


def features_of(features: pd.DataFrame):
    """What the warehouse answers when it is asked for the features of some snapshots."""
    return lambda sample: features.merge(sample, on=["lead_id", "scored_date"])
