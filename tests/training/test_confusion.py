import pytest
import torch
from sklearn.metrics import confusion_matrix, f1_score, jaccard_score

from course_lib.training import ConfusionMatrix, dice, iou, pixel_accuracy

C, IGNORED = 4, 255


def case(seed=0, shape=(6, 5, 7)):
    g = torch.Generator().manual_seed(seed)
    return torch.randint(C, shape, generator=g), torch.randint(C, shape, generator=g)


def test_rows_are_the_target_and_columns_the_prediction():
    matrix = ConfusionMatrix(3).update(torch.tensor([2, 2, 0]), torch.tensor([1, 1, 0]))
    assert matrix.counts.tolist() == [[1, 0, 0], [0, 0, 2], [0, 0, 0]]


def test_it_is_scikit_learns_and_so_are_its_figures():
    predicted, target = case()
    p, t = predicted.flatten().numpy(), target.flatten().numpy()
    matrix = ConfusionMatrix(C).update(predicted, target)
    assert torch.equal(matrix.counts, torch.from_numpy(confusion_matrix(t, p)))
    torch.testing.assert_close(matrix.iou(), torch.from_numpy(jaccard_score(t, p, average=None)))
    torch.testing.assert_close(matrix.dice(), torch.from_numpy(f1_score(t, p, average=None)))
    assert matrix.pixel_accuracy() == pytest.approx((p == t).mean())


def test_batch_by_batch_is_all_at_once_and_so_is_the_sum_of_parts():
    predicted, target = case()
    target[2] = IGNORED
    whole = ConfusionMatrix(C, ignore_index=IGNORED).update(predicted, target)
    stream, parts = ConfusionMatrix(C, ignore_index=IGNORED), []
    for p, t in zip(predicted, target):
        assert stream.update(p, t) is stream
        parts.append(ConfusionMatrix(C, ignore_index=IGNORED).update(p, t))
    assert torch.equal(stream.counts, whole.counts)
    before = parts[0].counts.clone()
    assert torch.equal(sum(parts[1:], parts[0]).counts, whole.counts)
    assert torch.equal(parts[0].counts, before)


def test_its_figures_are_the_metrics_pooled_over_the_images():
    predicted, target = case()
    target[0, :2] = IGNORED
    matrix = ConfusionMatrix(C, ignore_index=IGNORED).update(predicted, target)
    assert matrix.iou().mean().item() == pytest.approx(iou(predicted, target, C, ignore_index=IGNORED))
    assert matrix.dice().mean().item() == pytest.approx(dice(predicted, target, C, ignore_index=IGNORED))
    expected = pixel_accuracy(predicted, target, ignore_index=IGNORED)
    assert matrix.pixel_accuracy() == pytest.approx(expected)


def test_a_class_in_neither_is_nan_and_one_that_was_invented_or_missed_is_0():
    predicted, target = torch.tensor([0, 0, 1]), torch.tensor([0, 0, 2])
    matrix = ConfusionMatrix(4).update(predicted, target)
    for figures in (matrix.iou(), matrix.dice()):
        assert figures[:3].tolist() == [1, 0, 0] and figures[3].isnan()


def test_ignored_pixels_are_not_counted_whatever_was_predicted_there():
    predicted, target = torch.tensor([0, 77, 1, -3]), torch.tensor([0, IGNORED, 1, IGNORED])
    matrix = ConfusionMatrix(2, ignore_index=IGNORED).update(predicted, target)
    assert matrix.counts.tolist() == [[1, 0], [0, 1]]


def test_an_ignored_class_has_no_figure():
    predicted, target = torch.tensor([0, 0, 1, 1]), torch.tensor([0, 1, 1, 0])
    matrix = ConfusionMatrix(2, ignore_index=0).update(predicted, target)
    assert matrix.counts.tolist() == [[0, 0], [1, 1]]
    assert matrix.iou()[0].isnan() and matrix.iou()[1] == 0.5
    assert matrix.dice()[0].isnan() and matrix.dice()[1] == pytest.approx(2 / 3)


def test_of_nothing_all_figures_are_nan():
    for matrix in (ConfusionMatrix(3), ConfusionMatrix(3).update(*case(shape=(0, 5, 7)))):
        assert matrix.iou().isnan().all() and matrix.dice().isnan().all()
        assert matrix.pixel_accuracy() != matrix.pixel_accuracy()


def test_any_whole_dtype_shape_and_device(device):
    predicted, target = case()
    expected = ConfusionMatrix(C).update(predicted, target).counts
    for p, t in [(predicted.to(device), target.to(device)), (predicted.to(torch.uint8), target.int()),
                 (predicted.flatten(), target.flatten()), (predicted.mT, target.mT)]:
        counts = ConfusionMatrix(C).update(p, t).counts
        assert torch.equal(counts, expected) and counts.device.type == "cpu"
    halves = ConfusionMatrix(2).update(predicted > 1, target > 1).counts
    assert halves.tolist() == [[expected[:2, :2].sum(), expected[:2, 2:].sum()],
                               [expected[2:, :2].sum(), expected[2:, 2:].sum()]]


def test_it_says_what_it_holds():
    assert repr(ConfusionMatrix(C).update(*case())) == "ConfusionMatrix(4 classes, 210 pixels)"


P, T = case()


@pytest.mark.parametrize("call, message", [
    (lambda: ConfusionMatrix(1), "num_classes must be .* at least 2, got 1. A mask of 0 and 1 has two classes"),
    (lambda: ConfusionMatrix(2.0), "num_classes must be a whole number"),
    (lambda: ConfusionMatrix(3).update(P.clamp(max=2), T), "target must hold classes 0 to 2, got 3. Pass ignore"),
    (lambda: ConfusionMatrix(3).update(P, T.clamp(max=2)), "predicted must hold classes 0 to 2, got 3"),
    (lambda: ConfusionMatrix(C).update(P, -T), "target must hold classes 0 to 3, got -3, -2, -1"),
    (lambda: ConfusionMatrix(2).update(10 * P, torch.arange(210).reshape(6, 5, 7)), "got 2, 3, 4, 5, 6 ..."),
    (lambda: ConfusionMatrix(C).update(P, T[:5]), r"must have one shape, got \(6, 5, 7\) and \(5, 5, 7\)"),
    (lambda: ConfusionMatrix(C).update(P.float(), T), "predicted must be .* whole numbers .* torch.float32"),
    (lambda: ConfusionMatrix(C).update(P, T.numpy()), "target must be .* got ndarray"),
    (lambda: ConfusionMatrix(C).update(P.to("meta"), T), "predicted and target must be on one device"),
    (lambda: ConfusionMatrix(C, ignore_index=0.5).update(P, T), "ignore_index must be a whole number or None"),
    (lambda: ConfusionMatrix(3) + ConfusionMatrix(4), r"same num_classes .* \(3, None\), got \(4, None\)"),
    (lambda: ConfusionMatrix(3) + ConfusionMatrix(3, ignore_index=0), r"got \(3, 0\)"),
])
def test_bad_input_is_refused_in_words(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_other_things_cannot_be_added():
    with pytest.raises(TypeError):
        ConfusionMatrix(3) + 1
