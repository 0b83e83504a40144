"""The questions of chapter 3: retrieval, predictions before a cell runs, puzzles from published code."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "one-more-gate",
        3,
        "A map of 196 places carries a gate, a sigmoid at each place. The score of one place rises a lot."
        " What happens to the other 195 gates?",
        (
            Option(
                "they sink a little, the mass stays 1",
                "That is a softmax. Gates have no mass to share; the sum of 196 of them may be anything"
                " between 0 and 196.",
            ),
            Option(
                "nothing",
                "Each gate looks at its own score. To open one closes no other.",
                right=True,
            ),
            Option(
                "they rise a little",
                "Nothing connects them. A sigmoid of one score does not know that there are others.",
            ),
        ),
    ),
    Question(
        "canvas-mean",
        3,
        "A cluttered canvas was cut into windows and the windows were averaged. A reader who gets nine clean"
        " windows in ten right was given the average. What could it still tell?",
        (
            Option(
                "hardly anything: the shape was gone",
                "It was right about one time in ten. A mean over places keeps how much ink there is and"
                " forgets where.",
                right=True,
            ),
            Option(
                "the digit, if a little less surely",
                "The digit lay under one window in six, and smeared within those. Its shape did not survive.",
            ),
            Option(
                "where the digit is, though not which",
                "It is just the other way round: where is the first thing that a mean over places loses.",
            ),
        ),
    ),
    Question(
        "shuffle-then-mean",
        3,
        "The tokens of a picture are shuffled. They go through self-attention without positions, and then the"
        " mean over all tokens is taken. How does this mean change?",
        (
            Option(
                "not at all",
                "Attention answers in the new order and is otherwise unchanged, and a mean does not look at"
                " the order. Together they do not see the shuffle.",
                right=True,
            ),
            Option(
                "it is shuffled, too",
                "The list of answers is. Its mean is a single vector; there is nothing left to be in order.",
            ),
            Option(
                "completely: every token now has other neighbours",
                "Without positions there are no neighbours. Every token attends to the same set as before.",
            ),
        ),
    ),
    Question(
        "fixed-gates",
        3,
        "Eleven gates are learned with the rest of the network, the same for every picture, and multiplied to"
        " the channels in front of a convolution. What can the network do now that it could not do before?",
        (
            Option(
                "switch a channel off",
                "The convolution behind could always do that, by zeros in its weights for that channel.",
            ),
            Option(
                "nothing",
                "A fixed factor and a convolution are another convolution: multiply its weights by the factor"
                " and leave the gates out.",
                right=True,
            ),
            Option(
                "weigh the channels of the cup and of the pagoda differently",
                "The gates are the same for both pictures. For that they would have to look.",
            ),
        ),
    ),
    Question(
        "mean-of-edges",
        3,
        "The mean of the channel of broad lying lines, over all places: which photo has the larger one?",
        (
            Option(
                "the pagoda, with all its roofs",
                "It has more of them, and more of both signs. Every bright stripe has its dark sides.",
            ),
            Option(
                "the flower, since lines are rarer there",
                "Rarer or not, positive and negative answers to a line cancel in either photo.",
            ),
            Option(
                "neither: both are 0",
                "A line filter answers a stripe with plus in its middle and minus at its sides, and the sum is"
                " nothing. The mean tells on which side of zero a map lies, not how much is going on in it.",
                right=True,
            ),
        ),
    ),
    Question(
        "own-strength",
        3,
        "By night, red and blue shall be closed; by day, open. Red gets a gate made of its own strength alone,"
        " g = sigmoid(a s + b). Which a and b do it for these two photos?",
        (
            Option(
                "a large and b negative: weak colours close",
                "The weaker red of the two is the pagoda's, by day. This closes it, and keeps the cup's, by"
                " night.",
            ),
            Option(
                "a negative and b positive: strong colours close",
                "For these two photos it could be tuned to do it, by 0.040 against 0.043. It would close red in"
                " every colourful photo taken by day.",
            ),
            Option(
                "none that deserves the name",
                "The two reds are nearly equal, and in the wrong order. What tells day from night stands in"
                " another channel, so red has to ask it.",
                right=True,
            ),
        ),
    ),
    Question(
        "four-units",
        3,
        "The middle has four units, so r = 4. Which of the two jobs can it learn?",
        (
            Option("both", "Sixteen independent coins through four numbers, each cut off at 0: too narrow."),
            Option(
                "open one, not open some",
                "One of sixteen is a single message with sixteen values. Sixteen coins are sixteen messages"
                " at once.",
                right=True,
            ),
            Option(
                "neither: sixteen channels need sixteen units",
                "Four units can take more than four values. What counts is how many things have to be said at"
                " once, not how many channels listen.",
            ),
        ),
    ),
    Question(
        "no-units",
        3,
        "Eight channels and r = 16, made with nn.Linear(8, 8 // 16) and nn.Linear(8 // 16, 8). What happens?",
        (
            Option(
                "an error when the layers are made",
                "PyTorch warns that there is nothing to initialise and makes them: a layer of width 0 is"
                " legal.",
            ),
            Option("an error at the first image", "The shapes fit: (B, 8) to (B, 0) to (B, 8)."),
            Option(
                "it runs, and every image gets the same gates",
                "A sum over no units is 0, and what is left is the sigmoid of the last bias.",
                right=True,
            ),
            Option(
                "it runs, and all gates are 0",
                "The last layer still has its bias, and a sigmoid is never 0.",
            ),
        ),
    ),
    Question(
        "how-far",
        3,
        "ECA with k = 5, and the message has to travel d channels. How do its right gates fall with d?",
        (
            Option(
                "slowly: what is further away is heard less well",
                "Within the kernel all are heard equally well, and outside of it nobody is heard.",
            ),
            Option(
                "perfect up to d = 2, guessing from d = 3 on",
                "The kernel reaches two channels to each side. The third is not in the sum.",
                right=True,
            ),
            Option(
                "perfect up to d = 4, guessing from d = 5 on",
                "Five numbers, but they lie on both sides: two before, the channel itself, two after.",
            ),
            Option(
                "not at all, training moves the channels together",
                "It would, if there were something in front to move them. Here the channels come as they"
                " come.",
            ),
        ),
    ),
    Question(
        "one-loud-channel",
        3,
        "One of 64 channels sees the object, strongly. The mean over channels is taken, or the maximum. Where does"
        " the object show?",
        (
            Option(
                "in the mean: it averages the noise away",
                "It divides the lone voice by 64 and the noise by only 8, the root of 64.",
            ),
            Option(
                "in the maximum",
                "A voice twice as loud as the loudest noise wins the maximum at every place of the object. For"
                " a quiet choir of all 64 it is the other way round.",
                right=True,
            ),
            Option(
                "equally in both",
                "They fail in opposite cases. That is why CBAM takes both.",
            ),
        ),
    ),
    Question(
        "stripes-everywhere",
        3,
        "In which wiring does the spatial gate find the flower?",
        (
            Option(
                "side by side",
                "Then it looks at the raw map. Stripes are fine detail, and they are everywhere.",
            ),
            Option(
                "where, then what",
                "It looks first, so it sees the stripes. What the channel gate does afterwards comes too late.",
            ),
            Option(
                "what, then where",
                "The channel gate shuts the striped channel, and the spatial gate looks at what is left.",
                right=True,
            ),
            Option(
                "in all three: the product is the same",
                "The product of two gates does not depend on the order. But one of the gates depends on what"
                " it is shown.",
            ),
        ),
    ),
    Question(
        "forget-half",
        3,
        "A new LSTM, forget bias 0. How much of a memory is left after 20 steps?",
        (
            Option("a half", "That is what one step leaves."),
            Option(
                "about a twentieth",
                "That would be 1/20, as if each step took an equal share of the first memory. A gate"
                " takes its share of what is left.",
            ),
            Option(
                "about a millionth",
                "Each step multiplies by about one half, and one half to the twentieth is 0.00000095.",
                right=True,
            ),
        ),
    ),
    Question(
        "gate-or-width",
        3,
        "A plain network, a plain one with four times the parameters, and the first one with a channel gate in"
        " front. In which order do they end, best first?",
        (
            Option(
                "about the same: every filter sees all ten channels",
                "All the information is there for all three. What differs is what it takes to use it: choosing"
                " one of five with sums and ReLUs is much to learn, with a product it is little.",
            ),
            Option(
                "gate, wide, plain",
                "A gate multiplies: what the cue says times what the digit is. Width helps to carry all five"
                " digits to the end, and to choose there.",
                right=True,
            ),
            Option(
                "wide, gate, plain",
                "Four times the parameters are four times as many sums. A product is hard to make of sums.",
            ),
        ),
    ),
    Question(
        "cue-names-a-place",
        3,
        "The cue says which of two places counts, and the digits are in channels drawn at random. What does the"
        " channel gate gain?",
        (
            Option(
                "as much as before: it is the same kind of choice",
                "It is, for somebody who can choose places. A channel's gate is the same at all places.",
            ),
            Option(
                "half: it can shut the channel of the wrong digit",
                "It would have to know which channel holds which place. It is made from means over the"
                " places, and these forgot.",
            ),
            Option(
                "nothing",
                "The squeeze forgets where, and the gate is the same everywhere. It can neither see the choice"
                " nor make it.",
                right=True,
            ),
        ),
    ),
    Question(
        "sigmoid-twice",
        3,
        "gate = sigmoid(sigmoid(score)). What can this gate not do?",
        (
            Option(
                "close",
                "The inner sigmoid lies between 0 and 1, so the outer one lies between sigmoid(0) = 0.5 and"
                " sigmoid(1) = 0.73. Whatever the score, half of everything goes through.",
                right=True,
            ),
            Option(
                "learn: there is no gradient through two sigmoids",
                "There is, at most 1/4 of 1/4. It is small, but it is not the problem.",
            ),
            Option(
                "depend on the picture",
                "It does depend on it, between 0.5 and 0.73. A factor of 1.5 is all that it has to say.",
            ),
        ),
    ),
    Question(
        "avg-plus-avg",
        3,
        "gate = sigmoid(mlp(avg) + mlp(avg)), where avg + max was meant. Which layer is this?",
        (
            Option(
                "squeeze-and-excitation with doubled scores",
                "2 mlp(avg): the factor of two can be learned away. The maximum, and with it everything"
                " small and bright, is not in it.",
                right=True,
            ),
            Option(
                "a layer without any attention",
                "It has a gate that depends on the picture. It only does not depend on the maximum.",
            ),
            Option(
                "CBAM's channel gate, a little noisier",
                "Mean and maximum are different questions. No noise turns the one into the other.",
            ),
        ),
    ),
    Question(
        "never-squeezed",
        3,
        "What does `return x * self.se(x)` compute, with two 1x1 convolutions and no pooling in `se`?",
        (
            Option(
                "an error: the shapes do not fit",
                "1x1 convolutions take a map of any size. (B, C, H, W) goes in and comes out.",
            ),
            Option(
                "the same gates, only computed more slowly",
                "Without the mean each place has only itself to look at, and places differ.",
            ),
            Option(
                "a gate for every number of the map, made from its own place alone",
                "Same parameters, same shapes at the end, same state dict. And no channel knows how strong it"
                " is in the picture as a whole.",
                right=True,
            ),
        ),
    ),
    Question(
        "ratio-or-width",
        3,
        "The middle is 16 units wide where channels / 16 was meant. For how many channels would a test against"
        " the right layer have passed?",
        (
            Option("none", "There is one width for which 16 is the right answer."),
            Option("16", "16 / 16 is a middle of one unit, and here are 16."),
            Option(
                "256",
                "256 / 16 = 16: the middle is right by chance, and so are parameters and state dict. Test"
                " with two widths.",
                right=True,
            ),
        ),
    ),
    Question(
        "sixteen-gates",
        3,
        "Sixteen squeeze-and-excitation modules, one behind the other, freshly made. How much of a signal comes out?",
        (
            Option("about a half: gates start near 0.5", "One does. Sixteen of them multiply."),
            Option(
                "about 1/65,000",
                "Scores start near 0, gates near 0.5, and one half to the sixteenth is 1/65,536.",
                right=True,
            ),
            Option(
                "all of it: a module starts as the identity",
                "It would if somebody had made it so, with an open last bias or a factor of two.",
            ),
        ),
    ),
)
