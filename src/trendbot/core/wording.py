"""The sentences that the program itself says in a digest: made by rule from facts, plain and exact."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from trendbot.core.digests import DigestItem, DigestRise
from trendbot.core.limits import FOLD_PHONE, MAIL_SUBJECT, one_line, plain_line, shorten, shorten_units
from trendbot.core.proofs import objections, read_source
from trendbot.core.report_card import Footprint, ReportCard
from trendbot.core.vocabulary import Cadence

NOTHING_ROSE = "Nothing rose beyond chance."
NOTHING_KNOWN = "Too little is known of these days to say what is rising."
SAMPLE = "Sample: made-up news that shows what a digest looks like. None of it happened."
SAMPLE_CHART = "Sample: made-up numbers"
MORE = "More stories"
WORDS_A_MINUTE = 220
_THIN = 3
_NAMED = 2
_WIDE = 3
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905


def counted(number: int, noun: str, plural: str | None = None) -> str:
    """Return ``1 report``, ``3 reports``, ``1,204 reports``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def long_date(day: date) -> str:
    """Return ``15 November 2026``."""
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def period_name(cadence: Cadence, slot: str) -> str:
    """Return the days a slot stands for: ``Sunday, 15 November 2026`` or ``9–15 November 2026``."""
    if cadence is Cadence.DAILY:
        day = date.fromisoformat(slot)
        return f"{_DAYS[day.weekday()]}, {long_date(day)}"
    year, _, week = slot.partition("-W")
    first = date.fromisocalendar(int(year), int(week), 1)
    last = first + timedelta(days=6)
    if first.year != last.year:
        return f"{long_date(first)} – {long_date(last)}"
    if first.month != last.month:
        return f"{first.day} {_MONTHS[first.month - 1]} – {long_date(last)}"
    return f"{first.day}–{long_date(last)}"


def title(brand: str, cadence: Cadence, slot: str, number: int) -> str:
    """Return a digest's title: who, how often, when, which."""
    return f"{plain_line(brand, 60)} {cadence}, {period_name(cadence, slot)}, no. {number}"


def day_line(
    *,
    cadence: Cadence,
    stories: int,
    entries: int,
    feeds: int,
    followed: int,
    lead: DigestItem | None,
    rising: str,
    updates: int = 0,
    themes: Sequence[str] = (),
) -> str:
    """Return the one sentence that tells the day or week; `themes` are those that a reader chose, none for all.

    It goes through the proof gate as any other sentence does, held against the facts it was made from; what the gate
    stops is told by the number of stories alone.
    """
    facts = [
        f"{number:,}."
        for number in (stories, entries, feeds, followed, updates, lead.publishers if lead else 0, len(themes))
    ]
    names = [f"“{name}”." for name in (rising, *themes) if name]
    told = _day_line(cadence, (stories, entries, feeds, followed, updates), lead, rising, themes)
    return (
        told
        if not objections(told, read_source(" ".join([*facts, *names])))
        else f"{counted(stories, 'story', 'stories')}."
    )


def _day_line(
    cadence: Cadence,
    counts: tuple[int, int, int, int, int],
    lead: DigestItem | None,
    rising: str,
    themes: Sequence[str],
) -> str:
    stories, entries, feeds, followed, updates = counts
    span = "day" if cadence is Cadence.DAILY else "week"
    if not stories:
        read = counted(followed, "feed")
        return f"A quiet {span}: {read} followed, no story that was not told before."
    again = f", {updates} of them told before and gone on," if updates and stories > 1 else ""
    read = f"{counted(entries, 'report')} from {counted(feeds, 'feed')}"
    on = f" {on_themes(themes)}" if themes else ""
    thin = stories < _THIN
    of = f"{counted(stories, 'story', 'stories')}{'' if thin else on}{again} out of {read}"
    quiet = f"A quiet {span}{on}: {of}" if themes else f"A quiet {span} with {of}"
    begin = quiet if thin else of[0].upper() + of[1:]
    more = [f"{lead.publishers} publishers carry the lead"] if lead and lead.publishers >= _WIDE else []
    more += [f"“{rising}” is rising"] if rising else []
    return begin + (f"; {' and '.join(more)}." if more else ".")


def on_themes(themes: Sequence[str]) -> str:
    """Return what a choice of themes is called in a sentence: by name while it is short, else by number."""
    if len(themes) > _NAMED:
        return f"on {counted(len(themes), 'theme')} you chose"
    return "on " + " and ".join(f"“{one_line(theme, 60)}”" for theme in themes)


def nothing_rose_on(themes: Sequence[str]) -> str:
    """Return what is said where something rose, but nothing that a reader chose."""
    return f"Nothing {on_themes(themes)} rose beyond chance."


def reach_note(reach_days: int) -> str:
    """Return what an opening digest says of how far back it looks."""
    span = "24 hours" if reach_days == 1 else f"{reach_days} days"
    return f"This first digest reaches back {span}; later ones bring only what is new since the last."


def rise_text(rise: DigestRise) -> str:
    """Return ``Open weights: 23 reports in 7 days, usually 8``, or ``… 7 reports on Thursday, usually 0.2``."""
    return f"{rise.name}: {counted(round(rise.current), 'report')} {rise_usual(rise)}"


