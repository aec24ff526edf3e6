"""The daemon: what libvirt's clients say over sockets becomes calls of the manager.

The only code that knows asyncio. Everything that happens to a client happens on one loop and in
one thread; what may block is done by a bounded number of worker threads (``workers``), which
come back to the loop with an answer. From the outside in: ``listener`` accepts, ``session``
speaks with one client, ``dispatch`` finds the handler of a call, ``handlers`` answer.
"""
