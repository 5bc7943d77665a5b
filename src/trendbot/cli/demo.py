"""`trendbot demo`: the made-up sample week."""

from __future__ import annotations

import click

from trendbot.cli.frame import Choices, Verb, as_json, pass_choices


@click.command("demo", cls=Verb)
@click.option("--open", "open_", is_flag=True, help="Open the page with the editions in the browser.")
@as_json
@pass_choices
def command(choices: Choices, open_: bool, json_: bool) -> None:
    """Walk through a made-up sample week, without a network.

    The sample's feeds are served on this machine and polled like real ones, with the clock standing at each moment of
    the week. All of it lives in the folder `sample` of the home, apart from real news, and is made anew each time.
    """
    from trendbot.cli.run import failed, walk
    from trendbot.cli.summary import show_summary

    summary = walk(choices)
    show_summary(summary, json_=json_)
    if open_ and summary.deliver.files:
        click.launch(str(summary.deliver.files[0]))
    if failed(summary):
        raise click.exceptions.Exit(1)
