"""When the refresh runs, and who hears of it when it fails."""

import dagster as dg

from dagster_project import alerts, serving
from dagster_project.defs.resources import SETTINGS
from ingestion.faults import way_out


@dg.failure_hook
def note_for_readers(context: dg.HookContext) -> None:
    """Say beside the serving file, for the dashboard, and in the channel that the run failed, and of what."""
    entries = context.instance.all_logs(context.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [
        entry.dagster_event.asset_check_evaluation_data for entry in entries if entry.step_key == context.step_key
    ]
    blocking = {
        f"{'.'.join(evaluation.asset_key.path)} {evaluation.check_name}": evaluation.description
        for evaluation in evaluations
        if not evaluation.passed and evaluation.severity == dg.AssetCheckSeverity.ERROR
    }
    reasons = [f"{name}: {description}" if description else f"{name} failed" for name, description in blocking.items()]
    words = str(context.op_exception).strip() or "no reason was given"
    message = "; ".join(reasons) or way_out(SETTINGS.warehouse, words) or words.splitlines()[0]
    if serving.record_failure(SETTINGS, context.run_id, f"{context.op.name}: {message}"):
        trouble = alerts.send(SETTINGS, context.run_id, list(blocking) or [context.op.name])
        if trouble:
            context.log.warning(trouble)


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
    """Write the failure into the log that whoever runs the schedule watches, and tell readers and the channel.

    A run that was killed has no step left that could say so itself.
    """
    run_id = context.dagster_run.run_id
    if serving.last_recorded_run(SETTINGS) != run_id:
        serving.record_failure(SETTINGS, run_id, context.failure_event.message)
        trouble = alerts.send(SETTINGS, run_id, ["refresh"])
        if trouble:
            context.log.warning(trouble)
    context.log.error(f"refresh {run_id} failed: {context.failure_event.message}")
