"""An optional local encoder: a small language model that turns a text into numbers that stand for its meaning.

Read from a folder on disk in the layout of sentence-transformers (BERT with word pieces, mean of the tokens:
``config.json``, ``vocab.txt``, ``model.safetensors``), computed by numpy alone; nothing is fetched, and nothing in the
folder is run. The learner takes the numbers as further columns after the rules'.
"""

from __future__ import annotations

import functools
import hashlib
import json
import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from trendbot.classify.word_pieces import WordPieces
from trendbot.errors import ConfigError

Floats = NDArray[np.float32]

MAX_CHARACTERS = 400
"""What is read of one entry: its meaning is in the title and the first sentences."""
MAX_PIECES = 64
BATCH = 32
REMEMBERED = 5_000
"""Vectors kept at hand: a batch that was read ahead, or the examples of a lesson."""
_TYPES = {"F32": np.float32, "F16": np.float16}
_MOST_BYTES = 4_000_000_000


class Encoder(Protocol):
    """Whatever turns texts into vectors of unit length; `name` tells one encoder from any other."""

    @property
    def name(self) -> str:
        """The name that stands in the version of a learner trained with it, of at most 40 signs."""

    @property
    def width(self) -> int:
        """How many numbers a vector has."""

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a row of unit length for each text."""


def text_of(title: str, body: str) -> str:
    """Give what an encoder reads of an entry; a body that repeats the title is left out."""
    return (f"{title}. {body}" if body and body != title else title)[:MAX_CHARACTERS]


def open_encoder(folder: Path) -> Encoder:
    """Open the encoder in a folder.

    Raises:
        ConfigError: it cannot be read, or is of a kind that is not known here; the message says what is wrong.

    """
    try:
        facts = (folder / "model.safetensors").stat()
        return _opened(folder, facts.st_mtime_ns, facts.st_size)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        told = f"{type(error).__name__} {error}" if isinstance(error, (KeyError, IndexError)) else str(error)
        raise ConfigError(
            f"the encoder in {folder} cannot be used ({told}): it must be a folder of sentence-transformers with a "
            "BERT model (config.json, vocab.txt, model.safetensors)"
        ) from error


@functools.lru_cache(maxsize=1)
def _opened(folder: Path, changed: int, size: int) -> Encoder:  # noqa: ARG001 - another file is another encoder
    """Open an encoder once for all portions of a run."""
    return BertEncoder(folder)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shape:
    """The sizes that a BERT's `config.json` names."""

    width: int
    layers: int
    heads: int
    positions: int
    epsilon: float


