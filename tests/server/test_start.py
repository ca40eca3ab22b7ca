"""What a process says at its start of models that it will not be able to have."""

from collections.abc import Callable
from pathlib import Path

from tests.server.conftest import Server


def test_a_start_that_lacks_models_says_what_keeps_them_away(
    serve: Callable[..., Server], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    server = serve(
        LUR_CATALOG="",
        LUR_PROFILE="light",
        LUR_MODEL_CACHE=str(tmp_path / "file" / "cache"),  # nobody can make that
        LUR_OFFLINE="1",
    )
    said = {line["what"]: line["reason"] for line in server.events("start_in_doubt")}
    assert "LUR_MODEL_CACHE" in said[f"model cache {tmp_path / 'file' / 'cache'}"]
    assert "LUR_OFFLINE" in said["network"]
    assert server.client.get("/health/live").status_code == 200
    assert server.stop() == 0
