# %% [markdown]
# # 1 · Dot-product attention
#
# **How do you look something up when no key matches exactly?**
#
# One small patch of the photo below, the blue square, is a *question*: who looks like me? The bright places are the answer, found by one line of
# algebra and no training. It found the other eye. This chapter builds that line, symbol by symbol, and ends with a module that you can put
# into a network.
#
# After it you can **write** scaled dot-product attention with masks, **say** why each of its parts is there and what breaks without it, **choose**
# between five ways to score, **split** attention into heads, and **recognise** two slips of published code and a trap of PyTorch.
#
# *About 95 minutes of reading and 60 of exercises. You need Python, matrix products, and a little PyTorch.*

# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

import course_lib.attention as lib
from course_lib import data, experiments, viz
from course_lib.attention import attend, record_attention
from course_lib.data.colors import equal_colors
from course_lib.exercises import check, hint, predict, quiz

viz.use_style()

# %% tags=["cover"]
cat, small = data.photo("cat"), data.photo("cat", max_side=150)  # (3, 300, 451), (3, 100, 150)
patches = F.unfold(equal_colors(small)[None], 5, stride=2)[0].T  # (48 * 73, 75)
keys = F.normalize(patches, dim=1) * 75**0.5                     # every length the same
weights = (keys[20 * 73 + 29] @ keys.T / 75**0.5).softmax(-1).view(48, 73)
ax = viz.attention_over_photo(cat, weights, (20, 29), patch=15, stride=6, vmax=45,
                              title="Who looks like this patch of the iris?")
viz.show(ax, alt="A cat's face in grey. A blue square marks a small patch in the iris of its "
                 "left eye in the picture. The rest of that iris glows, and so does the iris of "
                 "the other eye; elsewhere there are only faint spots.")

# %% [markdown]
# ## 1 · A dictionary that answers with a blend
# *10 minutes, then exercise 1.1*
#
# A lamp in a museum dims with daylight. Five times a day somebody measured how much light came through the window.

# %%
hours = torch.tensor([6.0, 9.0, 12.0, 15.0, 18.0])
light = torch.tensor([5.0, 40.0, 90.0, 60.0, 10.0])
table = dict(zip(hours.tolist(), light.tolist()))
print("at 12 h:", table[12.0])
try:
    print("at 10.5 h:", table[10.5])
except KeyError as error:
    print("at 10.5 h: KeyError", error)

# %% [markdown]
# A dictionary knows a key or it does not. But light at half past ten is no mystery: it will be somewhere between nine and noon. So let every
# measurement answer, each with a weight that falls with its distance from the question.

# %% tags=["predict"]
predict("between-two-keys")

# %%
def blend(query, sharpness):
    scores = -sharpness * (query[:, None] - hours) ** 2  # (N, 5): high where the hour is near
    weights = scores.exp() / scores.exp().sum(-1, keepdim=True)  # (N, 5): rows sum to 1
    return weights @ light, weights                              # (N,), (N, 5)


answer, weights = blend(torch.tensor([10.5]), 0.2)
print("weights", [f"{w:.3f}" for w in weights[0].tolist()])
print(f"light at 10.5 h: {answer.item():.1f}")

# %% [markdown]
# Five words for what just happened; they stay for the whole course. What you ask with is the ***query***, 10.5 h. Each hour that it is compared with is a
# ***key***. How well the two go together is the ***score***. An exponential makes the scores positive, a division makes them sum to 1, and then each is a
# ***weight***. What stands under a key and is blended, here the light, is its ***value***.
#
# The step from scores to weights has a name, ***softmax***. For one query, with $s_j$ the score of key $j$ and $v_j$ its value:
#
# $$ w_j = \frac{e^{s_j}}{\sum_{m=1}^{M} e^{s_m}}, \qquad \text{answer} = \sum_{j=1}^{M} w_j\, v_j $$
#
# $M$ is the number of keys, here 5. In the code a row of `scores` holds $s_1 \dots s_M$, and `weights @ light` is the sum on the right. Why
# the exponential? It makes every weight positive, and it turns a *difference* of scores into a *ratio* of weights, so adding a constant to all scores
# changes nothing.
#
# `sharpness` sets how fast the weight falls. Ask at every minute of the day, with three of them:

# %%
day = torch.linspace(4, 20, 400)
fig, ax = plt.subplots(figsize=(7, 3.4))
for sharpness, style in ((0.01, ":"), (0.2, "-"), (10.0, "--")):
    ax.plot(day, blend(day, sharpness)[0], style, label=f"sharpness {sharpness:g}")
ax.plot(hours, light, "o", color=viz.KEY, label="measured")
ax.set(xlabel="hour of the day", ylabel="light", title="One lookup, three sharpnesses")
ax.legend()
viz.show(fig, alt="Light against the hour of the day. With low sharpness the answer is nearly "
                  "flat near the mean of all five. With medium sharpness it is a smooth hill "
                  "that misses the measured peak of 90 by ten. With high sharpness it is a "
                  "staircase that jumps from one measurement to the next.")

# %% [markdown]
# The middle one gives 80 at noon, where 90 was measured: a blend does not even return what it holds. Flat, and the answer is the mean of everything. Sharp, and it is the nearest key: the dictionary is back, now without the KeyError.
# Attention lives between the two, and unlike the dictionary it has a slope everywhere, so a network can learn by it.

# %% tags=["poke"]
# Poke it: how sharp must it be until the answer at noon is within 1 of what was measured?
for sharpness in (0.2, 0.3, 0.5, 1.0):
    noon, _ = blend(torch.tensor([12.0]), sharpness)
    print(f"sharpness {sharpness}   at 12 h: {noon.item():.1f}")

# %% [markdown]
# Now ask at an hour far outside, with the sharp one:

# %%
print("at 18 h:", blend(torch.tensor([18.0]), 10.0)[0].item())
print("at 30 h:", blend(torch.tensor([30.0]), 10.0)[0].item())

# %% [markdown]
# `nan`, not a number. The best score at 30 h is $-10 \cdot 12^2 = -1440$, and $e^{-1440}$ is smaller than the smallest number that float32 can
# hold. So it becomes 0, all five do, and $0/0$ is not a number. Large positive scores fail at the other end: $e^{89}$ is already infinite. The
# formula is right and the code is not.

# %% [markdown] tags=["card"]
# ### Exercise 1.1 · A stable softmax
# **difficulty** ●●○○○ **importance** ●●●●○ **about 6 minutes** **2 points**
#
# Complete `softmax(scores)` so that it survives any finite scores. One line is missing. `torch.softmax` and its relatives are closed for this one.
#
# | | shape | |
# |---|---|---|
# | `scores` | `(..., M)` | any finite number, and -inf for a key that may not be looked at; at least one finite a row |
# | returns | `(..., M)` | sums to 1 along the last axis; 0 for a key at -inf, else positive |
#
# On paper: scores `[1000, 1000 + ln 3]`, that is 1000 and 1001.0986. The weights are 1/4 and 3/4, as for 0 and ln 3.

# %% tags=["exercise"] exercise="stable-softmax"
def softmax(scores):
    # BEGIN SOLUTION
    shifted = scores - scores.amax(dim=-1, keepdim=True)  # the largest becomes 0, its exponential 1
    # STUB
    #| # YOUR CODE HERE: make `shifted` out of `scores`
    #| raise NotImplementedError("exercise stable-softmax")
    # END SOLUTION
    weights = shifted.exp()
    return weights / weights.sum(dim=-1, keepdim=True)


