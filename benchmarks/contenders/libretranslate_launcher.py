"""Starts LibreTranslate without a network; run by the Python of its own environment.

Two things of it are replaced, both of which would fetch files when the server starts or cuts its
first text: the update of its package index, and the neural sentence splitter, whose place a regular
expression takes that costs next to nothing. Everything else is as it comes: its own HTTP server
(waitress, four threads), its own calls of CTranslate2.

    VENV/bin/python benchmarks/contenders/libretranslate_launcher.py --host 127.0.0.1 --port 5000
"""

import re


def main() -> None:
    import libretranslate.init  # type: ignore[import-not-found]
    from argostranslate import sbd  # type: ignore[import-not-found]

    def split(_self: object, text: str) -> list[str]:
        return [part for part in re.split(r"(?<=[.!?])\s+", text.strip()) if part]

    sbd.MiniSBDSentencizer.split_sentences = split
    libretranslate.init.boot = lambda *_args, **_options: None

    from libretranslate.main import main as serve  # type: ignore[import-not-found]

    serve()


if __name__ == "__main__":
    main()
