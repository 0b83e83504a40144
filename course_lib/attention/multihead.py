"""Multi-head attention: several lookups side by side, each on its own slice of the channels."""

from torch import Tensor, nn

from course_lib.attention._checks import check_dropout
from course_lib.attention.attend import attend


class MultiHeadAttention(nn.Module):
    """Multi-head self-attention, or cross-attention with a `context_dim` (Vaswani et al. 2017, sec. 3.2.2).

    Parameters are named as in timm, whose `Attention` state dicts load here: `qkv`, `proj`. Cross-attention
    has `q`, `kv`, `proj`. They start as every `nn.Linear` does, as timm's do; a model sets another start
    itself. Normalisation and the residual stay outside.

    Args:
        dim: channels C of the tokens and of the result; a multiple of num_heads.
        num_heads: H. Each head works on D = C / H channels.
        context_dim: channels of the context that keys and values are made from; None for self-attention.
        qkv_bias: whether q, k and v have a bias. `proj` always has one.
        attn_drop: share of the weights dropped while training, in [0, 1).
        proj_drop: share of the result dropped while training, in [0, 1).

    Raises:
        ValueError: dim is not a multiple of num_heads; a number out of range.
    """

    def __init__(
        self,
        dim: int,
        num_heads: int = 8,
        *,
        context_dim: int | None = None,
        qkv_bias: bool = False,
        attn_drop: float = 0.0,
        proj_drop: float = 0.0,
    ) -> None:
        super().__init__()
        _check_heads(dim, num_heads)
        check_dropout(attn_drop, "attn_drop")
        check_dropout(proj_drop, "proj_drop")
        self.dim, self.num_heads, self.context_dim, self.attn_drop = dim, num_heads, context_dim, attn_drop
        if context_dim is None:
            self.qkv = nn.Linear(dim, 3 * dim, bias=qkv_bias)
        else:
            self.q = nn.Linear(dim, dim, bias=qkv_bias)
            self.kv = nn.Linear(context_dim, 2 * dim, bias=qkv_bias)
        self.proj = nn.Linear(dim, dim)
        self.proj_drop = nn.Dropout(proj_drop)

    def forward(
        self,
        x: Tensor,
        context: Tensor | None = None,
        *,
        mask: Tensor | None = None,
        bias: Tensor | None = None,
    ) -> Tensor:
        """Let each token of x gather from all tokens of x, or of the context.

        Args:
            x: tokens, (B, N, C).
            context: (B, M, context_dim), if the module was made with a context_dim; else left out.
            mask: bool, broadcasts to (B, H, N, M); True = may attend.
            bias: floating, broadcasts to (B, H, N, M); added to the scores.

        Returns:
            (B, N, C).

        Raises:
            ValueError: channels that do not fit, a context too many or missing; as `attend`.
        """
        _check_channels("x", x, self.dim)
        if self.context_dim is None:
            if context is not None:
                raise ValueError("context was given to self-attention; make the module with context_dim.")
            q, k, v = self.qkv(x).chunk(3, dim=-1)  # (B, N, 3C) -> 3 x (B, N, C)
        else:
            if context is None:
                raise ValueError(f"context is missing: this module needs tokens (B, M, {self.context_dim}).")
            _check_channels("context", context, self.context_dim)
            q = self.q(x)  # (B, N, C)
            k, v = self.kv(context).chunk(2, dim=-1)  # (B, M, 2C) -> 2 x (B, M, C)
        q, k, v = (split_heads(t, self.num_heads) for t in (q, k, v))  # (B, H, N, D), then twice (B, H, M, D)
        dropout_p = self.attn_drop if self.training else 0.0
        out = attend(q, k, v, mask=mask, bias=bias, dropout_p=dropout_p)  # (B, H, N, D)
        return self.proj_drop(self.proj(merge_heads(out)))  # (B, N, C)

    def extra_repr(self) -> str:
        return f"dim={self.dim}, num_heads={self.num_heads}, attn_drop={self.attn_drop}"


def split_heads(x: Tensor, num_heads: int) -> Tensor:
    """(B, N, C) -> (B, H, N, D): head h takes channels h*D to (h+1)*D. A view; any number of leading axes.

    Raises:
        ValueError: C is not a multiple of num_heads.
    """
    _check_heads(x.shape[-1], num_heads)
    x = x.unflatten(-1, (num_heads, x.shape[-1] // num_heads))  # (B, N, H, D)
    return x.transpose(-3, -2)  # (B, H, N, D)


def merge_heads(x: Tensor) -> Tensor:
    """(B, H, N, D) -> (B, N, C): undoes split_heads."""
    return x.transpose(-3, -2).flatten(-2)  # (B, N, H, D) -> (B, N, C)


def from_torch(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of `nn.MultiheadAttention(C, H)`, renamed for `MultiHeadAttention(C, H, qkv_bias=True)`.

    Raises:
        ValueError: it has other parameters (made with kdim, vdim, bias=False or add_bias_kv).
    """
    names = {
        "in_proj_weight": "qkv.weight",
        "in_proj_bias": "qkv.bias",
        "out_proj.weight": "proj.weight",
        "out_proj.bias": "proj.bias",
    }
    if state.keys() != names.keys():
        raise ValueError(f"state must have exactly {', '.join(names)}; got {', '.join(state) or 'nothing'}.")
    return {names[name]: tensor for name, tensor in state.items()}


def _check_heads(dim: int, num_heads: int) -> None:
    if dim < 1 or num_heads < 1:
        raise ValueError(f"dim and num_heads must be at least 1, got {dim} and {num_heads}.")
    if dim % num_heads:
        divisors = [h for h in range(1, dim + 1) if dim % h == 0]
        near = [max(h for h in divisors if h < num_heads), *[h for h in divisors if h > num_heads][:1]]
        would_do = " and ".join(map(str, near))
        raise ValueError(f"dim ({dim}) must be a multiple of num_heads ({num_heads}); {would_do} would do.")


def _check_channels(name: str, x: Tensor, need: int) -> None:
    if x.ndim < 2 or x.shape[-1] != need:
        raise ValueError(f"{name} must be tokens (B, tokens, {need}), got shape {tuple(x.shape)}.")
