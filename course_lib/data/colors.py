"""Colours that can be compared by a dot product."""

import torch
from torch import Tensor


def equal_colors(image: Tensor) -> Tensor:
    """Centre the colours of a picture, and make them uncorrelated and equally strong over its pixels.

    In a photograph the channels nearly agree, so a dot product of two colours mostly compares their brightness.
    Afterwards (whitening through the Cholesky factor of the colours' covariance) every direction of colour counts the same.

    Args:
        image: (C, H, W), floating, with no channel that is constant or a mixture of the others.

    Returns:
        (C, H, W): over the pixels the mean is 0 and the covariance the identity.

    Raises:
        ValueError: a shape or type that does not fit, or colours that do not vary independently.
    """
    if image.dim() != 3 or not image.is_floating_point():
        raise ValueError(f"image must be a floating tensor of shape (C, H, W), got {image.dtype} of shape {tuple(image.shape)}.")
    pixels = image.flatten(1) - image.flatten(1).mean(1, keepdim=True)                # (C, H*W)
    factor, failed = torch.linalg.cholesky_ex(torch.cov(pixels).view(len(pixels), -1))
    if failed or factor.diagonal().min() < 1e-6:
        raise ValueError("the colours of this picture do not vary independently; is it grey, or constant?")
    return torch.linalg.solve_triangular(factor, pixels, upper=False).view_as(image)
