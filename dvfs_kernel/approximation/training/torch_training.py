"""Trains the float network of a recipe with PyTorch; the same numbers in every run on a machine."""

from __future__ import annotations

import hashlib
import io
import pickle
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from dvfs_kernel.approximation.training.float_network import (
    FloatConvolution,
    FloatDense,
    FloatLayer,
    FloatNetwork,
    FloatPool,
)
from dvfs_kernel.storage.atomic_file import write_atomically
from dvfs_kernel.storage.sources import sources_digest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import numpy.typing as npt

    from dvfs_kernel.approximation.training.recipe import Recipe, Stage

__all__ = ["VERSION", "train"]

#: Of PyTorch.
VERSION = str(torch.__version__)

# Pixels / 255 become about −2 … 2, so that the first layer's weights are well conditioned.
_MEAN, _SPREAD = 0.5, 0.25
_MOMENTUM = 0.9
_WARM_UP = 0.2  # of all steps


class _Block(nn.Module):
    """A stage. Pooling comes before normalisation and ReLU, which takes a quarter of the time.

    Normalisation has no gain of its own, so it grows with its input as ReLU does: the maximum
    commutes with both, and the deployed network pools last.
    """

    def __init__(self, depth: int, stage: Stage, *, first: bool) -> None:
        super().__init__()
        self.stage = stage
        self.first = first
        self.weighted = nn.Conv2d(depth, stage.channels, 3, bias=False)
        self.norm = nn.BatchNorm2d(stage.channels)
        self.norm.weight.requires_grad_(False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        padding = 1 if self.stage.padded else 0
        if self.first:
            # What is padded with is a black pixel, so it comes before centring.
            values = functional.pad(values, (padding,) * 4)
            values, padding = (values - _MEAN) / _SPREAD, 0
        values = functional.conv2d(values, self.weighted.weight, padding=padding)
        if self.stage.pooled:
            values = functional.max_pool2d(values, 2)
        return functional.relu(self.norm(values))


class _Hidden(nn.Module):
    """The hidden layer."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weighted = nn.Linear(inputs, outputs, bias=False)
        self.norm = nn.BatchNorm1d(outputs)
        self.norm.weight.requires_grad_(False)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return functional.relu(self.norm(self.weighted(values.flatten(1))))


class _Model(nn.Module):
    """The network of a recipe; its inputs are pixels / 255, channels first."""

    def __init__(self, recipe: Recipe) -> None:
        super().__init__()
        depths = (recipe.shape[2], *(stage.channels for stage in recipe.stages))
        self.recipe = recipe
        self.blocks = nn.Sequential(
            *(_Block(depths[i], stage, first=i == 0) for i, stage in enumerate(recipe.stages))
        )
        self.hidden = _Hidden(prod(recipe.map_shape), recipe.hidden)
        self.classifier = nn.Linear(recipe.hidden, recipe.classes)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.classifier(self.hidden(self.blocks(values)))
        return logits

    def folded(self) -> FloatNetwork:
        """Return the network with normalisation and centring folded into weights and biases."""
        layers: list[FloatLayer] = []
        for number, block in enumerate(self.blocks, start=1):
            weights, bias = _folded(block.weighted.weight, block.norm)
            if block.first:
                bias = bias - weights.sum(axis=(1, 2, 3)) * (_MEAN / _SPREAD)
                weights = weights / _SPREAD
            layers.append(
                FloatConvolution(
                    f"conv{number}",
                    weights.transpose(0, 2, 3, 1).astype(np.float32),
                    bias.astype(np.float32),
                    padding=1 if block.stage.padded else 0,
                    relu=True,
                )
            )
            if block.stage.pooled:
                layers.append(FloatPool(f"pool{number}"))
        weights, bias = _folded(self.hidden.weighted.weight, self.hidden.norm)
        height, width, channels = self.recipe.map_shape
        by_pixel = weights.reshape(-1, channels, height, width).transpose(0, 2, 3, 1)
        flat = by_pixel.reshape(len(weights), -1).astype(np.float32)
        layers.append(FloatDense("hidden", flat, bias.astype(np.float32), relu=True))
        layers.append(
            FloatDense(
                "classifier",
                self.classifier.weight.detach().numpy().copy(),
                self.classifier.bias.detach().numpy().copy(),
                relu=False,
            )
        )
        return FloatNetwork(self.recipe.name, self.recipe.shape, tuple(layers))


def train(
    recipe: Recipe,
    images: npt.NDArray[np.uint8],
    labels: npt.NDArray[np.integer[Any]],
    *,
    checkpoint: Path,
    progress: Callable[[int, float], None],
) -> FloatNetwork:
    """Train the network of a recipe.

    Parameters
    ----------
    recipe
        What is trained, and how.
    images
        uint8, (N, height, width, channels).
    labels
        Integers, (N,), from 0.
    checkpoint
        File that the state is written to after each epoch. Where it holds a state of the same
        recipe and data, training goes on from there.
    progress
        Is told each epoch that is over, from 1, and its mean loss.
    """
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)
    torch.manual_seed(recipe.seed)
    model = _Model(recipe).to(memory_format=torch.channels_last)
    draws = torch.Generator().manual_seed(recipe.seed)
    decayed = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1 and p.requires_grad]
    optimiser = torch.optim.SGD(
        [
            {"params": decayed, "weight_decay": recipe.weight_decay},
            {"params": others, "weight_decay": 0.0},
        ],
        lr=recipe.peak_rate,
        momentum=_MOMENTUM,
        nesterov=True,
    )
    fingerprint = _fingerprint(recipe, images, labels)
    first = 0
    state = _read(checkpoint, fingerprint)
    if state is not None:
        first = state["epochs"]
        model.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        draws.set_state(state["draws"])
    pixels, targets = torch.tensor(images), torch.tensor(labels.astype(np.int64))
    steps = len(images) // recipe.batch
    model.train()
    for epoch in range(first, recipe.epochs):
        order = torch.randperm(len(images), generator=draws)
        total = 0.0
        for step in range(steps):
            rate = _rate((epoch * steps + step) / (recipe.epochs * steps))
            for group in optimiser.param_groups:
                group["lr"] = recipe.peak_rate * rate
            chosen = order[step * recipe.batch : (step + 1) * recipe.batch]
            batch = _varied(pixels[chosen], recipe.shift, draws)
            # Products in bfloat16: half the time where the processor has them.
            with torch.autocast("cpu", dtype=torch.bfloat16):
                logits = model(batch)
            loss = functional.cross_entropy(
                logits.float(), targets[chosen], label_smoothing=recipe.smoothing
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            total += loss.item()
        progress(epoch + 1, total / steps)
        _write(
            checkpoint,
            {
                "fingerprint": fingerprint,
                "epochs": epoch + 1,
                "model": model.state_dict(),
                "optimiser": optimiser.state_dict(),
                "draws": draws.get_state(),
            },
        )
    folded: FloatNetwork = model.folded()
    return folded


def _folded(
    weight: torch.Tensor, norm: nn.BatchNorm1d | nn.BatchNorm2d
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights and biases, in double precision, of a layer with the normalisation after it."""
    weights = weight.detach().numpy().astype(np.float64)
    mean, variance, offset = (
        t.detach().numpy().astype(np.float64)
        for t in (norm.running_mean, norm.running_var, norm.bias)
        if t is not None
    )
    gain = 1 / np.sqrt(variance + norm.eps)
    return weights * gain.reshape(-1, *[1] * (weights.ndim - 1)), offset - mean * gain


def _rate(done: float) -> float:
    """Learning rate as a share of its peak, at a share of all steps."""
    return min(done / _WARM_UP, (1 - done) / (1 - _WARM_UP))


def _varied(batch: torch.Tensor, shift: int, draws: torch.Generator) -> torch.Tensor:
    """Move pictures by up to `shift` pixels, mirrored at the edge, flip half of them; as floats."""
    count, height, width, _ = batch.shape
    moves = torch.randint(-shift, shift + 1, (2, count, 1), generator=draws)
    flipped = torch.randint(0, 2, (count, 1), generator=draws).bool()
    rows = _mirrored(torch.arange(height) + moves[0], height)
    columns = _mirrored(torch.arange(width) + moves[1], width)
    columns = torch.where(flipped, columns.flip(1), columns)
    each = torch.arange(count)[:, None, None]
    moved = batch[each, rows[:, :, None], columns[:, None, :]]
    # A view with channels first of memory with channels last.
    return (moved.float() / 255).permute(0, 3, 1, 2)


def _mirrored(places: torch.Tensor, size: int) -> torch.Tensor:
    places = places.abs()
    return torch.where(places >= size, 2 * (size - 1) - places, places)


def _fingerprint(
    recipe: Recipe, images: npt.NDArray[np.uint8], labels: npt.NDArray[np.integer[Any]]
) -> str:
    digest = hashlib.sha256(repr((recipe, torch.__version__, sources_digest(__name__))).encode())
    digest.update(images.tobytes())
    digest.update(labels.astype(np.int64).tobytes())
    return digest.hexdigest()


def _read(checkpoint: Path, fingerprint: str) -> dict[str, Any] | None:
    """Return the state in a file, or none where it is of other data, damaged or not there."""
    try:
        state: dict[str, Any] = torch.load(checkpoint, weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, pickle.UnpicklingError):
        return None
    return state if state.get("fingerprint") == fingerprint else None


def _write(checkpoint: Path, state: dict[str, Any]) -> None:
    content = io.BytesIO()
    torch.save(state, content)
    write_atomically(checkpoint, content.getvalue())
