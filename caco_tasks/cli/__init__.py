"""The command line: `caco`."""

from caco_tasks.cli.main import main

__all__ = ["main"]
