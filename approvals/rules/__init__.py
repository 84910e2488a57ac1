"""Every rule of the regulation with what enforces it, and what counsel must answer."""
