"""What is in production: has every variant accepted results that fit, within its limits? Loads no model.

The criteria are in pyproject.toml, [tool.modellab.lifecycle.production]; `modellab lifecycle` shows the stages.
"""


def test_production(promised, defended):
    defended(promised)
