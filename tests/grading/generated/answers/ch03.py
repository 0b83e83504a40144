# Chapter 3 as learners write it. Read as text, never imported; headings say which exercise and what to expect.

# %% squeeze | right | adaptive pooling
def squeeze(x):
    return F.adaptive_avg_pool2d(x, 1).flatten(1)

# %% squeeze | right | a product with equal weights
def squeeze(x):
    B, C, H, W = x.shape
    ones = torch.ones(H * W, dtype=x.dtype) / (H * W)
    return x.reshape(B, C, H * W) @ ones

# %% squeeze | wrong | the sum
def squeeze(x):
    return x.sum(dim=(2, 3))

# %% squeeze | wrong | axes of size 1 kept
def squeeze(x):
    return x.mean(dim=(2, 3), keepdim=True)

# %% squeeze | wrong | over the channels
def squeeze(x):
    return x.mean(dim=1)

# %% squeeze | wrong | the largest
def squeeze(x):
    return x.amax(dim=(-2, -1))

# %% excite | right | functions
class Excite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, s):
        h = torch.clamp(s @ self.fc1.weight.T + self.fc1.bias, min=0)
        z = h @ self.fc2.weight.T + self.fc2.bias
        return 1 / (1 + torch.exp(-z))

# %% excite | wrong | no sigmoid
class Excite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, s):
        return self.fc2(F.relu(self.fc1(s)))

# %% excite | wrong | no ReLU between
class Excite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)

    def forward(self, s):
        s = self.fc1(s)
        s = self.fc2(s)
        return torch.sigmoid(s)

# %% excite | wrong | parameters of another shape
class Excite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        self.fc1 = nn.Linear(dim, dim * 2)
        self.fc2 = nn.Linear(dim * 2, dim)

    def forward(self, s):
        return self.fc2(self.fc1(s).relu()).sigmoid()

# %% squeeze-excite | right | linear layers by hand
class SqueezeExcite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Conv2d(dim, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x):
        means = x.mean((2, 3))
        hidden = F.relu(F.linear(means, self.fc1.weight.flatten(1), self.fc1.bias))
        gates = torch.sigmoid(F.linear(hidden, self.fc2.weight.flatten(1), self.fc2.bias))
        return torch.einsum("bchw,bc->bchw", x, gates)

# %% squeeze-excite | wrong | the gate alone
class SqueezeExcite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Conv2d(dim, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x):
        s = F.adaptive_avg_pool2d(x, 1)
        return torch.sigmoid(self.fc2(F.relu(self.fc1(s))))

# %% squeeze-excite | wrong | added, not multiplied
class SqueezeExcite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Conv2d(dim, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x):
        s = x.mean(dim=(2, 3), keepdim=True)
        return x + self.fc2(self.fc1(s).relu()).sigmoid()

# %% eca | right | a loop over the kernel
def eca(x, weight):
    B, C, H, W = x.shape
    k = weight.shape[-1]
    means = F.pad(x.mean((2, 3)), (k // 2, k // 2))
    scores = sum(weight[0, 0, i] * means[:, i:i + C] for i in range(k))
    return x * torch.sigmoid(scores).view(B, C, 1, 1)

# %% eca | wrong | no sigmoid
def eca(x, weight):
    s = x.mean((2, 3)).unsqueeze(1)
    g = F.conv1d(s, weight, padding=weight.shape[-1] // 2).squeeze(1)
    return x * g[..., None, None]

# %% eca | wrong | around the end
def eca(x, weight):
    half = weight.shape[-1] // 2
    means = x.mean((2, 3))
    g = sum(torch.roll(means, half - i, 1) * weight[0, 0, i] for i in range(weight.shape[-1]))
    return x * g.sigmoid()[:, :, None, None]

# %% eca | wrong | raised TypeError
def eca(x):
    s = x.mean((2, 3)).unsqueeze(1)
    return x * F.conv1d(s, torch.ones(1, 1, 3)).sigmoid()

# %% eca-kernel | right | counted up
def kernel_size(dim, gamma=2, b=1):
    length, size = abs(math.log2(dim) + b) / gamma, 3
    while size + 1 <= length:
        size += 2
    return size

# %% eca-kernel | wrong | natural logarithm
def kernel_size(dim, gamma=2, b=1):
    t = int(abs(math.log(dim) + b) / gamma)
    k = t if t % 2 else t + 1
    return max(3, k)

# %% eca-kernel | wrong | even lengths left
def kernel_size(dim, gamma=2, b=1):
    return max(3, int(abs(math.log2(dim) + b) / gamma))

# %% eca-kernel | wrong | no least size
def kernel_size(dim, gamma=2, b=1):
    size = int(abs(math.log2(dim) + b) / gamma)
    return size if size % 2 == 1 else size + 1

# %% cbam-order | right | convolutions of 1x1
def cbam(x, w1, w2, kernel):
    def what(pooled):
        return F.conv2d(F.relu(F.conv2d(pooled, w1[:, :, None, None])), w2[:, :, None, None])

    x = x * torch.sigmoid(what(F.adaptive_avg_pool2d(x, 1)) + what(F.adaptive_max_pool2d(x, 1)))
    where = torch.stack([x.mean(1), x.max(1).values], dim=1)
    return x * F.conv2d(where, kernel, padding="same").sigmoid()

# %% cbam-order | wrong | places first
def cbam(x, w1, w2, kernel):
    pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
    x = x * F.conv2d(pooled, kernel, padding=3).sigmoid()
    scores = sum((s @ w1.T).relu() @ w2.T for s in (x.mean((2, 3)), x.amax((2, 3))))
    return x * scores.sigmoid()[:, :, None, None]

# %% cbam-order | wrong | side by side
def cbam(x, w1, w2, kernel):
    scores = sum((s @ w1.T).relu() @ w2.T for s in (x.mean((2, 3)), x.amax((2, 3))))
    pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], 1)
    where = F.conv2d(pooled, kernel, padding=3).sigmoid()
    return x * scores.sigmoid()[:, :, None, None] * where

# %% cbam-order | wrong | maximum before mean
def cbam(x, w1, w2, kernel):
    scores = sum((s @ w1.T).relu() @ w2.T for s in (x.mean((2, 3)), x.amax((2, 3))))
    x = x * scores.sigmoid()[:, :, None, None]
    pooled = torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)
    return x * F.conv2d(pooled, kernel, padding=3).sigmoid()

# %% gate-that-cannot-close | right | a linear layer over the channels
def spatial_gate(x, w1, b1, w2, b2):
    hidden = torch.clamp(F.conv2d(x, w1, b1, padding="same"), min=0)
    score = torch.einsum("brhw,r->bhw", hidden, w2.flatten()) + b2
    return x * torch.sigmoid(score)[:, None]

# %% gate-that-cannot-close | wrong | the second ReLU left in
def spatial_gate(x, w1, b1, w2, b2):
    hidden = F.conv2d(x, w1, b1, padding=1).relu()
    gate = F.conv2d(hidden, w2, b2).relu().sigmoid()
    return x * gate

# %% gate-that-cannot-close | wrong | nothing between the convolutions
def spatial_gate(x, w1, b1, w2, b2):
    hidden = F.conv2d(x, w1, b1, padding=1)
    gate = F.conv2d(hidden, w2, b2).sigmoid()
    return x * gate

# %% gate-that-cannot-close | wrong | gate detached
def spatial_gate(x, w1, b1, w2, b2):
    with torch.no_grad():
        hidden = F.relu(F.conv2d(x, w1, b1, padding=1))
        gate = F.conv2d(hidden, w2, b2).sigmoid()
    return x * gate
