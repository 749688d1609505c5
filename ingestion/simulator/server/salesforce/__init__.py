"""The company as Salesforce would tell it."""

from ingestion.simulator.server.salesforce.api import PATHS, error, routes

__all__ = ["PATHS", "error", "routes"]
