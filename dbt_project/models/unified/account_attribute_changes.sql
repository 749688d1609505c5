{{ unify(
    'account_attribute_changes',
    accounts=['account_id'],
    event_at='changed_at',
    one_row_per=['account_id', 'attribute', 'changed_at'],
) }}
