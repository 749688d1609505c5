"""Store entities as parquet files in the columns and types of the input contract."""

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from ingestion.contract import Table, entities

ARROW_TYPES = {
    "string": pa.string(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    # Marked as UTC: the `files` source takes a moment without a zone for local time.
    "timestamp": pa.timestamp("us", tz="UTC"),
}


def write_entity(name: str, rows: pd.DataFrame, folder: Path) -> Path:
    """Write `<name>.parquet`; columns of the contract that the rows lack are left out. Returns the file.

    Raises ValueError where the rows have a column that the contract does not know.
    """
    path = folder / f"{name}.parquet"
    pq.write_table(_table(entities()[name], rows), path)
    return path


def _table(entity: Table, rows: pd.DataFrame) -> pa.Table:
    unknown = set(rows.columns) - set(entity.column_names)
    if unknown:
        raise ValueError(f"'{entity.name}' has no column {', '.join(sorted(unknown))}")
    columns = [column for column in entity.columns if column.name in rows.columns]
    schema = pa.schema([(column.name, ARROW_TYPES[column.data_type]) for column in columns])
    arrays = [_array(rows[field.name], field.type) for field in schema]
    return pa.Table.from_arrays(arrays, schema=schema)


def _array(values: pd.Series, data_type: pa.DataType) -> pa.Array:
    if pa.types.is_string(data_type):
        values = values.astype(object)
    return pa.Array.from_pandas(values).cast(data_type)
