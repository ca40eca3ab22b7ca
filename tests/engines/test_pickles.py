"""Weights that are pickles can hold code. None of it may run."""

import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from service.engines.hf import TransformersEngine
from service.models.checkpoint import describe_checkpoint
from tests.conftest import TINY_CATALOG

CHECKPOINT = TINY_CATALOG.parent / "tinylang" / "checkpoints" / "opus-mt-tiny-en-hy"


class Malice:
    """What touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("weights", ["honest", "malicious"])
def test_the_service_itself_opens_no_pickle(tmp_path: Path, weights: str) -> None:
    checkpoint, trace = tmp_path / "checkpoint", tmp_path / "trace"
    shutil.copytree(CHECKPOINT, checkpoint)
    state = load_file(checkpoint / "model.safetensors")
    (checkpoint / "model.safetensors").unlink()
    honest = weights == "honest"
    torch.save(state if honest else state | {"x": Malice(trace)}, checkpoint / "pytorch_model.bin")
    description = describe_checkpoint(CHECKPOINT, "translate")
    with pytest.raises(OSError, match="safetensors"):
        TransformersEngine(checkpoint, description, device="cpu")
    assert not trace.exists()
    TransformersEngine(CHECKPOINT, description, device="cpu").close()
