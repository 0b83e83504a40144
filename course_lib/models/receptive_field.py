"""How far a network sees, measured: which pixels of the input can move one pixel of the output."""

import torch
from torch import Tensor, nn


def receptive_field_of(
    model: nn.Module,
    image_size: tuple[int, int],
    at: tuple[int, int],
    *,
    in_chans: int = 3,
    draws: int = 8,
    seed: int = 0,
) -> Tensor:
    """How strongly each pixel of the input moves the output at one place (Luo et al. 2016, eq. 2).

    The gradient of the output at that place, by size, summed over the channels of both and averaged over
    random images. It is exactly zero outside the receptive field. Inside it may be small: what counts in
    practice is a smaller region. A layer that starts at zero lets nothing through before it is trained.

    Args:
        model: a map (B, in_chans, H, W) to a map (B, K, H', W'). It is measured in `eval()`, since a batch
            norm in training sees the whole batch, and comes back as it was.
        image_size: (H, W).
        at: (row, column) of the place in the output, 0 or more.
        in_chans: channels of the image.
        draws: random images, uniform in [0, 1]. With one, a closed ReLU might hide a pixel.
        seed: of those images.

    Returns:
        (H, W), none negative.

    Raises:
        ValueError: draws below 1, or a place outside the output.
    """
    if draws < 1:
        raise ValueError(f"draws must be at least 1, got {draws}.")
    weights = next(model.parameters(), torch.empty(0))  # to be on their device
    images = torch.rand(draws, in_chans, *image_size, generator=torch.Generator().manual_seed(seed))
    images = images.to(weights).requires_grad_()
    training = {module: module.training for module in model.modules()}
    model.eval()
    try:
        with torch.enable_grad():
            out = model(images)
            if not all(0 <= place < side for place, side in zip(at, out.shape[2:])):
                raise ValueError(f"at must lie in the output's {tuple(out.shape[2:])}, got {tuple(at)}.")
            field = torch.zeros(image_size).to(images)
            for channel in out[:, :, at[0], at[1]].unbind(1):  # (draws,)
                grad, = torch.autograd.grad(channel.sum(), images, retain_graph=True, materialize_grads=True)
                field += grad.abs().sum(1).mean(0)  # (draws, in_chans, H, W) -> (H, W)
    finally:
        for module, mode in training.items():
            module.training = mode
    return field


def seen_box(field: Tensor) -> tuple[int, int, int, int]:
    """The box around what is not zero: (x0, y0, x1, y1), half-open. ValueError if all of it is zero."""
    rows, cols = (field > 0).any(1).nonzero()[:, 0], (field > 0).any(0).nonzero()[:, 0]
    if len(rows) == 0:
        raise ValueError("the output depends on no pixel at all.")
    return int(cols[0]), int(rows[0]), int(cols[-1]) + 1, int(rows[-1]) + 1
