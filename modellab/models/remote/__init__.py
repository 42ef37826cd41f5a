"""What adapters of servers share: requests with patience, meters, recordings. An adapter is left with its API's shape.

Only a model's own process imports `client.py` and `cassette.py`, which need httpx2. Start reading at `client.py`.
"""
