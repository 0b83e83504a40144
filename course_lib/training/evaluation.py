"""Measure a model on examples it was not trained on."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def predict(model: nn.Module, inputs: Tensor, *, batch_size: int = 256) -> Tensor:
    """The model's outputs in `eval()` and without gradients, on the CPU: (n, ...) -> (n, ...).

    It takes batch_size inputs at a time, and leaves the model in the mode in which it was.
    """
    was_training = model.training
    device = next((p.device for p in model.parameters()), torch.device("cpu"))
    model.eval()
    try:
        with torch.no_grad():
            return torch.cat([model(part.to(device)).cpu() for part in inputs.split(batch_size)])
    finally:
        model.train(was_training)


def accuracy_on(inputs: Tensor, labels: Tensor) -> Callable[[nn.Module], dict[str, float]]:
    """What `fit` takes as `evaluate`: a function from a model to {"accuracy": share of right classes}.

    Args:
        inputs: (n, ...), as the model takes them.
        labels: (n,) int64.
    """
    def evaluate(model: nn.Module) -> dict[str, float]:
        right = predict(model, inputs).argmax(1) == labels
        return {"accuracy": right.double().mean().item()}
    return evaluate
