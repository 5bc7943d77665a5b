"""LinkedIn: little text and its linter."""

from __future__ import annotations

import re

from trendbot.core.limits.problems import Problem, line_past, utf16_length
from trendbot.core.limits.text import hidden_in

LINKEDIN_VISIBLE = 2900
LINKEDIN_ESCAPED = 3000
LINKEDIN_HASHTAGS = 5
FOLD_PHONE, FOLD_DESKTOP = 140, 210

_RESERVED = re.compile(r"[\\|{}@\[\]()<>#*_~]")
_WRITTEN = re.compile(r"(?<![\w#&/?=.:-])#(?=[^\W_]*[^\W\d_])([^\W_]+)(?![\w-])")
"""A hashtag as a person writes it: a word with a letter, not the end of an address or of a name such as C#."""
_HASHTAG = re.compile(r"\{hashtag\|\\#\|(\w+)\}")


def escape_little(text: str) -> str:
    """Escape the fifteen reserved characters of LinkedIn's little text in one pass."""
    return _RESERVED.sub(lambda match: "\\" + match.group(), text)


def little_hashtag(word: str) -> str:
    """Return the hashtag template of `word`; characters that no hashtag may hold are dropped."""
    return "{hashtag|\\#|" + re.sub(r"\W|_", "", word) + "}"


def read_little(text: str) -> str:
    """Return what a reader sees of little text: hashtags expanded, escapes undone."""
    expanded = _HASHTAG.sub(lambda match: "\\#" + match.group(1), text)
    return re.sub(r"\\(.)", r"\1", expanded, flags=re.DOTALL)


def write_little(text: str) -> str:
    """Return little text that reads as a person wrote it: words after a ``#`` that stands free become hashtags."""
    parts, at = [], 0
    for match in _WRITTEN.finditer(text):
        parts += [escape_little(text[at : match.start()]), little_hashtag(match.group(1))]
        at = match.end()
    return "".join((*parts, escape_little(text[at:])))


def check_linkedin(commentary: str) -> tuple[Problem, ...]:
    """Check a LinkedIn commentary (little text): lengths seen and sent, escapes, hashtags, the fold."""
    seen = read_little(commentary)
    found = [
        Problem(rule="unescaped", line=number, detail=f"{character!r} would cut the post short")
        for number, line in enumerate(commentary.split("\n"), start=1)
        for character in _unescaped(line)
    ]
    if not seen.strip():
        found.append(Problem(rule="empty", detail="there is no text"))
    found += _too_long(seen, LINKEDIN_VISIBLE, "seen")
    found += _too_long(commentary, LINKEDIN_ESCAPED, "sent")
    tags = list(_HASHTAG.finditer(commentary))
    if len(tags) > LINKEDIN_HASHTAGS:
        line = commentary.count("\n", 0, tags[LINKEDIN_HASHTAGS].start()) + 1
        found.append(Problem(rule="hashtags", line=line, detail=f"more than {LINKEDIN_HASHTAGS}"))
    return (*found, *_hidden(seen), *_fold_problems(seen))


def check_paste(text: str) -> tuple[Problem, ...]:
    """Check the form of a post that a person pastes: length and what stands before the fold."""
    return (*_too_long(text, LINKEDIN_ESCAPED, "pasted"), *_hidden(text), *_fold_problems(text))


def _too_long(text: str, units: int, how: str) -> list[Problem]:
    length = utf16_length(text)
    detail = f"{length} units {how}, {units} allowed"
    return [Problem(rule="length", line=line_past(text, units), detail=detail)] if length > units else []


def _hidden(text: str) -> list[Problem]:
    return [
        Problem(rule="hidden", line=number, detail=f"the character U+{ord(found):04X} steers what a reader sees")
        for number, line in enumerate(text.split("\n"), start=1)
        if (found := hidden_in(line))
    ]


def _unescaped(line: str) -> list[str]:
    rest = _HASHTAG.sub("", line)
    rest = re.sub(r"\\[\\|{}@\[\]()<>#*_~]", "", rest)
    return _RESERVED.findall(rest)


def _fold_problems(seen: str) -> tuple[Problem, ...]:
    lines = seen.split("\n")
    if utf16_length(lines[0]) > FOLD_DESKTOP:
        return (Problem(rule="fold", line=1, detail=f"the first line is longer than {FOLD_DESKTOP} units"),)
    if len(lines) > 1 and lines[1].strip():
        return (Problem(rule="fold", line=2, detail="the first line must stand alone, with an empty line after it"),)
    return ()
