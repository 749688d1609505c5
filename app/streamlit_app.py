"""The dashboard's entry: its pages, their frame and the global filters. Start it with `make app`."""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts this file's folder on the path; the app is imported as the package that it is.
PROJECT_FOLDER = str(Path(__file__).resolve().parents[1])
if PROJECT_FOLDER not in sys.path:
    sys.path.insert(0, PROJECT_FOLDER)

from app import shell  # noqa: E402

# A page icon of the form ":material/…:" would be fetched from the network as favicon; a file of ours is not.
st.set_page_config(page_title="Funnelhouse", page_icon=str(shell.ASSETS / "mark.svg"), layout="wide")

funnel = st.Page(shell.FUNNEL_PAGE, title="Funnel", icon=":material/filter_alt:", url_path="home", default=True)
replay = st.Page(shell.REPLAY_PAGE, title="Replay", icon=":material/history:", url_path="replay")
data_health = st.Page(
    shell.HEALTH_PAGE, title="Data health", icon=":material/health_and_safety:", url_path="data-health"
)
# Streamlit serves the default page at the root only; /funnel is an address too.
funnel_address = st.Page(lambda: None, title="Funnel", url_path="funnel", visibility="hidden")
page = st.navigation({"Win": [funnel, funnel_address], "Decide": [replay], "Trust": [data_health]})
if page == funnel_address:
    # A copy: Streamlit empties the parameters before it reads the ones it is given.
    st.switch_page(funnel, query_params={name: st.query_params.get_all(name) for name in st.query_params})

shell.open_frame(page.title, has_filters=page not in (replay, data_health))
with shell.told_in_words():
    page.run()
