"""The questions of chapter 2: three from chapter 1, predictions before a cell runs, and five puzzles."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "add-five",
        2,
        "All scores of one query rise by 5. What happens to its softmax weights?",
        (
            Option("they all rise", "They sum to 1 before and after. They cannot all rise."),
            Option(
                "nothing",
                "Each exponential grows by the same factor, and the division takes it out again. A softmax "
                "sees differences of scores only.",
                right=True,
            ),
            Option(
                "the largest gains, the others lose",
                "That is what multiplying by 5 would do: the differences grow. Adding leaves them as they"
                " are.",
            ),
        ),
    ),
    Question(
        "decided-row",
        2,
        "One key holds 0.999 of a query's weight. How much gradient reaches the scores through this softmax?",
        (
            Option(
                "hardly any",
                "The derivative of a weight w by its own score is w(1 - w): here a thousandth. A softmax"
                " teaches while it hesitates.",
                right=True,
            ),
            Option(
                "a lot, for the key that won",
                "Its weight can rise by 0.001 at most. There is nothing left to gain by moving its score.",
            ),
            Option(
                "the same as always, gradients do not depend on the weights",
                "They do: w(1 - w) is largest at one half and 0 at both ends.",
            ),
        ),
    ),
    Question(
        "one-query",
        2,
        "One query of 64 numbers attends to 196 keys, and each value has 512 numbers. What shape is the"
        " answer, and what do the weights sum to?",
        (
            Option(
                "(196, 512), and each weight is between 0 and 1",
                "That would be one answer a key. Answers are counted by queries, and there is one.",
            ),
            Option(
                "(1, 512), and the weights sum to 1",
                "One query, one answer, as wide as a value. Its 196 weights share a mass of 1.",
                right=True,
            ),
            Option(
                "(1, 64), and the weights sum to 1",
                "64 is the width in which query and keys are compared. What comes out is a blend of values.",
            ),
        ),
    ),
    Question(
        "drowned",
        2,
        "A window of 12 x 12 slides over the canvas: 1,961 windows. They are averaged into one, and a"
        " classifier that reads nine clean windows in ten is given the average. How often is it right?",
        (
            Option(
                "nearly as often: the digit is the largest thing on the canvas",
                "Largest, and still under only one window in six. The other five windows carry paper and"
                " fragments, and the digit itself is smeared over all positions within its windows.",
            ),
            Option(
                "about half of the time",
                "That would need something of the digit's shape to survive in the average. Look at the"
                " average before you bet on it.",
            ),
            Option(
                "about one time in ten, like guessing",
                "Sliding a window over a stroke and averaging smears the stroke into a plain. What is left"
                " is how much ink there is, and that is nearly the same for all digits.",
                right=True,
            ),
        ),
    ),
    Question(
        "between-two-peaks",
        2,
        "Two digits on the canvas, half of the weight on each. Where is the expected place?",
        (
            Option(
                "on one of the two, by chance",
                "Nothing is drawn here. An expectation of the same weights is the same every time.",
            ),
            Option(
                "half way between them",
                "The mean of two places is the point half way, whatever stands there: mostly nothing.",
                right=True,
            ),
            Option("on the larger one", "The weights are equal, and the mean knows weights, not sizes."),
        ),
    ),
    Question(
        "raise-all-scores",
        2,
        "Every score of a 14 x 14 map rises by 5. The softmax does not notice. And the gate, a sigmoid of"
        " each score?",
        (
            Option(
                "it does not notice either",
                "A sigmoid compares a score with 0, not with other scores. Moving all of them moves all"
                " gates.",
            ),
            Option(
                "nearly every gate opens, and the mass goes to almost 196",
                "Each gate looks at its own score, and almost all of these are now far above 0.",
                right=True,
            ),
            Option(
                "the mass doubles",
                "It was about half of 196 before, so it nearly does, but because it hits the ceiling: a"
                " gate cannot go above 1.",
            ),
        ),
    ),
    Question(
        "which-gradient",
        2,
        "A place is drawn from softmax(scores), its window is read, and `backward()` runs from the reward."
        " What stands in `scores.grad`?",
        (
            Option(
                "a gradient for the drawn place, zeros for the others",
                "That is what the windows get. The scores only decided which window it was, and a decision"
                " is a whole number, without a graph behind it.",
            ),
            Option(
                "None",
                "The drawn index is an integer tensor. It has no connection to the scores at all, so"
                " nothing was ever written there.",
                right=True,
            ),
            Option(
                "zeros",
                "Zeros would mean that a path exists and has slope 0. Here is no path. The cell after the"
                " next one builds such a path, and then it is zeros.",
            ),
        ),
    ),
    Question(
        "more-draws",
        2,
        "The average of 100 single-draw gradients is off by 0.3. How many draws until it is off by 0.03?",
        (
            Option("1,000", "Ten times the draws makes it better by the square root of ten, about 3."),
            Option(
                "10,000",
                "The error of a mean of n independent draws falls as 1 over the root of n. A tenth of the"
                " error costs a hundred times the draws.",
                right=True,
            ),
            Option("200", "Then errors would fall off a cliff. Those of averages do not."),
        ),
    ),
    Question(
        "plus-hundred",
        2,
        "Somebody adds 100 to every reward. Which place is best does not change. What happens to the"
        " score-function gradient?",
        (
            Option(
                "its mean grows a hundredfold, and so does its noise",
                "The mean of what is added is 100 times the gradient of the sum of all chances. That sum is"
                " 1 and stays 1.",
            ),
            Option(
                "its mean stays, its noise explodes",
                "Every draw is now praised by about 100, whichever it was. On average the praise cancels;"
                " in a single draw it does not.",
                right=True,
            ),
            Option(
                "nothing: a constant drops out of every draw",
                "It drops out of the average. A single draw is multiplied by it.",
            ),
        ),
    ),
    Question(
        "saw-the-glimpse",
        2,
        "A network predicts the reward, as a baseline, from the very glimpse that was just taken. It becomes"
        " perfect: its prediction always equals the reward. What does the policy learn?",
        (
            Option(
                "faster than with any other baseline: there is no noise left",
                "There is no noise left because there is nothing left. Reward minus prediction is 0 for"
                " every draw, good or bad.",
            ),
            Option(
                "nothing at all",
                "Every draw earns exactly what was predicted after it, so no draw is better than expected."
                " A baseline may know the image. It may not know the draw.",
                right=True,
            ),
            Option(
                "the same as with a constant baseline",
                "A constant is the same for good draws and bad ones, so their difference survives. This one"
                " subtracts exactly that difference.",
            ),
        ),
    ),
    Question(
        "colder",
        2,
        "Straight-through Gumbel-softmax, with a smaller and smaller temperature. What happens to its"
        " gradient?",
        (
            Option(
                "less bias and less noise: it comes closer to a real draw in every way",
                "Closer to a real draw means closer to a step. A step is flat almost everywhere and very"
                " steep at one point: most draws give nothing, a few give far too much.",
            ),
            Option(
                "the noise grows; the bias shrinks, but only as far as the reward is linear",
                "The stand-in becomes a true draw, so its own bias goes. What stays is the guess what the"
                " other places would have earned: a straight line drawn at the place that was looked at.",
                right=True,
            ),
            Option(
                "it vanishes, like the gradient of any saturated softmax",
                "On most draws it nearly does. On the few where two places are almost tied it is as large"
                " as 1 over the temperature, and that keeps the mean up.",
            ),
        ),
    ),
    Question(
        "minus-three",
        2,
        "A window of 12 around column 3 of a row of 64 pixels begins at column -3. What does `row[-3:9]`"
        " give?",
        (
            Option(
                "12 pixels, the first three of them from the other end of the row",
                "A negative index does count from the end, but a slice does not go around the corner.",
            ),
            Option("9 pixels: what there is of the window", "That would be `row[0:9]`."),
            Option(
                "no pixels at all, and no error",
                "-3 means column 61, and from 61 up to 9 there is nothing. An empty slice is a valid slice.",
                right=True,
            ),
        ),
    ),
    Question(
        "what-a-baseline-buys",
        2,
        "Two hard models, the score function, 320 places, rewards between 0 and 1. One subtracts a running"
        " mean from the reward, the other subtracts nothing. Both gradients are right on average. After 3,000"
        " steps?",
        (
            Option(
                "both read equally well: what is unbiased gets there",
                "With steps small enough and patience without end. Training has neither.",
            ),
            Option(
                "the one without is a few points behind",
                "That is what we had expected, too. It would be so if both could see their gradient from"
                " the first step on.",
            ),
            Option(
                "the one without has hardly learned anything",
                "At the start every draw earns about a tenth, since the reader can only guess. That tenth is"
                " praise for whatever was drawn, and what tells a good place from a bad one drowns in it.",
                right=True,
            ),
        ),
    ),
    Question(
        "sigmoid-called-softmax",
        2,
        "A paper says: a softmax over the places. Its code says `weights = scores.sigmoid()`, and after it"
        " `(weights * features).sum((2, 3))`. It trains. What will the next user trip over?",
        (
            Option(
                "nothing, both lie between 0 and 1",
                "Each weight does. Their sum is 1 in the one case and about half the number of places in"
                " the other.",
            ),
            Option(
                "a larger image: the features grow with the number of places",
                "The sum of the gates grows with the area of the map, and so do the pooled features."
                " Nothing after it was trained on features of that size.",
                right=True,
            ),
            Option(
                "the gradient: a sigmoid has none",
                "It has one, and a simpler one than the softmax: each weight depends on its own score only.",
            ),
        ),
    ),
    Question(
        "dim-one",
        2,
        "Scores of shape (B, 1, H, W) go through `nn.Softmax(dim=1)`. What does the network get to see?",
        (
            Option("a distribution over the rows", "Rows are axis 2. Axis 1 holds the one channel."),
            Option(
                "a weight of 1 at every place",
                "Axis 1 has one entry, and one entry alone takes all of the mass. The map is constant,"
                " whatever the scores are, and no gradient reaches them.",
                right=True,
            ),
            Option("an error", "Axis 1 exists. A softmax over an axis of length 1 is allowed, and useless."),
        ),
    ),
    Question(
        "one-length",
        2,
        "A glimpse turns a centre in [-1, 1] into pixels with one length for both axes:"
        " `T = image.shape[1]`. All its tests are on MNIST. What happens on a canvas of 48 x 64?",
        (
            Option(
                "an error: index out of range",
                "Slices do not complain. And with T = 48 no index is out of the range of 64.",
            ),
            Option(
                "the last quarter of the columns can never be in the middle of a look",
                "x = 1 lands on column 48 of 64. What lies to the right of it is seldom seen, and the"
                " policy cannot ask for it.",
                right=True,
            ),
            Option(
                "nothing: -1 and 1 are the edges on any image",
                "They would be, if x were multiplied by the width. It is multiplied by the height.",
            ),
        ),
    ),
    Question(
        "own-reward",
        2,
        "Four looks are drawn for each image, and the baseline of each is the mean reward of all four, its"
        " own included. On average, how large is the gradient?",
        (
            Option("right: a mean of rewards is a fine baseline", "Of *other* rewards it is."),
            Option(
                "three quarters of what it should be",
                "A quarter of each baseline is the draw's own reward, so a quarter of the reward is taken"
                " away from itself. The direction is right, the length is (S - 1) / S.",
                right=True,
            ),
            Option(
                "zero: the deviations from a mean sum to zero",
                "The deviations do. Each is multiplied by the gradient of another draw's log-probability"
                " before they are added up.",
            ),
        ),
    ),
    Question(
        "argmax-trains",
        2,
        "Hard attention by `place = scores.argmax(-1)`, then the window at that place goes to the classifier."
        " The loss falls from 2.3 to 0.8 in training. What has been learned?",
        (
            Option(
                "where to look, slowly",
                "Not one of the scores' parameters has moved. Compare them with a copy from before.",
            ),
            Option(
                "what can be made of windows at places that nobody chose",
                "The classifier learns by ordinary backpropagation from whatever it is shown. The scores"
                " have no gradient and stay what chance made them.",
                right=True,
            ),
            Option(
                "nothing, the loss falls by chance",
                "It falls because the classifier learns. Half of the network is a real learner, which is"
                " why nobody notices.",
            ),
        ),
    ),
)
