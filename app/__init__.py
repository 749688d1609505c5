"""The dashboard: it reads the published serving file and knows nothing else."""
