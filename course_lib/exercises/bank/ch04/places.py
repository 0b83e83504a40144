"""What the chapter's map exercises have in common: the embedded Gaussian, part by part."""

import torch


def in_order(x):
    return x.flatten(2).mT  # (B, C, ...) -> (B, N, C)


def embedded(tokens, w_theta, w_phi, w_g):
    return tokens @ w_theta.T, tokens @ w_phi.T, tokens @ w_g.T


def products(theta, phi):
    return theta @ phi.mT  # (B, N, N)


def over_keys(scores):
    return scores.softmax(-1)


def gathered(weights, g):
    return weights @ g  # (B, N, N) @ (B, N, E)


def back(y, space):
    return y.mT.unflatten(2, space)  # (B, N, E) -> (B, E, ...)


def wired(
    read=in_order,
    roles=embedded,
    scores=products,
    weigh=over_keys,
    gather=gathered,
    write=back,
    end=lambda y, x: y,
):
    """The embedded Gaussian on a map or a clip, with one part exchanged."""

    def answer(x, w_theta, w_phi, w_g):
        theta, phi, g = roles(read(x), w_theta, w_phi, w_g)
        y = gather(weigh(scores(theta, phi)), g)
        return end(write(y, x.shape[2:]), x)

    return answer


# Slips of the softmax: `weigh`


def over_all_pairs(scores):
    return scores.flatten(1).softmax(-1).view_as(scores)


def exponential_only(scores):
    return scores.exp()


def count_of_keys(scores):
    return scores / scores.shape[-1]


def unnormalised(scores):
    return scores


# Slips of the scores: `scores`


def scaled(size):
    """`size` is given N and D."""
    return lambda theta, phi: products(theta, phi) / size(*theta.shape[1:])


def batch_as_one(theta, phi):
    """The scores of all samples' places with all samples' places."""
    return theta.flatten(0, 1) @ phi.flatten(0, 1).mT


def gathered_in_one(weights, g):
    return (weights @ g.flatten(0, 1)).view_as(g)


# Slips of the order: `read` and `write`


def viewed(x):
    return x.reshape(len(x), -1, x.shape[1])


def viewed_back(y, space):
    return y.reshape(len(y), -1, *space)


def mixed(tokens):
    """(B, N, D) as it comes from maps (B, D, N) by a reshape, without a transpose."""
    return tokens.mT.reshape(tokens.shape)


def viewed_keys(theta, phi):
    return theta @ phi.reshape(len(phi), phi.shape[2], phi.shape[1])


def cosines(theta, phi):
    return products(theta / theta.norm(dim=-1, keepdim=True), phi / phi.norm(dim=-1, keepdim=True))


def shared_out(scores):
    return scores.softmax(-1) / scores.shape[-1]


# Slips of who asks whom: `roles`


def exchanged(tokens, w_theta, w_phi, w_g):
    return embedded(tokens, w_phi, w_theta, w_g)


def theta_for_phi(tokens, w_theta, w_phi, w_g):
    return embedded(tokens, w_theta, w_theta, w_g)


def phi_for_theta(tokens, w_theta, w_phi, w_g):
    return embedded(tokens, w_phi, w_phi, w_g)


def phi_for_g(tokens, w_theta, w_phi, w_g):
    return embedded(tokens, w_theta, w_phi, w_phi)


def theta_for_g(tokens, w_theta, w_phi, w_g):
    return embedded(tokens, w_theta, w_phi, w_theta)


def x_for_g(tokens, w_theta, w_phi, w_g):
    return tokens @ w_theta.T, tokens @ w_phi.T, tokens


def nothing_embedded(tokens, w_theta, w_phi, w_g):
    return tokens, tokens, tokens @ w_g.T


def not_transposed(tokens, w_theta, w_phi, w_g):
    return tokens @ w_theta, tokens @ w_phi, tokens @ w_g


def theta_mixed(tokens, w_theta, w_phi, w_g):
    theta, phi, g = embedded(tokens, w_theta, w_phi, w_g)
    return mixed(theta), phi, g


def g_mixed(tokens, w_theta, w_phi, w_g):
    theta, phi, g = embedded(tokens, w_theta, w_phi, w_g)
    return theta, phi, mixed(g)


def all_mixed(tokens, w_theta, w_phi, w_g):
    return [mixed(t) for t in embedded(tokens, w_theta, w_phi, w_g)]


# Slips of the rest


def keys_gather(weights, g):
    return weights.mT @ g


def residual(y, x):
    return y + x


def weights_detached(scores):
    return scores.softmax(-1).detach()


def own_place_only(weights, g):
    return g + 0 * weights.sum()


def one_for_all(weights, g):
    return (weights @ g).mean(1, keepdim=True).expand_as(g)


def own_place_left_out(scores):
    return scores.masked_fill(torch.eye(scores.shape[-1], dtype=torch.bool), -torch.inf).softmax(-1)


# Right ones


def g_last(x, w_theta, w_phi, w_g):
    """The places are blended first and become values afterwards: both are linear."""
    tokens = in_order(x)
    weights = (tokens @ w_theta.T @ w_phi @ tokens.mT).softmax(-1)
    return back(weights @ tokens @ w_g.T, x.shape[2:])


def channels_first(x, w_theta, w_phi, w_g):
    """As published for images: maps stay (B, D, N), and only theta is turned."""
    maps = x.flatten(2)  # (B, C, N)
    theta, phi, g = w_theta @ maps, w_phi @ maps, w_g @ maps
    weights = torch.bmm(theta.transpose(1, 2), phi).softmax(2)  # (B, N, N)
    return torch.bmm(g, weights.transpose(1, 2)).reshape(len(x), -1, *x.shape[2:])


def fused(x, w_theta, w_phi, w_g):
    q, k, v = embedded(in_order(x), w_theta, w_phi, w_g)
    y = torch.nn.functional.scaled_dot_product_attention(q, k, v, scale=1.0)
    return back(y, x.shape[2:])


def normalised_last(x, w_theta, w_phi, w_g):
    """The exponential by hand, and the division by C(x) at the end."""
    theta, phi, g = embedded(in_order(x), w_theta, w_phi, w_g)
    scores = products(theta, phi)
    f = (scores - scores.amax(-1, keepdim=True)).exp()
    return back(f @ g / f.sum(-1, keepdim=True), x.shape[2:])


def in_double(x, w_theta, w_phi, w_g):
    answer = wired()(x.double(), w_theta.double(), w_phi.double(), w_g.double())
    return answer.to(x.dtype)
