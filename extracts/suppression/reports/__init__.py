"""Tables as maps of what is published and hidden, for the Department alone."""

from extracts.suppression.reports.cross import Cross, Labels, Names, name_of
from extracts.suppression.reports.heat_map import MapCell, heat_map_page

__all__ = ["Cross", "Labels", "MapCell", "Names", "heat_map_page", "name_of"]