def rise_span(rise: DigestRise) -> str:
    """Return ``in 7 days`` or ``on Thursday``."""
    day = _DAYS[date.fromisoformat(rise.as_of).weekday()]
    return f"on {day}" if rise.window_days == 1 else f"in {rise.window_days} days"


def figure(value: float) -> str:
    """Return a count for people: whole from ten on, one digit behind the point below, ``under 0.1`` near nothing."""
    if value >= 10 or value == round(value):  # noqa: PLR2004
        return f"{round(value):,}"
    return f"{value:.1f}" if value >= 0.1 else "under 0.1"  # noqa: PLR2004


def chart_title(rises: Sequence[DigestRise]) -> str:
    """Return the sentence above a chart: what rose, or what rose most."""
    return rise_text(rises[0]) if len(rises) == 1 else f"{rises[0].name} rose most"


def chart_alt(rises: Sequence[DigestRise], *, sample: bool = False) -> str:
    """Return what a chart shows, for those who do not see it; of a sample that it is one."""
    told = "; ".join(rise_text(rise) for rise in rises)
    made_up = f"{SAMPLE_CHART}. " if sample else ""
    return f"{made_up}Chart of what rose, up to {long_date(date.fromisoformat(rises[0].as_of))}. {told}."


def chart_note(rises: Sequence[DigestRise]) -> str:
    """Return what the numbers of a chart count."""
    windows = {rise.window_days for rise in rises}
    if windows == {1}:
        return "Reports a day; the band is the usual range"
    days = f"the last {max(windows)} days" if len(windows) == 1 else "the days named"
    return f"Reports of {days}, day by day; the band is the usual range"


def rise_usual(rise: DigestRise) -> str:
    """Return ``in 7 days, usually 8``: what stands below the name beside a curve."""
    return f"{rise_span(rise)}, usually {figure(rise.usual)}"


def more_text(item: DigestItem) -> str:
    """Return ``and 6 more reports``, or nothing where the lead is alone."""
    return f"and {counted(item.more, 'more report')}" if item.more else ""


def since_text(item: DigestItem) -> str:
    """Return ``New since 14 November: `` before an update's headline, or nothing."""
    if item.told_on is None:
        return ""
    day = date.fromisoformat(item.told_on)
    return f"New since {day.day} {_MONTHS[day.month - 1]}: "


def hook(headline: str, limit: int = FOLD_PHONE) -> str:
    """Return the first line of a post: the headline, short enough to stand before the fold on a phone."""
    return shorten_units(headline, limit)


def subject(headline: str, fallback: str) -> str:
    """Return a mail subject of one line that says the lead; what would be read as an encoded word is taken apart."""
    lines = (plain_line(text, 200).replace("=?", "= ?") for text in (headline, fallback))
    return next((line for line in (shorten(line, MAIL_SUBJECT) for line in lines) if line), "")


def call(brand: str) -> str:
    """Return the call to action; the page's address stands beside it."""
    return f"Follow {plain_line(brand, 60)} on LinkedIn for daily updates on large language models and AI."


def why(brand: str, cadence: Cadence, themes: Sequence[str] = ()) -> str:
    """Return why a reader gets the digest."""
    on = f" {on_themes(themes)}" if themes else ""
    return f"You get this because you asked for the {cadence} digest of {plain_line(brand, 60)}{on}."


def proof(card: ReportCard | None) -> str:
    """Return what the foot says of the sentences: whose words they are, and how many the proof gate stopped."""
    if card is None or card.extractive == card.sentences:
        own = "every sentence is its publisher's own"
    else:
        proved = "all are proved" if card.grounded == card.sentences else f"{card.grounded} are proved"
        ours = f", {card.edited} the editor's" if card.edited else ""
        ours += f", {card.machine} worded by a language model" if card.machine else ""
        own = f"{card.extractive} of {counted(card.sentences, 'sentence')} are their publisher's own{ours}, {proved}"
    stopped = f"; {counted(card.blocked, 'sentence')} stopped for want of proof" if card and card.blocked else ""
    model = "" if card and card.machine else ", without a language model"
    return f"Chosen and sorted by rules{model}; {own}{stopped}."


def footprint(took: Footprint | None) -> str:
    """Return what the foot says of what making the digest took; empty where nothing is known of it."""
    if took is None:
        return ""
    same = f", {took.share_unchanged:.0%} of {counted(took.asked, 'question')} answered unchanged" if took.asked else ""
    energy = f"{took.joules / 1000:.1f} kJ" if took.joules >= _KILO else f"{took.joules:.0f} J"
    return f"It took {took.bytes / 1e6:.1f} MB of feeds{same}, {took.cpu_seconds:.0f} s of a processor, about {energy}."


_KILO = 1000


def minutes(texts: Iterable[str]) -> int:
    """Return the minutes it takes to read the texts, one at least."""
    total = sum(len(text.split()) for text in texts)
    return max(1, -(-total // WORDS_A_MINUTE))


def hashtags(slugs: Iterable[str], *, limit: int = 5) -> tuple[str, ...]:
    """Return three to five hashtag words for a day's themes: ``AI`` first, then the themes in order."""
    words = ["AI"]
    for slug in slugs:
        word = "".join(part[:1].upper() + part[1:] for part in slug.split("-") if part.isalnum())
        if word and word not in words:
            words.append(word)
    words += ["LLM", "AINews"][: max(0, 3 - len(words))]
    return tuple(words[:limit])
