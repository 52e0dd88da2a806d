"""JSON over HTTP: one thin module of routes for each subject; what they return is in `caco_tasks.reports`."""
