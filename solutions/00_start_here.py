# %% [markdown]
# # 0 · Start here
#
# **What can you see that a filter cannot?**
#
# Below are three pictures. In each, some digits count and the others do not. Nobody tells you the rule, and yet you will find it before
# you have read on. A network that sees only a small window around each digit cannot find it at all, however long it trains. By the end of this course you
# will have built the mechanism that can, from its formula up, and measured the difference.
#
# After this chapter you can **run** a cell, **read** what a check says, **repair** an answer, and **find** hints, your
# progress and a fresh copy of a chapter.
#
# *10 minutes, one exercise of 3 minutes. You need Python and a little PyTorch.*

# %% tags=["setup"]
import torch

from course_lib import data, viz
from course_lib.exercises import check, hint, predict, progress

viz.use_style()

# %%
options = data.SceneOptions(cue="random", digits=5)
trio = [data.scene(seed, options) for seed in (6, 8, 15)]
counting = [scene.target_mask.float() for scene in trio]
pictures = [scene.image for scene in trio] + counting
fig = viz.small_multiples(pictures, ncols=3, rows=["picture", "counts"], size=2.2)
viz.show(fig, alt="Three dark canvases with five coloured digits each and a coloured square in "
                  "one corner. Under each, white on black, the digits that count: those with the "
                  "colour of the square.")

# %% [markdown]
# The square in the corner is a ***cue***: the digits of its colour count. These canvases are ours to make, thousands of
# them, so we can ask for exactly the difficulty that a mechanism is meant for. The digits on them are real handwriting.

# %% [markdown]
# ## 1 · Does your machine do what it should?
# *2 minutes*
#
# Run this cell: click into it and press `Shift` + `Enter`. It prints PyTorch's version and whether it sees a GPU. You do not need
# one: everything in the course runs on a laptop in under 90 seconds a chapter.

# %% tags=["nbval-ignore-output"]
gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else "none, and none is needed"
print("torch", torch.__version__)
print("GPU  ", gpu)

# %% [markdown]
# If something fails here or later, `python start.py doctor` in a terminal goes through the whole installation and
# prints one line of repair for each thing that is wrong.
#
# A cell is yours: change it, run it again, add cells. Your notebooks live in the folder `work/`, and nothing there is
# ever overwritten. When a chapter is beyond repair, `python start.py reset 0` puts a fresh copy there and keeps yours beside it.

# %% [markdown]
# ## 2 · The small world
# *3 minutes*
#
# Real data sets are large, and what happens inside a network on them is hard to see. So this course plays in a world that
# is small enough to look at and real enough to be hard. It has three kinds of inhabitants, and all of them came with the installation.
# The first: handwritten digits, 1,442 + 355 of them.

# %%
images, labels = data.digits("train")
print(len(images), "digits to train on,", len(data.digits("test")[0]), "to test on")
print("one digit:", tuple(images.shape[1:]), "channels, height, width")
fig = viz.small_multiples(images[:16], [str(n) for n in labels[:16].tolist()], ncols=8, size=0.8)
viz.show(fig, alt="Sixteen handwritten digits of 8 by 8 grey pixels, with the digit they stand "
                  "for above each.")

# %% [markdown]
# Eight by eight pixels, yet you read them. The second kind is the ***scene***: a canvas with several digits on it, like the three above.
# A scene is a function of its seed. The same seed gives the same picture on your machine and on ours, together with every answer one
# may ask for: which digits, where, which pixels, which of them count.

# %%
scene = data.scene(7, data.SceneOptions(cue="bottom-right", digits=4))
for thing in scene.objects:
    print(f"a {thing.color} {thing.digit} in the box {thing.box}")
fig = viz.small_multiples([scene.image, scene.semantic / 10, scene.target_mask.float()],
                          ["image", "which digit", "counts"], cmap="viridis", size=2.4)
viz.show(fig, alt="One scene three times: the coloured picture, the same with every digit filled "
                  "in a tone for its class, and a map of the pixels that count.")

# %% tags=["predict"]
predict("where-is-the-cue")

# %% [markdown]
# The third kind are photographs, for everything that is looked at rather than trained on. This one you will meet again:
# in chapter 1 one of its eyes goes looking for the other.

