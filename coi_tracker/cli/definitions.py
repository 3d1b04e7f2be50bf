"""Commands about what the work follows: the process definition, and the protocol files of studies."""

from __future__ import annotations

from pathlib import Path

import click

from coi_tracker.cli.accounts import admin, by_admin, opened
from coi_tracker.cli.terminal import example, json_option, print_json, refuse, table


@click.group("process")
@example("coi process show", "coi process show --mermaid")
def process() -> None:
    """The process definition: every step, and what it needs."""


@process.command("show")
@click.option("--mermaid", "as_diagram", is_flag=True, help="The states and steps as a Mermaid diagram.")
@json_option
@example("coi process show > process.md", "coi process show --mermaid")
def show_process(as_diagram: bool, as_json: bool) -> None:
    """Print the process definition as a table (Markdown) or as a diagram."""
    from dataclasses import asdict

    from coi_tracker.process import describe
    from coi_tracker.process.til_v1 import TIL_V1

    if as_json:
        print_json([asdict(row) for row in describe.table(TIL_V1)])
    else:
        click.echo(describe.mermaid(TIL_V1) if as_diagram else describe.markdown(TIL_V1))


@click.group("protocol")
@example("coi protocol check my_study.toml", "coi protocol list")
def protocol() -> None:
    """Protocol files: what differs from study to study."""


@protocol.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@example("coi protocol check my_study.toml")
def check(file: Path, as_json: bool) -> None:
    """Read a protocol file and say every mistake, with its line. Changes nothing, and needs no record."""
    from coi_tracker.protocols import ProtocolError, load_protocol

    try:
        found = load_protocol(file)
    except ProtocolError as error:
        if not as_json:
            raise
        names = ("file", "line", "key", "expected", "came")
        problems = [{name: getattr(problem, name) for name in names} for problem in error.problems]
        print_json({"correct": False, "problems": problems})
        refuse()
    answer = {"correct": True, "digest": found.digest, "key": found.key, "problems": [], "version": found.version}
    if as_json:
        print_json(answer)
        return
    click.echo(f"{file.name} is correct: {found.key} version {found.version}, digest {found.digest}")


@protocol.command("list")
@json_option
@example("coi protocol list --json")
def list_protocols(as_json: bool) -> None:
    """The versions that are released in the record, oldest first."""
    from coi_tracker.services.setup import released_protocols

    found = [
        {"released_at": r.released_at, "study": r.study, "version": r.definition.version, "digest": r.definition.digest}
        for r in released_protocols(opened())
    ]
    if as_json:
        print_json(found)
        return
    columns = ("study", "version", "released_at", "digest")
    table("", columns, [tuple(str(one[column]) for column in columns) for one in found])


@protocol.command("release")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@by_admin
@example("coi protocol release my_study.toml --by anna --reason 'approved on 3 May'")
def release(file: Path, by: str, reason: str, password_stdin: bool) -> None:
    """Release a protocol file into the record. A released version never changes."""
    from coi_tracker.protocols import load_protocol
    from coi_tracker.services import setup

    load_protocol(file)  # says every mistake before a password is asked for
    record = opened()
    actor = admin(record, by, password_stdin=password_stdin)
    found = setup.release_protocol(record, file.read_text(encoding="utf-8"), name=file.name, by=actor, reason=reason)
    click.echo(f"{found.key} version {found.version} is released, digest {found.digest}")


COMMANDS = (process, protocol)
