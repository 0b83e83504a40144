# %% [markdown]
# # 4 · Self-attention and non-local blocks
#
# **What can't a convolution see?**
#
# *Mark the digits that have the colour of the patch in the corner.* Try it on the left picture below. It shows what one pixel of a network of ten convolutions has to go by: a window of 21 x 21 pixels around itself. Now try it on the right one.
# You need one glance, and the network cannot do it at all, however long it is trained. Between a pixel and what decides about it can lie the whole picture.
#
# After it you can **measure** what a network sees, **denoise** a page with letters from elsewhere on it, **write** the non-local operator in its four forms and divide by the right number, **wire** a block that changes nothing on its first day, **say** why its gradients are zero
# then, and **test** whether attention found what it should.
#
# *About 130 minutes of reading and 68 of exercises. You need chapter 1 (attention, masks apart) and convolutions.*

# %% tags=["setup"]
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from torch import nn
from torch.testing import assert_close

import course_lib.attention as lib
from course_lib import data, experiments, viz
from course_lib.attention import attend, record_attention
from course_lib.exercises import check, hint, predict, quiz

viz.use_style()
torch.set_num_threads(1)  # maps as small as these are fastest on one core

CUED = data.SceneOptions(size=(48, 72), digits=5, cue="top-left", cue_size=7)


def cutting(name, top, left, height=48, width=96):  # a piece of a photo, in grey, at full size
    return data.photo(name, gray=True)[:, top:top + height, left:left + width]


def psnr(image, clean):  # in dB: 10 more is a tenth of the squared error
    return -10 * ((image - clean) ** 2).mean().log10()


