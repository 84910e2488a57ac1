"""Great Expectations, in a process of its own: it is shown booleans and counts, answers with counts, and can reach nothing else.

Importing it takes seconds; whoever knows that something will be validated has it begin first of all (`JUDGE.begin`), and whoever needs the memory lets it go (`JUDGE.end`).
"""

from expectations.judging.apart import JUDGE, Form, Judgement, Shown, judge
