"""Every rule of the linter: changes that it must find, and changes that it must let pass."""

import inspect
import re

import pytest

from course_lib.authoring.lint import RULES

FIGURE = 'viz.show(figure, alt=f"A line that rises from 1 to {1 + 1} over one step.")'
POKE = "print(len(shifted(TIMES)))"
MEAN_OF_NOISE = 'print(f"{noise.mean():.1f}")'
IMPORT = "import matplotlib.pyplot as plt"
GLOSSARY_LINK = "[the glossary](../chapters/GLOSSARY.md)"
GAUSS = "Gauss, C. F. *Theoria motus*. Perthes, 1809."
BOTH = (f"# - {GAUSS}\n"
        "# - Vaswani and others. *Attention is all you need*,\n#   NeurIPS 2017.")
SOLUTION = "    # BEGIN SOLUTION\n    return x.sum() / len(x)\n    # END SOLUTION\n"
SEED, DRAW = "torch.manual_seed(0)\n", "noise = torch.randn(5)\n"
NET = "class Net(nn.Module):\n    def __init__(self):\n        self.l = nn.Linear(2, 2)\n"
WILD = "Somebody divides by n - 1."
CARD = "**difficulty** ●●○○○ **importance** ●●●●● **about 10 minutes** **3 points**"


def code(text):
    """A change that puts a code cell at the end of section 1."""
    return "# %% [markdown]\n# ## 2 · A figure", f"# %%\n{text}\n\n# %% [markdown]\n# ## 2 · A figure"


def says(text):
    """A change of the prose of the section before the last."""
    return WILD, text


