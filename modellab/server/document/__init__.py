"""`/openapi.json`: what FastAPI finds out of the routes, and what it cannot see.

    complete.py  errors, who may ask, and the two below put to every route
    requests.py  bodies that a route reads by hand
    answers.py   bytes, formats and statuses that a route answers beside its usual one
    reports.py   the same of people, results, experiments, reports and listening tests
    schemas.py   the records that these speak of

Start reading at `complete.py`.
"""
