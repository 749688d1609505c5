"""What tests of the table macros share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from marts_by_hand import MartsByHand


@pytest.fixture
def marts(published_demo: Path) -> Iterator[MartsByHand]:
    """Marts that a test fills by hand; `dim_stages` holds the default stages."""
    by_hand = MartsByHand(published_demo / "warehouse.duckdb")
    yield by_hand
    by_hand.connection.close()
