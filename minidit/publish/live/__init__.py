"""A trained network that runs in a web page: its weights as a script, DiT in plain JavaScript, and widgets.

| you look for | it is in |
|---|---|
| DiT, without a framework | assets/dit.js |
| seeded noise, guidance, Euler's method | assets/sampler.js |
| the widgets: a digit, seed roulette, modulation mixer | assets/digit.js, roulette.js, mixer.js; live.js |
| the weights as a script; the stills where no script runs | weights.py; stills.py |
| the numbers in the text | facts.py |
| the HTML, and the files beside it | page.py |
"""

from minidit.publish.live.page import WIDGETS, fragment, page, write_live

__all__ = ["WIDGETS", "fragment", "page", "write_live"]
