"""Sign-in against a real OpenID Connect provider, in a real browser: who sees what."""

from collections.abc import Callable, Iterator
from pathlib import Path

import identity_provider
import pytest
from conftest import free_port, served
from cryptography.hazmat.primitives.asymmetric import rsa

pytestmark = [pytest.mark.browser, pytest.mark.refresh]

ROLES = """
[roles]
claim = "groups"
leadership = ["board"]
sales = ["sales-team"]
engineer = "revops"
region_claim = "sales_region"
"""


@pytest.fixture(scope="module")
def guarded(published_demo: Path, tmp_path_factory) -> Iterator[tuple[str, identity_provider.Provider]]:
    """A dashboard that asks who one is, and the provider that it asks."""
    folder, port = tmp_path_factory.mktemp("guarded"), free_port()
    with identity_provider.running(free_port()) as provider:
        secrets = folder / "secrets.toml"
        secrets.write_text(
            f"""
            [auth]
            redirect_uri = "http://127.0.0.1:{port}/oauth2callback"
            cookie_secret = "0123456789abcdef0123456789abcdef"
            client_id = "{identity_provider.CLIENT_ID}"
            client_secret = "{identity_provider.CLIENT_SECRET}"
            server_metadata_url = "{provider.address}/.well-known/openid-configuration"
            {ROLES}
            """
        )
        with served(published_demo, port, folder, "--secrets.files", str(secrets)) as address:
            yield address, provider


@pytest.fixture
def enter(browser, guarded) -> Iterator[Callable]:
    """Come as somebody and sign in; the page that one then stands on."""
    address, provider = guarded
    contexts = []

    def enter_(**provided: object):
        for name, value in {
            "claims": {},
            "key": None,
            "age_seconds": 0,
            "audience": identity_provider.CLIENT_ID,
        }.items():
            setattr(provider, name, provided.get(name, value))
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        contexts.append(context)
        page = context.new_page()
        page.goto(address)
        page.get_by_role("button", name="Sign in").wait_for(timeout=30_000)
        assert page.locator("[data-testid=stMetric]").count() == 0, "numbers are shown to whoever comes"
        assert page.locator("[data-testid=stSidebarNavLink]").count() == 0
        page.get_by_role("button", name="Sign in").click()
        return page

    yield enter_
    for context in contexts:
        context.close()


@pytest.mark.parametrize("group", ["board", "sales-team", "revops"])
def test_who_has_a_role_sees_the_numbers_and_can_leave(enter, group):
    page = enter(claims={"name": "Ann Example", "groups": ["others", group], "sales_region": "DACH"})
    page.locator("[data-testid=stMetric]").first.wait_for(timeout=40_000)
    assert page.get_by_text("Ann Example").count() == 1
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for(timeout=30_000)
    assert page.locator("[data-testid=stMetric]").count() == 0


@pytest.mark.parametrize("claims", [{}, {"groups": "strangers"}, {"groups": [7, None]}, {"roles": ["board"]}], ids=str)
def test_who_has_no_role_sees_nothing(enter, claims):
    page = enter(claims={"name": "Ann Example"} | claims)
    page.get_by_text("You have no role here").wait_for(timeout=40_000)
    assert page.locator("[data-testid=stMetric]").count() == 0
    assert page.locator("[data-testid=stSidebarNavLink]").count() == 0


@pytest.mark.parametrize(
    "forgery",
    [
        {"key": rsa.generate_private_key(65537, 2048)},
        {"audience": "another-app"},
        {"age_seconds": 13 * 3600},
    ],
    ids=["signed by another key", "meant for another app", "issued too long ago"],
)
def test_a_token_that_is_not_to_be_believed_opens_nothing(enter, forgery):
    page = enter(claims={"groups": ["board"]}, **forgery)
    page.wait_for_timeout(4000)
    assert page.locator("[data-testid=stMetric]").count() == 0
    assert page.locator("[data-testid=stSidebarNavLink]").count() == 0


def test_who_stands_at_the_door_meets_no_serious_fault(enter, faults):
    page = enter(claims={"name": "Ann Example", "groups": ["strangers"]})
    page.get_by_text("You have no role here").wait_for(timeout=40_000)
    found = faults(page, "sent away")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for(timeout=30_000)
    for theme in ("light", "dark"):
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(500)
        found += faults(page, f"signed out, {theme}")
    assert not found, "\n".join(found)
