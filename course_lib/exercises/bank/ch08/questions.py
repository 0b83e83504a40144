"""The questions of chapter 8: retrieval, predictions before a cell runs, puzzles from published code."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "floor-of-iou",
        8,
        "Chapter 4's cue task: mark the digits of one colour. Without looking at the cue, a network marks"
        " every digit, and its IoU is about a third. Why not 0, if it has understood nothing?",
        (
            Option(
                "a third of all pixels are digits",
                "The background does not enter: IoU counts pixels that are marked or should be.",
            ),
            Option(
                "all that should be marked is marked, and is about a third of what is",
                "The intersection is the target, the union is all digits. So a score needs a floor beside"
                " it: what one gets without looking.",
                right=True,
            ),
            Option(
                "a third of its pixels are right by chance",
                "There is no chance in it. It marks the same digits whatever the cue says.",
            ),
        ),
    ),
    Question(
        "gamma-at-zero",
        8,
        "A block y = gamma * o + x starts with gamma = 0. After the first step of training, what has moved?",
        (
            Option(
                "query, key and value; gamma follows",
                "Their gradients carry gamma as a factor, and it is 0.",
            ),
            Option(
                "gamma alone; the rest follows from the second step on",
                "Everything behind o gets its gradient through gamma. Gamma itself sees o as it is.",
                right=True,
            ),
            Option(
                "nothing, ever: all gradients are zero",
                "All but one. Two zeros in a row would be a grave, one is a start.",
            ),
        ),
    ),
    Question(
        "equal-parameters",
        8,
        "A network with an attention block beats the same network without it. Chapter 7 made one more"
        " demand before it called that a gain of attention. Which?",
        (
            Option(
                "both must have been trained for the same time in seconds",
                "That is a fair demand, too, and another one. Chapter 7 reports milliseconds beside the"
                " scores.",
            ),
            Option(
                "both must have equally many parameters",
                "Otherwise the block may help by being more network. So the one with attention is made a"
                " little narrower, until the counts agree within 5 %.",
                right=True,
            ),
            Option(
                "the maps must lie on what matters",
                "A map says where values came from, not what was made of them. It is no condition for a"
                " gain.",
            ),
        ),
    ),
    Question(
        "absent-class",
        8,
        "Eleven classes; in this picture and in the answer together only five of them occur. What is the"
        " mean IoU over the eleven?",
        (
            Option(
                "the five IoUs, divided by 11",
                "Then a perfect answer would score 5/11. Six classes would count as failures that could not"
                " be avoided.",
            ),
            Option(
                "the five IoUs and six ones, divided by 11",
                "Then whoever mentions few classes starts with a high score. Some code does it, by adding a"
                " small number above and below.",
            ),
            Option(
                "it depends on a convention, and nobody can tell from the word",
                "0/0 has no value. Counted as 0, as 1 or left out, it gives three scores for one answer.",
                right=True,
            ),
        ),
    ),
    Question(
        "which-average",
        8,
        "Reader A overlooks all digits below 12 pixels. Reader B takes every 1 for a 7. Counts are pooled"
        " over all images, then the IoUs of the 11 classes are averaged. Who wins?",
        (
            Option(
                "A: small digits have few pixels, and B loses a whole class",
                "Each class of A loses a tenth of its pixels. B's class 1 has IoU 0 and drags its 7 down,"
                " and each class has a voice of 1/11.",
                right=True,
            ),
            Option(
                "B: it has more pixels right",
                "It has, by a hair. The average over classes does not ask for that.",
            ),
            Option(
                "B: most images hold no 1, and there it is perfect",
                "That is what the average over images rewards. Pooled, an image has no voice of its own.",
            ),
        ),
    ),
    Question(
        "know-nothing",
        8,
        "One pixel in 200 is foreground. A network that cannot tell pixels apart gives all the same p."
        " Which p does the Dice loss (without smoothing) like best?",
        (
            Option(
                "1/200, the share of the foreground",
                "That is cross-entropy's answer: the p that is true on average.",
            ),
            Option(
                "0: nearly everything is background",
                "Then the overlap is 0, and Dice is at its worst.",
            ),
            Option(
                "1: mark everything",
                "2pT/(pN + T) grows with p. Half a per cent of overlap beats none.",
                right=True,
            ),
            Option(
                "1/2",
                "That is where cross-entropy rests with weights of 1 / share.",
            ),
        ),
    ),
    Question(
        "sure-and-wrong",
        8,
        "A pixel of the foreground has a logit of -6: the network is sure that it is background, and wrong."
        " Which loss pushes it up the least, compared with its own largest push?",
        (
            Option(
                "cross-entropy",
                "It pushes those hardest that are wrong: its slope is 1 - p, here nearly 1.",
            ),
            Option(
                "focal",
                "The factor (1 - p)^2 is about 1 here. Focal turns down those that are right.",
            ),
            Option(
                "Dice",
                "It sees p itself, not its logarithm. The sigmoid is flat at -6, and nothing makes up for"
                " that.",
                right=True,
            ),
        ),
    ),
    Question(
        "same-iou",
        8,
        "An outline that is one pixel too fat, or a perfect outline and an invented block of as many"
        " pixels. Which has the higher IoU?",
        (
            Option(
                "the fat outline: it is nearly right everywhere",
                "IoU does not know nearly. A wrong pixel is a wrong pixel, wherever it lies.",
            ),
            Option(
                "the perfect outline: the digit itself is right",
                "The block is part of the answer. Its pixels stand in the union.",
            ),
            Option(
                "neither",
                "The intersection is the whole digit both times, and the union is larger by the same number"
                " of pixels.",
                right=True,
            ),
        ),
    ),
    Question(
        "which-loss-wins",
        8,
        "Six losses, and only one pixel in 200 is foreground. By how much will the best of them beat plain"
        " cross-entropy, if for each loss you may choose the threshold on validation scenes?",
        (
            Option(
                "by a lot: cross-entropy finds next to nothing",
                "It gives small probabilities to rare things, as it should. With a lower threshold they are"
                " found.",
            ),
            Option(
                "by a few points at most",
                "What differs most between losses is where their probabilities lie. A threshold of one's"
                " own takes most of that away.",
                right=True,
            ),
            Option(
                "not at all: losses do not matter",
                "They do, a little: three points for Dice at 1 in 200. At a threshold of one half they"
                " matter a lot.",
            ),
        ),
    ),
    Question(
        "where-to-cut",
        8,
        "Probabilities are calibrated: of the pixels with 0.3, three in ten are foreground. The best IoU"
        " that can be had is 0.6. Where do you have to cut to get it?",
        (
            Option(
                "at 0.5: above that, foreground is more likely than not",
                "That makes the fewest wrong pixels. IoU does not count pixels alike: a miss costs it more"
                " than an invention.",
            ),
            Option(
                "below 0.5",
                "At IoU / (1 + IoU) = 0.375. The derivation stands under the plot.",
                right=True,
            ),
            Option(
                "above 0.5: foreground is rare, so be careful",
                "The other way round. What is rare must not be missed, if the background does not count.",
            ),
        ),
    ),
    Question(
        "channel-table",
        8,
        "Sixteen channels behind a batch norm and a ReLU attend to each other: softmax of A A^T, no scale,"
        " a map of 48 x 64 places. What does the table of weights look like?",
        (
            Option(
                "each channel hears a blend of those that are like it",
                "That is the idea. But a score is a sum over 3,072 places, and a softmax of such numbers"
                " does not blend.",
            ),
            Option(
                "each channel hears itself alone",
                "The product with itself is the squared length, the largest in the row, and by hundreds.",
                right=True,
            ),
            Option(
                "all hear one channel, the loudest",
                "So it would be if one were much louder. A batch norm makes all about equally loud.",
            ),
        ),
    ),
    Question(
        "two-crosses",
        8,
        "Something changes in row 2, column 3. A place at row 6, column 10 asks only its own row and"
        " column. Through how many passes of criss-cross attention does it hear of it?",
        (
            Option(
                "one: it is not far",
                "Distance does not matter; row 2, column 3 is in neither its row nor its column.",
            ),
            Option(
                "two",
                "By way of row 2, column 10 and row 6, column 3, which lie on both crosses.",
                right=True,
            ),
            Option(
                "as many as there are steps between them",
                "So it would be for a convolution. A row is heard at once.",
            ),
        ),
    ),
    Question(
        "which-scale",
        8,
        "Digits are 14 to 20 pixels large. Filters of 5 x 5 see the picture at full size, at a half, a"
        " quarter or an eighth. Which scale is best for 'which digit?', and which for 'inside or outside?'"
        " at outlines?",
        (
            Option(
                "full size for both: all information is there",
                "In the picture it is. A window of 5 x 5 pixels of it does not hold a digit.",
            ),
            Option(
                "a middle scale for the digit, full size for the outline",
                "At a half or a quarter the window covers 10 or 20 pixels, a digit's size. An outline is"
                " known only where pixels are.",
                right=True,
            ),
            Option(
                "an eighth for the digit, full size for the outline",
                "There a window covers 40 pixels, several digits at once, and a digit is two pixels.",
            ),
        ),
    ),
    Question(
        "who-wins-where",
        8,
        "Networks with and without attention, equally many parameters. What do you expect?",
        (
            Option(
                "attention helps on both tasks",
                "On ordinary scenes nearly all that a pixel needs stands around it, and attention is paid"
                " for with channels. The means of three seeds do favour it there; the seeds contradict each"
                " other.",
            ),
            Option(
                "what carries news far helps on the cue task; on scenes luck decides as much",
                "The cue is out of the plain network's sight. On scenes the seeds of one network differ"
                " more than the means of two kinds.",
                right=True,
            ),
            Option(
                "gates help most, since they clean the skips",
                "They clean them by what the decoder knows. Where the cue is unknown there, a gate is no"
                " help.",
            ),
        ),
    ),
    Question(
        "gain-of-nothing",
        8,
        "One and the same model under two names, five seeds, twenty epochs. For the first name the epoch is"
        " chosen by validation and seeds are averaged. For the second, the best test score of all is"
        " reported. In how many of 2,000 papers does the second 'win'?",
        (
            Option(
                "in half of them",
                "So it would be if both drew equally many lots. One draws 100, the best counts.",
            ),
            Option(
                "in about 70 in a hundred",
                "That is what the choice of the epoch alone does, without the best seed.",
            ),
            Option(
                "in nearly all",
                "The largest of a hundred draws against the mean of five. No idea is needed for that.",
                right=True,
            ),
        ),
    ),
    Question(
        "is-it-real",
        8,
        "The mean IoU over 100 images rises from 0.703 to 0.730. Over images the IoU spreads by 0.2. Is the"
        " rise more than luck?",
        (
            Option(
                "cannot be: the standard error of each mean is 0.02",
                "That would be the question if each reader had had images of its own. They had the same.",
            ),
            Option(
                "it depends on the differences, image by image",
                "Hard images are hard for both. If nearly every image rises by a little, a hundred are"
                " plenty.",
                right=True,
            ),
            Option(
                "yes: a hundred images are always enough",
                "For this difference they are, because of the pairing. For images apart they would not be.",
            ),
        ),
    ),
    Question(
        "looked-or-read",
        8,
        "The worst failures mark digits of a wrong colour. Two explanations: the network looked at the"
        " wrong place, or it looked at the patch and misread it. What can tell them apart?",
        (
            Option(
                "the map of a wrongly marked digit",
                "If its weight lies on the patch, it looked where it should. That rules the first out, for"
                " this image. For the second another test is needed.",
                right=True,
            ),
            Option(
                "the loss of the image",
                "It says how bad the answer is. Both explanations make it equally bad.",
            ),
            Option(
                "the IoU of other images with that colour",
                "It makes a suspicion. Both explanations could produce it.",
            ),
        ),
    ),
    Question(
        "max-minus-energy",
        8,
        "What does `softmax(max - energy)` do?",
        (
            Option(
                "the same as softmax(energy), without overflow",
                "The guard is energy - max. This one has the other sign.",
            ),
            Option(
                "it turns the order round: the least similar channels get the most weight",
                "The max is the same for a whole row, and a softmax does not see it. What is left is"
                " softmax(-energy).",
                right=True,
            ),
            Option(
                "it makes all weights equal",
                "Differences are as large as before, with the other sign.",
            ),
        ),
    ),
    Question(
        "mean-of-batches",
        8,
        "The loop takes the mean IoU (by class, counts pooled within a batch) of each batch, and then the"
        " mean over batches. What is wrong?",
        (
            Option(
                "nothing, if all batches are equally large",
                "Equal batches make the mean of means of *pixels* right. A ratio of sums is no mean.",
            ),
            Option(
                "the score depends on the batch size",
                "With batches of 1 it is the average over images, with one large batch the average over"
                " classes, in between neither.",
                right=True,
            ),
            Option(
                "argmax should come after the mean",
                "The labels are right. It is what happens to the counts.",
            ),
        ),
    ),
    Question(
        "focal-of-a-mean",
        8,
        "What does this loss train?",
        (
            Option(
                "focal loss, up to rounding",
                "The factor has to be taken for each pixel. Which shape has `ce` in the second line?",
            ),
            Option(
                "cross-entropy, times a number that is the same for all pixels",
                "`F.cross_entropy` has averaged already. The factor rescales the gradient of the batch and"
                " turns nobody down.",
                right=True,
            ),
            Option(
                "nothing: the gradient is zero",
                "It is not. The loss goes down, and that is why nobody notices.",
            ),
        ),
    ),
)
