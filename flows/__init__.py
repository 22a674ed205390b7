"""When and in what order: flows, settings and the command line. Only this package knows Prefect."""