# %%
cat = data.photo("cat")
print("the cat:", tuple(cat.shape), "height before width, always")
fig = viz.small_multiples([cat], size=4)
viz.show(fig, alt="A tabby cat's face, looking past the camera, with yellow-green eyes.")

# %% [markdown]
# ## 3 · An exercise, wrong on purpose
# *3 minutes, then exercise 0.1*
#
# Every exercise of this course is checked on your machine, at once, and the check tries to say *why* an answer is wrong.
# So let us give it a wrong one. Attention, under all its names, ends in a ***weighted mean***: some values count more than others. Here
# is an attempt at one.

# %%
def first_attempt(weights, values):
    return (weights[:, None] * values).mean(0)


print(first_attempt(torch.tensor([1.0, 1.0]), torch.tensor([[10.0], [20.0]])))

# %% [markdown]
# With two equal weights it gives 15, which is right. It looks finished. The check disagrees:

# %%
check("weighted-mean", first_attempt)

# %% [markdown]
# Read it from the top. The first line says what the answer *does*, the second what to try, the third how far it came: a check goes
# ***stage*** by stage, from the input that switches all but one part off to the whole thing. This attempt fell at the first: one value with
# some weight, whose mean must be the value itself. Then come your numbers and the expected ones.

# %% [markdown] tags=["card"]
# ### Exercise 0.1 · A weighted mean
# **difficulty** ●○○○○ **importance** ●●●●● **about 3 minutes** **1 point**
#
# Write `weighted_mean(weights, values)`, the last step of every attention mechanism.
#
# | | shape | |
# |---|---|---|
# | `weights` | `(M,)` | positive, in any units: they need not sum to 1 |
# | `values` | `(M, C)` | one row a value |
# | returns | `(C,)` | where weight 2 counts as two copies of weight 1 |
#
# On paper: `weights = [1, 3]`, `values = [[10.], [20.]]`. One part 10 and three parts 20, four parts in all: 17.5.

# %% tags=["exercise"] exercise="weighted-mean"
def weighted_mean(weights, values):
    # BEGIN SOLUTION
    return (weights[:, None] * values).sum(0) / weights.sum()  # (C,)
    # END SOLUTION


check("weighted-mean", weighted_mean)

# %% [markdown] tags=["instructor"]
# Ten minutes before the room is ready is the time for this chapter. Put the wrong answer of section 3 on the projector and ask for a second
# wrong one: `values.mean(0)` and `weights @ values` are named as well, and the room sees that the check can tell them apart. If somebody's
# machine fails, `python start.py doctor` on it, and pair people up meanwhile.

# %% [markdown]
# ## 4 · Hints, progress, a fresh start
# *2 minutes*
#
# Each exercise has three hints: a nudge, an outline, nearly all of it. One call gives one hint. Wait with the third.

# %%
hint("weighted-mean")

# %% [markdown]
# What you have solved is kept in `work/progress.jsonl`, on your machine and nowhere else. `progress()` shows it.

# %% tags=["nbval-ignore-output"]
progress()

# %% tags=["poke"]
# Poke it: hand the check something absurd. What does it say to a function that returns nothing? To a number?
check("weighted-mean", lambda weights, values: None)

# %% [markdown]
# ## Recap
#
# One formula so far, and it stays to the end of the course:
#
# $$ \text{answer} = \frac{\sum_j w_j\, v_j}{\sum_j w_j} $$
#
# - Some things in a picture can only be known by looking elsewhere in it: the cue decides what counts.
# - Blending values by weights is the last step of every attention mechanism. What differs is where the weights come from.
# - A check names the slip, a hint moves you on, and nothing later depends on your answers.
#
# Next: [chapter 1, where the weights come from](01_dot_product_attention.ipynb).
#
# ### References
#
# - E. Alpaydin, C. Kaynak, *Optical Recognition of Handwritten Digits*, UCI Machine Learning Repository, 1998. The digits, as scikit-learn ships them.
# - S. van der Walt et al., *scikit-image: image processing in Python*, PeerJ 2:e453, 2014. The photographs.
