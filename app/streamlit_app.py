"""The dashboard's entry: the language, the pages and their frame. Start it with `make app`."""

import sys
from pathlib import Path

import streamlit as st

# Streamlit puts this file's folder on the path; the app is imported as the package that it is.
PROJECT_FOLDER = str(Path(__file__).resolve().parents[1])
if PROJECT_FOLDER not in sys.path:
    sys.path.insert(0, PROJECT_FOLDER)

from app import pages, shell, viewer  # noqa: E402

# A page icon of the form ":material/…:" would be fetched from the network as favicon; a file of ours is not.
st.set_page_config(page_title="Funnelhouse", page_icon=str(shell.ASSETS / "mark.svg"), layout="wide")

st.html(shell.STYLE)
shell.choose_language()
reader = viewer.sign_in()
entry, run = pages.navigation()
shell.open_frame(entry, reader)
with shell.told_in_words():
    run()
    shell.offer_pack(entry)