check("stable-softmax", softmax)

# %% [markdown] tags=["instructor"]
# The room gets 1.1 in five minutes. Those who subtract `scores.max()` pass everything except "rows far apart", which is the discussion worth having: batches
# are where a global maximum fails. In ninety minutes it is homework; the plan is at the end.

# %% [markdown]
# ## 2 · Find the patches that look like this one
# *10 minutes*
#
# Hours are one number each. Now let the keys be patches of a photo. Slide a window of 5 x 5 pixels over a small copy of the cat, two pixels at
# a time. With three colours each patch is a vector of 75 numbers, and there are 48 x 73 of them.

# %%
small = data.photo("cat", max_side=150)        # (3, 100, 150)
raw = F.unfold(small[None], 5, stride=2)[0].T  # (3504, 75), a row a patch
iris = 20 * 73 + 29                            # the patch at row 20, column 29
print(tuple(raw.shape))

# %% [markdown]
# To compare two vectors, multiply them number by number and add up: the ***dot product***. It is cheap, a whole table of scores is one matrix product, and
# a GPU does nothing better than matrix products. So: patches as keys, one patch of the iris as the query, and we are done?

# %% tags=["predict"]
predict("raw-patches")

# %%
raw_weights = (raw[iris] @ raw.T).softmax(-1).view(48, 73)
print(f"mean cosine of two patches {lib.cosine_scores(raw, raw).mean():.2f}")
ax = viz.attention_over_photo(data.photo("cat"), raw_weights, (20, 29), patch=15, stride=6,
                              title="Plain dot product: the brightest patches win")
viz.show(ax, alt="The cat in grey with a patch of its iris outlined. Nothing in the eyes glows; "
                 "the glow is on the brightest place of the photo, a patch of white at the left "
                 "edge, and faintly on the white cloth at the right.")

# %% [markdown]
# The eye looks at a white spot at the edge. A dot product asks two questions at once: *do we point the same way*, and *how long are you*. Pixel values are all
# positive, so all patches point roughly the same way (the cosine between two of them is printed below), and what is left is length: brightness.
#
# So prepare the keys. Subtract the mean colour of the photo, so that vectors can point in opposite directions. Make the three colours equally strong and
# uncorrelated, since in a photo of a brown cat they nearly agree (`equal_colors` does both; it is called whitening). And give every patch the same length.

# %%
patches = F.unfold(equal_colors(small)[None], 5, stride=2)[0].T  # (3504, 75)
keys = F.normalize(patches, dim=1) * 75**0.5                     # (3504, 75), length sqrt(75)
weights = (keys @ keys.T / 75**0.5).softmax(-1)                  # (3504, 3504)
print("queries x keys:", tuple(weights.shape))
print(f"rows sum to {weights.sum(-1).mean():.4f}")

# %% [markdown]
# That is the line from the top of the chapter, for all 3504 queries at once. The `75**0.5` twice looks arbitrary; section 3 is about it. The bars
# count in multiples of the uniform weight, 1/3504. Four of the rows:

# %%
queries = {"the iris finds both irises": (20, 29, 45),
           "the nose finds ears and reddish fur": (39, 43, 40),
           "white fur finds white fur and cloth": (39, 9, 17),
           "a shadow finds shadows and pupils": (6, 71, 29)}
fig, axes = plt.subplots(2, 2, figsize=(8.4, 5.4))
for ax, (title, (row, col, vmax)) in zip(axes.flat, queries.items()):
    one = weights[row * 73 + col].view(48, 73)
    viz.attention_over_photo(data.photo("cat"), one, (row, col), patch=15, stride=6, vmax=vmax,
                             title=title, ax=ax)
    ax.child_axes[0].set_ylabel("x uniform")
viz.show(fig, alt="Four maps over the cat. A patch of the iris lights up both irises. A patch of "
                  "the nose lights up the inside of the ears and a band of reddish fur on the "
                  "cheek. White fur lights up the white chest around it, and the cloth. A dark "
                  "patch of the background lights up the other shadows and, faintly, the pupils.")

# %% [markdown]
# No map was trained and nobody said what an eye is. Admiring is easy, so count: the eyes are in known places. What share of the weight does each query put on them?

# %%
eyes = torch.zeros(100, 150)
eyes[28:50, 45:71] = eyes[37:55, 98:116] = 1  # both eyes in the small copy, boxes set by hand
in_eyes = F.unfold(eyes[None, None], 5, stride=2)[0].mean(0) > 0.5  # (3504,)
print(f"{in_eyes.float().mean():.3f} of all patches lie in the eyes")
for title, (row, col) in {"iris": (20, 29), "nose": (39, 43), "white fur": (39, 9)}.items():
    print(f"{title:10} puts {weights[row * 73 + col][in_eyes].sum():.3f} of its weight there")

# %% [markdown]
# Six patches in a hundred get 61 per cent of the weight, ten times their share. The rest is spread over everything: a softmax never says no.
#
# And the blend itself? Replace each patch by the weighted mean of all patches that look like it: `weights @ patches`. Noise differs from patch to patch
# and averages out; what they share stays. That is *non-local means* (Buades, Coll and Morel 2005), and chapter 4 begins with it.

# %% tags=["poke"]
# Poke it: give the query twice the length. The direction is the same. What happens to the map, and why?
for length in (0.5, 1, 2, 4):
    row = (length * keys[iris] @ keys.T / 75**0.5).softmax(-1)
    print(f"query x {length:3}   in the eyes {row[in_eyes].sum():.2f}   largest {row.max():.4f}")

# %% [markdown]
# ## 3 · Why divide by the square root of *d*?
# *10 minutes*
#
# Patches had 75 numbers. In a network vectors are longer, a few hundred, and nothing else about the lookup changes. So change only that. Queries and
# keys are noise, with nothing to find:

# %%
torch.manual_seed(0)
for d in (8, 64, 512):
    q, k = torch.randn(500, d), torch.randn(256, d)  # 500 queries, 256 keys
    weights = (q @ k.T).softmax(-1)                  # (500, 256)
    print(f"d = {d:3}   largest weight {weights.amax(-1).mean():.2f}")

# %% [markdown]
# No key deserves more than 1/256 = 0.004. With 512 numbers a vector, one key picked by chance takes 0.91 on average. The blend is gone; this lookup has
# become an `argmax` over noise.

# %% tags=["predict"]
predict("why-sharper")

# %% [markdown]
# Take one score apart. It is a sum of $d$ products, one for each number of the vectors:
#
# $$ s = q \cdot k = \sum_{i=1}^{d} q_i k_i, \qquad \operatorname{Var}(s) = \sum_{i=1}^{d} \operatorname{Var}(q_i k_i) = d $$
#
# Each product has mean 0 and variance 1, and variances of independent terms add. So scores spread with standard deviation $\sqrt d$: 2.8, then 8, then 22.6. A
# softmax turns differences into ratios: a lead of 22 is a factor of $e^{22}$, over three billion. Divide by exactly what grew, and you have the formula
# that this chapter is named after, ***scaled dot-product attention***:
#
# $$ \operatorname{attention}(Q, K, V) = \operatorname{softmax}\!\left(\frac{Q K^\top}{\sqrt d}\right) V $$
#
# $Q$ is `(N, d)`, $K$ is `(M, d)`, $V$ is `(M, e)`; the scores are `(N, M)`, the softmax runs along the keys, and the answer is `(N, e)`.

