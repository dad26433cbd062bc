"""The notation card says what the code does, formula by formula, in every dialect."""

import math
from pathlib import Path

import pytest
import torch

from minidit import Flow
from minidit.flow import PATHS, PREDICTIONS, SDE, Diffusion, guide
from minidit.flow.notation import (
    DIALECTS,
    DRIFT,
    OTHERS,
    PATH_COLUMNS,
    PATH_ROWS,
    READING_COLUMNS,
    READINGS,
    SCORE,
    V_PREDICTION,
    WEIGHTS,
    WORDS,
    card,
)
from minidit.flow.prediction import data_and_noise, turn
from minidit.flow.stochastic import score
from minidit.flow.timing import shift
from minidit.flow.weighting import WEIGHTINGS, error_ratio

FILE = Path(__file__).parents[2] / "book" / "notation.md"
T = torch.tensor([0.3, 0.5, 0.7, 0.9], dtype=torch.float64)
MATHS = {name: getattr(torch, name) for name in ("sin", "cos", "tan", "atan", "exp", "sqrt", "log")}
DATA, NOISE, OUTPUT = torch.randn(3, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def value(formula, **names):
    """A formula of the card, evaluated: nothing but what is written on it is known."""
    known = {**MATHS, "pi": math.pi, "min": lambda a, b: torch.as_tensor(b).clamp(max=a), **names}
    return torch.as_tensor(eval(formula, {"__builtins__": {}}, known), dtype=torch.float64).expand(4)


def shares(path):
    path = PATHS[path]
    names = {name: getattr(path, name)(T) for name in ("alpha", "sigma", "alpha_dot", "sigma_dot")}
    return {**names, "D": turn(path, T), "r": names["sigma"] / names["alpha"], "t": T}


def test_the_checked_in_card_is_the_generated_one():
    assert FILE.read_text(encoding="utf-8") == card(), (
        "run `python -m minidit.flow.notation > book/notation.md`"
    )


def test_every_formula_is_on_the_card():
    formulas = [f for table in (PATH_ROWS, READINGS) for row in table.values() for f in row]
    formulas += [*WEIGHTS.values(), *OTHERS.values(), *WORDS, *V_PREDICTION]
    formulas += [f for d in DIALECTS for f in (d.told, d.back, d.image, d.answer, d.velocity, d.clock)]
    assert all(f"`{formula}`" in card() for formula in formulas) and all(d.who in card() for d in DIALECTS)


@pytest.mark.parametrize("path", PATHS)
def test_the_paths(path):
    row, names = dict(zip(PATH_COLUMNS, PATH_ROWS[path], strict=True)), shares(path)
    assert set(PATH_ROWS) == set(PATHS)
    w = torch.tensor([SDE(path, "sbdm").w(float(t)) for t in T], dtype=torch.float64)
    expected = {**{name: names[name] for name in PATH_COLUMNS[:5]}, "SDE's w (score-based)": w, "t from r": T}
    for column, formula in row.items():
        torch.testing.assert_close(value(formula, **names), expected[column], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("prediction", PREDICTIONS)
def test_the_readings(path, prediction):
    row, names = dict(zip(READING_COLUMNS, READINGS[prediction], strict=True)), shares(path)
    assert set(READINGS) == set(PREDICTIONS)
    flow = Flow(path=path, prediction=prediction)
    x = flow.interpolate(DATA, NOISE, T)
    data, noise = data_and_noise(PATHS[path], prediction, OUTPUT, x, T)
    expected = {
        "answer": flow.target(DATA, NOISE, T),
        "data": data,
        "noise": noise,
        "error of v": error_ratio(PATHS[path], prediction, "velocity", T),
    }
    for column, formula in row.items():
        found = value(formula, data=DATA, noise=NOISE, x=x, output=OUTPUT, **names)
        torch.testing.assert_close(found, expected[column], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("path", PATHS)
def test_the_score_and_the_drift_of_the_sde(path):
    assert f"`{SCORE}`" in card() and f"[{DRIFT}] dt" in card()
    for k, t in enumerate(T):
        names, sde = {name: number[k] for name, number in shares(path).items()}, SDE(path)
        one = t.expand(1)
        at = value(SCORE, x=DATA, v=OUTPUT, **names)
        torch.testing.assert_close(at, score(PATHS[path], OUTPUT[None], DATA[None], one)[0])
        drift = value(DRIFT, v=OUTPUT, w=sde.w(float(t)), score=at)
        torch.testing.assert_close(drift, sde.drift(OUTPUT[None], DATA[None], float(t))[0])


def test_networks_that_run_opposite_ways():
    f = lambda x, t, c: x * t[:, None] ** 2  # noqa: E731
    ours = Flow(clock="reversed").velocity(f)(DATA[:, None], T)
    assert "`v_A(x, t) = -v_B(x, 1 - t)`" in card()
    torch.testing.assert_close(ours, -f(DATA[:, None], 1 - T, None))


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("weighting", WEIGHTS)
def test_the_weights(path, weighting):
    assert set(WEIGHTS) == set(WEIGHTINGS) - {"none"}
    found = WEIGHTINGS[weighting](PATHS[path], "noise", T, 5.0)
    torch.testing.assert_close(
        value(WEIGHTS[weighting], gamma=5.0, **shares(path)), found, rtol=1e-9, atol=1e-9
    )


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.who)
def test_the_dialects(dialect):
    """A network in the dialect is asked through its Flow: what it is told, sees, and is understood to say."""
    flow, names, seen = Flow(dialect.path, dialect.prediction, dialect.clock), shares(dialect.path), {}
    x = flow.interpolate(DATA, NOISE, T)

    def network(image, told, condition):
        seen.update(image=image[:, 0], s=told)
        return OUTPUT[:, None]

    v = flow.velocity(network)(x[:, None], T)[:, 0]
    torch.testing.assert_close(value(dialect.told, **names), seen["s"])
    torch.testing.assert_close(value(dialect.back, s=seen["s"]), T)
    found = value(dialect.velocity, x=x, output=OUTPUT, **seen, **names)
    torch.testing.assert_close(found, v, rtol=1e-9, atol=1e-9)
    abar = Diffusion.linear().abar[seen["s"].round().long()] if dialect.clock == "step" else None
    loose = {"rtol": 0, "atol": 0.01} if abar is not None else {"rtol": 1e-9, "atol": 1e-9}
    image = value(dialect.image, data=DATA, noise=NOISE, abar=abar, s=seen["s"])
    torch.testing.assert_close(image, seen["image"], **loose)


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.who)
def test_a_right_answer_in_the_dialect_is_the_right_velocity(dialect):
    flow = Flow(dialect.path, dialect.prediction, dialect.clock)
    x, answer = flow.interpolate(DATA, NOISE, T), value(dialect.answer, data=DATA, noise=NOISE)
    v = flow.velocity(lambda image, told, condition: answer[:, None])(x[:, None], T)[:, 0]
    torch.testing.assert_close(v, Flow(path=dialect.path).target(DATA, NOISE, T), rtol=1e-9, atol=1e-9)


def test_the_other_numbers():
    ours = {words.split(",")[0]: formula for words, formula in OTHERS.items()}
    a = torch.tensor(1.5, dtype=torch.float64)
    number = {words: float(value(formula, a=a)[0]) for words, formula in ours.items()}

    guided = guide(
        lambda x, t, c: torch.where(c.drop[:, None], -1.0, 3.0).expand_as(x),
        number["guidance w from Ho and Salimans' paper"],
    )
    assert float(guided(torch.zeros(1, 1), torch.zeros(1))) == pytest.approx(2.5 * 3 + 1.5)
    assert (
        number["guidance w on all of 4 channels that does about what a does on 3 (DiT"] == 1.375
    )  # DiT, issue 12
    assert number["diffusion w from SiT's paper"] == 0.75
    assert number["t from a threshold a of REPA's guidance interval"] == -0.5
    sd3 = 1.5 * (1 - T) / (1 + 0.5 * (1 - T))
    torch.testing.assert_close(1 - shift(T, number["time shift from SD3's"]), sd3)
    lightning = 1.5 * T / (1 + 0.5 * T)
    torch.testing.assert_close(
        shift(T, number["time shift from LightningDiT's a (its t = 1 is data)"]), lightning
    )


@pytest.mark.parametrize("path", ["gvp", "vp"])
def test_the_published_v_prediction_is_read(path):
    """From a right answer come data and noise; a wrong one makes our velocity wrong by D for each unit."""
    flow, names = Flow(path=path), shares(path)
    x, (answer, *reading, error) = flow.interpolate(DATA, NOISE, T), V_PREDICTION
    right = value(answer, data=DATA, noise=NOISE, **names)
    data, noise = (value(formula, x=x, output=right, **names) for formula in reading)
    torch.testing.assert_close((data, noise), (DATA, NOISE), rtol=1e-9, atol=1e-9)
    off = [value(formula, x=x, output=right + 0.1, **names) for formula in reading]
    wrong = (flow.target(*off, T) - flow.target(DATA, NOISE, T)).abs()
    torch.testing.assert_close(wrong, 0.1 * value(error, **names), rtol=1e-9, atol=1e-9)


def test_the_sign_of_the_published_v_prediction_on_the_circle():
    """Salimans and Ho's alpha noise - sigma data is our velocity on GVP, over -pi / 2."""
    alpha, sigma = PATHS["gvp"].alpha(T), PATHS["gvp"].sigma(T)
    ours = Flow(path="gvp").target(DATA, NOISE, T)
    torch.testing.assert_close(alpha * NOISE - sigma * DATA, ours / (-math.pi / 2))


@pytest.mark.slow  # brings diffusers
def test_diffusers_own_words():
    import diffusers

    scheduler = diffusers.FlowMatchEulerDiscreteScheduler()
    dialect = next(d for d in DIALECTS if d.clock == "timestep")
    s = scheduler.timesteps[[0, 300, 700, 999]].double()
    names = {"data": DATA, "noise": NOISE, "s": s}
    theirs = scheduler.scale_noise(DATA, scheduler.timesteps[[0, 300, 700, 999]], NOISE)
    torch.testing.assert_close(value(dialect.image, **names), theirs.double(), rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(scheduler.sigmas[[0, 300, 700, 999]].double(), s / 1000, rtol=1e-6, atol=0)
    x = Flow().interpolate(DATA, NOISE, value(dialect.back, s=s))
    torch.testing.assert_close(x, theirs.double(), rtol=1e-6, atol=1e-6)
