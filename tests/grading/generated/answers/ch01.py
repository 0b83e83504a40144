# Chapter 1 as learners write it. Read as text, never imported; headings say which exercise and what to expect.

# %% stable-softmax | right | row by row
import torch

def softmax(scores):
    flat = scores.reshape(-1, scores.shape[-1])
    rows = []
    for row in flat:
        e = torch.exp(row - row.max())
        rows.append(e / e.sum())
    return torch.stack(rows).reshape(scores.shape)

# %% stable-softmax | right | by the logarithm of the sum, with prints
def softmax(scores):
    print("scores", scores.shape)
    top = scores.max(-1, keepdim=True).values
    log_sum = top + (scores - top).exp().sum(-1, keepdim=True).log()
    print("sum of the weights", (scores - log_sum).exp().sum(-1))
    return (scores - log_sum).exp()

# %% stable-softmax | wrong | not shifted
def softmax(scores):
    e = torch.exp(scores)
    return e / e.sum(-1, keepdim=True)

# %% stable-softmax | wrong | softmax down the columns
def softmax(scores):
    shifted = scores - scores.max(dim=-2, keepdim=True).values
    weights = shifted.exp()
    return weights / weights.sum(dim=-2, keepdim=True)

# %% stable-softmax | wrong | shifted by the largest of all
def softmax(scores):
    e = (scores - scores.max()).exp()
    return e / e.sum(dim=-1, keepdim=True)

# %% stable-softmax | wrong | the exponential is missing
def softmax(scores):
    return scores / scores.sum(dim=-1, keepdim=True)

# %% stable-softmax | wrong | shortcut
def softmax(scores):
    return F.softmax(scores, dim=-1)

# %% stable-softmax | wrong | backward failed
def softmax(scores):
    scores -= scores.amax(-1, keepdim=True)
    weights = scores.exp()
    return weights / weights.sum(-1, keepdim=True)

# %% stable-softmax | wrong | input changed in place
def softmax(scores):
    scores -= scores.max(-1, keepdim=True).values
    weights = scores.exp()
    return weights / weights.sum(-1, keepdim=True)

# %% scaled-dot-product | right | einsum
def attention(q, k, v, mask=None):
    d = q.size(-1)
    s = torch.einsum("...nd,...md->...nm", q, k) / d ** 0.5
    if mask is not None:
        s = torch.where(mask, s, torch.tensor(float("-inf")))
    a = torch.nan_to_num(torch.softmax(s, dim=-1))
    return torch.einsum("...nm,...me->...ne", a, v)

# %% scaled-dot-product | right | a large negative number, then zero
def attention(q, k, v, mask=None):
    scores = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    if mask is None:
        return scores.softmax(-1) @ v
    weights = scores.masked_fill(~mask, -1e9).softmax(-1)
    return (weights * mask) @ v

# %% scaled-dot-product | wrong | no scale
def attention(q, k, v, mask=None):
    scores = torch.matmul(q, k.transpose(-2, -1))
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return torch.matmul(scores.softmax(-1).nan_to_num(0.0), v)

# %% scaled-dot-product | wrong | mask inverted
def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask, float("-inf"))
    return scores.softmax(dim=-1).nan_to_num() @ v

# %% scaled-dot-product | wrong | NaN for the empty row
def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(mask == False, float("-inf"))  # noqa
    return scores.softmax(dim=-1) @ v

# %% scaled-dot-product | wrong | divided by D
def attention(q, k, v, mask=None):
    d = q.shape[-1]
    scores = q @ k.mT / d
    if mask is not None:
        scores[~mask.expand_as(scores)] = -float("inf")
    return scores.softmax(-1).nan_to_num(0) @ v

# %% scaled-dot-product | wrong | raised NameError
def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])
    return scores.softmax(-1) @ v

