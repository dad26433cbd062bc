"""The notation card: our words, and those of other papers and libraries, side by side.

Every formula is written so that Python can evaluate it, and a test does: the card cannot drift from the
code. `python -m minidit.flow.notation > book/notation.md` writes it anew.
"""

from typing import NamedTuple

SCORE = "-(alpha_dot * x - alpha * v) / (D * sigma)"
DRIFT = "v + w * score"

WORDS = {
    "t": "time in 0 to 1: 0 is noise, 1 is data",
    "data, noise": "a clean image x_1, and standard normal noise eps",
    "x": "the noisy image x_t = alpha(t) data + sigma(t) noise",
    "alpha_dot, sigma_dot": "derivatives by t",
    "D": "alpha_dot sigma - alpha sigma_dot",
    "r": "sigma / alpha, EDM's noise level; SNR = 1 / r**2",
    "v": "velocity dx/dt, from noise to data",
    "output": "what the network answers",
    "score": "gradient of log p_t(x) by x, where p_t is the density of the noisy images",
    "u, c": "the velocity without the condition, and with it",
    "w": "guidance u + w (c - u); 1 is none",
    "SDE's w": f"how much noise a sampler adds: dX = [{DRIFT}] dt + sqrt(2 * w) dW; 0 is the ODE",
    "gamma": "min-SNR's bound on the SNR, usually 5",
    "s": "the number told on another clock",
    "image": "what a network on another clock looks at; x unless the card says otherwise",
    "abar": "DDPM's share of the data's variance that is left at step s",
}

PATH_COLUMNS = ("alpha", "sigma", "alpha_dot", "sigma_dot", "D", "SDE's w (score-based)", "t from r")
PATH_ROWS = {
    "linear": ("t", "1 - t", "1", "-1", "1", "(1 - t) / t", "1 / (1 + r)"),
    "gvp": (
        "sin(pi * t / 2)",
        "cos(pi * t / 2)",
        "pi / 2 * cos(pi * t / 2)",
        "-pi / 2 * sin(pi * t / 2)",
        "pi / 2",
        "pi / 2 / tan(pi * t / 2)",
        "1 - 2 / pi * atan(r)",
    ),
    "vp": (
        "exp(-(0.1 * (1 - t) + 9.95 * (1 - t)**2) / 2)",
        "sqrt(1 - alpha**2)",
        "alpha * (0.1 + 19.9 * (1 - t)) / 2",
        "-alpha * alpha_dot / sigma",
        "alpha_dot / sigma",
        "(0.1 + 19.9 * (1 - t)) / 2",
        "1 - 2 * log(1 + r**2) / (0.1 + sqrt(0.01 + 39.8 * log(1 + r**2)))",
    ),
}

# prediction: what the network should answer; the data and the noise read from its output; and the size of
# a velocity error for each unit of error of the output
READING_COLUMNS = ("answer", "data", "noise", "error of v")
READINGS = {
    "velocity": (
        "alpha_dot * data + sigma_dot * noise",
        "(sigma * output - sigma_dot * x) / D",
        "(alpha_dot * x - alpha * output) / D",
        "1",
    ),
    "noise": ("noise", "(x - sigma * output) / alpha", "output", "D / alpha"),
    "data": ("data", "output", "(x - alpha * output) / sigma", "D / sigma"),
    "score": ("-noise / sigma", "(x + sigma**2 * output) / alpha", "-sigma * output", "D * sigma / alpha"),
}

# the same four for a network that answers with another v: alpha**2 + sigma**2 = 1, as on gvp and vp
V_PREDICTION = (
    "alpha * noise - sigma * data",
    "alpha * x - sigma * output",
    "sigma * x + alpha * output",
    "D",
)

WEIGHTS = {  # on the squared error of the noise
    "velocity": "(D / alpha)**2",
    "likelihood": "D / (alpha * sigma)",
    "min_snr": "min(1, gamma * r**2)",
}


class Dialect(NamedTuple):
    """How others speak: their time from ours and back, the image they look at, and our v from their answer.

    clock, path and prediction say which `Flow` reads such a network.
    """

    who: str
    clock: str
    path: str
    prediction: str
    told: str
    back: str
    image: str
    answer: str
    velocity: str


