"""The suite is a pytest plugin; `pytester` lets its own tests run pytest."""

pytest_plugins = ["modellab.pytest_plugin", "pytester"]
