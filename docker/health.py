"""Whether a component of Airflow has let itself be heard of lately, as Airflow's own API says: `health.py dag_processor`.

For health checks: without Airflow's libraries, which take seconds of CPU time to load.
"""

import json
import sys
import urllib.request


def main() -> None:
    """Exit code 0: it is healthy."""
    with urllib.request.urlopen("http://api-server:8080/api/v2/monitor/health", timeout=10) as reply:
        found = json.load(reply)[sys.argv[1]]
    sys.exit(found["status"] != "healthy")


if __name__ == "__main__":
    main()
