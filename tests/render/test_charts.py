from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace

import pytest
from defusedxml import ElementTree
from PIL import Image
from tests.contents import full, said

from trendbot.core import limits, wording
from trendbot.core.digests import DigestContent, DigestRise
from trendbot.core.pictures import CHART_CID, Chart, PictureForm
from trendbot.core.vocabulary import Cadence, ChannelKind
from trendbot.paths import bundled
from trendbot.render.charts import counts_drawn, draw_chart, usual_range
from trendbot.render.editions import render_edition
from trendbot.render.environment import Renderer

DAYS = (*(float(1 + number % 3) for number in range(28)), 2.0, 3.0, 3.0, 4.0, 3.0, 4.0, 4.0)
SVG = "{http://www.w3.org/2000/svg}"


def rise(**given) -> DigestRise:
    return replace(full().rising[0], **{"days": DAYS} | given)


def risen(*rises: DigestRise, **given) -> DigestContent:
    return full(rising=rises or (rise(),), **given)


def drawn(content: DigestContent) -> Chart:
    chart = draw_chart(content)
    assert chart is not None
    return chart


def png(chart: Chart, form: PictureForm) -> Image.Image:
    picture = chart.form(form)
    assert picture is not None
    assert picture.media_type == "image/png"
    return Image.open(io.BytesIO(picture.data)).convert("RGB")


def test_every_form_has_its_size_and_its_paper() -> None:
    chart = drawn(risen())
    assert {picture.form for picture in chart.pictures} == set(PictureForm)
    assert png(chart, PictureForm.CARD).size == (1200, 627)
    assert png(chart, PictureForm.MAIL).size[0] == 1440
    assert png(chart, PictureForm.CARD).getpixel((2, 2)) == pytest.approx((0xFD, 0xFC, 0xFA), abs=3)
    assert png(chart, PictureForm.MAIL_DARK).getpixel((2, 2)) == pytest.approx((0x14, 0x16, 0x1A), abs=3)
    assert all(len(picture.data) < 120_000 for picture in chart.pictures)


def test_the_risen_end_stands_out_in_the_accent() -> None:
    pixels = png(drawn(risen()), PictureForm.CARD).resize((320, 167)).tobytes()
    near = [
        abs(pixels[i] - 0xB4) + abs(pixels[i + 1] - 0x42) + abs(pixels[i + 2] - 0x0F) for i in range(0, len(pixels), 3)
    ]
    assert sum(distance < 40 for distance in near) > 20


