"""Trains a translator: `python -m training.run en-ru --data FILE --base DIR --out DIR`.

What was made once (the choice of pairs, the pieces, the base model's translations) is kept beside
the result, and made anew only when it is removed. `--minutes` is the time of the training proper.
"""

import argparse
import io
import json
import logging
import random
from collections import Counter
from pathlib import Path

import sentencepiece
import torch
from torch import Tensor
from transformers import MarianMTModel

from training import bridge, export, pieces
from training.cleaning import Pair
from training.decoder import Decoder
from training.fit import Plan, fit
from training.origins import ORIGINS
from training.schedule import Schedule
from training.selection import read, select
from training.states import States

logger = logging.getLogger(__name__)


def prepare(args: argparse.Namespace, target: str) -> tuple[list[Pair], export.Pieces]:
    """Chooses the pairs and makes the pieces, or reads what an earlier run made of them."""
    args.out.mkdir(parents=True, exist_ok=True)
    chosen = args.out / "pairs.tsv"
    if not chosen.exists():
        pairs = select(read(args.data), target, args.without)
        _replace(chosen, "".join(f"{p.source}\t{p.target}\t{p.origin}\n" for p in pairs).encode())
    pairs = list(read(chosen))[: args.pairs]
    logger.info("%d pairs: %s", len(pairs), dict(Counter(p.origin for p in pairs)))
    texts = [p.target for p in pairs for _ in range(ORIGINS[p.origin].repeats)]
    model = args.out / "target.spm"
    if not model.exists():
        normalization = "identity" if target == "hy" else "nmt_nfkc"
        _replace(model, pieces.train(texts, args.target_pieces, normalization))
    source = (args.base / "source.spm").read_bytes()
    if args.source_pieces:
        source = pieces.lessened(source, args.source_pieces)
    return pairs, export.Pieces(
        source,
        pieces.own_pieces(source),
        model.read_bytes(),
        pieces.own_pieces(model.read_bytes()),
        json.loads((args.base / "vocab.json").read_text(encoding="utf-8")),
    )


def beginning(
    args: argparse.Namespace, base: MarianMTModel, pairs: list[Pair], known: export.Pieces
) -> tuple[Tensor, Tensor]:
    """Returns the first embeddings and biases of the target's pieces."""
    file = args.out / "bridge.json"
    if not file.exists():
        rng = random.Random(args.seed)  # noqa: S311 - a sample, no secret
        sample = rng.sample(pairs, min(args.bridge, len(pairs)))
        wrote = bridge.translations(args.base, [p.source for p in sample], args.threads)
        _replace(
            file,
            json.dumps([[w, p.target] for w, p in zip(wrote, sample, strict=True)]).encode(),
        )
    cutter = sentencepiece.SentencePieceProcessor(model_proto=known.target_model)
    both = [
        (wrote, cutter.encode(real, out_type=str))
        for wrote, real in json.loads(file.read_text(encoding="utf-8"))
    ]
    shared = base.model.shared.weight.detach()
    return bridge.begin(known.target, known.base, shared, base.final_logits_bias[0], both)


def train(args: argparse.Namespace) -> Path:
    """Trains, keeps each checkpoint in `out/decoder.pt`, writes the last one as `out/model`."""
    torch.set_num_threads(args.threads)
    target = args.languages.split("-")[1]
    pairs, known = prepare(args, target)
    base = MarianMTModel.from_pretrained(args.base, local_files_only=True, weights_only=True)
    decoder = Decoder(base, args.layers, *beginning(args, base, pairs, known)).to(args.device)
    if args.resume:
        decoder.load_state_dict(torch.load(args.resume, weights_only=True))
    sources, targets = _ids(pairs, known)
    pad = base.config.pad_token_id
    encoder = base.model.encoder.to(args.device)
    states = States(encoder, sources, pad, int(args.cache_gb * 2**30))
    lengths = [(len(s), len(t)) for s, t in zip(sources, targets, strict=True)]
    order = [i for i, p in enumerate(pairs) for _ in range(ORIGINS[p.origin].repeats)]
    plan = Plan(
        seconds=args.minutes * 60,
        schedule=Schedule(args.rate, args.rise),
        batch_tokens=args.batch_tokens,
        checkpoint_s=args.checkpoint_s,
        seed=args.seed,
    )

    def keep(weights: dict[str, Tensor], step: int) -> None:
        saved = io.BytesIO()
        torch.save(weights, saved)
        _replace(args.out / "decoder.pt", saved.getvalue())
        logger.info("checkpoint at step %d", step)

    fit(decoder, states, targets, lengths, order, plan, keep)
    return write(args, known, base)


def write(args: argparse.Namespace, known: export.Pieces, base: MarianMTModel) -> Path:
    """Writes the newest checkpoint of the decoder as `out/model`, in the hub's layout."""
    weights = torch.load(args.out / "decoder.pt", weights_only=True)
    place: Path = args.out / "model"
    export.write(place, base.cpu(), weights, known, args.languages)
    return place


def _ids(pairs: list[Pair], known: export.Pieces) -> tuple[list[list[int]], list[list[int]]]:
    english = sentencepiece.SentencePieceProcessor(model_proto=known.source_model)
    foreign = sentencepiece.SentencePieceProcessor(model_proto=known.target_model)
    unknown, end = known.base[pieces.UNK], known.base[pieces.EOS]
    sources = [
        [*(known.base.get(piece, unknown) for piece in cut), end]
        for cut in english.encode([p.source for p in pairs], out_type=str)
    ]
    targets = [[*cut, 0] for cut in foreign.encode([p.target for p in pairs])]
    return sources, targets


def _replace(path: Path, content: bytes) -> None:
    work = path.with_name(f".{path.name}.new")
    work.write_bytes(content)
    work.replace(path)


def parser() -> argparse.ArgumentParser:
    """Returns the parser of the command line."""
    made = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    made.add_argument("languages", choices=["en-ru", "en-hy"])
    made.add_argument("--data", type=Path, required=True, help="English TAB target TAB origin")
    made.add_argument("--base", type=Path, required=True, help="Marian in the hub's layout")
    made.add_argument("--out", type=Path, required=True, help="a directory for all that is made")
    made.add_argument("--minutes", type=float, default=60)
    made.add_argument("--pairs", type=int, default=250_000, help="at most, the best first")
    made.add_argument("--without", action="append", default=[], choices=sorted(ORIGINS))
    made.add_argument("--layers", type=int, nargs="+", default=[0, 2, 4, 5])
    made.add_argument("--target-pieces", type=int, default=8_000)
    made.add_argument("--source-pieces", type=int, default=18_000, help="0: all of them")
    made.add_argument("--bridge", type=int, default=12_000, help="sentences translated at first")
    made.add_argument("--rate", type=float, default=5e-4)
    made.add_argument("--rise", type=int, default=50, help="steps")
    made.add_argument("--batch-tokens", type=int, default=1_500)
    made.add_argument("--checkpoint-s", type=float, default=300)
    made.add_argument("--cache-gb", type=float, default=3)
    made.add_argument("--device", default="cpu")
    made.add_argument("--threads", type=int, default=2)
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--resume", type=Path, help="a decoder.pt to go on from")
    return made


def main() -> None:
    """Trains what the command line asks for, and says where the checkpoint is."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logger.info("%s", train(parser().parse_args()))


if __name__ == "__main__":
    main()
