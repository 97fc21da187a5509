"""Where the face makes runs, and where it keeps them."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, TypeVar

from dvfs_kernel.api.arguments.progress import shown_progress
from dvfs_kernel.api.arguments.unpacking import check_unpacking, in_forms
from dvfs_kernel.api.board import board_spec
from dvfs_kernel.api.network import input_of, load
from dvfs_kernel.errors import ArgumentError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    from dvfs_kernel.api.arguments.progress import Shown
    from dvfs_kernel.api.arguments.quantity import PllLockLike
    from dvfs_kernel.api.board import Ask, BoardName, ProfileLike
    from dvfs_kernel.api.network import InputLike, NetworkLike
    from dvfs_kernel.boards.spec import BoardSpec
    from dvfs_kernel.exploration.runs import Bench, Store

__all__ = ["Making", "default_cache", "open_bench", "run_store", "takes_making"]

Verb = TypeVar("Verb", bound="Callable[..., object]")


class Making(TypedDict, total=False):
    """How runs are made and kept: what every verb that makes many of them takes.

    Parameters
    ----------
    input
        An array, the path of an ``.npy`` file or of a picture; by default a sample picture.
    board, hse, pll_lock, profile, ask
        As of `open_board`.
    cache
        Folder of kept runs; by default the user's cache, the same that the command line has.
    no_cache
        Keep nothing, and look up nothing.
    executor
        Who makes runs: ``"local"``, ``"local:N"`` processes, ``"here"`` or ``"dask://host:port"``.
    progress
        Whether a bar is shown where a person looks on, or a function that is told instead.
    unpack
        Let layers bring code of their own, which changes no result: see the page on kernel forms.
    flash
        Bytes of flash that the image may take then, such as ``"512KiB"``; by default all.
    """

    input: InputLike
    board: BoardName
    hse: str | float | None
    pll_lock: PllLockLike | None
    profile: ProfileLike
    cache: str | os.PathLike[str] | None
    no_cache: bool
    executor: str
    progress: Shown
    ask: Ask
    unpack: bool
    flash: str | float | None


@contextmanager
def open_bench(
    network: NetworkLike,
    *,
    input: InputLike = None,
    board: BoardName = "virtual",
    hse: str | float | None = None,
    pll_lock: PllLockLike | None = None,
    profile: ProfileLike = None,
    cache: str | os.PathLike[str] | None = None,
    no_cache: bool = False,
    executor: str = "local",
    progress: Shown = True,
    ask: Ask = None,
    unpack: bool = False,
    flash: str | float | None = None,
) -> Iterator[Bench]:
    """Yield a bench for a network; arguments as of `Making`."""
    # Networks and the engine cost a second to load: not before the arguments are right.
    from dvfs_kernel.exploration.runs import Bench, Workload
    from dvfs_kernel.exploration.runs.executors import check_address

    if no_cache and cache is not None:
        raise ArgumentError("{cache} names a folder that {no_cache} says not to use")
    spec = board_spec(board, hse=hse, pll_lock=pll_lock, profile=profile)
    check_address(executor)
    check_unpacking(unpack=unpack, flash=flash)
    loaded = load(network)
    made = in_forms(loaded, unpack=unpack, flash=flash)
    workload = Workload.of(made, _reached(spec, ask), input_of(loaded, input))
    store = None if no_cache else run_store(cache)
    with (
        shown_progress(progress) as shown,
        Bench(workload, store=store, executor=executor, progress=shown) as bench,
    ):
        yield bench


def takes_making(verb: Verb, *, but: str | None = None) -> Verb:
    """Let a verb's signature tell the arguments of `Making` with their defaults.

    Parameters
    ----------
    but
        The one that the verb does not take.
    """
    shared = inspect.signature(open_bench).parameters.values()
    making = [p for p in shared if p.kind is p.KEYWORD_ONLY and p.name != but]
    own = inspect.signature(verb)
    named = [p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD]
    verb.__signature__ = own.replace(parameters=[*named, *making])  # type: ignore[attr-defined]
    return verb


def _reached(spec: BoardSpec, ask: Ask) -> BoardSpec:
    """Return a board's own name, by which its runs are kept, once it runs the firmware.

    A physical board that is not there, or not ready, ends the work before it begins.
    """
    if not spec.is_physical:
        return spec
    from dvfs_kernel.image.firmware import firmware_path

    with spec.open(ask=ask) as board:
        board.flash(firmware_path())
        return replace(spec, detail=board.identity or spec.detail, hse_hz=board.hse_hz)


def default_cache() -> Path:
    """Return the folder of kept runs in the user's cache."""
    import platformdirs

    return Path(platformdirs.user_cache_path("dvfs-kernel")) / "runs"


def run_store(cache: str | os.PathLike[str] | None = None) -> Store:
    """Return what keeps runs; by default the user's cache, where each run is made once.

    Raises
    ------
    CacheError
        The folder cannot be written to.
    """
    from dvfs_kernel.exploration.runs import Store

    return Store(default_cache() if cache is None else Path(cache))
