"""The tiny language: a grammar of news English with its Armenian and Russian, and its models."""
