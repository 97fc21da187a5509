"""Stand-ins for programs that reach a chip through an ST-LINK; they write down their words."""

import json
import stat
import sys
from pathlib import Path

_TOOL = """#!{python}
import json, pathlib, re, sys
here = pathlib.Path({folder!r})
script = json.loads((here / "script.json").read_text())
name = pathlib.Path(sys.argv[0]).name
call = {{"program": name, "words": sys.argv[1:], "files": {{}}}}
for word in sys.argv[1:]:
    for path in re.findall(r"(/[^\\s{{}}@]+[.]bin)", word):
        call["files"][pathlib.Path(path).name] = pathlib.Path(path).read_bytes().hex()
with (here / "calls.jsonl").open("a") as file:
    file.write(json.dumps(call) + "\\n")
print(script.get("prints", ""))
if call["files"]:
    (here / "programmed").touch()
sys.exit(script.get("exit_code", 0))
"""


class FakeTools:
    """Programs in a folder that comes first in PATH."""

    def __init__(self, folder: Path, monkeypatch, *names):
        self.folder = folder
        self.says()
        for name in names:
            path = folder / name
            path.write_text(_TOOL.format(python=sys.executable, folder=str(folder)))
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(folder))

    def says(self, prints="", exit_code=0):
        """Set what the programs print, and how they end."""
        text = json.dumps({"prints": prints, "exit_code": exit_code})
        (self.folder / "script.json").write_text(text)

    @property
    def calls(self):
        """What the programs were called with so far."""
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def programmed(self):
        """Whether something was written to flash memory."""
        return (self.folder / "programmed").exists()
