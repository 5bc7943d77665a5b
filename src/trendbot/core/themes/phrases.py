r"""The phrase language: what an editor writes between quotes, and what the matcher looks for.

A phrase is a run of words. It is found at word boundaries, whatever the case, and its last word also in the plural:

    ``open weight``       open weight, Open Weights, open-weight
    ``phi-2``             a hyphen may be written as hyphen, as space or not at all: Phi-2, phi 2, PHI2
    ``=RAG``              a leading ``=``: upper and lower case exactly as written (RAG, RAGs; not rag)
    ``apple!``            a trailing ``!``: no plural
    ``quanti{s,z}e``      braces: one of these spellings; they may be nested
    ``acquire+``          a verb in its regular forms: acquire, acquires, acquired, acquiring
    ``distil*``           any ending
    ``llama #``           ``#`` is a number: Llama 3, llama 3.1; alone also with its currency or unit: $250m, 70b, 40%
    ``raise+ ~ million``  a gap of at most three words of one sentence; ``~5`` of at most five
    ``Command R\+``       a backslash takes the special meaning off the next sign

`parse_phrase` turns one into variants: a literal anchor for the one pass over the text, and patterns for what must
stand before and after it. Pure text work; whoever holds an automaton finds the anchors.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass

from trendbot.core.themes.folding import KEPT_SIGNS, in_word

MAX_VARIANTS = 256
MAX_GAP = 10
MAX_LENGTH = 500

_CURRENCY = "$€£¥"
_NUMBER = r"\d+(?:[.,]\d+)*"
_UNIT = "(?:[kmbt]n?|x|%)?"
_BETWEEN = r"[^\w.!?]{1,3}"
_WORD = rf"[{_CURRENCY}]?\w+(?:[.,'/&]\w+)*%?"
_ESCAPABLE = "=!{},+*#~-\\@"
_PRIVATE = 0xE000  # escaped signs travel as private-use characters until they become literals
_GAP = re.compile(r"~(\d*)")


class PhraseError(ValueError):
    """The phrase breaks the rules of the language; the message says how."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Variant:
    """One thing to look for.

    `anchor` is folded text; `exact` its cased form where case matters; `lead` and `tail` are regular expressions on
    folded text that must match right before and right after the anchor; `before` and `after` are words of which one
    stands in what they match, a quick test to make first (none: no such test); `open_start` and `open_end` say
    that a word may begin before the anchor and run on after it; `plural` is the ending allowed besides none.
    """

    anchor: str
    exact: str | None = None
    lead: str | None = None
    before: tuple[str, ...] = ()
    tail: str | None = None
    after: tuple[str, ...] = ()
    open_start: bool = False
    open_end: bool = False
    plural: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Phrase:
    """A phrase as the editor wrote it, and its variants."""

    source: str
    variants: tuple[Variant, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """A bit of a phrase: a literal, a number (`text` empty) or a word start (`stem`), and the joint before it."""

    text: str
    joint: str  # "" glued, "-" optional separator, " " separator, "~n" gap
    stem: bool = False

    @property
    def literal(self) -> bool:
        return bool(self.text)


def parse_phrase(source: str, *, case: bool = False) -> Phrase:
    """Parse one phrase; `case` makes upper and lower case matter as a leading ``=`` does. Raises `PhraseError`."""
    text = _escape(source.strip())
    if len(text) > MAX_LENGTH:
        raise PhraseError(f"a phrase may have {MAX_LENGTH} characters, this one has {len(text)}")
    case, text = case or text.startswith("="), text.removeprefix("=")
    plural, text = not text.endswith("!"), text.removesuffix("!")
    if not text.strip():
        raise PhraseError("the phrase is empty")
    spellings = _spellings(text, plural=plural)
    if len(spellings) > MAX_VARIANTS:
        raise PhraseError(f"the braces and endings make {len(spellings)} spellings, at most {MAX_VARIANTS} are allowed")
    variants = dict.fromkeys(v for spelling in spellings for v in _variants(spelling, case=case, plural=plural))
    return Phrase(source=source, variants=tuple(variants))


def literal(name: str) -> str:
    """Write a name as a phrase: the signs of the language mean themselves, but a hyphen stays optional."""
    return re.sub(r"([=!{},+*#~\\@])", r"\\\1", name)


def _escape(text: str) -> str:
    """Hide escaped signs from the parser."""

    def hide(found: re.Match[str]) -> str:
        sign = found.group(1)
        if sign not in _ESCAPABLE:
            raise PhraseError(f"a backslash before {sign!r} has no meaning")
        return chr(_PRIVATE + ord(sign))

    return re.sub(r"\\(.)", hide, text)


def _unescape(text: str) -> str:
    return "".join(chr(ord(c) - _PRIVATE) if _PRIVATE < ord(c) < _PRIVATE + 128 else c for c in text)


def _spellings(text: str, *, plural: bool) -> list[str]:
    """Write out braces, verb forms and the plural of a word in -y."""
    spelled = (" ".join(spelling.split()) for spelling in _expand(text))
    return [form for spelling in spelled if spelling for form in _forms(spelling, plural=plural)]


def _expand(text: str) -> list[str]:
    """Write out braces, nested ones too."""
    start = text.find("{")
    if start < 0:
        if "}" in text:
            raise PhraseError("a brace is closed that was not opened")
        return [text]
    end, choices = _read_braces(text, start)
    inner = [spelling for choice in choices for spelling in _expand(choice)]
    rest = _expand(text[end:])
    if len(inner) * len(rest) > MAX_VARIANTS:
        raise PhraseError(f"the braces make {len(inner) * len(rest)} spellings, at most {MAX_VARIANTS} are allowed")
    return [text[:start] + one + other for one in inner for other in rest]


def _read_braces(text: str, start: int) -> tuple[int, list[str]]:
    """Read the choices of the brace that opens at `start`; give the position after it, and the choices."""
    depth, choices, begun = 0, [], start + 1
    for position in range(start, len(text)):
        sign = text[position]
        depth += (sign == "{") - (sign == "}")
        if depth == 0 or (depth == 1 and sign == ","):
            choices.append(text[begun:position])
            begun = position + 1
        if depth == 0:
            return begun, choices
    raise PhraseError("a brace is not closed")


def _forms(spelling: str, *, plural: bool) -> list[str]:
    words = [verb_forms(word[:-1]) if _is_verb(word) else [word] for word in spelling.split(" ")]
    last = words[-1]
    if plural and len(last) == 1 and re.search(r"[^\W\d_aeiou]y$", last[0], re.IGNORECASE):
        last.append(last[0][:-1] + ("IES" if last[0].isupper() else "ies"))
    return [" ".join(form) for form in itertools.product(*words)]


def _is_verb(word: str) -> bool:
    return word.endswith("+") and word[:-1].isalpha()


def verb_forms(verb: str) -> list[str]:
    """Give the regular forms of an English verb: raise → raise, raises, raised, raising."""
    if verb.endswith("e"):
        return [verb, verb + "s", verb + "d", verb[:-1] + "ing"]
    if re.search(r"[^aeiou]y$", verb):
        return [verb, verb[:-1] + "ies", verb[:-1] + "ied", verb + "ing"]
    s = "es" if re.search(r"(?:[sxz]|[cs]h)$", verb) else "s"
    forms = [verb, verb + s, verb + "ed", verb + "ing"]
    if re.search(r"(?:^|[^aeiou])[aeiou][bdgklmnprt]$", verb):  # ban → banned, besides "banned" for "bane"
        forms += [verb + verb[-1] + "ed", verb + verb[-1] + "ing"]
    return forms


def _variants(spelling: str, *, case: bool, plural: bool) -> list[Variant]:
    pieces = _pieces(spelling)
    first, last = _anchor_run(pieces)
    anchor, lead, tail = pieces[first : last + 1], pieces[:first], pieces[last + 1 :]
    lead_pattern = _lead_pattern(lead, anchor[0].joint) if lead else None
    tail_pattern = _tail_pattern(tail, stem=anchor[-1].stem, plural=plural) if tail else None
    ending = _plural_ending(anchor[-1].text) if plural and not tail and not anchor[-1].stem else ""
    return [
        Variant(
            anchor=literal.lower(),
            exact=literal if case else None,
            lead=lead_pattern,
            before=_longest_word(lead),
            tail=tail_pattern,
            after=_longest_word(tail),
            open_start=bool(lead) and anchor[0].joint in {"", "-"},
            open_end=anchor[-1].stem or (bool(tail) and tail[0].joint in {"", "-"}),
            plural=ending,
        )
        for literal in _written(anchor)
    ]


def _longest_word(pieces: list[_Piece]) -> tuple[str, ...]:
    words = [piece.text.lower() for piece in pieces if piece.literal]
    return (max(words, key=len),) if words else ()


def _pieces(spelling: str) -> list[_Piece]:
    pieces: list[_Piece] = []
    joint = " "
    for word in spelling.split(" "):
        gap = _GAP.fullmatch(word)
        if gap:
            joint = f"~{_gap_size(gap.group(1))}"
            continue
        pieces += _word_pieces(word, joint)
        joint = " "
    if joint != " " or not pieces or pieces[0].joint != " ":
        raise PhraseError("a gap must stand between two words")
    return pieces


def _gap_size(digits: str) -> int:
    size = int(digits or 3)
    if not 1 <= size <= MAX_GAP:
        raise PhraseError(f"a gap may be of 1 to {MAX_GAP} words, not {size}")
    return size


def _word_pieces(word: str, joint: str) -> list[_Piece]:
    stem, word = word.endswith("*") and len(word) > 1, word.removesuffix("*")
    if "*" in word:
        raise PhraseError("'*' may only end a word")
    pieces: list[_Piece] = []
    for part in filter(None, word.split("-")):
        for bit in filter(None, re.split("(#)", part)):
            pieces.append(_Piece(text="" if bit == "#" else _unescape(bit), joint=joint))
            joint = ""
        joint = "-"
    if stem and pieces and pieces[-1].literal:
        pieces[-1] = _Piece(text=pieces[-1].text, joint=pieces[-1].joint, stem=True)
    return pieces


def _anchor_run(pieces: list[_Piece]) -> tuple[int, int]:
    """Give first and last index of the longest run of literals without a gap: the anchor. A sign beats a letter."""
    runs: list[tuple[int, int, int]] = []
    start = 0
    for index, piece in enumerate(pieces):
        broken = index > start and (piece.joint.startswith("~") or not _runs_on(pieces[index - 1]))
        start = index if broken or not piece.literal else start
        if piece.literal:
            length = sum(2 * len(p.text) + (p.text in KEPT_SIGNS) for p in pieces[start : index + 1])
            runs.append((length, -start, index))
    if not runs:
        raise PhraseError("a phrase needs at least one word besides numbers and gaps")
    _, negative, last = max(runs)
    if not any(in_word(sign) or sign in KEPT_SIGNS for piece in pieces[-negative : last + 1] for sign in piece.text):
        raise PhraseError(f"a phrase needs a word in an alphabet, or one of {KEPT_SIGNS}")
    return -negative, last


def _runs_on(piece: _Piece) -> bool:
    return piece.literal and not piece.stem


def _written(anchor: list[_Piece]) -> list[str]:
    """Give every way to write the anchor: optional separators with and without."""
    ways = [anchor[0].text]
    for piece in anchor[1:]:
        joints = ("", " ") if piece.joint == "-" else (piece.joint,)
        ways = [way + joint + piece.text for way in ways for joint in joints]
        if len(ways) > MAX_VARIANTS:
            raise PhraseError(f"the hyphens make more than {MAX_VARIANTS} spellings; write spaces instead")
    return ways


def _lead_pattern(pieces: list[_Piece], joint: str) -> str:
    return f"{_left_edge(pieces[0])}{_pattern(pieces)}{_joint_pattern(joint)}\\Z"


def _tail_pattern(pieces: list[_Piece], *, stem: bool, plural: bool) -> str:
    ending = (
        "(?:e?s)?" if plural and pieces[-1].literal and not pieces[-1].stem and pieces[-1].text[-1].isalpha() else ""
    )
    run_on = r"\w*" if stem else ""
    return f"{run_on}{_joint_pattern(pieces[0].joint)}{_pattern(pieces)}{ending}(?!\\w)"


def _left_edge(piece: _Piece) -> str:
    return r"(?<!\w)" if not piece.literal or piece.text[0].isalnum() else ""


def _pattern(pieces: list[_Piece]) -> str:
    parts: list[str] = []
    for index, piece in enumerate(pieces):
        glued = index + 1 < len(pieces) and pieces[index + 1].joint == ""
        parts.append(_joint_pattern(piece.joint) if index else "")
        parts.append(_piece_pattern(piece, glued=glued))
    return "".join(parts)


def _piece_pattern(piece: _Piece, *, glued: bool) -> str:
    if piece.literal:
        return re.escape(piece.text.lower()) + (r"\w*" if piece.stem else "")
    if glued:
        return _NUMBER
    return f"{_NUMBER}{_UNIT}" if piece.joint == "" else f"[{_CURRENCY}]?{_NUMBER}{_UNIT}"


def _joint_pattern(joint: str) -> str:
    if joint.startswith("~"):
        return f"(?:{_BETWEEN}{_WORD}){{0,{joint[1:]}}}{_BETWEEN}"
    return {" ": " ", "-": " ?", "": ""}[joint]


def _plural_ending(text: str) -> str:
    if not text[-1].isalpha():
        return ""
    return "es" if re.search(r"(?:[sxz]|[cs]h)$", text.lower()) else "s"
