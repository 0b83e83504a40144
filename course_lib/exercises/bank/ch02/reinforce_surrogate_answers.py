"""Exercise 2.3's answers as code: the reference, wrong ones, and right ones of another kind."""

import torch


def surrogate(log_prob, reward, baseline):
    return -(log_prob * (reward - baseline).detach()).mean()


def wired(advantage=lambda reward, baseline: reward - baseline, draws=lambda log_prob: log_prob):
    """The reference with one part exchanged. The advantage stays detached."""

    def answer(log_prob, reward, baseline):
        return -(draws(log_prob) * advantage(reward, baseline).detach()).mean()

    return answer


def partly_detached(reward=lambda r: r, baseline=lambda b: b, draws=lambda p: p):
    """The reference's value, with the gradient let through where no function here detaches."""
    return lambda log_prob, r, b: -(draws(log_prob) * (reward(r) - baseline(b))).mean()


def cut(tensor):
    return tensor.detach()


def no_gradient_at_all(log_prob, reward, baseline):
    # The zero gives a gradient that reaches no input, so that "none at all" can be compared.
    return surrogate(log_prob, reward, baseline).detach() + torch.zeros((), requires_grad=True)


def divided_by_its_spread(reward, baseline):
    advantage = reward - baseline
    return (advantage - advantage.mean()) / (advantage.std() + 1e-8)


def over_its_spread(reward, baseline):
    return (reward - baseline) / ((reward - baseline).std() + 1e-8)


def baseline_trained_too(log_prob, reward, baseline):
    error = (baseline - reward.detach()).square().mean()
    return surrogate(log_prob, reward, baseline) + error


def baseline_and_reward_trained(log_prob, reward, baseline):
    return surrogate(log_prob, reward, baseline) + (baseline - reward).square().mean()


def baseline_on_the_wrong_factor(log_prob, reward, baseline):
    return -((log_prob - baseline.detach()) * reward.detach()).mean()


def means_multiplied(log_prob, reward, baseline):
    return -log_prob.mean() * (reward - baseline).detach().mean()


def by_ratio(log_prob, reward, baseline):
    ratio = (log_prob - log_prob.detach()).exp()  # 1, with the gradient of the log-probability
    return -(ratio * (reward - baseline).detach()).mean()


def by_loop(log_prob, reward, baseline):
    total = 0.0
    for log_p, r, b in zip(log_prob, reward.tolist(), baseline.tolist(), strict=True):
        total = total - log_p * (r - b)
    return total / len(log_prob)


def by_no_grad(log_prob, reward, baseline):
    with torch.no_grad():
        advantage = reward - baseline
    return -torch.dot(log_prob, advantage) / log_prob.numel()


def by_einsum(log_prob, reward, baseline):
    return torch.einsum("b,b->", log_prob, (baseline - reward).detach()) / len(reward)


def by_double(log_prob, reward, baseline):
    return surrogate(log_prob.double(), reward.double(), baseline.double()).float()
