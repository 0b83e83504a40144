# %% [markdown]
# # 2 · A small lesson
# What is the mean?

# %% tags=["setup"]
import torch
from torch import nn

from course_lib import viz

TIMES = 3
predict = quiz = print

def check(id, answer):
    """The engine's place."""

# %% [markdown]
# ## Three questions from earlier chapters

# %% tags=["quiz"]
quiz("mean-of-two")

# %% [markdown]
# ## 1 · The mean
# A ***mean*** is a sum that was divided, see [the glossary](../chapters/GLOSSARY.md) and [below](#2-·-A-figure).

# %% tags=["predict"]
predict("mean-of-noise")

# %%
torch.manual_seed(0)
noise = torch.randn(5)
print(f"{noise.mean():.1f}")

# %% tags=["poke"]
def shifted(by):
    return noise + by

print(len(shifted(TIMES)))

# %% [markdown] tags=["instructor"]
# Ask for the median too.

# %% tags=["instructor"]
secret = noise.median()

# %% [markdown] tags=["card"]
# ### Exercise 2.1 · Take the mean
# **difficulty** ●●○○○ **importance** ●●●●● **about 10 minutes** **3 points**
#
# Write `mean(x)`.

# %% tags=["exercise"] exercise="take-mean"
def mean(x):
    # BEGIN SOLUTION
    return x.sum() / len(x)
    # END SOLUTION

check("take-mean", mean)

# %% [markdown] tags=["card"]
# ### Exercise 2.2 · Take the spread
# **difficulty** ●●●○○ **importance** ●○○○○ **about 1 minute** **1 point**

# %% tags=["exercise"] exercise="take-spread"
def spread(x):
    # BEGIN SOLUTION
    centred = x - x.mean()
    return centred.square().mean().sqrt()
    # STUB
    #| centred = ...
    #|
    #| return centred    # the spread
    # END SOLUTION

check("take-spread", spread)

# %% [markdown]
# ## 2 · A figure
# Here $n!$ and `a != b` are no cries.

# %%
import matplotlib.pyplot as plt

figure, ax = plt.subplots()
ax.plot([1, 2])
viz.show(figure, alt=f"A line that rises from 1 to {1 + 1} over one step.")

# %% [markdown]
# ## What goes wrong in the wild
# Somebody divides by n - 1.

# %% [markdown]
# ## Recap
# ### References
# - Gauss, C. F. *Theoria motus*. Perthes, 1809.
# - Vaswani and others. *Attention is all you need*,
#   NeurIPS 2017.
