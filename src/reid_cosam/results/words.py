"""Words of messages."""


def number_of(count: int, noun: str, plural: str | None = None) -> str:
    """As `1 camera` or `1,204 cameras`."""
    return f"{count:,} {noun if count == 1 else plural or f'{noun}s'}"
