"""Processes that are forked from one which has imported what they need, instead of importing it all again.

Half of what the suite costs would be the same imports, hundreds of times. So each process that runs tests has
a fork server for each kind of program (`programs.py`), begun when the first one is asked for. What is forked
runs as ``python -m`` does: in an environment, process group and output of its own, as `__main__`, from the
first statement to the interpreter's own end (`fork_server.py`).

What a process may not share it does not get: when an import has read a variable of the environment that is
now another, and wherever this machine cannot do it, the program is started as everywhere else. Tests about
starting, and about memory, ask for that; ``make bench``, ``make chaos`` and ``make soak`` never come here.

One thing is shared that cannot be made anew: the seed of Python's hashes. Two gateways of one fork server
have the same, as two in production do not; `PYTHONHASHSEED` in the environment gives one its own.
"""
