"""Every readout that a card asks for has a name that a reader understands."""

import pytest

from minidit.claims import cards
from minidit.teach.words import name_of


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ("velocity.held_out", "held-out velocity error"),
        ("velocity.held_out@10%", "held-out velocity error at 10% of the run"),
        ("velocity.t1", "held-out velocity error in the noisiest tenth of the times"),
        ("velocity.t10", "held-out velocity error in the cleanest tenth of the times"),
        ("velocity.t3", "held-out velocity error in the third tenth of the times"),
        ("denoising.s6", "denoising error in the cleanest sixth of log SNR"),
        ("probe.shape.block12", "shape, as a probe reads it behind block 12"),
    ],
)
def test_names(metric, words):
    assert name_of(metric) == words


def test_every_metric_of_every_card_has_one():
    metrics = {h.metric for card in cards.cards() for h in card.hypotheses if "fact" not in h.metric}
    assert len(metrics) > 10
    assert [metric for metric in metrics if name_of(metric) == metric] == []
