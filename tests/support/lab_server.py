"""JupyterLab and Voilà as a user starts them, and a browser that looks at what they show."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

TOKEN = "letmein"  # noqa: S105  of a server that lives as long as a test
STARTS_WITHIN_S = 120
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
#: Screenshots stay behind: CI may keep them.
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
SETTINGS = {
    # Cells out of sight are there too.
    "notebook-extension/tracker": {"windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def find_browser():
    """Return the path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def serve(folder, cache, *options, theme="JupyterLab Light"):
    """Run ``dvfs lab`` with settings of its own, and yield its address."""
    home = folder / "jupyter"
    settings = SETTINGS | {"apputils-extension/themes": {"theme": theme}}
    for name, values in settings.items():
        path = home / "lab" / "user-settings" / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values))
    for name, token in (("jupyter_server", "IdentityProvider"), ("voila", "VoilaConfiguration")):
        values = {"ServerApp": {"allow_root": True}, token: {"token": TOKEN}}
        (home / f"{name}_config.json").write_text(json.dumps(values))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "dvfs_kernel", "lab", "--folder", str(folder / "work")]
    environment = {
        **os.environ,
        "XDG_CACHE_HOME": str(cache),
        "JUPYTER_CONFIG_DIR": str(home),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "lab" / "user-settings"),
        "IPYTHONDIR": str(home / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
    }
    address = f"http://127.0.0.1:{port}"
    log = folder / "server.log"
    with log.open("w") as output:
        server = subprocess.Popen(
            [*command, "--no-browser", f"--port={port}", *options],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            _wait_for(f"{address}/?token={TOKEN}", server, log)
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(address, server, log):
    deadline = time.monotonic() + STARTS_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10):  # noqa: S310  our own server
                return
        except (urllib.error.URLError, ConnectionError):
            assert server.poll() is None, log.read_text()
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.3)
