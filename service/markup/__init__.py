"""Formats: texts with things in them that are not text, taken apart and put together again.

A format knows what of an input is language and what is not. It must not know what is done with the
language: blocks go out, and as many come back.
"""
