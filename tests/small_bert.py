"""A made-up encoder on disk: a BERT of two layers and eight numbers, its weights drawn by chance."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

WIDTH, INNER, LAYERS, PLACES = 8, 16, 2, 40
_WORDS = "the court judge verdict reactor grid turbine solar song garden recipe news current un ##fair ##s cafe"
VOCABULARY = [*["[PAD]", "[UNK]", "[CLS]", "[SEP]"], *_WORDS.split(), *",.1234567890"]


def write_bert(folder: Path, *, seed: int = 1, kind: str = "bert") -> Path:
    """Write a small BERT as sentence-transformers does."""
    folder.mkdir(parents=True, exist_ok=True)
    facts = {
        "model_type": kind, "_name_or_path": "someone/small bert", "hidden_size": WIDTH, "num_hidden_layers": LAYERS,
        "num_attention_heads": 2, "max_position_embeddings": PLACES, "hidden_act": "gelu", "layer_norm_eps": 1e-12,
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(facts))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY))
    (folder / "tokenizer_config.json").write_text('{"do_lower_case": true}')
    write_tensors(folder / "model.safetensors", tensors(seed))
    return folder


def tensors(seed: int) -> dict[str, np.ndarray]:
    """Draw the weights."""
    rng = np.random.default_rng(seed)
    found: dict[str, np.ndarray] = {}

    def draw(name: str, *shape: int) -> None:
        found[name] = rng.normal(size=shape).astype(np.float32)

    for name, rows in (("word", len(VOCABULARY)), ("position", PLACES), ("token_type", 2)):
        draw(f"embeddings.{name}_embeddings.weight", rows, WIDTH)
    found["embeddings.word_embeddings.weight"] *= 3  # the words are to outweigh their places
    _norm(found, "embeddings.LayerNorm")
    for layer in (f"encoder.layer.{number}" for number in range(LAYERS)):
        for part in ("attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense"):
            draw(f"{layer}.{part}.weight", WIDTH, WIDTH)
            draw(f"{layer}.{part}.bias", WIDTH)
        for part, rows, columns in (("intermediate", INNER, WIDTH), ("output", WIDTH, INNER)):
            draw(f"{layer}.{part}.dense.weight", rows, columns)
            draw(f"{layer}.{part}.dense.bias", rows)
        _norm(found, f"{layer}.attention.output.LayerNorm")
        _norm(found, f"{layer}.output.LayerNorm")
    return found


def _norm(found: dict[str, np.ndarray], name: str) -> None:
    found[f"{name}.weight"], found[f"{name}.bias"] = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)


def write_tensors(file: Path, found: dict[str, np.ndarray]) -> None:
    """Write a safetensors file."""
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, values in found.items():
        kind = {"float32": "F32", "float16": "F16"}[values.dtype.name]
        raw = values.tobytes()
        header[name] = {"dtype": kind, "shape": list(values.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
