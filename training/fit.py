"""Knows the training itself: steps until the time is over, checkpoints, their mean at the end."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from training.batches import batches
from training.decoder import Decoder
from training.schedule import Schedule
from training.states import States

__all__ = ["Plan", "fit"]

logger = logging.getLogger(__name__)

_MEAN_OF = 4
"""The result is the mean of so many checkpoints, the last ones."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a training goes.

    Attributes:
        seconds: after so many it ends.
        schedule: of the learning rate.
        batch_tokens: of the padded targets.
        smoothing: share of each target's probability that all pieces share.
        checkpoint_s: between two checkpoints; the last ones are nearer to each other.
        seed: of the order and of dropout.
        autocast: whether it computes in bfloat16.
    """

    seconds: float
    schedule: Schedule
    batch_tokens: int = 1_500
    smoothing: float = 0.1
    checkpoint_s: float = 300
    seed: int = 1
    autocast: bool = True


def fit(
    decoder: Decoder,
    states: States,
    targets: Sequence[Sequence[int]],
    lengths: Sequence[tuple[int, int]],
    order: Sequence[int],
    plan: Plan,
    keep: Callable[[dict[str, Tensor], int], None],
    clock: Callable[[], float] = time.monotonic,
) -> int:
    """Trains `decoder` in place until the time is over.

    Args:
        decoder: where it is, there it is trained.
        states: of the sources.
        targets: ids, `</s>` last, of every pair.
        lengths: of source and target of every pair.
        order: indices of the pairs of one round, repeats included.
        plan: how.
        keep: is given the weights of each checkpoint and its step, the mean of the last at the end.
        clock: tells the seconds; asked once a step.

    Returns:
        How many steps were made.
    """
    torch.manual_seed(plan.seed)
    optimizer = torch.optim.AdamW(
        decoder.parameters(), lr=0.0, betas=(0.9, 0.98), weight_decay=0.01, fused=True
    )
    last: deque[dict[str, Tensor]] = deque(maxlen=_MEAN_OF)
    decoder.train()
    begun = clock()
    due, step, seen, summed, said = plan.checkpoint_s, 0, 0, 0.0, 0
    while True:
        for batch in batches(lengths, order, plan.batch_tokens, plan.seed + step):
            gone_s = clock() - begun
            for group in optimizer.param_groups:
                group["lr"] = plan.schedule.rate(step, gone_s / plan.seconds)
            if gone_s >= due or gone_s >= plan.seconds:
                last.append(_copied(decoder))
                keep(last[-1], step)
                # Towards the end the weights hardly move: checkpoints near the end are of one kind.
                due = gone_s + min(plan.checkpoint_s, max(30.0, (plan.seconds - gone_s) / 3))
            if gone_s >= plan.seconds:
                if len(last) > 1:
                    keep(_mean(list(last)), step)
                return step
            loss, count = _loss(decoder, states, targets, batch, plan)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
            optimizer.step()
            step, seen, summed = step + 1, seen + count, summed + loss.item()
            if step % 25 == 0:
                logger.info(
                    "step %d, %.0f s, %d k tokens: loss %.3f, rate %.1e, %.2f s of CPU a step",
                    *(step, gone_s, seen // 1000, summed / (step - said)),
                    *(optimizer.param_groups[0]["lr"], time.process_time() / step),
                )
                summed, said = 0.0, step


def _loss(
    decoder: Decoder,
    states: States,
    targets: Sequence[Sequence[int]],
    batch: Sequence[int],
    plan: Plan,
) -> tuple[Tensor, int]:
    device = decoder.bias.device
    encoded, mask = states.of(batch)
    rows = [torch.tensor(targets[i]) for i in batch]
    wanted = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=-100).to(device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=plan.autocast):
        logits, real = decoder(encoded if plan.autocast else encoded.float(), mask, wanted)
    loss = functional.cross_entropy(logits.float(), real, label_smoothing=plan.smoothing)
    return loss, len(real)


def _copied(decoder: Decoder) -> dict[str, Tensor]:
    return {name: weight.detach().cpu().clone() for name, weight in decoder.state_dict().items()}


def _mean(all_weights: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {
        name: torch.stack([weights[name] for weights in all_weights]).mean(0)
        for name in all_weights[0]
    }
