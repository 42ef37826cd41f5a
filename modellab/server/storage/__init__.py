"""What is kept for somebody: uploads for jobs, what models said, and what a share shows.

    objects.py   a folder or an S3 bucket: bytes by key
    tables.py    what the database knows of them
    blobs.py     both together: put, found, read in parts, linked to, pinned, deleted, swept
    incoming.py  bytes that come, on disk with their digest before they are kept
    api.py       `/api/v1/uploads`, `/api/v1/blobs`
    shares.py    frozen copies for whoever has the link, with what they show pinned; drawing.py makes their pages
    share_api.py `/api/v1/shares`, `/s/...`
    sweeping.py  what has expired goes, every hour

A blob is named by the SHA-256 of its bytes, inside one project alone: who puts what another project has does not learn
that. Start reading at `blobs.py`.
"""
