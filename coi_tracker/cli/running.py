"""Commands that run for a while: serving the pages, the demonstration, the simulated trial."""

from __future__ import annotations

from pathlib import Path

import click

from coi_tracker.cli.terminal import example, json_option, print_json, progress, refuse, settings


@click.command("serve")
@click.option("--host", help="The address to listen on, instead of COI_HOST.")
@click.option("--port", type=click.IntRange(1, 65535), help="The port, instead of COI_PORT.")
@example("coi serve", "coi serve --port 9000")
def serve(host: str | None, port: int | None) -> None:
    """Serve the pages until stopped.

    Without --host, to this machine only: put a proxy with TLS in front.
    """
    from coi_tracker.cli.server import serve_pages

    chosen = settings()
    changed = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    serve_pages(chosen.model_copy(update=changed))


@click.command("demo")
@click.option("--port", type=click.IntRange(1, 65535), default=8000, show_default=True)
@click.option("--serve/--no-serve", "serving", default=True, show_default=True, help="Serve it when it is verified.")
@click.option("--dir", "folder", type=click.Path(path_type=Path), default=Path("var/demo"), show_default=True)
@click.option("--participants", type=click.IntRange(1, 95), default=90, show_default=True, help="95 close enrolment.")
@click.option("--seed", default=2026, show_default=True)
@click.option("--keep", is_flag=True, help="Serve the one that is there, as it was left.")
@click.option("--phone", is_flag=True, help="Serve it to telephones in this network, by https: their cameras need it.")
@example("coi demo", "coi demo --no-serve --participants 10", "coi demo --keep", "coi demo --phone")
def demo(*, port: int, serving: bool, folder: Path, participants: int, seed: int, keep: bool, phone: bool) -> None:
    """Show a record of people who do not exist.

    It is made, verified, exported and served. What an earlier demonstration left in the folder is made anew,
    unless it is to be kept; any other folder is left alone. Everybody in the network may sign in to it when it is
    served with --phone.
    """
    from coi_tracker.cli.demonstration import demonstrate, kept
    from coi_tracker.cli.phone import for_telephones, tell_the_way
    from coi_tracker.cli.server import refuse_taken_port, serve_pages

    if serving:
        refuse_taken_port("0.0.0.0" if phone else "127.0.0.1", port)  # noqa: S104 - asked for
    made = kept(folder) if keep else demonstrate(folder, participants=participants, seed=seed)
    chosen = made.model_copy(update={"port": port})
    if serving and phone:
        chosen = for_telephones(chosen, folder)
        tell_the_way(chosen)
    if serving:
        serve_pages(chosen)


@click.command("simulate")
@click.option("--seed", default=2026, show_default=True, help="The same seed gives the same trial.")
@click.option("--participants", type=click.IntRange(1, 95), default=95, show_default=True)
@click.option("--adversary", metavar="N", type=click.IntRange(1), help="Then fire N wrong attempts at the record.")
@json_option
@example("COI_DATABASE_URL=sqlite:///var/try.sqlite3 coi simulate --seed 7 --adversary 1000")
def simulate(seed: int, participants: int, adversary: int | None, as_json: bool) -> None:
    """Run a simulated trial in an empty record.

    It goes through the one way that steps are recorded. Ends with 1 when the adversary found a wrong
    acceptance, a wrong refusal, or a refusal without an entry.
    """
    from coi_tracker.cli.simulating import MUST_BE_0, in_short, run_adversary, run_trial

    with progress("Simulating participants") as told:
        figures = run_trial(settings(), seed=seed, participants=participants, progress=told)
    if adversary is not None:
        with progress("Firing wrong attempts") as told:
            figures |= {"adversary": run_adversary(settings(), seed=seed, attempts=adversary, progress=told)}
    if as_json:
        print_json(figures)
    else:
        for name, value in in_short(figures).items():
            click.echo(f"{name:<22} {value}")
    if any(figures.get("adversary", {}).get(name) for name in MUST_BE_0):
        refuse()


COMMANDS = (serve, demo, simulate)
