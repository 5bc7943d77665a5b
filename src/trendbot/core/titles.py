"""What a title gives away before anything is read: news or talk, a notice, an advertisement, somebody's own affairs."""

from __future__ import annotations

import re

_PERSONAL = re.compile(
    r"^(?:ask|show) hn\b|^(?:i|my|we|our|how i|how to|why i|what i|\d+ (?:ways|tips|things|reasons|best))\b|"
    r"\byour?\b|\b\w+ vs\.? \w+|"
    r"\b\d+ (?:\w+ ){0,3}(?:examples|tips|prompts|ways|ideas|lessons|tricks)\b|\bexplained\b|\bprompts?:|\btips for\b|"
    r"^(?:the )?(?:top|best) \w+|\bto try\b|\b(?:news|everything) we (?:announced|launched|shipped)\b|"
    r"^(?:bring|evolve|master(?:ing)?|discover|explore|unlock|boost|transform|level up|"
    r"get (?:closer|started|more|ready)|meet|try|elevate|supercharge|say hello)\b|"
    r"\btutorial\b|\bguide\b|\bopinion\b|\bpodcast\b|\bgentle introduction\b|\bcheat ?sheet\b|\broadmap\b",
    re.IGNORECASE,
)
_FEWEST = {3: 3, 4: 2}
"""Words that each part of a table of contents has at least, by the number of parts; of more than four as of four."""
_LOWER = frozenset("a an and as at by for from in into of on or the to vs with".split())  # noqa: SIM905
_QUESTION = re.compile(r"\?\s*$|\?\s+https?:")
_PROMOTION = re.compile(
    r"\bwebinars?\b|\bgiveaway\b|\bdeals? (?:of|on)\b|\bsponsored\b|\bpartner content\b|\bdiscount|\bcoupon|"
    r"\bpromo code\b|"
    r"\b\d+ ?% off\b|\bearly bird\b|\blast chance\b|\bblack friday\b|\bcyber monday\b|\bsave (?:up to )?[$€£]?\d|"
    r"\bsign up\b|\bregister (?:now|today|here)\b|\bjoin us\b|\bbook (?:a|your) (?:demo|seat|spot)\b|"
    r"\bbuy (?:now|tickets)\b|"
    r"\bsubscribe\b|\bfree (?:ebook|e-book|course|trial|workshop)\b|\b(?:we|is|are)(?:['’]re)? hiring\b|"
    r"\bjob openings?\b|\buse code\b|\blimited[- ]time\b|#ad\b",
    re.IGNORECASE,
)
_ROUTINE = re.compile(
    r"^\W*(?:[\w./@-]+\s+){0,3}(?:v\d+(?:\.\d+)*|\d+\.\d+\.\d+)\S*\s*$|^(?:\W*v?\d+(?:\.\d+)+\S*)$|\S==\d|"
    r"^(?:new )?(?:release|version)\s+v?\d\S*$|^\W*v?\d+(?:\.\d+)+\S*\s*[:–—-]\s|"
    r"^(?:\w+\s)?v?\d+(?:\.\d+)+-?(?:rc|alpha|beta)\d*\b|"
    r"^(?:ci|fix|feat|chore|docs|build|refactor|tests?|perf)(?:\([\w./-]+\))?!?:\s|"
    r"\b(?:elevated|increased) (?:errors?|error rates?|latency)\b|\bdegraded\b|\boutage\b|"
    r"\bis down\b|\bservice disruption\b|\bscheduled maintenance\b|\brelease notes\b|\bchangelog\b|\bweekly roundup\b|"
    r"\S@\S+\.\w|&\w{2,8};",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"\b(?:releas(?:es?|ed)|launch(?:es|ed)?|announc(?:es|ed|ing)|introduc(?:es|ed|ing)|unveil(?:s|ed)?|"
    r"open[- ]?sourc(?:es|ed|ing)|drops|dropped|ships|rolls? out|debuts?|acquir(?:es|ed)|acquisition|buys|bought|"
    r"raises|raised|sues|sued|lawsuit|bans?|banned|invests?|partners|deal|signs|signed|hires|hired|resigns?|fires|fined|"
    r"approves|passes|files|cuts|beats|solv(?:es|ed)|achiev(?:es|ed)|surpass(?:es|ed)|reveals|reports?|says|"
    r"warns|plans to|surges?|surged|shuts? down|joins?|joined|expands?|expanded|wins|won|earns|names|appoints|adds|"
    r"merges|hits|tops|teams up|agrees|blocks|leaves|quits|to acquire|investing|raising|acquiring|previews|halts|"
    r"pauses|delays|overturns|rejects|loses|doubles|slashes|outperforms|lays off|reaches)\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(r"\d")
_EMOJI = re.compile("[\U0001f300-\U0001faff☀-➿]")
_LINK = re.compile(r"\bhttps?:", re.IGNORECASE)
_MOST_HASHTAGS = 3
SHORT, LONG = 40, 180
"""Characters: below, a title says little; above, it is a post that says something at length."""


def is_personal(title: str) -> bool:
    """Tell whether a title speaks of its author or to its reader, teaches, or lists what is in an issue: no news."""
    return bool(_PERSONAL.search(title)) or lists_contents(title)


def lists_contents(title: str) -> bool:
    """Tell whether a title is an issue's table of contents: "Alder Opens Model, Birch Buys Cedar, Maps for All"."""
    parts = title.split(", ")
    least = _FEWEST.get(min(len(parts), 4))
    if least is None:
        return False
    large = [word for word in title.split() if word.casefold() not in _LOWER]
    named = all(len(part.split()) >= least and not part.startswith(("and ", "or ")) for part in parts)
    return named and all(word[0].isupper() or not word[0].isalpha() for word in large)


def is_question(title: str) -> bool:
    """Tell whether a title asks."""
    return bool(_QUESTION.search(title))


def is_promotion(title: str) -> bool:
    """Tell whether a title sells something or calls on the reader."""
    return bool(_PROMOTION.search(title))


def is_routine(title: str) -> bool:
    """Tell whether a title is a bare version, or a notice of operations."""
    return bool(_ROUTINE.search(title))


def tells_action(title: str) -> bool:
    """Tell whether a title says that somebody did something: released, bought, sued, banned."""
    return bool(_ACTION.search(title))


def has_figure(title: str) -> bool:
    """Tell whether there is a number in a title."""
    return bool(_FIGURE.search(title))


def hashtags(title: str) -> int:
    """Count the hashtags of a post, three at most."""
    return min(_MOST_HASHTAGS, title.count("#"))


def is_reply(title: str) -> bool:
    """Tell whether a post answers somebody."""
    return title.startswith("@")


def has_emoji(title: str) -> bool:
    """Tell whether a title is decorated."""
    return bool(_EMOJI.search(title))


def has_link(title: str) -> bool:
    """Tell whether a title carries a bare address: a post that points elsewhere."""
    return bool(_LINK.search(title))
