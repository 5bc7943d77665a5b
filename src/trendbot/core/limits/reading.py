"""Reading markup for the linters: whatever it is, reading it ends, and what cannot be read is a problem."""

from __future__ import annotations

from html.parser import HTMLParser

from trendbot.core.limits.problems import Problem


class MarkupReader(HTMLParser):
    """Reads markup and gathers problems, each with the line it is in."""

    def __init__(self, *, convert_charrefs: bool) -> None:
        super().__init__(convert_charrefs=convert_charrefs)
        self.problems: list[Problem] = []

    def note(self, rule: str, detail: str) -> None:
        """Add a problem of the place where reading stands."""
        self.problems.append(Problem(rule=rule, line=self.getpos()[0], detail=detail))

    def read(self, markup: str) -> None:
        """Read it all."""
        try:
            self.feed(markup)
            self.close()
        except AssertionError as error:  # how the library refuses marked sections that it does not know
            self.note("markup", f"it cannot be read ({error})")
