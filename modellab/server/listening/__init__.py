"""Listening tests: what people say of speech that models made, with every model hidden from them.

    records.py    a test, a rater, a vote, and the files that keep them
    blocks.py     what one rater hears, and in what order: drawn from the test's seed
    clips.py      sounds of stored results, equally loud; an anchor; a check for headphones (in a reader's process)
    rules.py      which votes count: no vote is ever removed, what is left out is counted
    numbers.py    means over raters and sentences with their intervals, and who is better than whom (there, too)
    making.py     a new test, with its sounds kept
    api.py        `/api/v1/listening-tests`

    mlruns/lab/listening.jsonl            a line for each change of a test
    mlruns/lab/listening/<test>.jsonl     who began, and each vote

ACR is ITU-T P.800's five-point scale; `ab` a blind choice between two models, or neither; `mushra` is ITU-R BS.1534's
scores from 0 to 100 of all versions of a sentence at once, a reference and anchors hidden among them.

Start reading at `records.py`.
"""