# %%
torch.manual_seed(0)
for d in (8, 64, 512):
    s = torch.randn(500, d) @ torch.randn(256, d).T  # (500, 256)
    raw, root, whole = (f"{t.softmax(-1).amax(-1).mean():.3f}" for t in (s, s / d**0.5, s / d))
    print(f"d = {d:3}   spread {s.std():4.1f}   raw {raw}   / sqrt(d) {root}   / d {whole}")

# %% [markdown]
# Divided by $\sqrt d$, the largest weight hardly depends on $d$ any more. Divided by $d$ it sinks to 1/256 and the map is flat: no attention at all. That is also the second `75**0.5` of section 2: a Gaussian
# vector of $d$ numbers has length about $\sqrt d$, so patches of length $\sqrt{75}$ get scores as large as those of noise of that width. Here
# are all 256 weights of a query, sorted (the median over 200 queries):

# %%
torch.manual_seed(0)
fig, axes = plt.subplots(1, 2, figsize=(9, 3.4), sharey=True)
for ax, title, scaled in zip(axes, ("raw", "divided by sqrt(d)"), (False, True)):
    for d, style in ((8, "-"), (64, "--"), (512, ":")):
        s = torch.randn(200, d) @ torch.randn(256, d).T / (d**0.5 if scaled else 1)  # (200, 256)
        ranked = s.softmax(-1).sort(descending=True).values.median(0).values         # (256,)
        ax.loglog(torch.arange(1, 257), ranked, style, lw=2.5, label=f"d = {d}")
    ax.set(xlabel="rank of the key", ylabel="weight", title=title, ylim=(1e-6, 1.5))
axes[0].legend()
viz.show(fig, alt="Sorted weights on logarithmic axes. Raw: the longer the vectors, the steeper "
                  "the fall, and at 512 the first key holds nearly everything. Divided by the "
                  "root of d: the three curves lie on each other and fall gently.")

# %% [markdown]
# **It is about learning, too.** A softmax passes gradient where it still hesitates. The derivative of a weight $w$ by its own score is
# $w(1-w)$, and at $w = 0$ and at $w = 1$ that is nothing. Give scores the spread that they have at width $d$, and measure how much gradient reaches them:

# %%
torch.manual_seed(0)
base, v = torch.randn(500, 256), torch.randn(256, 8)
for d in (1, 8, 64, 512, 4096):
    scores = (base * d**0.5).requires_grad_()  # (500, 256)
    weights = scores.softmax(-1)
    (weights @ v).sum().backward()
    reached, decided = scores.grad.norm(dim=-1).median(), (weights.amax(-1) > 0.99).float().mean()
    print(f"d = {d:4}   gradient {reached:.3f}   rows decided {decided:.0%}")

# %% [markdown]
# A little sharpness helps: fewer keys share the gradient. Then the rows decide, rightly or not. At $d = 512$ half of them have, and the median row gets a fifteenth of what it got at $d = 1$. A network
# without the scale starts there. The number that the scores are divided by, beyond $\sqrt d$,
# is called the ***temperature***, $\operatorname{softmax}(s/\tau)$: above 1 it flattens, below 1 it sharpens. To count the keys that a query really uses, take $\exp(-\sum_j w_j \ln w_j)$, the exponential of the
# entropy: it is 1 if one key has all the weight, and $M$ if all share it.

# %% tags=["poke"]
# Poke it: at which temperature does a query of Gaussian noise use half of its 256 keys?
torch.manual_seed(0)
scores = torch.randn(500, 256)
for temperature in (0.1, 0.3, 1, 3, 10):
    weights = (scores / temperature).softmax(-1)
    entropy = -(weights * weights.clamp_min(1e-30).log()).sum(-1)
    print(f"temperature {temperature:4}   keys in use {entropy.exp().mean():5.1f}")

# %% [markdown]
# ## 4 · Masks, and the row that may look nowhere
# *8 minutes, then exercise 1.2*
#
# Pictures of different sizes go into one batch, and the smaller ones are filled up with padding. Padding must not be looked at. Which keys a query may
# attend to is told by a ***mask***. In this course `True` means *may attend*. Here keys 4 and 5 are padding. The first idea of most people is to multiply.

# %% tags=["predict"]
predict("zero-score")

# %%
torch.manual_seed(1)
scores = torch.randn(3, 6)  # 3 queries, 6 keys
mask = torch.tensor([True, True, True, True, False, False])
multiplied = (scores * mask).softmax(-1)
after = scores.softmax(-1) * mask
before = scores.masked_fill(~mask, float("-inf")).softmax(-1)
for name, w in (("scores x 0", multiplied), ("weights x 0", after), ("scores -inf", before)):
    print(f"{name:12} row 0: {[f'{x:.2f}' for x in w[0].tolist()]}   sums to {w[0].sum():.2f}")

# %% [markdown]
# Multiplying the scores leaves each padded key the share of a key with score 0, since $e^0 = 1$. Setting weights to 0 afterwards loses what the padding had taken, and the row no longer sums
# to 1. $-\infty$ before the softmax does both at once: $e^{-\infty} = 0$, and the others share everything.
#
# One row is left to break it. A mask may forbid a query *every* key: a query that is padding itself, or a window at the edge of a picture.

# %%
mask = torch.tensor([[1, 1, 1, 1, 0, 0], [0, 0, 0, 0, 0, 0], [1, 0, 1, 0, 1, 0]]).bool()
weights = scores.masked_fill(~mask, float("-inf")).softmax(-1)
print(weights[1])
ax = viz.matrix(weights.nan_to_num(0.0), mask=mask, title="Row 1 may look nowhere")
viz.show(ax, alt="Weights of three queries over six keys as a table. Row 0 has weights on keys 0 "
                 "to 3, row 2 on keys 0, 2 and 4. Forbidden cells are hatched, and the whole of "
                 "row 1 is.")

# %% [markdown]
# $0/0$ again, and one NaN is enough to ruin the whole network at the next step. There is no right answer to "blend nothing", but there is a harmless one:
# zeros. `attend`, the library's version of what you are about to write, gives zeros in the answer and in the gradient.

# %% tags=["poke"]
# Poke it: much published code fills with -1e9 in place of -inf. What does row 1 do then?
weights = scores.masked_fill(~mask, -1e9).softmax(-1)
for row in weights.tolist():
    print([f"{w:.2f}" for w in row])

# %% [markdown] tags=["card"]
# ### Exercise 1.2 · Scaled dot-product attention
# **difficulty** ●●○○○ **importance** ●●●●● **about 10 minutes** **3 points**
#
# Write `attention(q, k, v, mask=None)`. Every mechanism of the later chapters is wired from this function. PyTorch's own attention functions are closed; `softmax` is open.
#
# | | shape | |
# |---|---|---|
# | `q`, `k`, `v` | `(..., N, D)`, `(..., M, D)`, `(..., M, E)` | any number of leading axes |
# | `mask` | broadcasts to `(..., N, M)`, bool | `True` = may attend |
# | returns | `(..., N, E)` | zeros for a query that may attend to nothing |
#
# On paper: `q = [[1, 0]]`, `k = [[1, 0], [0, 1]]`, `v = [[10.], [20.]]`. Scores 0.71 and 0, weights 0.67 and 0.33, answer 13.3.

