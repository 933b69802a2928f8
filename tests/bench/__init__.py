"""The figures of the product, measured: `python -m tests.bench [names…]`, one JSON line each.

Machines are shared and noisy, so a figure is a ratio measured in one run, or a count. A benchmark also asserts that
what was answered is really stored. Never part of the timed test suite.
"""
