"""The contenders: one file each, all on the same weights, beam and output lengths.

`servers` says how each server is started and spoken to; `engine` holds the library itself.
"""
