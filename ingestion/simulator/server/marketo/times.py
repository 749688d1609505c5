"""How Marketo writes moments: `2026-01-01T00:00:00Z`, without fractions."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd


def written(moment: Any) -> str | None:
    """A moment of naive UTC as Marketo writes it, None where there is none."""
    return None if pd.isna(moment) else f"{pd.Timestamp(moment):%Y-%m-%dT%H:%M:%SZ}"


def all_written(moments: pd.Series) -> np.ndarray:
    """Many moments as texts; '' where there is none."""
    texts = np.datetime_as_string(moments.to_numpy().astype("datetime64[s]"), unit="s").astype(object) + "Z"
    return np.where(moments.isna().to_numpy(), None, texts)


def read(text: str) -> datetime | None:
    """A moment as somebody gave it, as naive UTC; None where it is none."""
    try:
        moment = datetime.fromisoformat(text.strip().replace(" ", "+"))
    except ValueError:
        return None
    return moment if moment.tzinfo is None else moment.astimezone(UTC).replace(tzinfo=None)
