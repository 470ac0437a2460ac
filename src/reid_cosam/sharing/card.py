"""The model card of a shared network: README.md with the front matter that the Hugging Face hub reads."""

from pathlib import Path

from jinja2 import Environment, StrictUndefined

from reid_cosam.galleries.calibration import Calibration
from reid_cosam.sharing.config import ModelConfig

_TEMPLATE = Path(__file__).with_name("card.md")


def model_card(config: ModelConfig, calibration: Calibration | None) -> str:
    """Markdown: what the network is, what it was trained on, how it scores, and what it is not for."""
    text = _TEMPLATE.read_text(encoding="utf-8")
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(text)
    size = config.preprocessing.input_size
    return template.render(config=config, size=size, training=config.training, calibration=calibration)
