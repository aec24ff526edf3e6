"""The ``vzvirt`` command: words in, use cases of the manager, words out. No logic of its own.

``table`` says which commands there are; ``parser``, ``completion`` and the reference are made
from it. A command is a function in ``commands`` that gets a ``Session`` and its arguments.
"""
