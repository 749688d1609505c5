"""A plugin of dbt-duckdb (`profiles.yml`) by which dbt ends as soon as nobody reads what it says.

A refresh that is killed leaves its dbt behind. It would write on, beside the next refresh: Python takes no notice of a
pipe without a reader.
"""

import os
import select
import sys
from threading import Thread, main_thread

from dbt.adapters.duckdb.plugins import BasePlugin

NO_READER = select.POLLERR | select.POLLHUP
LOOK_EVERY_MILLISECONDS = 200


class Plugin(BasePlugin):
    """Watches from the first connection on."""

    def initialize(self, plugin_config: dict) -> None:
        if sys.__stdout__:
            Thread(target=_end_without_reader).start()


def _end_without_reader() -> None:
    output = select.poll()
    output.register(sys.__stdout__.fileno(), 0)
    while main_thread().is_alive():
        if any(event & NO_READER for _, event in output.poll(LOOK_EVERY_MILLISECONDS)):
            os._exit(1)
