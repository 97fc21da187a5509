"""Where data sets are to be had, for messages: nothing is downloaded by this package."""

from __future__ import annotations

__all__ = ["FORMS", "home_of"]

_FOUR_FILES = (
    "as four files, train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, "
    "t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz, from"
)
_CIFAR = "https://www.cs.toronto.edu/~kriz/cifar.html"
# By what is in the name that was asked for; the first that fits is told.
_HOMES = {
    ("cifar100", "cifar-100", "cifar_100"): (
        "CIFAR-100 is to be had as cifar-100-python.tar.gz or cifar-100-binary.tar.gz from "
        f"{_CIFAR}"
    ),
    ("cifar",): (
        f"CIFAR-10 is to be had as cifar-10-python.tar.gz or cifar-10-binary.tar.gz from {_CIFAR}"
    ),
    ("fashion",): (
        f"Fashion-MNIST is to be had {_FOUR_FILES} "
        "https://github.com/zalandoresearch/fashion-mnist (Debian: dataset-fashion-mnist); "
        "a sample is built in as fashion-mnist-sample"
    ),
    ("mnist",): f"MNIST is to be had {_FOUR_FILES} http://yann.lecun.com/exdb/mnist/",
}

#: What may be given as data.
FORMS = (
    "the CIFAR-10 or CIFAR-100 archive (python or binary version, https://www.cs.toronto.edu/~kriz/"
    "cifar.html) or the folder in it, a folder of idx files as MNIST and Fashion-MNIST "
    "(https://github.com/zalandoresearch/fashion-mnist) have them, a folder with one folder of "
    "pictures a class, an .npz file (x, y), or fashion-mnist-sample, which is built in"
)


def home_of(name: str) -> str:
    """Return what to get and from where, by a name that somebody asked for."""
    lower = name.lower()
    for words, home in _HOMES.items():
        if any(word in lower for word in words):
            return home
    return f"allowed: {FORMS}"