# %% tags=["exercise"] exercise="scaled-dot-product"
def attention(q, k, v, mask=None):
    # BEGIN SOLUTION
    scores = q @ k.transpose(-2, -1) / q.shape[-1] ** 0.5  # (..., N, M)
    if mask is not None:
        scores = scores.masked_fill(~mask, float("-inf"))
    weights = scores.softmax(-1).nan_to_num(0.0)  # an empty row: softmax gives NaN, we want 0
    return weights @ v                                     # (..., N, E)
    # END SOLUTION


check("scaled-dot-product", attention)

# %% [markdown] tags=["instructor"]
# The heart of the ninety minutes: give it fifteen. Walk around and read the amber boxes, not the code. The commonest are "softmax over the queries" and
# "masked after the softmax". Somebody will use `-1e9`; let them find out what row 1 does with it.

# %% [markdown]
# ## 5 · Five ways to score
# *10 minutes, then exercise 1.3*
#
# The dot product is one way to ask how well a query and a key go together. It was not the first. In the form we use, attention came in 2014, in translation, with a
# small network as its score. Here are five, with $q$ and $k$ vectors of $d$ numbers and everything else learned:
#
# | score | formula | learned | note |
# |---|---|---|---|
# | dot | $q^\top k$ | nothing | grows with the length of both, and with $\sqrt d$ |
# | scaled dot | $q^\top k / \sqrt d$ | nothing | the standard; one matrix product |
# | ***bilinear score*** | $q^\top W k$ | $d \times d$ | compares different kinds of vectors; Luong et al. 2015 |
# | ***cosine score*** | $q^\top k / (\lVert q \rVert \lVert k \rVert)$ | nothing (or a temperature) | only the angle; between -1 and 1; Graves et al. 2014 |
# | ***additive score*** | $v^\top \tanh(W_q q + W_k k)$ | two matrices, one vector | Bahdanau, Cho and Bengio 2014; this $v$ is learned, it is not a value |
#
# Fix one query, an arrow in the plane, and move the key over the plane. What does each score reward?

# %%
torch.manual_seed(3)
axis = torch.linspace(-3, 3, 61)
plane = torch.cartesian_prod(axis.flip(0), axis).flip(1)                       # (3721, 2)
q, turn = torch.tensor([[1.8, 1.2]]), torch.tensor([[0.0, 1.0], [-1.0, 0.0]])  # W: a quarter turn
w_q, w_k, v = torch.randn(4, 2), torch.randn(4, 2), torch.randn(4)
maps = {"dot": lib.dot_scores(q, plane), "scaled dot": lib.scaled_dot_scores(q, plane),
        "bilinear": lib.bilinear_scores(q, plane, turn), "cosine": lib.cosine_scores(q, plane),
        "additive": lib.additive_scores(q, plane, w_q, w_k, v)}

# %%
tiles = [m.view(61, 61) / m.abs().max() for m in maps.values()]
fig = viz.small_multiples(tiles, list(maps), ncols=5, cmap=viz.SCORES_CMAP, size=1.7)
for ax in fig.axes:
    arrow = {"color": viz.QUERY, "arrowstyle": "-|>", "lw": 2.5}
    ax.annotate("", (30 + 18, 30 - 12), (30, 30), arrowprops=arrow)
viz.show(fig, alt="Five square maps of the plane with the same query arrow. Dot and scaled dot: "
                  "a slope that rises along the arrow without end. Bilinear: the same slope "
                  "turned by a quarter. Cosine: rays from the centre, high around the arrow, "
                  "equal at every distance. Additive: a curved landscape with plateaus that the "
                  "query has shifted.")

# %% [markdown]
# Orange is high, purple low, the arrow is the query. Each panel has its own scale; compare shapes. Dot products reward going far: a longer key wins, as the white spot did. Cosine has no such prize. The
# bilinear score can ask for something that does not look like the query at all, here for what lies a quarter turn away. The additive score is a landscape that
# levels off: no key wins by length alone.
#
# The `tanh` in it looks like decoration.

# %% tags=["predict"]
predict("no-tanh")

# %%
torch.manual_seed(0)
q, k, v = torch.randn(4, 8), torch.randn(6, 8), torch.randn(16)
w_q, w_k = torch.randn(2, 16, 8)
hidden = (q @ w_q.T)[:, None] + (k @ w_k.T)[None]  # (4, 6, 16)
for name, scores in (("with tanh", hidden.tanh() @ v), ("without", hidden @ v)):
    weights = scores.softmax(-1)                   # (4, 6)
    apart = (weights - weights[0]).abs().max()
    print(f"{name:10} favourite keys {weights.argmax(-1).tolist()}   rows differ by {apart:.4f}")

# %% [markdown]
# Without the curve the score is a query's part plus a key's part. Softmax ignores what is added to a whole row, so the query's part drops out and all
# queries look at the same keys. The nonlinearity is the only place where query and key meet.

# %% tags=["poke"]
# Poke it: cosines lie between -1 and 1 however long the vectors are. What scale do they need?
torch.manual_seed(0)
q, k = torch.randn(500, 512), torch.randn(256, 512)
for scale in (1, 8, 512**0.5, 100):
    weights = (scale * lib.cosine_scores(q, k)).softmax(-1)
    print(f"cosine x {scale:5.1f}   largest weight {weights.amax(-1).mean():.3f}")

# %% [markdown] tags=["card"]
# ### Exercise 1.3 · Additive scores
# **difficulty** ●●●○○ **importance** ●●●○○ **about 10 minutes** **3 points**
#
# Write `additive_scores(q, k, w_q, w_k, v)` for every pair of a query and a key; broadcasting does it without a loop. Scores only: the softmax is the caller's.
#
# | | shape | |
# |---|---|---|
# | `q`, `k` | `(..., N, D)`, `(..., M, E)` | queries and keys may differ in width |
# | `w_q`, `w_k` | `(A, D)`, `(A, E)` | as `nn.Linear` stores them: out, in |
# | `v` | `(A,)` | learned; not the values |
# | returns | `(..., N, M)` | $v^\top \tanh(W_q q_n + W_k k_m)$ |
#
# On paper: `q = [[1.]]`, `k = [[0.], [2.]]`, `w_q = [[1.]]`, `w_k = [[-1.]]`, `v = [2.]`. tanh(1) = 0.76 and tanh(-1) = -0.76, so 1.52 and -1.52.

# %% tags=["exercise"] exercise="additive-scores"
def additive_scores(q, k, w_q, w_k, v):
    # BEGIN SOLUTION
    from_queries = (q @ w_q.T)[..., :, None, :]   # (..., N, 1, A)
    from_keys = (k @ w_k.T)[..., None, :, :]      # (..., 1, M, A)
    return (from_queries + from_keys).tanh() @ v  # (..., N, M)
    # END SOLUTION


check("additive-scores", additive_scores)

# %% [markdown]
# ## 6 · One map, three roles, several heads
# *12 minutes, then exercises 1.4 to 1.6*
#
# In a network nobody hands you queries, keys and values. There is one feature map, laid out as a list: each place of the map is a ***token***, a vector of $C$
# numbers, and a map of $H \times W$ places is a list of $N = HW$ tokens. Let it attend to itself: ***self-attention***. The shortest way is to use the tokens for all three roles.

