"""Who may see what: roles from claims, people only for roles, and of sales only those of the own region."""

from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app import people
from app.viewer import Viewer, is_loopback, of_claims

NOW = 1_800_000_000.0
ROLES = {
    "claim": "groups",
    "leadership": ["board"],
    "sales": ["sales-team", "sdr"],
    "engineer": "revops",
    "region_claim": "sales_region",
}
JUST_NOW = {"iat": NOW - 60}


@pytest.mark.parametrize(
    ("claims", "role", "regions"),
    [
        ({"groups": ["board"]}, "leadership", ()),
        ({"groups": "board"}, "leadership", ()),
        ({"groups": ["x", "sdr"], "sales_region": "DACH"}, "sales", ("DACH",)),
        ({"groups": ["sales-team"], "sales_region": ["DACH", "CEE"]}, "sales", ("DACH", "CEE")),
        ({"groups": ["sales-team"]}, "sales", ()),
        ({"groups": ["revops"]}, "engineer", None),
        ({"groups": ["board", "sdr", "revops"]}, "engineer", None),
        ({"groups": ["board", "sdr"], "sales_region": "CEE"}, "sales", ("CEE",)),
        ({"groups": ["Board"]}, None, ()),
        ({"groups": []}, None, ()),
        ({"roles": ["board"]}, None, ()),
        ({}, None, ()),
    ],
    ids=str,
)
def test_a_role_comes_from_the_groups_that_the_claims_name(claims, role, regions):
    viewer = of_claims(JUST_NOW | claims, ROLES, NOW)
    assert (viewer.role, viewer.regions) == (role, regions)


def test_without_a_section_of_roles_nobody_has_one():
    assert of_claims(JUST_NOW | {"groups": ["board", "engineer"]}, {}, NOW).role is None


@pytest.mark.parametrize("issued", [None, "today", NOW - 12 * 3600 - 1, NOW + 3600, float("nan")])
def test_a_sign_in_that_is_old_undated_or_of_the_future_is_asked_for_again(issued):
    assert of_claims({"groups": ["board"], "iat": issued}, ROLES, NOW) is None


def test_how_long_a_sign_in_holds_can_be_said():
    claims = {"groups": ["board"], "iat": NOW - 3 * 3600}
    assert of_claims(claims, ROLES, NOW) is not None
    assert of_claims(claims, ROLES | {"hours": 2}, NOW) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=5,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(claims=st.dictionaries(st.sampled_from(["groups", "sales_region", "name", "sub", "email"]), VALUES))
def test_whatever_the_claims_hold_nobody_gets_a_role_that_no_group_gives(claims):
    viewer = of_claims(claims | JUST_NOW, ROLES, NOW)
    assert viewer.role is None
    assert not viewer.may_see_people


@pytest.mark.parametrize(
    ("address", "is_own"),
    [
        *[(address, True) for address in ("127.0.0.1", "localhost", "::1")],
        *[(address, False) for address in ("0.0.0.0", "::", None, "", "10.0.0.7", "funnel.example.com")],
    ],
)
def test_what_listens_to_this_machine_alone_is_known(address, is_own):
    assert is_loopback(address) is is_own


# People


@pytest.fixture
def serving_file(published_demo: Path) -> str:
    return str((published_demo / "serving" / "current.duckdb").resolve())


def listed(serving_file: str) -> list[tuple]:
    contacts = Path(serving_file).parent / "contacts" / Path(serving_file).name
    with duckdb.connect(str(contacts), read_only=True) as connection:
        return connection.execute("select lead_id, owner_region from call_list order by list_rank").fetchall()


@pytest.mark.refresh
def test_an_engineer_sees_the_whole_call_list_in_its_order(serving_file):
    seen = people.call_list(serving_file, Viewer("", "engineer", None), limit=10_000)
    assert list(seen["lead_id"]) == [lead_id for lead_id, _region in listed(serving_file)]
    assert len(seen) > 20


@pytest.mark.refresh
def test_sales_see_those_of_their_own_regions_alone(serving_file):
    whole = listed(serving_file)
    for region in {region for _lead, region in whole if region}:
        seen = people.call_list(serving_file, Viewer("", "sales", (region,)), limit=10_000)
        assert list(seen["lead_id"]) == [lead_id for lead_id, own in whole if own == region]
    for regions in ((), ("Atlantis",), ("' or true --",)):
        assert people.call_list(serving_file, Viewer("", "sales", regions), limit=10_000).empty
        assert not people.names(serving_file, Viewer("", "sales", regions), [lead for lead, _ in whole])


@pytest.mark.refresh
@pytest.mark.parametrize("role", ["leadership", None, "guest"])
def test_nobody_else_sees_people(serving_file, role):
    viewer = Viewer("", role, None)
    assert people.call_list(serving_file, viewer, limit=10_000) is None
    assert people.names(serving_file, viewer, [lead_id for lead_id, _region in listed(serving_file)]) == {}


@pytest.mark.refresh
def test_contacts_that_are_no_longer_kept_are_an_empty_list(serving_file, tmp_path):
    assert people.call_list(str(tmp_path / "gone.duckdb"), Viewer("", "engineer", None), limit=10).empty
