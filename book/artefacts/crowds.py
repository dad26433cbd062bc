"""Record book/evidence/crowds.cpu.json: how far crowds of real images are from other real images.

OMP_NUM_THREADS=1 python book/artefacts/crowds.py

Each of 200 seeds draws two crowds of training images, as many of each class as the samplers of samplers.py
draw, and measures their Frechet distance from the held-out images. Under a minute on one thread.
"""

import torch
from samplers import FEW, MANY, real

from minidit.data import load
from minidit.measure import Judge, frechet_distance
from minidit.publish.seeds import record_seeds
from minidit.training import read_artefact

CROWDS = 200

if __name__ == "__main__":
    torch.set_num_threads(1)
    experiment = read_artefact("shapes").experiment
    shapes = load(experiment.data)
    judge = Judge.train(shapes.train)
    held_out = judge.features(shapes.held_out.x)

    def run(seed: int) -> dict[str, float]:
        """The distances of one crowd of each size."""
        seen = {size: judge.features(real(shapes, size, seed)) for size in (MANY, FEW)}
        return {f"floor.{size}": frechet_distance(crowd, held_out) for size, crowd in seen.items()}

    record_seeds("crowds", experiment, range(CROWDS), run)
