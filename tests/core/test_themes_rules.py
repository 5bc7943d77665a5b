"""Themes files: what conditions mean, what an error says, what the hash depends on."""

from __future__ import annotations

import pytest

from trendbot.classify.matcher import Matcher
from trendbot.core.themes import Annotation, Field, ThemeSet, parse_themes
from trendbot.errors import ConfigError

HEAD = 'format = 1\n[[theme]]\nslug = "x"\ntitle = "X"\n'


def read(rules: str, title: str, body: str = "", *, feed: str = "", author: str = "") -> Annotation:
    return Matcher(parse_themes(HEAD + rules)).annotate(title, body, feed=feed, author=author)


def applies(rules: str, title: str, body: str = "", **more: str) -> bool:
    return bool(read(rules, title, body, **more).themes)


def rule(conditions: str) -> str:
    return f'[[theme.rule]]\nname = "r"\n{conditions}\n'


@pytest.mark.parametrize(
    ("conditions", "title", "body", "yes"),
    [
        ('any = ["cat", "dog"]', "a dog", "", True),
        ('any = ["cat", "dog"]', "a cow", "", False),
        ('all = ["cat", "dog"]', "a dog", "a cat", True),
        ('all = ["cat", "dog"]', "a dog", "", False),
        ('all = [["cat", "lion"], "dog"]', "a dog", "a lion", True),
        ('any = ["cat"]\nnone = ["dog"]', "a cat", "", True),
        ('any = ["cat"]\nnone = ["dog"]', "a cat", "a dog", False),
        ('any = ["agent"]\nexcept = ["estate agent"]', "an estate agent", "", False),
        ('any = ["agent"]\nexcept = ["estate agent"]', "an estate agent", "an agent", True),
        ('any = ["phi"]\nunless = ["greek"]\nreach = 3', "phi, the greek letter", "", False),
        ('any = ["phi"]\nunless = ["greek"]\nreach = 3', "phi is a b c d greek", "", True),
        ('any = ["phi"]\nunless = ["greek"]', "phi", "greek", True),
        ('near = ["cat", "dog"]\nwithin = 3', "cat and a dog", "", True),
        ('near = ["cat", "dog"]\nwithin = 3', "dog and a cat", "", True),
        ('near = ["cat", "dog"]\nwithin = 3', "cat and one of the dogs", "", False),
        ('near = ["cat", "dog"]', "cat", "dog", False),
        ('near = ["cat", "dog", "cow"]\nwithin = 4', "cat x x x x cow dog cat", "", True),
        ('any = ["cow"]\nnear = ["cat", "dog"]', "cow", "cat dog", True),
        ('any = ["cow"]\nnear = ["cat", "dog"]', "cow", "cat", False),
        ('any = ["cat"]\nin = "title"', "a cat", "", True),
        ('any = ["cat"]\nin = "title"', "", "a cat", False),
        ('any = ["cat"]\nin = "body"', "a cat", "", False),
        ('any = ["cat"]\ncase = true', "a Cat", "", False),
        ('any = ["cat"]\nweight = 0.5', "", "a cat", False),
        ('any = ["cat"]\nweight = 0.5', "a cat", "", True),
    ],
)
def test_conditions(conditions: str, title: str, body: str, yes: bool) -> None:
    assert applies(rule(conditions), title, body) is yes


def test_feed_and_author_by_pattern() -> None:
    by_feed = rule('any = ["cat"]\nfeed = ["*Journal*"]')
    assert applies(by_feed, "cat", feed="The Cat JOURNAL https://j.example/")
    assert not applies(by_feed, "cat", feed="Daily")
    assert not applies(by_feed, "cat")
    alone = rule('author = ["ann *"]')
    found = read(alone, "anything", author="Ann Other")
    assert [(e.field, e.text) for v in found.verdicts for e in v.evidence] == [(Field.AUTHOR, "ann other")]
    assert applies(rule('feed = ["*lab*"]'), "anything", feed="A lab")


def test_a_rule_counts_once_in_its_weightier_field() -> None:
    (verdict,) = read('words = { "cat" = 0.6, "dog" = 0.4 }', "cat cat", "cat dog").verdicts
    assert verdict.score == 1.6
    assert sum(evidence.weight for evidence in verdict.evidence) == pytest.approx(verdict.score)
    assert [(e.field, e.text) for e in verdict.evidence if e.rule == "cat"] == [
        (Field.TITLE, "cat"),
        (Field.TITLE, "cat"),
        (Field.BODY, "cat"),
    ]


def test_what_speaks_against_is_kept_as_evidence() -> None:
    (verdict,) = read('words = { "cat" = 1, "toy" = -2 }', "a toy cat").verdicts
    assert not verdict.applies
    assert verdict.score == -2
    assert {e.text: e.weight for e in verdict.evidence} == {"toy": -4, "cat": 2}


def test_a_body_that_repeats_the_title_is_not_read_twice() -> None:
    (mention,) = Matcher(parse_themes('format = 1\nterm = [{ name = "cat" }]\n')).annotate("a cat", "a cat").mentions
    assert mention.count == 1


def test_defaults_and_thresholds() -> None:
    defaults = "[defaults]\ntitle = 3\nbody = 0.5\nthreshold = 2\n"
    matcher = Matcher(parse_themes(HEAD.replace("[[theme]]", defaults + "[[theme]]") + 'words = { "cat" = 1 }'))
    assert matcher.annotate("cat", "").themes == ("x",)
    assert matcher.annotate("", "cat").themes == ()
    assert matcher.annotate("", "cat").verdicts[0].score == 0.5


