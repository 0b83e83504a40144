# %% [markdown]
# # 3 · Channel and spatial attention
#
# **Which feature maps matter, and where?**
#
# Each photo below has been taken apart into the same eleven feature maps and put together again, with one or two of the maps left out. Without its map of red everything about the cup is green, and the pagoda has lost some paint. Without
# the lying lines the pagoda's roofs melt into the sky, and you have to search the cup for what is missing. So which maps matter? That depends on the picture. Somebody has to look at it first.
#
# After it you can **build** a gate for each channel and load torchvision's weights into it, **say** what a mean over a map keeps and what it forgets, **choose** how far channels should talk, **wire** CBAM in the order that
# its authors found best, **measure** whether a gate does anything at all, and **recognise** five slips of published code.
#
# *About 100 minutes of reading and 60 of exercises. You need chapter 2, section 3 (a gate is not a distribution), and convolutions.*

# %% tags=["setup"]
import math

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
import torchvision
from torch import nn
from torch.testing import assert_close

import course_lib.attention as lib
from course_lib import data, experiments, viz
from course_lib.exercises import check, hint, predict, quiz

viz.use_style()
torch.set_num_threads(1)  # layers as small as these are fastest on one core

# Eleven maps of a photo: broad light, lines of two widths and four directions, and what is
# redder or bluer than grey. BACK is a 1x1 convolution that turns them into the photo again.
NAMES = ["light", *(f"{w} {line}" for w in ("broad", "fine") for line in "—╱│╲"), "red", "blue"]
BACK = torch.tensor([[1] * 9 + [1, 0], [1] * 9 + [-0.50937, -0.19421], [1] * 9 + [0, 1]])


def feature_maps(photo, margin=40):  # (3, H, W) -> (1, 11, H, W)
    grey = (photo * torch.tensor([0.299, 0.587, 0.114])[:, None, None]).sum(0, keepdim=True)
    wide = F.pad(grey, (margin,) * 4, mode="reflect")[0]
    down, across = torch.meshgrid(*map(torch.fft.fftfreq, wide.shape), indexing="ij")
    r, angle = (down**2 + across**2).sqrt(), torch.atan2(across, down)
    low, middle = torch.exp(-((r / 0.02) ** 2)), torch.exp(-((r / 0.09) ** 2))
    lines = [(angle - k * math.pi / 4).cos() ** 6 / 1.25 for k in range(4)]  # the four add up to 1
    bands = [low, *((middle - low) * a for a in lines), *((1 - middle) * a for a in lines)]
    maps = torch.fft.ifft2(torch.fft.fft2(wide) * torch.stack(bands)).real
    return torch.cat([maps[:, margin:-margin, margin:-margin], photo[::2] - grey])[None]


def picture(maps):  # (1, 11, H, W) -> (3, H, W)
    return F.conv2d(maps, BACK[..., None, None])[0].clamp(0, 1)

# %% tags=["cover"]
tiles = []
for name in ("coffee", "china"):
    maps = feature_maps(data.photo(name, size=(300, 450)))
    for closed in ((), (9,), (1, 5)):                      # nothing; red; lying lines, both widths
        gates = torch.ones(11)
        gates[list(closed)] = 0
        tiles.append(picture(maps * gates[:, None, None]))
titles = ["all eleven maps", "without red", "without lying lines"]
fig = viz.small_multiples(tiles, titles, ncols=3, size=2.4)
viz.show(fig, alt="A red cup of coffee on a wooden table, and a pagoda over a lake, three times "
                  "each. Without red the cup and the table are bright green and the pagoda has "
                  "lost only its brown. Without lying lines the cup looks nearly the same, and "
                  "the roofs of the pagoda are smeared.")

# %% [markdown]
# ## Three questions from earlier chapters
# *3 minutes*
#
# All three come back within the hour. Answer with `quiz("one-more-gate", "a")` and so on; each option has a reason.

# %% tags=["quiz"]
quiz("one-more-gate")

# %% tags=["quiz"]
quiz("canvas-mean")

# %% tags=["quiz"]
quiz("shuffle-then-mean")

# %% [markdown]
# ## 1 · A mixing desk for pictures
# *10 minutes*
#
# A convolution with 64 filters turns a photo into 64 maps, and the next layer mixes them. What the filters of a trained network look for is hard to say. So here are eleven that were made by hand; the
# setup cell has them. One keeps the broad light. Eight keep lines, broad and fine, in four directions. The last two keep what is redder, or bluer, than grey.

# %%
china = data.photo("china", max_side=360)  # (3, 240, 360)
maps = feature_maps(china)                 # (1, 11, 240, 360)
tiles = [m / m.abs().amax() for m in maps[0]]
fig = viz.small_multiples([china, *tiles], ["the photo", *NAMES], ncols=4, cmap=viz.SCORES_CMAP,
                          vmin=-0.7, vmax=0.7, size=1.8)
viz.show(fig, alt="The pagoda and its eleven feature maps. Light: a bright sky and a dim tower. "
                  "Broad and fine lying lines: the roofs. Upright lines: the walls. Slanting "
                  "lines: the hips of the roofs and the leaves. Red: the woodwork. Blue: the sky.")

# %% [markdown]
# Orange is above zero, purple below, white is zero; each map has a scale of its own. One such map is a ***channel***, and all of them together are one tensor `x` of shape `(B, C, H, W)`: here B is 1 and C is 11. A stroke is
# a stripe of orange with purple beside it, since a line filter says "brighter than its surroundings" with the one sign and "darker" with the other.
#
# These eleven have a gift that trained ones lack. They add up: a 1x1 convolution makes the photo out of them again. So whatever is done to the channels, you can look at.

# %%
assert_close(picture(maps), china, rtol=0, atol=1e-5)
print("eleven maps -> the photo, largest error below 0.00001")

# %% [markdown]
# Multiply a channel by 0 before the mixing, and its part of the picture is gone. Multiply by 1/2, and it is half as strong. That is a mixing desk, one slider for each channel, and the position of a slider is a *gate* as in chapter 2: a number between 0 and
# 1. There it was one for each place. Here it is one for each channel, and the same at all places. This is called ***channel attention***. In the shapes of the code, with $g$ of shape `(B, C, 1, 1)`:
#
# $$ y_{b,c,i,j} = g_{b,c}\; x_{b,c,i,j} $$
#
# How much does each slider matter? Close them one at a time, and measure how far the picture moves:

# %%
names, moved = ("coffee", "china", "flower", "cat"), []
for name in names:
    maps = feature_maps(data.photo(name, max_side=300))
    for c in range(11):
        closed = maps.clone()
        closed[:, c] = 0
        moved.append((picture(closed) - picture(maps)).abs().mean())
moved = torch.stack(moved).view(4, 11)
share = moved / moved[:, 1:].sum(1, keepdim=True)  # the light alone would outweigh all others
ax = viz.matrix(share[:, 1:], rows=names, cols=NAMES[1:], row_axis="photo",
                col_axis="closed channel", title="Which one would you miss?")
viz.show(ax, alt="A table of four photos by ten channels. Coffee: red and blue weigh far more "
                 "than any line. China: blue, then broad lying lines, and the others are nearly "
                 "even. The flower and the cat lie between.")

# %% [markdown]
# Each row is a photo, and the numbers of a row add up to 1. (The light is left out. Without it every picture is dark, whatever it shows.) The cup would miss its two colours more than all lines together, 0.63 of the row. The pagoda would miss them least of the four, 0.28, and its lying lines most, 0.23 for both widths. One
# desk, different sliders: that is the case for this chapter.
#
# The naive attempt needs no squeeze and no second network. *Learn* the sliders: eleven numbers, trained with everything else, the same for every picture.

# %% tags=["predict"]
predict("fixed-gates")

# %%
torch.manual_seed(0)
x, gates = torch.randn(8, 11, 20, 30), torch.rand(11)
mix = nn.Conv2d(11, 32, 3, bias=False)
absorbed = nn.Conv2d(11, 32, 3, bias=False)
absorbed.weight.data = mix.weight * gates[:, None, None]  # (32, 11, 3, 3) * (11, 1, 1)
assert_close(mix(gates[:, None, None] * x), absorbed(x))
print("gates, then a convolution  =  another convolution")

# %% [markdown]
# Nothing was gained. A gate that is the same for every picture is a factor that the next convolution can have in its weights already. What no convolution can have in its weights is a factor that *depends on the picture*: then the output is a
# product of two things that were both computed from $x$. So a gate has to look:
#
# $$ g_{b,c} = \text{gate}_c(x_b), \qquad y = g(x) \cdot x $$
#
# What it should look at is the question of the next section. The picture of the network is then: **squeeze** the maps to a few numbers, **excite**, that is, make gates of these numbers, and **scale**.

# %% tags=["poke"]
# Poke it: batch norm learns a factor for each channel as well, gamma. Is it channel attention?
torch.manual_seed(0)
x = torch.randn(8, 11, 20, 30)
norm, gate = nn.BatchNorm2d(11).eval(), lib.SqueezeExcitation(11, 2)
norm.weight.data.uniform_()
for name, layer in (("batch norm", norm), ("squeeze and excite", gate)):
    factor = layer(x)[..., 0, 0] / x[..., 0, 0]  # (8, 11): what each channel was multiplied by
    print(f"{name:18} the factor of channel 0 differs between images: {factor[:, 0].std() > 1e-4}")

# %% [markdown] tags=["instructor"]
# Ask the room to move the sliders before the first cell: "I close one channel of eleven. Which one ruins the pagoda?" Most say colour. Half the room takes fixed gates for a gain ("it can switch channels off"); let
# them write the absorbed weight themselves. Cut list: the poke.

# %% [markdown]
# ## 2 · Squeeze: one number a channel
# *8 minutes, then exercise 3.1*
#
# To set eleven sliders nobody needs to read every pixel of every map. One number a channel should do: how much of it there is. The obvious number is the mean over all places:
#
# $$ s_{b,c} = \frac{1}{HW} \sum_{i=1}^{H} \sum_{j=1}^{W} x_{b,c,i,j} $$
#
# From `(B, C, H, W)` to `(B, C)`. It is called the ***squeeze*** (Hu, Shen and Sun 2018), and elsewhere global average pooling. The pagoda is full of lying lines and the flower is not. Squeeze both.

