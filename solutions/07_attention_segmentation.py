# %% [markdown]
# # 7 · Attention in segmentation
#
# **Which pixels belong together?**
#
# Below, on the left, are digits that lean on one another, and scraps of others. In the middle a program has given one colour to all ink that hangs together. Whole crowds have become one thing, and a scrap is worth as much as a digit. On the right is what you see without trying: which pixels make up the 5, where the 3 ends,
# and that a scrap is nothing. No pixel can know that by itself. It has to hear of others, and the question of this chapter is of which.
#
# After it you can **split** coins with a threshold and a watershed and say what either takes for granted, **carry** detail around a bottleneck, **gate** what is carried, **put** a Transformer where the picture is smallest, **cut** attention into windows that still talk to each other, **let** every pixel choose
# its scale, and **compare** networks at equal size without fooling yourself.
#
# *About 120 minutes of reading and 79 of exercises. You need chapters 1 and 3 to 5: attention, gates, maps as tokens, the encoder block.*

# %% tags=["setup"]
from functools import lru_cache

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from skimage import filters, segmentation
from torch import nn
from torch.testing import assert_close

import course_lib.attention as lib
from course_lib import data, experiments, viz
from course_lib.exercises import check, predict, quiz
from course_lib.experiments import ch07_classical as classical
from course_lib.models import UNet, segmenter
from course_lib.training import fit, iou

viz.use_style()
torch.set_num_threads(1)  # maps as small as these are fastest on one core

WORLD = data.SceneOptions(size=(48, 64), digits=(4, 6), digit_size=(14, 20), colors=None,
                          min_visible=0.6, clutter=8, noise=0.08)  # clutter: scraps
PAINTS = torch.tensor([(0.08, 0.09, 0.11), *plt.colormaps["tab10"].colors])  # background, digits


def overlap(mask, target):  # the IoU of two masks
    return ((mask & target).sum() / (mask | target).sum()).item()


@lru_cache
def world(split, count):  # images (n, 1, 48, 64), classes and numbers of objects (n, 48, 64)
    return data.scenes(count, WORLD, split=split).stack("image", "semantic", "instances")


def learn(model, steps=150):  # to mark all pixels of digits, and none of scraps
    images, classes, _ = world("train", 500)
    pairs = torch.utils.data.TensorDataset(images, (classes > 0)[:, None].float())
    fit(model.to(memory_format=torch.channels_last), pairs, steps=steps, batch_size=16, lr=0.01,
        device="cpu", progress=False, loss=F.binary_cross_entropy_with_logits)
    return model

# %% tags=["cover"]
from skimage.measure import label

one = data.scene(2, WORLD, split="test")
ink = label(one.image[0].numpy() > 0.42)                # 0, then a number for each piece
pieces = PAINTS[np.where(ink, ink % 10 + 1, 0)].movedim(-1, 0)                   # (3, 48, 64)
fig = viz.small_multiples([one.image, pieces, PAINTS[one.semantic].movedim(-1, 0)], size=3.4,
                          titles=["the picture", "ink that hangs together",
                                  "digits that belong together"])
for (x0, y0, x1, y1), digit in zip(one.boxes.tolist(), one.digits.tolist()):
    fig.axes[2].text((x0 + x1) / 2, (y0 + y1) / 2, digit, ha="center", va="center", weight="bold",
                     bbox={"boxstyle": "circle,pad=0.15", "fc": viz.PAPER, "ec": "none"})
viz.show(fig, alt="Three panels. Left: six white digits on black that overlap, noise, and scraps of "
                  "digits. Middle: the six digits all in one colour, each scrap in another. Right: "
                  "each digit in the colour of its class with its number on it, scraps gone.")

# %% [markdown]
# ## Three questions from earlier chapters
# *3 minutes*
#
# All three are needed below. Answer with `quiz("gates-share-nothing", "a")` and so on; each option has a reason.

# %% tags=["quiz"]
quiz("gates-share-nothing")

# %% tags=["quiz"]
quiz("mark-everything")

# %% tags=["quiz"]
quiz("row-two-column-three")

# %% [markdown]
# ## 1 · A label for every pixel
# *10 minutes*
#
# A classifier answers once for a picture. Here the answer is as large as the question: for every pixel a class. That is ***semantic segmentation***. A picture goes in as `(1, 48, 64)`, and out comes an array of `(11, 48, 64)`, at each pixel eleven numbers, one for the background and one for each digit. The largest wins. (Two 5's side by side get
# the same label. To tell them apart is the task of *instance* segmentation, which chapter 9 comes to.)
#
# The laziest answer is a good place to begin: call every pixel background.

# %% tags=["predict"]
predict("nobody-home")

# %%
_, truth, _ = world("test", 60)                                      # (60, 48, 64), classes 0 to 10
lazy = torch.zeros_like(truth)
print(f"pixels that are right: {(lazy == truth).float().mean():.0%}")

# %% [markdown]
# More than four fifths, and not a single digit was found. Most pixels of most pictures are background, so counting right pixels is a vote of the background about itself. Chapter 4 had a better number, the IoU of a mask. Take it class by class:
#
# $$ \mathrm{IoU}_c = \frac{\#\{p : \hat y_p = c \text{ and } y_p = c\}}{\#\{p : \hat y_p = c \text{ or } y_p = c\}}, \qquad \text{mean IoU} = \frac{1}{11} \sum_{c=0}^{10} \mathrm{IoU}_c $$
#
# $p$ runs over the pixels of *all* pictures together, $y_p$ is the true class and $\hat y_p$ the answer. Each class has one vote, however small it is. There are other ways to take the mean, and they can turn a ranking upside down; chapter 8 is about them. In this chapter it is always this one.

# %%
def mean_iou_by_loops(predicted, target, classes=11):
    scores = []
    for c in range(classes):
        both = ((predicted == c) & (target == c)).sum()
        either = ((predicted == c) | (target == c)).sum()
        scores.append(both / either)                                  # NaN if c is in neither
    return torch.stack(scores).nanmean()


def mean_iou_by_counting(predicted, target, classes=11):
    pairs = torch.bincount(11 * target.flatten() + predicted.flatten(), minlength=classes**2)
    counts = pairs.view(classes, classes)                            # rows: true, columns: answered
    both = counts.diagonal()
    return (both / (counts.sum(0) + counts.sum(1) - both)).nanmean()


# %%
torch.manual_seed(0)
_, truth, _ = world("test", 60)
half = torch.where(torch.rand(truth.shape) < 0.5, truth, 0)           # finds every second pixel
assert_close(mean_iou_by_loops(half, truth), mean_iou_by_counting(half, truth))
assert_close(mean_iou_by_counting(half, truth).item(), float(iou(half, truth, 11)))
for name, answer in {"all background": torch.zeros_like(truth), "every second pixel": half}.items():
    print(f"{name:18} right {(answer == truth).float().mean():.0%}   "
          f"mean IoU {mean_iou_by_counting(answer, truth):.2f}")

# %% [markdown]
# 0.08 for an answer that is right about 84 per cent of the pixels: that is a number to work with. The middle one counts each pair *(true, answered)* once and reads everything off the table, which is how it is done for a million pixels. The library's is equal to both.
#
# **How much must one see?** Take a pixel of ink, cut out the square around it, and look in the training scenes for the square that is most like it. Give the pixel the label that the middle of that one has. Every pixel decides for itself, by what it sees. All that changes is the side of the square.

# %% tags=["predict"]
predict("how-large-a-square")

