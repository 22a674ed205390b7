"""Empty on purpose: records must be importable without HTTP or SQL."""
