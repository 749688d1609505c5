"""Walking through stages, along a route."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from ingestion.simulator import draw
from ingestion.simulator.clock import MINUTE, days

SHORTEST_STAY = 10 * MINUTE


def draw_routes(
    rng: np.random.Generator, outcomes: np.ndarray, routes_of: Mapping[str, Mapping[tuple[str, ...], float]]
) -> np.ndarray:
    """A route (tuple of stages) for each traveller, by the outcome that it is to have."""
    routes = np.empty(len(outcomes), dtype=object)
    for outcome, weights in routes_of.items():
        travellers = np.flatnonzero(outcomes == outcome)
        routes[travellers] = draw.pick(rng, weights, travellers.size)
    return routes


def walk(
    first_stage: str,
    started_at: np.ndarray,
    routes: Sequence[tuple[str, ...]],
    legs: Iterable[tuple[str, str]],
    stay_days: Callable[[tuple[str, str], np.ndarray], np.ndarray],
    settle: Callable[[str, np.ndarray, np.ndarray], np.ndarray],
) -> pd.DataFrame:
    """One row per traveller and stay in a stage: traveller, step, stage, changed_at, left_at (NaT for the last).

    `legs` are the ways between stages that there are; `stay_days(leg, travellers)` says how long each takes for them.
    `settle(stage, travellers, moments)` moves moments at which they would come to a stage to when they can.
    """
    longest = max((len(route) for route in routes), default=0)
    stops = np.array([route + ("",) * (longest - len(route)) for route in routes], dtype="U16").reshape(-1, longest)
    stage = np.full(len(started_at), first_stage, dtype="U16")
    now = started_at.copy()
    everyone = np.arange(len(started_at))
    changes = [pd.DataFrame({"traveller": everyone, "step": 0, "stage": stage, "changed_at": now})]
    for step in range(longest):
        goal = stops[:, step]
        for origin, destination in legs:
            moving = np.flatnonzero((stage == origin) & (goal == destination))
            if moving.size:
                stay = np.maximum(days(stay_days((origin, destination), moving)), SHORTEST_STAY)
                now[moving] = settle(destination, moving, now[moving] + stay)
        arrived = np.flatnonzero(goal != "")
        stage[arrived] = goal[arrived]
        changes.append(
            pd.DataFrame({"traveller": arrived, "step": step + 1, "stage": stage[arrived], "changed_at": now[arrived]})
        )
    visits = pd.concat(changes).sort_values(["traveller", "step"], ignore_index=True)
    is_last = visits["traveller"] != visits["traveller"].shift(-1)
    return visits.assign(left_at=visits["changed_at"].shift(-1).mask(is_last))
