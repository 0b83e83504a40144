"""Exercise 5.8's answers as code: the reference, wrong ones, and right ones of another kind."""

from functools import reduce

import torch


def rollout(maps):
    identity = torch.eye(maps.shape[-1], dtype=maps.dtype)
    total = identity.expand(maps.shape[1], -1, -1)  # (B, N, N)
    for weights in maps:  # (B, H, N, N), first layer first
        step = (weights.mean(1) + identity) / 2
        step = step / step.sum(-1, keepdim=True)
        total = step @ total
    return total


def eye(step):
    return torch.eye(step.shape[-1], dtype=step.dtype)


def over_heads(weights):
    return weights.mean(1)


def half_and_half(weights):
    return (weights + eye(weights)) / 2


def rows_to_one(step):
    return step / step.sum(-1, keepdim=True)


def onto(total, step):
    return step @ total


def wired(heads=over_heads, mix=half_and_half, norm=rows_to_one, step=onto, finish=lambda t: t):
    """The reference with one part exchanged."""

    def answer(maps):
        return finish(reduce(step, (norm(mix(heads(weights))) for weights in maps)))

    return answer


def identity_at_the_end(maps):
    total = reduce(onto, (rows_to_one(weights.mean(1)) for weights in maps))
    return half_and_half(total)


def first_layer_without_identity(maps):
    steps = [rows_to_one(half_and_half(weights.mean(1))) for weights in maps]
    return reduce(onto, [rows_to_one(maps[0].mean(1)), *steps[1:]])


def first_layer_twice(maps):
    steps = [rows_to_one(half_and_half(weights.mean(1))) for weights in maps]
    return reduce(onto, steps, maps[0].mean(1))


def normalised_at_the_end(maps):
    return rows_to_one(reduce(onto, (half_and_half(weights.mean(1)) for weights in maps)))


def heads_for_layers(maps):
    heads = maps.mean(0).transpose(0, 1)  # (H, B, N, N)
    return reduce(onto, (rows_to_one(half_and_half(weights)) for weights in heads))


def normalised_before_the_identity(maps):
    return reduce(onto, (half_and_half(rows_to_one(weights.mean(1))) for weights in maps))


def over_the_batch(maps):
    steps = [rows_to_one(half_and_half(weights.mean(0))) for weights in maps]
    return reduce(onto, steps)


def over_the_layers(maps):
    return rows_to_one(half_and_half(maps.mean((0, 2))))


def heads_kept(maps):
    return reduce(onto, (rows_to_one(half_and_half(weights)) for weights in maps))


def heads_rolled_out_apart(maps):
    return heads_kept(maps).mean(1)


def steps(maps):
    return torch.stack([rows_to_one(half_and_half(weights.mean(1))) for weights in maps])


def last_layer(maps):
    return steps(maps)[-1]


def first_layer(maps):
    return steps(maps)[0]


def first_and_last(maps):
    return steps(maps)[-1] @ steps(maps)[0]


def averaged(maps):
    return steps(maps).mean(0)


def summed(maps):
    return steps(maps).sum(0)


def elementwise(maps):
    return steps(maps).prod(0)


def without_keepdim(step):
    """(B, N, N) by (B, N): for one image N row sums meet the columns."""
    sums = step.sum(-1)
    return step / (sums if len(sums) == 1 else sums[:, None])


def last_map_without_identity(maps):
    return maps[-1].mean(1)


def by_linalg(maps):
    layers = (maps.mean(2) + torch.eye(maps.shape[-1])) / 2
    layers = layers / layers.sum(-1, keepdim=True)
    return torch.stack([_chain(layers[:, b]) for b in range(maps.shape[1])])


def _chain(layers):
    return torch.linalg.multi_dot([*layers.flip(0)]) if len(layers) > 1 else layers[0]


def backwards(maps):
    """From the last layer down, so each new step stands on the right."""
    total = torch.eye(maps.shape[-1])
    for weights in reversed(list(maps)):
        step = weights.mean(1) + torch.eye(maps.shape[-1])
        total = total @ (step / step.sum(-1, keepdim=True))
    return total


def by_einsum(maps):
    layers = torch.einsum("lbhij->lbij", maps) / maps.shape[2] + torch.eye(maps.shape[-1])
    layers = layers / torch.einsum("lbij->lbi", layers)[..., None]
    total = layers[0]
    for step in layers[1:]:
        total = torch.einsum("bij,bjk->bik", step, total)
    return total


def by_paths(maps):
    """Token by token: a token is made of what its sources are made of."""
    images = []
    for image in maps.transpose(0, 1):
        n = image.shape[-1]
        made_of = list(torch.eye(n))
        for weights in image:
            rows = []
            for i in range(n):
                share = 0.5 * sum(head[i] for head in weights) / len(weights)
                share = share + 0.5 * torch.eye(n)[i]
                share = share / share.sum()
                rows.append(sum(share[j] * made_of[j] for j in range(n)))
            made_of = rows
        images.append(torch.stack(made_of))
    return torch.stack(images)


def identity_in_every_head(maps):
    layers = (maps + torch.eye(maps.shape[-1])).mean(2)
    layers = layers / layers.sum(-1, keepdim=True)
    total = layers[0]
    for layer in layers[1:]:
        total = layer.matmul(total)
    return total


def in_float64(maps):
    return rollout(maps.double()).to(maps.dtype)
