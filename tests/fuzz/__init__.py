"""The pure text functions under hostile text: what they promise, and how their time grows.

    corpus, seeds  small texts of every kind that breaks text tools, written for this purpose
    works          every public function of `service.text` as a work on one text
    promises       what the public functions promise, for any text
    growth         how the time of a work grows when its text doubles

`python -m tests.fuzz --minutes 10` looks for a broken promise with ever new texts.
"""
