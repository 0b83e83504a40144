# Chapter 2 as learners write it. Read as text, never imported; headings say which exercise and what to expect.

# %% soft-pooling | right | einsum
def soft_pool(features, scores):
    B, C, H, W = features.shape
    weights = scores.view(B, H * W).softmax(dim=1).view(B, H, W)
    return torch.einsum("bchw,bhw->bc", features, weights)

# %% soft-pooling | wrong | softmax along each row
def soft_pool(features, scores):
    weights = scores.softmax(-1)
    return (features * weights).sum((2, 3))

# %% soft-pooling | wrong | mean, not sum
def soft_pool(features, scores):
    weights = scores.flatten(2).softmax(-1)
    return (features.flatten(2) * weights).mean(-1)

# %% soft-pooling | wrong | an axis left over
def soft_pool(features, scores):
    weights = scores.flatten(2).softmax(-1)
    return (features.flatten(2) * weights).sum(-1, keepdim=True)

# %% soft-pooling | wrong | nothing returned
def soft_pool(features, scores):
    weights = scores.flatten(2).softmax(-1)
    pooled = (features.flatten(2) * weights).sum(-1)

# %% gate-or-distribution | right | a loop over the images
def attend_two_ways(features, scores):
    weighted, gated = [], []
    for f, s in zip(features, scores):
        e = (s - s.max()).exp()
        weighted.append(f * e / e.sum())
        gated.append(f * torch.sigmoid(s))
    return torch.stack([torch.stack(weighted), torch.stack(gated)])

# %% gate-or-distribution | wrong | the two exchanged
def attend_two_ways(features, scores):
    distribution = scores.flatten(1).softmax(1).reshape(scores.shape)
    gate = scores.sigmoid()
    return torch.stack((features * gate, features * distribution))

# %% gate-or-distribution | wrong | one softmax for the whole batch
def attend_two_ways(features, scores):
    distribution = torch.softmax(scores.reshape(-1), 0).reshape(scores.shape)
    return torch.stack([features * distribution, features * torch.sigmoid(scores)])

# %% gate-or-distribution | wrong | several results
def attend_two_ways(features, scores):
    weights = scores.flatten(2).softmax(-1).view_as(scores)
    return features * weights, features * scores.sigmoid()

# %% reinforce-surrogate | right | without gradient for the advantage
def surrogate(log_prob, reward, baseline):
    with torch.no_grad():
        advantage = reward - baseline
    return -(log_prob * advantage).sum() / len(log_prob)

# %% reinforce-surrogate | wrong | the sign turned
def surrogate(log_prob, reward, baseline):
    advantage = (reward - baseline).detach()
    return (log_prob * advantage).mean()

# %% reinforce-surrogate | wrong | no baseline
def surrogate(log_prob, reward, baseline):
    return -(log_prob * reward.detach()).mean()

# %% reinforce-surrogate | wrong | a gradient into reward and baseline
def surrogate(log_prob, reward, baseline):
    advantage = reward - baseline
    return -(log_prob * advantage).mean()

# %% reinforce-surrogate | wrong | summed over the batch
def surrogate(log_prob, reward, baseline):
    advantage = (reward - baseline).detach()
    return -(log_prob * advantage).sum()

# %% unbiased-baseline | right | loops
def leave_one_out(reward):
    B, S = reward.shape
    out = torch.zeros_like(reward)
    for b in range(B):
        for s in range(S):
            out[b, s] = torch.stack([reward[b, t] for t in range(S) if t != s]).mean()
    return out

# %% unbiased-baseline | wrong | own reward included
def leave_one_out(reward):
    return reward.mean(dim=1, keepdim=True).expand_as(reward)

# %% unbiased-baseline | wrong | divided by S
def leave_one_out(reward):
    B, S = reward.shape
    return (reward.sum(dim=1, keepdim=True) - reward) / S

# %% unbiased-baseline | wrong | one number an image
def leave_one_out(reward):
    return reward.mean(1)

# %% exact-gradient | right | the whole Jacobian
def exact_gradient(scores, reward):
    p = torch.softmax(scores, dim=1)
    jacobian = torch.diag_embed(p) - p.unsqueeze(2) * p.unsqueeze(1)
    return torch.bmm(jacobian, reward.unsqueeze(2)).squeeze(2)

# %% exact-gradient | wrong | p missing
def exact_gradient(scores, reward):
    p = scores.softmax(-1)
    return reward - (p * reward).sum(-1, keepdim=True)

# %% exact-gradient | wrong | parentheses missing
def exact_gradient(scores, reward):
    p = scores.softmax(-1)
    return p * reward - (p * reward).sum(-1, keepdim=True)

# %% exact-gradient | wrong | shortcut
def exact_gradient(scores, reward):
    with torch.enable_grad():
        s = scores.detach().requires_grad_()
        expected = (s.softmax(-1) * reward.detach()).sum()
        return torch.autograd.grad(expected, s)[0]

# %% straight-through | right | one_hot by scatter
def straight_through(scores, noise, tau):
    y = (scores + noise) / tau
    soft = F.softmax(y, dim=-1)
    hard = torch.zeros_like(soft).scatter_(-1, soft.argmax(-1, keepdim=True), 1.0)
    return (hard - soft).detach() + soft

# %% straight-through | wrong | the softmax goes forward
def straight_through(scores, noise, tau):
    return torch.softmax((scores + noise) / tau, dim=-1)

# %% straight-through | wrong | no gradient
def straight_through(scores, noise, tau):
    y = (scores + noise) / tau
    return F.one_hot(y.argmax(-1), y.shape[-1]).float()

# %% straight-through | wrong | tau forgotten
def straight_through(scores, noise, tau):
    soft = (scores + noise).softmax(-1)
    hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).float()
    return hard + soft - soft.detach()

# %% glimpse-at-the-border | right | slices of each image
def glimpse(image, centre, size):
    B, C, H, W = image.shape
    result = []
    for b in range(B):
        top = int(torch.floor((centre[b, 0] + 1) / 2 * H - size / 2 + 0.5))
        left = int(torch.floor((centre[b, 1] + 1) / 2 * W - size / 2 + 0.5))
        window = torch.zeros(C, size, size, dtype=image.dtype)
        for i in range(size):
            for j in range(size):
                if 0 <= top + i < H and 0 <= left + j < W:
                    window[:, i, j] = image[b, :, top + i, left + j]
        result.append(window)
    return torch.stack(result)

# %% glimpse-at-the-border | wrong | x for y
def glimpse(image, centre, size):
    B, C, H, W = image.shape
    padded = F.pad(image, (size, size, size, size))
    out = []
    for b in range(B):
        cx, cy = centre[b].tolist()
        y = math_floor((cy + 1) / 2 * H - size / 2 + 0.5) + size
        x = math_floor((cx + 1) / 2 * W - size / 2 + 0.5) + size
        out.append(padded[b, :, y:y + size, x:x + size])
    return torch.stack(out)

def math_floor(number):
    return int(number // 1)

# %% glimpse-at-the-border | wrong | begins at the centre
def glimpse(image, centre, size):
    B, C, H, W = image.shape
    padded = F.pad(image, [size] * 4)
    start = ((centre + 1) / 2 * torch.tensor([H, W])).floor().long() + size
    return torch.stack([p[:, y:y + size, x:x + size] for p, (y, x) in zip(padded, start.tolist())])
