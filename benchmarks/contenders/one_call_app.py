"""One request, one call of CTranslate2: the call pattern of nllb-api and MinT, written anew.

The sentences of a request are one `translate_batch`; requests never share one. Their own code,
their tokenizers and their HTTP layers are not here. `--inter 1 --intra 0` are the threads of
nllb-api as it comes, `--inter CPUS` those of MinT.

    python -m benchmarks.contenders.one_call_app CONVERTED --port 8000 --beam 2 --inter 1 --intra 0
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders.asgi import serve
from benchmarks.contenders.sentences import split


def answerer(
    model: Path, beam: int, *, inter: int, intra: int, device: str
) -> Callable[[str], str]:
    """Returns a function from a text to its translation; loads the model.

    Args:
        model: a converted Marian model with `source.spm` and `target.spm`.
        beam: of the search.
        inter, intra: CTranslate2's `inter_threads` and `intra_threads`.
        device: as CTranslate2 calls it.
    """
    import ctranslate2
    from sentencepiece import SentencePieceProcessor

    source = SentencePieceProcessor(model_file=str(model / "source.spm"))
    target = SentencePieceProcessor(model_file=str(model / "target.spm"))
    translator = ctranslate2.Translator(
        str(model), device=device, inter_threads=inter, intra_threads=intra
    )

    def answer(text: str) -> str:
        sources = [[*pieces, "</s>"] for pieces in source.encode(split(text), out_type=str)]
        results = translator.translate_batch(sources, beam_size=beam, max_decoding_length=512)
        return " ".join(target.decode_pieces(result.hypotheses[0]) for result in results)

    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--beam", type=int, required=True)
    parser.add_argument("--inter", type=int, required=True)
    parser.add_argument("--intra", type=int, required=True)
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    answer = answerer(
        given.model, given.beam, inter=given.inter, intra=given.intra, device=given.device
    )
    serve(answer, given.port, threads=40)  # AnyIO's pool, Litestar's and Starlette's, has 40


if __name__ == "__main__":
    main()
