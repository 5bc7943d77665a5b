from __future__ import annotations

import pytest
from tests.contents import full

from trendbot.core.digests import Rendering
from trendbot.core.limits import escape_little
from trendbot.core.pictures import Chart, Picture, PictureForm
from trendbot.core.vocabulary import ChannelKind
from trendbot.paths import bundled
from trendbot.render.desk import Column, PostCard, render_desk
from trendbot.render.environment import Renderer

CHART = Chart(
    key="k", alt="Weights rose", pictures=(Picture(form=PictureForm.CARD, media_type="image/png", data=b"\x89PNG"),)
)
CARD = PostCard(url="https://www.news.example/1", title="Alder <is> out", description="6 stories & more")
TEXT = "Alder (24B) is out\n\n" + "A line of the day. " * 12


def page(*, text: str = TEXT, chart: Chart | None = CHART, card: PostCard | None = CARD, alone: bool = False) -> str:
    rendering = Rendering(
        kind=ChannelKind.LINKEDIN, variant="all", subject=None, parts=(escape_little(text),), text_body="",
        template_hash="h", chart=chart,
    )  # fmt: skip
    column = Column(kind=ChannelKind.LINKEDIN, rendering=rendering, problem=None, card=card, as_picture=alone)
    return render_desk(Renderer(bundled("templates")), full(), [column], note="")


def test_a_post_is_shown_with_its_card_and_picture() -> None:
    shown = page()
    link = shown.split('<div class="link">')[1].split("</article>")[0]
    assert 'src="data:image/png;base64,iVBORw==" alt="Weights rose"' in link
    for said in ("Alder &lt;is&gt; out", "news.example<", "6 stories &amp; more"):
        assert said in link
    assert "for readers who cannot see it: Weights rose" in page(alone=True)
    assert "for readers who cannot see it" not in shown  # LinkedIn takes no description of a card's picture
    assert "Alder (24B) is out" in shown


@pytest.mark.parametrize(
    ("chart", "card", "alone", "said"),
    [
        (CHART, CARD, True, "The chart is the post&#39;s picture."),
        (None, CARD, False, "it has no picture, since nothing was drawn"),
        (None, CARD, True, "it has no picture, since nothing was drawn"),
        (CHART, None, False, "Text alone: there is no lead."),
        (CHART, None, True, "The chart is the post&#39;s picture."),
    ],
)
def test_what_stands_below_a_post_is_what_is_sent(
    chart: Chart | None, card: PostCard | None, alone: bool, said: str
) -> None:
    shown = page(chart=chart, card=card, alone=alone).replace("post's", "post&#39;s")
    assert said in shown
    assert ("data:image/png" in shown) is ("picture." in said)


def test_a_short_post_is_folded_nowhere() -> None:
    assert "folds here" not in page(text="Alder is out")
    assert page(text="a" * 150).count("folds here") == 2  # on a phone alone, on light and on dark paper
