"""torchvision's ViTs and ours, with the same random weights, give the same logits."""

import pytest
import torch
from torch.testing import assert_close
from torchvision.models import vit_b_16
from torchvision.models.vision_transformer import VisionTransformer as Theirs

from course_lib.models import VisionTransformer, vit_from_torchvision

TIGHT = {"rtol": 1e-5, "atol": 1e-5}


def randomise(model):
    """torchvision's class token and head start at zero, where any mistake about them would pass."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            p.normal_(std=p[0].numel() ** -0.5 if p.ndim in (2, 4) else 0.3)
            if "ln" in name and name.endswith("weight"):
                p.add_(1.0)
    return model.eval()


def tiny_pair(**options):
    theirs = randomise(Theirs(16, 4, 11, 3, 24, 48, num_classes=7, **options))  # 11 blocks: two-digit numbers
    return theirs, VisionTransformer(16, 4, 3, 7, 24, 11, 3, mlp_ratio=2.0).eval()


def test_tiny_logits_are_equal():
    theirs, ours = tiny_pair()
    ours.load_state_dict(vit_from_torchvision(theirs.state_dict()))
    x = torch.randn(3, 3, 16, 16)
    assert_close(ours(x), theirs(x), **TIGHT)
    assert ours(x).std() > 0.1


def test_vit_b_16_logits_are_equal():
    theirs, ours = randomise(vit_b_16()), VisionTransformer().eval()
    ours.load_state_dict(vit_from_torchvision(theirs.state_dict()))
    x = torch.randn(1, 3, 224, 224)
    with torch.no_grad():
        assert_close(ours(x), theirs(x), **TIGHT)
        assert ours(x).std() > 0.1


def test_the_mlp_names_of_old_files():
    state = tiny_pair()[0].state_dict()
    old = {k.replace(".mlp.0.", ".mlp.linear_1.").replace(".mlp.3.", ".mlp.linear_2."): v for k, v in state.items()}
    assert old.keys() != state.keys()
    new, renamed = vit_from_torchvision(state), vit_from_torchvision(old)
    assert renamed.keys() == new.keys() and all(renamed[k] is new[k] for k in new)


def test_state_is_left_alone_and_tensors_are_shared():
    state = tiny_pair()[0].state_dict()
    names = list(state)
    renamed = vit_from_torchvision(state)
    assert list(state) == names and len(renamed) == len(state)
    assert renamed["cls_token"] is state["class_token"]
    assert vit_from_torchvision({}) == {}


@pytest.mark.parametrize("name", ["heads.pre_logits.weight", "cls_token", "encoder.layers.encoder_layer_0.mlp.1.weight"])
def test_a_strange_name_is_told(name):
    with pytest.raises(ValueError, match=f"state has {name}, which torchvision's vit_b_16 does not have"):
        vit_from_torchvision({name: torch.zeros(1)})
