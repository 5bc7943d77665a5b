"""Plain text: folding, words, sentences, titles that mean the same.

All of it takes text that was already cleaned of markup (``fetch/parse.py`` does that once, at the edge), looks at the
first `MAX_CHARACTERS` characters only and runs in linear time, because the text is a stranger's.
"""

from __future__ import annotations

import re
import unicodedata

MAX_CHARACTERS = 200_000
"""What is looked at of one text: more than any honest entry has, and a bound on what a hostile one may cost."""

_STRAIGHT = {
    **dict.fromkeys(map(ord, "\u2018\u2019\u201a\u201b\u02bc\u2032`\u00b4"), "'"),
    **dict.fromkeys(map(ord, "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033"), '"'),
    **dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63"), "-"),
    # Invisible: soft hyphen, zero-width signs, direction marks, variation selectors.
    **dict.fromkeys([0xAD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x206A), 0xFEFF]),
    **dict.fromkeys(range(0xFE00, 0xFE10)),
}
_ACCENTS = re.compile("[\u0300-\u036f]")
_SPACE = re.compile(r"\s+")

# Written without spaces: kana, Chinese characters, Thai, Lao, Khmer, Burmese. (Korean has spaces.)
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
# Vowel signs and points that continue a word although Python does not call them letters.
_MARKS = "\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u0900-\u0963\u0966-\u0dff\uac00-\ud7af"
_LETTER = f"(?:(?![{_UNSPACED}])[^\\W_]|[{_MARKS}])"
_WORD = re.compile(f"(?:{_LETTER}+(?:[.'+,-](?={_LETTER}){_LETTER}+)*)|[{_UNSPACED}]+")
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_FIRST_UNSPACED = re.compile(f"[{_UNSPACED}]")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+|\b[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]+")


def fold(text: str) -> str:
    """Return the form in which texts are compared.

    Lower case, compatibility forms unified (full-width letters, ligatures), Latin and Cyrillic accents dropped,
    quotation marks and dashes straight, invisible characters removed, white space single.
    """
    text = text[:MAX_CHARACTERS]
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_STRAIGHT)
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return _SPACE.sub(" ", text.casefold().replace("`", "'")).strip()


def words(text: str) -> tuple[str, ...]:
    """Return the folded words of a text in order.

    Names with signs in them stay whole (``gpt-5.2``, ``k2.5``, ``32b``, ``o'reilly``), thousands lose their comma, the
    possessive goes, addresses are left out. Scripts that set no spaces give their overlapping pairs of characters.
    """
    return _words(fold(text))


def _words(folded: str) -> tuple[str, ...]:
    found: list[str] = []
    for piece in _WORD.findall(_ADDRESS.sub(" ", folded)):
        if _FIRST_UNSPACED.match(piece):
            found.extend(_pairs(piece))
        elif "," in piece:
            found.extend(_possessed(part) for part in _COMMA.sub("", piece).split(","))
        else:
            found.append(_possessed(piece))
    return tuple(found)


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _possessed(word: str) -> str:
    return word[:-2] if word.endswith("'s") and len(word) > 2 else word  # noqa: PLR2004  (the two letters cut off)


def _listed(text: str) -> frozenset[str]:
    return frozenset(text.split())


# -- sentences ---------------------------------------------------------------------------------------------------------

# Never the end of a sentence: a name or a number follows.
_TITLES = _listed(
    "mr mrs ms dr prof st gen col lt sgt capt cmdr adm sen rep reps sens gov pres rev hon fr sr sra mt ft "
    "vs v cf no nos fig figs eq eqs sec ch vol pp ed eds art al approx est ca e.g i.e viz dept univ assoc "
    "jan feb mar apr jun jul aug sep sept oct nov dec mon tue tues wed thu thur thurs fri sat sun"
)
# May end one: they do where the next word is one that opens sentences.
_EITHER = _listed(
    "inc corp ltd co llc plc bros jr etc u.s u.k u.n e.u u.s.a a.m p.m ph.d m.d b.a m.a d.c l.a n.y gov.uk no"
)
_OPENERS = _listed(
    "the a an it its he she they we you i in on at but and so this that these those there here when while after "
    "before if as for with by to from however meanwhile now then what why how our their his her one some many most both"
)
_STOP = re.compile(
    r"""(?P<end>[.!?\u2026]+["'\u2019\u201d\u00bb)\]]*)(?P<gap>\s+)"""  # Latin, Greek, Cyrillic
    r"""|[\u3002\uff01\uff1f]+["'\u2019\u201d\u300d\u300f\uff09)]*\s*"""  # Chinese and Japanese
    r"""|[\u0964\u06d4\u061f]+\s*"""  # Devanagari, Urdu, Arabic
    r"""|\s*\n\s*(?:\n\s*|(?=[-*\u2022\u2013]\s)|(?=\d{1,2}[.)]\s))"""  # a paragraph, a list item
)
_OPENING = "\"'\u2018\u201c\u00ab\u300c\u300e([\u00bf\u00a1"
_LAST_WORD = re.compile(r"[^\s(\[\"'\u201c\u2018\u2014/]*$")
_LONGEST_WORD = 40