FOUND = [
    # rule, what is changed, what the message says
    ("title", ("# # 2 · A small lesson\n", ""), "begins with `# 2 · Title`"),
    ("title", ("# # 2 · A small", "# Hello.\n#\n# # 2 · A small"), "begins with `# 2 · Title`"),
    ("title", ("# # 2 · A small lesson", "# # 3 · A small lesson"), "the title is `# 2 · Title`"),
    ("title", ("# # 2 · A small lesson", "# # 2. A small lesson"), "the title is `# 2 · Title`"),
    ("title", ("# ## 2 · A figure", "# # A figure"), "a second `#` heading"),
    ("sections", ("## 2 · A figure", "## 3 · A figure"), "section 2 is numbered 3"),
    ("sections", ("## 2 · A figure", "## A figure"), "`## 2 · Title`"),
    ("sections", ("## Recap", "## Afterwards"), "the last two sections are"),
    ("sections", ("## What goes wrong in the wild", "## 3 · Slips"), "the last two sections are"),
    ("sections", ("## Three questions from earlier chapters", "### Three"), "the first section is"),
    ("tags", ('tags=["poke"]', 'tags=["pokes"]'), "unknown tag 'pokes'"),
    ("setup", (' tags=["setup"]', ""), "this one has 0"),
    ("setup", ('tags=["poke"]', 'tags=["setup"]'), "this one has 2"),
    ("setup", ('# %% tags=["setup"]', '# %% [markdown]\n# ## Recap\n\n# %% tags=["setup"]'), "the first sec"),
    ("length", (POKE, "x = 1\n" * 14), "the cell has 16 lines, and 15"),
    ("length", (POKE, "class A:\n" + "    x = 1\n" * 28), "the cell has 31 lines, and 30"),
    ("length", ("TIMES = 3\n", "TIMES = 3\n" * 25), "lines, and 30"),
    ("length", ("    #| centred = ...\n", "    #| centred = ...\n" * 13), "the cell has 16 lines, and 15"),
    ("card", ("Exercise 2.2", "Exercise 2.3"), "this is exercise 2.2, not 2.3"),
    ("card", ("Exercise 2.1", "Exercise 1.1"), "this is exercise 2.1, not 1.1"),
    ("card", ("Exercise 2.1 · Take", "Exercise 2.1: Take"), "begins with `### Exercise 2.1 · Title`"),
    ("card", (CARD, CARD.replace("●●○○○", "●●○○")), "lacks its line of facts"),
    ("card", (CARD, CARD.replace("●●○○○", "○○○○○")), "one to five dots"),
    ("card", (CARD, CARD.replace("●●○○○", "●○●○○")), "one to five dots"),
    ("card", (CARD, CARD.replace("**3 points**", "")), "lacks its line of facts"),
    ("card", (CARD, CARD.replace("**about 10 minutes**", "")), "lacks its line of facts"),
    ("card", ('# %% [markdown] tags=["card"]', "# %% [markdown]"), 'has tags=["card"]'),
    ("card", ("# Write `mean(x)`.", "# Write `mean(x)`.\n\n# %%\n1"), "right under a card"),
    ("card", ("# Write `mean(x)`.", "# Write `mean(x)`.\n\n# %%\n1"), "stands right under its card"),
    ("card", ('check("take-mean", mean)', ""), "checks its answer"),
    ("card", ('check("take-mean", mean)', 'check("take-spread", mean)'), "checks its answer"),
    ("card", (SOLUTION, "    return 1\n"), "has a solution region"),
    ("bank", ("· Take the mean", "· Mean"), "title is 'Mean'"),
    ("bank", ("**3 points**", "**2 points**"), "points is 2"),
    ("bank", ("**about 10 minutes**", "**about 9 minutes**"), "minutes is 9"),
    ("bank", ("●●○○○", "●○○○○"), "difficulty is 1"),
    ("bank", ("●●●●●", "●●●●○"), "importance is 4"),
    ("bank", ('exercise="take-mean"', 'exercise="take-median"'), "no exercise 'take-median' in chapter 2"),
    ("bank", ('exercise="take-mean"', 'exercise="other-chapter"'), "no exercise 'other-chapter'"),
    ("bank", ('exercise="take-mean"', 'exercise="take-median"'), "exercise 'take-mean' is not in the lesson"),
    ("questions", ('tags=["predict"]', 'tags=["quiz"]'), "go together"),
    ("questions", ('predict("mean-of-noise")', "pass"), "go together"),
    ("questions", ('predict("mean-of-noise")', 'predict("mean-of-mean")'), "no question 'mean-of-mean'"),
    ("questions", ('predict("mean-of-noise")', 'predict("mean-of-two")'), "a second time"),
    ("questions", ('predict("mean-of-noise")', 'predict("mean" + "-of-noise")'), "write the id out"),
    ("figures", (FIGURE, "plt.show()"), "plt.show() has no alternative text"),
    ("figures", (FIGURE, "viz.show(figure)"), "says what is to be seen"),
    ("figures", (FIGURE, 'viz.show(figure, alt="")'), "write the alternative text out"),
    ("figures", (FIGURE, 'viz.show(figure, alt="A line that rises.")'), "write the alternative text out"),
    ("figures", (FIGURE, 'viz.show(figure, alt=f"{TIMES:>30} {TIMES}")'), "write the alternative text out"),
    ("figures", (FIGURE, "viz.show(figure, alt=TIMES)"), "write the alternative text out"),
    ("figures", (FIGURE, ""), "ends in viz.show"),
    ("figures", (FIGURE, FIGURE + "\nax.plot([2, 1])"), "ends in viz.show"),
    ("figures", code("viz.matrix([[1]])"), "ends in viz.show"),
    ("figures", code(f"{IMPORT}\nplt.imshow([[1]])"), "ends in viz.show"),
    ("figures", code(f"{IMPORT}\ndef draw():\n    plt.figure()\n\ndraw()"), "ends in viz.show"),
    ("seeds", ("torch.manual_seed(0)\n", ""), "torch.randn draws random numbers"),
    ("seeds", (SEED + DRAW, DRAW + SEED), "torch.randn draws"),
    ("seeds", ("torch.manual_seed(0)", "torch.manual_seed()"), "torch.randn draws"),
    ("seeds", ("torch.manual_seed(0)", "import random\nrandom.seed(0)"), "torch.randn draws"),
    ("seeds", ("torch.manual_seed(0)", "g = torch.Generator().manual_seed(0)"), "torch.randn draws"),
    ("seeds", code("layer = nn.Linear(2, 2)"), "nn.Linear draws"),
    ("seeds", code("layer = nn.Conv2d(1, 1, 1)"), "nn.Conv2d draws"),
    ("seeds", code("torch.empty(3).normal_()"), "?.normal_ draws"),
    ("seeds", code("torch.multinomial(torch.ones(3), 1)"), "torch.multinomial draws"),
    ("seeds", code("import torch.nn.functional as F\nF.dropout(torch.ones(3))"), "F.dropout draws"),
    ("seeds", code("torch.utils.data.DataLoader([1], shuffle=True)"), "DataLoader draws"),
    ("seeds", code("from course_lib.attention import MultiHeadAttention as M\nM(8)"), "M draws"),
    ("seeds", code("import numpy as np\nnp.random.rand(3)"), "call np.random.seed(...)"),
    ("seeds", code("import numpy as np\nrng = np.random.default_rng()"), "needs a seed"),
    ("seeds", code("import random\nrandom.shuffle([1, 2])"), "call random.seed(...)"),
    ("seeds", code("def draw():\n    return torch.rand(2)\n\nprint(draw())"), "torch.rand draws"),
    ("seeds", code(NET + "\nNet()"), "nn.Linear draws"),
    ("names", (MEAN_OF_NOISE, "print(nois.mean())"), "`nois` is not defined above"),
    ("names", ("ax.plot([1, 2])", "ax.plot(noise)"), "`noise` is from section '1 · The mean'"),
    ("names", ("ax.plot([1, 2])", "ax.plot([noise for _ in range(2)])"), "`noise` is from section"),
    ("names", ("ax.plot([1, 2])", "ax = shifted(1)"), "`shifted` is from section"),
    ("names", ("    return noise + by", "    return nois + by"), "`nois` is not defined above"),
    ("names", code("class A:\n    def f(self):\n        return nois\n"), "`nois` is not defined above"),
    ("names", code("total = total + 1 if noise.any() else 0\n"), "`total` is not defined above"),
    ("names", code("noise += 1\ndel noise\nprint(noise)"), "`noise` is not defined above"),
    ("names", code("print(mean(noise))"), "`mean` is bound in an exercise"),
    ("names", code("print(secret)"), "`secret` is bound in an exercise or instructor's cell"),
    ("references", ("# ### References\n", ""), "no `### References`"),
    ("references", (BOTH, "# To come."), "stands a list"),
    ("references", (GAUSS, GAUSS.replace(", 1809", "")), "a reference is"),
    ("references", (GAUSS, GAUSS.replace("*", "")), "a reference is"),
    ("references", (GAUSS, "*Theoria motus*. Perthes, 1809."), "a reference is"),
    ("references", (GAUSS, "Gauss, C. F. *Theoria motus*. 1809."), "a reference is"),
    ("links", (GLOSSARY_LINK, "[x](../chapters/GLOSSAR.md)"), "is not there"),
    ("links", (GLOSSARY_LINK, "[x](GLOSSARY.md)"), "lies in solutions/"),
    ("links", (GLOSSARY_LINK, "[x](05_vision_transformer.ipynb)"), "no lesson 05_vision"),
    ("links", (GLOSSARY_LINK, "[x](#3-·-A-figure)"), "no heading has the anchor"),
    ("links", (GLOSSARY_LINK, "![a cat](../chapters/cat.png)"), "is not there"),
    ("links", (GLOSSARY_LINK, "![](../chapters/GLOSSARY.md)"), "a picture has words"),
    ("links", (GLOSSARY_LINK, "![a cat](https://example.org/cat.png)"), "fetched from the network"),
    ("links", (GLOSSARY_LINK, "<img alt='a' src='https://example.org/cat.png'>"), "fetched from the network"),
    ("links", (GLOSSARY_LINK, "<img alt='a' src='cat.png'>"), "is not there"),
    ("network", code("from urllib.request import urlopen"), "module urllib.request"),
    ("network", code("import requests"), "module requests"),
    ("network", code("from huggingface_hub import hf_hub_download"), "module huggingface_hub"),
    ("network", code("torch.hub.load('a', 'b')"), "torch.hub.load(...)"),
    ("network", code("nn.MNIST('data', download=True)"), "download=True"),
    ("network", code("import torchvision\ntorchvision.models.vit_b_16(weights='DEFAULT')"), "weights=...)"),
    ("network", code("import timm\ntimm.create_model('vit', pretrained=True)"), "pretrained=True"),
    ("network", code("from sklearn import datasets\ndatasets.fetch_openml('mnist')"), "fetch_openml(...)"),
    ("network", code("import subprocess\nsubprocess.run(['pip', 'install', 'x'])"), "subprocess.run"),
    ("network", code("# !pip install x"), "`!pip` fetches"),
    ("network", code("# %pip install x"), "`%pip` fetches"),
    ("voice", says("In this section we look at noise."), "`In this section we`"),
    ("voice", says("Let's dive in."), "`Let's dive`"),
    ("voice", says("You simply divide."), "`simply`"),
    ("voice", says("It is obviously\n# a mean."), "`obviously`"),
    ("voice", says("What a mean!"), "an exclamation mark"),
    ("voice", says("**A mean!** And so on."), "an exclamation mark"),
    ("voice", says("A mean \U0001F389."), "is an emoji"),
    ("voice", code("print('\u2728')"), "is an emoji"),
]
PASSES = [
    ("sections", ("## Recap", "## 3 · Recap")),
    ("sections", ("# ### References", "# ### What to read\n# Much.\n#\n# ### References")),
    ("title", ("# What is the mean?", "# ```\n# # a comment in a code block\n# ```")),
    ("length", (POKE, "x = 1\n\n" * 13)),
    ("length", (POKE, "class A:\n" + "    x = 1\n" * 27)),
    ("length", ("    centred = x - x.mean()\n", "    centred = x - x.mean()\n" * 20)),
    ("card", ("# Write `mean(x)`.", '# Write it.\n\n# %% [markdown] tags=["instructor"]\n# Hands off.')),
    ("figures", (FIGURE, 'viz.show(figure, alt=("A line that rises " + "from 1 to 2."))')),
    ("figures", code("def draw(alt):\n    viz.show(viz.matrix([[1]]), alt=alt)\n\ndraw('A white cell.')")),
    ("figures", code(f"{IMPORT}\ndef draw():\n    return plt.figure()")),
    ("figures", code(f"{IMPORT}\nplt.style.use('ggplot')\nplt.close('all')")),
    ("figures", code("viz.use_style()")),
    ("seeds", (SEED + DRAW, "g = torch.Generator().manual_seed(0)\nnoise = torch.randn(5, generator=g)\n")),
    ("seeds", code("def draw():\n    torch.manual_seed(0)\n    return torch.rand(2)\n\nprint(draw())")),
    ("seeds", code("def draw():\n    return torch.rand(2)")),
    ("seeds", code(NET)),
    ("seeds", code("import numpy as np\nrng = np.random.default_rng(0)\nrng.normal()")),
    ("seeds", code("import random\nrandom.seed(0)\nrandom.shuffle([1, 2])")),
    ("seeds", code("torch.zeros(3).uniform_(generator=torch.Generator().manual_seed(3))")),
    ("seeds", code("nn.init.zeros_(torch.empty(3))")),
    ("names", code("def even(n):\n    return n == 0 or odd(n - 1)\n\ndef odd(n):\n    return not even(n)")),
    ("names", code("pairs = [(i, i * i) for i in range(3)]\nprint(lambda i: i, {k: v for k, v in pairs})")),
    ("names", code("try:\n    x = 1\nexcept ValueError as error:\n    print(error)\nelse:\n    print(x)")),
    ("names", code("class A:\n    size = 3\n    half = size / 2\n    def f(self):\n        return A.half")),
    ("names", code("def count():\n    global total\n    total = 1\n\ncount()\nprint(total)")),
    ("names", code("with open('x') as file:\n    for line in file:\n        print(line, __name__)")),
    ("names", code("mean = noise.mean\nprint(mean())")),
    ("names", ("ax.plot([1, 2])", "noise = 3\nax.plot(noise)")),
    ("references", (GAUSS, "Gauss, C. F. [Theoria motus](https://example.org). Perthes, 1809.")),
    ("links", (GLOSSARY_LINK, "[the paper](https://example.org)")),
    ("links", (GLOSSARY_LINK, "[this](02_small.ipynb)")),
    ("links", (GLOSSARY_LINK, "`[x](nowhere.md)` and $a[i](x)$")),
    ("links", (GLOSSARY_LINK, "![words](../chapters/GLOSSARY.md)")),
    ("network", code("import torchvision\ntorchvision.models.vit_b_16(weights=None)")),
    ("network", code("viz.outline(1, weights=noise)\nprint(dict(download=False))")),
    ("voice", says("`a!` and $n! = 1$, a != b, and ![a line](../chapters/GLOSSARY.md).")),
    ("voice", says("Full dots ●●○, arrows →, and 注意力.")),
]


def words(value):
    """A parameter as part of a test's name: what was changed is too long for one."""
    return value if isinstance(value, str) else ""


def test_the_faultless_lesson_is_clean(lesson):
    assert lesson().lint() == []


@pytest.mark.parametrize(("rule", "change", "said"), FOUND, ids=words)
def test_a_fault_is_found(lesson, rule, change, said):
    found = [problem.message for problem in lesson(change).lint() if problem.rule == rule]
    assert any(said in message for message in found), found


@pytest.mark.parametrize(("rule", "change"), PASSES, ids=words)
def test_what_is_right_passes(lesson, rule, change):
    assert [str(problem) for problem in lesson(change).lint() if problem.rule == rule] == []


def test_every_rule_is_shown_to_fail():
    sources = "".join(inspect.getsource(module) for module in {inspect.getmodule(rule) for rule in RULES})
    assert set(re.findall(r'page\.problem\("(\w+)"', sources)) == {rule for rule, _, _ in FOUND}