# %% tags=["predict"]
predict("mean-of-edges")

# %%
for name in ("china", "flower"):
    s = feature_maps(data.photo(name, max_side=300)).mean((2, 3))[0]  # (11,)
    print(f"{name:7}", "  ".join(f"{NAMES[c]} {s[c].abs():.3f}" for c in (0, 1, 3, 5)))

# %% [markdown]
# Nothing, three times out of four. For a line filter bright and dark are two sides of the same stroke, and they cancel. The mean of a signed map says on which side of zero it lies, not how much is going on in it. Only the light, which has
# a side, gets through.
#
# This is not an accident of handmade filters. A layer that takes the mean out of every channel of every image leaves a squeeze of zeros, and a gate made of zeros is the same for all images. Instance norm is such a layer. Batch norm is not: it takes away the mean over the whole batch, and the images of a batch differ.

# %%
torch.manual_seed(0)
x, gate = torch.rand(8, 11, 20, 30) * torch.rand(8, 11, 1, 1), lib.SqueezeExcitation(11, 2)
for norm in (nn.InstanceNorm2d(11), nn.BatchNorm2d(11)):
    spread = gate.gate(norm(x)).std(0).mean()  # over the 8 images
    print(f"behind {type(norm).__name__:14} a gate varies between images by {spread:.3f}")

# %% [markdown]
# So let something rectify first. In a network that is a ReLU; for the eleven maps, take `abs`, which is two ReLUs at once, one for each sign:

# %%
names = ("coffee", "china", "flower", "cat")
photos = [data.photo(name, max_side=300) for name in names]
strength = torch.cat([feature_maps(photo).abs().mean((2, 3)) for photo in photos])  # (4, 11)
relative = strength / strength.mean(0)  # 1: as strong as in the average of these photos
fig, ax = plt.subplots(figsize=(9, 3.2))
colours = (viz.QUERY, viz.KEY, *viz.CATEGORICAL[1:3])
for k, (name, colour) in enumerate(zip(names, colours)):
    ax.bar(torch.arange(11) + 0.2 * (k - 1.5), relative[k], 0.2, color=colour, label=name)
ax.axhline(1, color=viz.INK, lw=1)
ax.set(xticks=range(11), xticklabels=NAMES, ylabel="strength / mean of the four",
       title="Four photos, squeezed to eleven numbers each", xlabel="channel")
ax.legend(ncols=4)
viz.show(fig, alt="Four bars for each of eleven channels. The coffee stands far above the others "
                  "in red and blue, the pagoda in fine lying and fine upright lines, and has "
                  "the least red. The flower is dark and smooth. Each has its own profile.")

# %% [markdown]
# Four photos of 180,000 numbers are now four profiles of eleven, and you could tell which is which.
#
# What has been lost? Cut the flower into squares and shuffle them. Then shuffle single pixels.

# %%
torch.manual_seed(0)
maps = feature_maps(data.photo("flower", size=(240, 360)))        # (1, 11, 240, 360)
squares = F.unfold(maps, 40, stride=40)[..., torch.randperm(54)]  # (1, 11 * 1600, 54)
jigsaw = F.fold(squares, (240, 360), 40, stride=40)
confetti = maps.flatten(2)[..., torch.randperm(240 * 360)].view_as(maps)
for version in (jigsaw, confetti):
    assert_close(version.abs().mean((2, 3)), maps.abs().mean((2, 3)))
tiles = [picture(m) for m in (maps, jigsaw, confetti)]
fig = viz.small_multiples(tiles, ["the flower", "in squares", "in pixels"], ncols=3, size=2.4)
viz.show(fig, alt="Three pictures: a dahlia; the same cut into 54 squares in random order; and "
                  "its pixels in random order, a grainy brown surface. All three have the same "
                  "squeeze.")

# %% [markdown]
# One squeeze, three pictures. A mean over places is chapter 1's set again: order does not count. *What* and *how much* survive, *where* is gone. A gate that is the same at all places could not act on *where* anyway. Sections 6 and 7 bring
# the places back, and section 9 has a task that needs them.

# %% tags=["poke"]
# Poke it: a spot of 5 x 5 pixels is all that is to be found. What is left of it in the mean, on larger and larger maps?
for side in (7, 14, 56, 224):
    spot = torch.zeros(1, 1, side, side)
    spot[..., 1:6, 1:6] = 1
    print(f"{side:3} x {side:3}   mean {spot.mean():.4f}   largest {spot.amax():.0f}")

# %% [markdown] tags=["card"]
# ### Exercise 3.1 · Squeeze
# **difficulty** ●○○○○ **importance** ●●●●○ **about 4 minutes** **1 point**
#
# Write `squeeze(x)`: the mean of each channel of each image, over all of its places.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | feature maps |
# | returns | `(B, C)` | one number a channel |
#
# On paper: one image, two channels of one row. `[1, 3]` and `[0, 10]` give 2 and 5.

# %% tags=["exercise"] exercise="squeeze"
def squeeze(x):
    # BEGIN SOLUTION
    return x.mean((2, 3))  # (B, C, H, W) -> (B, C)
    # END SOLUTION


check("squeeze", squeeze)

# %% [markdown] tags=["instructor"]
# "Mean of edges" catches nearly everyone: people bet that the pagoda wins. It is the best minute of the section, and it comes back when they wonder why a gate behind an instance norm never moves (its channels have mean 0 in every image). Cut list: the bars.

# %% [markdown]
# ## 3 · Excite: channels that ask each other
# *10 minutes, then exercises 3.2 and 3.3*
#
# At night all cats are grey: in the dark the eye gives up colour and keeps its sense of light. A sensible camera does the same, since in the dark colour is mostly noise. Let us build that as a gate. *By night, close red and blue.*
#
# The cheapest way to gate a channel is to let it decide for itself, by its own strength: $g_c = \sigma(a\, s_c + b)$. Night makes everything weaker, colour too. So: little red, close red. Here are the strengths of a photo taken by day, and of one by night:

# %%
by_day, by_night = data.photo("china", max_side=300), 0.2 * data.photo("coffee", max_side=300)
photos = {"pagoda by day": by_day, "cup by night": by_night}
strength = {name: feature_maps(p).abs().mean((2, 3))[0] for name, p in photos.items()}  # (11,)
for name, s in strength.items():
    print(f"{name:14} light {s[0]:.3f}   red {s[9]:.3f}   blue {s[10]:.3f}")

# %% tags=["predict"]
predict("own-strength")

# %% [markdown]
# Red cannot know. By its own strength the pale pagoda at noon has *less* red than the red cup at night, so any threshold that spares the pagoda's red spares the cup's. The number that settles it stands in another channel: the light. A gate
# has to be made of *all* the numbers of the squeeze. So take a layer that mixes them, and one more, so that it can be more than a weighted sum:
#
# $$ g = \sigma\!\left(W_2\, \operatorname{relu}(W_1 s + b_1) + b_2\right) $$
#
# $s$ is `(B, C)`. $W_1$ is `(R, C)` and brings the C numbers down to R, $W_2$ is `(C, R)` and brings them up to C again. The sigmoid makes each of them a gate, between 0 and 1. This is the ***excitation***. The night rule needs a middle
# of one unit, set by hand: the unit is on when there is light, and it opens the two colours.

# %%
def excite(s, w1, b1, w2, b2):  # s (B, C)
    return ((s @ w1.T + b1).relu() @ w2.T + b2).sigmoid()  # (B, C) -> (B, R) -> (B, C)


w1, b1 = torch.zeros(1, 11), torch.tensor([-0.15])
w1[0, 0] = 1.0                                       # the unit listens to the light, above 0.15
w2, b2 = torch.zeros(11, 1), torch.full((11,), 6.0)  # every gate is open ...
w2[9:], b2[9:] = 100.0, -4.0                         # ... but red and blue wait for the unit
for name, s in strength.items():
    g = excite(s[None], w1, b1, w2, b2)[0]           # (11,)
    print(f"{name:14} gates: fine — {g[5]:.2f}   red {g[9]:.2f}   blue {g[10]:.2f}")

# %%
dims, before, after = (1.0, 0.6, 0.4, 0.2), [], []
for dim in dims:
    maps = feature_maps(dim * data.photo("cat", max_side=300))
    g = excite(maps.abs().mean((2, 3)), w1, b1, w2, b2)               # (1, 11)
    before.append((picture(maps) / dim).clamp(0, 1))                  # brightened for the eye
    after.append((picture(maps * g[..., None, None]) / dim).clamp(0, 1))
fig = viz.small_multiples(before + after, ["noon", "evening", "dusk", "night"], ncols=4,
                          rows=["as it is", "gated"], size=2.1)
viz.show(fig, alt="The cat four times, from noon to night, brightened so that all can be compared. "
                  "Upper row: the same colours each time. Lower row, gated: at noon and in the "
                  "evening in colour, at dusk paler, at night grey.")

# %% [markdown]
# The light has closed the colours. (The pictures are brightened for print; the gates saw them dark.) Nothing was trained here: these few numbers were set by hand, to show that one channel can open and close others. Section 9 lets training find
# such a rule, and sees it fail, too.
#
# Why sigmoids and not a softmax? A softmax would make the channels share a mass of 1, and to open the colours it would have to close the lines. Chapter 2 drew that as two tables of derivatives. Which *one* place to look at is a fair question, which one channel to keep is not.
#
# **Squeeze, excite, scale**: that is the whole module, and you will write it in a minute. torchvision has one, in which the two layers are called `fc1` and `fc2` and are 1x1 convolutions on a map of a single place: what `nn.Linear` does, without the reshaping. The library's
# takes the same weights, so that what you learn here fits the networks that you load:

