import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import TensorDataset

from course_lib.training import accuracy_on, fit, warmup_cosine
from course_lib.training.batches import BatchIndices
from course_lib.training.stepper import decay_groups


def train(model, data, **options):
    return fit(model, data, **{"steps": 20, "batch_size": 8, "device": "cpu", "progress": False} | options)


def weights(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_it_learns(network, data):
    model = network()
    history = train(model, data, steps=60, lr=0.02, evaluate=accuracy_on(*data.tensors))
    assert history.last["accuracy"] == 1.0 and history.loss[-1] < 0.2 * history.loss[0]
    assert not model.training and history.steps == 60 and not history.reached_target


def test_it_makes_the_steps_of_a_plain_loop(network, data):
    """The same recipe written out: AdamW, schedule, clipping, no decay of biases."""
    model, plain = network(), network()
    history = train(model, data, lr=0.05, weight_decay=0.3, warmup=0.2, clip=0.5, label_smoothing=0.1, seed=4)
    matrices = [p for p in plain.parameters() if p.ndim == 2]
    vectors = [p for p in plain.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.3},
                                   {"params": vectors, "weight_decay": 0.0}], lr=0.05)
    for step, batch in enumerate(BatchIndices(96, 8, 20, seed=4)):
        for group in optimizer.param_groups:
            group["lr"] = 0.05 * warmup_cosine(step, 20, 0.2)
        inputs, labels = data[batch]
        loss = F.cross_entropy(plain(inputs), labels, label_smoothing=0.1)
        optimizer.zero_grad()
        loss.backward()
        norm = nn.utils.clip_grad_norm_(plain.parameters(), 0.5)
        optimizer.step()
        assert history.loss[step] == pytest.approx(loss.item(), rel=1e-5)
        assert history.grad_norm[step] == pytest.approx(norm.item(), rel=1e-4)
        assert history.lr[step] == pytest.approx(optimizer.param_groups[0]["lr"])
    torch.testing.assert_close(weights(model), weights(plain))
    assert max(history.grad_norm) > 0.5                       # else clipping was never tried
    assert not model.training


def test_the_result_depends_on_the_seed_and_not_on_the_random_state(network, data):
    def run(seed, before):
        torch.manual_seed(before)
        model = network(dropout=0.5)
        train(model, data, seed=seed, augment=lambda x, y, g: (x + 0.1 * torch.randn(x.shape, generator=g), y))
        return weights(model)

    torch.testing.assert_close(run(0, before=1), run(0, before=2), rtol=0, atol=0)
    assert not torch.equal(run(0, before=1), run(1, before=1))


def test_the_random_state_outside_is_left_alone(network, data):
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    train(network(dropout=0.5), data)
    torch.testing.assert_close(torch.rand(2), expected, rtol=0, atol=0)


def test_each_step_draws_anew(network, data):
    """Augmentation of two steps differs, and so does dropout."""
    seen = []
    train(network(), data, steps=3, augment=lambda x, y, g: (seen.append(torch.rand(1, generator=g).item()) or x, y))
    assert len(set(seen)) == 3
    kept = []
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(64, 3))
    model[0].register_forward_hook(lambda module, args, out: kept.append(out.detach() != 0))
    train(model, TensorDataset(torch.ones(8, 64), torch.zeros(8, dtype=torch.int64)), steps=2)
    assert not torch.equal(kept[0], kept[1])


def test_augmentation_is_what_the_model_learns_from(network, data):
    """With the inputs wiped out nothing can be learned but how often each class comes."""
    model = network()
    history = train(model, data, steps=60, lr=0.02, augment=lambda x, y, g: (torch.zeros_like(x), y))
    assert history.loss[-1] > 0.9 * math.log(3)


def test_evaluations_come_at_their_steps_in_eval_mode_without_gradients(network, data):
    seen = []

    def evaluate(model):
        seen.append((model.training, torch.is_grad_enabled()))
        return {"figure": torch.tensor(len(seen))}

    history = train(network(), data, steps=20, evaluate=evaluate, evaluate_every=8)
    assert history.evaluations == [(8, {"figure": 1.0}), (16, {"figure": 2.0}), (20, {"figure": 3.0})]
    assert set(seen) == {(False, False)}


def test_the_model_is_back_in_training_after_an_evaluation(network, data):
    modes = []
    model = network()
    model.register_forward_pre_hook(lambda module, args: modes.append(module.training))
    train(model, data, steps=4, evaluate=lambda model: {}, evaluate_every=1)
    assert modes == [True] * 4


