"""What every layer costs in every form, at every granularity and clock, and its bytes of flash."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dvfs_kernel.errors import NetworkTooLargeError
from dvfs_kernel.exploration import explore
from dvfs_kernel.exploration.exploration import OPTION_DTYPE
from dvfs_kernel.image import image, memory_plan
from dvfs_kernel.image.forms import flash_bytes, possible_forms, with_forms
from dvfs_kernel.image.fused_pooling import fuse_pooling, fused_pools
from dvfs_kernel.link import abi
from dvfs_kernel.networks.layers.weighted import FORMS, PACKED, STREAMED, UNPACKED, WINOGRAD
from dvfs_kernel.networks.network import FullyConnected
from dvfs_kernel.storage.by_content import ByContent

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt

    from dvfs_kernel.exploration.design_space import DesignSpace
    from dvfs_kernel.exploration.runs.bench import Bench
    from dvfs_kernel.networks.network import Network

__all__ = ["FORM_DTYPE", "FlashNeed", "FormOptions", "flash_need", "form_options", "useful"]

#: An option of a layer, its form as an index into `FORMS`, and what it takes of flash.
FORM_DTYPE = np.dtype([*OPTION_DTYPE.descr, ("form", "i4"), ("flash_bytes", "f8")])

# Forms whose time and energy weights have no part in.
_SHARED = (PACKED, STREAMED, WINOGRAD)
# What an image may take more than its layers add up to: tables are aligned.
_ALIGNED_BYTES = 64
# Room that an image with several unpacked layers leaves: tables, and code that is aligned.
_SLACK_BYTES = 16 << 10


@dataclass(frozen=True, eq=False)
class FlashNeed(ByContent):
    """What a network takes of flash, by the forms of its layers.

    Parameters
    ----------
    rest_bytes
        Of all that is no weight and no code.
    layers
        Bytes of each form that is of use to a layer; of a layer without weights none.
    """

    rest_bytes: int
    layers: tuple[Mapping[str, int], ...]

    @property
    def packed_bytes(self) -> int:
        """The image of all layers packed: what everything is compared with."""
        return self.rest_bytes + sum(layer[PACKED] for layer in self.layers if layer)

    def room_bytes(self, budget_bytes: int) -> int:
        """Return what weights and code may take in an image of a budget."""
        room = budget_bytes - self.rest_bytes
        return max(room - _ALIGNED_BYTES, self.packed_bytes - self.rest_bytes)

    def require(self, budget_bytes: int, name: str) -> None:
        """Refuse a budget that packed layers do not keep.

        Raises
        ------
        NetworkTooLargeError
            Says the least that is possible.
        """
        if budget_bytes < self.packed_bytes:
            raise NetworkTooLargeError(
                f"network {name!r} takes {self.packed_bytes} bytes of flash with layers packed; "
                f"a budget of {budget_bytes} bytes is below that, the least that is possible"
            )


def flash_need(network: Network) -> FlashNeed:
    """Find what each form of each layer takes."""
    packed = with_forms(network, dict.fromkeys(range(len(network.layers)), PACKED))
    layers = []
    for index, layer in enumerate(packed.layers):
        forms = possible_forms(layer, packed.tensors)
        if isinstance(layer, FullyConnected):
            # Each weight is used once: its code would stream from flash, fourteen bytes for one.
            forms = tuple(form for form in forms if form != UNPACKED)
        shaped = {
            form: fuse_pooling(with_forms(packed, {index: form})).layers[index] for form in forms
        }
        layers.append({form: flash_bytes(shaped[form], packed.tensors) for form in forms})
    whole = len(image.build(packed, memory_plan.plan(packed)).data)
    return FlashNeed(whole - sum(layer[PACKED] for layer in layers if layer), tuple(layers))


@dataclass(frozen=True, eq=False)
class FormOptions:
    """Options of all layers of one network.

    Parameters
    ----------
    layers
        `FORM_DTYPE`, of each layer. Those of a pooling layer are packed where a kernel of its own
        runs it, and streamed where the code of a convolution does it.
    need
        Of flash.
    fused
        Pooling layers that the code of a convolution does, if it has code: index of the convolution
        → of the pooling.
    """

    layers: tuple[npt.NDArray[Any], ...]
    need: FlashNeed
    fused: Mapping[int, int]

    def only(self, *forms: str) -> FormOptions:
        """Return the options of some forms alone."""
        indices = [FORMS.index(form) for form in forms]
        kept = tuple(layer[np.isin(layer["form"], indices)] for layer in self.layers)
        return replace(self, layers=kept)

    def together(self) -> FormOptions:
        """Return options in which a pooling layer goes with its convolution.

        A packed convolution counts with the kernel of its pooling layer, at the same clock; what is
        left of the pooling layer itself is what it takes where code does it.
        """
        layers = list(self.layers)
        packed, streamed = FORMS.index(PACKED), FORMS.index(STREAMED)
        for index, pool in self.fused.items():
            rows, its = layers[index].copy(), layers[pool]
            own = {row["state"]: row for row in its if row["form"] == packed and not row["hops"]}
            for row in rows:
                if row["form"] == packed:
                    for cost in ("time_s", "energy_j", "cycles"):
                        row[cost] += own[row["state"]][cost]
            layers[index] = rows
            layers[pool] = its[(its["form"] == streamed) & ~its["hops"]]
        return replace(self, layers=tuple(layers))


def form_options(
    bench: Bench, network: Network, space: DesignSpace, known: FormOptions | None = None
) -> FormOptions:
    """Run a network once in each form, and work out every option.

    Parameters
    ----------
    bench
        Of the exact packed network.
    network
        Of the same shapes.
    space
        Of the bench's network.
    known
        Options of a network that differs in weights alone: of all but unpacked code time and
        energy are the same, so that only unpacked layers are run.
    """
    need = flash_need(network)
    coded = [index for index, forms in enumerate(need.layers) if STREAMED in forms]
    fused = fused_pools(with_forms(network, dict.fromkeys(coded, STREAMED)))
    found: list[list[npt.NDArray[Any]]] = [[] for _ in network.layers]
    if known is not None:
        for parts, rows in zip(found, known.only(*_SHARED).layers, strict=True):
            parts.append(rows)
    else:
        _add(found, bench, network, space, (), PACKED, need)
        if coded:
            chosen = [*coded, *fused.values()]
            _add(found, bench, network, space, chosen, STREAMED, need)
        for group in _groups(need, WINOGRAD):
            _add(found, bench, network, space, group, WINOGRAD, need)
    for group in _groups(need, UNPACKED):
        _add(found, bench, network, space, group, UNPACKED, need)
    return FormOptions(tuple(np.concatenate(parts) for parts in found), need, fused)


def _groups(need: FlashNeed, form: str) -> Iterator[list[int]]:
    """Yield layers that fit into one image in a form."""
    spare = abi.IMAGE_BYTES_MAX - _SLACK_BYTES - need.packed_bytes
    group: list[int] = []
    taken = 0
    for index, forms in enumerate(need.layers):
        if form not in forms:
            continue
        more = forms[form] - forms[PACKED]
        if more > spare:
            continue
        if taken + more > spare:
            yield group
            group, taken = [], 0
        group.append(index)
        taken += more
    if group:
        yield group


def _add(
    found: list[list[npt.NDArray[Any]]],
    bench: Bench,
    network: Network,
    space: DesignSpace,
    layers: Iterable[int],
    form: str,
    need: FlashNeed,
) -> None:
    """Explore the network with some layers in a form; packed ones tell of all layers."""
    chosen = list(layers)
    forms = dict.fromkeys(range(len(network.layers)), PACKED) | dict.fromkeys(chosen, form)
    shaped = with_forms(network, forms)
    own = bench if _same(shaped, bench.workload.network) else bench.beside(shaped)
    options = explore(own, space.of_other(own.workload)).options
    for index in chosen or range(len(network.layers)):
        rows = options[options["layer"] == index]
        extended = np.zeros(len(rows), FORM_DTYPE)
        for name in OPTION_DTYPE.names or ():
            extended[name] = rows[name]
        extended["form"] = FORMS.index(form)
        extended["flash_bytes"] = need.layers[index].get(form, 0)
        found[index].append(extended)


def _same(network: Network, other: Network) -> bool:
    return all(a is b for a, b in zip(network.layers, other.layers, strict=True))


def useful(rows: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Drop options than which another one of the same clock state has no more of anything."""
    kept = np.ones(len(rows), dtype=bool)
    costs = np.stack([rows["time_s"], rows["energy_j"], rows["flash_bytes"]], axis=1)
    for index, row in enumerate(rows):
        same = kept & (rows["state"] == row["state"])
        same[index] = False
        no_more = (costs <= costs[index]).all(axis=1)
        equal = (costs == costs[index]).all(axis=1)
        kept[index] = not (same & no_more & ~(equal & (np.arange(len(rows)) > index))).any()
    return rows[kept]
