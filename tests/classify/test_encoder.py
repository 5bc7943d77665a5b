"""The optional encoder: what it reads from disk, what it refuses, and a learner that is trained with it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.small_bert import LAYERS, VOCABULARY, WIDTH, tensors, write_bert, write_tensors

from trendbot.classify.encoder import BATCH, MAX_CHARACTERS, Encoder, open_encoder, text_of
from trendbot.classify.matcher import Matcher
from trendbot.classify.model import HEAVIEST, dump_model, encoder_of, load_model
from trendbot.classify.training import Example, train
from trendbot.classify.word_pieces import WordPieces
from trendbot.core.themes import parse_themes
from trendbot.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

RULES = parse_themes('format = 1\n[[theme]]\nslug = "power"\ntitle = "Power"\nwords = { "electricity" = 1 }\n')
MATCHER = Matcher(RULES)


@pytest.fixture
def encoder(tmp_path: Path) -> Encoder:
    return open_encoder(write_bert(tmp_path / "small"))


def plainly(text_ids: list[int], weights: dict[str, np.ndarray]) -> np.ndarray:
    """Compute the vector of one text by loops, as the BERT paper has it."""

    def norm(row: np.ndarray) -> np.ndarray:
        return (row - row.mean()) / math.sqrt(row.var() + 1e-12)

    def dense(name: str, row: np.ndarray) -> np.ndarray:
        return weights[f"{name}.weight"].astype(float) @ row + weights[f"{name}.bias"]

    def gelu(row: np.ndarray) -> np.ndarray:
        return np.array([x * (1 + math.erf(x / math.sqrt(2))) / 2 for x in row])

    words, places, kinds = (weights[f"embeddings.{n}_embeddings.weight"] for n in ("word", "position", "token_type"))
    rows = [norm((words[i] + places[p] + kinds[0]).astype(float)) for p, i in enumerate(text_ids)]
    half = WIDTH // 2
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        own = f"{layer}.attention.self"
        queries, keys, values = ([dense(f"{own}.{part}", row) for row in rows] for part in ("query", "key", "value"))
        mixed = []
        for query in queries:
            parts = []
            for head in (slice(0, half), slice(half, WIDTH)):
                scores = np.array([query[head] @ key[head] / math.sqrt(half) for key in keys])
                shares = np.exp(scores) / np.exp(scores).sum()
                parts.append(sum(share * value[head] for share, value in zip(shares, values, strict=True)))
            mixed.append(np.concatenate(parts))
        rows = [norm(dense(f"{layer}.attention.output.dense", m) + r) for m, r in zip(mixed, rows, strict=True)]
        inner = [gelu(dense(f"{layer}.intermediate.dense", row)) for row in rows]
        rows = [norm(dense(f"{layer}.output.dense", i) + r) for i, r in zip(inner, rows, strict=True)]
    mean = np.mean(rows, axis=0)
    return mean / np.linalg.norm(mean)


def test_it_computes_what_a_bert_is(encoder: Encoder) -> None:
    ids = [VOCABULARY.index(piece) for piece in ("[CLS]", "the", "judge", "un", "##fair", "[SEP]")]
    assert encoder.encode(["The judge unfair"])[0] == pytest.approx(plainly(ids, tensors(1)), abs=1e-4)


def test_a_text_has_one_vector_whatever_stands_beside_it(encoder: Encoder, tmp_path: Path) -> None:
    texts = [f"{word} court {' garden' * n}" for n, word in enumerate(["judge", "song", "solar"] * (BATCH // 2))]
    together = encoder.encode(texts)
    assert together.shape == (len(texts), WIDTH)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(len(texts)), abs=1e-5)
    fresh = open_encoder(write_bert(tmp_path / "again"))
    for place in (0, 7, len(texts) - 1):
        assert fresh.encode([texts[place]])[0] == pytest.approx(together[place], abs=1e-5)
    assert encoder.encode([]).shape == (0, WIDTH)
    assert encoder.encode([""]).shape == (1, WIDTH)


def test_the_name_tells_weights_apart(encoder: Encoder, tmp_path: Path) -> None:
    other = open_encoder(write_bert(tmp_path / "other", seed=2))
    assert encoder.name.startswith("smallbert-")
    assert len(encoder.name) <= 40
    assert encoder.name != other.name
    assert open_encoder(write_bert(tmp_path / "copy")).name == encoder.name


def test_half_precision_is_read(encoder: Encoder, tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "half")
    halves = {f"bert.{name}": values.astype(np.float16) for name, values in tensors(1).items()}
    write_tensors(folder / "model.safetensors", halves)
    assert open_encoder(folder).encode(["judge"])[0] == pytest.approx(encoder.encode(["judge"])[0], abs=0.02)


def test_what_is_no_encoder_is_refused(tmp_path: Path) -> None:
    for number, (file, content) in enumerate(
        [
            ("config.json", b"{}"),
            ("config.json", b"not json"),
            ("vocab.txt", b"word"),
            ("model.safetensors", b""),
            ("model.safetensors", b"\xff" * 64),
            ("model.safetensors", (2).to_bytes(8, "little") + b"{}" + b"more"),
        ]
    ):
        folder = write_bert(tmp_path / str(number))
        (folder / file).write_bytes(content)
        with pytest.raises(ConfigError, match=r"cannot be used .*sentence-transformers"):
            open_encoder(folder)
    with pytest.raises(ConfigError, match="no plain BERT but 'gpt2'"):
        open_encoder(write_bert(tmp_path / "gpt", kind="gpt2"))
    with pytest.raises(ConfigError, match="cannot be used"):
        open_encoder(tmp_path / "nowhere")


def test_sizes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "small")
    facts = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**facts, "num_attention_heads": 3}))
    with pytest.raises(ConfigError, match="cannot be used"):
        open_encoder(folder)


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("The courts", "the court ##s"),
        ("CAFÉ,judge.", "cafe , judge ."),
        ("unfair unknown", "un ##fair [UNK]"),
        ("song\u0000 \ufffd garden\u3002", "song garden [UNK]"),
        ("法 court", "[UNK] court"),
        ("x" * 101, "[UNK]"),
    ],
)
def test_word_pieces(tmp_path: Path, text: str, pieces: str) -> None:
    ids = WordPieces.read(write_bert(tmp_path / "small")).ids(text, 64)
    assert [VOCABULARY[number] for number in ids] == ["[CLS]", *pieces.split(), "[SEP]"]


def test_a_long_text_is_cut(tmp_path: Path) -> None:
    folder = write_bert(tmp_path / "small")
    (folder / "tokenizer_config.json").unlink()
    ids = WordPieces.read(folder).ids("court " * 100, 16)
    assert len(ids) == 16
    assert VOCABULARY[ids[-1]] == "[SEP]"
    assert len(text_of("title", "body " * 1_000)) == MAX_CHARACTERS
    assert text_of("title", "title") == "title"


def cases(number: int) -> list[Example]:
    words = [("reactor grid", True), ("solar turbine", True), ("song garden", False), ("recipe news", False)]
    return [
        Example(
            title=f"{words[n % 4][0]} {n % 10}",
            body="",
            annotation=MATCHER.annotate("", ""),
            themes=frozenset({"power"} if words[n % 4][1] else ()),
        )
        for n in range(number)
    ]


def test_a_learner_is_trained_with_it_and_needs_it(encoder: Encoder, tmp_path: Path) -> None:
    model = train(cases(80), RULES.slugs, rules=RULES.hash, encoder=encoder)
    assert encoder_of(model.version) == encoder.name
    assert len(model.version) <= 64
    assert model.weights.shape[1] == len(model.words) + 3 + WIDTH
    (power,) = model.predict("solar turbine 3", "", MATCHER.annotate("", ""), explain=HEAVIEST)
    (song,) = model.predict("song garden 4", "", MATCHER.annotate("", ""))
    assert power.probability > 0.8
    assert song.probability < 0.2
    assert "meaning, by the encoder" in {weighed.word for weighed in power.heaviest}

    copy = load_model(dump_model(model), encoder)
    assert copy.version == model.version
    assert copy.predict("song garden 4", "", MATCHER.annotate("", "")) == [song]
    other = open_encoder(write_bert(tmp_path / "other", seed=2))
    for missing in (None, other):
        with pytest.raises(ConfigError, match=f"trained with the encoder {encoder.name}, which is not at hand"):
            load_model(dump_model(model), missing)


def test_a_learner_without_one_leaves_it_alone(encoder: Encoder) -> None:
    model = train(cases(80), RULES.slugs, rules=RULES.hash)
    assert encoder_of(model.version) == ""
    assert load_model(dump_model(model), encoder).encoder is None
