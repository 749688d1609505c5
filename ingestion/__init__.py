"""Bring sources into the warehouse. Knows files, HTTP and dlt; knows nothing of Dagster, dbt or Streamlit."""
