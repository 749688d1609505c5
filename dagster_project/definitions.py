"""What Dagster loads: everything under defs/."""

import dagster as dg

from dagster_project.defs import ingestion, publish, quality, resources, schedules, warehouse

defs = dg.Definitions(
    assets=dg.load_assets_from_modules([ingestion, warehouse, publish], include_specs=True),
    asset_checks=[*quality.raw_checks, quality.mart_checks],
    jobs=[schedules.refresh],
    schedules=[schedules.daily],
    sensors=[schedules.refresh_failed],
    resources=resources.RESOURCES,
)
