"""The pages: their order, addresses and names, and which of the global filters narrow each of them."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

import streamlit as st

from app.content import Page, State
from app.languages import N_, _

LEADS = ("period", "channel", "campaign", "persona", "segment", "product")


@dataclass(frozen=True)
class Entry:
    """A page of the dashboard. `filters` are those that narrow it; a page without any shows no filter bar."""

    address: str
    title: str
    icon: str
    filters: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The view's name: its address as Python writes names."""
        return self.address.replace("-", "_")

    @property
    def path(self) -> str:
        """The view's file, as Streamlit names it."""
        return f"views/{self.module}.py"

    @property
    def content(self) -> Callable[..., Page | State]:
        """What makes the page's content out of a frame."""
        return import_module(f"app.views.{self.module}").content


SECTIONS: dict[str, tuple[Entry, ...]] = {
    "": (Entry("overview", N_("Overview"), ":material/insights:", LEADS),),
    N_("Win"): (
        Entry("acquisition", N_("Acquisition"), ":material/group_add:", LEADS),
        Entry("funnel", N_("Funnel & leaks"), ":material/filter_alt:", LEADS),
        Entry("velocity", N_("Velocity & stuck"), ":material/hourglass_bottom:", LEADS),
        Entry("scores", N_("Scores"), ":material/target:", ("channel", "campaign", "persona", "segment", "product")),
        Entry("handover", N_("Hand-over & SLA"), ":material/handshake:", LEADS),
        Entry("opportunities", N_("Opportunities"), ":material/paid:", LEADS),
    ),
    N_("Spend"): (
        Entry("attribution", N_("Attribution"), ":material/account_tree:", ("period", "channel", "campaign", "model")),
        Entry("roi", N_("ROI & budget"), ":material/savings:", ("period", "model")),
        Entry("content", N_("Content"), ":material/menu_book:", LEADS),
    ),
    N_("Decide"): (
        Entry("experiments", N_("Experiments"), ":material/science:"),
        Entry("replay", N_("Replay"), ":material/history:"),
    ),
    N_("Trust"): (
        Entry("journeys", N_("Journeys"), ":material/route:"),
        Entry("playbook", N_("Playbook"), ":material/rule:"),
        Entry("data-health", N_("Data health"), ":material/health_and_safety:"),
    ),
}
ENTRIES: dict[str, Entry] = {entry.address: entry for section in SECTIONS.values() for entry in section}
FIRST = next(iter(ENTRIES.values()))
HEALTH = ENTRIES["data-health"]


def navigation() -> tuple[Entry, Callable[[], None]]:
    """Draw the list of pages; which one is asked for, and what runs it."""
    drawn = {
        entry.address: st.Page(
            entry.path,
            title=_(entry.title),
            icon=entry.icon,
            # Streamlit serves the default page at the root only; its own address is the copy below.
            url_path="home" if entry is FIRST else entry.address,
            default=entry is FIRST,
        )
        for entry in ENTRIES.values()
    }
    named = st.Page(lambda: None, title=_(FIRST.title), url_path=FIRST.address, visibility="hidden")
    page = st.navigation([*drawn.values(), named], expanded=True)
    st.html(f"<style>{_section_names()}</style>")
    if page == named:
        # A copy: Streamlit empties the parameters before it reads the ones it is given.
        st.switch_page(
            drawn[FIRST.address], query_params={name: st.query_params.get_all(name) for name in st.query_params}
        )
    entry = next(entry for entry in ENTRIES.values() if drawn[entry.address] == page)
    return entry, page.run


def _section_names() -> str:
    """CSS that writes each section's name above its first page.

    Streamlit's own sections fold for the mouse alone, and make a list whose entries, to who hears it, are in no list.
    """
    rules, place = [], 1
    for name, section in SECTIONS.items():
        if name:
            rules.append(
                f'[data-testid="stSidebarNavItems"] > li:nth-child({place})::before {{'
                f" content: {json.dumps(_(name), ensure_ascii=False)}; display: block;"
                " padding: 0.9rem 0.5rem 0.2rem; font-size: 0.87rem; font-weight: 600; }"
            )
        place += len(section)
    return "\n".join(rules)
