"""``fogline suspend``: stop placing and moving a model."""

import click

from fogline.cli.command import Command
from fogline.cli.options import Named, Where, takes_connection, takes_model, takes_output
from fogline.cli.suspension import set_suspend


@click.command(
    name="suspend",
    cls=Command,
    examples=[
        ("no move while something is looked into", "suspend digits"),
        ("in another namespace, for a script", "suspend digits -n shop -o name"),
    ],
    exit_codes={0: "done, or it was so already"},
)
@takes_model
@takes_connection
@takes_output("text", "name", "json", "yaml")
def command(named: Named, where: Where, output: str) -> None:
    """Let nothing of a model be placed or moved any more; what runs goes on and serves.

    Pods that start wait at their scheduling gate, moves stop where they are, and changes of the spec are not
    carried out, until fogline resume. It sets spec.suspend of the ModelDeployment, as
    kubectl patch would.
    """
    set_suspend(where, named, suspend=True, output=output)
