"""Produces every answer that the documentation shows, and compares it with what is shown.

`DOCUMENTS` are read for fenced blocks. A document is one session in a temporary directory that
looks like a checkout; its blocks are run in order:

- `sh` is run by bash as it stands, `python` as a script. Either must end with code 0.
- The block right behind one that was run is its **answer**: `json` is compared as a value, however
  it is laid out, any other kind line by line. Without one, the output is not looked at.
- A comment before a block changes what it is:
  `<!-- file: NAME -->` is written to that file;
  `<!-- serves -->` runs on as the server that the next blocks talk to;
  `<!-- serves: COMMAND -->` the same, but COMMAND is run in its place;
  `<!-- not run: REASON -->` is left out.
- Any other block is an error. `not_run.md` lists what is left out; a test compares it.

Some things are changed on the way that a reader would not see: port 8000 is one that is free, paths
are told from the checkout, curl shows no progress, nothing is fetched from a hub (`LUR_OFFLINE`),
and the models compute as on any x86-64 processor with AVX2 (`session.KERNELS`).

Of an answer is not compared what differs from run to run (`answers.VOLATILE`, `answers.CHANGING`:
times, ids, dates, secrets), and what the document leaves out with `…`:
in JSON `"…"` stands for any value, in a list for any elements, `"…": "…"` for further keys, and a
string that ends with `…` for one that begins so; elsewhere `…` stands for anything within its line,
and alone on a line for any lines.

    python -m tests.docs [FILE…]           says what differs
    python -m tests.docs --write [FILE…]   writes answers, tables and the list of what is not run

Writing keeps what is left out and what only differs from run to run.
"""
