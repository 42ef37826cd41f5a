"""Would the tests notice? A random sample of small changes to the package, each put to its room's own tests.

`changes.py` lists what can be changed, `trial.py` runs the tests on a copy, `equivalents.yaml` names the changes that
change nothing. Read `__main__.py` first. mutmut and cosmic-ray, which do the like, draw no sample, and both get in the
way of what is tested here: mutmut puts a copy of each function in place of the module's text, which the normalisers
hash, and cosmic-ray edits the working tree and starts Python anew for each change.
"""
