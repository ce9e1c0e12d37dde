"""Item files + a sentence encoder -> the table of word vectors that the package ships.

    python -m bench.train_vectors ITEMS.jsonl ... --encoder FOLDER --out src/aggregator/relate/data/vectors.npz

FOLDER holds model.onnx and tokenizer.json; onnxruntime and tokenizers must be installed beside the project. Each item
gives two texts, headline alone and headline with teaser. Their encodings are brought to fewer dimensions by an uncentred
PCA; a ridge regression then looks for word vectors whose weighted sum comes nearest to each text's encoding. What a word
is worth is in its vector: common words come out short. Same files, same encoder, same table.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from aggregator.relate.tokens import folded_words
from aggregator.relate.vectors import TEASER_WORDS, TITLE_WEIGHT
from bench.items import read_items

DIMENSIONS = 192
LEAST = 3
"""Texts that a word must stand in."""
WORDS = 24_000
RIDGE = 0.3
STEPS = 40
TOKENS = 48
TEASER = 220
"""Characters of the teaser that the encoder reads."""

Matrix = npt.NDArray[np.float32]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("items", nargs="+", type=Path)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--limit", type=int, help="items to use; all when not given")
    arguments = parser.parse_args()
    items = {
        (item.title, item.teaser): item for item in read_items(arguments.items) if item.language in ("", "en")
    }
    texts = list(
        dict.fromkeys(
            text
            for title, teaser in list(items)[: arguments.limit]
            for text in ((title, ""), (title, teaser))
        )
    )
    targets = reduce(
        encode(arguments.encoder, [f"{title}. {teaser[:TEASER]}".strip() for title, teaser in texts])
    )
    words, rows, columns, values = bag(texts)
    vectors = ridge(rows, columns, values, targets, len(words))
    peaks = np.abs(vectors).max(axis=1) / 127
    peaks[peaks == 0] = 1
    np.savez_compressed(
        arguments.out,
        words=np.frombuffer("\n".join(words).encode("utf-8"), np.uint8),
        rows=np.round(vectors / peaks[:, None]).astype(np.int8),
        scales=peaks.astype(np.float16 if peaks.min() > 1e-4 else np.float32),
    )
    print(f"{len(texts):,} texts, {len(words):,} words, {arguments.out.stat().st_size:,} bytes")


def encode(folder: Path, texts: Sequence[str]) -> Matrix:
    """Sentence encodings: mean of the token vectors, of length one."""
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.enable_truncation(TOKENS)
    tokenizer.enable_padding()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(str(folder / "model.onnx"), options)
    wanted = {given.name for given in session.get_inputs()}
    order = sorted(range(len(texts)), key=lambda n: len(texts[n]))
    found: list[tuple[int, Matrix]] = []
    for start in range(0, len(order), 64):
        places = order[start : start + 64]
        encoded = tokenizer.encode_batch([texts[n] for n in places])
        ids = np.array([one.ids for one in encoded], np.int64)
        mask = np.array([one.attention_mask for one in encoded], np.int64)
        given = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = session.run(None, {name: value for name, value in given.items() if name in wanted})[0]
        means = states  # some encoders pool themselves
        if states.ndim == 3:
            means = (states * mask[:, :, None]).sum(axis=1) / mask.sum(axis=1, keepdims=True)
        means = means / np.linalg.norm(means, axis=1, keepdims=True)
        found.extend(zip(places, means.astype(np.float32), strict=True))
    return np.stack([row for _, row in sorted(found, key=lambda entry: entry[0])])


def reduce(encodings: Matrix) -> Matrix:
    """The encodings in the directions that hold most of them: uncentred, so that cosines stay what they are."""
    _, directions = np.linalg.eigh(encodings.T @ encodings)
    reduced = encodings @ directions[:, ::-1][:, :DIMENSIONS]
    return (reduced / np.linalg.norm(reduced, axis=1, keepdims=True)).astype(np.float32)


def bag(
    texts: Sequence[tuple[str, str]],
) -> tuple[list[str], npt.NDArray[np.intp], npt.NDArray[np.intp], Matrix]:
    """(words, text of each entry, word of each entry, value): weighted counts as VectorTable.embed takes them."""
    counted: list[dict[str, float]] = []
    for title, teaser in texts:
        counts: dict[str, float] = {}
        for word in folded_words(title):
            counts[word] = counts.get(word, 0.0) + TITLE_WEIGHT
        for word in folded_words(teaser[:500])[:TEASER_WORDS]:
            counts[word] = counts.get(word, 0.0) + 1
        counted.append(counts)
    frequency = Counter(word for counts in counted for word in counts)
    words = sorted(word for word, count in frequency.most_common(WORDS) if count >= LEAST)
    place = {word: n for n, word in enumerate(words)}
    entries = [
        (n, place[word], 1 + log(count))
        for n, counts in enumerate(counted)
        for word, count in counts.items()
        if word in place
    ]
    rows, columns, values = zip(*entries, strict=True)
    return words, np.array(rows), np.array(columns), np.array(values, np.float32)


def ridge(
    rows: npt.NDArray[np.intp], columns: npt.NDArray[np.intp], values: Matrix, targets: Matrix, words: int
) -> Matrix:
    """Word vectors W that minimise |X W - Y|^2 + ridge |W|^2, by conjugate gradients for all dimensions at once."""
    # A text of many words must not count more than one of few: its row is brought to length one.
    lengths = np.sqrt(np.bincount(rows, values**2, len(targets)))
    values = (values / lengths[rows]).astype(np.float32)
    by_row = np.argsort(rows, kind="stable")
    by_column = np.argsort(columns, kind="stable")

    def times(matrix: Matrix) -> Matrix:
        return _sums(matrix[columns[by_row]] * values[by_row, None], rows[by_row], len(targets))

    def transposed(matrix: Matrix) -> Matrix:
        return _sums(matrix[rows[by_column]] * values[by_column, None], columns[by_column], words)

    solution = np.zeros((words, targets.shape[1]), np.float32)
    residual = transposed(targets)
    direction = residual.copy()
    norm = (residual**2).sum(axis=0)
    for _ in range(STEPS):
        image = transposed(times(direction)) + RIDGE * direction
        step = norm / np.maximum((direction * image).sum(axis=0), 1e-20)
        solution += step * direction
        residual -= step * image
        following = (residual**2).sum(axis=0)
        direction = residual + following / np.maximum(norm, 1e-20) * direction
        norm = following
    return solution


def _sums(entries: Matrix, groups: npt.NDArray[np.intp], count: int) -> Matrix:
    """Sums of consecutive entries of one group."""
    starts = np.flatnonzero(np.r_[True, groups[1:] != groups[:-1]])
    summed = np.zeros((count, entries.shape[1]), np.float32)
    summed[groups[starts]] = np.add.reduceat(entries, starts, axis=0)
    return summed


if __name__ == "__main__":
    main()
