{{ unify('products', one_row_per=['product']) }}
