"""Submissions that are not friendly, and a few that are, as data."""

from hostile_bank import apart, conduct, frames, judging, papers, processes, reading, telling, writing
from hostile_bank.attack import ATTACKED, FORBIDDING, OTHER, RIGHT, WRONG

ATTACKS = tuple(
    attack
    for theme in (judging, frames, conduct, reading, writing, processes, telling, papers, apart)
    for attack in theme.ATTACKS
)
_ATTENTION = """
import torch
def attention(q, k, v, mask=None):
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    return scores.softmax(-1).nan_to_num(0.0) @ v
"""
# Student -> exercise -> its cell. Some right, some wrong as people are.
HONEST = {
    "honest": {**RIGHT, FORBIDDING: _ATTENTION},
    "honest and wrong": {
        ATTACKED: "def softmax(scores):\n    return scores.exp() / scores.exp().sum(-1, keepdim=True)\n",
        OTHER: "def split_heads(x, num_heads):\n    print('shapes:', x.shape)\n"
               "    return x.reshape(x.shape[0], num_heads, x.shape[1], -1)\n",
    },
    "honest and broken": {ATTACKED: "def softmax(scores) return 1", OTHER: WRONG.replace("softmax", "other")},
    "zoe, honest and last": {**RIGHT, FORBIDDING: _ATTENTION.replace("nan_to_num(0.0)", "double()")},
}
