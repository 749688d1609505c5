"""Runs steps of a refresh as often as it is told, each time in a process of its own, which can be killed.

A line of standard input names the steps. Two lines of standard output answer: the process, and how it ended. The
processes are forked from this one, so that the project and its libraries, which take longer to read than most steps
last, are read once.
"""

import os
import sys

import dagster as dg
import great_expectations  # noqa: F401  its expectations would import it in each process

from dagster_project.definitions import defs
from dagster_project.progress import progress_logger


def main() -> None:
    job = defs.resolve_job_def("refresh").with_logger_defs({"progress": progress_logger(1)})
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what dbt says
    for line in sys.stdin:
        process = os.fork()
        if not process:
            os._exit(run(job, line.split()))
        print(process, file=answers, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), file=answers, flush=True)


def run(job: dg.JobDefinition, steps: list[str]) -> int:
    runnable = [step for step in job.asset_layer.asset_graph.assets_defs if step.is_executable]
    chosen = [step for step in runnable if step.op.name in steps]
    subset = job.get_subset(
        asset_selection=set().union(*(step.keys for step in chosen)),
        asset_check_selection=set().union(*(step.check_keys for step in chosen)),
    )
    with dg.DagsterInstance.get() as instance:
        result = subset.execute_in_process(
            instance=instance, raise_on_error=False, run_config={"loggers": {"progress": {}}}
        )
    return 0 if result.success else 1


if __name__ == "__main__":
    main()
