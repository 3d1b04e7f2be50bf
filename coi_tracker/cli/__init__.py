"""The command line ``coi``: one command a file or a few, all of them thin. What they do is done by the services."""

from __future__ import annotations

from pathlib import Path

import click

from coi_tracker import __version__
from coi_tracker.cli.accounts import COMMANDS as ABOUT_PEOPLE
from coi_tracker.cli.attempt import COMMANDS as ABOUT_STEPS
from coi_tracker.cli.course import COMMANDS as ABOUT_COURSES
from coi_tracker.cli.definitions import COMMANDS as ABOUT_DEFINITIONS
from coi_tracker.cli.installing import COMMANDS as ABOUT_INSTALLING
from coi_tracker.cli.integrations import COMMANDS as ABOUT_OTHER_SYSTEMS
from coi_tracker.cli.log import COMMANDS as ABOUT_THE_LOG
from coi_tracker.cli.printers import COMMANDS as ABOUT_PRINTERS
from coi_tracker.cli.printing import COMMANDS as PRINTING
from coi_tracker.cli.running import COMMANDS as RUNNING
from coi_tracker.cli.stock import COMMANDS as ABOUT_STOCK
from coi_tracker.cli.terminal import House, example


@click.group(cls=House, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="coi")
@click.option(
    "--config",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A TOML file of settings, instead of COI_CONFIG or ./coi.toml.",
)
@example("coi init --admin anna", "coi course list", "coi verify --json")
def cli(config: Path | None) -> None:
    """The chain-of-identity record for autologous TIL therapy.

    Settings come from COI_* in the environment and from a file; `coi settings` shows them. Exit codes: 0 done,
    1 refused or failed, 2 misuse.
    """


for _commands in (
    ABOUT_INSTALLING, RUNNING, ABOUT_STEPS, ABOUT_COURSES, ABOUT_DEFINITIONS, ABOUT_THE_LOG, ABOUT_PEOPLE,
    ABOUT_OTHER_SYSTEMS,
    ABOUT_STOCK, ABOUT_PRINTERS, PRINTING,
):  # fmt: skip
    for _command in _commands:
        cli.add_command(_command)


def main() -> None:
    """What the script ``coi`` runs."""
    cli(prog_name="coi")
