import subprocess
import sys

PROBE = """
import sys
import service.app
heavy = {
    "torch", "ctranslate2", "transformers", "sacremoses", "numpy", "joblib", "rich", "structlog",
    "sentencepiece", "tokenizers", "huggingface_hub", "aiosqlite", "py3langid",
    "docx", "lxml", "pyromark", "valkey",
}
print(",".join(sorted(heavy & set(sys.modules))))
"""


def test_importing_the_application_loads_no_runtime() -> None:
    """In a fresh process. What it costs in time is measured by `make footprint`."""
    assert subprocess.check_output([sys.executable, "-c", PROBE], text=True) == "\n"
