"""The pages that people work in, drawn here and sent whole: one style sheet, small scripts, nothing from elsewhere.

    start.py    `/`: try a model with a recording, the microphone or a text
    frame.py    what all pages share: templates, their policy, the files beside them

Start reading at `frame.py`.
"""
