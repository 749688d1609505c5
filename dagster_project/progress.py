"""A refresh as a person watches it: one line per step, a bar while the warehouse is built, warnings and faults."""

import logging
import sys

import dagster as dg
from tqdm import tqdm

STEP_NAMES = {
    "playbook": "Checking the playbook",
    "load": "Loading",
    "build_warehouse": "Building and testing the warehouse",
    "check": "Checking expectations",
    "restatements": "Holding past months against what was published",
    "serving_file": "Publishing",
}


LOAD_CHECK = "is_fresh_enough"
# Dagster names every step that it leaves out; the fault that caused it has been told already.
NOT_EXECUTED = "Dependencies for step"


class ProgressHandler(logging.Handler):
    """Shows the events of a run on standard error."""

    def __init__(self, node_count: int) -> None:
        super().__init__()
        self.node_count = node_count
        self.bar: tqdm | None = None

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", None) or {}
        event: dg.DagsterEvent | None = meta.get("dagster_event")
        if event is None:
            message = meta.get("orig_message", "")
            if record.levelno >= logging.WARNING and not message.startswith(NOT_EXECUTED):
                self._say(f"  ! {message}")
            return
        if event.event_type == dg.DagsterEventType.STEP_START:
            self._say(f"{self._step_name(event.step_key)} …")
            if event.step_key == "build_warehouse":
                self.bar = tqdm(total=self.node_count, unit="node", leave=False, file=sys.stderr, disable=None)
        elif event.event_type in (dg.DagsterEventType.STEP_SUCCESS, dg.DagsterEventType.STEP_FAILURE) and self.bar:
            self.bar.close()
            self.bar = None
        elif event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._tell(event.asset_check_evaluation_data)
        if self.bar and event.event_type in (
            dg.DagsterEventType.ASSET_MATERIALIZATION,
            dg.DagsterEventType.ASSET_CHECK_EVALUATION,
        ):
            self.bar.update()

    def _tell(self, evaluation: dg.AssetCheckEvaluation) -> None:
        """Say what failed; of what passed only how a load went."""
        if evaluation.passed:
            if evaluation.check_name == LOAD_CHECK:
                self._say(f"  {evaluation.description}")
            return
        mark = "!" if evaluation.severity == dg.AssetCheckSeverity.WARN else "✗"
        name = f"{'.'.join(evaluation.asset_key.path)} {evaluation.check_name}"
        self._say(f"  {mark} {name}{': ' + evaluation.description if evaluation.description else ''}")

    @staticmethod
    def _step_name(step: str) -> str:
        prefix = next((prefix for prefix in STEP_NAMES if step.startswith(prefix)), None)
        if prefix is None:
            return step
        subject = step.removeprefix(prefix).replace("_", " ")
        return f"{STEP_NAMES[prefix]}{subject}"

    @staticmethod
    def _say(text: str) -> None:
        tqdm.write(text, file=sys.stderr)


def progress_logger(node_count: int) -> dg.LoggerDefinition:
    """A Dagster logger for a run of about so many dbt nodes."""

    @dg.logger
    def progress(_: dg.InitLoggerContext) -> logging.Logger:
        log = logging.Logger("funnelhouse.progress", level=logging.DEBUG)
        log.addHandler(ProgressHandler(node_count))
        return log

    return progress