def test_groups_share_conditions() -> None:
    group = '[[theme.group]]\nall = ["AI"]\n[theme.group.words]\n"lawsuit" = 1\n"court" = 0.2\n'
    assert applies(group, "An AI lawsuit")
    assert not applies(group, "A lawsuit")
    assert not applies(group, "An AI court", "")


TERMS = """format = 1
[[term]]
name = "Llama"
kind = "model"
aliases = ["LLaMA 2", "llama-3"]
themes = { open = 1 }
[[term]]
name = "Meta"
kind = "company"
any = ["=Meta"]
except = ["=Meta analysis"]
[[theme]]
slug = "open"
title = "Open"
[[theme.rule]]
name = "company and model"
near = ["@company", "@model"]
[[theme]]
slug = "law"
title = "Law"
words = { "@company" = 1 }
"""


def test_terms_are_mentions_and_speak_for_themes() -> None:
    found = Matcher(parse_themes(TERMS)).annotate("Llama 3 and llama", "LLaMA 2 by meta")
    assert [(mention.term, mention.count) for mention in found.mentions] == [("Llama", 3)]
    assert found.themes == ("open",)
    assert {evidence.rule for evidence in found.verdicts[0].evidence} == {"term Llama"}


def test_a_kind_stands_for_its_terms_and_their_conditions() -> None:
    matcher = Matcher(parse_themes(TERMS))
    assert set(matcher.annotate("Meta has a llama", "").themes) == {"open", "law"}
    assert matcher.annotate("A Meta analysis", "").themes == ()


def test_lists_may_hold_lists() -> None:
    lists = '[lists]\npets = ["cat", "@big"]\nbig = ["dog"]\n'
    file = HEAD.replace("[[theme]]", lists + "[[theme]]") + rule('any = ["@pets", "cow"]')
    matcher = Matcher(parse_themes(file))
    assert all(matcher.annotate(text, "").themes for text in ("cat", "dog", "cow"))


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("format = 1\nx = [\n", 3, "not valid TOML"),
        ("format = 2\n", 1, "format = 1"),
        ("format = 1\nthemes = 3\n", 2, 'unknown key "themes"'),
        ("format = 1\n[[theme]]\nslug = 'A b'\n", 3, "no slug"),
        ("format = 1\n[[theme]]\nslug = 'a'\n", 2, "'title' must be given"),
        (HEAD + HEAD.removeprefix("format = 1\n"), 6, "taken"),
        (HEAD + '[theme.words]\n"ok" = 1\n"{a" = 1\n', 7, "not closed"),
        (HEAD + '[theme.words]\n"ok" = "much"\n', 6, "must be a number"),
        (HEAD + "words = 3\n", 5, "table"),
        (HEAD + rule('any = ["a"]') + rule('any = ["b", "~ c"]'), 10, 'rule "r"'),
        (HEAD + rule('any = ["a"]\nanny = ["b"]'), 8, 'unknown key "anny"'),
        (HEAD + rule("weight = 2"), 5, "nothing to look for"),
        (HEAD + rule('any = ["@nobody"]'), 7, 'no list and no kind of terms "nobody"'),
        (HEAD + rule('near = ["a"]'), 7, "two or more"),
        (HEAD + rule('any = ["a"]\nin = "head"'), 8, "'in' is"),
        (HEAD + '[[theme.rule]]\nany = ["a"]\n', 5, "'name' must be given"),
        (
            "format = 1\nterm = [\n  { name = 'a' },\n  { name = 'b', themes = { nope = 1 } },\n]\n",
            4,
            'no theme "nope"',
        ),
        ("format = 1\n[[term]]\nname = 'a'\n[[term]]\nname = 'A'\n", 5, "taken"),
        ("format = 1\n[[term]]\nname = 'a'\nkind = 'A B'\n", 4, "no kind"),
        ("format = 1\n[[term]]\nname = 'a'\nall = ['@term']\n", 2, "not kinds of terms"),
        ("format = 1\n[lists]\na = ['@b']\nb = ['@a']\n" + HEAD[11:] + rule('any = ["@a"]'), 4, "itself"),
        ("format = 1\n[lists]\na = []\n" + HEAD[11:] + rule('any = ["@a"]'), 3, "empty"),
        ("format = 1\n[[theme]]\nslug = 'a'\ntitle = 'A'\nrule = 3\n", 5, "[[…rule]]"),
        ("format = 1\n[lists]\na = [1]\n" + HEAD[11:] + rule('any = ["@a"]'), 3, "list of texts"),
    ],
)
def test_an_error_names_file_line_and_place(text: str, line: int, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_themes(text, file="mine.toml")
    message = str(caught.value)
    assert message.startswith(f"mine.toml:{line}: ")
    assert says in message
    assert "\n" not in message


def test_the_hash_is_of_the_meaning() -> None:
    def hash_of(text: str) -> str:
        parsed: ThemeSet = parse_themes(text)
        return parsed.hash

    assert hash_of(TERMS) == hash_of("# remark\n" + TERMS.replace('kind = "model"', '  kind   =  "model" # here'))
    assert hash_of(TERMS) != hash_of(TERMS.replace("llama-3", "llama-4"))
    assert len(hash_of(TERMS)) == 64
