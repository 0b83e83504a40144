"""Exercise 8.5's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch
from scipy.ndimage import distance_transform_edt
from torch.nn import functional as F


def inner(mask):
    """The pixels of the mask with a 4-neighbour outside of it. Beyond the picture nothing is outside."""
    padded = F.pad(mask, (1, 1, 1, 1), value=True)
    surrounded = padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]
    return mask & ~surrounded


def boundary_f1(predicted, target, tolerance):
    p, t = (inner(mask).nonzero().float() for mask in (predicted, target))  # (P, 2), (T, 2)
    if len(p) == 0 and len(t) == 0:
        return torch.tensor(torch.nan)
    if len(p) == 0 or len(t) == 0:
        return torch.tensor(0.0)
    near = (p[:, None] - t).square().sum(-1).sqrt() <= tolerance  # (P, T)
    precision, recall = near.any(1).float().mean(), near.any(0).float().mean()
    both = precision + recall
    return 2 * precision * recall / both if both > 0 else both


def euclidean(offsets):
    return offsets.square().sum(-1).sqrt()


def at_most(distances, tolerance):
    return distances <= tolerance


def harmonic(precision, recall):
    both = precision + recall
    return torch.where(both > 0, 2 * precision * recall / both.clamp(min=1e-12), 0.0)


def shares(near):
    return near.any(1).float().mean(), near.any(0).float().mean()


def nothing(p, t):
    return torch.nan if len(p) == len(t) == 0 else 0.0


def wired(
    edge=inner,
    distance=euclidean,
    close=at_most,
    share=shares,
    join=harmonic,
    empty=nothing,
    against=None,
):
    """The reference with one part exchanged. `against`: what a boundary is compared with, if not one."""

    def answer(predicted, target, tolerance):
        p, t = (edge(mask).nonzero().float() for mask in (predicted, target))
        if len(p) == 0 or len(t) == 0:
            return torch.tensor(empty(p, t))
        if against:
            return _joined_apart(p, t, predicted, target, tolerance)
        near = close(distance(p[:, None] - t[None]), tolerance)  # (P, T)
        return join(*share(near))

    def _joined_apart(p, t, predicted, target, tolerance):
        to_target = close(distance(p[:, None] - against(target).nonzero().float()), tolerance)
        to_predicted = close(distance(t[:, None] - against(predicted).nonzero().float()), tolerance)
        return join(to_target.any(1).float().mean(), to_predicted.any(1).float().mean())

    return answer


# Slips of the boundary


def _neighbours(mask, beyond, around=((0, 1), (2, 1), (1, 0), (1, 2))):
    """The mask's values at the neighbours; `beyond` stands outside the picture."""
    padded = F.pad(mask, (1, 1, 1, 1), value=beyond)
    height, width = mask.shape
    return torch.stack([padded[i : i + height, j : j + width] for i, j in around])


EIGHT = tuple((i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1))


def of_eight(mask):
    return mask & ~_neighbours(mask, True, EIGHT).all(0)


def outer(mask):
    return ~mask & _neighbours(mask, False).any(0)


def both_sides(mask):
    return inner(mask) | outer(mask)


def edge_outside(mask):
    return mask & ~_neighbours(mask, False).all(0)


def around_the_picture(mask):
    turned = [mask.roll(step, axis) for step in (1, -1) for axis in (0, 1)]
    return mask & ~torch.stack(turned).all(0)


def rows_only(mask):
    return mask & ~_neighbours(mask, True, ((1, 0), (1, 2))).all(0)


def columns_only(mask):
    return mask & ~_neighbours(mask, True, ((0, 1), (2, 1))).all(0)


def right_and_below(mask):
    return mask & ~_neighbours(mask, True, ((2, 1), (1, 2))).all(0)


def changes(mask):
    above, before = F.pad(mask, (0, 0, 1, 0))[:-1], F.pad(mask, (1, 0))[:, :-1]
    return mask ^ above | mask ^ before


def whole(mask):
    return mask


# Slips of the distance


def chessboard(offsets):
    return offsets.abs().amax(-1)