def patches_of(image, side=5):  # (1, H, W) -> (H * W, side * side), one patch around every pixel
    padded = F.pad(image[None], (side // 2,) * 4, mode="reflect")
    return F.unfold(padded, side)[0].T

# %% tags=["cover"]
one = data.scene(37, CUED)
row, col = 13, 59                     # a pixel of the 8
window = torch.full_like(one.image, 0.75)
here = slice(row - 10, row + 11), slice(col - 10, col + 11)
window[:, *here] = one.image[:, *here]
fig = viz.small_multiples([window, one.image], ["what ten 3 x 3 convolutions read",
                                                "what the answer depends on"], size=4.3)
for ax in fig.axes:
    viz.outline(ax, row - 1, col - 1, 2, 2)
viz.show(fig, alt="Two panels, a pixel marked on both. Left: a grey field with a window in it, in "
                  "which a blue 8 is seen and nothing else. Right: the whole picture, five "
                  "digits in three colours on black, and a blue square in the upper left corner.")

# %% [markdown]
# ## Three questions from earlier chapters
# *3 minutes*
#
# All three are needed below. Answer with `quiz("what-averages-out", "a")` and so on; each option has a reason.

# %% tags=["quiz"]
quiz("what-averages-out")

# %% tags=["quiz"]
quiz("no-more-order")

# %% tags=["quiz"]
quiz("gate-or-place")

# %% [markdown]
# ## 1 · How far does a convolution see?
# *12 minutes, then exercise 4.1*
#
# Take the picture above and paint its corner patch in another colour. The right answer changes at once: other digits have to be marked. Does the answer of a network change, too? Here is one with ten convolutions of 3 x 3 and random weights, and nothing has been trained. We only want to know
# which of its outputs *can* change.

# %%
def convolutions(depth, width=8, dilation=lambda layer: 1):
    layers = []
    for layer in range(depth):
        d = dilation(layer)
        conv = nn.Conv2d(width if layer else 3, width, 3, padding=d, dilation=d, bias=False)
        nn.init.kaiming_normal_(conv.weight)  # keeps the signal's size through all layers
        layers += [conv, nn.ReLU()]
    return nn.Sequential(*layers)


# %% tags=["predict"]
predict("repaint-the-corner")

# %%
torch.manual_seed(0)
image = data.scene(37, CUED).image[None]  # (1, 3, 48, 72)
repainted = image.clone()
repainted[..., :7, :7] = image[..., :7, :7].roll(1, dims=1)  # other strengths of red, green, blue
network = convolutions(10)
with torch.no_grad():
    change = (network(image) - network(repainted)).abs().amax(1)[0]  # (48, 72)
changed = (change > 0).nonzero()
print("outputs that change: rows 0 to", changed[:, 0].max().item(),
      "and columns 0 to", changed[:, 1].max().item())
print(f"outputs that are equal to the last bit: {(change == 0).float().mean():.0%}")

# %% [markdown]
# The patch ends at row 6, and the change ends ten rows further, at row 16. Behind that line the two outputs are not similar but *equal*. This holds for any weights, so no training can help. A digit that lies there is marked the same way under a red patch and under a blue one.
#
# So let us ask a network directly how far it sees. Take a single output, in the middle, and its derivative with respect to every pixel of the image. A pixel with derivative zero could be anything.

# %%
def seen_from_the_middle(network, side=99):
    x = torch.randn(1, 3, side, side).requires_grad_()
    out = network(x)                                   # (1, C, h, w)
    out[0, :, out.shape[2] // 2, out.shape[3] // 2].sum().backward()
    return x.grad[0].abs().sum(0)                      # (side, side)


def width_of(seen):
    columns = seen.sum(0).nonzero()
    return (columns.max() - columns.min() + 1).item()


torch.manual_seed(0)
halved = nn.Sequential(convolutions(3), nn.MaxPool2d(2), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3))
for name, net in {"6 layers": convolutions(6), "10 layers": convolutions(10),
                  "3 layers, pool 2, 2 layers": halved,
                  "4 layers, dilation 1 2 4 8": convolutions(4, dilation=lambda k: 2**k)}.items():
    print(f"{name:27} sees {width_of(seen_from_the_middle(net)):2} pixels across")

# %% [markdown]
# What an output can depend on is its ***receptive field***. Its side can be computed on paper. A layer with kernel $k$ sees $k$ numbers of the layer below, and between the first and the last of them lie $k - 1$ steps. So each layer adds its steps, measured in pixels of the image:
#
# $$ r = 1 + \sum_{l=1}^{L} (k_l - 1)\; d_l \prod_{m=1}^{l-1} s_m $$
#
# $k_l$ is the kernel of layer $l$, $d_l$ its dilation, that is how far apart the taps of the kernel lie, and $s_m$ are the strides of the layers *before* it, because behind a stride of 2 a step is worth two pixels of the image. For ten layers of 3 x 3: $1 + 10 \cdot 2 = 21$, the window on
# top of this chapter. For the third line: three layers add 2 each, the pool (kernel 2, stride 2) adds 1, and two layers behind it add $2 \cdot 2$ each: $1 + 6 + 1 + 8 = 16$.
#
# It grows with depth, then, and faster with strides. Forty layers of 3 x 3 see 81 pixels. Problem solved?

# %% tags=["predict"]
predict("forty-layers")

# %%
def bell(depth, draws=10):  # a mean over random networks, adding up to 1
    maps = torch.stack([seen_from_the_middle(convolutions(depth)) for _ in range(draws)])
    return (maps / maps.sum((1, 2), keepdim=True)).mean(0)


def nine_tenths(seen):  # the side of the middle square that holds 0.9 of it
    middle, sides = seen.shape[0] // 2, range(1, seen.shape[0] + 1, 2)
    inside = [seen[middle - s // 2:middle + s // 2 + 1, middle - s // 2:middle + s // 2 + 1].sum()
              for s in sides]
    return next(s for s, part in zip(sides, inside) if part >= 0.9)


# %% tags=["long"]
torch.manual_seed(0)
depths = (5, 10, 20, 40)
bells = [bell(depth) for depth in depths]
for depth, seen in zip(depths, bells):
    print(f"{depth:2} layers   receptive field {2 * depth + 1:2}   nine tenths of the gradient "
          f"within {nine_tenths(seen):2}")

# %%
tiles = [(seen / seen.max()).sqrt() for seen in bells]
fig = viz.small_multiples(tiles, [f"{depth} layers" for depth in depths], ncols=4,
                          cmap=viz.WEIGHTS_CMAP, vmin=0, vmax=1, size=2.2)
for ax, depth, seen in zip(fig.axes, depths, bells):
    inner = nine_tenths(seen)
    viz.outline(ax, 49 - depth, 49 - depth, 2 * depth + 1, 2 * depth + 1, color=viz.KEY)
    viz.outline(ax, 49 - inner // 2, 49 - inner // 2, inner, inner)
viz.show(fig, alt="Four maps of the gradient, for 5, 10, 20 and 40 layers. Each is a bright spot "
                  "that fades outward. A green square marks the receptive field, and grows "
                  "from a small box to nearly the whole panel. A blue square marks nine tenths "
                  "of the gradient; it grows slowly, and for 40 layers it is far inside.")

# %% [markdown]
# Depth times eight, receptive field times seven, and the part that matters times three. Most of what forty layers *could* see has hardly any say. The reason is a count of paths. A pixel in the middle reaches the output along a huge number of paths, a step left here, a step right there; a pixel at the edge only
# along the one path that goes outward in every layer. A sum of many independent steps makes a bell, and its width grows like the root of their number. Luo et al. (2016) found this ***effective receptive field***, and also that training widens it, without filling the square. (The maps show roots, or you would see only the middle.)
#
# Strides and dilation make the steps longer, so they help, and at the bottom of a U-Net a place may well see the whole image. Then the question is a finer one: not whether the message *can* arrive, but through how many hands it passes. Each layer hands it on by the same fixed weights, in whatever direction, wanted or not.
# Section 10 puts that to the test, and what comes out is not quite what you may expect. What you would like instead is one step from any place to any other, taken only where it is worth it. You have seen such a step: chapter 1's iris that found the other iris.

# %% tags=["poke"]
# Poke it: dilation 2 in every layer. The square grows fast. Is it read, or full of holes?
torch.manual_seed(0)
for name, dilation in {"1 1 1 1": lambda k: 1, "2 2 2 2": lambda k: 2,
                       "1 2 4 8": lambda k: 2**k}.items():
    seen = seen_from_the_middle(convolutions(4, dilation=dilation))
    side = width_of(seen)
    read = (seen > 0).sum() / side**2
    print(f"dilation {name}   {side:2} pixels across, read {read:4.0%} of them")

# %% [markdown] tags=["card"]
# ### Exercise 4.1 · How far a stack of convolutions sees
# **difficulty** ●●○○○ **importance** ●●●●○ **about 8 minutes** **2 points**
#
# Write `receptive_field(layers)`. The formula is above; a loop that carries two numbers is all it takes. You can check it against the gradients of this section.
#
# | | | |
# |---|---|---|
# | `layers` | list of `(kernel, stride, dilation)` | first layer first; an empty list sees 1 pixel |
# | returns | int | the side of the square that one place of the last map sees, in pixels |
#
# On paper: a kernel of 3 with stride 2, then a kernel of 3 with stride 1, no dilation. The first adds 2 pixels. A step of the second is worth 2 pixels, so it adds 4. That makes 7.

# %% tags=["exercise"] exercise="receptive-field"
def receptive_field(layers):
    # BEGIN SOLUTION
    side, step = 1, 1
    for kernel, stride, dilation in layers:
        side += (kernel - 1) * dilation * step
        step *= stride  # a step behind this layer is worth that many pixels
    return side
    # END SOLUTION


check("receptive-field", receptive_field)

# %% [markdown] tags=["instructor"]
# Begin with the cover: show the left panel alone, and let the room argue about which digits to mark. Then the equal bits. It takes a minute until somebody says "but with training": that is the moment of the section. On the bell, ask how many paths there are to the corner of the square (one) and to the middle. Cut list: the
# poke, and the pooling line of the table.

# %% [markdown]
# ## 2 · A letter from elsewhere
# *12 minutes*
#
# Leave networks for a moment. Below is a piece of a printed page, photographed, with noise added. The oldest cure for noise is to average: true values agree, noise does not. A blur averages each pixel with its neighbours, and takes the nearer ones more seriously. How wide should it be? Try, and keep the best.

# %%
def blur(image, sigma):  # a Gaussian of that width, in pixels
    reach = int(3 * sigma + 0.5)
    kernel = torch.exp(-torch.arange(-reach, reach + 1) ** 2 / (2 * sigma**2))
    kernel = kernel / kernel.sum()
    padded = F.pad(image[None], (reach,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel.view(1, 1, 1, -1)), kernel.view(1, 1, -1, 1))[0]


torch.manual_seed(0)
page = cutting("page", 60, 140)                        # (1, 48, 96), values from 0 to 1
noisy = page + 0.1 * torch.randn(page.shape)
print(f"noisy: {psnr(noisy, page):.1f} dB")
for sigma in (0.4, 0.5, 0.6, 0.8, 1.2):
    print(f"blur of width {sigma}: {psnr(blur(noisy, sigma), page):.1f} dB")

# %% [markdown]
# The unit is the decibel, of the ***PSNR***: $-10 \log_{10}$ of the mean squared error. Three more halve the error, ten more make it a tenth. A blur gains at best a little over two dB here. Wider, and it takes the strokes of the letters with it, since the neighbour of a stroke is paper. The neighbours of a pixel are not its relatives.
#
# Then who is? There are four *e*'s in these lines. The curve of one *e* lies dozens of pixels from the next, and it is the same curve with other noise on it. So do what chapter 1 did with the iris: take the patch around a pixel, compare it with the patches around *all* others, and average with those that look alike.

# %% tags=["predict"]
predict("who-should-help")

# %%
def likeness(image, h=0.06, noise=0.1, side=5):
    patches = patches_of(image, side)                                     # (N, side * side)
    distance = torch.cdist(patches, patches) ** 2 / side**2               # (N, N), per pixel
    distance = (distance - 2 * noise**2).clamp_min(0)                     # what noise alone makes
    return (-distance / h**2).softmax(-1)                                 # (N, N), rows sum to 1


torch.manual_seed(0)
page = cutting("page", 60, 140)
noisy = page + 0.1 * torch.randn(page.shape)
weights = likeness(noisy)                                                 # (4608, 4608)
cleaned = (weights @ noisy.flatten()).view_as(page)
best = max((blur(noisy, s / 10) for s in range(3, 20)), key=lambda b: psnr(b, page))
print(f"noisy {psnr(noisy, page):.1f} dB, blurred {psnr(best, page):.1f} dB, "
      f"with letters from elsewhere {psnr(cleaned, page):.1f} dB")

# %%
images = {"the page": page, f"noisy, {psnr(noisy, page):.1f} dB": noisy,
          f"best blur, {psnr(best, page):.1f} dB": best,
          f"non-local means, {psnr(cleaned, page):.1f} dB": cleaned}
fig = viz.small_multiples(list(images.values()), list(images), ncols=2, size=4.3, vmin=0.2, vmax=1)
viz.show(fig, alt="A strip of printed text four times: clean; under coarse noise; blurred, with "
                  "soft letters and grain left between them; and averaged over look-alikes, with "
                  "smooth paper and sharp letters, a little rough at rare shapes.")

# %%
inner = weights.view(48, 96, 48, 96)[2:-2, 2:-2, 2:-2, 2:-2]     # queries and keys off the edge
fig, axes = plt.subplots(2, 1, figsize=(6.4, 6.6))
for ax, (name, row, col) in zip(axes, (("Who looks like this curve of an e?", 15, 66),
                                       ("Who looks like this end of a stroke?", 33, 6))):
    viz.attention_over_photo(page, inner[row, col], (row, col), patch=5, stride=1, vmax=250,
                             top=7, title=name, colorbar=False, ax=ax)
viz.show(fig, alt="The page twice in grey. Above, the left curve of the e in 'are' is outlined in "
                  "blue, and green boxes lie on the e's of 'markers', 'either' and 'object', "
                  "and on like curves of a, t, o and r. Below, from the foot of the t in "
                  "'either', boxes lie on the foot of the other t and on feet of other letters.")

# %% [markdown]
# Each pixel asked all 4,608, and the ones that answered were those that look like it, wherever they are. This is ***non-local means*** (Buades, Coll and Morel 2005):
#
# $$ y_i = \frac{1}{C_i} \sum_{j=1}^{N} e^{-\lVert P_i - P_j \rVert^2 / h^2}\; x_j, \qquad C_i = \sum_{j=1}^{N} e^{-\lVert P_i - P_j \rVert^2 / h^2} $$
#
# $x_j$ is the noisy grey value at pixel $j$, of $N = HW$. $P_j$ is the patch around it, 25 numbers, and the distance is a mean over the 25. $h$ says how alike is alike enough. $C_i$ makes the weights sum to 1, so exponential and $C_i$ together are a softmax over $j$. One line of the code is not in the formula: two patches that are truly equal differ by their noise, by $2\sigma^2$ per pixel on average, and `likeness` forgives them that much.
#
# **Where it does not help.** Non-local means lives on repetition. Six pieces of photos, same noise, same settings:

# %% tags=["long"]
pieces = {"page": cutting("page", 60, 140), "brick": cutting("brick", 220, 200),
          "coins": cutting("coins", 120, 140), "pagoda": cutting("china", 180, 270),
          "grass": cutting("grass", 220, 200), "cat": cutting("cat", 60, 180)}
print("            blur   non-local   gained")
for name, clean in pieces.items():
    torch.manual_seed(0)
    noisy = clean + 0.1 * torch.randn(clean.shape)
    blurred = max(psnr(blur(noisy, s / 10), clean) for s in range(3, 30))
    averaged = psnr((likeness(noisy) @ noisy.flatten()).view_as(clean), clean)
    print(f"{name:9} {blurred:5.1f} dB {averaged:7.1f} dB {averaged - blurred:+8.1f}")

# %% [markdown]
# One and a half to two decibels for everything that repeats: letters, joints, coins, roofs. Two losses: in grass and in the cat's fur no patch has a real double, so the look-alikes are chance hits, and a plain blur does better. (The blur was even allowed to pick its best width by looking at the truth.) The recorded run is stricter. There each method finds its settings on another photo, and two more take part: non-local means that looks only into a square around the pixel, and scikit-image's, which also looks near.

# %%
recorded = experiments.load_record("denoise")
print(experiments.summary(recorded, ["page", "brick", "grass", "cat", "mean"], digits=1))
print(experiments.provenance(recorded))

# %% [markdown]
# On average it is a decibel better than a blur that has been told the truth. And is it worth looking everywhere? On the page it is, by more than a decibel: its *e*'s are far apart. For a wall or a cat the square is as good or better, since who looks further also meets more strangers who happen to look alike. That is why practical programs search nearby. An average over the whole picture is worth as much as the picture repeats itself; keep it in mind when the places become features.

# %% tags=["poke"]
# Poke it: smaller and larger patches. Why does the page want small ones, and the wall large ones?
for name, clean in (("page", cutting("page", 60, 140)), ("brick", cutting("brick", 220, 200))):
    torch.manual_seed(0)
    noisy = clean + 0.1 * torch.randn(clean.shape)
    gains = [psnr((likeness(noisy, side=k) @ noisy.flatten()).view_as(clean), clean)
             for k in (1, 3, 7)]
    print(f"{name:6}", "   ".join(f"{k} x {k}: {g:.1f} dB" for k, g in zip((1, 3, 7), gains)))

# %% [markdown] tags=["instructor"]
# Ask who should help the pixel in the stroke of the *e* before anything runs, and collect the answers on the board; "the pixels along the stroke" comes up and is worth praise, it is what anisotropic diffusion does. The table of six is the honest half of the section. Cut list: the poke, and the cell with the three maps if the projector is poor.

# %% [markdown]
# ## 3 · One formula for all of it
# *9 minutes, then exercise 4.2*
#
# One layer that lets every place hear every other: you know such a layer, it is as old as networks are. `nn.Linear(N, N)` on the flattened map has a weight for each pair of places. It sees everything, too. Why not take that?

# %% tags=["predict"]
predict("why-not-linear")

# %%
torch.manual_seed(0)
page = cutting("page", 60, 140)[:, :24, :48].clone()          # (1, 24, 48), so N = 1152
moved = page.roll(9, dims=2)                                  # the page, nine pixels further right
linear = nn.Linear(1152, 1152, bias=False)


def by_likeness(grey):  # (1152,); for once, single pixels are compared
    return (-(grey[:, None] - grey) ** 2 / 0.01).softmax(-1) @ grey


for name, layer in (("linear", linear), ("by likeness", by_likeness)):
    there, here = (layer(image.flatten()).view_as(image) for image in (moved, page))
    apart = (there - here.roll(9, dims=2)).abs().max()
    print(f"{name:12} the page moves, the answer moves with it: {apart.item() < 1e-4}")
print(f"weights of the linear layer, one channel: {linear.weight.numel():,}")

# %% [markdown]
# The linear layer has learned, or would have learned, that place 17 matters to place 900. Move the letters, and that is wrong. Its weights belong to *places*, and 1.3 million of them fit one size of image with one channel. The weights by likeness belong to *contents*: they are computed anew for each picture, they
# follow when the contents move, and there is nothing to store. This difference is the whole idea. Wang, Girshick, Gupta and He (2018) took non-local means, exchanged its parts for parts that can be learned, and called the general form the ***non-local operator***:
#
# $$ y_i = \frac{1}{C(x)} \sum_{j} f(x_i, x_j)\; g(x_j) $$
#
# | | what it is | in non-local means | in the code below |
# |---|---|---|---|
# | $i$ | a place that asks | a pixel | a row, 0 to $N-1$ |
# | $j$ | any place, $i$ among them | any pixel | a row, 0 to $M-1$ |
# | $x_i$ | the features there | the patch around it, 25 numbers | `x[i]`, `(D,)` |
# | $f(x_i, x_j)$ | one number: how much $i$ should hear of $j$ | $e^{-\lVert P_i - P_j \rVert^2/h^2}$ | `f[i, j]` |
# | $g(x_j)$ | what $j$ has to tell | its grey value | `g[j]`, `(E,)` |
# | $C(x)$ | what the sum is divided by | the sum of $f$ over $j$ | `f.sum(1)` |
#
# Words differ from field to field, the thing does not: $x_i$ is chapter 1's query, $x_j$ in $f$ is a key, $g(x_j)$ is a value. $f$ is called the ***pairwise function***. The simplest one that has no $h$ to tune is the *Gaussian*, $f = e^{x_i^\top x_j}$ (the bell is hidden: for vectors of equal length, $\lVert a-b \rVert^2$ is a constant minus $2\,a^\top b$). And then, if you give all patches the same length,
# the three names of the same thing meet in one cell:

# %%
torch.manual_seed(0)
page = cutting("page", 60, 140)[:, :24, :48]
x = F.normalize(patches_of(page) - page.mean(), dim=1) * 5**0.5                 # (1152, 25)
grey = page.reshape(-1, 1)                                                      # (1152, 1)
non_local_means = (-torch.cdist(x, x) ** 2 / 2).softmax(-1) @ grey              # h squared is 2
operator = lib.non_local(x[None], x[None], grey[None], pairwise="gaussian")[0]
attention = attend(x[None, None], x[None, None], grey[None, None], scale=1.0)[0, 0]
assert_close(non_local_means, operator, rtol=0, atol=1e-4)
assert_close(operator, attention)
print("non-local means = the non-local operator = attention, on patches of equal length")

# %% tags=["poke"]
# Poke it: C(x) is a sum over j. What if it were the sum over i, down the columns?
f = (x @ x.T).exp()                                                             # (1152, 1152)
for name, total in (("over j, the ones heard", f.sum(1, keepdim=True)),
                    ("over i, the ones who hear", f.sum(0, keepdim=True))):
    y = (f / total) @ torch.ones(1152, 1)                                       # every g is 1
    print(f"{name:26} a mean of ones lies between {y.min():.2f} and {y.max():.2f}")

# %% [markdown] tags=["card"]
# ### Exercise 4.2 · Every place asks every place
# **difficulty** ●●○○○ **importance** ●●●●● **about 10 minutes** **3 points**
#
# Write `non_local_loops(x, g)`, the operator with the Gaussian, by explicit loops over $i$ and $j$. `softmax` is closed; the point is to see every term.
#
# | | shape | |
# |---|---|---|
# | `x` | `(N, D)` | features; both queries and keys |
# | `g` | `(N, E)` | what each place has to tell |
# | returns | `(N, E)` | $f = e^{x_i^\top x_j}$, divided by its sum over $j$ |
#
# On paper: `x = [[0.], [1.]]`, `g = [[10.], [20.]]`. Place 0 hears both alike: 15. Place 1: weights $e^0 = 1$ and $e^1 = 2.72$, so $(10 + 2.72 \cdot 20) / 3.72 = 17.3$.

# %% tags=["exercise"] exercise="non-local-loops"
def non_local_loops(x, g):
    # BEGIN SOLUTION
    y = torch.zeros_like(g)
    for i in range(len(x)):
        scores = [x[i] @ x[j] for j in range(len(x))]
        largest = max(scores)                            # so that no exponential overflows
        f = [(s - largest).exp() for s in scores]
        y[i] = sum(f[j] * g[j] for j in range(len(x))) / sum(f)
    return y
    # END SOLUTION


check("non-local-loops", non_local_loops)

# %% [markdown] tags=["instructor"]
# The table of symbols is the page to leave on the projector; chapters 5 to 9 use it. Have the room fill in its middle column. Somebody will say that the linear layer could be trained to shift with the image: that is a convolution, and it sees only as far as its kernel. Cut list: the poke.

# %% [markdown]
# ## 4 · Four ways to compare two places
# *11 minutes, then exercise 4.3*
#
# $f$ can be anything that makes one number of two feature vectors. The paper has four. Let $\theta_i = W_\theta x_i$ and $\phi_j = W_\phi x_j$, learned projections of $D$ numbers each: the same features, dressed once for asking and once for being asked.
#
# | | $f(x_i, x_j)$ | $C(x)$ |
# |---|---|---|
# | Gaussian | $e^{x_i^\top x_j}$ | $\sum_j f(x_i, x_j)$ |
# | ***embedded Gaussian*** | $e^{\theta_i^\top \phi_j}$ | $\sum_j f(x_i, x_j)$ |
# | dot product | $\theta_i^\top \phi_j$ | ? |
# | concatenation | $\operatorname{relu}(w_f^\top [\theta_i; \phi_j])$ | ? |
#
# The second is softmax attention, without the $1/\sqrt D$. The third leaves the exponential out, the fourth is close to chapter 1's additive score. What should they be divided by? A weighted mean divides by the sum of its weights. So take $\sum_j f$ again, as above.

# %% tags=["predict"]
predict("sum-of-scores")

# %%
torch.manual_seed(0)
theta, phi, g = torch.randn(3, 1, 400, 16) * 16**-0.25   # (1, 400, 16) each; scores spread by 1
f = theta @ phi.mT                                       # (1, 400, 400)
by_sum = f / f.sum(-1, keepdim=True) @ g
by_count = f / 400 @ g
for name, y in {"softmax": f.softmax(-1) @ g, "divided by the sum": by_sum,
                "divided by 400": by_count}.items():
    size = y.norm(dim=-1)[0]                             # (400,)
    print(f"{name:19} length of an answer: median {size.median():5.2f}, largest {size.max():4.0f}")

# %% [markdown]
# A mean of vectors of length 2 should not have a length of hundreds. Scores of a dot product have both signs, so their sum can be close to 0 for a query that is liked by half of the keys and disliked by the other half. Dividing by that is a lottery. (And if it is below 0, all signs turn.) The paper divides by a number that cannot do this: how many keys there are,
#
# $$ C(x) = M \qquad \text{for the dot product and the concatenation.} $$
#
# Then why divide at all? A sum of 400 terms grows with the number of places, and the same network shall run on images of any size. Here is the test that any $C(x)$ has to pass: put every key and its value in twice. Nothing new has been said, so nothing may change.

# %%
torch.manual_seed(0)
theta, phi, g = torch.randn(3, 1, 400, 16) * 16**-0.25
twice = torch.cat([phi, phi], dim=1), torch.cat([g, g], dim=1)     # (1, 800, 16) each
w_f = torch.randn(32) / 32**0.5
for name in ("gaussian", "embedded_gaussian", "dot_product", "concatenation"):
    extra = {"pairwise": name, "w_f": w_f if name == "concatenation" else None}
    once, again = lib.non_local(theta, phi, g, **extra), lib.non_local(theta, *twice, **extra)
    print(f"{name:18} every key twice: factor {again.norm() / once.norm():.1f}")
print(f"{'dot, undivided':18} every key twice: factor "
      f"{(theta @ twice[0].mT @ twice[1]).norm() / (theta @ phi.mT @ g).norm():.1f}")

# %% [markdown]
# The four do not spend their attention alike. An exponential makes differences into ratios: it can single out one key of thousands. A dot product can only grow in proportion, and it may say *minus*. Here is the *e* of section 2 in three of them, on plain patches, $\theta_i = \phi_i = x_i$. (The embedded Gaussian would be the first one again.)

# %%
torch.manual_seed(0)
page = cutting("page", 60, 140)
x = patches_of(page)
x = 2 * (x - x.mean(1, keepdim=True))                                           # (4608, 25)
query, w = x[17 * 96 + 68], torch.randn(50) / 5                                 # a curve of an e
maps = {"Gaussian": (x @ query).softmax(0), "dot product": x @ query / 4608,
        "concatenation": (query @ w[:25] + x @ w[25:]).relu() / 4608}
for name, m in maps.items():
    share = m.abs().sort(descending=True).values[:46].sum() / m.abs().sum()
    print(f"{name:13} the 46 strongest of 4608 keys, 1 in 100, hold {share:4.0%}")

# %%
fig = viz.small_multiples([m.view(48, 96) / m.abs().max() for m in maps.values()], list(maps),
                          ncols=3, cmap=viz.SCORES_CMAP, vmin=-1, vmax=1, size=3.1)
for ax in fig.axes:
    viz.outline(ax, 15, 66, 5, 5)
viz.show(fig, alt="Three maps of the page for one query, a curve of an e. Gaussian: blank but "
                  "for two dark dots, one on this e and one on the e of 'object', and faint "
                  "traces. Dot product: all strokes in orange and purple, for and against. Concatenation: orange everywhere, the letters in "
                  "relief, wherever the query lies.")

# %% [markdown]
# The Gaussian picks this *e* and the one of *object*, and nearly forgets the rest. The dot product answers to everything, for or against. The concatenation, whose $w_f$ is random here, hardly knows who asks: its score is a part from $i$ plus a part from $j$, and only the relu makes the two meet, as the `tanh` did in chapter 1.
#
# Which is best? Wang et al. tried all four in a ResNet-50 on videos of Kinetics and found 72.5 to 72.9 per cent, against 71.8 without a block. They concluded that the non-local step matters and the exact $f$ does not. The exponential became the standard for other reasons, among them the kernels of section 7. But the dot product has a charm of its own. No softmax stands between the two products, so you may choose which one to do first:
#
# $$ \underbrace{(\theta \phi^\top)}_{N \times M}\, g \;=\; \theta\, \underbrace{(\phi^\top g)}_{D \times E} $$

# %%
torch.manual_seed(0)
theta, phi, g = torch.randn(3, 1, 4608, 16) * 16**-0.25
left, right = (theta @ phi.mT) @ g / 4608, theta @ (phi.mT @ g) / 4608
assert_close(left, right, rtol=1e-3, atol=1e-4)
print(f"(theta phi) g: {2 * 4608**2 * 16:13,} products, a table of {4608**2:10,} numbers")
print(f"theta (phi g): {2 * 4608 * 16**2:13,} products, a table of {16**2:10,} numbers")

# %% [markdown]
# The same answer for 1/288 of the work, and the table of all pairs never exists. With a softmax in the middle this is not allowed, and chapter 6 is about people who wanted it all the same.

# %% tags=["poke"]
# Poke it: what happens to each form when the features become larger, as they do in training?
for name in ("embedded_gaussian", "dot_product"):
    answers = [lib.non_local(k * theta, k * phi, g, pairwise=name) for k in (1, 2, 4)]
    lengths = "  ".join(f"{y.norm(dim=-1).mean():.2f}" for y in answers)
    print(f"{name:18} features x 1, x 2, x 4: mean length of an answer {lengths}")

# %% [markdown] tags=["card"]
# ### Exercise 4.3 · Divided by how many?
# **difficulty** ●●○○○ **importance** ●●●○○ **about 8 minutes** **2 points**
#
# Write `dot_product_non_local(theta, phi, g)`: $f = \theta_i^\top \phi_j$, no softmax, and $C(x)$ as the paper has it. There may be more queries than keys, or fewer.
#
# | | shape | |
# |---|---|---|
# | `theta` | `(B, N, D)` | what the places ask with |
# | `phi` | `(B, M, D)` | what they are compared with |
# | `g` | `(B, M, E)` | what there is to tell |
# | returns | `(B, N, E)` | |
#
# On paper: `theta = [[2.]]`, `phi = [[1.], [-3.]]`, `g = [[10.], [4.]]`. Products 2 and -6, so $(2 \cdot 10 - 6 \cdot 4) / 2 = -2$.

# %% tags=["exercise"] exercise="dot-product-normalizer"
def dot_product_non_local(theta, phi, g):
    # BEGIN SOLUTION
    return theta @ (phi.mT @ g) / phi.shape[1]  # (B, D, E) first, then (B, N, E)
    # END SOLUTION


check("dot-product-normalizer", dot_product_non_local)

# %% [markdown] tags=["instructor"]
# The lottery of the sum is best shown by hand: scores 3, -2, -0.99, divide by their sum. Then ask for a normalizer that keeps the sign and does not blow up; "the sum of absolute values" is offered every time, and is a good idea (why did the paper not take it? it costs the table). In 4.3 the commonest slip is dividing by N. Cut list: the poke.

# %% [markdown]
# ## 5 · A block that starts as nothing
# *12 minutes, then exercises 4.4 and 4.5*
#
# So far the operator stood alone. In practice you have a network that works, trained for days, and want to give it the one step that it lacks. The obvious way: make the layer, put it between two others, train on. Here is a network for 8 x 8 digits that has been trained, for seconds rather than days:

# %% tags=["long"]
from course_lib.training import fit

torch.manual_seed(0)
layers = (nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(),
          nn.Identity(), nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(128, 10))
network = nn.Sequential(*layers)
images, labels = data.digits("test")


def right(model):
    with torch.no_grad():
        return (model(images).argmax(1) == labels).float().mean()


digits = torch.utils.data.TensorDataset(*data.digits("train"))
fit(network, digits, steps=400, lr=5e-3, progress=False)
print(f"more than nine in ten right: {(right(network) > 0.9).item()}")

# %% [markdown]
# The `nn.Identity` in the middle keeps a seat free, behind 32 channels. Put a fresh block there, whose weights all start at random, of a size that keeps the signal's size. Four attempts:

# %% tags=["predict"]
predict("fresh-block")

# %% tags=["nbval-ignore-output"]
torch.manual_seed(0)
print(f"as trained            {right(network):.0%}")
for attempt in range(4):
    block = lib.NonLocal(32)
    nn.init.kaiming_normal_(block.w_z.weight)             # the library would start it at zero
    network[4] = block
    print(f"a random block, no. {attempt + 1} {right(network):.0%}")
network[4] = nn.Identity()

# %% [markdown]
# What the later layers had learned to read has been mixed with noise, and with how much is luck. Days of training would first have to repair what the insertion broke. And these blocks already *add* their answer to what was there, as a *residual*; one that put its answer in its place would have left nothing. What they lack is a *zero start*: what is added should begin as nothing. With one more 1x1 convolution $W_z$, which brings the channels back to $C$,
#
# $$ z_i = W_z\, y_i + x_i, \qquad W_z = 0 \text{ at the start} $$
#
# At birth $z = x$. This is the ***non-local block***. Every part of it is a 1x1 convolution, a linear layer at each place:
#
# $$ y_i = \frac{1}{C(x)} \sum_j f(\underbrace{W_\theta\, x_i}_{\theta,\ \text{asks}},\; \underbrace{W_\phi\, x_j}_{\phi,\ \text{is asked}})\;\; \underbrace{W_g\, x_j}_{g,\ \text{tells}} $$
#
# $x$ is `(B, C, H, W)`. The three bring $C$ channels down to $D$, which the paper sets to $C/2$. The map is laid out as a list, `(B, H*W, D)`, the operator runs on the list, and the way back to a map must be the way there in reverse. If you write this with exercise 4.4, mind that `(B, H*W, D)` is not `(B, D, H, W)` in another order of writing: it takes a transpose before the `view`.

# %%
torch.manual_seed(0)
block = lib.NonLocal(32)
print({name: tuple(p.shape) for name, p in block.named_parameters()})
before = network(images)
network[4] = block
print("a block that starts at zero, equal to the last bit:", torch.equal(network(images), before))

# %% [markdown]
# With a batch norm behind $W_z$ one starts its scale at zero instead and leaves $W_z$ alone (`norm=True`); Wang et al. did that. One zero on the path is enough, and puzzle three is about two.
#
# Does a block that contributes nothing ever begin to? Train on for a moment, and look at what it adds:

# %% tags=["long", "nbval-ignore-output"]
def added(block, x):  # how much of the map is the block's, in length
    with torch.no_grad():
        return (block(x) - x).norm() / x.norm()


for steps in (0, 1, 10, 50):
    network[4] = block = lib.NonLocal(32)
    if steps:
        fit(network, digits, steps=steps, lr=1e-3, progress=False)
    share = added(block, network[:4](images))
    print(f"after {steps:2} steps   added {share:6.1%}   right {right(network):.0%}")

# %% [markdown]
# It does, from the first step on, and little by little. (The accuracy hardly moves. A digit of 8 x 8 pixels needs no far sight, and nothing was broken that had to be repaired.) Section 8 looks at that first step under a lens.

# %% tags=["poke"]
# Poke it: does the block know where a place lies? Shuffle all places of the map (think of question two above).
torch.manual_seed(0)
block, x = lib.NonLocal(32), torch.randn(1, 32, 6, 8)
nn.init.kaiming_normal_(block.w_z.weight)
order = torch.randperm(48)
shuffled = x.flatten(2)[..., order].view_as(x)
same = torch.allclose(block(shuffled), block(x).flatten(2)[..., order].view_as(x), atol=1e-5)
print("shuffled in, shuffled out, otherwise the same:", same)

# %% [markdown] tags=["card"]
# ### Exercise 4.4 · Theta, phi and g in the right axes
# **difficulty** ●●●○○ **importance** ●●●●● **about 12 minutes** **4 points**
#
# Write `non_local_map(x, w_theta, w_phi, w_g)`: the embedded Gaussian on a map, without the residual. Three projections, places laid out as a list, $e^{\theta_i^\top \phi_j}$ over its sum, and back. No factor $1/\sqrt D$: the paper has none.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | a feature map, H and W may differ |
# | `w_theta`, `w_phi` | `(D, C)` | weights of the 1x1 convolutions, no biases |
# | `w_g` | `(E, C)` | |
# | returns | `(B, E, H, W)` | $y$ at each place |
#
# On paper: one channel, one row of two places, `[0, 1]`; `w_theta = w_phi = [[1.]]`, `w_g = [[10.]]`. Place 0 has scores 0 and 0, so $y = 5$. Place 1 has scores 0 and 1, weights 0.27 and 0.73, so $y = 7.3$.

# %% tags=["exercise"] exercise="theta-phi-g"
def non_local_map(x, w_theta, w_phi, w_g):
    # BEGIN SOLUTION
    places = x.flatten(2).mT                                              # (B, H*W, C)
    theta, phi, g = places @ w_theta.T, places @ w_phi.T, places @ w_g.T  # (B, H*W, D), ..., E
    y = (theta @ phi.mT).softmax(-1) @ g                                  # (B, H*W, E)
    return y.mT.unflatten(2, x.shape[2:])                                 # (B, E, H, W)
    # END SOLUTION


check("theta-phi-g", non_local_map)

# %% [markdown] tags=["card"]
# ### Exercise 4.5 · The block that starts as nothing
# **difficulty** ●●●○○ **importance** ●●●●● **about 12 minutes** **4 points**
#
# The four convolutions are given. Add the zero start to the constructor, weight and bias, and write `forward`: $z_i = W_z\, y_i + x_i$ with the embedded Gaussian of 4.4. The check looks at the block as your constructor made it, and then gives it weights of its own.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, dim, H, W)` | a feature map |
# | returns | `(B, dim, H, W)` | at birth, `x` itself |
#
# On paper: one channel, one place, 3. With one place the only weight is 1, so $y = g = W_g \cdot 3$. If `g` multiplies by 2 and `w_z` by 0.5, no biases, $z = 0.5 \cdot 6 + 3 = 6$. At birth it is 3.

# %% tags=["exercise"] exercise="non-local-block"
class NonLocalBlock(nn.Module):
    def __init__(self, dim, inner_dim):
        super().__init__()
        self.theta = nn.Conv2d(dim, inner_dim, 1)
        self.phi = nn.Conv2d(dim, inner_dim, 1)
        self.g = nn.Conv2d(dim, inner_dim, 1)
        self.w_z = nn.Conv2d(inner_dim, dim, 1)
        # BEGIN SOLUTION
        nn.init.zeros_(self.w_z.weight)
        nn.init.zeros_(self.w_z.bias)
        # END SOLUTION

    def forward(self, x):  # (B, C, H, W)
        # BEGIN SOLUTION
        theta, phi, g = (layer(x).flatten(2).mT for layer in (self.theta, self.phi, self.g))
        y = (theta @ phi.mT).softmax(-1) @ g                   # (B, H*W, D)
        return self.w_z(y.mT.unflatten(2, x.shape[2:])) + x    # (B, C, H, W)
        # END SOLUTION


check("non-local-block", NonLocalBlock)

# %% [markdown] tags=["instructor"]
# Let the room guess the four accuracies before they come; "10 per cent" is the natural guess, and too pessimistic. Ask why a random block does not destroy everything (the residual is there already: half of the signal is the old one). In 4.4 the scrambled map is the classic: `y.view(B, E, H, W)` without a transpose runs and passes every test of shapes. Twenty-five minutes with both. Cut list: the training-on cell.

# %% [markdown]
# ## 6 · Lines, pictures, films
# *8 minutes, then exercise 4.6*
#
# Look again at the formula: $i$ and $j$ run over places, and nothing says what a place is. On a line it is a moment, in a picture a row and a column, in a film a frame, a row and a column. Here is a film of 16 frames. A digit passes behind a bar:

# %%
options = data.SceneOptions(size=(24, 40), digits=1)
film = data.video(3, options, frames=16, occluder=14, split="test")
names = [f"frame {t}" for t in range(0, 16, 2)]
fig = viz.small_multiples(film.frames[::2], names, ncols=4, size=2.1)
viz.show(fig, alt="Eight frames. A green 1 comes from the right, slides behind a broad grey bar, "
                  "is gone in frames 8 and 10, and comes out at the left.")

# %% [markdown]
# Somewhere in the middle there is nothing to be seen. A network that takes one frame at a time has nothing to go by there; the answer stands in *other* frames. The obvious extension of the block from pictures to films is to run it on each frame:

# %% tags=["predict"]
predict("frame-by-frame")

# %%
torch.manual_seed(0)
x = torch.randn(1, 8, 6, 5, 7)                                # (B, C, T, H, W): 6 frames of 5 x 7
other = x.clone()
other[:, :, 0] += 1.0                                         # something else in frame 0
image_block, space_time = lib.NonLocal(8), lib.NonLocal(8, ndim=3)
for block in (image_block, space_time):
    nn.init.kaiming_normal_(block.w_z.weight)


def frame_by_frame(x):
    frames = x.transpose(1, 2).flatten(0, 1)                  # (B*T, C, H, W)
    return image_block(frames).unflatten(0, (len(x), -1)).transpose(1, 2)


for name, way in (("frame by frame", frame_by_frame), ("space-time", space_time)):
    moved = (way(other) - way(x)).abs().amax((0, 1, 3, 4)) > 1e-5    # (T,)
    print(f"{name:15} frames that notice: {moved.nonzero().flatten().tolist()}")

# %% [markdown]
# Let the list of places be all places of all frames, `(B, T*H*W, D)`, and every frame hears of frame 0. In the library this is `ndim=3`, and the difference between one, two and three axes is which convolution makes $\theta$, $\phi$ and $g$. Nothing else in the block knows what a frame is:

# %%
torch.manual_seed(0)
blocks = [lib.NonLocal(8, ndim=n) for n in (1, 2, 3)]
for block in blocks[1:]:                                      # the same weights, other shapes
    block.load_state_dict({key: value.view_as(block.state_dict()[key])
                           for key, value in blocks[0].state_dict().items()})
for block in blocks:
    nn.init.ones_(block.w_z.weight)
x = torch.randn(1, 8, 6, 5, 7)
answers = [blocks[0](x.flatten(2)), blocks[1](x.flatten(2, 3)).flatten(2), blocks[2](x).flatten(2)]
assert_close(answers[0], answers[1])
assert_close(answers[1], answers[2])
print("a film of 6 x 5 x 7 = a picture of 30 x 7 = a line of 210")

# %% tags=["poke"]
# Poke it: count the pairs. What does each way cost for 32 frames of 28 x 28?
T, N = 32, 28 * 28
for name, pairs in {"frame by frame": T * N**2, "space, then time": T * N**2 + N * T**2,
                    "space-time": (T * N) ** 2}.items():
    print(f"{name:17} {pairs:11,} pairs")

# %% [markdown] tags=["card"]
# ### Exercise 4.6 · Space and time at once
# **difficulty** ●●●○○ **importance** ●●●●○ **about 10 minutes** **3 points**
#
# Write `space_time(x, w_theta, w_phi, w_g)`: as in 4.4, for a film. Every place at every time asks every place at every time.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, T, H, W)` | frames, rows, columns, all three different |
# | `w_theta`, `w_phi` | `(D, C)` | no biases |
# | `w_g` | `(E, C)` | |
# | returns | `(B, E, T, H, W)` | |
#
# On paper: two frames of a single place, one channel, 0 and then 1; all weights 1. As a list that is `[0, 1]`, so the answers are 0.5 and 0.73. Frame by frame each place would hear only itself, and they would be 0 and 1.

# %% tags=["exercise"] exercise="space-time"
def space_time(x, w_theta, w_phi, w_g):
    # BEGIN SOLUTION
    places = x.flatten(2).mT                                              # (B, T*H*W, C)
    theta, phi, g = places @ w_theta.T, places @ w_phi.T, places @ w_g.T
    y = (theta @ phi.mT).softmax(-1) @ g                                  # (B, T*H*W, E)
    return y.mT.unflatten(2, x.shape[2:])                                 # (B, E, T, H, W)
    # END SOLUTION


check("space-time", space_time)

# %% [markdown] tags=["instructor"]
# The prediction is easy for those who think of frames as a batch, and it is the point of the section: what is in one list can talk. Ask where else in the course batch and list were confused (softmax over the batch). In 4.6 the slip to expect is `flatten(3)`, time left outside. Cut list: the line of 210.

# %% [markdown]
# ## 7 · What every pair costs
# *8 minutes*
#
# 32 frames of 28 x 28 are 25,088 places and 629 million pairs. In float32 the table of weights alone takes 2.5 gigabytes, and its softmax makes a second one. Do we need it? The answer at a place is a weighted mean, and a mean can be taken as the terms come along. PyTorch can tell what it holds:

# %%
import os
from torch.autograd.profiler import profile

os.environ["KINETO_LOG_LEVEL"] = "6"  # keeps the profiler's own diary off the page


def most_held(function, *inputs):  # the most memory held at any moment, in MB, inputs apart
    with torch.no_grad(), profile(profile_memory=True) as trace:
        function(*inputs)
    changes = [e for e in trace.kineto_results.events() if e.name() == "[memory]"]
    held = torch.tensor([e.nbytes() for e in sorted(changes, key=lambda e: e.start_ns())])
    return held.cumsum(0).max().item() / 2**20


def explicit(theta, phi, g):
    return (theta @ phi.mT).softmax(-1) @ g


# %% tags=["predict"]
predict("four-times-the-places")

# %%
torch.manual_seed(0)
sides, ways = (16, 24, 32, 48, 64, 90), ("explicit", "embedded_gaussian", "dot_product")
held = {way: [] for way in ways}
for side in sides:
    tokens = torch.randn(3, 1, side * side, 16)
    for way in ways:
        run = explicit if way == "explicit" else lambda *t: lib.non_local(*t, pairwise=way)
        held[way].append(most_held(run, *tokens))
for way, megabytes in held.items():
    print(f"{way:18}", "  ".join(f"{s} x {s}: {mb:.0f}" for s, mb in zip(sides, megabytes)))

# %%
fig, ax = plt.subplots(figsize=(7, 3.6))
places = [side * side for side in sides]
for (way, megabytes), style in zip(held.items(), ("o-", "s--", "^:")):
    ax.loglog(places, megabytes, style, label=way.replace("_", " "))
ax.axhline(16 * 1024, color=viz.INK, lw=1)
ax.text(260, 10_000, "16 GB", va="top")
ax.set(xlabel="places, N", ylabel="held at most, in MB", xlim=(230, 3e5), ylim=(0.02, 4e4),
       title="The table of all pairs, held and not held")
ax.plot([8100, 8100 * (16 * 1024 / held["explicit"][-1]) ** 0.5], [held["explicit"][-1], 16 * 1024],
        color=viz.CATEGORICAL[0], ls=":")
ax.legend(loc="lower right")
viz.show(fig, alt="Memory against the number of places, on logarithmic axes. Explicit: a straight "
                  "line that grows a hundredfold for ten times the places, and reaches 16 "
                  "gigabytes near 46,000. The fused embedded Gaussian and the dot product grow in "
                  "proportion, and stay below 3 megabytes.")

# %% [markdown]
# The explicit form holds the table twice, as scores and as weights: $2 \cdot 4\,N^2$ bytes, and a laptop of 16 GB is full at 46,000 places, a map of 214 x 214. The other two grow with $N$ only. For the embedded Gaussian that is the merit of a *fused kernel*, a single operation that reads keys and values block by block and keeps running sums; chapter 6 writes
# one. It saves memory, not work: every pair is still multiplied. For the dot product it was the parentheses.
#
# A fused kernel is taken on conditions, and nobody tells you when you do not meet them. Here are the same tokens twice, once straight from a map:

# %%
torch.manual_seed(0)
x = torch.randn(1, 16, 64, 64)                         # (B, C, H, W)
tokens = x.flatten(2).mT[:, None]                      # (B, 1, N, C): a view, not copied
for name, t in (("straight from the map", tokens), ("with .contiguous()", tokens.contiguous())):
    print(f"{name:22} {most_held(F.scaled_dot_product_attention, t, t, t):4.0f} MB")

# %% [markdown]
# A transpose copies nothing; it only reads the memory in another order. The numbers of a token then lie 4,096 places apart, and the fused kernel of this PyTorch wants them side by side. So it steps aside in silence, and the table is back. The library's operator makes its tokens contiguous first.
#
# **Fewer keys.** The other way to save is the paper's: a max-pool behind $\phi$ and $g$. Every place still asks, and gets its own answer; it only asks fewer.

# %%
torch.manual_seed(0)
x = torch.randn(1, 16, 24, 32)
for subsample in (1, 2, 4):
    block = lib.NonLocal(16, subsample=subsample)
    with record_attention(block) as maps:
        y = block(x)
    weights = maps["attend"]                           # (B, 1, N, M)
    print(f"subsample {subsample}: {weights.shape[2]} queries, {weights.shape[3]:3} keys, "
          f"answer {tuple(y.shape)}")

# %% tags=["poke"]
# Poke it: which part of the step is it worth to pool? Pool the queries, too, and look at the shape of what comes out.
q, k = x.flatten(2).mT, F.max_pool2d(x, 2).flatten(2).mT
print("keys pooled   ", tuple(lib.non_local(q, k, k).shape))
print("queries pooled", tuple(lib.non_local(k, q, q).shape))

# %% [markdown] tags=["instructor"]
# The figure is worth a calculation on the board: 64 x 64 places, 4 bytes, two tables. Ask what training adds (the backward pass of the explicit form needs the weights again, so they must be kept, for every block). Cut list: the poke, the cell with the subsampling.

# %% [markdown]
# ## 8 · The first step of a gate at zero
# *11 minutes*
#
# A year after the non-local block, Zhang, Goodfellow, Metaxas and Odena (2019) put nearly the same thing into a network that draws pictures, the self-attention GAN, or ***SAGAN***. Queries and keys have only $C/8$ channels, values have $C$, and in place of $W_z = 0$ there is a single number:
#
# $$ y = \gamma\, o + x, \qquad o_i = \sum_j \operatorname{softmax}_j\bigl(q_i^\top k_j\bigr)\, v_j, \qquad \gamma = 0 \text{ at the start} $$
#
# It is the most copied attention on maps, and the most asked about. Make one, take one step of training, and look at the gradients:

# %%
torch.manual_seed(0)
block, x = lib.SelfAttention2d(32), torch.randn(4, 32, 6, 8)
target = torch.randn(4, 32, 6, 8)
F.mse_loss(block(x), target).backward()
for name, p in block.named_parameters():
    print(f"{name:13} {tuple(p.shape)!s:16} largest gradient {p.grad.abs().max():.4f}")

# %% tags=["predict"]
predict("all-zero")

# %% [markdown]
# Not small: *exactly* zero, in every weight but one. Many of the questions that people ask about this module are about that table: "wouldn't that always be zero?" (sdoria/SimpleSelfAttention, issue 3, 2021), "you do not use attention at all" (taki0112/Self-Attention-GAN-Tensorflow, issue 13, 2018). Follow the chain rule, with $L$ the loss and $\nabla_y = \partial L / \partial y$, in the shape of $y$:
#
# $$ \frac{\partial L}{\partial o} = \gamma\, \nabla_y = 0, \qquad \frac{\partial L}{\partial \gamma} = \sum \nabla_y \odot o \;\ne\; 0 $$
#
# Everything behind $o$, that is $q$, $k$ and $v$, gets its gradient through $o$, and $\gamma$ stands in that way as a factor. But $\gamma$ itself sees $o$ as it is. So $\gamma$ moves first, by one step, and at the second step the gate is ajar:

# %%
torch.manual_seed(0)
block, x = lib.SelfAttention2d(32), torch.randn(4, 32, 6, 8)
target = x + x.mean((2, 3), keepdim=True)                      # what no neighbourhood can know
optimizer = torch.optim.SGD(block.parameters(), lr=0.005)
print("step     gamma    gradient of gamma   query   value   key.bias")
for step in range(4):
    optimizer.zero_grad()
    F.mse_loss(block(x), target, reduction="sum").div(4).backward()
    watched = block.gamma, block.query.weight, block.value.weight, block.key.bias
    sizes = [p.grad.norm() for p in watched]
    print(f"{step:4} {block.gamma.item():9.3f}" + "{:20.3f}{:8.3f}{:8.3f}{:11.3f}".format(*sizes))
    optimizer.step()

# %% [markdown]
# So the zeros are no fault. They are what "changes nothing on its first day" costs, and it costs one step. The block with $W_z = 0$ has the same table, with $W_z$ in the part of $\gamma$.
#
# One column stays zero for ever, whatever you train: the bias of the keys. It adds the same number, $q_i^\top b$, to all scores of a query, and a softmax does not see that (chapter 1 subtracted the largest score for the same reason). Keys with a bias are common, and in softmax attention those numbers are dead weight.
#
# It should be a single number, too. The best-known version for PyTorch began with a $\gamma$ of shape `(batch size, 1, 1, 1)`, one for each seat of the batch (heykeetae/Self-Attention-GAN, issue 1, 2018). And its sign is free. It may come out negative, which puzzles people as well (issues 47 and 60 there): then $W_v$ carries the other sign, and nothing is lost. How large $\gamma o$ is beside $x$ says whether the block does anything. $\gamma$ alone does not.
#
# **Why H and W get swapped.** Search public code for self-attention on images, and this line comes up within a minute:
#
# ```python
# m_batchsize, C, width, height = x.size()
# ```
#
# PyTorch's maps are `(B, C, H, W)`, rows first, as matrices are. People say "width times height", and PIL's `size` is `(W, H)`. So the names are wrong, and nothing happens, because they are wrong twice: on the way in and on the way out. It is the one who later trusts the names that gets hurt, with a position for each row, a window, or a single reshape:

# %%
cat = data.photo("cat", size=(96, 144))[None]                  # (1, 3, 96, 144)
square = data.photo("cat", size=(96, 96))[None]
tiles = []
for x in (cat, square):
    B, C, width, height = x.shape                              # the swapped names, as published
    tokens = x.flatten(2).mT                                   # (B, N, C), row by row
    twice_wrong = tokens.mT.unflatten(2, (width, height))
    once_wrong = tokens.mT.unflatten(2, (height, width))       # somebody who believed the names
    tiles += [twice_wrong[0], once_wrong[0]]
names = ["144 wide: wrong twice", "wrong once", "square: wrong twice", "wrong once"]
fig = viz.small_multiples(tiles, names, ncols=4, size=2.2)
viz.show(fig, alt="The cat four times. As a wide picture with both names wrong it is whole; with "
                  "one name wrong it is a tall picture of two torn cats, striped. As a square "
                  "it is whole both times.")

# %% [markdown]
# On a square image even the second mistake goes unseen, and most training images are square. DINO's script for attention maps calls the height `w` (facebookresearch/dino, issue 180, 2022); "it still works fine with square images", its reporter found. CoordConv-pytorch needed a pull request named "Fix the bug for non-square inputs" (number 2, 2018). The habit that finds all of these is cheap: *test with H different from W.* The checks of this course always do.

# %% tags=["poke"]
# Poke it: the swap that a square does not hide. What does a softmax over the wrong axis of a square table look like?
torch.manual_seed(0)
x = torch.randn(1, 8, 6, 6)
scores = x.flatten(2).mT @ x.flatten(2)                        # (1, 36, 36)
for axis in (1, 2):
    w = scores.softmax(axis)
    print(f"softmax({axis}): rows sum to {w.sum(2).min():.2f} .. {w.sum(2).max():.2f}, "
          f"columns to {w.sum(1).min():.2f} .. {w.sum(1).max():.2f}")

# %% [markdown] tags=["card"]
# ### Exercise 4.7 · Height taken for width
# **difficulty** ●●○○○ **importance** ●●●●○ **about 8 minutes** **2 points**
#
# Repair `self_attention_map`. It runs, for any size of map, and its shapes are right. Two things in it are wrong: one of them is the swap, with a transpose that makes up for the shape, and the other is in the weights.
#
# | | shape | |
# |---|---|---|
# | `x` | `(B, C, H, W)` | a feature map |
# | `w_q`, `w_k` | `(D, C)` | projections, no biases |
# | `w_v` | `(C, C)` | |
# | `gamma` | `(1,)` | |
# | returns | `(B, C, H, W)` | $x + \gamma\, o$, scores without a factor |
#
# On paper: a map of one row and two places, one channel, `[0, 1]`; all weights 1, gamma 1. Scores of place 0: 0 and 0, so $o = 0.5$; of place 1: 0 and 1, so $o = 0.73$. Answer `[0.5, 1.73]`. The broken one says `[0.27, 1.73]`.

# %% tags=["exercise"] exercise="swapped-axes"
def self_attention_map(x, w_q, w_k, w_v, gamma):
    # BEGIN SOLUTION
    height, width = x.shape[2:]
    tokens = x.flatten(2).mT                                   # (B, N, C)
    q, k, v = tokens @ w_q.T, tokens @ w_k.T, tokens @ w_v.T
    weights = (q @ k.mT).softmax(-1)                           # (B, N, N), rows sum to 1
    out = (weights @ v).mT.unflatten(2, (height, width))       # (B, C, H, W)
    return x + gamma * out
    # STUB
    #| # YOUR CODE HERE: repair it
    #| width, height = x.shape[2:]
    #| tokens = x.flatten(2).mT                                    # (B, N, C)
    #| q, k, v = tokens @ w_q.T, tokens @ w_k.T, tokens @ w_v.T
    #| weights = (q @ k.mT).softmax(1)                             # (B, N, N)
    #| out = (weights @ v).mT.unflatten(2, (height, width)).mT     # (B, C, H, W)
    #| return x + gamma * out
    # END SOLUTION


check("swapped-axes", self_attention_map)

# %% [markdown] tags=["instructor"]
# Show the table of zeros before anything else, and let the room debug it; somebody will suspect a missing `requires_grad`. The two derivatives fit on half a board. In 4.7 most people find the swap and stop there; the check tells them that the weights are still wrong. Cut list: the poke, the paragraph on the sign.

# %% [markdown]
# ## 9 · The ladder of equals
# *6 minutes*
#
# From loops that nobody can misread to PyTorch's kernel. First the operator, term by term:

# %%
def by_loops(theta, phi, g):  # (N, D), (M, D), (M, E)
    y = torch.zeros(len(theta), g.shape[1])
    for i in range(len(theta)):
        f = [(theta[i] @ phi[j]).exp() for j in range(len(phi))]
        for j in range(len(phi)):
            y[i] += f[j] / sum(f) * g[j]
    return y


torch.manual_seed(0)
theta, phi, g = torch.randn(12, 4), torch.randn(6, 4), torch.randn(6, 3)
by_matrices = (theta @ phi.T).softmax(-1) @ g                                    # (12, 3)
assert_close(by_loops(theta, phi, g), by_matrices)
assert_close(by_matrices, lib.non_local(theta[None], phi[None], g[None])[0])
print("loops = matrices = the library's operator")

# %%
class NonLocal2d(nn.Module):  # exercise 4.5 in one piece, with a fifth line for fewer keys
    def __init__(self, dim, inner_dim, subsample=1):
        super().__init__()
        self.theta, self.phi, self.g = (nn.Conv2d(dim, inner_dim, 1) for _ in range(3))
        self.w_z, self.subsample = nn.Conv2d(inner_dim, dim, 1), subsample
        nn.init.zeros_(self.w_z.weight)
        nn.init.zeros_(self.w_z.bias)

    def forward(self, x):                                                        # (B, C, H, W)
        theta = self.theta(x).flatten(2).mT                                      # (B, N, D)
        phi, g = (F.max_pool2d(layer(x), self.subsample).flatten(2).mT           # (B, M, D)
                  for layer in (self.phi, self.g))
        y = (theta @ phi.mT).softmax(-1) @ g                                     # (B, N, D)
        return x + self.w_z(y.mT.unflatten(2, x.shape[2:]))


torch.manual_seed(0)
x, ours, librarys = torch.randn(2, 16, 6, 8), NonLocal2d(16, 8, 2), lib.NonLocal(16, subsample=2)
nn.init.normal_(ours.w_z.weight)
librarys.load_state_dict(ours.state_dict())
assert_close(ours(x), librarys(x))
print("module of this cell = the library's block, state dict and all")

# %%
torch.manual_seed(0)
x, block = torch.randn(2, 16, 6, 8), lib.SelfAttention2d(16)
block.gamma.data.fill_(0.7)
q, k, v = (layer(x).flatten(2).mT.unsqueeze(1) for layer in (block.query, block.key, block.value))
o = F.scaled_dot_product_attention(q, k, v, scale=1.0)                           # (2, 1, 48, 16)
pytorchs = x + 0.7 * o.squeeze(1).mT.unflatten(2, (6, 8))
assert_close(block(x), pytorchs, rtol=1e-4, atol=1e-5)
print("SAGAN's block = PyTorch's scaled_dot_product_attention, with scale 1, gamma and a residual")

# %% [markdown]
# So what is new against chapter 1? Four differences, all small. The tokens are places of a map, so there is a way there and back. Queries and keys are narrower than what is told. There is no $1/\sqrt D$ in the formula, which chapter 1 showed to be a risk once D is large (the authors' own code has it as a switch, and their published models had it on). And there is one head.

# %% [markdown]
# ## 10 · Distance from the cue: an experiment that could have failed
# *14 minutes*
#
# Back to the question of the cover, now with training. *Mark the digits that have the colour of the patch.* The patch lies in one of the four corners of a strip of 16 x 64 pixels, and there are five to seven digits in five colours:

# %%
from course_lib.experiments import ch04_cue as cue

config = cue.EXPERIMENT.full
some = [data.scene(seed, config.options, split="test") for seed in (1, 2, 3, 4)]
tiles = [s.image for s in some] + [s.target_mask.float() for s in some]
rows = ["picture", "to be marked"]
fig = viz.small_multiples(tiles, ncols=4, rows=rows, size=2.3, vmin=0, vmax=1)
viz.show(fig, alt="Four strips with small coloured digits, each with a coloured square in a corner, "
                  "and below each a black mask in which only the digits of the square's colour "
                  "are white.")

# %% [markdown]
# The network is a U-Net (Ronneberger et al. 2015): convolutions and pooling down to a map of 4 x 16 cells, a neck of three blocks on that map, and up again, with shortcuts, so that edges stay sharp. Only the first block of the neck differs. In one network it is a convolution, as are the other two blocks. In another it is a non-local block with the embedded Gaussian. And a sceptic will say
# that nobody would use such small kernels where distance counts, so a third has dilations of 2, 4 and 8 in its three blocks. All have the same number of parameters, within one per cent. First the question of section 1, to each of the three, for a pixel at the right end of the first strip:

# %%
from course_lib.models import receptive_field_of, seen_box

torch.manual_seed(0)
tiles, names = [], ["convolution", "dilated convolution", "attention"]
for name in names:
    model = cue.make_model(name, config)
    if name == "attention":
        nn.init.ones_(model.neck[0].bn.weight)                 # at birth it adds nothing (section 5)
    field = receptive_field_of(model, config.size, (8, 56))    # (16, 64): mean size of the gradient
    x0, y0, x1, y1 = seen_box(field)
    tiles.append(torch.where(field > 0, some[0].image, 0.75 * torch.ones(3, 1, 1)))
    parameters = sum(p.numel() for p in model.parameters())
    print(f"{name:20} sees columns {x0:2} to {x1 - 1} of 64, {parameters:,} parameters")

# %%
fig = viz.small_multiples(tiles, names, ncols=3, size=3)
for ax in fig.axes:
    viz.outline(ax, 7, 55, 2, 2)
viz.show(fig, alt="The first strip three times, as one pixel near its right end sees it. "
                  "Convolution: the right half, and grey where the left half should be. Dilated "
                  "convolution and attention: all of it.")

# %% [markdown]
# What can the first network do for that pixel? It cannot see the patch, so it can mark every digit, or none, or follow its luck. Marking *every* digit scores an ***IoU*** (intersection over union: of all pixels that are marked or should be, the part that is both) of about a third, with no network at all. That is the floor. Near the patch it could do better.

# %% tags=["predict"]
predict("where-it-falls")

# %% tags=["long", "nbval-ignore-output"]
live = experiments.run("cue", "small", conditions=["convolution", "attention", "every digit"])
print(experiments.summary(live, ["iou", "iou_0_8", "iou_24_32", "iou_48_64"], digits=2))

# %% [markdown]
# That was small: 400 steps, two seeds, and your figures differ a little. The columns are the IoU over everything, and over the digits' pixels that lie 0 to 7, 24 to 31 and 48 to 63 pixels from the patch. In this time the convolutions have learned no more than to mark every digit, near or far. With attention the network marks what it should, and near or far makes no difference. The recorded run has nearly four times the steps, three seeds, and the sceptic's network. (It has a fifth one, too, which we keep for later.)

# %%
recorded = experiments.load_record("cue")
rings = [name for name in recorded["figures"]["attention"] if name.startswith("iou_")]
middle = [sum(map(int, ring.split("_")[1:])) / 2 for ring in rings]     # of "iou_8_16": 12
series = {name: (middle, torch.tensor([recorded["figures"][name][ring] for ring in rings]).T)
          for name in ("attention", "dilated convolution", "convolution", "every digit")}
for name in series:
    print(f"{name:20} IoU of each seed", *(f"{iou:.2f}" for iou in recorded["figures"][name]["iou"]))
print(experiments.provenance(recorded))

# %%
ax = viz.curves(series, xlabel="distance from the patch, in pixels", ylabel="IoU",
                title="What is marked, near and far")
ax.set(ylim=(0, 1.05))
ax.axvline(24, color=viz.INK, lw=1, ls=":")
viz.show(ax, alt="IoU against distance from the patch. Convolution: 0.85 near it, then a steep fall; "
                  "from 24 pixels on, where a dotted line stands, it lies on the line of marking "
                  "every digit, at a third. Attention and dilated convolution: level, above 0.9, "
                  "with a broad band.")

# %% [markdown]
# The plain network falls to the floor where its window ends, at the dotted line: 24 pixels, give or take one, is what the derivative said before any training. Attention has 2.4 times its IoU, at equal parameters. That was the hope. Now the sceptic's share: dilated convolutions reach as far, and come to nearly the same place. What the plain network lacked was reach, and there are several ways to get that. Attention is one. Mind the seeds, too: the third with attention had not finished, as the first with dilations had not.
#
# Does attention do it the way that we tell each other, a digit looking at the patch? Maps are for scoring, not for admiring. Train the network once more, and take three places of one strip.

# %% tags=["predict"]
predict("where-emptiness-looks")

# %% tags=["long", "nbval-ignore-output"]
small = cue.EXPERIMENT.small
model, test = cue.train("attention", small, seed=0), cue.pictures(small, "test")
scores = cue.map_figures(model, test, far=32)
for name, key in (("that count", "cue_mass"), ("that do not", "cue_mass_other")):
    print(f"digits {name:11} 32 pixels away or more: {scores[key]:.2f} of their weight on the patch")
print(f"a uniform map would have {scores['cue_uniform']:.2f} there")
with torch.no_grad(), record_attention(model) as maps:
    model(test.images[:100])
weights = maps["neck.0"][:, 0]                                 # (100, 64, 64)
mean = weights.mean(1, keepdim=True)                           # the mean map of each picture
within = (weights - mean).abs().sum(-1).mean() / 2             # what part of a map would have to move
between = (mean - mean.roll(1, dims=0)).abs().sum(-1).mean() / 2
print(f"maps differ by {within:.2f} within a picture, by {between:.2f} between pictures")

# %%
strip, one = test.images[3], weights[3].view(4, 16, 4, 16)     # query row, column; key row, column
fig, axes = plt.subplots(4, 1, figsize=(7.4, 8))
axes[0].imshow(strip.permute(1, 2, 0))
axes[0].set(title="the strip", xticks=[], yticks=[])
for ax, (name, query) in zip(axes[1:], {"asked by a digit that counts": (1, 1),
                                        "by another digit": (1, 5),
                                        "by an empty place": (3, 9)}.items()):
    viz.attention_over_photo(strip, one[query], query, unit="weight", vmax=1, title=name, ax=ax)
viz.show(fig, alt="A strip with six digits and a patch at the right, and three maps over it in grey. "
                  "The query lies on a digit at the left, on another digit, on empty ground. In "
                  "all three the same single cell of the patch glows, and nothing else.")

# %% [markdown]
# All of the weight lies on the patch, in one cell of it. But it does so from *every* place: from digits of the wrong colour, and from the empty background. The 64 maps of a picture are one map. (On your machine the network may have found another way; read on.) This block was given a query for each place, and makes no use of them. Now the same score for the three recorded seeds:

# %%
figures = recorded["figures"]["attention"]
print("seed    IoU   weight on the patch: digits that count   that do not   uniform")
for seed in range(3):
    row = [figures[key][seed] for key in ("iou", "cue_mass", "cue_mass_other", "cue_uniform")]
    print(f"{seed:4} {row[0]:6.2f} {row[1]:37.2f} {row[2]:13.2f} {row[3]:9.2f}")

# %% [markdown]
# Seed 0 is much like ours. In seed 1 the digits that do *not* count look at the patch, and most of those that do look somewhere else. Its IoU is as good. There is nothing wrong with that: to find out that the patch has another colour than yours, you look for a patch of another colour; and if you find none, that is an answer, too. The network may tell it either way. So a map says where the values came from. It does not say how the answer was made of them, and a map that misses what you
# would look at is no proof of failure, just as a pretty one is no proof of success.
#
# And if, as in our network, all places get the same map, then all get the same answer, and there is a cheaper way to give everybody the same answer. Chapter 3 had it: a mean over all places, two small layers, the result added everywhere. Put that into the neck in place of attention, with as many parameters:

# %% tags=["predict"]
predict("one-answer-for-all")

# %%
print(experiments.summary(recorded, ["iou", "iou_0_8", "iou_48_64", "parameters"], digits=2))

# %% [markdown]
# It comes out on top, and in every seed. Cao et al. (2019) made the same observation on trained non-local blocks for object detection: their maps hardly depended on the query, and a block with a single map for all did as well, for less. So what has this experiment shown? That what lies outside the receptive field cannot be learned, to the pixel. That attention mends it, and so does anything else that reaches. *Not* that queries are needed: this question has one answer for the whole picture. They are needed where each place must hear
# something of its own, as each letter did in section 2, where no single mean would have cleaned the page.

# %% tags=["poke"]
# Poke it: could the plain network be given the answer by a larger patch? What part of the digits sees it, at least partly?
with torch.no_grad():
    distance = test.distance[test.digits]                      # of all digits' pixels
for reach in (12, 24, 36, 48):
    share = (distance <= reach).float().mean()
    print(f"a window that reaches {reach} pixels: the patch is in sight of {share:.0%}")

# %% [markdown] tags=["instructor"]
# Collect curves on the board before the live run: everybody draws IoU against distance for the plain network. The sceptic's network should come from the room; wait for it. Then let them bet on the global mean, and keep the discussion for "so why do we learn attention at all?" (section 2 is the answer that they have seen; chapter 9 has more). Cut list: the poke, the table of seeds.

# %% [markdown]
# ## 11 · Behind the bar
# *9 minutes*
#
# One question is left from section 6. Three grey digits fly about and pass behind a bar that is wider than any of them. The mask of *one* of them is given in the first frame, and in no other. Where is it in each frame, also while nobody can see it?

# %%
from dataclasses import replace

from course_lib.experiments import ch04_occlusion as occlusion

films = occlusion.clips(replace(occlusion.EXPERIMENT.full, test_videos=8), "test")
frames, path = films.frames[3, :, 0], films.centres[3, 0]      # (12, 16, 40), (12, 2)
times = (0, 2, 3, 4, 6, 7, 9, 11)
names = [f"frame {t}, {films.visible[3, 0, t]:.0%} of it seen" for t in times]
fig = viz.small_multiples(frames[list(times)], names, ncols=4, size=2.3, vmin=0, vmax=1)
for ax, t in zip(fig.axes, times):
    row, col = path[t].tolist()
    viz.outline(ax, row - 4, col - 4, 8, 8, color=viz.QUERY if t == 0 else viz.KEY)
viz.show(fig, alt="Eight frames of grey digits and a broad bar. In the first a 1 at the right is "
                  "outlined in blue. It flies to the left, is behind the bar from frame 3 to 6, "
                  "comes out and crosses a 4. Green boxes mark where it is, seen or not.")

# %% [markdown]
# The blue box is what is given, the green ones are what is asked for: in each of 12 frames, one of 4 x 10 cells of 4 pixels. Each network reads every frame by itself, with the same three 2D convolutions, and then mixes frames. The first mixes with four 3D convolutions of 3 x 3 x 3, so that it hears of four frames before and after. The sceptic's has the same four, spread out in time and space until they span the film. In the third, three 3D convolutions are each followed by a
# space-time non-local block. (Its places know where and when they are: row, column and frame are given as extra channels. Section 5's poke says why they have to be.)

# %% tags=["predict"]
predict("behind-the-bar")

# %%
recorded = experiments.load_record("occlusion")
keys = ["hit_before", "hit_hidden", "hit_after", "parameters"]
print(experiments.summary(recorded, keys, digits=2))
print(experiments.provenance(recorded))

# %%
fig, ax = plt.subplots(figsize=(7.4, 3.4))
colours = dict(zip(recorded["figures"], (viz.MASKED, *viz.CATEGORICAL)))
for k, (name, numbers) in enumerate(recorded["figures"].items()):
    hits = torch.tensor([numbers[key] for key in keys[:3]])    # (3, seeds)
    at = torch.arange(3) + 0.2 * (k - 1.5)
    ax.bar(at, hits.mean(1), 0.18, color=colours[name], label=name)
    ax.plot(at, hits, "o", color=viz.PAPER, mec=viz.INK, ms=4)
ax.set(xticks=range(3), xticklabels=["before", "hidden", "after"], ylim=(0, 1.3),
       xlabel="where the digit is", ylabel="share of frames found", title="Who finds it again?")
ax.legend(ncols=2, fontsize=9, loc="upper center")
viz.show(fig, alt="Bars for before, hidden and after; a dot for each seed. Drawing one of the digits "
                  "by lot: 0.4 each time. Before the bar all three networks are above 0.9. Hidden: "
                  "convolution and attention under 0.7, dilated convolution 0.85. After: "
                  "convolution 0.76, the other two 0.9.")

# %% [markdown]
# A hit is a frame in which the place found lies within 4 pixels. (To draw one of the three digits by lot hits 0.4 of them, since they often fly close together.) After the bar, attention finds the digit in 0.90 of the frames and the plain convolution in 0.76: what happened more than four frames ago is out of its window. So far the story is the hoped-for one. But the spread-out convolution finds as many, 0.91, and *behind* the bar it is far ahead, 0.85 against 0.68, with as many parameters and in a third of the time. Whoever compares attention
# with the plain network only will call it the reason.
#
# Why is it no better behind the bar? A hidden digit is not to be seen in any feature. Its place has nothing to ask with but where and when it is, and what one needs there is motion: a step further in the same direction. A kernel along space and time has directions built in. That is our reading, not a result. What can be measured is where a place looks. Take the place of the digit in the last frame, and the last of the three blocks:

# %%
figures = recorded["figures"]["attention"]
print("seed   weight on the first frame   on its own earlier places   on another digit's")
for seed in range(3):
    row = [figures[key][seed] for key in ("first_3", "own_3", "other_3")]
    print(f"{seed:4} {row[0]:27.2f} {row[1]:27.2f} {row[2]:20.2f}")
own = films.visible[:, 0, :-1].gt(0).sum(1).float().mean() / (12 * 4 * 10)
print(f"a uniform map {1 / 12:18.2f} {own:27.2f}")

# %% [markdown]
# It does look back across the gap, and at the right time: at the first frame, the only one with the mask, with all of its weight in two seeds and with more than half in the third. But it does not look at the *digit* there. Its own place gets next to nothing, no more than others'. What it fetches lies somewhere else in that frame, where the convolutions below have put it. A map over features tells which features were read, and a feature need not stand where the thing is that it speaks of. So the picture that everybody has of it, a digit
# that recognises itself across the gap, is half right, and nobody would know which half without a score.

# %% [markdown] tags=["instructor"]
# This section is about the third bar. Cover it, show the other two, and ask for a conclusion; then uncover it. Five minutes are enough. For a discussion: what would a film have to be like, so that queries are needed? (A cut, after which only a look tells who is who. It was tried; the docstring of `ch04_occlusion` says what came out.) Cut list: the table of weights.

# %% [markdown]
# ## What goes wrong in the wild
# *9 minutes*
#
# Three slips from published code, in the place where this chapter's formula is turned into lines. Answer before you run the cell under each.
#
# **One.** A large library for object detection had a non-local block with an option to scale the scores by $1/\sqrt D$. The line said `pairwise_weight /= theta_x.shape[-1] ** -0.5`. It was repaired in 2019 (open-mmlab/mmdetection, pull request 1528), and you still find it in code that was copied before.

# %% tags=["quiz"]
quiz("divided-by-a-minus")

# %%
torch.manual_seed(0)
theta, phi = torch.randn(2, 400, 64)                           # D is 64
for name, factor in (("no scale", 1), ("as meant, 1/8", 1 / 8), ("as published", 1 / 64**-0.5)):
    w = (theta @ phi.T * factor).softmax(-1)                   # (400, 400)
    in_use = (-(w * w.clamp_min(1e-30).log()).sum(-1)).exp().mean()
    spread = (theta @ phi.T * factor).std()
    print(f"{name:14} scores spread by {spread:4.1f}   keys in use {in_use:5.1f} of 400")

# %% [markdown]
# The option that should have made the scores smaller made them eight times larger, and without an option one would have fared better. A block that takes one key for each place still runs and still trains a little. What finds it: count the keys in use (chapter 1), with the scale on and off.
#
# **Two.** A collection of well-known networks (shanglianlm0525/PyTorch-Networks, issue 45, 2023). The projections bring C channels down to C/2, and then:
#
# ```python
# b, c, h, w = x.size()
# x_phi = self.conv_phi(x).view(b, c, -1)       # theta and g in the same way
# ```

# %% tags=["quiz"]
quiz("half-the-channels")

# %%
def as_published(x, wide):  # the lines above, and the way back; wide: what `view` is told
    B, C, H, W = x.shape
    tokens = F.conv2d(x, weight[..., None, None]).view(B, wide, -1).mT    # (B, tokens, wide)
    y = (tokens @ tokens.mT).softmax(-1) @ tokens
    return y.mT.reshape(B, C // 2, H, W), tokens


torch.manual_seed(0)
weight, x = torch.randn(8, 16) / 4, torch.randn(1, 16, 24, 36)
order = torch.randperm(24 * 36)
for wide in (16, 8):
    y, tokens = as_published(x, wide)
    moved, _ = as_published(x.flatten(2)[..., order].view_as(x), wide)
    follows = torch.allclose(moved, y.flatten(2)[..., order].view_as(y), atol=1e-5)
    print(f"view(b, {wide:2}, -1): {tokens.shape[1]} tokens for {24 * 36} places, "
          f"answers follow when places are shuffled: {follows}")

# %%
from course_lib.data.colors import equal_colors

torch.manual_seed(0)
cat = data.photo("cat", size=(48, 72))
seen = F.normalize(F.unfold(equal_colors(cat)[None], 5, padding=2), dim=1)   # (1, 75, 3456)
projected = torch.randn(64, 75) @ seen                         # (1, 64, 3456)
fig, axes = plt.subplots(1, 2, figsize=(9, 3.1))
for ax, wide, name in zip(axes, (64, 128), ("as meant", "as published")):
    tokens = projected.view(1, wide, -1).mT[0]                 # (3456, 64) or (1728, 128)
    w = (tokens[22 * 72 + 50] @ tokens.T / 14).softmax(-1)
    shown = w.repeat(3456 // len(w)).view(48, 72)              # a token is one place, or two
    viz.attention_over_photo(cat, shown, (22, 50), title=name, colorbar=False, ax=ax)
viz.show(fig, alt="Two maps over the cat, the query in the iris of the eye at the right. As "
                  "meant: the other iris glows, and this one. As published: no other eye glows; "
                  "a bright spot lies on the whiskers, exactly half an image below the query.")

# %% [markdown]
# There are C/2 channels, and the `view` asks for C, so it takes half as many tokens, twice as long. In memory a channel's pixels lie row after row: the first half of a long row of numbers is the upper half of the image, the second the lower. So each token is a place of the upper half *glued* to the place half an image below it. The block runs, on any even number of places, and attends; to pairs
# that nobody had in mind. (The softmax of that file runs over the queries besides.) What finds it: shuffle the places, and see whether the answers follow. No test of shapes can.
#
# **Three.** In the block with a batch norm, only the norm's scale starts at zero. People took that for an oversight, and asked why it was not the convolution in front (AlexHex7/Non-local_pytorch, issues 12 and 38). In issue 28 somebody reports that after training everything has moved but $W$, which is still exactly 0. Suppose you want to be on the safe side, and start *both* at zero.

# %% tags=["quiz"]
quiz("two-zeros")

# %%
for zeros in ("one zero", "two zeros"):
    torch.manual_seed(0)
    x = torch.randn(4, 16, 6, 8) + 2 * torch.randn(4, 16, 1, 1)
    target, block = x + x.mean((2, 3), keepdim=True), lib.NonLocal(16, norm=True)
    if zeros == "two zeros":                                   # the batch norm's scale is 0 anyway
        for p in block.w_z.parameters():
            nn.init.zeros_(p)
    optimizer = torch.optim.Adam(block.parameters(), 0.01)
    for step in range(100):
        loss = F.mse_loss(block(x), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    alive = [n for n, p in block.named_parameters() if p.grad.abs().max() > 1e-7]
    print(f"{zeros:9} after 100 steps: loss {loss:.1f}, gradient in {', '.join(alive)}")

# %% [markdown]
# A product of two numbers that are both zero has slope zero in both: $\partial(ab)/\partial a = b$. One zero is a start, two in a row are a grave. Only the norm's shift, which stands behind both, still learns. The same happens to a $\gamma$ in front of a $W_z$, or to a zero start inside a residual branch whose last norm somebody else set to zero. (What befell the reporter of issue 28 we do not know; a block that the optimizer was never given looks alike.)
#
# Four habits for this chapter's code: count the keys in use, shuffle the places, put every key in twice, and after the *second* step look for parameters without a gradient. All on a map with H different from W.

# %% [markdown] tags=["instructor"]
# Ninety minutes: the cover and section 1 up to the equal bits (15), section 2 with the page (15), the table of symbols of section 3 (5), exercise 4.4 in the room (20), the table of zeros in section 8 (10), the experiment of section 10 (15), puzzle two (10). Homework: 4.1 to 4.3 and 4.5 to 4.7. Sections 6, 7, 9 and 11 can be left out without breaking anything later; chapter 6 repeats what it needs of 7.
# If the room is fast: which of the four pairwise functions could a non-local block use on a phone, and why?

# %% [markdown]
# ## Recap
#
# | | formula | note |
# |---|---|---|
# | receptive field | $r = 1 + \sum_l (k_l - 1)\, d_l \prod_{m<l} s_m$ | what can matter; what does is a bell of width $\sim \sqrt{\text{depth}}$ |
# | non-local means | $y_i = \frac{1}{C_i} \sum_j e^{-\lVert P_i - P_j \rVert^2/h^2}\, x_j$ | patches compared, pixels averaged |
# | non-local operator | $y_i = \frac{1}{C(x)} \sum_j f(x_i, x_j)\, g(x_j)$ | `(B, N, D)`, `(B, M, D)`, `(B, M, E)` -> `(B, N, E)` |
# | Gaussian | $f = e^{x_i^\top x_j}$ | $C = \sum_j f$: a softmax over $j$ |
# | embedded Gaussian | $f = e^{\theta_i^\top \phi_j}$ | $C = \sum_j f$; attention with scale 1 |
# | dot product | $f = \theta_i^\top \phi_j$ | $C = M$; $\theta(\phi^\top g)/M$ needs no table of pairs |
# | concatenation | $f = \operatorname{relu}(w_f^\top[\theta_i; \phi_j])$ | $C = M$ |
# | block | $z_i = W_z\, y_i + x_i$, $W_z = 0$ at first | 1D, 2D, 3D: only the list of places differs |
# | SAGAN | $y = \gamma\, o + x$, $\gamma = 0$ at first | first step: only $\gamma$ has a gradient |
#
# What lies outside of a receptive field cannot be learned; weights by likeness reach everywhere in one step, and whether a task needs *them*, or only reach, has to be measured. Whatever divides the sum must survive doubled keys and scores of both signs. A zero at the end of the branch makes the block harmless on its first day and costs it one step; two zeros cost it everything.
#
# Where it went next: Cao et al. (2019) made a block with one map for all queries, halfway to chapter 3's squeeze. Fu et al. (2019) put attention over places and over channels side by side, Huang et al. (2019) let a place ask only its row and column, twice (chapters 8 and 6). Bertasius et al. (2021) split space and time. And Dosovitskiy et al. (2021) asked what is left to do for the convolutions, if attention sees everything. Chapter 5 takes them all out.
#
# ### References
#
# - G. Bertasius, H. Wang, L. Torresani, *Is space-time attention all you need for video understanding?*, ICML 2021.
# - A. Buades, B. Coll, J.-M. Morel, *A non-local algorithm for image denoising*, CVPR 2005. Non-local means.
# - Y. Cao, J. Xu, S. Lin, F. Wei, H. Hu, *GCNet: non-local networks meet squeeze-excitation networks and beyond*, ICCV workshops 2019. Maps that do not depend on the query.
# - A. Dosovitskiy et al., *An image is worth 16x16 words: transformers for image recognition at scale*, ICLR 2021.
# - J. Fu et al., *Dual attention network for scene segmentation*, CVPR 2019.
# - Z. Huang et al., *CCNet: criss-cross attention for semantic segmentation*, ICCV 2019.
# - W. Luo, Y. Li, R. Urtasun, R. Zemel, *Understanding the effective receptive field in deep convolutional neural networks*, NeurIPS 2016.
# - O. Ronneberger, P. Fischer, T. Brox, *U-Net: convolutional networks for biomedical image segmentation*, MICCAI 2015. The network of section 10.
# - X. Wang, R. Girshick, A. Gupta, K. He, *Non-local neural networks*, CVPR 2018.
# - H. Zhang, I. Goodfellow, D. Metaxas, A. Odena, *Self-attention generative adversarial networks*, ICML 2019.