def sentences(text: str) -> tuple[str, ...]:
    """Split news prose into sentences, each stripped, with its white space single.

    Titles and abbreviations (``Dr.``, ``Inc.``, ``U.S.``), initials, decimals and version numbers do not end a
    sentence; a closing quotation mark belongs to the sentence it closes; a speaker after a quotation (``"…!" he said``)
    does not begin a new one. Paragraphs and list items always do.
    """
    text = text[:MAX_CHARACTERS]
    found: list[str] = []
    start = 0
    for match in _STOP.finditer(text):
        if match.group("end") is None or _ends(text, start, match):
            found.append(text[start : match.end()])
            start = match.end()
    found.append(text[start:])
    return tuple(clean for part in found if (clean := _SPACE.sub(" ", part).strip()))


def _ends(text: str, start: int, match: re.Match[str]) -> bool:
    """Tell whether a stop followed by white space ends the sentence begun at `start`."""
    after = text[match.end() : match.end() + _LONGEST_WORD].lstrip(_OPENING)
    if not after or after[0].islower():
        return not after
    if match.group("end")[0] != "." or match.group("end").startswith(".."):
        return True
    before = _LAST_WORD.search(text[max(start, match.start() - _LONGEST_WORD) : match.start()])
    return _full_stop(before.group().lower() if before else "", after)


def _full_stop(before: str, after: str) -> bool:
    """Tell whether the point between the word `before` and the text `after` is a full stop."""
    following = re.split(r"[\s,;:.!?]", after, maxsplit=1)[0].lower()
    if before in _EITHER:
        return following in _OPENERS
    if before in _TITLES:
        return before == "no" and not after[0].isdigit()
    initial = len(before) == 1 and before.isalpha() and (before != "i" or after[1:2] == ".")  # "I. J. Good"
    return not initial or following in _OPENERS


# -- titles ------------------------------------------------------------------------------------------------------------

_TAIL = re.compile(r"\s(?:-|\||::|\u00b7|\u2022)\s(?=[^|]{2,40}$)")
_LABEL = re.compile(
    r"^(?:\[[^\]]{1,24}\]\s*|\([^)]{1,12}\)\s*"
    r"|(?:updated?(?: \d)?|exclusive|breaking(?: news)?|watch|video|live)\s*[:|-]\s+)+"
)
_LONGEST_TITLE = 1_000
_SHORTEST_BARE = 24  # characters a headline keeps before its tail may be a publisher's name
_LONGEST_SOURCE = 4  # words


def normal_title(text: str) -> str:
    """Return the form in which two titles are the same headline.

    Folded words only, without a label in front (``[R]``, ``Exclusive:``) and without the publisher's name behind
    (`` - Reuters``, `` | The Verge``). Empty where the title has no words.
    """
    return headline(text)[1]


def headline(text: str) -> tuple[tuple[str, ...], str]:
    """Return the words of a title, and the form of `normal_title`."""
    title = fold(text[:_LONGEST_TITLE])
    bare = _without_source(_LABEL.sub("", title) or title)
    said = _words(title)
    return said, " ".join(said if bare == title else _words(bare) or said)


def _without_source(title: str) -> str:
    tails = [match for match in _TAIL.finditer(title) if match.start() >= _SHORTEST_BARE]
    if not tails:
        return title
    source = title[tails[-1].end() :]
    named = len(source.split()) <= _LONGEST_SOURCE and not any(map(str.isdigit, source))
    return title[: tails[-1].start()] if named else title