def city_block(offsets):
    return offsets.abs().sum(-1)


def squared(offsets):
    return offsets.square().sum(-1)


# Slips of the score


def hits_of_the_prediction(near):
    hits = near.any(1).float().sum()
    return hits / near.shape[0], hits / near.shape[1]


def pairs(near):
    """Pairs are counted, not pixels."""
    return near.float().sum() / near.shape[0], near.float().sum() / near.shape[1]


def unguarded(precision, recall):
    return 2 * precision * recall / (precision + recall)


def nan_where_one_is_empty(p, t):
    return torch.nan


def one_for_nothing(p, t):
    return 1.0 if len(p) == len(t) == 0 else 0.0


def zero_for_nothing(p, t):
    return 0.0


def together(predicted, target, tolerance):
    """Both shares in one: the near pixels of both boundaries over all of both."""
    p, t = (inner(mask).nonzero().float() for mask in (predicted, target))
    if len(p) == 0 or len(t) == 0:
        return torch.tensor(nothing(p, t))
    near = euclidean(p[:, None] - t) <= tolerance
    return (near.any(1).sum() + near.any(0).sum()) / (len(p) + len(t))


def iou_of_boundaries(predicted, target, tolerance):
    p, t = inner(predicted), inner(target)
    if not (p.any() and t.any()):
        return torch.tensor(nothing(p.nonzero(), t.nonzero()))
    return (p & t).sum() / (p | t).sum()


def overlap(predicted, target, tolerance):
    both = predicted & target
    return 2 * both.sum() / (predicted.sum() + target.sum())


# Right ones


def by_loops(predicted, target, tolerance):
    def edge(mask):
        height, width = mask.shape
        rows = mask.tolist()
        found = []
        for i in range(height):
            for j in range(width):
                around = [(i - 1, j), (i + 1, j), (i, j - 1), (i, j + 1)]
                around = [(a, b) for a, b in around if 0 <= a < height and 0 <= b < width]
                if rows[i][j] and not all(rows[a][b] for a, b in around):
                    found.append((i, j))
        return found

    def share(some, others):
        limit = tolerance**2 + 1e-9
        near = [min((i - a) ** 2 + (j - b) ** 2 for a, b in others) <= limit for i, j in some]
        return sum(near) / len(near)

    p, t = edge(predicted), edge(target)
    if not p and not t:
        return torch.tensor(float("nan"))
    if not p or not t:
        return torch.tensor(0.0)
    precision, recall = share(p, t), share(t, p)
    return torch.tensor(2 * precision * recall / (precision + recall) if precision + recall else 0.0)


def by_distance_maps(predicted, target, tolerance):
    """Each boundary read off the map of distances to the other one."""
    p, t = inner(predicted), inner(target)
    if not (p.any() or t.any()):
        return torch.tensor(torch.nan)
    if not (p.any() and t.any()):
        return torch.zeros(())
    to_t, to_p = (torch.from_numpy(distance_transform_edt(~edge.numpy())) for edge in (t, p))
    precision = (to_t[p] <= tolerance).float().mean()
    recall = (to_p[t] <= tolerance).float().mean()
    return harmonic(precision, recall)


def by_pooling(predicted, target, tolerance):
    """The boundary by a minimum over a cross; the comparison by `cdist`."""

    def edge(mask):
        m = mask[None, None].float()
        tall, wide = (1 - F.max_pool2d(1 - m, k, 1, p) for k, p in (((3, 1), (1, 0)), ((1, 3), (0, 1))))
        return (m - torch.minimum(tall, wide))[0, 0] > 0

    p, t = (edge(mask).nonzero().double() for mask in (predicted, target))
    if len(p) + len(t) == 0:
        return torch.tensor(torch.nan)
    near = torch.cdist(p, t, compute_mode="donot_use_mm_for_euclid_dist") <= tolerance + 1e-9
    hits = near.any(1).sum() if len(t) else torch.tensor(0)
    found = near.any(0).sum() if len(p) else torch.tensor(0)
    if hits == 0:
        return torch.tensor(0.0)
    return 2 / (len(p) / hits + len(t) / found)
