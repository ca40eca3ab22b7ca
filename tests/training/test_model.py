"""What is trained is what is written, and what is written is what the service's engine reads."""

import itertools
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
import torch
from transformers import MarianConfig, MarianMTModel, MarianTokenizer

from training import bridge, export, pieces
from training.decoder import Decoder
from training.fit import Plan, fit
from training.schedule import Schedule
from training.states import States

ENGLISH = ["the", "new", "old", "house", "city", "burns", "sleeps"]
RUSSIAN = ["новый", "старый", "дом", "город", "горит", "спит", "тот"]


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Threads cost more than such small sums, and far more on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def known() -> export.Pieces:
    rng = random.Random(2)
    models = [
        pieces.train((" ".join(rng.choices(words, k=5)) for _ in range(300)), 70)
        for words in (ENGLISH, RUSSIAN)
    ]
    source, target = map(pieces.own_pieces, models)
    base = {token: i for i, token in enumerate(dict.fromkeys(["</s>", "<unk>", *source, "<pad>"]))}
    return export.Pieces(models[0], source, models[1], target, base)


@pytest.fixture(scope="module")
def base(known: export.Pieces) -> MarianMTModel:
    torch.manual_seed(5)
    size = len(known.base)
    return MarianMTModel(
        MarianConfig(
            vocab_size=size,
            d_model=16,
            encoder_layers=1,
            decoder_layers=3,
            encoder_attention_heads=2,
            decoder_attention_heads=2,
            encoder_ffn_dim=32,
            decoder_ffn_dim=32,
            max_position_embeddings=64,
            pad_token_id=size - 1,
            decoder_start_token_id=size - 1,
            eos_token_id=0,
            forced_eos_token_id=0,
            activation_function="swish",
            scale_embedding=True,
            init_std=0.3,
        )
    ).eval()


def decoder_of(base: MarianMTModel, known: export.Pieces, layers: Sequence[int]) -> Decoder:
    torch.manual_seed(6)
    embeddings = torch.randn(len(known.target), base.config.d_model)
    return Decoder(base, layers, embeddings, torch.randn(len(known.target)))


def test_the_checkpoint_gives_the_trained_decoders_probabilities(
    base: MarianMTModel, known: export.Pieces, tmp_path: Path
) -> None:
    decoder = decoder_of(base, known, [0, 2]).eval()
    export.write(tmp_path, base, decoder.state_dict(), known, "en-ru")
    model = MarianMTModel.from_pretrained(tmp_path, local_files_only=True).eval()
    tokenizer = MarianTokenizer.from_pretrained(tmp_path, local_files_only=True)
    assert model.config.decoder_layers == 2
    read = tokenizer("the new house burns", return_tensors="pt")
    wanted = tokenizer(text_target="новый дом горит", return_tensors="pt").input_ids
    ids = {piece: i for i, piece in enumerate(known.target)}
    own = [[ids[t] for t in tokenizer.convert_ids_to_tokens(wanted[0])]]
    with torch.no_grad():
        whole = model(**read, labels=wanted).logits[0].log_softmax(-1)
        source = [known.base[t] for t in tokenizer.convert_ids_to_tokens(read.input_ids[0])]
        states = base.model.encoder(input_ids=torch.tensor([source])).last_hidden_state
        logits, _ = decoder(states, torch.ones(1, len(source)), torch.tensor(own))
    in_joint = tokenizer.convert_tokens_to_ids(known.target)
    torch.testing.assert_close(whole[:, in_joint], logits.log_softmax(-1), atol=1e-4, rtol=1e-4)
    assert whole.exp()[:, in_joint].sum(-1) == pytest.approx([1.0] * len(own[0]), abs=1e-4)


def test_the_new_decoder_has_its_own_weights(base: MarianMTModel, known: export.Pieces) -> None:
    decoder = decoder_of(base, known, [2])
    before = base.model.decoder.layers[2].fc1.weight.clone()
    with torch.no_grad():
        decoder.inner.layers[0].fc1.weight += 1
    assert torch.equal(base.model.decoder.layers[2].fc1.weight, before)


def test_pieces_begin_as_what_they_are_aligned_with(
    base: MarianMTModel, known: export.Pieces
) -> None:
    old = {"A": 0, "B": 1, "1": 2}
    weights = torch.eye(3, 4)
    begun, bias = bridge.begin(
        ["a", "b", "1", "never"],
        old,
        weights,
        torch.tensor([1.0, 2.0, 3.0]),
        [(["A", "B"], ["a", "b"]), (["A"], ["a"]), (["B"], ["b"]), (["A"], ["1"])],
    )
    assert begun[0].argmax() == 0
    assert begun[1].argmax() == 1
    assert torch.equal(begun[2], weights[2])
    assert begun[3].abs().sum() > 0
    assert bias[0] == pytest.approx(1.0, abs=0.1)
    assert bias[1] == pytest.approx(2.0, abs=0.1)
    assert bias[2] == 3.0


def test_states_are_the_same_alone_in_a_batch_and_from_memory(base: MarianMTModel) -> None:
    sources = [[3, 4, 0], [5, 6, 7, 8, 0], [9, 0]]
    states = States(base.model.encoder, sources, base.config.pad_token_id, most_bytes=300)
    alone, _ = states.of([1])
    together, mask = states.of([0, 1, 1])
    assert mask.tolist() == [[1, 1, 1, 0, 0], [1] * 5, [1] * 5]
    torch.testing.assert_close(together[1], alone[0], atol=0.05, rtol=0.05)
    assert torch.equal(together[1], together[2])
    assert torch.equal(states.of([2])[0], states.of([2])[0])


def test_a_training_learns_and_ends_with_its_time(
    base: MarianMTModel, known: export.Pieces
) -> None:
    decoder = decoder_of(base, known, [0])
    sources, targets = [[3, 4, 0], [5, 6, 0]], [[4, 5, 0], [6, 7, 0]]
    kept: list[int] = []
    plan = Plan(30, Schedule(5e-3, rise_steps=5), smoothing=0.0, checkpoint_s=10, autocast=False)
    states = States(base.model.encoder, sources, base.config.pad_token_id, most_bytes=10**6)
    steps = fit(
        *(decoder, states, targets, [(3, 3), (3, 3)], [0, 1], plan),
        lambda _, step: kept.append(step),
        clock=itertools.count(0.0, 0.1).__next__,
    )
    assert 298 <= steps <= 300
    assert kept[0] in range(95, 105)
    assert kept[-1] == kept[-2] == steps  # the last checkpoint, then the mean
    encoded, mask = states.of([0, 1])
    decoder.eval()
    with torch.no_grad():
        logits, real = decoder(encoded.float(), mask, torch.tensor(targets))
    assert torch.equal(logits.argmax(-1), real)
