"""What is wrong with a text on a terminal of 80 columns."""

import re

WIDTH = 80
_STYLES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_COMMAND = re.compile(r"`[^`]*`|doj-release .*")


def ugly(text: str) -> list[str]:
    """Lines that are too long though none of their words is, or that leave something out."""
    found: list[str] = []
    for line in _STYLES.sub("", text).splitlines():
        words = _COMMAND.sub(lambda command: command[0].replace(" ", "_"), line.rstrip()).split()
        longest = max(map(len, words), default=0)
        if (len(line.rstrip()) > WIDTH and longest <= WIDTH - 8) or "…" in line:
            found.append(line)
    return found


def told_whole(text: str, *words: str) -> bool:
    """Whether each of these stands in one line."""
    return all(any(word in line for line in text.splitlines()) for word in words)
