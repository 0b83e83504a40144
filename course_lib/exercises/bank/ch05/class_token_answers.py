"""Exercise 5.5's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from torch.nn import functional as F


def add_class_token(patches, cls_token, positions):
    token = cls_token.expand(patches.shape[0], -1, -1)  # (B, 1, D)
    return torch.cat([token, patches], dim=1) + positions  # (B, N + 1, D)


def together(patches, cls_token):
    return torch.cat([cls_token.expand(patches.shape[0], -1, -1), patches], 1)


def placed(place):
    """Token and patches joined, and other positions than those that were given."""
    return lambda patches, cls_token, positions: together(patches, cls_token) + place(positions)


def token(make):
    """Another token than `cls_token`."""

    def answer(patches, cls_token, positions):
        return add_class_token(patches, make(patches, cls_token), positions)

    return answer


def last(patches, cls_token, positions):
    return torch.cat([patches, cls_token.expand(patches.shape[0], -1, -1)], 1) + positions


def last_with_its_position(patches, cls_token, positions):
    token = (cls_token + positions[:, :1]).expand(patches.shape[0], -1, -1)
    return torch.cat([patches + positions[:, 1:], token], 1)


def positions_before_the_token(patches, cls_token, positions):
    return together(patches + positions[:, 1:], cls_token)


def positions_before_the_token_from_0(patches, cls_token, positions):
    return together(patches + positions[:, :-1], cls_token)


def first_position_alone(patches, cls_token, positions):
    return together(patches, cls_token + positions[:, :1])


def multiplied(patches, cls_token, positions):
    return together(patches, cls_token) * positions


def beside(patches, cls_token, positions):
    x = together(patches, cls_token)
    return torch.cat([x, positions.expand_as(x)], -1)


def positions_as_tokens(patches, cls_token, positions):
    return torch.cat([together(patches, cls_token), positions.expand(patches.shape[0], -1, -1)], 1)


def in_place_of_the_first(patches, cls_token, positions):
    return together(patches[:, 1:], cls_token) + positions[:, :-1]


def added_to_the_patches(patches, cls_token, positions):
    return patches + cls_token + positions[:, 1:]


def no_class_token(patches, cls_token, positions):
    return patches + positions[:, 1:]


def first_image_only(patches, cls_token, positions):
    return torch.cat([cls_token, patches[:1]], 1) + positions


def token_for_the_first_image(patches, cls_token, positions):
    x = patches.new_zeros(patches.shape[0], patches.shape[1] + 1, patches.shape[2])
    x[0, 0] = cls_token[0, 0]
    x[:, 1:] = patches
    return x + positions


def scaled(patches, cls_token, positions):
    return together(patches, cls_token) * patches.shape[-1] ** 0.5 + positions


def normalised(patches, cls_token, positions):
    return F.layer_norm(add_class_token(patches, cls_token, positions), patches.shape[-1:])


def class_token_alone(patches, cls_token, positions):
    return add_class_token(patches, cls_token, positions)[:, :1]


def patches_scrambled(patches, cls_token, positions):
    """Patches taken for (B, D, N) and reshaped."""
    batch, n, dim = patches.shape
    return add_class_token(patches.mT.reshape(batch, n, dim), cls_token, positions)


def by_repeat(patches, cls_token, positions):
    return torch.cat((cls_token.repeat(len(patches), 1, 1), patches), 1).add(positions)


def by_filling(patches, cls_token, positions):
    batch, n, dim = patches.shape
    x = patches.new_empty(batch, n + 1, dim)
    x[:, 0] = cls_token[:, 0]
    x[:, 1:] = patches
    return x + positions


def part_by_part(patches, cls_token, positions):
    token = (cls_token + positions[:, :1]).expand(patches.shape[0], 1, -1)
    return torch.cat([token, patches + positions[:, 1:]], dim=-2)


def by_padding(patches, cls_token, positions):
    x = F.pad(patches, (0, 0, 1, 0)) + positions
    first = torch.zeros_like(positions)
    first[:, 0] = 1
    return x + first * cls_token


def image_by_image(patches, cls_token, positions):
    return torch.stack([torch.cat([cls_token[0], image]) + positions[0] for image in patches])


def by_loops(patches, cls_token, positions):
    images = []
    for image in patches:
        tokens = [cls_token[0, 0] + positions[0, 0]]
        for n, patch in enumerate(image):
            tokens.append(patch + positions[0, n + 1])
        images.append(torch.stack(tokens))
    return torch.stack(images)
