"""When the refresh runs, and who hears of it when it fails."""

import dagster as dg

from dagster_project import serving
from dagster_project.defs.resources import SETTINGS


@dg.failure_hook
def note_for_readers(context: dg.HookContext) -> None:
    """Say beside the serving file that the run failed, and of what, so that the dashboard can say it too."""
    entries = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [entry.dagster_event.asset_check_evaluation_data for entry in entries]
    blocking = [
        evaluation.description or f"{'.'.join(evaluation.asset_key.path)} does not pass {evaluation.check_name}"
        for evaluation in evaluations
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
    ]
    message = "; ".join(blocking) or (str(context.op_exception).strip() or "no reason was given").splitlines()[0]
    serving.record_failure(SETTINGS, context.run_id, f"{context.op.name}: {message}")


refresh = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    hooks={note_for_readers},
    description="Load every source, build and check the warehouse, publish the marts.",
)

daily = dg.ScheduleDefinition(
    name="daily",
    job=refresh,
    cron_schedule=SETTINGS.environment.get("FUNNELHOUSE_SCHEDULE") or "0 5 * * *",
    execution_timezone=SETTINGS.environment.get("FUNNELHOUSE_SCHEDULE_TIMEZONE") or "Europe/Warsaw",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING)
def refresh_failed(context: dg.RunFailureSensorContext) -> None:
    """Write the failure into the log that whoever runs the schedule watches, and beside the serving file.

    A run that was killed has no step left that could say so itself.
    """
    if serving.last_recorded_run(SETTINGS) != context.dagster_run.run_id:
        serving.record_failure(SETTINGS, context.dagster_run.run_id, context.failure_event.message)
    context.log.error(f"refresh {context.dagster_run.run_id} failed: {context.failure_event.message}")
