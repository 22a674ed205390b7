"""The flows under a real Prefect server: deployments, workers, kills, and what its pages show."""
