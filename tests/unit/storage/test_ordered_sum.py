"""Sums of floats, the same in every Python; and that nothing else adds them."""

import ast
import itertools
import math
from pathlib import Path

from hypothesis import example, given
from hypothesis import strategies as st

from dvfs_kernel.storage.ordered_sum import ordered_sum

ROOT = Path(__file__).parents[3]

#: What the built-in sum may add, as it stands in the source: whole numbers.
WHOLE = {
    "sum((-(-len(blob) // _LINE_BYTES) * _LINE_BYTES for blob in blobs))",
    "sum((1 << axis for axis in layer.axes))",
    "sum((1 << b for n, b in _SHCSR_PENDING.items() if n in nvic.pending))",
    "sum((1 << bit for number, bit in _SHCSR_ACTIVE.items() if number in nvic.active))",
    "sum((1 << bit for number, bit in _SHCSR_ENABLES.items() if nvic.enabled[number]))",
    "sum((1 << i for i in range(32) if first + i < last and members(first + i)))",
    "sum((_size(values) for values in self._activations.values()))",
    "sum((array.nbytes for array in values.values()))",
    "sum((bool(cell['gone']) for cell in cells))",
    "sum((bool(row['pareto']) for row in options))",
    "sum((bool(run['keeps_bound'] and run['same_output']) for run in runs))",
    "sum((count for _, count in clocks[_CLOCKS_NAMED:]))",
    "sum((card.executed for card in cards(document)))",
    "sum((counted[layer, names.index(name)] for name in which))",
    "sum((judgement.shape[1] for judgement in found.values()))",
    "sum((layer.info.macs for layer in self.layers))",
    "sum((layer.macs for layer in self.layers))",
    "sum((layer.pairs - layer.skipped_pairs for layer in self.layers))",
    (
        "sum((layer.weights.size + layer.bias.size for layer in self.layers "
        "if isinstance(layer, Convolution | Depthwise | FullyConnected)))"
    ),
    "sum((layer.zero_macs for layer in self.layers))",
    "sum((layer['granularity'] > 0 for layer in layers))",
    "sum((layer.choice[0] != layer.choice[1] for layer in layers))",
    "sum((layer['lfo'] is not None for layer in decoupled))",
    "sum((layer['lfo'] is not None for layer in layers))",
    "sum((layer['sysclk_hz'] >= top_hz(document) for layer in layers))",
    "sum((layer[PACKED] for layer in layers if layer))",
    "sum((layer[PACKED] for layer in self.layers if layer))",
    "sum((len(data.labels[pieces[number]]) for number in missing))",
    "sum((max(v, 0) << 8 * i for i, v in enumerate(values)))",
    "sum((member.file_size for member in members))",
    "sum((search.trace.size // 2 for search in self.searches))",
    "sum((segment['p_filesz'] for segment in found))",
    "sum((words[place + 1] for place in pairs if words[place] >= begin))",
    (
        "sum((file.metadata.row_group(group).total_byte_size "
        "for group in range(file.metadata.num_row_groups)))"
    ),
    "sum((part.stretches for part in parts))",
    "sum((point['granularity'] > 0 for point in best))",
    "sum((register.mask(name + 'EN') for name in clocked.get(bus, ())))",
    "sum((row['hops'] for row in values))",
    "sum((row['mhz'] == mhz for row in values))",
    "sum((run['executed']['window_j'] is not None for run in runs))",
    "sum((s.instructions for s in side))",
    "sum((s.instructions for s in truth.stretches))",
    "sum((segment.count for layer in layers for segment in layer.segments))",
    "sum((segment.cycles for segment in self.segments))",
    "sum((size[0] - low for size, low in zip(sizes, lightest, strict=True)))",
    "sum((stretch.cycles for stretch in chosen))",
    "sum((tensor.shape[self.axis] for tensor in inputs))",
    "sum((tensors[index].bytes for index in layer.inputs))",
    "sum((trace.size for trace in self.traces))",
    "sum((USART.registers[_name].mask(_field) for _field in _fields))",
    "sum((data >> place & 1 for place in range(self.data_bits)))",
    "sum(found)",  # flags: the share of layers of a granularity
    "sum(network.macs)",
    "sum(map(is_proved, bounds))",
    "sum(proved)",  # flags, too
    "sum(widths)",  # columns of a terminal
    "sum(self._network.macs)",
    "sum(self.counts.values())",
    "sum(self.macs)",
    "sum(self.network.macs)",
    "sum(self.options)",
}


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32)))
@example([1e16, 1.0, -1e16])
@example([0.1] * 10)
def test_floats_are_added_one_after_the_other(values):
    added = 0.0
    for value in values:
        added += value
    assert ordered_sum(iter(values)).hex() == added.hex()


def test_what_the_built_in_sum_may_make_of_floats_is_not_made():
    # 3.12 and later give 1.0 here.
    assert ordered_sum([0.1] * 10) == 0.9999999999999999 != math.fsum([0.1] * 10)


def test_the_built_in_sum_adds_whole_numbers_only():
    found = set()
    paths = [ROOT.joinpath(folder).rglob("*.py") for folder in ("dvfs_kernel", "renode_platform")]
    for path in itertools.chain(*paths):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        calls = {
            id(node.func): ast.unparse(node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        }
        found |= {
            calls.get(id(node), f"{path.name}:{node.lineno}")
            for node in ast.walk(tree)
            if isinstance(node, ast.Name) and node.id == "sum"
        }
    added = found - WHOLE
    assert not added, "floats are added by ordered_sum; whole numbers are listed here"
    assert not WHOLE - found, "nothing adds these any more"
