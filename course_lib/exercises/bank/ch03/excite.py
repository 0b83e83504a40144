"""Exercise 3.2: the excitation, gates from squeezed channels; the constructor is part of the task.

A middle of the wrong width cannot take the reference's weights, so the engine reports that loading
them failed, and no mistake can be named. The names of the stages say which width is asked for.
"""

import torch
from torch.nn import functional as F

from course_lib.exercises.bank.ch03 import excite_answers as answers
from course_lib.exercises.bank.drawing import normal
from course_lib.exercises.exercise import Exercise, Mistake, Stage


def _case(b, dim, scale=2.0):
    return lambda g: {"s": normal(g, b, dim, scale=scale)}


EXCITE = Exercise(
    id="excite",
    chapter=3,
    title="Excite",
    signature="Excite(dim, reduction=16)",
    points=2,
    difficulty=2,
    importance=5,
    minutes=8,
    reference=answers.Excite,
    stages=(
        Stage(
            "4 channels, reduction 1: width 4",
            "Nothing is narrowed: `fc1`, ReLU, `fc2`, sigmoid, and nothing else. Print what each"
            " of the four gives.",
            _case(3, 4),
            {"dim": 4, "reduction": 1},
        ),
        Stage(
            "6 channels, reduction 2: width 3",
            "The middle is half as wide, and there is one sample. Is anything taken over the"
            " batch?",
            _case(1, 6),
            {"dim": 6, "reduction": 2},
        ),
        Stage(
            "11 channels, reduction 4: width 2",
            "11 / 4 is no whole number: rounded down, the middle has 2 units.",
            _case(4, 11),
            {"dim": 11, "reduction": 4},
        ),
        Stage(
            "3 channels, reduction 16: width 1",
            "Fewer channels than the reduction: one unit must be left, or no gate depends on its"
            " input.",
            _case(5, 3),
            {"dim": 3},
        ),
        Stage(
            "40 channels, reduction 16: width 2",
            "The reduction is not handed over: 16 is the default.",
            _case(2, 40),
            {"dim": 40},
            ("s",),
        ),
        Stage(
            "strong channels",
            "Large inputs: gates close to 0 and close to 1.",
            _case(3, 8, scale=15.0),
            {"dim": 8, "reduction": 2},
            ("s",),
        ),
        Stage(
            "33 channels, reduction 8: width 4",
            "Another width, another batch.",
            _case(4, 33),
            {"dim": 33, "reduction": 8},
            ("s",),
            hidden=True,
        ),
    ),
    mistakes=(
        Mistake(
            "no sigmoid",
            answers.wired(end=lambda z: z),
            "Some of your gates are negative and some above 1: there is no sigmoid at the end. A"
            " gate says how much goes through, from 0 to 1.",
            "`sigmoid()` as the last step.",
        ),
        Mistake(
            "ReLU before the sigmoid",
            answers.wired(end=lambda z: z.relu().sigmoid()),
            "None of your gates is below 0.5. A ReLU in front of the sigmoid turns every negative"
            " score into 0, and the sigmoid of 0 is 0.5. Such a gate cannot close.",
            "One ReLU, between the two layers. After the second layer the sigmoid alone.",
        ),
        Mistake(
            "ReLU in place of the sigmoid",
            answers.wired(end=torch.relu),
            "Your gates are never negative, and nothing holds them below 1: a ReLU stands where"
            " the sigmoid should.",
            "A ReLU between the layers, a sigmoid at the end.",
        ),
        Mistake(
            "sigmoid twice",
            answers.wired(end=lambda z: z.sigmoid().sigmoid()),
            "All of your gates lie between 0.5 and 0.73: that is a sigmoid of a sigmoid.",
            "Once, at the end.",
        ),
        Mistake(
            "softmax over the channels",
            answers.wired(end=lambda z: z.softmax(1)),
            "Your gates sum to 1 over the channels, so opening one closes the others. Here each"
            " channel has a gate of its own, and all may be open.",
            "`sigmoid()` in place of the softmax.",
        ),
        Mistake(
            "softmax over the batch",
            answers.wired(end=lambda z: z.softmax(0)),
            "Your gates sum to 1 over the batch: the samples compete. With one sample every gate"
            " is 1.",
            "`sigmoid()` looks at each number for itself.",
        ),
        Mistake(
            "no ReLU between",
            answers.wired(middle=lambda z: z),
            "There is nothing between your two linear layers. Two linear maps in a row are one"
            " linear map, so the middle only makes it poorer.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "activations exchanged",
            answers.wired(middle=torch.sigmoid, end=torch.relu),
            "The sigmoid stands in the middle and the ReLU at the end. Then nothing holds the"
            " gates below 1, and many are exactly 0.",
            "Exchange the two: ReLU in the middle, sigmoid at the end.",
        ),
        Mistake(
            "sigmoid in the middle too",
            answers.wired(middle=torch.sigmoid),
            "Your gates end in a sigmoid, as they should, but the middle has a sigmoid as well."
            " Squeeze-and-excitation has a ReLU there.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "tanh in the middle",
            answers.wired(middle=torch.tanh),
            "The middle layer ends in a tanh: none of its units exceeds 1. Squeeze-and-excitation"
            " has a ReLU there.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "GELU in the middle",
            answers.wired(middle=F.gelu),
            "The middle layer ends in a GELU, which lets a little of the negative through. It"
            " would work, but it is not what was asked for, and old weights would not fit.",
            "`relu()` after `fc1`.",
        ),
        Mistake(
            "tanh at the end",
            answers.wired(end=torch.tanh),
            "Your gates run from -1 to 1: a tanh. A negative gate does not close a channel, it"
            " turns its sign over.",
            "`sigmoid()` at the end.",
        ),
        Mistake(
            "tanh brought to 0 .. 1",
            answers.wired(end=lambda z: (z.tanh() + 1) / 2),
            "Your gates lie between 0 and 1, but they open twice as steeply: (tanh(z) + 1) / 2 is"
            " the sigmoid of 2z.",
            "`sigmoid()` of the scores as they are.",
        ),
        Mistake(
            "hard sigmoid",
            answers.wired(end=F.hardsigmoid),
            "Your gates are made of three straight lines: a hard sigmoid, as in MobileNetV3. It is"
            " cheaper, and outside of -3 to 3 it has no gradient.",
            "The smooth `sigmoid()`.",
        ),
        Mistake(
            "clamped",
            answers.wired(end=lambda z: z.clamp(0, 1)),
            "You cut the scores off at 0 and 1. Beyond that no gradient comes back, so a closed"
            " gate stays closed.",
            "`sigmoid()` bends where the clamp breaks.",
        ),
        Mistake(
            "brought to 0 .. 1 by the extremes",
            answers.wired(
                end=lambda z: (
                    (z - z.amin(1, keepdim=True))
                    / (z.amax(1, keepdim=True) - z.amin(1, keepdim=True)).clamp_min(1e-6)
                )
            ),
            "In each of your samples one gate is exactly 0 and one exactly 1: you stretch the"
            " scores between their extremes. One gate then depends on the others.",
            "`sigmoid()` of each score.",
        ),
        Mistake(
            "the other way round",
            answers.wired(end=lambda z: 1 - z.sigmoid()),
            "Your gates are open where they should be closed: you return 1 minus the gate, which"
            " is the sigmoid of minus the score.",
            "The sigmoid of the scores as they are.",
        ),
        Mistake(
            "twice the sigmoid",
            answers.wired(end=lambda z: 2 * z.sigmoid()),
            "Your gates run from 0 to 2. Some later designs do so, that a score of 0 leaves a"
            " channel as it is. Here a gate ends at 1.",
            "Leave the factor out.",
        ),
        Mistake(
            "one plus the gate",
            answers.wired(end=lambda z: 1 + z.sigmoid()),
            "Your gates run from 1 to 2: they can strengthen a channel and never weaken it.",
            "Leave the 1 out.",
        ),
        Mistake(
            "a ReLU on the input",
            answers.wired(start=torch.relu),
            "You cut the negative part of `s` off before the first layer. A mean below 0 tells"
            " something as well.",
            "`self.fc1(s)`: s as it is.",
        ),
        Mistake(
            "multiplied with the input already",
            answers.applied_to_the_input,
            "You return s times the gates. The gates alone are asked for: they will be multiplied"
            " with the map, not with its means.",
            "Return the gates.",
        ),
        Mistake(
            "added to the input",
            answers.added_to_the_input,
            "You return s plus the gates. The gates alone are asked for.",
            "Return the gates.",
        ),
        Mistake(
            "a skip around the layers",
            answers.skip_around,
            "You add `s` to the scores before the sigmoid. There is no skip connection inside an"
            " excitation.",
            "The sigmoid of what `fc2` returns, nothing added.",
        ),
        Mistake(
            "the first layer only",
            answers.first_layer_only,
            "You return the middle layer: `fc2` is not used, and there are as many numbers as"
            " units in the middle.",
            "`fc2` widens the middle to one number a channel again.",
        ),
        Mistake(
            "the ReLU at the wrong layer",
            answers.wired(middle=lambda z: z, end=lambda z: z.relu().sigmoid()),
            "None of your gates is below 0.5, and your two layers are one linear map: the ReLU"
            " stands after the second layer, where it belongs after the first.",
            "Move the ReLU between the layers.",
        ),
        Mistake(
            "layers exchanged",
            answers.layers_exchanged,
            "You call `fc2` before `fc1`. Here both have the same size; where the middle is narrow"
            " your code would stop.",
            "`fc1` narrows and comes first, `fc2` widens.",
        ),
        Mistake(
            "rounded to 0 or 1",
            answers.wired(end=lambda z: z.sigmoid().round()),
            "Every gate of yours is 0 or 1. A gate lets a part through, and says how much by any"
            " number between.",
            "No rounding, no threshold: the sigmoid as it is.",
        ),
        Mistake(
            "sigmoids divided by their sum",
            answers.wired(end=lambda z: z.sigmoid() / z.sigmoid().sum(1, keepdim=True)),
            "Your gates sum to 1 over the channels: sigmoids, divided by their sum. Opening one"
            " closes the others.",
            "Leave the division out.",
        ),
        Mistake(
            "input brought to mean 0",
            answers.wired(start=lambda s: s - s.mean(1, keepdim=True)),
            "You subtract the mean of the channels from `s` first. How strong all of them are"
            " together is then lost.",
            "`self.fc1(s)`: s as it is.",
        ),
        Mistake(
            "biases left out",
            answers.bias_left_out,
            "Your layers multiply and do not add their biases. For s = 0 every gate of yours would"
            " be 0.5.",
            "Call the layers: `self.fc1(...)`, `self.fc2(...)`.",
        ),
    ),
    variants={
        "functions": answers.by_functions,
        "loops": answers.by_loops,
        "einsum and tanh": answers.by_einsum,
        "width by or": answers.WidthByOr,
        "float64 inside": answers.in_float64,
    },
    forbid=("torchvision.ops.SqueezeExcitation", "course_lib.attention.SqueezeExcitation"),
    hints=(
        "How wide is the middle for 3 channels and a reduction of 16? And which of the two"
        " activations can return 0.1?",
        "`fc1` narrows to `dim // reduction` units, at least one. ReLU. `fc2` widens again."
        " Sigmoid.",
        "In the constructor `hidden = max(1, dim // reduction)`. In `forward` the sigmoid of"
        " `self.fc2(...)`, inside it the ReLU of `self.fc1(s)`.",
    ),
)
