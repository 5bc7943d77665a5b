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
from trendbot.render.trial import faults


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


def test_an_error_names_ones_own_copy_by_its_whole_name_also_within_another(folder: Path) -> None:
    for name in ("email/digest", "telegram"):
        (folder / name).mkdir(parents=True)
    (folder / "email/digest/body.html.j2").write_text("ok\n{% include 'telegram/part.j2' %}")
    (folder / "telegram/part.j2").write_text("fine\nfine\n{{ wrong.place }}")
    theirs = Renderer(bundled("templates"), folder)
    own = folder / "telegram" / "part.j2"
    with pytest.raises(RenderError) as caught:
        render_edition(theirs, full(), ChannelKind.EMAIL)
    assert str(caught.value) == f"template telegram/part.j2, line 3: 'wrong' is undefined; mend {own}, or remove it"


def test_bytes_that_are_no_text_are_a_fault_of_the_template(folder: Path) -> None:
    (folder / "linkedin").mkdir()
    (folder / "linkedin" / "post.j2").write_bytes(b"\xff\xfe nonsense")
    theirs = Renderer(bundled("templates"), folder)
    with pytest.raises(RenderError, match=r"template linkedin/post\.j2, line 1"):
        render_edition(theirs, full(), ChannelKind.LINKEDIN)
    assert "line 1" in faults(theirs)[0]


SHIPPED = sorted(file.relative_to(bundled("templates")).as_posix() for file in bundled("templates").rglob("*.j2"))


@pytest.mark.parametrize("name", SHIPPED)
def test_every_template_that_ships_can_be_replaced_and_its_copy_passes(folder: Path, name: str) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text((bundled("templates") / name).read_text())
    theirs = Renderer(bundled("templates"), folder)
    assert theirs.own_names() == (name,)
    assert faults(theirs) == ()
    (folder / name).write_text("first\n{% for %}")
    assert faults(theirs)[0].startswith(f"template {name}, line 2: ")


@pytest.mark.parametrize(
    ("name", "source", "fault"),
    [
        ("telegram/digset.html.j2", "x", "replaces none that ships"),
        ("telegram/digest.html.j2", "one\n{{ digest.titel }}", "line 2: 'trendbot.core.digests.DigestContent object'"),
        ("telegram/digest.html.j2", "<p>{{ digest.title }}</p>", "tag in line 1: <p> is not allowed"),
        ("linkedin/post.j2", "{{ hook }}\n\n(see)", "unescaped in line 3"),
        ("email/digest/body.html.j2", "<p>short</p>", "only the text part leads to"),
    ],
)
def test_ones_own_templates_are_tried_before_a_digest_needs_them(
    folder: Path, name: str, source: str, fault: str
) -> None:
    (folder / name).parent.mkdir(parents=True)
    (folder / name).write_text(source)
    assert fault in faults(Renderer(bundled("templates"), folder))[0]


def test_every_template_is_in_the_manual() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    digests = [
        name for name in SHIPPED if name.split("/")[0] in ("linkedin", "telegram", "preview") or "digest" in name
    ]
    assert [name for name in digests if f"`{name}`" not in manual] == []


def test_a_folder_that_is_not_there_replaces_nothing(folder: Path) -> None:
    assert Renderer(bundled("templates"), folder / "gone").own_names() == ()
    assert Renderer(bundled("templates")).own_names() == ()


def test_a_part_that_ones_own_templates_include_is_no_stray(folder: Path) -> None:
    (folder / "telegram").mkdir()
    (folder / "telegram/digest.html.j2").write_text("{% include 'telegram/title.html.j2' %}")
    (folder / "telegram/title.html.j2").write_text("<b>{{ digest.title }}</b>")
    assert faults(Renderer(bundled("templates"), folder)) == ()


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
            Shown(
                kind=ChannelKind.LINKEDIN,
                title="T",
                subject=None,
                body="",
                text="<i>post</i>",
                files=("d/l.txt", "d/c.png"),
                alt='Weights "rose"',
            ),
            Shown(kind=ChannelKind.TELEGRAM, title="T", subject=None, body="<b>ok</b>", text="", files=("d/t.html",)),
            Shown(kind=ChannelKind.TELEGRAM, title="T", subject=None, body="<p>no</p>", text="", files=("d/u.html",)),
            Shown(kind=ChannelKind.EMAIL, title="T", subject="S", body="<p>", text="", files=("w/e.html", "w/e.eml")),
        ],
    )
    assert "&lt;i&gt;post&lt;/i&gt;" in page
    assert '<img src="d/c.png" alt="Weights &#34;rose&#34;">' in page
    assert "<b>ok</b>" in page
    assert "<p>no</p>" not in page
    assert 'src="w/e.html"' in page
