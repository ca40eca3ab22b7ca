"""Pure functions on strings.

The room cuts text into sentences and chunks, prepares sentences for a translation model and finds
the sentences that support a summary. It must not know models, requests, files or the network, and
nothing here keeps state between calls: every function may be called from any thread.
"""
