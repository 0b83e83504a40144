"""The questions of chapter 7: retrieval, predictions before a cell runs, puzzles from published code."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "gates-share-nothing",
        7,
        "A gate of sigmoids has one coefficient for each of 3,072 pixels. One pixel's coefficient goes from 0.1 to"
        " 0.9. What happens to the others?",
        (
            Option(
                "nothing",
                "Each coefficient is a sigmoid of its own score. To open one closes no other, and nothing"
                " keeps them from all being open.",
                right=True,
            ),
            Option(
                "they go down a little, so that the sum stays 1",
                "That is a softmax over places: one mass, shared. A gate has a sigmoid for each place.",
            ),
            Option(
                "its neighbours go up, since maps are smooth",
                "A convolution in front may make them alike. The sigmoid itself knows no neighbours.",
            ),
        ),
    ),
    Question(
        "mark-everything",
        7,
        "A quarter of the pixels should be marked. A network marks all of them. What is its IoU?",
        (
            Option(
                "1: it has missed nothing",
                "That is the recall. What was marked in error counts, too, in the union.",
            ),
            Option(
                "0.25",
                "Both: a quarter. Either: everything. It is the score to beat before a network has learned"
                " anything, as in chapter 4.",
                right=True,
            ),
            Option(
                "0",
                "There is an intersection, and it is as large as it can be. It is the union that is too large.",
            ),
        ),
    ),
    Question(
        "row-two-column-three",
        7,
        "A map (B, C, 12, 16) becomes tokens by `x.flatten(2).mT`. Which token is the place in row 2, column 3?"
        " Rows, columns and tokens are counted from 0.",
        (
            Option(
                "35",
                "Two full rows of 16, and 3 more.",
                right=True,
            ),
            Option(
                "27",
                "That is 2 x 12 + 3: rows as long as the map is high. It would be right on a square map, which is"
                " how this slip survives.",
            ),
            Option(
                "38",
                "That is 3 x 12 + 2: column by column. Memory goes row by row.",
            ),
        ),
    ),
    Question(
        "nobody-home",
        7,
        "The scenes hold four to six digits. How many of the pixels does one get right who calls everything"
        " background?",
        (
            Option(
                "about 1 in 11: there are eleven classes",
                "If all classes were equally common. Strokes are thin, and most of a page is paper.",
            ),
            Option(
                "about half",
                "The digits' tiles may fill half of the canvas. Their ink does not.",
            ),
            Option(
                "more than four fifths",
                "Ink is rare. So a score that counts right pixels is decided by the background.",
                right=True,
            ),
        ),
    ),
    Question(
        "how-large-a-square",
        7,
        "A pixel of a digit is given the class of the most similar square. The digits are 14 to 20 pixels large."
        " Which side of the square does best?",
        (
            Option(
                "3 or 5: the stroke is what one has to know",
                "A piece of stroke belongs to many digits. At 5 pixels one is right about one time in five.",
            ),
            Option(
                "the larger the better: more is known",
                "More is in it, and more of it has nothing to do with the pixel. Squares that look alike in all"
                " their corners are hard to find.",
            ),
            Option(
                "13 to 17: about as large as a digit",
                "Large enough to see what the stroke is part of, and not so large that neighbours fill it.",
                right=True,
            ),
        ),
    ),
    Question(
        "cloth-or-coin",
        7,
        "Which of the two outlined squares is brighter on average, the cloth in the upper left or the coin in the"
        " lower left?",
        (
            Option(
                "the coin, clearly",
                "So it looks, since the eye compares with what is around. The cloth around the coin is dark.",
            ),
            Option(
                "the cloth, clearly",
                "A fair guess, after the masks. It comes out closer than that.",
            ),
            Option(
                "they are the same",
                "To two digits. The light is stronger above, and it makes up for the difference of the"
                " materials.",
                right=True,
            ),
        ),
    ),
    Question(
        "how-local",
        7,
        "Each pixel is compared with the mean of the square around it. Coins are 40 to 60 pixels wide. Which square"
        " gives the best mask?",
        (
            Option(
                "15 pixels: as local as can be",
                "In the middle of a coin the surroundings are coin. Half of its pixels are darker than that mean.",
            ),
            Option(
                "51 pixels: as large as a coin",
                "In the middle of a large coin there is still nothing but coin. The middles come out hollow.",
            ),
            Option(
                "151 pixels: several coins and the cloth between",
                "Then the mean is a mixture of both, nearly everywhere, and follows the light.",
                right=True,
            ),
        ),
    ),
    Question(
        "a-little-more",
        7,
        "At tolerance 0.15 the region has 792 pixels, a third of the coin. How many has it at 0.2?",
        (
            Option(
                "about 1,000",
                "So it would be if regions grew evenly. They grow along whatever path is open.",
            ),
            Option(
                "about 2,400: the coin, up to its rim",
                "The rim would have to be brighter or darker than the tolerance all around. One gap is enough.",
            ),
            Option(
                "tens of thousands",
                "There is a gap in the rim, and behind it lies all the cloth that has the coin's brightness.",
                right=True,
            ),
        ),
    ),
    Question(
        "part-the-digits",
        7,
        "The same recipe, springs where the ink is deepest, for a scene with six digits and eight scraps. How"
        " many pieces come out?",
        (
            Option(
                "14: six digits and eight scraps",
                "That would need exactly one deepest place in each. A 5 has one in each of its bows.",
            ),
            Option(
                "about 8: what touches stays together",
                "That is how many there were before. The recipe cuts wherever the ink is narrow.",
            ),
            Option(
                "about 30",
                "A stroke is about equally wide all along, with many places a little deeper than the next.",
                right=True,
            ),
        ),
    ),
    Question(
        "through-the-hourglass",
        7,
        "The hourglass, down to 6 x 8 places and up again, learns to mark digits and not scraps. What will be wrong"
        " with its answers?",
        (
            Option(
                "edges: it marks blobs",
                "Which ink is a digit's can be said with few places. Where each stroke ends cannot.",
                right=True,
            ),
            Option(
                "it marks scraps",
                "At the bottom it sees digits and scraps whole and can tell them apart.",
            ),
            Option(
                "it misses small digits",
                "A digit spans at least 14 pixels, nearly two places of the smallest map.",
            ),
        ),
    ),
    Question(
        "gate-sees-itself",
        7,
        "A gate on the finest skip is made from that skip: convolution, relu, convolution, sigmoid. Will it learn to"
        " close on scraps?",
        (
            Option(
                "yes: the loss punishes scraps",
                "The loss asks for it. But what the gate sees is five pixels across.",
            ),
            Option(
                "it closes everywhere: gates shrink the signal",
                "The convolution behind can make up for a small coefficient, so there is no reason to close all.",
            ),
            Option(
                "no: so near, a scrap and a digit look the same",
                "It can tell ink from ground, or edges from both. What the ink is part of is not in its sight.",
                right=True,
            ),
        ),
    ),
    Question(
        "boundary-asks",
        7,
        "Four heads in the neck. A place on the rim of a white digit is to decide whether white counts. What will its"
        " heads look at?",
        (
            Option(
                "all four at the patch: it alone decides",
                "One head is enough for that, and a second look at the same thing brings nothing new.",
            ),
            Option(
                "at different things, the patch among them",
                "Heads start differently and are free to part. One look at the patch has to be among them, or"
                " one at something that has looked there.",
                right=True,
            ),
            Option(
                "at the pixels nearby: the rim has to be drawn",
                "The rim is drawn by the skips and the convolutions. What is needed in the neck lies far away.",
            ),
        ),
    ),
    Question(
        "twice-the-side",
        7,
        "A picture gets twice as high and twice as wide. By how much does the number of weights grow, all places"
        " asking all, and in windows of fixed size?",
        (
            Option(
                "by 4 and by 4",
                "There are 4 times the places. Where all ask all, each of them has 4 times the keys as well.",
            ),
            Option(
                "by 16 and by 4",
                "Four times the queries in both. Four times the keys only where there are no windows.",
                right=True,
            ),
            Option(
                "by 16 and not at all",
                "The windows keep their size, and there are four times as many of them.",
            ),
        ),
    ),
    Question(
        "around-the-corner",
        7,
        "The map is rolled by half a window up and to the left, and cut as before. What is in the window at the lower"
        " right?",
        (
            Option(
                "four pieces from the four corners of the picture",
                "A roll is a ring in both directions. Places from opposite ends sit side by side, and would"
                " listen to each other.",
                right=True,
            ),
            Option(
                "the lower right corner of the picture, and zeros",
                "Zeros would come from a shift with padding. `roll` fills the gap with what fell out.",
            ),
            Option(
                "the lower right corner of the picture, moved",
                "A quarter of it. The rest of the window is what the roll has brought around.",
            ),
        ),
    ),
    Question(
        "mean-of-scales",
        7,
        "Every scale makes an answer. Their mean, or a weight for each scale at each pixel: which task does the mean"
        " put to the coarsest scale?",
        (
            Option(
                "to be bearable everywhere, at every edge",
                "A third of the answer comes from it at each pixel. With weights it can be left out where it is"
                " too coarse.",
                right=True,
            ),
            Option(
                "none: the finest overrules it",
                "In a mean nobody overrules, except by being louder.",
            ),
            Option(
                "to be right where the other two are wrong",
                "It would like to, but its answer is added at all pixels, also where the others are right.",
            ),
        ),
    ),
    Question(
        "same-width",
        7,
        "All five networks get the same width, so that each has the same convolutions. Is that a fair comparison of"
        " what attention adds?",
        (
            Option(
                "no: those with attention are larger",
                "So give the plain one the same number of parameters, in more channels, and let it show what it"
                " makes of them.",
                right=True,
            ),
            Option(
                "yes: only the attention differs",
                "And with it the size. A network with more parameters often wins, whatever they are used for.",
            ),
            Option(
                "no: attention should get more channels, since it is harder to train",
                "That would make the difference in size even larger.",
            ),
        ),
    ),
    Question(
        "gated-the-wrong-one",
        7,
        "x is the decoder's map, shortcut the skip; the gate multiplies x, and x * a and x are joined. What gets"
        " across the bridge?",
        (
            Option(
                "everything: the gate sees both maps",
                "It sees both, and what it makes of them is one number a pixel.",
            ),
            Option(
                "nothing",
                "Nearly. But the coefficient depends on the skip, and it does go through.",
            ),
            Option(
                "one number for each pixel of the skip",
                "The coefficient. The skip itself appears nowhere behind the gate.",
                right=True,
            ),
        ),
    ),
    Question(
        "only-a-view",
        7,
        "Windows cut by `view` alone, without the permute. What does attention run over?",
        (
            Option(
                "16 places that follow each other in memory: bits of rows",
                "A view moves nothing. The first 16 places in memory are a row and a third, on a map 12 wide.",
                right=True,
            ),
            Option(
                "the right windows in another order",
                "Their order would not matter. But it is their members that are wrong.",
            ),
            Option(
                "nothing: the shapes do not fit",
                "They fit. The number of places is the same, and `view` counts nothing else.",
            ),
        ),
    ),
    Question(
        "roll-then-pad",
        7,
        "Roll, fill up with zeros, cut; the mask is made for the filled size, as if the last places were those that"
        " the roll has brought around. When does it go wrong?",
        (
            Option(
                "always",
                "If nothing is filled, the last places are the ones that were brought around.",
            ),
            Option(
                "whenever something is filled up",
                "Then the zeros stand at the end, and what was brought around stands before them, where the mask"
                " does not look.",
                right=True,
            ),
            Option(
                "never: zeros do no harm",
                "Not the zeros. The places that were pushed away from the end, into a window with strangers.",
            ),
        ),
    ),
)
