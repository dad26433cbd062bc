"""The numbers in the live page's text, from the network, its data, and the recorded runs of its recipe."""

from statistics import fmean

from minidit.data import load
from minidit.measure.evidence import Evidence
from minidit.training.state import TrainState


def facts(state: TrainState) -> dict[str, str]:
    """The words in braces of assets/*.html -> what to write in their place.

    Raises:
        MiniditError: nothing is recorded of the recipe, by the name of its data.
    """
    recorded = Evidence.read(state.experiment.data.source)
    right = {f"right_{w}": f"{100 * fmean(recorded.readout(f'accuracy.{w}')):.0f}" for w in ("w1", "w2")}
    return right | {
        "parameters": f"{sum(p.numel() for p in state.model.parameters()):,}",
        "images": f"{len(load(state.experiment.data).train.x):,}",
        "seconds": f"{fmean(run.seconds for run in recorded.runs):.0f}",
        "dim": str(state.experiment.model.dim),
        "runs": str(len(recorded.runs)),
    }
