"""Trains translators that ship with the service: one command a model, on a CPU or a GPU.

    origins     where parallel text comes from, its licence, how much of it is taken
    cleaning    one pair: what is taken out of it, what makes it unfit
    relevance   how much an English sentence is like news and prose
    names       short pairs that are names
    selection   the pairs of a training, chosen and weighted
    alignment   which target piece goes with which source piece (IBM model 1)
    pieces      the target's SentencePiece, and the joint vocabulary of the result
    bridge      the base model's own translations, for the start of the new embeddings
    states      what the frozen encoder says of each sentence, kept in memory
    decoder     the model that is trained: a decoder and its embeddings
    schedule    the learning rate, by the time that is left
    batches     which pairs are computed together
    fit         the training itself
    export      a checkpoint in the hub's layout
    run         the command

It uses `service.text` for typography and normalisation; the service knows nothing of it.
"""
