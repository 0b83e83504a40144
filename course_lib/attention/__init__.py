"""Attention, one idea a file. This folder stands on torch alone.

attend.py              attend: softmax attention, the primitive that every mechanism is wired from
                       attend_with_scores, attention_weights: its two steps, for scores of another kind
scores.py              five ways to ask "how well does this key answer this query?"
multihead.py           several lookups at once, with learned projections: self- and cross-attention
non_local_operator.py  non_local: every place gathers from every place, by one of four functions
non_local.py           NonLocal: the operator as a block in a network, in 1D, 2D and 3D
self_attention_2d.py   self-attention on feature maps, as in SAGAN
positions.py           sine-cosine positions: attention alone does not know where a token stands; resizing
relative_bias.py       RelativePositionBias: a learned number for every offset between two places
windows.py             attention inside windows of the map, shifted so that windows meet, as in Swin
criss_cross.py         attention along the row and the column of each place
dual_attention.py      channels that attend to channels; with self_attention_2d.py both heads of DANet
scale_fusion.py        attention to scale: predictions at several scales, weighed at every pixel
rollout.py             rollout: attention followed through all layers
record.py              record_attention: look at the weights of every attend inside a model
coordinates.py         place_centres: where a place lies on a map of any size
soft_location.py       one distribution over the places of a map, and the features expected under it

Beside softmax attention:

glimpse.py             glimpses: sharp in the middle, coarse around it, nothing elsewhere
location_policy.py     draw_place, draw_centre: hard attention, a draw and its log-probability
score_function.py      surrogate_loss: how a draw is learned (REINFORCE), with or without a baseline
gumbel.py              gumbel_softmax: a draw with the gradient of a softmax, which is biased
squeeze_excitation.py  a gate for each channel, from the means of all
eca.py                 a gate for each channel, from the means of its neighbours
spatial_gate.py        a gate for each place: two convolutions, or CBAM's one over mean and maximum
gates.py               AttentionGate: the decoder of a U-Net opens and closes the pixels of a skip
cbam.py                channel gate and spatial gate, one after the other or side by side
context_gating.py      a gate for each feature of a vector, from all of its features

Layouts: tokens (B, N, C), heads (B, H, N, D); N queries, M keys. Scores come before the softmax, weights
after it. Masks are bool, True = may attend; a query that may attend to nothing gets zeros.
"""

from course_lib.attention.attend import attend, attend_with_scores, attention_weights
from course_lib.attention.cbam import CBAM, CBAMChannelGate, ParallelCBAM
from course_lib.attention.context_gating import ContextGating
from course_lib.attention.coordinates import place_centres
from course_lib.attention.criss_cross import CrissCrossAttention, criss_cross_mask, spread_criss_cross
from course_lib.attention.dual_attention import ChannelAttention, DualAttention
from course_lib.attention.eca import EfficientChannelAttention, eca_kernel_size
from course_lib.attention.gates import AttentionGate
from course_lib.attention.glimpse import glimpse_pixels, glimpses
from course_lib.attention.gumbel import gumbel_noise, gumbel_softmax
from course_lib.attention.location_policy import draw_centre, draw_place
from course_lib.attention.multihead import MultiHeadAttention, from_torch, merge_heads, split_heads
from course_lib.attention.non_local import NonLocal
from course_lib.attention.non_local_operator import non_local
from course_lib.attention.positions import interpolate_positions, sincos_positions_1d, sincos_positions_2d
from course_lib.attention.record import record_attention
from course_lib.attention.relative_bias import RelativePositionBias, relative_position_index
from course_lib.attention.rollout import rollout
from course_lib.attention.scale_fusion import ScaleFusion
from course_lib.attention.score_function import (
    LearnedBaseline,
    RunningBaseline,
    baseline_loss,
    surrogate_loss,
)
from course_lib.attention.scores import (
    additive_scores,
    bilinear_scores,
    cosine_scores,
    dot_scores,
    scaled_dot_scores,
)
from course_lib.attention.self_attention_2d import SelfAttention2d
from course_lib.attention.soft_location import expected_place, soft_location
from course_lib.attention.spatial_gate import CBAMSpatialGate, SpatialGate
from course_lib.attention.squeeze_excitation import SqueezeExcitation
from course_lib.attention.windows import WindowAttention, from_windows, shifted_mask, to_windows

__all__ = [
    "AttentionGate",
    "CBAM",
    "CBAMChannelGate",
    "CBAMSpatialGate",
    "ChannelAttention",
    "ContextGating",
    "CrissCrossAttention",
    "DualAttention",
    "EfficientChannelAttention",
    "LearnedBaseline",
    "MultiHeadAttention",
    "NonLocal",
    "ParallelCBAM",
    "RelativePositionBias",
    "RunningBaseline",
    "ScaleFusion",
    "SelfAttention2d",
    "SpatialGate",
    "SqueezeExcitation",
    "WindowAttention",
    "additive_scores",
    "attend",
    "attend_with_scores",
    "attention_weights",
    "baseline_loss",
    "bilinear_scores",
    "cosine_scores",
    "criss_cross_mask",
    "dot_scores",
    "draw_centre",
    "draw_place",
    "eca_kernel_size",
    "expected_place",
    "from_torch",
    "from_windows",
    "glimpse_pixels",
    "glimpses",
    "gumbel_noise",
    "gumbel_softmax",
    "interpolate_positions",
    "merge_heads",
    "non_local",
    "place_centres",
    "record_attention",
    "relative_position_index",
    "rollout",
    "scaled_dot_scores",
    "shifted_mask",
    "sincos_positions_1d",
    "sincos_positions_2d",
    "soft_location",
    "split_heads",
    "spread_criss_cross",
    "surrogate_loss",
    "to_windows",
]
