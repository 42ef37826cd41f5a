"""What every model has to do, whatever its task: tests that any model folder can be put through.

    pytest --pyargs modellab.contract --model whisper:lab          a model of this project
    pytest --pyargs modellab.contract --model mypackage:mymodel    the folder `mymodel` of an installed package
    pytest --pyargs modellab.contract --model ~/models/mine        a folder anywhere
    pytest --pyargs modellab.contract                              every smoke variant

A variant is tested in each of its tasks, on each device and precision that this machine has, in a process of its own as
in the suite. `-k "not ten_minutes"` leaves out the one that takes long.

Layer 7: may import layers 1 to 6 and the ground (`docs/architecture.md`). Start reading at `test_model.py`.
"""
