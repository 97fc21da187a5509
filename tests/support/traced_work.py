"""Does work whose results are kept and prints what of the package and of libraries it ran or read.

This looks at no import statement: it is what keys of kept results are held against. Code that runs
is seen by a trace of its calls, files that are read by an audit hook. All is done once before: what
libraries do to be there is no part of the work.
"""

import contextlib
import json
import sys
import sysconfig
import tempfile
from importlib.metadata import packages_distributions
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import numpy as np  # noqa: E402  the checkout's own package has to be found first
from small_model import small_model  # noqa: E402
from tiny_classifier import its_data, tiny_classifier  # noqa: E402

from dvfs_kernel.approximation.accuracy.judgement import judge  # noqa: E402
from dvfs_kernel.approximation.accuracy.kept import network_digest  # noqa: E402
from dvfs_kernel.approximation.search.assessment import Assessor  # noqa: E402
from dvfs_kernel.approximation.search.kept_arrays import KeptArrays  # noqa: E402
from dvfs_kernel.approximation.search.space import build_space  # noqa: E402
from dvfs_kernel.boards.spec import BoardSpec  # noqa: E402
from dvfs_kernel.exploration.runs import Job, Workload, worker  # noqa: E402
from dvfs_kernel.exploration.runs.origin import Origin  # noqa: E402
from dvfs_kernel.exploration.runs.ready_boards import boards_of_thread  # noqa: E402
from dvfs_kernel.image.code.product_code import product_code  # noqa: E402
from dvfs_kernel.inference.schedule import Schedule  # noqa: E402
from dvfs_kernel.networks.layers.weighted import FORMS  # noqa: E402
from dvfs_kernel.networks.network import Convolution  # noqa: E402
from dvfs_kernel.networks.tensor import Tensor  # noqa: E402
from dvfs_kernel.networks.tflite_reader import read_bytes  # noqa: E402

_SITE = Path(sysconfig.get_path("purelib")).resolve()
_OWN = (ROOT / "dvfs_kernel", ROOT / "renode_platform")


class Trace:
    """What runs and what is read within the block."""

    def __init__(self):
        # Files of code that ran, each with that of who called it.
        self.ran = set()
        self.read = set()
        self._on = False
        sys.addaudithook(self._note_opened)

    def __enter__(self):
        self._on = True
        sys.settrace(self._note_called)

    def __exit__(self, *_):
        sys.settrace(None)
        self._on = False

    def _note_called(self, frame, _event, _argument):
        caller = frame.f_back
        self.ran.add((frame.f_code.co_filename, caller.f_code.co_filename if caller else ""))

    def _note_opened(self, event, arguments):
        if self._on and event == "open":
            self.read.add(str(arguments[0]))


def make_run(watched):
    """Make a run: what a worker does."""
    network = read_bytes(small_model(), "small")
    workload = Workload.of(network, BoardSpec())
    assert Origin.here().parameters
    job = Job(Schedule.uniform(len(network.layers), 50_000_000), 0.02)
    for trace in (contextlib.nullcontext(), watched):
        boards_of_thread().close()
        with trace:
            worker.make_run(workload, job)


def judge_pictures(watched):
    """Judge pictures: what an accuracy is made of."""
    network = tiny_classifier()
    data = its_data(network)[0]
    digest = network_digest(network)
    for number, trace in enumerate((contextlib.nullcontext(), watched)):
        with trace:
            judge(network, f"{digest} {number}", data.images, data.labels)


def assess(watched):
    """Calibrate and look for what can be left out: arrays of every kind are kept."""
    network = tiny_classifier()
    data = its_data(network)[0]
    for trace in (contextlib.nullcontext(), watched):
        with tempfile.TemporaryDirectory() as folder, trace:
            kept = KeptArrays(Path(folder))
            space = build_space(network, data, kept=kept)
            Assessor(space, data, kept).whole(tuple(1 for _ in space.ladders))


def make_code(watched):
    """Make the code of a layer in every form that it can have."""
    draw = np.random.default_rng(0)
    for form in FORMS[1:]:
        layer = Convolution(
            name="layer", inputs=(0,), output=1, bias=np.zeros(4, np.int32),
            weights=draw.integers(-127, 128, (4, 3, 3, 4), dtype=np.int8),
            weight_scales=np.full(4, 0.02), form=form,
        )  # fmt: skip
        source = Tensor("a", (8, 8, 4), "int8", 0.05, 0)
        output = Tensor("b", layer.output_shape([source]), "int8", 0.5, 0)
        with watched:
            product_code(layer, source, output)


def is_own(path):
    """Tell whether a file is this project's."""
    return any(path.is_relative_to(place) for place in _OWN)


def told(trace):
    """Return files of the project and names of libraries."""
    ran = {tuple(Path(name).resolve() for name in pair) for pair in trace.ran}
    # What Python loads is no file that the work reads.
    loaded = (".py", ".pyc", ".nbi", ".nbc")
    read = {Path(name).resolve() for name in trace.read if not name.endswith(loaded)}
    files = {called for called, _ in ran} | read
    brought = packages_distributions()
    libraries = {
        name
        for called, caller in ran
        if called.is_relative_to(_SITE) and is_own(caller)
        for name in brought.get(called.relative_to(_SITE).parts[0].removesuffix(".py"), ())
    }
    return {
        "files": sorted(str(path) for path in files if path.is_file() and is_own(path)),
        "libraries": sorted(libraries),
    }


WORKS = {work.__name__: work for work in (make_run, judge_pictures, assess, make_code)}


def everything():
    """Do each work; return what is told of it, by its name."""
    found = {}
    for name, work in WORKS.items():
        trace = Trace()
        work(trace)
        found[name] = told(trace)
    return found


if __name__ == "__main__":
    print(json.dumps(everything()))
