"""The desk's pages by topic, in the order of its navigation.

Each topic is a file: its functions read and do what the commands read and do, and its templates stand beside under their names.
"""

from pipelines.desk.pages import entrance, waiting

TOPICS = (waiting.PAGES, entrance.PAGES)
