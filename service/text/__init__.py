"""Pure functions on strings.

    segment, pack, clauses, words, normalize   cutting a text, counting it, preparing a sentence
    checks                                     what a translation lost, added or got wrong
    numbers                                    the numbers of English, Armenian and Russian text
    typography, armenian, russian              how a language is printed
    glossary, placeholders, declension         terms: found, put in, found again in other forms
    names, consistency, transliteration        names, and whether a text calls them by one name
    faithful, quotations, support              what of a summary its article says, and where
    echoes, trimming                           what a summary says twice, and what it can do without
    detect                                     which language a text is in

The room must not know models, requests, files or the network, and nothing here keeps state between
calls: every function may be called from any thread.
"""
