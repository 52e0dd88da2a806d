"""`caco completion`: what a shell needs to complete commands, options and their values."""

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the lines that make a shell complete `caco`; put them where it reads its settings."""
    made = get_completion_class(shell)
    assert made is not None  # for these three click has one
    click.echo(made(context.find_root().command, {}, "caco", "_CACO_COMPLETE").source())
