"""Exercise 4.3's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def dot_product_non_local(theta, phi, g):
    return theta @ phi.mT @ g / phi.shape[1]  # (B, N, M) @ (B, M, E), by the number of keys


def number_of_keys(theta, phi, g):
    return phi.shape[1]


def wired(pairs=lambda theta, phi: theta @ phi.mT, f=lambda s: s, c=number_of_keys):
    """The reference with one part exchanged: the products, what is made of them, C(x)."""

    def answer(theta, phi, g):
        return f(pairs(theta, phi)) @ g / c(theta, phi, g)

    return answer


def divided_by(c):
    """`c` is given B, N, M and D."""
    return wired(c=lambda theta, phi, g: c(len(theta), theta.shape[1], *phi.shape[1:]))


def over_its_sum(f):
    return f / f.sum(-1, keepdim=True)


def over_its_absolute_sum(f):
    return f / f.abs().sum(-1, keepdim=True)


def over_all(f):
    return f / f.sum((1, 2), keepdim=True)


def whole(theta, phi, g):
    return 1


def viewed(theta, phi):
    return theta @ phi.reshape(len(phi), phi.shape[2], phi.shape[1])


def of_unit_length(theta, phi):
    return theta / theta.norm(dim=-1, keepdim=True) @ (phi / phi.norm(dim=-1, keepdim=True)).mT


def keys_of_the_batch(theta, phi):
    return theta @ phi.mean(0).T


def over_the_batch(f):
    return f.sum(0, keepdim=True).expand_as(f)


def values_averaged(theta, phi, g):
    """Each place's sum of f times the mean of g: the two sums over j are taken apart."""
    return (theta @ phi.mT).sum(-1, keepdim=True) * g.mean(1, keepdim=True) / phi.shape[1]


def keys_first(theta, phi, g):
    """The (D, E) product first: no N x M matrix at all."""
    return theta @ (phi.mT @ g / g.shape[1])


def by_einsum(theta, phi, g):
    return torch.einsum("bnd,bmd,bme->bne", theta, phi, g) / g.shape[1]


def by_loops(theta, phi, g):
    samples = []
    for queries, keys, values in zip(theta, phi, g, strict=True):
        rows = []
        for query in queries:
            y = sum((query @ key) * value for key, value in zip(keys, values, strict=True))
            rows.append(y / len(keys))
        samples.append(torch.stack(rows))
    return torch.stack(samples)


def by_a_mean(theta, phi, g):
    scores = theta @ phi.transpose(1, 2)  # (B, N, M)
    return (scores[..., None] * g[:, None]).mean(2)  # (B, N, M, E) -> (B, N, E)