DIALECTS = (
    Dialect(
        who="minidit, SiT's code, LightningDiT, DDT",
        clock="unit",
        path="linear",
        prediction="velocity",
        told="t",
        back="s",
        image="s * data + (1 - s) * noise",
        answer="data - noise",
        velocity="output",
    ),
    Dialect(
        who="JiT",
        clock="unit",
        path="linear",
        prediction="data",
        told="t",
        back="s",
        image="s * data + (1 - s) * noise",
        answer="data",
        velocity="(output - x) / (1 - s)",
    ),
    Dialect(
        who="SiT's paper, REPA, REG, SRA, RAE",
        clock="reversed",
        path="linear",
        prediction="velocity",
        told="1 - t",
        back="1 - s",
        image="(1 - s) * data + s * noise",
        answer="noise - data",
        velocity="-output",
    ),
    Dialect(
        who="diffusers' flow matching, SD3 (its sigma is s / 1000)",
        clock="timestep",
        path="linear",
        prediction="velocity",
        told="1000 * (1 - t)",
        back="1 - s / 1000",
        image="(1 - s / 1000) * data + s / 1000 * noise",
        answer="noise - data",
        velocity="-output",
    ),
    Dialect(
        who="DDPM, DiT (step 0 to 999)",
        clock="step",
        path="vp",
        prediction="noise",
        told="1000 * (1 - t) - 1",
        back="1 - (s + 1) / 1000",
        image="sqrt(abar) * data + sqrt(1 - abar) * noise",
        answer="noise",
        velocity="alpha_dot * (x - sigma * output) / alpha + sigma_dot * output",
    ),
    Dialect(
        who="EDM's denoiser of (x; sigma), as in tread and MaskDiT",
        clock="sigma",
        path="linear",
        prediction="data",
        told="sigma / alpha",
        back="1 / (1 + s)",
        image="data + s * noise",
        answer="data",
        velocity="(output - alpha * image) / sigma",
    ),
)

OTHERS = {  # ours from theirs: whose number, its name, the formula for ours
    "guidance w from Ho and Salimans' paper, (1 + a) c - a u": "1 + a",
    "guidance w on all of 4 channels that does about what a does on 3 (DiT, SiT)": "1 + 3 / 4 * (a - 1)",
    "diffusion w from SiT's paper, dX = ... + sqrt(a) dW": "a / 2",
    "time shift from LightningDiT's a (its t = 1 is data)": "1 / a",
    "time shift from SD3's, RAE's and DDT's a": "a",
    "t from a threshold a of REPA's guidance interval": "1 - a",
}


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _code(*formulas: str) -> tuple[str, ...]:
    return tuple(f"`{formula}`" for formula in formulas)


def card() -> str:
    """The whole card, Markdown."""
    dialects = [(d.who, *_code(d.told, d.back, d.image, d.answer, d.velocity, d.clock)) for d in DIALECTS]
    sections = {
        "Words": _table(("word", "meaning"), [(f"`{word}`", text) for word, text in WORDS.items()]),
        "Paths": _table(
            ("path", *PATH_COLUMNS), [(f"`{name}`", *_code(*row)) for name, row in PATH_ROWS.items()]
        ),
        "Predictions": _table(
            ("prediction", *READING_COLUMNS),
            [(f"`{name}`", *_code(*row)) for name, row in READINGS.items()]
            + [("`v_prediction` of others", *_code(*V_PREDICTION))],
        )
        + "\n\nThe velocity is `alpha_dot * data + sigma_dot * noise`, the score `-noise / sigma`, which is "
        f"`{SCORE}`. Divisors are at least 0.001, so every reading is finite at both ends. "
        "`v_prediction` is the v of Salimans and Ho (2022), in diffusers and Stable Diffusion 2, on paths "
        "with `alpha**2 + sigma**2 = 1`; it is not our velocity.",
        "Weights on the noise's squared error": _table(
            ("weighting", "weight"), [(f"`{name}`", *_code(formula)) for name, formula in WEIGHTS.items()]
        ),
        "Dialects": _table(
            ("who", "told s", "our t", "the image it looks at", "its answer", "our v", "`clock`"), dialects
        )
        + "\n\nThe formulas for images and answers are on the straight path, DDPM's on its own, of which "
        "`vp` is the limit. A network on a clock is read by `Flow(path, prediction, clock).velocity(f)`. Two "
        "that run opposite ways: `v_A(x, t) = -v_B(x, 1 - t)`.",
        "Other numbers": _table(("ours from theirs, a", "ours"), [(k, *_code(v)) for k, v in OTHERS.items()]),
    }
    head = (
        "# Notation and conventions\n\n"
        "Generated by `python -m minidit.flow.notation`; a test evaluates every formula and compares it with "
        "the code.\n"
    )
    return head + "".join(f"\n## {title}\n\n{text}\n" for title, text in sections.items())


if __name__ == "__main__":
    print(card(), end="")
