"""The questions of chapter 4: retrieval, predictions before a cell runs, puzzles from published code."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "what-averages-out",
        4,
        "Chapter 1 replaced a patch by the weighted mean of all patches that look like it. What does that do to"
        " the noise on the photo?",
        (
            Option(
                "nothing: a mean of noisy patches is noisy",
                "Less so: noise differs from patch to patch and partly cancels. The mean of 25 equal patches has"
                " a fifth of the noise.",
            ),
            Option(
                "it averages out; what the patches share stays",
                "What they share is the picture. How well it works depends on how many real look-alikes there"
                " are, which section 2 measures.",
                right=True,
            ),
            Option(
                "it goes, and the edges go with it",
                "That is a blur, which averages neighbours. The weights here go by likeness, and across an edge"
                " there is none.",
            ),
        ),
    ),
    Question(
        "no-more-order",
        4,
        "Self-attention without positions gets the places of a feature map in another order. What happens to its"
        " answers?",
        (
            Option(
                "they come in the new order and are otherwise the same",
                "Attention works on a set. It knows what is at a place, and not where the place is.",
                right=True,
            ),
            Option(
                "every answer changes, since neighbours have changed",
                "There are no neighbours in it. Each place asks the same set of places as before.",
            ),
            Option(
                "nothing at all changes",
                "The answers belong to the places that asked, so they move with them.",
            ),
        ),
    ),
    Question(
        "gate-or-place",
        4,
        "A channel gate sees a cue, the colour of a patch in the corner. Can it mark the digits of that colour"
        " and no others?",
        (
            Option(
                "yes: it opens the channel of that colour",
                "If there is one channel for each colour, that is all it takes. The cue decides about channels,"
                " and the channels know the places.",
                right=True,
            ),
            Option(
                "no: a gate of channels is the same at all places",
                "True, and enough here: let the channel of red digits through and shut the others. Chapter 3's"
                " limit bites when the cue names a place, or something for which there is no channel.",
            ),
            Option(
                "no: it cannot see the corner",
                "Its squeeze is a mean over all places, the corner among them. It is small in that mean, but"
                " it is there.",
            ),
        ),
    ),
    Question(
        "repaint-the-corner",
        4,
        "The picture has 48 rows and 72 columns, the patch fills rows and columns 0 to 6. It gets another colour."
        " Which outputs of ten 3 x 3 convolutions can change?",
        (
            Option(
                "all of them, a little",
                "Each layer carries a change one pixel further. After ten layers it has come ten pixels far.",
            ),
            Option(
                "those up to row 16 and column 16",
                "One pixel for each layer, and the patch ends at 6. Everything else is equal to the last bit.",
                right=True,
            ),
            Option(
                "only those on the patch",
                "A 3 x 3 kernel also reads the neighbours, so a change spreads by one pixel a layer.",
            ),
            Option(
                "those up to row 36: 6 plus ten times 3",
                "A kernel of 3 reaches one pixel to each side, not three.",
            ),
        ),
    ),
    Question(
        "forty-layers",
        4,
        "Forty layers of 3 x 3 see 81 pixels across. Within how wide a square lies nine tenths of the gradient,"
        " in networks with random weights?",
        (
            Option(
                "about 77: nearly all of it",
                "So it would be if each pixel of the square counted alike: a square of 77 holds nine tenths of"
                " the area of one of 81.",
            ),
            Option(
                "about 55",
                "The middle counts for more than that. How many paths lead from a corner of the square to the"
                " output, and how many from the middle?",
            ),
            Option(
                "about 30",
                "A pixel at the edge has one path to the output, one in the middle has very many. The sum of"
                " many small steps is a bell, and grows like the root of their number.",
                right=True,
            ),
        ),
    ),
    Question(
        "who-should-help",
        4,
        "A noisy pixel lies on the curve of a letter e. With which pixels would you average it, if you had to"
        " choose ten?",
        (
            Option(
                "the ten nearest",
                "That is a blur. Half of them are paper, and the curve turns grey.",
            ),
            Option(
                "the ten whose grey value is nearest",
                "Then noise chooses its friends: a pixel that came out too dark is averaged with dark ones. The"
                " poke at the end of this section tries it, with patches of 1 x 1.",
            ),
            Option(
                "the ten whose surroundings look alike, wherever they are",
                "A patch of 25 noisy numbers tells much more surely where on a letter we are than a single"
                " number. The same curve of other letters has the same true value and other noise.",
                right=True,
            ),
        ),
    ),
    Question(
        "why-not-linear",
        4,
        "A linear layer over all places has a weight for every pair, so it hears everything as well. The page is"
        " moved by nine pixels. Do the answers move with it?",
        (
            Option(
                "of the linear layer, not; by likeness, yes",
                "The linear layer's weights belong to places and stay where they are. Likeness belongs to the"
                " contents, and comes along.",
                right=True,
            ),
            Option(
                "of both, yes",
                "The linear layer holds one number for place 17 and place 900. Now something else stands there.",
            ),
            Option(
                "of neither: only convolutions do that",
                "A convolution does it since its weights are the same everywhere. Weights made from the contents"
                " are another way.",
            ),
        ),
    ),
    Question(
        "sum-of-scores",
        4,
        "The dot products of a query with 400 keys are divided by their sum, so that they add up to 1. What"
        " comes out?",
        (
            Option(
                "a weighted mean, as always",
                "For weights of one sign, yes. Products come in both, and the sum may be anything.",
            ),
            Option(
                "for some queries something huge",
                "Where likes and dislikes balance, the sum is near 0, and the answer is divided by next to"
                " nothing.",
                right=True,
            ),
            Option(
                "something close to zero",
                "What is close to zero, for some queries, is the number that is divided by.",
            ),
        ),
    ),
    Question(
        "fresh-block",
        4,
        "A trained network gets a block with random weights in its middle, residual included, and is not trained"
        " any further. How many digits does it still read?",
        (
            Option(
                "as many: the residual passes everything on",
                "It does, and adds something that the later layers have never seen.",
            ),
            Option(
                "one in ten: guessing",
                "Half of the signal is still the old one, so something is left. How much is luck.",
            ),
            Option(
                "clearly fewer, and each random block another number",
                "The old signal plus noise of its own size. Some draws do little harm, others a lot.",
                right=True,
            ),
        ),
    ),
    Question(
        "frame-by-frame",
        4,
        "The block for pictures runs on each of six frames. Frame 0 is changed. Which frames' answers change?",
        (
            Option(
                "frame 0 only",
                "Each frame is an image of its own in the batch, and images of a batch do not hear each other.",
                right=True,
            ),
            Option(
                "frames 0 and 1",
                "A kernel of 3 along time would do that. Here nothing runs along time.",
            ),
            Option(
                "all: every place asks every place",
                "Every place of its own frame. Who may ask whom is settled by what is in the list of places.",
            ),
        ),
    ),
    Question(
        "four-times-the-places",
        4,
        "A map of 64 x 64 in place of 32 x 32. How much more memory does the explicit form hold?",
        (
            Option(
                "twice as much",
                "Twice the side is four times the places, and the table has a row and a column for each.",
            ),
            Option("four times as much", "The places are four times as many. The table holds pairs of them."),
            Option(
                "sixteen times as much",
                "Four times the queries by four times the keys, and the table is held twice, as scores and as"
                " weights.",
                right=True,
            ),
        ),
    ),
    Question(
        "all-zero",
        4,
        "All gradients but gamma's are exactly 0. What do you do?",
        (
            Option(
                "start gamma at 0.1, or attention will never learn",
                "It would learn without that. And the block would change a trained network on its first day,"
                " which is what the zero is for.",
            ),
            Option(
                "nothing, take another step",
                "gamma has a gradient, so it is not 0 after the first step. From the second on all the others"
                " have one, too.",
                right=True,
            ),
            Option(
                "look for a detached tensor",
                "A reasonable suspicion, and then a gradient would be None. Here it is there, and 0, since gamma"
                " stands in it as a factor.",
            ),
            Option(
                "raise the learning rate",
                "Of a gradient of 0? A thousand times nothing is nothing.",
            ),
        ),
    ),
    Question(
        "where-it-falls",
        4,
        "The plain network sees about 24 pixels to each side. Trained long enough, how does its IoU change with the"
        " distance of a digit from the patch?",
        (
            Option(
                "it falls slowly all the way: what is further away is heard less",
                "Within its window it can learn to listen well. What lies outside of it is not heard at all.",
            ),
            Option(
                "good up to about 24 pixels, then the floor",
                "As far as it sees, it can learn which colour counts. Beyond, no training gives it anything to go"
                " by.",
                right=True,
            ),
            Option(
                "the same everywhere, a little below attention",
                "The pixel at the right end of the strip had nothing of the patch in its window.",
            ),
        ),
    ),
    Question(
        "where-emptiness-looks",
        4,
        "The network has learned to mark the digits of the patch's colour. Which places look at the patch?",
        (
            Option(
                "the digits that are to be marked",
                "They cannot know that they are, before they have looked.",
            ),
            Option(
                "all digits",
                "They all need to know the colour. But nothing in the loss forbids others to look, too.",
            ),
            Option(
                "all places, empty ones as well",
                "One query that says the same everywhere is the easiest one to learn, and it costs nothing that"
                " empty places have the answer, too.",
                right=True,
            ),
        ),
    ),
    Question(
        "one-answer-for-all",
        4,
        "In place of attention: the mean over all places, two small layers, the result added to every place. As many"
        " parameters. How far does it come?",
        (
            Option(
                "to the floor: a mean forgets where the patch is",
                "It does. Nobody needs to know where it is, only which colour it has.",
            ),
            Option(
                "about halfway: the patch is one sixteenth of the mean",
                "A large square of one colour stays visible in a mean of channels that look for such squares, and"
                " training can make them.",
            ),
            Option(
                "as far as attention",
                "The whole picture asks one question, and a mean can carry one answer.",
                right=True,
            ),
        ),
    ),
    Question(
        "behind-the-bar",
        4,
        "After the bar, who finds the digit again most often?",
        (
            Option(
                "attention, clearly: it can look back at the first frame",
                "It can. So can a convolution that is spread out far enough in time.",
            ),
            Option(
                "attention and the dilated convolution alike, the plain one behind",
                "What the plain one lacks is reach: four frames are too few. The two others span the film.",
                right=True,
            ),
            Option(
                "all three alike: the digit keeps its speed",
                "It does, and within its window a convolution can carry that on. Behind a bar the digit is out"
                " of sight for longer than the plain one's window, often enough to show.",
            ),
        ),
    ),
    Question(
        "divided-by-a-minus",
        4,
        "The scores are divided by D to the power of minus one half, with D = 64. What happens to them?",
        (
            Option(
                "they become 8 times smaller, as meant",
                "That is division by the root. Here the exponent carries a minus already, and dividing is a"
                " second one.",
            ),
            Option(
                "they become 8 times larger",
                "Dividing by 1/8 multiplies by 8. The scores are 64 times as large as they should be with the"
                " scale, and the softmax becomes an argmax.",
                right=True,
            ),
            Option(
                "nothing: the network learns to undo it",
                "It may, in time: the projections would have to shrink. Until then a saturated softmax passes"
                " on hardly any gradient to tell them.",
            ),
        ),
    ),
    Question(
        "half-the-channels",
        4,
        "The projection leaves C/2 channels, and its result is viewed as (b, c, -1). What happens?",
        (
            Option(
                "an error: the sizes do not fit",
                "The minus one makes them fit: half as many channels as claimed, so half as many places.",
            ),
            Option(
                "it runs, and each token is two places, half an image apart",
                "A channel's first half is taken for one channel and its second half for the next. So a token"
                " holds a place of the upper half and the one below it in the lower half.",
                right=True,
            ),
            Option(
                "it runs, on every second place",
                "No place is left out. They are glued in pairs.",
            ),
            Option(
                "it runs, and is right: a view only renames axes",
                "A view cuts the memory at other points. Here it cuts each channel in two.",
            ),
        ),
    ),
    Question(
        "two-zeros",
        4,
        "W_z starts at 0, and the scale of the batch norm behind it starts at 0 as well. What does training do?",
        (
            Option(
                "the same as before, a step later",
                "A step later both are still 0. Each waits for the other.",
            ),
            Option(
                "W_z learns first, then the scale",
                "W_z's gradient has the scale as a factor, and that is 0.",
            ),
            Option(
                "nothing, but for the batch norm's shift",
                "The gradient of each zero has the other as a factor. Neither ever moves. The shift stands"
                " behind both.",
                right=True,
            ),
        ),
    ),
)
