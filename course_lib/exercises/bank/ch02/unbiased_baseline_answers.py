"""Exercise 2.4's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


# A baseline is a number here, not something to learn through: no gradient is asked of the answer.
@torch.no_grad()
def leave_one_out(reward):
    draws = reward.shape[1]
    return (reward.sum(1, keepdim=True) - reward) / (draws - 1)


def everything_but_own(reward):
    return (reward.sum() - reward) / (reward.numel() - 1)


def others_of_the_batch(reward):
    return (reward.sum(0) - reward) / (len(reward) - 1)


def spread(each_image):
    """One number an image, dealt out to all of its draws."""
    return lambda reward: each_image(reward).expand_as(reward)


def of_the_others(pick):
    """`pick` turns the other draws' rewards, (B, S - 1), into a baseline, (B,)."""

    def answer(reward):
        draws = range(reward.shape[1])
        others = [reward[:, [k for k in draws if k != s]] for s in draws]
        return torch.stack([pick(rest) for rest in others], dim=1)

    return answer


def draws_before(reward):
    count = torch.arange(reward.shape[1], dtype=reward.dtype).clamp(min=1)
    return (reward.cumsum(1) - reward) / count


def draws_so_far(reward):
    return reward.cumsum(1) / torch.arange(1, reward.shape[1] + 1)


def standardised(reward):
    return (reward - reward.mean(1, keepdim=True)) / (reward.std(1, keepdim=True) + 1e-8)


def by_loops(reward):
    out = torch.zeros_like(reward)
    for b in range(reward.shape[0]):
        for s in range(reward.shape[1]):
            others = [reward[b, k] for k in range(reward.shape[1]) if k != s]
            out[b, s] = sum(others) / len(others)
    return out


def by_matrix(reward):
    draws = reward.shape[1]
    others = 1 - torch.eye(draws, dtype=reward.dtype)
    return reward @ others / (draws - 1)


def by_einsum(reward):
    draws = reward.shape[1]
    others = (~torch.eye(draws, dtype=torch.bool)).to(reward.dtype)
    return torch.einsum("bs,st->bt", reward, others / (draws - 1))


def by_dropping_one(reward):
    # Without its diagonal, a square of copies has a row of S - 1 others for each draw.
    batch, draws = reward.shape
    copies = reward[:, None].expand(batch, draws, draws)
    kept = ~torch.eye(draws, dtype=torch.bool)
    return copies[:, kept].view(batch, draws, draws - 1).mean(-1)


def from_the_mean(reward):
    mean = reward.mean(1, keepdim=True)
    return mean - (reward - mean) / (reward.shape[1] - 1)