# %% tags=["predict"]
predict("mirror")

# %%
torch.manual_seed(0)
x = torch.randn(12, 64)                    # 12 tokens of 64 numbers
weights = (x @ x.T / 64**0.5).softmax(-1)  # (12, 12)
print(f"tokens as they are:   weight on itself {weights.diagonal().mean():.3f}")
w_q, w_k = torch.randn(2, 64, 64) / 64**0.5
weights = ((x @ w_q.T) @ (x @ w_k.T).T / 64**0.5).softmax(-1)
print(f"with two projections: weight on itself {weights.diagonal().mean():.3f}")
print(f"one twelfth:          {1 / 12:.3f}")

# %% [markdown]
# Everybody looks into the mirror. And the scores are symmetric: if a wheel finds the car interesting, the car must find the wheel equally so. Two learned
# matrices undo both. A third decides what a token *gives* when it is looked at, which need not be what it is found by:
#
# $$ q_n = W_q x_n, \qquad k_m = W_k x_m, \qquad v_m = W_v x_m $$
#
# Each $W$ is $(C, C)$, and each $x_n$ has $C$ numbers.
#
# Think of a library: the query is your question, the key is what stands on the spine, the value is what is in the book. When queries come from one list of tokens and keys and
# values from another, it is called ***cross-attention***; nothing else changes.
#
# **Several heads.** One softmax makes one blend. A token that wants two things from two places gets a mixture of both, and once mixed they cannot be told apart. So cut
# the $C$ channels into $H$ groups of $D = C/H$ and let each group attend on its own: ***multi-head attention***. Then put the groups side by side and let one last
# matrix, `proj`, mix them:
#
# $$ A_h = \operatorname{softmax}\!\left(\frac{Q_h K_h^\top}{\sqrt D}\right), \qquad \text{answer} = \operatorname{proj}\,[A_1 V_1, \dots, A_H V_H] $$
#
# $Q_h$, $K_h$, $V_h$ are `(N, D)`, each $A_h$ is `(N, N)`, the bracket is `(N, C)`. Each product runs over $D$ numbers, so the root is of $D$, not of $C$. ($H$ counts heads here; in a map
# $H \times W$ it is the height. Both are the field's habit.)
#
# The cut is two lines, and one of them is easily got wrong. The shapes come out right either way.

# %%
x = torch.tensor([[1, 2, 3, 4], [10, 20, 30, 40], [100, 200, 300, 400]])[None]  # (1, 3, 4)
right = x.reshape(1, 3, 2, 2).transpose(1, 2)  # (1, H=2, N=3, D=2)
wrong = x.reshape(1, 2, 3, 2)  # (1, H=2, N=3, D=2)
print("head 0, right:", right[0, 0].tolist())
print("head 0, wrong:", wrong[0, 0].tolist())

# %% [markdown]
# Head 0 should hold the first two channels of each token. In the wrong one it holds both halves of the first token and half of the second. It runs without an error,
# and head 0 never meets the third token: no number of it is in the list.

# %% tags=["poke"]
# Poke it: change the last of six tokens. Which answers of a two-headed attention move?
torch.manual_seed(0)
x = torch.randn(1, 6, 4)
other = torch.cat([x[:, :-1], x[:, -1:] + 1], dim=1)  # the last token changed
ways = {"split right": (lambda t: lib.split_heads(t, 2), lib.merge_heads),
        "reshaped": (lambda t: t.reshape(1, 2, 6, 2), lambda t: t.reshape(1, 6, 4))}
for name, (split, merge) in ways.items():
    before, after = (merge(attend(split(t), split(t), split(t))) for t in (x, other))
    moved = (before - after).abs().amax(-1)[0] > 1e-6
    print(f"{name:12} {['moves' if m else 'still' for m in moved.tolist()]}")

# %% [markdown] tags=["card"]
# ### Exercise 1.4 · Split into heads
# **difficulty** ●●○○○ **importance** ●●●●○ **about 5 minutes** **2 points**
#
# Put the three given lines into the right order.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, N, C)` | tokens |
# | `num_heads` | int | divides `C` |
# | returns | `(B, H, N, D)` | head h holds channels h*D to (h+1)*D of every token |
#
# On paper: tokens `[1, 2, 3, 4]` and `[5, 6, 7, 8]`, two heads. Head 0 holds `[[1, 2], [5, 6]]`, head 1 `[[3, 4], [7, 8]]`.

# %% tags=["exercise"] exercise="split-heads"
def split_heads(x, num_heads):
    # BEGIN SOLUTION
    B, N, C = x.shape
    x = x.reshape(B, N, num_heads, C // num_heads)  # (B, N, H, D): cut the last axis, nothing moves
    return x.transpose(1, 2)  # (B, H, N, D)
    # STUB
    #| # YOUR CODE HERE: these are all the lines you need, in the wrong order. Remove the last line.
    #| # x = x.reshape(B, N, num_heads, C // num_heads)
    #| # return x.transpose(1, 2)
    #| # B, N, C = x.shape
    #| raise NotImplementedError("exercise split-heads")
    # END SOLUTION


check("split-heads", split_heads)

# %% [markdown] tags=["card"]
# ### Exercise 1.5 · Merge the heads
# **difficulty** ●●○○○ **importance** ●●●●○ **about 4 minutes** **2 points**
#
# The way back: heads side by side, head 0 first.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, H, N, D)` | |
# | returns | `(B, N, H * D)` | `merge_heads(split_heads(x, H))` is `x` |
#
# On paper: two heads with one token each, `[[1, 2]]` and `[[3, 4]]`, give the token `[1, 2, 3, 4]`.

# %% tags=["exercise"] exercise="merge-heads"
def merge_heads(x):
    # BEGIN SOLUTION
    B, H, N, D = x.shape
    return x.transpose(1, 2).reshape(B, N, H * D)  # (B, N, H, D) -> (B, N, C)
    # END SOLUTION


check("merge-heads", merge_heads)

# %% [markdown] tags=["card"]
# ### Exercise 1.6 · Multi-head self-attention
# **difficulty** ●●●○○ **importance** ●●●●● **about 12 minutes** **4 points**
#
# The constructor is given; write `forward`. One linear layer makes all three roles at once: its output holds `q`, then `k`, then `v`, each of width `dim`. The check loads its own weights
# into `qkv` and `proj`, so keep the names. `attend`, `split_heads` and `merge_heads` of the library are open.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, N, dim)` | tokens |
# | returns | `(B, N, dim)` | |
#
# On paper: with one token every softmax is 1, so the answer is `proj(v)`. For `dim = 1`, weights 1, 1, 2 in `qkv`, 3 in `proj` and no biases, the token 5 has the value 10 and the answer is 30.

# %% tags=["exercise"] exercise="multi-head"
from course_lib.attention import merge_heads, split_heads


class MultiHead(nn.Module):
    def __init__(self, dim, num_heads):
        super().__init__()
        self.num_heads = num_heads
        self.qkv = nn.Linear(dim, 3 * dim)
        self.proj = nn.Linear(dim, dim)

    def forward(self, x):  # (B, N, C)
        # BEGIN SOLUTION
        parts = self.qkv(x).chunk(3, dim=-1)                             # three of (B, N, C)
        q, k, v = (split_heads(part, self.num_heads) for part in parts)  # three of (B, H, N, D)
        return self.proj(merge_heads(attend(q, k, v)))  # (B, H, N, D) -> (B, N, C)
        # END SOLUTION


check("multi-head", MultiHead)

# %% [markdown]
# ## 7 · A set has no order
# *8 minutes*
#
# A picture is not a bag of patches. Does attention know that? Shuffle the tokens and see.

# %% tags=["predict"]
predict("shuffled")

# %%
torch.manual_seed(0)
layer = lib.MultiHeadAttention(16, num_heads=4).eval()
x, order = torch.randn(1, 6, 16), torch.tensor([4, 0, 5, 2, 1, 3])
assert_close(layer(x[:, order]), layer(x)[:, order])
print("shuffle, then attend  =  attend, then shuffle")

# %% [markdown]
# The word for it is ***permutation equivariance***: the answers move with the tokens and are otherwise the same. To this layer your cat and the same cat cut into a
# thousand shuffled squares are one and the same. If place matters, it has to be written into the tokens. The classic way is the ***positional encoding*** with
# sines and cosines (Vaswani et al. 2017): place $t$ becomes $d$ numbers, two for each of $d/2$ clocks that turn at different speeds,
#
# $$ p_{t,\,2i} = \sin(\omega_i t), \qquad p_{t,\,2i+1} = \cos(\omega_i t), \qquad \omega_i = 10000^{-2i/d} $$
#
# with $i = 0 \dots d/2-1$. Below, $d$ is 32, so there are 16 clocks.

# %%
p = lib.sincos_positions_1d(48, 32)  # (48, 32)
fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), width_ratios=(1.2, 1))
viz.matrix(p.T, row_axis="number in the vector", col_axis="place t", cmap=viz.SCORES_CMAP,
           title="48 places, 32 numbers each", ax=left)