# %% additive-scores | right | linear layers' function
def additive_scores(q, k, w_q, w_k, v):
    hidden = torch.tanh(F.linear(q, w_q).unsqueeze(-2) + F.linear(k, w_k).unsqueeze(-3))
    return torch.matmul(hidden, v)

# %% additive-scores | wrong | no tanh
def additive_scores(q, k, w_q, w_k, v):
    return ((q @ w_q.T).unsqueeze(-2) + (k @ w_k.T).unsqueeze(-3)) @ v

# %% additive-scores | wrong | v left out
def additive_scores(q, k, w_q, w_k, v):
    hidden = torch.tanh((q @ w_q.T)[..., :, None, :] + (k @ w_k.T)[..., None, :, :])
    return hidden.sum(-1)

# %% additive-scores | wrong | weights, not scores
def additive_scores(q, k, w_q, w_k, v):
    s = torch.tanh((q @ w_q.T)[..., :, None, :] + (k @ w_k.T)[..., None, :, :]) @ v
    return s.softmax(-1)

# %% split-heads | right | slices
def split_heads(x, num_heads):
    d = x.shape[2] // num_heads
    heads = [x[:, :, h * d:(h + 1) * d] for h in range(num_heads)]
    return torch.stack(heads, 1)

# %% split-heads | wrong | reshaped straight to (B, H, N, D)
def split_heads(x, num_heads):
    B, N, C = x.shape
    return x.view(B, num_heads, N, C // num_heads)

# %% split-heads | wrong | tokens before heads
def split_heads(x, num_heads):
    B, N, C = x.shape
    return x.view(B, N, num_heads, C // num_heads)

# %% merge-heads | right | heads side by side
def merge_heads(x):
    return torch.cat(list(x.unbind(1)), dim=-1)

# %% merge-heads | wrong | reshaped without a transpose
def merge_heads(x):
    B, H, N, D = x.shape
    return x.reshape(B, N, H * D)

# %% merge-heads | wrong | heads averaged
def merge_heads(x):
    return x.mean(dim=1)

# %% multi-head | right | one product for all heads
class MultiHead(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        b, n, c = x.shape
        d = c // self.num_heads
        q, k, v = self.qkv(x).view(b, n, 3, self.num_heads, d).permute(2, 0, 3, 1, 4)
        a = torch.einsum("bhnd,bhmd->bhnm", q, k) / d ** 0.5
        y = torch.einsum("bhnm,bhmd->bnhd", a.softmax(-1), v)
        return self.proj(y.reshape(b, n, c))

# %% multi-head | wrong | no projection
class MultiHead(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        q, k, v = (lib.split_heads(part, self.num_heads) for part in self.qkv(x).chunk(3, -1))
        return lib.merge_heads(attend(q, k, v))

# %% multi-head | wrong | shortcut
class MultiHead(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):
        attention = nn.MultiheadAttention(x.shape[-1], self.num_heads, batch_first=True)
        return attention(x, x, x)[0]

# %% classify-by-lookup | right | attention with a bias on the keys
def classify(images, memory, labels, num_classes, temperature):
    scores = (2 * images @ memory.T - (memory ** 2).sum(1)) / temperature
    return scores.softmax(1) @ torch.eye(num_classes)[labels]

# %% classify-by-lookup | wrong | the farthest wins
def classify(images, memory, labels, num_classes, temperature):
    scores = torch.cdist(images, memory) ** 2 / temperature
    return scores.softmax(-1) @ F.one_hot(labels, num_classes).float()

# %% classify-by-lookup | wrong | temperature ignored
def classify(images, memory, labels, num_classes, temperature):
    difference = images[:, None] - memory
    scores = -(difference ** 2).sum(-1)
    return scores.softmax(-1) @ F.one_hot(labels, num_classes).float()

# %% classify-by-lookup | wrong | nearest neighbour
def classify(images, memory, labels, num_classes, temperature):
    nearest = torch.cdist(images, memory).argmin(dim=1)
    return F.one_hot(labels[nearest], num_classes).float()
