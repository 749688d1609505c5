"""Who is looking, and what they may see. docs/security.md has the table of roles and how sign-in is configured."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from app.languages import _

# From the most to the least that may be seen: who is in groups of several has the first of them.
ENGINEER, SALES, LEADERSHIP = ROLES = ("engineer", "sales", "leadership")
SEE_PEOPLE = (ENGINEER, SALES)
# A person who has left the company is still signed in for so long at most; `[roles] hours` says otherwise.
SIGN_IN_HOURS = 12


@dataclass(frozen=True)
class Viewer:
    """A reader. Without a role nothing is shown; `regions` are those whose people a salesperson sees, None is all."""

    name: str
    role: str | None
    regions: tuple[str, ...] | None = ()

    @property
    def may_see_people(self) -> bool:
        """Whether names, e-mails and phones may be shown, those of `regions`."""
        return self.role in SEE_PEOPLE


def sign_in() -> Viewer:
    """Who is looking. Nobody goes on from here who is not signed in, where sign-in is configured, or has no role.

    Without sign-in everybody who reaches the dashboard is the owner of this machine: it must listen to no other one.
    """
    secrets = _secrets()
    if "auth" not in secrets:
        if not is_loopback(st.get_option("server.address")):
            _stop(
                _("The dashboard is closed"),
                _(
                    "It listens to other machines, and nobody is asked who they are. Configure sign-in, as "
                    "docs/security.md says, or let it listen to 127.0.0.1 alone."
                ),
            )
        return Viewer("", ENGINEER, None)
    if not st.user.is_logged_in:
        _stop(_("Please sign in"), _("Funnelhouse shows your company's numbers to its people alone."), "sign_in")
    viewer = of_claims(st.user.to_dict(), secrets.get("roles") or {}, time.time())
    if viewer is None:
        _stop(_("Please sign in again"), _("You signed in too long ago."), "sign_in")
    if viewer.role is None:
        _stop(
            _("You have no role here"),
            _("Ask whoever runs Funnelhouse to give one to a group that you are in; then sign in again."),
            "sign_out",
        )
    with st.sidebar.container(key="signed_in", gap="xxsmall"):
        st.caption(viewer.name)
        st.button(_("Sign out"), key="sign_out", type="tertiary", icon=":material/logout:", on_click=st.logout)
    return viewer


def of_claims(claims: Mapping[str, Any], roles: Mapping[str, Any], now: float) -> Viewer | None:
    """The viewer of an ID token's claims; None where they are too old. `now` is in seconds since 1970.

    `roles` is the section of that name: which `claim` names groups, which groups each role has, which `region_claim`
    names a salesperson's regions. What is not a text or a list of texts names nothing.
    """
    issued = claims.get("iat")
    hours = roles.get("hours", SIGN_IN_HOURS)
    if not isinstance(issued, int | float) or not now - 3600 * float(hours) < issued <= now + 300:
        return None
    groups = set(_texts(claims.get(str(roles.get("claim") or "groups"))))
    role = next((role for role in ROLES if groups & set(_texts(roles.get(role)))), None)
    regions = None if role == ENGINEER else ()
    if role == SALES:
        regions = _texts(claims.get(str(roles.get("region_claim") or "region")))
    name = claims.get("name") or claims.get("email") or claims.get("sub") or ""
    return Viewer(str(name), role, regions)


def is_loopback(address: str | None) -> bool:
    """Whether a server that listens there can be reached from this machine alone; without an address from all."""
    if address == "localhost":
        return True
    try:
        return ip_address(address or "0.0.0.0").is_loopback
    except ValueError:
        return False


def _secrets() -> Mapping[str, Any]:
    try:
        return st.secrets.to_dict()
    except StreamlitSecretNotFoundError:
        return {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,) if value else ()
    if isinstance(value, Sequence):
        return tuple(text for text in value if isinstance(text, str) and text)
    return ()


def _stop(title: str, text: str, button: str | None = None) -> None:
    with st.container(border=True, key="state"):
        st.header(f":material/lock: {title}", anchor=False)
        st.markdown(text)
        if button == "sign_in":
            st.button(_("Sign in"), key="sign_in", type="primary", on_click=st.login)
        elif button == "sign_out":
            st.button(_("Sign out"), key="sign_out", on_click=st.logout)
    st.stop()
