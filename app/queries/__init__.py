"""What each page asks of the serving file, a module a page. Formulas live in the file's own marts and macros."""
