"""Networks whose input or output lies across SRAM1 and SRAM2, which adjoin at 0x2007C000."""

from dvfs_kernel.networks.network import Network, Pool, Tensor, Upsample

SRAM2 = 0x2007C000


def _tensor(name, shape):
    return Tensor(name, shape, "int8", 0.05, 3)


def wide_input():
    """Return a network whose input takes more than the whole SRAM1."""
    layer = Pool(name="pool", inputs=(0,), output=1, kind="max", kernel=(96, 100), stride=(96, 100))
    return Network(
        "wide_input", (_tensor("in", (384, 1000, 1)), _tensor("out", (4, 10, 1))), (layer,), 0, (1,)
    )


def wide_output():
    """Return a network whose output does."""
    layer = Upsample(name="upsample", inputs=(0,), output=1, factors=(96, 100))
    return Network(
        "wide_output",
        (_tensor("in", (4, 10, 1)), _tensor("out", (384, 1000, 1))),
        (layer,),
        0,
        (1,),
    )
