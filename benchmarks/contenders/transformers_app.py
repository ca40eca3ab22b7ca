"""`transformers` behind a small application, as it is written by hand.

One call of `generate` a request, in a thread; a translation's sentences are padded into one batch.
The settings are the checkpoint's own but for the beam. `--lock` lets one request in at a time.

    python -m benchmarks.contenders.transformers_app CHECKPOINT --port 8000 --beam 2 --lock
"""

import argparse
from collections.abc import Callable
from pathlib import Path

from benchmarks.contenders.asgi import serve
from benchmarks.contenders.sentences import split
from service.machine import usable_cpus


def answerer(
    checkpoint: Path, beam: int | None, *, whole: bool, early: bool, device: str
) -> Callable[[str], str]:
    """Returns a function from a text to what the model makes of it; loads the model.

    Args:
        checkpoint: in the hub's layout.
        beam: instead of the checkpoint's own.
        whole: give the text to the model as one source, as for a summary; else sentence by
            sentence, in one batch.
        early: end the search when as many candidates as the beam are finished.
        device: as torch calls it.
    """
    import torch
    from transformers import AutoModelForSeq2SeqLM, AutoTokenizer

    torch.set_num_threads(usable_cpus())
    model = AutoModelForSeq2SeqLM.from_pretrained(checkpoint, local_files_only=True)
    model = model.eval().to(device)
    # Two of them: Marian's changes its state between the languages, which threads would mix up.
    reads = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    writes = AutoTokenizer.from_pretrained(checkpoint, local_files_only=True)
    options = {"num_beams": beam} if beam else {}
    if early:
        options["early_stopping"] = True

    def answer(text: str) -> str:
        sources = [text] if whole else split(text)
        inputs = reads(sources, return_tensors="pt", padding=True, truncation=True).to(device)
        with torch.inference_mode():
            outputs = model.generate(**inputs, **options)
        return " ".join(writes.batch_decode(outputs, skip_special_tokens=True))

    return answer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--beam", type=int)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--early", action="store_true")
    parser.add_argument("--lock", action="store_true")
    parser.add_argument("--device", default="cpu")
    given = parser.parse_args()
    answer = answerer(
        given.checkpoint, given.beam, whole=given.whole, early=given.early, device=given.device
    )
    serve(answer, given.port, threads=40, lock=given.lock)  # AnyIO's pool, Starlette's, has 40


if __name__ == "__main__":
    main()
