from __future__ import annotations

from pathlib import Path

import pytest
from tests.contents import full

from trendbot.core.vocabulary import ChannelKind
from trendbot.errors import RenderError
from trendbot.paths import bundled
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer, tidy
from trendbot.render.preview import Shown, render_preview


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def test_html_templates_escape_by_their_name_and_text_templates_do_not(folder: Path) -> None:
    (folder / "a.html.j2").write_text("{{ x }}")
    (folder / "a.txt.j2").write_text("{{ x }}")
    renderer = Renderer(folder)
    assert renderer.render("a.html.j2", {"x": "<b>&"}) == "&lt;b&gt;&amp;"
    assert renderer.render("a.txt.j2", {"x": "<b>&"}) == "<b>&"


def test_little_text_escapes_every_value_and_no_word_of_the_template(folder: Path) -> None:
    (folder / "p.j2").write_text("(a) {{ x }} {{ hashtag('Open_Source') }}")
    assert Renderer(folder).render_little("p.j2", {"x": "(b) #c"}) == "(a) \\(b\\) \\#c {hashtag|\\#|OpenSource}"


def test_the_operators_folder_goes_first(folder: Path) -> None:
    (folder / "telegram").mkdir()
    (folder / "telegram" / "digest.html.j2").write_text("<b>{{ digest.title }}</b>")
    ours = Renderer(bundled("templates"))
    theirs = Renderer(bundled("templates"), folder)
    content = full()
    made = render_edition(theirs, content, ChannelKind.TELEGRAM)
    assert made.parts == (f"<b>{content.title}</b>",)
    assert made.template_hash != render_edition(ours, content, ChannelKind.TELEGRAM).template_hash


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("line one\n{{ nothing }}", r"p\.html\.j2, line 2: 'nothing' is undefined"),
        ("line one\n\n{% if %}", r"p\.html\.j2, line 3: Expected an expression"),
        ("{{ 1 / 0 }}", r"p\.html\.j2, line 1: division by zero"),
        ("{% include 'gone.j2' %}", r"gone\.j2 is missing"),
    ],
)
def test_an_error_names_the_template_and_the_line(folder: Path, source: str, complaint: str) -> None:
    (folder / "p.html.j2").write_text(source)
    with pytest.raises(RenderError, match=complaint):
        Renderer(folder).render("p.html.j2", {})


def test_a_template_that_is_missing_is_named(folder: Path) -> None:
    with pytest.raises(RenderError, match=r"nowhere\.j2 is missing"):
        Renderer(folder).template_hash(["nowhere.j2"])


def test_tidying_joins_empty_lines() -> None:
    assert tidy("\n\na  \n\n\n\nb\n") == "a\n\nb"


def test_the_preview_shows_the_three_side_by_side_and_escapes_what_is_no_message() -> None:
    renderer = Renderer(bundled("templates"))
    page = render_preview(
        renderer,
        [
            Shown(kind=ChannelKind.LINKEDIN, title="T", subject=None, body="", text="<i>post</i>", files=("d/l.txt",)),
            Shown(kind=ChannelKind.TELEGRAM, title="T", subject=None, body="<b>ok</b>", text="", files=("d/t.html",)),
            Shown(kind=ChannelKind.TELEGRAM, title="T", subject=None, body="<p>no</p>", text="", files=("d/u.html",)),
            Shown(kind=ChannelKind.EMAIL, title="T", subject="S", body="<p>", text="", files=("w/e.html", "w/e.eml")),
        ],
    )
    assert "&lt;i&gt;post&lt;/i&gt;" in page
    assert "<b>ok</b>" in page
    assert "<p>no</p>" not in page
    assert 'src="w/e.html"' in page
