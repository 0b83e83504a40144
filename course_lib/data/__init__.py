"""The small world that every chapter plays in: real digits, scenes made of them, photographs, real data sets.

| ask for | get | file |
|---|---|---|
| `digits("train")` | scikit-learn's handwritten digits, split by index | digits.py |
| `turned_digits("test", most=45)` | digits turned by a known angle | turned.py |
| `scene(7, SceneOptions(cue="random"))` | one canvas of digits with labels for every task | scenes.py |
| `scenes(2000, options).stack("image", "semantic")` | tensors to train on | scenes.py |
| `video(7, occluder=14)` | moving digits with their tracks | videos.py |
| `photo("cat")` | a bundled photograph | photos.py |
| `colors.equal_colors(image)` | colours that can be compared by a dot product | colors.py |
| `real_set("cifar10")` | one of four data sets of torchvision's, once it is fetched | real.py |
| `FolderSegmentation("my_data", num_classes=3)` | your own `images/` and `masks/` | folder.py |

Everything but `download` works without a network. Options are in scene_options.py, what a scene carries in
scene_types.py, questions and their vocabulary in questions.py, colours in palette.py.
"""

from .digits import digits
from .download import download
from .folder import FolderSegmentation
from .palette import PALETTE
from .photos import photo, photo_names, stereo_motorcycle
from .questions import ANSWERS, QUESTION_LENGTH, VOCABULARY, Question, encode_question
from .real import VOC_IGNORE, DataNotFound, RealDataset, real_set, real_sets
from .scene_options import SceneOptions
from .scene_types import Cue, Scene, SceneObject
from .scenes import SceneSet, scene, scenes, stack
from .turned import turn, turned_digits
from .videos import Track, Video, video

__all__ = [
    "ANSWERS", "PALETTE", "QUESTION_LENGTH", "VOCABULARY", "VOC_IGNORE",
    "Cue", "DataNotFound", "FolderSegmentation", "Question", "RealDataset", "Scene", "SceneObject",
    "SceneOptions", "SceneSet", "Track", "Video",
    "digits", "download", "encode_question", "photo", "photo_names", "real_set", "real_sets", "scene",
    "scenes", "stack", "stereo_motorcycle", "turn", "turned_digits", "video",
]
