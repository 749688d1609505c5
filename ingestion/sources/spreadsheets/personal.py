"""What the sheets tell of people, who are known by their address."""

from ingestion.personal import PERSONAL_COLUMNS, Personal
from ingestion.sources.spreadsheets.templates import templates

PEOPLE = {
    name: Personal(
        addresses=("email",),
        emptied=tuple((PERSONAL_COLUMNS - {"email"}) | {"first_name", "last_name"}),
        kept=tuple(template.raw_columns),
    )
    for name, template in templates().items()
    if "email" in template.columns
}
