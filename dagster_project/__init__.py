"""Orchestrate the refresh: load the sources, build the warehouse, check it, publish it."""
