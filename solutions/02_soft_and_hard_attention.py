# %% [markdown]
# # 2 · Soft and hard attention
#
# **Where should I look, if looking costs?**
#
# Chapter 1 looked at everything and then decided what counts. Your eye does not: it is sharp in one small spot, coarse around it, and it jumps. Below, the same canvas twice. On the left is all
# that is known of it after three looks. Which digit is it? Would you have looked there third?
#
# After it you can **tell** a distribution over places from a gate, **draw** a place and still learn from it, **derive** the gradient that makes that possible, **tame** its noise with a
# baseline, **weigh** it against the smooth trick that is called Gumbel-softmax, and **recognise** five slips of published code.
#
# *About 110 minutes of reading and 67 of exercises. You need chapter 1 and what an expected value is.*

# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

import course_lib.attention as lib
from course_lib import data, experiments, viz
from course_lib.attention import attend
from course_lib.exercises import check, hint, predict, quiz

viz.use_style()
torch.set_num_threads(1)  # layers as small as these are fastest on one core

# Canvases with one digit among fragments of others, and chapter 1's classifier by lookup.
OPTIONS = data.SceneOptions(size=(48, 64), digits=1, digit_size=12, colors=None, clutter=8)
small_digits, digit_labels = data.digits("train")
MEMORY = F.interpolate(small_digits, size=(12, 12), mode="bilinear").flatten(1)  # (1442, 144)
CLASSES = F.one_hot(digit_labels, 10).float()                                    # (1442, 10)


def read_digit(windows):  # (N, 144) -> chances of the ten digits, (N, 10)
    bias = -MEMORY.square().sum(-1)
    return attend(windows, MEMORY, CLASSES, scale=2.0, bias=bias.expand(len(windows), -1))


# Six looks at one canvas, a 3, and the scores of a policy that does not know yet where it is.
CANVAS = data.scene(9, OPTIONS, split="test").image                                 # (1, 48, 64)
CORNERS = [(3, 19), (14, 46), (20, 29), (31, 10), (36, 28), (0, 0)]                 # (top, left)
LOOKS = torch.stack([CANVAS[0, y:y + 12, x:x + 12].flatten() for y, x in CORNERS])  # (6, 144)
SCORES = torch.tensor([0.0, 1.0, 0.5, 0.0, -0.5, 0.0])


def reward_of(windows):  # (N, 144) -> (N,): ln of the chance of a 3; the floor keeps it finite
    return (0.9 * read_digit(windows)[:, 3] + 0.01).log()


def listed(numbers, digits=2):
    return "  ".join(f"{round(n, digits) + 0.0:.{digits}f}" for n in numbers.tolist())

# %% tags=["cover"]
canvas = data.scene(14, OPTIONS, split="test").image  # (1, 48, 64)
centres = torch.tensor([[0.5, -0.45], [-0.5, 0.5], [0.25, -0.06]])  # (y, x) of three looks
sharp = lib.glimpse_pixels(centres, (48, 64), 8).any(0)
read = lib.glimpse_pixels(centres, (48, 64), 8, num_scales=2).any(0)
coarse = F.interpolate(F.avg_pool2d(canvas[None], 2), scale_factor=2)[0, 0]
known = torch.where(sharp, canvas[0], coarse).masked_fill(~read, float("nan"))
titles = [f"Three looks: {read.float().mean():.0%} of the pixels", "All of it"]
fig = viz.small_multiples([known, canvas], titles, vmin=0, vmax=1, size=4.5)
row, col = ((centres + 1) / 2 * torch.tensor([48, 64]) - 0.5).T
fig.axes[0].plot(col, row, "-o", color=viz.QUERY)
viz.show(fig, alt="Two panels. Left: an empty field with three square holes in it, joined by a "
                  "blue path; each hole is sharp in its middle and coarse at its rim. Two show "
                  "scraps, the third a digit 2. Right: the whole black canvas with the 2 and "
                  "seven fragments of other digits.")

# %% [markdown]
# ## Three questions from earlier chapters
# *3 minutes*
#
# All three will be needed. Answer with `quiz("add-five", "a")` and so on; each option has a reason.

# %% tags=["quiz"]
quiz("add-five")

# %% tags=["quiz"]
quiz("decided-row")

# %% tags=["quiz"]
quiz("one-query")

# %% [markdown]
# ## 1 · A digit drowns in its canvas
# *10 minutes, then exercise 2.1*
#
# Each canvas holds one whole digit, and up to eight fragments that are half as large and made of other digits. Which digit is it?

# %%
image, label = data.scenes(8, OPTIONS, split="test").stack("image", "label")  # (8, 1, 48, 64), (8,)
titles = [f"a {n}" for n in label.tolist()]
fig = viz.small_multiples(image, titles, ncols=4, size=1.8)
viz.show(fig, alt="Eight black canvases, each with one whole white digit and several smaller "
                  "scraps of digits at random places.")

# %% [markdown]
# The setup cell has a reader for this: `read_digit` is the classifier by lookup that closed chapter 1, and it wants one window of 12 x 12 pixels. So slide a window over the canvas. Call what is in the window
# the features of that place: 144 numbers at each of 37 x 53 places. That is a feature map, only that nothing has been learned yet.
#
# A classifier wants one vector, not 1,961. What most networks do at this point is average: *global average pooling*.

# %% tags=["predict"]
predict("drowned")