for t in (10, 24, 38):
    right.plot(torch.arange(48) - t, p @ p[t], label=f"t = {t}")
right.set(xlabel="distance", ylabel="dot product", title="It depends on the distance alone")
right.legend()
viz.show(fig, alt="Left: the encoding as a table of waves, fast at the top and slower further "
                  "down. Right: the dot product of a place with all others, highest at distance "
                  "0 and lower in ripples to both sides; the curves of three places coincide.")

# %% [markdown]
# The three curves on the right lie on each other: the dot product of two places depends on their distance alone. (Half of the clocks turn by less than half a radian in 48 places. The 10000 is the
# paper's; chapter 5 tries others.) 
#
# There is a finer property. To go from place $t$ to place $t + 5$, each clock turns by a fixed angle, the same for every $t$:
#
# $$ \begin{pmatrix}\sin\omega(t+5)\\ \cos\omega(t+5)\end{pmatrix}=\begin{pmatrix}\cos5\omega&\sin5\omega\\-\sin5\omega&\cos5\omega\end{pmatrix}\begin{pmatrix}\sin\omega t\\ \cos\omega t\end{pmatrix} $$
#
# So one matrix, the sixteen turns along its diagonal, moves *all* places by five. A head that wants to look five to the right needs to learn only that matrix:

# %%
p = lib.sincos_positions_1d(48, 32)                   # (48, 32)
angles = 5 * 10000 ** (-torch.arange(0, 32, 2) / 32)  # (16,)
turns = [torch.tensor([[a.cos(), a.sin()], [-a.sin(), a.cos()]]) for a in angles]
turn = torch.block_diag(*turns)                       # (32, 32)
assert_close(p[:-5] @ turn.T, p[5:], rtol=1e-4, atol=1e-4)
print("places 0 to 7 look at", (p @ turn.T @ p.T).argmax(-1)[:8].tolist())

# %% tags=["poke"]
# Poke it: add the positions to the tokens, then shuffle the tokens. Is it still a set?
torch.manual_seed(0)
layer = lib.MultiHeadAttention(16, num_heads=4).eval()
x, order = torch.randn(1, 6, 16), torch.tensor([4, 0, 5, 2, 1, 3])
for name, p in (("without", torch.zeros(6, 16)), ("with", lib.sincos_positions_1d(6, 16))):
    apart = (layer(x[:, order] + p) - layer(x + p)[:, order]).abs().max()
    print(f"{name:7} positions: differs by {apart:.2f}")

# %% [markdown]
# ## 8 · Two wishes: an experiment that could have failed
# *10 minutes*
#
# Section 6 claimed that one head cannot fetch two things. Claims are cheap. Here is a task: a row of ten handwritten digits, and at each place the answer is both neighbours, the
# left one in the first half, the right one in the second. Queries and keys come from positions, values from the digits, nothing is added to the answer, and there is no second layer.

# %% tags=["predict"]
predict("one-head-two-wishes")

# %% [markdown]
# **Why one head cannot.** Queries and keys come from positions, so the weights do not depend on the digits. The answer at place $t$ is $\sum_j a_{tj}\, G x_j$: weights from one softmax, and one
# matrix $G$, values and output projection in one, for all $j$. Let $l$ and $r$ be the weights on the left and the right neighbour, and $G_1$ the upper half of $G$, which should give the left digit.
# The digits are independent, with mean zero, and $\lVert\cdot\rVert$ measures in their covariance. So what the upper half misses is at least
#
# $$ \lVert I - l\,G_1 \rVert^2 + r^2 \lVert G_1 \rVert^2 \;\ge\; \frac{r^2}{l^2 + r^2}\, \lVert I \rVert^2 , $$
#
# with equality at $G_1 = \tfrac{l}{l^2+r^2} I$. The second term is the right neighbour, which goes through $G_1$ too. In the same way the lower half misses at least the share $l^2/(l^2+r^2)$. The two shares add up
# to 1, and two digits were wanted: **half** is missed, whatever $l$ and $r$ are. Weight on other places only adds to it. With two heads there are two matrices, and nothing stands in the way.
# Nothing guarantees, either, that training finds them.
#
# Same layer, same number of parameters, only cut into more heads. And two controls: one head of twice the width, and one head that is told where to look.

# %% tags=["long"]
live = experiments.run("two_neighbours", "small")
print(experiments.summary(live, ["unexplained", "on_neighbours", "parameters"], digits=2))

# %% [markdown]
# `unexplained` is the share of variance that is missed: 0 is a perfect copy, 1 is no better than the average digit. `on_neighbours` scores the maps against what we know to be
# relevant: the share of attention that lies on the two neighbours. That was a short run. The recorded one is ten times longer, with five seeds:

# %%
recorded = experiments.load_record("two_neighbours")
print(experiments.summary(recorded, ["unexplained", "better", "worse", "on_neighbours"]))
print(experiments.provenance(recorded))

# %% [markdown]
# One head misses half, as the proof says, at either width. Two heads miss nothing. (The 0.495 is less than the proof allows because 512 test sequences are a sample, the same one for all seeds:
# neighbours in it are a little alike by chance.) Four heads get there too, later: each is 32 wide and a digit has 64 numbers, so two heads must share a neighbour, and the short run is too short for that.
#
# One thing came out otherwise than we expected. We had written "one head gives a ghost of both neighbours". It does not: `better` is 0.000 and `worse` is 1.000. It copies one neighbour to the last
# pixel and gives up on the other. The ghost appears only with `1 head, told where`. Once all weight is on the two neighbours, the error is the same for both. On the way there it is not: while weight
# still leaks to other places, serving one neighbour well is the shorter way down. Told where, nothing leaks, and the head keeps the blend it began with. That is our reading; the runs fit it and do not prove it.

