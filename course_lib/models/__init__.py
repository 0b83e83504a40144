"""Models built from the mechanisms of `attention`, one a file. This folder stands on attention and torch.

looker.py             Looker: one look at a canvas; every way to attend joins the same two halves
vit.py                VisionTransformer: patches, an encoder, a head
patch_embed.py        PatchEmbed: an image is cut into patches, each becomes a token
encoder_block.py      EncoderBlock: attention and an MLP, each in a residual branch
drop_path.py          DropPath: stochastic depth
vit_weights.py        vit_from_torchvision: weights from elsewhere
unet.py               UNet: down, through a neck, and up again; gates and a head of your choice
neck.py               Neck: what stands in a U-Net's neck, around a body of your choice
map_encoder.py        MapEncoder: a Transformer encoder over the places of a map, or over windows
transformer_neck.py   TransformerNeck: one in the other
segmenter.py          segmenter: U-Nets with attention from a table of options, parameters matched
receptive_field.py    receptive_field_of: how far a network sees, measured
recurrent_glimpse.py  RecurrentGlimpse: looks at few places, one after the other; hard attention
"""

from course_lib.models.drop_path import DropPath
from course_lib.models.encoder_block import EncoderBlock
from course_lib.models.looker import Looker
from course_lib.models.map_encoder import MapEncoder, WindowBlock
from course_lib.models.neck import Neck
from course_lib.models.patch_embed import PatchEmbed
from course_lib.models.receptive_field import receptive_field_of, seen_box
from course_lib.models.recurrent_glimpse import Looks, RecurrentGlimpse
from course_lib.models.segmenter import matching_width, parameters_of, segmenter
from course_lib.models.transformer_neck import TransformerNeck
from course_lib.models.unet import UNet
from course_lib.models.vit import VisionTransformer
from course_lib.models.vit_weights import vit_from_torchvision

__all__ = [
    "DropPath",
    "EncoderBlock",
    "Looker",
    "Looks",
    "MapEncoder",
    "Neck",
    "PatchEmbed",
    "RecurrentGlimpse",
    "TransformerNeck",
    "UNet",
    "VisionTransformer",
    "WindowBlock",
    "matching_width",
    "parameters_of",
    "receptive_field_of",
    "seen_box",
    "segmenter",
    "vit_from_torchvision",
]
