import subprocess
import sys

PROBE = """
import sys, time
import service.app
heavy = {"torch", "ctranslate2", "transformers", "sacremoses", "numpy"} & set(sys.modules)
print(time.process_time(), ",".join(sorted(heavy)))
"""


def probe() -> tuple[float, str]:
    output = subprocess.check_output([sys.executable, "-c", PROBE], text=True)
    seconds, _, heavy = output.rstrip("\n").partition(" ")
    return float(seconds), heavy


def test_importing_the_application_is_cheap_and_loads_no_runtime() -> None:
    """Least of three: another process may have had the processor's cache."""
    runs = [probe() for _ in range(3)]
    assert {heavy for _, heavy in runs} == {""}
    assert min(seconds for seconds, _ in runs) < 0.5
