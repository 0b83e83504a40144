"""The questions of chapter 5: retrieval, predictions before a cell runs, puzzles from published code."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "reshaped-heads",
        5,
        "Tokens (B, N, C) are cut into heads by `reshape(B, H, N, D)`, without a transpose. What happens?",
        (
            Option(
                "an error: the shapes do not fit",
                "They fit: N C is H N D. Reshape counts numbers and nothing else.",
            ),
            Option(
                "each head gets pieces of some tokens and never sees the others",
                "Reshape reads on along the rows and moves no number. It will be the same trap with"
                " patches, half an hour from now.",
                right=True,
            ),
            Option(
                "nothing: the order of the channels is for the network to choose",
                "It may choose the order of channels within a token. Here numbers of different tokens end"
                " up in one.",
            ),
        ),
    ),
    Question(
        "five-apart",
        5,
        "Sine-cosine positions of 32 numbers. Which two dot products are equal?",
        (
            Option(
                "those of places 3 and 8, and of places 30 and 35",
                "The dot product depends on the distance alone, and both pairs are five apart.",
                right=True,
            ),
            Option(
                "those of places 3 and 8, and of places 6 and 16",
                "Twice as far is less alike, not equally alike. Only the distance counts, and it is 5 and"
                " 10.",
            ),
            Option(
                "none: every place has a vector of its own",
                "Every place has, and yet the angle between two of them depends only on how far each clock"
                " has turned in between.",
            ),
        ),
    ),
    Question(
        "far-corner",
        5,
        "Four 3 x 3 convolutions of stride 1 follow one another, or four layers of self-attention. From how"
        " far away can a pixel of the result be influenced?",
        (
            Option(
                "4 pixels, and anywhere",
                "Each convolution adds one pixel on every side. A layer of attention sees all places at"
                " once, the first already.",
                right=True,
            ),
            Option(
                "9 pixels, and 4",
                "Nine is the width of the convolutions' window, four to each side and the middle. Attention"
                " has no such window.",
            ),
            Option(
                "anywhere, both: the layers are trained",
                "Training sets weights. A weight that is not there cannot be set.",
            ),
        ),
    ),
    Question(
        "half-the-patch",
        5,
        "Patches of 8 in place of 16, on the same photo. One map of attention weights takes ...",
        (
            Option(
                "twice the memory",
                "Twice would be a row of patches. There are twice as many in both directions, and a map has"
                " them squared.",
            ),
            Option(
                "4 times the memory",
                "That is how many more tokens there are. A map holds a weight for every pair.",
            ),
            Option(
                "16 times the memory",
                "Four times the tokens, and every one of them has a weight for every one.",
                right=True,
            ),
            Option(
                "a quarter: the patches are smaller",
                "The numbers in a patch are a quarter. The map does not hold patches, it holds pairs.",
            ),
        ),
    ),
    Question(
        "one-layer-two-names",
        5,
        "Cut into patches of 16 x 16 and send each through one linear layer. Is there a convolution that"
        " gives the same numbers?",
        (
            Option(
                "yes, with kernel 16 and stride 16",
                "The same weights at every place, on windows that touch and do not overlap. A row of the"
                " layer, folded up, is a filter.",
                right=True,
            ),
            Option(
                "yes, with kernel 16 and stride 1",
                "That has an answer at every pixel. The patches stand 16 apart.",
            ),
            Option(
                "no: a linear layer sees all of its input, a convolution a window",
                "All of its input *is* a window here: the one patch.",
            ),
        ),
    ),
    Question(
        "one-pixel-aside",
        5,
        "The photo moves one pixel to the right. What do the tokens do?",
        (
            Option(
                "nothing, the patches are large",
                "Most of each patch is the same picture, a pixel aside. But a filter weighs each pixel by"
                " where it stands.",
            ),
            Option(
                "they move, too: a convolution does that",
                "It does in steps of its stride. One pixel is a sixteenth of a step.",
            ),
            Option(
                "each changes a little, and none is an old one moved",
                "Every patch now holds other pixels: one column came in, one went out, the rest stands"
                " elsewhere. Only after 16 pixels are the old tokens back.",
                right=True,
            ),
        ),
    ),
    Question(
        "shuffled-class",
        5,
        "Random weights, four layers of attention, a mean, a head. What happens to the ten scores when the"
        " 294 patches are shuffled?",
        (
            Option(
                "they change completely, it is another picture",
                "To you. Ask which step of the network would notice.",
            ),
            Option(
                "they change a little, since the network is not trained",
                "Training would set the weights, and the argument holds for all weights.",
            ),
            Option(
                "nothing at all",
                "Each patch is embedded by itself, attention hands the order on, and the mean forgets it.",
                right=True,
            ),
        ),
    ),
    Question(
        "just-count",
        5,
        "Now 0 is added to all numbers of token 0, 1 to those of token 1, up to 293. How much do the cat"
        " and its jigsaw differ for the network?",
        (
            Option(
                "not at all",
                "What is the same in all numbers of a token is its mean, and the layer norm takes the mean"
                " away. Not one layer hears of the count.",
                right=True,
            ),
            Option(
                "a little, for the first tokens only",
                "For which tokens would the norm leave anything over? It subtracts 0 from the first, 293"
                " from the last, and both are clean.",
            ),
            Option(
                "a lot: 293 is much more than anything in a token",
                "It is, before the layer norm. What does a norm do that subtracts the mean of a token's"
                " numbers?",
            ),
        ),
    ),
    Question(
        "next-in-line",
        5,
        "Patches numbered row by row, 21 in a row, 1D waves. Which place is most like the last one of row"
        " 3, at the right edge?",
        (
            Option(
                "the last of row 4, right below",
                "It lies 21 steps away, as far as the one above.",
            ),
            Option(
                "the one above it, at the right edge of row 2",
                "That one is 21 steps away in the line.",
            ),
            Option(
                "the first of row 4, at the left edge, as much as its left neighbour",
                "One step on in the line is the next row's first. The waves do not know that the line was"
                " folded.",
                right=True,
            ),
        ),
    ),
    Question(
        "nine-heads",
        5,
        "Nine heads, each with a bias that allows one step only (up, up and left, and so on). Queries and"
        " keys are zero. What is the layer?",
        (
            Option(
                "the mean of each 3 x 3 neighbourhood",
                "If all heads had the same values and output. Each head has an output matrix of its own.",
            ),
            Option(
                "a 3 x 3 convolution",
                "Each head fetches one neighbour, and its output matrix is the kernel's matrix for that"
                " step. At the border the key is missing, and a query that may look nowhere gets zeros: zero"
                " padding.",
                right=True,
            ),
            Option(
                "nothing useful: a softmax over one key is always 1",
                "It is 1, and that is the use. The neighbour comes through whole.",
            ),
        ),
    ),
    Question(
        "first-question",
        5,
        "In the first layer, how much does the class token's query differ between fifty pictures?",
        (
            Option(
                "not at all",
                "The class token is one learned vector, the same for all, and so is its position. It can"
                " ask about this picture only after it has heard something of it.",
                right=True,
            ),
            Option(
                "a little, through the layer norm",
                "The norm runs within a token. It does not mix the class token with the patches.",
            ),
            Option(
                "as much as the pictures do",
                "It has not seen them yet. What is it made of at that moment?",
            ),
        ),
    ),
    Question(
        "twelve-in-a-row",
        5,
        "Twelve layers of attention, fresh weights, nothing between them. When are the 196 tokens all"
        " alike?",
        (
            Option(
                "never: heads and projections keep them apart",
                "A projection is the same for all tokens. What attention hands back are means, and means of"
                " the same things.",
            ),
            Option(
                "after about twelve layers",
                "It goes faster. Each layer averages over all 196 at once.",
            ),
            Option(
                "after two",
                "With small scores the first layer already hands back nearly the mean of all, to everybody.",
                right=True,
            ),
        ),
    ),
    Question(
        "no-warm-up",
        5,
        "Twelve blocks, the full learning rate from the first step. Who learns?",
        (
            Option(
                "neither: 120 steps are too few",
                "They are enough for one of the two.",
            ),
            Option(
                "both, post-norm more slowly",
                "It does not come to speed. The first steps are the trouble, and what they break stays"
                " broken.",
            ),
            Option(
                "pre-norm only",
                "Post-norm moves all blocks at full strength in the first step. Within a few steps its"
                " tokens are the same for every picture.",
                right=True,
            ),
        ),
    ),
    Question(
        "one-row-of-positions",
        5,
        "A position table of shape (batch, 1, D) is added to tokens (batch, N, D). What do the patches know"
        " of their places?",
        (
            Option(
                "nothing",
                "One row, broadcast over all N places. And each picture of the batch gets another one.",
                right=True,
            ),
            Option(
                "nothing, but only until it is trained",
                "No training gives the N places different rows. There is one.",
            ),
            Option(
                "all they need: it is learned",
                "It can learn only what it can hold. How many rows does it have for N places?",
            ),
        ),
    ),
    Question(
        "unfold-and-view",
        5,
        "After the two unfolds the axes are (N, C, rows, columns, p, p). What does the view make of it?",
        (
            Option(
                "an error, since the tensor is not contiguous",
                "`contiguous()` stands in front. That is what made it run.",
            ),
            Option(
                "patches, channels last",
                "That would need the channels to move. View moves nothing.",
            ),
            Option(
                "tokens of one channel only, each from three patches side by side",
                "It reads on: 3 p p numbers are three patches of one channel. All of red comes first.",
                right=True,
            ),
        ),
    ),
    Question(
        "no-keepdim",
        5,
        "`a` has rows that sum to 1. What does `a / a.sum(dim=-1)`, without keepdim, do to it?",
        (
            Option(
                "nothing",
                "The sums are all 1, so it does not matter along which axis they are laid. It begins to"
                " matter once something was dropped.",
                right=True,
            ),
            Option(
                "it makes the columns sum to 1",
                "It divides column m by the sum of *row* m. For the columns one would have to sum over"
                " columns.",
            ),
            Option(
                "it divides twice",
                "There is one division, along the wrong axis.",
            ),
        ),
    ),
    Question(
        "sixty-one",
        5,
        "A table of 14 x 14 positions, a picture of 61 x 61 patches, `scale_factor=61 / 14`. How many"
        " positions come out along one side?",
        (
            Option(
                "61",
                "14 times 61/14 is 61, on paper. In floating point it is a hair less, and sizes are rounded"
                " down.",
            ),
            Option(
                "60",
                "The product is 60.99999999999999, and what is behind the point is dropped.",
                right=True,
            ),
            Option(
                "62",
                "It would have to be rounded up. Sizes are rounded down.",
            ),
        ),
    ),
    Question(
        "from-scratch",
        5,
        "1,300 handwritten digits of 8 x 8 pixels. Two networks of 69,000 parameters, with and without"
        " convolutions, and logistic regression. Who is first, who last?",
        (
            Option(
                "the Vision Transformer first, logistic regression last",
                "It is above logistic regression. But what would it be better at than the CNN, with so few"
                " examples?",
            ),
            Option(
                "the CNN first, logistic regression last",
                "The CNN knows about neighbours before it has seen a digit. The Vision Transformer has to"
                " learn it from 1,300 of them. Both can bend, which logistic regression cannot.",
                right=True,
            ),
            Option(
                "logistic regression first: there is too little data for a network",
                "It has 650 parameters and is close behind. It cannot tell a stroke from its shadow a pixel"
                " aside, though.",
            ),
        ),
    ),
    Question(
        "fifty-digits",
        5,
        "Fifty digits to learn from, five of each class. What happens to the distance between the CNN and"
        " the Vision Transformer?",
        (
            Option(
                "it grows",
                "What one knows beforehand, the other has to learn. The fewer the examples, the more it"
                " matters.",
                right=True,
            ),
            Option(
                "it shrinks: with fifty digits both must fail",
                "Both get worse. One of them has much less to find out.",
            ),
            Option(
                "it stays",
                "It is the distance at one size of the data. Knowing something beforehand is worth most"
                " when little is said afterwards.",
            ),
        ),
    ),
    Question(
        "fixed-shuffle",
        5,
        "The 16 patches of every digit, in training and test, are put into one other order, always the"
        " same. Who suffers?",
        (
            Option(
                "both: the digits cannot be read any more",
                "By you. Ask what the Vision Transformer knew of the old order.",
            ),
            Option(
                "the CNN only",
                "Its windows now cover what does not belong together. The Vision Transformer never knew"
                " what is beside what; its position table starts as noise, in any order.",
                right=True,
            ),
            Option(
                "the Vision Transformer only: its positions are wrong",
                "They are learned after the shuffle, not before.",
            ),
        ),
    ),
    Question(
        "one-number-all-around",
        5,
        "A head with one number is trained by squared error. For some digits two angles are equally likely."
        " What will it say?",
        (
            Option(
                "one of the two, by chance",
                "Nothing in squared error rewards that. Which number has the smallest mean squared distance"
                " from both?",
            ),
            Option(
                "their mean, which may be far from both",
                "Squared error is smallest at the mean. Between 45 and -135 that is -45, a quarter turn"
                " from either.",
                right=True,
            ),
            Option(
                "nothing near either: it does not converge",
                "It converges very well, to the wrong thing.",
            ),
        ),
    ),
    Question(
        "stretch-the-line",
        5,
        "A table of 14 x 14 positions, row after row, is stretched as a line from 196 to 576 places, for a"
        " grid of 24 x 24. What happens to the neighbourhoods?",
        (
            Option(
                "nothing: in between come vectors in between",
                "In between in the line. Where do the old rows end, and where the new ones?",
            ),
            Option(
                "places side by side stay alike, places above each other do not",
                "A new row of 24 is 8.2 old places long, not 14. So what lies 24 further on is somewhere"
                " else in the old picture.",
                right=True,
            ),
            Option(
                "everything is blurred",
                "Each place is a blend of two neighbours in the line, which is not much of a blur. It is"
                " the folding that goes wrong.",
            ),
        ),
    ),
    Question(
        "two-hops",
        5,
        "Layer 1: every place takes in its right neighbour. Layer 2: place 0 takes in place 5. Both keep"
        " what they had. Which places are in the answer of place 0?",
        (
            Option(
                "5",
                "That is what the last layer looked at. What was stored at place 5 by then?",
            ),
            Option(
                "0 and 5",
                "Each place has taken in its neighbour before.",
            ),
            Option(
                "0, 1, 5 and 6",
                "Itself, the neighbour it took in, place 5, and the neighbour that place 5 had taken in.",
                right=True,
            ),
        ),
    ),
    Question(
        "each-tried",
        5,
        "None, learned, waves in 1D, waves in 2D, relative bias: which fall behind the others on digits,"
        " with 16 patches and two blocks?",
        (
            Option(
                "none only",
                "It falls far behind. One other does, too.",
            ),
            Option(
                "none and 1D: the line knows nothing of rows",
                "Sixteen places are few. The network can learn by heart how the line was folded.",
            ),
            Option(
                "none and relative",
                "A relative bias says where the others are, and nobody where they are themselves. Two"
                " blocks are not enough to make up for it.",
                right=True,
            ),
        ),
    ),
    Question(
        "which-patch",
        5,
        "Digits of 8 x 8 pixels. Which patch size does the Vision Transformer like best?",
        (
            Option(
                "1 x 1: nothing is glued together",
                "Then one token is one grey pixel, and all of the picture has to be found by attention,"
                " from 1,300 digits.",
            ),
            Option(
                "2 x 2, the one in use: a fair share of the work for attention",
                "A share of the work is no good in itself. What is the attention to find, in a picture that"
                " fits into one patch?",
            ),
            Option(
                "4 x 4 and 8 x 8, the large ones",
                "A digit of 64 pixels, always in the middle of its frame: one linear layer takes it in at a"
                " glance. With one patch of 8 x 8 there is one token, and no attention at all.",
                right=True,
            ),
        ),
    ),
    Question(
        "four-times-the-patches",
        5,
        "Trained at 8 x 8, tested on the same digits enlarged to 16 x 16, with four times as many patches."
        " Which way keeps the most?",
        (
            Option(
                "waves made anew: they are exact at any size",
                "Exact, and new: three quarters of the places lie beyond any that the network has seen.",
            ),
            Option(
                "interpolated positions",
                "They keep much, more than anything that stays at 16 x 16 untrained. One way does not stay"
                " there.",
            ),
            Option(
                "making the picture small again",
                "An enlarged digit shows nothing new. Bring it back to the size that the network knows, and"
                " nothing has happened.",
                right=True,
            ),
        ),
    ),
    Question(
        "looks-before-it-reads",
        5,
        "After a few seconds of training the network names one digit in three. How often does its largest"
        " weight fall on the digit, which covers 4 % of the scene?",
        (
            Option(
                "in one scene of three: it reads what it looks at",
                "Reading needs more than looking. It has to find strokes before it can tell them apart.",
            ),
            Option(
                "in most scenes",
                "Where the ink is of the right kind is learned first, what it means comes later. A map that"
                " looks right is no proof of an answer that is.",
                right=True,
            ),
            Option(
                "no more than by chance, until it can read",
                "Then it could never learn to read: the gradient comes through the places it looks at.",
            ),
        ),
    ),
)
