"""Who is looking, and what they may see. docs/security.md has the table of roles and how sign-in is configured."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import streamlit as st
from streamlit import config
from streamlit.errors import StreamlitSecretNotFoundError

from app.formatting import plain
from app.languages import _

# From the most to the least that may be seen: who is in groups of several has the first of them.
ENGINEER, SALES, LEADERSHIP = ROLES = ("engineer", "sales", "leadership")
SEE_PEOPLE = (ENGINEER, SALES)
# A person who has left the company is still signed in for so long at most; `[roles] hours` says otherwise.
SIGN_IN_HOURS = 12
SECTIONS = ("auth", "roles")
# What the first must say; with a short key whoever has a cookie may find out how to sign another one.
AUTH = ("redirect_uri", "cookie_secret", "client_id", "client_secret", "server_metadata_url")
LEAST_COOKIE_SECRET = 32
SETTINGS_OF_ROLES = (*ROLES, "claim", "region_claim")


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
    try:
        secrets = _secrets()
    except Misconfigured as fault:
        _stop(
            _("The dashboard is closed"),
            _(
                "Sign-in is not configured as docs/security.md says: {fault}. Mend that and start the dashboard again.",
                fault=plain(fault),
            ),
        )
    if not secrets:
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
    viewer = of_claims(st.user.to_dict(), secrets["roles"], time.time())
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
    claim = str(roles.get("claim") or "groups")
    # An address that its owner never proved may be anybody's.
    is_proven = claim != "email" or claims.get("email_verified", True) in (True, "true")
    groups = set(_texts(claims.get(claim))) if is_proven else set()
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


def fault_of(secrets: Mapping[str, Any]) -> str | None:
    """What is wrong with how sign-in is configured, in words without any secret; None where nothing is."""
    auth, roles = (secrets.get(name) for name in SECTIONS)
    for name, section in zip(SECTIONS, (auth, roles), strict=True):
        if not isinstance(section, Mapping):
            return _("there is no section [{name}]", name=name)
    for key in AUTH:
        if not isinstance(auth.get(key), str) or not auth[key].strip():
            return _("[auth] says no {key}", key=key)
    if len(auth["cookie_secret"]) < LEAST_COOKIE_SECRET:
        return _("cookie_secret has fewer than {count} characters", count=LEAST_COOKIE_SECRET)
    for key, value in roles.items():
        if key == "hours":
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
                return _("hours in [roles] is no number above 0")
        elif key not in SETTINGS_OF_ROLES:
            return _("{key} in [roles] is no role; those are {roles}", key=key, roles=", ".join(ROLES))
        elif not _texts(value):
            return _("{key} in [roles] is no text or list of texts", key=key)
    return None


class Misconfigured(Exception):
    """Sign-in is configured in a way that nobody could rely on: who came would be let in, or shut out, by mistake."""


def _secrets() -> Mapping[str, Any]:
    """What the secrets say of sign-in; nothing where it is not configured. Raises Misconfigured."""
    # The usual places may be empty or speak of other things; a file that somebody named may not.
    is_named = config.is_manually_set("secrets.files")
    try:
        secrets = st.secrets.to_dict()
    except (OSError, ValueError) as problem:
        # One that cannot be read is told by the same exception as none.
        is_none = isinstance(problem, StreamlitSecretNotFoundError) and "file_paths" in problem.exec_kwargs
        if is_none and not is_named:
            return {}
        why = f"{problem.filename}: {problem.strerror}" if getattr(problem, "strerror", None) else str(problem)
        raise Misconfigured(_("the secrets cannot be read ({why})", why=why)) from problem
    if not is_named and not secrets.keys() & set(SECTIONS):
        return {}
    if fault := fault_of(secrets):
        raise Misconfigured(fault)
    return secrets


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
