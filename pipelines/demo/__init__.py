"""The demonstration: the main job, end to end, on made-up people.

It goes through the same functions as every command, plays all the people in it, and never touches a home that is not its own.
"""

from pipelines.demo.demo import Demonstration, demonstrate
