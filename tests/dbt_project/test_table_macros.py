"""What every table macro of the marts has in common."""

import re
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.refresh

FILTERS = (
    "channels := ['webinar', 'content'], campaign_ids := ['M0001', 'M0002'], personas := ['End user'], "
    "segments := ['SMB'], products := ['Kolibri Flow']"
)


@pytest.fixture(scope="module")
def demo(published_demo: Path):
    path = (published_demo / "serving" / "current.duckdb").resolve()
    with duckdb.connect(str(path), read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def macros(demo) -> list[str]:
    rows = demo.execute(
        "select function_name from duckdb_functions() where schema_name = 'marts' and function_type = 'table_macro'"
    ).fetchall()
    assert len(rows) >= 15
    return [name for (name,) in rows]


@pytest.fixture(scope="module")
def reports(demo) -> list[str]:
    """Those that sum up by a dimension; the others have a row per lead, whom a reader knows how to filter."""
    rows = demo.execute(
        """
        select function_name from duckdb_functions()
        where schema_name = 'marts' and function_type = 'table_macro' and list_contains(parameters, 'group_by')
        """
    ).fetchall()
    assert len(rows) >= 15
    return [name for (name,) in rows]


def test_columns_have_plain_names_of_their_own(demo, macros):
    """A column named like a parameter is easily taken for it, and then carries the parameter's text as its name."""
    for name in macros:
        columns = [column for column, *_ in demo.execute(f"describe from marts.{name}()").fetchall()]
        assert all(re.fullmatch("[a-z][a-z0-9_]*", column) for column in columns), (name, columns)
        assert len(set(columns)) == len(columns), name


@pytest.mark.parametrize("dimension", ["all", "channel", "campaign", "persona", "segment", "product"])
def test_each_answers_by_every_dimension_under_all_filters_together(demo, reports, dimension):
    for name in reports:
        whole = demo.execute(f"select count(*) from marts.{name}(group_by := '{dimension}')").fetchone()[0]
        assert whole > 0, name
        demo.execute(f"from marts.{name}(group_by := '{dimension}', {FILTERS})").fetchall()


def test_a_dimension_that_does_not_exist_is_refused_in_words(demo, reports):
    for name in reports:
        with pytest.raises(duckdb.Error, match="group_by is one of all, channel, campaign, persona, segment, product"):
            demo.execute(f"from marts.{name}(group_by := 'colour')").fetchall()
