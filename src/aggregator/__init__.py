"""A news aggregation pipeline: poll outlets, store every article once, select the related ones.

The path, one module per step:

    config -> schedule -> fetch -> parse -> normalize -> identify -> store        one poll, per feed, one transaction
                                              store -> link -> select -> render      what makes stories and lists of it
"""

__version__ = "0.1.0"