# %%
from course_lib.experiments import ch01_two_neighbours as copying

config, (pool, mean) = copying.EXPERIMENT.small, copying.tokens("test")
row = copying.sequences(pool, 1, config.length, torch.Generator().manual_seed(4))  # (1, 10, 64)
shown = ("1 head", "1 head, told where", "2 heads")
layers = [copying.train(name, config, seed=0) for name in shown]
answers = [layer(row)[0, 1:-1].detach() for layer in layers]
pictures = [copying.both_neighbours(row)[0], *answers]                             # 4 of (8, 128)
both = [(pair.view(2, 64) + mean).view(2, 8, 8) for picture in pictures for pair in picture]
tiles = [torch.cat(list(pair), dim=1) for pair in both]                            # 32 of (8, 16)
fig = viz.small_multiples(tiles, ncols=8, rows=["wanted", *shown], size=1.15, vmin=0, vmax=1)
viz.show(fig, alt="Eight places side by side, each with two digits. First row: the two "
                  "neighbours that are wanted. Second row, one head: one of the two is crisp and "
                  "the other is the blurred average digit. Third row, one head told where to "
                  "look: in both halves the same ghost of the two digits on each other. Fourth "
                  "row, two heads: both digits, crisp.")

# %%
maps = []
for layer in layers:
    with record_attention(layer) as seen:
        layer(row)
    maps += seen["attend"][0]  # H of (10, 10)
titles = [*shown[:2], "2 heads: the first", "2 heads: the second"]
fig = viz.small_multiples(maps, titles, ncols=4, cmap=viz.WEIGHTS_CMAP, vmin=0, vmax=1, size=2)
viz.show(fig, alt="Four maps, queries down and keys across. One head: one bright diagonal, "
                  "beside the main one. Told where: two diagonals of half the weight, one on "
                  "each side. Two heads: one bright diagonal each, on opposite sides.")

# %% [markdown]
# Queries run down, keys across. By the score `on_neighbours` all five models look alike, also those that fail. For `1 head` the score is blind: it adds both neighbours up, and the head looks at one of them.
# For `1 head, told where` the map itself is perfect, half and half, and the answer is still wrong. Looking at the right places is not enough; what is done with them counts as well.

# %% [markdown]
# ## 9 · The ladder of equals
# *6 minutes*
#
# From loops that nobody can misread to the kernel that runs on a GPU: each rung is checked against the one before. There is no magic on any of them.

# %%
def by_loops(q, k, v):                                      # (N, D), (M, D), (M, E)
    out = torch.zeros(len(q), v.shape[1])
    for n in range(len(q)):
        scores = torch.stack([(q[n] * k[m]).sum() / q.shape[1] ** 0.5 for m in range(len(k))])
        powers = (scores - scores.max()).exp()
        for m in range(len(k)):
            out[n] += powers[m] / powers.sum() * v[m]
    return out


def by_matrices(q, k, v):
    return (q @ k.mT / q.shape[-1] ** 0.5).softmax(-1) @ v  # (..., N, M) @ (..., M, E)


torch.manual_seed(0)
q, k, v = torch.randn(5, 8), torch.randn(7, 8), torch.randn(7, 3)
assert_close(by_loops(q, k, v), by_matrices(q, k, v))
print("loops = matrices")

# %%
torch.manual_seed(0)
q, k, v = torch.randn(2, 4, 5, 8), torch.randn(2, 4, 7, 8), torch.randn(2, 4, 7, 8)  # (B, H, N, D)
assert_close(by_matrices(q, k, v), attend(q, k, v))                     # the library
assert_close(attend(q, k, v), F.scaled_dot_product_attention(q, k, v))  # PyTorch, fused
print("matrices = library = PyTorch")

# %%
torch.manual_seed(0)
theirs = nn.MultiheadAttention(32, 4, batch_first=True).eval()
ours = lib.MultiHeadAttention(32, num_heads=4, qkv_bias=True).eval()
ours.load_state_dict(lib.from_torch(theirs.state_dict()))
x = torch.randn(2, 6, 32)
with record_attention(ours) as maps:
    assert_close(ours(x), theirs(x, x, x)[0])
print({name: tuple(weights.shape) for name, weights in maps.items()})

# %% [markdown]
# The last line is a habit worth having. A fused kernel never writes its weights down. Inside `record_attention` every `attend` of the
# model takes the explicit path and leaves its weights under the module's name (here the model is the module itself, so the name is just `attend`). You will use it in every chapter.

# %% [markdown]
# ## 10 · A classifier without a single trained number
# *6 minutes, then exercise 1.7*
#
# You have built a lookup. Now use it for something nobody showed. There are 1,442 labelled digits in memory, and a new one comes in. Which digit is it? No training, no
# parameters: the same idea as the light at half past ten. It is older than you may think: Nadaraya and Watson had it in 1964, and with the squared distance section 1 was theirs already.

# %% [markdown] tags=["card"]
# ### Exercise 1.7 · A classifier without weights
# **difficulty** ●●●●○ **importance** ●●●●○ **about 12 minutes** **4 points**
#
# Write `classify(images, memory, labels, num_classes, temperature)`. The score of a memory is *minus the squared distance* to the image, divided by the temperature. What are the values? That is for
# you to find out; the result should be a probability for each class.
#
# | | shape | |
# |---|---|---|
# | `images`, `memory` | `(N, D)`, `(M, D)` | flat pictures |
# | `labels` | `(M,)`, integers | the class of each memory |
# | returns | `(N, num_classes)` | each row sums to 1 |
#
# On paper: one pixel. Image 0; memories 0 and 1 with classes 0 and 1; temperature 1. Scores 0 and -1, so 0.73 for class 0 and 0.27 for class 1.

# %% tags=["exercise"] exercise="classify-by-lookup"
def classify(images, memory, labels, num_classes, temperature):
    # BEGIN SOLUTION
    scores = -torch.cdist(images, memory).square() / temperature  # (N, M)
    values = F.one_hot(labels, num_classes).to(images.dtype)      # (M, classes)
    return scores.softmax(-1) @ values                            # (N, classes)
    # END SOLUTION


check("classify-by-lookup", classify)

# %% [markdown]
# The library needs no new function for it. Since $-\lVert q - k \rVert^2 = 2\, q^\top k - \lVert k \rVert^2 - \lVert q \rVert^2$, and softmax drops what is the same for all keys, it is `attend` with a
# scale of $2/\tau$ and a bias of $-\lVert k \rVert^2 / \tau$ on each key. On real digits:

# %%
(memory, labels), (images, truth) = data.digits("train"), data.digits("test")
q, k = images.flatten(1), memory.flatten(1)  # (355, 64), (1442, 64)
v = F.one_hot(labels, 10).float()                                                   # (1442, 10)
for temperature in (0.03, 0.3, 3, 30):
    bias = -k.square().sum(-1) / temperature                                        # (1442,)
    chances = attend(q, k, v, scale=2 / temperature, bias=bias.expand(len(q), -1))  # (355, 10)
    right = (chances.argmax(-1) == truth).float().mean()
    sure = chances.amax(-1).mean()
    print(f"temperature {temperature:5}   accuracy {right:.3f}   mean confidence {sure:.2f}")

