"""The local platform: an embedded Postgres, an embedded S3 and Airflow, started and watched by a process of our own."""
