"""Who may see what: roles from claims, people only for roles, and of sales only those of the own region."""

from pathlib import Path

import duckdb
import pytest
import streamlit
from dashboard_helpers import texts
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamlit import config
from streamlit.config_option import ConfigOption
from streamlit.runtime import secrets as runtime_secrets
from streamlit.runtime.secrets import Secrets
from streamlit.testing.v1 import AppTest

from app import people
from app.viewer import Viewer, fault_of, is_loopback, of_claims

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
    ("proven", "role"),
    [({"email_verified": True}, "leadership"), ({}, "leadership"), ({"email_verified": False}, None)],
)
def test_an_address_that_its_owner_never_proved_gives_no_role(proven, role):
    claims = JUST_NOW | {"email": "ann@example.com"} | proven
    assert of_claims(claims, {"claim": "email", "leadership": ["ann@example.com"]}, NOW).role == role


# How sign-in is configured

AUTH = {
    "redirect_uri": "https://funnelhouse.example.com/oauth2callback",
    "cookie_secret": "hush" * 8,
    "client_id": "funnelhouse",
    "client_secret": "hush-hush",
    "server_metadata_url": "https://login.example.com/.well-known/openid-configuration",
}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({}, None),
        ({"auth": None}, "there is no section [auth]"),
        ({"auth": "hush"}, "there is no section [auth]"),
        ({"roles": None}, "there is no section [roles]"),
        ({"roles": ["board"]}, "there is no section [roles]"),
        *[({"auth": {**AUTH, key: value}}, f"[auth] says no {key}") for key in AUTH for value in (None, " ", 7)],
        ({"auth": AUTH | {"cookie_secret": "hush"}}, "cookie_secret has fewer than 32 characters"),
        ({"roles": ROLES | {"admin": ["hush"]}}, "admin in [roles] is no role; those are engineer, sales, leadership"),
        *[({"roles": ROLES | {"sales": value}}, "sales in [roles] is no text or list") for value in (7, [], "", {})],
        *[({"roles": ROLES | {"hours": value}}, "hours in [roles] is no number") for value in ("12", 0, True, [])],
        ({"roles": ROLES | {"hours": float("nan")}}, "hours in [roles] is no number"),
        ({"roles": ROLES | {"hours": 0.5}}, None),
    ],
    ids=str,
)
def test_what_is_wrong_with_how_sign_in_is_configured_is_said_without_a_secret(changed, words):
    told = fault_of({"auth": AUTH, "roles": ROLES} | changed)
    assert told is None if words is None else told.startswith(words)
    assert "hush" not in (told or "")


def at_the_door() -> None:
    import streamlit as st

    from app import viewer

    st.write(f"come in, {viewer.sign_in().role}")


@pytest.fixture
def ask_at_the_door(monkeypatch, tmp_path):
    """What somebody reads who comes to a dashboard with a file of secrets, at the usual place or one that was named."""

    def ask(content: bytes | None, is_named: bool) -> str:
        file = tmp_path / "secrets.toml"
        if content is not None:
            file.write_bytes(content)
        monkeypatch.setattr(runtime_secrets, "secrets_singleton", Secrets())
        monkeypatch.setattr(streamlit, "secrets", runtime_secrets.secrets_singleton)
        usual = config.get_option("secrets.files")
        config.set_option("secrets.files", [str(file)], "a test" if is_named else ConfigOption.DEFAULT_DEFINITION)
        try:
            test = AppTest.from_function(at_the_door).run()
        finally:
            config.set_option("secrets.files", usual, ConfigOption.DEFAULT_DEFINITION)
        assert not test.exception, test.exception
        return texts(test)

    return ask


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'[auth]\nclient_secret = "hush\n', "at line 2, column"),
        (b"[auth]\nclient_secret = hush", "at line 2, column"),
        (b"\xff\xfe[auth]", "invalid start byte"),
        (b'[auth]\nclient_id = "funnelhouse"\nclient_secret = "hush"', "there is no section [roles]"),
        (b'[roles]\nengineer = "hush"', "there is no section [auth]"),
    ],
)
@pytest.mark.parametrize("is_named", [True, False], ids=["named", "usual"])
def test_secrets_that_cannot_be_used_close_the_dashboard_instead_of_opening_it_to_all(
    ask_at_the_door, content, words, is_named
):
    told = ask_at_the_door(content, is_named)
    assert "The dashboard is closed" in told and words in told
    assert "come in" not in told and "hush" not in told


def test_a_file_of_secrets_that_was_named_and_is_not_there_closes_the_dashboard(ask_at_the_door):
    assert "The dashboard is closed" in ask_at_the_door(None, is_named=True)
    assert "come in, engineer" in ask_at_the_door(None, is_named=False)


def test_secrets_of_other_programs_at_the_usual_place_are_none_of_ours(ask_at_the_door):
    assert "come in, engineer" in ask_at_the_door(b'token = "hush"', is_named=False)
    assert "The dashboard is closed" in ask_at_the_door(b'[Auth]\nclient_id = "x"', is_named=True)


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
