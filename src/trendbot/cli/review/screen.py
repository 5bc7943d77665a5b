"""The review screen: shows one entry after another and takes a person's keys. All it knows comes from the desk."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.screen import ModalScreen
from textual.theme import Theme
from textual.widgets import Input, Static

from trendbot.cli.review import panels
from trendbot.errors import TrendbotError
from trendbot.pipeline.review import Desk, Sheet

NIGHT = Theme(
    name="trendbot",
    primary="#FF9A62",
    accent="#FF9A62",
    foreground="#ECEAE6",
    background="#14161A",
    surface="#14161A",
    panel="#1D2026",
    dark=True,
)


AHEAD = 4
"""Entries left in a batch when the next one is prepared."""


class Note(ModalScreen[None]):
    """A page over the screen; any key closes it."""

    CSS = """
    Note { align: center middle; background: $background 60%; }
    Note > VerticalScroll { width: 78; max-width: 100%; height: auto; max-height: 100%; }
    Note > VerticalScroll { background: $panel; padding: 1 2; }
    """

    def __init__(self, text: Text | str) -> None:
        """Show `text`."""
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        """Lay out the page."""
        yield VerticalScroll(Static(self._text, id="note"), can_focus=False)

    def put(self, text: Text) -> None:
        """Show another text, unless the page was closed."""
        if self.is_mounted:
            self.query_one("#note", Static).update(text)

    def on_key(self) -> None:
        """Close."""
        self.dismiss()


class ReviewScreen(App[None]):
    """One sitting at the desk."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: $background; color: $foreground; }
    #status { height: 1; background: $panel; }
    #keys { dock: bottom; height: auto; background: $panel; padding: 0 1; }
    #search { dock: bottom; display: none; border: tall $accent; }
    #search.shown { display: block; }
    #entry { padding: 1 2 0 2; scrollbar-size-vertical: 1; }
    #text { max-width: 76; }
    #themes { width: 30; height: 100%; padding: 1 1 0 1; border-left: solid #30343C; }
    .narrow #desk { layout: vertical; }
    .narrow #themes { width: 100%; height: auto; max-height: 50%; border-left: none; padding: 0 2; }
    """
    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - Textual declares it so
        (0, "narrow"),
        (64, "wide"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        *[Binding(str(number), f"theme({number})", show=False) for number in range(1, 10)],
        Binding("0", "none", show=False),
        Binding("enter", "save", show=False),
        Binding("s", "story", show=False),
        Binding("k,space", "skip", show=False),
        Binding("u", "undo", show=False),
        Binding("w", "why", show=False),
        Binding("p", "progress", show=False),
        Binding("slash", "search", show=False),
        Binding("question_mark,h", "help", show=False),
        Binding("escape", "escape", show=False),
        Binding("q", "quit", show=False),
    ]

    def __init__(self, desk: Desk) -> None:
        """Sit down at a desk."""
        super().__init__()
        self.desk = desk
        self.themes = desk.themes()
        self.batch: list[Sheet] = []
        self.place = 0
        self.answer: dict[str, bool] = {}
        self.ahead: list[Sheet] | None = None
        self.whole_story = self.why = self.busy = self.preparing = False
        self.told = ""

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Static(id="status")
        with Horizontal(id="desk"):
            with VerticalScroll(id="entry"):
                yield Static(id="text")
            yield Static(id="themes")
        yield Static(panels.keys_text(), id="keys")
        yield Input(id="search", placeholder="words that must all occur; empty for the queue")

    def on_mount(self) -> None:
        """Draw the first batch."""
        self.register_theme(NIGHT)
        self.theme = "trendbot"
        self.query_one("#entry").focus()
        self.deal()

    @property
    def sheet(self) -> Sheet | None:
        """The entry on the screen."""
        return self.batch[self.place] if self.place < len(self.batch) else None

    # -- dealing -------------------------------------------------------------------------------------------------------

    def deal(self) -> None:
        """Draw a batch while the screen stays alive."""
        self.busy, self.batch, self.place, self.ahead = True, [], 0, None
        self.told = "drawing the next entries …"
        self.show()
        self._deal()

    @work(thread=True, exclusive=True, group="deal")
    def _deal(self) -> None:
        try:
            batch, told = self.desk.next_batch(), ""
        except TrendbotError as error:
            batch, told = [], str(error)
        self.call_from_thread(self._dealt, batch, told)

    def _dealt(self, batch: list[Sheet], told: str) -> None:
        self.busy, self.batch, self.place, self.ahead = False, batch, 0, None
        self.lay_out(told)
        if not self.desk.done:
            self._learn_ahead([])  # from what people said in earlier sittings

    @work(thread=True, exclusive=True, group="learn")
    def _learn_ahead(self, besides: list[int]) -> None:
        """Learn, and draw the next batch while the last entries of this one are read."""
        try:
            told = self.desk.learn()
            batch = self.desk.next_batch(besides=besides) if besides else None
        except TrendbotError as error:
            told, batch = str(error), None
        self.call_from_thread(self._learnt, batch, told)

    def _learnt(self, batch: list[Sheet] | None, told: str) -> None:
        self.told, self.preparing = told, False
        if batch is not None and self.sheet is None and not self.busy:
            self._dealt(batch, told)
            return
        self.ahead = batch if batch is not None else self.ahead
        self.show()

    def lay_out(self, told: str = "") -> None:
        """Show the present entry afresh."""
        self.told = told
        self.whole_story = False
        self.answer = dict(self.sheet.answer) if self.sheet else {}
        self.query_one("#entry").scroll_home(animate=False)
        self.show()

    def show(self) -> None:
        """Draw the screen as things stand."""
        sheet = self.sheet
        status = panels.status_text(place=self.place + 1, of=len(self.batch), sheet=sheet, done=self.desk.done)
        self.query_one("#status", Static).update(status)
        self.query_one("#themes", Static).update(
            panels.themes_text(self.themes, sheet, self.answer, whole_story=self.whole_story, told=self.told)
            if sheet
            else ""
        )
        self.query_one("#text", Static).update(self._text(sheet))

    def _text(self, sheet: Sheet | None) -> Text | str:
        if sheet is None:
            return self.told if self.busy or self.preparing else self._nothing()
        text = panels.entry_text(sheet)
        return text + panels.why_text(self.themes, sheet) if self.why else text

    def _nothing(self) -> str:
        if self.desk.search:
            return "No unread entry has all of these words. Press / and enter to go back to the queue, q to quit."
        return "Nothing is left to ask. Press q to quit; `trendbot run` brings new entries."

    def advance(self, told: str = "") -> None:
        """Go to the next entry; near the end of the batch, begin to learn and to draw the next one."""
        self.place += 1
        left = len(self.batch) - self.place
        if left == min(AHEAD, len(self.batch) - 1) and not self.desk.search:
            self.preparing = True
            self._learn_ahead([sheet.id for sheet in self.batch])
        if self.sheet is not None:
            self.lay_out(told)
        elif self.ahead is not None:
            self._dealt(self.ahead, told or self.told)
        elif self.preparing:
            self.lay_out("learning from your answers …")
        else:
            self.deal()

    # -- keys ----------------------------------------------------------------------------------------------------------

    def action_theme(self, number: int) -> None:
        """Switch a theme on or off."""
        if self.sheet and number <= len(self.themes):
            slug = self.themes[number - 1].slug
            self.answer[slug] = not self.answer.get(slug, False)
            self.told = ""
            self.show()

    def action_none(self) -> None:
        """Switch every theme off."""
        self.answer = {}
        self.show()

    def action_story(self) -> None:
        """Answer for the whole story, or only for this entry."""
        if self.sheet:
            several = len(self.sheet.mates) > 1
            self.whole_story = several and not self.whole_story
            self.told = "" if several else "no other entry tells this story"
            self.show()

    def action_save(self) -> None:
        """Store the answer, and go on."""
        if not self.sheet:
            return
        answer = {theme.slug: self.answer.get(theme.slug, False) for theme in self.themes}
        try:
            number = self.desk.save(self.sheet, answer, whole_story=self.whole_story)
        except TrendbotError as error:
            self.told = str(error)
            self.show()
            return
        self.advance(f"said of {number} entries" if number > 1 else "")

    def action_skip(self) -> None:
        """Leave this entry out for the sitting."""
        if self.sheet:
            self.desk.skip(self.sheet)
            self.advance()

    def action_undo(self) -> None:
        """Take the last answer back, and show its entry again."""
        try:
            sheet = self.desk.undo()
        except TrendbotError as error:
            self.told = str(error)
            self.show()
            return
        if sheet is None:
            self.told = "nothing to take back in this sitting; `trendbot tag undo` goes further"
            self.show()
            return
        if self.place and self.batch[self.place - 1].id == sheet.id:
            self.place -= 1
            self.batch[self.place] = sheet
        else:
            self.batch.insert(self.place, sheet)
        self.lay_out("taken back")

    def action_why(self) -> None:
        """Show or hide the reasons."""
        self.why = not self.why
        self.show()
        if self.why:
            self.query_one("#entry").scroll_end(animate=False)

    def action_progress(self) -> None:
        """Show how far it is: at once what was counted, then what takes seconds to measure."""
        page = Note(panels.progress_text(self.desk.progress(), measuring=True))
        self.push_screen(page)
        self._measure(page)

    @work(thread=True, exclusive=True, group="measure")
    def _measure(self, page: Note) -> None:
        try:
            text = panels.progress_text(self.desk.measured())
        except TrendbotError as error:
            text = Text(str(error))
        self.call_from_thread(page.put, text)

    def action_help(self) -> None:
        """Show the keys."""
        self.push_screen(Note(panels.HELP))

    # -- search --------------------------------------------------------------------------------------------------------

    def action_search(self) -> None:
        """Open the search line."""
        line = self.query_one("#search", Input)
        line.value = self.desk.search or ""
        line.add_class("shown")
        line.focus()

    def action_escape(self) -> None:
        """Close the search line."""
        self.query_one("#search").remove_class("shown")
        self.query_one("#entry").focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Review what is found; nothing typed goes back to the queue."""
        self.desk.search = event.value.strip() or None
        self.action_escape()
        self.deal()