# %%
torch.manual_seed(0)
x, theirs = torch.randn(4, 48, 14, 20), torchvision.ops.SqueezeExcitation(48, 3)
ours = lib.SqueezeExcitation(48, reduction=16)
ours.load_state_dict(theirs.state_dict())
print({name: tuple(value.shape) for name, value in ours.state_dict().items()})
print("gates", tuple(ours.gate(x).shape), "  equal to the last bit:", torch.equal(ours(x), theirs(x)))

# %% tags=["poke"]
# Poke it: does the gate of an image look at the other images of the batch? Does the size of the map matter?
torch.manual_seed(0)
layer, x = lib.SqueezeExcitation(48), torch.randn(4, 48, 14, 20)
g = layer.gate(x)  # (4, 48, 1, 1)
print("alone as in the batch:", torch.allclose(layer.gate(x[:1]), g[:1], atol=1e-5))
print("twice the size, the same gates:",
      torch.allclose(layer.gate(F.interpolate(x, scale_factor=2)), g, atol=1e-5))

# %% [markdown] tags=["card"]
# ### Exercise 3.2 · Excite
# **difficulty** ●●○○○ **importance** ●●●●● **about 8 minutes** **2 points**
#
# Write the module `Excite(dim, reduction=16)`, constructor and all. The middle is `dim // reduction` units wide, and one unit at least. The check loads its own weights, so call the layers `fc1` and `fc2`, both `nn.Linear`.
#
# | | shape | |
# |---|---|---|
# | `s` | `(B, dim)` | a squeeze |
# | returns | `(B, dim)` | gates, each between 0 and 1 |
#
# On paper: `dim = 1`, so one unit. Weights 2 and -1, biases 0, `s = 3`: the unit is 6, the score -6, the gate 0.0025.

# %% tags=["exercise"] exercise="excite"
class Excite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        # BEGIN SOLUTION
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Linear(dim, hidden)
        self.fc2 = nn.Linear(hidden, dim)
        # END SOLUTION

    def forward(self, s):  # (B, C)
        # BEGIN SOLUTION
        return self.fc2(self.fc1(s).relu()).sigmoid()  # (B, C) -> (B, R) -> (B, C)
        # END SOLUTION


check("excite", Excite)

# %% [markdown] tags=["card"]
# ### Exercise 3.3 · Squeeze and excite
# **difficulty** ●●○○○ **importance** ●●●●● **about 10 minutes** **3 points**
#
# The constructor is given, with torchvision's names; write `forward`, all three steps. `torchvision.ops.SqueezeExcitation` and the library's are closed.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, dim, H, W)` | feature maps |
# | returns | `(B, dim, H, W)` | each channel times its gate |
#
# On paper: one channel of two places, 2 and 4; `fc1` multiplies by 1, `fc2` by 0, no biases. The mean is 3, the score 0, the gate 0.5, the answer 1 and 2.