# %%
image, label, boxes = data.scenes(100, OPTIONS, split="test").stack("image", "label", "boxes")
features = F.unfold(image, 12).unflatten(2, (37, 53))                          # (100, 144, 37, 53)
pooled = features.mean((2, 3))                                                 # (100, 144)
x0, y0, x1, y1 = torch.cat(boxes).T                                            # (100,) each
top, left = ((y0 + y1) // 2 - 6).clamp(0, 36), ((x0 + x1) // 2 - 6).clamp(0, 52)
on_digit = features[torch.arange(100), :, top, left]                           # (100, 144)
for name, windows in (("the window on the digit", on_digit), ("mean of all windows", pooled)):
    right = (read_digit(windows).argmax(-1) == label).float().mean()
    print(f"{name:24} read correctly: {right:.0%}")

# %%
unit = F.normalize(pooled, dim=1)
cosines, same = unit @ unit.T, label[:, None] == label  # (100, 100), (100, 100)
others = ~torch.eye(100).bool()
print(f"two canvases with the same digit:    cosine {cosines[same & others].mean():.3f}")
print(f"two canvases with different digits:  cosine {cosines[~same].mean():.3f}")

# %% [markdown]
# The mean does not know which digit it holds: canvases with the same digit look no more alike than canvases with different ones. The digit is not outvoted, it is gone. Look at pixel 1 of the averaged window. It is the mean of the upper left
# pixels of all windows, so of nearly the whole canvas. Pixel 2 is the same, one column further. All 144 are the mean brightness, but for the rim. (That is so because these features are plain pixels. What is left of learned ones is measured in section 10, and it is
# more than we thought.)
#
# So let places count unequally. Suppose that somebody tells us where the digit is, and let the score of a window be minus the squared distance of its centre from there, times a sharpness. That is the lamp of
# chapter 1 in two dimensions. (Section 10 learns the scores. Here they are given, so that one thing is in question at a time.) Scores become weights, weights blend:

# %%
rows, cols = torch.arange(37)[:, None], torch.arange(53)
apart = (rows - top[:, None, None]) ** 2 + (cols - left[:, None, None]) ** 2      # (100, 37, 53)
blends, titles = [], []
for sharpness in (0, 0.03, 0.1, 0.3, 1):
    blend, weights = lib.soft_location(features, -sharpness * apart[:, None].float())  # (100, 144)
    right = (read_digit(blend).argmax(-1) == label).float().mean()
    near = (weights[:, 0] * (apart <= 100)).sum((1, 2)).mean()
    print(f"sharpness {sharpness:4}   weight within 10 pixels {near:.2f}   read {right:.0%}")
    blends.append(blend[[14, 7, 10]].view(3, 12, 12))
    titles.append(f"x {sharpness}: {right:.0%}")

# %%
tiles = [tile / tile.max() for row in zip(*blends) for tile in row]  # 15 of (12, 12)
fig = viz.small_multiples(tiles, titles, ncols=5, rows=["a 2", "a 4", "a 7"], size=1.35)
viz.show(fig, alt="Three rows of five pictures, the blend of all windows at five sharpnesses. At 0 "
                  "each picture is a grey fog, at 0.03 a bright cloud. At 0.1 a blurred shape "
                  "appears, at 0.3 it can be read, at 1 the 2, the 4 and the 7 are clear. Above "
                  "each column stands the share of canvases that are read correctly.")

# %% [markdown]
# The digit comes out of the fog. (Each picture has its own grey scale.) At 0.03 almost all of the weight lies on windows that hold a piece of the digit, and the blend is still useless: the pieces lie at different places in
# their windows, and their mean is a cloud. Near is not enough.
#
# This is ***soft attention***. In the shapes of the code, for one image with places $l = 1 \dots L$, $L = H W$:
#
# $$ \alpha_l = \frac{e^{s_l}}{\sum_{m=1}^{L} e^{s_m}}, \qquad z = \sum_{l=1}^{L} \alpha_l\, f_l $$
#
# $s_l$ is one number of `scores` `(B, 1, H, W)`, $f_l$ is one column of `features` `(B, C, H, W)`, and the answer $z$ is `(B, C)`. It is chapter 1 with a single query: the places are the keys, and the softmax
# runs over *both* axes of the map at once. Xu et al. (2015) wrote captions with it, one such $z$ for every word.
#
# There is a second way to read the sum, and this chapter lives on it. The $\alpha_l$ are positive and sum to 1, so they are chances. Draw a place with these chances and look only there. Then $z$ is what you see
# *on average*, the ***expectation*** $\mathbb{E}[f_l]$.

# %% tags=["poke"]
# Poke it: nobody tells us anything. Let the score be the ink in the window. How far does that get?
ink = features.sum(1, keepdim=True)  # (100, 1, 37, 53)
for sharpness in (0, 0.1, 0.3, 1, 3):
    blend, weights = lib.soft_location(features, sharpness * ink)
    right = (read_digit(blend).argmax(-1) == label).float().mean()
    print(f"ink x {sharpness:3}   read correctly {right:.0%}")

# %% [markdown] tags=["card"]
# ### Exercise 2.1 · Soft pooling
# **difficulty** ●○○○○ **importance** ●●●●● **about 6 minutes** **2 points**
#
# Write `soft_pool(features, scores)`. The places of one image share a mass of 1; images do not share anything.
#
# | | shape | |
# |---|---|---|
# | `features` | `(B, C, H, W)` | what there is at each place |
# | `scores` | `(B, 1, H, W)` | how much each place should count, any numbers |
# | returns | `(B, C)` | $\sum_l \alpha_l f_l$ |
#
# On paper: one channel, one row of two places. Features 10 and 20, scores 0 and ln 3. Weights 1/4 and 3/4, answer 17.5.

# %% tags=["exercise"] exercise="soft-pooling"
def soft_pool(features, scores):
    # BEGIN SOLUTION
    weights = scores.flatten(2).softmax(-1)            # (B, 1, H*W)
    return (features.flatten(2) * weights).sum(-1)     # (B, C, H*W) -> (B, C)
    # END SOLUTION


check("soft-pooling", soft_pool)

# %% [markdown] tags=["instructor"]
# Most people bet on "about half" for the averaged window. Show the fog first, then ask again. In 2.1 the usual slip is `softmax(-1)` on the unflattened map: each row gets a mass of its own. Let them print
# `weights.sum()`. Cut list: the cosines.

# %% [markdown]
# ## 2 · What an expectation says, and what it does not
# *8 minutes*
#
# An average place is a useful thing. If $c_l$ is the centre of place $l$, as `(y, x)`, then $\sum_l \alpha_l c_l$ is where the attention points, in one line and with a gradient. It is called the
# ***soft-argmax***, and robots have been steered by it (Levine et al. 2016). Try it on a canvas with two digits.

# %% tags=["predict"]
predict("between-two-peaks")

# %%
two = data.SceneOptions(size=(48, 64), digits=2, digit_size=12, colors=None)
scene = data.scene(125, two, split="test")                      # a 0 and a 7
inside = F.unfold(scene.masks[:, None].float(), 12).sum(1)      # (2, 1961): pixels of each digit
each = (16 * inside / inside.amax(1, keepdim=True)).softmax(-1)  # (2, 1961): a peak for each
weights = each.mean(0).view(1, 1, 37, 53)                       # half of the mass for each
y, x = lib.expected_place(weights)[0].tolist()
row, col = (y + 1) / 2 * 37 + 5.5, (x + 1) / 2 * 53 + 5.5       # in pixels of the canvas
around = scene.image[0, round(row) - 4:round(row) + 5, round(col) - 4:round(col) + 5]
print(f"expected place: row {row:.0f}, column {col:.0f}")
print(f"brightest of the 9 x 9 pixels around it: {around.max():.2f}")

# %%
windows = F.unfold(scene.image[None], 12)[0].T          # (1961, 144)
seen = torch.cat([each, each.mean(0, keepdim=True)]) @ windows  # (3, 144): the 0, the 7, the blend
fig, axes = plt.subplots(1, 4, figsize=(9.4, 2.7), width_ratios=(2.6, 1, 1, 1))
viz.attention_over_photo(scene.image, weights[0, 0], patch=12, stride=1, colorbar=False,
                         title="The mean of two places", ax=axes[0])
axes[0].plot(col, row, "x", color=viz.QUERY, ms=12, mew=3)
for ax, window in zip(axes[1:], seen):
    chance, digit = read_digit(window[None])[0].max(0)
    ax.imshow(window.view(12, 12), cmap="gray")
    ax.set(xticks=[], yticks=[], title=f"a {digit}, says\nthe reader ({chance:.2f})")
    ax.grid(False)
viz.show(fig, alt="Left: a canvas with a 0 at the upper right and a 7 below the middle. Each has a "
                  "small glow, and a blue cross marks the empty spot half way between them. "
                  "Right: the window on the 0, read as 0; the window on the 7, read as 7; and "
                  "the blend of both, a ghost that is read as 8.")

# %% [markdown]
# Two things went wrong, and both are the same thing. The mean of two places is a place where nothing stands. The mean of what stands there, half a 0 and half a 7, is a picture that nobody drew, and the reader calls it an 8.
#
# Write $g$ for the reader. Soft attention computes $g(\mathbb{E}[f_l])$: it averages first and reads once. The alternative is $\mathbb{E}[g(f_l)]$: read each place, then average what was read. If $g$ were linear, both would
# be equal. A reader is not linear:

# %%
after = read_digit(seen[:2]).mean(0)  # read both, then average
before = read_digit(seen[2:])[0]      # average, then read
for name, chances in (("average, then read", before), ("read, then average", after)):
    print(f"{name}:  0 {chances[0]:.2f}   7 {chances[7]:.2f}   8 {chances[8]:.2f}")

# %% [markdown]
# The lower line is what you would want: either a 0 or a 7. It is also dearer, one reading for every place. *Hard* attention, from section 4 on, is a way to get the lower line one draw at a time. An expectation is
# a good summary of one peak, and a bad one of two.

# %% tags=["poke"]
# Poke it: let the map fade. A map that knows nothing still points somewhere. Where, and is that news?
peak = inside[:1] / inside[:1].max()  # (1, 1961): the 0 alone
for sharpness in (32, 8, 4, 2, 0):
    alpha = (sharpness * peak).softmax(-1).view(1, 1, 37, 53)
    y, x = lib.expected_place(alpha)[0].tolist()
    row, col = (y + 1) / 2 * 37 + 5.5, (x + 1) / 2 * 53 + 5.5
    print(f"x {sharpness:2}   row {row:4.1f}   column {col:4.1f}")

# %% [markdown] tags=["instructor"]
# The poke is worth a minute: a flat map points at the centre of the picture, so a tracker that has lost everything reports the middle with full composure. Ask how one would notice (the spread of the map, or the
# keys in use of chapter 1). Cut list: the second cell.

# %% [markdown]
# ## 3 · A gate is not a distribution
# *8 minutes, then exercise 2.2*
#
# Much code that says "spatial attention" has no softmax in it. It squashes each score by itself, with a sigmoid, and multiplies. That is a ***gate***: a number between 0 and 1 at each place, and no place asks
# another. Xu et al. had maps of 14 x 14 places. Take scores for 196 places, and add up the weights:

# %%
torch.manual_seed(0)
scores = torch.randn(1, 1, 14, 14)  # (B, 1, H, W)
ways = {"softmax over H*W": scores.flatten(2).softmax(-1), "sigmoid": scores.sigmoid(),
        "softmax over W": scores.softmax(-1)}
for name, weights in ways.items():
    print(f"{name:17} mass {weights.sum():6.2f}   largest {weights.max():.3f}")

# %% [markdown]
# One, and 97, a little under half of 196 because this sample of scores happens to lie a little below 0. The third line is a slip that you met in exercise 2.1 if you made it: a mass of 1 for *each row*.

# %% tags=["predict"]
predict("raise-all-scores")

# %%
torch.manual_seed(0)
scores = torch.randn(1, 1, 14, 14)
large = torch.randn(1, 1, 28, 28)
for name, s in (("as they are", scores), ("all + 5", scores + 5), ("all - 5", scores - 5),
                ("28 x 28 places", large)):
    print(f"{name:15} softmax {s.flatten(2).softmax(-1).sum():.2f}   gate {s.sigmoid().sum():6.1f}")

# %% [markdown]
# A softmax ignores what is added to all, and its mass is 1 on any map. A gate ignores nothing. It can let everything through, and it can say *there is nothing here* and shut everywhere, which a softmax never can. The price: the
# pooled features grow with the number of open places, and with the size of the image.
#
# Under the surface is one difference. Ask how each weight answers to each score. With $w = \operatorname{softmax}(s)$ and $g = \sigma(s)$:
#
# $$ \frac{\partial w_l}{\partial s_m} = w_l\,(\mathbb{1}[l = m] - w_m), \qquad \frac{\partial g_l}{\partial s_m} = g_l\,(1 - g_l)\,\mathbb{1}[l = m] $$
#
# $\mathbb{1}[l=m]$ is 1 if the places are the same and 0 otherwise. Below are both tables for six places with the same scores:

# %%
s = torch.tensor([2.0, 1.0, 0.0, 0.0, -1.0, 1.5])  # (6,)
tables = [torch.autograd.functional.jacobian(f, s) for f in (lambda t: t.softmax(0), torch.sigmoid)]
fig, axes = plt.subplots(1, 2, figsize=(8.4, 3.8))
for ax, table, title in zip(axes, tables, ("softmax: places compete", "gate: each for itself")):
    viz.matrix(table, row_axis="weight of place", col_axis="score of place", title=title,
               cmap=viz.SCORES_CMAP, vmin=-0.25, vmax=0.25, ax=ax)
viz.show(fig, alt="Two tables of six by six derivatives. Softmax: orange numbers on the diagonal "
                  "and purple, negative ones everywhere else; each column adds up to zero. "
                  "Gate: positive numbers on the diagonal and zeros elsewhere.")

# %% [markdown]
# Each column of the left table sums to 0: what one place gains, the others lose. So a distribution answers *where*, and a gate answers *how much of this*. Neither is wrong. Chapter 3 is about gates. What is wrong is to call
# one the other, because the next person will sum the map, or threshold it, or feed it a larger image. One line tells them apart, `weights.sum((1, 2, 3))`.

# %% tags=["poke"]
# Poke it: divide the gates by their sum, and they are a distribution again. The same one?
s = torch.tensor([6.0, 3.0, 0.0, -3.0])
for factor in (1, 3):
    soft, gate = (factor * s).softmax(0), (factor * s).sigmoid()
    print(f"scores x {factor}   softmax {listed(soft)}   gates / sum {listed(gate / gate.sum())}")

# %% [markdown] tags=["card"]
# ### Exercise 2.2 · A gate or a distribution
# **difficulty** ●●○○○ **importance** ●●●●○ **about 8 minutes** **2 points**
#
# Write `attend_two_ways(features, scores)`: the same features weighted in both ways, not yet summed. First the distribution over places, then the gate.
#
# | | shape | |
# |---|---|---|
# | `features` | `(B, C, H, W)` | |
# | `scores` | `(B, 1, H, W)` | the same for all channels |
# | returns | `(2, B, C, H, W)` | `[0]`: weights that sum to 1 over `H*W`; `[1]`: each place's own sigmoid |
#
# On paper: one channel, two places with features 10 and 20, both scores 0. The distribution gives 5 and 10. So does the gate. With both scores at ln 3 the distribution still gives 5 and 10, the gate 7.5 and 15.

# %% tags=["exercise"] exercise="gate-or-distribution"
def attend_two_ways(features, scores):
    # BEGIN SOLUTION
    weights = scores.flatten(2).softmax(-1).view_as(scores)              # (B, 1, H, W), mass 1
    return torch.stack([features * weights, features * scores.sigmoid()])  # (2, B, C, H, W)
    # END SOLUTION


check("gate-or-distribution", attend_two_ways)

# %% [markdown] tags=["instructor"]
# Ask for a show of hands before the first cell: "196 places, random scores around 0, what do sigmoids add up to?" Somebody says 1. If one cell of this section survives your cuts, keep the Jacobians.

# %% [markdown]
# ## 4 · Look at one place
# *8 minutes*
#
# Soft attention is thorough and dear: to weigh a place it must have read it. Here is one canvas with a 3, and six windows, the 3 in number 0. The bars say what the reader makes of each: the logarithm of the chance that
# it gives to a 3. Call that the ***reward*** of looking there. It is minus the loss.

# %%
rewards = reward_of(LOOKS)  # (6,)
fig, (left, right) = plt.subplots(1, 2, figsize=(9.4, 3.4), width_ratios=(1.3, 1))
left.imshow(CANVAS[0], cmap="gray")
for k, (top, start) in enumerate(CORNERS):
    viz.outline(left, top - 0.5, start - 0.5, 12, 12, color=viz.KEY)
    left.text(start + 13, top + 2, str(k), color="white", fontweight="bold")
left.set(xticks=[], yticks=[], title="Six places to look at")
left.grid(False)
right.bar(range(6), rewards, color=viz.KEY)
right.set(xlabel="place", ylabel="reward: ln chance of a 3", title="What each look would earn")
viz.show(fig, alt="Left: a canvas with a digit 3 near the top and scraps elsewhere, six green "
                  "boxes numbered 0 to 5, box 0 around the 3. Right: a bar for each box, below 0: "
                  "minus 0.6 for box 0, minus 1.3 for box 4, and between minus 3.4 and minus 4.6 "
                  "for the others.")

# %%
pixels, whole = LOOKS[0].numel(), CANVAS.numel()
for name, read in (("soft, over all 1,961 windows", whole), ("soft, over these six", 6 * pixels),
                   ("hard, one of the six", pixels)):
    print(f"{name:29} {read:4} of {whole} pixels, {read / whole:.1%}")

# %% [markdown]
# ***Hard attention*** draws one place from the distribution and reads only that one. The distribution is now called a ***policy***: scores $s_k$, chances $p = \operatorname{softmax}(s)$, and a place $k$ drawn from them. The
# scores in `SCORES` are those of an untrained policy that happens to like place 1. Draw, look, and let the reward teach it:

# %% tags=["predict"]
predict("which-gradient")

# %%
torch.manual_seed(0)
scores = SCORES.clone().requires_grad_()  # (6,)
windows = LOOKS.clone().requires_grad_()                                    # (6, 144)
place = scores.softmax(0).multinomial(1)                                    # (1,): a whole number
reward = reward_of(windows[place])                                          # (1,)
reward.sum().backward()
print("drawn:", place.item())
print("windows with a gradient:", (windows.grad.abs().sum(1) > 0).nonzero().flatten().tolist())
print("scores.grad:", scores.grad)

# %% [markdown]
# What was looked at gets a gradient, so a network that *reads* the window can learn. The scores get none. An index is a whole number; it does not change a little when a score changes a little. You can write the choice as a
# mask that stays in the graph, and it does not help:

# %%
scores = SCORES.clone().requires_grad_()
chances = scores.softmax(0)
mask = (chances / chances.max()).floor()  # (6,): 1 at the largest, 0 elsewhere
reward_of((mask @ LOOKS)[None]).sum().backward()
print("mask       ", mask.tolist())
print("scores.grad", scores.grad.tolist())

# %% [markdown]
# A step is flat wherever it is not a cliff, so now the gradient exists and is 0. Neither `None` nor 0 says that place 0 would have been better.
#
# But look at the same thing from further away. Raise the score of place 0 from low to high. Each dot is the reward of one draw. The line is what the draws earn on average,
#
# $$ J(s) = \mathbb{E}_{k \sim p}[R_k] = \sum_{k=1}^{K} p_k(s)\, R_k . $$

# %%
torch.manual_seed(0)
raised, scores = torch.linspace(-5, 7, 240), SCORES.repeat(240, 1)  # (240,), (240, 6)
scores[:, 0] = raised
p, rewards = scores.softmax(-1), reward_of(LOOKS)                   # (240, 6), (6,)
fig, ax = plt.subplots(figsize=(7.2, 3.4))
ax.plot(raised, rewards[p.multinomial(1)[:, 0]], "o", ms=3, alpha=0.6, label="one draw")
ax.plot(raised, p @ rewards, "-", color=viz.QUERY, lw=3, label="mean of all draws, J")
ax.set(xlabel="score of place 0", ylabel="reward", title="Draws make steps, their mean a slope")
ax.legend(loc="center right")
viz.show(fig, alt="Reward against the score of place 0. Dots lie on six horizontal levels; to the "
                  "right more and more of them are on the top level. A smooth blue curve of the "
                  "mean rises from minus 4 at the left to minus 0.6 at the right.")

# %% [markdown]
# The dots jump between six levels, and no dot knows a slope. The curve is smooth: what changes smoothly with the scores is not *what is seen* but *how often*. That is the thing to differentiate.

# %% tags=["poke"]
# Poke it: with six places J can be written down. Let autograd differentiate it. What did that cost?
scores = SCORES.clone().requires_grad_()
J = scores.softmax(0) @ reward_of(LOOKS)
J.backward()
print(f"J = {J.item():.2f}   gradient {listed(scores.grad)}")
print(f"windows read: {len(LOOKS)}; with three looks in a row there are {6**3} paths to read")

# %% [markdown] tags=["instructor"]
# "None" and "zeros" are the two answers that a room fights about; let both sides run their cell. The last figure is the hinge of the chapter: cover the line with your hand and ask for the slope.

# %% [markdown]
# ## 5 · A slope for a draw
# *10 minutes, then exercise 2.3*
#
# The poke enumerated: it read every window, and that is what hard attention was to avoid. Five lines get the same gradient out of draws alone. $R_k$ is the reward of place $k$, and $\nabla$ is the derivative by the scores.
#
# $$
# \begin{aligned}
# \nabla J &= \nabla \sum_k p_k R_k && \text{what we want} \\
# &= \sum_k R_k\, \nabla p_k && \text{the scores change how often a place is seen, not what it earns} \\
# &= \sum_k p_k\, R_k\, \nabla \ln p_k && \text{since } \nabla \ln p_k = \nabla p_k / p_k \\
# &= \mathbb{E}_{k \sim p}\,[\, R_k\, \nabla \ln p_k \,] && \text{a sum weighted by chances is an expectation} \\
# &\approx \tfrac{1}{n} \textstyle\sum_{i=1}^{n} R_{k_i} \nabla \ln p_{k_i} && n \text{ draws in place of all places}
# \end{aligned}
# $$
#
# The third line is the trick: it puts $p_k$ back in front, so that the sum can be drawn from. $\nabla \ln p$ is called the score function in statistics (another use of the word *score*), and the estimate is the
# ***score-function gradient***, or REINFORCE (Williams 1992). In words: draw a place; if the reward was high, make that place likelier, and if it was low, less likely.
#
# For a softmax $\nabla_s \ln p_k = e_k - p$, with $e_k$ the one-hot vector of the drawn place. So a draw needs one reward and no more:

# %%
torch.manual_seed(0)
p, rewards = SCORES.softmax(0), reward_of(LOOKS)         # (6,), (6,)
place = p.multinomial(100_000, replacement=True)         # (100000,)
each = rewards[place, None] * (F.one_hot(place, 6) - p)  # (100000, 6)
exact = p * (rewards - p @ rewards)                      # (6,), by enumeration
rows = {"one draw": each[0], "another": each[1], "mean of 100": each[:100].mean(0),
        "mean of 100,000": each.mean(0), "enumerated": exact}
for name, gradient in rows.items():
    print(f"{name:16} {listed(gradient)}")

# %% [markdown]
# A single draw is far off. The mean of many is right, for all six scores at once, and no draw read more than one window. An estimate that is right on average is called ***unbiased***. How fast does the average get there?

# %% tags=["predict"]
predict("more-draws")

# %%
torch.manual_seed(0)
p, rewards = SCORES.softmax(0), reward_of(LOOKS)  # (6,), (6,)
exact = p * (rewards - p @ rewards)
draws = torch.tensor([10, 30, 100, 300, 1000, 3000, 10_000])
errors = []
for n in draws.tolist():
    place = p.repeat(200, 1).multinomial(n, replacement=True)  # (200, n): 200 averages
    often = F.one_hot(place, 6).float().mean(1)                # (200, 6)
    mean = often * rewards - (often @ rewards)[:, None] * p  # each draw: R_k (e_k - p)
    errors.append((mean - exact).square().sum(1).mean().sqrt().item())
slope = (torch.tensor(errors[-1]) / errors[0]).log() / (draws[-1] / draws[0]).log()
print(f"off by {errors[2]:.2f} with 100 draws, by {errors[-1]:.3f} with 10,000; slope {slope:.2f}")

# %%
fig, ax = plt.subplots(figsize=(7.2, 3.4))
ax.loglog(draws, errors, "o-", label="measured, mean of 200 runs")
ax.loglog(draws, errors[0] * (draws / draws[0]) ** -0.5, ":", label="slope -1/2")
ax.axhline(exact.norm(), color=viz.QUERY, ls="--", label="length of the gradient itself")
ax.set(xlabel="draws", ylabel="error of the mean", title="Right on average, and slowly")
ax.legend()
viz.show(fig, alt="Error of the averaged gradient against the number of draws on logarithmic axes. "
                  "The measured points lie on a straight line of slope minus one half, from 1.0 "
                  "at ten draws to 0.03 at ten thousand. A dashed level marks the length of the "
                  "gradient; only beyond about thirty draws is the error below it.")

# %% [markdown]
# Slope -1/2: a hundred times the draws for one more decimal. Below some thirty draws the error is larger than the gradient itself, and a training step takes one draw an image. It works because errors of different steps cancel over
# the training, and because the next section makes them smaller.
#
# **In code nobody writes $e_k - p$.** Write a number whose gradient is the estimate, and let autograd do the rest. It is called a ***surrogate loss***:
#
# $$ \ell = -\frac{1}{B} \sum_{b=1}^{B} \ln p_{k_b} \cdot R_{k_b} $$
#
# Minus, since optimisers go downhill. `log_prob` is `(B,)` and has a graph; `reward` is `(B,)` and is a constant, even if it came out of a network. The value of $\ell$ means nothing: it may rise while the policy gets better.

# %%
torch.manual_seed(0)
scores = SCORES.repeat(4, 1).requires_grad_()  # (4, 6): 4 images
place, log_prob = lib.draw_place(scores)       # (4,), (4,)
reward = reward_of(LOOKS[place])               # (4,)
lib.surrogate_loss(log_prob, reward).backward()
by_hand = -reward[:, None] * (F.one_hot(place, 6) - scores.detach().softmax(-1)) / 4
assert_close(scores.grad, by_hand)
print("autograd of the surrogate = minus R (e_k - p) / B, for places", place.tolist())

# %% [markdown]
# The first public code of hard attention for captions (Xu et al. 2015) writes this gradient by hand: the sampled one-hot *divided by* the weights. In 2016 somebody asked in its issue 18 what that line means. Four more people joined until 2019, and no
# answer is recorded there. You can give it: $\nabla_p \ln p_k = e_k / p$.
#
# One more thing that the second line of the derivation assumed: the reward does not depend on what is differentiated. A reader that learns does change the reward. That part needs no trick, its gradient goes through the window that was
# looked at; so the two losses are added, cross-entropy for *what* and the surrogate for *where*.

# %% tags=["poke"]
# Poke it: learn for 300 steps from one draw a step. Does the policy find the 3? Run it with other seeds.
rewards = reward_of(LOOKS)  # (6,): looked up here, so that the cell is quick
for seed in range(4):
    torch.manual_seed(seed)
    scores = torch.zeros(1, 6, requires_grad=True)
    optimizer = torch.optim.SGD([scores], lr=0.1)
    for _ in range(300):
        place, log_prob = lib.draw_place(scores)
        optimizer.zero_grad()
        lib.surrogate_loss(log_prob, rewards[place]).backward()
        optimizer.step()
    print(f"seed {seed}   chances {listed(scores.softmax(-1)[0])}")

# %% [markdown] tags=["card"]
# ### Exercise 2.3 · The gradient of a draw
# **difficulty** ●●●○○ **importance** ●●●●● **about 10 minutes** **3 points**
#
# Write `surrogate(log_prob, reward, baseline)`: a number whose gradient is the estimate of $-\nabla \mathbb{E}[R]$. The baseline is subtracted from the reward; section 6 says why. Both may come out of networks. Neither may get a gradient here.
#
# | | shape | |
# |---|---|---|
# | `log_prob` | `(B,)` | of the drawn places, with a graph |
# | `reward`, `baseline` | `(B,)` | perhaps with a graph of their own |
# | returns | scalar | mean over the batch |
#
# On paper: `log_prob = [-1, -2]`, `reward = [3, 1]`, `baseline = [1, 1]`. The advantages are 2 and 0, the value is 1, and the gradient by `log_prob` is `[-1, 0]`.

# %% tags=["exercise"] exercise="reinforce-surrogate"
def surrogate(log_prob, reward, baseline):
    # BEGIN SOLUTION
    advantage = (reward - baseline).detach()  # (B,): how much better than expected, a constant
    return -(log_prob * advantage).mean()     # scalar
    # END SOLUTION


check("reinforce-surrogate", surrogate)

# %% [markdown] tags=["instructor"]
# Do the five lines on the board, slowly, and ask at the third why one would multiply and divide by the same number. In 2.3 half the room forgets `.detach()`; the check says where the gradient leaked to. Cut list: the loglog figure (keep its print).

# %% [markdown]
# ## 6 · The same mean, less noise
# *12 minutes, then exercises 2.4 and 2.5*
#
# All our rewards are negative. So every draw, the best one too, makes the place that was drawn *less* likely. It comes right only on average, because the others are pushed down harder. That smells of waste. Make it worse first:

# %% tags=["predict"]
predict("plus-hundred")

# %%
torch.manual_seed(0)
p, rewards = SCORES.softmax(0), reward_of(LOOKS)  # (6,), (6,)
place = p.multinomial(1_000_000, replacement=True)                 # (1000000,)
grad_log = F.one_hot(place, 6) - p                                 # (1000000, 6)
for name, shift in (("R + 100", 100.0), ("R", 0.0), ("R + 3.5", 3.5)):
    each = (rewards + shift)[place, None] * grad_log               # (1000000, 6)
    spread = each.var(0).sum().sqrt()
    print(f"{name:8} spread of one draw {spread:5.1f}   mean {listed(each.mean(0), 1)}")

# %% [markdown]
# The means agree; the noise of a single draw differs by a factor of seventy from the first line to the last. A number that is subtracted from every reward is called a ***baseline***, and it leaves the mean alone:
#
# $$ \mathbb{E}[\, b\, \nabla \ln p_k \,] = b \sum_k p_k \frac{\nabla p_k}{p_k} = b\, \nabla \sum_k p_k = b\, \nabla 1 = 0 $$
#
# What is left, $R_k - b$, is the *advantage*: better or worse than expected. Which $b$ is best? With six places the variance of one draw can be added up exactly, for every baseline:

# %%
p, rewards = SCORES.softmax(0), reward_of(LOOKS)  # (6,), (6,)
J = (p @ rewards).item()
exact, grad_log = p * (rewards - J), torch.eye(6) - p             # (6,), (6, 6): a row a place
size = p * grad_log.square().sum(1)                               # (6,): how likely, times how long
best = (size @ rewards / size.sum()).item()


def variance(b):
    return (size @ (rewards - b) ** 2 - exact @ exact).item()


for name, b in (("none", 0.0), ("J", J), ("best", best)):
    print(f"baseline {name:5} {b:5.2f}   variance {variance(b):.2f}")

# %%
torch.manual_seed(0)
place = p.repeat(10_000, 1).multinomial(32, replacement=True)  # (10000, 32): 32 draws a time
means = [((rewards - b)[place][..., None] * grad_log[place]).mean(1) for b in (0.0, best)]
grid = torch.linspace(-6.5, 0, 80)

# %%
fig, axes = plt.subplots(1, 3, figsize=(9.8, 3.2))
for ax, k in zip(axes, (1, 0)):
    ax.hist([m[:, k] for m in means], bins=44, range=(-1.5, 1), histtype="stepfilled", alpha=0.75,
            color=[viz.CATEGORICAL[1], viz.INK], label=["no baseline", f"baseline {best:.1f}"])
    ax.axvline(exact[k], color=viz.QUERY, ls="--", label="exact")
    ax.set(xlabel="mean of 32 draws", title=f"Gradient of score {k}")
axes[0].set_ylabel("how often, of 10,000")
axes[0].legend(fontsize=8)
axes[2].plot(grid, [variance(b) for b in grid])
axes[2].axvline(J, color=viz.QUERY, ls=":")
axes[2].set(xlabel="baseline b (dotted: J)", title="Variance of one draw")
viz.show(fig, alt="Three panels. The gradient of score 1 without a baseline is a wide hill around "
                  "the exact value; with a baseline it is a narrow one. The gradient of score 0 "
                  "is the other way round, less strongly. The variance of all scores together "
                  "against the baseline is a parabola, lowest near minus 3.3, close to J.")

# %% [markdown]
# Both hills stand on the same spot: no baseline moves the mean. For score 1, the place that the policy likes, most of the noise is gone. For score 0 there is *more* of it than before, which we did not expect when we drew this figure. Without a baseline the reward of the 3
# is close to 0, so the draw that finds it moves hardly anything; with one it is a large and rare surprise. One number serves all six scores, and it is the sum of their variances that is a parabola.
#
# Variance is quadratic in $b$, so a best constant exists. With $g_k = \nabla \ln p_k$ it is $b^* = \mathbb{E}[\lVert g \rVert^2 R] \,/\, \mathbb{E}[\lVert g \rVert^2]$: a mean of rewards in which draws with a long gradient count more. The plain mean $J$ is nearly
# as good and needs no lengths, so that is what people use: a running mean of past rewards, or a small network that predicts the reward from the image *before* the draw (Mnih et al. 2014).

# %% [markdown]
# **What a baseline may know.** It may know the image. Between $\mathbb{E}[b\,\nabla \ln p_k]$ and $b\,\mathbb{E}[\nabla \ln p_k]$ we took $b$ out of an average over draws. If $b$ depends on the draw, that step is false.

# %% tags=["predict"]
predict("saw-the-glimpse")

# %%
torch.manual_seed(0)
p, rewards = SCORES.softmax(0), reward_of(LOOKS)  # (6,), (6,)
exact = p * (rewards - p @ rewards)
place = p.repeat(200_000, 1).multinomial(4, replacement=True)  # (200000, S): 4 draws, same image
R, grad_log = rewards[place], F.one_hot(place, 6) - p          # (200000, S), (200000, S, 6)
mean_of_all = R.mean(1, keepdim=True)                          # (200000, 1)
baselines = {"none": torch.zeros_like(R), "constant J": p @ rewards,
             "mean of all four": mean_of_all, "mean of the others": (4 * mean_of_all - R) / 3,
             "saw the glimpse": R}
for name, b in baselines.items():
    each = ((R - b)[..., None] * grad_log).mean(1)             # (200000, 6)
    length, noise = each.mean(0) @ exact / exact.norm() ** 2, each.var(0).sum().sqrt()
    print(f"{name:19} mean gradient {length:5.2f} x exact   noise {noise:.2f}")

# %% [markdown]
# The mean of all four contains the draw's own reward, and a quarter of the gradient is gone: the factor is $(S-1)/S$. For one constant $S$ that is only a smaller step. It becomes a fault when $S$ differs from image to image, and with $S = 1$ nothing is left,
# as in the last line. A baseline that saw the glimpse explains the reward away.
#
# Leave the own reward out, and the mean is right again. The ***leave-one-out baseline*** needs no network and no history, only several draws for each image (Kool et al. 2019). The noise stays: less bias, more noise, and here the
# two lines are the same estimate up to a factor of 4/3.

# %% tags=["poke"]
# Poke it: eight readings to spend. Eight draws with a constant 0, or leave-one-out in groups of 2, 4, 8?
torch.manual_seed(0)
p, rewards = SCORES.softmax(0), reward_of(LOOKS)  # (6,), (6,)
place = p.repeat(100_000, 1).multinomial(8, replacement=True)  # (100000, 8)
R, grad_log = rewards[place], F.one_hot(place, 6) - p
for S in (1, 2, 4, 8):
    groups = R.unflatten(1, (8 // S, S))                       # (100000, 8 / S, S)
    others = (groups.sum(-1, keepdim=True) - groups) / max(S - 1, 1)  # for S = 1: zero
    each = ((groups - others).flatten(1)[..., None] * grad_log).mean(1)
    print(f"groups of {S}   noise of the mean of eight {each.var(0).sum().sqrt():.2f}")

# %% [markdown] tags=["card"]
# ### Exercise 2.4 · A baseline that leaves itself out
# **difficulty** ●●●○○ **importance** ●●●●○ **about 10 minutes** **3 points**
#
# Write `leave_one_out(reward)`. Each draw's baseline is the mean reward of the other draws of the same image.
#
# | | shape | |
# |---|---|---|
# | `reward` | `(B, S)` | S draws for each of B images, S at least 2 |
# | returns | `(B, S)` | the baseline of each draw; it does not change when that draw's own reward does |
#
# On paper: rewards `[1, 2, 6]` of one image. The baselines are 4, 3.5 and 1.5.

# %% tags=["exercise"] exercise="unbiased-baseline"
def leave_one_out(reward):
    # BEGIN SOLUTION
    S = reward.shape[1]
    return (reward.sum(1, keepdim=True) - reward) / (S - 1)  # (B, S)
    # END SOLUTION


check("unbiased-baseline", leave_one_out)

# %% [markdown]
# **When you can enumerate, enumerate.** For a handful of places you can read them all in training, and the gradient has a closed form. You have seen it in the code above as `exact`:
#
# $$ \frac{\partial J}{\partial s_k} = p_k \Bigl( R_k - \sum_j p_j R_j \Bigr) $$
#
# A place gains if it earns more than the policy earns now. The exact gradient brings its own baseline, $J$. Every estimator of this chapter is held against it.

# %% [markdown] tags=["card"]
# ### Exercise 2.5 · The gradient without a draw
# **difficulty** ●●●○○ **importance** ●●●○○ **about 8 minutes** **2 points**
#
# Write `exact_gradient(scores, reward)` in closed form, without autograd.
#
# | | shape | |
# |---|---|---|
# | `scores`, `reward` | `(B, K)` | a policy over K places for each image, and what each place would earn |
# | returns | `(B, K)` | the gradient of $\sum_k p_k R_k$ by the scores; each row sums to 0 |
#
# On paper: scores 0 and 0, rewards 1 and 3. Chances 1/2 each, J is 2, the gradient is -1/2 and 1/2.

# %% tags=["exercise"] exercise="exact-gradient"
def exact_gradient(scores, reward):
    # BEGIN SOLUTION
    p = scores.softmax(-1)                                        # (B, K)
    return p * (reward - (p * reward).sum(-1, keepdim=True))      # (B, K)
    # END SOLUTION


check("exact-gradient", exact_gradient)

# %% [markdown] tags=["instructor"]
# "Saw the glimpse" is the question to spend time on. Most vote for "no noise, faster". Let somebody say aloud what the advantage of a perfect prediction is. If the room knows reinforcement learning: this is why a critic must not see the
# action, and why group-relative methods for language models argue about the own reward. Cut list: the poke; the bars.

# %% [markdown]
# ## 7 · A draw that pretends to have a slope
# *10 minutes, then exercise 2.6*
#
# The score function learns from one number a look. A network knows more: it has a derivative by everything it saw. Could a draw be written so that a derivative gets through? First, write a draw as *scores plus noise, take the largest*. Which
# noise? The obvious one is Gaussian.

# %%
torch.manual_seed(0)
wanted = SCORES.softmax(0)  # (6,)
kinds = {"Gaussian": torch.randn(500_000, 6), "Gumbel": lib.gumbel_noise(torch.empty(500_000, 6))}
print(f"{'softmax':9} {listed(wanted)}")
for name, noise in kinds.items():
    often = F.one_hot((SCORES + noise).argmax(-1), 6).float().mean(0)
    print(f"{name:9} {listed(often)}   off by {(often - wanted).abs().max():.2f}")

# %% [markdown]
# ***Gumbel noise*** is $-\ln E$, with $E$ drawn from an exponential distribution. With it the largest of $s_k + \text{noise}_k$ is a draw from softmax exactly, with Gaussian noise it is not. Why: $-\ln E_k + s_k$ is largest where
# $E_k e^{-s_k}$ is smallest. Those are alarm clocks that ring at random, clock $k$ at the rate $e^{s_k}$. The one that rings first is $k$ with chance $e^{s_k} / \sum_m e^{s_m}$.
#
# Now all the chance is in the noise, and the noise does not depend on the scores. One step is left without a derivative, the argmax. Replace it by a softmax with temperature $\tau$ (Jang et al. 2017, Maddison et al. 2017):
#
# $$ y = \operatorname{softmax}\!\left(\frac{s + \text{noise}}{\tau}\right) $$
#
# $s$, the noise and $y$ are `(B, K)`. Twelve draws at four temperatures, with the same noise:

# %%
torch.manual_seed(3)
scores = SCORES.repeat(12, 1)  # (12, 6)
noise = lib.gumbel_noise(scores)
taus = (0.1, 0.5, 2, 10)
tiles = [lib.gumbel_softmax(scores, tau=tau, hard=False, noise=noise) for tau in taus]
titles = [f"tau {tau:g}" for tau in taus]
fig = viz.small_multiples(tiles, titles, cmap=viz.WEIGHTS_CMAP, vmin=0, vmax=1, size=1.5,
                          title="Rows: draws. Columns: places")
viz.show(fig, alt="Four tables of twelve draws over six places. At tau 0.1 each row has one bright "
                  "cell and is otherwise black. At 0.5 a few rows are shared by two cells. At 2 "
                  "all rows are blurred, at 10 all cells are nearly the same dull purple.")

# %% [markdown]
# At a low temperature it is nearly a draw, at a high one it is nearly nothing. Blends bring back the ghost of section 2, so go one step further: hand the true one-hot draw *forward*, and the gradient of the blend *backward*. That is the
# ***straight-through gradient***; Bengio et al. (2013) did it for coins. In one line of code:
#
# $$ \text{out} = e_{\operatorname{argmax}} + (y - \operatorname{detach}(y)) $$
#
# The bracket is exactly 0, and it has the slope of $y$.

# %%
torch.manual_seed(0)
scores = SCORES[None].clone().requires_grad_()  # (1, 6)
drawn = lib.gumbel_softmax(scores, tau=1.0)  # (1, 6)
reward_of(drawn @ LOOKS).sum().backward()
print("forward ", drawn[0].tolist())
print("backward", listed(scores.grad[0]))

# %% [markdown]
# A gradient for every place, from a single draw. It cannot be quite true: only one window was read, and yet all six places are told how they would have done. Where does the claim come from? From the derivative of the reward at the window that was
# seen, times the *features of the others*. So all six windows had to be read after all. And a derivative is a straight line:

# %% tags=["predict"]
predict("colder")

# %%
p, table = SCORES.softmax(0), reward_of(LOOKS)         # (6,), (6,)
exact = p * (table - p @ table)                        # (6,)


def bias_and_noise(reward, tau, draws=10_000):
    many = SCORES.repeat(draws, 1).requires_grad_()    # (draws, 6)
    reward(lib.gumbel_softmax(many, tau=tau)).sum().backward()
    noise = many.grad.var(0).sum()
    off = (many.grad.mean(0) - exact).square().sum() - noise / draws  # less what chance leaves
    return [(t.clamp(min=0).sqrt() / exact.norm()).item() for t in (off, noise)]


torch.manual_seed(0)
taus = (0.1, 0.3, 1, 3)
linear = [bias_and_noise(lambda drawn: drawn @ table, tau) for tau in taus]
network = [bias_and_noise(lambda drawn: reward_of(drawn @ LOOKS), tau) for tau in taus]

# %%
length = p * (torch.eye(6) - p).square().sum(1)  # (6,)
best = length @ table / length.sum()             # the best baseline of section 6
reinforce = ((length @ (table - best) ** 2 - exact @ exact).sqrt() / exact.norm()).item()
print(f"score function, best baseline:  bias 0.0   noise {reinforce:.1f}")
for tau, (bias, noise), (off, spread) in zip(taus, linear, network):
    print(f"tau {tau:3}   linear reward: bias {bias:.1f} noise {noise:.1f}"
          f"   the reader: bias {off:.1f} noise {spread:.1f}")

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.4, 3.5), sharey=True)
for ax, runs, title in zip(axes, (linear, network), ("A linear reward", "The reader's reward")):
    bias, noise = zip(*runs)
    ax.semilogx(taus, bias, "o-", color=viz.CATEGORICAL[2], label="bias")
    ax.semilogx(taus, noise, "s--", color=viz.INK, label="noise of one draw")
    ax.axhline(reinforce, color=viz.QUERY, ls=":", label="noise of the score function")
    ax.set(xlabel="temperature tau", title=title)
axes[0].set_ylabel("in lengths of the exact gradient")
axes[1].legend()
viz.show(fig, alt="Bias and noise of the straight-through gradient against the temperature. Noise "
                  "falls from above 4 to near 0 in both panels. Left, for a linear reward, the "
                  "bias falls to nothing as the temperature goes down. Right, for the reader, "
                  "the bias stays between 0.8 and 0.9 at every temperature.")

# %% [markdown]
# Left, the textbook: the reward is a table, linear in the one-hot draw, and a colder stand-in has less bias and more noise. Right, the reader of this chapter, which is not linear: the bias is 0.8 to 0.9 of the gradient's length at
# every temperature, and cooling does not mend it. At the window it saw, the reader knows how the reward would change for a *slightly* different window. Place 0 is not slightly different.
#
# The dotted line is the score function with its best baseline: noisier than Gumbel at $\tau = 1$, and no bias at all. Noise shrinks when you average, bias does not:

# %% tags=["poke"]
# Poke it: average over n draws. From how many draws on is the unbiased estimate the better one?
bias, noise = network[taus.index(1)]  # the reader's reward, tau 1
for n in (1, 3, 10, 100):
    gumbel = (bias**2 + noise**2 / n) ** 0.5
    score_function = reinforce / n**0.5
    print(f"{n:3} draws   score function off by {score_function:.1f}, Gumbel by {gumbel:.1f}")

# %% [markdown]
# In a single step the biased gradient is the closer one. Over ten draws it no longer is. And a network is not a frozen reader: while it is trained end to end, its features may become more linear. Which of the two learns better is for
# an experiment to say, not for a formula.

# %% [markdown] tags=["card"]
# ### Exercise 2.6 · A draw with a borrowed gradient
# **difficulty** ●●●○○ **importance** ●●●●○ **about 10 minutes** **3 points**
#
# Write `straight_through(scores, noise, tau)`. The noise is given, so that your draw can be compared. `F.gumbel_softmax` is closed.
#
# | | shape | |
# |---|---|---|
# | `scores`, `noise` | `(B, K)` | |
# | `tau` | a positive number | |
# | returns | `(B, K)` | one-hot of the largest of `scores + noise`; its gradient is that of `softmax((scores + noise) / tau)` |
#
# On paper: scores 0 and 0, noise 0 and ln 3, tau 1. Forward `[0, 1]`. The softmax is 1/4 and 3/4, so the second entry has the slopes -3/16 and 3/16.

# %% tags=["exercise"] exercise="straight-through"
def straight_through(scores, noise, tau):
    # BEGIN SOLUTION
    soft = ((scores + noise) / tau).softmax(-1)                  # (B, K)
    hard = F.one_hot(soft.argmax(-1), soft.shape[-1]).to(soft.dtype)  # (B, K), no graph
    return hard + (soft - soft.detach())                         # forward hard, backward soft
    # END SOLUTION


check("straight-through", straight_through)

# %% [markdown] tags=["instructor"]
# Have them say where the gradient of an unread place comes from before you run `bias_and_noise`; "from its features" is the sentence to wait for. The right panel is usually news even to people who use the trick. Cut list: the alarm clocks, the poke.

# %% [markdown]
# ## 8 · An eye: sharp in the middle, coarse around
# *8 minutes, then exercise 2.7*
#
# A window of 12 x 12 is a keyhole. Who looks through a keyhole does not know where to look next. An eye sees the surroundings too, in fewer pixels. Build one. A look has a centre `(y, x)`, each between -1 and 1, with the outer edges of the image at -1 and 1,
# so that a centre means the same on every canvas. Cutting a window out is a slice, is it not?

# %%
def cut(image, row, col, size):  # image (1, H, W), centre in pixels
    top, left = row - size // 2, col - size // 2
    return image[:, top:top + size, left:left + size]


for row, col in ((24, 32), (9, 25), (9, 3), (46, 60)):
    print(f"around row {row}, column {col}: shape {tuple(cut(CANVAS, row, col, 12).shape)}")

# %% tags=["predict"]
predict("minus-three")

# %%
numbers = torch.arange(64)
print("row[-3:9] ", numbers[-3:9].tolist())
print("row[55:67]", numbers[55:67].tolist())

# %% [markdown]
# At the lower and the right border a slice comes back too small. At the upper and the left one it comes back empty. Nothing complains until shapes meet in a batch, or nothing ever does. The clean version says what lies outside: zeros. For a window of $n$ pixels on
# an axis of $N$,
#
# $$ \text{first} = \Bigl\lfloor \frac{y + 1}{2}\, N - \frac{n}{2} + \frac{1}{2} \Bigr\rfloor $$
#
# $\tfrac{y+1}{2} N$ is the centre in pixels, measured from the edge; half a window before it the window begins; the rest rounds to the nearest pixel. The axis of height has $N = H$, the axis of width $N = W$.
#
# A ***glimpse*** is several such windows around one centre, each twice as wide as the last and averaged down to the same size (Mnih et al. 2014). `lib.glimpses` cuts them, `lib.glimpse_pixels` says which pixels were read:

# %%
centre = torch.tensor([[-0.6, -0.2]])  # (B, 2): (y, x)
seen = lib.glimpses(CANVAS[None], centre, size=8, num_scales=3)[0, :, 0]  # (S, 8, 8)
titles = ["One look, three windows", *(f"{side} x {side}\nin 8 x 8" for side in (8, 16, 32))]

# %%
fig, axes = plt.subplots(1, 4, figsize=(9.6, 2.6), width_ratios=(2, 1, 1, 1))
for ax, shown, title in zip(axes, [CANVAS[0], *seen], titles):
    ax.imshow(shown, cmap="gray", vmin=0, vmax=1)
    ax.set_title(title)
    ax.set_axis_off()
axes[0].set(ylim=(48, -10))
for side in (8, 16, 32):
    top, left = ((centre[0] + 1) / 2 * torch.tensor([48, 64]) - side / 2 + 0.5).floor().tolist()
    viz.outline(axes[0], top - 0.5, left - 0.5, side, side)
viz.show(fig, alt="Left: a canvas with three nested blue squares around a point on a digit 3; the "
                  "largest reaches over the upper edge. Right: what the three windows hold, each "
                  "as eight by eight pixels: a piece of a stroke, a blocky 3, and coarse blobs "
                  "with a dark band at the top for what lies outside.")

# %% [markdown]
# Three pictures of 64 numbers. The network gets 192 numbers; the sensor had to touch more. A coarse pixel is a mean, and a mean reads everything under it:

# %%
centre = torch.tensor([[-0.6, -0.2]])
for size, scales in ((8, 1), (8, 2), (8, 3), (12, 1)):
    pixels = lib.glimpse_pixels(centre, (48, 64), size, scales).sum().item()
    print(f"size {size:2}, scales {scales}   numbers {size**2 * scales:3}"
          f"   pixels {pixels:3}, {pixels / CANVAS.numel():.1%}")

# %% [markdown]
# This course counts pixels touched, not numbers kept. (A camera that is coarse by construction would count otherwise. Say which you count.) Several looks may overlap, so their masks are joined by *or* before they are summed.

# %% tags=["poke"]
# Poke it: the same centre, on canvases of other sizes, and a centre outside. Which pixels are read?
for size in ((48, 64), (64, 48), (20, 100)):
    for place in ([0.5, -0.5], [1.0, 1.0], [1.5, 0.0]):
        mask = lib.glimpse_pixels(torch.tensor([place]), size, 8)[0]
        where = mask.nonzero()
        first = where[0].tolist() if len(where) else "nothing"
        print(f"canvas {size}   centre {place}   first pixel {first}   pixels {len(where)}")

# %% [markdown] tags=["card"]
# ### Exercise 2.7 · A glimpse at the border
# **difficulty** ●●●●○ **importance** ●●●●○ **about 15 minutes** **4 points**
#
# Write `glimpse(image, centre, size)`: one window for each image of a batch, each at a place of its own. There is no single slice for that. What lies outside is 0, however far outside.
#
# | | shape | |
# |---|---|---|
# | `image` | `(B, C, H, W)` | H and W may differ |
# | `centre` | `(B, 2)` | `(y, x)`; the outer edges of the image are at -1 and 1 |
# | `size` | int | side of the window |
# | returns | `(B, C, size, size)` | begins at row $\lfloor (y+1)/2 \cdot H - \text{size}/2 + 0.5 \rfloor$, columns likewise with W |
#
# On paper: a row of four pixels `[1, 2, 3, 4]`, H = 1, size 2, centre (0, -1). Columns begin at floor(0 - 1 + 0.5) = -1, rows at floor(0.5 - 1 + 0.5) = 0. The window is `[[0, 1], [0, 0]]`.

# %% tags=["exercise"] exercise="glimpse-at-the-border"
def glimpse(image, centre, size):
    # BEGIN SOLUTION
    B, C, H, W = image.shape
    steps = torch.arange(size, device=image.device)
    limits = torch.tensor([H, W], device=image.device)
    first = ((centre + 1) / 2 * limits - size / 2 + 0.5).floor().long()      # (B, 2)
    rows, cols = first[:, :1] + steps, first[:, 1:] + steps                  # (B, size), (B, size)
    inside = ((rows >= 0) & (rows < H))[:, :, None] & ((cols >= 0) & (cols < W))[:, None, :]
    rows, cols = rows.clamp(0, H - 1), cols.clamp(0, W - 1)
    sample = torch.arange(B, device=image.device)[:, None, None]
    window = image.movedim(1, -1)[sample, rows[:, :, None], cols[:, None, :]]  # (B, size, size, C)
    return torch.where(inside[..., None], window, 0).movedim(-1, 1)          # (B, C, size, size)
    # END SOLUTION


check("glimpse-at-the-border", glimpse)

# %% [markdown] tags=["instructor"]
# 2.7 is the transfer task; take it home. Padding the image by `size` and then slicing in a loop over the batch is a fine answer, as long as centres far outside are clamped. The commonest slip is H and W exchanged; the commonest crash is a window wholly outside.

# %% [markdown]
# ## 9 · The ladder of equals
# *5 minutes*
#
# Soft attention over places, from loops to the kernel that runs on a GPU. Each rung is checked against the one before.

# %%
def by_loops(features, scores):              # (C, H, W), (1, H, W) -> (C,)
    total, out = 0.0, torch.zeros(len(features))
    for y in range(features.shape[1]):
        for x in range(features.shape[2]):
            power = (scores[0, y, x] - scores.max()).exp()
            total, out = total + power, out + power * features[:, y, x]
    return out / total


def by_matrix(features, scores):             # (B, C, H, W), (B, 1, H, W) -> (B, C)
    weights = scores.flatten(2).softmax(-1)  # (B, 1, L)
    return (weights @ features.flatten(2).mT)[:, 0]  # (B, 1, L) @ (B, L, C)


torch.manual_seed(0)
features, scores = torch.randn(2, 5, 6, 7), torch.randn(2, 1, 6, 7)
slow = torch.stack([by_loops(f, s) for f, s in zip(features, scores)])
assert_close(slow, by_matrix(features, scores))
print("loops = matrix")

# %%
torch.manual_seed(0)
features, query = torch.randn(2, 5, 6, 7), torch.randn(5)  # the score of a place: q . f / sqrt(C)
scores = torch.einsum("bchw,c->bhw", features, query)[:, None] / 5**0.5  # (2, 1, 6, 7)
soft, _ = lib.soft_location(features, scores)              # (2, 5)
places = features.flatten(2).mT[:, None]                   # (B, 1, L, C): keys and values
q = query.expand(2, 1, 1, 5)                               # (B, H, N, D): one query
assert_close(soft, by_matrix(features, scores))
assert_close(soft, attend(q, places, places)[:, 0, 0])
assert_close(soft, F.scaled_dot_product_attention(q, places, places)[:, 0, 0])
print("matrix = library = attend with one query = PyTorch")

# %% [markdown]
# So soft attention over places is chapter 1 with a single learned query that is the same for every image. And Gumbel-softmax, against PyTorch's own under the same seed, in value and in gradient:

# %%
torch.manual_seed(0)
ours = torch.randn(4, 6).requires_grad_()
theirs, readout = ours.detach().clone().requires_grad_(), torch.randn(4, 6)
for hard in (False, True):
    torch.manual_seed(1)
    a = lib.gumbel_softmax(ours, tau=0.7, hard=hard)
    torch.manual_seed(1)
    b = F.gumbel_softmax(theirs, tau=0.7, hard=hard)
    assert_close(a, b)
    back = [torch.autograd.grad((y * readout).sum(), x)[0] for y, x in ((a, ours), (b, theirs))]
    assert_close(*back)
print("library = PyTorch, the blend and the straight-through draw, values and gradients")

# %% [markdown]
# ## 10 · Eight ways to look
# *15 minutes*
#
# So far somebody gave the scores, or there were six. Now nobody says where the digit is. A network sees canvases of 48 x 60 with five fragments and is told the class, nothing else. It has two halves
# (`course_lib.models.Looker`):
#
# - *where*: an overview, every third pixel of every third row, a ninth of the canvas. Four small convolutions make a score for each of 16 x 20 = 320 places out of it.
# - *what*: a window of 13 x 13 pixels around a place becomes 64 features, and a linear layer names the digit from them.
#
# Seven ways to join the halves have the same parameters and the same number of steps. They differ in one line:
#
# | way | joins by | learns *where* by |
# |---|---|---|
# | uniform | the mean over all windows | nothing: it has no use for it |
# | soft | a softmax over places, section 1 | backpropagation |
# | gate | a sigmoid for each place, section 3 | backpropagation |
# | hard | one window, drawn | the score function, a running mean as baseline |
# | hard, no baseline | the same | the score function with the bare reward |
# | hard, 0 or 1 | the same | the score function; the reward is 1 for a right class and 0 for a wrong one |
# | hard, Gumbel | the same | the straight-through gradient |
#
# Where nothing else is said, the reward is the chance that the right class was given. The eighth way is the recurrent glimpse model: an overview of every fourth pixel of every fourth row, then two looks of 8 x 8, the second chosen after the first was seen.

# %% tags=["predict"]
predict("what-a-baseline-buys")

# %% [markdown]
# First live and small: canvases of 24 x 48 with two fragments, a fifth of the steps, one seed, and four of the ways. Training adds up rounding
# errors, and processors round differently: on yours the figures of this cell may be a few points away from those that the text speaks of.

# %% tags=["long", "nbval-ignore-output"]
from dataclasses import replace

from course_lib.experiments import ch02_ways_to_look as looking

config = replace(looking.EXPERIMENT.small, seeds=(0,))
models = {way: looking.train(way, config, seed=0).model for way in ("soft", "gate", "hard")}
for way, model in models.items():
    figures = looking.evaluate(model, way, config)
    print(f"{way}   accuracy {figures['accuracy']:.2f}   pixels read {figures['pixels']:.2f}"
          f"   mass {figures['mass']:4.1f}   on the digit {figures['on_digit']:.2f}")

# %%
images, labels = looking.canvases(config, "test").pick(slice(2, 6))  # (4, 1, 24, 48), (4,)
seen = [looking.look(model, images, way) for way, model in models.items()]
fig, axes = plt.subplots(4, 3, figsize=(9.6, 6.4))
for row in range(4):
    for ax, name, (logits, weights, _) in zip(axes[row], models, seen):
        viz.attention_over_photo(images[row], weights[row, 0], colorbar=False, ax=ax)
        ax.set_title(f"{name}: a {labels[row]}, called {logits[row].argmax()}")
    y, x = divmod(seen[2].weights[row].argmax().item(), 16)  # the place that hard attention took
    viz.outline(axes[row, 2], 3 * y - 5, 3 * x - 5, 13, 13)
viz.show(fig, alt="Four canvases in three columns. Soft: one or two bright cells in the middle of "
                  "the digit. Gate: a bright blob as large as the digit, and faint cells at the "
                  "edge of the canvas. Hard: one cell, and around it a blue window that covers "
                  "most of the digit.")

# %% [markdown]
# Nobody told them where. Soft attention, which may spread as it likes, has put nearly everything on one place: on this task it *became* hard. The gate opens over the whole digit. Its windows overlap, and it adds them all up.
# `on the digit` scores the maps: how much of the digit's box lies in the window that is looked at, on average over the attention. The window of hard attention is drawn in full; it read the overview and these 169 pixels.
#
# Sections 2 and 3 warned of calling one way by another's name. Here is what it costs, a row for the way a model was trained and a column for the way it is used:

# %% tags=["poke", "nbval-ignore-output"]
# Poke it: swap the ways at test time. Which swap costs nothing? Which one even pays?
everything, labels = looking.canvases(config, "test").pick(slice(None))  # (500, 1, 24, 48), (500,)
for trained, model in models.items():
    with torch.no_grad():
        answers = [looking.look(model, everything, used).logits.argmax(-1) for used in models]
    right = torch.stack([(answer == labels).float().mean() for answer in answers])
    print(f"trained {trained:5} used soft, gate, hard: {listed(right)}")

# %% [markdown]
# A gate's network that is used with a softmax loses a quarter of its answers, and the other way round nearly all. Soft and hard are close relatives: `hard` is best at nothing here, for the model that was trained softly and is used hard
# reads as few pixels and errs less. Train where the gradient is exact, look where it is cheap: for one look at a still picture, try that first.
#
# It needs every window in training. Where that is out of the question, something has to be drawn; and with several looks, each chosen by what the last one showed, the windows on all paths are too many to average. The recurrent model draws. It learns more slowly. Look at its paths:

# %% tags=["long"]
recurrent = looking.train("recurrent", config, seed=0).model
images, labels = looking.canvases(config, "test").pick(slice(8, 16))  # (8, 1, 24, 48), (8,)
looks = recurrent(images)
paths = (looks.centres.detach() + 1) / 2 * torch.tensor(config.size) - 0.5  # (8, 2, 2), pixels

# %%
fig, axes = plt.subplots(2, 4, figsize=(9.8, 3.2))
for n, ax in enumerate(axes.flat):
    ax.imshow(images[n, 0], cmap="gray")
    ax.set_title(f"a {labels[n]}, called {looks.logits[n].argmax()}", fontsize=9)
    ax.set_axis_off()
    ax.plot(*paths[n].T.flip(0), "-o", color=viz.QUERY, ms=3)
    for row, col in paths[n].tolist():
        viz.outline(ax, row - 4, col - 4, 8, 8, linewidth=1.5)
viz.show(fig, alt="Eight canvases, each with two blue squares of 8 by 8 joined by a short line. In "
                  "seven of them the squares lie side by side or one above the other on the "
                  "digit and cover it together. In one they lie on a fragment, and the digit, "
                  "a 0, is named all the same.")

# %% [markdown]
# Two looks of 8 x 8 cannot hold a digit of 12 pixels, so the second is put beside the first, or below it. Nobody programmed that. In the upper right picture it looks at a fragment and names the 0 all the same, so it has read it off the overview, or guessed. An attention map
# is a claim about where the evidence came from. Here the claim is false.
#
# That was small. The recorded run has the full canvases and three seeds:

# %%
recorded = experiments.load_record("ways_to_look")
print(experiments.summary(recorded, ["accuracy", "pixels", "on_digit", "mass"], digits=2))
print(experiments.provenance(recorded))

# %%
fig, ax = plt.subplots(figsize=(8.6, 3.9))
names = []
for row, (way, figures) in enumerate(recorded["figures"].items()):
    seeds = figures["accuracy"]
    ax.plot(seeds, [row] * len(seeds), "o", color=viz.INK, ms=8, alpha=0.6)
    names.append(f"{way}: reads {figures['pixels'][0]:.0%}")
ax.axvline(0.1, color=viz.QUERY, ls=":")
ax.set(yticks=range(len(names)), yticklabels=names, xlim=(0, 1),
       xlabel="accuracy (dotted: guessing)", title="Eight ways to look, a dot a seed")
ax.invert_yaxis()
viz.show(fig, alt="Eight rows of three dots. Soft and Gumbel: all near 0.94. Gate: two at 0.96, "
                  "one at guessing. Hard: 0.88 to 0.92. Hard, 0 or 1: two near 0.88, one at "
                  "guessing. Uniform: 0.78. Recurrent: 0.6 to 0.75. Hard, no baseline: all at "
                  "guessing or just above.")

# %%
for way, figure in (("gate", "mass"), ("hard, 0 or 1", "on_digit"), ("hard, 0 or 1", "pixels")):
    seeds = torch.tensor(recorded["figures"][way][figure])
    print(f"{way:12} {figure.replace('_', ' '):8} seed by seed: {listed(seeds)}")

# %% [markdown]
# Some of this we had expected. Soft attention, and the draw that is taught by its slope, name about 19 of 20 digits. The score function gets nine of ten. So on this task the biased gradient beats the unbiased one, as long as training may read every window: the score function
# has read a sixth of each canvas in training, too. The recurrent model pays in accuracy for reading a tenth, and its seeds differ a lot.
#
# Three things we had not expected.
#
# *Uniform pooling is far above guessing.* Section 1 drowned the digit, and here more than three quarters are read from a plain mean. But here the mean is of 64 learned features behind a ReLU, each silent on paper and on most scraps. A mean of pixels forgets what was where; a mean of detectors still says that something was seen somewhere. What drowns is what is linear.
#
# *A gate can die.* Two seeds of the gate are the best of all eight ways. In the third the mass is 0: every gate has closed, nothing comes through, and a closed sigmoid has no slope to open by, $g(1-g)$ again. A softmax cannot die like this, its mass is 1. The mean of the three says
# nothing about any of them, so look at the dots.
#
# *A reward of 0 or 1 is a gamble.* Two seeds are about as good as with the softer reward, though their gradients are more than ten times as noisy (the variances are printed below). The third never looks at a digit. Its window hangs over the border, hence the fewer pixels. A guess at a blank window is right one time in ten, and then that window is praised in full; one
# policy settled on such a place. That is our reading of one run.
#
# And the model without a baseline has not learned. Its gradient is right on average, as section 5 proved, and its variance in the record does not look that much worse:

# %%
for way in ("hard", "hard, no baseline", "hard, 0 or 1"):
    figures = recorded["figures"][way]
    own, bare = (torch.tensor(figures[name]).mean() for name in ("variance", "variance_bare"))
    print(f"{way:18} variance of one draw {own:.3f}, without a baseline {bare:.3f}")

# %% [markdown]
# Those are means over the training. What decides is the first step. Take the network as it is born, on the small canvases, ask every place what it would earn, and compare the gradient that is wanted with the noise of one draw. No luck is in these numbers, they are sums over all places:

# %%
from course_lib.experiments.enumeration import exact_gradient, gradient_variance

torch.manual_seed(0)
newborn = looking.make_model("hard", config)
images, labels = looking.canvases(config, "test").pick(slice(64))                 # 64 canvases
with torch.no_grad():
    chances = newborn.classifier(newborn.features(images).flatten(2).mT).softmax(-1)  # (64, K, 10)
    rewards, scores = chances[torch.arange(64), :, labels], newborn.scores(images).flatten(1)
wanted = exact_gradient(scores, rewards).norm(dim=1).mean()
print(f"rewards {rewards.mean():.2f}, spread over the places {rewards.std(1).mean():.4f}")
for name, b in (("none", 0.0), ("the mean reward", rewards.mean())):
    noise = gradient_variance(scores, rewards, b).sqrt().mean()
    times = round((noise / wanted).item(), -1)
    print(f"baseline {name:15} noise of one draw is {times:3.0f} times the gradient")

# %% [markdown]
# A newborn reader gives every class a tenth, whatever it sees. So every draw earns about 0.1, and what tells a good place from a bad one is in the third decimal. Without a baseline that 0.1 is praise for whatever was drawn. To see the gradient through such noise takes the square of that
# factor, more than half a million draws; with a baseline 2,500, which is forty steps of 64 images.
#
# Unbiased says where the mean is. It does not say that you live long enough to see it.

# %% [markdown] tags=["instructor"]
# Let the room bet on the order of the eight before the table is shown, and write the bets on the board. Nearly everybody puts uniform last and the run without a baseline a little behind the one with it. Cut list: the recurrent model. If you keep one cell, keep the last one:
# it is section 6 with real numbers.

# %% [markdown]
# ## What goes wrong in the wild
# *8 minutes*
#
# Five slips. Answer before you run the cell under each.
#
# **One.** A map that is not what its paper calls it.

# %% tags=["quiz"]
quiz("sigmoid-called-softmax")

# %%
torch.manual_seed(0)
for side in (14, 28, 56):
    features, scores = torch.randn(1, 64, side, side) + 1, torch.randn(1, 1, side, side)
    softmax = scores.flatten(2).softmax(-1).view_as(scores)
    lengths = [(w * features).sum((2, 3)).norm() for w in (softmax, scores.sigmoid())]
    print(f"{side} x {side}   length with softmax {lengths[0]:.0f}, with sigmoid {lengths[1]:6.0f}")

# %% [markdown]
# **Two.** The layer is called spatial softmax. It came up in Torch7 (torch/nn, issue 1016, 2016), and again with another axis of length 1 in a published vision transformer (SwiftFormer, issue 4, 2023).

# %% tags=["quiz"]
quiz("dim-one")

# %%
torch.manual_seed(0)
scores = torch.randn(2, 1, 6, 7, requires_grad=True)  # (B, 1, H, W)
weights = nn.Softmax(dim=1)(scores)
(weights * torch.randn(2, 5, 6, 7)).sum().backward()
print(f"weights from {weights.min():.2f} to {weights.max():.2f}")
print(f"largest gradient of a score {scores.grad.abs().max():.2f}")

# %% [markdown]
# **Three.** From an early version of a much-read PyTorch port of the recurrent glimpse model (kevinzakka, recurrent-visual-attention): one length serves both axes.

# %% tags=["quiz"]
quiz("one-length")

# %%
def with_one_length(centre, H, W, size):  # what the port did
    return ((centre + 1) / 2 * H - size / 2).floor()


corner = torch.tensor([[1.0, 1.0]])  # the lower right corner of the canvas
print("window begins, one length:  ", with_one_length(corner, 48, 64, 12)[0].tolist())
mask = lib.glimpse_pixels(corner, (48, 64), 12)[0]
print("first pixel read, both axes:", [float(n) for n in mask.nonzero()[0].tolist()])

# %% [markdown]
# **Four.** Four looks an image, and the mean reward of the four as a baseline. You have the number from section 6; now find it without running anything.

# %% tags=["quiz"]
quiz("own-reward")

# %%
torch.manual_seed(0)
p, rewards = SCORES.softmax(0), reward_of(LOOKS)
exact = p * (rewards - p @ rewards)
for S in (2, 4, 16):
    place = p.repeat(100_000, 1).multinomial(S, replacement=True)                     # (100000, S)
    advantage = rewards[place] - rewards[place].mean(1, keepdim=True)
    mean = (advantage[..., None] * (F.one_hot(place, 6) - p)).mean((0, 1))            # (6,)
    share = mean @ exact / exact.norm() ** 2
    print(f"S = {S:2}   mean gradient {share:.2f} x exact   (S - 1) / S = {(S - 1) / S:.2f}")

# %% [markdown]
# **Five.** "Backprop through argmax" is one of PyTorch's oldest questions (pytorch, issue 1339, 2017). Here nobody asks, because the loss goes down.

# %% tags=["quiz"]
quiz("argmax-trains")

# %%
torch.manual_seed(0)
image, label = data.scenes(200, OPTIONS).stack("image", "label")
windows = F.unfold(image, 12, stride=6).mT            # (200, 63, 144)
scorer, reader = nn.Linear(144, 1), nn.Linear(144, 10)
untouched = scorer.weight.detach().clone()
optimizer = torch.optim.Adam([*scorer.parameters(), *reader.parameters()], 0.02)
for step in range(61):
    place = scorer(windows)[..., 0].argmax(-1)        # (200,): a hard choice, without any gradient
    loss = F.cross_entropy(reader(windows[torch.arange(200), place]), label)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 30 == 0:
        print(f"step {step:3}   loss {loss.item():.1f}")
print("the scorer moved by", (scorer.weight - untouched).abs().max().item())

# %% [markdown]
# All five run without an error and train without a warning. Three tests find all but the fourth: sum the map; change the image's size, and let H differ from W; and look at the gradient of the *scores*, in a single step, before you train for a night. The fourth shows only beside an
# enumerated gradient, which is why exercise 2.5 is worth its eight minutes.

# %% [markdown] tags=["instructor"]
# Ninety minutes: sections 1 and 3 as a talk (20), section 4 with the fight about None and zeros (10), section 5 at the board with exercise 2.3 (25), section 6 as a talk with its two predictions (15), the figures of section 10 (15), one puzzle (5). Homework: 2.1, 2.2, 2.4, 2.6, 2.7. Sections 2, 7 and 8
# can be left out without breaking anything. If the room is fast: why is the factor in puzzle four exactly (S - 1) / S?

# %% [markdown]
# ## Recap
#
# | | formula | reads | gradient |
# |---|---|---|---|
# | soft | $z = \sum_l \alpha_l f_l$, $\alpha = \operatorname{softmax}(s)$ over `H*W` | every place | exact |
# | gate | $g_l f_l$, $g_l = \sigma(s_l)$ | every place | exact |
# | hard | $f_k$, $k \sim p = \operatorname{softmax}(s)$ | one place a look | score function: $(R_k - b)\,\nabla \ln p_k$; unbiased, noisy |
# | enumerated | $J = \sum_k p_k R_k$ | every place | $p_k (R_k - J)$; exact |
# | straight-through | $e_{\operatorname{argmax}(s + \text{noise})}$, backward as $\operatorname{softmax}((s + \text{noise})/\tau)$ | every place, in training | biased, steady |
# | baseline | any $b$ that does not know the draw; the mean of the others, say | | changes the noise, not the mean |
# | glimpse | window begins at $\lfloor \frac{y+1}{2} N - \frac n2 + \frac12 \rfloor$ | what its widest window covers | none by the centre |
#
# A distribution over places says where, a gate says how much, and a sum tells them apart. A draw has no slope, but its chance has; the score function uses that, and a baseline makes it bearable. Reparametrised draws are steadier and wrong on average, and both facts can be measured when you can enumerate.
#
# Where it went next: Ba et al. (2015) read house numbers, several digits, with a recurrent glimpse model; Jaderberg et al. (2015) let the window move, turn and stretch smoothly, so that no draw is needed. The leave-one-out baseline is used today where language models learn from rewards. Schulman et al. (2015) show how draws and
# ordinary layers mix in one graph. Chapter 3 stays with the gates.
#
# ### References
#
# - J. Ba, V. Mnih, K. Kavukcuoglu, *Multiple object recognition with visual attention*, ICLR 2015. Several glimpses, several digits.
# - Y. Bengio, N. Léonard, A. Courville, *Estimating or propagating gradients through stochastic neurons for conditional computation*, arXiv 1308.3432, 2013. Straight-through.
# - M. Jaderberg, K. Simonyan, A. Zisserman, K. Kavukcuoglu, *Spatial transformer networks*, NeurIPS 2015.
# - E. Jang, S. Gu, B. Poole, *Categorical reparameterization with Gumbel-softmax*, ICLR 2017.
# - W. Kool, H. van Hoof, M. Welling, *Buy 4 REINFORCE samples, get a baseline for free*, Deep RL Meets Structured Prediction workshop, ICLR 2019. Leave one out.
# - S. Levine, C. Finn, T. Darrell, P. Abbeel, *End-to-end training of deep visuomotor policies*, JMLR 17, 2016. The soft-argmax of feature maps.
# - C. J. Maddison, A. Mnih, Y. W. Teh, *The concrete distribution: a continuous relaxation of discrete random variables*, ICLR 2017.
# - V. Mnih, N. Heess, A. Graves, K. Kavukcuoglu, *Recurrent models of visual attention*, NeurIPS 2014. The glimpse sensor, REINFORCE with a learned baseline.
# - J. Schulman, N. Heess, T. Weber, P. Abbeel, *Gradient estimation using stochastic computation graphs*, NeurIPS 2015.
# - R. J. Williams, *Simple statistical gradient-following algorithms for connectionist reinforcement learning*, Machine Learning 8, 1992. REINFORCE.
# - K. Xu et al., *Show, attend and tell: neural image caption generation with visual attention*, ICML 2015. Soft and hard, side by side.
