"""`python -m caco_tasks.cli`: the same as `caco`."""

from caco_tasks.cli import main

main()
