"""Texts for the property tests: every code point there is, and the ones that cause trouble."""

from hypothesis import strategies as st

TROUBLE = [
    "\r\n", "\r", "\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\t", " ", "  ",
    "\ufeff", "\u200b", "\u200d", "\u202e", "\u2066", "\u2069", "\xad", "\xa0", "\u202f", "\u3000",
    "\ud800", "\udfff", "\u0301", "\u0301\u0323\u0307", "👩\u200d🚀", "🇦🇲", "👍🏽", "é",
    "Ё", "։", "한",
    ".", "!", "?", "…", "...", ",", ";", ":", "—", "–", "-", "(", ")", "[", "]", "\"", "''", "`",
    "“", "”", "‘", "’", "„", "«", "»", "´", "%", "ª", "１", "½", "²", "5", "100,000", "º",
    "A", "b", "Mr.", "U.S.", "a.m.", "No. 5", "J.", "He said", "“We go. ", " - ", "1. ", "(a) ",
    "https://a.am/b?c=d", "me@x.am", "@me", "#now", "# ", "> ", "● ",
]  # fmt: skip

any_code_point = st.characters(codec=None, exclude_categories=())
any_text = st.text(any_code_point, max_size=200)
troubled_text = st.lists(st.sampled_from(TROUBLE) | any_code_point, max_size=60).map("".join)
texts = any_text | troubled_text
