"""Hands this machine's pip configuration on to a build that is to find the same packages.

Prints the options of `buildah bud`: a file of what `pip config list` says of where packages are,
and each file or directory of this machine that it names, read-only at its own place.

usage: pip_of_host.py PIP_CONF CA_FILE
"""

import ast
import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

WHERE = ("index-url", "extra-index-url", "find-links", "constraint", "cert", "proxy")
WHERE += ("trusted-host", "no-index")


def configured() -> dict[str, str]:
    """What pip would use here: the environment wins over the files."""
    command = [sys.executable, "-m", "pip", "config", "list"]
    lines = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    said = dict(line.split("=", 1) for line in lines)
    found = {}
    for section in ("global", "install", ":env:"):
        for name in WHERE:
            if (value := said.get(f"{section}.{name}")) is not None:
                found[name] = str(ast.literal_eval(value))
    return found


def local(place: str) -> Path | None:
    """The path that a value names on this machine; an index's files lie beside it."""
    if place.startswith("file://"):
        return Path(unquote(urlsplit(place).path)).parent
    return Path(place) if place.startswith("/") else None


def main(conf: str, certificates: str) -> None:
    settings = {"cert": certificates} | configured()
    lines = (f"{name} = {' '.join(value.split())}\n" for name, value in settings.items())
    Path(conf).write_text("[global]\n" + "".join(lines))
    places = [path for value in settings.values() for path in map(local, value.split())]
    for path in dict.fromkeys([Path(certificates), *(p for p in places if p and p.exists())]):
        print(f"--volume={path}:{path}:ro")
    print(f"--volume={conf}:/etc/pip.conf:ro")


if __name__ == "__main__":
    main(*sys.argv[1:])
