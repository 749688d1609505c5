"""Bring sources into the warehouse. Knows files, HTTP and dlt; knows nothing of Dagster, dbt or Streamlit."""

import os

# dlt decides once, while it is being imported, whether it reports each load to its makers.
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