# %% tags=["exercise"] exercise="squeeze-excite"
class SqueezeExcite(nn.Module):
    def __init__(self, dim, reduction=16):
        super().__init__()
        hidden = max(1, dim // reduction)
        self.fc1 = nn.Conv2d(dim, hidden, 1)
        self.fc2 = nn.Conv2d(hidden, dim, 1)

    def forward(self, x):  # (B, C, H, W)
        # BEGIN SOLUTION
        s = x.mean((2, 3), keepdim=True)                   # (B, C, 1, 1)
        return x * self.fc2(self.fc1(s).relu()).sigmoid()  # (B, C, H, W)
        # END SOLUTION


check("squeeze-excite", SqueezeExcite)

# %% [markdown] tags=["instructor"]
# The night rule is worth building on the board before the cell: ask which channel red should listen to. In 3.2 the amber box that comes up most is the middle of the wrong width. In 3.3 people squeeze without
# `keepdim` and then wonder why a `(B, C)` does not multiply a `(B, C, H, W)`. If time is short: 3.2 as homework, 3.3 in the room.

# %% [markdown]
# ## 4 · How narrow may the middle be?
# *9 minutes*
#
# Why two layers and a narrow middle, when one layer of `(C, C)` already lets every channel hear every other? Count. A ResNet-50 has blocks of 256 to 2048 channels, and each gets a gate of its own:

# %%
blocks = [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 3  # channels behind each block
print("the network without gates   25.6 million")
print(f"one layer, C x C            {sum(c * c for c in blocks) / 1e6:4.1f} million more")
for r in (4, 16, 64):
    more = sum(2 * c * c // r for c in blocks) / 1e6
    print(f"two layers, r = {r:2}          {more:4.1f} million more")

# %% [markdown]
# One layer each nearly doubles the network. With a middle of $R = C/r$ units it is $2C^2/r$ weights a block. $r$ is the ***reduction ratio***, and the paper's 16 adds a tenth. What has been given away for that? A gate with C channels can be asked for very
# different things. Take 16 channels, and two jobs:
#
# - *open one*: the squeeze says which of the 16 channels should be open. All others are shut.
# - *open some*: every channel is open or shut by a coin of its own, and the squeeze says how the 16 coins fell.

# %% tags=["predict"]
predict("four-units")

# %%
def learned(hidden, s, want, steps):  # which gates end on the right side of 1/2
    gate = nn.Sequential(nn.Linear(16, hidden), nn.ReLU(), nn.Linear(hidden, 16))
    optimizer = torch.optim.Adam(gate.parameters(), 0.05)
    for _ in range(steps):
        loss = F.binary_cross_entropy_with_logits(gate(s), want)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (gate(s) > 0) == want.bool()


# %% tags=["long"]
torch.manual_seed(0)
one, some = torch.eye(16), torch.rand(256, 16).round()  # which channel; how 16 coins fell
for hidden in (1, 2, 4, 8, 16):
    starts = [learned(hidden, one, one, steps=800).all(1).sum().item() for _ in range(2)]
    opened = "all of 16" if max(starts) == 16 else "not all"
    coins = learned(hidden, some, some, steps=300).float().mean()
    print(f"{hidden:2} units   open one: {opened:9}   open some: {coins:.1f} of the gates right")

# %% [markdown]
# Four units are enough to open one of sixteen, and far from enough to open any sixteen coins. (0.5 is guessing. For *open one* the better of two attempts counts.) What the middle limits is not the number of channels but the number of things that can be said about them *at once*. Sixteen coins
# are sixteen independent messages, and they need sixteen units. "Open one" is one message with sixteen values.
#
# How few units would do, if training were perfect? With one unit all channels stand on a line, and a gate cuts the line at a point: everything beyond it is open. Only the ends can be open alone. Two units make a plane, and in a plane 16 points can stand on a circle.
# Then a straight cut separates each from all others. Set by hand:

# %%
angles = torch.arange(16) * 2 * math.pi / 16
points = torch.stack([angles.cos(), angles.sin()])       # (2, 16): a place for each channel
hidden = (torch.eye(16) @ points.T + 1).relu()           # (16, 2): W1 = points, b1 = 1
cut = (1 + math.cos(2 * math.pi / 16)) / 2               # between a channel and its neighbours
gates = (200 * ((hidden - 1) @ points - cut)).sigmoid()  # (16, 16): W2 = 200 points, and a bias
print(f"two units by hand: {(gates.round() == torch.eye(16)).all(1).sum()} of 16")

# %%
fig, ax = plt.subplots(figsize=(4.2, 4.2))
ax.plot(*hidden.T, "o", color=viz.KEY, ms=9)
ax.plot(*hidden[2], "o", color=viz.QUERY, ms=13)
(x, y), along = 1 + cut * points[:, 2], torch.tensor([-1.0, 1.0])
ax.plot(x - along * points[1, 2], y + along * points[0, 2], color=viz.QUERY)
ax.set(xlabel="first unit of the middle", ylabel="second unit", aspect="equal",
       title="One straight cut for each channel")
viz.show(fig, alt="Sixteen points on a circle in the plane of two units. One is marked in blue, "
                  "and a blue line cuts it off from the other fifteen.")

# %% [markdown]
# So two units *can*, and training did not find it, in two attempts above and in all of ours. That a solution exists does not mean that it is found, and a middle somewhat wider than necessary is what makes it findable.
#
# One more width is left to try. A network grows from narrow to wide, and its first blocks have 8 or 12 channels. With $r = 16$, `8 // 16` is 0.

# %% tags=["predict"]
predict("no-units")

# %%
import warnings

torch.manual_seed(0)
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    narrow = nn.Sequential(nn.Linear(8, 8 // 16), nn.ReLU(), nn.Linear(8 // 16, 8), nn.Sigmoid())
for scale in (1, 100):
    g = narrow(scale * torch.randn(2, 8))  # (2, 8)
    for row in g:
        print(f"input x {scale:3}   gates", "  ".join(f"{v:.2f}" for v in row[:4].tolist()), "...")
print("PyTorch warned:", said[0].message)

# %% [markdown]
# No error. A layer of no units is a legal layer; its output is empty, and a sum over nothing is 0. What is left is $\sigma(b_2)$: the same gates for every picture, which section 1 showed to be worth nothing. CBAM's authors have these two `nn.Linear` in their own code,
# with `gate_channels // reduction_ratio` and no floor; there it does no harm, since their networks begin with 64 channels. (With `nn.Conv2d` of no channels the first image raises an error, and you are lucky.) The library and exercise 3.2 say `max(1, C // r)`.

# %% tags=["poke"]
# Poke it: the coins of neighbours agree in pairs, so only 8 messages are left. How many units now?
torch.manual_seed(0)
pairs = torch.rand(256, 8).round().repeat_interleave(2, dim=1)  # (256, 16)
for hidden in (4, 8, 16):
    share = learned(hidden, pairs, pairs, steps=300).float().mean()
    print(f"{hidden:2} units   {share:.1f} of the gates")

# %% [markdown] tags=["instructor"]
# The prediction splits a room that knows some information theory from one that does not; both are right about something. Draw the line and the circle by hand before the figure comes. On "no units": people expect an error, and one or two know the warning. Cut list: the circle.

# %% [markdown]
# ## 5 · How far must channels talk?
# *9 minutes, then exercises 3.4 and 3.5*
#
# The middle is where messages are lost. Could one leave it out and still be cheap? Wang et al. (2020) let each channel listen to its *neighbours* only: a convolution along the channels, $k$ numbers for the whole layer. They called it
# ***efficient channel attention***, ECA:
#
# $$ g_{b,c} = \sigma\!\Bigl(\sum_{i=-\lfloor k/2 \rfloor}^{\lfloor k/2 \rfloor} w_i\, s_{b,c+i}\Bigr), \qquad s_{b,c+i} = 0 \text{ beyond the ends} $$
#
# $s$ is the squeeze `(B, C)`, $w$ is `(k,)` and the same for every channel; no middle, no biases. Five numbers where squeeze-and-excitation has thousands. Something must break.
#
# Here is the job: 24 channels, and channel $c$ should be open if channel $c - d$ is strong. So the message has to travel $d$ channels. Four gates are trained on it: ECA with $k = 3$ and $k = 5$, and squeeze-and-excitation's two layers with a middle of 24 and of 6.

# %% tags=["predict"]
predict("how-far")

# %%
class AlongChannels(nn.Module):  # the scores of ECA, before the sigmoid
    def __init__(self, k):
        super().__init__()
        self.conv = nn.Conv1d(1, 1, k, padding=k // 2)

    def forward(self, s):                       # (B, C)
        return self.conv(s[:, None])[:, 0]      # (B, 1, C) -> (B, C)


def two_layers(hidden):
    return nn.Sequential(nn.Linear(24, hidden), nn.ReLU(), nn.Linear(hidden, 24))


def right_gates(gate, distance, rate, steps=200):
    s = torch.rand(256, 24).round() * 2 - 1     # (256, 24): strong is 1, weak is -1
    given, want = s[:, :24 - distance], slice(distance, None)
    optimizer = torch.optim.Adam(gate.parameters(), rate)
    for _ in range(steps):
        loss = F.softplus(-given * gate(s)[:, want]).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return (given * gate(s)[:, want] > 0).float().mean().item()


# %% tags=["long"]
torch.manual_seed(0)
distances = (0, 1, 2, 3, 4, 6, 8)
ways = {"ECA, k = 3": (AlongChannels, 3, 0.1), "ECA, k = 5": (AlongChannels, 5, 0.1),
        "middle of 24": (two_layers, 24, 0.03), "middle of 6": (two_layers, 6, 0.03)}
scores = {name: [right_gates(make(width), d, rate) for d in distances]
          for name, (make, width, rate) in ways.items()}
fig, ax = plt.subplots(figsize=(7, 3.4))
for name, style in zip(ways, ("o-", "s--", "^-.", "v:")):
    ax.plot(distances, scores[name], style, label=name)
ax.set(xlabel="channels that the message has to travel, d", ylabel="gates that are right",
       title="Near and complete, or far and narrow", ylim=(0.45, 1.03))
ax.legend(loc="center right", bbox_to_anchor=(1, 0.4))
viz.show(fig, alt="Share of right gates against distance. ECA with kernel 3 is perfect up to "
                  "distance 1 and at chance beyond; with kernel 5, up to 2. A middle of 24 is "
                  "perfect at every distance. A middle of 6 gets about three quarters everywhere.")

# %% [markdown]
# Two different prices. ECA is perfect as far as its kernel reaches, $\lfloor k/2 \rfloor$ channels, and blind one channel further. The narrow middle hears from everywhere, and mishears a quarter of it. The wide one does everything, for 1,200 numbers.
#
# But what is "near"? In a picture a pixel has neighbours. A channel has a number, and nobody chose the numbers. Shuffle the channels of a squeeze-and-excitation and re-order its weights, and it is the same layer. ECA has one kernel for all, so there is nothing to re-order: it believes
# in the order that it finds. That belief is made true by whoever stands in front. Put a trained 1x1 convolution there, as every network does, and it can place channels beside the ones that they need to hear:

# %%
torch.manual_seed(0)
for name, front in (("as they come", nn.Identity()), ("mixed first", nn.Linear(24, 24))):
    share = right_gates(nn.Sequential(front, AlongChannels(5)), 8, 0.03, steps=500)
    print(f"message from 8 channels away, {name:12} {share:.1f} of the gates")

# %% [markdown]
# How long should the kernel be? The paper ties it to the width: twice the channels, a little further,
#
# $$ k = \Bigl|\tfrac{\log_2 C}{\gamma} + \tfrac{b}{\gamma}\Bigr|_{\text{odd}}, \qquad \gamma = 2,\ b = 1 $$
#
# where "odd" means: to an odd number. Which one? Code settles what the formula leaves open: timm drops what is behind the point, adds 1 if the result is even, and never goes below 3.

# %%
print("    C   (log2 C + 1) / 2     k   parameters of SE, r = 16")
for dim in (8, 64, 128, 256, 512, 2048):
    k, se = lib.eca_kernel_size(dim), lib.SqueezeExcitation(dim)
    count = sum(p.numel() for p in se.parameters())
    print(f"{dim:5}   {(math.log2(dim) + 1) / 2:14.2f} {k:7}   {count:10,}")

# %% tags=["poke"]
# Poke it: what does ECA do at the ends of the list? Give every channel the same squeeze, and a kernel of ones.
s = torch.ones(1, 1, 10)
scores = F.conv1d(s, torch.ones(1, 1, 5), padding=2)[0, 0]
print("scores", [round(v) for v in scores.tolist()])

# %% [markdown] tags=["card"]
# ### Exercise 3.4 · Efficient channel attention
# **difficulty** ●●●○○ **importance** ●●●○○ **about 10 minutes** **3 points**
#
# Write `eca(x, weight)`: squeeze, convolve along the channels so that their number stays, sigmoid, scale.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | feature maps |
# | `weight` | `(1, 1, k)`, k odd | the kernel, as `nn.Conv1d` stores it |
# | returns | `(B, C, H, W)` | |
#
# On paper: two channels of one place, 1 and 3, and the kernel `[0, 0, 1]`. Each channel hears the one after it: scores 3 and 0, gates 0.95 and 0.5, answers 0.95 and 1.5.

# %% tags=["exercise"] exercise="eca"
def eca(x, weight):
    # BEGIN SOLUTION
    s = x.mean((2, 3))[:, None]                                   # (B, 1, C): a line
    g = F.conv1d(s, weight, padding=weight.shape[-1] // 2)[:, 0]  # (B, C)
    return x * g.sigmoid()[..., None, None]                       # (B, C, H, W)
    # END SOLUTION


check("eca", eca)

# %% [markdown] tags=["card"]
# ### Exercise 3.5 · How far channels talk
# **difficulty** ●●○○○ **importance** ●●○○○ **about 5 minutes** **1 point**
#
# Write `kernel_size(dim, gamma=2, b=1)` as timm rounds it: drop what is behind the point, add 1 if the result is even, and 3 at least.
#
# | | | |
# |---|---|---|
# | `dim` | int, 1 or more | C |
# | returns | int | odd, 3 or more |
#
# On paper: 256 channels. $(8 + 1)/2 = 4.5$, without its fraction 4, which is even, so 5.

# %% tags=["exercise"] exercise="eca-kernel"
def kernel_size(dim, gamma=2, b=1):
    # BEGIN SOLUTION
    size = int(abs(math.log2(dim) + b) / gamma)
    return max(3, size if size % 2 else size + 1)
    # END SOLUTION


check("eca-kernel", kernel_size)

# %% [markdown] tags=["instructor"]
# Before the figure, let the room draw its four curves. Nearly everyone draws ECA as a gentle slope. The question to leave hanging is the one about order: "who numbered the channels?" In 3.4 look for `transpose` acrobatics; `[:, None]` is all it takes. Cut list: the
# poke, exercise 3.5.

# %% [markdown]
# ## 6 · Where: a gate for each place
# *9 minutes*
#
# Turn the question round. A channel gate says *what*, one number for each channel, the same at all places. A ***spatial gate*** says *where*: one number for each place, `(B, 1, H, W)`, the same for all channels. Its squeeze runs over the channels. So take the mean again, this time
# along axis 1.
#
# 64 channels of noise, and an object on 100 of 1,600 places. In the first case one channel of the 64 sees it, strongly. In the second all see it, weakly.

# %% tags=["predict"]
predict("one-loud-channel")

# %%
torch.manual_seed(0)
there = torch.zeros(40, 40).bool()
there[15:25, 15:25] = True
for name, channels, strength in (("one of 64, strongly", 1, 6.0), ("all 64, weakly", 64, 0.5)):
    x = torch.randn(64, 40, 40)
    x[:channels, there] += strength
    for how, pooled in (("mean", x.mean(0)), ("max", x.amax(0))):  # (40, 40)
        false = (pooled[~there] > pooled[there].median()).float().mean()
        print(f"{name:20} {how:4}  taken for the object: {false:4.0%} of the background")

# %% [markdown]
# Each is perfect where the other fails. A mean over 64 channels divides a lone strong voice by 64. A maximum hears only the loudest, and does not notice that all are a little louder than usual. CBAM (Woo et al. 2018) takes both, puts them on top of each other as a
# picture of two channels, and lets one wide convolution decide, since whether a place counts depends on the places around it:
#
# $$ M_s(x) = \sigma\!\left(f^{7 \times 7}\bigl[\operatorname{mean}_c x;\ \operatorname{max}_c x\bigr]\right) $$
#
# From `(B, C, H, W)` to `(B, 2, H, W)` to `(B, 1, H, W)`. The convolution has 98 weights whatever C is, and one bias. On a photo, with weights set by hand: all the same, so that it adds up how much fine detail there is within seven pixels.

# %%
flower = data.photo("flower", max_side=180)                # (3, 120, 180)
maps = feature_maps(flower)                                # (1, 11, 120, 180)
fine = maps[:, 5:9].abs()                                  # (1, 4, 120, 180)
pooled = torch.cat([fine.mean(1, keepdim=True), fine.amax(1, keepdim=True)], dim=1)
weight, bias = torch.full((1, 2, 7, 7), 8.0), torch.tensor([-10.0])
scores = F.conv2d(pooled, weight, bias, padding=3)         # (1, 2, ...) -> (1, 1, 120, 180)
gate = scores.sigmoid()
tiles = [flower, pooled[0, :1] / pooled[:, 0].amax(), gate[0], picture(maps * gate)]
titles = ["the photo", "mean of the fine lines", "gate", "what goes through"]
fig = viz.small_multiples(tiles, titles, ncols=4, size=2.3)
viz.show(fig, alt="Four pictures. The dahlia before a blurred garden; the outlines of its petals, "
                  "white on black; the gate, a white disc where the flower is; and the flower "
                  "alone on black.")

# %% [markdown]
# The garden is out of focus, so it has no fine lines, so it is gone. (The holes in the petals are where they are smooth.) Is it as good as it looks? The flower's place is known, so count, and compare with what chapter 2 said about mass:

# %%
row, col = torch.arange(120)[:, None], torch.arange(180)
bloom = (row - 63) ** 2 + (col - 86) ** 2 < 39**2  # a disc set by hand, (120, 180)
softmax = scores.flatten(2).softmax(-1).view_as(scores)
print(f"the bloom covers {bloom.float().mean():.2f} of the photo")
for name, weights in (("gate", gate[0, 0]), ("softmax", softmax[0, 0])):
    share = (weights / weights.sum()).flatten()
    in_use = (-share * share.clamp_min(1e-30).log()).sum().exp()  # chapter 1's keys in use
    on_bloom = share[bloom.flatten()].sum()
    print(f"{name:8} mass {weights.sum():5.0f}   {on_bloom:.2f} of it on the bloom   "
          f"places in use {in_use:5.0f}")

# %% [markdown]
# Same scores, the same share on the bloom. But the gate keeps thousands of places open, and the softmax spends its mass of 1 on twenty of the sharpest: multiply a map by that, and a few bright dots are left of the flower. For a gate it is the wrong tool, as chapter 2 said from the
# other side. The third of the gate's mass that lies outside is a rim as wide as half the kernel, and the second flower at the bottom, which nobody asked it to leave out. It was told *fine detail*, and found it.

# %% tags=["poke"]
# Poke it: why 7 x 7? Keep the sum of the weights and change the width.
for k in (1, 3, 7, 15):
    weight = torch.full((1, 2, k, k), 8.0 * 49 / k**2)
    g = F.conv2d(pooled, weight, bias, padding=k // 2).sigmoid()[0, 0]
    there, elsewhere = g[bloom].mean(), g[~bloom].mean()
    print(f"{k:2} x {k:2}   open on the bloom {there:.2f}, elsewhere {elsewhere:.2f}")

# %% [markdown] tags=["instructor"]
# The 2 x 2 table is the section. Ask which of the two poolings a defect detector would want (max), and which a texture classifier (mean). Somebody asks why not learn the pooling: that is the 1x1 convolution of Roy et al. 2018 (in a well-known library it had C outputs where 1 was meant, so that it was no gate of places any more: segmentation_models.pytorch, pull request 113, 2019). Cut list: the table of masses.

# %% [markdown]
# ## 7 · What first, then where
# *9 minutes, then exercise 3.6*
#
# Two gates, one for channels and one for places. The obvious wiring is side by side: both look at $x$, and $x$ is multiplied with both. Here is a photo from a camera with a bad cable. Columns are too bright and too dark in turn, three by three, so the map of fine upright lines is loud everywhere.
# Both gates are set by hand: the channel gate shuts a line channel that is loud on average, the spatial gate is the one from above.

# %%
clean = data.photo("flower", max_side=180)                                 # (3, 120, 180)
striped = clean + 0.12 * torch.tensor([1.0, 1, 1, -1, -1, -1]).repeat(30)  # (3, 120, 180)
x = feature_maps(striped)


def what(x):   # (1, 11, H, W) -> (1, 11, 1, 1): shut lines with a mean strength above 0.04
    g = (300 * (0.04 - x.abs().mean((2, 3), keepdim=True))).sigmoid()
    return torch.cat([torch.ones(1, 1, 1, 1), g[:, 1:9], torch.ones(1, 2, 1, 1)], dim=1)


def where(x):  # (1, 11, H, W) -> (1, 1, H, W): open where there is fine detail
    fine = x[:, 5:9].abs()
    pooled = torch.cat([fine.mean(1, keepdim=True), fine.amax(1, keepdim=True)], dim=1)
    weight, bias = torch.full((1, 2, 7, 7), 8.0), torch.tensor([-10.0])
    return F.conv2d(pooled, weight, bias, padding=3).sigmoid()


for name, g in zip(NAMES, what(x).flatten().tolist()):
    if g < 0.5:
        print(f"the channel gate shuts {name!r}")

# %% tags=["predict"]
predict("stripes-everywhere")

# %%
wirings = {"side by side": (what(x), where(x)),
           "where, then what": (what(where(x) * x), where(x)),
           "what, then where": (what(x), where(what(x) * x))}
gates = [spatial[0] for _, spatial in wirings.values()]
results = [picture(channel * spatial * x) for channel, spatial in wirings.values()]
fig = viz.small_multiples([striped.clamp(0, 1), *gates, clean, *results],
                          ["input, and as it was", *wirings], ncols=4,
                          rows=["spatial gate", "result"], size=2.1, vmin=0, vmax=1)
viz.show(fig, alt="Upper row: the dahlia under upright stripes, then three spatial gates. Side by "
                  "side and where-then-what: white everywhere. What-then-where: a white disc on "
                  "the flower. Lower row: the clean photo and three results with faint "
                  "stripes; only in the last is the garden dark.")

# %% [markdown]
# All three take most of the stripes away; the channel gate does that in any wiring. (The rest of them is in the slanting channels, which hear an upright line a little.) But a spatial gate that looks at the raw map sees detail everywhere and stays open everywhere. Only behind the channel gate does it find the flower. This is the order that Woo et al. chose, after trying all three: *what*, then *where*.
#
# $$ x' = M_c(x)\, x, \qquad y = M_s(x')\, x' $$
#
# $M_s(x')$, not $M_s(x)$: one letter. Their channel gate $M_c$ is squeeze-and-excitation with a second squeeze, for the reason that you met in the poke of section 2: a small thing drowns in a mean and stands out in a maximum. Both go through the *same* two layers, and the scores are added:
#
# $$ M_c(x) = \sigma\!\bigl(\operatorname{mlp}(\operatorname{mean}_{ij}\, x) + \operatorname{mlp}(\operatorname{max}_{ij}\, x)\bigr), \qquad \operatorname{mlp}(s) = W_2 \operatorname{relu}(W_1 s) $$
#
# with $W_1$ `(R, C)` and $W_2$ `(C, R)`, no biases. The whole is ***CBAM***, the convolutional block attention module. How much does the order matter where nobody set the weights by hand? The library has both wirings, and they share their state dict:

# %%
torch.manual_seed(0)
x = torch.randn(4, 32, 14, 20).relu()
one, two = lib.CBAM(32, reduction=8), lib.ParallelCBAM(32, reduction=8)
for name, factor in (("fresh weights", 1), ("ten times as large", 10)):
    one.load_state_dict({key: factor * value for key, value in one.state_dict().items()})
    two.load_state_dict(one.state_dict())
    apart = (one.gate(x) - two.gate(x)).abs().mean()
    print(f"{name:18}   gates differ by {apart:.2f} on average")

# %% [markdown]
# Little at the start: every channel gate is near 0.5, so the spatial gate sees the same map at half strength. The order begins to matter when the channel gate has learned to shut something. So expect a small effect, and be suspicious of large claims for either order.

# %% tags=["poke"]
# Poke it: a small object in one channel of eight. Which squeeze tells the channel gate about it?
torch.manual_seed(0)
x = torch.rand(1, 8, 56, 56)
x[:, 3, 20:23, 30:33] = 4.0
for name, s in (("mean", x.mean((2, 3))[0]), ("max", x.amax((2, 3))[0])):  # (8,)
    print(f"{name:4}", "  ".join(f"{value:.2f}" for value in s.tolist()))

# %% [markdown] tags=["card"]
# ### Exercise 3.6 · First what, then where
# **difficulty** ●●●●○ **importance** ●●●●○ **about 15 minutes** **4 points**
#
# Write `cbam(x, w1, w2, kernel)`: the channel gate first, then the spatial gate of the map that the channel gate has already passed. In the spatial gate the mean comes before the maximum.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | feature maps |
# | `w1`, `w2` | `(R, C)`, `(C, R)` | the shared layers, without biases |
# | `kernel` | `(1, 2, 7, 7)` | first the mean's weights, then the maximum's; no bias |
# | returns | `(B, C, H, W)` | |
#
# On paper: one channel of one place, 2. `w1 = [[1]]`, `w2 = [[0]]`: the channel gate is 0.5, and 1 is left. A kernel with 1 in both middles: score 2, gate 0.88, answer 0.88. Side by side the spatial gate would have seen a 2, and the answer would be 0.98.

# %% tags=["exercise"] exercise="cbam-order"
def cbam(x, w1, w2, kernel):
    # BEGIN SOLUTION
    mean, largest = x.mean((2, 3)), x.amax((2, 3))                                 # (B, C)
    scores = (mean @ w1.T).relu() @ w2.T + (largest @ w1.T).relu() @ w2.T          # (B, C)
    x = x * scores.sigmoid()[..., None, None]                                      # what
    pooled = torch.cat([x.mean(1, keepdim=True), x.amax(1, keepdim=True)], dim=1)  # (B, 2, H, W)
    return x * F.conv2d(pooled, kernel, padding=3).sigmoid()                       # where
    # END SOLUTION


check("cbam-order", cbam)

# %% [markdown] tags=["instructor"]
# Twenty minutes with 3.6. The check knows the parallel wiring, the spatial-first one, the exchanged poolings and a sigmoid for each pooling; nearly all wrong answers are one of these. "Why not side by side, it is faster" is a fair objection: BAM (Park et al. 2018) does that. Cut list: the cell with the state dicts.

# %% [markdown]
# ## 8 · The same gate in a recurrent cell
# *8 minutes*
#
# Gates were old when vision found them. In 1997 Hochreiter and Schmidhuber put two of them into a recurrent cell, Gers, Schmidhuber and Cummins (2000) added a third, and the result is still called LSTM. Look at what the three do. There is a vector of C numbers, the memory $c_{t-1}$. There is a context, the
# new input $x_t$ and the last output $h_{t-1}$. The context decides what is let through, number by number:
#
# $$ c_t = \underbrace{\sigma(W_f\,[x_t; h_{t-1}] + b_f)}_{\text{forget gate, } (B,\, C)} \odot\; c_{t-1} \;+\; \underbrace{\sigma(W_i\,[x_t; h_{t-1}] + b_i)}_{\text{input gate}} \odot\; \tanh(\dots) $$
#
# Read `channel` for `number` and it is section 3 without a squeeze, since a vector has no places to average over, and without a narrow middle. One thing is more general: what is gated and what decides are different vectors. The smaller cousin, the GRU (Cho et al. 2014), can be
# written in five lines of gates:

# %%
torch.manual_seed(0)
cell = nn.GRUCell(6, 4)
x, h = torch.randn(3, 6), torch.randn(3, 4)
from_x = F.linear(x, cell.weight_ih, cell.bias_ih)                           # (3, 12)
from_h = F.linear(h, cell.weight_hh, cell.bias_hh)                           # (3, 12)
(xr, xz, xn), (hr, hz, hn) = from_x.chunk(3, dim=1), from_h.chunk(3, dim=1)  # six of (3, 4)
read, keep = (xr + hr).sigmoid(), (xz + hz).sigmoid()                        # two gates
new = (xn + read * hn).tanh()
assert_close((1 - keep) * new + keep * h, cell(x, h))
print("two gates and a tanh = nn.GRUCell")

# %% [markdown]
# Bring it back to features that come without a time axis, let the vector decide about itself, and you have ***context gating*** (Miech, Laptev and Sivic 2017), $y = \sigma(Wx + b) \odot x$. They put it behind the pooled features of a video: in a scene with skis and snow, "tree" is turned down. PyTorch has it as half of `F.glu`:

# %%
torch.manual_seed(0)
gating, x = lib.ContextGating(8), torch.randn(5, 8)
assert_close(gating(x), F.glu(torch.cat([x, gating.fc(x)], dim=1), dim=1))
print("context gating = a gated linear unit on (x, Wx + b)")

# %% [markdown]
# Recurrent cells met a trouble that is ahead of you, too, and met it first, because their gates come one after the other by the hundred. Freshly made weights are small, so scores are near 0, so a new forget gate stands near 0.5.

# %% tags=["predict"]
predict("forget-half")

# %%
torch.manual_seed(0)
def kept(bias, steps=60):  # what is left of the first memory after each step, mean over 64
    cell, h, c = nn.LSTMCell(16, 64), torch.zeros(1, 64), torch.zeros(1, 64)
    cell.bias_ih.data[64:128] = bias  # PyTorch's order: input, forget, cell, output
    left, means = torch.ones(1, 64), [1.0]
    for x in torch.randn(steps, 1, 16):
        scores = x @ cell.weight_ih.T + cell.bias_ih + h @ cell.weight_hh.T + cell.bias_hh
        left = left * scores[:, 64:128].sigmoid()
        means.append(left.mean().item())
        h, c = cell(x, (h, c))
    return means


# %%
torch.manual_seed(0)
fig, ax = plt.subplots(figsize=(7, 3.3))
for bias, style in ((0.0, "-"), (1.0, "--"), (3.0, ":")):
    with torch.no_grad():
        share = kept(bias)
    ax.semilogy(share, style, label=f"forget bias {bias:g}")
    print(f"forget bias {bias:.0f}   after 10 steps {share[10]:.3f} of the memory is left")
ax.set(xlabel="step", ylabel="share of the first memory", title="An untrained LSTM forgets",
       ylim=(1e-6, 2))
ax.legend()
viz.show(fig, alt="Share of the first memory against the step, on a logarithmic axis. With bias 0 "
                  "it falls in a straight line to a millionth within twenty steps, with bias 1 "
                  "within fifty. With bias 3 a twentieth is left after sixty.")

# %% [markdown]
# At 0.5 a memory is halved at every step, and so is the gradient on the way back. Gers et al. already proposed to start with the gate open, and Jozefowicz, Zaremba and Sutskever (2015) found that this single number closed most of the gap between cells: set the forget bias to 1 or 2.
# PyTorch does not do it for you. Remember the picture when you stack sixteen channel gates, in puzzle five.

# %% tags=["poke"]
# Poke it: which bias keeps half of a memory for 100 steps? The gate must be 0.5 ** (1 / 100).
for steps in (1, 10, 100, 1000):
    gate = torch.tensor(0.5) ** (1 / steps)
    print(f"half after {steps:4} steps: gate {gate:.4f}, bias {gate.logit():.1f}")

# %% [markdown] tags=["instructor"]
# For a room that knows recurrent nets this is five minutes and a relief: nothing new under the sun. For others, cut to context gating and the figure.

# %% [markdown]
# ## 9 · A cue tells which channel: an experiment that could have failed
# *10 minutes*
#
# Up to here every gate that did something was set by hand. Will training find one, and does the network need it? Here is a task made for the question. A picture has ten channels. Five of them hold a handwritten digit each, all different. Each of
# these five has a cue channel beside it, and exactly one cue is lit. The answer is the digit whose cue is lit:

# %%
from course_lib.experiments import ch03_cued_channel as cued

one = cued.examples(1, torch.Generator().manual_seed(5), "test")  # images (1, 10, 9, 18)
names = [f"{kind} {k}" for k in range(1, 6) for kind in ("signal", "cue")]
fig = viz.small_multiples(one.images[0][:, None], names, ncols=10, size=0.95, vmin=0, vmax=1)
print(f"the answer is {one.labels[0].item()}, from signal {one.relevant[0].item() + 1}")
viz.show(fig, alt="Ten small panels side by side. Every other one holds a white digit in its right "
                  "half. Of the panels between, all are black but one, which has a white square "
                  "in its left half.")

# %% [markdown]
# The networks are the same but for what stands in front: three convolutions and two linear layers. One is plain. One has squeeze-and-excitation on its ten input channels, which costs less than 1% more parameters, and the plain one gets these back elsewhere. One is plain and has about four
# times as many parameters. All get the same pictures and the same number of steps. Mind that the plain network lacks nothing: its very first convolution sees all ten channels, cues and digits.

# %% tags=["predict"]
predict("gate-or-width")

# %% tags=["long", "nbval-ignore-output"]
live = experiments.run("cued_channel", "small", conditions=["plain", "SE"])
print(experiments.summary(live, ["accuracy", "parameters", "top", "on", "off"], digits=1))

# %% [markdown]
# That was a small run: four signals, 400 steps, two seeds, and its figures differ a little from machine to machine. `top` asks the question that an attention map must answer: is the largest of the signals' gates the one that counts? `on` and `off` are the mean gates of that signal and of the others. The recorded run has five signals, more steps, more conditions and four seeds:

# %%
recorded = experiments.load_record("cued_channel")
print(experiments.summary(recorded, digits=2))
print(experiments.provenance(recorded))

# %% [markdown]
# The gate is what was missing. Four times the parameters take the plain network from 0.68 to 0.81. Eighty-one more, spent on a gate, take it to 0.98, and `top` is 1.00 in every seed: the largest gate is always the one that counts, and the others are shut.
#
# `ECA` does nearly as well with *three* numbers. Lay the same channels out so that each cue is five channels away, and those three numbers are worth nothing: its gates are all near 0.5, and its accuracy is the plain network's. That is the cliff of section 5, in a whole network. And the short kernel cannot shut quite: `off` is 0.21.
# It has no bias, and a dark cue is a small negative number, so the score is not far below 0.
#
# One line came out otherwise than we expected. CBAM has everything that squeeze-and-excitation has, and more, and is far behind, with a large spread. Seed by seed:

# %%
cbam = experiments.load_record("cued_channel")["figures"]["CBAM"]
for seed, (top, accuracy) in enumerate(zip(cbam["top"], cbam["accuracy"])):
    print(f"seed {seed}   largest gate is the right one {top:.2f}   accuracy {accuracy:.2f}")

# %% [markdown]
# The two columns are nearly the same numbers, so the gate is what is stuck, and nothing behind it: where the right channel is open, the answer is right. Stuck how? Look into a gate. The small run above has trained squeeze-and-excitation with two seeds; train both again, and take the mean gates of the signals for every cue:

# %% tags=["long"]
config, tables, right = cued.EXPERIMENT.small, [], []
draw = torch.Generator().manual_seed(1)
test = cued.examples(1000, draw, "test", signals=config.signals)
for seed in (0, 1):
    model = cued.train("SE", config, seed)
    with torch.no_grad():
        gates, correct = model.signal_gates(test.images), model(test.images).argmax(1) == test.labels
    cues = [test.relevant == k for k in range(4)]
    tables.append(torch.stack([gates[cue].mean(0) for cue in cues]))  # (4, 4)
    right.append([correct[cue].float().mean().item() for cue in cues])

# %%
names = [f"signal {k}" for k in range(1, 5)]
fig, axes = plt.subplots(1, 2, figsize=(8.6, 3.8))
for seed, ax in enumerate(axes):
    rows = [f"cue {k + 1}: {share:.0%} right" for k, share in enumerate(right[seed])]
    viz.matrix(tables[seed], rows=rows, cols=names, row_axis="lit", col_axis="mean gate of",
               title=f"Seed {seed}", vmin=0, vmax=1, ax=ax)
viz.show(fig, alt="Two tables of four cues by four signals. Seed 0: the diagonal is bright, gates "
                  "of 0.8 and more, all else dark, and nearly all answers are right. Seed 1: "
                  "three rows are brightest on the diagonal, the first of them only just, and "
                  "the last row is dark all over; for its cue one answer in ten is right.")

# %% [markdown]
# On the left is what we hoped for, and nobody told the network what a cue is. On the right one cue opens next to nothing, and for that cue the network guesses. (On your machine it may be another cue, or none.) CBAM's stuck seeds look like that, with one or two dark rows of five. This is the other side of a sigmoid. Its slope is
# $g(1 - g)$, and what comes back through the product is multiplied with it: a gate near 0 lets nothing through, and hears nothing that would tell it to open. Why does CBAM fall into it more often? Its channel gate adds a score made of the means
# and a score made of the maxima. Compare the two over many pictures, as they come to the gate:

# %%
test = cued.examples(1000, torch.Generator().manual_seed(1), "test")
x = cued.GatedNetwork(cued.EXPERIMENT.full, "CBAM").scaled(test.images)  # (1000, 10, 9, 18)
for name, maps in (("signal", x[:, ::2]), ("cue", x[:, 1::2])):
    for way, s in (("mean", maps.mean((2, 3))), ("maximum", maps.amax((2, 3)))):
        print(f"{name:6}  {way:7}  {s.mean().abs():4.1f}   from picture to picture +- {s.std(0).mean():.1f}")

# %% [markdown]
# A signal's mean says nothing and is 0. Its maximum says as little, for every signal holds a digit, and it is 6.3 in every picture: for the gate it is a bias that nobody asked for, and a gate may drift shut by it before there is anything to open for. Trials outside the record bear that out (the docstring of
# `ch03_cued_channel` has them): without the maximum, or with inputs a quarter as large, the cues are found. And we had chosen the scale of the inputs in trials with squeeze-and-excitation, which is no neutral choice. So read that line as a warning about maxima and scales, and not as a verdict on CBAM. Read the plain line with care, too: given more steps it comes closer. It is slow, not unable.
#
# **And where it does not help.** Two tasks with the same channels, the same networks and the same budget. In *one digit* there is a single digit in one of the signals, and no cue. In *a place* there are two digits, side by side, in channels drawn at random, and the cue says which *place* counts: the nearer, or the farther one. That is as much of a
# choice as before.

# %% tags=["predict"]
predict("cue-names-a-place")

# %% tags=["long"]
conditions = ["a place: plain", "a place: SE"]
live = experiments.run("gates_that_do_not_help", "small", conditions=conditions)
print(experiments.summary(live, ["accuracy", "on", "off"], digits=1))

# %%
recorded = experiments.load_record("gates_that_do_not_help")
print(experiments.summary(recorded, digits=2))
print(experiments.provenance(recorded))

# %% [markdown]
# Nothing gained, nothing lost. In the recorded runs everybody is near the ceiling, where there is no room to gain; the small run stops before that, and plain and gated end together there, too. The gates say more than the accuracy. They stand near 0.5, and `top` is below the 0.20 of guessing: no gate has chosen anything. In *one digit* there is nothing
# to choose. In *a place* there is, the network makes the choice, and makes it elsewhere: a mean over places cannot tell the two digits apart, and a gate that is the same everywhere could not act on it.
#
# Between these two lies what you will meet. On ImageNet squeeze-and-excitation gains about a per cent (Hu et al. 2018). Ask of your own problem: does what counts change from picture to picture, and can the picture *as a whole* tell it? Then a channel gate is the cheapest thing to try. Otherwise count on nothing.

# %% [markdown] tags=["instructor"]
# Take bets on the three networks before the run and write them on the board. Those who bet on the wide one should say what width would buy (room to carry five digits to the end). The second table is the more important one: it takes a teacher to show a method failing. Ask for a gate that would solve *a place*: one made from the cue and applied to places.

# %% [markdown]
# ## 10 · The ladder of equals
# *6 minutes*
#
# From loops that nobody can misread to the modules that published networks load. Squeeze-and-excitation first:

# %%
def by_loops(x, w1, b1, w2, b2):  # (B, C, H, W), (R, C), (R,), (C, R), (C,)
    (B, C, H, W), R, y = x.shape, len(b1), torch.zeros_like(x)
    for b in range(B):
        s = [sum(x[b, c, i, j] for i in range(H) for j in range(W)) / (H * W) for c in range(C)]
        units = [b1[r] + sum(w1[r, c] * s[c] for c in range(C)) for r in range(R)]
        for c in range(C):
            score = b2[c] + sum(w2[c, r] * max(units[r], 0) for r in range(R))
            y[b, c] = x[b, c] / (1 + (-score).exp())
    return y


# %%
def by_matrices(x, w1, b1, w2, b2):
    gates = ((x.mean((2, 3)) @ w1.T + b1).relu() @ w2.T + b2).sigmoid()  # (B, C)
    return x * gates[..., None, None]


torch.manual_seed(0)
x = torch.randn(2, 6, 3, 4)
layers = torch.randn(2, 6), torch.randn(2), torch.randn(6, 2), torch.randn(6)
assert_close(by_loops(x, *layers), by_matrices(x, *layers))
print("loops = matrices")

# %%
torch.manual_seed(0)
x, ours = torch.randn(2, 64, 7, 9), lib.SqueezeExcitation(64)
theirs = torchvision.ops.SqueezeExcitation(64, 4)
ours.load_state_dict(theirs.state_dict())
theirs.load_state_dict(ours.state_dict())  # and back
layers = [p.flatten(1) if p.ndim == 4 else p for p in ours.state_dict().values()]
assert_close(by_matrices(x, *layers), ours(x))
assert torch.equal(ours(x), theirs(x))
print("matrices = library = torchvision, the last two bit for bit")

# %% [markdown]
# A trap on the way: print torchvision's module, and the ReLU stands *behind* both layers. Somebody reported it as a bug (pytorch/vision, issue 8209, 2024). Printing shows the order in which the parts were made, not the order in which `forward` uses them; the rung above is how you find out.
#
# ECA and CBAM have no home in torchvision; published code takes them from timm. timm's spatial gate has a batch norm that the paper's equation has not. In `eval()` a batch norm is a factor and a shift, so it can be folded into the convolution in front:

# %%
torch.manual_seed(0)
x, layer = torch.randn(2, 16, 5, 6), lib.EfficientChannelAttention(16)
s = F.pad(x.mean((2, 3)), (1, 1))                         # (2, 18), a zero at each end
w = layer.conv.weight[0, 0]                               # (3,)
scores = torch.stack([s[:, c:c + 3] @ w for c in range(16)], dim=1)
assert_close(x * scores.sigmoid()[..., None, None], layer(x))
print("a loop over channels = ECA of the library")

# %%
torch.manual_seed(0)
x, ours = torch.randn(2, 16, 9, 11), lib.CBAM(16, reduction=4)
conv, norm = nn.Conv2d(2, 1, 7, padding=3, bias=False), nn.BatchNorm2d(1).eval()  # timm's form
for tensor, value in zip(norm.state_dict().values(), (1.4, -0.2, 0.3, 2.0)):
    tensor.fill_(value)  # weight, bias, running mean, running variance, as if trained
y = ours.channel(x)
pooled = torch.cat([y.mean(1, keepdim=True), y.amax(1, keepdim=True)], dim=1)     # (2, 2, 9, 11)
as_timm = y * norm(conv(pooled)).sigmoid()
factor = norm.weight / (norm.running_var + norm.eps).sqrt()                       # (1,)
ours.spatial.conv.weight.data = conv.weight * factor
ours.spatial.conv.bias.data = norm.bias - factor * norm.running_mean
assert_close(ours(x), as_timm)
print("CBAM of the library = timm's form, its batch norm folded away")

# %% [markdown]
# The authors' own code stacks maximum before mean, timm and this library mean before maximum. Weights from the one give nonsense in the other, silently, until you swap the two halves of the kernel. That is worth a line in the file you save them in.

# %% [markdown]
# ## What goes wrong in the wild
# *9 minutes, then exercise 3.7*
#
# Five slips from published code. Answer before you run the cell under each.
#
# **One.** A network for medical images sends its channel gate through a sigmoid, and a few lines on through another. Asked about it, its author repaired it, and added that the second sigmoid had not cost any accuracy, "which is very metaphysical" (HiFuse, issue 9, 2024).

# %% tags=["quiz"]
quiz("sigmoid-twice")

# %%
torch.manual_seed(0)
scores = 3 * torch.randn(20_000)
gates = {"sigmoid": scores.sigmoid(), "ReLU, then sigmoid": scores.relu().sigmoid(),
         "sigmoid twice": scores.sigmoid().sigmoid()}
fig, axes = plt.subplots(1, 3, figsize=(9.4, 2.8), sharey=True)
for ax, (name, g) in zip(axes, gates.items()):
    ax.hist(g, bins=torch.linspace(0, 1, 41), color=viz.KEY)
    ax.set(xlabel="gate", title=name, xlim=(0, 1), ylim=(0, 12_000))
    print(f"{name:19} from {g.min():.2f} to {g.max():.2f}")
axes[0].set_ylabel("how many of 20,000")
viz.show(fig, alt="Three histograms of gates. Sigmoid: from 0 to 1, most near the ends. ReLU then "
                  "sigmoid: nothing below 0.5, and half of all gates exactly at 0.5. Sigmoid "
                  "twice: all between 0.5 and 0.73.")

# %% [markdown]
# The middle one is more common. Search public code for `sigmoid(self.relu(`, and four of the first ten places that came up when we looked are gates. Half of its gates stand at exactly 0.5, where the ReLU has no slope: a gate that has arrived there gets no gradient to leave again.
#
# Why did nobody notice? A gate between 0.5 and 0.73 is nearly a constant, and constants are absorbed (section 1). Probably the network did without its attention, and did well. That an accuracy does not fall is no evidence that a gate works. Replace the gate by its mean: if nothing changes, it did nothing.

# %% [markdown] tags=["card"]
# ### Exercise 3.7 · The gate that cannot close
# **difficulty** ●●○○○ **importance** ●●●●○ **about 8 minutes** **2 points**
#
# Repair `spatial_gate`. It was meant to be $x \cdot \sigma(\operatorname{conv}_{1\times1}(\operatorname{relu}(\operatorname{conv}_{3\times3}(x))))$, and it runs. Two things are wrong with it, and one move mends both.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | feature maps |
# | `w1`, `b1` | `(R, C, 3, 3)`, `(R,)` | the 3x3 convolution, padded so that the size stays |
# | `w2`, `b2` | `(1, R, 1, 1)`, `(1,)` | the 1x1 convolution |
# | returns | `(B, C, H, W)` | each place times its gate |
#
# On paper: one channel of one place, 2. `w1` is 1 in its middle, `w2` is -1, no biases. The score is -2, the gate 0.12, the answer 0.24. The broken one says 1.

# %% tags=["exercise"] exercise="gate-that-cannot-close"
def spatial_gate(x, w1, b1, w2, b2):
    # BEGIN SOLUTION
    hidden = F.conv2d(x, w1, b1, padding=1).relu()  # (B, R, H, W)
    gate = F.conv2d(hidden, w2, b2).sigmoid()       # (B, 1, H, W)
    return x * gate
    # STUB
    #| # YOUR CODE HERE: repair it
    #| hidden = F.conv2d(x, w1, b1, padding=1)
    #| gate = F.conv2d(hidden, w2, b2).relu().sigmoid()
    #| return x * gate
    # END SOLUTION


check("gate-that-cannot-close", spatial_gate)

# %% [markdown]
# **Two.** A channel gate of CBAM. The line occurs in a collection of attention code (nikhilroxtomar, issue 1, 2023: `x1 + x1`) and in another (MenghaoGuo, issue 32, 2024: `y_avg + y_avg`); in a third the layer called `maxpool` was an average pool (External-Attention-pytorch, issue 9, 2021).

# %% tags=["quiz"]
quiz("avg-plus-avg")

# %%
torch.manual_seed(0)
x, gate = torch.rand(1, 16, 14, 14), lib.CBAM(16, reduction=4).channel
spot = x.clone()
spot[:, 3, 5, 5] += 20.0                                  # one place of one channel ...
spot[:, 3] -= 20.0 / 196                                  # ... and the mean is as before


def twice_the_mean(x):
    s = x.mean((2, 3), keepdim=True)                      # (B, C, 1, 1)
    return (2 * gate.fc2(gate.fc1(s).relu())).sigmoid()


for name, way in (("avg + avg", twice_the_mean), ("avg + max", gate.gate)):
    moved = (way(spot) - way(x)).abs().max()
    print(f"{name}: a bright spot moves the gates by up to {moved:.3f}")

# %% [markdown]
# **Three.** A widely copied MobileNetV3 (xiaolai-sqlai, issue 3, 2019). The constructor has `self.avg_pool = nn.AdaptiveAvgPool2d(1)` and `self.se = nn.Sequential(...)`, two 1x1 convolutions with their activations. `forward` says `return x * self.se(x)`.

# %% tags=["quiz"]
quiz("never-squeezed")

# %%
torch.manual_seed(0)
x, se = torch.randn(2, 32, 14, 20), lib.SqueezeExcitation(32, 8)
layers = nn.Sequential(se.fc1, nn.ReLU(), se.fc2, nn.Sigmoid())
for name, s in (("as published", x), ("with the squeeze", x.mean((2, 3), keepdim=True))):
    gate = layers(s)
    apart = (gate.amax((2, 3)) - gate.amin((2, 3))).mean()
    print(f"{name:17} gate {tuple(gate.shape)}   within a channel it varies by {apart:.2f}")

# %% [markdown]
# Every number of the map had a gate of its own, made from its own place: context gating at each pixel, at 280 times the cost. In DeepDanbooru (issue 55, 2022) the same happened by one letter, layers that were fed `x` where `s` was meant. The first author put the pooling in and trained again.
#
# **Four.** A much-starred squeeze-and-excitation (moskomule, issue 13, 2018) made its middle with `nn.Linear(channel, reduction)`, where `reduction` is 16.

# %% tags=["quiz"]
quiz("ratio-or-width")

# %%
print("channels   units meant   units made   parameters meant   made")
for dim in (64, 256, 512, 2048):
    meant, made = (2 * dim * units + dim + units for units in (dim // 16, 16))
    print(f"{dim:8} {dim // 16:13} {16:12} {meant:18,} {made:6,}")

# %% [markdown]
# **Five.** No bug in any line. A network without batch norm, deep, with a channel gate in every block, does not start to learn.

# %% tags=["quiz"]
quiz("sixteen-gates")

# %%
torch.manual_seed(0)
x = torch.randn(4, 64, 14, 14)
gates = nn.ModuleList(lib.SqueezeExcitation(64) for _ in range(16))
for name, factor, bias in (("fresh", 1, 0.0), ("times two", 2, 0.0), ("last bias 3", 1, 3.0)):
    y = x
    for gate in gates:
        gate.fc2.bias.data.fill_(bias)
        y = factor * gate(y)
    print(f"16 gates, {name:11}   what is left of the signal {y.std() / x.std():.5f}")

# %% [markdown]
# It is section 8's forgetting cell, laid down in depth. In a ResNet it hides: the gate stands in the branch, the shortcut around it is whole, and the next batch norm puts the scale right. Networks without normalisation have to say it themselves: Brock et al. (2021) multiply each gate's output by 2.
#
# Five habits find all five. Print the smallest gate for strong inputs of both signs. Move one place and keep the mean. Ask whether a channel gate is the same at all places. Count parameters against the formula. Measure the signal behind the module before any training.

# %% [markdown] tags=["instructor"]
# Ninety minutes: section 1 as a talk with the table (10), section 2 with its prediction (10), section 3 at the board with exercise 3.3 (25), the two curves of section 5 (10), section 7 with the stripes (10), the experiment of section 9 (15), puzzles one and three (10). Homework: 3.1, 3.2, 3.4 to 3.7. Sections 4 and 8 can
# be left out without breaking anything. If the room is fast: can ECA be written as squeeze-and-excitation with R = C, and what are its W1 and W2?

# %% [markdown]
# ## Recap
#
# | | formula | shapes | parameters |
# |---|---|---|---|
# | squeeze | $s_c = \operatorname{mean}_{ij}\, x_{cij}$ | `(B, C, H, W)` -> `(B, C)` | none |
# | excite (SE) | $g = \sigma(W_2 \operatorname{relu}(W_1 s + b_1) + b_2)$ | `(B, C)` -> `(B, R)` -> `(B, C)`, $R = \max(1, C // r)$ | $2CR + C + R$ |
# | ECA | $g = \sigma(w * s)$ along the channels | `(B, C)` -> `(B, C)` | $k$, about $(\log_2 C + 1)/2$ |
# | scale | $y = g \cdot x$ | `(B, C, 1, 1)` times `(B, C, H, W)` | none |
# | spatial gate | $\sigma(f^{7\times7}[\operatorname{mean}_c x; \operatorname{max}_c x])$ | `(B, 2, H, W)` -> `(B, 1, H, W)` | 99 |
# | CBAM | $x' = M_c(x)\,x$, $y = M_s(x')\,x'$ | what, then where | $2CR + 99$ |
# | context gating | $\sigma(Wx + b) \odot x$ | `(..., C)` | $C^2 + C$ |
#
# A gate is worth something only if it depends on the picture; otherwise the next convolution has it already. A mean over places keeps how much and forgets where, and how wide the middle is decides how many things can be said about the channels at once. A gate that cannot close, one that shut too early, and one that halves what it passes all run, train, and tell nobody.
#
# Where it went next: Hu et al. (2018b) gather from neighbourhoods instead of the whole map; Perez et al. (2018) let a *question* set the gates, factor and shift, which chapter 9 comes back to; MobileNetV3, EfficientNet and RegNetY took squeeze-and-excitation into their blocks, and gated units took the place of plain layers in language models. All gates of this chapter share a limit: they say how much of a thing goes
# through, never *which other place it should come from*. That takes queries and keys between places, and is chapter 4.
#
# ### References
#
# - A. Brock, S. De, S. L. Smith, K. Simonyan, *High-performance large-scale image recognition without normalization*, ICML 2021. A gain of 2 behind each gate.
# - K. Cho et al., *Learning phrase representations using RNN encoder-decoder for statistical machine translation*, EMNLP 2014. The GRU.
# - F. A. Gers, J. Schmidhuber, F. Cummins, *Learning to forget: continual prediction with LSTM*, Neural Computation 12, 2000. The forget gate.
# - S. Hochreiter, J. Schmidhuber, *Long short-term memory*, Neural Computation 9, 1997.
# - J. Hu, L. Shen, G. Sun, *Squeeze-and-excitation networks*, CVPR 2018.
# - J. Hu, L. Shen, S. Albanie, G. Sun, A. Vedaldi, *Gather-excite: exploiting feature context in convolutional neural networks*, NeurIPS 2018.
# - R. Jozefowicz, W. Zaremba, I. Sutskever, *An empirical exploration of recurrent network architectures*, ICML 2015. Open the forget gate at the start.
# - A. Miech, I. Laptev, J. Sivic, *Learnable pooling with context gating for video classification*, arXiv 1706.06905, 2017.
# - J. Park, S. Woo, J.-Y. Lee, I. S. Kweon, *BAM: bottleneck attention module*, BMVC 2018. What and where side by side.
# - E. Perez, F. Strub, H. de Vries, V. Dumoulin, A. Courville, *FiLM: visual reasoning with a general conditioning layer*, AAAI 2018.
# - A. G. Roy, N. Navab, C. Wachinger, *Concurrent spatial and channel squeeze and excitation in fully convolutional networks*, MICCAI 2018.
# - Q. Wang et al., *ECA-Net: efficient channel attention for deep convolutional neural networks*, CVPR 2020.
# - S. Woo, J. Park, J.-Y. Lee, I. S. Kweon, *CBAM: convolutional block attention module*, ECCV 2018.
