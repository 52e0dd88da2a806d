"""Caco as a data platform: verified, traceable chains of thought from solved problems.

The library knows nothing of Airflow. `caco_tasks.runner` applies one stage of `caco_tasks.stages` to one shard.
"""

__version__ = "0.1.0"
