from collections.abc import Callable

from tests.examples.conftest import EXAMPLES, Example
from tests.server.conftest import Server


def test_the_tutorial_runs_from_top_to_bottom(serve: Callable[..., Server]) -> None:
    done = Example("tutorial.py", serve().url).run()
    assert (done.returncode, done.stderr) == (0, "")
    chapters = [line for line in done.stdout.splitlines() if line.startswith("== ")]
    assert len(chapters) == (EXAMPLES / "tutorial.py").read_text().count("\nchapter(") == 10
    assert "the service is ready" in done.stdout
    assert "en -> hy (Armenian)" in done.stdout
    assert "['- Парламент Норвегии нанял 7 врачей.', '- 42']" in done.stdout
    assert "4: 'The budget of France fell by 45 percent.' -> " in done.stdout
    assert "[tiny-en-hy is" not in done.stdout  # it had been used before
    assert "the first sentence is enough: " in done.stdout
    assert "422 Unsupported language pair" in done.stdout
    assert "<p class='news'>Парламент Норвегии нанял 7 врачей.</p>" in done.stdout
    assert done.stdout.count("Бюджет Франции сократился на 45 процентов.") == 3
