"""An Airflow command that ends with the process that started it.

Run as `python -m caco_tasks.platform.airflow_child PARENT COMMAND...`, for instance `... 4711 scheduler`.
"""

import runpy
import sys

from caco_tasks.platform.processes import die_with_parent


def main() -> None:
    """Ties this process to its parent, then becomes the `airflow` command."""
    die_with_parent(int(sys.argv[1]))
    sys.argv = ["airflow", *sys.argv[2:]]
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