# %%
bias = (-k.square().sum(-1) / 0.3).expand(len(q), -1)
weights = lib.attention_weights(q @ k.T * 2 / 0.3 + bias)  # (355, 1442)
wrong = (attend(q, k, v, scale=2 / 0.3, bias=bias).argmax(-1) != truth).nonzero()[0].item()
tiles, titles = [], []
for n in (0, 1, wrong):
    best = weights[n].topk(5)
    tiles += [images[n], *memory[best.indices]]
    ranked = zip(labels[best.indices].tolist(), best.values.tolist())
    titles += [f"a {truth[n]}?", *(f"{label}: {weight:.2f}" for label, weight in ranked)]
fig = viz.small_multiples(tiles, titles, ncols=6, size=1.0)
viz.show(fig, alt="Three test digits, each followed by the five memories with the most weight, "
                  "with class and weight above. The first two are surrounded by their own kind. "
                  "The third, a 9, is read as an 8: the three memories with the most weight are "
                  "eights that look like it.")

# %% [markdown]
# Nearly 99 of 100 right, by looking up. High temperatures blur the classes together, low ones trust a single memory. What it costs is the memory: every answer reads all 1,442 pictures, and
# it has no idea which pixels matter. Projections $W_q$ and $W_k$ would learn that. This is why a Transformer trains its lookups.

# %% tags=["poke"]
# Poke it: forget most of the memories. How few examples a class does the lookup need?
for keep in (10, 50, 200, 1442):
    few_k, few_v = k[:keep], v[:keep]
    bias = (-few_k.square().sum(-1) / 0.3).expand(len(q), -1)
    guess = attend(q, few_k, few_v, scale=2 / 0.3, bias=bias).argmax(-1)
    print(f"{keep:5} memories   accuracy {(guess == truth).float().mean():.3f}")

# %% [markdown]
# ## What goes wrong in the wild
# *6 minutes*
#
# Two slips from published code, and one trap. Answer before you run the cell under each.
#
# **One.** It passed its example (PyTorch-NLP, issue 2, 2018: the softmax ran over the first axis).

# %% tags=["quiz"]
quiz("perfect-alone")

# %%
torch.manual_seed(0)
scores = torch.randn(2, 4, 5)  # (B, N, M)
alone, together = scores[:1].softmax(dim=0), scores.softmax(dim=0)
print(f"batch of one: smallest weight {alone.min():.2f}, a row sums to {alone[0, 0].sum():.2f}")
moved = (together[0] - alone[0]).abs().max()
print(f"batch of two: image 1 came along, and weights of image 0 moved by up to {moved:.2f}")

# %% [markdown]
# **Two.** It runs and it trains (vit-pytorch, issue 65, 2021, and many others).

# %% tags=["quiz"]
quiz("which-root")

# %%
torch.manual_seed(0)
q, k = torch.randn(8, 100, 64), torch.randn(8, 256, 64)  # (H, N, D): 8 heads of 64
for name, root in (("sqrt(64), the head's", 64**0.5), ("sqrt(512), the whole width's", 512**0.5)):
    w = (q @ k.mT / root).softmax(-1)
    print(f"{name:29} keys in use {(-(w * w.log()).sum(-1)).exp().mean():5.1f} of 256")

# %% [markdown]
# **Three.** A trap of the library itself. Both calls take a boolean mask, and neither complains.

# %% tags=["quiz"]
quiz("true-means")

# %%
torch.manual_seed(0)
x, real = torch.randn(1, 5, 16), torch.tensor([[1, 1, 1, 0, 0]]).bool()  # two of padding
layer = nn.MultiheadAttention(16, 2, batch_first=True).eval()
for name, given in (("the same mask", real), ("turned over", ~real)):
    _, weights = layer(x, x, x, key_padding_mask=given)
    print(f"{name:14} weight on the padding {weights[0, :, 3:].sum(-1).mean():.2f}")
one_hot = torch.eye(5)[None]  # as values, they show the weights
weights = F.scaled_dot_product_attention(x, x, one_hot, attn_mask=real)  # (1, 5, 5)
print(f"SDPA, the same weight on the padding {weights[0, :, 3:].sum(-1).mean():.2f}")

# %% [markdown]
# The first would have shown with a batch of two and one sample changed. The second shows when you print how many keys are in use. The third shows when you change a token of padding and the answer moves. Write those
# three tests for every attention you write; the checks of this course look for all three in yours.

# %% [markdown] tags=["instructor"]
# Ninety minutes: sections 1 to 3 as a talk with the predictions by show of hands (30), section 4 with exercise 1.2 (20), section 6 with 1.4 and 1.6 (25), section 8 as a talk (10), one puzzle of the last section (5). The rest is
# homework: 1.1, 1.3, 1.5, 1.7. If the room is fast, ask for the proof of section 8 with unequal weights on the two neighbours.

# %% [markdown]
# ## Recap
#
# | | formula | shapes |
# |---|---|---|
# | scores | $S = QK^\top / \sqrt d$ | `(N, d)`, `(M, d)` -> `(N, M)` |
# | mask | $S_{nm} = -\infty$ where forbidden | `(N, M)`, True = may attend |
# | weights | $A = \operatorname{softmax}(S)$ along the keys; subtract each row's maximum first | `(N, M)` |
# | answer | $AV$; zeros for an empty row | `(N, M)`, `(M, e)` -> `(N, e)` |
# | heads | $\operatorname{proj}[A_1 V_1, \dots, A_H V_H]$ | $D = C/H$ each, scale $\sqrt D$ |
# | positions | $\sin(\omega_i t), \cos(\omega_i t)$ | added to the tokens, or to queries and keys |
#
# Attention is a dictionary that answers with a blend, weighted by how well query and keys go together. The square root keeps the softmax awake, the mask keeps out what must not be seen, and heads let one token
# want several things. By itself it knows no order and no place.
#
# Where it went next: Luong et al. (2015) compared dot, bilinear and a kind of additive score; Vaswani et al. (2017) built a network around this one layer; Wang et al. (2018) brought it to feature maps, which is chapter 4, and Dosovitskiy et al. (2021) threw
# out the convolutions, which is chapter 5. In chapter 2 we ask a different question: what if looking at all places costs too much?
#
# ### References
#
# - D. Bahdanau, K. Cho, Y. Bengio, *Neural machine translation by jointly learning to align and translate*, ICLR 2015 (arXiv 2014). Additive scores.
# - A. Buades, B. Coll, J.-M. Morel, *A non-local algorithm for image denoising*, CVPR 2005. Weighted means of patches that look alike.
# - A. Graves, G. Wayne, I. Danihelka, *Neural Turing machines*, arXiv 1410.5401, 2014. Cosine scores.
# - A. Dosovitskiy et al., *An image is worth 16x16 words: Transformers for image recognition at scale*, ICLR 2021.
# - M.-T. Luong, H. Pham, C. D. Manning, *Effective approaches to attention-based neural machine translation*, EMNLP 2015. Dot and bilinear scores.
# - E. A. Nadaraya, *On estimating regression*, Theory of Probability and Its Applications 9, 1964; G. S. Watson, *Smooth regression analysis*, Sankhya A 26, 1964.
# - A. Vaswani et al., *Attention is all you need*, NeurIPS 2017. The scale, the heads, the sines.
# - X. Wang, R. Girshick, A. Gupta, K. He, *Non-local neural networks*, CVPR 2018.
