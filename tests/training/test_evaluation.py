import torch
from torch import nn

from course_lib.training import accuracy_on, predict


def test_predict_is_the_model_in_eval_mode_whatever_the_batches():
    model = nn.Sequential(nn.Linear(3, 5), nn.Dropout(0.5), nn.BatchNorm1d(5))
    inputs = torch.randn(10, 3, generator=torch.Generator().manual_seed(0))
    model.train()
    out = predict(model, inputs, batch_size=4)
    assert model.training and not out.requires_grad
    torch.testing.assert_close(out, model.eval()(inputs).detach())
    predict(model, inputs)
    assert not model.training


def test_accuracy_is_the_share_of_right_classes():
    labels = torch.tensor([0, 1, 2, 2])
    scores = torch.eye(3)[torch.tensor([0, 1, 2, 0])]
    assert accuracy_on(scores, labels)(nn.Identity()) == {"accuracy": 0.75}