def test_it_stops_once_the_target_is_reached(network, data):
    values = iter([0.5, 0.9, 0.95, 1.0])
    history = train(network(), data, steps=20, evaluate=lambda model: {"accuracy": next(values)}, evaluate_every=5,
                    target=("accuracy", 0.9))
    assert history.steps == 10 and history.reached_target and history.last == {"accuracy": 0.9}


def test_another_loss_and_regression(network, data):
    inputs, _ = data.tensors
    line = TensorDataset(inputs, inputs @ torch.tensor([[2.0], [-1.0]]))
    torch.manual_seed(0)
    model = nn.Linear(2, 1)
    history = train(model, line, steps=300, lr=0.1, weight_decay=0.0, loss=F.mse_loss)
    assert history.loss[-1] < 1e-3
    torch.testing.assert_close(model.weight.detach(), torch.tensor([[2.0, -1.0]]), rtol=0, atol=0.05)


def test_a_parameter_that_is_frozen_stays(network, data):
    model = network()
    model[0].requires_grad_(False)
    before = model[0].weight.clone()
    train(model, data)
    torch.testing.assert_close(model[0].weight, before, rtol=0, atol=0)


def test_vectors_and_numbers_are_not_decayed():
    kernel, vector, number = torch.zeros(2, 2, 3, 3), torch.zeros(4), torch.zeros(())
    decayed, free = decay_groups([kernel, vector, number], 0.1)
    assert decayed == {"params": [kernel], "weight_decay": 0.1}
    assert free["params"][0] is vector and free["params"][1] is number and free["weight_decay"] == 0


def test_the_history_can_be_plotted(network, data):
    history = train(network(), data, evaluate=accuracy_on(*data.tensors))
    assert [ax.get_title() for ax in history.plot().axes] == ["loss", "learning rate", "accuracy"]
    assert history.seconds > 0


@pytest.mark.skipif(not torch.cuda.is_available(), reason="autocast is for a CUDA GPU, and there is none")
def test_on_a_gpu_autocast_is_on_and_can_be_left_out(network, data):
    kinds = []
    for autocast in (True, False):
        model = network()
        model[0].register_forward_hook(lambda module, args, out: kinds.append(out.dtype))
        history = train(model, data, steps=60, lr=0.02, device="cuda", autocast=autocast,
                        evaluate=accuracy_on(*data.tensors))
        assert history.last["accuracy"] > 0.95
        assert model[0].weight.dtype == torch.float32 and model[0].weight.device.type == "cuda"
    assert kinds[0] in (torch.bfloat16, torch.float16) and kinds[-1] == torch.float32


@pytest.mark.parametrize("options, says", [
    ({"steps": 0}, "steps must be at least 1, got 0"),
    ({"batch_size": 0}, "batch_size must be at least 1"),
    ({"lr": 0.0}, "lr must be above 0"),
    ({"clip": -1.0}, "clip must be above 0"),
    ({"weight_decay": -0.1}, "weight_decay must not be negative"),
    ({"warmup": 1.0}, r"warmup must lie in \[0, 1\)"),
    ({"label_smoothing": 1.5}, r"label_smoothing must lie in \[0, 1\)"),
    ({"label_smoothing": 0.1, "loss": F.cross_entropy}, "label_smoothing is for fit's own"),
    ({"target": ("accuracy", 0.9)}, "needs evaluate"),
    ({"evaluate_every": 0}, "evaluate_every must be at least 1"),
    ({"target": ("iou", 0.9), "evaluate": lambda model: {"accuracy": 1.0}}, "'iou', but evaluate gave accuracy"),
])
def test_bad_input_is_refused_in_a_sentence(network, data, options, says):
    with pytest.raises(ValueError, match=says):
        train(network(), data, **options)


def test_no_data_is_refused(network):
    with pytest.raises(ValueError, match="data holds no example"):
        train(network(), TensorDataset(torch.zeros(0, 2), torch.zeros(0, dtype=torch.int64)))


def test_a_loss_that_is_no_number_is_told_with_its_step(network, data):
    inputs, labels = data.tensors
    poisoned = inputs.clone()
    poisoned[list(BatchIndices(96, 8, 20, seed=0))[2][0]] = float("nan")
    with pytest.raises(FloatingPointError, match="loss of step 3 is not a finite number"):
        train(network(), TensorDataset(poisoned, labels))
