"""dbt's own unit tests: logic on fixed rows, with answers computed by hand."""

import re
import shutil

import pytest
from refreshing import run_funnelhouse

pytestmark = pytest.mark.refresh


def test_every_unit_test_gives_the_answer_computed_by_hand(demo_environment, published_demo, tmp_path):
    # dbt looks up the columns of the tested models' inputs, so they must have been built.
    shutil.copy(published_demo / "warehouse.duckdb", tmp_path)
    environment = demo_environment | {"FUNNELHOUSE_DATA_DIR": str(tmp_path)}
    result = run_funnelhouse("exec dbt test --select test_type:unit", environment)
    assert result.returncode == 0, result.stdout
    [(passed, warned, failed)] = re.findall(r"PASS=(\d+) WARN=(\d+) ERROR=(\d+)", result.stdout)
    assert (warned, failed) == ("0", "0")
    assert int(passed) >= 50