class BertEncoder:
    """A BERT of the sentence-transformers layout, the mean of whose last layer is the vector."""

    def __init__(self, folder: Path) -> None:
        """Open it; the weights stay on disk until they are used.

        Raises:
            OSError, ValueError, KeyError: a file is missing, damaged or of another kind.

        """
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self._shape = _shape_of(config)
        self._pieces = WordPieces.read(folder)
        tensors, digest = _tensors(folder / "model.safetensors")
        self._tensors = {name.removeprefix("bert."): tensor for name, tensor in tensors.items()}
        self._check()
        base = str(config.get("_name_or_path") or folder.name).rpartition("/")[2]
        self._name = f"{''.join(c for c in base if c.isalnum() or c in '-_.')[:24] or 'encoder'}-{digest[:8]}"
        self._known: dict[str, Floats] = {}

    @property
    def name(self) -> str:
        """The model's name and the first signs of the hash of its weights."""
        return self._name

    @property
    def width(self) -> int:
        """How many numbers a vector has."""
        return self._shape.width

    def encode(self, texts: Sequence[str]) -> Floats:
        """Give a row of unit length for each text; texts of like length are computed together."""
        new = sorted({text for text in texts if text not in self._known}, key=len)
        kept = [self._known[text] for text in texts if text in self._known]
        if len(self._known) + len(new) > REMEMBERED:
            self._known = dict(zip([text for text in texts if text in self._known], kept, strict=True))
        for start in range(0, len(new), BATCH):
            part = new[start : start + BATCH]
            self._known.update(zip(part, self._compute(part), strict=True))
        return np.array([self._known[text] for text in texts], dtype=np.float32).reshape(len(texts), self.width)

    def _compute(self, texts: Sequence[str]) -> Floats:
        limit = min(MAX_PIECES, self._shape.positions)
        pieces = [self._pieces.ids(text, limit) for text in texts]
        longest = max(map(len, pieces))
        ids = np.array([row + [0] * (longest - len(row)) for row in pieces])
        mask = np.array([[1.0] * len(row) + [0.0] * (longest - len(row)) for row in pieces], dtype=np.float32)
        hidden = self._embed(ids)
        for layer in range(self._shape.layers):
            hidden = self._layer(f"encoder.layer.{layer}", hidden, mask)
        mean = (hidden * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        return np.asarray(mean / np.maximum(length, 1e-12), dtype=np.float32)

    def _embed(self, ids: NDArray[np.int64]) -> Floats:
        table = self._tensors
        words = table["embeddings.word_embeddings.weight"][ids]
        places = table["embeddings.position_embeddings.weight"][: ids.shape[1]]
        kind = table["embeddings.token_type_embeddings.weight"][0]
        return self._normal("embeddings.LayerNorm", words + places + kind)

    def _layer(self, name: str, hidden: Floats, mask: Floats) -> Floats:
        attended = self._dense(f"{name}.attention.output.dense", self._attend(f"{name}.attention.self", hidden, mask))
        hidden = self._normal(f"{name}.attention.output.LayerNorm", attended + hidden)
        inner = _gelu(self._dense(f"{name}.intermediate.dense", hidden))
        return self._normal(f"{name}.output.LayerNorm", self._dense(f"{name}.output.dense", inner) + hidden)

    def _attend(self, name: str, hidden: Floats, mask: Floats) -> Floats:
        texts, length, width = hidden.shape
        heads = self._shape.heads

        def split(part: str) -> Floats:
            found = self._dense(f"{name}.{part}", hidden).reshape(texts, length, heads, width // heads)
            return np.asarray(found.transpose(0, 2, 1, 3))

        scores = split("query") @ split("key").transpose(0, 1, 3, 2) / np.sqrt(np.float32(width // heads))
        scores = scores + (mask[:, None, None, :] - 1) * np.float32(1e9)
        weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
        weights = weights / weights.sum(axis=-1, keepdims=True)
        return np.asarray((weights @ split("value")).transpose(0, 2, 1, 3).reshape(texts, length, width))

    def _dense(self, name: str, values: Floats) -> Floats:
        flat = values.reshape(-1, values.shape[-1])  # one large product is faster than one for each text
        found = flat @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]
        return np.asarray(found.reshape(*values.shape[:-1], -1))

    def _normal(self, name: str, values: Floats) -> Floats:
        centred = values - values.mean(axis=-1, keepdims=True)
        spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + np.float32(self._shape.epsilon))
        return np.asarray(centred / spread * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"])

    def _check(self) -> None:
        """Compute one text, so that what does not fit together shows when it is opened, not when it is used."""
        found = self._compute(["a"])
        if found.shape != (1, self.width) or not np.isfinite(found).all():
            raise ValueError("its weights do not fit its configuration")


def _shape_of(config: Mapping[str, Any]) -> _Shape:
    kind, act = config.get("model_type"), config.get("hidden_act", "gelu")
    if kind != "bert" or act != "gelu" or config.get("position_embedding_type", "absolute") != "absolute":
        raise ValueError(f"it is no plain BERT but {kind!r}")
    return _Shape(
        width=int(config["hidden_size"]),
        layers=int(config["num_hidden_layers"]),
        heads=int(config["num_attention_heads"]),
        positions=int(config["max_position_embeddings"]),
        epsilon=float(config.get("layer_norm_eps", 1e-12)),
    )


def _tensors(file: Path) -> tuple[dict[str, Floats], str]:
    """Read a safetensors file: eight bytes of length, a header in JSON, then the numbers; and the file's hash."""
    if not 8 < file.stat().st_size < _MOST_BYTES:  # noqa: PLR2004 - the length of the header's length
        raise ValueError(f"{file.name} is of no usable size")
    with file.open("rb") as opened:
        data = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    begin = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:begin])
    header.pop("__metadata__", None)
    found = {name: _tensor(data, begin, facts) for name, facts in header.items() if facts["dtype"] in _TYPES}
    return found, hashlib.sha256(data).hexdigest()


def _tensor(data: mmap.mmap, begin: int, facts: Mapping[str, Any]) -> Floats:
    start, end = facts["data_offsets"]
    kind = np.dtype(_TYPES[facts["dtype"]])
    values = np.frombuffer(data, dtype=kind, offset=begin + start, count=(end - start) // kind.itemsize)
    return values.reshape(facts["shape"]).astype(np.float32, copy=False)


def _gelu(values: Floats) -> Floats:
    """Return x·Φ(x), the error function by Abramowitz and Stegun 7.1.26 (to 1.5e-7)."""
    scaled = np.abs(values) / np.float32(2**0.5)
    t = 1 / (1 + np.float32(0.3275911) * scaled)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    erf = np.sign(values) * (1 - series * np.exp(-scaled * scaled))
    return np.asarray(values * (1 + erf) / 2, dtype=np.float32)
