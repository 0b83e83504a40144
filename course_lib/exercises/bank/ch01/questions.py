"""The questions of chapter 1: predictions before a cell runs, and three puzzles from published code."""

from course_lib.exercises.question import Option, Question

QUESTIONS = (
    Question(
        "between-two-keys",
        1,
        "Half past ten lies exactly between the measurements of 9 h (40) and 12 h (90). Every measurement"
        " gets a weight that falls with its distance. What will the blend say?",
        (
            Option(
                "exactly 65, the mean of the two",
                "Nearly. 9 h and 12 h do weigh the same, and their mean is 65. But 6 h and "
                "15 h have a little weight too, and they are darker.",
            ),
            Option(
                "a little below 65",
                "The two nearest weigh the same and make 65. The others have little weight, and all "
                "of them are below 65.",
                right=True,
            ),
            Option(
                "40 or 90, by chance",
                "That is what picking the nearest key would do. A blend has no need to pick.",
            ),
            Option("41, the mean of all five", "That would be the answer if distance did not matter at all."),
        ),
    ),
    Question(
        "raw-patches",
        1,
        "The query is a patch of the cat's iris, and the score of a patch is its plain dot product with the"
        " query: pixel times pixel, added up. Which patches get the highest score?",
        (
            Option(
                "the query itself",
                "A dot product with itself is its squared length. A brighter patch has a longer vector, and "
                "can score higher without looking alike.",
            ),
            Option(
                "patches of the other iris",
                "They look alike, but a dot product does not ask only that. It grows with the "
                "length of both vectors, and length here is brightness.",
            ),
            Option(
                "the brightest patches",
                "All pixel values are positive, so a patch of pure white multiplies every number of the "
                "query by 1, which is as much as any patch can.",
                right=True,
            ),
        ),
    ),
    Question(
        "why-sharper",
        1,
        "The keys are noise, and the softmax was not touched. Only the vectors became longer. What grew with"
        " d, so that the winner takes almost everything?",
        (
            Option("the number of keys", "It is 256 in every line."),
            Option(
                "the spread of the scores",
                "A score is a sum of d products. More terms, more spread: the best of 256 stands "
                "further above the rest, and the exponential turns that lead into a factor.",
                right=True,
            ),
            Option(
                "the rounding error",
                "It grows a little, by parts in a million. The effect here is a factor of three.",
            ),
            Option(
                "the largest number of a query",
                "It creeps up, since a longer vector has more chances, but one product "
                "among hundreds hardly moves a score.",
            ),
        ),
    ),
    Question(
        "zero-score",
        1,
        "Keys 4 and 5 are padding and must not be looked at. Somebody multiplies their scores by 0 before the"
        " softmax. How much weight do they get?",
        (
            Option("none", "A weight of 0 would need a score of minus infinity. e to the power 0 is 1."),
            Option(
                "as much as a key with score 0",
                "Zero is a score like any other, an average one: half of the real keys may lie below it.",
                right=True,
            ),
            Option("the same as the best key", "Only if the best key's score were 0 as well."),
        ),
    ),
    Question(
        "no-tanh",
        1,
        "Leave out the tanh of the additive score: v . (W_q q + W_k k). Four queries score six keys. What"
        " happens to the keys they like best?",
        (
            Option(
                "they change a little",
                "They change for good. The score falls apart into a query's part and a key's part, and the"
                " query's part is the same for all keys.",
            ),
            Option(
                "all queries like the same key",
                "What is added to a whole row, softmax drops. Only the key's part is left, and it does not"
                " know who asks.",
                right=True,
            ),
            Option("every key gets the same weight", "The keys' parts still differ, so their weights do."),
        ),
    ),
    Question(
        "mirror",
        1,
        "Twelve tokens of 64 random numbers attend to each other. Queries and keys are the tokens themselves,"
        " without any projection. Whom does a token look at most?",
        (
            Option(
                "the token most like it, which may be anyone",
                "With random tokens, no other comes near a token's product with itself.",
            ),
            Option(
                "itself",
                "Its product with itself is its squared length, about d. With any other token the products "
                "cancel, and about the square root of d is left.",
                right=True,
            ),
            Option("all the same", "Only if all scores were equal."),
        ),
    ),
    Question(
        "shuffled",
        1,
        "The tokens are put in another order, and the same self-attention runs on them. What happens to the"
        " answers?",
        (
            Option(
                "they all change",
                "Each token still meets the same set of others. Sums do not care about the order of their"
                " terms.",
            ),
            Option(
                "they move with their tokens and are otherwise the same",
                "Every token finds the same keys and values, only listed "
                "in another order. Nothing in the formula knows which index a token has.",
                right=True,
            ),
            Option(
                "nothing at all changes",
                "The answer of the token that moved from place 0 to place 3 now stands at place 3.",
            ),
        ),
    ),
    Question(
        "one-head-two-wishes",
        1,
        "A token wants its left neighbour in the first half of its answer and its right neighbour in the"
        " second half. One head, trained as long as you like. What share of what is wanted will it miss?",
        (
            Option(
                "nothing: it fetches both and sorts them afterwards",
                "The head brings one blend of values to this place, and what follows is one matrix for all"
                " values. To put left into the first half and right into the second it would need a matrix"
                " for each.",
            ),
            Option(
                "at least half, whatever it does",
                "It may serve one neighbour and forget the other, or blend the two in both halves. Either way"
                " half of the variance is gone, as the next paragraph proves. Which of the two it does, the"
                " experiment shows.",
                right=True,
            ),
            Option(
                "a third: the left, the right and the mixture are each a third",
                "There is no such balance. Blend more of one and it "
                "is served better, the other worse by as much.",
            ),
            Option(
                "less and less the wider it is",
                "Width makes the values richer. There is still one softmax, so one blend.",
            ),
        ),
    ),
    Question(
        "perfect-alone",
        1,
        "A colleague's attention has `scores.softmax(dim=0)` with scores of shape (B, N, M). The unit test"
        " has one image in its batch. What does it see?",
        (
            Option("an error", "`dim=0` exists. It is the batch."),
            Option(
                "every weight is exactly 1",
                "A softmax over an axis of length 1 is 1. The output is the plain sum of all values, finite "
                "and smooth, and with two images each of them tells the other what it may look at.",
                right=True,
            ),
            Option("weights that sum to 1 over the keys", "That would be `dim=-1`."),
        ),
    ),
    Question(
        "which-root",
        1,
        "A network of width 512 with 8 heads divides its scores by sqrt(512). It runs and trains. What did it"
        " do to its attention?",
        (
            Option(
                "nothing, a constant does not matter",
                "A softmax does not ignore a factor; it ignores a shift.",
            ),
            Option(
                "the maps are flatter than they should be",
                "Each head's products run over 64 numbers. Dividing by sqrt(512) instead of "
                "sqrt(64) is a temperature of 2.8.",
                right=True,
            ),
            Option(
                "the maps are sharper than they should be",
                "Dividing by more brings the scores closer together.",
            ),
        ),
    ),
    Question(
        "true-means",
        1,
        "`nn.MultiheadAttention` takes a `key_padding_mask`, `F.scaled_dot_product_attention` an `attn_mask`."
        " The same boolean tensor, True at the real tokens, goes into both, each time in the shape that is"
        " wanted. What happens?",
        (
            Option("both mask the padding", "One of them reads True as: may attend. The other as: ignore."),
            Option(
                "the first looks at the padding and at nothing else",
                "In `nn.MultiheadAttention` True means: ignore this key. The real tokens are "
                "hidden and the padding is read, without any error.",
                right=True,
            ),
            Option(
                "the first raises an error",
                "Both want a boolean tensor of a shape that fits. Neither can know what you meant.",
            ),
        ),
    ),
)
