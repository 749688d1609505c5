"""Assets, checks, jobs and resources, one module a concern."""
