"""`caco mcp`: the ledger for assistants, over standard input and output."""

import click

from caco_tasks.cli.console import explain_errors
from caco_tasks.cli.environment import find_connections
from caco_tasks.errors import ConfigError


@click.command()
@explain_errors
def mcp() -> None:
    """Answer an assistant's questions about the ledger, read-only, by the Model Context Protocol on standard input and output.

    An assistant starts it itself: give it the command `caco mcp` and the folder of the platform as CACO_HOME.
    """
    try:
        from caco_tasks.cli.mcp_server import make_server
    except ModuleNotFoundError as exc:
        if exc.name is None or exc.name.partition(".")[0] not in ("mcp", "mcp_types"):
            raise
        raise ConfigError("The package 'mcp' is not installed: `pip install 'caco[mcp]'`.") from exc
    make_server(find_connections()).run("stdio")