def test_an_svg_says_what_it_shows_and_carries_no_script_and_no_address() -> None:
    picture = drawn(risen(rise(name="Weights <script> & $x$"))).form(PictureForm.WEB)
    assert picture is not None
    tree = ElementTree.fromstring(picture.data)
    text = "".join(tree.itertext())
    assert "Weights <script> & $x$: 23 reports in 7 days, usually 8.2" in text
    assert not list(tree.iter(f"{SVG}script"))
    assert [each.tag for each in list(tree)[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert len(picture.data) < 20_000


def test_the_same_digest_gives_the_same_bytes_in_another_process() -> None:
    code = (
        "import hashlib; from tests.render.test_charts import drawn, risen, rise;"
        "chart = drawn(risen(rise(), rise(name='Alder')));"
        "print(hashlib.sha256(b''.join(picture.data for picture in chart.pictures)).hexdigest())"
    )
    runs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    }
    assert len(runs) == 1


def test_the_key_follows_what_is_drawn() -> None:
    assert drawn(risen()).key == drawn(risen(line="Another line.")).key
    assert drawn(risen()).key != drawn(risen(rise(current=24.0))).key


def test_the_chart_of_a_sample_says_that_it_is_one() -> None:
    real, made_up = drawn(risen()), drawn(risen(sample=True))
    assert made_up.key != real.key
    assert made_up.alt == f"{wording.SAMPLE_CHART}. {real.alt}"
    told, plain = made_up.form(PictureForm.WEB), real.form(PictureForm.WEB)
    assert told is not None
    assert plain is not None
    root = ElementTree.fromstring(told.data)
    assert wording.SAMPLE_CHART in {each.text for each in root.iter(f"{SVG}text")}
    assert root.findtext(f"{SVG}desc") == made_up.alt
    assert wording.SAMPLE_CHART.encode() not in plain.data


@pytest.mark.parametrize(
    "content",
    [
        full(rising=()),
        full(),
        risen(rise(days=(0.0,) * 35)),
        risen(rise(name="人工智能")),
        risen(rise(name="a\u0366 mark upon a letter")),
    ],
    ids=["nothing rose", "days unknown", "nothing on the days", "not in the fonts", "marks"],
)
def test_where_there_is_nothing_to_see_nothing_is_drawn(content: DigestContent) -> None:
    assert draw_chart(content) is None


def test_single_days_and_names_of_any_length_are_drawn_too() -> None:
    long = rise(name="Retrieval-augmented generation over very long and very private documents")
    day = rise(window_days=1, current=7.0, usual=0.2)
    assert "on Sunday" in drawn(risen(day, long, rise(name="x"))).alt
    assert wording.chart_note([day]).startswith("Reports a day")
    assert wording.chart_note([day, long]).startswith("Reports of the days named")


def test_the_curve_ends_at_the_number_that_is_told_and_leads_up_to_it() -> None:
    quiet = (0.0,) * 33
    counts = counts_drawn(rise(window_days=2, current=5.0, days=(*quiet, 6.0, 2.0)))
    assert counts[-3:] == [0.0, pytest.approx(3.75), 5.0]
    assert counts_drawn(rise(window_days=2, current=8.0, days=(*quiet, 6.0, 2.0)))[-3:] == [0.0, 6.0, 8.0]
    assert counts_drawn(rise(window_days=7, current=4.0, days=(*quiet, 0.0, 0.0)))[-1] == 4.0


def test_the_usual_range_holds_nine_in_ten_and_never_less_than_nothing() -> None:
    low, high = usual_range(rise(usual=100.0))
    assert (round(low), round(high)) == (80, 120)
    assert usual_range(rise(usual=0.2))[0] == 0.0


def test_a_mail_shows_the_chart_with_its_words_and_a_digest_without_one_has_no_hole() -> None:
    renderer = Renderer(bundled("templates"))
    made = render_edition(renderer, risen(cadence=Cadence.WEEKLY), ChannelKind.EMAIL)
    assert made.chart is not None
    assert f'src="cid:{CHART_CID}"' in made.parts[0]
    assert made.chart.alt in made.parts[0]
    plain = render_edition(renderer, full(Cadence.WEEKLY), ChannelKind.EMAIL)
    assert plain.chart is None
    assert "<img" not in plain.parts[0]


def test_without_the_drawing_library_a_digest_goes_without() -> None:
    code = (
        "import sys; sys.modules['matplotlib'] = None;"
        "from tests.render.test_charts import risen; from trendbot.render.charts import draw_chart;"
        "print(draw_chart(risen()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "None"


def test_a_short_digest_stands_below_the_chart_as_one_message() -> None:
    made = render_edition(Renderer(bundled("templates")), risen(sections=(), also=()), ChannelKind.TELEGRAM)
    assert len(made.parts) == 1
    assert limits.telegram_length(made.parts[0]) <= limits.TELEGRAM_CAPTION


def test_a_lead_too_long_for_a_caption_goes_without_the_chart_in_one_message() -> None:
    lead = replace(full().lead, sentences=said(1, "word " * 79 + "end.") * 3)
    made = render_edition(Renderer(bundled("templates")), risen(lead=lead), ChannelKind.TELEGRAM)
    assert len(made.parts) == 1


def test_the_first_message_stands_below_the_chart_and_the_rest_follows() -> None:
    renderer = Renderer(bundled("templates"))
    base = full()
    sections = tuple(replace(section, items=section.items * 6) for section in base.sections)
    made = render_edition(renderer, risen(sections=sections), ChannelKind.TELEGRAM)
    assert len(made.parts) == 2
    assert limits.telegram_length(made.parts[0]) <= limits.TELEGRAM_CAPTION
    plain = render_edition(renderer, full(sections=sections), ChannelKind.TELEGRAM)
    assert len(plain.parts) == 1
    assert "\n".join(made.parts).replace("\n", "") == plain.parts[0].replace("\n", "")
