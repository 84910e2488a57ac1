"""The command line. Importing it must stay cheap: every command imports its room when it runs."""

from pipelines.cli.app import main
