"""What is read from a trained network: readouts by name. None of them changes the run."""

import math
from collections.abc import Callable, Iterable

from minidit.claims.norms import norms_readout
from minidit.claims.quality import quality_readout
from minidit.claims.trained import Trained
from minidit.data.images import Data
from minidit.data.source import factors
from minidit.errors import MiniditError, TrainingDiverged, did_you_mean
from minidit.flow.flow import Flow
from minidit.measure.ablation import ablation_readout
from minidit.measure.branches import branches_readout
from minidit.measure.denoising import denoising_readout
from minidit.measure.probe import probe_readout
from minidit.measure.reconstruction import reconstruction_readout
from minidit.measure.velocity import nothing as answers_nothing
from minidit.measure.velocity import velocity_readout


def _velocity(trained: Trained) -> dict[str, float]:
    """`velocity_readout` of the averaged weights."""
    return velocity_readout(trained.state.experiment.objective.flow, trained.network, trained.data)


def _denoising(trained: Trained) -> dict[str, float]:
    """`denoising_readout` of the averaged weights."""
    return denoising_readout(trained.state.experiment.objective.flow, trained.network, trained.data)


def _probe(trained: Trained) -> dict[str, float]:
    """`probe_readout` of the averaged weights; for shapes of one object."""
    experiment = trained.state.experiment
    known = factors(experiment.data)
    return probe_readout(experiment.objective.flow, trained.network, trained.data, known)


def _norms(trained: Trained) -> dict[str, float]:
    """`norms_readout` of the weights in training."""
    return norms_readout(trained.state, trained.data)


def _branches(trained: Trained) -> dict[str, float]:
    """`branches_readout` of the averaged weights."""
    return branches_readout(trained.state.experiment.objective.flow, trained.network, trained.data)


def _ablation(trained: Trained) -> dict[str, float]:
    """`ablation_readout` of the averaged weights."""
    return ablation_readout(trained.state.experiment.objective.flow, trained.network, trained.data)


def _reconstruction(trained: Trained) -> dict[str, float]:
    """`reconstruction_readout` of the autoencoder whose latents were learned; a run on pixels has none."""
    if not trained.state.experiment.data.latent:
        return {}
    if trained.judge is None:
        raise MiniditError('The readout "reconstruction" needs a judge: give Trained one, from Judge.train.')
    return reconstruction_readout(trained.data.train.coder, trained.real, trained.judge)


# each returns numbers by short names; `measure` puts the readout's own name before them
READOUTS: dict[str, Callable[[Trained], dict[str, float]]] = {
    "velocity": _velocity,
    "denoising": _denoising,
    "quality": quality_readout,
    "reconstruction": _reconstruction,
    "probe": _probe,
    "norms": _norms,
    "branches": _branches,
    "ablation": _ablation,
}


def measure(names: Iterable[str], trained: Trained) -> dict[str, float]:
    """The readouts called `names`, as one flat dictionary: "velocity.held_out", "quality.accuracy", ...

    Every draw in them is fixed: the same for every arm, every seed and every run.

    Raises:
        MiniditError: no such readout, or one that does not apply to this network or these images.
        TrainingDiverged: the weights, or a number read from them, are not finite.
    """
    names = list(names)
    for name in names:
        if name not in READOUTS:
            near = did_you_mean(name, READOUTS)
            raise MiniditError(f"There is no readout {name!r}.{near} There are: {', '.join(READOUTS)}.")
    trained.check()
    values = {}
    for name in names:
        values |= _named(name, READOUTS[name](trained))
    for key, value in values.items():
        if not math.isfinite(value):
            raise TrainingDiverged(
                f"The readout {key} is {value}, not a finite number: training has diverged."
            )
    return values


def nothing(data: Data, flow: Flow) -> dict[str, float]:
    """The readout "velocity" of a network that answers 0, for a run that diverged; keys as in `measure`."""
    return _named("velocity", velocity_readout(flow, answers_nothing, data))


def _named(name: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{name}.{key}": value for key, value in values.items()}
