"""The Caco windows in Airflow's UI: an API over the reports (`api/`), and the pages that are built on it."""