# %%
def squares(split, count, side, every):  # squares around pixels of digits, and the classes there
    images, truth, _ = world(split, count)
    found = [(F.unfold(image[None], side, padding=side // 2)[0].T[classes.flatten() > 0],
              classes[classes > 0]) for image, classes in zip(images, truth)]
    cut, names = (torch.cat(part) for part in zip(*found))             # (N, side * side), (N,)
    return cut[::every], names[::every]


sides, right = (1, 3, 5, 9, 13, 17, 21), []
for side in sides:
    (known, names), (asked, answers) = squares("train", 100, side, 8), squares("test", 40, side, 14)
    nearest = torch.cdist(asked, known).argmin(1)
    right.append((names[nearest] == answers).float().mean().item())

# %%
fig, (left, ax) = plt.subplots(1, 2, figsize=(9, 3.3), width_ratios=(1, 1.5))
one = data.scene(2, WORLD, split="test")
left.imshow(one.image[0], cmap="gray")
left.set(title="Which digit is the middle of?", xticks=[], yticks=[])
for side in (3, 9, 17):
    viz.outline(left, 22 - side // 2 - 0.5, 39 - side // 2 - 0.5, side, side, linewidth=1.8)
ax.plot(sides, right, "o-", color=viz.QUERY)
ax.axhline(0.1, color=viz.INK, ls=":", lw=1)
ax.text(20.5, 0.11, "guessing", ha="right")
ax.set(xlabel="side of the square, in pixels", ylabel="right, of pixels of digits", ylim=(0, 0.7),
       xticks=sides, title="The class of a pixel, from what is around it")
viz.show(fig, alt="Left: a scene with three blue squares of 3, 9 and 17 pixels around one pixel of "
                  "a digit. Right: pixels that are right against the side of the square: from "
                  "0.1, which is guessing, rising to nearly a half at 17, and falling after that.")

# %% [markdown]
# A single pixel of ink says nothing about its digit. A piece of stroke says little: the lower bow of a 3 is that of a 5. It takes a square about as large as a digit, and then the next trouble begins. A larger square holds more *neighbours*, other digits and scraps that have nothing to do with it, and they spoil the comparison. One would like a window that has the
# shape of the object. But to know the shape of the object is what we wanted in the first place.
#
# So the chapter has two questions. How does a pixel get to see enough? And how does it listen to what belongs to it, and not to the rest? People worked on the second one for fifty years before there were networks, and the next two sections show how far they came.

# %% tags=["poke"]
# Poke it: the same comparison for "digit or scrap?". Does a pixel need to see as much for that?
for side in (3, 5, 9, 13):
    found = []
    for split, count, every in (("train", 60, 8), ("test", 24, 14)):
        images, truth, _ = world(split, count)
        bright = images.flatten(1) > 0.42                              # ink of digits and of scraps
        cut = F.unfold(images, side, padding=side // 2).mT[bright][::every]
        found += [cut, (truth.flatten(1) > 0)[bright][::every]]
    known, names, asked, answers = found
    got = names[torch.cdist(asked, known).argmin(1)] == answers
    print(f"{side:2} x {side:<2} right {10 * got.float().mean():.0f} of 10")
print(f"always 'digit': right {10 * answers.float().mean():.0f} of 10")

# %% [markdown] tags=["instructor"]
# Ask for the lazy answer's score before anyone computes it; 9 per cent ("one class of eleven") is the usual bid, and it is the mean IoU that behaves like that. The curve of squares is the chapter in one picture: leave it on the board. Cut list: the poke, the loops.

# %% [markdown]
# ## 2 · By brightness
# *10 minutes*
#
# Leave digits for two sections and look at coins: 24 of them on dark cloth, photographed in a museum. Bright is coin, dark is cloth. One number should do, and everything above it is coin. You pick the number.

# %%
coins = data.photo("coins")[0].numpy()                                 # (303, 384), values 0 to 1
tries = (0.3, 0.42, 0.5)
fig = viz.small_multiples([coins] + [coins > t for t in tries], size=3.3, ncols=2, titles=[
    "the photo"] + [f"brighter than {t}" for t in tries])
viz.outline(fig.axes[0], 8, 8, 24, 24)
viz.outline(fig.axes[0], 248, 24, 24, 24, color=viz.KEY)
viz.show(fig, alt="Twenty-four grey coins on cloth, in four rows, and three masks. Above 0.3: the "
                  "upper left of the photo is white, coins and all. Above 0.42: all coins, and a "
                  "white flood along the upper edge that touches some. Above 0.5: the flood is "
                  "still there, and the lower coins are full of holes.")

# %% [markdown]
# The light came from above. Two places are outlined in the photo: one on the cloth, upper left, in blue, and one on a coin, lower left, in green.

# %% tags=["predict"]
predict("cloth-or-coin")

# %%
coins, reference = data.photo("coins")[0].numpy(), classical.coin_reference() > 0
cloth, metal = coins[8:32, 8:32], coins[248:272, 24:48]                # the two outlined squares
print(f"mean of the cloth {cloth.mean():.2f}, of the coin {metal.mean():.2f}")
scores = {t: overlap(coins > t, reference) for t in np.arange(0.2, 0.8, 0.01)}
best = max(scores, key=scores.get)
print(f"the best of all thresholds is {best:.2f}, with an IoU of {scores[best]:.2f}")
lost = (coins[reference] <= best).mean(), (coins[~reference] > best).mean()
print(f"it misses {lost[0]:.0%} of the coins' pixels and takes {lost[1]:.0%} of the cloth")

# %% [markdown]
# The same brightness to two digits, and one of them is a coin. No threshold can part them. (`reference` is a mask of 24 ellipses that the authors of this course have fitted to the rims and checked by eye, to within two pixels or so.) To find even the best threshold we had to look at the answer. Otsu (1979) found a way to choose one without.
# If there are two kinds of pixels, he said, then the right cut makes two groups that are each of one mind. So take every threshold $t$ in turn, and keep the one whose groups have means as far apart as possible:
#
# $$ t^* = \arg\max_t\; w_0\, w_1\, (\mu_0 - \mu_1)^2 $$
#
# $w_0$ and $w_1$ are the shares of pixels below and above $t$, and $\mu_0$, $\mu_1$ their mean grey values. The two shares in front keep the cut from running away to a lonely pixel at the end. This is ***Otsu's threshold***:

# %%
coins = data.photo("coins")[0]
grey = torch.arange(256) / 255
share = torch.bincount((coins * 255).round().long().flatten(), minlength=256) / coins.numel()
w0, sum0 = share.cumsum(0), (share * grey).cumsum(0)                   # (256,): up to and with t
mean0, mean1 = sum0 / w0, (sum0[-1] - sum0) / (1 - w0)
between = (w0 * (1 - w0) * (mean0 - mean1) ** 2).nan_to_num()
ours, theirs = grey[between.argmax()].item(), filters.threshold_otsu(coins.numpy())
print(f"ours {ours:.2f}, scikit-image's {theirs:.2f}, the same mask:",
      bool(((coins > ours).numpy() == (coins.numpy() > theirs)).mean() > 0.995))

# %%
low, high = coins.min().item(), coins.max().item()                     # k-means with two clusters
for _ in range(20):
    upper = (coins - high).abs() < (coins - low).abs()                 # who is nearer to which mean
    low, high = coins[~upper].mean().item(), coins[upper].mean().item()
print(f"k-means: clusters {low:.2f} and {high:.2f}, parted at {(low + high) / 2:.2f}")

# %% [markdown]
# The second cell is ***k-means***: give every pixel to the nearer of two values, move each value to the mean of its pixels, repeat. It ends where Otsu does, and that is no accident. Both look for two groups with little spread inside; the spread inside and the spread between add up to the spread of all, so less of the one is more of the other. With grey values
# alone, k-means is Otsu's threshold found by walking.

# %%
coins, reference = data.photo("coins")[0].numpy(), classical.coin_reference() > 0
fig, ax = plt.subplots(figsize=(7, 3.1))
bins = np.linspace(0, 1, 65)
ax.hist(coins[~reference], bins, color=viz.MASKED, label="cloth", alpha=0.9)
ax.hist(coins[reference], bins, color=viz.KEY, label="coins", alpha=0.65)
ax.axvline(filters.threshold_otsu(coins), color=viz.INK, ls="--", lw=1.4)
ax.text(filters.threshold_otsu(coins) + 0.01, 4600, "Otsu")
ax.set(xlabel="grey value", ylabel="pixels", title="Two hills, and one runs under the other")
ax.legend()
viz.show(fig, alt="Two histograms of grey values. Cloth: a tall hill at 0.2 with a long tail up "
                  "to 0.55. Coins: a broad hill from 0.35 to 0.9. A dashed line, Otsu's "
                  "threshold, at 0.42, cuts both where they overlap.")

# %% [markdown]
# The cut lies well. It is the hills that overlap. Since the trouble is the light, and light changes slowly, compare each pixel with the mean around it instead of with one number for all: the *local threshold*. How large should the surroundings be?

# %% tags=["predict"]
predict("how-local")

# %%
coins, reference = data.photo("coins")[0].numpy(), classical.coin_reference() > 0
masks = {f"of {side} pixels": coins > filters.threshold_local(coins, side)
         for side in (15, 51, 151)} | {"one for all": coins > filters.threshold_otsu(coins)}
for name, mask in masks.items():
    print(f"threshold {name:13} IoU {overlap(mask, reference):.2f}")

# %%
fig = viz.small_multiples(list(masks.values()), list(masks), ncols=2, size=3.3)
viz.show(fig, alt="Four masks of the coins. Surroundings of 15 pixels: specks everywhere. Of 51: rings "
                  "with hollow middles, and specks on the cloth. Of 151: full coins, and a white "
                  "haze around the upper ones. One for all: full coins and a flood above.")

# %% [markdown]
# Small surroundings ask "is this pixel brighter than its neighbours?", and inside a coin half of them are. Large ones, several coins wide, ask nearly the right thing, and the IoU rises from 0.77 to 0.87. But look at the upper edge: the flood is smaller and has not gone. And nothing here ever *knows* that it looks at a coin. A pixel is judged by its own brightness
# against a number, wherever the number comes from. That a coin is one piece, round, with an edge, is not used at all.

# %% tags=["poke"]
# Poke it: give k-means more to go by, the place of the pixel. Two clusters of what? Then try 8 clusters.
from sklearn.cluster import KMeans

coins = data.photo("coins")[0].numpy()
rows, columns = np.indices(coins.shape)
for weight in (0, 1, 3):                                               # how much a place counts
    points = np.stack([coins / coins.std(), weight * rows / 100, weight * columns / 100], -1)
    found = KMeans(2, n_init=1, random_state=0).fit_predict(points.reshape(-1, 3))
    found = found.reshape(coins.shape).astype(bool)
    score = max(overlap(m, classical.coin_reference() > 0) for m in (found, ~found))
    print(f"place counts {weight}: IoU with the coins {score:.2f}")

# %% [markdown] tags=["instructor"]
# The two outlined squares are the moment of the section; have the room vote before the numbers come. That Otsu and k-means are one thing surprises most who have used both for years. Write the two spreads on the board: inside plus between is a constant. Cut list: the poke, the histogram.

# %% [markdown]
# ## 3 · By neighbourhood
# *12 minutes*
#
# Now use that a coin is one piece. Begin on a pixel of it, a *seed*, and take in every neighbour whose brightness is like the seed's; then their neighbours; until nobody is left who fits. That is ***region growing***, and it is a loop of ten lines:

# %%
def grow(image, seed, tolerance):
    inside, waiting = np.zeros(image.shape, bool), [seed]
    while waiting:
        row, column = waiting.pop()
        if inside[row, column] or abs(image[row, column] - image[seed]) > tolerance:
            continue
        inside[row, column] = True
        waiting += [(r, c) for r, c in ((row - 1, column), (row + 1, column), (row, column - 1),
                                        (row, column + 1))
                    if 0 <= r < image.shape[0] and 0 <= c < image.shape[1]]
    return inside


# %%
coins, seed = data.photo("coins")[0].numpy(), (260, 45)              # on the coin at the lower left
for tolerance in (0.1, 0.15):
    ours = grow(coins, seed, tolerance)
    theirs = segmentation.flood(coins, seed, tolerance=tolerance, connectivity=1)
    print(f"tolerance {tolerance}: {ours.sum()} pixels, the same as scikit-image's flood:",
          (ours == theirs).all())

# %% [markdown]
# At 0.15 we have a third of the coin, so be a little more generous.

# %% tags=["predict"]
predict("a-little-more")

# %%
tolerances = (0.1, 0.15, 0.2, 0.25)
regions = [segmentation.flood(coins, seed, tolerance=t, connectivity=1) for t in tolerances]
for tolerance, region in zip(tolerances, regions):
    print(f"tolerance {tolerance:4}: {region.sum():6,} pixels, {region.mean():4.0%} of the photo")

# %%
orange, dim = [0.9, 0.55, 0.1], 0.75 * coins[..., None]
glow = [np.where(region[..., None], orange, dim) for region in regions]
fig = viz.small_multiples([torch.from_numpy(g).movedim(-1, 0) for g in glow], ncols=2, size=3.3,
                          titles=[f"tolerance {t}" for t in tolerances])
for ax in fig.axes:
    viz.outline(ax, 257, 42, 6, 6)
viz.show(fig, alt="The coins four times, a blue seed on the lower left one. Tolerance 0.1: specks on "
                  "that coin are orange. 0.15: a third of it. 0.2: half of the photo, all cloth "
                  "in the upper part and pieces of other coins. 0.25: nearly everything.")

# %% [markdown]
# From a third of the coin to more than half of the photo in one step. Somewhere on the rim there is one pixel whose brightness fits, and through that pixel everything gets out. A region is as tight as its leakiest place. Growing asks each pixel one by one, again, only in another order.
#
# Then look at the rim itself. What a coin really has is an edge all around, and even where it is faint it is an edge. Take the picture of edges for a landscape: seen from above, each coin is a valley inside a ring of mountains. Let water rise from several springs at once, from places that are surely cloth and places that are surely coin, and build a wall
# wherever two waters meet. The walls end up on the highest crests between the springs, faint or not. This is the ***watershed*** (Beucher and Lantuéjoul 1979):
#
# $$ \ell(p) = \arg\min_{m} \; \min_{\text{paths } m \to p} \; \max_{q \,\in\, \text{path}} \lvert \nabla I(q) \rvert $$
#
# $m$ is a spring, called a *marker*. A path is worth as much as the highest ridge $\lvert \nabla I \rvert$ that it has to cross, and pixel $p$ gets the label of the marker with the lowest pass. Region growing asks whether there is a leak; this asks which of two leaks is the smaller one.

# %%
coins, reference = data.photo("coins")[0].numpy(), classical.coin_reference()
ridges = filters.sobel(coins)                                          # the height of the landscape
markers = np.where(coins < 0.12, 1, np.where(coins > 0.59, 2, 0))      # surely cloth, surely coin
flooded = segmentation.watershed(ridges, markers) == 2
labels = classical.pieces(flooded, fill=True, smallest=50)         # numbers for what hangs together
found = classical.report(labels, reference)
print(f"IoU {overlap(labels > 0, reference > 0):.2f}, coins found: {len(found.found)} of 24, merged: "
      f"{len(found.merged)}, split: {len(found.split)}, segments on no coin: {len(found.false)}")

# %%
springs = torch.tensor([[0.35, 0.35, 0.35], [0.1, 0.5, 0.9], [0.95, 0.65, 0.1]])[markers]
walls = segmentation.mark_boundaries(coins, labels, color=(0, 0.62, 0.82), mode="thick")
fig = viz.small_multiples([springs.movedim(-1, 0), np.sqrt(ridges / ridges.max()),
                           torch.from_numpy(walls).movedim(-1, 0)], size=3.3,
                          titles=["springs: cloth and coin", "the landscape of edges", "the walls"])
viz.show(fig, alt="Three panels. Springs: blue where it is surely cloth, at the lower right, orange "
                  "on spots of all coins, the rest grey. The landscape: bright rings on black. "
                  "The walls: a blue line around each of the coins, close to the rim.")

# %% [markdown]
# All 24, and not one piece of cloth, under the same light, with two numbers chosen by eye. If your problem is coins, stop reading here. This runs in a blink, needs no training data, and a network would have to work hard to beat it.
#
# Watersheds have a second trade: to part what touches. Suppose the photo had been out of focus and the coins had run into each other. Then they form crowds, without an edge inside. But a crowd of round things is narrow where two of them meet. So let the landscape be the *distance* to the background, turned upside down, and every coin is a valley again.

# %%
from scipy.ndimage import distance_transform_edt
from skimage import feature, measure

coins, reference = data.photo("coins")[0].numpy(), classical.coin_reference()
crowd = distance_transform_edt(reference == 0) <= 10                   # each coin 10 pixels fatter
depth = distance_transform_edt(crowd)                                  # how far to the background


def part(mask, depth, apart):  # a spring in every place that is deepest in its surroundings
    springs = np.zeros(mask.shape, int)
    tops = feature.peak_local_max(depth, min_distance=apart, labels=measure.label(mask))
    springs[tuple(tops.T)] = range(1, len(tops) + 1)
    return segmentation.watershed(-depth, springs, mask=mask)


split = part(crowd, depth, 10)
print(f"crowds: {measure.label(crowd).max()}, after the watershed: {split.max()}")

# %% tags=["predict"]
predict("part-the-digits")

# %%
one = data.scene(2, WORLD, split="test")
ink = one.image[0].numpy() > 0.42
parted = part(ink, distance_transform_edt(ink), 3)
print(f"digits and scraps: {len(one.objects)} and {WORLD.clutter}, pieces that hang together: "
      f"{measure.label(ink).max()}, after the watershed: {parted.max()}")

# %%
fig, axes = plt.subplots(1, 3, figsize=(10, 2.9), width_ratios=(1.27, 1.27, 1.33))
axes[0].imshow(np.where(crowd, depth, np.nan), cmap="viridis")
for ax, numbers in zip(axes[1:], (split, parted)):
    ax.imshow(PAINTS[np.where(numbers, 1 + (numbers + numbers // 10) % 10, 0)])
for ax, title in zip(axes, ("Depth inside the crowd", "Parted: 24 coins", "The same for digits")):
    ax.set(title=title, xticks=[], yticks=[])
viz.show(fig, alt="Left: the fattened coins as three crowds, bright in the middle of each coin and "
                  "dark where two meet. Middle: 24 coins in different colours with straight cuts "
                  "between them. Right: six digits broken into some twenty coloured crumbs.")

# %% [markdown]
# Three crowds, cut into 24 coins with nothing but the idea that things are round. And then the idea meets a digit, which is a stroke, deep in many places and round in none. It is broken into crumbs, and a scrap is worth as much as a digit again. Six methods on the photo and on 100 scenes, recorded:

# %%
recorded = experiments.load_record("classical")
for what in ("coins", "scenes"):
    keys = [f"{what}_{key}" for key in ("iou", "found", "merged", "split", "false")]
    print(experiments.summary(recorded, keys, digits=2), end="\n\n")
print(experiments.provenance(recorded))

# %% [markdown]
# A line says how good the mask is, what share of the objects was found as an object of its own, glued to another, or cut in pieces, and how many false objects there are for each true one. On the coins every method was given the settings that are best on that very photo, which nobody has in earnest. Then all but Otsu find all 24, and four of the masks differ in decimals that the reference does not carry. On the scenes the settings come from other
# scenes, and *no* method finds many more than half of the digits. About as many are glued to a neighbour, and for every two digits one scrap is taken for an object. (Region growing takes few. It is told where to begin: one click on each digit, which is half of the answer.) The masks are not the trouble. Ink is found well enough. What is missing is an idea of what a digit looks like: that this bow goes on behind that stroke, and that this scrap is none.

# %% tags=["poke"]
# Poke it: fewer springs or more. When are coins cut in two, and when do they merge?
for apart in (1, 3, 10, 40, 60, 90):
    print(f"springs at least {apart:2} pixels apart: {part(crowd, depth, apart).max():2} pieces")

# %% [markdown] tags=["instructor"]
# Let somebody pour the leak on the board: one gap in a fence is enough. For the formula, draw two valleys with a low and a high pass. Ask at the end what the watershed *knew* about coins (edges all around, roundness) and what one would have to tell it about a 5. That list is what a network has to learn. Cut list: the loop of `grow`, the poke.

# %% [markdown]
# ## 4 · Down, up, and across
# *11 minutes, then exercise 7.1*
#
# A network can learn what a 5 looks like. Section 1 said how much of the picture it must see for that: a square of some 15 pixels, better more. The usual way to see much at little cost is to shrink: convolve, halve, convolve, halve. Behind three halvings a 3 x 3 kernel spans 24 pixels of the picture. But then the answer is a map of 6 x 8, and we asked for one of 48 x 64. So go up again, doubling three times. Down and up, the shape of an hourglass.
#
# The task for the next sections is the one that no method of section 3 had a word for: mark every pixel of a *digit*, and none of a scrap. The library's `UNet` has a place in which one may put something between the two halves; what is put in there now lets nothing through.

# %%
class Nothing(nn.Module):
    def __init__(self, skip_dim, gating_dim):
        super().__init__()

    def forward(self, skip, gating):                                  # (B, C, 2h, 2w), (B, D, h, w)
        return torch.zeros_like(skip)


# %% tags=["predict"]
predict("through-the-hourglass")

# %% tags=["long"]
torch.manual_seed(0)
hourglass = learn(UNet(1, 1, (8, 16, 32, 64), gate=Nothing), steps=100)
torch.manual_seed(0)
network = learn(UNet(1, 1, (8, 16, 32, 64)), steps=100)
images, truth, _ = world("test", 60)
with torch.no_grad():
    coarse, sharp = hourglass(images)[:, 0] > 0, network(images)[:, 0] > 0   # (60, 48, 64)
print("the hourglass is more than 0.1 of IoU behind:",
      overlap(coarse, truth > 0) + 0.1 < overlap(sharp, truth > 0))

# %%
tiles = [images[0], truth[0] > 0, coarse[0], sharp[0]]
names = ["the picture", "digits"] + [
    f"{name}, IoU {overlap(answer, truth > 0):.2f} over all pictures"
    for name, answer in {"hourglass": coarse, "with skips": sharp}.items()]
fig = viz.small_multiples(tiles, names, ncols=2, size=3.3, vmin=0, vmax=1)
viz.show(fig, alt="A scene with digits and scraps, and three masks. The true one: sharp digits, no "
                  "scraps. The hourglass: fat soft blobs where the digits are, no scraps. The "
                  "U-Net: nearly the true one.")

# %% [markdown]
# The hourglass knows *which* ink is a digit: no scrap is marked. It does not know *where* its edge is. A map of 6 x 8 with 64 channels has no room for the rim of every stroke. What it needs at the end was there at the beginning, in the maps on the way down. So carry them across. The ***U-Net*** (Ronneberger et al. 2015; you met it in chapter 4) sets beside each map on the way up
# the map of the same size from the way down. Each of these bridges is called a ***skip***:
#
# $$ u_l = \mathrm{conv}\bigl([\,\uparrow\! u_{l+1}\,;\; s_l\,]\bigr) $$
#
# | | what it is | shape |
# |---|---|---|
# | $s_l$ | the map of level $l$ on the way down, the skip | `(B, D, 2h, 2w)` |
# | $u_{l+1}$ | the decoder's map one level below | `(B, C, h, w)` |
# | $\uparrow$ | made twice as large, by repeating or by a learned *transposed* convolution | `(B, C, 2h, 2w)` |
# | $[\,\cdot\,;\,\cdot\,]$ | side by side along the channels | `(B, C + D, 2h, 2w)` |
#
# Why side by side, and not added? A convolution over both is a sum anyway, with separate weights for each. Added, they would have to share theirs:

# %%
torch.manual_seed(0)
deep, skip = torch.randn(2, 4, 6, 8), torch.randn(2, 3, 12, 16)
large = F.interpolate(deep, scale_factor=2, mode="nearest")            # (2, 4, 12, 16): repeated
weight = torch.randn(5, 7, 3, 3)                                       # 7 = 4 + 3 channels in
joined = F.conv2d(torch.cat([large, skip], dim=1), weight, padding=1)
apart = F.conv2d(large, weight[:, :4], padding=1) + F.conv2d(skip, weight[:, 4:], padding=1)
assert_close(joined, apart, rtol=1e-4, atol=1e-4)
print("one convolution of both = one convolution of each, added:", tuple(joined.shape))

# %% [markdown]
# What does a skip carry, then? The last stage of our trained network gets 16 channels: 8 from below, made twice as large, and 8 from the finest skip. Look at the strongest two of each. And then let the network answer with one half of them only, the other half set to zero.

# %%
def with_only(half, image):  # what the network answers if its last stage gets that half alone
    def keep(module, inputs):
        kept = torch.zeros_like(inputs[0])
        kept[:, half] = inputs[0][:, half]
        return kept

    handle = network.up[-1].register_forward_pre_hook(keep)
    with torch.no_grad():
        answer = network(image[None])[0, 0] > 0                        # (48, 64)
    handle.remove()
    return answer


received = []
handle = network.up[-1].register_forward_pre_hook(lambda module, inputs: received.append(inputs[0]))
with_only(slice(0, 16), images[0])                                     # all of it, to have a look
handle.remove()

# %%
tiles = []
for half in (slice(8, 16), slice(0, 8)):                              # the skip, what is from below
    channels = received[0][0, half]
    tiles += [*channels[channels.std((1, 2)).topk(2).indices], with_only(half, images[0])]
fig, axes = plt.subplots(2, 3, figsize=(9.6, 5))
for ax, tile, title in zip(axes.flat, tiles, (
        "Finest skip: a channel", "another", "answer from the skip alone",
        "From below: a channel", "another", "answer without the finest skip")):
    ax.imshow(tile, cmap="gray")
    ax.set_title(title, fontsize=10)
    ax.set(xticks=[], yticks=[])
viz.show(fig, alt="Two rows. Above, two channels of the finest skip, in which every stroke and "
                  "every scrap is sharp, and an answer from it alone, with scraps marked. Below, two "
                  "channels from below, soft and blocky, in which digits and scraps differ, and an "
                  "answer without sharp edges.")

# %% [markdown]
# From the skip alone the network marks what is bright, scraps as much as digits: it has every edge and knows of nothing what it is part of. Without the finest skip it marks digits only, with ragged edges: it knows what, and not quite where. (The chequers in the lower maps come from the transposed convolution, which fills each block of 2 x 2 with four weights of its
# own.) Two halves of an answer, and the last stage puts them together. *What* comes from below, *where* from across.

# %% tags=["poke"]
# Poke it: let the bridge arrive some pixels off, as it does where somebody crops instead of pads.
tiles, names = [], []
for pixels in (0, 1, 2, 4):
    late = lambda module, inputs: torch.cat(
        [inputs[0][:, :8], inputs[0][:, 8:].roll(pixels, dims=3)], dim=1)
    handle = network.up[-1].register_forward_pre_hook(late)
    with torch.no_grad():
        answers = network(images)[:, 0] > 0
    handle.remove()
    tiles.append(answers[0])
    names.append(f"{pixels} off: IoU {overlap(answers, truth > 0):.2f}")
fig = viz.small_multiples(tiles, names, size=2.4)
viz.show(fig, alt="Four masks. With the skip in place: sharp digits. One, two and four pixels off: "
                  "the digits are torn, and slivers of scraps come through.")

# %% [markdown] tags=["card"]
# ### Exercise 7.1 · Join the skip
# **difficulty** ●○○○○ **importance** ●●●●○ **about 6 minutes** **1 point**
#
# Write `join_skip(deep, skip)`: the deep map made twice as large by repeating each of its pixels, and the skip beside it. The deep map's channels come first.
#
# | | shape | |
# |---|---|---|
# | `deep` | `(B, C, h, w)` | from one level below |
# | `skip` | `(B, D, 2h, 2w)` | from the way down |
# | returns | `(B, C + D, 2h, 2w)` | |
#
# On paper: `deep = [[5, 7]]` becomes `[[5, 5, 7, 7], [5, 5, 7, 7]]`. Beside a skip of two channels that makes three.

# %% tags=["exercise"] exercise="skip-join"
def join_skip(deep, skip):
    # BEGIN SOLUTION
    large = deep.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)   # (B, C, 2h, 2w)
    return torch.cat([large, skip], dim=1)                                 # (B, C + D, 2h, 2w)
    # END SOLUTION


check("skip-join", join_skip)

# %% [markdown] tags=["instructor"]
# Show the hourglass's answer first and ask what is wrong with it; "it is blurred" is right, "it confuses digits and scraps" is not, and that is the point: what and where are two kinds of knowledge, and they live at different depths. In 7.1 the slip to expect is `repeat`, which lays tiles. Cut list: the poke, the cell with the two convolutions.

# %% [markdown]
# ## 5 · Who decides what crosses?
# *13 minutes, then exercises 7.2 and 7.3*
#
# A skip carries everything. The rim of every scrap crosses the bridge as well, and the convolutions behind it have to sort it out, at each level and each pixel, although one level below it is known already which ink is a digit. Could one not stop the scraps at the bridge? You know a tool for that from chapter 3: a gate for each place, made from
# the map that it gates. Put one on every skip. It is an old idea to let the other side have a say, so here is a second kind of gate beside it, which sees the skip *and* the decoder's map below.

# %%
class FromItself(nn.Module):  # chapter 3's gate: it sees the skip, and nothing else
    def __init__(self, skip_dim, gating_dim):
        super().__init__()
        self.gate = lib.SpatialGate(skip_dim)

    def coefficients(self, skip, gating):                              # -> (B, 1, 2h, 2w), 0 to 1
        return self.gate.gate(skip)

    def forward(self, skip, gating):
        return self.coefficients(skip, gating) * skip


# %% tags=["predict"]
predict("gate-sees-itself")

# %% tags=["long"]
networks = {}
for name, gate in (("sees the skip", FromItself), ("sees both", lib.AttentionGate)):
    torch.manual_seed(0)
    networks[name] = learn(UNet(1, 1, (8, 16, 32), gate=gate))
images, truth, _ = world("test", 60)
digit, bright = truth > 0, images[:, 0] > 0.42
beside = F.max_pool2d(digit[:, None].float(), 5, 1, 2)[:, 0] > 0      # within two pixels of a digit
kinds = {"digits": digit & bright, "scraps": bright & ~beside, "ground": ~bright & ~beside}


# %%
def gates_of(network, images):  # the coefficients of each skip's gate, on the picture's grid
    seen = []
    keep = lambda module, inputs, output: seen.append(module.coefficients(*inputs))
    handles = [gate.register_forward_hook(keep) for gate in network.gates]
    with torch.no_grad():
        network(images)
    for handle in handles:
        handle.remove()
    return [F.interpolate(a, images.shape[2:], mode="bilinear")[:, 0] for a in seen]  # (B, H, W)


# %% tags=["nbval-ignore-output"]
for name, network in networks.items():
    for level, a in zip(("coarse", "fine"), gates_of(network, images)):
        row = [f"{kind} {a[where].mean():.2f}" for kind, where in kinds.items()]
        print(f"gate that {name:13} {level:6} skip:   {'   '.join(row)}")
    with torch.no_grad():
        print(f"    IoU {overlap(network(images)[:, 0] > 0, digit):.2f}")

# %%
tiles = [images[1], *(gates_of(networks[name], images[1:2])[1][0] for name in networks)]
fig, axes = plt.subplots(1, 3, figsize=(10.6, 2.7))
for ax, tile, title in zip(axes, tiles, ("The picture", "Gate that sees the skip",
                                         "Gate that sees both")):
    cmap = "gray" if ax is axes[0] else viz.WEIGHTS_CMAP
    drawn = ax.imshow(tile.squeeze(), cmap=cmap, vmin=0, vmax=1)
    ax.set(title=title, xticks=[], yticks=[])
fig.colorbar(drawn, ax=axes, label="coefficient", shrink=0.9)
viz.show(fig, alt="A scene and two maps of the gate on the finest skip. The gate that sees the skip "
                  "traces all ink alike, digits and scraps. The gate that sees both is bright on the "
                  "digits and dark on the scraps.")

# %% [markdown]
# Both were trained in the same way, on the same pictures, and nobody told them what to open. The first gate does the same to a digit and to a scrap: it sees five pixels across, and in five pixels they are the same. (On the coarser skip, where it sees more, it has an opinion.) The second one opens on digits and closes on scraps, at both levels. It asks the side that knows.
#
# This is the ***attention gate*** of Oktay et al. (2018). The decoder's map is its ***gating signal***. It is not softmax attention: chapter 2's distinction stands, each coefficient is a sigmoid of its own, and opening one closes no other. But look at what is inside of the sigmoid, and compare it with chapter 1's additive score:
#
# $$ q_i = \psi^\top \operatorname{relu}\bigl(W_x\, x_i + W_g\, g_i + b_g\bigr) + b_\psi, \qquad \alpha_i = \sigma(q_i), \qquad \hat x_i = \alpha_i\, x_i $$
#
# | | what it is | shape in the code |
# |---|---|---|
# | $x$ | the skip | `(B, C, 2h, 2w)` |
# | $g$ | the decoder's map from one level below | `(B, D, h, w)` |
# | $W_x$ | brings the skip to the grid of $g$: a 2 x 2 convolution of stride 2, no bias | `(E, C, 2, 2)` |
# | $W_g$, $b_g$ | a 1 x 1 convolution | `(E, D)`, `(E,)` |
# | $\psi$, $b_\psi$ | one number from $E$ | `(E,)`, `()` |
# | $q$, $\sigma(q)$ | one number for each place of the *coarse* grid | `(B, 1, h, w)` |
# | $\alpha$ | the same, resampled to the grid of $x$, for all channels alike | `(B, 1, 2h, 2w)` |
#
# $g$ is the query: what the decoder has understood. $x$ is key and value. The two meet on the coarse grid, inside the gate, where the sum costs a quarter; the finished coefficients are enlarged, not the features. (Much of the code on the web does it the other way round and hands the gate a map that was enlarged before; see LeeJunHyun/Image_Segmentation, issues 14 and 74. That works as well, and costs
# four times as much.)
#
# **The ladder.** First every place by itself, so that nothing is hidden:

# %%
def gate_by_loops(x, g, w_x, w_g, b_g, psi, b_psi):  # of one picture
    D, h, w = g.shape
    alpha = torch.zeros(h, w)
    for row in range(h):
        for column in range(w):
            square = x[:, 2 * row:2 * row + 2, 2 * column:2 * column + 2]    # (C, 2, 2)
            joined = [(w_x[e] * square).sum() + w_g[e] @ g[:, row, column] + b_g[e]
                      for e in range(len(psi))]
            q = sum(psi[e] * joined[e].relu() for e in range(len(psi))) + b_psi
            alpha[row, column] = q.sigmoid()
    return alpha


torch.manual_seed(0)
x, g = torch.randn(2, 6, 8, 12), torch.randn(2, 5, 4, 6)
weights = [torch.randn(shape) for shape in ((3, 6, 2, 2), (3, 5), (3,), (3,), ())]

# %%
w_x, w_g, b_g, psi, b_psi = weights
squares = F.unfold(x, 2, stride=2)                             # (2, 6 * 4, 24): one column a square
joined = w_x.flatten(1) @ squares + w_g @ g.flatten(2) + b_g[:, None]  # (2, 3, 24)
coarse = (psi @ joined.relu() + b_psi).sigmoid().view(2, 1, 4, 6)
assert_close(coarse[0, 0], gate_by_loops(x[0], g[0], *weights), rtol=1e-4, atol=1e-5)

by_convolution = F.conv2d(x, w_x, stride=2) + F.conv2d(g, w_g[..., None, None], b_g)
by_convolution = F.conv2d(by_convolution.relu(), psi.view(1, 3, 1, 1), b_psi.view(1)).sigmoid()
assert_close(by_convolution, coarse, rtol=1e-4, atol=1e-5)
print("loops = matrices = PyTorch's convolutions:", tuple(coarse.shape))

# %%
gate = lib.AttentionGate(6, 5, inner_dim=3)                            # the library's
gate.load_state_dict({"w_skip.weight": w_x, "w_gating.weight": w_g[..., None, None],
                      "w_gating.bias": b_g, "psi.weight": psi.view(1, 3, 1, 1),
                      "psi.bias": b_psi.view(1)})
alpha = F.interpolate(coarse, scale_factor=2, mode="bilinear", align_corners=False)
assert_close(gate.coefficients(x, g), alpha, rtol=1e-4, atol=1e-5)
assert_close(gate(x, g), alpha * x, rtol=1e-4, atol=1e-5)

tent = torch.tensor([1.0, 3, 3, 1]) / 4                           # what "bilinear" means at scale 2
by_tent = F.conv_transpose2d(F.pad(coarse, (1, 1, 1, 1), mode="replicate"),
                             torch.outer(tent, tent)[None, None], stride=2, padding=3)
assert_close(by_tent, alpha, rtol=1e-4, atol=1e-5)
print("... = the library's gate, and the enlarging is a convolution with a tent of 1, 3, 3, 1")

# %% [markdown]
# Neither PyTorch nor torchvision has such a gate, so that is the top of this ladder. The library calls its three layers `w_skip`, `w_gating` and `psi`. The authors' published code closes with one more 1 x 1 convolution and a batch norm; it is not in their equations, and the convolution that follows the bridge does the same work.
#
# **And what is it worth?** Look at the table above once more, at the last lines. The gate that is blind to scraps and the one that stops them end with the same IoU. Nothing is wrong with the gate; it does what it is for. But the stage behind the bridge gets both halves, and it can tell *not from here* by itself, as section 4's network did. The table of section 9 has three seeds of it.

# %% tags=["poke"]
# Poke it: a newborn gate. Does it start as nothing, as chapter 4's block did?
torch.manual_seed(0)
x, g = torch.randn(4, 8, 24, 32), torch.randn(4, 16, 12, 16)
for bias in (0.0, 2.0, 5.0):
    gate = lib.AttentionGate(8, 16)
    nn.init.constant_(gate.psi.bias, bias)
    a = gate.coefficients(x, g)
    print(f"bias {bias:.0f}: coefficients from {a.min():.2f} to {a.max():.2f}, mean {a.mean():.2f}")

# %% [markdown] tags=["card"]
# ### Exercise 7.2 · The map of a gate
# **difficulty** ●●●○○ **importance** ●●●●● **about 12 minutes** **4 points**
#
# Write `gate_map(skip, gating, w_skip, w_gating, bias, w_psi, b_psi)`: the coefficients on the coarse grid, before they are enlarged.
#
# | | shape | |
# |---|---|---|
# | `skip`, `gating` | `(B, C, 2h, 2w)`, `(B, D, h, w)` | $x$ and $g$ |
# | `w_skip` | `(E, C, 2, 2)` | a convolution of stride 2, no bias |
# | `w_gating`, `bias` | `(E, D)`, `(E,)` | |
# | `w_psi`, `b_psi` | `(E,)`, `()` | |
# | returns | `(B, 1, h, w)` | each in (0, 1) |
#
# On paper: one channel everywhere, a skip `[[1, 0], [0, 1]]`, a gating `[[2]]`, all weights 1, both biases -3. The sum is $2 + 2 - 3 = 1$, relu leaves it, $q = 1 - 3 = -2$, the coefficient is $\sigma(-2) = 0.12$.

# %% tags=["exercise"] exercise="gate-map"
def gate_map(skip, gating, w_skip, w_gating, bias, w_psi, b_psi):
    # BEGIN SOLUTION
    from_skip = F.conv2d(skip, w_skip, stride=2)                            # (B, E, h, w)
    from_gating = F.conv2d(gating, w_gating[..., None, None], bias)         # (B, E, h, w)
    joined = (from_skip + from_gating).relu()
    q = (joined * w_psi[:, None, None]).sum(1, keepdim=True) + b_psi        # (B, 1, h, w)
    return q.sigmoid()
    # END SOLUTION


check("gate-map", gate_map)

# %% [markdown] tags=["card"]
# ### Exercise 7.3 · The attention gate
# **difficulty** ●●●○○ **importance** ●●●●● **about 10 minutes** **4 points**
#
# The three layers are given. Write `forward`: the coefficients of 7.2, enlarged bilinearly to the grid of the skip (`align_corners=False`), times the skip.
#
# | | shape | |
# |---|---|---|
# | `skip`, `gating` | `(B, C, 2h, 2w)`, `(B, D, h, w)` | |
# | returns | `(B, C, 2h, 2w)` | what is left of the skip |
#
# On paper: if the coarse coefficients are one row `[0, 1]`, the fine ones are `[0, 0.25, 0.75, 1]`: half a coarse pixel lies between their middles. A skip of `[8, 8, 8, 8]` becomes `[0, 2, 6, 8]`.

# %% tags=["exercise"] exercise="attention-gate"
class AttentionGate(nn.Module):
    def __init__(self, skip_dim, gating_dim, inner_dim):
        super().__init__()
        self.w_skip = nn.Conv2d(skip_dim, inner_dim, 2, stride=2, bias=False)
        self.w_gating = nn.Conv2d(gating_dim, inner_dim, 1)
        self.psi = nn.Conv2d(inner_dim, 1, 1)

    def forward(self, skip, gating):
        # BEGIN SOLUTION
        joined = (self.w_skip(skip) + self.w_gating(gating)).relu()         # (B, E, h, w)
        coarse = self.psi(joined).sigmoid()                                 # (B, 1, h, w)
        fine = F.interpolate(coarse, size=skip.shape[2:], mode="bilinear", align_corners=False)
        return fine * skip                                                  # (B, C, 2h, 2w)
        # END SOLUTION


check("attention-gate", AttentionGate)

# %% [markdown] tags=["instructor"]
# Cover the columns of numbers and show the two maps: everybody sees which gate asked the decoder. Then show the two equal IoUs and wait. The discussion that follows (what is a mechanism worth whose work others can do?) is worth ten minutes. In 7.2 watch for a relu behind psi: such a gate cannot close below 0.5. Cut list: the tent, the poke.

# %% [markdown]
# ## 6 · A Transformer in the neck
# *12 minutes, then exercise 7.4*
#
# A gate weighs what is there. It fetches nothing. For a pixel that must hear of something far away, chapter 4's answer was attention between all places. Here is the bill for it, for one picture and one head:

# %%
print("map         places   weights")
for name, places in {"48 x 64": 48 * 64, "12 x 16": 12 * 16, "6 x 8": 6 * 8}.items():
    print(f"{name}   {places:6,}   {places**2:10,}")

# %% [markdown]
# Nine million weights at full size. In the neck of the U-Net, at a quarter of the side, there are 256 times fewer, and there every place has already seen a patch of the picture and knows what is in it. So leave the edges to the convolutions and the skips, and let places talk where they are few. Convolutions below, a Transformer in the neck, convolutions above: a ***hybrid***
# (TransUNet, Chen et al. 2021). The parts are on your shelf: chapter 5's encoder block, its sine-cosine positions, and a zero start from chapter 4.
#
# $$ z = \operatorname{tokens}(W_{\text{in}}\, x) + P, \qquad z \leftarrow \operatorname{block}_k(z), \qquad y = x + W_{\text{out}}\, \operatorname{map}(\operatorname{norm}(z)), \qquad W_{\text{out}} = 0 \text{ at first} $$
#
# | | what it is | shape |
# |---|---|---|
# | $x$, $y$ | the map in the neck, before and after | `(B, C, h, w)` |
# | $W_{\text{in}}$, $W_{\text{out}}$ | 1 x 1 convolutions, $C$ to $E$ channels and back | `(E, C)`, `(C, E)` |
# | $\operatorname{tokens}$, $\operatorname{map}$ | the list of places, row by row, and back | `(B, h*w, E)` |
# | $P$ | the position of each place | `(h*w, E)` |

# %%
from course_lib.models import TransformerNeck

torch.manual_seed(0)
neck, x = TransformerNeck(24, embed_dim=32, depth=2, num_heads=4), torch.randn(2, 24, 12, 16)
print("a newborn neck changes nothing:", torch.equal(neck(x), x))
nn.init.normal_(neck.out.weight, std=0.1)

# %%
z = neck.into(x).flatten(2).mT                                         # (2, 192, 32)
z = z + lib.sincos_positions_2d(12, 16, 32)
for block in neck.body.blocks:
    normed = block.norm1(z)
    q, k, v = block.attn.qkv(normed).unflatten(2, (3, 4, 8)).permute(2, 0, 3, 1, 4)
    heard = F.scaled_dot_product_attention(q, k, v)                    # (2, 4, 192, 8)
    heard = heard.transpose(1, 2).flatten(2)                           # (2, 192, 32)
    z = z + block.attn.proj(heard)
    z = z + block.mlp(block.norm2(z))
by_hand = x + neck.out(neck.body.norm(z).mT.unflatten(2, (12, 16)))
assert_close(by_hand, neck(x), rtol=1e-4, atol=1e-5)
print("by hand, with PyTorch's attention = the library's neck")

# %% [markdown]
# Now give it something to do. Chapter 4's strips: mark the digits that have the colour of the patch in the corner. Ordinary convolutions cannot see the patch from far away, and all they can do there is to mark every digit, which has an IoU of a third. The hybrid of the recorded experiment, in a small run on your machine, two layers of four heads in the neck:

# %% tags=["predict"]
predict("boundary-asks")

# %% tags=["long"]
from course_lib.experiments import ch07_models as models
from course_lib.experiments import segmentation_training as tasks

hybrid = models.trained("hybrid", "cue", models.EXPERIMENT.small, seed=0)
test = tasks.pictures("cue", "test", 100)                              # images (100, 3, 16, 64) ...
answers = tasks.labels(tasks.logits(hybrid, test.images)) > 0          # (100, 16, 64)
all_digits = overlap(test.instances > 0, test.targets > 0)
print(f"marking every digit: IoU {all_digits:.2f}")
print("the hybrid does better by 0.1 or more:", overlap(answers, test.targets > 0) > all_digits + 0.1)

# %% tags=["nbval-ignore-output"]
print(f"the hybrid: IoU {overlap(answers, test.targets > 0):.2f}")
layers = models.attention_maps(hybrid, test.images)                    # 2 x (100, 4, 64, 64)
corner = torch.zeros(100, 4, 16)                                      # which places are the patch's
for strip, mask in enumerate(corner):
    x0, y0, x1, y1 = (c // 4 for c in data.scene(2**31 + strip, tasks.TASKS["cue"].options,
                                                 split="test").cue.box)
    mask[y0:y1, x0:x1] = 1
_, _, kind = models.places_of_digits(test.instances, 4)                # (100, 64): 1 on a boundary
for number, weights in enumerate(layers, start=1):
    on_patch = (weights * corner.flatten(1)[:, None, None]).sum(-1)    # (100, 4, 64)
    heads = [f"{on_patch[:, head][kind == 1].mean():.2f}" for head in range(4)]
    print(f"layer {number}: weight on the patch from rims of digits, a head each: {'  '.join(heads)}")
print(f"a uniform map has {corner.mean():.2f} there")

# %%
strip, place = 3, divmod(int((kind[3] == 1).nonzero()[2]), 16)           # (row, column)
fig, axes = plt.subplots(5, 2, figsize=(8.4, 6.4))
shown = test.images[strip], answers[strip]
for ax, picture, title in zip(axes[0], shown, ("The strip", "Marked")):
    ax.imshow(picture.movedim(0, -1) if picture.ndim == 3 else picture, cmap="gray")
    ax.set(title=title, xticks=[], yticks=[])
    viz.outline(ax, 4 * place[0] - 0.5, 4 * place[1] - 0.5, 4, 4)
for ax, (layer, head) in zip(axes[1:].T.flat, np.ndindex(2, 4)):
    weights = layers[layer][strip, head].view(4, 16, 4, 16)[place]     # (4, 16)
    viz.attention_over_photo(test.images[strip], weights, place, unit="weight", vmax=0.3, ax=ax,
                             colorbar=False, title=f"layer {layer + 1}, head {head + 1}")
viz.show(fig, alt="A strip with two red, two white and two green digits and a red patch in a "
                  "corner; the mask that the network made, the red ones; and eight maps of a "
                  "place on the rim of a white digit. Some heads glow on the patch, some on the "
                  "two white digits, others nowhere.")

# %% [markdown]
# Four heads, and they share the work. In the run that was made for this page, one head of each layer looks at the patch, and another at all digits *of its own colour*, near and far; the rest look here and there. Who does what differs from seed to seed, and on your machine it may be another division. But compare this with chapter 4, where one head with the same map for everybody
# did the job: this network has room for more, and uses it. That is chapter 1's reason for many heads, with pixels.

# %% [markdown]
# **And on ordinary scenes,** where there is no patch? There one would like a pixel on the rim of a 5 to ask the rest of that 5. The recorded run has the score: how much of its map a place on a boundary spends on its own digit. Beside it stands the score of the same head's *usual* map, the one that it has on average at that place, whatever is there. A head that is merely near-sighted does well in that, too.

# %%
recorded = experiments.load_record("models")
figures = recorded["figures"]["hybrid"]
print(f"weight on the own digit, from its boundary; a uniform map has {figures['uniform_boundary'][0]:.2f}")
for seed in range(3):
    inside = np.mean([figures[f"own_inside_1_{head}"][seed] for head in (1, 2, 3, 4)])
    print(f"seed {seed}, IoU {figures['scenes_iou'][seed]:.2f}   within digits, layer 1: mean {inside:.2f}")
    for key, name in (("own", "the map"), ("place", "its usual map")):
        for layer in (1, 2):
            row = [f"{figures[f'{key}_boundary_{layer}_{head}'][seed]:.2f}" for head in (1, 2, 3, 4)]
            print(f"   {name:13} layer {layer}:  {'  '.join(row)}")

# %% [markdown]
# Read it seed by seed. In seeds 0 and 1 three heads of the first layer or all four put 0.11 to 0.29 of their map on their own digit, where a uniform one would put 0.03. About half of that is nearness, and the usual map has it, too. The other half is not: these heads look for what belongs to them, in a network that was told classes and never objects. (Within digits it is a little more than on their boundaries, where a place is partly ground. Head 4 of seed 0 does not take part, and the second layer hardly; in seed 0 its
# maps are uniform, to two digits.) In seed 2 no head finds its digit, and this is the network with by far the lowest score. A map that finds its own digit goes with a network that tells digits apart. Which of the two brings the other about, a table cannot say.

# %% tags=["poke"]
# Poke it: shuffle the places before a neck with positions, and before one whose positions are set to zero.
from course_lib.models import EncoderBlock

torch.manual_seed(0)
block, tokens, order = EncoderBlock(32, 4), torch.randn(1, 48, 32), torch.randperm(48)
positions = lib.sincos_positions_2d(6, 8, 32)                          # (48, 32)
for name, p in (("with positions", positions), ("without", torch.zeros_like(positions))):
    with torch.no_grad():
        moved, still = block(tokens[:, order] + p), block(tokens + p)
    print(f"{name:14} shuffled in, shuffled out, otherwise the same: "
          f"{torch.allclose(moved, still[:, order], atol=1e-4)}")

# %% [markdown] tags=["card"]
# ### Exercise 7.4 · To tokens and back
# **difficulty** ●●○○○ **importance** ●●●●● **about 8 minutes** **2 points**
#
# Write `transformer_neck(x, positions, block)`: lay the places out as a list, row by row, add the positions once, run the block, and make a map of the list again. The block has its own residual inside; add none.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | the map in the neck; H and W differ |
# | `positions` | `(H*W, C)` | one for each place, row by row |
# | `block` | a function `(B, N, C) -> (B, N, C)` | |
# | returns | `(B, C, H, W)` | |
#
# On paper: one channel, `[[1, 2], [3, 4]]`, positions 10, 20, 30, 40, and a block that doubles: `[[22, 44], [66, 88]]`. If the block turns the list around, the map comes out turned around: `[[44, 33], [22, 11]]`.

# %% tags=["exercise"] exercise="tokens-and-back"
def transformer_neck(x, positions, block):
    # BEGIN SOLUTION
    tokens = x.flatten(2).mT + positions                                    # (B, H*W, C)
    return block(tokens).mT.unflatten(2, x.shape[2:])                       # (B, C, H, W)
    # END SOLUTION


check("tokens-and-back", transformer_neck)

# %% [markdown] tags=["instructor"]
# The eight maps are the figure to stop at. Give each table one head and let them say what it does, before you say what the network is for. The words "its usual map" need a minute: draw a head that always looks one place to the left, and ask whether it knows its digit. In 7.4 expect `reshape(B, H*W, C)` without a transpose. Cut list: the poke, the by-hand cell.

# %% [markdown]
# ## 7 · Windows, when it must be fast
# *14 minutes, then exercises 7.5 and 7.6*
#
# Attention in the neck is cheap because our pictures are small. Take a photo of 1,024 x 1,024: at a quarter of the side there are 65,536 places and four billion weights, for each head and layer. The squares of large numbers are large. But must every place hear every other? Much of what a place needs is near. So let each ask only its neighbours.

# %% tags=["predict"]
predict("twice-the-side")

# %%
print(" side   places   all ask all   windows of 8 x 8")
for side in (64, 128, 256, 512):
    N = (side // 4) ** 2                                               # the neck is at a quarter
    print(f"{side:5} {N:8,} {N * N:13,} {N * 64:18,}")

# %% [markdown]
# Cut the map into squares of $w$ x $w$ places, the *windows*, and let attention run inside each of them: ***window attention***. A place then has $w^2$ keys, whatever the size of the map. $N^2$ becomes $N w^2$: twice the side costs four times as much, not sixteen. To the attention a window is a small picture of its own, so all windows can go into the *batch*. Only the cutting needs
# care:
#
# $$ (B, C, H, W) \;\to\; (B, C, n_H, w, n_W, w) \;\to\; (B, n_H, n_W, w, w, C) \;\to\; (B\, n_H\, n_W,\; w^2,\; C) $$
#
# $n_H = H / w$ rows of windows and $n_W = W / w$ columns. The first step only gives the rows and columns two numbers each, *which window* and *where in it*; it moves nothing. The second, a `permute`, brings the two "which window" to the front, next to the batch. The third glues.

# %%
scene = data.scene(2, WORLD, split="test")
places = torch.arange(48 * 64.0).view(1, 1, 48, 64)                    # each pixel holds its number
cut = places.unflatten(3, (4, 16)).unflatten(2, (3, 16))               # (1, 1, 3, 16, 4, 16)
windows = cut.permute(0, 2, 4, 3, 5, 1).reshape(12, 256, 1)            # 12 windows of 16 x 16
assert_close(windows, lib.to_windows(places, 16))
assert_close(lib.from_windows(windows, 16, 48, 64), places)
members = windows[5, :, 0].long()                                      # the pixels of window 5
print("window 5 holds rows", (members // 64).min().item(), "to", (members // 64).max().item(),
      "and columns", (members % 64).min().item(), "to", (members % 64).max().item())

# %%
fig, axes = plt.subplots(1, 2, figsize=(9.6, 3.7))
for ax, image, title in zip(axes, (scene.image, scene.image.roll((-8, -8), (1, 2))), (
        "Windows of 16 x 16", "Rolled by 8, the same cuts")):
    ax.imshow(image[0], cmap="gray")
    ax.set_xticks(np.arange(0, 65, 16) - 0.5, labels=range(0, 65, 16))
    ax.set_yticks(np.arange(0, 49, 16) - 0.5, labels=range(0, 49, 16))
    ax.grid(color=viz.QUERY, lw=2)
    ax.set_title(title)
axes[1].axvline(55.5, color=viz.VALUE, ls="--", lw=2.5)
axes[1].axhline(39.5, color=viz.VALUE, ls="--", lw=2.5)
viz.show(fig, alt="The scene of the cover twice, blue lines cut it into 3 rows of 4 windows. Left: "
                  "the lines run through several digits. Right: all is rolled by 8 pixels up and to "
                  "the left, so other digits are cut; a dashed violet line shows where the former "
                  "upper and left edges come back at the bottom and the right.")

# %% [markdown]
# The left panel shows the price: the lines run right through the digits. A pixel of the 5 beside a line never hears of the other half of the 5, however many such layers follow. Every line is a wall. Count who can hear of a single place after one, two and four layers:

# %%
def reach(shifts, place=(5, 6), size=(12, 16)):  # who has heard of that place after layers of windows
    x = torch.zeros(1, 8, *size, dtype=torch.float64)
    told = x.clone()
    told[..., place[0], place[1]] = 1.0
    for shift in shifts:
        torch.manual_seed(0)
        layer = lib.WindowAttention(8, 2, 4, shift=shift).double()
        with torch.no_grad():
            x, told = x + layer(x), told + layer(told)
    return (told - x).abs().amax(1)[0] > 1e-12                         # (12, 16)


plain, shifted = ([reach(shifts[:n]) for n in (1, 2, 4)] for shifts in ((0, 0, 0, 0), (0, 2, 0, 2)))
for name, maps in {"always the same windows": plain, "shifted in turn": shifted}.items():
    print(f"{name:23} places that have heard after 1, 2, 4 layers:", [m.sum().item() for m in maps])

# %%
fig = viz.small_multiples(plain + shifted, ["after 1 layer", "2 layers", "4 layers"], ncols=3, size=2.6,
                          rows=["the same", "shifted in turn"], cmap="Blues", vmin=0, vmax=1.6)
for ax in fig.axes:
    ax.set_xticks(np.arange(3.5, 15, 4), minor=True)
    ax.set_yticks(np.arange(3.5, 11, 4), minor=True)
    ax.grid(which="minor", color=viz.INK, lw=0.8)
    ax.tick_params(which="minor", length=0)
    viz.outline(ax, 4.5, 5.5, 1, 1, color=viz.INK)
viz.show(fig, alt="Two rows of three maps of 12 by 16 places with lines around windows of 4 by 4, one "
                  "place outlined. Above, with the same windows in all layers, one window stays "
                  "blue. Below, with shifted windows, the blue grows: one window, then several, "
                  "then nearly everything.")

# %% [markdown]
# So move the windows by half a window in every second layer: ***shifted windows***, the idea of Swin (Liu et al. 2021). What was a wall is then the middle of a room. The cheap way to do it is not to move the windows but the map: `roll` it up and to the left by $w/2$, cut as before, attend, glue, roll back. That is the right panel above, and it has a catch.

# %% tags=["predict"]
predict("around-the-corner")

# %% [markdown]
# `roll` is a ring. What leaves at the top comes back at the bottom, and the last windows now hold two strips (the corner one four pieces) that were at opposite ends of the picture. They must not hear each other. A mask does it: give each place the number of the piece that it comes from, and let two places of a window meet if their numbers agree.
#
# $$ \text{mask}_{ij} = [\, r_i = r_j \,], \qquad r = 2\,[\text{row} \ge H - s] + [\text{column} \ge W - s] $$

# %%
H, W, w, s = 8, 8, 4, 2
rows, columns = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
piece = 2 * (rows >= H - s).long() + (columns >= W - s).long()         # (8, 8), after the roll
numbers = lib.to_windows(piece[None, None], w)                         # (4, 16, 1)
mask = numbers == numbers.mT                                        # (4, 16, 16), True = may attend
assert torch.equal(mask, lib.shifted_mask(H, W, w, s))
print("places that a place may ask, window by window:", mask.sum(-1).unique(dim=-1).tolist())

# %%
fig, axes = plt.subplots(1, 5, figsize=(11.5, 2.7), width_ratios=(1.1, 1, 1, 1, 1))
axes[0].imshow(piece, cmap="Purples", vmin=-1, vmax=4)
for row in range(8):
    for column in range(8):
        axes[0].text(column, row, piece[row, column].item(), ha="center", va="center", fontsize=8)
axes[0].axhline(3.5, color=viz.QUERY, lw=2.5)
axes[0].axvline(3.5, color=viz.QUERY, lw=2.5)
axes[0].set(title="Pieces", xticks=[], yticks=[])
for ax, window, name in zip(axes[1:], mask, ("upper left", "upper right", "lower left", "lower right")):
    viz.matrix(window.float(), mask=window, numbers=False, title=name, ax=ax)
    ax.set(xlabel="key", ylabel="query" if ax is axes[1] else "", xticks=[], yticks=[])
viz.show(fig, alt="Left: an 8 by 8 map numbered 0, 1, 2, 3 by piece, cut into four windows. Then the "
                  "four masks of 16 by 16. Upper left: all open. Upper right: stripes of two by "
                  "two columns. Lower left: two large blocks. Lower right: a fine chequer of blocks.")

# %% [markdown]
# **The ladder.** From loops over places to torchvision. The lowest rung is attention between *all* places with a mask that the loops write: two places may meet if, on the ring, they are in the same window and come from the same piece. Nothing is cut, nothing is glued. If the efficient form is right, it is equal to that.

# %%
def window_mask_by_loops(height, width, window, shift):
    def room(row, column):  # the window a place is in, and the piece it comes from, after the roll
        row, column = (row - shift) % height, (column - shift) % width
        return (row // window, column // window, row >= height - shift, column >= width - shift)

    places = [(row, column) for row in range(height) for column in range(width)]
    return torch.tensor([[room(*one) == room(*other) for other in places] for one in places])


# %%
torch.manual_seed(0)
x, layer = torch.randn(2, 8, 8, 12), lib.WindowAttention(8, 2, 4, shift=2)
nn.init.zeros_(layer.relative_bias.relative_position_bias_table)       # for this rung

everywhere = layer.attention(x.flatten(2).mT, mask=window_mask_by_loops(8, 12, 4, 2))   # (2, 96, 8)
everywhere = everywhere.mT.unflatten(2, (8, 12))

pieces = lib.to_windows(x.roll((-2, -2), (2, 3)), 4)                   # (2 * 6, 16, 8)
mask = lib.shifted_mask(8, 12, 4, 2).repeat(2, 1, 1)[:, None]          # (2 * 6, 1, 16, 16)
in_windows = lib.from_windows(layer.attention(pieces, mask=mask), 4, 8, 12).roll((2, 2), (2, 3))
assert_close(everywhere, in_windows, rtol=1e-4, atol=1e-5)
assert_close(in_windows, layer(x), rtol=1e-4, atol=1e-5)
print("all places with a mask by loops = windows cut, masked and glued = the library's layer")

# %%
from torchvision.models.swin_transformer import shifted_window_attention

torch.manual_seed(0)
layer = lib.WindowAttention(8, 2, 4, shift=2)                          # with its relative positions


def torchvisions(x):  # (B, C, H, W); theirs is channels last
    y = shifted_window_attention(
        x.movedim(1, 3), layer.attention.qkv.weight, layer.attention.proj.weight,
        layer.relative_bias(), [4, 4], 2, [2, 2], training=False,
        qkv_bias=layer.attention.qkv.bias, proj_bias=layer.attention.proj.bias)
    return y.movedim(3, 1)


for size in ((8, 12), (9, 13)):
    x = torch.randn(1, 8, *size)
    apart = (layer(x) - torchvisions(x)).abs().amax(1)[0]              # (H, W)
    same = (apart < 1e-4).sum()
    print(f"{size[0]:2} x {size[1]:<2} equal to torchvision's at {same} of {apart.numel()} places")

# %% [markdown]
# The same on 8 x 12, and not everywhere on 9 x 13. That is no multiple of 4, so both fill up with zeros at the bottom and on the right. Torchvision's places attend to the filling: it has no key that says "I am not there", a bias makes its keys other than zero, and the weights that it takes are lost to real places. The library masks it. It is a choice of theirs, trained weights
# have been made with it, and it is good to know when the two last rows of a segmentation look odd.
#
# Swin adds one thing more, the relative position bias of chapter 5, in each window the same table. In the first rung it was set to zero.

# %% [markdown]
# **Is it faster?** On paper by a factor of $N / w^2$. In milliseconds, on the machine that you sit at, one layer of each:

# %%
from time import perf_counter


def milliseconds(layer, x, repeats=5):
    with torch.no_grad():
        layer(x)                                                       # the first run warms up
        times = []
        for _ in range(repeats):
            start = perf_counter()
            layer(x)
            times.append(1000 * (perf_counter() - start))
    return sorted(times)[repeats // 2]


# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
for side in (8, 16, 32, 64):
    x = torch.randn(1, 32, side, side)
    full, windows = lib.MultiHeadAttention(32, 4), lib.WindowAttention(32, 4, 8, shift=4)
    all_ask_all = milliseconds(lambda x: full(x.flatten(2).mT), x)
    in_windows = milliseconds(windows, x)
    print(f"{side:2} x {side:<2} all ask all {all_ask_all:7.1f} ms, windows {in_windows:6.1f} ms")

# %% [markdown]
# On a small map windows are the *slower* ones: cutting, rolling, masking and gluing take their time, and there is nothing to save. The tables cross somewhere, and then one grows with the square and the other in proportion. Section 9 has the figures for whole networks.

# %% tags=["poke"]
# Poke it: forget the mask. How much of the corner window's weight goes to places that the roll has brought there?
torch.manual_seed(0)
layer, x = lib.WindowAttention(8, 2, 4, shift=2), torch.randn(1, 8, 12, 16)
right = lib.shifted_mask(12, 16, 4, 2)                                 # (12, 16, 16)
tokens = lib.to_windows(x.roll((-2, -2), (2, 3)), 4)
with lib.record_attention(layer.attention) as maps:
    layer.attention(tokens)                                            # no mask given
wrong = (maps["attend"] * ~right[:, None]).sum(-1).mean((1, 2))        # (12,)
print("weight on false neighbours, window by window:", [round(w, 2) for w in wrong.tolist()])

# %% [markdown] tags=["card"]
# ### Exercise 7.5 · Cut into windows
# **difficulty** ●●●○○ **importance** ●●●●○ **about 10 minutes** **3 points**
#
# Write `to_windows(x, window)`. Windows row by row, all of the first picture before those of the second; in each window the places row by row.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | H and W are multiples of `window`, and differ |
# | `window` | int | $w$ |
# | returns | `(B*nH*nW, w*w, C)` | |
#
# On paper: one channel, `[[0, 1, 2, 3], [4, 5, 6, 7]]`, windows of 2. The first window is 0, 1, 4, 5, the second 2, 3, 6, 7.

# %% tags=["exercise"] exercise="to-windows"
def to_windows(x, window):
    # BEGIN SOLUTION
    B, C, H, W = x.shape
    x = x.reshape(B, C, H // window, window, W // window, window)
    return x.permute(0, 2, 4, 3, 5, 1).reshape(-1, window * window, C)
    # END SOLUTION


check("to-windows", to_windows)

# %% [markdown] tags=["card"]
# ### Exercise 7.6 · Who may see whom after a shift
# **difficulty** ●●●●○ **importance** ●●●○○ **about 15 minutes** **4 points**
#
# Write `shifted_mask(height, width, window, shift)`. The map has been rolled by `-shift` both ways and cut into windows. Two places of a window may see each other if they were neighbours in that window's place *before* the roll, that is, if the roll did not bring them there from opposite ends.
#
# | | | |
# |---|---|---|
# | `height`, `width` | int | multiples of `window` |
# | `shift` | int | from 0 to `window` - 1; with 0 everybody may |
# | returns | `(nW, w*w, w*w)`, bool | `True` = may attend; windows and places in the order of 7.5 |
#
# On paper: 2 x 4, windows of 2, shift 1. After the roll the columns are 1, 2, 3, 0, and the rows 1, 0. The first window has columns 1 and 2: they are neighbours; but its rows are 1 and 0, from opposite ends, so a place sees only its own row. In the second window each place sees itself alone.

# %% tags=["exercise"] exercise="shifted-mask"
def shifted_mask(height, width, window, shift):
    # BEGIN SOLUTION
    came_down = torch.arange(height) >= height - shift                     # (H,): rows from the top
    came_right = torch.arange(width) >= width - shift                  # (W,): columns from the left
    piece = 2 * came_down[:, None].long() + came_right.long()               # (H, W)
    piece = piece.reshape(height // window, window, width // window, window)
    piece = piece.permute(0, 2, 1, 3).reshape(-1, window * window)          # (nW, w*w)
    return piece[:, :, None] == piece[:, None, :]
    # END SOLUTION


check("shifted-mask", shifted_mask)

# %% [markdown] tags=["instructor"]
# Paper helps more than slides: draw a 4 x 4 map, cut it out, roll it around a pencil, and cut it again. Everybody sees the ring. For 7.6 let them number the four pieces with coloured pens before anyone types. Expect `permute(0, 2, 3, 4, 5, 1)` in 7.5; it passes on a square map with one window. Cut list: the timing, the poke, the second rung to torchvision.

# %% [markdown]
# ## 8 · From how far to look
# *9 minutes, then exercise 7.7*
#
# On its way up the U-Net makes maps at three scales, and throws two of them away: only the finest makes the answer. Yet section 1's squares said that different pixels want different views. For the rim of a 7 one has to go near; whether a thing is a scrap shows from a step back; and of an empty corner the coarsest map says all there is to say. So let *every* scale make an answer, and
# take the mean of the three.

# %% tags=["predict"]
predict("mean-of-scales")

# %%
class MeanOfScales(nn.Module):
    def __init__(self, dims, out_chans):                          # channels, the coarsest map first
        super().__init__()
        self.predict = nn.ModuleList(nn.Conv2d(dim, out_chans, 1) for dim in dims)

    def forward(self, maps):
        size = maps[-1].shape[2:]
        answers = [F.interpolate(layer(x), size, mode="bilinear")
                   for layer, x in zip(self.predict, maps)]            # S times (B, K, H, W)
        return torch.stack(answers).mean(0)


# %% tags=["long"]
networks = {}
for name, head in (("mean", MeanOfScales), ("chosen", lib.ScaleFusion)):
    torch.manual_seed(0)
    networks[name] = learn(UNet(1, 1, (8, 16, 32), head=head), steps=100)
images, truth, _ = world("test", 60)
with torch.no_grad(), lib.record_attention(networks["chosen"]) as maps:
    scores = {name: overlap(net(images)[:, 0] > 0, truth > 0) for name, net in networks.items()}
weights = maps["head"].squeeze(2).mT.unflatten(2, (48, 64))        # (60, 3, 48, 64): coarse to fine

# %% tags=["nbval-ignore-output"]
digit, bright = truth > 0, images[:, 0] > 0.42
beside = F.max_pool2d(digit[:, None].float(), 5, 1, 2)[:, 0] > 0      # within two pixels of a digit
kinds = {"digits": digit & bright, "beside": ~digit & beside, "scraps": bright & ~beside,
         "ground": ~bright & ~beside}
print("weight on the      coarse  middle    fine")
for kind, where in kinds.items():
    print(f"    at {kind:10}", "".join(f"{weights[:, s][where].mean():8.2f}" for s in range(3)))
print({name: f"IoU {score:.2f}" for name, score in scores.items()})

# %%
# a colour for each scale
tint = torch.tensor([[0.16, 0.17, 0.3], [0.92, 0.62, 0.1], [0.35, 0.75, 0.95]])
tiles, names = [], ["the picture", "coarse dark, middle orange, fine blue", "the answer"]
for k in (0, 3):
    with torch.no_grad():
        answer = networks["chosen"](images[k:k + 1])[0, 0] > 0
    colours = torch.einsum("shw,sc->chw", weights[k], tint)            # (3, 48, 64)
    tiles += [images[k], colours, answer.float()]
fig = viz.small_multiples(tiles, names, ncols=3, size=3.2, vmin=0, vmax=1)
viz.show(fig, alt="Two scenes, each with a map of weights and its answer. In the maps the empty ground "
                  "has the dark colour of the coarse scale, digits and their surroundings the blue "
                  "of the fine one, and around each scrap lies an orange spot, the middle scale.")

# %% [markdown]
# Nobody told the network to divide the picture up, and it has. In our run the ground belongs to the coarse map, the digits with their surroundings to the fine one, and each scrap lies in a spot of the middle scale, which says *no* to it. (Which scale takes which part may differ on your machine. That they part does not.) The mean has no such choice: each of its three answers must be bearable
# everywhere. It still gets nearly as far, since the convolutions in front can learn to make one scale loud where it is needed and quiet elsewhere. Logits have a size, and in a sum the larger one wins.
#
# This is ***attention to scale*** (Chen et al. 2016), and here it is a softmax again. The keys are not places but scales, and every pixel asks for itself:
#
# $$ y_i = \sum_{s=1}^{S} w_i^s\; p_i^s, \qquad w_i^s = \frac{e^{h_i^s}}{\sum_{t} e^{h_i^t}} $$
#
# | | what it is | shape |
# |---|---|---|
# | $p^s$ | the answer of scale $s$: a 1 x 1 convolution of its map, resized to the finest | `(B, K, H, W)` each |
# | $h^s$ | its score at each pixel, from a small network that sees the maps of all scales | `(B, S, H, W)` |
# | $w^s$ | its weight, a softmax over the *scales*, the same for all $K$ classes | `(B, S, H, W)` |
# | $y$ | the answer | `(B, K, H, W)` |
#
# Three rungs are enough for the ladder:

# %%
torch.manual_seed(0)
B, S, K, H, W = 2, 3, 4, 5, 7
p, h = torch.randn(B, S, K, H, W), torch.randn(B, S, H, W)

loops = torch.zeros(B, K, H, W)
for b, row, column in np.ndindex(B, H, W):
    w = h[b, :, row, column].exp() / h[b, :, row, column].exp().sum()  # (S,)
    for s in range(S):
        loops[b, :, row, column] += w[s] * p[b, s, :, row, column]

by_softmax = (h.softmax(1)[:, :, None] * p).sum(1)                     # (B, K, H, W)
assert_close(loops, by_softmax)

# %%
values, asked = p.permute(0, 3, 4, 1, 2), h.permute(0, 2, 3, 1)        # (B, H, W, S, K), (..., S)
attended = lib.attend_with_scores(asked.unsqueeze(-2), values)         # a pixel: 1 query, S keys
attended = attended.squeeze(-2)                                        # (B, H, W, K)
assert_close(attended.permute(0, 3, 1, 2), by_softmax)
print("loops = a softmax over scales = the library's attention, with one query for each pixel")

# %% tags=["poke"]
# Poke it: softmax over the wrong axis. What do the weights of a pixel sum to, if the softmax runs over columns?
for axis, name in ((1, "scales"), (3, "columns")):
    total = h.softmax(axis).sum(1)                                     # (B, H, W)
    print(f"softmax over {name:8} weights of a pixel sum to {total.min():.2f} .. {total.max():.2f}")

# %% [markdown] tags=["card"]
# ### Exercise 7.7 · Fuse the scales
# **difficulty** ●●○○○ **importance** ●●●●○ **about 8 minutes** **2 points**
#
# Write `fuse_scales(maps, scores)`: at each pixel a softmax over the scales, then the weighted sum of the maps.
#
# | | shape | |
# |---|---|---|
# | `maps` | `(B, S, C, H, W)` | S maps, already of one size |
# | `scores` | `(B, S, H, W)` | raw numbers |
# | returns | `(B, C, H, W)` | |
#
# On paper: one pixel, two scales with values 10 and 20. Scores 0 and 0: 15. Scores 1 and 0: weights 0.73 and 0.27, so 12.7.

# %% tags=["exercise"] exercise="fuse-scales"
def fuse_scales(maps, scores):
    # BEGIN SOLUTION
    weights = scores.softmax(1)                                             # (B, S, H, W)
    return (weights[:, :, None] * maps).sum(1)                              # (B, C, H, W)
    # END SOLUTION


check("fuse-scales", fuse_scales)

# %% [markdown] tags=["instructor"]
# Show the coloured map without the legend and let the room find the legend. Then ask why ground should be coarse: because it can be, and the coarse answer is the smoothest. It is a place to be careful, though: weights say which answer was taken, not that the others were wrong. Cut list: the poke, the loops.

# %% [markdown]
# ## 9 · All of them, at equal size
# *14 minutes, then exercise 7.8*
#
# Now the comparison. Five networks: the plain U-Net, gates on its skips, a Transformer in its neck, the same with windows, and the head that chooses its scale. Take the same width for all, train, compare?

# %% tags=["predict"]
predict("same-width")

# %%
from course_lib.experiments import ch07_models as models
from course_lib.models import matching_width, parameters_of


def made(name, width):
    return segmenter(1, 11, width=width, embed_dim=32, **models.CONDITIONS[name])


torch.manual_seed(0)
plain = parameters_of(made("plain", 12))
for name in models.CONDITIONS:
    count = parameters_of(made(name, 12))
    print(f"{name:8} {count:7,} parameters, {count / plain:4.0%} of the plain one's")

# %% [markdown]
# At the same width the hybrid has nearly twice the parameters of the plain network. If it wins, was it attention, or was it size? So give each the width that brings it to the same *number of parameters*: a network with attention has to pay for it with thinner convolutions.
#
# $$ w^* = \arg\min_{w}\, \bigl\lvert \#(w) - \#_{\text{target}} \bigr\rvert $$
#
# $\#(w)$ is the number of parameters of the network of width $w$. It only ever grows with $w$, so the search is short. It is one way to be fair and not the only one: equal time, equal memory, or equal effort in choosing the learning rate would be others, and the ranking may differ.

# %%
torch.manual_seed(0)
for name in models.CONDITIONS:
    width = matching_width(lambda width, name=name: made(name, width), 46_000)
    print(f"{name:8} width {width:5.2f}   {parameters_of(made(name, width)):6,} parameters")

# %% [markdown]
# Then two tasks. *Ordinary scenes*: a class for every pixel, where what decides lies near. And *cue scenes*, the strips of section 6, where it lies far away. First a small run on your machine, two networks with two seeds each on the strips, 200 steps:

# %% tags=["long", "nbval-ignore-output"]
from dataclasses import replace

from course_lib.experiments import segmentation_training as tasks

short = replace(models.EXPERIMENT.small, steps_cue=200)
live = {}
for name in ("plain", "hybrid"):
    networks = [models.trained(name, "cue", short, seed) for seed in (0, 1)]
    live[name] = [tasks.evaluate(network, "cue", count=100)["iou"] for network in networks]
    print(f"{name:8} IoU of each seed  {'  '.join(f'{score:.2f}' for score in live[name])}")

# %%
print("the hybrid is ahead in both seeds:", min(live["hybrid"]) > max(live["plain"]))

# %% [markdown]
# And the recorded run: all five, both tasks, three seeds, many times the steps.

# %%
recorded = experiments.load_record("models")
for task in ("scenes", "cue"):
    print(experiments.summary(recorded, [f"{task}_iou", f"{task}_boundary_f1"], digits=2), end="\n\n")
print(experiments.summary(recorded, ["scenes_digit_iou", "parameters_scenes", "parameters_cue"]))
print(experiments.provenance(recorded))

# %% [markdown]
# (*Boundary F1* is a score of edges alone: which part of the boundary pixels that were drawn lie within a pixel of a true boundary, and the other way round. Chapter 8 builds it. `digit_iou` asks only whether a pixel is of *any* digit.)

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.4), sharey=True)
for ax, key, title in zip(axes, ("scenes_iou", "cue_iou"), ("Ordinary scenes", "Cue scenes")):
    for row, (name, figures) in enumerate(recorded["figures"].items()):
        seeds = figures[key]
        ax.plot(seeds, [row] * len(seeds), "o", color=viz.QUERY, mec=viz.INK, ms=7, ls="none")
        ax.plot([sum(seeds) / len(seeds)] * 2, [row - 0.3, row + 0.3], "-", color=viz.INK, lw=2.2)
    ax.set(title=title, xlabel="mean IoU" if ax is axes[0] else "IoU", yticks=range(5),
           yticklabels=list(recorded["figures"]))
axes[0].invert_yaxis()
viz.show(fig, alt="Two panels, a dot for each of three seeds and a line at the mean. Ordinary scenes: "
                  "plain, gates and scales lie together between 0.63 and 0.68; hybrid and windows are "
                  "far below and far apart, 0.15 to 0.55. Cue scenes: the hybrid at 0.97, the other "
                  "four between 0.33 and 0.39.")

# %% [markdown]
# Two tasks, and two different answers to "does attention help?".
#
# **On the cue scenes** the hybrid marks the right digits, 0.97, and nobody else does better than marking them all, a third and a little more. A gate can only weigh what has arrived; a scale can only be chosen among maps that all lack the patch; and two layers of windows reach some five places far, when the patch may be fourteen away. What is missing there is reach, and attention between all places has it. (So had, in chapter 4,
# dilated convolutions and a plain mean over all places. Nothing here says that it takes attention.)
#
# **On the ordinary scenes** attention wins nothing. Gates and scales are where the plain network is, 0.66, 0.65 and 0.66, and the seeds differ by more than that. You saw the gates close on scraps and the scales divide up the picture; that was real, and the plain network does without. Both networks with a Transformer are *worse*, in every seed, and unreliable: 0.24 to 0.55 and 0.15 to 0.55. They find the ink, as all do (`digit_iou`). They
# do not know which digit it is.
#
# Why? Two trials with one seed, told in the docstring of `ch07_models`, say this. The hybrid's own thin convolutions, with the neck taken out, lie about halfway between the hybrid and the plain network. So half of the loss is the price: nine channels where the plain network has fourteen, for a task that convolutions do well. The other half is the neck itself, which after 800 steps still disturbs more than it helps; a lower learning rate made it worse.

# %% [markdown]
# Worse, or only slower? Chapter 5 showed how much a Transformer must see before it draws level. So the plain network and the hybrid once more, on the ordinary scenes, with four times the steps and nothing else changed:

# %%
recorded, short = experiments.load_record("longer"), experiments.load_record("models")
print(experiments.summary(recorded, ["scenes_iou", "scenes_boundary_f1", "scenes_digit_iou"], digits=2))
for name, figures in recorded["figures"].items():
    for steps, seeds in ((800, short["figures"][name]["scenes_iou"]), (3200, figures["scenes_iou"])):
        print(f"{name:7} {steps:5} steps, IoU of each seed: {'  '.join(f'{s:.2f}' for s in seeds)}")
print(experiments.provenance(recorded))

# %% [markdown]
# Mostly slower. With four times the steps the hybrid climbs from 0.42 to 0.72, its seeds agree to about 0.01, and of a gap of 0.24 to the plain network 0.02 is left. In every seed it is still behind. So for a task that lies near, attention in the neck costs thin convolutions and a lot of patience, and wins nothing; for one that lies far, it is the only one of these five that does it at all.
#
# There is a second lesson in it. A table of networks after 800 steps ranks networks after 800 steps. Whoever stops there reports that Transformers fail on scenes, and is wrong by 0.3. Whoever runs only the strips reports that they win. (Windows were not trained for longer. We would expect the same of them, and have not measured it.)

# %% [markdown]
# **What it costs in time.** Parameters are equal, milliseconds are not. One picture, one thread, squares with sides from 64 to 512 pixels:

# %%
recorded = experiments.load_record("speed")
sides = (64, 128, 256, 512)
print(experiments.summary(recorded, [f"ms_{side}" for side in sides], digits=0))
print(experiments.provenance(recorded))
times = {name: {side: np.mean(figures[f"ms_{side}"]) for side in sides}
         for name, figures in recorded["figures"].items()}
for name, ms in times.items():
    print(f"{name:8} twice the side, 256 to 512: {ms[512] / ms[256]:4.1f} times as long")
print(f"at 512 the hybrid takes {times['hybrid'][512] / times['windows'][512]:.0f} times as long "
      "as windows")

# %%
series = {name: (sides, torch.tensor([figures[f"ms_{side}"] for side in sides]).T)
          for name, figures in recorded["figures"].items()}
ax = viz.curves(series, xlabel="side of the picture, in pixels", ylabel="ms a picture", logx=True,
                logy=True, title="All ask all, and windows, as the picture grows")
ax.set_xticks(sides, labels=sides)
ax.minorticks_off()
viz.show(ax, alt="Milliseconds against the side of the picture on logarithmic axes, five networks. "
                 "Four lines run side by side, about four times as long for twice the side. The "
                 "hybrid's begins near them, climbs away, and ends far above.")

# %% [markdown]
# At 64 pixels the neck has 256 places, and you would not choose by speed. From there the hybrid's line leaves the others. Twice the side is four times the places and sixteen times the weights, and where the attention is most of the work, the time follows. At 512 pixels a picture takes it seconds, and the others fractions of one. The other four grow roughly as the number of pixels does, windows among them: they have all the parts of a Transformer
# at about the price of convolutions. What they gave up for it stands in the table before, the view across the strip, 0.38 in place of 0.97. Fast or far: chapter 6 is about having both.

# %% tags=["poke"]
# Poke it: equal parameters, equal work? Count the multiplications of two layers with nearly the same number of weights.
torch.manual_seed(0)
for name, layer, side in (("3 x 3 convolution at full size", nn.Conv2d(12, 12, 3, padding=1), 64),
                          ("3 x 3 convolution in the neck", nn.Conv2d(12, 12, 3, padding=1), 16)):
    weights = parameters_of(layer)
    print(f"{name:31} {weights:5,} parameters, {12 * 12 * 9 * side * side:9,} products a picture")

# %% [markdown] tags=["card"]
# ### Exercise 7.8 · A width that matches
# **difficulty** ●●○○○ **importance** ●●●●○ **about 10 minutes** **3 points**
#
# Write `matching_width(count, target)`: the width whose network has the number of parameters *nearest* to the target. `count` gets dearer with the width, so do not try a million of them.
#
# | | | |
# |---|---|---|
# | `count` | function: width (int) -> number of parameters (int) | strictly increasing |
# | `target` | int | |
# | returns | int, 1 or more | the nearest count; on a tie the smaller width |
#
# On paper: `count` is the square of the width, the target is 30. Width 5 has 25, width 6 has 36: 5 is off by 5, 6 by 6. Answer 5. For a target of 31 it is 6.

# %% tags=["exercise"] exercise="matching-width"
def matching_width(count, target):
    # BEGIN SOLUTION
    width = 1
    while count(width) < target:                                        # double, until it is enough
        width *= 2
    low, high = width // 2, width                               # count(low) < target <= count(high)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if count(middle) < target else (low, middle)
    if low >= 1 and target - count(low) <= count(high) - target:
        return low
    return high
    # END SOLUTION


check("matching-width", matching_width)

# %% [markdown] tags=["instructor"]
# Before the recorded table, let everybody rank the five for both tasks and write it down; then uncover one row at a time. Ask what would have been reported if only the strips had been run, or only the scenes. On fairness: equal parameters favours whom? (Whoever reuses weights at many places: convolutions pay in work, attention in weights.) In 7.8 the slip is to return the first width that is large enough. Cut list: the poke, the time table.

# %% [markdown]
# ## What goes wrong in the wild
# *10 minutes*
#
# Three slips from published code, all of them in lines that you have written above. Answer before you run the cell under each.
#
# **One.** A collection of networks for microscopy had an Attention U-Net whose gate was written like this (BiaPyX/BiaPy, issue 26, 2023; here in PyTorch's words). `x` is the decoder's enlarged map, `shortcut` is the skip:
#
# ```python
# a = sigmoid(psi(relu(w_g(shortcut) + w_x(x))))
# x = torch.cat([x * a, x], dim=1)
# ```

# %% tags=["quiz"]
quiz("gated-the-wrong-one")

# %%
torch.manual_seed(0)
C = 8
w_x, w_g, psi = torch.randn(4, C), torch.randn(4, C), torch.randn(4)
x, shortcut = torch.randn(C), torch.randn(C)                           # one pixel of each map


def as_published(shortcut):
    a = (psi @ (w_g @ shortcut + w_x @ x).relu()).sigmoid()
    return torch.cat([x * a, x])


def as_meant(shortcut):
    a = (psi @ (w_g @ shortcut + w_x @ x).relu()).sigmoid()
    return torch.cat([x, shortcut * a])


for name, join in (("as published", as_published), ("as meant", as_meant)):
    jacobian = torch.autograd.functional.jacobian(join, shortcut)      # (2C, C)
    rank = torch.linalg.matrix_rank(jacobian)
    print(f"{name:13} of {C} channels of the skip, {rank} can be told apart behind the bridge")

# %% [markdown]
# The gate opens and closes the *decoder's* map. Of the skip, eight numbers a pixel, a single one gets across, the coefficient, and section 4's hourglass is back with a keyhole in it. The network trains and scores, which is why it took a reader of the code to find it. The reporter swapped the two and saw no gain, and that fits section 9, where the gates gain little either. What finds it: the rank
# above, or to zero the skip and see how much of the answer changes.
#
# **Two.** A network for anomaly detection cut its windows like this (ByChelsea/CMOS, issue 4, 2024), with maps channels last:
#
# ```python
# B, H, W, C = x.shape
# windows = x.view(B, H // w, w, W // w, w, C).view(-1, w, w, C)
# ```

# %% tags=["quiz"]
quiz("only-a-view")

# %%
H, W, w = 8, 12, 4
places = torch.arange(H * W)
right = lib.to_windows(places.view(1, 1, H, W), w)[..., 0]      # (6, 16): the places of each window
glued = places.view(1, H // w, w, W // w, w, 1).view(-1, w * w)        # as published
maps = []
for windows in (right, glued):
    owner = torch.zeros(H * W, dtype=torch.long)
    for number, members in enumerate(windows):
        owner[members] = number + 1
    maps.append(PAINTS[owner.view(H, W)].movedim(-1, 0))
fig = viz.small_multiples(maps, ["as meant: squares", "as published"], ncols=2, size=3)
viz.show(fig, alt="Two maps of 8 by 12 places, each place in the colour of its window. Left: six "
                  "squares of 4 by 4. Right: six bands that run along the rows, each one row and "
                  "a third long.")

# %% [markdown]
# `view` moves no number. Without the `permute` a "window" is the next 16 places in memory, one row and a third. Attention runs, the way back is a `view` as well, so everything returns to its place, and any test that cuts and glues passes. Only the neighbours are the wrong ones. (Its author saw the point at once.) What finds it: cut a map of place numbers, as section 7 did, and look.
#
# **Three.** A model collection known for its care has windows on maps of any size, so it fills up with zeros. In its Swin networks the order is: roll by the shift, *then* fill up, then cut (huggingface/pytorch-image-models, issue 2438, 2025, and still so in version 1.0.31). The mask is made for the filled size, in the usual way.

# %% tags=["quiz"]
quiz("roll-then-pad")

# %%
length, w, s = 9, 4, 2                                            # a line of 9 places, windows of 4
filled = 12


def false_friends(line):  # pairs that may meet but lie farther apart than a window is long
    piece = [(seat >= filled - w) + (seat >= filled - s) for seat in range(filled)]
    pairs = [(i, j) for i in range(filled) for j in range(i + 1, filled) if i // w == j // w]
    return [(line[i], line[j]) for i, j in pairs if piece[i] == piece[j]
            and min(line[i], line[j]) >= 0 and abs(line[i] - line[j]) >= w]


line, empty = torch.arange(length), torch.full((filled - length,), -1)
fill_then_roll = torch.cat([line, empty]).roll(-s).tolist()
roll_then_fill = torch.cat([line.roll(-s), empty]).tolist()
for name, places in (("fill, then roll", fill_then_roll), ("roll, then fill", roll_then_fill)):
    print(f"{name}: {places}   false neighbours: {false_friends(places)}")

# %% [markdown]
# The mask knows that what came around the corner stands in the last two seats. After rolling first and filling up later, the last seats are empty ones, and place 0 sits in the middle of a window with places 6, 7 and 8, unmasked. On a map that fits its windows nothing is filled, and nothing is wrong. So: fill, roll, cut, and back in the opposite order. What finds it: change one place, and list who notices, on a size that is *no*
# multiple of the window.
#
# Habits of this chapter: number the places before you cut them; test on H different from W and on sizes that do not fit; ask of every bridge what gets across; and before you believe a gain, count the parameters of both.

# %% [markdown] tags=["instructor"]
# Two hours: cover and section 1 (15), the cloth and the watershed (20), hourglass and gates with exercise 7.2 in the room (35), the eight maps (10), scissors and pencil for windows (15), the coloured scales (5), ranking and recorded tables (15), puzzle two (5). Homework: 7.1 and 7.3 to 7.8. If time is short, sections 2 and 8 can be read at home.

# %% [markdown]
# ## Recap
#
# | | formula | note |
# |---|---|---|
# | mean IoU | $\frac1K \sum_c \frac{\# \text{both}}{\# \text{either}}$ | counts pooled over all pictures; chapter 8 has other means |
# | Otsu | $\arg\max_t w_0 w_1 (\mu_0 - \mu_1)^2$ | k-means with two clusters of grey values, found by search |
# | watershed | $\arg\min_m \min_{\text{path}} \max_{\text{path}} \lvert \nabla I \rvert$ | the marker with the lowest pass |
# | skip | $\operatorname{conv}([\uparrow u;\, s])$ | *what* from below, *where* from across |
# | attention gate | $\hat x = \sigma(\psi^\top \operatorname{relu}(W_x x + W_g g + b_g) + b_\psi)\, x$ | resampled inside; sigmoids, no softmax |
# | hybrid | $x + W_{\text{out}}\, \operatorname{blocks}(W_{\text{in}} x + P)$ | where places are few |
# | windows | $N^2 \to N w^2$ | shifted in turn; a mask, since a roll is a ring |
# | scales | $\sum_s \operatorname{softmax}_s(h^s)\, p^s$ | one query a pixel, S keys |
#
# A pixel cannot know what it belongs to; classical methods let it ask its neighbours by rules that somebody wrote, networks by rules that they learn. Convolutions with skips are hard to beat where what decides lies near, and attention is worth its price where it lies far. Which of the two you have, you find out by comparing at equal size, on both kinds of task, with more than one seed.
#
# Where it went next: SegFormer (Xie et al. 2021) made the encoder of Transformers at all scales and the decoder of next to nothing. Mask2Former (Cheng et al. 2022) asks with one query for each object rather than with each pixel, which is chapter 9's subject. And Segment Anything (Kirillov et al. 2023) takes a click, as region growing did, and answers with a mask. Chapter 8 stays with pixels and asks how to score them, how to
# train for it, and what DANet's and CCNet's attention add.
#
# ### References
#
# - S. Beucher, C. Lantuéjoul, *Use of watersheds in contour detection*, International workshop on image processing, Rennes 1979.
# - J. Chen et al., *TransUNet: Transformers make strong encoders for medical image segmentation*, arXiv 2021.
# - L.-C. Chen, Y. Yang, J. Wang, W. Xu, A. Yuille, *Attention to scale: scale-aware semantic image segmentation*, CVPR 2016.
# - B. Cheng, I. Misra, A. Schwing, A. Kirillov, R. Girdhar, *Masked-attention mask transformer for universal image segmentation*, CVPR 2022.
# - A. Kirillov et al., *Segment anything*, ICCV 2023.
# - Z. Liu et al., *Swin Transformer: hierarchical vision transformer using shifted windows*, ICCV 2021.
# - O. Oktay et al., *Attention U-Net: learning where to look for the pancreas*, MIDL 2018.
# - N. Otsu, *A threshold selection method from gray-level histograms*, IEEE Transactions on Systems, Man, and Cybernetics 1979.
# - O. Ronneberger, P. Fischer, T. Brox, *U-Net: convolutional networks for biomedical image segmentation*, MICCAI 2015.
# - E. Xie et al., *SegFormer: simple and efficient design for semantic segmentation with Transformers*, NeurIPS 2021.
