"""How the command line talks: one way to say a failure, answers for people or as JSON, progress on a terminal.

Knows no command. Answers go to standard output, everything else to standard error, so that a pipe gets answers only.
Exit codes: 0 done, 1 refused or failed, 2 misuse (of the command, or of what was given to it).
"""

from __future__ import annotations

import errno
import inspect
import json
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from typing import IO, TYPE_CHECKING, Any, NoReturn

import click

from coi_tracker.config import Settings, load_settings
from coi_tracker.errors import CoiError, NotUnderstood

if TYPE_CHECKING:
    from coi_tracker.services.record import Record

DONE, FAILED, MISUSE = 0, 1, 2

Progress = Callable[[int, int | None], None]
"""Told how much is done, and of how much if that is known."""


class House(click.Group):
    """The group of all commands: whatever goes wrong below it becomes one sentence and an exit code."""

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,
        **extra: Any,
    ) -> Any:
        """As click does it, but for what is said about a failure."""
        try:
            code = super().main(args, prog_name, complete_var, standalone_mode=False, **extra)
        except (click.ClickException, click.Abort, CoiError, KeyboardInterrupt, OSError) as error:
            code = _say(error)
        if standalone_mode:
            sys.exit(code if isinstance(code, int) else DONE)
        return code


def _say(error: BaseException) -> int:
    """Say what went wrong; the code to end with."""
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx else "coi"
        complain(f"{error.format_message().rstrip('.')}. See `{command} --help`.")
    elif isinstance(error, OSError) and error.errno == errno.EPIPE:
        sys.stderr.close()  # nobody listens any more
    else:
        complain(_sentence(error))
    return MISUSE if isinstance(error, click.UsageError | NotUnderstood) else FAILED


def _sentence(error: BaseException) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "Stopped before it was done."
    if isinstance(error, OSError):
        return f"Expected to read or write {error.filename or 'a file'}; got: {error.strerror or error}; repair it."
    return str(error)


def complain(sentence: str) -> None:
    """One sentence on standard error, in red where there is colour."""
    click.secho(f"error: {sentence}", fg="red", err=True)


def refuse() -> NoReturn:
    """End as refused or failed, when all has been said."""
    raise click.exceptions.Exit(FAILED)


def settings() -> Settings:
    """The settings, read once a run. Raises SettingsError."""
    context = click.get_current_context().find_root()
    if "settings" not in context.meta:
        context.meta["settings"] = found = load_settings(file=context.params.get("config"))
        logging.basicConfig(level=found.log_level.upper(), format="%(levelname)s %(name)s: %(message)s")
    return context.meta["settings"]  # type: ignore[no-any-return]


def until_the_end(record: Record) -> Record:
    """The record, closed when the command ends."""
    click.get_current_context().call_on_close(record.database.close)
    return record


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--json``: the answer for a program."""
    return click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")(command)


def print_json(value: object) -> None:
    """An answer for a program: one JSON value, keys sorted, ASCII only."""
    click.echo(json.dumps(value, indent=2, sort_keys=True, default=str))


def example(*lines: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Put examples under a command's help."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        shown = "\n".join(f"  {line}" for line in lines)
        text = inspect.cleandoc(command.__doc__ or "")

        @wraps(command)
        def same(*args: Any, **named: Any) -> Any:
            return command(*args, **named)

        same.__doc__ = f"{text}\n\n\b\nExample:\n{shown}\n"
        return same

    return add


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Lines under headings, cut to the width of a terminal; every cell whole when nobody looks."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else 200)
    shown = Table(*columns, title=title or None, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for row in rows:
        shown.add_row(*(Text(cell) for cell in row))  # Text: nothing in a cell is markup
    console.print(shown)


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """A bar on standard error while something takes its time; nothing where no terminal is."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def password_from(stdin: bool, *, whose: str, confirm: bool = False) -> str:
    """A password, typed unseen, or one line of standard input. It is never shown and never logged."""
    if stdin:
        return _line(sys.stdin, whose)
    if not sys.stdin.isatty():
        raise click.UsageError(f"The password of {whose} is asked on a terminal; elsewhere give --password-stdin")
    return str(click.prompt(f"Password of {whose}", hide_input=True, confirmation_prompt=confirm, err=True))


def _line(source: IO[str], whose: str) -> str:
    line = source.readline(2000).rstrip("\r\n")
    if not line:
        raise click.UsageError(f"Standard input has no line with the password of {whose}")
    return line
