"""``fogline resume``: place and move a suspended model again."""

import click

from fogline.cli.command import Command
from fogline.cli.options import Named, Where, takes_connection, takes_model, takes_output
from fogline.cli.suspension import set_suspend


@click.command(
    name="resume",
    cls=Command,
    examples=[
        ("go on", "resume digits"),
        ("in another namespace, for a script", "resume digits -n shop -o name"),
    ],
    exit_codes={0: "done, or it was so already"},
)
@takes_model
@takes_connection
@takes_output("text", "name", "json", "yaml")
def command(named: Named, where: Where, output: str) -> None:
    """Let a suspended model be placed and moved again.

    What was held up is decided now, by the cluster as it is now. It sets spec.suspend of the ModelDeployment
    to false.
    """
    set_suspend(where, named, suspend=False, output=output)
